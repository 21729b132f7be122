"""libeffect in gdb: values, effects, causes, exits and fibers print as what they are, and `effect-fibers` shows the
fiber tree of every runtime with its traces, in a living process or a core dump.

    (gdb) source effect-gdb.py          unless gdb has loaded it together with the library
    (gdb) print v
    $1 = pair(3, "three")
    (gdb) print e
    $2 = (eff_t *) 0x5555555a2c40 flat_map, probe (health.c:12)
    (gdb) effect-fibers

It only reads memory and calls nothing in the program, so that it works on a core. It needs the debug information of the
library; on a system that keeps it apart, install the -dbgsym package.
"""
import time

import gdb

MAX_ITEMS = 20      # of an array, or of a cause's notes
MAX_TEXT = 200      # bytes of a string
MAX_LEVELS = 6      # of nested values
MAX_FIBERS = 10000  # of one runtime


# ---- reading memory

def c_type(name):
    """A type of the library by the name of its struct."""
    return gdb.lookup_type('struct ' + name)


def pointer_to(name):
    return c_type(name).pointer()


def address(value):
    """A pointer, or an integer, as a Python integer."""
    return int(value) & 0xffffffffffffffff


def symbol_at(value):
    """The name of the object or function at an address, or ''."""
    text = gdb.parse_and_eval(f'(void *){address(value)}').format_string(symbols=True)
    return text.split('<', 1)[1].split('>')[0].split('+')[0] if '<' in text else ''


def c_string(pointer, size=-1):
    """A C string as Python text, shortened, with what would garble a terminal escaped."""
    if address(pointer) == 0:
        return ''
    limit = MAX_TEXT if size < 0 else min(size, MAX_TEXT)
    text = pointer.string('utf-8', 'backslashreplace', length=limit) if size >= 0 else None
    if text is None:
        # Byte by byte, for a string without an end must not read on to the end of memory.
        memory = gdb.selected_inferior()
        data = b''
        while len(data) < limit:
            byte = bytes(memory.read_memory(address(pointer) + len(data), 1))
            if byte == b'\0':
                break
            data += byte
        text = data.decode('utf-8', 'backslashreplace')
        if len(data) >= limit:
            text += '...'
    elif size > limit:
        text += '...'
    return ''.join(c if c.isprintable() else c.encode('unicode_escape').decode() for c in text)


def same(type_pointer, name):
    """Whether an eff_type_t * is that of a name of the library's."""
    if address(type_pointer) == 0 or not name.replace('_', '').isalnum():
        return False
    symbol = gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)
    return symbol is not None and address(type_pointer) == address(symbol.value().address)


def constant(name):
    """The value of an enumeration constant, or of nothing when there is none of the name."""
    return int(gdb.parse_and_eval(name))


# ---- values

def show_error(error, level):
    text = c_string(error['kind']['name']) + ': ' + c_string(error['message'])
    if int(error['code']):
        text += f' (code {int(error["code"])})'
    inner = error['inner']
    if address(inner['type']) and not same(inner['type'], 'eff_unit_type'):
        text += ', because: ' + show_value(inner, level + 1)
    return text


def show_items(items, n, level):
    shown = [show_value(items[i], level + 1) for i in range(min(n, MAX_ITEMS))]
    return ', '.join(shown) + (f', ... {n - MAX_ITEMS} more' if n > MAX_ITEMS else '')


def show_payload(name, value, level):
    """A counted payload of the library's or of a user's type."""
    payload = value['ptr']
    if name == 'string':
        text = payload.cast(pointer_to('text')).dereference()
        return '"' + c_string(text['bytes'].address.cast(gdb.lookup_type('char').pointer()), int(text['n'])) + '"'
    if name == 'pair':
        return 'pair(' + show_items(payload.cast(pointer_to('eff__pair'))['items'], 2, level) + ')'
    if name == 'array':
        array = payload.cast(pointer_to('eff__array')).dereference()
        return '[' + show_items(array['items'], int(array['n']), level) + ']'
    if name == 'option':
        return 'some(' + show_value(payload.cast(pointer_to('eff__option'))['item'], level + 1) + ')'
    if name == 'range':
        span = payload.cast(pointer_to('eff__range')).dereference()
        return f'range({int(span["from"])}, {int(span["to"])})'
    if name == 'error':
        return show_error(payload.cast(pointer_to('eff_error')).dereference(), level)
    if name == 'effect':
        return show_effect(payload.cast(pointer_to('eff')))
    if name == 'cause':
        return show_cause(payload.cast(pointer_to('eff_cause')), level)
    if name == 'fiber':
        return show_fiber(payload.cast(pointer_to('eff_fiber')))
    return None


def user_type(name):
    """The C type behind the values of a user's type: what its generated functions take, or the name that is usual."""
    symbol = gdb.lookup_symbol(name + '_make')[0] or gdb.lookup_symbol(name + '_of')[0]
    if symbol is not None:
        kind = symbol.type.fields()[0].type if symbol.name.endswith('_make') else symbol.type.target().target()
        return kind.strip_typedefs()
    for spelling in (name + '__payload', name + '_t', 'struct ' + name):
        try:
            return gdb.lookup_type(spelling)
        except gdb.error:
            pass
    return None


def show_user(name, payload):
    kind = user_type(name)
    if kind is None or not address(payload):
        return f'{name} at {address(payload):#x}'
    return f'{name} ' + payload.cast(kind.pointer()).dereference().format_string(max_elements=MAX_ITEMS)


def show_value(value, level=0):
    """An eff_value_t on one line. Types are told apart by address: a user's may have any name."""
    kind = value['type']
    if address(kind) == 0:
        return 'absent'
    if level > MAX_LEVELS:
        return '...'
    if same(kind, 'eff_unit_type'):
        return 'unit'
    if same(kind, 'eff_bool_type'):
        return 'true' if int(value['integer']) else 'false'
    if same(kind, 'eff_int_type'):
        return str(int(value['integer']))
    if same(kind, 'eff_double_type'):
        return str(float(value['real']))
    if same(kind['same_as'], 'eff_string_type'):
        return '"' + c_string(value['string']) + '"'
    if same(kind['same_as'], 'eff_option_type'):
        return 'none'
    if same(kind, 'eff_ptr_type'):
        symbol = symbol_at(value['ptr'])
        return f'pointer {address(value["ptr"]):#x}' + (f' <{symbol}>' if symbol else '')
    if same(kind, 'eff_pull_type'):
        return 'pull ' + show_effect(value['ptr'].cast(pointer_to('eff')))
    name = c_string(kind['name'])
    if int(kind['flags']) & constant('EFF_TYPE_OOM'):
        return name
    if same(kind, 'eff_duration_type') or same(kind, 'eff_instant_type'):
        return f'{name} {int(value["integer"])} ns'
    text = show_payload(name, value, level) if same(kind, f'eff_{name}_type') else None
    return text if text is not None else show_user(name, value['ptr'])


# ---- effects

def environment(effect):
    """What an effect's callback is given, or None."""
    op = effect['op']
    for arm, ops in (('call', ('SYNC', 'SUSPEND', 'ASYNC')), ('bind', ('MAP', 'FLAT_MAP', 'ON_EXIT')),
                     ('fold', ('FOLD',))):
        if int(op) in [constant('EFF__OP_' + name) for name in ops]:
            return effect[arm]['env']
    return None


# Instructions that several builders share: which one it was, by the node's kind and flags.
KINDS = {'PAR': {'EFF__PAR_ALL': 'all_par', 'EFF__PAR_RACE': 'race', 'EFF__PAR_RACE_FIRST': 'race_first',
                 'EFF__PAR_TIMEOUT': 'timeout', 'EFF__PAR_DISCONNECT': 'disconnect',
                 'EFF__PAR_GRACEFUL': 'graceful', 'EFF__PAR_TASKS': 'task_group'},
         'FORK': {'EFF__FORK_CHILD': 'fork', 'EFF__FORK_IN': 'fork_in', 'EFF__FORK_SCOPED': 'fork_scoped',
                  'EFF__FORK_DAEMON': 'fork_daemon'},
         'MASK': {'EFF__MASK_OFF': 'uninterruptible', 'EFF__MASK_ON': 'interruptible',
                  'EFF__MASK_FN': 'uninterruptible_mask', 'EFF__MASK_EXTERNAL': 'external',
                  'EFF__MASK_ACQUIRE': 'uninterruptible', 'EFF__MASK_RESTORE': 'acquire_interruptible'}}


def kind_name(effect):
    op, flags = int(effect['op']), int(effect['flags'])
    if op == constant('EFF__OP_EACH'):
        return 'for_each' + ('_par' if flags & constant('EFF__PARALLEL') else '') + \
            ('_discard' if flags & constant('EFF__DISCARD') else '')
    for name, kinds in KINDS.items():
        if op == constant('EFF__OP_' + name):
            for kind, text in kinds.items():
                if int(effect['kind']) == constant(kind):
                    pair = kind == 'EFF__PAR_ALL' and flags & constant('EFF__PAR_PAIR')
                    return 'zip_par' if pair else text
    return None


def effect_name(effect):
    """What the user called it: the builder of a derived effect, else the instruction."""
    env = environment(effect)
    if env is not None and same(env['type'], 'eff__closure_type'):
        return c_string(env['ptr'].cast(pointer_to('eff__closure'))['builder']).replace('eff_', '', 1)
    if int(effect['op']) == constant('EFF__OP_PRIM'):
        return c_string(effect['prim']['prim']['name'])
    if int(effect['op']) == constant('EFF__OP_GEN'):
        return 'gen ' + c_string(effect['gen']['def']['name'])
    return kind_name(effect) or c_string(gdb.parse_and_eval('eff__op_names')[int(effect['op'])])


def show_effect(pointer):
    """An eff_t * on one line."""
    if address(pointer) == 0:
        return 'NULL'
    effect = pointer.dereference()
    text = effect_name(effect)
    if int(effect['op']) in (constant('EFF__OP_SUCCEED'), constant('EFF__OP_FAIL')):
        text += ' ' + show_value(effect['value']['value'])
    site = c_string(effect['site'])
    if site:
        text += ', ' + site
    elif environment(effect) is not None:
        for arm, field in (('call', 'fn'), ('bind', 'fn')):
            symbol = symbol_at(effect[arm][field])
            if symbol:
                return text + ', ' + symbol
    return text


# ---- causes and exits

def show_cause(pointer, level=0):
    """A cause on one line: fail(...), die(...), interrupt by fiber 3, then(l, r), both(l, r)."""
    if address(pointer) == 0:
        return 'NULL'
    if level > MAX_LEVELS:
        return '...'
    cause = pointer.dereference()
    tag = int(cause['tag'])
    if tag == constant('EFF_CAUSE_EMPTY'):
        text = 'empty'
    elif tag == constant('EFF_CAUSE_FAIL'):
        text = f'fail({show_value(cause["value"], level + 1)})'
    elif tag == constant('EFF_CAUSE_DIE'):
        text = f'die({show_value(cause["value"], level + 1)})'
    elif tag == constant('EFF_CAUSE_INTERRUPT'):
        by = int(cause['interrupt']['by'])
        text = 'interrupt by ' + (f'fiber {by}' if by else 'the outside')
    else:
        name = 'then' if tag == constant('EFF_CAUSE_THEN') else 'both'
        sides = cause['sides']
        text = f'{name}({show_cause(sides["left"], level + 1)}, {show_cause(sides["right"], level + 1)})'
    if address(cause['trace']) and int(cause['trace']['n_sites']):
        text += ' at ' + c_string(cause['trace']['sites'][0])
    return text


def show_exit(value):
    return f'ok({show_value(value["value"])})' if value['ok'] else show_cause(value['cause'])


# ---- fibers

STATES = {'EFF__NEW': 'has not started', 'EFF__READY': 'is ready to run', 'EFF__RUNNING': 'runs',
          'EFF__SUSPENDED': 'waits', 'EFF__DONE': 'has ended'}


def state_of(fiber):
    for name in STATES:
        if int(fiber['state']) == constant(name):
            return name
    return 'EFF__DONE'


def is_running():
    """Whether this is a process of this machine, whose clock is ours, and no core dump."""
    connection = getattr(gdb.selected_inferior(), 'connection', None)
    return connection is not None and connection.type == 'native'


def waited(fiber):
    """For how long a suspended fiber has waited, ", for 2.3 s", if that is known, and a second or more."""
    wait, runtime = fiber['wait'], fiber['rt']
    if address(wait['ops']['now']) or not address(runtime):
        return ''
    if address(runtime['virtual_now']):
        now = int(runtime['virtual_now'].dereference())
    elif is_running():
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    else:
        return ''
    seconds = (now + int(runtime['wait_shift']) - int(fiber['since'])) / 1e9
    return f', for {seconds:.1f} s' if seconds >= 1 else ''


def fiber_name(fiber):
    """What it was named, or ''."""
    if not int(fiber['flags']) & constant('EFF__HAS_RARE'):
        return ''
    name = fiber['rare']['name']
    return '' if same(name['type'], 'eff_unit_type') else show_value(name)


def show_fiber(pointer):
    """A fiber on one line, as the library's own dump has it."""
    if address(pointer) == 0:
        return 'NULL'
    fiber = pointer.dereference()
    text = f'fiber {int(fiber["id"])}'
    flags = int(fiber['flags'])
    name = fiber_name(fiber)
    if name:
        text += ' ' + name
    if address(fiber['fork_site']):
        daemon = 'daemon, ' if flags & constant('EFF__DAEMON') else ''
        text += f' ({daemon}forked at {c_string(fiber["fork_site"])})'
    elif not address(fiber['parent']) and not flags & constant('EFF__IN_SCOPE'):
        text += ' (main)'
    state = state_of(fiber)
    text += ' ' + STATES[state]
    if state == 'EFF__SUSPENDED' and address(fiber['wait']['ops']):
        wait = fiber['wait']
        text += ' ' + c_string(wait['ops']['name'])
        if address(wait['site']):
            text += ' at ' + c_string(wait['site'])
        text += waited(fiber)
    if int(fiber['attrs']) & constant('EFF__MASKED'):
        text += ', masked'
    if address(fiber['interrupt']) and state != 'EFF__DONE':
        text += ', interrupted'
    return text


# Words below the mark of a special frame, from frame.h. A frame that is missing here ends the trace with a remark.
FRAME_WORDS = {'END': 0, 'MASK': 0, 'LOCALLY': 1, 'SCOPED': 1, 'PROVIDE': 2, 'GEN': 1, 'BRACKET': 3, 'PERMITS': 3,
               'FINALIZER': 2, 'SAVED': 2, 'LEAVING': 2, 'PAR': 1, 'EACH': 2, 'ITEM': 2, 'PULL': 2, 'EXTEND': 1,
               'CLOSING': 2}


def frame_sites(fiber):
    """What each frame of a fiber is and where it was composed, innermost first."""
    words = gdb.lookup_type('unsigned long').pointer()
    inline = fiber['inline_frames'].address.cast(words)
    limit = fiber['limit'].cast(words)
    base = inline
    if address(limit) != address(inline) + constant('EFF__INLINE_FRAMES') * words.target().sizeof:
        base = limit.dereference().cast(words)
    names = {constant('EFF__F_' + name): name for name in FRAME_WORDS}
    top = fiber['top'].cast(words)
    while address(top) > address(base):
        word = int(top[-1])
        top -= 1
        if not word & constant('EFF__SPECIAL'):
            yield show_effect(gdb.Value(word & ~15).cast(pointer_to('eff')))
            continue
        name = names.get(word >> 8 & 0xff)
        if name is None:
            yield '(a frame that this script does not know)'
            return
        if name == 'GEN':
            # struct run begins with what the gen's macros touch.
            state = gdb.Value(int(top[-1])).cast(pointer_to('eff_gen')).dereference()
            where = c_string(state['site'])
            yield 'gen' + (f', awaits at {where}' if where else '')
        elif name == 'PAR':
            group = gdb.Value(int(top[-1])).cast(pointer_to('eff__group')).dereference()
            yield show_effect(group['node'])
        elif name == 'EACH' or name == 'BRACKET':
            node = top[-2] if name == 'EACH' else top[-1]
            yield show_effect(gdb.Value(int(node) & ~15).cast(pointer_to('eff')))
        elif name in ('FINALIZER', 'PERMITS'):
            lowest = top - FRAME_WORDS[name]
            where = c_string(gdb.Value(int(lowest[0])).cast(gdb.lookup_type('char').pointer()))
            yield name.lower() + (f', {where}' if where else '')
        elif name in ('SCOPED', 'PROVIDE', 'LEAVING', 'EXTEND', 'CLOSING'):
            yield name.lower()
        top -= FRAME_WORDS[name]


def earliest(fiber):
    while address(fiber) and address(fiber['sibling_prev']):
        fiber = fiber['sibling_prev']
    return fiber


def walk(latest):
    """(level, fiber) for a list of siblings and all below them, parents first, in the order of forking."""
    level, fiber, n = 0, earliest(latest), 0
    while address(fiber) and n < MAX_FIBERS:
        yield level, fiber
        n += 1
        if address(fiber['children']):
            fiber = earliest(fiber['children'])
            level += 1
            continue
        while address(fiber) and not address(fiber['sibling_next']):
            fiber = fiber['parent']
            level -= 1
        if address(fiber):
            fiber = fiber['sibling_next']


def run_queue(runtime):
    """How many fibers are ready to run."""
    fiber, n = runtime['ready_first'], 0
    while address(fiber) and n < MAX_FIBERS:
        fiber = fiber['next_ready']
        n += 1
    return n


def runtimes():
    """(thread number, runtime) of every runtime of the process."""
    selected = gdb.selected_thread()
    try:
        for thread in sorted(gdb.selected_inferior().threads(), key=lambda t: t.num):
            thread.switch()
            runtime = gdb.parse_and_eval('eff__runtimes')
            while address(runtime):
                yield thread.num, runtime
                runtime = runtime['next_of_thread']
    finally:
        if selected is not None and selected.is_valid():
            selected.switch()


class EffectFibers(gdb.Command):
    """The fiber tree of every runtime: who runs, who waits for what and where, and what each will go back to.

    effect-fibers [-short] [RUNTIME]

    With -short, one line for each fiber. RUNTIME is an expression of type eff_runtime_t *; without it, all runtimes of all
    threads are shown. Each frame below a fiber is an effect that goes on when what is above it has ended, innermost
    first: the trace that a failure would have."""

    def __init__(self):
        super().__init__('effect-fibers', gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        words = argument.split(None, 1)
        short = bool(words) and words[0] in ('-short', '-s')
        expression = ' '.join(words[1:] if short else words)
        try:
            chosen = list(runtimes())
            if expression:
                runtime = gdb.parse_and_eval(expression)
                if not any(address(runtime) == address(known) for _, known in chosen):
                    raise gdb.error(f'{expression} is no runtime')
                chosen = [(None, runtime.cast(pointer_to('eff_runtime')))]
        except gdb.error as error:
            raise gdb.GdbError(f'cannot find the runtimes: {error} '
                               '(is the debug information of libeffect there?)') from error
        if not chosen:
            gdb.write('no runtime\n')
        for thread, runtime in chosen:
            self.show(thread, runtime, short)

    @staticmethod
    def show(thread, runtime, short):
        where = f' of thread {thread}' if thread is not None else ''
        n = int(runtime['n_fibers'])
        gdb.write(f'runtime {address(runtime):#x}{where}: {n} fiber{"" if n == 1 else "s"}, '
                  f'{run_queue(runtime)} ready, {int(runtime["n_external"])} waiting for the outside\n')
        for latest in (runtime['roots'], runtime['scoped']):
            for level, fiber in walk(latest):
                indent = '  ' * (level + 1)
                gdb.write(f'{indent}{show_fiber(fiber)}\n')
                if not short and state_of(fiber) != 'EFF__DONE':
                    for frame in frame_sites(fiber):
                        gdb.write(f'{indent}    {frame}\n')


# ---- printers

class Printer:
    """Prints as one line of text."""

    def __init__(self, value, show):
        self.value = value
        self.show = show

    def to_string(self):
        try:
            return self.show(self.value)
        except (gdb.error, gdb.MemoryError) as error:
            return f'<{error}>'


def show_pointer(show, name):
    return lambda value: f'({name} *) {address(value):#x} {show(value)}' if address(value) else f'({name} *) NULL'


STRUCTS = {'eff_value': show_value, 'eff_exit': show_exit, 'eff_error': lambda v: show_error(v, 0),
           'eff_duration': lambda v: f'{int(v["ns"])} ns', 'eff_instant': lambda v: f'{int(v["ns"])} ns'}
POINTERS = {'eff': show_pointer(show_effect, 'eff_t'), 'eff_cause': show_pointer(show_cause, 'eff_cause_t'),
            'eff_fiber': show_pointer(show_fiber, 'eff_fiber_t')}


def find_printer(value):
    kind = value.type.strip_typedefs().unqualified()
    if kind.code == gdb.TYPE_CODE_STRUCT and kind.tag in STRUCTS:
        return Printer(value, STRUCTS[kind.tag])
    if kind.code == gdb.TYPE_CODE_PTR:
        target = kind.target().strip_typedefs().unqualified()
        if target.code == gdb.TYPE_CODE_STRUCT and target.tag in POINTERS:
            return Printer(value, POINTERS[target.tag])
    return None


find_printer.name = 'libeffect'
find_printer.enabled = True


def register(objfile):
    printers = (objfile or gdb).pretty_printers
    if not any(getattr(p, 'name', '') == 'libeffect' for p in printers):
        printers.insert(0, find_printer)
    EffectFibers()


register(gdb.current_objfile())
