/* Going on after a defect: catch_defect and ignore_cause. What they catch may be "out of memory" as well. */
#include "support/fibers.h"

static eff_t *ok(eff_value_t defect, eff_value_t env)
{
    return eff_succeed(eff_literal("ok"));
}
/* For where there is no defect, unless memory is short. */
static eff_t *die_of_it(eff_value_t defect, eff_value_t env)
{
    return eff_die(eff_value_incref(defect));
}
static eff_t *give_defect(eff_value_t defect, eff_value_t env)
{
    return eff_succeed(eff_pair(eff_value_incref(defect), eff_value_incref(env)));
}

/* A fiber's own end as a value: interrupted before, and joined. */
static eff_t *joins_interrupted(struct world *w)
{
    return in_order(keep(w, 7, eff_fork(eff_never())), with_fiber(w, 7, interrupt), with_fiber(w, 7, join));
}

/* ---- catch_defect */

static eff_t *defect_caught(struct world *w)
{
    return eff_catch_defect(dying(), ok, eff_unit);
}
/* CAUSE-002 */
CASE(CAUSE_002_catch_defect_goes_on_after_a_defect, defect_caught, .succeeds = "ok")

static eff_t *failure_passes(struct world *w)
{
    return eff_catch_defect(failing(7), die_of_it, eff_unit);
}
/* CAUSE-003 */
CASE(CAUSE_003_catch_defect_lets_failures_pass, failure_passes, .cause = "fail(7)")

static eff_t *success_passes(struct world *w)
{
    return eff_catch_defect(one(7), die_of_it, eff_unit);
}
/* CAUSE-003 */
CASE(CAUSE_003_catch_defect_lets_a_success_pass, success_passes, .succeeds = "7")

static eff_t *interruption_passes(struct world *w)
{
    return eff_catch_defect(joins_interrupted(w), die_of_it, eff_unit);
}
CASE(catch_defect_lets_interruptions_of_others_pass, interruption_passes, .interrupted = true)

static eff_t *leftmost_defect(struct world *w)
{
    eff_cause_t *cause = eff_cause_both(eff_cause_die(eff_int(1)), eff_cause_die(eff_int(2)));
    cause = eff_cause_then(eff_cause_fail(eff_int(0)), cause);
    return eff_catch_defect(eff_fail_cause(cause), give_defect, eff_literal("env"));
}
CASE(catch_defect_gets_the_leftmost_defect_whatever_is_beside_it, leftmost_defect, .succeeds = "(1, \"env\")")

static eff_t *mistake_caught(struct world *w)
{
    return eff_catch_defect(eff_map(NULL, NULL, eff_unit), ok, eff_unit);
}
CASE(catch_defect_goes_on_after_a_mistake, mistake_caught, .succeeds = "ok")

static eff_t *no_effect(eff_value_t defect, eff_value_t env)
{
    return NULL;
}
static eff_t *handler_returns_null(struct world *w)
{
    return eff_catch_defect(dying(), no_effect, eff_unit);
}
CASE(a_handler_of_defects_that_returns_null_is_a_defect, handler_returns_null, .dies = "callback no_effect")

static eff_t *dies_again(eff_value_t defect, eff_value_t env)
{
    return eff_die(eff_literal("again"));
}
static eff_t *handler_dies(struct world *w)
{
    return eff_catch_defect(dying(), dies_again, eff_unit);
}
CASE(the_defect_of_the_handler_replaces_the_one_it_handled, handler_dies, .dies = "again")

static eff_t *defect_while_interrupted(struct world *w)
{
    eff_t *dies_in_the_end = eff_ensuring(eff_never(), dying());
    eff_t *fork = eff_fork(eff_catch_defect(dies_in_the_end, ok, eff_unit));
    return in_order(keep(w, 0, fork), ms(1), say_interrupt(w, 0));
}
CASE(catch_defect_does_not_hide_the_fibers_own_interruption, defect_while_interrupted, .succeeds = "unit",
     .journal = "then(interrupt,die)", .without = NO_ALLOCATIONS /* without memory for the Then it is "interrupt" */)

/* ---- ignore_cause */

static eff_t *ignores_all(struct world *w)
{
    eff_t *e = eff_zip(eff_ignore_cause(dying()), eff_ignore_cause(joins_interrupted(w)));
    return eff_zip(e, eff_zip(eff_ignore_cause(failing(1)), eff_ignore_cause(one(1))));
}
/* CAUSE-006 */
CASE(CAUSE_006_ignore_cause_gives_unit_for_defects_and_interruptions_of_others, ignores_all,
     .succeeds = "((unit, unit), (unit, unit))")

/* The source ignores it too; here nothing swallows a fiber's own interruption. */
static eff_t *ignores_itself(struct world *w)
{
    return eff_then(eff_ignore_cause(eff_interrupt_self()), say(w, "went-on"));
}
/* CAUSE-006 */
CASE(CAUSE_006_ignore_cause_does_not_ignore_the_fibers_own_interruption, ignores_itself, .interrupted = true,
     .journal = "")

TESTS(CAUSE_002_catch_defect_goes_on_after_a_defect, CAUSE_003_catch_defect_lets_failures_pass,
      CAUSE_003_catch_defect_lets_a_success_pass, catch_defect_lets_interruptions_of_others_pass,
      catch_defect_gets_the_leftmost_defect_whatever_is_beside_it, catch_defect_goes_on_after_a_mistake,
      a_handler_of_defects_that_returns_null_is_a_defect, the_defect_of_the_handler_replaces_the_one_it_handled,
      catch_defect_does_not_hide_the_fibers_own_interruption,
      CAUSE_006_ignore_cause_gives_unit_for_defects_and_interruptions_of_others,
      CAUSE_006_ignore_cause_does_not_ignore_the_fibers_own_interruption)
