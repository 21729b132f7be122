/* Callbacks that hold the loop for too long are named. */
#define THIS_FILE "test_slow.c:"
#include "support/slow.h"

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

static eff_t *suspend_fn(eff_value_t env)
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
static inline eff_t *close_steps(struct steps *s, const eff_exit_t *exit)
{
    pass(30);
    return eff_noop();
}
static inline eff_t *steps_step(struct steps *s, eff_gen_t *g)
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

TESTS(a_callback_that_holds_the_loop_is_named_with_its_site_and_time, so_is_a_loops_callback, so_is_a_finalizer,
      of_several_in_a_scope_each_is_judged_by_itself, of_a_gen_the_step_is_named_by_the_await_it_went_on_from,
      a_canceler_is_told_of_and_not_counted_to_who_interrupts, an_observer_outside_is_told_of,
      what_a_callback_drops_counts_to_it, the_librarys_own_callbacks_are_told_as_what_they_belong_to,
      what_is_quicker_is_not_told, a_report_has_the_facts_too, a_host_logs_what_is_slow,
      a_long_turn_of_short_callbacks_is_told_as_that, a_turn_with_a_slow_callback_is_not_told_twice)
