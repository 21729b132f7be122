#!/usr/bin/env bash
# Installs a build into an empty folder, and uses it from there as a stranger would: the first example, compiled by
# what pkg-config says, against the shared and the static library; the same with libeffect-test; then the whole as a
# meson subproject of a small project of its own. Usage: tools/check-install.sh BUILD_DIR
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$root/build/ci/install
rm -rf "$work"
mkdir -p "$work"

DESTDIR=$work/root meson install -C "$1" --no-rebuild >"$work/install.log"
pc=$(find "$work/root" -name effect.pc)
libdir=$(dirname "$(dirname "$pc")")
export PKG_CONFIG_PATH=$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/root
for file in libeffect.so libeffect.so.0 libeffect.a libeffect-test.so libeffect-test.a pkgconfig/effect-test.pc; do
    [ -e "$libdir/$file" ] || { echo "not installed: $file" && exit 1; }
done

example=$(find examples -maxdepth 1 -name '01_*.c')
[ -f "$example" ] || { echo 'there is no example 01' && exit 1; }

compile() { # output, flags...
    local out=$1
    shift
    gcc -std=c11 -D_GNU_SOURCE "$example" -o "$out" "$@"
}

# shared: found at run time through its soname, and it brings libevent and jansson along by itself
read -ra flags < <(pkg-config --cflags --libs effect)
compile "$work/shared" "${flags[@]}"
LD_LIBRARY_PATH=$libdir tools/check-examples.py "$work/shared" "$example"

# static: the private requirements must be enough
read -ra flags < <(pkg-config --cflags --libs --static effect)
compile "$work/static" "${flags[@]/#-leffect/-l:libeffect.a}"
tools/check-examples.py "$work/static" "$example"

# the instruments
read -ra flags < <(pkg-config --cflags --libs effect-test)
compile "$work/instruments" -Wl,--no-as-needed "${flags[@]}"
LD_LIBRARY_PATH=$libdir tools/check-examples.py "$work/instruments" "$example"
echo 'installed: shared, static and effect-test are usable'

# as a subproject
user=$work/user
mkdir -p "$user/subprojects"
ln -s "$root" "$user/subprojects/libeffect"
cp "$example" "$user/main.c"
cat >"$user/meson.build" <<'MESON'
project('user', 'c', default_options: ['c_std=c11', 'default_library=static'])
executable('user', 'main.c',
    c_args: '-D_GNU_SOURCE',
    dependencies: dependency('effect', fallback: 'libeffect'),
)
assert(dependency('effect-test', fallback: 'libeffect').found())
MESON
meson setup --wrap-mode=forcefallback "$work/user/build" "$user" >"$work/user.log" || { cat "$work/user.log" && exit 1; }
ninja -C "$work/user/build" user >>"$work/user.log" || { cat "$work/user.log" && exit 1; }
tools/check-examples.py "$work/user/build/user" "$example"
echo 'usable as a subproject'
