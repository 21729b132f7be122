/* For tests of loops: how far to go, and what is said on the way. */
#ifndef TESTS_SUPPORT_SEQUENCE_H
#define TESTS_SUPPORT_SEQUENCE_H

#include "core/memory.h"
#include "support/failing_allocator.h"
#include "support/fibers.h"

static inline struct world *the_world(eff_value_t env)
{
    return eff_as_ptr(env);
}

/* The number as a word. */
static inline eff_value_t say_number(eff_value_t env)
{
    char word[32];
    snprintf(word, sizeof word, "%d", (int)eff_as_int(eff_second(env)));
    journal_add(the_world(eff_first(env)), word);
    return eff_unit;
}
/* Says the number, then runs e. */
static inline eff_t *saying(eff_value_t env, int64_t n, eff_t *e)
{
    return eff_then(eff_sync(say_number, eff_pair(env, eff_int(n))), e);
}

static inline eff_t *interrupt_after(struct world *w, int64_t n, eff_t *e)
{
    return in_order(keep(w, 0, eff_fork(e)), ms(n), say_interrupt(w, 0), say_time(w, "end"));
}

/* One description, run again and at the same time. */
static inline eff_t *twice_and_at_once(eff_t *e)
{
    eff_t *same = eff_incref(e), *third = eff_incref(e);
    return eff_zip(e, eff_zip_par(same, third));
}

/* ---- when, unless */

static inline eff_t *yields_bool(bool b)
{
    return yields(eff_succeed(eff_bool(b)));
}

/* ---- iterate, loop_while */

static inline eff_t *null_step(eff_value_t v, eff_value_t env)
{
    return NULL;
}

static inline eff_t *tick(eff_value_t v, eff_value_t env)
{
    return saying(env, eff_as_int(v), after(10, one(eff_as_int(v) + 1)));
}

static inline eff_t *fail_if_3(eff_value_t v, eff_value_t env)
{
    return eff_as_int(v) == 3 ? eff_fail(eff_value_incref(v)) : eff_succeed(eff_value_incref(v));
}

/* ---- items that are not counted */

struct counter {
    int64_t at;
};
EFF_STATIC_TYPE(counter, struct counter);

#endif
