#!/usr/bin/env bash
# Checks that knowledge points one way: layers -> runtime -> core. And that libevent and jansson are known only to the
# files listed, with a reason, in tools/include-users.txt, and to no public header. Prints each include that should
# not be there, and each line of the list that nothing needs any more.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
bad=0

forbid() { # folder, regular expression of what it may not include, why
    local found
    [ -d "$1" ] || { echo "$1: there is no such folder" && bad=1 && return; }
    found=$(grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*$2" --include='*.[ch]' --include='*.def' "$1")
    if [ -n "$found" ]; then
        echo "$3:"
        echo "$found"
        bad=1
    fi
}

forbid src/core '"(\.\./)*(runtime|layers|testing)/' 'the core knows nothing of the runtime and layers'
forbid src/runtime '"(\.\./)*(layers|testing)/' 'the runtime knows nothing of layers'
forbid src/layers '"(\.\./)*testing/' 'the library knows nothing of libeffect-test'
forbid include '<(event2/|event\.h|openssl/|jansson\.h)' "public headers do not show libevent, OpenSSL or jansson"
forbid src/http '"(\.\./)*(runtime|layers|testing)/' 'the http client stands on the public headers'
forbid include '"' 'public headers include each other as <effect/...>'

# tools/include-users.txt: who includes what that is not for everybody.
while read -r header file reason; do
    [[ "$header" != '' && "$header" != '#'* ]] || continue
    if [ -z "$reason" ]; then
        echo "tools/include-users.txt: $file: a reason is missing"
        bad=1
    fi
    if ! grep -q "#include <$header" "$file" 2>/dev/null; then
        echo "tools/include-users.txt: $file does not include <$header...>; drop the line"
        bad=1
    fi
done <tools/include-users.txt
for header in event2/ openssl/ jansson.h; do
    while IFS= read -r file; do
        if ! awk -v h="$header" -v f="$file" '$1 == h && $2 == f { found = 1 } END { exit !found }' \
            tools/include-users.txt; then
            echo "$file: includes <$header...> but is not in tools/include-users.txt"
            bad=1
        fi
    done < <(grep -rlE "#[[:space:]]*include[[:space:]]*<$header" src)
done
exit "$bad"
