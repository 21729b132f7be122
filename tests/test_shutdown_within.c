/* A runtime that is asked to stop before it is shut down: who hears of it, and when the grace ends. The graces that pass
 * are a few milliseconds of real time. */
#include <effect/async.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>

#include "support/host.h"

static void done_and_free(void *arg)
{
    struct host *h = arg;
    journal_add(&h->w, "done");
    eff_runtime_free(h->rt);
    h->rt = NULL;
}
static eff_t *until_cut(struct world *w)
{
    return when_interrupted(eff_never(), say(w, "cut"));
}
static eff_t *asked_and_cut(struct world *w)
{
    return in_order(eff_until_stop(), say(w, "asked"), until_cut(w));
}
enum { LONG = 3600 }; /* seconds that nobody waits for */

START_TEST(who_ends_when_asked_is_not_interrupted)
{
    struct host h;
    open_host(&h);
    fork_root(&h, -1, in_order(eff_until_stop(), say(&h.w, "asked"), ms(2), one(1)));
    turn(&h);
    ck_assert_int_eq(h.n_deadlocks, 0); /* the host may ask */
    eff_runtime_shutdown_within(h.rt, eff_seconds(LONG), done_and_free, &h);
    ck_assert_journal(&h.w, "");
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "asked ok:1 done");
    close_host(&h);
}
END_TEST

START_TEST(who_does_not_end_is_interrupted_after_the_grace_whatever_grace_it_has_itself)
{
    struct host h;
    open_host(&h);
    fork_root(&h, -1, eff_graceful(asked_and_cut(&h.w), eff_seconds(LONG)));
    turn(&h);
    eff_runtime_shutdown_within(h.rt, eff_millis(3), done_and_free, &h);
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "asked cut interrupt done");
    close_host(&h);
}
END_TEST

START_TEST(one_that_stays_for_a_grace_already_is_interrupted_too)
{
    struct host h;
    open_host(&h);
    eff_fiber_t *fiber;
    eff_t *e = eff_graceful(asked_and_cut(&h.w), eff_seconds(LONG));
    ck_assert_int_eq(eff_runtime_fork(h.rt, e, say_end, &h, &fiber), 0);
    turn(&h);
    eff_runtime_interrupt(h.rt, fiber);
    turn(&h);
    ck_assert_journal(&h.w, "asked");
    eff_runtime_shutdown_within(h.rt, eff_millis(3), done_and_free, &h);
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "asked cut interrupt done");
    eff_fiber_decref(fiber);
    close_host(&h);
}
END_TEST

START_TEST(without_grace_everything_is_interrupted_at_once)
{
    struct host h;
    open_host(&h);
    fork_root(&h, -1, eff_graceful(until_cut(&h.w), eff_seconds(LONG)));
    turn(&h);
    eff_runtime_shutdown_within(h.rt, eff_seconds(0), done_and_free, &h);
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "cut interrupt done");
    close_host(&h);
}
END_TEST

START_TEST(a_plain_shutdown_leaves_what_is_graceful_its_time)
{
    struct host h;
    open_host(&h);
    eff_t *ends = in_order(eff_until_stop(), say(&h.w, "asked"), ms(2), say(&h.w, "ends"));
    fork_root(&h, -1, eff_graceful(ends, eff_seconds(LONG)));
    turn(&h);
    eff_runtime_shutdown(h.rt, done_and_free, &h);
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "asked ends interrupt done");
    close_host(&h);
}
END_TEST

START_TEST(daemons_hear_of_it_and_have_the_same_time)
{
    struct host h;
    open_host(&h);
    eff_t *daemon = in_order(eff_until_shutdown(), say(&h.w, "daemon"), ms(2), say(&h.w, "ends"));
    fork_root(&h, -1, eff_then(eff_fork_daemon(daemon), eff_until_stop()));
    turn(&h);
    eff_runtime_shutdown_within(h.rt, eff_seconds(LONG), done_and_free, &h);
    event_base_dispatch(h.base);
    const char *journal = h.w.journal;
    ck_assert_ptr_nonnull(strstr(journal, "daemon"));
    ck_assert_ptr_nonnull(strstr(journal, "ok:unit"));
    ck_assert_ptr_nonnull(strstr(journal, "ends done"));
    close_host(&h);
}
END_TEST

START_TEST(the_grace_can_be_cut_short)
{
    struct host h;
    open_host(&h);
    fork_root(&h, -1, asked_and_cut(&h.w));
    turn(&h);
    eff_runtime_shutdown_within(h.rt, eff_seconds(LONG), done_and_free, &h);
    turn(&h);
    ck_assert_journal(&h.w, "asked");
    eff_runtime_shutdown_within(h.rt, eff_seconds(2 * LONG), NULL, NULL); /* longer: nothing */
    eff_runtime_shutdown_within(h.rt, eff_seconds(0), NULL, NULL);
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "asked cut interrupt done");
    ck_assert_str_eq(h.mistake, "");
    close_host(&h);
}
END_TEST

START_TEST(a_second_shutdown_with_its_own_done_is_a_mistake)
{
    struct host h;
    open_host(&h);
    fork_root(&h, -1, asked_and_cut(&h.w));
    turn(&h);
    eff_runtime_shutdown_within(h.rt, eff_millis(3), done_and_free, &h);
    eff_runtime_shutdown_within(h.rt, eff_millis(1), done_and_free, &h);
    ck_assert_str_eq(h.mistake, "eff_runtime_shutdown_within: the runtime is shutting down already");
    ck_assert_int_eq(eff_runtime_fork(h.rt, eff_noop(), NULL, NULL, NULL), -ECANCELED);
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "asked cut interrupt done");
    close_host(&h);
}
END_TEST

START_TEST(with_no_fibers_it_is_done_in_the_next_turn)
{
    struct host h;
    open_host(&h);
    eff_runtime_shutdown_within(h.rt, eff_seconds(LONG), done_and_free, &h);
    ck_assert_journal(&h.w, "");
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "done");
    close_host(&h);
}
END_TEST

START_TEST(a_grace_that_runs_is_no_deadlock)
{
    struct host h;
    open_host(&h);
    fork_root(&h, -1, until_cut(&h.w));
    eff_runtime_shutdown_within(h.rt, eff_millis(3), done_and_free, &h);
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "cut interrupt done");
    ck_assert_int_eq(h.n_deadlocks, 0);
    close_host(&h);
}
END_TEST

/* ---- a loop of the library's own */

static eff_value_t shuts_down(eff_value_t rt)
{
    eff_runtime_shutdown_within(eff_as_ptr(rt), eff_millis(3), NULL, NULL);
    return eff_unit;
}

START_TEST(on_a_loop_of_its_own_a_callback_may_ask)
{
    struct world w;
    memset(&w, 0, sizeof w);
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_exit_t exit = eff_runtime_run(rt, eff_then(eff_sync(shuts_down, eff_ptr(rt)), asked_and_cut(&w)));
    ck_assert_str_eq(word_of(&exit), "interrupt");
    ck_assert_journal(&w, "asked cut");
    eff_exit_decref(exit);
    eff_runtime_free(rt);
}
END_TEST

TESTS(who_ends_when_asked_is_not_interrupted,
      who_does_not_end_is_interrupted_after_the_grace_whatever_grace_it_has_itself,
      one_that_stays_for_a_grace_already_is_interrupted_too, without_grace_everything_is_interrupted_at_once,
      a_plain_shutdown_leaves_what_is_graceful_its_time, daemons_hear_of_it_and_have_the_same_time,
      the_grace_can_be_cut_short, a_second_shutdown_with_its_own_done_is_a_mistake,
      with_no_fibers_it_is_done_in_the_next_turn, a_grace_that_runs_is_no_deadlock,
      on_a_loop_of_its_own_a_callback_may_ask)
