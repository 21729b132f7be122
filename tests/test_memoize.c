/* Memoized effects: run once, for all; begun anew when nobody waited for the end. */
#include "support/scopes.h"

typedef eff_t *(*memo_body_fn)(struct world *w, eff_t *memo);

struct memo_body {
    struct world *w;
    memo_body_fn fn;
};
EFF_STATIC_TYPE(memo_body, struct memo_body);

/* The body borrows the memoized effect. */
static eff_t *call_body(eff_value_t memo, eff_value_t env)
{
    const struct memo_body *body = memo_body_of(env);
    return body->fn(body->w, eff_as_effect(memo));
}
static eff_t *with_memo(struct world *w, eff_t *e, memo_body_fn body)
{
    return eff_scoped(eff_flat_map(eff_memoize(e), call_body, memo_body_make((struct memo_body){ w, body })));
}

static eff_t *used_twice(struct world *w, eff_t *memo)
{
    return in_order(eff_incref(memo), say(w, "between"), eff_incref(memo), say(w, "use"));
}
static eff_t *memoized_resource(struct world *w)
{
    eff_t *resource = eff_acquire_release(acquire(w, "r"), release, eff_ptr(w));
    return eff_then(with_memo(w, resource, used_twice), say(w, "end"));
}
/* RES-030 */
CASE(RES_030_a_memoized_resource_is_acquired_once_and_released_with_the_scope, memoized_resource, .succeeds = "unit",
     .journal = "r+ between use r- end")

static eff_t *never_run(struct world *w, eff_t *memo)
{
    return say(w, "body");
}
static eff_t *unused(struct world *w)
{
    return with_memo(w, acquire(w, "r"), never_run);
}
CASE(what_nobody_runs_is_not_run, unused, .succeeds = "unit", .journal = "body")

static eff_t *at_once(struct world *w, eff_t *memo)
{
    return eff_zip_par(eff_incref(memo), eff_zip_par(eff_incref(memo), eff_incref(memo)));
}
static eff_t *counted_at_once(struct world *w)
{
    return with_memo(w, eff_then(ms(10), count(w, 0)), at_once);
}
CASE(all_who_come_meanwhile_wait_for_the_same_run, counted_at_once, .succeeds = "(1, (1, 1))", .timed = true, .ms = 10)

static eff_t *say_twice(struct world *w, eff_t *memo)
{
    return in_order(say_exit(w, eff_incref(memo)), say_exit(w, eff_incref(memo)));
}
static eff_t *memoized_failure(struct world *w)
{
    eff_t *resource = eff_acquire_release(acquire(w, "r"), release, eff_ptr(w));
    return with_memo(w, eff_then(resource, failing(1)), say_twice);
}
CASE(a_failure_is_kept_too_and_what_was_acquired_for_it_is_not, memoized_failure, .succeeds = "unit",
     .journal = "r+ r- fail:1 fail:1")

/* ---- interrupted */

/* Holds "r" for 10 ms, and succeeds with how often it was begun. */
static eff_t *slow(struct world *w)
{
    eff_t *resource = eff_acquire_release(acquire(w, "r"), release, eff_ptr(w));
    return eff_then(resource, when_interrupted(eff_then(ms(10), count(w, 0)), say(w, "flag")));
}
static eff_t *cancelled_once(struct world *w, eff_t *memo)
{
    return in_order(keep(w, 0, eff_fork(eff_incref(memo))), ms(1), say_interrupt(w, 0), say_exit(w, eff_incref(memo)));
}
static eff_t *begun_anew(struct world *w)
{
    return with_memo(w, slow(w), cancelled_once);
}
CASE(when_all_who_wait_are_interrupted_it_is_too_and_begins_anew, begun_anew, .succeeds = "unit",
     .journal = "r+ flag r- interrupt r+ ok:1 r-")

static eff_t *one_of_two_cancelled(struct world *w, eff_t *memo)
{
    eff_t *first = keep(w, 0, eff_fork(eff_incref(memo))), *second = keep(w, 1, eff_fork(eff_incref(memo)));
    return in_order(first, second, ms(1), say_interrupt(w, 0), say_await(w, 1));
}
static eff_t *others_go_on(struct world *w)
{
    return with_memo(w, slow(w), one_of_two_cancelled);
}
CASE(interrupting_one_who_waits_leaves_it_to_the_others, others_go_on, .succeeds = "unit",
     .journal = "r+ interrupt ok:1 r-", .without = ANY_EXIT | NO_SHUFFLES)

static eff_t *left_running(struct world *w, eff_t *memo)
{
    return in_order(keep(w, 0, eff_fork_daemon(eff_incref(memo))), ms(1), say(w, "leave"));
}
static eff_t *scope_closes(struct world *w)
{
    return in_order(with_memo(w, slow(w), left_running), say_await(w, 0));
}
CASE(closing_the_scope_interrupts_it_and_then_releases, scope_closes, .succeeds = "unit",
     .journal = "r+ leave flag r- interrupt")

static eff_t *gives_away(struct world *w, eff_t *memo)
{
    return eff_succeed(eff_effect_value(eff_incref(memo)));
}
static eff_t *run_it(eff_value_t memo, eff_value_t env)
{
    return eff_incref(eff_as_effect(memo));
}
static eff_t *too_late(struct world *w)
{
    return eff_flat_map(with_memo(w, acquire(w, "r"), gives_away), run_it, eff_unit);
}
CASE(in_a_scope_that_is_closed_it_cannot_begin, too_late, .dies = "a scope was made in one that is closed")

/* ---- with a time to live */

static eff_t *with_cache(struct world *w, eff_t *e, int64_t ttl, memo_body_fn body)
{
    return eff_scoped(
        eff_flat_map(eff_memoize_for(e, eff_millis(ttl)), call_body, memo_body_make((struct memo_body){ w, body })));
}

/* Holds "r" for 2 ms, and succeeds with how often it was begun. */
static eff_t *load(struct world *w)
{
    eff_t *resource = eff_acquire_release(acquire(w, "r"), release, eff_ptr(w));
    return eff_then(resource, eff_then(ms(2), count(w, 0)));
}
static eff_t *ask_at_0_4_5_14_and_15(struct world *w, eff_t *memo)
{
    eff_t *first = in_order(say_exit(w, eff_incref(memo)), ms(2), say_exit(w, eff_incref(memo)));
    eff_t *second = in_order(ms(1), say_exit(w, eff_incref(memo)), ms(7), say_exit(w, eff_incref(memo)));
    return in_order(first, second, ms(1), say_exit(w, eff_incref(memo)), say(w, "end"));
}
static eff_t *kept_for_five(struct world *w)
{
    return with_cache(w, load(w), 5, ask_at_0_4_5_14_and_15);
}
CASE(B7_a_result_is_kept_for_its_time_and_what_was_acquired_for_it_is_not, kept_for_five, .succeeds = "unit",
     .journal = "r+ r- ok:1 ok:1 r+ r- ok:2 r+ r- ok:3 ok:3 end", .timed = true, .ms = 17)

static eff_t *ask_before_it_is_there(struct world *w, eff_t *memo)
{
    eff_t *late = eff_then(ms(7), eff_incref(memo)), *later = eff_then(ms(12), eff_incref(memo));
    return eff_zip_par(eff_incref(memo), eff_zip_par(late, later));
}
static eff_t *slower_than_its_time(struct world *w)
{
    return with_cache(w, eff_then(ms(10), count(w, 0)), 5, ask_before_it_is_there);
}
CASE(who_comes_while_it_is_loaded_waits_for_that_however_old, slower_than_its_time, .succeeds = "(1, (1, 2))",
     .timed = true, .ms = 22, .without = NO_SHUFFLES)

static eff_t *failing_load(struct world *w)
{
    return with_cache(w, eff_then(say(w, "load"), failing(1)), 0, say_twice);
}
CASE(without_a_time_nothing_is_kept, failing_load, .succeeds = "unit", .journal = "load fail:1 load fail:1")

static eff_t *ask_twice_in_time(struct world *w, eff_t *memo)
{
    eff_t *give_up = eff_timeout(eff_incref(memo), eff_millis(1));
    return in_order(give_up, say_exit(w, eff_incref(memo)), ms(100), say_exit(w, eff_incref(memo)));
}
static eff_t *loads_that_are_given_up(struct world *w)
{
    return with_cache(w, load(w), 5, ask_twice_in_time);
}
CASE(a_load_that_nobody_waits_for_is_stopped_and_begun_anew, loads_that_are_given_up, .succeeds = "unit",
     .journal = "r+ r- r+ r- ok:1 r+ r- ok:2")

/* Everywhere between two instructions somebody else has his turn. */
static eff_t *ask(eff_value_t i, eff_value_t memo)
{
    eff_t *e = eff_incref(eff_as_effect(memo));
    if (eff_as_int(i) % 3 == 2) return eff_race(e, eff_yield_now());
    return eff_as_int(i) % 3 ? eff_then(eff_yield_now(), e) : e;
}
static eff_t *ask_at_once(struct world *w, eff_t *memo)
{
    eff_value_t v = eff_effect_value(eff_incref(memo));
    return eff_for_each_par_discard(eff_range(0, 30), ask, v, 0);
}
START_TEST(with_budgets_of_a_few_instructions_nobody_finds_it_half_begun)
{
    for (uint32_t budget = 1; budget < 12; budget++) {
        struct world w = { 0 };
        eff_test_options_t options = { .budget = budget };
        eff_t *e = with_cache(&w, count(&w, 0), 0, ask_at_once);
        ck_assert_exit(eff_test_run_with(&options, e), "ok(unit)");
        e = with_memo(&w, eff_then(eff_yield_now(), count(&w, 1)), ask_at_once);
        ck_assert_exit(eff_test_run_with(&options, e), "ok(unit)");
    }
}
END_TEST

TESTS(RES_030_a_memoized_resource_is_acquired_once_and_released_with_the_scope, what_nobody_runs_is_not_run,
      all_who_come_meanwhile_wait_for_the_same_run, a_failure_is_kept_too_and_what_was_acquired_for_it_is_not,
      when_all_who_wait_are_interrupted_it_is_too_and_begins_anew, interrupting_one_who_waits_leaves_it_to_the_others,
      closing_the_scope_interrupts_it_and_then_releases, in_a_scope_that_is_closed_it_cannot_begin,
      B7_a_result_is_kept_for_its_time_and_what_was_acquired_for_it_is_not,
      who_comes_while_it_is_loaded_waits_for_that_however_old, without_a_time_nothing_is_kept,
      a_load_that_nobody_waits_for_is_stopped_and_begun_anew,
      with_budgets_of_a_few_instructions_nobody_finds_it_half_begun)
