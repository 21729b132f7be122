/* A daemon's workers: a tree of task groups, in which those that fail are run again, and which ends in good order. One
 * worker fails now and then, two belong together, and one does not listen. `17_workers --live` runs it for real: end it
 * with Ctrl-C. Without arguments it is told to end after 125 ms of a TestClock, as a test would do. */
#include <effect/effect.h>
#include <effect/test.h>

#include <stdio.h>
#include <string.h>

/* Prints a line with the time since the first one before it. */
static eff_t *stamped(eff_value_t now, eff_value_t line)
{
    static double first = -1;
    double ms = (double)eff_as_instant(now).ns / 1e6;
    if (first < 0) first = ms;
    return eff_print_line(eff_printf("%4.0f ms  %s", ms - first, eff_as_string(line)));
}
static eff_t *note(const char *line)
{
    return eff_flat_map(eff_clock_now(), stamped, eff_string(line));
}

static eff_t *note_failure(const eff_cause_t *cause, eff_value_t who)
{
    eff_buffer_t line = EFF_BUFFER_INIT;
    eff_buffer_printf(&line, "%s failed: ", eff_as_string(who));
    eff_value_format(eff_cause_squash(cause), &line);
    eff_t *e = eff_cause_is_interrupted_only(cause) ? eff_noop() : note(eff_buffer_text(&line));
    eff_buffer_done(&line);
    return e;
}

/* Starts a worker that is run again when it fails: after 10 ms, 20 ms, ..., but not more than three times in a row. */
static eff_t *keep(eff_task_group_t *group, eff_t *worker, const char *name)
{
    eff_schedule_t *schedule = eff_schedule_exponential(eff_millis(10), 2);
    schedule = eff_schedule_both(schedule, eff_schedule_recurs(3));
    worker = eff_on_error(worker, note_failure, eff_string(name));
    worker = eff_restart(worker, EFF_RESTART_ON_FAILURE, schedule, eff_seconds(1));
    return eff_task_group_fork_named(group, worker, name);
}

/* ---- feed: takes a message every 15 ms until it is asked to stop; every third is broken */

static eff_t *take_message(eff_value_t env)
{
    int *n = eff_as_ptr(env);
    if (++*n % 3 == 0) return eff_fail(eff_printf("message %d is broken", *n));
    return eff_noop();
}

static bool goes_on(eff_value_t message, eff_value_t env)
{
    (void)env;
    return eff_is_some(message);
}

static eff_t *feed(int *n_messages)
{
    eff_t *message = eff_delay(eff_suspend(take_message, eff_ptr(n_messages)), eff_millis(15));
    eff_t *all = eff_loop_while(eff_unless_stopped(message), goes_on, eff_unit);
    return eff_then(all, note("feed has taken its last message"));
}

/* ---- storage: a writer and an index, which make no sense without each other */

static eff_t *writer(eff_value_t env)
{
    int *n_runs = eff_as_ptr(env);
    if (++*n_runs == 1) return eff_delay(eff_die(eff_literal("disk is gone")), eff_millis(35));
    eff_t *flush = eff_then(note("writer flushes, for 20 ms"), eff_sleep(eff_millis(20)));
    return eff_then(eff_until_stop(), eff_then(flush, note("writer has flushed")));
}

static eff_t *close_index(const eff_exit_t *exit, eff_value_t env)
{
    (void)env;
    return note(exit->ok ? "index closed" : "index closed, as the writer failed");
}

static eff_t *storage(eff_task_group_t *group, eff_value_t n_runs)
{
    eff_t *index = eff_on_exit(eff_until_stop(), close_index, eff_unit);
    eff_t *both = eff_then(eff_task_group_fork_named(group, index, "index"),
                           eff_task_group_fork_named(group, eff_suspend(writer, n_runs), "writer"));
    return eff_then(note("storage starts"), eff_then(both, eff_noop()));
}

/* ---- report: never asks whether it should stop */

static eff_t *drop_report(const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    return note("report was interrupted");
}

/* ---- the tree */

struct counts {
    int n_messages, n_storage_runs;
};

static eff_t *daemon_group(eff_task_group_t *group, eff_value_t env)
{
    struct counts *counts = eff_as_ptr(env);
    eff_t *storage_group = eff_task_group(storage, eff_ptr(&counts->n_storage_runs));
    eff_t *report = eff_on_exit(eff_forever(eff_sleep(eff_millis(30))), drop_report, eff_unit);
    eff_t *all = keep(group, feed(&counts->n_messages), "feed");
    all = eff_then(all, keep(group, storage_group, "storage"));
    all = eff_then(all, eff_task_group_fork_named(group, report, "report"));
    return eff_then(all, eff_then(eff_until_stop(), note("asked to stop")));
}

static eff_t *end_of_all(const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    return note("all have ended");
}

static eff_t *program(struct counts *counts)
{
    eff_t *workers = eff_task_group_within(eff_millis(50), daemon_group, eff_ptr(counts));
    return eff_on_exit(workers, end_of_all, eff_unit);
}

int main(int argc, char **argv)
{
    struct counts counts = { 0, 0 };
    if (argc > 1 && !strcmp(argv[1], "--live")) return eff_main(program(&counts));

    eff_test_t *test = eff_test_new_with(&(eff_test_options_t){ .live = true });
    if (!test) return 1;
    eff_fiber_t *fiber = eff_test_fork(test, program(&counts));
    eff_test_adjust(test, eff_millis(125));
    eff_test_interrupt(test, fiber); /* what eff_main does on SIGTERM */
    eff_test_adjust(test, eff_millis(100));
    const eff_exit_t *exit = eff_fiber_poll(fiber);
    bool interrupted = exit && !exit->ok && eff_cause_is_interrupted_only(exit->cause);
    printf("interrupted, and nothing else: %s\n", interrupted ? "yes" : "no");
    return eff_test_free(test) > 0 || !interrupted;
}

/* expected output:
   0 ms  storage starts
  35 ms  index closed, as the writer failed
  35 ms  storage failed: disk is gone
  45 ms  feed failed: message 3 is broken
  45 ms  storage starts
 100 ms  feed failed: message 6 is broken
 125 ms  asked to stop
 125 ms  index closed
 125 ms  writer flushes, for 20 ms
 125 ms  feed has taken its last message
 145 ms  writer has flushed
 175 ms  report was interrupted
 175 ms  all have ended
interrupted, and nothing else: yes
*/
