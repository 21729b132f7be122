/* Programs drawn by lot from everything that forks, waits, masks, finishes and gives up, and each of them swept. Nothing
 * is known of how they end; but whatever is done to them, what they acquired is released, and nothing is left. A program
 * is given by its number: EFF_REPLAY names it, and EFF_TEST_SEED begins with another one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/drawn_layers.h"
#include "support/drawn_scopes.h"

enum {
    N_PROGRAMS = 40,
    SAMPLE = 4, /* percent of the injections that a case has; there are many programs */
    DEPTH = 5
};

static uint64_t program_number; /* of the program that is built next */
static eff_value_t handles;     /* that it asks for; borrowed */
static uint64_t n_called;       /* callbacks that chose */

/* ---- handles that may not be there yet */

struct on_fiber {
    struct world *w;
    int i;
    eff_t *(*f)(eff_fiber_t *fiber);
};
EFF_STATIC_TYPE(on_fiber, struct on_fiber);

static eff_t *if_there(eff_value_t env)
{
    const struct on_fiber *o = on_fiber_of(env);
    eff_fiber_t *fiber = o->w->fibers[o->i];
    return fiber ? o->f(fiber) : eff_yield_now();
}
static eff_t *to_fiber(struct world *w, eff_t *(*f)(eff_fiber_t *fiber))
{
    return eff_suspend(if_there, EFF_ENV(on_fiber, .w = w, .i = (int)below(4), .f = f));
}

/* ---- parts with callbacks: the effect is in env */

static eff_t *again(eff_value_t v, eff_value_t env)
{
    return eff_incref(eff_as_effect(env));
}
static eff_t *instead(const eff_cause_t *cause, eff_value_t env)
{
    return eff_incref(eff_as_effect(env));
}
static eff_t *restored(eff_restore_t restore, eff_value_t env)
{
    return eff_then(eff_yield_now(), eff_restore(restore, eff_incref(eff_as_effect(env))));
}
static eff_t *restored_and_on(eff_restore_t restore, eff_value_t env)
{
    return eff_then(eff_catch_cause(eff_restore(restore, eff_incref(eff_as_effect(env))), instead,
                                    eff_effect_value(one(1))),
                    one(2));
}
struct using
{
    struct world *w;
    eff_t *use;
};
static void using_clear(struct using *u)
{
    eff_decref(u->use);
}
EFF_STATIC_TYPE(using, struct using, .drop = using_clear);

static eff_t *use(eff_value_t resource, eff_value_t env)
{
    return eff_incref(using_of(env)->use);
}
static void release_used(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    release(resource, exit, eff_ptr(using_of(env)->w));
}
static eff_t *bracket(struct world *w, eff_t *got, eff_t *e)
{
    return eff_acquire_use_release(got, use, release_used, EFF_ENV(using, .w = w, .use = e));
}

/* A resource, at once or after a while. */
static eff_t *got(struct world *w)
{
    eff_t *e = acquire(w, "r");
    switch (below(3)) {
    case 0: return yields(e);
    case 1: return after(below(3), e);
    default: return e;
    }
}

/* The same, where an acquire that takes long may be interrupted. */
static eff_t *waits_for_it(struct world *w, eff_t *e)
{
    return eff_acquire_interruptible(eff_then(e, eff_uninterruptible(got(w))));
}

static eff_queue_t *queue_of(struct world *w)
{
    if (!w->queue) w->queue = eff_queue_bounded(1);
    return w->queue;
}

/* ---- the grammar */

static eff_t *leaf(struct world *w)
{
    switch (below(16)) {
    case 0: return failing(7);
    case 1: return dying();
    case 2: return ms(below(4));
    case 3: return eff_never();
    case 4: return await_latch(w, (int)below(2));
    case 5: return open_latch(w, (int)below(2));
    case 6: return eff_queue_offer(queue_of(w), eff_int(1));
    case 7: return eff_queue_take(queue_of(w));
    case 8: return to_fiber(w, join);
    case 9: return to_fiber(w, await);
    case 10: return to_fiber(w, interrupt);
    case 11: return to_fiber(w, interrupt_fork);
    case 12: return below(4) ? eff_yield_now() : eff_interrupt_self();
    case 13: return eff_yield_now();
    case 14: return count(w, 0);
    default: return one(1);
    }
}

static eff_t *any(struct world *w, unsigned depth); /* NOLINT(misc-no-recursion): of a bounded depth */

static eff_t *around(struct world *w, eff_t *e) /* something with one part */
{
    int i = (int)below(4);
    switch (below(21)) {
    case 0: return eff_ensuring(e, yields(count(w, 1)));
    case 1: return when_interrupted(e, ms(1));
    case 2: return eff_uninterruptible(e);
    case 3: return eff_uninterruptible_mask(restored, eff_effect_value(e));
    case 4: return eff_uninterruptible_mask(restored_and_on, eff_effect_value(e));
    case 5: return eff_interruptible(e);
    case 6: return bracket(w, got(w), e);
    case 7: return eff_then(eff_acquire_release(got(w), release, eff_ptr(w)), e);
    case 8: return eff_scoped(e);
    case 9: return eff_timeout(e, eff_millis(below(4)));
    case 10: return keep(w, i, eff_fork(e));
    case 11: return keep(w, i, eff_fork_scoped(e));
    case 12: return keep(w, i, eff_fork_daemon(e));
    case 13: return eff_disconnect(e);
    case 14: return eff_retry(e, eff_schedule_recurs(2));
    case 15: return eff_to_exit(e);
    case 16: return eff_catch_cause(e, instead, eff_effect_value(one(3)));
    case 17:
        return eff_for_each_par(eff_array(3, (eff_value_t[]){ eff_int(1), eff_int(2), eff_int(3) }), again,
                                eff_effect_value(e), below(3));
    case 18: return bracket(w, waits_for_it(w, e), one(1));
    case 19: return eff_acquire_release(waits_for_it(w, e), release, eff_ptr(w));
    default: return eff_ensuring(eff_then(eff_yield_now(), e), failing(9));
    }
}

/* In a callback: by how often one was called, which the program alone decides, and so the same in every run. */
static unsigned below_now(void)
{
    return (unsigned)(program_number + n_called++) % 5;
}

static eff_t *sleep_one(eff_value_t v, eff_value_t env)
{
    return ms(1);
}

static eff_t *join_all_of(eff_value_t fibers, eff_value_t env)
{
    return eff_fiber_join_all(eff_value_incref(fibers));
}

static eff_t *task(eff_task_group_t *group, eff_value_t env)
{
    eff_t *fork = eff_task_group_fork(group, eff_incref(eff_as_effect(env)));
    switch (below_now()) {
    case 0: return eff_then(fork, ms(1));
    case 1: return eff_then(fork, eff_task_group_stop(group));
    case 2: return eff_then(fork, eff_task_group_cancel(group));
    case 3: return eff_then(fork, eff_task_group_fork(group, failing(5)));
    default: return fork;
    }
}

static eff_t *beats(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    switch (below_now()) {
    case 0: return eff_fiber_join(loser);
    case 1: return eff_fiber_await(loser);
    case 2: return eff_fiber_interrupt(loser);
    default: return one(4);
    }
}

static eff_t *take_two(eff_value_t results, eff_value_t env)
{
    return eff_for_each(eff_value_incref(results), sleep_one, eff_unit);
}

static eff_value_t three(void)
{
    return EFF_ARRAY(eff_int(1), eff_int(2), eff_int(3));
}

static eff_t *structured(struct world *w,
                         eff_t *e) /* the same, where who is in charge may be asked to stop, or decides */
{
    eff_lifetime_t lifetimes[] = { EFF_LIFETIME_REGION, EFF_LIFETIME_SCOPE, EFF_LIFETIME_RUNTIME };
    eff_fork_options_t options = { .lifetime = lifetimes[below(3)], .start_immediately = below(2) };
    switch (below(11)) {
    case 0: return eff_shield(e);
    case 1: return eff_graceful(e, eff_millis(below(4)));
    case 2: return eff_graceful(eff_unless_stopped(e), eff_millis(below(4)));
    case 3: return eff_task_group(task, eff_effect_value(e));
    case 4: return eff_task_group_within(eff_millis(below(4)), task, eff_effect_value(e));
    case 5: return keep(w, (int)below(4), eff_fork_with(e, &options));
    case 6: return eff_race_with(e, leaf(w), beats, beats, eff_unit);
    case 7: return eff_as_completed(three(), again, take_two, eff_effect_value(e), below(3));
    case 8: return eff_within(e, eff_millis(below(4)));
    case 9: return eff_for_each_par_exits(three(), again, eff_effect_value(e), below(3));
    default: return eff_flat_map(eff_fork_all(e, leaf(w)), join_all_of, eff_unit);
    }
}

static eff_t *between(eff_t *a, eff_t *b) /* something with two */
{
    switch (below(6)) {
    case 0: return eff_zip_par(a, b);
    case 1: return eff_race(a, b);
    case 2: return eff_race_first(a, b);
    case 3: return eff_ensuring(a, b);
    default: return eff_then(a, b);
    }
}

static eff_t *any(struct world *w, unsigned depth) /* NOLINT(misc-no-recursion): of a bounded depth */
{
    unsigned what = below(13);
    if (depth == 0 || what == 0) return below(4) ? leaf(w) : scope_leaf(handles);
    eff_t *e = any(w, depth - 1);
    if (what < 4) return around(w, e);
    if (what < 6) return structured(w, e);
    if (what < 8) return layer_around(e);
    if (what < 11) return scope_around(handles, e);
    return between(e, any(w, depth - 1));
}

static eff_t *drawn(struct world *w)
{
    draw_state = program_number * 2654435769u + 12345;
    (void)below(2);
    n_called = 0;
    world = w;
    eff_value_t kept = drawn_scopes_make((struct drawn_scopes){ 0 });
    if (eff_is_oom(kept)) return eff_succeed(kept);
    handles = kept;
    eff_t *first = any(w, DEPTH), *second = any(w, DEPTH);
    eff_value_decref(kept);
    return eff_then(first, second);
}

/* Only what every run is judged by. */
static void however(struct world *w, const eff_exit_t *exit) {}

START_TEST(whatever_is_done_to_a_program_nothing_is_left)
{
    static const struct expectation expected = { .check = however, .without = ANY_EXIT };
    const char *from = getenv("EFF_TEST_SEED");
    uint64_t first = from ? strtoull(from, NULL, 10) : 0;
    const char *replay = getenv("EFF_REPLAY");
    if (replay && sscanf(replay, "test=random/%" SCNu64, &program_number) == 1) {
        char name[64];
        snprintf(name, sizeof name, "random/%" PRIu64, program_number);
        sweep(name, drawn, &expected, SAMPLE);
        return;
    }
    long n = test_scaled(N_PROGRAMS);
    for (long i = 0; i < n; i++) {
        char name[64];
        program_number = first + (uint64_t)i;
        snprintf(name, sizeof name, "random/%" PRIu64, program_number);
        sweep(name, drawn, &expected, SAMPLE);
    }
}
END_TEST

TESTS(whatever_is_done_to_a_program_nothing_is_left)
