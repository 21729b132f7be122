#!/usr/bin/env bash
# Installs a build into an empty folder, and uses it from there as a stranger would: packaging/consumers, and the first
# example, by what pkg-config says, by CMake through pkg-config and through the package that is installed, and by meson;
# with the shared libraries and with the static archives; then the whole as a meson subproject. Each program is run and
# what it prints compared. Usage: tools/check-install.sh BUILD_DIR
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$root/build/ci/install
rm -rf "$work"
mkdir -p "$work"
cp -r packaging/consumers "$work/consumers"

DESTDIR=$work/root meson install -C "$1" --no-rebuild >"$work/install.log"
pc=$(find "$work/root" -name effect.pc)
libdir=$(dirname "$(dirname "$pc")")
for file in libeffect.so libeffect.so.0 libeffect.a libeffect-test.so libeffect-test.a pkgconfig/effect-test.pc \
    libeffect-http.so libeffect-http.a pkgconfig/effect-http.pc \
    cmake/effect/effectConfig.cmake cmake/effect/effectConfigVersion.cmake; do
    [ -e "$libdir/$file" ] || { echo "not installed: $file" && exit 1; }
done

quietly() { # command...: its output only when it fails
    "$@" >"$work/log" 2>&1 || { cat "$work/log" && echo "failed: $*" && exit 1; }
}

n=0
prints_as_expected() { # program, source; the shared libraries are found by LD_LIBRARY_PATH
    tools/check-examples.py "$1" "$2" || { echo "failed: $1" && exit 1; }
    n=$((n + 1))
}

shared() { # program: whether it uses the shared library, as it should. (No grep -q: ldd would die of the closed pipe.)
    ldd "$1" | grep "$libdir/libeffect.so.0" >/dev/null || { echo "$1: not linked with the shared library" && exit 1; }
}

static() { # program
    ! ldd "$1" | grep libeffect || { echo "$1: linked with the shared library" && exit 1; }
}

# Under DESTDIR the prefix of the .pc files is not yet true; a sysroot would move libevent's folders as well.
sed -i "s|^prefix=|&$work/root|" "$libdir"/pkgconfig/*.pc
export PKG_CONFIG_PATH=$libdir/pkgconfig LD_LIBRARY_PATH=$libdir
main=$work/consumers/main.c
test=$work/consumers/test.c
http=$work/consumers/http.c
example=$(find examples -maxdepth 1 -name '01_*.c')
[ -f "$example" ] || { echo 'there is no example 01' && exit 1; }

# By hand. Shared: libeffect brings libevent and jansson along by itself. Static: the private requirements must be
# enough; the archives are named, since -leffect would prefer the shared ones.
by_hand() { # module, source, name
    local flags
    mkdir -p "$work/hand"
    read -ra flags < <(pkg-config --cflags --libs "$1")
    quietly cc -std=c11 "$2" -o "$work/hand/$3" "${flags[@]}"
    shared "$work/hand/$3"
    prints_as_expected "$work/hand/$3" "$2"
    read -ra flags < <(pkg-config --cflags --libs --static "$1")
    flags=("${flags[@]/#-leffect-test/-l:libeffect-test.a}")
    flags=("${flags[@]/#-leffect-http/-l:libeffect-http.a}")
    quietly cc -std=c11 "$2" -o "$work/hand/$3-static" "${flags[@]/%-leffect/-l:libeffect.a}"
    static "$work/hand/$3-static"
    prints_as_expected "$work/hand/$3-static" "$2"
}
by_hand effect "$main" main
by_hand effect-test "$test" test
by_hand effect-http "$http" http
by_hand effect "$example" example

# CMake
with_cmake() { # folder
    local dir=$work/consumers/$1
    quietly cmake -S "$dir" -B "$dir/build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_PREFIX_PATH="$(dirname "$(dirname "$libdir")")" \
        -Deffect_DIR="$libdir/cmake/effect"
    quietly cmake --build "$dir/build"
    shared "$dir/build/consumer"
    prints_as_expected "$dir/build/consumer" "$main"
    prints_as_expected "$dir/build/consumer-test" "$test"
}
with_cmake cmake-pkgconfig
with_cmake cmake
for program in consumer consumer-http consumer-test; do
    static "$work/consumers/cmake/build/$program-static"
done
prints_as_expected "$work/consumers/cmake/build/consumer-static" "$main"
prints_as_expected "$work/consumers/cmake/build/consumer-test-static" "$test"
prints_as_expected "$work/consumers/cmake/build/consumer-http" "$http"
prints_as_expected "$work/consumers/cmake/build/consumer-http-static" "$http"

# A version that it cannot satisfy is refused.
sed 's/effect 0.1 CONFIG/effect 99.1 CONFIG/' -i "$work/consumers/cmake/CMakeLists.txt"
if cmake -S "$work/consumers/cmake" -B "$work/consumers/cmake/other" -Deffect_DIR="$libdir/cmake/effect" \
    >"$work/log" 2>&1; then
    echo 'CMake accepts effect 99.1'
    exit 1
fi

# meson, with the installed copy
with_meson() { # name, options...
    local dir=$work/consumers/meson/$1
    shift
    quietly meson setup "$@" "$dir" "$work/consumers/meson"
    quietly ninja -C "$dir" consumer consumer-test
    prints_as_expected "$dir/consumer" "$main"
    prints_as_expected "$dir/consumer-test" "$test"
}
with_meson installed
shared "$work/consumers/meson/installed/consumer"
echo "installed: $n programs, shared and static, built by hand, by CMake and by meson, print what they should"

# meson, as a subproject, in both forms, whichever the library prefers by itself
mkdir "$work/consumers/meson/subprojects"
ln -s "$root" "$work/consumers/meson/subprojects/libeffect"
unset LD_LIBRARY_PATH PKG_CONFIG_PATH
n=0
with_meson subproject-static --wrap-mode=forcefallback -Dlibeffect:default_library=static
static "$work/consumers/meson/subproject-static/consumer"
with_meson subproject-shared --wrap-mode=forcefallback -Dlibeffect:default_library=shared
echo "as a subproject: $n programs"
