/* Semaphores; conformance area SEM. */
#include <event2/event.h>
#include <stdio.h>

#include "support/permits.h"

/* ---- with permits */

static eff_t *timed_task(eff_semaphore_t *s, size_t n, eff_t *e)
{
    return eff_with_permits(s, n, eff_then(eff_sleep(eff_seconds(2)), e));
}
static eff_t *two_at_a_time(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(4);
    eff_t *tasks = eff_all_par(timed_task(s, 2, count(w, 0)), timed_task(s, 2, count(w, 0)),
                               timed_task(s, 2, count(w, 0)), timed_task(s, 2, count(w, 0)));
    eff_t *log = eff_then(after(3000, count(w, 1)), after(3000, say(w, "end")));
    return balanced(s, 4, eff_zip_par(tasks, log));
}
/* SEM-001 */
CASE(SEM_001_as_many_run_at_once_as_there_are_permits_for, two_at_a_time, .succeeds = "([1, 2, 3, 4], unit)",
     .journal = "end", .ms = 6000, .timed = true, .without = NO_SHUFFLES /* who is first */)

static eff_t *done_by(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(4);
    eff_t *e = eff_all_par(timed_task(s, 2, say_time(w, "a")), timed_task(s, 2, say_time(w, "b")),
                           timed_task(s, 2, say_time(w, "c")), timed_task(s, 2, say_time(w, "d")));
    return balanced(s, 4, eff_map_to(e, eff_unit));
}
/* SEM-001 */
CASE(SEM_001_the_others_come_after_those, done_by, .succeeds = "unit", .journal = "a@2000 b@2000 c@4000 d@4000")

static eff_t *fails(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(1);
    return balanced(s, 1, eff_with_permits(s, 1, failing(7)));
}
CASE(permits_are_given_back_when_the_effect_fails, fails, .fails = "7")

static eff_t *dies(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(3);
    return balanced(s, 3, eff_with_permits(s, 2, dying()));
}
CASE(permits_are_given_back_when_the_effect_dies, dies, .dies = "boom")

static eff_t *child_lives_on(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(1);
    eff_t *child = eff_ensuring(eff_never(), eff_then(ms(5), say_time(w, "child")));
    eff_t *first = eff_with_permits(s, 1, in_order(eff_fork(child), eff_yield_now(), say(w, "body")));
    return balanced(s, 1, eff_then(first, eff_with_permits(s, 1, say(w, "next"))));
}
CASE(fibers_forked_with_permits_end_before_those_are_given_back, child_lives_on, .succeeds = "unit",
     .journal = "body child@5 next")

static eff_t *none_wanted(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(1);
    eff_t *holder = keep(w, 0, eff_fork(eff_with_permits(s, 1, eff_never())));
    eff_t *none = eff_then(eff_with_permits(s, 0, say(w, "none")), eff_semaphore_acquire(s, 0));
    return balanced(s, 1, in_order(holder, eff_yield_now(), none, eff_semaphore_release(s, 0)));
}
/* SEM-011 */
CASE(SEM_011_who_wants_no_permits_waits_for_nobody, none_wanted, .succeeds = "unit", .journal = "none")

static eff_t *again_and_again(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    eff_t *e = eff_with_permits(s, 2, eff_with_permits(s, 0, eff_then(eff_yield_now(), count(w, 0))));
    eff_t *often = eff_replicate(eff_incref(e), 3);
    return balanced(s, 2, eff_zip(often, eff_zip_par(eff_incref(e), e)));
}
CASE(the_same_effect_may_run_often_and_at_once, again_and_again, .succeeds = "([1, 2, 3], (4, 5))",
     .without = NO_SHUFFLES /* who is first */)

/* ---- interruption */

static eff_t *fork_taker(struct world *w, int i, eff_semaphore_t *s, size_t n, const char *word)
{
    return keep(w, i, eff_fork(eff_with_permits(s, n, twice(w, word))));
}

static eff_t *interrupted_while_waiting(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    eff_t *holder = keep(w, 0, eff_fork(eff_with_permits(s, 1, eff_never())));
    eff_t *start = in_order(holder, eff_yield_now(), fork_taker(w, 1, s, 2, "never"), eff_yield_now());
    return balanced(s, 2, in_order(start, say_interrupt(w, 1), eff_with_permits(s, 1, say(w, "free"))));
}
/* SEM-005 */
CASE(SEM_005_who_is_interrupted_while_waiting_does_not_run_and_takes_nothing, interrupted_while_waiting,
     .succeeds = "unit", .journal = "interrupt free", .without = NO_SHUFFLES /* the holder may come later */)

static eff_t *woken_and_interrupted(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(1);
    eff_t *waits = keep(w, 0, eff_fork(eff_then(eff_semaphore_acquire(s, 1), say(w, "never"))));
    eff_t *start = in_order(eff_semaphore_acquire(s, 1), waits, eff_yield_now());
    eff_t *woken = in_order(eff_semaphore_release(s, 1), with_fiber(w, 0, interrupt_fork));
    return balanced(s, 1, in_order(start, woken, say_await(w, 0), eff_with_permits(s, 1, say(w, "free"))));
}
/* SEM-004 */
CASE(SEM_004_permits_of_a_waiter_that_is_interrupted_before_it_runs_come_back, woken_and_interrupted,
     .succeeds = "unit", .journal = "interrupt free",
     .without = NO_SHUFFLES | NO_INTERRUPTS | NO_AROUND | NO_FREE | NO_ALLOCATIONS /* nobody gives back */)

static eff_t *holder_interrupted(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    eff_t *holder = keep(w, 0, eff_fork(eff_with_permits(s, 2, eff_never())));
    eff_t *start = in_order(holder, eff_yield_now(), fork_taker(w, 1, s, 2, "b"), fork_taker(w, 2, s, 1, "c"));
    eff_t *end = in_order(with_fiber(w, 0, interrupt_fork), with_fiber(w, 1, interrupt_fork), say_await(w, 1));
    return balanced(s, 2, in_order(start, eff_yield_now(), end, with_fiber(w, 2, join)));
}
/* SEM-007 */
CASE(SEM_007_a_waiter_behind_a_holder_both_interrupted_leaves_the_permits_to_the_next, holder_interrupted,
     .succeeds = "unit", .journal = "c interrupt c", .without = NO_SHUFFLES /* the holder may come later */)

static eff_t *cancelled_holder_and_waiter(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(1);
    eff_t *holder = keep(w, 0, eff_fork(eff_with_permits(s, 1, eff_never())));
    eff_t *start = in_order(holder, eff_yield_now(), fork_taker(w, 1, s, 1, "never"), eff_yield_now());
    eff_t *looks = eff_with_permits_if_available(s, 1, one(1));
    eff_t *first = in_order(say_interrupt(w, 1), eff_incref(looks));
    eff_t *end = eff_zip(first, in_order(say_interrupt(w, 0), looks));
    return balanced(s, 1, eff_then(start, end));
}
/* SEM-014 */
CASE(SEM_014_interrupting_the_waiter_gives_back_nothing_and_interrupting_the_holder_its_permit,
     cancelled_holder_and_waiter, .succeeds = "(none, some(1))", .journal = "interrupt interrupt",
     .without = NO_SHUFFLES /* the waiter may be the holder */)

static eff_t *acquire_cancelled(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    eff_t *two = eff_scoped(eff_then(eff_semaphore_acquire_scoped(s, 2), eff_never()));
    eff_t *hold = eff_semaphore_acquire_scoped(s, 1);
    eff_t *start = in_order(hold, keep(w, 0, eff_fork(two)), eff_yield_now());
    return balanced(s, 2, in_order(start, say_interrupt(w, 0), eff_semaphore_acquire_scoped(s, 1)));
}
/* SEM-015 */
CASE(SEM_015_an_acquire_of_several_that_is_interrupted_takes_none, acquire_cancelled, .succeeds = "unit",
     .journal = "interrupt")

static eff_t *first_leaves(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    eff_t *holder = keep(w, 0, eff_fork(eff_with_permits(s, 1, eff_never())));
    eff_t *start = in_order(holder, eff_yield_now(), fork_taker(w, 1, s, 2, "big"), fork_taker(w, 2, s, 1, "small"));
    return balanced(s, 2, in_order(start, ms(1), say(w, "|"), say_interrupt(w, 1), with_fiber(w, 2, join)));
}
CASE(when_a_large_request_leaves_the_line_the_smaller_one_behind_it_goes_on, first_leaves, .succeeds = "unit",
     .journal = "| small small interrupt", .without = NO_SHUFFLES /* the small one may be before the big one */)

static eff_t *masked_wait(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(1);
    eff_t *masked = eff_uninterruptible(eff_with_permits(s, 1, say_time(w, "in")));
    eff_t *start = in_order(keep(w, 0, eff_fork(eff_with_permits(s, 1, ms(9)))), eff_yield_now());
    return balanced(s, 1, in_order(start, keep(w, 1, eff_fork(masked)), eff_yield_now(), say_interrupt(w, 1)));
}
CASE(under_a_mask_the_wait_is_masked_too, masked_wait, .succeeds = "unit", .journal = "in@9 interrupt",
     .without = NO_SHUFFLES /* the masked one may be first */)

/* ---- the order */

static eff_t *big_before_small(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(3);
    eff_t *start = keep(w, 0, eff_fork(eff_with_permits(s, 2, ms(5))));
    start = in_order(start, eff_yield_now(), fork_taker(w, 1, s, 3, "big"), eff_yield_now());
    eff_t *small = in_order(fork_taker(w, 2, s, 1, "small"), fork_taker(w, 3, s, 1, "small"));
    eff_t *looks = eff_with_permits_if_available(s, 1, say(w, "never"));
    eff_t *ends = in_order(with_fiber(w, 1, join), with_fiber(w, 2, join), with_fiber(w, 3, join));
    return balanced(s, 3, in_order(start, small, eff_yield_now(), looks, ends));
}
/* SEM-019 */
CASE(SEM_019_a_request_for_many_is_not_overtaken, big_before_small, .succeeds = "unit",
     .journal = "big big small small small small", .without = NO_SHUFFLES /* that is about who came first */)

static eff_t *released_in_parallel(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(3);
    eff_t *take = eff_then(eff_semaphore_acquire(s, 1), eff_yield_now());
    eff_t *e = eff_scoped(eff_then(eff_semaphore_acquire_scoped(s, 2), eff_yield_now()));
    eff_t *acquires = eff_all_par(take, eff_incref(e), e);
    return balanced(s, 3, in_order(acquires, eff_semaphore_release(s, 1)));
}
/* SEM-017 */
CASE(SEM_017_as_many_given_back_as_taken_in_parallel, released_in_parallel, .succeeds = "unit",
     .without = NO_INTERRUPTS | NO_AROUND | NO_FREE | NO_ALLOCATIONS /* then nobody gives the first one back */)

/* ---- if available */

static eff_t *if_available(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    eff_t *inner = eff_zip(eff_with_permits_if_available(s, 1, one(1)), eff_with_permits_if_available(s, 2, one(2)));
    return balanced(s, 2, eff_zip(eff_with_permits_if_available(s, 2, eff_yield_now()), eff_with_permits(s, 1, inner)));
}
CASE(with_permits_if_available_runs_the_effect_or_does_not_wait, if_available,
     .succeeds = "(some(unit), (some(1), none))")

/* ---- into a scope, and by hand */

static eff_t *into_scope(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    eff_t *inside = in_order(eff_semaphore_acquire_scoped(s, 2), eff_with_permits_if_available(s, 1, one(1)));
    return balanced(s, 2, eff_zip(eff_scoped(inside), eff_with_permits_if_available(s, 1, one(1))));
}
CASE(permits_acquired_into_a_scope_are_given_back_with_it, into_scope, .succeeds = "(none, some(1))")

static eff_t *change_hands(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(1);
    eff_t *consumer = after(5, eff_semaphore_release(s, 1));
    eff_t *producer = in_order(eff_semaphore_acquire(s, 1), eff_semaphore_acquire(s, 1), say_time(w, "second"));
    return balanced(s, 1, in_order(eff_zip_par(producer, consumer), eff_semaphore_release(s, 1)));
}
CASE(permits_may_change_hands, change_hands, .succeeds = "unit", .journal = "second@5",
     .without = NO_INTERRUPTS | NO_AROUND | NO_FREE | NO_ALLOCATIONS /* then nobody gives them back */)

/* ---- resizing */

static eff_t *resize(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    eff_t *start = in_order(fork_taker(w, 0, s, 1, "a"), fork_taker(w, 1, s, 1, "b"), fork_taker(w, 2, s, 1, "c"),
                            fork_taker(w, 3, s, 1, "d"), fork_taker(w, 4, s, 2, "e"));
    eff_t *lower = in_order(eff_semaphore_resize(s, 0), start, ms(1), say(w, "|"));
    eff_t *raise = in_order(eff_semaphore_resize(s, 3), ms(1), say(w, "|"), eff_semaphore_resize(s, 2));
    return balanced(s, 2, eff_then(lower, raise));
}
/* SEM-029 */
CASE(SEM_029_raising_the_number_wakes_as_many_as_there_is_room_for, resize, .succeeds = "unit",
     .journal = "| a b c a b c d e d e |",
     .without = NO_SHUFFLES | NO_INTERRUPTS | NO_AROUND | NO_FREE | NO_ALLOCATIONS /* it may end with another number */)

static eff_t *lowered(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(3);
    eff_t *start = in_order(eff_semaphore_acquire(s, 2), eff_semaphore_resize(s, 1));
    eff_t *waits = keep(w, 0, eff_fork(eff_with_permits(s, 1, say_time(w, "in"))));
    eff_t *back = in_order(ms(1), eff_semaphore_release(s, 1), ms(1), eff_semaphore_release(s, 1));
    return balanced(s, 1, in_order(start, waits, back, with_fiber(w, 0, join)));
}
/* SEM-029 */
CASE(SEM_029_what_is_out_beyond_a_lowered_number_is_not_given_out_again, lowered, .succeeds = "unit", .journal = "in@2",
     .without = NO_INTERRUPTS | NO_AROUND | NO_FREE | NO_ALLOCATIONS /* as above */)

static eff_t *begins_with_none(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(0);
    eff_t *start = in_order(fork_taker(w, 0, s, 2, "a"), eff_yield_now(), eff_semaphore_resize(s, 2));
    return balanced(s, 2, in_order(start, with_fiber(w, 0, join)));
}
CASE(a_semaphore_may_begin_with_none, begins_with_none, .succeeds = "unit", .journal = "a a",
     .without = NO_INTERRUPTS | NO_AROUND | NO_FREE | NO_ALLOCATIONS /* as above */)

/* ---- mistakes */

static eff_t *too_many(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    return balanced(s, 2, eff_with_permits(s, 3, say(w, "never")));
}
CASE(more_than_there_are_in_all_is_a_mistake, too_many,
     .dies = "eff_with_permits: asks for 3 of a semaphore that has never had more than 2")

static eff_t *too_many_if_available(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    return balanced(s, 2, eff_with_permits_if_available(s, 3, say(w, "never")));
}
CASE(and_is_not_found_out_only_by_waiting, too_many_if_available,
     .dies = "eff_with_permits_if_available: asks for 3 of a semaphore that has never had more than 2")

static eff_t *too_many_to_acquire(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    return balanced(s, 2, eff_semaphore_acquire_scoped(s, 3));
}
CASE(nor_is_it_acquired, too_many_to_acquire,
     .dies = "eff_semaphore_acquire_scoped: asks for 3 of a semaphore that has never had more than 2")

static eff_t *too_many_back(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    return balanced(s, 2, eff_with_permits(s, 1, eff_semaphore_release(s, 2)));
}
CASE(giving_back_more_than_is_out_is_a_mistake, too_many_back,
     .dies = "eff_semaphore_release: gives back 2, and only 1 are out")

static eff_t *stolen(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    return balanced(s, 2, eff_with_permits(s, 1, eff_semaphore_release(s, 1)));
}
CASE(giving_back_what_another_has_is_found_out_when_that_ends, stolen,
     .dies = "permits were given back by somebody who did not have them")

static eff_t *stolen_from_a_scope(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(3);
    return balanced(s, 3, eff_then(eff_semaphore_acquire_scoped(s, 2), eff_semaphore_release(s, 1)));
}
CASE(and_what_a_scope_has_when_that_closes, stolen_from_a_scope,
     .dies = "permits of a scope were given back by somebody who did not have them")

static eff_t *negative(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    return balanced(s, 2, eff_with_permits(s, (size_t)-1, eff_noop()));
}
CASE(a_negative_number_is_a_mistake, negative, .dies = "eff_with_permits: the number of permits is negative")

START_TEST(negative_numbers_are_mistakes_of_all_operations)
{
    eff_semaphore_t *s = eff_semaphore_new(2);
    size_t n = (size_t)-1;
    ck_assert_dies(eff_semaphore_acquire(s, n), "eff_semaphore_acquire: the number of permits is negative");
    ck_assert_dies(eff_semaphore_release(s, n), "eff_semaphore_release: the number of permits is negative");
    ck_assert_dies(eff_semaphore_resize(s, n), "eff_semaphore_resize: the number of permits is negative");
    ck_assert_dies(eff_semaphore_acquire_scoped(s, n),
                   "eff_semaphore_acquire_scoped: the number of permits is negative");
    ck_assert_dies(eff_with_permits_if_available(s, n, eff_noop()),
                   "eff_with_permits_if_available: the number of permits is negative");
    eff_semaphore_decref(s);
}
END_TEST

static void names_the_permits(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "waits for 2 permits of a semaphore (1 of 3 free) at test_semaphore.c:");
    assert_told(exit, "waits for 1 permit of a semaphore (1 of 3 free) at test_semaphore.c:");
}
static eff_t *deadlock(struct world *w)
{
    eff_semaphore_t *s = eff_semaphore_new(3);
    eff_t *more = eff_ensuring(eff_with_permits(s, 2, say(w, "never")), say(w, "end"));
    return balanced(s, 3, eff_zip_par(eff_with_permits(s, 2, more), yields(eff_with_permits(s, 1, say(w, "never")))));
}
CASE(waiting_for_permits_that_nobody_gives_back_is_a_deadlock, deadlock, .dies = "deadlock", .journal = "end",
     .check = names_the_permits, .without = NO_SHUFFLES /* the second may be first */)

/* ---- from plain C, and looking at it */

/* SEM-016, SEM-026 */
START_TEST(SEM_016_permits_and_waiters_are_counted_and_SEM_026_what_is_handed_over_is_not_free)
{
    eff_test_t *t = eff_test_new();
    eff_semaphore_t *s = eff_semaphore_new(2);
    ck_assert(!eff_semaphore_try_acquire(NULL, 1));
    ck_assert(eff_semaphore_try_acquire(s, 2));
    ck_assert(!eff_semaphore_try_acquire(s, 1));
    for (int i = 0; i < 8; i++)
        (void)eff_test_fork(t, eff_semaphore_acquire(s, 1));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_int_eq(eff_semaphore_available(s), 0);
    ck_assert_uint_eq(eff_semaphore_waiters(s), 8);
    eff_semaphore_give_back(s, 1);
    ck_assert(!eff_semaphore_try_acquire(s, 1));
    ck_assert_int_eq(eff_semaphore_available(s), 0);
    ck_assert_uint_eq(eff_semaphore_waiters(s), 7);
    ck_assert_uint_eq(eff_test_free(t), 8); /* who was woken has not run */
    ck_assert_int_eq(eff_semaphore_available(s), 1);
    eff_semaphore_give_back(s, 1);
    eff_semaphore_give_back(NULL, 1);
    ck_assert_int_eq(eff_semaphore_available(s), 2);
    ck_assert_int_eq(eff_semaphore_available(NULL), 0);
    ck_assert_uint_eq(eff_semaphore_waiters(NULL), 0);
    eff_semaphore_decref(s);
}
END_TEST

static void note_mistake(const char *message, void *arg)
{
    snprintf(arg, 256, "%s", message);
}
START_TEST(wrong_numbers_from_plain_c_are_reported)
{
    char message[256] = "";
    eff_set_misuse_handler(note_mistake, message);
    eff_semaphore_t *s = eff_semaphore_new((size_t)-1);
    ck_assert_str_eq(message, "eff_semaphore_new: the number of permits is negative");
    ck_assert(!eff_semaphore_try_acquire(s, 1));
    eff_semaphore_decref(s);
    s = eff_semaphore_new(2);
    ck_assert(!eff_semaphore_try_acquire(s, 3));
    ck_assert_str_eq(message, "eff_semaphore_try_acquire: asks for 3 of a semaphore that has never had more than 2");
    eff_semaphore_give_back(s, 1);
    ck_assert_str_eq(message, "eff_semaphore_give_back: gives back 1, and only 0 are out");
    eff_set_misuse_handler(NULL, NULL);
    eff_semaphore_decref(s);
}
END_TEST

static void give_back_now(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    eff_semaphore_give_back(arg, 1);
}
START_TEST(a_callback_of_the_loop_gives_back)
{
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    eff_semaphore_t *s = eff_semaphore_new(1);
    ck_assert(eff_semaphore_try_acquire(s, 1));
    struct event *soon = evtimer_new(base, give_back_now, s);
    struct timeval at_once = { 0 };
    evtimer_add(soon, &at_once);
    eff_exit_t exit = eff_runtime_run(rt, eff_external(eff_with_permits(s, 1, eff_noop())));
    ck_assert(exit.ok);
    eff_exit_decref(exit);
    event_free(soon);
    eff_runtime_free(rt);
    event_base_free(base);
    eff_semaphore_decref(s);
}
END_TEST

/* ---- handles */

static eff_t *no_memory_for_it(struct world *w)
{
    return eff_or_else(eff_semaphore_acquire_scoped(NULL, 1), eff_with_permits(NULL, 1, eff_noop()));
}
CASE(a_semaphore_that_could_not_be_made_is_out_of_memory, no_memory_for_it, .dies = "out of memory")

START_TEST(an_effect_that_is_null_is_a_mistake)
{
    eff_semaphore_t *s = eff_semaphore_new(1);
    ck_assert_dies(eff_with_permits(s, 1, NULL), "eff_with_permits");
    ck_assert_dies(eff_with_permits_if_available(s, 1, NULL), "eff_with_permits_if_available");
    eff_semaphore_decref(s);
}
END_TEST

START_TEST(a_semaphore_of_another_runtime_is_a_mistake)
{
    eff_test_t *t = eff_test_new();
    eff_semaphore_t *s = eff_semaphore_new(1);
    (void)eff_test_fork(t, eff_with_permits(s, 1, eff_never()));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_dies(eff_with_permits(s, 1, eff_noop()), "this semaphore belongs to another runtime");
    ck_assert_dies(eff_semaphore_acquire(s, 1), "this semaphore belongs to another runtime");
    ck_assert_dies(eff_semaphore_release(s, 1), "this semaphore belongs to another runtime");
    ck_assert_dies(eff_semaphore_resize(s, 1), "this semaphore belongs to another runtime");
    ck_assert_uint_eq(eff_test_free(t), 1);
    ck_assert_succeeds(eff_with_permits(s, 1, eff_noop()), "unit");
    eff_semaphore_decref(s);
}
END_TEST

START_TEST(a_value_of_another_type_is_a_semaphore_that_nobody_waits_for)
{
    char message[256] = "";
    eff_set_misuse_handler(note_mistake, message);
    eff_semaphore_t *dummy = eff_as_semaphore(eff_int(1));
    ck_assert_ptr_nonnull(strstr(message, "semaphore"));
    eff_set_misuse_handler(NULL, NULL);
    eff_t *e =
        in_order(eff_semaphore_acquire(dummy, 5), eff_semaphore_release(dummy, 7), eff_semaphore_resize(dummy, 1));
    ck_assert_succeeds(eff_then(e, eff_with_permits(dummy, 9, eff_with_permits(dummy, 9, eff_noop()))), "unit");
    ck_assert(!eff_semaphore_try_acquire(dummy, 1));
    eff_semaphore_give_back(dummy, 1);
}
END_TEST

START_TEST(a_semaphore_is_a_value)
{
    eff_value_t v = eff_semaphore_value(eff_semaphore_new(1));
    eff_semaphore_t *s = eff_semaphore_incref(eff_as_semaphore(v));
    eff_value_decref(v);
    ck_assert_succeeds(eff_with_permits(s, 1, eff_noop()), "unit");
    eff_semaphore_decref(s);
    ck_assert(eff_is_oom(eff_semaphore_value(NULL)));
}
END_TEST

START_TEST(it_is_described)
{
    eff_semaphore_t *s = eff_semaphore_new(1);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_t *e = eff_with_permits(s, 1, eff_with_permits(s, 2, eff_yield_now()));
    eff_describe(e, &text);
    const char *outer = strstr(eff_buffer_text(&text), "with_permits (");
    ck_assert_msg(outer && strstr(outer + 1, "with_permits ("), "%s", eff_buffer_text(&text));
    ck_assert_msg(strstr(eff_buffer_text(&text), "yield_now"), "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_decref(e);
    eff_semaphore_decref(s);
}
END_TEST

TESTS(a_semaphore_may_begin_with_none, SEM_001_as_many_run_at_once_as_there_are_permits_for,
      SEM_001_the_others_come_after_those, permits_are_given_back_when_the_effect_fails,
      permits_are_given_back_when_the_effect_dies, fibers_forked_with_permits_end_before_those_are_given_back,
      SEM_011_who_wants_no_permits_waits_for_nobody, the_same_effect_may_run_often_and_at_once,
      SEM_005_who_is_interrupted_while_waiting_does_not_run_and_takes_nothing,
      SEM_004_permits_of_a_waiter_that_is_interrupted_before_it_runs_come_back,
      SEM_007_a_waiter_behind_a_holder_both_interrupted_leaves_the_permits_to_the_next,
      SEM_014_interrupting_the_waiter_gives_back_nothing_and_interrupting_the_holder_its_permit,
      SEM_015_an_acquire_of_several_that_is_interrupted_takes_none,
      when_a_large_request_leaves_the_line_the_smaller_one_behind_it_goes_on, under_a_mask_the_wait_is_masked_too,
      SEM_019_a_request_for_many_is_not_overtaken, SEM_017_as_many_given_back_as_taken_in_parallel,
      with_permits_if_available_runs_the_effect_or_does_not_wait, permits_acquired_into_a_scope_are_given_back_with_it,
      permits_may_change_hands, SEM_029_raising_the_number_wakes_as_many_as_there_is_room_for,
      SEM_029_what_is_out_beyond_a_lowered_number_is_not_given_out_again, more_than_there_are_in_all_is_a_mistake,
      and_is_not_found_out_only_by_waiting, nor_is_it_acquired, giving_back_more_than_is_out_is_a_mistake,
      giving_back_what_another_has_is_found_out_when_that_ends, and_what_a_scope_has_when_that_closes,
      a_negative_number_is_a_mistake, negative_numbers_are_mistakes_of_all_operations,
      waiting_for_permits_that_nobody_gives_back_is_a_deadlock,
      SEM_016_permits_and_waiters_are_counted_and_SEM_026_what_is_handed_over_is_not_free,
      wrong_numbers_from_plain_c_are_reported, a_callback_of_the_loop_gives_back,
      a_semaphore_that_could_not_be_made_is_out_of_memory, an_effect_that_is_null_is_a_mistake,
      a_semaphore_of_another_runtime_is_a_mistake, a_value_of_another_type_is_a_semaphore_that_nobody_waits_for,
      a_semaphore_is_a_value, it_is_described)
