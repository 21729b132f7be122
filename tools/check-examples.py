#!/usr/bin/env python3
"""Runs one example and compares what it prints with the comment at the end of its source.

    /* expected output:
    hello, the answer is 42
    stderr:
    what is expected on stderr; without this section stderr must stay empty
    exit: 1
    */

The exit line is optional and means 0 when absent. In an expected line `...` stands for any text, and a line that is
only `...` for any number of lines: for what differs from run to run.

Usage: check-examples.py PROGRAM SOURCE [ARGUMENT...]
A SOURCE that ends in .expected is nothing but what is expected.
"""
import difflib
import re
import subprocess
import sys

TIMEOUT = 60  # seconds


def read_expected(source):
    """The expected stdout lines, stderr lines and exit code."""
    with open(source, encoding='utf-8') as file:
        text = file.read()
    blocks = [text] if source.endswith('.expected') else re.findall(r'/\* expected output:\n(.*?)\*/\s*\Z', text, re.S)
    if not blocks:
        sys.exit(f'{source}: does not end with a comment "/* expected output: ... */"')
    lines = blocks[0].splitlines()
    code = 0
    if lines and re.fullmatch(r'exit: \d+', lines[-1]):
        code = int(lines.pop().split()[1])
    if 'stderr:' in lines:
        at = lines.index('stderr:')
        return lines[:at], lines[at + 1:], code
    return lines, [], code


def matches(expected, actual):
    """Whether the text is as expected, `...` standing for whatever differs."""
    pattern = ''
    for line in expected:
        if line == '...':
            pattern += r'(?:.*\n)*?'
        else:
            pattern += '.*?'.join(re.escape(part) for part in line.split('...')) + r'\n'
    return re.fullmatch(pattern, actual) is not None


def compare(name, expected, actual):
    """Whether one stream is as expected; prints the difference when it is not."""
    if actual and not actual.endswith('\n'):
        actual += '\n'
    if matches(expected, actual):
        return True
    print(f'{name} differs (- expected, + printed):')
    print('\n'.join(difflib.unified_diff(expected, actual.splitlines(), lineterm='', n=2)))
    return False


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    program, source = sys.argv[1:3]
    out, err, code = read_expected(source)
    try:
        run = subprocess.run([program, *sys.argv[3:]], stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT,
                             check=False)
    except subprocess.TimeoutExpired:
        sys.exit(f'{program}: still running after {TIMEOUT} s')
    good = compare('stdout', out, run.stdout.decode(errors='replace'))
    good = compare('stderr', err, run.stderr.decode(errors='replace')) and good
    if run.returncode != code:
        print(f'exit code {run.returncode}, expected {code}')
        good = False
    sys.exit(0 if good else 1)


main()
