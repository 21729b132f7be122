/* What user code that is called in the midst of something may do: drop hooks, supervisors and observers that look at the
 * fibers, ask handles, interrupt; and handles that are left behind. Each is the small program that showed a mistake. */
#include <event2/event.h>
#include <unistd.h>

#include <effect/async.h>
#include <effect/fd.h>

#include "support/fibers.h"
#include "testing/test.h"

/* ---- values that do something as they are dropped */

struct hooked {
    struct world *w;
    void (*on_drop)(struct world *w);
};
static void hooked_clear(struct hooked *h)
{
    if (h->on_drop) h->on_drop(h->w);
}
EFF_STATIC_TYPE(hooked, struct hooked, .drop = hooked_clear);

static eff_value_t hooked(struct world *w, void (*on_drop)(struct world *w))
{
    return EFF_ENV(hooked, .w = w, .on_drop = on_drop);
}

static bool see(const eff_fiber_info_t *info, void *arg)
{
    (void)info, (void)arg;
    return true;
}

static void look_at_fibers(struct world *w)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    if (!w->test) return;
    eff_runtime_dump(eff_test_runtime(w->test), &text);
    eff_buffer_done(&text);
    (void)eff_runtime_each_fiber(eff_test_runtime(w->test), see, NULL);
    w->n[0]++;
}

static void interrupt_first(struct world *w)
{
    if (w->test && w->fibers[0]) eff_runtime_interrupt(eff_test_runtime(w->test), w->fibers[0]);
}

/* ---- groups */

static const eff_local_t mark = { .name = "mark" };
static eff_task_group_t *asked_group;

static void ask_group(struct world *w)
{
    if (!asked_group) return;
    w->n[0] += (int64_t)eff_task_group_size(asked_group);
    eff_task_group_decref(asked_group);
    asked_group = NULL;
}

static eff_t *marked_task(eff_task_group_t *group, eff_value_t env)
{
    eff_task_group_decref(asked_group);
    asked_group = eff_task_group_incref(group);
    eff_t *task = eff_then(eff_local_set(&mark, hooked(eff_as_ptr(env), ask_group)), failing(1));
    return eff_then(eff_task_group_fork(group, task), ms(10));
}

static eff_t *group_is_asked(struct world *w)
{
    return eff_task_group(marked_task, eff_ptr(w));
}
static void forget_group(struct world *w)
{
    (void)w;
    eff_task_group_decref(asked_group);
    asked_group = NULL;
}
CASE(a_group_that_is_given_up_can_be_asked_for_its_size, group_is_asked, .fails = "1", .invariant = forget_group,
     .without = NO_FREE | NO_ALLOCATIONS) /* those would not get to the invariant that gives the handle up */

/* ---- race_with */

static eff_t *keep_loser(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    (void)exit;
    eff_fiber_decref(w->fibers[0]);
    w->fibers[0] = eff_fiber_incref(loser);
    return ms(10);
}

static eff_t *loser_is_kept(struct world *w)
{
    return eff_race_with(one(1), after(1, failing(2)), keep_loser, keep_loser, eff_ptr(w));
}
CASE(the_handle_of_a_loser_that_failed_may_outlive_the_runtime, loser_is_kept, .succeeds = "unit")

/* ---- the runtime is freed */

static void interrupt_it(const eff_fiber_t *fiber, const eff_exit_t *exit, void *arg)
{
    struct world *w = arg;
    (void)exit;
    eff_runtime_interrupt(eff_test_runtime(w->test), (eff_fiber_t *)(uintptr_t)fiber);
    interrupt_first(w);
}

START_TEST(a_supervisor_may_interrupt_what_ends_as_its_runtime_is_freed)
{
    struct world w = { .test = eff_test_new() };
    const eff_supervisor_t supervisor = { .on_end = interrupt_it, .arg = &w };
    eff_t *e = eff_zip_par(keep(&w, 0, eff_fork(eff_never())), eff_zip_par(ms(5), eff_never()));
    (void)eff_test_fork(w.test, eff_supervised(eff_then(e, eff_never()), &supervisor));
    eff_test_adjust(w.test, eff_millis(1));
    eff_set_misuse_handler(NULL, NULL);
    eff__test_free_now(w.test);
    eff_fiber_decref(w.fibers[0]);
}
END_TEST

static void on_nest_end(const eff_exit_t *exit, void *arg)
{
    (void)exit;
    ++*(int *)arg;
}
static eff_t *nested(eff_t *e, int depth)
{
    for (int i = 0; i < depth; i++)
        e = eff_disconnect(e);
    return e;
}

START_TEST(a_runtime_with_a_deep_tree_is_freed_in_linear_time)
{
    int n_ended = 0;
    eff_test_t *t = eff_test_new();
    ck_assert_int_eq(eff_runtime_fork(eff_test_runtime(t), nested(eff_never(), 100000), on_nest_end, &n_ended, NULL),
                     0);
    eff_test_adjust(t, eff_millis(1));
    eff__test_free_now(t); /* in quadratic time it would take longer than a test has */
    ck_assert_int_eq(n_ended, 1);
}
END_TEST

/* ---- offers */

/* The offer holds the queue's last handle, and the queue an item. */
static eff_t *offer_last(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_queue_t *queue = w->queue;
    w->queue = NULL;
    eff_t *e = eff_queue_offer(queue, hooked(w, look_at_fibers));
    eff_queue_decref(queue);
    return e;
}

static eff_t *offer_is_left(struct world *w)
{
    w->queue = eff_queue_bounded(1);
    eff_t *offer = eff_suspend(offer_last, eff_ptr(w));
    return in_order(eff_queue_offer(w->queue, hooked(w, look_at_fibers)), keep(w, 0, eff_fork(offer)), eff_yield_now(),
                    with_fiber(w, 0, interrupt), one(3));
}
CASE(what_an_offer_drops_as_it_is_left_may_look_at_the_fibers, offer_is_left, .succeeds = "3", .without = NO_SHUFFLES)

/* Nobody takes, so that the deadlock ends the offer, whose value interrupts it. */
static eff_t *offer_in_vain(struct world *w)
{
    w->queue = eff_queue_bounded(1);
    eff_t *offer = eff_queue_offer(w->queue, hooked(w, interrupt_first));
    return eff_then(in_order(eff_queue_offer(w->queue, eff_unit), keep(w, 0, eff_fork(offer)), eff_yield_now()),
                    eff_never());
}
CASE(what_an_offer_drops_in_a_deadlock_may_interrupt_it, offer_in_vain, .dies = "deadlock", .without = NO_SHUFFLES)

/* Shut down, the queue drops the value of an offer that interrupts its fiber, and items that are taken meanwhile. */
static void take_another(struct world *w)
{
    eff_value_t item;
    if (w->queue && eff_queue_try_take(w->queue, &item)) eff_value_decref(item);
}

static eff_t *queue_is_shut_down(struct world *w)
{
    w->queue = eff_queue_bounded(2);
    eff_t *items = eff_then(eff_queue_offer(w->queue, hooked(w, take_another)),
                            eff_queue_offer(w->queue, hooked(w, take_another)));
    eff_t *offer = eff_to_exit(eff_queue_offer(w->queue, hooked(w, interrupt_first)));
    return in_order(items, keep(w, 0, eff_fork(offer)), eff_yield_now(), eff_queue_shutdown(w->queue), one(5));
}
CASE(what_a_queue_drops_as_it_is_shut_down_may_take_and_interrupt, queue_is_shut_down, .succeeds = "5",
     .without = NO_SHUFFLES)

/* ---- the environment of a flat_map, which is dropped between its callback and what that returned */

static eff_value_t count_run(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_int(++w->n[0]);
}
static eff_t *run_on(eff_value_t v, eff_value_t env)
{
    (void)v;
    return eff_sync(count_run, eff_ptr(hooked_of(env)->w));
}
static eff_t *wait_on(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_never();
}
static void interrupted_by_env(eff_bind_fn fn)
{
    struct world w = { .test = eff_test_new() };
    w.fibers[0] =
        eff_fiber_incref(eff_test_fork(w.test, eff_flat_map(eff_succeed(eff_unit), fn, hooked(&w, interrupt_first))));
    eff_test_adjust(w.test, eff_millis(1));
    const eff_exit_t *exit = eff_fiber_poll(w.fibers[0]);
    ck_assert(exit && !exit->ok && eff_cause_is_interrupted(exit->cause));
    ck_assert_int_eq(w.n[0], 0);
    eff_fiber_decref(w.fibers[0]);
    ck_assert_uint_eq(eff_test_free(w.test), 0);
}
START_TEST(an_interruption_by_what_an_env_drops_comes_before_the_next_instruction)
{
    interrupted_by_env(run_on);
}
END_TEST
START_TEST(an_interruption_by_what_an_env_drops_ends_a_wait_that_would_begin)
{
    interrupted_by_env(wait_on);
}
END_TEST

static void misread(struct world *w)
{
    (void)w;
    (void)eff_as_int(eff_unit);
}
START_TEST(a_mistake_of_what_an_env_drops_is_a_defect_of_its_flat_map)
{
    struct world w = { 0 };
    eff_exit_t exit = eff_run(eff_flat_map_at("bind here", eff_succeed(eff_unit), run_on, hooked(&w, misread)));
    ck_assert(!exit.ok && eff_cause_has_die(exit.cause));
    ck_assert_int_eq(w.n[0], 0);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit.cause, &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), "read a value of type unit as int") &&
                      strstr(eff_buffer_text(&text), "bind here"),
                  "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_exit_decref(exit);
}
END_TEST

/* ---- a shutdown's grace that passes as an answer comes */

static void keep_handle(eff_async_t *k, eff_value_t env)
{
    *(eff_async_t **)eff_as_ptr(env) = k;
}
static void count_end(const eff_exit_t *exit, void *arg)
{
    ck_assert(!exit->ok && eff_cause_is_interrupted_only(exit->cause));
    ++*(int *)arg;
}
static void count_done(void *arg)
{
    ++*(int *)arg;
}

/* A fiber waits for what has come; but before it hears of that, the grace has passed. */
static void shut_down_too_late(eff_t *e, int pipe_end, eff_async_t **answered)
{
    int n_ended = 0, n_done = 0;
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    ck_assert_int_eq(eff_runtime_fork(rt, e, count_end, &n_ended, NULL), 0);
    event_base_loop(base, EVLOOP_NONBLOCK);
    eff_runtime_shutdown_within(rt, eff_millis(5), count_done, &n_done);
    event_base_loop(base, EVLOOP_NONBLOCK);
    if (pipe_end >= 0) ck_assert_int_eq(write(pipe_end, "x", 1), 1);
    usleep(6000);
    if (answered) eff_async_succeed(*answered, eff_unit);
    event_base_loop(base, 0);
    ck_assert_int_eq(n_ended, 1);
    ck_assert_int_eq(n_done, 1);
    eff_runtime_free(rt);
    event_base_free(base);
}

START_TEST(an_answer_may_find_that_the_grace_has_passed)
{
    eff_async_t *k = NULL;
    shut_down_too_late(eff_async(keep_handle, eff_ptr(&k)), -1, &k);
}
END_TEST

START_TEST(a_descriptor_may_be_ready_when_the_grace_has_passed)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    shut_down_too_late(eff_wait_readable(ends[0]), ends[1], NULL);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

/* ---- forks that fail */

/* The name needs memory after the fiber is among its parent's; without, the fiber is given up, and what it would have run
 * is dropped. */
static eff_t *fork_named(struct world *w)
{
    const eff_fork_options_t options = { .name = "child", .start_immediately = true };
    eff_t *child = eff_then(eff_yield_now(), eff_succeed(hooked(w, look_at_fibers)));
    return eff_map_to(eff_fork_with(child, &options), eff_int(4));
}
CASE(what_a_fork_without_memory_drops_may_look_at_the_fibers, fork_named, .succeeds = "4")

TESTS(an_interruption_by_what_an_env_drops_comes_before_the_next_instruction,
      an_interruption_by_what_an_env_drops_ends_a_wait_that_would_begin,
      a_mistake_of_what_an_env_drops_is_a_defect_of_its_flat_map, a_group_that_is_given_up_can_be_asked_for_its_size,
      the_handle_of_a_loser_that_failed_may_outlive_the_runtime,
      a_supervisor_may_interrupt_what_ends_as_its_runtime_is_freed, a_runtime_with_a_deep_tree_is_freed_in_linear_time,
      what_an_offer_drops_as_it_is_left_may_look_at_the_fibers, what_an_offer_drops_in_a_deadlock_may_interrupt_it,
      what_a_fork_without_memory_drops_may_look_at_the_fibers, an_answer_may_find_that_the_grace_has_passed,
      a_descriptor_may_be_ready_when_the_grace_has_passed, what_a_queue_drops_as_it_is_shut_down_may_take_and_interrupt)
