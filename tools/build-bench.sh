#!/usr/bin/env bash
# Builds effect-bench the way it is measured: optimised, without assertions, statically. Its figures mean something only
# for builds that were made alike, so this is the one place that says how.
# Usage: tools/build-bench.sh DIRECTORY [COMPILER]
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$1
[ -z "${2:-}" ] || export CC=$2
unset CFLAGS CPPFLAGS LDFLAGS
if [ ! -f "$dir/build.ninja" ]; then
    meson setup -Dbuildtype=plain -Doptimization=2 -Db_ndebug=true -Ddefault_library=static \
        -Dtests=disabled -Dexamples=disabled -Dbench=enabled "$dir"
fi
ninja -C "$dir" bench/effect-bench
