#!/usr/bin/env python3
"""Counts instructions per operation with callgrind: what time cannot tell on a machine that others use too.

Usage: bench/instructions.py [--check | --update] [--n N] BUILD... [-- WORKLOAD...]

BUILD is a folder that tools/build-bench.sh made. effect-bench --count runs each program with n and with 2 n operations
in one process; the difference, divided by n, is what an operation executes, without what is done only once.

Prints, for each build, limit, floor and library, their ratio, and how many of the library's instructions are executed
outside of it, in libc or libevent. With --check only the library's own ones are looked at: more than 3 % above what
bench/instructions.txt says for this compiler fails. The C library is left out, because its memcpy depends on the
processor. A version of a compiler that has no column is measured, and nothing fails. --update writes the columns anew.
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
COUNTS = os.path.join(HERE, 'instructions.txt')
TOLERANCE = 1.03
SECONDS = 300  # of one build: far more than it takes
VARIANTS = ('limit', 'floor', 'library')
OWN_OBJECTS = ('effect-bench', 'libeffect')
HEAD = '''\
# What one operation executes in the library and the program's callbacks, by machine and compiler: the gate
# compares, tools/check-instructions.sh --update writes.
#
'''


def cost_by_owner(path):
    """What a dump of callgrind says was executed: (in our own objects, elsewhere)."""
    names, own, other = {}, 0, 0
    ours = called = False
    with open(path) as dump:
        for line in dump:
            head = line[0]
            if head.isdigit() or head in '+-*':
                if called:  # the inclusive cost of a call: counted where it arises
                    called = False
                elif ours:
                    own += int(line.split()[1])
                else:
                    other += int(line.split()[1])
            elif line.startswith('calls='):
                called = True
            elif line.startswith(('ob=', 'cob=')):
                key, _, name = line.rstrip().partition('=')[2].partition(' ')
                if name:
                    names[key] = os.path.basename(name).startswith(OWN_OBJECTS)
                if head == 'o':
                    ours = names[key]
    return own, other


def measure(build, n, workloads, only):
    """What the counts are filed under, such as x86_64-gcc-12.2.0; {(workload, variant): (own, other)} per operation."""
    command = ['valgrind', '--tool=callgrind', '--zero-before=bench_start', '--dump-before=bench_stop',
               '--callgrind-out-file=out', os.path.abspath(os.path.join(build, 'bench', 'effect-bench')), '--count']
    command += sum((['--only', v] for v in only), []) + (['--n', str(n)] if n else []) + workloads
    with tempfile.TemporaryDirectory() as folder:
        # An empty environment: no debug aids, and the same stack everywhere.
        done = subprocess.run(command, cwd=folder, env={'PATH': os.environ['PATH'], 'LC_ALL': 'C'}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS)
        if done.returncode:
            sys.exit(f'{" ".join(command)}: exit code {done.returncode}\n{done.stderr}')
        runs = {}
        key, *lines = done.stdout.splitlines()
        for i, line in enumerate(lines, start=1):
            workload, variant, n_run = line.split()
            runs.setdefault((workload, variant), {})[int(n_run)] = cost_by_owner(os.path.join(folder, f'out.{i}'))
    costs = {}
    for program, by_n in runs.items():
        small, large = min(by_n), max(by_n)
        costs[program] = tuple((b - a) / (large - small) for a, b in zip(by_n[small], by_n[large]))
    return key, costs


def print_table(key, costs):
    print(f'instructions per operation, {key}\n')
    print(f'{"workload":24} {"limit":>8} {"floor":>8} {"libeffect":>9} {"elsewhere":>9} {"ratio":>6}')
    for workload in dict.fromkeys(w for w, _ in costs):
        total = [sum(costs[workload, v]) if (workload, v) in costs else None for v in VARIANTS]
        limit, floor, library = ('-' if t is None else f'{t:.1f}' for t in total)
        elsewhere = f'{costs[workload, "library"][1]:.1f}' if total[2] else '-'
        ratio = f'{total[2] / total[1]:.2f}' if total[1] and total[2] else '-'
        print(f'{workload:24} {limit:>8} {floor:>8} {library:>9} {elsewhere:>9} {ratio:>6}')
    print()


def read_counts():
    """{key: {workload: count}}"""
    columns = {}
    if os.path.exists(COUNTS):
        with open(COUNTS) as f:
            rows = [line.split() for line in f if not line.startswith('#')]
        for i, key in enumerate(rows[0][1:], start=1):
            columns[key] = {row[0]: float(row[i]) for row in rows[1:] if row[i] != '-'}
    return columns


def write_counts(columns):
    workloads = list(dict.fromkeys(w for column in columns.values() for w in column))
    with open(COUNTS, 'w') as f:
        f.write(HEAD)
        f.write(f'{"workload":24}' + ''.join(f' {key:>20}' for key in columns) + '\n')
        for w in workloads:
            cells = (f'{column[w]:.1f}' if w in column else '-' for column in columns.values())
            f.write(f'{w:24}' + ''.join(f' {cell:>20}' for cell in cells) + '\n')


def check(key, expected, own):
    """Returns how many workloads execute too much."""
    n_bad = 0
    print(f'{key}: instructions of our own per operation')
    for workload, count in own.items():
        was = expected.get(workload)
        if was is None:
            verdict = 'not in the list'
        else:
            verdict = f'{(count / was - 1) * 100:+6.1f} %'
            if count > was * TOLERANCE:
                verdict += '  TOO MANY'
                n_bad += 1
            elif count * TOLERANCE < was:
                verdict += '  fewer'
        print(f'  {workload:24} {count:9.1f}  {"" if was is None else was:>9}  {verdict}')
    return n_bad


def main(arguments):
    mode = arguments.pop(0) if arguments[:1] in (['--check'], ['--update']) else None
    n = None
    if arguments[:1] == ['--n']:
        n = int(arguments[1])
        del arguments[:2]
    at = arguments.index('--') if '--' in arguments else len(arguments)
    builds, workloads = arguments[:at], arguments[at + 1:]
    if not builds or (mode == '--update' and (n or workloads)):
        sys.exit(__doc__)

    columns, n_bad, n_unknown = read_counts(), 0, 0
    for build in builds:
        key, costs = measure(build, n, workloads, ['library'] if mode else VARIANTS)
        own = {workload: round(cost[0], 1) for (workload, v), cost in costs.items() if v == 'library'}
        if mode is None:
            print_table(key, costs)
        elif mode == '--update':
            columns[key] = own
        else:
            n_unknown += key not in columns
            n_bad += check(key, columns.get(key, {}), own)
    if mode == '--update':
        write_counts(columns)
    if n_unknown:
        print(f'{n_unknown} of the compilers have no counts yet, so nothing was compared for them.')
    if n_bad:
        print(f'{n_bad} of the workloads: over 3 % more. If that is worth it: tools/check-instructions.sh --update')
    return n_bad > 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
