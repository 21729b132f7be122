#!/usr/bin/env bash
# Compiles each public header by itself, as strict C11 and as C++17, with warnings as errors: a user may include any
# one of them first, in a C or a C++ file. It is included twice, to see its guard. Then all of them together, the
# examples and the C++ test, with each compiler and each macro that changes what the headers expand to.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

warnings=(-Wall -Wextra -Wpedantic -Wno-unused-parameter -Werror -fsyntax-only -D_GNU_SOURCE -Iinclude)
c=('gcc -std=c11' 'clang -std=c11')
cxx=('g++ -std=c++17' 'clang++ -std=c++17')
n=0
n_uses=0
bad=0

compile() { # what, compiler, arguments...
    local words
    read -ra words <<<"$2"
    if ! "${words[@]}" "${warnings[@]}" "${@:3}"; then
        echo "$1: not clean with $2 ${*:3}"
        bad=1
    fi
}

all=
for header in include/effect/*.h; do
    [ -f "$header" ] || continue
    n=$((n + 1))
    line="#include <${header#include/}>"$'\n'
    all+=$line
    compile "$header" "${c[0]}" -x c - <<<"$line$line"
    compile "$header" "${cxx[0]}" -x c++ - <<<"$line$line"
done

for option in -UEFF_NO_SITES -DEFF_NO_SITES -DEFF_GEN_SWITCH; do
    for compiler in "${c[@]}"; do
        compile 'all headers' "$compiler" $option -x c - <<<"$all"
        for example in examples/*.c; do
            n_uses=$((n_uses + 1))
            compile "$example" "$compiler" $option "$example"
        done
    done
    for compiler in "${cxx[@]}"; do
        n_uses=$((n_uses + 1))
        compile 'all headers' "$compiler" $option -x c++ - <<<"$all"
        compile tests/cpp17.cpp "$compiler" $option tests/cpp17.cpp
    done
done

echo "$n headers, $n_uses uses of them"
[ "$n" -gt 0 ] && [ "$n_uses" -gt 0 ] && [ "$bad" = 0 ]
