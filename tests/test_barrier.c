/* Barrier: rounds of n fibers that wait for each other; conformance area DEFER as far as it is about CyclicBarrier. */
#include <stdio.h>

#include "support/fibers.h"

static eff_t *over(eff_barrier_t *b, eff_t *e)
{
    eff_barrier_decref(b);
    return e;
}

/* ---- rounds */

static eff_t *one_round(struct world *w)
{
    (void)w;
    eff_barrier_t *b = eff_barrier_new(3);
    eff_t *sides = eff_all_par(after(3, eff_barrier_await(b)), after(1, eff_barrier_await(b)), eff_barrier_await(b));
    return over(b, sides);
}
CASE(all_go_on_when_the_last_has_come_and_know_in_which_order_they_came, one_round, .succeeds = "[2, 1, 0]", .ms = 3,
     .timed = true)

static eff_t *party(struct world *w, eff_barrier_t *b, const char *first, const char *second, int64_t ms)
{
    eff_t *round = eff_then(after(ms, eff_barrier_await(b)), say_time(w, first));
    return in_order(round, eff_barrier_await(b), say_time(w, second));
}
static eff_t *two_rounds(struct world *w)
{
    eff_barrier_t *b = eff_barrier_new(2);
    return over(b, eff_zip_par(party(w, b, "a1", "a2", 5), party(w, b, "b1", "b2", 2)));
}
CASE(it_serves_round_after_round, two_rounds, .succeeds = "(unit, unit)", .journal = "a1@5 b1@5 b2@5 a2@5")

/* The quick one comes again before the slow ones of its round have had their turns: that is the next round. */
static eff_t *quick_one(struct world *w)
{
    eff_barrier_t *b = eff_barrier_new(2);
    eff_t *slow = keep(w, 0, eff_fork(eff_then(eff_barrier_await(b), say(w, "slow"))));
    eff_t *quick = in_order(eff_barrier_await(b), eff_timeout(eff_barrier_await(b), eff_millis(5)));
    return over(b, in_order(slow, eff_yield_now(), quick));
}
CASE(who_comes_again_is_in_the_next_round, quick_one, .succeeds = "none", .journal = "slow", .ms = 5, .timed = true)

static eff_t *of_one(struct world *w)
{
    (void)w;
    eff_barrier_t *b = eff_barrier_new(1);
    return over(b, eff_zip(eff_barrier_await(b), eff_barrier_await(b)));
}
static void note_mistake(const char *message, void *arg)
{
    snprintf(arg, 256, "%s", message);
}
/* DEFER-025 */
CASE(DEFER_025_a_barrier_of_one_party_keeps_nobody, of_one, .succeeds = "(0, 0)")

/* DEFER-025 */
START_TEST(DEFER_025_no_parties_or_a_negative_number_is_a_mistake)
{
    const size_t wrong[] = { 0, (size_t)-1 };
    for (size_t i = 0; i < 2; i++) {
        char message[256] = "";
        eff_set_misuse_handler(note_mistake, message);
        eff_barrier_t *b = eff_barrier_new(wrong[i]);
        eff_set_misuse_handler(NULL, NULL);
        ck_assert_ptr_nonnull(strstr(message, "at least 1"));
        ck_assert_succeeds(eff_barrier_await(b), "0");
        eff_barrier_decref(b);
    }
}
END_TEST

/* ---- interruption */

static eff_t *leaves_and_is_replaced(struct world *w)
{
    eff_barrier_t *b = eff_barrier_new(2);
    eff_t *first = in_order(keep(w, 0, eff_fork(eff_barrier_await(b))), eff_yield_now(), with_fiber(w, 0, interrupt));
    eff_t *second = eff_timeout(eff_barrier_await(b), eff_millis(5));
    return over(b, in_order(first, eff_zip(second, eff_zip_par(eff_barrier_await(b), eff_barrier_await(b)))));
}
CASE(an_interrupted_waiter_leaves_its_place_open, leaves_and_is_replaced, .succeeds = "(none, (0, 1))", .ms = 5,
     .timed = true, .without = NO_BUDGETS /* of who is first */)

/* Each of the two is interrupted at every instruction by the sweep; this one, at the moment the round is complete. */
static eff_t *interrupted_as_it_fills(struct world *w)
{
    eff_barrier_t *b = eff_barrier_new(3);
    eff_t *first = keep(w, 0, eff_fork(eff_barrier_await(b))), *second = keep(w, 1, eff_fork(eff_barrier_await(b)));
    eff_t *fills = eff_zip(eff_barrier_await(b), with_fiber(w, 0, interrupt_fork));
    return over(b, in_order(first, second, eff_yield_now(), fills, say_await(w, 0), say_await(w, 1)));
}
/* DEFER-024 */
CASE(DEFER_024_interrupting_one_as_the_round_is_complete_keeps_nobody_else, interrupted_as_it_fills, .succeeds = "unit",
     .journal = "interrupt ok:1")

static void says_how_many(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit->cause, &text);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "waits at a barrier (2 of 3 are there)"));
    eff_buffer_done(&text);
}
static eff_t *too_few(struct world *w)
{
    eff_barrier_t *b = eff_barrier_new(3);
    return over(b, eff_ensuring(eff_zip_par(eff_barrier_await(b), eff_barrier_await(b)), say(w, "end")));
}
CASE(a_round_that_nobody_completes_is_a_deadlock, too_few, .dies = "deadlock", .journal = "end", .check = says_how_many)

/* ---- handles */

static eff_t *no_memory_for_it(struct world *w)
{
    (void)w;
    return eff_barrier_await(NULL);
}
CASE(a_barrier_that_could_not_be_made_is_out_of_memory, no_memory_for_it, .dies = "out of memory")

START_TEST(a_barrier_of_another_runtime_is_a_mistake)
{
    eff_test_t *t = eff_test_new();
    eff_barrier_t *b = eff_barrier_new(2);
    (void)eff_test_fork(t, eff_barrier_await(b));
    ck_assert_uint_eq(eff_barrier_waiters(b), 0);
    eff_test_adjust(t, eff_millis(0));
    ck_assert_uint_eq(eff_barrier_waiters(b), 1);
    ck_assert_dies(eff_barrier_await(b), "this barrier belongs to another runtime");
    ck_assert_uint_eq(eff_test_free(t), 1);
    eff_barrier_decref(b);
    ck_assert_uint_eq(eff_barrier_waiters(NULL), 0);
}
END_TEST

START_TEST(a_barrier_is_a_value_and_other_values_are_barriers_of_one)
{
    char message[256] = "";
    eff_set_misuse_handler(note_mistake, message);
    eff_barrier_t *dummy = eff_as_barrier(eff_int(1));
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_ptr_nonnull(strstr(message, "barrier"));
    ck_assert_succeeds(eff_barrier_await(dummy), "0");
    eff_value_t v = eff_barrier_value(eff_barrier_new(1));
    eff_barrier_t *b = eff_barrier_incref(eff_as_barrier(v));
    eff_value_decref(v);
    ck_assert_succeeds(eff_barrier_await(b), "0");
    eff_barrier_decref(b);
    ck_assert(eff_is_oom(eff_barrier_value(NULL)));
}
END_TEST

TESTS(all_go_on_when_the_last_has_come_and_know_in_which_order_they_came, it_serves_round_after_round,
      who_comes_again_is_in_the_next_round, DEFER_025_a_barrier_of_one_party_keeps_nobody,
      DEFER_025_no_parties_or_a_negative_number_is_a_mistake, an_interrupted_waiter_leaves_its_place_open,
      DEFER_024_interrupting_one_as_the_round_is_complete_keeps_nobody_else,
      a_round_that_nobody_completes_is_a_deadlock, a_barrier_that_could_not_be_made_is_out_of_memory,
      a_barrier_of_another_runtime_is_a_mistake, a_barrier_is_a_value_and_other_values_are_barriers_of_one)
