/* Schedules: building and freeing the program; see schedule_program.h. */
#include "core/schedule_program.h"

#include <string.h>

#include "core/memory.h"
#include "core/misuse.h"
#include "core/value.h"

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

/* What comes of a missing part, which was reported. */
static EFF__STATIC_PAYLOAD(struct eff_schedule) mistaken_schedule = { EFF__STATIC_HEADER(&eff_schedule_type),
                                                                      { .program = NULL } };

bool eff__schedule_is_oom(const eff_schedule_t *s)
{
    return s == &oom_schedule.payload;
}

bool eff__schedule_is_mistaken(const eff_schedule_t *s)
{
    return s == &mistaken_schedule.payload;
}

/* Reports that the `number`th argument of a builder is NULL. */
static void missing(int number, const char *builder)
{
    eff__misuse("argument %d of %s is NULL", number, builder);
}

static bool is_usable(const eff_schedule_t *s)
{
    return s && !eff__schedule_is_oom(s) && !eff__schedule_is_mistaken(s);
}

/* What comes of schedules that cannot be built in, or for which there is no memory. Consumes both; b may be NULL without
 * being missing. */
static eff_schedule_t *refuse(eff_schedule_t *a, eff_schedule_t *b, bool mistaken)
{
    mistaken = mistaken || eff__schedule_is_mistaken(a) || eff__schedule_is_mistaken(b);
    bool oom = !mistaken || eff__schedule_is_oom(a) || eff__schedule_is_oom(b);
    eff_schedule_decref(a);
    eff_schedule_decref(b);
    return oom ? &oom_schedule.payload : &mistaken_schedule.payload;
}

/* The same for builders of two, which reports the first that is missing. */
static eff_schedule_t *refuse_two(const char *builder, eff_schedule_t *a, eff_schedule_t *b)
{
    if (!a || !b) missing(a ? 2 : 1, builder);
    return refuse(a, b, !a || !b);
}

eff_schedule_t *eff_schedule_incref(eff_schedule_t *s)
{
    return s ? eff__payload_retain(s) : NULL;
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
    *s = (struct eff_schedule){ .program = NULL };
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
    s->needs_time |= other->needs_time;
    s->needs_random |= other->needs_random;
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
    s->needs_time = in.op == OP_FIXED || in.op == OP_WINDOWED;
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
    if (n > 0 && !delays) {
        missing(2, "eff_schedule_delays");
        return &mistaken_schedule.payload;
    }
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

eff_schedule_t *eff_schedule_fixed(eff_duration_t interval)
{
    return leaf((struct instruction){ .op = OP_FIXED, .delay = not_negative(interval) }, 2);
}

eff_schedule_t *eff_schedule_windowed(eff_duration_t interval)
{
    return leaf((struct instruction){ .op = OP_WINDOWED, .delay = not_negative(interval) }, 1);
}

size_t eff__schedule_n_delays(const struct instruction *in)
{
    size_t n_bytes;
    (void)eff_as_bytes(in->env, &n_bytes);
    return n_bytes / sizeof(eff_duration_t);
}

eff_duration_t eff__schedule_delay_at(const struct instruction *in, size_t i)
{
    eff_duration_t delay;
    memcpy(&delay, (const char *)eff_as_bytes(in->env, NULL) + i * sizeof delay, sizeof delay);
    return not_negative(delay);
}

/* The two programs, one after the other, and the instruction that combines them. */
static eff_schedule_t *binary(enum eff__schedule_op op, const char *builder, eff_schedule_t *a, eff_schedule_t *b)
{
    eff_schedule_t *s = is_usable(a) && is_usable(b) ? own(a, b->n + 1) : NULL;
    if (!s) return refuse_two(builder, a, b);
    size_t n = s->n + b->n + 1;
    s->program[s->n - 1].to_parent = (uint32_t)(b->n + 1);
    append(s, b, eff__count_is_one(&eff__header_of(b)->count));
    eff_schedule_decref(b);
    s->program[s->n - 1].to_parent = 1;
    s->program[s->n++] = (struct instruction){ .op = op, .n = n };
    return s;
}

eff_schedule_t *eff_schedule_both(eff_schedule_t *a, eff_schedule_t *b)
{
    return binary(OP_BOTH, "eff_schedule_both", a, b);
}

eff_schedule_t *eff_schedule_either(eff_schedule_t *a, eff_schedule_t *b)
{
    return binary(OP_EITHER, "eff_schedule_either", a, b);
}

/* The two programs with a mark before each of them, and the instruction that ends them. */
eff_schedule_t *eff_schedule_and_then(eff_schedule_t *a, eff_schedule_t *b)
{
    enum { N_MORE = 3 };
    eff_schedule_t *s = is_usable(a) && is_usable(b) ? own(a, b->n + N_MORE) : NULL;
    if (!s) return refuse_two("eff_schedule_and_then", a, b);
    size_t n_a = s->n, n_b = b->n, n = n_a + n_b + N_MORE, words_a = s->n_words, words_b = b->n_words;
    memmove(s->program + 1, s->program, n_a * sizeof *s->program);
    s->program[0] = (struct instruction){
        .op = OP_FIRST, .to_parent = (uint32_t)(n - 1), .n = 1, .n_half = n_a, .n_words = words_a
    };
    s->program[n_a].to_parent = (uint32_t)(n_b + 2);
    s->program[n_a + 1] = (struct instruction){ .op = OP_SECOND,
                                                .to_parent = (uint32_t)(n_b + 1),
                                                .n = 1,
                                                .n_half = n_b,
                                                .n_words = words_b,
                                                .n_before = words_a };
    s->n += 2;
    append(s, b, eff__count_is_one(&eff__header_of(b)->count));
    eff_schedule_decref(b);
    s->program[s->n - 1].to_parent = 1;
    s->program[s->n++] = (struct instruction){ .op = OP_AND_THEN, .n = n };
    s->n_words++;
    return s;
}

/* Adds an instruction that changes the answer of s. Consumes s; without memory NULL, and nothing is consumed. */
static eff_schedule_t *unary(eff_schedule_t *s, struct instruction in)
{
    s = own(s, 1);
    if (!s) return NULL;
    s->program[s->n - 1].to_parent = 1;
    in.n = s->n + 1;
    s->program[s->n++] = in;
    return s;
}

eff_schedule_t *eff_schedule_up_to(eff_schedule_t *s, eff_duration_t limit)
{
    eff_schedule_t *limited = NULL;
    if (is_usable(s)) limited = unary(s, (struct instruction){ .op = OP_UP_TO, .delay = not_negative(limit) });
    if (!limited) {
        if (!s) missing(1, "eff_schedule_up_to");
        return refuse(s, NULL, !s);
    }
    limited->n_words++;
    limited->needs_time = true;
    return limited;
}

eff_schedule_t *eff_schedule_jittered_by(eff_schedule_t *s, double least, double greatest)
{
    eff_schedule_t *changed = NULL;
    if (!(least >= 0)) least = 0; /* NaN too */
    if (!(greatest >= least)) greatest = least;
    if (is_usable(s))
        changed = unary(s, (struct instruction){ .op = OP_JITTERED, .least = least, .greatest = greatest });
    if (!changed) {
        if (!s) missing(1, "eff_schedule_jittered_by");
        return refuse(s, NULL, !s);
    }
    changed->needs_random = true;
    return changed;
}

eff_schedule_t *eff_schedule_jittered(eff_schedule_t *s)
{
    static const double least = 0.8, greatest = 1.2; /* those of ZIO and Effect */
    if (s) return eff_schedule_jittered_by(s, least, greatest);
    missing(1, "eff_schedule_jittered");
    return refuse(NULL, NULL, true);
}

static eff_schedule_t *conditional(enum eff__schedule_op op, const char *builder, eff_schedule_t *s,
                                   eff_predicate_fn holds, eff_value_t env)
{
    eff_schedule_t *changed = NULL;
    if (is_usable(s) && holds && eff__value_usable(env))
        changed = unary(s, (struct instruction){ .op = op, .holds = holds, .env = env });
    if (changed) return changed;
    if (!s || !holds) missing(s ? 2 : 1, builder);
    else if (!env.type) eff__misuse("%s was given an absent value", builder);
    bool oom = eff_is_oom(env), mistaken = !s || !holds || !env.type;
    eff_value_decref(env);
    return refuse(s, oom ? &oom_schedule.payload : NULL, mistaken);
}

eff_schedule_t *eff_schedule_while(eff_schedule_t *s, eff_predicate_fn holds, eff_value_t env)
{
    return conditional(OP_WHILE, "eff_schedule_while", s, holds, env);
}

eff_schedule_t *eff_schedule_until(eff_schedule_t *s, eff_predicate_fn holds, eff_value_t env)
{
    return conditional(OP_UNTIL, "eff_schedule_until", s, holds, env);
}
