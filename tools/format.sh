#!/usr/bin/env bash
# Formats every C file of the project in place with clang-format, by .clang-format.
# With --check it changes nothing, prints what differs, and fails if anything does; the gate runs it so.
# Usage: tools/format.sh [--check]
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -d '' files < <(find include src tests bench examples packaging -name '*.[ch]' -print0 | sort -z)
if [ ${#files[@]} = 0 ]; then
    echo "format: found no C files" >&2
    exit 1
fi
if [ "${1:-}" = --check ]; then
    clang-format --dry-run -Werror "${files[@]}"
    echo "${#files[@]} files are formatted"
else
    clang-format -i "${files[@]}"
fi
