/* The end of a runtime on somebody else's loop: shutting down in order, and freeing it under living fibers. */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

#include <effect/async.h>

#include "support/host.h"

/* A fiber that waits for the outside for ever, and says `end` when it ends. */
static eff_cancel_t gone(eff_async_t *k, void *arg)
{
    (void)arg;
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}
static void start_waiting(eff_async_t *k, eff_value_t env)
{
    eff_async_on_cancel(k, gone, NULL);
}
static eff_t *outside(void)
{
    return eff_async(start_waiting, eff_unit);
}
static eff_t *waits_and_says(struct world *w, const char *end)
{
    return eff_ensuring(outside(), say(w, end));
}

static eff_cancel_t say_gone(eff_async_t *k, void *arg)
{
    journal_add(arg, "cancel");
    return gone(k, arg);
}
static void start_saying(eff_async_t *k, eff_value_t env)
{
    eff_async_on_cancel(k, say_gone, eff_as_ptr(env));
}

static void done_and_free(void *arg)
{
    struct host *h = arg;
    journal_add(&h->w, "done");
    ck_assert_uint_eq(eff_runtime_n_fibers(h->rt), 0);
    eff_runtime_free(h->rt);
    h->rt = NULL;
}

/* ---- shutting down */

START_TEST(roots_end_first_then_daemons_then_done_which_may_free)
{
    struct host h;
    open_host(&h);
    eff_t *daemon = keep(&h.w, 5, eff_fork_daemon(waits_and_says(&h.w, "daemon")));
    fork_root(&h, 0, eff_then(daemon, eff_ensuring(waits_and_says(&h.w, "root"), after(1, say(&h.w, "slow")))));
    fork_root(&h, 1, waits_and_says(&h.w, "second"));
    turn(&h);
    eff_runtime_shutdown(h.rt, done_and_free, &h);
    ck_assert_journal(&h.w, "");
    event_base_dispatch(h.base);
    ck_assert_ptr_null(h.rt);
    const char *journal = h.w.journal;
    ck_assert_ptr_nonnull(strstr(journal, "slow interrupt daemon done"));
    ck_assert_ptr_nonnull(strstr(journal, "second interrupt"));
    ck_assert_ptr_eq(strstr(journal, "done"), journal + strlen(journal) - 4);
    close_host(&h);
    ck_assert_str_eq(h.mistake, "");
}
END_TEST

START_TEST(the_reason_of_shutdown_is_told)
{
    struct host h;
    eff_interrupt_reason_t reason;
    open_host(&h);
    fork_root(&h, 0, outside());
    turn(&h);
    eff_runtime_shutdown(h.rt, done_and_free, &h);
    event_base_dispatch(h.base);
    ck_assert(eff_cause_interruption(eff_fiber_poll(h.w.fibers[0])->cause, NULL, &reason, NULL));
    ck_assert_int_eq(reason, EFF_INTERRUPT_SHUTDOWN);
    close_host(&h);
}
END_TEST

START_TEST(shutting_down_with_no_fibers_is_done_in_the_next_turn)
{
    struct host h;
    open_host(&h);
    eff_runtime_shutdown(h.rt, done_and_free, &h);
    ck_assert_journal(&h.w, "");
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "done");
    close_host(&h);
}
END_TEST

START_TEST(after_shutdown_has_begun_forking_from_outside_is_refused)
{
    struct host h;
    open_host(&h);
    fork_root(&h, 0, waits_and_says(&h.w, "root"));
    turn(&h);
    eff_runtime_shutdown(h.rt, done_and_free, &h);
    ck_assert_int_eq(eff_runtime_fork(h.rt, eff_succeed(eff_string("dropped")), say_end, &h, &h.w.fibers[1]),
                     -ECANCELED);
    ck_assert_ptr_null(h.w.fibers[1]);
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "root interrupt done");
    close_host(&h);
}
END_TEST

START_TEST(forks_inside_running_fibers_still_work_during_shutdown)
{
    struct host h;
    open_host(&h);
    eff_t *goodbye = eff_then(keep(&h.w, 5, eff_fork(say(&h.w, "forked"))), with_fiber(&h.w, 5, join));
    fork_root(&h, 0, eff_ensuring(outside(), goodbye));
    turn(&h);
    eff_runtime_shutdown(h.rt, done_and_free, &h);
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "forked interrupt done");
    close_host(&h);
}
END_TEST

START_TEST(shutting_down_twice_is_a_mistake)
{
    struct host h;
    open_host(&h);
    eff_runtime_shutdown(h.rt, done_and_free, &h);
    eff_runtime_shutdown(h.rt, done_and_free, &h);
    ck_assert_str_eq(h.mistake, "eff_runtime_shutdown was called twice");
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "done");
    close_host(&h);
}
END_TEST

static eff_value_t shut_down_now(eff_value_t env)
{
    struct host *h = eff_as_ptr(env);
    eff_runtime_shutdown(h->rt, done_and_free, h);
    return eff_unit;
}
START_TEST(a_fiber_may_shut_its_runtime_down)
{
    struct host h;
    open_host(&h);
    fork_root(&h, 0, eff_then(eff_sync(shut_down_now, eff_ptr(&h)), say(&h.w, "never")));
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "interrupt done");
    close_host(&h);
}
END_TEST

START_TEST(shutting_down_calls_no_canceler_inline)
{
    struct host h;
    open_host(&h);
    fork_root(&h, 0, eff_async(start_saying, eff_ptr(&h.w)));
    turn(&h);
    eff_runtime_shutdown(h.rt, done_and_free, &h);
    ck_assert_journal(&h.w, "");
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "cancel interrupt done");
    close_host(&h);
}
END_TEST

/* ---- on a loop of the runtime's own: it runs that itself */

static void free_own(void *arg)
{
    struct host *h = arg;
    journal_add(&h->w, "done");
    eff_runtime_free(h->rt);
}
static eff_t *root_and_daemon(struct world *w)
{
    eff_t *daemon = eff_fork_daemon(eff_ensuring(outside(), after(1, say(w, "daemon"))));
    return in_order(daemon, eff_yield_now(), eff_ensuring(outside(), after(1, say(w, "root"))));
}
START_TEST(a_runtime_with_a_loop_of_its_own_runs_that_to_shut_down)
{
    struct host h = { .rt = eff_runtime_new(NULL) };
    ck_assert_int_eq(eff_runtime_fork(h.rt, root_and_daemon(&h.w), NULL, NULL, NULL), 0);
    eff_exit_decref(eff_runtime_run(h.rt, after(1, eff_noop())));
    eff_runtime_shutdown(h.rt, free_own, &h);
    ck_assert_journal(&h.w, "root daemon done");
}
END_TEST

START_TEST(without_fibers_too)
{
    struct host h = { .rt = eff_runtime_new(NULL) };
    eff_runtime_shutdown(h.rt, free_own, &h);
    ck_assert_journal(&h.w, "done");
}
END_TEST

static eff_value_t shut_down_own(eff_value_t env)
{
    struct host *h = eff_as_ptr(env);
    eff_runtime_shutdown(h->rt, free_own, h);
    journal_add(&h->w, "begun");
    return eff_unit;
}
START_TEST(a_run_in_which_shutdown_begins_returns_when_it_is_over)
{
    struct host h = { .rt = eff_runtime_new(NULL) };
    eff_t *e = eff_zip_par(root_and_daemon(&h.w), yields(eff_sync(shut_down_own, eff_ptr(&h))));
    eff_exit_t exit = eff_runtime_run(h.rt, e);
    journal_add(&h.w, word_of(&exit));
    eff_exit_decref(exit);
    ck_assert_journal(&h.w, "begun root daemon done interrupt");
}
END_TEST

/* ---- freeing under living fibers */

/* Runs f with stderr in a buffer. */
static void capture_stderr(void (*f)(struct host *h), struct host *h, char *text, size_t size)
{
    FILE *file = tmpfile();
    int saved = dup(2);
    fflush(stderr);
    dup2(fileno(file), 2);
    f(h);
    fflush(stderr);
    dup2(saved, 2);
    close(saved);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = 0;
    fclose(file);
}
static void free_runtime(struct host *h)
{
    eff_runtime_free(h->rt);
    h->rt = NULL;
}
static eff_t *wait_outside(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return outside();
}
static eff_t *holds_outside(struct world *w, const char *name)
{
    return eff_acquire_use_release(acquire(w, name), wait_outside, release, eff_ptr(w));
}

START_TEST(freeing_under_living_fibers_is_reported_and_runs_plain_releases)
{
    struct host h;
    char text[1024];
    open_host(&h);
    eff_t *child = eff_fork_at("parent (a.c:1)", holds_outside(&h.w, "child"));
    fork_root(&h, 0, eff_then(child, holds_outside(&h.w, "parent")));
    turn(&h);
    capture_stderr(free_runtime, &h, text, sizeof text);
    ck_assert_ptr_nonnull(
        strstr(h.mistake, "eff_runtime_free: 2 fibers are still alive; shut the runtime down first\n"));
    ck_assert_ptr_nonnull(strstr(h.mistake, "(forked at parent (a.c:1))"));
    ck_assert_journal(&h.w, "parent+ child+ child- parent- interrupt");
    ck_assert_str_eq(text, "");
    close_host(&h);
}
END_TEST

START_TEST(freeing_under_living_fibers_names_the_finalizers_it_skipped)
{
    struct host h;
    char text[1024];
    open_host(&h);
    fork_root(&h, 0, eff_ensuring_at("polite (a.c:7)", holds_outside(&h.w, "a"), say(&h.w, "never")));
    turn(&h);
    capture_stderr(free_runtime, &h, text, sizeof text);
    ck_assert_journal(&h.w, "a+ a- interrupt");
    ck_assert_ptr_nonnull(strstr(text, "its finalizer polite (a.c:7) did not run"));
    close_host(&h);
}
END_TEST

START_TEST(freeing_drops_what_fibers_that_never_started_hold)
{
    struct host h;
    char text[1024];
    open_host(&h);
    fork_root(&h, 0, eff_then(eff_succeed(eff_string("dropped")), say(&h.w, "never")));
    capture_stderr(free_runtime, &h, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(h.mistake, "1 fiber is still alive"));
    ck_assert_journal(&h.w, "interrupt");
    close_host(&h);
}
END_TEST

static const eff_tag_t level_tag = { "level", NULL };

/* One of everything that a fiber can be in the middle of. */
struct gen_frame {
    struct world *w;
};
static void gen_drop(struct gen_frame *s)
{
    if (s->w) journal_add(s->w, "drop");
}
static eff_t *gen_step(struct gen_frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(outside());
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(waiting_gen, struct gen_frame, gen_step, .drop = gen_drop);

static eff_t *item(eff_value_t i, eff_value_t env)
{
    (void)i, (void)env;
    return outside();
}
START_TEST(freeing_unwinds_every_kind_of_frame)
{
    struct host h;
    char text[4096];
    open_host(&h);
    eff_t *par = eff_zip_par(eff_race(outside(), outside()), eff_timeout(outside(), eff_hours(1)));
    eff_t *each = eff_for_each_par(eff_range(0, 5), item, eff_string("env"), 2);
    eff_t *loop = eff_for_each(eff_range(0, 5), item, eff_string("env"));
    eff_t *masks = eff_uninterruptible(eff_interruptible(eff_scoped(outside())));
    eff_t *layer = eff_provide(eff_locally(outside(), &level_tag, eff_int(1)), eff_test_clock());
    fork_root(&h, 0, eff_zip_par(par, eff_zip_par(each, loop)));
    fork_root(&h, 1, eff_zip_par(masks, layer));
    fork_root(&h, 2, waiting_gen((struct gen_frame){ &h.w }));
    turn(&h);
    ck_assert_uint_gt(eff_runtime_n_fibers(h.rt), 10);
    capture_stderr(free_runtime, &h, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(h.w.journal, "drop"));
    close_host(&h);
}
END_TEST

static eff_value_t free_now(eff_value_t env)
{
    eff_runtime_free(((struct host *)eff_as_ptr(env))->rt);
    return eff_unit;
}
START_TEST(freeing_from_inside_a_fiber_is_a_mistake)
{
    struct host h;
    open_host(&h);
    fork_root(&h, 0, eff_sync(free_now, eff_ptr(&h)));
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "die");
    close_host(&h);
}
END_TEST

START_TEST(freeing_null_is_nothing)
{
    eff_runtime_free(NULL);
    eff_runtime_abandon(NULL);
    ck_assert_succeeds(one(1), "1");
}
END_TEST

TESTS(roots_end_first_then_daemons_then_done_which_may_free, the_reason_of_shutdown_is_told,
      shutting_down_with_no_fibers_is_done_in_the_next_turn, after_shutdown_has_begun_forking_from_outside_is_refused,
      forks_inside_running_fibers_still_work_during_shutdown, shutting_down_twice_is_a_mistake,
      a_fiber_may_shut_its_runtime_down, shutting_down_calls_no_canceler_inline,
      a_runtime_with_a_loop_of_its_own_runs_that_to_shut_down, without_fibers_too,
      a_run_in_which_shutdown_begins_returns_when_it_is_over,
      freeing_under_living_fibers_is_reported_and_runs_plain_releases,
      freeing_under_living_fibers_names_the_finalizers_it_skipped, freeing_drops_what_fibers_that_never_started_hold,
      freeing_unwinds_every_kind_of_frame, freeing_from_inside_a_fiber_is_a_mistake, freeing_null_is_nothing)
