#!/usr/bin/env python3
"""Runs tests/programs/fibers.c under gdb and checks what tools/gdb/effect-gdb.py shows of it: in the living process, and again
in the core dump that gdb makes of it. Usage: tools/check-gdb.py PROGRAM
"""
import pathlib
import re
import subprocess
import sys
import tempfile

SCRIPT = pathlib.Path(__file__).resolve().parent / 'gdb' / 'effect-gdb.py'

# gdb's own `frame function` does not find a frame that is about to call abort.
SELECT = "f = gdb.newest_frame()\nwhile f.name() != 'stop_here': f = f.older()\nf.select()"

# Command, and a pattern that its answer has to match as a whole; `...` stands for any text on a line.
EXPECTED = [
    ('print number', '= 42'),
    ('print text', r'= "ada\n"'),
    ('print literal', '= "static"'),
    ('print pair', '= pair(1, "one")'),
    ('print array', '= [true, 1.5, none, unit]'),
    ('print some', '= some(7)'),
    ('print absent', '= absent'),
    ('print pointer', '= pointer 0x... <eff_unit_type>'),
    ('print like_ours', '= pair {left = 4, right = 5}'),
    ('print own', '= account {id = 3, owner = 0x... "grace"}'),
    ('print error', '= not found: no page (code 2), because: timed out: slow'),
    ('print effect', '= (eff_t *) 0x... map, double_it (fibers.c:...)'),
    ('print cause', '= (eff_cause_t *) 0x... both(fail(1), die("oops"))'),
    ('print duration', '= 2000000000 ns'),
    ('effect-fibers', '''\
runtime 0x... of thread 1: 7 fibers, 0 ready, 2 waiting for the outside
  fiber 1 (main) waits for its parallel sides at fibers.c:...
      all_par, fibers.c:...
    fiber 2 "consumer" (forked at fibers.c:...) waits for an item of a queue at fibers.c:...
        gen, awaits at fibers.c:...
    fiber 3 (forked at fibers.c:...) waits for its parallel sides at nap (fibers.c:...
        for_each_par, nap (fibers.c:...
      fiber 4 (forked at nap (fibers.c:...) waits for time to pass at fibers.c:...
      fiber 5 (forked at nap (fibers.c:...) waits for time to pass at fibers.c:...
    fiber 6 (forked at fibers.c:...) waits for a deferred at fibers.c:..., masked
        map, double_it (fibers.c:...)
    fiber 7 (forked at fibers.c:...) runs
'''),
    ('effect-fibers -short', 'runtime 0x...'),
    ('effect-fibers (eff_runtime_t *)0', '(eff_runtime_t *)0 is no runtime'),
]


def gdb(*arguments):
    """What gdb prints."""
    command = ['gdb', '-nx', '-batch', '-iex', 'set auto-load no', '-iex', 'set debuginfod enabled off',
               '-iex', 'set print frame-arguments none', *arguments]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         timeout=120, check=False)
    return run.stdout.decode(errors='replace')


def commands():
    """gdb's arguments that ask everything, each answer behind a mark of its own."""
    found = ['-ex', f'source {SCRIPT}', '-ex', f'python exec({SELECT!r})']
    for number, (command, _) in enumerate(EXPECTED):
        found += ['-ex', f'echo \\n@@{number}\\n', '-ex', command]
    return [*found, '-ex', r'echo \n@@end\n']


def differences(output):
    """How many answers are not as expected; prints them."""
    wrong = 0
    answers = dict(re.findall(r'^@@(\d+)\n(.*?)(?=^@@)', output, re.S | re.M))
    for number, (command, expected) in enumerate(EXPECTED):
        answer = answers.get(str(number), '')
        pattern = '.*'.join(re.escape(part) for part in expected.split('...'))
        if not re.search(pattern, answer):
            wrong += 1
            print(f'(gdb) {command}\n{answer}\nexpected:\n{expected}\n')
    if wrong == len(EXPECTED):
        print(output)
    return wrong


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        core = f'{folder}/core'
        living = gdb('-ex', 'run', *commands(), '-ex', f'generate-core-file {core}', '-ex', 'kill', program)
        wrong = differences(living)
        print(f'living process: {len(EXPECTED) - wrong} of {len(EXPECTED)} answers as expected')
        dead = differences(gdb(*commands(), program, core))
        print(f'core dump: {len(EXPECTED) - dead} of {len(EXPECTED)} answers as expected')
    sys.exit(1 if wrong or dead else 0)


main()
