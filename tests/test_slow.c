/* What takes long is named: callbacks that hold the loop, and finalizers that others wait for. The clock that they are
 * judged by is the test's own, and callbacks move it. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/runtime.h"
#include "support/fibers.h"

static int64_t now; /* ns */
static int64_t read_clock(void)
{
    return now;
}
static void pass(int64_t ms)
{
    now += ms * 1000000;
}

enum { MAX_TOLD = 64 };
static struct {
    size_t n;
    eff_slow_t reports[MAX_TOLD];
    char texts[MAX_TOLD][400];
} told;

/* Lines of this file are told as N. */
static void copy_text(char *to, size_t room, const char *text)
{
    static const char file[] = "test_slow.c:";
    size_t n = 0;
    while (*text && n + sizeof file < room) {
        if (strncmp(text, file, sizeof file - 1) != 0) {
            to[n++] = *text++;
            continue;
        }
        n += (size_t)snprintf(to + n, room - n, "%sN", file);
        text += sizeof file - 1;
        text += strspn(text, "0123456789");
    }
    to[n] = 0;
}

static void note(const eff_slow_t *slow, void *arg)
{
    ck_assert_uint_lt(told.n, MAX_TOLD);
    told.reports[told.n] = *slow;
    copy_text(told.texts[told.n], sizeof told.texts[0], slow->text);
    told.n++;
}

/* A runtime that tells of callbacks of 10 ms and more, and finalizers of 5 s and more. */
static eff_runtime_t *open_runtime(void)
{
    memset(&told, 0, sizeof told);
    now = 1000000000;
    (void)unsetenv("EFF_DEBUG"); /* which would count for more than the options */
    eff_runtime_t *rt = eff_runtime_new(
        &(eff_runtime_options_t){ .slow_callback = eff_millis(10), .slow_finalizer = eff_seconds(5), .on_slow = note });
    ck_assert_ptr_nonnull(rt);
    rt->debug.now = read_clock;
    return rt;
}

/* Runs e, and what it left running, to the end. */
static void run(eff_t *e)
{
    eff_runtime_t *rt = open_runtime();
    eff_exit_decref(eff_runtime_run(rt, e));
    if (eff_runtime_n_fibers(rt) > 0) eff__run_shutdown(rt);
    eff_runtime_free(rt);
}

static void ignore_misuse(const char *message, void *arg) {}

static void ck_assert_told_(int line, eff_t *e, const char *text)
{
    run(e);
    const char *first = told.n ? told.texts[0] : "";
    ck_assert_msg(told.n == (text[0] != 0) && !strcmp(first, text),
                  "line %d: expected to be told \"%s\", but of %zu reports the first is \"%s\", the second \"%s\"",
                  line, text, told.n, first, told.texts[1]);
}
#define ck_assert_told(e, text) ck_assert_told_(__LINE__, e, text)

/* ---- callbacks of every kind; env: how many ms they take */

static eff_value_t sync_fn(eff_value_t env)
{
    pass(eff_as_int(env));
    return eff_unit;
}
static eff_t *suspend_fn(eff_value_t env)
{
    pass(eff_as_int(env));
    return eff_noop();
}
static eff_t *bind_fn(eff_value_t v, eff_value_t env)
{
    pass(eff_as_int(env));
    return eff_noop();
}
static eff_value_t map_fn(eff_value_t v, eff_value_t env)
{
    pass(eff_as_int(env));
    return eff_unit;
}
static eff_t *finalizer_fn(const eff_exit_t *exit, eff_value_t env)
{
    pass(eff_as_int(env));
    return eff_noop();
}
static void release_fn(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    pass(eff_as_int(env));
}
static void start_fn(eff_async_t *k, eff_value_t env)
{
    pass(eff_as_int(env));
    eff_async_succeed(k, eff_unit);
}
static eff_t *mask_fn(eff_restore_t restore, eff_value_t env)
{
    pass(eff_as_int(env));
    return eff_noop();
}

#define IN_FIBER_1 " held the loop for 84 ms, in fiber 1 (main)"

START_TEST(a_callback_that_holds_the_loop_is_named_with_its_site_and_time)
{
    const eff_value_t ms = eff_int(84);
    ck_assert_told(eff_sync(sync_fn, ms), "callback sync_fn (test_slow.c:N)" IN_FIBER_1);
    ck_assert_told(eff_suspend(suspend_fn, ms), "callback suspend_fn (test_slow.c:N)" IN_FIBER_1);
    ck_assert_told(eff_flat_map(eff_noop(), bind_fn, ms), "callback bind_fn (test_slow.c:N)" IN_FIBER_1);
    ck_assert_told(eff_map(eff_noop(), map_fn, ms), "callback map_fn (test_slow.c:N)" IN_FIBER_1);
    ck_assert_told(eff_catch_all(eff_fail(eff_unit), bind_fn, ms), "callback bind_fn (test_slow.c:N)" IN_FIBER_1);
    ck_assert_told(eff_uninterruptible_mask(mask_fn, ms), "callback mask_fn (test_slow.c:N)" IN_FIBER_1);
    ck_assert_told(eff_async(start_fn, ms), "callback start_fn (test_slow.c:N)" IN_FIBER_1);
}
END_TEST

START_TEST(so_is_a_loops_callback)
{
    const eff_value_t ms = eff_int(84);
    ck_assert_told(eff_for_each(eff_range(0, 1), bind_fn, ms), "callback bind_fn (test_slow.c:N)" IN_FIBER_1);
    run(eff_for_each(eff_range(0, 3), bind_fn, ms));
    ck_assert_uint_eq(told.n, 3);
    run(eff_for_each_par(eff_range(0, 3), bind_fn, ms, 2));
    ck_assert_uint_eq(told.n, 3);
    ck_assert_str_eq(told.texts[2], "callback bind_fn (test_slow.c:N) held the loop for 84 ms, in fiber 4 (forked at "
                                    "bind_fn (test_slow.c:N))");
}
END_TEST

START_TEST(so_is_a_finalizer)
{
    const eff_value_t ms = eff_int(84);
    eff_t *bracket = eff_acquire_use_release(eff_noop(), bind_fn, release_fn, ms);
    ck_assert_told(eff_on_exit(eff_noop(), finalizer_fn, ms), "finalizer finalizer_fn (test_slow.c:N)" IN_FIBER_1);
    run(bracket);
    ck_assert_uint_eq(told.n, 2);
    ck_assert_str_eq(told.texts[0], "callback bind_fn (test_slow.c:N)" IN_FIBER_1);
    ck_assert_str_eq(told.texts[1], "the release of bind_fn (test_slow.c:N)" IN_FIBER_1);
}
END_TEST

START_TEST(of_several_in_a_scope_each_is_judged_by_itself)
{
    eff_t *two = eff_then(eff_acquire_release(eff_noop(), release_fn, eff_int(8)),
                          eff_acquire_release(eff_noop(), release_fn, eff_int(20)));
    run(eff_scoped(two));
    ck_assert_uint_eq(told.n, 1);
    ck_assert_str_eq(told.texts[0], "finalizer release_fn (test_slow.c:N) held the loop for 20 ms, in fiber 1 (main)");
}
END_TEST

struct steps {
    int64_t first, second;
};
static eff_t *close_steps(struct steps *s, const eff_exit_t *exit)
{
    pass(30);
    return eff_noop();
}
static eff_t *steps_step(struct steps *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_DEFER(s, close_steps);
    pass(s->first);
    EFF_AWAIT(eff_yield_now());
    pass(s->second);
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(steps, struct steps, steps_step);

START_TEST(of_a_gen_the_step_is_named_by_the_await_it_went_on_from)
{
    run(steps((struct steps){ 10, 20 }));
    ck_assert_uint_eq(told.n, 3);
    ck_assert_str_eq(told.texts[0],
                     "gen steps, begun at steps (test_slow.c:N), held the loop for 10 ms, in fiber 1 (main)");
    ck_assert_str_eq(told.texts[1], "gen steps, from test_slow.c:N on, held the loop for 20 ms, in fiber 1 (main)");
    ck_assert_str_eq(told.texts[2], "finalizer close_steps (test_slow.c:N) held the loop for 30 ms, in fiber 1 (main)");
}
END_TEST

static eff_cancel_t cancel_slowly(eff_async_t *k, void *arg)
{
    pass(30);
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}
static void start_waiting(eff_async_t *k, eff_value_t env)
{
    eff_async_on_cancel(k, cancel_slowly, NULL);
}

START_TEST(a_canceler_is_told_of_and_not_counted_to_who_interrupts)
{
    run(eff_race_first(eff_async(start_waiting, eff_unit), eff_yield_now()));
    ck_assert_uint_eq(told.n, 1);
    ck_assert_str_eq(told.texts[0], "the canceler of callback start_waiting (test_slow.c:N) held the loop for 30 ms, "
                                    "in fiber 2 (forked at test_slow.c:N)");
}
END_TEST

static void observe_slowly(const eff_exit_t *exit, void *arg)
{
    pass(30);
}

START_TEST(an_observer_outside_is_told_of)
{
    eff_runtime_t *rt = open_runtime();
    ck_assert_int_eq(eff_runtime_fork(rt, eff_noop(), observe_slowly, NULL, NULL), 0);
    eff_exit_decref(eff_runtime_run(rt, eff_yield_now()));
    eff_runtime_free(rt);
    ck_assert_uint_eq(told.n, 1);
    ck_assert_str_eq(told.texts[0], "an observer of its end held the loop for 30 ms, of fiber 1 (main)");
}
END_TEST

/* NOLINTNEXTLINE(readability-non-const-parameter): the type of a drop hook */
static void drop_slowly(int64_t *ms)
{
    pass(*ms);
}
EFF_STATIC_TYPE(heavy, int64_t, .drop = drop_slowly);
static eff_value_t forget_it(eff_value_t v, eff_value_t env)
{
    return eff_unit;
}

START_TEST(what_a_callback_drops_counts_to_it)
{
    eff_t *e = eff_map(eff_succeed(heavy_make(50)), forget_it, eff_unit);
    ck_assert_told(e, "callback forget_it (test_slow.c:N) held the loop for 50 ms, in fiber 1 (main)");
}
END_TEST

static int n_rounds;
static eff_t *round_fn(eff_value_t env)
{
    return n_rounds++ == 0 ? eff_succeed(heavy_make(50)) : eff_fail(eff_unit);
}

START_TEST(the_librarys_own_callbacks_are_told_as_what_they_belong_to)
{
    const char dropped[] = " at test_slow.c:N held the loop for 50 ms, in fiber 1 (main)";
    char text[100];
    snprintf(text, sizeof text, "then%s", dropped);
    ck_assert_told(eff_then(eff_succeed(heavy_make(50)), eff_noop()), text);
    snprintf(text, sizeof text, "or_else%s", dropped);
    ck_assert_told(eff_or_else(eff_fail(heavy_make(50)), eff_noop()), text);
    snprintf(text, sizeof text, "forever%s", dropped);
    n_rounds = 0;
    ck_assert_told(eff_forever(eff_suspend(round_fn, eff_unit)), text);
}
END_TEST

START_TEST(what_is_quicker_is_not_told)
{
    ck_assert_told(eff_map(eff_noop(), map_fn, eff_int(9)), "");
    ck_assert_told(eff_sync(sync_fn, eff_int(9)), "");
    ck_assert_told(eff_scoped(eff_acquire_release(eff_noop(), release_fn, eff_int(9))), "");
}
END_TEST

START_TEST(a_report_has_the_facts_too)
{
    run(eff_then(eff_fork(eff_named(eff_sync(sync_fn, eff_int(84)), "w")), eff_yield_now()));
    ck_assert_uint_eq(told.n, 1);
    const eff_slow_t *r = &told.reports[0];
    ck_assert_int_eq(r->kind, EFF_SLOW_CALLBACK);
    ck_assert_int_eq(r->took.ns, 84000000);
    ck_assert_uint_eq(r->fiber, 2);
    ck_assert_ptr_nonnull(strstr(told.texts[0], "fiber 2 \"w\" (forked at test_slow.c:N)"));
    ck_assert_ptr_nonnull(strstr(r->site, "sync_fn (test_slow.c:"));
}
END_TEST

/* As docs/debugging.md has it. */
static void log_slow(const eff_slow_t *slow, void *arg)
{
    fprintf((FILE *)arg, "%s\n", slow->text);
}

START_TEST(a_host_logs_what_is_slow)
{
    char text[500] = "";
    struct event_base *base = event_base_new();
    FILE *log = fmemopen(text, sizeof text, "w");
    (void)unsetenv("EFF_DEBUG");
    eff_runtime_options_t options = { .base = base, .on_slow = log_slow, .arg = log };
    options.slow_callback = eff_millis(50);
    options.slow_finalizer = eff_seconds(10);
    eff_runtime_t *rt = eff_runtime_new(&options);
    rt->debug.now = read_clock;
    eff_exit_decref(eff_runtime_run(rt, eff_sync(sync_fn, eff_int(50))));
    eff_runtime_free(rt);
    event_base_free(base);
    fclose(log);
    ck_assert_ptr_nonnull(strstr(text, " held the loop for 50 ms, in fiber 1 (main)\n"));
}
END_TEST

/* ---- turns */

static eff_t *many(int n, int64_t ms)
{
    eff_t *e = eff_noop();
    for (int i = 0; i < n; i++)
        e = eff_then(e, eff_sync(sync_fn, eff_int(ms)));
    return e;
}

START_TEST(a_long_turn_of_short_callbacks_is_told_as_that)
{
    run(many(5, 3));
    ck_assert_uint_eq(told.n, 1);
    ck_assert_int_eq(told.reports[0].kind, EFF_SLOW_TURN);
    ck_assert_ptr_null(told.reports[0].site);
    const char begin[] = "fiber 1 (main) held the loop for 15 ms with ";
    ck_assert_msg(!strncmp(told.texts[0], begin, sizeof begin - 1), "%s", told.texts[0]);
    ck_assert_ptr_nonnull(strstr(told.texts[0], " instructions, none of them slow by itself: "));
}
END_TEST

START_TEST(a_turn_with_a_slow_callback_is_not_told_twice)
{
    run(eff_then(many(5, 3), eff_sync(sync_fn, eff_int(20))));
    ck_assert_uint_eq(told.n, 1);
    ck_assert_int_eq(told.reports[0].kind, EFF_SLOW_CALLBACK);
}
END_TEST

/* ---- finalizers */

static eff_t *sleep_finally(const eff_exit_t *exit, eff_value_t env)
{
    return eff_sleep(eff_seconds((double)eff_as_int(env)));
}

/* Starts e under a TestClock, which does not move the clock that finalizers are judged by. */
static eff_test_t *begin(eff_t *e)
{
    memset(&told, 0, sizeof told);
    now = 1000000000;
    eff_test_t *t = eff_test_new();
    eff_runtime_t *rt = eff_test_runtime(t);
    rt->debug.now = read_clock;
    rt->debug.finalizer_ns = eff_seconds(5).ns;
    rt->options.on_slow = note;
    (void)eff_test_fork(t, e);
    eff_test_adjust(t, eff_millis(0));
    return t;
}
static void let_pass(eff_test_t *t, int64_t ms)
{
    pass(ms);
    eff__finalizers_tell(eff_test_runtime(t));
}

START_TEST(a_finalizer_that_takes_long_is_told_again_and_again_and_when_it_has_ended)
{
    eff_test_t *t = begin(eff_on_exit(eff_noop(), sleep_finally, eff_int(30)));
    let_pass(t, 4999);
    ck_assert_uint_eq(told.n, 0);
    let_pass(t, 1);
    ck_assert_uint_eq(told.n, 1);
    ck_assert_int_eq(told.reports[0].kind, EFF_SLOW_WAITING);
    ck_assert_str_eq(told.texts[0],
                     "finalizer sleep_finally (test_slow.c:N) has been running for 5 s: fiber 1 (main) waits for "
                     "virtual time to pass at test_slow.c:N, due in 30 s, masked");
    let_pass(t, 4000);
    ck_assert_uint_eq(told.n, 1);
    let_pass(t, 1000);
    ck_assert_uint_eq(told.n, 2);
    ck_assert_int_eq(told.reports[1].took.ns, 10000000000);
    pass(2300);
    ck_assert_uint_eq(eff_test_free(t), 1);
    ck_assert_uint_eq(told.n, 3);
    ck_assert_int_eq(told.reports[2].kind, EFF_SLOW_FINALIZER);
    ck_assert_str_eq(told.texts[2], "finalizer sleep_finally (test_slow.c:N) took 12.3 s, in fiber 1 (main)");
}
END_TEST

static eff_t *sleep_and_release(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    return eff_sleep(eff_seconds(30));
}
static eff_t *sleep_at_the_end(struct steps *s, const eff_exit_t *exit)
{
    return eff_sleep(eff_seconds(30));
}
static eff_t *deferring_step(struct steps *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_DEFER(s, sleep_at_the_end);
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(deferring, struct steps, deferring_step);

START_TEST(finalizers_of_every_kind_are_watched)
{
    eff_t *e[] = { eff_ensuring(eff_noop(), eff_sleep(eff_seconds(30))),
                   eff_scoped(eff_acquire_release_effect(eff_noop(), sleep_and_release, eff_unit)),
                   eff_acquire_use_release_effect(eff_noop(), bind_fn, sleep_and_release, eff_int(0)),
                   deferring((struct steps){ 0, 0 }) };
    const char *names[] = { "a finalizer at test_slow.c:N has", "finalizer sleep_and_release (test_slow.c:N) has",
                            "the release of bind_fn (test_slow.c:N) has",
                            "finalizer sleep_at_the_end (test_slow.c:N) has" };
    for (size_t i = 0; i < sizeof e / sizeof e[0]; i++) {
        eff_test_t *t = begin(e[i]);
        let_pass(t, 5000);
        ck_assert_uint_eq(told.n, 1);
        ck_assert_msg(!strncmp(told.texts[0], names[i], strlen(names[i])), "%s", told.texts[0]);
        ck_assert_uint_eq(eff_test_free(t), 1);
    }
}
END_TEST

static eff_t *wait_forever(eff_value_t item, eff_value_t env)
{
    return eff_ensuring(eff_noop(), eff_sleep(eff_seconds(30)));
}

START_TEST(of_many_finalizers_some_are_told_and_the_rest_counted)
{
    eff_test_t *t = begin(eff_for_each_par_discard(eff_range(0, 23), wait_forever, eff_unit, 0));
    let_pass(t, 5000);
    ck_assert_uint_eq(told.n, 11);
    ck_assert_str_eq(told.texts[10], "13 more finalizers or fibers have been running for long");
    (void)eff_test_free(t);
}
END_TEST

static eff_t *nest(const eff_exit_t *exit, eff_value_t env)
{
    return eff_on_exit(eff_noop(), sleep_finally, eff_int(30));
}

START_TEST(the_innermost_of_nested_finalizers_is_told)
{
    eff_test_t *t = begin(eff_on_exit(eff_noop(), nest, eff_unit));
    ck_assert_uint_eq(eff_test_runtime(t)->finalizers.n, 2);
    let_pass(t, 5000);
    ck_assert_uint_eq(told.n, 1);
    ck_assert_msg(!strncmp(told.texts[0], "finalizer sleep_finally ", 24), "%s", told.texts[0]);
    (void)eff_test_free(t);
    ck_assert_uint_eq(told.n, 3);
    ck_assert_msg(!strncmp(told.texts[2], "finalizer nest ", 15), "%s", told.texts[2]);
}
END_TEST

START_TEST(finalizers_that_run_already_are_watched_from_when_it_is_asked)
{
    eff_test_t *t = eff_test_new();
    eff_runtime_t *rt = eff_test_runtime(t);
    memset(&told, 0, sizeof told);
    rt->debug.now = read_clock;
    rt->options.on_slow = note;
    (void)eff_test_fork(t, eff_on_exit(eff_noop(), sleep_finally, eff_int(30)));
    (void)eff_test_fork(t, eff_sleep(eff_seconds(30)));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_uint_eq(rt->finalizers.n, 0);
    pass(60000);
    eff__finalizers_watch(rt, eff_seconds(5).ns);
    ck_assert_uint_eq(rt->finalizers.n, 1);
    let_pass(t, 5000);
    ck_assert_uint_eq(told.n, 1);
    ck_assert_int_eq(told.reports[0].took.ns, 5000000000);
    (void)eff_test_free(t);
}
END_TEST

static eff_deferred_t *closed;
static void close_it(const eff_slow_t *slow, void *arg)
{
    note(slow, arg);
    if (slow->kind == EFF_SLOW_WAITING) (void)eff_deferred_complete(closed, eff_exit_succeed(eff_unit));
}

/* By the real clock: the loop would wait for ever if it did not look at the finalizer. */
START_TEST(a_callers_loop_looks_at_finalizers_too)
{
    struct event_base *base = event_base_new();
    memset(&told, 0, sizeof told);
    (void)unsetenv("EFF_DEBUG");
    closed = eff_deferred_new();
    eff_runtime_options_t options = { .base = base, .on_slow = close_it };
    options.slow_finalizer = eff_millis(1);
    eff_runtime_t *rt = eff_runtime_new(&options);
    eff_t *e = eff_ensuring(eff_noop(), eff_external(eff_deferred_await(closed)));
    ck_assert_int_eq(eff_runtime_fork(rt, e, NULL, NULL, NULL), 0);
    for (int i = 0; i < 1000 && eff_runtime_n_fibers(rt) > 0; i++)
        event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY | EVLOOP_ONCE);
    ck_assert_uint_eq(eff_runtime_n_fibers(rt), 0);
    ck_assert_uint_eq(told.n, 2);
    ck_assert_int_eq(told.reports[1].kind, EFF_SLOW_FINALIZER);
    eff_runtime_free(rt);
    event_base_free(base);
    eff_deferred_decref(closed);
}
END_TEST

START_TEST(once_all_is_to_end_so_are_fibers_that_do_not_see_it)
{
    eff_test_t *t = begin(eff_uninterruptible(eff_sleep(eff_seconds(30))));
    eff_runtime_t *rt = eff_test_runtime(t);
    (void)eff_test_fork(t, eff_ensuring(eff_noop(), eff_sleep(eff_seconds(30))));
    (void)eff_test_fork(t, eff_zip_par(eff_uninterruptible(eff_sleep(eff_seconds(30))), eff_never()));
    eff_test_adjust(t, eff_millis(0));
    pass(2000);
    eff_runtime_shutdown(rt, NULL, NULL);
    eff_test_adjust(t, eff_millis(0));
    let_pass(t, 3000);
    ck_assert_uint_eq(told.n, 1);
    ck_assert_msg(!strncmp(told.texts[0], "a finalizer at ", 15), "%s", told.texts[0]);
    let_pass(t, 4999);
    ck_assert_uint_eq(told.n, 1);
    let_pass(t, 1);
    ck_assert_uint_eq(told.n, 4);
    ck_assert_msg(!strncmp(told.texts[2], "a finalizer at ", 15), "%s", told.texts[2]);
    ck_assert_str_eq(told.texts[3], "after 8 s the end is still waited for: fiber 1 (main) waits for virtual time to "
                                    "pass at test_slow.c:N, due in 30 s, masked, interrupted (shutdown)");
    ck_assert_ptr_nonnull(strstr(told.texts[1], "fiber 4 (forked at test_slow.c:N) waits for virtual time to pass"));
    (void)eff_test_free(t);
}
END_TEST

START_TEST(who_stays_for_a_grace_is_not_told_but_who_does_not_end_after_it_is)
{
    eff_test_t *t = begin(eff_graceful(eff_uninterruptible(eff_sleep(eff_seconds(31))), eff_seconds(11)));
    eff_runtime_shutdown(eff_test_runtime(t), NULL, NULL);
    eff_test_adjust(t, eff_millis(0));
    let_pass(t, 5000);
    let_pass(t, 5000);
    ck_assert_uint_eq(told.n, 0);
    eff_test_adjust(t, eff_seconds(11));
    let_pass(t, 5000);
    ck_assert_uint_eq(told.n, 1);
    ck_assert_str_eq(told.texts[0],
                     "after 15 s the end is still waited for: fiber 2 (forked at test_slow.c:N) waits for virtual time "
                     "to pass at test_slow.c:N, due in 20 s, masked, interrupted (shutdown)");
    let_pass(t, 4999);
    ck_assert_uint_eq(told.n, 1);
    let_pass(t, 1);
    ck_assert_uint_eq(told.n, 2);
    (void)eff_test_free(t);
}
END_TEST

START_TEST(the_same_is_told_less_and_less_often)
{
    eff_test_t *t = begin(eff_uninterruptible(eff_sleep(eff_seconds(30))));
    (void)eff_test_fork(t, eff_ensuring(eff_noop(), eff_sleep(eff_seconds(30))));
    eff_test_adjust(t, eff_millis(0));
    eff_runtime_shutdown(eff_test_runtime(t), NULL, NULL);
    eff_test_adjust(t, eff_millis(0));
    static const int64_t at[] = { 5, 10, 20, 40, 80 };
    for (int s = 1; s <= 100; s++)
        let_pass(t, 1000);
    ck_assert_uint_eq(told.n, 2 * sizeof at / sizeof at[0]);
    for (size_t i = 0; i < told.n; i++)
        ck_assert_int_eq(told.reports[i].took.ns, at[i / 2] * 1000000000);
    (void)eff_test_free(t);
}
END_TEST

START_TEST(a_finalizer_that_is_given_up_is_forgotten)
{
    eff_runtime_t *rt = open_runtime();
    eff_set_misuse_handler(ignore_misuse, NULL);
    ck_assert_int_eq(eff_runtime_fork(rt, eff_ensuring(eff_noop(), eff_never()), NULL, NULL, NULL), 0);
    eff_exit_decref(eff_runtime_run(rt, eff_yield_now()));
    ck_assert_uint_eq(rt->finalizers.n, 1);
    eff_runtime_free(rt);
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_uint_eq(told.n, 0);
}
END_TEST

/* ---- the goodbye of a layer */

typedef struct line {
    int number;
} line_t;
EFF_DECLARE_SERVICE(line, line_t);
EFF_DEFINE_SERVICE(line, line_t);
static eff_t *open_line(void)
{
    static line_t line;
    return eff_succeed(line_value(&line));
}
static eff_t *hang_up(line_t *line)
{
    (void)line;
    pass(20);
    return eff_then(eff_yield_now(), eff_sync(sync_fn, eff_int(6000)));
}
eff_layer_t *line_live(void);
EFF_DEFINE_POLITE_LAYER(line_live, line, line_t, open_line, hang_up, NULL, EFF_NO_NEEDS);
START_TEST(the_goodbye_of_a_layer_is_told_by_its_own_name)
{
    run(eff_provide(eff_noop(), line_live()));
    const char *in_keeper = ", in fiber 2 \"line_live\" (forked at test_slow.c:N)";
    char text[200];
    ck_assert_uint_ge(told.n, 3);
    snprintf(text, sizeof text, "finalizer hang_up (test_slow.c:N) held the loop for 20 ms%s", in_keeper);
    ck_assert_str_eq(told.texts[0], text);
    snprintf(text, sizeof text, "finalizer hang_up (test_slow.c:N) took 6 s%s", in_keeper);
    ck_assert_str_eq(told.texts[2], text);
}
END_TEST

TESTS(the_goodbye_of_a_layer_is_told_by_its_own_name, a_callback_that_holds_the_loop_is_named_with_its_site_and_time,
      so_is_a_loops_callback, so_is_a_finalizer, of_several_in_a_scope_each_is_judged_by_itself,
      of_a_gen_the_step_is_named_by_the_await_it_went_on_from, a_canceler_is_told_of_and_not_counted_to_who_interrupts,
      an_observer_outside_is_told_of, what_a_callback_drops_counts_to_it,
      the_librarys_own_callbacks_are_told_as_what_they_belong_to, what_is_quicker_is_not_told,
      a_report_has_the_facts_too, a_host_logs_what_is_slow, a_long_turn_of_short_callbacks_is_told_as_that,
      a_turn_with_a_slow_callback_is_not_told_twice,
      a_finalizer_that_takes_long_is_told_again_and_again_and_when_it_has_ended, finalizers_of_every_kind_are_watched,
      of_many_finalizers_some_are_told_and_the_rest_counted, the_innermost_of_nested_finalizers_is_told,
      finalizers_that_run_already_are_watched_from_when_it_is_asked,
      once_all_is_to_end_so_are_fibers_that_do_not_see_it,
      who_stays_for_a_grace_is_not_told_but_who_does_not_end_after_it_is, the_same_is_told_less_and_less_often,
      a_callers_loop_looks_at_finalizers_too, a_finalizer_that_is_given_up_is_forgotten)
