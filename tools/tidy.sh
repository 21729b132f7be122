#!/usr/bin/env bash
# Runs clang-tidy, by the .clang-tidy files, over every C file that a build compiles; anything it finds is an error.
# Usage: tools/tidy.sh BUILD_DIR [FILE...]     (FILE: a source or a folder; without any, all of the project)
# EFF_TIDY_NODES: how many states the analyzer looks at in one function, which is what takes the time.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
shift

# The sources of the build, relative to the top folder, each once, the largest first, so that two jobs end together.
compiled() {
    python3 - "$build" "$@" <<'PYTHON'
import json, os, sys
build, *wanted = sys.argv[1:]
with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as file:
    sources = {os.path.relpath(os.path.join(c['directory'], c['file'])) for c in json.load(file)
               if c['file'].endswith('.c')}
for source in sorted(sources, key=lambda s: (-os.path.getsize(s), s)):
    if not wanted or any(source == w or source.startswith(w.rstrip('/') + '/') for w in wanted):
        print(source)
PYTHON
}

# What gcc alone knows must not count as a finding; each file has 5 minutes, and a process of its own: of several files
# in one, all would be judged by the rules of the first one.
mapfile -t files < <(compiled "$@")
if [ ${#files[@]} = 0 ]; then
    echo "tidy: $build compiles none of these" >&2
    exit 1
fi
if ! printf '%s\n' "${files[@]}" | xargs -P 2 -n 1 timeout 300 clang-tidy -p "$build" --quiet \
    --extra-arg=-Wno-unknown-warning-option --extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang \
    --extra-arg=max-nodes="${EFF_TIDY_NODES:-225000}" 2> >(grep -vE '^([0-9]+ warnings?( and [0-9]+ errors?)? generated|Suppressed|Use -header-filter)' >&2); then
    echo 'tidy: see above; what a check is for: https://clang.llvm.org/extra/clang-tidy/'
    exit 1
fi
echo "${#files[@]} files, nothing found"
