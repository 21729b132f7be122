/* Rate limits: the pace, the order, and what an interruption takes of it: nothing. */
#include "support/fibers.h"

/* ---- the limiter of a case: kept by the effects of its program */

static eff_t *limited(eff_rate_limiter_t *limiter, eff_t *e)
{
    return eff_rate_limited(e, limiter);
}

static eff_rate_limiter_t *limiter;

static eff_value_t drop_limiter(eff_value_t v, eff_value_t env)
{
    return eff_value_incref(v);
}
/* Gives the program's own reference to e. */
static eff_t *owning(eff_t *e)
{
    return eff_map(e, drop_limiter, eff_rate_limiter_value(limiter));
}

static eff_t *say_item(eff_value_t i, eff_value_t env)
{
    static const char *const names[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };
    return limited(limiter, say_time(eff_as_ptr(env), names[eff_as_int(i) % 10]));
}
static eff_t *in_parallel(struct world *w, int n)
{
    return eff_for_each_par_discard(eff_range(0, n), say_item, eff_ptr(w), 0);
}

/* ---- pace */

static eff_t *burst_then_pace(struct world *w)
{
    limiter = eff_rate_limiter_new(10, eff_seconds(1), 3);
    return owning(in_parallel(w, 6));
}
CASE(a_burst_begins_at_once_and_then_one_each_interval, burst_then_pace, .succeeds = "unit",
     .journal = "0@0 1@0 2@0 3@100 4@200 5@300", .without = NO_SHUFFLES /* they may come in any order */)

static eff_t *evenly(struct world *w)
{
    limiter = eff_rate_limiter_new(4, eff_seconds(1), 1);
    return owning(in_parallel(w, 4));
}
CASE(a_burst_of_1_is_an_even_pace, evenly, .succeeds = "unit", .journal = "0@0 1@250 2@500 3@750",
     .without = NO_SHUFFLES /* as above */)

static eff_t *rests(struct world *w)
{
    limiter = eff_rate_limiter_new(10, eff_seconds(1), 2);
    eff_t *first = in_parallel(w, 3), *after_150 = eff_delay(in_parallel(w, 3), eff_millis(150));
    return owning(eff_then(first, eff_then(after_150, eff_delay(in_parallel(w, 3), eff_hours(1)))));
}
CASE(a_rest_fills_the_burst_and_no_more, rests, .succeeds = "unit",
     .journal = "0@0 1@0 2@100 0@250 1@300 2@400 0@3600400 1@3600400 2@3600500", .without = NO_SHUFFLES /* as above */)

static eff_t *slow_bodies(struct world *w)
{
    limiter = eff_rate_limiter_new(1, eff_millis(100), 1);
    eff_t *a = limited(limiter, eff_then(say_time(w, "a"), eff_sleep(eff_seconds(1))));
    eff_t *b = limited(limiter, eff_then(say_time(w, "b"), eff_sleep(eff_seconds(1))));
    return owning(eff_zip_par(a, b));
}
CASE(how_long_it_takes_does_not_count, slow_bodies, .succeeds = "(unit, unit)", .journal = "a@0 b@100",
     .without = NO_SHUFFLES /* as above */)

static eff_t *no_limit(struct world *w)
{
    limiter = eff_rate_limiter_new(1, eff_millis(0), 1);
    return owning(in_parallel(w, 4));
}
CASE(a_period_of_0_is_no_limit, no_limit, .succeeds = "unit", .journal = "0@0 1@0 2@0 3@0",
     .without = NO_SHUFFLES /* as above */)

static eff_t *tries(struct world *w)
{
    limiter = eff_rate_limiter_new(10, eff_seconds(1), 1);
    eff_t *first = eff_rate_limiter_try_take(limiter), *second = eff_rate_limiter_try_take(limiter);
    eff_t *late = eff_delay(eff_rate_limiter_try_take(limiter), eff_millis(100));
    return owning(eff_zip(first, eff_zip(second, late)));
}
CASE(trying_does_not_wait, tries, .succeeds = "(true, (false, true))")

static eff_t *no_overtaking(struct world *w)
{
    limiter = eff_rate_limiter_new(10, eff_seconds(1), 1);
    eff_t *tries_late = eff_delay(eff_rate_limiter_try_take(limiter), eff_millis(100));
    return owning(eff_zip_par(tries_late, in_parallel(w, 3)));
}
CASE(trying_does_not_overtake_who_waits, no_overtaking, .succeeds = "(false, unit)", .journal = "0@0 1@100 2@200",
     .without = NO_SHUFFLES /* as above */)

/* ---- interruption */

static eff_t *impatient(struct world *w)
{
    limiter = eff_rate_limiter_new(10, eff_seconds(1), 1);
    eff_t *gives_up = eff_timeout(limited(limiter, say_time(w, "late")), eff_millis(50));
    eff_t *also = eff_timeout(limited(limiter, say_time(w, "later")), eff_millis(70));
    eff_t *e =
        eff_zip_par(limited(limiter, say_time(w, "a")), eff_zip_par(gives_up, eff_zip_par(also, in_parallel(w, 2))));
    return owning(eff_map_to(e, eff_unit));
}
/* OBS-014 */
CASE(OBS_014_who_gives_up_waiting_takes_no_token, impatient, .succeeds = "unit", .journal = "a@0 0@100 1@200",
     .without = NO_SHUFFLES /* as above */)

static eff_t *slow_end(struct world *w)
{
    return eff_then(eff_sleep(eff_millis(30)), say_time(w, "ended"));
}
static eff_t *running(struct world *w)
{
    limiter = eff_rate_limiter_new(10, eff_seconds(1), 1);
    eff_t *runs = limited(limiter, eff_then(say_time(w, "a"), eff_ensuring(eff_never(), slow_end(w))));
    eff_t *stopped = eff_then(eff_timeout(runs, eff_millis(20)), say_time(w, "awaited"));
    return owning(eff_map_to(eff_zip_par(stopped, in_parallel(w, 2)), eff_unit));
}
/* OBS-014 */
CASE(OBS_014_what_runs_is_interrupted_and_awaited_and_its_token_is_used_up, running, .succeeds = "unit",
     .journal = "a@0 ended@50 awaited@50 0@100 1@200", .without = NO_SHUFFLES /* as above */)

/* ---- mistakes */

static char reported[128];
static void note_misuse(const char *message, void *arg)
{
    strncpy(reported, message, sizeof reported - 1);
}
START_TEST(what_is_no_limit_is_a_mistake)
{
    eff_set_misuse_handler(note_misuse, NULL);
    eff_rate_limiter_decref(eff_rate_limiter_new(0, eff_seconds(1), 1));
    ck_assert_str_eq(reported, "eff_rate_limiter_new: the number in each period must be at least 1");
    eff_rate_limiter_decref(eff_rate_limiter_new(1, eff_seconds(1), 0));
    ck_assert_str_eq(reported, "eff_rate_limiter_new: the burst must be at least 1");
    eff_rate_limiter_t *huge = eff_rate_limiter_new(1, eff_duration_max, UINT64_MAX);
    ck_assert_succeeds(eff_then(eff_rate_limiter_take(huge), eff_rate_limiter_try_take(huge)), "true");
    ck_assert_succeeds(eff_rate_limiter_take(huge), "unit"); /* of another runtime, after the first is gone */
    ck_assert_ptr_eq(eff_rate_limiter_incref(huge), huge);
    eff_rate_limiter_decref(huge);
    eff_rate_limiter_decref(huge);
    ck_assert_dies(eff_rate_limited(eff_noop(), NULL), "out of memory");
    ck_assert_dies(eff_rate_limiter_take(NULL), "out of memory");
    ck_assert_dies(eff_rate_limiter_try_take(NULL), "out of memory");
    eff_rate_limiter_t *one = eff_rate_limiter_new(1, eff_seconds(1), 1);
    ck_assert_dies(eff_rate_limited(NULL, one), "argument 1 of eff_rate_limited is NULL");
    eff_rate_limiter_decref(one);
    eff_rate_limiter_decref(NULL);
}
END_TEST

TESTS(a_burst_begins_at_once_and_then_one_each_interval, a_burst_of_1_is_an_even_pace,
      a_rest_fills_the_burst_and_no_more, how_long_it_takes_does_not_count, a_period_of_0_is_no_limit,
      trying_does_not_wait, trying_does_not_overtake_who_waits, OBS_014_who_gives_up_waiting_takes_no_token,
      OBS_014_what_runs_is_interrupted_and_awaited_and_its_token_is_used_up, what_is_no_limit_is_a_mistake)
