/* Acquires that may be interrupted: what was acquired is released, and what was not is not. */
#include "support/fibers.h"

static eff_t *uses(eff_value_t v, eff_value_t env)
{
    return eff_then(say(eff_as_ptr(env), "use"), eff_never());
}
static eff_t *goodbye(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    release(resource, exit, env);
    return ms(1);
}

/* The four forms of a bracket. */
static eff_t *bracket(struct world *w, eff_t *acquiring)
{
    return eff_acquire_use_release(acquiring, uses, release, eff_ptr(w));
}
static eff_t *bracket_effect(struct world *w, eff_t *acquiring)
{
    return eff_acquire_use_release_effect(acquiring, uses, goodbye, eff_ptr(w));
}
static eff_t *into_scope(struct world *w, eff_t *acquiring)
{
    eff_t *e = eff_acquire_release(acquiring, release, eff_ptr(w));
    return eff_scoped(eff_flat_map(e, uses, eff_ptr(w)));
}
static eff_t *into_scope_effect(struct world *w, eff_t *acquiring)
{
    eff_t *e = eff_acquire_release_effect(acquiring, goodbye, eff_ptr(w));
    return eff_scoped(eff_flat_map(e, uses, eff_ptr(w)));
}

/* Interrupted after 500 ms, and asked how it ended. */
static eff_t *interrupted(struct world *w, eff_t *e)
{
    return in_order(keep(w, 0, eff_fork(e)), ms(500), say_interrupt(w, 0), say_time(w, "end"));
}

/* A second to acquire, by instructions that can be interrupted in between. */
static eff_t *slow_acquire(struct world *w)
{
    return eff_then(when_interrupted(ms(1000), say(w, "flag")), acquire(w, "r"));
}

/* ---- not interruptible, unless one says so */

static eff_t *plain_acquire(struct world *w)
{
    return interrupted(w, bracket(w, eff_then(ms(1000), acquire(w, "r"))));
}
/* RES-010 */
CASE(RES_010_an_acquire_is_not_interrupted_and_what_it_acquired_is_released, plain_acquire, .succeeds = "unit",
     .journal = "r+ r- interrupt end@1000")

static eff_t *plain_acquire_into_scope(struct world *w)
{
    return interrupted(w, into_scope(w, eff_then(ms(1000), acquire(w, "r"))));
}
/* RES-010 */
CASE(RES_010_nor_is_one_into_a_scope, plain_acquire_into_scope, .succeeds = "unit",
     .journal = "r+ r- interrupt end@1000")

/* ---- interrupted */

static eff_t *polled_bracket(struct world *w)
{
    return interrupted(w, bracket(w, eff_acquire_interruptible(slow_acquire(w))));
}
/* RES-012 */
CASE(RES_012_an_interruptible_acquire_that_is_interrupted_registers_no_release, polled_bracket, .succeeds = "unit",
     .journal = "flag interrupt end@500")

static eff_t *polled_bracket_effect(struct world *w)
{
    return interrupted(w, bracket_effect(w, eff_acquire_interruptible(slow_acquire(w))));
}
/* RES-012 */
CASE(RES_012_with_an_effect_to_release, polled_bracket_effect, .succeeds = "unit", .journal = "flag interrupt end@500")

static eff_t *polled_into_scope(struct world *w)
{
    return interrupted(w, into_scope(w, eff_acquire_interruptible(slow_acquire(w))));
}
/* RES-012 */
CASE(RES_012_into_a_scope, polled_into_scope, .succeeds = "unit", .journal = "flag interrupt end@500")

static eff_t *polled_into_scope_effect(struct world *w)
{
    return interrupted(w, into_scope_effect(w, eff_acquire_interruptible(slow_acquire(w))));
}
/* RES-012 */
CASE(RES_012_into_a_scope_with_an_effect_to_release, polled_into_scope_effect, .succeeds = "unit",
     .journal = "flag interrupt end@500")

/* ---- a part of it */

static eff_t *partly(struct world *w)
{
    eff_t *waiting = when_interrupted(eff_acquire_interruptible(ms(1000)), say(w, "flag"));
    return interrupted(w, bracket(w, eff_then(waiting, acquire(w, "r"))));
}
/* RES-012: the shape of the source, where the acquire is given a poll */
CASE(RES_012_a_part_of_an_acquire_can_be_interrupted, partly, .succeeds = "unit", .journal = "flag interrupt end@500")

static eff_value_t same(eff_value_t v, eff_value_t env)
{
    return eff_value_incref(v);
}
static eff_t *wait_and_return(eff_value_t v, eff_value_t env)
{
    return eff_delay(eff_succeed(eff_value_incref(v)), eff_millis(1000));
}
static eff_t *after_the_part(struct world *w)
{
    eff_t *acquiring = eff_then(eff_acquire_interruptible(ms(100)), acquire(w, "r"));
    return interrupted(w, bracket(w, eff_flat_map(acquiring, wait_and_return, eff_unit)));
}
CASE(what_follows_the_interruptible_part_of_an_acquire_is_masked, after_the_part, .succeeds = "unit",
     .journal = "r+ r- interrupt end@1100",
     .without = NO_FREE | NO_ALLOCATIONS /* what an acquire of several steps has, half done, is lost then */)

/* ---- under a mask */

static eff_t *masked_bracket(struct world *w)
{
    eff_t *waits =
        eff_acquire_use_release(eff_acquire_interruptible(slow_acquire(w)), wait_and_return, release, eff_ptr(w));
    return interrupted(w, eff_uninterruptible(waits));
}
/* RES-013 */
CASE(RES_013_an_interruptible_acquire_inside_a_mask_is_not_interrupted, masked_bracket, .succeeds = "unit",
     .journal = "r+ r- interrupt end@2000")

static eff_t *masked_into_scope(struct world *w)
{
    eff_t *e = eff_acquire_release(eff_acquire_interruptible(slow_acquire(w)), release, eff_ptr(w));
    return interrupted(w, eff_uninterruptible(eff_scoped(eff_then(e, ms(1000)))));
}
/* RES-013 */
CASE(RES_013_into_a_scope, masked_into_scope, .succeeds = "unit", .journal = "r+ r- interrupt end@2000")

static eff_t *masked_in_acquire(struct world *w)
{
    eff_t *inner = eff_acquire_interruptible(slow_acquire(w));
    return interrupted(w, bracket(w, eff_uninterruptible(inner)));
}
CASE(a_mask_inside_the_acquire_counts, masked_in_acquire, .succeeds = "unit", .journal = "r+ r- interrupt end@1000")

/* ---- no window: whatever has completed is released. The sweeps interrupt at every instruction. */

static eff_t *ends_masked(struct world *w)
{
    eff_t *acquiring = eff_acquire_interruptible(eff_uninterruptible(eff_then(ms(1000), acquire(w, "r"))));
    return interrupted(w, bracket(w, acquiring));
}
CASE(what_a_mask_at_the_end_of_an_interruptible_acquire_acquires_is_released, ends_masked, .succeeds = "unit",
     .journal = "r+ r- interrupt end@1000")

static eff_t *ends_masked_in_scope(struct world *w)
{
    eff_t *acquiring = eff_acquire_interruptible(eff_uninterruptible(eff_then(ms(1000), acquire(w, "r"))));
    return interrupted(w, into_scope(w, eff_map(acquiring, same, eff_unit)));
}
CASE(also_into_a_scope, ends_masked_in_scope, .succeeds = "unit", .journal = "r+ r- interrupt end@1000")

static eff_t *ends_in_scope(struct world *w)
{
    eff_t *acquiring = eff_acquire_interruptible(eff_uninterruptible(eff_scoped(acquire(w, "r"))));
    return interrupted(w, bracket(w, acquiring));
}
CASE(a_completed_acquire_is_used_and_released, ends_in_scope, .succeeds = "unit",
     .journal = "r+ use r- interrupt end@500")

/* ---- nested, and elsewhere */

/* The inner acquire runs inside the outer one, which is masked. */
static eff_t *inner_acquire(struct world *w)
{
    eff_t *inner =
        eff_acquire_release(eff_acquire_interruptible(eff_then(ms(1000), acquire(w, "i"))), release, eff_ptr(w));
    return interrupted(w, bracket(w, eff_then(inner, acquire(w, "r"))));
}
CASE(an_acquire_within_an_acquire_keeps_the_mask_of_that, inner_acquire, .succeeds = "unit",
     .journal = "i+ r+ r- i- interrupt end@1000")

static eff_t *outside(struct world *w)
{
    return interrupted(w, eff_uninterruptible(eff_acquire_interruptible(ms(1000))));
}
CASE(outside_an_acquire_it_changes_nothing, outside, .succeeds = "unit", .journal = "interrupt end@1000")

static eff_t *in_use(eff_value_t v, eff_value_t env)
{
    return eff_uninterruptible(eff_acquire_interruptible(ms(1000)));
}
static eff_t *inside_use(struct world *w)
{
    return interrupted(w, eff_acquire_use_release(acquire(w, "r"), in_use, release, eff_ptr(w)));
}
CASE(in_the_use_of_a_bracket_it_changes_nothing, inside_use, .succeeds = "unit", .journal = "r+ r- interrupt end@1000")

TESTS(RES_010_an_acquire_is_not_interrupted_and_what_it_acquired_is_released, RES_010_nor_is_one_into_a_scope,
      RES_012_an_interruptible_acquire_that_is_interrupted_registers_no_release, RES_012_with_an_effect_to_release,
      RES_012_into_a_scope, RES_012_into_a_scope_with_an_effect_to_release,
      RES_012_a_part_of_an_acquire_can_be_interrupted, what_follows_the_interruptible_part_of_an_acquire_is_masked,
      RES_013_an_interruptible_acquire_inside_a_mask_is_not_interrupted, RES_013_into_a_scope,
      a_mask_inside_the_acquire_counts, what_a_mask_at_the_end_of_an_interruptible_acquire_acquires_is_released,
      also_into_a_scope, a_completed_acquire_is_used_and_released, an_acquire_within_an_acquire_keeps_the_mask_of_that,
      outside_an_acquire_it_changes_nothing, in_the_use_of_a_bracket_it_changes_nothing)
