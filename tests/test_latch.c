/* Latch and countdown: gates that fibers wait at; conformance area DEFER as far as it is about Latch and Event. */
#include <event2/event.h>
#include <stdio.h>

#include "support/fibers.h"

/* The program has references of its own; the builder's is given up. */
static eff_t *over(eff_latch_t *l, eff_t *e)
{
    eff_latch_decref(l);
    return e;
}
static eff_t *over_count(eff_countdown_t *c, eff_t *e)
{
    eff_countdown_decref(c);
    return e;
}

/* Forks a fiber that passes the latch, and says the word. */
static eff_t *fork_passer(struct world *w, int i, eff_latch_t *l, const char *word)
{
    return keep(w, i, eff_fork(eff_then(eff_latch_await(l), say(w, word))));
}

/* ---- opening and closing */

static eff_t *opens(struct world *w)
{
    eff_latch_t *l = eff_latch_new(false);
    eff_t *passers = in_order(fork_passer(w, 0, l, "a"), fork_passer(w, 1, l, "b"), eff_yield_now(), say(w, "|"));
    eff_t *changes = in_order(eff_latch_open(l), with_fiber(w, 1, join), eff_latch_await(l));
    return over(l, in_order(passers, changes, eff_zip(eff_latch_open(l), eff_latch_close(l))));
}
CASE(opening_lets_those_who_wait_and_those_who_come_pass, opens, .succeeds = "(false, true)", .journal = "| a b")

static eff_t *begins_open(struct world *w)
{
    (void)w;
    eff_latch_t *l = eff_latch_new(true);
    return over(l, in_order(eff_latch_await(l), eff_latch_close(l), eff_timeout(eff_latch_await(l), eff_millis(5))));
}
CASE(a_latch_may_begin_open, begins_open, .succeeds = "none", .ms = 5, .timed = true)

static eff_t *releases(struct world *w)
{
    eff_latch_t *l = eff_latch_new(false);
    eff_t *start = in_order(fork_passer(w, 0, l, "old"), fork_passer(w, 1, l, "old"), eff_yield_now());
    eff_t *after = in_order(fork_passer(w, 2, l, "new"), ms(5), say(w, "|"), eff_latch_release(l));
    return over(l, eff_then(start, eff_zip(eff_latch_release(l), after)));
}
/* DEFER-014 */
CASE(DEFER_014_release_wakes_who_waits_and_keeps_the_latch_closed, releases, .succeeds = "(2, 1)",
     .journal = "old old |", .without = NO_SHUFFLES /* the release may be first */)

static eff_t *open_then_close(struct world *w)
{
    eff_latch_t *l = eff_latch_new(false);
    eff_t *start = in_order(fork_passer(w, 0, l, "early"), eff_yield_now(), eff_latch_open(l), eff_latch_close(l));
    return over(l, in_order(start, fork_passer(w, 1, l, "late"), ms(5), say(w, "|"), eff_latch_open(l),
                            with_fiber(w, 1, join)));
}
/* DEFER-015 */
CASE(DEFER_015_who_comes_after_open_and_close_waits_though_the_first_have_not_run_yet, open_then_close,
     .succeeds = "unit", .journal = "early | late")

static eff_t *release_then_await(struct world *w)
{
    eff_latch_t *l = eff_latch_new(false);
    eff_t *e = eff_timeout(eff_latch_await(l), eff_millis(5));
    return over(l, eff_zip(eff_latch_release(l), e));
}
/* DEFER-017 */
CASE(DEFER_017_who_comes_in_the_turn_of_a_release_waits, release_then_await, .succeeds = "(0, none)", .ms = 5,
     .timed = true)

static eff_t *closes_and_waits_again(struct world *w)
{
    eff_latch_t *l = eff_latch_new(false);
    eff_t *again = in_order(eff_latch_await(l), say(w, "a"), eff_latch_close(l), eff_latch_await(l), say(w, "again"));
    eff_t *start = in_order(keep(w, 0, eff_fork(again)), fork_passer(w, 1, l, "b"), eff_yield_now());
    return over(l, in_order(start, eff_latch_open(l), ms(5), say(w, "|"), eff_latch_open(l), with_fiber(w, 0, join)));
}
/* DEFER-018 */
CASE(DEFER_018_a_waiter_that_closes_the_latch_and_waits_again_is_not_let_through_twice, closes_and_waits_again,
     .succeeds = "unit", .journal = "a b | again")

static eff_t *interrupted_after_release(struct world *w)
{
    eff_latch_t *l = eff_latch_new(false);
    eff_t *start = in_order(fork_passer(w, 0, l, "a"), fork_passer(w, 1, l, "b"), eff_yield_now());
    return over(l, in_order(start, eff_latch_release(l), with_fiber(w, 0, interrupt_fork), say_await(w, 0),
                            with_fiber(w, 1, join)));
}
/* DEFER-019 */
CASE(DEFER_019_a_waiter_that_is_interrupted_before_its_turn_is_not_let_through, interrupted_after_release,
     .succeeds = "unit", .journal = "b interrupt", .without = NO_SHUFFLES /* the release may be first */)

static eff_t *middle_leaves(struct world *w)
{
    eff_latch_t *l = eff_latch_new(false);
    eff_t *start = in_order(fork_passer(w, 0, l, "a"), fork_passer(w, 1, l, "b"), fork_passer(w, 2, l, "c"));
    eff_t *leaves = in_order(eff_yield_now(), with_fiber(w, 1, interrupt));
    return over(l, in_order(start, leaves, eff_latch_release(l)));
}
CASE(a_waiter_that_is_interrupted_leaves_the_others_in_line, middle_leaves, .succeeds = "2",
     .without = NO_SHUFFLES /* the release may be first */)

static eff_t *when_open(struct world *w)
{
    eff_latch_t *l = eff_latch_new(false);
    return over(l, eff_zip_par(eff_latch_when_open(l, say_time(w, "served")), after(7, eff_latch_open(l))));
}
CASE(when_open_runs_the_effect_once_the_latch_is_open, when_open, .succeeds = "(unit, true)", .journal = "served@7")

/* The budget ends anywhere, and somebody else closes the latch meanwhile. */
static eff_value_t set_closed(eff_value_t v, eff_value_t env)
{
    (void)v;
    eff_latch_set(eff_as_latch(env), false);
    return eff_unit;
}
static eff_t *enter_open(eff_value_t v, eff_value_t env)
{
    (void)v;
    return eff_latch_is_open(eff_as_latch(env)) ? eff_noop() : eff_die(eff_literal("it is closed"));
}
static eff_t *spin(eff_value_t v, eff_value_t n)
{
    int64_t left = eff_as_int(n);
    return left == 0 ? eff_noop() : eff_flat_map(eff_noop(), spin, eff_int(left - 1));
}
START_TEST(when_open_nobody_closes_it_before_the_effect_begins)
{
    for (unsigned budget = 1; budget < 200; budget++) {
        eff_latch_t *l = eff_latch_new(true);
        eff_value_t v = eff_latch_value(eff_latch_incref(l));
        eff_t *effect = eff_flat_map(eff_noop(), enter_open, eff_value_incref(v));
        eff_t *enters = eff_then(spin(eff_unit, eff_int(50)), eff_latch_when_open(l, effect));
        eff_t *closes =
            in_order(eff_map(eff_noop(), set_closed, v), eff_yield_now(), eff_latch_open(l), eff_yield_now());
        eff_t *both = eff_zip_par(eff_replicate(enters, 9), eff_replicate(closes, 40));
        eff_exit_t exit = eff_test_run_with(&(eff_test_options_t){ .budget = budget }, eff_map_to(both, eff_unit));
        ck_assert_exit(exit, "ok(unit)");
        eff_latch_decref(l);
    }
}
END_TEST

static void assert_told(const eff_exit_t *exit, const char *piece)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit->cause, &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), piece), "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
}
static void names_the_latch(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "waits for a latch to open");
}
static eff_t *nobody_opens(struct world *w)
{
    eff_latch_t *l = eff_latch_new(false);
    return over(l, eff_ensuring(eff_latch_await(l), say(w, "end")));
}
CASE(waiting_for_a_latch_that_nobody_opens_is_a_deadlock, nobody_opens, .dies = "deadlock", .journal = "end",
     .check = names_the_latch)

/* ---- from plain C, and looking at it */

static size_t n_waiting(eff_latch_t *l, eff_test_t *t)
{
    eff_test_adjust(t, eff_millis(0));
    return eff_latch_waiters(l);
}
/* DEFER-026 */
START_TEST(DEFER_026_setting_it_twice_is_harmless_and_its_waiters_are_counted)
{
    eff_test_t *t = eff_test_new();
    eff_latch_t *l = eff_latch_new(false);
    (void)eff_test_fork(t, eff_latch_await(l));
    (void)eff_test_fork(t, eff_latch_await(l));
    ck_assert_uint_eq(n_waiting(l, t), 2);
    ck_assert(!eff_latch_is_open(l));
    ck_assert(eff_latch_set(l, true));
    ck_assert(!eff_latch_set(l, true));
    ck_assert(eff_latch_is_open(l));
    (void)eff_test_fork(t, eff_latch_await(l));
    ck_assert_uint_eq(n_waiting(l, t), 0);
    ck_assert(eff_latch_set(l, false));
    (void)eff_test_fork(t, eff_latch_await(l));
    ck_assert_uint_eq(n_waiting(l, t), 1);
    ck_assert_uint_eq(eff_test_free(t), 1);
    eff_latch_decref(l);
    ck_assert(!eff_latch_set(NULL, true));
    ck_assert(!eff_latch_is_open(NULL));
    ck_assert_uint_eq(eff_latch_waiters(NULL), 0);
}
END_TEST

struct signals {
    eff_latch_t *latch;
    eff_countdown_t *countdown;
};
static void signal_both(evutil_socket_t fd, short what, void *arg)
{
    struct signals *s = arg;
    (void)fd, (void)what;
    ck_assert(eff_latch_set(s->latch, true));
    ck_assert_uint_eq(eff_countdown_arrived(s->countdown), 0);
}
START_TEST(a_callback_of_the_loop_lets_fibers_go_on)
{
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    struct signals s = { eff_latch_new(false), eff_countdown_new(1) };
    struct event *soon = evtimer_new(base, signal_both, &s);
    struct timeval at_once = { 0 };
    evtimer_add(soon, &at_once);
    eff_t *waits = eff_zip_par(eff_latch_await(s.latch), eff_countdown_await(s.countdown));
    eff_exit_t exit = eff_runtime_run(rt, eff_external(waits));
    ck_assert(exit.ok);
    eff_exit_decref(exit);
    event_free(soon);
    eff_runtime_free(rt);
    event_base_free(base);
    eff_latch_decref(s.latch);
    eff_countdown_decref(s.countdown);
}
END_TEST

/* ---- handles */

static eff_t *no_memory_for_it(struct world *w)
{
    (void)w;
    return eff_latch_await(NULL);
}
CASE(a_latch_that_could_not_be_made_is_out_of_memory, no_memory_for_it, .dies = "out of memory")

static eff_t *when_open_of_nothing(struct world *w)
{
    (void)w;
    eff_latch_t *l = eff_latch_new(true);
    return over(l, eff_latch_when_open(l, NULL));
}
CASE(when_open_without_an_effect_is_a_mistake, when_open_of_nothing,
     .dies = "argument 2 of eff_latch_when_open is NULL")

START_TEST(a_latch_of_another_runtime_is_a_mistake)
{
    eff_test_t *t = eff_test_new();
    eff_latch_t *l = eff_latch_new(false);
    (void)eff_test_fork(t, eff_latch_await(l));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_dies(eff_latch_await(l), "this latch belongs to another runtime");
    ck_assert_dies(eff_latch_open(l), "this latch belongs to another runtime");
    ck_assert_dies(eff_latch_release(l), "this latch belongs to another runtime");
    ck_assert_uint_eq(eff_test_free(t), 1);
    eff_latch_decref(l);
}
END_TEST

static void note_mistake(const char *message, void *arg)
{
    snprintf(arg, 256, "%s", message);
}
START_TEST(a_value_of_another_type_is_a_latch_that_stays_open)
{
    char message[256] = "";
    eff_set_misuse_handler(note_mistake, message);
    eff_latch_t *dummy = eff_as_latch(eff_int(1));
    ck_assert_ptr_nonnull(strstr(message, "latch"));
    eff_countdown_t *ended = eff_as_countdown(eff_int(1));
    ck_assert_ptr_nonnull(strstr(message, "countdown"));
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_succeeds(eff_then(eff_latch_close(dummy), eff_latch_await(dummy)), "unit");
    ck_assert_succeeds(eff_then(eff_countdown_arrive(ended), eff_countdown_await(ended)), "unit");
}
END_TEST

START_TEST(a_latch_is_a_value)
{
    eff_value_t v = eff_latch_value(eff_latch_new(true));
    eff_latch_t *l = eff_latch_incref(eff_as_latch(v));
    eff_value_decref(v);
    ck_assert_succeeds(eff_latch_await(l), "unit");
    eff_latch_decref(l);
    ck_assert(eff_is_oom(eff_latch_value(NULL)));
    v = eff_countdown_value(eff_countdown_new(0));
    eff_countdown_t *c = eff_countdown_incref(eff_as_countdown(v));
    eff_value_decref(v);
    ck_assert_succeeds(eff_countdown_await(c), "unit");
    eff_countdown_decref(c);
    ck_assert(eff_is_oom(eff_countdown_value(NULL)));
}
END_TEST

/* ---- countdowns */

static eff_t *arrive_all(eff_countdown_t *c)
{
    return eff_zip(eff_countdown_arrive(c), eff_zip(eff_countdown_arrive(c), eff_countdown_arrive(c)));
}
static eff_t *counts_down(struct world *w)
{
    eff_countdown_t *c = eff_countdown_new(2);
    eff_t *waits = eff_then(eff_countdown_await(c), say_time(w, "go"));
    eff_t *arrives = eff_then(after(5, eff_countdown_arrive(c)), after(5, arrive_all(c)));
    return over_count(c, eff_zip_par(eff_zip_par(waits, eff_countdown_await(c)), arrives));
}
CASE(at_zero_everybody_passes_and_further_arrivals_change_nothing, counts_down,
     .succeeds = "((unit, unit), (0, (0, 0)))", .journal = "go@10")

static eff_t *count_from_zero(struct world *w)
{
    (void)w;
    eff_countdown_t *c = eff_countdown_new(0);
    return over_count(c, eff_countdown_await(c));
}
CASE(a_countdown_from_zero_keeps_nobody, count_from_zero, .succeeds = "unit")

static eff_t *one_waiter_leaves(struct world *w)
{
    eff_countdown_t *c = eff_countdown_new(1);
    eff_t *start = eff_then(keep(w, 0, eff_fork(eff_countdown_await(c))), keep(w, 1, eff_fork(eff_countdown_await(c))));
    return over_count(c, in_order(start, eff_yield_now(), with_fiber(w, 0, interrupt), eff_countdown_arrive(c),
                                  with_fiber(w, 1, join)));
}
CASE(an_interrupted_waiter_leaves_the_countdown_to_the_others, one_waiter_leaves, .succeeds = "unit")

static void says_how_many(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_told(exit, "waits for a countdown that has 2 left");
}
static eff_t *too_few(struct world *w)
{
    (void)w;
    eff_countdown_t *c = eff_countdown_new(3);
    return over_count(c, eff_then(eff_countdown_arrive(c), eff_countdown_await(c)));
}
CASE(a_countdown_that_nobody_ends_is_a_deadlock_that_says_how_many_are_missing, too_few, .dies = "deadlock",
     .check = says_how_many)

START_TEST(plain_c_arrives_too)
{
    eff_test_t *t = eff_test_new();
    eff_countdown_t *c = eff_countdown_new(2);
    eff_fiber_t *f = eff_fiber_incref(eff_test_fork(t, eff_countdown_await(c)));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_uint_eq(eff_countdown_arrived(c), 1);
    eff_test_adjust(t, eff_millis(0));
    ck_assert_ptr_null(eff_fiber_poll(f));
    ck_assert_uint_eq(eff_countdown_arrived(c), 0);
    ck_assert_uint_eq(eff_countdown_arrived(c), 0);
    eff_test_adjust(t, eff_millis(0));
    ck_assert_ptr_nonnull(eff_fiber_poll(f));
    eff_fiber_decref(f);
    ck_assert_uint_eq(eff_test_free(t), 0);
    eff_countdown_decref(c);
    ck_assert_uint_eq(eff_countdown_arrived(NULL), 0);
}
END_TEST

TESTS(opening_lets_those_who_wait_and_those_who_come_pass, a_latch_may_begin_open,
      DEFER_014_release_wakes_who_waits_and_keeps_the_latch_closed,
      DEFER_015_who_comes_after_open_and_close_waits_though_the_first_have_not_run_yet,
      DEFER_017_who_comes_in_the_turn_of_a_release_waits,
      DEFER_018_a_waiter_that_closes_the_latch_and_waits_again_is_not_let_through_twice,
      DEFER_019_a_waiter_that_is_interrupted_before_its_turn_is_not_let_through,
      a_waiter_that_is_interrupted_leaves_the_others_in_line, when_open_nobody_closes_it_before_the_effect_begins,
      when_open_runs_the_effect_once_the_latch_is_open, waiting_for_a_latch_that_nobody_opens_is_a_deadlock,
      DEFER_026_setting_it_twice_is_harmless_and_its_waiters_are_counted, a_callback_of_the_loop_lets_fibers_go_on,
      a_latch_that_could_not_be_made_is_out_of_memory, when_open_without_an_effect_is_a_mistake,
      a_latch_of_another_runtime_is_a_mistake, a_value_of_another_type_is_a_latch_that_stays_open, a_latch_is_a_value,
      at_zero_everybody_passes_and_further_arrivals_change_nothing, a_countdown_from_zero_keeps_nobody,
      an_interrupted_waiter_leaves_the_countdown_to_the_others,
      a_countdown_that_nobody_ends_is_a_deadlock_that_says_how_many_are_missing, plain_c_arrives_too)
