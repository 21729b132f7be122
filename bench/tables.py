#!/usr/bin/env python3
"""Writes the tables of docs/performance.md anew, from what was measured.

Usage: bench/tables.py RESULTS.jsonl...

The files hold JSON lines: of effect-bench --json, of effect-bench --sizes --json, and of the peers (the results.jsonl
that peers/run.sh leaves). Run it on the machine that they are from, which it describes. Instructions come from
bench/instructions.txt, scaling from build/plots/scaling.txt if that is there. A table for which nothing was given stays
as it is. The tables stand between comments: <!-- NAME --> ... <!-- end NAME -->.
"""
import json
import os
import re
import sys

import instructions

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(TOP, 'docs', 'performance.md')
SCALING = os.path.join(TOP, 'build', 'plots', 'scaling.txt')
PEERS = {'effect-ts': 'Effect', 'go-1p': 'Go', 'tokio-1t': 'tokio', 'ghc-N1': 'GHC', 'lwt': 'Lwt', 'asyncio': 'asyncio'}


def read(paths):
    """{(peer, workload): line}; the last line counts."""
    lines = {}
    for path in paths:
        with open(path) as f:
            for line in map(json.loads, filter(str.strip, f)):
                lines[line['peer'], line['workload']] = line
    return lines


def short(x):
    return '' if x is None else f'{x:.0f}' if abs(x) >= 20 else f'{x:.1f}'


def markdown(head, rows):
    right = ' --: |' * (len(head) - 1)
    return '\n'.join(['| ' + ' | '.join(head) + ' |', '| --- |' + right] +
                     ['| ' + ' | '.join(row) + ' |' for row in rows])


def best(lines, peer, workload):
    """The minimum of the runs: on a shared machine the one figure that is about the program alone."""
    return min(lines[peer, workload]['runs']) if (peer, workload) in lines else None


def machine():
    with open('/proc/cpuinfo') as f:
        model = re.search(r'model name\s*: (.*)', f.read()).group(1)
    with open('/etc/os-release') as f:
        system = re.search(r'PRETTY_NAME="(.*)"', f.read()).group(1)
    return f'{model}, {os.cpu_count()} cores of a shared machine, {system}.'


def workloads(lines):
    """Beside the limit, the floor and those of the peers that were measured."""
    rows = []
    peers = {p: name for p, name in PEERS.items() if any(peer == p for peer, _ in lines)}
    for (peer, workload), line in lines.items():
        if peer != 'libeffect' or re.match('cost_|depth_|size_', workload):
            continue
        ns = min(line['runs'])
        limit = best(lines, 'libeffect-limit', workload)
        base = best(lines, 'libeffect-floor', workload)
        unit = '' if line['metric'] == 'ns/op' else f' ({line["metric"]})'
        rows.append([f'`{workload}` {line["title"]}{unit}', short(limit), short(base), f'**{short(ns)}**',
                     f'{ns / base:.1f}' if base else ''] +
                    [short(best(lines, p, workload)) for p in peers])
    return markdown(['one operation, ns', 'limit', 'floor', 'libeffect', '/ floor', *peers.values()], rows)


def costs(lines):
    """Single builders, less the loop around them."""
    rows = []
    counts = next(iter(instructions.read_counts().values()), {})
    nothing = best(lines, 'libeffect', 'cost_nothing')
    for (peer, workload), line in lines.items():
        if not workload.startswith('cost_') or workload == 'cost_nothing':
            continue
        # These have no sequential loop around them.
        around, counted = (0, 0) if re.search('each_par|queue|run$', workload) else (nothing, counts.get('cost_nothing', 0))
        executed = f'{counts[workload] - counted:.0f}' if workload in counts else ''
        rows.append([line['title'], short(min(line['runs']) - around), executed, f'{line["blocks"]:.0f}'])
    return markdown(['what', 'ns', 'instructions', 'blocks'], rows)


def sizes(lines):
    rows = [[workload[len('size_'):].replace('_', ' '), f'{line["median"]:.0f}']
            for (_, workload), line in lines.items() if workload.startswith('size_')]
    return markdown(['what', 'bytes'], rows)


def main(paths):
    lines = read(paths)
    with open(PAGE) as f:
        text = f.read()
    tables = {'machine': machine()}
    if ('libeffect', 'w1_bind_right') in lines:
        tables['workloads'] = workloads(lines)
    if ('libeffect', 'cost_nothing') in lines:
        tables['costs'] = costs(lines)
    if any(workload.startswith('size_') for _, workload in lines):
        tables['sizes'] = sizes(lines)
    if os.path.exists(SCALING):
        with open(SCALING) as f:
            tables['scaling'] = '```\n' + f.read().rstrip() + '\n```'
    for name, table in tables.items():
        begin, end = f'<!-- {name} -->', f'<!-- end {name} -->'
        if begin not in text or end not in text:
            sys.exit(f'{PAGE}: no {begin} ... {end}')
        before, rest = text.split(begin)
        text = f'{before}{begin}\n{table}\n{end}{rest.split(end)[1]}'
    with open(PAGE, 'w') as f:
        f.write(text)


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
