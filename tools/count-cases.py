#!/usr/bin/env python3
"""Counts the single test cases of one run of `meson test`, from its testlog.json.

Programs that speak TAP count by their "ok" and "not ok" lines; other tests count one each. A program that ended badly
without a "not ok" (a crash, a wrong plan, a timeout) counts as one failure more. A skipped case counts as failed, for
nothing here may be skipped. What failed is named; the last line is "N passed, N failed"; the exit code says whether
all is well, which an empty run is not. Usage: count-cases.py TESTLOG.json
"""
import json
import re
import sys


def count(test):
    """(passed, list of failures) of one entry of the log."""
    name, result, output = test['name'], test['result'], test.get('stdout', '')
    passed, failures = 0, []
    for line in output.splitlines():
        if not re.match(r'(not )?ok\b', line):
            continue
        if line.startswith('not ok') or re.search(r'# *skip', line, re.I):
            failures.append(f'{name}: {line}')
        else:
            passed += 1
    if result != 'OK' and not failures:
        failures.append(f'{name}: {result}')
    elif passed == 0 and not failures:
        passed = 1
    return passed, failures


def main():
    passed, failures = 0, []
    try:
        with open(sys.argv[1], encoding='utf-8') as log:
            for line in log:
                one, more = count(json.loads(line))
                passed += one
                failures += more
    except OSError as error:
        print(f'no test log: {error}')
    print('\n'.join(failures))
    print(f'{passed} passed, {len(failures)} failed')
    sys.exit(0 if passed > 0 and not failures else 1)


main()
