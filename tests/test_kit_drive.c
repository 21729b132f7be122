/* The test kit: orders that are drawn by lot, time, fibers driven from outside, and the watchdog. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "support/kit.h"

static char misuse[256];
static void note_mistake(const char *message, void *arg)
{
    snprintf(misuse, sizeof misuse, "%s", message);
}

/* ---- orders */

struct race {
    int64_t balance;
    int n_runs;
};

static eff_value_t read_balance(eff_value_t env)
{
    return eff_int(((struct race *)eff_as_ptr(env))->balance);
}
static eff_value_t write_balance(eff_value_t read, eff_value_t env)
{
    ((struct race *)eff_as_ptr(env))->balance = eff_as_int(read) + 1;
    return eff_unit;
}
static eff_t *wait_then_write(eff_value_t read, eff_value_t env)
{
    return eff_map(eff_then(eff_yield_now(), eff_succeed(read)), write_balance, env);
}
static eff_t *deposit(struct race *r)
{
    return eff_flat_map(eff_sync(read_balance, eff_ptr(r)), wait_then_write, eff_ptr(r));
}
static eff_t *check_balance(eff_value_t env)
{
    const struct race *r = eff_as_ptr(env);
    return r->balance == 2 ? eff_noop()
                           : eff_fail(eff_printf("a deposit was lost: the balance is %d", (int)r->balance));
}

/* In the usual order the second deposit comes after the first. */
static eff_t *two_deposits(void *arg)
{
    struct race *r = arg;
    r->balance = 0;
    r->n_runs++;
    eff_t *late = in_order(eff_yield_now(), eff_yield_now(), deposit(r));
    return eff_then(eff_zip_par(deposit(r), late), eff_suspend(check_balance, eff_ptr(r)));
}

START_TEST(a_race_that_the_usual_order_hides_is_found)
{
    struct race r = { 0 };
    char seed[64] = "";
    ck_assert_exit(eff_test_run(two_deposits(&r)), "ok(unit)");
    begin_capture();
    eff_exit_t exit = eff_test_run_shuffled(100, two_deposits, &r);
    const char *line = strstr(end_capture(), "EFF_TEST_SEED=");
    ck_assert_ptr_nonnull(line);
    sscanf(line, "EFF_TEST_SEED=%63[0-9]", seed);
    ck_assert_int_gt(r.n_runs, 2);
    ck_assert_ptr_nonnull(strstr(full_text(&exit), "note: the order again: EFF_TEST_SHUFFLE=1 EFF_TEST_SEED="));
    ck_assert_exit(exit, "fail(a deposit was lost: the balance is 1)");

    ck_assert_int_eq(setenv("EFF_TEST_SEED", seed, 1), 0);
    r.n_runs = 0;
    ck_assert_exit(eff_test_run_shuffled(100, two_deposits, &r), "fail(a deposit was lost: the balance is 1)");
    ck_assert_int_eq(r.n_runs, 1);
    ck_assert_int_eq(setenv("EFF_TEST_SHUFFLE", "1", 1), 0);
    ck_assert_exit(eff_test_run(two_deposits(&r)), "fail(a deposit was lost: the balance is 1)");
    unsetenv("EFF_TEST_SEED");
    unsetenv("EFF_TEST_SHUFFLE");
}
END_TEST

static bool passes(struct race *r, uint64_t seed)
{
    eff_test_options_t options = { .seed = seed, .shuffle = true };
    eff_exit_t exit = eff_test_run_with(&options, two_deposits(r));
    bool ok = exit.ok;
    eff_exit_decref(exit);
    return ok;
}

START_TEST(an_order_comes_again_although_the_test_says_a_seed)
{
    struct race r = { 0 };
    char text[32];
    uint64_t good = 1, bad = 1;
    while (!passes(&r, good))
        good++;
    while (passes(&r, bad))
        bad++;
    snprintf(text, sizeof text, "%d", (int)bad);
    ck_assert_int_eq(setenv("EFF_TEST_SEED", text, 1), 0);
    r.n_runs = 0;
    eff_test_options_t options = { .seed = good };
    eff_exit_t exit = eff_test_run_shuffled_with(&options, 100, two_deposits, &r);
    unsetenv("EFF_TEST_SEED");
    ck_assert_exit(exit, "fail(a deposit was lost: the balance is 1)");
    ck_assert_int_eq(r.n_runs, 1);
}
END_TEST

static eff_t *right_deposits(void *arg)
{
    struct race *r = arg;
    r->balance = 0;
    r->n_runs++;
    return in_order(deposit(r), deposit(r), eff_suspend(check_balance, eff_ptr(r)));
}

START_TEST(what_is_right_in_all_orders_is_run_in_so_many)
{
    struct race r = { 0 };
    ck_assert_exit(eff_test_run_shuffled(30, right_deposits, &r), "ok(unit)");
    ck_assert_int_eq(r.n_runs, 30);
}
END_TEST

START_TEST(a_layer_for_many_runs_is_misuse)
{
    struct race r = { 0 };
    eff_set_misuse_handler(note_mistake, NULL);
    eff_test_options_t options = { .layer = eff_test_clock(), .context = eff_context_empty() };
    ck_assert_exit(eff_test_run_shuffled_with(&options, 2, right_deposits, &r), "ok(unit)");
    ck_assert_ptr_nonnull(strstr(misuse, "was given a context or a layer"));
    eff_set_misuse_handler(NULL, NULL);
}
END_TEST

/* ---- time costs nothing */

static int64_t real_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static eff_t *year_of_waiting(void)
{
    eff_t *retries =
        eff_retry(failing(1), eff_schedule_both(eff_schedule_spaced(eff_hours(24)), eff_schedule_recurs(100)));
    eff_t *repeats =
        eff_repeat(eff_noop(), eff_schedule_both(eff_schedule_fixed(eff_hours(1)), eff_schedule_recurs(24 * 100)));
    eff_t *timeout = eff_timeout(eff_never(), eff_hours(24 * 100));
    eff_t *rest = eff_then(eff_option(retries), eff_then(repeats, timeout));
    return eff_timed(eff_then(rest, eff_option(eff_within(eff_sleep(eff_hours(24 * 100)), eff_hours(24 * 65)))));
}

START_TEST(B7_a_year_of_retries_repeats_and_timeouts_takes_no_real_time)
{
    int64_t began = real_ms();
    ck_assert_succeeds(year_of_waiting(), "(365d, none)");
    ck_assert_int_lt(real_ms() - began, 5000);
}
END_TEST

/* ---- driving */

START_TEST(a_poll_lets_everything_run_that_can)
{
    eff_test_t *t = eff_test_new();
    eff_fiber_t *quick = eff_test_fork(t, in_order(eff_yield_now(), eff_yield_now(), one(1)));
    eff_fiber_t *slow = eff_test_fork(t, after(1, one(2)));
    ck_assert_running(quick);
    ck_assert_exit(eff_exit_incref(eff_test_poll(t, quick)), "ok(1)");
    ck_assert_ptr_null(eff_test_poll(t, slow));
    ck_assert_int_eq(eff_test_now(t).ns, 0);
    eff_test_set(t, (eff_instant_t){ 1000000 });
    ck_assert_ended(slow, "ok(2)");
    ck_assert_clean(t);
}
END_TEST

START_TEST(steps_go_from_deadline_to_deadline)
{
    eff_test_t *t = eff_test_new();
    eff_duration_t left;
    (void)eff_test_fork(t, ms(500));
    (void)eff_test_fork(t, in_order(ms(750), ms(1000)));
    ck_assert(!eff_test_next(t, &left));
    ck_assert_int_eq(eff_test_step(t, eff_seconds(10)).ns, 500000000);
    ck_assert(eff_test_next(t, &left));
    ck_assert_int_eq(left.ns, 250000000);
    ck_assert_uint_eq(eff_test_n_sleepers(t), 1);
    ck_assert_int_eq(eff_test_step(t, eff_seconds(10)).ns, 250000000);
    ck_assert_int_eq(eff_test_step(t, eff_millis(400)).ns, 400000000);
    ck_assert_int_eq(eff_test_step(t, eff_seconds(10)).ns, 600000000);
    ck_assert_int_eq(eff_test_step(t, eff_millis(7)).ns, 7000000);
    ck_assert_clean(t);
}
END_TEST

/* CLOCK-027 */
START_TEST(CLOCK_027_a_test_says_whether_its_fibers_are_stuck)
{
    eff_test_t *t = eff_test_new();
    ck_assert(!eff_test_is_stuck(t));
    eff_fiber_t *stuck = eff_test_fork(t, eff_never());
    ck_assert(!eff_test_is_stuck(t)); /* it has not had its turn */
    eff_test_adjust(t, eff_seconds(1));
    ck_assert(eff_test_is_stuck(t));
    eff_fiber_t *sleeper = eff_test_fork(t, ms(5));
    ck_assert_ptr_null(eff_test_poll(t, sleeper));
    ck_assert(!eff_test_is_stuck(t));
    eff_test_interrupt(t, stuck);
    eff_test_adjust(t, eff_millis(5));
    ck_assert(!eff_test_is_stuck(t));
    ck_assert_ended(stuck, "interrupt");
    ck_assert_ended(sleeper, "ok(unit)");
    ck_assert_clean(t);
}
END_TEST

START_TEST(setting_the_time_back_from_outside_is_misuse)
{
    eff_test_t *t = eff_test_new();
    eff_set_misuse_handler(note_mistake, NULL);
    eff_test_adjust(t, eff_millis(5));
    eff_test_set(t, (eff_instant_t){ 4000000 });
    ck_assert_str_eq(misuse, "eff_test_set to an instant in the past");
    ck_assert_int_eq(eff_test_now(t).ns, 5000000);
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_clean(t);
}
END_TEST

START_TEST(the_end_of_a_test_tells_what_was_left)
{
    as_for_users();
    eff_test_t *t = eff_test_new();
    eff_buffer_t left = EFF_BUFFER_INIT;
    (void)eff_test_fork(t, eff_named(eff_never(), "poller"));
    (void)eff_test_fork(t, eff_sync(lose_a_value, eff_unit));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_uint_eq(eff_test_end(t, &left), 2);
    const char *text = eff_buffer_text(&left);
    ck_assert_msg(!strncmp(text, "1 fiber was still alive:\n  fiber 1 \"poller\"", 43), "%s", text);
    ck_assert_ptr_nonnull(strstr(text, "1 value of type string, made in lose_a_value (test_kit_drive.c:"));
    eff_buffer_done(&left);
    eff_value_decref((eff_value_t){ .type = &eff_string_type, .ptr = found(0) });
}
END_TEST

/* ---- the watchdog */

static void *write_later(void *fd)
{
    nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
    if (write(*(int *)fd, "x", 1) < 0) return fd;
    return NULL;
}

START_TEST(a_run_that_waits_in_silence_says_what_for)
{
    int fds[2];
    pthread_t writer;
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(pthread_create(&writer, NULL, write_later, &fds[1]), 0);
    eff_test_options_t impatient = { .patience = eff_millis(20) };
    begin_capture();
    eff_exit_t exit = eff_test_run_with(&impatient, eff_wait_readable(fds[0]));
    const char *text = end_capture();
    ck_assert_exit(exit, "ok(unit)");
    ck_assert_msg(strstr(text, "libeffect: this test has waited for 20 ms of real time for what comes from outside:\n"
                               "  fiber 1 (main) waits for fd "),
                  "%s", text);
    ck_assert_ptr_nonnull(strstr(text, "has waited for 40 ms"));
    pthread_join(writer, NULL);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(what_the_test_holds_in_registers_is_not_left_behind)
{
    as_for_users();
    eff_test_t *t = eff_test_new();
    eff_t *kept = eff_succeed(eff_string("an effect of the heap")), *too = eff_incref(kept);
    void *payload = eff_string("a value of the heap").ptr;
    size_t n = eff_test_end(t, NULL);
    eff_decref(too);
    eff_decref(kept);
    eff_value_decref((eff_value_t){ .type = &eff_string_type, .ptr = payload });
    ck_assert_uint_eq(n, 0);
}
END_TEST

static eff_t *nap_and_say(eff_value_t item, eff_value_t env)
{
    return eff_then(eff_yield_now(), eff_succeed(eff_printf("item %d", (int)eff_as_int(item))));
}
static void *many_runs(void *n_failed)
{
    for (int i = 0; i < 20; i++) {
        eff_exit_t exit = eff_test_run(eff_for_each_par(eff_range(0, 50), nap_and_say, eff_unit, 0));
        if (!exit.ok) ++*(int *)n_failed;
        eff_exit_decref(exit);
    }
    return NULL;
}

START_TEST(threads_run_tests_at_once)
{
    pthread_t threads[3];
    int n_failed[3] = { 0 };
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, many_runs, &n_failed[i]), 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(n_failed[i], 0);
    }
}
END_TEST

static eff_t *lose_in_a_job(eff_value_t env)
{
    use_up_old_memory();
    hidden[0] = ~(uintptr_t)eff_string("a value that is lost in a job").ptr;
    return eff_noop();
}

START_TEST(what_is_lost_in_a_job_is_told_too)
{
    as_for_users();
    begin_capture();
    eff_exit_t exit = eff_test_run(eff_blocking(lose_in_a_job, eff_unit));
    ck_assert_ptr_nonnull(strstr(end_capture(), "1 value of type string"));
    ck_assert_exit(exit, "die");
    eff_value_decref((eff_value_t){ .type = &eff_string_type, .ptr = found(0) });
}
END_TEST

static eff_value_t adjust_inside(eff_value_t test)
{
    eff_test_adjust(eff_as_ptr(test), eff_seconds(1));
    return eff_unit;
}
static eff_value_t poll_and_free_inside(eff_value_t test)
{
    (void)eff_test_step(eff_as_ptr(test), eff_seconds(1));
    ck_assert_uint_eq(eff_test_free(eff_as_ptr(test)), 0);
    return eff_unit;
}
static void ck_assert_driver(const eff_exit_t *exit, const char *function)
{
    ck_assert_msg(strstr(full_text(exit), function) && strstr(full_text(exit), "a test is driven from outside"), "%s",
                  full_text(exit));
}
START_TEST(to_drive_a_test_from_inside_a_fiber_is_misuse)
{
    eff_test_t *outer = eff_test_new(), *inner = eff_test_new();
    eff_fiber_t *sleeper = eff_test_fork(inner, eff_sleep(eff_seconds(1)));
    eff_exit_t exit = eff_test_run(eff_sync(adjust_inside, eff_ptr(inner)));
    ck_assert_driver(&exit, "eff_test_adjust was called");
    eff_exit_decref(exit);
    exit = eff_test_run(eff_sync(poll_and_free_inside, eff_ptr(inner)));
    ck_assert_driver(&exit, "eff_test_");
    eff_exit_decref(exit);
    eff_fiber_t *of_its_own = eff_test_fork(outer, eff_sync(adjust_inside, eff_ptr(outer)));
    ck_assert_driver(eff_test_poll(outer, of_its_own), "eff_test_adjust was called");
    ck_assert_int_eq(eff_test_now(inner).ns, 0);
    eff_test_adjust(inner, eff_seconds(1));
    ck_assert_ptr_nonnull(eff_fiber_poll(sleeper));
    ck_assert_uint_eq(eff_test_free(inner), 0);
    ck_assert_uint_eq(eff_test_free(outer), 0);
}
END_TEST

TESTS(to_drive_a_test_from_inside_a_fiber_is_misuse, a_race_that_the_usual_order_hides_is_found,
      an_order_comes_again_although_the_test_says_a_seed, what_is_right_in_all_orders_is_run_in_so_many,
      a_layer_for_many_runs_is_misuse, B7_a_year_of_retries_repeats_and_timeouts_takes_no_real_time,
      a_poll_lets_everything_run_that_can, steps_go_from_deadline_to_deadline,
      CLOCK_027_a_test_says_whether_its_fibers_are_stuck, setting_the_time_back_from_outside_is_misuse,
      the_end_of_a_test_tells_what_was_left, a_run_that_waits_in_silence_says_what_for,
      what_the_test_holds_in_registers_is_not_left_behind, threads_run_tests_at_once, what_is_lost_in_a_job_is_told_too)
