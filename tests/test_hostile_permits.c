/* Semaphores, mutexes and conditions under hostile orders: handed over to who is interrupted at that moment, resized and
 * given back in finalizers, held by scopes that others close, freed under their users, and with budgets of a few
 * instructions. */
#include <effect/condition.h>
#include <pthread.h>

#include "support/permits.h"

/* ---- hand-over */

static eff_t *three_in_line(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(1);
    eff_t *start = keep(w, 0, eff_fork(eff_with_permits(s, 1, ms(5))));
    for (int i = 1; i < 4; i++)
        start = in_order(start, eff_yield_now(), keep(w, i, eff_fork(eff_with_permits(s, 1, say(w, "last")))));
    eff_t *end = in_order(ms(1), with_fiber(w, 1, interrupt_fork), with_fiber(w, 0, interrupt_fork),
                          with_fiber(w, 2, interrupt_fork), with_fiber(w, 3, join));
    return balanced(s, 1, eff_then(start, end));
}
CASE(a_permit_passes_those_who_are_interrupted_as_it_reaches_them, three_in_line, .succeeds = "unit", .journal = "last",
     .without = NO_SHUFFLES /* another may be in the line's place */)

static eff_t *last_moment(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(1);
    eff_t *holder = keep(w, 0, eff_fork(eff_with_permits(s, 1, ms(5))));
    eff_t *in_time = eff_timeout(eff_with_permits(s, 1, eff_then(eff_yield_now(), one(1))), eff_millis(5));
    eff_t *e = in_order(holder, eff_yield_now(), eff_zip_par(in_time, eff_with_permits(s, 1, one(2))));
    return balanced(s, 1, eff_map_to(e, eff_unit));
}
CASE(a_permit_that_comes_with_the_timeout_is_not_lost, last_moment, .succeeds = "unit", .ms = 5, .timed = true,
     .without = NO_SHUFFLES /* they may come before the holder */)

static eff_t *raced(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    eff_t *both = eff_race(eff_with_permits(s, 2, ms(1)), eff_with_permits(s, 1, ms(2)));
    eff_t *nested = eff_race(eff_with_permits(s, 1, eff_with_permits(s, 2, ms(1))), ms(3));
    eff_t *by_hand = eff_race(eff_scoped(eff_then(eff_semaphore_acquire_scoped(s, 2), eff_never())),
                              eff_with_permits(s, 0, eff_noop()));
    return balanced(s, 2, in_order(both, nested, by_hand, eff_with_permits(s, 2, eff_noop())));
}
CASE(permits_across_a_race_come_back_whoever_wins, raced, .succeeds = "unit")

static eff_t *beyond(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(3);
    eff_t *e = eff_with_permits(s, 2, eff_with_permits(s, 1, eff_with_permits(s, 3, say(w, "never"))));
    return balanced(s, 3, eff_then(eff_timeout(e, eff_millis(1)), eff_with_permits(s, 3, say(w, "all"))));
}
CASE(who_wants_more_inside_than_is_left_waits_and_gives_all_back, beyond, .succeeds = "unit", .journal = "all")

static eff_t *in_finalizers(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    eff_t *taken = in_order(eff_semaphore_acquire(s, 2), eff_ensuring(eff_never(), eff_semaphore_release(s, 2)));
    eff_t *waits = eff_with_permits(s, 2, eff_ensuring(say(w, "in"), eff_with_permits(s, 0, eff_yield_now())));
    eff_t *start = in_order(keep(w, 0, eff_fork(taken)), eff_yield_now(), keep(w, 1, eff_fork(waits)), ms(1));
    return balanced(s, 2, in_order(start, say_interrupt(w, 0), with_fiber(w, 1, join)));
}
CASE(a_finalizer_gives_back_to_those_who_wait, in_finalizers, .succeeds = "unit", .journal = "in interrupt",
     .without = NO_SHUFFLES /* the second may be first */ | NO_INTERRUPTS | NO_AROUND | NO_FREE |
                NO_ALLOCATIONS /* between taking and ensuring nobody gives back */)

static eff_t *finalizer_takes(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    eff_t *last = eff_with_lock(m, eff_then(ms(1), say(w, "cleaned")));
    eff_t *e = eff_ensuring(eff_with_lock(m, eff_never()), last);
    eff_t *start = in_order(keep(w, 0, eff_fork(e)), eff_yield_now(), keep(w, 1, eff_fork(eff_with_lock(m, ms(1)))));
    return unlocked(m, in_order(start, eff_yield_now(), say_interrupt(w, 0), with_fiber(w, 1, join)));
}
CASE(a_finalizer_waits_for_the_lock_like_anybody, finalizer_takes, .succeeds = "unit", .journal = "cleaned interrupt")

/* ---- resizing under those who wait */

static eff_t *none_left(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    eff_t *start = in_order(keep(w, 0, eff_fork(eff_with_permits(s, 2, ms(2)))), eff_yield_now(),
                            keep(w, 1, eff_fork(eff_with_permits(s, 2, say_time(w, "two")))),
                            keep(w, 2, eff_fork(eff_with_permits(s, 1, say_time(w, "one")))), ms(1));
    eff_t *sizes = eff_ensuring(in_order(eff_semaphore_resize(s, 0), ms(3), eff_semaphore_resize(s, 1), ms(3)),
                                eff_semaphore_resize(s, 2));
    return balanced(s, 2, in_order(start, sizes, with_fiber(w, 1, join), with_fiber(w, 2, join)));
}
CASE(with_none_left_all_wait_until_there_are_enough, none_left, .succeeds = "unit", .journal = "two@7 one@7",
     .without = NO_SHUFFLES /* others may be first */ | NO_FREE /* its number stays */)

static eff_t *shrunk_and_left(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(3);
    eff_t *start = in_order(keep(w, 0, eff_fork(eff_with_permits(s, 1, eff_never()))), eff_yield_now(),
                            keep(w, 1, eff_fork(eff_with_permits(s, 3, say(w, "never")))), eff_yield_now(),
                            keep(w, 2, eff_fork(eff_with_permits(s, 1, say(w, "small")))), eff_yield_now());
    eff_t *shrink = eff_ensuring(in_order(eff_semaphore_resize(s, 2), say_interrupt(w, 1), with_fiber(w, 2, join)),
                                 eff_semaphore_resize(s, 3));
    return balanced(s, 3, in_order(start, shrink, say_interrupt(w, 0)));
}
CASE(who_can_have_no_more_what_it_wants_leaves_for_those_behind, shrunk_and_left, .succeeds = "unit",
     .journal = "small interrupt interrupt",
     .without = NO_SHUFFLES /* the big one may be first */ | NO_FREE /* its number stays */)

/* ---- scopes that others close */

static eff_t *hold_in(eff_value_t scope, eff_value_t mutex)
{
    eff_scope_t *s = eff_as_scope(scope);
    eff_mutex_t *m = eff_as_mutex(mutex);
    eff_t *holder = eff_fork_daemon(eff_scope_extend(eff_mutex_lock_scoped(m), s));
    eff_t *waits = eff_fork(eff_scoped(eff_then(eff_mutex_lock_scoped(m), ms(1))));
    eff_t *start = in_order(holder, eff_yield_now(), waits, eff_yield_now());
    eff_t *close = eff_scope_close(s, eff_exit_succeed(eff_unit));
    return eff_ensuring(start, in_order(eff_zip_par(eff_incref(close), close), eff_with_lock(m, eff_noop())));
}
static eff_t *closed_by_another(struct world *w)
{
    eff_mutex_t *m = eff_mutex_new();
    eff_t *e = eff_flat_map(eff_scope_make(EFF_SCOPE_SEQUENTIAL), hold_in, eff_mutex_value(eff_mutex_incref(m)));
    return unlocked(m, eff_map_to(e, eff_unit));
}
CASE(a_lock_of_a_scope_is_given_back_by_whoever_closes_that, closed_by_another, .succeeds = "unit",
     .without = NO_FREE /* the scope is nobody's between being made and held */ | NO_SHUFFLES | NO_INTERRUPTS |
                NO_AROUND | NO_ALLOCATIONS)

static eff_t *closed_meanwhile(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(1);
    eff_t *scope = eff_scoped(
        in_order(eff_semaphore_acquire_scoped(s, 1),
                 eff_map_to(eff_fork_scoped(eff_scoped(eff_then(eff_semaphore_acquire_scoped(s, 1), eff_never()))),
                            eff_unit),
                 eff_yield_now()));
    return balanced(s, 1, in_order(scope, eff_with_permits(s, 1, say(w, "free"))));
}
CASE(a_scope_may_close_over_one_that_waits_for_its_permit, closed_meanwhile, .succeeds = "unit", .journal = "free")

/* ---- conditions */

static eff_t *over(eff_condition_t *c, eff_t *e)
{
    eff_condition_decref(c);
    return e;
}
static eff_t *notified_and_interrupted(struct world *w)
{
    eff_condition_t *c = eff_condition_new();
    eff_t *notifier = eff_ensuring(eff_never(), eff_map_to(eff_condition_notify(c, 1), eff_unit));
    eff_t *first = keep(w, 1, eff_fork(eff_condition_wait(c)));
    eff_t *second = keep(w, 2, eff_fork(eff_then(eff_condition_wait(c), say(w, "second"))));
    eff_t *start = in_order(keep(w, 0, eff_fork(notifier)), ms(1), first, ms(1), second, ms(1));
    eff_t *end = in_order(with_fiber(w, 0, interrupt_fork), with_fiber(w, 1, interrupt_fork), with_fiber(w, 0, await),
                          with_fiber(w, 2, join), say_await(w, 1));
    return over(c, eff_map_to(eff_then(start, end), eff_unit));
}
CASE(a_notification_of_a_finalizer_passes_one_that_is_interrupted, notified_and_interrupted, .succeeds = "unit",
     .journal = "second interrupt", .without = NO_BUDGETS /* it may have had its turn */)

struct looker {
    eff_condition_t *c;
    int64_t *n;
    int64_t enough;
};
EFF_STATIC_TYPE(looker, struct looker);
static bool notifying(eff_value_t env)
{
    const struct looker *l = looker_of(env);
    if (*l->n < l->enough) {
        ++*l->n;
        (void)eff_condition_notified(l->c);
    }
    return *l->n >= l->enough;
}
static eff_t *predicates_notify(struct world *w)
{
    eff_condition_t *c = eff_condition_new();
    eff_t *e = eff_condition_wait_until(c, notifying, looker_make((struct looker){ c, &w->n[0], 40 }));
    eff_t *all = eff_all_par(eff_incref(e), eff_incref(e), eff_incref(e), e, after(1, eff_condition_notify_all(c)));
    return over(c, eff_map_to(all, eff_unit));
}
CASE(what_is_waited_for_may_notify_as_it_is_looked_at, predicates_notify, .succeeds = "unit")

static bool gives_up(eff_value_t env)
{
    const struct looker *l = looker_of(env);
    if (++*l->n == 1) eff_condition_decref(l->c);
    return *l->n > 1;
}
static eff_t *gives_up_the_condition(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_condition_t *c = eff_condition_new();
    if (!c) return eff_out_of_memory();
    eff_t *notify = after(1, eff_condition_notify_all(c));
    eff_t *e = eff_condition_wait_until(c, gives_up, looker_make((struct looker){ c, &w->n[0], 0 }));
    return eff_zip_par(e, notify);
}
static eff_t *predicate_gives_up(struct world *w)
{
    return eff_map_to(eff_flat_map(eff_noop(), gives_up_the_condition, eff_ptr(w)), eff_unit);
}
CASE(what_is_waited_for_may_give_up_the_condition, predicate_gives_up, .succeeds = "unit",
     .without = NO_INTERRUPTS | NO_AROUND | NO_FREE | NO_ALLOCATIONS /* then nobody gives it up */)

/* ---- budgets of a few instructions */

static bool is_free(eff_value_t env)
{
    return *(int64_t *)eff_as_ptr(env) == 0;
}
static eff_t *enter(eff_value_t v, eff_value_t env)
{
    int64_t *inside = eff_as_ptr(env);
    if (*inside) return eff_die(eff_literal("two are inside"));
    ++*inside;
    return ms(1);
}
static eff_t *leave(eff_value_t v, eff_value_t env)
{
    --*(int64_t *)eff_as_ptr(env);
    return eff_noop();
}
static eff_t *one_by_one(eff_condition_t *c, int64_t *inside)
{
    eff_t *e = eff_condition_wait_until(c, is_free, eff_ptr(inside));
    e = eff_flat_map(eff_flat_map(e, enter, eff_ptr(inside)), leave, eff_ptr(inside));
    return eff_map_to(eff_then(e, eff_condition_notify_all(c)), eff_unit);
}
START_TEST(what_was_waited_for_still_holds_with_any_budget)
{
    for (unsigned budget = 1; budget < 100; budget++) {
        int64_t inside = 0;
        eff_condition_t *c = eff_condition_new();
        eff_t *e = one_by_one(c, &inside);
        e = eff_all_par(eff_incref(e), eff_incref(e), eff_incref(e), e);
        eff_exit_t exit = eff_test_run_with(&(eff_test_options_t){ .budget = budget }, eff_map_to(e, eff_unit));
        ck_assert_exit(exit, "ok(unit)");
        eff_condition_decref(c);
    }
}
END_TEST

static eff_t *(*const programs[])(struct world *w) = {
    three_in_line,     last_moment,        raced, beyond, in_finalizers, finalizer_takes, none_left, shrunk_and_left,
    closed_by_another, closed_meanwhile,

    predicates_notify, predicate_gives_up,
};
START_TEST(with_budgets_of_a_few_instructions_all_is_as_usual)
{
    for (unsigned budget = 1; budget <= 7; budget++) {
        for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
            struct world w = { 0 };
            w.test = eff_test_new_with(&(eff_test_options_t){ .budget = budget });
            eff_fiber_t *f = eff_test_fork(w.test, programs[i](&w));
            eff_test_adjust(w.test, eff_seconds(1));
            const eff_exit_t *exit = eff_fiber_poll(f);
            ck_assert_msg(exit && exit->ok, "program %zu with a budget of %u: %s", i, budget,
                          exit ? shape_of(exit) : "runs");
            for (size_t k = 0; k < 8; k++)
                eff_fiber_decref(w.fibers[k]);
            ck_assert_uint_eq(eff_test_free(w.test), 0);
        }
    }
}
END_TEST

/* ---- several runtimes, and threads */

static void fork_on(eff_runtime_t *rt, eff_t *e)
{
    ck_assert_int_eq(eff_runtime_fork(rt, e, NULL, NULL, NULL), 0);
}
static void run_on(eff_runtime_t *rt, eff_t *e, const char *shape)
{
    eff_exit_t exit = eff_runtime_run(rt, e);
    ck_assert_str_eq(shape_of(&exit), shape);
    eff_exit_decref(exit);
}
START_TEST(what_a_freed_runtime_held_is_free_for_the_next)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    eff_mutex_t *m = eff_mutex_new();
    eff_condition_t *c = eff_condition_new();
    for (int i = 0; i < 3; i++) {
        struct world w = { 0 };
        eff_runtime_t *rt = eff_runtime_new(NULL), *other = eff_runtime_new(NULL);
        fork_on(rt, eff_with_lock(m, eff_with_permits(s, 2, eff_never())));
        fork_on(rt, eff_with_permits(s, 1, eff_with_lock(m, say(&w, "never"))));
        fork_on(rt, eff_scoped(eff_then(eff_mutex_lock_scoped(m), say(&w, "never"))));
        fork_on(rt, eff_ensuring(eff_condition_wait(c), say(&w, "never")));
        fork_on(rt, eff_then(eff_semaphore_acquire_scoped(s, 2), say(&w, "never")));
        run_on(rt, eff_map_to(eff_replicate(eff_yield_now(), 5), eff_unit), "ok(unit)");
        ck_assert_uint_eq(eff_semaphore_waiters(s), 2);
        ck_assert_uint_eq(eff_mutex_waiters(m), 1);
        run_on(other, eff_with_lock(m, say(&w, "never")), "die");
        run_on(other, eff_semaphore_resize(s, 0), "die");
        run_on(other, eff_condition_notify_all(c), "die");
        ck_assert_uint_eq(eff_condition_notified(c), 1); /* woken, and never runs */
        eff_runtime_free(rt);
        ck_assert_journal(&w, "");
        ck_assert_uint_eq(eff_semaphore_waiters(s), 0);
        ck_assert_uint_eq(eff_mutex_waiters(m), 0);
        ck_assert_uint_eq(eff_condition_waiters(c), 0);
        ck_assert_int_eq(eff_semaphore_available(s), 2);
        ck_assert(!eff_mutex_is_locked(m));
        run_on(other, eff_with_permits(s, 2, eff_with_lock(m, one(3))), "ok(3)");
        eff_runtime_free(other);
    }
    eff_semaphore_decref(s);
    eff_mutex_decref(m);
    eff_condition_decref(c);
}
END_TEST

static int n_mistakes;
static void count_mistakes(const char *message, void *arg)
{
    (void)message, (void)arg;
    n_mistakes++;
}
static void *on_another_thread(void *arg)
{
    eff_semaphore_t *s = arg;
    ck_assert(!eff_semaphore_try_acquire(s, 1));
    eff_semaphore_give_back(s, 1);
    eff_semaphore_t *dummy = eff_as_semaphore(eff_unit);
    ck_assert(!eff_semaphore_try_acquire(dummy, 1));
    eff_semaphore_give_back(dummy, 1);
    eff_semaphore_decref(s);
    return NULL;
}
START_TEST(another_thread_neither_takes_nor_gives_back)
{
    eff_set_misuse_handler(count_mistakes, NULL);
    eff_test_t *t = eff_test_new();
    eff_semaphore_t *s = eff_semaphore_new(2);
    (void)eff_test_fork(t, eff_with_permits(s, 1, ms(1)));
    eff_test_adjust(t, eff_millis(0));
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, on_another_thread, eff_semaphore_incref(s)), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(n_mistakes, 3);
    ck_assert_int_eq(eff_semaphore_available(s), 1);
    eff_test_adjust(t, eff_millis(1));
    ck_assert_int_eq(eff_semaphore_available(s), 2);
    ck_assert_uint_eq(eff_test_free(t), 0);
    eff_semaphore_decref(s);
    eff_set_misuse_handler(NULL, NULL);
}
END_TEST

START_TEST(numbers_as_large_as_there_are)
{
    size_t most = PTRDIFF_MAX;
    eff_semaphore_t *s = eff_semaphore_new(most);
    ck_assert(eff_semaphore_try_acquire(s, most));
    ck_assert_int_eq(eff_semaphore_available(s), 0);
    ck_assert_succeeds(eff_semaphore_resize(s, 0), "unit");
    ck_assert_int_eq(eff_semaphore_available(s), -PTRDIFF_MAX);
    ck_assert(!eff_semaphore_try_acquire(s, most));
    ck_assert_succeeds(eff_with_permits_if_available(s, most, eff_noop()), "none");
    ck_assert_succeeds(eff_semaphore_resize(s, most), "unit");
    eff_semaphore_give_back(s, most);
    ck_assert_int_eq(eff_semaphore_available(s), PTRDIFF_MAX);
    ck_assert_succeeds(eff_with_permits(s, most, eff_noop()), "unit");
    eff_semaphore_decref(s);
}
END_TEST

TESTS(a_permit_passes_those_who_are_interrupted_as_it_reaches_them, a_permit_that_comes_with_the_timeout_is_not_lost,
      permits_across_a_race_come_back_whoever_wins, who_wants_more_inside_than_is_left_waits_and_gives_all_back,
      a_finalizer_gives_back_to_those_who_wait, a_finalizer_waits_for_the_lock_like_anybody,
      with_none_left_all_wait_until_there_are_enough, who_can_have_no_more_what_it_wants_leaves_for_those_behind,
      a_lock_of_a_scope_is_given_back_by_whoever_closes_that, a_scope_may_close_over_one_that_waits_for_its_permit,
      a_notification_of_a_finalizer_passes_one_that_is_interrupted, what_is_waited_for_may_notify_as_it_is_looked_at,
      what_is_waited_for_may_give_up_the_condition, what_was_waited_for_still_holds_with_any_budget,
      with_budgets_of_a_few_instructions_all_is_as_usual, what_a_freed_runtime_held_is_free_for_the_next,
      another_thread_neither_takes_nor_gives_back, numbers_as_large_as_there_are)
