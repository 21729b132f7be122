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

TESTS(RES_030_a_memoized_resource_is_acquired_once_and_released_with_the_scope, what_nobody_runs_is_not_run,
      all_who_come_meanwhile_wait_for_the_same_run, a_failure_is_kept_too_and_what_was_acquired_for_it_is_not,
      when_all_who_wait_are_interrupted_it_is_too_and_begins_anew, interrupting_one_who_waits_leaves_it_to_the_others,
      closing_the_scope_interrupts_it_and_then_releases, in_a_scope_that_is_closed_it_cannot_begin)
