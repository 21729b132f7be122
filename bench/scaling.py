#!/usr/bin/env python3
"""Does an operation cost the same when there are a thousand times as many? Measures it, prints a table, draws it.

Usage: bench/scaling.py BUILD OUTPUT

BUILD is a folder that tools/build-bench.sh made. Writes OUTPUT/scaling.tsv, OUTPUT/scaling.txt, what is printed too,
and with gnuplot OUTPUT/scaling.svg. 10^7 is left out where memory does not suffice.

Time is the minimum of the runs, of the library and of the floor: what both pay more for at 10^6 than at 10^3 is the
machine's memory. What the library does is told by instructions, counted with callgrind up to 10^6: flat is at most 15 %
more than for the smallest n, and of timers no more than log n. What is flat up to 10^5 has malloc to pay from there on:
free lists hold a bounded number of bytes.
"""
import json
import math
import os
import subprocess
import sys

import instructions

HERE = os.path.dirname(os.path.abspath(__file__))
NS = [10 ** 3, 10 ** 4, 10 ** 5, 10 ** 6, 10 ** 7]
COUNTED = [10 ** 3, 10 ** 4, 10 ** 5, 10 ** 6]
FLAT = 1.15
# workload, as the results call it, and as the plot does; what there are n of; bytes each, of library or floor
SERIES = [
    ('w3_fork_all', 'w3_fork_all', 'fork, join', 'fibers', 600),
    ('w6_sleepers_cpu', 'w6_sleepers_{n}_cpu', 'fork, sleep, join', 'timers', 400),
    ('w7_foreach_par16', 'w7_foreach_par16', 'item of for_each_par', 'items', 40),
    ('w5_queue64', 'w5_queue64', 'item through a queue', 'items', 1),
    ('w2_bind_left_build', 'w2_bind_left_build', 'build a bind', 'nested binds', 100),
    ('w2_bind_left_run', 'w2_bind_left_run', 'run a bind', 'nested binds', 150),
]


def available_bytes():
    with open('/proc/meminfo') as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith('MemAvailable'))


def measure(bench, workload, full_id, n):
    """{peer: ns per operation, the minimum of the runs}"""
    runs = 15 if n <= 10 ** 5 else 5 if n <= 10 ** 6 else 1 if workload.startswith('w6') else 3  # w6 takes a minute
    command = [bench, '--json', '--only', 'floor', '--only', 'library', '--runs', str(runs), '--n', str(n), workload]
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line['peer']: line['min'] for line in lines if line['workload'] == full_id.format(n=n)}


def count(build, workload):
    """{n: instructions per operation}"""
    counts = {}
    for n in COUNTED:
        _, costs = instructions.measure(build, n, [workload], ['library'])
        counts[n] = sum(costs[workload, 'library'])
    return counts


def power(n):
    return f'10^{round(math.log10(n))}'


def judge(counted, what):
    first, last = counted[COUNTED[0]], counted[COUNTED[-1]]
    flat = [n for n in COUNTED if counted[n] <= first * FLAT][-1]
    if flat == COUNTED[-1]:
        return 'flat'
    if what == 'timers' and last / first <= math.log(COUNTED[-1]) / math.log(COUNTED[0]):
        return 'no worse than log n'
    return f'flat up to {power(flat)}'


def table(rows, counts):
    """What people read: a line for each workload and n, and whether it is flat."""
    lines = [f'{"":22} {"n":>5} {"libeffect":>10} {"floor":>10} {"instructions":>13}']
    for workload, _, title, what, _ in SERIES:
        for n, library, floor in rows[workload]:
            counted = f'{counts[workload][n]:.1f}' if n in counts[workload] else ''
            lines.append(f'{title:22} {power(n):>5} {library:7.1f} ns {floor:7.1f} ns {counted:>13}')
        first, last = rows[workload][0], rows[workload][-1]
        verdict = f'time x {last[1] / first[1]:.2f} from {power(first[0])} to {power(last[0])} {what}'
        verdict += f' (floor x {last[2] / first[2]:.2f})'
        if counts[workload]:
            verdict += f', instructions: {judge(counts[workload], what)}'
        lines += ['  ' + verdict, '']
    return '\n'.join(line.rstrip() for line in lines)


def main(build, output):
    bench = os.path.join(build, 'bench', 'effect-bench')
    os.makedirs(output, exist_ok=True)
    rows, counts = {}, {}
    for workload, full_id, title, _, each in SERIES:
        rows[workload] = []
        for n in NS:
            if n * each * 2 > available_bytes():
                print(f'{title}, n = {n}: not enough memory, left out', file=sys.stderr)
                continue
            ns = measure(bench, workload, full_id, n)
            rows[workload].append((n, ns['libeffect'], ns['libeffect-floor']))
        counts[workload] = count(build, workload)
    text = table(rows, counts)
    print(text)
    with open(os.path.join(output, 'scaling.txt'), 'w') as f:
        f.write(text)
    # For gnuplot: a block for each workload, separated by two empty lines.
    with open(os.path.join(output, 'scaling.tsv'), 'w') as f:
        for workload, *_ in SERIES:
            f.write('# ' + workload + ': n, libeffect ns, floor ns\n')
            f.writelines(f'{n}\t{library}\t{floor}\n' for n, library, floor in rows[workload])
            f.write('\n\n')
    subprocess.run(['gnuplot', '-e', f'folder="{output}"', os.path.join(HERE, 'scaling.gnuplot')], check=True)


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
