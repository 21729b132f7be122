/* Scopes that close all at once: what runs beside what, what all of it fails with, and what there is no memory for. */
#include "support/scopes.h"

static eff_t *slow(eff_scope_t *s, int64_t n, eff_t *e)
{
    return finally(s, after(n, e));
}

static eff_t *closes_three(struct world *w, eff_scope_t *s)
{
    return in_order(slow(s, 10, say_time(w, "a")), slow(s, 20, say_time(w, "b")), slow(s, 30, say_time(w, "c")),
                    close_ok(s), say_time(w, "closed"));
}
static eff_t *three_at_once(struct world *w)
{
    return with_made(w, EFF_SCOPE_PARALLEL, closes_three);
}
CASE(finalizers_of_a_parallel_scope_run_at_once, three_at_once, .succeeds = "unit",
     .journal = "a@10 b@20 c@30 closed@30")

static eff_t *closes_in_sequence(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, closes_three);
}
CASE(finalizers_of_a_sequential_scope_run_one_after_another, closes_in_sequence, .succeeds = "unit",
     .journal = "c@30 b@50 a@60 closed@60")

/* ---- of all sorts */

static eff_t *goodbye(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    release(resource, exit, env);
    return ms(10);
}
static eff_t *tells_slowly(struct world *w, eff_scope_t *child)
{
    return in_order(slow(child, 10, say_time(w, "child")), told(w, child, "exit"));
}
static eff_t *all_sorts(struct world *w)
{
    eff_t *plain = eff_acquire_release(acquire(w, "plain"), release, eff_ptr(w));
    eff_t *polite = eff_acquire_release_effect(acquire(w, "polite"), goodbye, eff_ptr(w));
    eff_t *fiber = eff_fork_scoped(when_interrupted(eff_never(), after(10, say_time(w, "fiber"))));
    eff_t *child = with_made(w, EFF_SCOPE_SEQUENTIAL, tells_slowly);
    eff_t *body = in_order(plain, polite, keep(w, 0, fiber), child, eff_yield_now(), one(4));
    return eff_then(say_exit(w, eff_scoped_par(body)), say_time(w, "end"));
}
CASE(releases_goodbyes_fibers_and_scopes_end_at_once, all_sorts, .succeeds = "unit",
     .journal = "plain+ polite+ polite- plain- exit:ok:4 child@10 fiber@10 ok:4 end@10", .without = NO_SHUFFLES)

static eff_t *children_first(struct world *w)
{
    eff_t *child = keep(w, 0, eff_fork(holds(w, "child")));
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    return eff_scoped_par(in_order(a, child, eff_yield_now(), say(w, "body")));
}
CASE(a_parallel_region_ends_its_children_first, children_first, .succeeds = "unit",
     .journal = "a+ child+ body child- a-")

/* ---- failures */

static eff_t *three_fail(struct world *w, eff_scope_t *s)
{
    return in_order(slow(s, 10, failing(1)), held(w, s, "a"), slow(s, 5, failing(2)), slow(s, 7, say(w, "fine")),
                    slow(s, 20, dying()), close_ok(s));
}
static eff_t *failing_at_once(struct world *w)
{
    return with_made(w, EFF_SCOPE_PARALLEL, three_fail);
}
/* In the order in which a sequential scope would have run them. */
CASE(all_finalizers_run_though_some_fail_and_failures_are_both, failing_at_once,
     .cause = "both(both(die, fail(2)), fail(1))", .journal = "a+ a- fine")

static eff_t *two_fail_here(eff_value_t scope, eff_value_t env)
{
    eff_scope_t *s = eff_as_scope(scope);
    return in_order(finally(s, failing(1)), finally(s, failing(2)), failing(7));
}
static eff_t *failing_region(struct world *w)
{
    return eff_scoped_par(eff_flat_map(eff_scope_current(), two_fail_here, eff_ptr(w)));
}
CASE(failures_of_a_parallel_region_come_after_its_own, failing_region, .cause = "then(fail(7), both(fail(2), fail(1)))")

static eff_t *child_scopes_fail(struct world *w, eff_scope_t *child)
{
    return in_order(finally(child, failing(1)), finally(child, failing(2)));
}
static eff_t *fails_beside_child(struct world *w, eff_scope_t *s)
{
    eff_t *child = in_made(w, eff_scope_fork(s, EFF_SCOPE_SEQUENTIAL), child_scopes_fail);
    return in_order(child, finally(s, failing(3)), close_ok(s));
}
static eff_t *failing_child(struct world *w)
{
    return with_made(w, EFF_SCOPE_PARALLEL, fails_beside_child);
}
CASE(a_scope_within_a_parallel_one_combines_failures_its_own_way, failing_child,
     .cause = "both(fail(3), then(fail(2), fail(1)))")

static eff_t *null_finalizer(const eff_exit_t *exit, eff_value_t env)
{
    journal_add(eff_as_ptr(env), "null");
    return NULL;
}
static void reads_wrongly(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    release(resource, exit, env);
    (void)eff_as_int(eff_literal("no int"));
}
static eff_t *makes_mistakes(struct world *w, eff_scope_t *s)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), reads_wrongly, eff_ptr(w));
    return in_order(eff_scope_extend(a, s), eff_scope_add(s, null_finalizer, eff_ptr(w)), close_ok(s));
}
static eff_t *mistaken(struct world *w)
{
    return with_made(w, EFF_SCOPE_PARALLEL, makes_mistakes);
}
CASE(mistakes_of_finalizers_are_failures_of_a_parallel_scope, mistaken, .cause = "both(die, die)",
     .journal = "a+ null a-", .without = NO_FREE /* the release would make its mistake then */)

/* ---- interrupted, and from inside */

static eff_t *interrupts_closing(struct world *w, eff_scope_t *s)
{
    eff_t *closer = keep(w, 0, eff_fork(close_ok(s)));
    return in_order(slow(s, 10, say_time(w, "a")), slow(s, 10, say_time(w, "b")), closer, ms(1), say_interrupt(w, 0));
}
static eff_t *interrupted(struct world *w)
{
    return with_made(w, EFF_SCOPE_PARALLEL, interrupts_closing);
}
CASE(finalizers_of_a_parallel_scope_are_masked, interrupted, .succeeds = "unit", .journal = "b@10 a@10 interrupt",
     .without = NO_SHUFFLES /* which of both is first */)

static eff_t *closes_itself(const eff_exit_t *exit, eff_value_t env)
{
    return close_ok(eff_as_scope(env));
}
static eff_t *closes_from_inside(struct world *w, eff_scope_t *s)
{
    eff_t *closing = eff_scope_add(s, closes_itself, eff_scope_value(eff_scope_incref(s)));
    return in_order(held(w, s, "a"), closing, slow(s, 5, say(w, "slow")), close_ok(s), say_time(w, "after"));
}
static eff_t *closed_from_inside(struct world *w)
{
    return with_made(w, EFF_SCOPE_PARALLEL, closes_from_inside);
}
CASE(a_finalizer_of_a_parallel_scope_that_closes_it_does_not_wait, closed_from_inside, .succeeds = "unit",
     .journal = "a+ a- slow after@5")

static eff_t *forks_in_finalizer(struct world *w, eff_scope_t *s)
{
    eff_t *forking = eff_then(keep(w, 0, eff_fork(holds(w, "f"))), eff_yield_now());
    return in_order(finally(s, forking), close_ok(s), say(w, "after"));
}
static eff_t *forked_in_finalizer(struct world *w)
{
    return with_made(w, EFF_SCOPE_PARALLEL, forks_in_finalizer);
}
CASE(what_a_finalizer_of_a_parallel_scope_forks_ends_with_it, forked_in_finalizer, .succeeds = "unit",
     .journal = "f+ f- after")

TESTS(finalizers_of_a_parallel_scope_run_at_once, finalizers_of_a_sequential_scope_run_one_after_another,
      releases_goodbyes_fibers_and_scopes_end_at_once, a_parallel_region_ends_its_children_first,
      all_finalizers_run_though_some_fail_and_failures_are_both, failures_of_a_parallel_region_come_after_its_own,
      a_scope_within_a_parallel_one_combines_failures_its_own_way,
      mistakes_of_finalizers_are_failures_of_a_parallel_scope, finalizers_of_a_parallel_scope_are_masked,
      a_finalizer_of_a_parallel_scope_that_closes_it_does_not_wait,
      what_a_finalizer_of_a_parallel_scope_forks_ends_with_it)
