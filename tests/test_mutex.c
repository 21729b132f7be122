/* Mutexes; conformance area SEM as far as it is about them. */
#include <stdio.h>

#include "support/permits.h"

/* Counts those inside in n[0], and how often somebody was not alone in n[1]. */
static eff_value_t go_in(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    if (w->n[0]++) w->n[1]++;
    return eff_unit;
}
/* env: pair(the world, the effect) */
static void go_out(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = eff_as_ptr(eff_first(env));
    w->n[0]--;
}
static eff_t *run_second(eff_value_t v, eff_value_t env)
{
    return eff_incref(eff_as_effect(eff_second(env)));
}
static eff_t *alone(struct world *w, eff_t *e)
{
    eff_value_t both = eff_pair(eff_ptr(w), eff_effect_value(e));
    return eff_acquire_use_release(eff_sync(go_in, eff_ptr(w)), run_second, go_out, both);
}
static void never_two_inside(struct world *w)
{
    ck_assert_int_eq(w->n[1], 0);
}

/* ---- one at a time */

static eff_t *worker(struct world *w, eff_mutex_t *m, const char *word)
{
    eff_t *inside = alone(w, in_order(say(w, word), eff_yield_now(), say(w, word)));
    return eff_replicate(eff_then(eff_with_lock(m, inside), eff_yield_now()), 3);
}
static eff_t *workers(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    eff_t *e = eff_all_par(worker(w, m, "a"), worker(w, m, "b"), worker(w, m, "c"));
    return unlocked(m, eff_map_to(e, eff_unit));
}
static void each_is_alone(struct world *w, const eff_exit_t *exit)
{
    ck_assert_str_eq(w->journal, "a a b b c c a a b b c c a a b b c c");
}
/* SEM-025 */
CASE(SEM_025_never_two_inside_and_first_come_first_served, workers, .succeeds = "unit", .invariant = never_two_inside,
     .check = each_is_alone, .without = NO_SHUFFLES /* who is first */)
/* SEM-025 */
CASE(SEM_025_in_any_order, workers, .succeeds = "unit", .invariant = never_two_inside,
     .without = NO_INTERRUPTS | NO_AROUND | NO_FREE | NO_ALLOCATIONS /* the case above */)

static eff_t *by_fibers(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    eff_t *e = eff_with_lock(m, alone(w, eff_yield_now()));
    eff_t *forks = in_order(keep(w, 0, eff_fork(eff_incref(e))), keep(w, 1, eff_fork(eff_incref(e))));
    eff_t *ends = in_order(with_fiber(w, 0, join), with_fiber(w, 1, join), e);
    return unlocked(m, eff_then(forks, ends));
}
CASE(the_same_effect_may_run_in_many_fibers, by_fibers, .succeeds = "unit", .invariant = never_two_inside)

static eff_t *failing_inside(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    eff_t *fails = eff_ignore(eff_with_lock(m, alone(w, eff_then(eff_yield_now(), failing(1)))));
    return unlocked(m, eff_then(fails, eff_with_lock(m, dying())));
}
CASE(it_is_unlocked_however_the_effect_ends, failing_inside, .dies = "boom", .invariant = never_two_inside)

static eff_t *if_free(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    eff_t *nested = eff_with_lock(m, eff_with_lock_if_free(m, one(1)));
    return unlocked(m, eff_zip(nested, eff_with_lock_if_free(m, eff_then(eff_yield_now(), one(2)))));
}
CASE(with_lock_if_free_runs_the_effect_or_does_not_wait, if_free, .succeeds = "(none, some(2))")

static eff_t *handed_over(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    eff_t *holder = keep(w, 0, eff_fork(eff_with_lock(m, await_latch(w, 0))));
    eff_t *waiter = keep(w, 1, eff_fork(eff_with_lock(m, say(w, "waiter"))));
    eff_t *start = in_order(holder, waiter, eff_yield_now(), open_latch(w, 0), eff_yield_now());
    eff_t *third = eff_zip(eff_with_lock_if_free(m, say(w, "third")), with_fiber(w, 1, join));
    return unlocked(m, eff_then(start, third));
}
/* SEM-026 */
CASE(SEM_026_a_lock_that_is_handed_over_is_not_free, handed_over, .succeeds = "(none, unit)", .journal = "waiter",
     .without = NO_SHUFFLES /* the waiter may come too late to wait */)

/* ---- into a scope */

struct locked {
    struct world *w;
    eff_mutex_t *m;
};
static eff_t *locked_step(struct locked *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_mutex_lock_scoped(s->m));
    EFF_AWAIT(alone(s->w, eff_yield_now()));
    EFF_AWAIT(say_time(s->w, "in"));
    EFF_AWAIT(alone(s->w, ms(5)));
    EFF_GEN_END(eff_unit);
}
static void locked_copy(struct locked *s)
{
    (void)eff_mutex_incref(s->m);
}
static void locked_drop(struct locked *s)
{
    eff_mutex_decref(s->m);
}
EFF_DEFINE_GEN(locked, struct locked, locked_step, .copy = locked_copy, .drop = locked_drop);

static eff_t *scoped_locks(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    eff_t *e = eff_scoped(locked((struct locked){ w, eff_mutex_incref(m) }));
    return unlocked(m, eff_map_to(eff_all_par(eff_incref(e), eff_incref(e), e), eff_unit));
}
CASE(a_lock_in_a_scope_is_kept_until_that_closes, scoped_locks, .succeeds = "unit", .journal = "in@0 in@5 in@10",
     .ms = 15, .timed = true, .invariant = never_two_inside)

/* ---- interruption */

static eff_t *fork_locker(struct world *w, int i, eff_mutex_t *m, const char *word)
{
    return keep(w, i, eff_fork(eff_with_lock(m, alone(w, twice(w, word)))));
}

static eff_t *middle_cancelled(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    eff_t *holder = keep(w, 0, eff_fork(eff_with_lock(m, alone(w, ms(9)))));
    eff_t *start = in_order(holder, eff_yield_now(), fork_locker(w, 1, m, "2"), fork_locker(w, 2, m, "3"),
                            fork_locker(w, 3, m, "4"), eff_yield_now());
    eff_t *cancels = in_order(say_interrupt(w, 1), say_interrupt(w, 2), ms(5), say(w, "|"));
    return unlocked(m, in_order(start, cancels, with_fiber(w, 3, join), say_time(w, "end")));
}
/* SEM-024 */
CASE(SEM_024_waiters_that_are_interrupted_do_not_hand_the_lock_over, middle_cancelled, .succeeds = "unit",
     .journal = "interrupt interrupt | 4 4 end@9", .invariant = never_two_inside,
     .without = NO_SHUFFLES /* another may be the holder */)

static eff_t *woken_and_interrupted(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    eff_t *holder = keep(w, 0, eff_fork(eff_with_lock(m, await_latch(w, 0))));
    eff_t *start = in_order(holder, fork_locker(w, 1, m, "never"), fork_locker(w, 2, m, "next"), eff_yield_now());
    eff_t *woken = in_order(open_latch(w, 0), eff_yield_now(), with_fiber(w, 1, interrupt_fork));
    return unlocked(m, in_order(start, woken, say_await(w, 1), with_fiber(w, 2, join)));
}
CASE(a_waiter_that_is_interrupted_as_it_gets_the_lock_leaves_it_to_the_next, woken_and_interrupted, .succeeds = "unit",
     .journal = "next interrupt next", .invariant = never_two_inside,
     .without = NO_SHUFFLES /* it may come too late to wait */)

static eff_t *holder_is_interrupted(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    eff_t *slow = eff_ensuring(eff_never(), eff_then(ms(3), say_time(w, "goodbye")));
    eff_t *start = in_order(keep(w, 0, eff_fork(eff_with_lock(m, alone(w, slow)))), eff_yield_now());
    eff_t *end = in_order(fork_locker(w, 1, m, "b"), with_fiber(w, 0, interrupt_fork), with_fiber(w, 1, join));
    return unlocked(m, eff_then(start, end));
}
CASE(the_lock_is_kept_until_the_interrupted_effect_has_ended, holder_is_interrupted, .succeeds = "unit",
     .journal = "goodbye@3 b b", .invariant = never_two_inside, .without = NO_SHUFFLES /* the other may be first */)

static eff_t *timeout_of_wait(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    eff_t *holder = keep(w, 0, eff_fork(eff_with_lock(m, ms(10))));
    eff_t *impatient = eff_timeout(eff_with_lock(m, one(1)), eff_millis(4));
    eff_t *patient = eff_timeout(eff_with_lock(m, one(2)), eff_millis(10));
    return unlocked(m, in_order(holder, eff_yield_now(), eff_zip(impatient, patient)));
}
CASE(waiting_for_a_lock_can_time_out, timeout_of_wait, .succeeds = "(none, some(2))", .ms = 10, .timed = true,
     .without = NO_SHUFFLES /* the holder may be the second */)

/* ---- mistakes and deadlocks */

static eff_t *locked_twice(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    return unlocked(m, eff_with_lock(m, eff_then(eff_yield_now(), eff_with_lock(m, say(w, "never")))));
}
static void names_itself(struct world *w, const eff_exit_t *exit)
{
    assert_told(exit, "eff_with_lock: the mutex is held by fiber 1 (locked at test_mutex.c:");
    assert_told(exit, "), which would wait for itself: a mutex is not re-entrant");
}
CASE(locking_what_the_fiber_has_locked_is_a_mistake, locked_twice, .dies = "not re-entrant", .check = names_itself,
     .without = NO_AROUND /* it would be another fiber */)

static eff_t *locked_twice_in_scope(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    return unlocked(m, eff_then(eff_mutex_lock_scoped(m), eff_mutex_lock_scoped(m)));
}
static void names_its_scope(struct world *w, const eff_exit_t *exit)
{
    assert_told(exit, "fiber 1 (main) waits for a mutex held by a scope of fiber 1 (locked at test_mutex.c:");
}
CASE(locking_what_a_scope_of_the_fiber_has_waits_for_that, locked_twice_in_scope, .dies = "deadlock",
     .check = names_its_scope)

static eff_t *scoped_within_locked(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    return unlocked(m, eff_with_lock(m, eff_mutex_lock_scoped(m)));
}
CASE(but_a_scope_is_refused_what_the_fiber_has, scoped_within_locked,
     .dies = "eff_mutex_lock_scoped: the mutex is held by fiber ")

static eff_t *named(eff_t *e, const char *name)
{
    return eff_fork_with(e, &(eff_fork_options_t){ .name = name });
}
static eff_t *in_a_circle(struct world *w)
{
    eff_mutex_t *a = eff_mutex_new(), *b = eff_mutex_new();
    eff_t *ab = eff_with_lock(a, yields(eff_with_lock(b, say(w, "never"))));
    eff_t *ba = eff_with_lock(b, yields(eff_with_lock(a, say(w, "never"))));
    eff_t *forks = in_order(keep(w, 0, named(ab, "ada")), keep(w, 1, named(ba, "bob")));
    return unlocked(a, unlocked(b, eff_then(forks, with_fiber(w, 0, join))));
}
static void tells_the_circle(struct world *w, const eff_exit_t *exit)
{
    assert_told(exit, "2 fibers wait for each other:");
    assert_told(exit, "fiber 2 \"ada\" (forked at test_mutex.c:");
    assert_told(exit, "waits for a mutex held by fiber 3 \"bob\" (locked at test_mutex.c:");
    assert_told(exit, "waits for a mutex held by fiber 2 \"ada\" (locked at test_mutex.c:");
}
CASE(two_that_lock_in_different_orders_are_a_deadlock_that_names_both, in_a_circle, .dies = "deadlock",
     .check = tells_the_circle, .without = NO_SHUFFLES /* one may be done before the other begins */)

static eff_t *side_of_the_holder(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    eff_t *sides = eff_zip_par(eff_with_lock(m, say(w, "never")), eff_noop());
    return unlocked(m, eff_with_lock(m, sides));
}
static void tells_the_side(struct world *w, const eff_exit_t *exit)
{
    assert_told(exit, "2 fibers wait for each other:");
    assert_told(exit, "waits for a mutex held by fiber 1 (locked at test_mutex.c:");
}
CASE(a_side_that_locks_what_its_caller_has_locked_is_a_deadlock, side_of_the_holder, .dies = "deadlock",
     .check = tells_the_side)

static eff_t *held_by_a_scope(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    return unlocked(m, eff_then(eff_mutex_lock_scoped(m), eff_zip_par(eff_with_lock(m, eff_noop()), eff_noop())));
}
static void tells_the_scope(struct world *w, const eff_exit_t *exit)
{
    assert_told(exit, "waits for a mutex held by a scope of fiber 1 (locked at test_mutex.c:");
}
CASE(of_a_lock_that_a_scope_has_it_is_told_who_locked_it, held_by_a_scope, .dies = "deadlock", .check = tells_the_scope)

START_TEST(a_dump_names_the_holder)
{
    eff_test_t *t = eff_test_new();
    eff_mutex_t *m = eff_mutex_new();
    (void)eff_test_fork(t, eff_with_lock(m, eff_never()));
    (void)eff_test_fork(t, eff_with_lock(m, eff_noop()));
    eff_test_adjust(t, eff_millis(0));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_runtime_dump(eff_test_runtime(t), &text);
    const char *dump = eff_buffer_text(&text);
    ck_assert_msg(strstr(dump, "waits for a mutex held by fiber 1 (locked at test_mutex.c:"), "%s", dump);
    eff_buffer_done(&text);
    ck_assert(eff_mutex_is_locked(m));
    ck_assert_uint_eq(eff_mutex_waiters(m), 1);
    ck_assert_uint_eq(eff_test_free(t), 2);
    ck_assert(!eff_mutex_is_locked(m));
    ck_assert(!eff_mutex_is_locked(NULL));
    ck_assert_uint_eq(eff_mutex_waiters(NULL), 0);
    eff_mutex_decref(m);
}
END_TEST

/* ---- handles */

static eff_t *no_memory_for_it(struct world *w)
{
    return eff_or_else(eff_mutex_lock_scoped(NULL), eff_with_lock(NULL, eff_noop()));
}
CASE(a_mutex_that_could_not_be_made_is_out_of_memory, no_memory_for_it, .dies = "out of memory")

START_TEST(an_effect_that_is_null_is_a_mistake)
{
    eff_mutex_t *m = eff_mutex_new();
    ck_assert_dies(eff_with_lock(m, NULL), "eff_with_lock");
    ck_assert_dies(eff_with_lock_if_free(m, NULL), "eff_with_lock_if_free");
    eff_mutex_decref(m);
}
END_TEST

START_TEST(a_mutex_of_another_runtime_is_a_mistake)
{
    eff_test_t *t = eff_test_new();
    eff_mutex_t *m = eff_mutex_new();
    (void)eff_test_fork(t, eff_with_lock(m, eff_never()));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_dies(eff_with_lock(m, eff_noop()), "this mutex belongs to another runtime");
    ck_assert_dies(eff_with_lock_if_free(m, eff_noop()), "this mutex belongs to another runtime");
    ck_assert_dies(eff_mutex_lock_scoped(m), "this mutex belongs to another runtime");
    ck_assert_uint_eq(eff_test_free(t), 1);
    ck_assert_succeeds(eff_with_lock(m, eff_noop()), "unit");
    eff_mutex_decref(m);
}
END_TEST

static void note_mistake(const char *message, void *arg)
{
    snprintf(arg, 256, "%s", message);
}
START_TEST(a_value_of_another_type_is_a_mutex_that_is_always_free)
{
    char message[256] = "";
    eff_set_misuse_handler(note_mistake, message);
    eff_mutex_t *dummy = eff_as_mutex(eff_int(1));
    ck_assert_ptr_nonnull(strstr(message, "mutex"));
    eff_set_misuse_handler(NULL, NULL);
    eff_t *both = eff_with_lock(dummy, eff_with_lock(dummy, eff_noop()));
    ck_assert_succeeds(eff_then(eff_mutex_lock_scoped(dummy), both), "unit");
}
END_TEST

START_TEST(a_mutex_is_a_value)
{
    eff_value_t v = eff_mutex_value(eff_mutex_new());
    eff_mutex_t *m = eff_mutex_incref(eff_as_mutex(v));
    eff_value_decref(v);
    ck_assert_succeeds(eff_with_lock(m, eff_noop()), "unit");
    eff_mutex_decref(m);
    ck_assert(eff_is_oom(eff_mutex_value(NULL)));
}
END_TEST

TESTS(SEM_025_never_two_inside_and_first_come_first_served, SEM_025_in_any_order,
      the_same_effect_may_run_in_many_fibers, it_is_unlocked_however_the_effect_ends,
      with_lock_if_free_runs_the_effect_or_does_not_wait, SEM_026_a_lock_that_is_handed_over_is_not_free,
      a_lock_in_a_scope_is_kept_until_that_closes, SEM_024_waiters_that_are_interrupted_do_not_hand_the_lock_over,
      a_waiter_that_is_interrupted_as_it_gets_the_lock_leaves_it_to_the_next,
      the_lock_is_kept_until_the_interrupted_effect_has_ended, waiting_for_a_lock_can_time_out,
      locking_what_the_fiber_has_locked_is_a_mistake, locking_what_a_scope_of_the_fiber_has_waits_for_that,
      but_a_scope_is_refused_what_the_fiber_has, two_that_lock_in_different_orders_are_a_deadlock_that_names_both,
      a_side_that_locks_what_its_caller_has_locked_is_a_deadlock, of_a_lock_that_a_scope_has_it_is_told_who_locked_it,
      a_dump_names_the_holder, a_mutex_that_could_not_be_made_is_out_of_memory, an_effect_that_is_null_is_a_mistake,
      a_mutex_of_another_runtime_is_a_mistake, a_value_of_another_type_is_a_mutex_that_is_always_free,
      a_mutex_is_a_value)
