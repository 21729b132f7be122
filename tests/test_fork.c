/* Forking and handles: join, await, poll, interrupt; where a fiber goes in the run queue; who hears of its failure. */
#include "support/failing_allocator.h"
#include "support/fibers.h"
#include "testing/test.h"

/* ---- join and await */

static eff_t *join_42(struct world *w)
{
    return in_order(keep(w, 0, eff_fork(one(42))), with_fiber(w, 0, join));
}
/* FORK-001 */
CASE(FORK_001_join_gives_the_value_of_the_fiber, join_42, .succeeds = "42")

static eff_t *join_value(eff_value_t fiber, eff_value_t env)
{
    return eff_fiber_join(eff_as_fiber(fiber));
}

static eff_value_t sum(eff_value_t pair, eff_value_t env)
{
    return eff_int(eff_as_int(eff_first(pair)) + eff_as_int(eff_second(pair)));
}

static eff_t *fib(eff_value_t env);
static eff_t *fork_fib(int64_t n)
{
    return eff_flat_map(eff_fork(eff_suspend(fib, eff_int(n))), join_value, eff_unit);
}
static eff_t *fib(eff_value_t env)
{
    int64_t n = eff_as_int(env);
    if (n < 2) return one(n);
    return eff_map(eff_zip(fork_fib(n - 1), fork_fib(n - 2)), sum, eff_unit);
}

static eff_t *fib_5(struct world *w)
{
    return fork_fib(5);
}
/* FORK-001 */
CASE(FORK_001_fork_and_join_at_every_node, fib_5, .succeeds = "5")

/* FORK-001 */
START_TEST(FORK_001_twenty_thousand_fibers)
{
    ck_assert_succeeds(fork_fib(20), "6765");
}
END_TEST

static eff_t *never_instead(const eff_cause_t *cause, eff_value_t env)
{
    return eff_never();
}

/* A user's join_or_never: built of join and never. Its end is the deadlock report, not an error of the fiber. */
static eff_t *join_or_never(struct world *w)
{
    eff_t *body = in_order(keep(w, 0, eff_fork(eff_never())), say_interrupt(w, 0));
    return eff_then(body, eff_catch_cause(with_fiber(w, 0, join), never_instead, eff_unit));
}
/* FORK-004 */
CASE(FORK_004_waiting_for_what_never_comes_is_a_deadlock, join_or_never, .dies = "deadlock", .journal = "interrupt")

static eff_t *start_never(struct world *w)
{
    return in_order(keep(w, 0, eff_fork(eff_never())), say(w, "on"));
}
/* FORK-005 */
CASE(FORK_005_fork_returns_at_once, start_never, .succeeds = "unit", .journal = "on")

static eff_t *join_never(struct world *w)
{
    return in_order(keep(w, 0, eff_fork(eff_never())), with_fiber(w, 0, join));
}
/* FORK-005 */
CASE(FORK_005_joining_a_fiber_that_never_ends_is_a_deadlock, join_never, .dies = "deadlock")

static eff_t *await_done_twice(struct world *w)
{
    eff_t *before = in_order(keep(w, 0, eff_fork(one(1))), eff_yield_now(), keep(w, 1, eff_fork(say(w, "other"))));
    return in_order(before, say_await(w, 0), say_await(w, 0), say(w, "end"));
}
/* FORK-007 */
CASE(FORK_007_awaiting_an_ended_fiber_does_not_lose_the_loop, await_done_twice, .succeeds = "unit",
     .journal = "ok:1 ok:1 end")

static eff_t *join_failed(struct world *w)
{
    return in_order(keep(w, 0, eff_fork(failing(7))), say_await(w, 0), with_fiber(w, 0, join));
}
CASE(join_raises_what_await_shows, join_failed, .cause = "fail(7)", .journal = "fail:7")

static eff_t *fork_one(eff_value_t item, eff_value_t env)
{
    return eff_fork(eff_succeed(eff_value_incref(item)));
}
static eff_t *join_all(eff_value_t fibers, eff_value_t env)
{
    return eff_for_each(eff_value_incref(fibers), join_value, eff_unit);
}
static eff_value_t length(eff_value_t array, eff_value_t env)
{
    return eff_int((int64_t)eff_array_size(array));
}

/* FORK-026 */
START_TEST(FORK_026_ten_thousand_fibers_are_joined)
{
    eff_t *e = eff_for_each(eff_range(0, 10000), fork_one, eff_unit);
    ck_assert_succeeds(eff_map(eff_flat_map(e, join_all, eff_unit), length, eff_unit), "10000");
}
END_TEST

static eff_value_t count_them(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    for (const eff_fiber_t *f = w->fibers[0] ? w->fibers[0]->observers.first : NULL; f; f = f->links.next)
        w->n[1]++;
    return eff_int(++w->n[0]);
}
static void only_before(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[0], 2);
    ck_assert_int_eq(w->n[1], 1);
}
static eff_t *count_observers(struct world *w)
{
    return eff_sync(count_them, eff_ptr(w));
}
static eff_t *joiner_interrupted(struct world *w)
{
    eff_t *forks = eff_then(keep(w, 0, eff_fork(after(5, one(1)))), keep(w, 1, eff_fork(with_fiber(w, 0, join))));
    return in_order(forks, ms(1), count_observers(w), say_interrupt(w, 1), count_observers(w), say_await(w, 0));
}
/* B21: awaiting is a pure observation. */
/* FORK-025 */
CASE(FORK_025_interrupting_who_joins_leaves_the_fiber_alone, joiner_interrupted, .succeeds = "unit",
     .journal = "interrupt ok:1", .check = only_before)

static eff_t *five_observers(struct world *w)
{
    eff_t *e = keep(w, 0, eff_fork(after(1, one(1))));
    for (int i = 1; i <= 5; i++) {
        static const char *const words[] = { "", "a", "b", "c", "d", "e" };
        e = eff_then(e, keep(w, i, eff_fork(eff_then(with_fiber(w, 0, await), say(w, words[i])))));
    }
    return in_order(e, eff_yield_now(), with_fiber(w, 2, interrupt_fork), with_fiber(w, 4, interrupt_fork), ms(2));
}
CASE(observers_are_told_in_order_of_registration, five_observers, .succeeds = "unit", .journal = "a c e")

/* B36: a resume completes through the queue, never by recursion: each fiber of a chain joins the next. */
static eff_t *join_next(eff_value_t env)
{
    int64_t n = eff_as_int(env);
    return n == 0 ? eff_yield_now()
                  : eff_flat_map(eff_fork(eff_suspend(join_next, eff_int(n - 1))), join_value, eff_unit);
}

static eff_exit_t chain_exit;
static void run_chain(void)
{
    chain_exit = eff_test_run(eff_suspend(join_next, eff_int(20000)));
}

START_TEST(a_chain_of_joins_resumes_through_the_queue)
{
    run_on_small_stack(run_chain);
    ck_assert_str_eq(shape_of(&chain_exit), "ok(unit)");
    eff_exit_decref(chain_exit);
}
END_TEST

/* ---- interruption of fibers */

static eff_t *parent_joins_never(struct world *w)
{
    eff_t *child = when_interrupted(eff_never(), say(w, "child"));
    eff_t *parent = in_order(keep(w, 1, eff_fork(child)), with_fiber(w, 1, join));
    return in_order(keep(w, 0, eff_fork(parent)), ms(1), say_interrupt(w, 0), say(w, "end"));
}
/* FORK-012 */
CASE(FORK_012_interrupting_a_parent_interrupts_the_child_it_joins, parent_joins_never, .succeeds = "unit",
     .journal = "child interrupt end")

/* The left side loses the loop before it dies, so that the interruption finds both waiting (in the source the sides run
 * on threads); the fiber is interrupted and its side dies before it gets its turn. */
static eff_t *dies_while_interrupted(struct world *w)
{
    eff_t *left = in_order(open_latch(w, 0), eff_yield_now(), dying());
    eff_t *other = keep(w, 1, eff_fork(say(w, "other")));
    return in_order(keep(w, 0, eff_fork(eff_zip_par(left, eff_never()))), await_latch(w, 0), other,
                    say_interrupt(w, 0));
}
/* FORK-013 */
CASE(FORK_013_a_defect_and_an_interruption_are_both_in_the_cause, dies_while_interrupted, .succeeds = "unit",
     .journal = "other then(die,interrupt)")

/* Forked fibers start interruptible (DESIGN §8), as in Cats Effect. */
static eff_t *start_masked(struct world *w)
{
    return in_order(eff_uninterruptible(keep(w, 0, eff_fork(eff_never()))), say_interrupt(w, 0));
}
/* FORK-015 */
CASE(FORK_015_a_fiber_forked_under_a_mask_can_be_interrupted, start_masked, .succeeds = "unit", .journal = "interrupt")

/* The source's child inherits the mask, so it always starts. Here it starts interruptible: it is given its first turn. */
static eff_t *grandchild(struct world *w)
{
    eff_t *inner = when_interrupted(eff_interruptible(eff_never()), open_latch(w, 0));
    eff_t *middle = in_order(keep(w, 1, eff_fork(inner)), eff_yield_now());
    return in_order(eff_uninterruptible(keep(w, 0, eff_fork(middle))), await_latch(w, 0), say(w, "open"));
}
/* FORK-016 */
CASE(FORK_016_the_end_of_a_fiber_interrupts_its_child, grandchild, .succeeds = "unit", .journal = "open",
     .without = NO_SHUFFLES) /* shuffled, the child may not have had its first turn */

static eff_t *fork_while_interrupted(eff_restore_t restore, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(open_latch(w, 0), eff_yield_now(), keep(w, 1, eff_fork(eff_then(say(w, "born"), one(3)))),
                    say_await(w, 1));
}
static eff_t *born_to_the_interrupted(struct world *w)
{
    eff_t *parent = eff_uninterruptible_mask(fork_while_interrupted, eff_ptr(w));
    return in_order(keep(w, 0, eff_fork(parent)), await_latch(w, 0), say_interrupt(w, 0));
}
/* B22 */
CASE(a_child_forked_by_an_interrupted_but_masked_parent_lives, born_to_the_interrupted, .succeeds = "unit",
     .journal = "born ok:3 interrupt")

static eff_t *parent_ends(struct world *w)
{
    eff_t *parent = in_order(keep(w, 1, eff_fork(eff_ensuring(eff_never(), say(w, "flag")))), eff_yield_now());
    return in_order(keep(w, 0, eff_fork(eff_then(parent, one(1)))), say_await(w, 0));
}
/* FORK-017 */
CASE(FORK_017_the_child_ends_before_the_parents_exit_is_seen, parent_ends, .succeeds = "unit", .journal = "flag ok:1")

static eff_t *parent_interrupted(struct world *w)
{
    eff_t *parent = in_order(keep(w, 1, eff_fork(eff_ensuring(eff_never(), say(w, "flag")))), eff_never());
    return in_order(keep(w, 0, eff_fork(parent)), ms(1), say_interrupt(w, 0));
}
/* FORK-017 */
CASE(FORK_017_the_child_ends_before_an_interrupted_parents_exit_is_seen, parent_interrupted, .succeeds = "unit",
     .journal = "flag interrupt")

static eff_t *before_its_first_turn(struct world *w)
{
    return in_order(keep(w, 0, eff_fork(eff_ensuring(say(w, "body"), say(w, "finalizer")))), say_interrupt(w, 0));
}
CASE(a_fiber_interrupted_before_its_first_turn_never_starts, before_its_first_turn, .succeeds = "unit",
     .journal = "interrupt")

/* The end of a fiber is masked and a mask end: with an interruption pending the success is dropped (DESIGN §8). */
static eff_t *interrupted_while_ending(struct world *w)
{
    eff_t *child = eff_ensuring(eff_never(), eff_then(ms(5000), say_time(w, "child")));
    eff_t *parent = in_order(keep(w, 1, eff_fork(child)), eff_yield_now(), one(42));
    return in_order(keep(w, 0, eff_fork(parent)), ms(1000), say_interrupt(w, 0), say_time(w, "end"));
}
/* FORK-058 */
CASE(FORK_058_a_fiber_interrupted_while_its_child_ends_is_interrupted, interrupted_while_ending, .succeeds = "unit",
     .journal = "child@5000 interrupt end@5000")

static eff_t *interrupts_its_parent(struct world *w)
{
    eff_t *child = in_order(say_exit(w, with_fiber(w, 0, interrupt)), say(w, "on"));
    eff_t *parent = in_order(keep(w, 1, eff_fork(child)), eff_never());
    return in_order(keep(w, 0, eff_fork(parent)), say_await(w, 0));
}
CASE(interrupting_an_ancestor_does_not_wait_for_it, interrupts_its_parent, .succeeds = "unit",
     .journal = "ok:unit on interrupt", .without = NO_BUDGETS /* it may not be known yet */)

static eff_t *interrupts_itself(struct world *w)
{
    eff_t *fiber = in_order(eff_yield_now(), with_fiber(w, 0, interrupt_fork), eff_never());
    return in_order(keep(w, 0, eff_fork(fiber)), say_await(w, 0));
}
CASE(a_fiber_that_interrupts_itself_does_not_start_its_next_wait, interrupts_itself, .succeeds = "unit",
     .journal = "interrupt")

static eff_t *interrupt_does_not_wait(struct world *w)
{
    eff_t *target = eff_ensuring(eff_never(), eff_then(ms(3), say(w, "target")));
    return in_order(keep(w, 0, eff_fork(target)), ms(1), with_fiber(w, 0, interrupt_fork), say(w, "on"),
                    say_await(w, 0));
}
CASE(interrupt_fork_does_not_wait, interrupt_does_not_wait, .succeeds = "unit", .journal = "on target interrupt")

static eff_t *waits_masked(struct world *w)
{
    eff_t *target = eff_ensuring(eff_never(), eff_then(ms(10), say_time(w, "target")));
    eff_t *interrupter = eff_then(with_fiber(w, 0, interrupt), say(w, "lost"));
    return in_order(keep(w, 0, eff_fork(target)), ms(1), keep(w, 1, eff_fork(interrupter)), ms(1), say_interrupt(w, 1),
                    say_time(w, "end"));
}
CASE(who_interrupts_a_fiber_waits_for_its_end_masked, waits_masked, .succeeds = "unit",
     .journal = "target@11 interrupt end@11")

/* ---- daemons */

static eff_t *forks_a_daemon(struct world *w)
{
    eff_t *daemon = in_order(ms(10), say_time(w, "daemon"), open_latch(w, 0));
    return in_order(keep(w, 0, eff_fork(keep(w, 1, eff_fork_daemon(daemon)))), say_await(w, 0), await_latch(w, 0));
}
/* FORK-019 */
CASE(FORK_019_a_daemon_outlives_the_fiber_that_forked_it, forks_a_daemon, .succeeds = "unit",
     .journal = "ok:unit daemon@10")

static eff_t *leaves_a_daemon(struct world *w)
{
    return in_order(keep(w, 0, eff_fork_daemon(holds(w, "d"))), eff_yield_now(), one(1));
}
CASE(a_daemon_is_ended_at_shutdown, leaves_a_daemon, .succeeds = "1", .journal = "d+ d-")

/* ---- looking at fibers */

static eff_t *f1_awaits_f2(struct world *w)
{
    eff_t *race = eff_race(eff_never(), eff_never());
    return in_order(keep(w, 0, eff_fork(eff_never())), keep(w, 1, eff_fork(with_fiber(w, 0, await))),
                    keep(w, 2, eff_fork(race)), keep(w, 3, eff_fork_daemon(eff_never())), eff_never());
}

static void ck_assert_dump_has(struct world *w, const char *text)
{
    eff_buffer_t dump = EFF_BUFFER_INIT;
    eff_runtime_dump(eff_test_runtime(w->test), &dump);
    ck_assert_msg(strstr(eff_buffer_text(&dump), text), "no \"%s\" in\n%s", text, eff_buffer_text(&dump));
    eff_buffer_done(&dump);
}

static void start(struct world *w, eff_t *e)
{
    w->test = eff_test_new();
    (void)eff_test_fork(w->test, e);
    eff_test_adjust(w->test, eff_millis(0));
}
static void stop(struct world *w, size_t ended)
{
    for (int i = 0; i < 8; i++)
        eff_fiber_decref(w->fibers[i]);
    ck_assert_uint_eq(eff_test_free(w->test), ended);
}

/* FORK-028 */
START_TEST(FORK_028_the_dump_says_which_fiber_waits_for_which)
{
    struct world w = { 0 };
    start(&w, f1_awaits_f2(&w));
    ck_assert_dump_has(&w, "waits for the end of fiber 2");
    ck_assert_dump_has(&w, "waits for its parallel sides");
    stop(&w, 7);
}
END_TEST

/* FORK-029 */
START_TEST(FORK_029_daemons_are_roots_until_they_end)
{
    struct world w = { 0 };
    start(&w, in_order(keep(&w, 0, eff_fork_daemon(eff_never())), keep(&w, 1, eff_fork_daemon(ms(5))), eff_never()));
    ck_assert_uint_eq(eff_runtime_n_fibers(eff_test_runtime(w.test)), 3);
    ck_assert_dump_has(&w, "fiber 3");
    eff_test_adjust(w.test, eff_millis(5));
    ck_assert_uint_eq(eff_runtime_n_fibers(eff_test_runtime(w.test)), 2);
    stop(&w, 2);
}
END_TEST

static void say_exit_outside(const eff_exit_t *exit, void *arg)
{
    journal_add(arg, word_of(exit));
}

/* The source's promise is the on_exit of a fiber forked from outside. */
/* FORK-069 */
START_TEST(FORK_069_cancelling_from_outside_is_complete_after_the_finalizers)
{
    struct world w = { .test = eff_test_new() };
    eff_runtime_t *rt = eff_test_runtime(w.test);
    eff_fiber_t *fiber;
    eff_t *e = eff_ensuring(eff_never(), eff_then(ms(5), say_time(&w, "finalizer")));
    ck_assert_int_eq(eff_runtime_fork(rt, e, say_exit_outside, &w, &fiber), 0);
    eff_test_adjust(w.test, eff_millis(1));
    eff_runtime_interrupt(rt, fiber);
    ck_assert_ptr_null(eff_fiber_poll(fiber));
    eff_test_adjust(w.test, eff_millis(9));
    ck_assert_journal(&w, "finalizer@6 interrupt");
    eff_fiber_decref(fiber);
    stop(&w, 0);
}
END_TEST

/* B34 */
START_TEST(the_timers_of_interrupted_fibers_are_gone_at_once)
{
    struct world w = { 0 };
    start(&w, in_order(keep(&w, 0, eff_fork(ms(1000))), eff_yield_now(), say_interrupt(&w, 0),
                       eff_timeout(eff_never(), eff_millis(5))));
    eff_test_adjust(w.test, eff_millis(5));
    ck_assert_uint_eq(eff_runtime_n_fibers(eff_test_runtime(w.test)), 0);
    ck_assert_uint_eq(eff_test_n_sleepers(w.test), 0);
    stop(&w, 0);
}
END_TEST

/* ---- failures that nobody asked for: reported once */

static eff_t *joined_failure(struct world *w)
{
    return in_order(keep(w, 0, eff_fork(failing(1))), eff_to_exit(with_fiber(w, 0, join)), one(0));
}
static eff_t *awaited_failure(struct world *w)
{
    return in_order(keep(w, 0, eff_fork(failing(1))), with_fiber(w, 0, await), one(0));
}
static eff_t *polled(eff_fiber_t *fiber)
{
    return one(eff_fiber_poll(fiber) != NULL);
}
static eff_t *polled_failure(struct world *w)
{
    return in_order(keep(w, 0, eff_fork(failing(1))), eff_yield_now(), with_fiber(w, 0, polled));
}
static eff_t *no_answer(eff_value_t v, eff_value_t env)
{
    return one(0);
}
static eff_t *failure_in_a_timeout(struct world *w)
{
    return eff_catch_all(eff_timeout(yields(failing(1)), eff_seconds(1)), no_answer, eff_unit);
}
static eff_t *daemon_in_a_timeout(struct world *w)
{
    return in_order(eff_timeout(eff_fork_daemon(failing(1)), eff_seconds(1)), eff_yield_now(), say(w, "end"));
}
static eff_t *handle_is_dropped(struct world *w)
{
    return in_order(eff_ignore(eff_fork(failing(1))), eff_yield_now(), say(w, "end"));
}
static eff_t *only_interrupted(struct world *w)
{
    return in_order(keep(w, 0, eff_fork(eff_never())), eff_yield_now(), with_fiber(w, 0, interrupt_fork), ms(1));
}
static eff_t *dies_while_ended(struct world *w)
{
    eff_t *e = eff_ensuring(eff_never(), dying());
    return in_order(keep(w, 0, eff_fork(e)), eff_yield_now(), with_fiber(w, 0, interrupt_fork), ms(1), say(w, "end"));
}
static eff_t *dies_while_interrupted_and_awaited(struct world *w)
{
    return in_order(keep(w, 0, eff_fork(eff_ensuring(eff_never(), dying()))), eff_yield_now(), say_interrupt(w, 0));
}
static eff_t *finalizer_dies(struct world *w)
{
    return in_order(eff_ignore(eff_fork(eff_ensuring(eff_noop(), dying()))), eff_yield_now(), say(w, "end"));
}
static eff_t *region_ends_first(struct world *w)
{
    return in_order(eff_scoped(eff_then(keep(w, 0, eff_fork(failing(1))), eff_yield_now())), say(w, "end"));
}
static eff_t *scope_ends_first(struct world *w)
{
    return in_order(eff_scoped(eff_then(keep(w, 0, eff_fork_scoped(failing(1))), eff_yield_now())), say(w, "end"));
}
static eff_t *seen_by_an_awaiter_that_leaves(struct world *w)
{
    eff_t *e = keep(w, 0, eff_fork(after(2, failing(1))));
    return in_order(e, eff_timeout(with_fiber(w, 0, await), eff_millis(1)), ms(2), one(0));
}

/* FORK-054 */
START_TEST(FORK_054_an_observed_failure_is_not_reported)
{
    struct world w;
    run_observing(&w, joined_failure);
    ck_assert_journal(&w, "ok:0");
    run_observing(&w, awaited_failure);
    ck_assert_journal(&w, "ok:0");
    run_observing(&w, polled_failure);
    ck_assert_journal(&w, "ok:1");
}
END_TEST

/* FORK-055 */
START_TEST(FORK_055_the_librarys_own_fibers_are_not_reported)
{
    struct world w;
    run_observing(&w, failure_in_a_timeout);
    ck_assert_journal(&w, "ok:0");
}
END_TEST

/* FORK-056 */
START_TEST(FORK_056_a_users_daemon_in_a_timeout_is_reported)
{
    struct world w;
    run_observing(&w, daemon_in_a_timeout);
    ck_assert_journal(&w, "unobserved(fail:1) end ok:unit");
}
END_TEST

/* FORK-057 */
START_TEST(FORK_057_a_forgotten_run_is_reported_once)
{
    struct world w = { .test = eff_test_new() };
    eff_runtime_t *rt = eff_test_runtime(w.test);
    rt->options.on_unobserved = note_unobserved;
    rt->options.arg = &w;
    ck_assert_int_eq(eff_runtime_fork(rt, failing(1), NULL, NULL, NULL), 0);
    eff_test_adjust(w.test, eff_millis(0));
    ck_assert_journal(&w, "unobserved(fail:1)");
    stop(&w, 0);
    ck_assert_journal(&w, "unobserved(fail:1)");
}
END_TEST

START_TEST(a_failure_is_reported_when_the_last_handle_is_dropped)
{
    struct world w;
    run_observing(&w, handle_is_dropped);
    ck_assert_journal(&w, "unobserved(fail:1) end ok:unit");
}
END_TEST

/* Interruption only is nothing to report. Waiting for the end of the interrupted fiber observes it (DESIGN §7), defects
 * included; interrupt_fork does not. */
/* FORK-059 */
START_TEST(FORK_059_an_interrupted_fiber_is_reported_only_for_more_than_that)
{
    struct world w;
    run_observing(&w, only_interrupted);
    ck_assert_journal(&w, "ok:unit");
    run_observing(&w, dies_while_ended);
    ck_assert_journal(&w, "end unobserved(then(interrupt,die)) ok:unit");
    run_observing(&w, dies_while_interrupted_and_awaited);
    ck_assert_journal(&w, "then(interrupt,die) ok:unit");
}
END_TEST

/* FORK-060 */
START_TEST(FORK_060_a_finalizer_that_dies_is_reported)
{
    struct world w;
    run_observing(&w, finalizer_dies);
    ck_assert_journal(&w, "unobserved(die) end ok:unit");
}
END_TEST

START_TEST(a_failure_is_reported_at_latest_when_its_region_ends)
{
    struct world w;
    run_observing(&w, region_ends_first);
    ck_assert_journal(&w, "unobserved(fail:1) end ok:unit");
}
END_TEST

START_TEST(a_failure_is_reported_at_latest_when_its_scope_closes)
{
    struct world w;
    run_observing(&w, scope_ends_first);
    ck_assert_journal(&w, "unobserved(fail:1) end ok:unit");
}
END_TEST

START_TEST(an_awaiter_that_left_has_observed_nothing)
{
    struct world w;
    run_observing(&w, seen_by_an_awaiter_that_leaves);
    ck_assert_journal(&w, "unobserved(fail:1) ok:0");
}
END_TEST

TESTS(FORK_001_join_gives_the_value_of_the_fiber, FORK_001_fork_and_join_at_every_node, FORK_001_twenty_thousand_fibers,
      FORK_004_waiting_for_what_never_comes_is_a_deadlock, FORK_005_fork_returns_at_once,
      FORK_005_joining_a_fiber_that_never_ends_is_a_deadlock, FORK_007_awaiting_an_ended_fiber_does_not_lose_the_loop,
      join_raises_what_await_shows, FORK_026_ten_thousand_fibers_are_joined,
      FORK_025_interrupting_who_joins_leaves_the_fiber_alone, observers_are_told_in_order_of_registration,
      a_chain_of_joins_resumes_through_the_queue, FORK_012_interrupting_a_parent_interrupts_the_child_it_joins,
      FORK_013_a_defect_and_an_interruption_are_both_in_the_cause,
      FORK_015_a_fiber_forked_under_a_mask_can_be_interrupted, FORK_016_the_end_of_a_fiber_interrupts_its_child,
      a_child_forked_by_an_interrupted_but_masked_parent_lives, FORK_017_the_child_ends_before_the_parents_exit_is_seen,
      FORK_017_the_child_ends_before_an_interrupted_parents_exit_is_seen,
      a_fiber_interrupted_before_its_first_turn_never_starts,
      FORK_058_a_fiber_interrupted_while_its_child_ends_is_interrupted, interrupting_an_ancestor_does_not_wait_for_it,
      a_fiber_that_interrupts_itself_does_not_start_its_next_wait, interrupt_fork_does_not_wait,
      who_interrupts_a_fiber_waits_for_its_end_masked, FORK_019_a_daemon_outlives_the_fiber_that_forked_it,
      a_daemon_is_ended_at_shutdown, FORK_028_the_dump_says_which_fiber_waits_for_which,
      FORK_029_daemons_are_roots_until_they_end, FORK_069_cancelling_from_outside_is_complete_after_the_finalizers,
      the_timers_of_interrupted_fibers_are_gone_at_once, FORK_054_an_observed_failure_is_not_reported,
      FORK_055_the_librarys_own_fibers_are_not_reported, FORK_056_a_users_daemon_in_a_timeout_is_reported,
      FORK_057_a_forgotten_run_is_reported_once, a_failure_is_reported_when_the_last_handle_is_dropped,
      FORK_059_an_interrupted_fiber_is_reported_only_for_more_than_that, FORK_060_a_finalizer_that_dies_is_reported,
      a_failure_is_reported_at_latest_when_its_region_ends, a_failure_is_reported_at_latest_when_its_scope_closes,
      an_awaiter_that_left_has_observed_nothing)
