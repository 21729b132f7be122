#!/usr/bin/env bash
# Compares what libeffect.so, libeffect-http.so and libeffect-test.so export with tools/symbols.txt, so that a name enters or leaves the
# binary interface only by a change that shows in review. Also checks that every exported name begins with eff_ and is
# declared in a public header (or is a hook that one of the other two uses), and that every function which
# a public header declares is there.
# Usage: tools/check-symbols.sh BUILD_DIR [--update]     (--update rewrites the list)
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
list=tools/symbols.txt
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

exported() { nm -D --defined-only "$build/src/lib$1.so" | awk -v library="$1" '{ print library, $3 }' | sort; }
complain() { # heading, lines; nothing when there are none
    [ -n "$2" ] || return 0
    printf '%s:\n%s\n' "$1" "$2"
    bad=1
}

exported effect >"$work/exported"
exported effect-http >>"$work/exported"
exported effect-test >>"$work/exported"
if [ "${2:-}" = --update ]; then
    {
        echo '# Every name that the shared libraries export. Kept by: tools/check-symbols.sh BUILD_DIR --update'
        cat "$work/exported"
    } >"$list"
    echo "$list: $(wc -l <"$work/exported") names"
fi

grep -v '^#' "$list" >"$work/listed" || true
complain "exports differ from $list (- listed, + exported)" \
    "$(diff -U0 "$work/listed" "$work/exported" | grep '^[-+][^-+]' || true)"
complain 'names that do not begin with eff_' "$(grep -v ' eff_' "$work/exported" || true)"

# Every function that a public header declares: gcc itself lists them, with the place of each.
for header in include/effect/*.h; do echo "#include <${header#include/}>"; done >"$work/all.c"
gcc -std=c11 -Iinclude -fsyntax-only -aux-info "$work/declarations" "$work/all.c"
grep '^/\* include/effect/.* \*/ extern' "$work/declarations" | sed -E 's|^/\*[^*]*\*/ ||; s|^[^(]*[ *](\w+) \(.*|\1|' |
    sort -u >"$work/declared"
cut -d' ' -f2 "$work/exported" | sort -u >"$work/names"
complain 'declared in a public header, but not exported' "$(comm -23 "$work/declared" "$work/names")"

# Every name that is exported: by the headers' text, which covers variables too.
grep -ohwE 'eff_\w+' include/effect/*.h | sort -u >"$work/mentioned"
nm -D --undefined-only "$build/src/libeffect-http.so" "$build/src/libeffect-test.so" | awk '{ print $2 }' | sort -u >"$work/hooks"
complain 'exported, but in no public header' \
    "$(comm -23 "$work/names" "$work/mentioned" | comm -23 - "$work/hooks")"
exit "$bad"
