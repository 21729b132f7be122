#!/usr/bin/env bash
# Makes the reference: html/ and man/ in the folder given. With --lenient what doxygen warns of does not fail: other
# versions of it warn of other things, and a package must build with any.
# Usage: tools/docs.sh DIRECTORY [--lenient]
set -euo pipefail
output=$(realpath -m "$1")
cd "$(dirname "$0")/.."
mkdir -p "$output"
rm -rf "$output/html" "$output/man" "$output/xml"
{
    cat docs/Doxyfile
    echo "OUTPUT_DIRECTORY = \"$output\""
    [ "${2:-}" != --lenient ] || echo 'WARN_AS_ERROR = NO'
} | doxygen -
tools/reference.py "$output"
