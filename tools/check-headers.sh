#!/usr/bin/env bash
# Compiles each public header by itself, as strict C11 and as C++17, with warnings as errors: a user may include any
# one of them first, in a C or a C++ file. It is included twice, to see its guard.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

warnings=(-Wall -Wextra -Wpedantic -Wno-unused-parameter -Werror -fsyntax-only -Iinclude)
n=0
bad=0
for header in include/effect/*.h; do
    [ -f "$header" ] || continue
    n=$((n + 1))
    text="#include <${header#include/}>"$'\n'"#include <${header#include/}>"
    for compiler in "gcc -std=c11 -x c" "g++ -std=c++17 -x c++"; do
        read -ra words <<<"$compiler"
        if ! echo "$text" | "${words[@]}" "${warnings[@]}" -; then
            echo "$header: not clean with ${words[0]} ${words[1]}"
            bad=1
        fi
    done
done
echo "$n headers"
[ "$n" -gt 0 ] && [ "$bad" = 0 ]
