/* eff_main as a process sees it: exit codes, what is printed, signals; and the debug switch. Each case runs in a child
 * process of its own, which gets its signals from itself, so nothing here waits. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/case.h"

struct outcome {
    int code;       /* the exit code; -1 when a signal ended it */
    char out[4096]; /* stdout and stderr together */
};

/* Runs eff_main on what build makes, in a child with EFF_DEBUG set as given. */
static struct outcome run_child(eff_t *(*build)(void), const char *debug)
{
    struct outcome o = { .code = -1 };
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(fds[1], 1);
        dup2(fds[1], 2);
        close(fds[0]);
        close(fds[1]);
        if (debug) setenv("EFF_DEBUG", debug, 1);
        int code = eff_main(build());
        fflush(NULL);
        _exit(code);
    }
    close(fds[1]);
    size_t n = 0;
    ssize_t got;
    while ((got = read(fds[0], o.out + n, sizeof o.out - 1 - n)) > 0)
        n += (size_t)got;
    close(fds[0]);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) o.code = WEXITSTATUS(status);
    return o;
}

#define ck_assert_prints(o, text) ck_assert_msg(strstr((o).out, text), "expected \"%s\" in: %s", text, (o).out)

static eff_t *unit_program(void)
{
    return eff_noop();
}
START_TEST(a_success_ends_with_0_and_prints_nothing)
{
    struct outcome o = run_child(unit_program, NULL);
    ck_assert_int_eq(o.code, 0);
    ck_assert_str_eq(o.out, "");
}
END_TEST

static eff_t *int_program(void)
{
    return eff_succeed(eff_int(42));
}
START_TEST(a_success_with_an_integer_ends_with_it)
{
    ck_assert_int_eq(run_child(int_program, NULL).code, 42);
}
END_TEST

static eff_t *failing_program(void)
{
    return eff_fail(eff_error(&eff_not_found_error, 0, "no such user"));
}
START_TEST(a_failure_ends_with_1_and_prints_its_cause)
{
    struct outcome o = run_child(failing_program, NULL);
    ck_assert_int_eq(o.code, 1);
    ck_assert_prints(o, "no such user");
    ck_assert_prints(o, "at test_main.c:");
}
END_TEST

static eff_t *without_stdout(void)
{
    close(0);
    close(1);
    return eff_print_line(eff_literal("lost"));
}
START_TEST(a_closed_stdout_fails_and_is_taken_by_nothing_else)
{
    struct outcome o = run_child(without_stdout, NULL);
    ck_assert_int_eq(o.code, 1);
    ck_assert_prints(o, "write to stdout: Bad file descriptor");
}
END_TEST

static eff_t *dying_program(void)
{
    return eff_die(eff_literal("a mistake"));
}
START_TEST(a_defect_ends_with_70)
{
    struct outcome o = run_child(dying_program, NULL);
    ck_assert_int_eq(o.code, 70);
    ck_assert_prints(o, "defect: a mistake");
}
END_TEST

static eff_t *null_program(void)
{
    return NULL;
}
START_TEST(a_null_effect_is_named)
{
    struct outcome o = run_child(null_program, NULL);
    ck_assert_int_eq(o.code, 70);
    ck_assert_prints(o, "NULL");
}
END_TEST

static eff_value_t raise_signal(eff_value_t env)
{
    raise((int)eff_as_int(env));
    return eff_unit;
}
static eff_value_t print_word(eff_value_t env)
{
    printf("%s\n", eff_as_string(env));
    return eff_unit;
}
static eff_t *print(const char *word)
{
    return eff_sync(print_word, eff_literal(word));
}
/* Gets the signal, then waits for ever; its finalizer yields a few times before it prints. */
static eff_t *signalled_by(int signal)
{
    eff_t *e = eff_then(eff_sync(raise_signal, eff_int(signal)), eff_external(eff_never()));
    return eff_ensuring(e, eff_then(eff_yield_now(), print("cleaned up")));
}
static eff_t *interrupted_program(void)
{
    return signalled_by(SIGINT);
}
static eff_t *terminated_program(void)
{
    return signalled_by(SIGTERM);
}
START_TEST(a_signal_interrupts_and_waits_for_finalizers)
{
    struct outcome o = run_child(interrupted_program, NULL);
    ck_assert_int_eq(o.code, 128 + SIGINT);
    ck_assert_str_eq(o.out, "cleaned up\n");
    ck_assert_int_eq(run_child(terminated_program, NULL).code, 128 + SIGTERM);
}
END_TEST

static eff_t *impatient_program(void)
{
    eff_t *e = eff_then(eff_sync(raise_signal, eff_int(SIGINT)), eff_external(eff_never()));
    eff_t *slow = eff_then(eff_sync(raise_signal, eff_int(SIGTERM)), eff_external(eff_never()));
    return eff_ensuring(e, eff_then(slow, print("never printed")));
}
START_TEST(a_second_signal_does_not_wait)
{
    struct outcome o = run_child(impatient_program, NULL);
    ck_assert_int_eq(o.code, 128 + SIGTERM);
    ck_assert_str_eq(o.out, "libeffect: SIGTERM is the second signal: exits at once, without waiting for finalizers\n");
}
END_TEST

static eff_t *graceful_program(void)
{
    eff_t *e = eff_then(eff_sync(raise_signal, eff_int(SIGTERM)), eff_until_stop());
    e = eff_then(e, eff_then(eff_yield_now(), print("served the last")));
    return eff_graceful(e, eff_hours(1));
}
START_TEST(a_signal_asks_what_is_graceful_to_stop)
{
    struct outcome o = run_child(graceful_program, NULL);
    ck_assert_int_eq(o.code, 128 + SIGTERM);
    ck_assert_str_eq(o.out, "served the last\n");
}
END_TEST

static eff_t *impatient_graceful_program(void)
{
    eff_t *e = eff_then(eff_sync(raise_signal, eff_int(SIGTERM)), eff_external(eff_never()));
    return eff_graceful(eff_ensuring(e, print("cleaned up")), eff_millis(2));
}
START_TEST(who_does_not_stop_is_interrupted_after_its_grace)
{
    struct outcome o = run_child(impatient_graceful_program, NULL);
    ck_assert_int_eq(o.code, 128 + SIGTERM);
    ck_assert_str_eq(o.out, "cleaned up\n");
}
END_TEST

static eff_t *daemon_program(void)
{
    eff_t *daemon = eff_fork_daemon(eff_then(eff_until_shutdown(), print("daemon")));
    eff_t *worker = eff_fork(eff_graceful(eff_then(eff_until_stop(), print("worker")), eff_hours(1)));
    eff_t *signal = eff_then(eff_yield_now(), eff_sync(raise_signal, eff_int(SIGTERM)));
    return eff_then(eff_then(daemon, worker), eff_then(signal, eff_until_stop()));
}
START_TEST(a_signal_asks_every_fiber)
{
    struct outcome o = run_child(daemon_program, NULL);
    ck_assert_int_eq(o.code, 128 + SIGTERM);
    ck_assert_prints(o, "daemon\n");
    ck_assert_prints(o, "worker\n");
}
END_TEST

static eff_t *recovered(eff_value_t error, eff_value_t env)
{
    return print("recovered");
}
/* Waits for ever; what ends the wait is a failure, with a line break in its text. */
static eff_t *refused(eff_value_t item, eff_value_t env)
{
    eff_t *e = eff_fail(eff_error(&eff_connection_error, 0, "host %d\nrefused", (int)eff_as_int(item)));
    return eff_catch_all(eff_ensuring(eff_external(eff_never()), e), recovered, eff_unit);
}
static eff_t *refusals(int n)
{
    eff_t *signal = eff_then(eff_yield_now(), eff_sync(raise_signal, eff_int(SIGINT)));
    return eff_zip_par(eff_for_each_par_discard(eff_range(0, n), refused, eff_unit, 0), signal);
}
static eff_t *refused_once(void)
{
    return refusals(1);
}
static eff_t *refused_often(void)
{
    return refusals(228);
}
START_TEST(failures_that_came_with_a_signal_are_one_line)
{
    struct outcome o = run_child(refused_once, NULL);
    ck_assert_int_eq(o.code, 128 + SIGINT);
    ck_assert_str_eq(o.out,
                     "libeffect: interrupted by SIGINT; 1 failure came with it: connection failed: host 0\\nrefused\n");
    o = run_child(refused_often, NULL);
    ck_assert_int_eq(o.code, 128 + SIGINT);
    ck_assert_str_eq(o.out, "libeffect: interrupted by SIGINT; 228 failures came with it, the first: connection "
                            "failed: host 0\\nrefused\n");
}
END_TEST

static eff_t *refused_and_dying(void)
{
    return eff_ensuring(refusals(2), eff_die(eff_literal("a mistake")));
}
START_TEST(a_defect_that_came_with_a_signal_is_printed_whole)
{
    struct outcome o = run_child(refused_and_dying, NULL);
    ck_assert_int_eq(o.code, 128 + SIGINT);
    ck_assert_prints(o, "defect: a mistake");
    ck_assert_prints(o, "error: connection failed: host 0");
    ck_assert_prints(o, "error: connection failed: host 1");
}
END_TEST

/* Ends by itself, whatever came meanwhile. */
static eff_t *failing_after_a_signal(void)
{
    return eff_then(eff_sync(raise_signal, eff_int(SIGINT)), failing_program());
}
START_TEST(a_failure_that_a_signal_did_not_bring_is_printed_whole)
{
    ck_assert_prints(run_child(failing_after_a_signal, NULL), "error: not found: no such user\n  at test_main.c:");
}
END_TEST

static eff_t *dumping_program(void)
{
    eff_t *e = eff_then(eff_sync(raise_signal, eff_int(SIGQUIT)), eff_sleep(eff_millis(1)));
    return eff_zip_par(e, eff_sleep(eff_millis(1)));
}
START_TEST(sigquit_shows_the_fibers_and_goes_on)
{
    struct outcome o = run_child(dumping_program, NULL);
    ck_assert_int_eq(o.code, 0);
    ck_assert_prints(o, "libeffect: 3 fibers");
    ck_assert_prints(o, "waits for its parallel sides");
}
END_TEST

static eff_value_t close_reader(eff_value_t env)
{
    int fds[2];
    if (pipe(fds) == 0) {
        close(fds[0]);
        (void)!write(fds[1], "x", 1);
        close(fds[1]);
    }
    return eff_unit;
}
static eff_t *piping_program(void)
{
    return eff_sync(close_reader, eff_unit);
}
START_TEST(a_broken_pipe_does_not_kill)
{
    ck_assert_int_eq(run_child(piping_program, NULL).code, 0);
}
END_TEST

/* ---- the end, after the main fiber's */

/* A daemon whose finalizer is told when the main fiber has ended. */
static eff_t *with_daemon(eff_t *finalizer, eff_t *main_effect)
{
    eff_t *daemon = eff_ensuring(eff_external(eff_never()), finalizer);
    return eff_then(eff_fork_daemon(daemon), eff_then(eff_yield_now(), main_effect));
}
static eff_t *signalled_at_the_end(void)
{
    eff_t *slow = eff_then(eff_sync(raise_signal, eff_int(SIGTERM)), eff_sleep(eff_millis(2)));
    return with_daemon(eff_then(slow, print("cleaned up")), eff_succeed(eff_int(3)));
}
START_TEST(a_signal_during_the_final_shutdown_waits_for_finalizers)
{
    struct outcome o = run_child(signalled_at_the_end, NULL);
    ck_assert_str_eq(o.out, "cleaned up\n");
    ck_assert_int_eq(o.code, 3); /* the main effect had ended with that */
}
END_TEST

static eff_t *signalled_twice_at_the_end(void)
{
    eff_t *first = eff_then(eff_sync(raise_signal, eff_int(SIGTERM)), eff_yield_now());
    eff_t *second = eff_then(eff_sleep(eff_millis(1)), eff_sync(raise_signal, eff_int(SIGINT)));
    return with_daemon(eff_then(first, eff_then(second, eff_external(eff_never()))), eff_noop());
}
START_TEST(a_second_signal_during_the_final_shutdown_does_not_wait)
{
    struct outcome o = run_child(signalled_twice_at_the_end, NULL);
    ck_assert_int_eq(o.code, 128 + SIGINT);
    ck_assert_prints(o, "SIGINT is the second signal");
}
END_TEST

/* stderr is a full pipe, which the parent does not read before the child has ended. */
static eff_value_t fill_stderr(eff_value_t env)
{
    char block[4096] = { 0 };
    fcntl(2, F_SETFL, fcntl(2, F_GETFL) | O_NONBLOCK);
    while (write(2, block, sizeof block) > 0)
        continue;
    fcntl(2, F_SETFL, fcntl(2, F_GETFL) & ~O_NONBLOCK);
    return eff_unit;
}
static eff_t *with_full_stderr(eff_t *e)
{
    return eff_then(eff_sync(fill_stderr, eff_unit), e);
}
static int run_blocked_child(eff_t *(*build)(void))
{
    int fds[2], status;
    ck_assert_int_eq(pipe(fds), 0);
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(fds[1], 2);
        _exit(eff_main(build()));
    }
    close(fds[1]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    close(fds[0]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
static eff_t *failing_into_full(void)
{
    eff_t *later = eff_then(eff_sleep(eff_millis(2)), eff_sync(raise_signal, eff_int(SIGINT)));
    eff_t *e = with_full_stderr(eff_fail(eff_error(&eff_not_found_error, 0, "nobody reads this")));
    return eff_then(eff_fork_daemon(later), e);
}
START_TEST(a_cause_that_nobody_reads_is_given_up_by_a_signal)
{
    ck_assert_int_eq(run_blocked_child(failing_into_full), 1);
}
END_TEST

static eff_t *dumping_into_full(void)
{
    eff_t *quit = eff_sync(raise_signal, eff_int(SIGQUIT));
    return with_full_stderr(eff_then(quit, eff_then(eff_sleep(eff_millis(1)), eff_succeed(eff_int(5)))));
}
START_TEST(a_dump_that_nobody_reads_does_not_hold_the_loop)
{
    ck_assert_int_eq(run_blocked_child(dumping_into_full), 5);
}
END_TEST

/* ---- EFF_DEBUG */

static eff_value_t hold_the_loop(eff_value_t env)
{
    volatile unsigned n = 0;
    while (n < 3000000)
        n++;
    return eff_unit;
}
static eff_t *slow_program(void)
{
    return eff_sync(hold_the_loop, eff_unit);
}
START_TEST(debug_slow_names_who_held_the_loop)
{
    ck_assert_prints(run_child(slow_program, "slow=1us"), "held the loop for");
    ck_assert_str_eq(run_child(slow_program, "slow=1000s").out, "");
}
END_TEST

static eff_t *forgetful_program(void)
{
    return eff_map_to(eff_fork(eff_noop()), eff_unit);
}
START_TEST(debug_unstarted_names_a_child_that_never_ran)
{
    struct outcome o = run_child(forgetful_program, "unstarted");
    ck_assert_prints(o, "unstarted: fiber 2 (forked at test_main.c:");
    ck_assert_str_eq(run_child(forgetful_program, NULL).out, "");
}
END_TEST

START_TEST(an_unknown_debug_word_is_named)
{
    struct outcome o = run_child(unit_program, "slow=1ms,fast");
    ck_assert_int_eq(o.code, 0);
    ck_assert_prints(o, "\"fast\" is not known");
}
END_TEST

TESTS(a_closed_stdout_fails_and_is_taken_by_nothing_else, a_success_ends_with_0_and_prints_nothing,
      a_success_with_an_integer_ends_with_it, a_failure_ends_with_1_and_prints_its_cause, a_defect_ends_with_70,
      a_null_effect_is_named, a_signal_interrupts_and_waits_for_finalizers, a_second_signal_does_not_wait,
      a_signal_asks_what_is_graceful_to_stop, who_does_not_stop_is_interrupted_after_its_grace,
      a_signal_asks_every_fiber, failures_that_came_with_a_signal_are_one_line,
      a_defect_that_came_with_a_signal_is_printed_whole, a_failure_that_a_signal_did_not_bring_is_printed_whole,
      sigquit_shows_the_fibers_and_goes_on, a_broken_pipe_does_not_kill,
      a_signal_during_the_final_shutdown_waits_for_finalizers, a_second_signal_during_the_final_shutdown_does_not_wait,
      a_cause_that_nobody_reads_is_given_up_by_a_signal, a_dump_that_nobody_reads_does_not_hold_the_loop,
      debug_slow_names_who_held_the_loop, debug_unstarted_names_a_child_that_never_ran, an_unknown_debug_word_is_named)
