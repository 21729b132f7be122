#!/usr/bin/env bash
# The guard against getting slower: builds effect-bench with gcc and with clang, and compares how many instructions each
# workload executes with bench/instructions.txt. Never by time.
# Usage: tools/check-instructions.sh [--update]     (--update writes the counts of these two compilers anew)
set -euo pipefail
cd "$(dirname "$0")/.."
for compiler in gcc clang; do
    tools/build-bench.sh "build/instructions-$compiler" "$compiler"
done
bench/instructions.py "${1:---check}" build/instructions-{gcc,clang}
