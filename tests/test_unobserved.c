/* Failures that nobody asked for are told exactly once, whoever lets go of the fiber last: here each test ends a fiber
 * called "worker" in another way, and counts how often it is told of. */
#include <string.h>

#include "support/fibers.h"

static struct {
    int n;
    uint64_t id;
    char name[32];
    char how[64];
} told;

static void note(const eff_fiber_t *fiber, const eff_cause_t *cause, void *arg)
{
    eff_exit_t exit = { .ok = false, .cause = (eff_cause_t *)(uintptr_t)cause };
    const char *name = eff_fiber_name(fiber);
    told.n++;
    told.id = eff_fiber_id(fiber);
    snprintf(told.name, sizeof told.name, "%s", name ? name : "");
    snprintf(told.how, sizeof told.how, "%s", word_of(&exit));
}

static eff_runtime_t *open_runtime(void)
{
    memset(&told, 0, sizeof told);
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .on_unobserved = note });
    ck_assert_ptr_nonnull(rt);
    return rt;
}
static void run(eff_runtime_t *rt, eff_t *e)
{
    eff_exit_decref(eff_runtime_run(rt, e));
    if (eff_runtime_n_fibers(rt) > 0) eff__run_shutdown(rt);
}
#define ck_assert_told(k)                                                                                              \
    do {                                                                                                               \
        ck_assert_int_eq(told.n, k);                                                                                   \
        if (told.n) ck_assert_str_eq(told.name, "worker");                                                             \
        if (told.n) ck_assert_str_eq(told.how, "fail:7");                                                              \
    } while (0)

static eff_fiber_t *handle;
static void give_up_handle(void)
{
    eff_fiber_decref(handle);
    handle = NULL;
}

static eff_t *fails(void)
{
    return eff_named(eff_then(eff_yield_now(), eff_fail(eff_int(7))), "worker");
}
static eff_t *twice_later(void)
{
    return eff_then(eff_yield_now(), eff_then(eff_yield_now(), eff_yield_now()));
}

START_TEST(without_a_handle_when_it_ends)
{
    eff_runtime_t *rt = open_runtime();
    run(rt, eff_then(eff_fork(fails()), twice_later()));
    ck_assert_told(1);
    eff_runtime_free(rt);
    ck_assert_told(1);
}
END_TEST

START_TEST(with_a_handle_when_its_region_ends)
{
    eff_runtime_t *rt = open_runtime();
    run(rt, eff_then(eff_fiber_into(eff_fork(fails()), &handle), twice_later()));
    ck_assert_told(1);
    give_up_handle();
    eff_runtime_free(rt);
    ck_assert_told(1);
}
END_TEST

static eff_value_t drop_handle(eff_value_t env)
{
    give_up_handle();
    ck_assert_told(1);
    return eff_unit;
}

START_TEST(when_its_last_handle_is_given_up)
{
    eff_runtime_t *rt = open_runtime();
    eff_t *fork = eff_fiber_into(eff_fork(fails()), &handle);
    run(rt, eff_then(fork, eff_then(twice_later(), eff_sync(drop_handle, eff_unit))));
    ck_assert_told(1);
    eff_runtime_free(rt);
    ck_assert_told(1);
}
END_TEST

static eff_value_t is_not_told_yet(eff_value_t env)
{
    ck_assert_told(0);
    return eff_unit;
}

START_TEST(with_a_handle_when_its_scope_ends)
{
    eff_runtime_t *rt = open_runtime();
    eff_t *in_scope = eff_then(eff_fiber_into(eff_fork_scoped(fails()), &handle), twice_later());
    run(rt, eff_scoped(eff_then(in_scope, eff_sync(is_not_told_yet, eff_unit))));
    ck_assert_told(1);
    give_up_handle();
    eff_runtime_free(rt);
    ck_assert_told(1);
}
END_TEST

START_TEST(a_daemon_with_a_handle_when_the_runtime_is_freed)
{
    eff_runtime_t *rt = open_runtime();
    run(rt, eff_then(eff_fiber_into(eff_fork_daemon(fails()), &handle), twice_later()));
    ck_assert_told(0);
    eff_runtime_free(rt);
    ck_assert_told(1);
    give_up_handle();
    ck_assert_told(1);
}
END_TEST

START_TEST(a_daemon_that_fails_in_a_finalizer_at_shutdown)
{
    eff_runtime_t *rt = open_runtime();
    eff_t *daemon = eff_named(eff_ensuring(eff_never(), eff_fail(eff_int(7))), "worker");
    run(rt, eff_then(eff_fork_daemon(daemon), twice_later()));
    ck_assert_int_eq(told.n, 1);
    ck_assert_str_eq(told.name, "worker");
    ck_assert_str_eq(told.how, "then(interrupt,fail:7)");
    eff_runtime_free(rt);
    ck_assert_int_eq(told.n, 1);
}
END_TEST

START_TEST(a_root_with_a_handle_when_the_runtime_is_freed)
{
    eff_runtime_t *rt = open_runtime();
    ck_assert_int_eq(eff_runtime_fork(rt, fails(), NULL, NULL, &handle), 0);
    eff_exit_decref(eff_runtime_run(rt, twice_later()));
    ck_assert_told(0);
    eff_runtime_free(rt);
    ck_assert_told(1);
    give_up_handle();
    ck_assert_told(1);
}
END_TEST

START_TEST(a_root_whose_handle_is_given_up_from_outside)
{
    eff_runtime_t *rt = open_runtime();
    ck_assert_int_eq(eff_runtime_fork(rt, fails(), NULL, NULL, &handle), 0);
    eff_exit_decref(eff_runtime_run(rt, twice_later()));
    give_up_handle();
    ck_assert_told(1);
    eff_runtime_free(rt);
    ck_assert_told(1);
}
END_TEST

static eff_t *keep_self(eff_value_t fiber, eff_value_t env)
{
    handle = eff_fiber_incref(eff_as_fiber(fiber));
    return eff_named(eff_die(eff_int(7)), "worker");
}

START_TEST(a_race_loser_with_a_handle)
{
    eff_runtime_t *rt = open_runtime();
    run(rt, eff_race(eff_flat_map(eff_fiber_self(), keep_self, eff_unit), twice_later()));
    ck_assert_int_eq(told.n, 1);
    ck_assert_str_eq(told.name, "worker");
    give_up_handle();
    eff_runtime_free(rt);
    ck_assert_int_eq(told.n, 1);
}
END_TEST

static eff_t *await_handle(eff_value_t env)
{
    return eff_fiber_await(handle);
}
static void hear(const eff_exit_t *exit, void *arg) {}

START_TEST(nothing_is_told_of_what_somebody_asked_for)
{
    eff_runtime_t *rt = open_runtime();
    eff_t *fork = eff_fiber_into(eff_fork(fails()), &handle);
    run(rt, eff_then(fork, eff_then(twice_later(), eff_suspend(await_handle, eff_unit))));
    give_up_handle();
    eff_runtime_free(rt);
    rt = open_runtime();
    ck_assert_int_eq(eff_runtime_fork(rt, fails(), hear, NULL, NULL), 0);
    ck_assert_int_eq(eff_runtime_fork(rt, fails(), NULL, NULL, &handle), 0);
    eff_exit_decref(eff_runtime_run(rt, twice_later()));
    ck_assert_ptr_nonnull(eff_fiber_poll(handle));
    give_up_handle();
    eff_runtime_free(rt);
    ck_assert_told(0);
}
END_TEST

TESTS(without_a_handle_when_it_ends, with_a_handle_when_its_region_ends, when_its_last_handle_is_given_up,
      with_a_handle_when_its_scope_ends, a_daemon_with_a_handle_when_the_runtime_is_freed,
      a_daemon_that_fails_in_a_finalizer_at_shutdown, a_root_with_a_handle_when_the_runtime_is_freed,
      a_root_whose_handle_is_given_up_from_outside, a_race_loser_with_a_handle,
      nothing_is_told_of_what_somebody_asked_for)
