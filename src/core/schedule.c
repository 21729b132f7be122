/* Schedules as postfix programs: recurs(3) spaced(1s) both.
 *
 * Each instruction leaves one answer (go on? after which delay?) on a stack: leaves push one, both and either combine
 * the two before them, while and until change the one before them. So stepping, printing and freeing are loops over an
 * array. Every instruction knows how far its parent is and how many instructions its part of the program has, which
 * makes two programs into one by laying them end to end, and is all that printing needs.
 *
 * A run's state is one block: the words of the instructions that keep any, then the stack.
 */
#include "core/schedule.h"

#include <string.h>

#include "core/memory.h"
#include "core/misuse.h"
#include "core/value.h"

enum op {
    OP_RECURS,
    OP_SPACED,
    OP_EXPONENTIAL,
    OP_FIBONACCI,
    OP_DELAYS,
    OP_FOREVER,
    OP_BOTH,
    OP_EITHER,
    OP_WHILE,
    OP_UNTIL,
};

struct instruction {
    uint32_t op;        /* an enum op */
    uint32_t to_parent; /* the parent is so many further on; 0: the last one, which has none */
    size_t n;           /* instructions of the part of the program that ends here */
    union {
        uint64_t times; /* recurs */
        struct {
            eff_duration_t delay; /* spaced; exponential, fibonacci: the first one; not negative */
            double factor;        /* exponential: at least 1 */
        };
        struct {
            eff_predicate_fn holds; /* while, until */
            eff_value_t env;        /* owned; delays: the array of them, as bytes */
        };
    };
};

struct eff_schedule {
    struct instruction *program; /* owned, from eff__malloc; NULL for "out of memory" */
    size_t n, capacity;
    size_t n_words; /* of state */
    size_t depth;   /* the most answers there are on the stack */
};

/* The state of one instruction. */
union word {
    uint64_t times; /* recurs: recurrences left; delays: how many have been given */
    double scale;   /* exponential: the next delay as a multiple of the first; may become infinite */
    int64_t ns;     /* fibonacci, which has two: the next delay, and the one after it */
};

struct answer {
    eff_duration_t delay; /* valid when go is set */
    bool go;
};

_Static_assert(sizeof(union word) == 8 && _Alignof(struct answer) <= 8, "the stack follows the words");

/* ---- memory */

static bool owns_env(const struct instruction *in)
{
    return in->op == OP_WHILE || in->op == OP_UNTIL || in->op == OP_DELAYS;
}

static void release_program(struct instruction *program, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (owns_env(&program[i])) eff_value_decref(program[i].env);
    eff__raw_free(program);
}

static void schedule_drop(void *payload)
{
    eff_schedule_t *s = payload;
    release_program(s->program, s->n);
}

static void schedule_format_hook(const void *payload, eff_buffer_t *out)
{
    eff_schedule_format(payload, out);
}

const eff_type_t eff_schedule_type = {
    .size = sizeof(struct eff_schedule),
    .name = "schedule",
    .drop = schedule_drop,
    .format = schedule_format_hook,
    .flags = EFF_TYPE_COUNTED,
};

static EFF__STATIC_PAYLOAD(struct eff_schedule) oom_schedule = { EFF__STATIC_HEADER(&eff_schedule_type),
                                                                 { .program = NULL } };

bool eff__schedule_is_oom(const eff_schedule_t *s)
{
    return s == &oom_schedule.payload;
}

/* Reports a missing part, and answers whether there is one. */
static bool is_missing(const void *part, const char *builder)
{
    if (!part) eff__misuse("%s: an argument is NULL", builder);
    return !part;
}

eff_schedule_t *eff_schedule_incref(eff_schedule_t *s)
{
    if (is_missing(s, "eff_schedule_incref")) return &oom_schedule.payload;
    return eff__payload_retain(s);
}

void eff_schedule_decref(eff_schedule_t *s)
{
    if (s) eff_value_decref((eff_value_t){ .type = &eff_schedule_type, .ptr = s });
}

/* Room for n more instructions; false when out of memory. */
static bool reserve(eff_schedule_t *s, size_t n)
{
    enum { LIMIT = UINT32_MAX / 2 }; /* so that to_parent suffices */
    if (s->program && n <= s->capacity - s->n) return true;
    if (n > LIMIT - s->n) return false;
    size_t capacity = s->n + n > 2 * s->capacity ? s->n + n : 2 * s->capacity;
    struct instruction *program = eff__realloc(s->program, capacity * sizeof *program);
    if (!program) return false;
    s->program = program;
    s->capacity = capacity;
    return true;
}

static eff_schedule_t *schedule_new(size_t capacity)
{
    eff_schedule_t *s = eff__payload_alloc(&eff_schedule_type, sizeof *s);
    if (!s) return NULL;
    *s = (struct eff_schedule){ NULL, 0, 0, 0, 0 };
    if (reserve(s, capacity)) return s;
    eff_schedule_decref(s);
    return NULL;
}

/* Adds the program of `other`, for which there is room. Its values are taken over when `move`, else retained. */
static void append(eff_schedule_t *s, eff_schedule_t *other, bool move)
{
    memcpy(s->program + s->n, other->program, other->n * sizeof *s->program);
    for (size_t i = 0; i < other->n && !move; i++) {
        struct instruction *in = &other->program[i];
        if (owns_env(in)) (void)eff_value_incref(in->env);
    }
    if (s->depth < other->depth + (s->n > 0)) s->depth = other->depth + (s->n > 0);
    s->n += other->n;
    s->n_words += other->n_words;
    if (move) other->n = 0;
}

/* The same schedule with room for n more instructions, in place when nobody else holds it. Consumes s; without memory
 * NULL, and nothing is consumed. */
static eff_schedule_t *own(eff_schedule_t *s, size_t n)
{
    if (eff__count_is_one(&eff__header_of(s)->count)) return reserve(s, n) ? s : NULL;
    eff_schedule_t *copy = schedule_new(s->n + n);
    if (!copy) return NULL;
    append(copy, s, false);
    eff_schedule_decref(s);
    return copy;
}

/* ---- construction */

/* `n_words` of state. */
static eff_schedule_t *leaf(struct instruction in, size_t n_words)
{
    eff_schedule_t *s = schedule_new(1);
    if (!s) return &oom_schedule.payload;
    in.n = 1;
    s->program[0] = in;
    s->n = 1;
    s->n_words = n_words;
    s->depth = 1;
    return s;
}

static eff_duration_t not_negative(eff_duration_t d)
{
    return d.ns < 0 ? (eff_duration_t){ 0 } : d;
}

eff_schedule_t *eff_schedule_recurs(uint64_t n)
{
    return leaf((struct instruction){ .op = OP_RECURS, .times = n }, 1);
}

eff_schedule_t *eff_schedule_spaced(eff_duration_t d)
{
    return leaf((struct instruction){ .op = OP_SPACED, .delay = not_negative(d) }, 0);
}

eff_schedule_t *eff_schedule_exponential(eff_duration_t base, double factor)
{
    if (!(factor >= 1)) factor = 1; /* NaN too */
    return leaf((struct instruction){ .op = OP_EXPONENTIAL, .delay = not_negative(base), .factor = factor }, 1);
}

eff_schedule_t *eff_schedule_fibonacci(eff_duration_t base)
{
    return leaf((struct instruction){ .op = OP_FIBONACCI, .delay = not_negative(base) }, 2);
}

eff_schedule_t *eff_schedule_delays(size_t n, const eff_duration_t *delays)
{
    if (n > 0 && is_missing(delays, "eff_schedule_delays")) return &oom_schedule.payload;
    eff_value_t env = n > SIZE_MAX / sizeof *delays ? eff_oom_value() : eff_bytes(delays, n * sizeof *delays);
    if (eff_is_oom(env)) return &oom_schedule.payload;
    eff_schedule_t *s = leaf((struct instruction){ .op = OP_DELAYS, .env = env }, 1);
    if (eff__schedule_is_oom(s)) eff_value_decref(env);
    return s;
}

eff_schedule_t *eff_schedule_forever(void)
{
    return leaf((struct instruction){ .op = OP_FOREVER }, 0);
}

/* The two programs, one after the other, and the instruction that combines them. */
static eff_schedule_t *binary(enum op op, const char *builder, eff_schedule_t *a, eff_schedule_t *b)
{
    bool broken = is_missing(a, builder) || is_missing(b, builder);
    if (broken || eff__schedule_is_oom(a) || eff__schedule_is_oom(b)) goto fail;
    eff_schedule_t *s = own(a, b->n + 1);
    if (!s) goto fail;
    size_t n = s->n + b->n + 1;
    s->program[s->n - 1].to_parent = (uint32_t)(b->n + 1);
    append(s, b, eff__count_is_one(&eff__header_of(b)->count));
    eff_schedule_decref(b);
    s->program[s->n - 1].to_parent = 1;
    s->program[s->n++] = (struct instruction){ .op = op, .n = n };
    return s;
fail:
    eff_schedule_decref(a);
    eff_schedule_decref(b);
    return &oom_schedule.payload;
}

eff_schedule_t *eff_schedule_both(eff_schedule_t *a, eff_schedule_t *b)
{
    return binary(OP_BOTH, "eff_schedule_both", a, b);
}

eff_schedule_t *eff_schedule_either(eff_schedule_t *a, eff_schedule_t *b)
{
    return binary(OP_EITHER, "eff_schedule_either", a, b);
}

static eff_schedule_t *conditional(enum op op, const char *builder, eff_schedule_t *s, eff_predicate_fn holds,
                                   eff_value_t env)
{
    if (!s || !holds || !env.type) eff__misuse("%s: an argument is missing", builder);
    bool usable = s && holds && eff__value_usable(env) && !eff__schedule_is_oom(s);
    eff_schedule_t *owned = usable ? own(s, 1) : NULL;
    if (!owned) {
        eff_schedule_decref(s);
        eff_value_decref(env);
        return &oom_schedule.payload;
    }
    owned->program[owned->n - 1].to_parent = 1;
    owned->program[owned->n] = (struct instruction){ .op = op, .n = owned->n + 1, .holds = holds, .env = env };
    owned->n++;
    return owned;
}

eff_schedule_t *eff_schedule_while(eff_schedule_t *s, eff_predicate_fn holds, eff_value_t env)
{
    return conditional(OP_WHILE, "eff_schedule_while", s, holds, env);
}

eff_schedule_t *eff_schedule_until(eff_schedule_t *s, eff_predicate_fn holds, eff_value_t env)
{
    return conditional(OP_UNTIL, "eff_schedule_until", s, holds, env);
}

/* ---- running */

size_t eff__schedule_state_size(const eff_schedule_t *s)
{
    return s->n_words * sizeof(union word) + s->depth * sizeof(struct answer);
}

void eff__schedule_start(const eff_schedule_t *s, void *state)
{
    union word *word = state;
    for (size_t i = 0; i < s->n; i++) {
        const struct instruction *in = &s->program[i];
        if (in->op == OP_RECURS) (word++)->times = in->times;
        else if (in->op == OP_EXPONENTIAL) (word++)->scale = 1;
        else if (in->op == OP_FIBONACCI) (word++)->ns = in->delay.ns, (word++)->ns = in->delay.ns;
        else if (in->op == OP_DELAYS) (word++)->times = 0;
    }
}

static struct answer next_exponential(const struct instruction *in, union word *word)
{
    /* The first delay is exact; infinity times zero is NaN, which scales to zero. */
    eff_duration_t delay = word->scale > 1 ? eff_duration_scale(in->delay, word->scale) : in->delay;
    word->scale *= in->factor;
    return (struct answer){ delay, true };
}

static struct answer next_fibonacci(union word word[2])
{
    eff_duration_t delay = { word[0].ns }, after = { word[1].ns };
    word[0].ns = after.ns;
    word[1].ns = eff_duration_add(delay, after).ns;
    return (struct answer){ delay, true };
}

/* The bytes need not be aligned. */
static eff_duration_t delay_at(eff_value_t delays, size_t i)
{
    eff_duration_t delay;
    memcpy(&delay, (const char *)eff_as_bytes(delays, NULL) + i * sizeof delay, sizeof delay);
    return not_negative(delay);
}

static size_t n_delays(eff_value_t delays)
{
    size_t n_bytes;
    (void)eff_as_bytes(delays, &n_bytes);
    return n_bytes / sizeof(eff_duration_t);
}

static struct answer next_delay(const struct instruction *in, union word *word)
{
    if (word->times == n_delays(in->env)) return (struct answer){ { 0 }, false };
    return (struct answer){ delay_at(in->env, word->times++), true };
}

/* Both must go on, after the longer delay. */
static struct answer both(struct answer a, struct answer b)
{
    bool b_later = eff_duration_compare(a.delay, b.delay) < 0;
    return (struct answer){ b_later ? b.delay : a.delay, a.go && b.go };
}

/* One must go on, after the shorter delay of those that do. */
static struct answer either(struct answer a, struct answer b)
{
    if (!a.go) return b;
    if (!b.go) return a;
    return eff_duration_compare(b.delay, a.delay) < 0 ? b : a;
}

bool eff__schedule_next(const eff_schedule_t *s, void *state, eff_instant_t now, eff_value_t input,
                        eff_duration_t *ret_delay)
{
    (void)now; /* for schedules with windows of time, to come */
    union word *word = state;
    struct answer *top = (struct answer *)(void *)(word + s->n_words); /* one past the last answer */
    if (s->n == 0) return false;
    for (size_t i = 0; i < s->n; i++) {
        const struct instruction *in = &s->program[i];
        switch ((enum op)in->op) {
        case OP_RECURS:
            *top++ = (struct answer){ { 0 }, word->times > 0 };
            if (word->times) word->times--;
            word++;
            break;
        case OP_SPACED: *top++ = (struct answer){ in->delay, true }; break;
        case OP_EXPONENTIAL: *top++ = next_exponential(in, word++); break;
        case OP_FIBONACCI:
            *top++ = next_fibonacci(word);
            word += 2;
            break;
        case OP_DELAYS: *top++ = next_delay(in, word++); break;
        case OP_FOREVER: *top++ = (struct answer){ { 0 }, true }; break;
        case OP_BOTH:
            top--;
            top[-1] = both(top[-1], top[0]);
            break;
        case OP_EITHER:
            top--;
            top[-1] = either(top[-1], top[0]);
            break;
        case OP_WHILE: top[-1].go = top[-1].go && in->holds(input, in->env); break;
        case OP_UNTIL: top[-1].go = top[-1].go && !in->holds(input, in->env); break;
        }
    }
    *ret_delay = top[-1].delay;
    return top[-1].go;
}

/* ---- printing */

static bool is_binary(const struct instruction *in)
{
    return in->op == OP_BOTH || in->op == OP_EITHER;
}

/* Whether its text is put in parentheses: an operation below one of another kind. */
static bool is_grouped(const struct instruction *in)
{
    bool operation = is_binary(in) || in->op == OP_WHILE || in->op == OP_UNTIL;
    if (!operation || !in->to_parent) return false;
    const struct instruction *parent = in + in->to_parent;
    return is_binary(parent) ? parent->op != in->op : is_binary(in);
}

/* The first few. */
static void format_delays(eff_value_t delays, eff_buffer_t *out)
{
    enum { SHOWN = 8 };
    size_t n = n_delays(delays);
    eff_buffer_add(out, "delays(");
    for (size_t i = 0; i < n && i < SHOWN; i++) {
        if (i > 0) eff_buffer_add(out, ", ");
        eff_duration_format(delay_at(delays, i), out);
    }
    eff_buffer_add(out, n > SHOWN ? ", ...)" : ")");
}

static void format_leaf(const struct instruction *in, eff_buffer_t *out)
{
    if (in->op == OP_RECURS) {
        eff_buffer_printf(out, "recurs(%llu)", (unsigned long long)in->times);
    } else if (in->op == OP_FOREVER) {
        eff_buffer_add(out, "forever");
    } else if (in->op == OP_DELAYS) {
        format_delays(in->env, out);
    } else {
        const char *name = in->op == OP_SPACED ? "spaced" : in->op == OP_FIBONACCI ? "fibonacci" : "exponential";
        eff_buffer_printf(out, "%s(", name);
        eff_duration_format(in->delay, out);
        if (in->op == OP_EXPONENTIAL) eff_buffer_printf(out, ", x%g", in->factor);
        eff_buffer_add(out, ")");
    }
}

/* Opens the parentheses of everything that begins with this leaf. */
static void open_groups(const struct instruction *leaf, eff_buffer_t *out)
{
    for (const struct instruction *in = leaf; in->to_parent;) {
        in += in->to_parent;
        if (in - in->n + 1 != leaf) break;
        if (is_grouped(in)) eff_buffer_add(out, "(");
    }
}

void eff_schedule_format(const eff_schedule_t *s, eff_buffer_t *out)
{
    if (is_missing(s, "eff_schedule_format")) return;
    if (eff__schedule_is_oom(s)) eff_buffer_add(out, "out of memory");
    for (size_t i = 0; i < s->n; i++) {
        const struct instruction *in = &s->program[i];
        if (in->n == 1) {
            open_groups(in, out);
            format_leaf(in, out);
        }
        if (in->op == OP_WHILE) eff_buffer_add(out, " while <predicate>");
        if (in->op == OP_UNTIL) eff_buffer_add(out, " until <predicate>");
        if (is_grouped(in)) eff_buffer_add(out, ")");
        /* A right side and the operand of while and until come directly before their parent, a left side does not. */
        if (in->to_parent > 1) eff_buffer_add(out, in[in->to_parent].op == OP_BOTH ? " && " : " || ");
    }
}
