/* Tests of a whole crew under a TestClock: backoffs, deadlines and graces, to the millisecond. */
#include "world.h"

#include <unistd.h>

#include <jansson.h>

#include "control.h"
#include "process.h"

#define INFO " level=INFO job="
#define WARN " level=WARN job="

/* ---- runs and restarts */

static void a_flaky_job_is_run_again_after_100_and_200_ms(void)
{
    struct world w;
    world_init(&w, 1, "{\"name\": \"a\", \"do\": \"flaky 2\", \"restart\": \"on-failure\", \"backoff\": 0.1}");
    pass(&w, 299);
    CHECK(!ended(&w));
    pass(&w, 1);
    CHECK(ended(&w) && eff_as_int(eff_fiber_poll(w.fiber)->value) == 0);
    CHECK_SEEN(&w, "time=0.000" INFO "a event=started run=1\n"
                   "time=0.000" WARN "a event=failed run=1 error=\"job error: not yet\"\n"
                   "time=0.100" INFO "a event=started run=2\n"
                   "time=0.100" WARN "a event=failed run=2 error=\"job error: not yet\"\n"
                   "time=0.300" INFO "a event=started run=3\n"
                   "time=0.300" INFO "a event=done run=3\n");
    world_done(&w);
}

static void a_defect_is_no_end_either_until_it_is_given_up(void)
{
    struct world w;
    world_init(&w, 1,
               "{\"name\": \"a\", \"do\": \"crash\", \"restart\": \"on-failure\", \"backoff\": 1, \"retries\": 4}");
    pass(&w, 1000 + 2000 + 4000 + 7999);
    CHECK(state_of(&w, "a") == JOB_WAITS && w.crew.jobs->at[0].n_runs == 4);
    pass(&w, 1);
    CHECK(state_of(&w, "a") == JOB_FAILED && w.crew.jobs->at[0].n_runs == 5);
    CHECK(ended(&w) && eff_as_int(eff_fiber_poll(w.fiber)->value) == 1);
    world_done(&w);
}

static void what_hangs_fails_at_its_deadline(void)
{
    struct world w;
    world_init(&w, 1, "{\"name\": \"a\", \"do\": \"hang\", \"timeout\": 60}");
    pass(&w, 59999);
    CHECK(state_of(&w, "a") == JOB_RUNS);
    pass(&w, 1);
    CHECK(state_of(&w, "a") == JOB_FAILED && ended(&w));
    world_done(&w);
}

static void who_comes_after_a_failed_job_is_skipped(void)
{
    struct world w;
    world_init(&w, 3,
               "{\"name\": \"a\", \"do\": \"sleep 1\"}, {\"name\": \"b\", \"do\": \"fail\"},"
               "{\"name\": \"c\", \"do\": \"sleep 1\", \"after\": [\"a\"]},"
               "{\"name\": \"d\", \"do\": \"sleep 1\", \"after\": [\"a\", \"b\"]}");
    pass(&w, 999);
    CHECK(state_of(&w, "c") == JOB_WAITS && state_of(&w, "d") == JOB_WAITS);
    pass(&w, 1);
    CHECK(state_of(&w, "c") == JOB_RUNS && state_of(&w, "d") == JOB_SKIPPED);
    pass(&w, 1000);
    CHECK(state_of(&w, "c") == JOB_SUCCEEDED && ended(&w));
    world_done(&w);
}

/* ---- places */

#define THREE                                                                                                          \
    "{\"name\": \"a\", \"do\": \"sleep 1\"}, {\"name\": \"b\", \"do\": \"sleep 1\"}, {\"name\": \"c\", \"do\": "       \
    "\"sleep 1\"}"

static void a_limit_that_is_doubled_counts_at_once(void)
{
    struct world w;
    world_init(&w, 1, THREE);
    pass(&w, 500);
    CHECK(jobs_count(w.crew.jobs, JOB_RUNS) == 1);
    order(&w, "double");
    CHECK(jobs_count(w.crew.jobs, JOB_RUNS) == 2);
    pass(&w, 1499);
    CHECK(!ended(&w));
    pass(&w, 1);
    CHECK(ended(&w));
    world_done(&w);
}

static void a_limit_that_is_halved_lets_those_go_on_that_run(void)
{
    struct world w;
    world_init(&w, 2, THREE ", {\"name\": \"d\", \"do\": \"sleep 1\"}");
    order(&w, "halve");
    order(&w, "halve");
    CHECK(eff_limit_get(w.crew.places.limit) == 1);
    CHECK(jobs_count(w.crew.jobs, JOB_RUNS) == 2);
    pass(&w, 1000);
    CHECK(jobs_count(w.crew.jobs, JOB_RUNS) == 1);
    pass(&w, 2000);
    CHECK(ended(&w));
    world_done(&w);
}

static void who_waits_to_be_run_again_has_no_place(void)
{
    struct world w;
    world_init(&w, 1,
               "{\"name\": \"a\", \"do\": \"flaky 1\", \"restart\": \"on-failure\", \"backoff\": 1},"
               "{\"name\": \"b\", \"do\": \"sleep 0.5\"}");
    CHECK(state_of(&w, "b") == JOB_RUNS);
    pass(&w, 1000);
    CHECK(ended(&w));
    world_done(&w);
}

/* ---- the end */

static void asked_to_stop_each_ends_as_it_can(void)
{
    struct world w;
    world_init(&w, 4,
               "{\"name\": \"serves\", \"do\": \"serve 0.2\", \"restart\": \"always\"},"
               "{\"name\": \"works\", \"do\": \"sleep 1\"},"
               "{\"name\": \"deaf\", \"do\": \"hang\", \"grace\": 0.5},"
               "{\"name\": \"pauses\", \"do\": \"fail\", \"restart\": \"on-failure\", \"backoff\": 100},"
               "{\"name\": \"linger\", \"do\": \"linger 0.7\"}, {\"name\": \"late\", \"do\": \"sleep 1\"}");
    eff_buffer_clear(&w.text);
    pass(&w, 100);
    eff_test_interrupt(w.t, w.fiber);
    pass(&w, 4000);
    CHECK(ended(&w) && eff_cause_is_interrupted_only(eff_fiber_poll(w.fiber)->cause));
    CHECK(state_of(&w, "serves") == JOB_SUCCEEDED && state_of(&w, "works") == JOB_SUCCEEDED);
    CHECK(state_of(&w, "pauses") == JOB_STOPPED && state_of(&w, "late") == JOB_STOPPED);
    CHECK_SEEN(&w, "time=0.300" INFO "serves event=done run=1\n"
                   "time=0.600" WARN "deaf event=cut-off run=1\n"
                   "time=1.000" INFO "works event=done run=1\n"
                   "time=3.800" WARN "linger event=cut-off run=1\n");
    world_done(&w);
}

static void the_order_to_stop_is_no_failure(void)
{
    struct world w;
    world_init(&w, 1, "{\"name\": \"s\", \"do\": \"serve 0.2\", \"restart\": \"always\"}, " THREE);
    order(&w, "stop");
    pass(&w, 200);
    CHECK(ended(&w) && eff_as_int(eff_fiber_poll(w.fiber)->value) == 0);
    world_done(&w);
}

/* Whenever it comes. What is not over by then is over afterwards, and nothing is left. */
static void an_end_may_come_at_any_time(void)
{
    for (int ms = 0; ms < 2500; ms += 50) {
        struct world w;
        world_init(&w, 2,
                   "{\"name\": \"a\", \"do\": \"flaky 2\", \"restart\": \"on-failure\", \"backoff\": 0.2},"
                   "{\"name\": \"b\", \"do\": \"sleep 0.5\", \"after\": [\"a\"]},"
                   "{\"name\": \"c\", \"do\": \"linger 0.1\", \"timeout\": 0.3, \"restart\": \"always\"}");
        pass(&w, ms);
        order(&w, ms % 100 ? "halve" : "jobs");
        eff_test_interrupt(w.t, w.fiber);
        pass(&w, 4000);
        CHECK(ended(&w));
        CHECK(jobs_count(w.crew.jobs, JOB_WAITS) + jobs_count(w.crew.jobs, JOB_RUNS) == 0);
        world_done(&w);
    }
}

/* ---- orders */

static void the_status_names_the_jobs(void)
{
    struct world w;
    json_error_t why;
    world_init(&w, 1, "{\"name\": \"a\", \"do\": \"sleep 1\"}");
    eff_buffer_clear(&w.text);
    order(&w, "status");
    CHECK(strstr(eff_buffer_text(&w.text), "\"a\" (forked at "));
    eff_buffer_clear(&w.text);
    order(&w, "status json");
    json_t *dump = json_loads(eff_buffer_text(&w.text), 0, &why);
    CHECK(json_integer_value(json_object_get(dump, "fibers")) > 5);
    json_decref(dump);
    pass(&w, 1000);
    world_done(&w);
}

static void orders_are_lines_of_a_descriptor(void)
{
    struct world w;
    int ends[2];
    world_init(&w, 1, "{\"name\": \"a\", \"do\": \"sleep 1\"}");
    eff_buffer_clear(&w.text);
    CHECK(pipe(ends) == 0 && write(ends[1], "doub", 4) == 4);
    eff_fiber_t *input = eff_test_fork(w.t, control_input(&w.crew, ends[0]));
    pass(&w, 0);
    CHECK(write(ends[1], "le\n\nso what\n", 12) == 12 && close(ends[1]) == 0);
    pass(&w, 0);
    CHECK(eff_fiber_poll(input) && eff_fiber_poll(input)->ok);
    CHECK_SEEN(&w, "time=0.000 level=INFO event=limit n=2\n"
                   "time=0.000 level=WARN event=unknown-order text=\"so what\"\n");
    close(ends[0]);
    pass(&w, 1000);
    world_done(&w);
}

/* ---- commands: real processes, which end at once */

static void check_command(const char *command, const char *error)
{
    eff_value_t why;
    eff_exit_t end = eff_run(process_run(command));
    CHECK(end.ok == !error);
    CHECK(end.ok || (eff_cause_failure(end.cause, &why) && strcmp(eff_as_error(why)->message, error) == 0));
    eff_exit_decref(end);
}

static void a_command_is_as_good_as_its_exit_code(void)
{
    check_command("true", NULL);
    check_command("exit 3", "exit code 3");
    check_command("kill -9 $$", "ended by signal 9 (Killed)");
}

/* ---- the file */

static void what_is_wrong_with_a_file_is_said(void)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        { "{", "line 1: string or '}' expected near end of file" },
        { "{}", "there is no list of \"jobs\"" },
        { "{\"limit\": 0, \"jobs\": [{}]}", "\"limit\" is below 1" },
        { "{\"jobs\": [{\"name\": \"A b\"}]}", "a job has no name of small letters, digits, - and _" },
        { "{\"jobs\": [{\"name\": \"a\"}]}", "a: it wants either \"do\" or \"shell\"" },
        { "{\"jobs\": [{\"name\": \"a\", \"do\": \"dance\"}]}", "a: \"dance\" is no action" },
        { "{\"jobs\": [{\"name\": \"a\", \"do\": \"hang\", \"timeout\": \"1\"}]}",
          "a: \"timeout\" is no number from 0 to 1000000" },
        { "{\"jobs\": [{\"name\": \"a\", \"do\": \"hang\", \"after\": [\"a\"]}]}",
          "a: \"after\" names a job that does not stand before it" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eff_value_t error;
        eff_exit_t end = eff_run(config_parse(cases[i].text));
        CHECK(!end.ok && eff_cause_failure(end.cause, &error));
        CHECK(eff_error_is(error, &eff_config_error));
        CHECK(strcmp(eff_as_error(error)->message, cases[i].error) == 0);
        eff_exit_decref(end);
    }
}

int main(void)
{
    a_flaky_job_is_run_again_after_100_and_200_ms();
    a_defect_is_no_end_either_until_it_is_given_up();
    what_hangs_fails_at_its_deadline();
    who_comes_after_a_failed_job_is_skipped();
    a_limit_that_is_doubled_counts_at_once();
    a_limit_that_is_halved_lets_those_go_on_that_run();
    who_waits_to_be_run_again_has_no_place();
    asked_to_stop_each_ends_as_it_can();
    the_order_to_stop_is_no_failure();
    an_end_may_come_at_any_time();
    the_status_names_the_jobs();
    orders_are_lines_of_a_descriptor();
    a_command_is_as_good_as_its_exit_code();
    what_is_wrong_with_a_file_is_said();
}
