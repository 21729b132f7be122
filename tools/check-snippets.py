#!/usr/bin/env python3
"""Checks that every C snippet of the Markdown pages stands, line for line, in a source file that is compiled.

A snippet is a fenced block marked `c`. Its lines must follow each other in one file below examples/, tests/, bench/,
src/ or include/; indentation as a whole may differ, and a line that is only `...` stands for lines left out. A snippet
that shows what not to write is announced by a line `<!-- not compiled: why -->` before it.

Usage: tools/check-snippets.py [PAGE...]      without pages: README.md, docs/, and every README.md below examples/
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ('examples', 'tests', 'bench', 'include', 'src')
FENCE = re.compile(r'^(?P<not><!-- not compiled: .+ -->\n\n?)?```c\n(?P<code>.*?)^```$', re.M | re.S)


def dedented(lines):
    """Without the indentation that all lines share."""
    shared = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[shared:].rstrip() for line in lines]


def pieces(code):
    """The runs of lines between lines that are only `...`."""
    found, piece = [], []
    for line in code.splitlines():
        if line.strip() == '...':
            found.append(piece)
            piece = []
        else:
            piece.append(line)
    found.append(piece)
    return [dedented(p) for p in found if any(line.strip() for line in p)]


def stands_in(piece, text_lines, by_text):
    """Whether the lines follow each other in a file, at whatever indentation."""
    first = next(i for i, line in enumerate(piece) if line)
    for at in by_text.get(piece[first].lstrip(), ()):
        window = text_lines[at - first:at - first + len(piece)]
        if at >= first and len(window) == len(piece) and dedented(window) == piece:
            return True
    return False


def main():
    pages = [pathlib.Path(p) for p in sys.argv[1:]]
    if not pages:
        pages = [TOP / 'README.md', *sorted((TOP / 'docs').glob('*.md')), *sorted((TOP / 'examples').rglob('README.md'))]
    sources = []
    for folder in FOLDERS:
        for path in sorted((TOP / folder).rglob('*.[ch]')) + sorted((TOP / folder).rglob('*.cpp')):
            lines = path.read_text(encoding='utf-8').splitlines()
            by_text = {}
            for number, line in enumerate(lines):
                by_text.setdefault(line.strip(), []).append(number)
            sources.append((lines, by_text))
    n_found = n_excused = n_missing = 0
    for page in pages:
        text = page.read_text(encoding='utf-8')
        for match in FENCE.finditer(text):
            if match['not']:
                n_excused += 1
            elif all(any(stands_in(p, *s) for s in sources) for p in pieces(match['code'])):
                n_found += 1
            else:
                n_missing += 1
                print(f'{page}:{text.count(chr(10), 0, match.start("code")) + 1}: in no source file:')
                print('    ' + match['code'].replace('\n', '\n    ').rstrip())
    print(f'{n_found} snippets stand in a source file, {n_excused} are excused, {n_missing} are in none')
    sys.exit(1 if n_missing or not n_found else 0)


main()
