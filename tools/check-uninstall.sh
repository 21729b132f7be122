#!/usr/bin/env bash
# Installs a build and removes it again: into an empty folder, where nothing may be left, and twice over one that is in
# use, where nothing else may be missing, be it an empty folder. Usage: tools/check-uninstall.sh BUILD_DIR
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work" "$1/installed-folders.txt"' EXIT
rm -f "$1/installed-folders.txt"

everything() { (cd "$DESTDIR" && find . | LC_ALL=C sort); }
check_round() { # build, how often it is installed, title
    local before after n
    before=$(everything)
    for ((n = 0; n < $2; n++)); do
        tools/install.sh "$1" >"$work/log" || { cat "$work/log" && exit 1; }
    done
    n=$(($(everything | wc -l) - $(wc -l <<<"$before")))
    tools/uninstall.py "$1"
    after=$(everything)
    diff <(echo "$before") <(echo "$after") || { echo "$3: something was left (>) or taken (<)" && exit 1; }
    [ "$n" -gt 30 ] || { echo "$3: $n paths installed?" && exit 1; }
    echo "$3: $n paths came and went"
}

export DESTDIR=$work/empty
mkdir "$DESTDIR"
check_round "$1" 1 'empty folder'

export DESTDIR=$work/used
pc=$(meson introspect "$1" --installed | grep -o '"[^"]*/effect\.pc"' | tail -n 1 | tr -d '"')
prefix=$DESTDIR$(meson introspect "$1" --buildoptions |
    python3 -c 'import json, sys; print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')
mkdir -p "$prefix/include" "$prefix/share/gdb" "$prefix/share/man/man3" "$DESTDIR$(dirname "$pc")"
touch "$prefix/include/other.h" "$prefix/share/man/man3/other.3"
check_round "$1" 2 'folder in use'
