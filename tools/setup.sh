#!/usr/bin/env bash
# Installs what tools/packages.txt lists and this machine lacks, with apt, through sudo when not root.
# Says what it is going to do before it does it; when nothing is missing it is silent and takes a moment. Without apt,
# or without the right to use it, it names what to install by hand and fails.
# Usage: tools/setup.sh [build|check|gate|plots]     (what for; default check)
#        tools/setup.sh --missing [for]        (only names what is missing, and fails if anything is)
set -euo pipefail
cd "$(dirname "$0")/.."

only_look=no
if [ "${1:-}" = --missing ]; then
    only_look=yes
    shift
fi
purpose=${1:-check}

wanted() { # the purpose of a package: is it part of the purpose asked for?
    case "$purpose:$1" in
    *:build | check:check | gate:check | gate:gate | plots:check | plots:plots) return 0 ;;
    build:* | check:* | gate:* | plots:*) return 1 ;;
    *)
        echo "setup: unknown purpose '$purpose' (build, check, gate or plots)" >&2
        exit 2
        ;;
    esac
}

present() { # how a package is seen
    local what=${1#*:}
    case "$1" in
    cmd:*) command -v "$what" ;;
    pc:*) pkg-config --exists "$what" ;;
    header:*) echo "#include <$what>" | cc -E - ;;
    dpkg:*) ! command -v dpkg-query || dpkg-query -W -f '${Status}' "$what" | grep '^install ok' >/dev/null ;;
    *)
        echo "setup: tools/packages.txt: what is '$1'?" >&2
        exit 2
        ;;
    esac >/dev/null 2>&1
}

missing=()
while read -r package for seen_by; do
    if [[ "$package" != '' && "$package" != '#'* ]] && wanted "$for" && ! present "$seen_by"; then
        missing+=("$package")
    fi
done <tools/packages.txt

[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$only_look" = yes ]; then
    echo "missing: ${missing[*]}"
    echo "'make setup' installs this with apt (see tools/packages.txt)."
    exit 1
fi
if ! command -v apt-get >/dev/null; then
    echo "setup: missing: ${missing[*]}" >&2
    echo "setup: these are the names on Debian 12; there is no apt here, so please install them your system's way." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "setup: missing: ${missing[*]}" >&2
        echo "setup: not root and no sudo; as root, run: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

# Waits for another apt that happens to be running, and retries a download that broke off.
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" </dev/null
}

echo "setup: installing with apt-get: ${missing[*]}"
if ! { apt update && apt install --no-install-recommends "${missing[@]}"; }; then
    echo "setup: apt-get could not install: ${missing[*]}" >&2
    echo "setup: see its message above; the names are in tools/packages.txt" >&2
    exit 1
fi
