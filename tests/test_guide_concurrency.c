/* The code of docs/concurrency.md about fibers and failures, as cases: the page takes its snippets from here. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fibers.h"
#include "support/recipes.h"

/* ---- regions: a child borrows what its parent owns */

struct crawl {
    int64_t n_seconds;
};

static eff_value_t count_second(eff_value_t n_seconds)
{
    ++*(int64_t *)eff_as_ptr(n_seconds);
    return eff_unit;
}
static eff_t *count_seconds(int64_t *n_seconds)
{
    return eff_forever(eff_then(eff_sleep(eff_seconds(1)), eff_sync(count_second, eff_ptr(n_seconds))));
}

static eff_t *crawl_step(struct crawl *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_fork(count_seconds(&s->n_seconds))); /* borrows the frame: it ends before the frame does */
    EFF_AWAIT(request("pages", 2500));
    EFF_GEN_END(eff_int(s->n_seconds));
}
EFF_DEFINE_GEN(crawl, struct crawl, crawl_step);

static eff_t *crawl_program(struct world *w)
{
    in(w);
    return crawl((struct crawl){ 0 });
}
CASE(a_child_may_borrow_from_its_region, crawl_program, .succeeds = "2", .journal = "pages@2500", .ms = 2500,
     .timed = true)

/* ---- a scope further out */

struct app {
    eff_scope_t *scope;
};

static void app_drop(struct app *s)
{
    eff_scope_decref(s->scope);
}

static eff_t *log_in(eff_scope_t *app)
{
    eff_t *refresh = eff_fork_in(app, request("token refreshed", 500)); /* ends with the app at the latest */
    return eff_scoped(eff_then(refresh, request("logged in", 20)));
}

static eff_t *app_step(struct app *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_scope_current());
    s->scope = eff_scope_incref(eff_as_scope(EFF_GOT()));
    EFF_AWAIT(log_in(s->scope));
    EFF_AWAIT(request("work", 1000));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(app, struct app, app_step, .drop = app_drop);

static eff_t *app_program(struct world *w)
{
    in(w);
    return app((struct app){ 0 });
}
CASE(a_fiber_of_an_outer_scope_outlives_the_inner_one, app_program, .succeeds = "unit",
     .journal = "logged in@20 token refreshed@500 work@1020", .ms = 1020, .timed = true)

/* ---- named, and begun before its forker goes on */

static eff_t *listen_to(const char *what)
{
    return eff_then(say(here, what), eff_never());
}
static eff_t *start_listening(void)
{
    return eff_fork_with(listen_to("registered"),
                         &(eff_fork_options_t){ .name = "listener", .start_immediately = true });
}

static eff_t *listen_program(struct world *w)
{
    in(w);
    return in_order(start_listening(), say(w, "goes on"));
}
CASE(what_starts_at_once_has_begun_when_its_forker_goes_on, listen_program, .succeeds = "unit",
     .journal = "registered goes on")

/* ---- when two fail */

static eff_t *two_fail(void)
{
    return eff_zip_par(refused("db", 20), refused("cache", 20));
}
static eff_t *two_fail_program(struct world *w)
{
    in(w);
    return two_fail();
}
CASE(both_failures_of_one_turn_are_told, two_fail_program, .cause = "both(fail(db is down), fail(cache is down))",
     .ms = 20, .timed = true, .without = NO_SHUFFLES)

static bool note_leaf(const eff_cause_t *leaf, void *text)
{
    eff_value_t error;
    if (eff_cause_failure(leaf, &error)) eff_buffer_printf(text, "[%s]", eff_as_string(error));
    return true; /* goes on */
}
static eff_t *list_failures(const eff_cause_t *cause, eff_value_t env)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_each(cause, note_leaf, &text);
    eff_t *e = eff_succeed(eff_string(eff_buffer_text(&text)));
    eff_buffer_done(&text);
    return e;
}
static eff_t *listing_program(struct world *w)
{
    in(w);
    return eff_catch_cause(two_fail(), list_failures, eff_unit);
}
CASE(each_failure_of_a_cause_can_be_looked_at, listing_program, .succeeds = "[db is down][cache is down]",
     .without = NO_SHUFFLES | NO_ALLOCATIONS /* the text may lack what there was no memory for */)

static eff_t *first_error(eff_value_t error, eff_value_t env)
{
    return eff_succeed(eff_value_incref(error));
}
static eff_t *handler_program(struct world *w)
{
    in(w);
    return eff_catch_all(two_fail(), first_error, eff_unit);
}
CASE(a_handler_of_errors_gets_the_leftmost, handler_program, .succeeds = "db is down", .without = NO_SHUFFLES)

static eff_t *clean_up_fails(void)
{
    eff_t *copy = eff_ensuring(request("copy", 500), eff_fail(eff_literal("cannot unlock")));
    return eff_zip_par(copy, refused("db", 20)); /* the copy is interrupted, and fails on its way out */
}
static eff_t *clean_up_program(struct world *w)
{
    in(w);
    return clean_up_fails();
}
CASE(what_fails_because_of_a_failure_comes_after_it, clean_up_program,
     .cause = "both(fail(db is down), fail(cannot unlock))", .journal = "copy!", .ms = 20, .timed = true)

/* ---- supervision */

struct tally {
    size_t n_ok, n_failed;
};

static void tally_end(const eff_fiber_t *fiber, const eff_exit_t *exit, void *arg)
{
    struct tally *tally = arg;
    exit->ok ? tally->n_ok++ : tally->n_failed++;
}

START_TEST(a_supervisor_hears_of_every_fiber)
{
    struct world w = { 0 };
    struct tally tally = { 0 };
    eff_supervisor_t counting = { .on_end = tally_end, .arg = &tally };
    w.test = eff_test_new();
    in(&w);
    eff_t *e = eff_zip_par(request("a", 10), eff_option(refused("b", 20)));
    eff_t *all = eff_supervised(eff_zip_par(e, eff_option(eff_zip_par(refused("c", 5), eff_never()))), &counting);
    eff_fiber_t *fiber = eff_test_fork(w.test, all);
    eff_test_adjust(w.test, eff_millis(20));
    ck_assert(eff_fiber_poll(fiber) && eff_fiber_poll(fiber)->ok);
    ck_assert_uint_eq(tally.n_ok, 4);     /* a, b, and both sides around them */
    ck_assert_uint_eq(tally.n_failed, 2); /* c, and its sibling, which was interrupted */
    ck_assert_uint_eq(eff_test_free(w.test), 0);
}
END_TEST

static void count_unobserved(const eff_fiber_t *fiber, const eff_cause_t *cause, void *n)
{
    ++*(int *)n;
}
static eff_t *forgetful(void)
{
    return eff_then(eff_fork(eff_fail(eff_literal("nobody asks"))), eff_yield_now());
}
START_TEST(failures_that_nobody_asks_for_have_a_hook)
{
    int n = 0;
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .on_unobserved = count_unobserved, .arg = &n });
    eff_exit_decref(eff_runtime_run(rt, forgetful()));
    eff_runtime_free(rt);
    ck_assert_int_eq(n, 1);
}
END_TEST

static eff_t *log_failure(const eff_cause_t *cause, eff_value_t env)
{
    return say_time(here, "failed");
}
static eff_t *feed(void)
{
    return eff_delay(eff_die(eff_literal("feed is broken")), eff_millis(10));
}

static eff_t *kept_running(eff_t *worker)
{
    eff_schedule_t *pauses = eff_schedule_exponential(eff_millis(100), 2); /* 100 ms, 200 ms ... */
    pauses = eff_schedule_both(pauses, eff_schedule_recurs(2));            /* but not more than twice in a row */
    worker = eff_on_error(worker, log_failure, eff_unit);
    return eff_restart(worker, EFF_RESTART_ON_FAILURE, pauses, eff_seconds(30));
}

static eff_t *restart_program(struct world *w)
{
    in(w);
    return kept_running(feed());
}
CASE(a_worker_is_run_again_until_the_schedule_is_done, restart_program, .dies = "feed is broken",
     .journal = "failed@10 failed@120 failed@330", .ms = 330, .timed = true)

/* ---- a daemon */

static eff_t *raise_sigterm(eff_value_t env)
{
    raise(SIGTERM);
    return eff_noop();
}
static eff_t *say_done(const char *line)
{
    return eff_print_line(eff_string(line));
}
static eff_t *serve_until_stop(void)
{
    eff_t *last_job = eff_then(eff_yield_now(), say_done("the last job is done"));
    return eff_then(eff_until_stop(), last_job);
}
static eff_t *server(void)
{
    return eff_zip_par(serve_until_stop(), eff_suspend(raise_sigterm, eff_unit)); /* a signal at the right time */
}

static int daemon_main(void)
{
    return eff_main(eff_graceful(server(), eff_seconds(10)));
}

START_TEST(a_daemon_ends_in_good_order_on_sigterm)
{
    int fds[2];
    char out[256] = "";
    ck_assert_int_eq(pipe(fds), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(fds[1], 1);
        dup2(fds[1], 2);
        int code = daemon_main();
        fflush(NULL);
        _exit(code);
    }
    close(fds[1]);
    size_t n = 0;
    for (ssize_t got; (got = read(fds[0], out + n, sizeof out - 1 - n)) > 0;)
        n += (size_t)got;
    close(fds[0]);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 128 + SIGTERM);
    ck_assert_str_eq(out, "the last job is done\n");
}
END_TEST

TESTS(a_child_may_borrow_from_its_region, a_fiber_of_an_outer_scope_outlives_the_inner_one,
      what_starts_at_once_has_begun_when_its_forker_goes_on, both_failures_of_one_turn_are_told,
      each_failure_of_a_cause_can_be_looked_at, a_handler_of_errors_gets_the_leftmost,
      what_fails_because_of_a_failure_comes_after_it, a_supervisor_hears_of_every_fiber,
      failures_that_nobody_asks_for_have_a_hook, a_worker_is_run_again_until_the_schedule_is_done,
      a_daemon_ends_in_good_order_on_sigterm)
