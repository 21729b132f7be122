#!/usr/bin/env python3
"""Looks into the compiled objects of src/ for two things that a source reader misses behind a macro or a library call:
memory that does not go through the allocator table, and global variables that can change. Neither is allowed outside
the names listed, each with a reason, in tools/object-exceptions.txt. Usage: check-objects.py BUILD_DIR
"""
import json
import os
import re
import subprocess
import sys

EXCEPTIONS = 'tools/object-exceptions.txt'
ALLOCATING = set('''malloc calloc realloc reallocarray free strdup strndup __strdup __strndup asprintf vasprintf
    __asprintf_chk __vasprintf_chk aligned_alloc posix_memalign memalign valloc getline getdelim open_memstream
    realpath'''.split())


def read_exceptions():
    """{(source, name)} from the list, where a line may give several names, joined by commas."""
    allowed = set()
    with open(EXCEPTIONS, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            if line.strip() and not line.startswith('#'):
                fields = line.split(None, 2)
                if len(fields) < 3:
                    sys.exit(f'{EXCEPTIONS}:{number}: expected: source, names, reason')
                allowed.update((fields[0], name) for name in fields[1].split(','))
    return allowed


def objects(build):
    """(source, object) of everything compiled from src/."""
    with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as file:
        for command in json.load(file):
            source = os.path.relpath(os.path.join(command['directory'], command['file']))
            if source.startswith('src' + os.sep):
                yield source, os.path.join(command['directory'], command['output'])


def symbols(path):
    """(section, name) of every symbol; section is *UND* when it is only used."""
    table = subprocess.run(['objdump', '-t', path], check=True, capture_output=True, text=True).stdout
    for line in table.splitlines():
        match = re.match(r'[0-9a-f]+ (.{7}) (\S+)\s+[0-9a-f]+ (?:\.\w+ )?(\S+)$', line)
        if match and 'd' not in match[1]:
            yield match[2], match[3]


def is_mutable(section):
    """Whether what lies there can change and is shared by all threads."""
    return re.match(r'\.(data|bss)(\.(?!rel\.ro)|$)|\*COM\*', section) is not None


def main():
    allowed, used, found, n = read_exceptions(), set(), [], 0
    for source, path in sorted(objects(sys.argv[1])):
        n += 1
        if not os.path.exists(path):
            found.append(f'{source}: not compiled')
            continue
        for section, name in symbols(path):
            name = re.sub(r'\.\d+$', '', name)  # a static inside a function gets a number
            if section == '*UND*' and name in ALLOCATING:
                what = f'calls {name}() past the allocator table (core/memory.h)'
            elif is_mutable(section):
                what = f'{name} is a global that can change'
            else:
                continue
            if (source, name) in allowed:
                used.add((source, name))
            else:
                found.append(f'{source}: {what}')
    found += [f'{EXCEPTIONS}: {source} has no {name} any more; drop the line' for source, name in sorted(allowed - used)]
    print('\n'.join(sorted(set(found))))
    print(f'{n} objects')
    sys.exit(1 if found or n == 0 else 0)


main()
