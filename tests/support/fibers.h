/* For tests of fibers: shorthands for handles, latches and sleeping, and a run that hears of unobserved failures. */
#ifndef TESTS_SUPPORT_FIBERS_H
#define TESTS_SUPPORT_FIBERS_H

#include <string.h>

#include "runtime/runtime.h"
#include "support/case.h"
#include "support/harness.h"

/* ---- handles, for with_fiber */

static inline eff_t *join(eff_fiber_t *fiber)
{
    return eff_fiber_join(fiber);
}
static inline eff_t *await(eff_fiber_t *fiber)
{
    return eff_fiber_await(fiber);
}
static inline eff_t *interrupt(eff_fiber_t *fiber)
{
    return eff_fiber_interrupt(fiber);
}
static inline eff_t *interrupt_fork(eff_fiber_t *fiber)
{
    return eff_fiber_interrupt_fork(fiber);
}

/* The exit that an await or interrupt succeeded with, as a word of the journal. */
static inline eff_value_t say_word_of(eff_value_t exit, eff_value_t env)
{
    journal_add(eff_as_ptr(env), word_of(eff_as_exit(exit)));
    return eff_unit;
}
static inline eff_t *say_await(struct world *w, int i)
{
    return eff_map(with_fiber(w, i, await), say_word_of, eff_ptr(w));
}
static inline eff_t *say_interrupt(struct world *w, int i)
{
    return eff_map(with_fiber(w, i, interrupt), say_word_of, eff_ptr(w));
}

/* ---- one after another */

/* NULL ends the list. */
static inline eff_t *in_order_(eff_t *const *effects)
{
    eff_t *e = *effects++;
    while (*effects)
        e = eff_then(e, *effects++);
    return e;
}
#define in_order(...) in_order_((eff_t *const[]){ __VA_ARGS__, NULL })

/* ---- latches: w->deferreds[i], opened once */

static inline eff_deferred_t *latch(struct world *w, int i)
{
    if (!w->deferreds[i]) w->deferreds[i] = eff_deferred_new();
    return w->deferreds[i];
}
static inline eff_t *await_latch(struct world *w, int i)
{
    return eff_deferred_await(latch(w, i));
}
static inline eff_t *open_latch(struct world *w, int i)
{
    return eff_deferred_succeed(latch(w, i), eff_unit);
}

/* ---- shapes of sides */

static inline eff_t *ms(int64_t n)
{
    return eff_sleep(eff_millis(n));
}
static inline eff_t *after(int64_t n, eff_t *e)
{
    return eff_delay(e, eff_millis(n));
}
static inline eff_t *yields(eff_t *e)
{
    return eff_then(eff_yield_now(), e);
}
static inline eff_t *one(int64_t n)
{
    return eff_succeed(eff_int(n));
}
static inline eff_t *failing(int64_t n)
{
    return eff_fail(eff_int(n));
}
static inline eff_t *dying(void)
{
    return eff_die(eff_literal("boom"));
}
static inline eff_t *says_word(const eff_exit_t *exit, eff_value_t env)
{
    return eff_incref(eff_as_effect(env));
}
/* Runs `then` when e is interrupted. */
static inline eff_t *when_interrupted(eff_t *e, eff_t *then)
{
    return eff_on_interrupt(e, says_word, eff_effect_value(then));
}
static inline eff_t *waits_here(eff_value_t v, eff_value_t env)
{
    return eff_never();
}
/* Acquires `name`, then waits for ever; releases when it is ended. */
static inline eff_t *holds(struct world *w, const char *name)
{
    return eff_acquire_use_release(acquire(w, name), waits_here, release, eff_ptr(w));
}

/* ---- a service that is a label, which tells whose context it is */

static const eff_tag_t label_tag = { .name = "label" };
static inline eff_value_t say_label_of(eff_value_t context, eff_value_t env)
{
    eff_value_t label = eff_context_get(eff_as_context(context), &label_tag);
    journal_add(eff_as_ptr(env), label.type ? eff_as_string(label) : "nobody");
    return eff_unit;
}
static inline eff_t *say_label(struct world *w)
{
    return eff_map(eff_context(), say_label_of, eff_ptr(w));
}
static inline eff_t *labelled(eff_t *e, const char *label)
{
    return eff_provide_context(e, eff_context_add(eff_context_empty(), &label_tag, eff_literal(label)));
}

/* ---- unobserved failures */

static inline void note_unobserved(const eff_fiber_t *fiber, const eff_cause_t *cause, void *arg)
{
    eff_exit_t exit = { .ok = false, .cause = (eff_cause_t *)(uintptr_t)cause };
    char word[256];
    snprintf(word, sizeof word, "unobserved(%s)", word_of(&exit));
    journal_add(arg, word);
}

/* Runs the program under TestClock, with the failures nobody asked for in the journal; then says its exit and shuts the
 * runtime down. */
static inline void run_observing(struct world *w, eff_t *(*program)(struct world *w))
{
    memset(w, 0, sizeof *w);
    w->test = eff_test_new();
    eff_runtime_t *rt = eff_test_runtime(w->test);
    rt->options.on_unobserved = note_unobserved;
    rt->options.arg = w;
    eff_fiber_t *main_fiber = eff_test_fork(w->test, program(w));
    eff_test_adjust(w->test, eff_seconds(3600));
    ck_assert_ptr_nonnull(eff_fiber_poll(main_fiber));
    journal_add(w, word_of(eff_fiber_poll(main_fiber)));
    for (int i = 0; i < 8; i++) {
        eff_fiber_decref(w->fibers[i]);
        if (i < 4) eff_deferred_decref(w->deferreds[i]);
    }
    (void)eff_test_free(w->test);
}

#endif
