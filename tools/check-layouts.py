#!/usr/bin/env python3
"""Compares what a compiled program relies on, beside names, with tools/layouts.txt, so that it changes only by a change
that shows in review: size and fields of each public struct and union, values of enums, types of callbacks, and the
parameters of every function. (Names: tools/check-symbols.sh.)

clang reads the public headers and says what they declare; a program made of that, compiled by gcc and by clang, says
where each field lies. Both compilers must agree. The numbers are those of a 64-bit system.

Usage: check-layouts.py [--update]     (--update rewrites the list)
"""
import difflib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
LIST = TOP / 'tools' / 'layouts.txt'
HEAD = '# What compiled programs rely on. Kept by: tools/check-layouts.py --update. Fields: offset size name: type\n'
FLAGS = ['-std=c11', f'-I{TOP / "include"}']
COMPILERS = ('gcc', 'clang')


def is_ours(node):
    """Whether it is the library's: everything public has its prefix."""
    return re.match(r'(eff|EFF)_', node.get('name', '')) or node.get('name') == 'eff'


def type_of(node):
    """The type as it is written."""
    return node['type']['qualType'].replace('_Bool', 'bool')


def fields(record, prefix=''):
    """(path, type) of each field, those of unnamed structs and unions in their place."""
    nested = None
    for node in record.get('inner', []):
        if node['kind'] == 'RecordDecl':
            nested = node
        elif node['kind'] == 'FieldDecl':
            path = prefix + node.get('name', '')
            if node.get('isBitfield'):
                sys.exit(f'{record.get("name")}.{path}: a bit-field, which has no offset')
            if re.search(r'(anonymous|unnamed)', type_of(node)):
                yield from fields(nested, path + '.' if 'name' in node else prefix)
            else:
                yield path, type_of(node)


def quoted(text):
    """A string literal for printf."""
    return '"' + text.replace('%', '%%').replace('"', '\\"') + '"'


def statements(node):
    """C that prints what there is to know of a declaration."""
    kind, name, inner = node['kind'], node.get('name'), node.get('inner', [])
    if kind == 'RecordDecl' and is_ours(node) and node.get('completeDefinition'):
        tag = f'{node["tagUsed"]} {name}'
        yield name, f'printf({quoted(tag)} ", size %zu, alignment %zu\\n", sizeof({tag}), _Alignof({tag}));'
        for path, what in fields(node):
            yield name, (f'printf("    %3zu %3zu " {quoted(path + ": " + what)} "\\n", '
                         f'offsetof({tag}, {path}), sizeof((({tag} *)0)->{path}));')
    elif kind == 'EnumDecl':
        constants = [c['name'] for c in inner if c['kind'] == 'EnumConstantDecl' and is_ours(c)]
        if constants:
            name = name or constants[0].lower()
            yield name, f'printf({quoted("enum " + (node.get("name") or "without a name"))} ", size %zu\\n", sizeof({constants[0]}));'
            for c in constants:
                yield name, f'printf("    {c} = %lld\\n", (long long){c});'
    elif kind == 'TypedefDecl' and is_ours(node) and '(*)' in type_of(node):
        yield name, f'printf({quoted("typedef " + name + ": " + type_of(node))} "\\n");'
    elif kind in ('FunctionDecl', 'VarDecl') and is_ours(node) and node.get('storageClass') != 'static':
        what = {'FunctionDecl': 'function', 'VarDecl': 'variable'}[kind]
        yield name, f'printf({quoted(f"{what} {name}: {type_of(node)}")} "\\n");'


def layouts():
    """The list as it should be."""
    headers = sorted(h.name for h in (TOP / 'include' / 'effect').glob('*.h'))
    includes = ''.join(f'#include <effect/{h}>\n' for h in headers)
    with tempfile.TemporaryDirectory() as work:
        source = pathlib.Path(work) / 'layouts.c'
        source.write_text(includes)
        tree = json.loads(subprocess.run(['clang', *FLAGS, '-fsyntax-only', '-Xclang', '-ast-dump=json', source],
                                         check=True, capture_output=True).stdout)
        # By name; what is declared twice counts once. An enum and a function may share a name.
        found = sorted({(name, node['kind'], i): statement for node in tree['inner']
                        for i, (name, statement) in enumerate(statements(node))}.items())
        if not found:
            sys.exit('nothing is declared?')
        body = '\n'.join(statement for _, statement in found)
        source.write_text(f'{includes}#include <stddef.h>\n#include <stdio.h>\nint main(void)\n{{\n{body}\n}}\n')
        texts = {}
        for compiler in COMPILERS:
            program = pathlib.Path(work) / compiler
            subprocess.run([compiler, *FLAGS, source, '-o', program], check=True)
            texts[compiler] = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    if len(set(texts.values())) > 1:
        show('the compilers differ', *texts.values())
        sys.exit(1)
    return HEAD + texts[COMPILERS[0]]


def show(heading, old, new):
    """Prints the difference."""
    print(f'{heading}:')
    print('\n'.join(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm='', n=1)))


def main():
    if sys.argv[1:] not in ([], ['--update']):
        sys.exit(__doc__)
    new = layouts()
    old = LIST.read_text(encoding='utf-8') if LIST.exists() else ''
    if sys.argv[1:]:
        LIST.write_text(new, encoding='utf-8')
    elif old != new:
        show(f'{LIST.relative_to(TOP)} (- listed, + declared)', old, new)
        sys.exit('If that is meant: tools/check-layouts.py --update')
    print(f'{LIST.relative_to(TOP)}: {new.count(chr(10)) - 1} lines')


main()
