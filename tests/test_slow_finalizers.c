/* Finalizers that take long, and the goodbyes of layers, are named when others wait for them. */
#define THIS_FILE "test_slow_finalizers.c:"
#include "support/slow.h"

static void ignore_misuse(const char *message, void *arg) {}

/* ---- finalizers */

static eff_t *sleep_finally(const eff_exit_t *exit, eff_value_t env)
{
    return eff_sleep(eff_seconds((double)eff_as_int(env)));
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
    ck_assert_str_eq(
        told.texts[0],
        "finalizer sleep_finally (test_slow_finalizers.c:N) has been running for 5 s: fiber 1 (main) waits for "
        "virtual time to pass at test_slow_finalizers.c:N, due in 30 s, masked");
    let_pass(t, 4000);
    ck_assert_uint_eq(told.n, 1);
    let_pass(t, 1000);
    ck_assert_uint_eq(told.n, 2);
    ck_assert_int_eq(told.reports[1].took.ns, 10000000000);
    pass(2300);
    ck_assert_uint_eq(eff_test_free(t), 1);
    ck_assert_uint_eq(told.n, 3);
    ck_assert_int_eq(told.reports[2].kind, EFF_SLOW_FINALIZER);
    ck_assert_str_eq(told.texts[2],
                     "finalizer sleep_finally (test_slow_finalizers.c:N) took 12.3 s, in fiber 1 (main)");
}
END_TEST

static eff_t *sleep_and_release(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    return eff_sleep(eff_seconds(30));
}
struct deferring {
    int unused;
};
static eff_t *sleep_at_the_end(struct deferring *s, const eff_exit_t *exit)
{
    return eff_sleep(eff_seconds(30));
}
static eff_t *deferring_step(struct deferring *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_DEFER(s, sleep_at_the_end);
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(deferring, struct deferring, deferring_step);

START_TEST(finalizers_of_every_kind_are_watched)
{
    eff_t *e[] = { eff_ensuring(eff_noop(), eff_sleep(eff_seconds(30))),
                   eff_scoped(eff_acquire_release_effect(eff_noop(), sleep_and_release, eff_unit)),
                   eff_acquire_use_release_effect(eff_noop(), bind_fn, sleep_and_release, eff_int(0)),
                   deferring((struct deferring){ 0 }) };
    const char *names[] = { "a finalizer at test_slow_finalizers.c:N has",
                            "finalizer sleep_and_release (test_slow_finalizers.c:N) has",
                            "the release of bind_fn (test_slow_finalizers.c:N) has",
                            "finalizer sleep_at_the_end (test_slow_finalizers.c:N) has" };
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
                                    "pass at test_slow_finalizers.c:N, due in 30 s, masked, interrupted (shutdown)");
    ck_assert_ptr_nonnull(
        strstr(told.texts[1], "fiber 4 (forked at test_slow_finalizers.c:N) waits for virtual time to pass"));
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
    ck_assert_str_eq(
        told.texts[0],
        "after 15 s the end is still waited for: fiber 2 (forked at test_slow_finalizers.c:N) waits for virtual time "
        "to pass at test_slow_finalizers.c:N, due in 20 s, masked, interrupted (shutdown)");
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
    const char *in_keeper = ", in fiber 2 \"line_live\" (forked at test_slow_finalizers.c:N)";
    char text[200];
    ck_assert_uint_ge(told.n, 3);
    snprintf(text, sizeof text, "finalizer hang_up (test_slow_finalizers.c:N) held the loop for 20 ms%s", in_keeper);
    ck_assert_str_eq(told.texts[0], text);
    snprintf(text, sizeof text, "finalizer hang_up (test_slow_finalizers.c:N) took 6 s%s", in_keeper);
    ck_assert_str_eq(told.texts[2], text);
}
END_TEST

TESTS(the_goodbye_of_a_layer_is_told_by_its_own_name,
      a_finalizer_that_takes_long_is_told_again_and_again_and_when_it_has_ended, finalizers_of_every_kind_are_watched,
      of_many_finalizers_some_are_told_and_the_rest_counted, the_innermost_of_nested_finalizers_is_told,
      finalizers_that_run_already_are_watched_from_when_it_is_asked,
      once_all_is_to_end_so_are_fibers_that_do_not_see_it,
      who_stays_for_a_grace_is_not_told_but_who_does_not_end_after_it_is, the_same_is_told_less_and_less_often,
      a_callers_loop_looks_at_finalizers_too, a_finalizer_that_is_given_up_is_forgotten)
