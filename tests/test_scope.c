/* Scopes made by hand: what they own, when they close, and what is run in them. */
#include "support/scopes.h"

/* ---- closing */

static eff_t *closes_by_hand(struct world *w, eff_scope_t *s)
{
    return in_order(held(w, s, "a"), held(w, s, "b"), say(w, "body"), close_ok(s), say(w, "after"));
}
static eff_t *closed_by_hand(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, closes_by_hand);
}
CASE(a_made_scope_releases_in_reverse_when_it_is_closed, closed_by_hand, .succeeds = "unit",
     .journal = "a+ b+ body b- a- after")

static eff_t *holds_and_tells(struct world *w, eff_scope_t *s)
{
    return in_order(held(w, s, "a"), told(w, s, "s"), say(w, "body"), one(7));
}
static eff_t *closed_by_region(struct world *w)
{
    return eff_then(eff_scoped(with_made(w, EFF_SCOPE_SEQUENTIAL, holds_and_tells)), say(w, "after"));
}
CASE(a_made_scope_closes_with_the_region_around_it_and_its_exit, closed_by_region, .succeeds = "unit",
     .journal = "a+ body s:ok:7 a- after")

static eff_t *holds_and_fails(struct world *w, eff_scope_t *s)
{
    return in_order(held(w, s, "a"), told(w, s, "s"), failing(1));
}
static eff_t *closed_by_failing_region(struct world *w)
{
    return say_exit(w, eff_scoped(with_made(w, EFF_SCOPE_SEQUENTIAL, holds_and_fails)));
}
CASE(a_made_scope_is_told_the_failure_of_the_region_around_it, closed_by_failing_region, .succeeds = "unit",
     .journal = "a+ s:fail:1 a- fail:1")

static eff_t *closed_by_fiber(struct world *w)
{
    return in_order(keep(w, 0, eff_fork(with_made(w, EFF_SCOPE_SEQUENTIAL, holds_and_tells))), say_await(w, 0));
}
CASE(a_made_scope_closes_with_the_fiber_around_it_before_its_exit_is_seen, closed_by_fiber, .succeeds = "unit",
     .journal = "a+ body s:ok:7 a- ok:7")

/* The order of all that is in a scope is kept, scopes among it. */
static eff_t *inner_between(struct world *w, eff_scope_t *inner)
{
    eff_t *b = eff_acquire_release(acquire(w, "b"), release, eff_ptr(w));
    return in_order(held(w, inner, "in"), b, keep(w, 0, eff_fork_scoped(holds(w, "f"))), eff_yield_now());
}
static eff_t *scope_between(struct world *w)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    return eff_scoped(eff_then(a, with_made(w, EFF_SCOPE_SEQUENTIAL, inner_between)));
}
CASE(a_made_scope_closes_in_its_turn, scope_between, .succeeds = "unit", .journal = "a+ in+ b+ f+ f- b- in- a-")

/* ---- trees */

static eff_t *tells_at_the_leaf(struct world *w, eff_scope_t *leaf)
{
    return eff_then(told(w, leaf, "leaf"), held(w, leaf, "c"));
}
static eff_t *tells_in_the_middle(struct world *w, eff_scope_t *middle)
{
    eff_t *leaf = in_made(w, eff_scope_fork(middle, EFF_SCOPE_SEQUENTIAL), tells_at_the_leaf);
    return in_order(told(w, middle, "middle"), leaf, held(w, middle, "b"));
}
static eff_t *tells_at_the_root(struct world *w, eff_scope_t *root)
{
    eff_t *middle = in_made(w, eff_scope_fork(root, EFF_SCOPE_SEQUENTIAL), tells_in_the_middle);
    return in_order(told(w, root, "root"), middle, held(w, root, "a"), close_failing(root, 3), say(w, "after"));
}
static eff_t *tree(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, tells_at_the_root);
}
CASE(an_exit_is_passed_down_a_tree_of_scopes, tree, .succeeds = "unit",
     .journal = "c+ b+ a+ a- b- c- leaf:fail:3 middle:fail:3 root:fail:3 after")

/* A scope that was closed by itself is no part of its parent any more. */
static eff_t *closes_child_first(struct world *w, eff_scope_t *child)
{
    return in_order(held(w, child, "c"), close_ok(child), say(w, "between"));
}
static eff_t *forks_child(struct world *w, eff_scope_t *parent)
{
    eff_t *child = in_made(w, eff_scope_fork(parent, EFF_SCOPE_SEQUENTIAL), closes_child_first);
    return in_order(held(w, parent, "p"), child, close_ok(parent));
}
static eff_t *child_first(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, forks_child);
}
CASE(a_child_scope_can_close_before_its_parent, child_first, .succeeds = "unit", .journal = "p+ c+ c- between p-")

/* ---- failures of finalizers */

/* B20 */
static eff_t *fails_in_b(struct world *w, eff_scope_t *s)
{
    return in_order(held(w, s, "a"), finally(s, failing(1)), told(w, s, "s"), finally(s, failing(2)), close_ok(s));
}
static eff_t *failing_finalizers(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, fails_in_b);
}
CASE(B20_all_is_released_though_finalizers_fail_and_who_closes_gets_their_causes, failing_finalizers,
     .cause = "then(fail(2), fail(1))", .journal = "a+ s:ok:unit a-")

static eff_t *two_that_raise(struct world *w, eff_scope_t *s)
{
    eff_t *first = eff_then(say(w, "first"), failing(1)), *second = eff_then(say(w, "second"), dying());
    return in_order(finally(s, first), finally(s, second), close_failing(s, 3));
}
static eff_t *both_raise(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, two_that_raise);
}
/* RES-036 */
CASE(RES_036_both_exits_are_called_and_both_errors_reported, both_raise, .cause = "then(die, fail(1))",
     .journal = "second first")

static eff_t *fails_inside(struct world *w, eff_scope_t *inner)
{
    return in_order(held(w, inner, "b"), finally(inner, failing(2)), failing(7));
}
static eff_t *failing_child_scope(struct world *w)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    return eff_scoped(eff_then(a, with_made(w, EFF_SCOPE_SEQUENTIAL, fails_inside)));
}
CASE(what_a_child_scope_fails_with_is_added_to_the_failure_of_its_region, failing_child_scope,
     .cause = "then(fail(7), fail(2))", .journal = "a+ b+ b- a-")

static eff_t *succeeds_inside(struct world *w, eff_scope_t *inner)
{
    return in_order(held(w, inner, "b"), finally(inner, failing(2)), one(1));
}
static eff_t *failing_child_of_success(struct world *w)
{
    return eff_scoped(with_made(w, EFF_SCOPE_SEQUENTIAL, succeeds_inside));
}
CASE(a_child_scope_that_fails_makes_the_success_of_its_region_a_failure, failing_child_of_success, .cause = "fail(2)",
     .journal = "b+ b-")

/* Whoever closed it was told; its parent does not tell once more. */
static eff_t *closes_failing_child(struct world *w, eff_scope_t *inner)
{
    return in_order(finally(inner, failing(2)), say_exit(w, close_ok(inner)), one(1));
}
static eff_t *told_once(struct world *w)
{
    return eff_scoped(with_made(w, EFF_SCOPE_SEQUENTIAL, closes_failing_child));
}
CASE(a_failure_of_closing_is_told_once, told_once, .succeeds = "1", .journal = "fail:2")

/* ---- extend */

static eff_t *extends_and_goes_on(struct world *w, eff_scope_t *s)
{
    eff_t *inner = eff_acquire_release(acquire(w, "in"), release, eff_ptr(w));
    eff_t *outer = eff_acquire_release(acquire(w, "out"), release, eff_ptr(w));
    return in_order(eff_scope_extend(inner, s), outer, close_ok(s), say(w, "body"));
}
static eff_t *extended(struct world *w)
{
    return eff_scoped(with_made(w, EFF_SCOPE_SEQUENTIAL, extends_and_goes_on));
}
CASE(what_follows_an_extend_belongs_to_the_scope_before, extended, .succeeds = "unit",
     .journal = "in+ out+ in- body out-")

static eff_t *extends_sides(struct world *w, eff_scope_t *s)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    eff_t *b = eff_acquire_release(acquire(w, "b"), release, eff_ptr(w));
    return in_order(eff_scope_extend(eff_zip_par(a, b), s), say(w, "body"), close_ok(s), say(w, "after"));
}
static eff_t *extended_sides(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, extends_sides);
}
CASE(sides_use_the_scope_that_their_caller_was_extended_to, extended_sides, .succeeds = "unit",
     .journal = "a+ b+ body b- a- after", .without = NO_SHUFFLES /* which side is first */)

static eff_t *extends_a_failure(struct world *w, eff_scope_t *s)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    return in_order(say_exit(w, eff_scope_extend(eff_then(a, failing(1)), s)), say(w, "open"), close_ok(s));
}
static eff_t *extended_failure(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, extends_a_failure);
}
CASE(extend_closes_nothing_when_its_effect_fails, extended_failure, .succeeds = "unit", .journal = "a+ fail:1 open a-")

static eff_t *extends_closed(struct world *w, eff_scope_t *s)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    return in_order(close_ok(s), eff_scope_extend(eff_then(a, say(w, "never")), s));
}
static eff_t *extended_closed(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, extends_closed);
}
CASE(what_is_acquired_into_a_closed_scope_is_released_at_once, extended_closed, .dies = "scope that is closed",
     .journal = "a+ a-")

static eff_t *forks_from_inside(struct world *w, eff_scope_t *s)
{
    eff_t *forks = keep(w, 0, eff_fork_scoped(eff_then(ms(5), say_label(w))));
    eff_t *inside = labelled(eff_scope_extend(in_order(say_label(w), forks, finally(s, say_label(w))), s), "inner");
    return in_order(inside, ms(10), close_ok(s));
}
static eff_t *services_of_made(struct world *w)
{
    return labelled(with_made(w, EFF_SCOPE_SEQUENTIAL, forks_from_inside), "outer");
}
CASE(what_outlives_a_provide_in_a_made_scope_has_the_services_of_the_scope, services_of_made, .succeeds = "unit",
     .journal = "inner outer outer")

/* ---- use */

static eff_t *uses(struct world *w, eff_scope_t *s)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    eff_t *child = keep(w, 0, eff_fork(holds(w, "child")));
    eff_t *body = in_order(a, told(w, s, "s"), child, eff_yield_now(), one(7));
    return eff_then(say_exit(w, eff_scope_use(body, s)), say(w, "after"));
}
static eff_t *used(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, uses);
}
CASE(use_ends_what_was_forked_and_then_closes_with_the_exit, used, .succeeds = "unit",
     .journal = "a+ child+ child- s:ok:7 a- ok:7 after")

static eff_t *uses_and_fails(struct world *w, eff_scope_t *s)
{
    eff_t *body = in_order(held(w, s, "a"), finally(s, failing(2)), told(w, s, "s"), failing(1));
    return eff_scope_use(body, s);
}
static eff_t *used_failing(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, uses_and_fails);
}
CASE(use_adds_what_finalizers_fail_with_to_its_failure, used_failing, .cause = "then(fail(1), fail(2))",
     .journal = "a+ s:fail:1 a-")

static eff_t *uses_and_waits(struct world *w, eff_scope_t *s)
{
    eff_t *body = in_order(held(w, s, "a"), told(w, s, "s"), eff_never());
    return in_order(keep(w, 0, eff_fork(eff_scope_use(body, s))), eff_yield_now(), say_interrupt(w, 0));
}
static eff_t *used_interrupted(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, uses_and_waits);
}
CASE(use_closes_when_it_is_interrupted, used_interrupted, .succeeds = "unit", .journal = "a+ s:interrupt a- interrupt")

static eff_t *closes_in_use(struct world *w, eff_scope_t *s)
{
    return eff_scope_use(in_order(held(w, s, "a"), close_failing(s, 4), say(w, "body"), one(1)), s);
}
static eff_t *closed_in_use(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, closes_in_use);
}
CASE(use_leaves_a_scope_alone_that_was_closed_meanwhile, closed_in_use, .succeeds = "1", .journal = "a+ a- body")

static eff_t *slowly_closed(struct world *w, eff_scope_t *s)
{
    eff_t *body = finally(s, in_order(ms(10), say_time(w, "closed")));
    return in_order(keep(w, 0, eff_fork(eff_ensuring(eff_scope_use(body, s), say_time(w, "used")))), ms(1),
                    say_interrupt(w, 0));
}
static eff_t *interrupted_while_closing(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, slowly_closed);
}
CASE(an_interruption_while_use_closes_is_seen_afterwards, interrupted_while_closing, .succeeds = "unit",
     .journal = "closed@10 used@10 interrupt")

/* ---- where none can be made, and which cannot be closed */

static eff_t *makes_in(eff_value_t scope, eff_value_t env)
{
    return eff_scope_fork(eff_as_scope(scope), EFF_SCOPE_SEQUENTIAL);
}
static eff_t *made_in_closed(struct world *w)
{
    return eff_flat_map(eff_scoped(eff_scope_current()), makes_in, eff_ptr(w));
}
CASE(a_scope_made_in_one_that_is_closed_is_a_defect, made_in_closed, .dies = "a scope was made in one that is closed")

static eff_t *closes_region(eff_value_t scope, eff_value_t env)
{
    return close_ok(eff_as_scope(scope));
}
static eff_t *region_closed_by_hand(struct world *w)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    return eff_scoped(eff_then(a, eff_flat_map(eff_scope_current(), closes_region, eff_unit)));
}
CASE(closing_the_scope_of_a_region_by_hand_is_a_defect, region_closed_by_hand, .dies = "eff_scope_close was given the",
     .journal = "a+ a-")

static eff_t *region_closed_afterwards(struct world *w)
{
    return eff_flat_map(eff_scoped(eff_scope_current()), closes_region, eff_unit);
}
CASE(closing_the_scope_of_a_region_that_has_ended_does_nothing, region_closed_afterwards, .succeeds = "unit")

static eff_t *uses_region(eff_value_t scope, eff_value_t env)
{
    return eff_scope_use(say(eff_as_ptr(env), "never"), eff_as_scope(scope));
}
static eff_t *region_used(struct world *w)
{
    return eff_flat_map(eff_scope_current(), uses_region, eff_ptr(w));
}
CASE(using_the_scope_of_a_fiber_is_a_defect, region_used, .dies = "eff_scope_use was given the", .journal = "")

TESTS(a_made_scope_releases_in_reverse_when_it_is_closed, a_made_scope_closes_with_the_region_around_it_and_its_exit,
      a_made_scope_is_told_the_failure_of_the_region_around_it,
      a_made_scope_closes_with_the_fiber_around_it_before_its_exit_is_seen, a_made_scope_closes_in_its_turn,
      an_exit_is_passed_down_a_tree_of_scopes, a_child_scope_can_close_before_its_parent,
      B20_all_is_released_though_finalizers_fail_and_who_closes_gets_their_causes,
      RES_036_both_exits_are_called_and_both_errors_reported,
      what_a_child_scope_fails_with_is_added_to_the_failure_of_its_region,
      a_child_scope_that_fails_makes_the_success_of_its_region_a_failure, a_failure_of_closing_is_told_once,
      what_follows_an_extend_belongs_to_the_scope_before, sides_use_the_scope_that_their_caller_was_extended_to,
      extend_closes_nothing_when_its_effect_fails, what_is_acquired_into_a_closed_scope_is_released_at_once,
      what_outlives_a_provide_in_a_made_scope_has_the_services_of_the_scope,
      use_ends_what_was_forked_and_then_closes_with_the_exit, use_adds_what_finalizers_fail_with_to_its_failure,
      use_closes_when_it_is_interrupted, use_leaves_a_scope_alone_that_was_closed_meanwhile,
      an_interruption_while_use_closes_is_seen_afterwards, a_scope_made_in_one_that_is_closed_is_a_defect,
      closing_the_scope_of_a_region_by_hand_is_a_defect, closing_the_scope_of_a_region_that_has_ended_does_nothing,
      using_the_scope_of_a_fiber_is_a_defect)
