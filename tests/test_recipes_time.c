/* The recipes of docs/recipes.md for time and for services, as golden cases: exact results at exact virtual times. What
 * stands before a case is what the page shows. */
#include "support/fibers.h"
#include "support/recipes.h"

/* ---- timeout and fallback */

static eff_t *live_price(void)
{
    return request("live", 2000);
}
static eff_t *cached_price(void)
{
    return eff_succeed(eff_literal("cached"));
}

static eff_t *price(void)
{
    return eff_timeout_to(live_price(), eff_millis(500), cached_price());
}

static eff_t *price_program(struct world *w)
{
    in(w);
    return price();
}
/* A18 */
CASE(A18_the_fallback_comes_at_500_ms, price_program, .succeeds = "cached", .journal = "live!", .ms = 500,
     .timed = true)

static eff_t *price_or_cached(void)
{
    eff_value_t too_slow = eff_error(&eff_timeout_error, 0, "no price within 500 ms");
    return eff_or_else(eff_timeout_fail(live_price(), eff_millis(500), too_slow), cached_price());
}

static eff_t *price_or_cached_program(struct world *w)
{
    in(w);
    return price_or_cached();
}
/* A18 */
CASE(A18_the_same_for_any_failure, price_or_cached_program, .succeeds = "cached", .journal = "live!", .ms = 500,
     .timed = true)

/* ---- how long it takes */

static eff_value_t tell_time(eff_value_t timed, eff_value_t env)
{
    eff_duration_t d = eff_as_duration(eff_first(timed)); /* the second is the value */
    return eff_printf("Operation took %.1fs", (double)d.ns / 1e9);
}
static eff_t *measured(eff_t *operation)
{
    return eff_map(eff_timed(operation), tell_time, eff_unit);
}

static eff_t *one_second(eff_value_t n, eff_value_t env)
{
    return eff_sleep(eff_seconds(1));
}
static eff_t *sequential_program(struct world *w)
{
    return measured(eff_for_each(eff_range(0, 5), one_second, eff_unit));
}
/* A43 */
CASE(A43_five_seconds_one_after_another, sequential_program, .succeeds = "Operation took 5.0s", .ms = 5000,
     .timed = true)

static eff_t *parallel_program(struct world *w)
{
    return measured(eff_for_each_par(eff_range(0, 5), one_second, eff_unit, 0));
}
/* A43 */
CASE(A43_five_seconds_at_once_are_one, parallel_program, .succeeds = "Operation took 1.0s", .ms = 1000, .timed = true)

/* ---- a test owns time */

START_TEST(A23_an_operation_of_a_second_takes_no_time)
{
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, measured(eff_sleep(eff_seconds(1))));
    eff_test_adjust(t, eff_seconds(1));
    const eff_exit_t *exit = eff_fiber_poll(fiber); /* NULL while it runs */
    ck_assert(exit && exit->ok);
    ck_assert_str_eq(eff_as_string(exit->value), "Operation took 1.0s");
    ck_assert_uint_eq(eff_test_free(t), 0); /* no fiber is left */
}
END_TEST

static eff_t *operation_program(struct world *w)
{
    return measured(eff_sleep(eff_seconds(1)));
}
/* A23 */
CASE(A23_the_operation_as_a_case, operation_program, .succeeds = "Operation took 1.0s", .ms = 1000, .timed = true)

START_TEST(A23_the_faster_of_two_wins)
{
    eff_test_t *t = eff_test_new();
    eff_t *fast = eff_delay(eff_succeed(eff_literal("fast")), eff_seconds(1));
    eff_t *slow = eff_delay(eff_succeed(eff_literal("slow")), eff_seconds(2));
    eff_fiber_t *fiber = eff_test_fork(t, eff_race(slow, fast));
    eff_test_adjust(t, eff_seconds(1));
    const eff_exit_t *exit = eff_fiber_poll(fiber);
    ck_assert(exit && exit->ok);
    ck_assert_str_eq(eff_as_string(exit->value), "fast");
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

static eff_t *never_answers(void)
{
    eff_value_t too_slow = eff_error(&eff_timeout_error, 0, "no answer within 5 s");
    return eff_timeout_fail(eff_sleep(eff_hours(1)), eff_seconds(5), too_slow);
}

START_TEST(A23_a_timeout_of_5_s_has_passed_after_6)
{
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, never_answers());
    eff_test_adjust(t, eff_seconds(6));
    const eff_exit_t *exit = eff_fiber_poll(fiber);
    ck_assert(exit && !exit->ok);
    ck_assert(eff_error_is(eff_cause_squash(exit->cause), &eff_timeout_error));
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

/* ---- what must be there, and what may be missing */

static eff_t *with_default(eff_t *e, const char *instead)
{
    e = eff_timeout_fail(e, eff_millis(200), eff_error(&eff_timeout_error, 0, "too slow"));
    return eff_or_else(e, eff_succeed(eff_string(instead)));
}
static eff_t *dashboard(void)
{
    eff_t *critical = eff_zip_par(request("user", 30), request("account", 50));
    eff_t *optional =
        eff_zip_par(with_default(request("news", 1000), "no news"), with_default(refused("ads", 10), "no ads"));
    return eff_zip_par(critical, optional);
}

static eff_t *dashboard_program(struct world *w)
{
    in(w);
    return dashboard();
}
/* A22 */
CASE(A22_optional_services_have_defaults, dashboard_program,
     .succeeds = "((\"user\", \"account\"), (\"no news\", \"no ads\"))", .journal = "user@30 account@50 news!",
     .ms = 200, .timed = true)

static eff_t *critical_program(struct world *w)
{
    in(w);
    eff_t *critical = eff_zip_par(request("user", 30), refused("account", 10));
    return eff_zip_par(critical, with_default(request("news", 100), "no news"));
}
/* A22 */
CASE(A22_a_critical_service_that_fails_ends_it_all, critical_program, .cause = "fail(account is down)",
     .journal = "user! news!", .ms = 10, .timed = true)

/* ---- unreliable tasks, and a worker that never dies */

static eff_t *run_task(const char *name)
{
    switch (name[0]) {
    case 'h': return request(name, 60000); /* hangs */
    case 'r': return refused(name, 0);
    case 'b': return eff_die(eff_literal("array index out of range"));
    default: return request(name, 1000);
    }
}

static eff_t *report(const eff_cause_t *cause, eff_value_t task)
{
    eff_exit_t exit = { .ok = false, .cause = (eff_cause_t *)(uintptr_t)cause };
    journal_add(here, word_of(&exit));
    return eff_noop();
}

/* Failures and defects are reported; an interruption of the worker itself ends it. */
static eff_t *attempt(eff_value_t task, eff_value_t env)
{
    eff_t *e = run_task(eff_as_string(task));
    e = eff_timeout_fail(e, eff_seconds(10), eff_literal("timed out"));
    return eff_catch_cause(e, report, eff_value_incref(task));
}
static eff_t *worker(eff_queue_t *tasks)
{
    return eff_queue_for_each(tasks, attempt, eff_unit); /* until the queue has ended */
}

static eff_t *offer_all(eff_queue_t *q)
{
    eff_t *e = eff_queue_offer(q, eff_literal("refused"));
    e = eff_then(e, eff_queue_offer(q, eff_literal("broken")));
    e = eff_then(e, eff_queue_offer(q, eff_literal("hanging")));
    e = eff_then(e, eff_queue_offer(q, eff_literal("good")));
    return eff_then(e, eff_queue_end(q));
}
static eff_t *worker_program(struct world *w)
{
    in(w);
    w->queue = eff_queue_bounded(8);
    return eff_zip_par(offer_all(w->queue), worker(w->queue));
}
/* A38: refused and broken take no time, hanging 10 s, good 1 s. */
CASE(A38_the_worker_goes_on_for_exactly_11_s, worker_program, .succeeds = "(unit, unit)",
     .journal = "fail:refused is down die hanging! fail:timed out good@11000", .ms = 11000, .timed = true)

/* ---- a cache of one value */

static eff_t *ask_all_day(eff_value_t rates, eff_value_t env)
{
    eff_t *get = eff_incref(eff_as_effect(rates)); /* in any fiber: has it, waits for it, or fetches it */
    return eff_repeat(get, eff_schedule_both(eff_schedule_spaced(eff_minutes(1)), eff_schedule_recurs(9)));
}
static eff_t *exchange(void)
{
    eff_t *rates = eff_memoize_for(request("rates", 200), eff_minutes(5));
    return eff_scoped(eff_flat_map(rates, ask_all_day, eff_unit));
}
static eff_t *exchange_program(struct world *w)
{
    in(w);
    return exchange();
}
/* B7 */
CASE(B7_a_cache_fetches_when_its_time_is_over, exchange_program, .succeeds = "rates",
     .journal = "rates@200 rates@300400", .ms = 540400, .timed = true)

TESTS(B7_a_cache_fetches_when_its_time_is_over, A18_the_fallback_comes_at_500_ms, A18_the_same_for_any_failure,
      A43_five_seconds_one_after_another, A43_five_seconds_at_once_are_one, A23_an_operation_of_a_second_takes_no_time,
      A23_the_operation_as_a_case, A23_the_faster_of_two_wins, A23_a_timeout_of_5_s_has_passed_after_6,
      A22_optional_services_have_defaults, A22_a_critical_service_that_fails_ends_it_all,
      A38_the_worker_goes_on_for_exactly_11_s)
