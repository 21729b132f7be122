#!/usr/bin/env bash
# Builds the Debian packages from a copy of the tree, looks at them with lintian where there is one, unpacks them, and
# builds and runs packaging/consumers against what is in them. Their lists of symbols are made from tools/symbols.txt.
# They stay in build/debian. Usage: tools/check-debian.sh [--with-tests]     (runs the library's tests as well)
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
out=$root/build/debian
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf "$out"
mkdir -p "$out"

version=$(sed -n "s/^    version: '\(.*\)',$/\1/p" meson.build)
tree=$work/libeffect-$version
mkdir "$tree"
git ls-files -z --cached --others --exclude-standard -- . |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar -c --null -T - | tar -x -C "$tree"
cp -r packaging/debian "$tree/debian"

# A line for each name: since which version it has been there.
symbols() { # package, libraries in it...
    for library in "${@:2}"; do
        echo "lib$library.so.0 $1 #MINVER#"
        awk -v library="$library" -v since="$version" '$1 == library { print " " $2 "@Base " since }' tools/symbols.txt
    done >"$tree/debian/$1.symbols"
}
symbols libeffect0 effect effect-test
symbols libeffect-http0 effect-http

grep -q "^libeffect ($version-" "$tree/debian/changelog" || { echo "debian/changelog is not about $version" && exit 1; }
export DEB_BUILD_OPTIONS='nocheck noautodbgsym'
[ "${1:-}" != --with-tests ] || DEB_BUILD_OPTIONS=noautodbgsym
# -d: what it needs may be there without being a package, such as meson.
(cd "$tree" && dpkg-buildpackage -us -uc -b -d) >"$out/build.log" 2>&1 || { tail -n 60 "$out/build.log" && exit 1; }
cp "$work"/*.deb "$work"/*.changes "$out"
if command -v lintian >/dev/null; then
    # No upload to Debian is meant. Doxygen's manual pages, a thousand of them, are not looked at: groff takes lines of theirs
    # for macros, and needs two minutes.
    lintian --suppress-tags initial-upload-closes-no-bugs -X documentation/manual --fail-on error,warning "$work"/*.changes
fi

for deb in "$work"/*.deb; do
    dpkg-deb -x "$deb" "$work/unpacked"
    echo "$(basename "$deb"): $(dpkg-deb -c "$deb" | grep -vc '/$') files"
done
pc=$(find "$work/unpacked" -name effect.pc)
libdir=$(dirname "$(dirname "$pc")")
sed -i "s|^prefix=|&$work/unpacked|" "$libdir"/pkgconfig/*.pc
export PKG_CONFIG_PATH=$libdir/pkgconfig LD_LIBRARY_PATH=$libdir AUTOPKGTEST_TMP=$work
sh packaging/debian/tests/consumers
[ -f "$work/unpacked/usr/share/man/man3/eff_flat_map.3.gz" ] || { echo 'there is no eff_flat_map(3)' && exit 1; }
echo 'the consumers print what they should'
