#!/usr/bin/env bash
# Installs a build, below DESTDIR if that is set, and notes which folders had to be made for it, for tools/uninstall.py:
# meson's own log knows only of the last installation. Usage: tools/install.sh BUILD_DIR
set -euo pipefail
build=$1
meson install -C "$build"
while IFS= read -r path; do
    if [ -d "$path" ] && [ ! -L "$path" ]; then
        echo "$path"
    fi
done < <(grep '^/' "$build/meson-logs/install-log.txt") >>"$build/installed-folders.txt"
