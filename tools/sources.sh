#!/usr/bin/env bash
# Checks that every source file is named in the meson.build that is responsible for it, and nothing else is.
# The lists are explicit so that a build never depends on what happens to lie in a folder; this script is what makes
# forgetting a file impossible. It prints each difference and fails if there is one.
# Usage: tools/sources.sh [--update]     (--update rewrites the lists from the files that exist)
set -euo pipefail
cd "$(dirname "$0")/.."

# meson.build | name of its list | files, as arguments of find relative to the folder of the meson.build
lists=(
    'include/effect/meson.build|public_headers|. -maxdepth 1 -name *.h'
    'src/core/meson.build|core_sources|. -name *.c'
    'src/runtime/meson.build|runtime_sources|. -name *.c'
    'src/layers/meson.build|layers_sources|. -name *.c'
    'src/http/meson.build|http_sources|. -name *.c'
    'src/testing/meson.build|testing_sources|. -name *.c'
    'tests/meson.build|test_programs|. -maxdepth 1 -name *.c'
    'tests/meson.build|support_sources|./support -name *.c'
    'tests/meson.build|message_sources|./messages -name *.c'
    'tests/meson.build|http_support_sources|./http -name *.c'
    'tests/meson.build|other_programs|./programs -name *.c'
    'bench/meson.build|bench_sources|. -name *.c'
    'examples/meson.build|example_programs|. -maxdepth 1 -name *.c'
    'examples/meson.build|healthcheck_sources|./healthcheck -name *.c'
    'examples/meson.build|hashdir_sources|./hashdir -maxdepth 1 -name *.c'
    'examples/meson.build|hashdir_test_sources|./hashdir/tests -name *.c'
    'examples/meson.build|jobd_sources|./jobd -maxdepth 1 -name *.c'
    'examples/meson.build|jobd_test_sources|./jobd/tests -name *.c'
    'examples/meson.build|portscan_sources|./portscan -name *.c'
    'examples/meson.build|chat_sources|./chat -maxdepth 1 -name *.c'
    'examples/meson.build|chat_test_sources|./chat/tests -name *.c'
)

# The files that a list should name, sorted, relative to the folder.
existing() { # folder, find arguments
    local args
    read -ra args <<<"$2"
    [ -d "$1/${args[0]}" ] || return 0
    (cd "$1" && find "${args[@]}" -type f | sed 's|^\./||' | LC_ALL=C sort)
}

# The files that a list names, in its order.
listed() { # meson.build, list
    awk -v head="$2 = files(" 'index($0, head) == 1 { inside = 1 } inside { print } inside && /\)$/ { exit }' "$1" |
        grep -o "'[^']*'" | tr -d "'" || true
}

rewrite() { # meson.build, list; the names come on stdin
    local block
    block=$(sed "s|.*|    '&',|")
    [ -z "$block" ] || block=$'\n'"$block"$'\n'
    awk -v head="$2 = files(" -v block="${block//$'\n'/\\n}" '
        index($0, head) == 1 { print head block ")"; inside = 1 }
        !inside { print }
        inside && /\)$/ { inside = 0 }' "$1" >"$1.new"
    mv "$1.new" "$1"
}

bad=0
covered=$(mktemp)
trap 'rm -f "$covered"' EXIT
for entry in "${lists[@]}"; do
    IFS='|' read -r build list pattern <<<"$entry"
    folder=$(dirname "$build")
    files=$(existing "$folder" "$pattern")
    [ -z "$files" ] || echo "$folder/${files//$'\n'/$'\n'$folder/}" >>"$covered"
    if ! grep -q "^$list = files(" "$build"; then
        echo "$build: there is no list $list"
        bad=1
    elif [ "$files" != "$(listed "$build" "$list")" ]; then
        if [ "${1:-}" = --update ]; then
            if [ -n "$files" ]; then echo "$files"; fi | rewrite "$build" "$list"
            echo "$build: $list rewritten"
        else
            echo "$build: $list differs from the files that exist (- listed, + exists):"
            diff -U0 <(listed "$build" "$list") <(echo "$files") | grep '^[-+][^-+]' || true
            bad=1
        fi
    fi
done

# A source that no list is responsible for would be compiled by nobody.
stray=$(find src tests bench examples -name '*.c' | LC_ALL=C sort | comm -23 - <(LC_ALL=C sort "$covered"))
if [ -n "$stray" ]; then
    echo "these files are in no list's folder:"
    echo "$stray"
    bad=1
fi
exit "$bad"
