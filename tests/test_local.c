/* Fiber-local variables: who sees what, and what a child begins with. */
#include <effect/local.h>

#include "support/fibers.h"

static eff_value_t zero(void)
{
    return eff_int(0);
}
static eff_value_t absent(void)
{
    return (eff_value_t){ 0 };
}
static eff_value_t fresh(eff_value_t forkers)
{
    return eff_int(0);
}
static eff_value_t deeper(eff_value_t forkers)
{
    return eff_int(eff_as_int(forkers) + 1);
}
static eff_value_t copied(eff_value_t forkers)
{
    return eff_string(eff_as_string(forkers));
}
static const eff_local_t level = { .name = "level", .initial = zero };
static const eff_local_t own = { .name = "own", .initial = zero, .fork = fresh };
static const eff_local_t depth = { .name = "depth", .initial = zero, .fork = deeper };
static const eff_local_t plain = { .name = "plain" };
static const eff_local_t text = { .name = "text", .fork = copied };
static const eff_local_t broken = { .name = "broken", .initial = absent };

static eff_value_t say_value(eff_value_t v, eff_value_t env)
{
    eff_buffer_t out = EFF_BUFFER_INIT;
    eff_value_format(v, &out);
    journal_add(eff_as_ptr(env), eff_buffer_text(&out));
    eff_buffer_done(&out);
    return eff_unit;
}
static eff_t *say_local(struct world *w, const eff_local_t *local)
{
    return eff_map(eff_local_get(local), say_value, eff_ptr(w));
}
static eff_t *set(const eff_local_t *local, int64_t n)
{
    return eff_local_set(local, eff_int(n));
}

static eff_t *unset(struct world *w)
{
    return in_order(say_local(w, &level), say_local(w, &plain));
}
CASE(a_variable_begins_with_its_initial_value, unset, .succeeds = "unit", .journal = "0 unit")

static eff_t *child_changes(struct world *w)
{
    eff_t *child = in_order(say_local(w, &level), set(&level, 9), say_local(w, &level));
    return in_order(set(&level, 5), keep(w, 0, eff_fork(child)), with_fiber(w, 0, join), say_local(w, &level));
}
/* A2 */
CASE(A2_a_childs_change_never_reaches_the_parent, child_changes, .succeeds = "unit", .journal = "5 9 5")

static eff_t *changed_after_fork(struct world *w)
{
    eff_t *child = eff_then(eff_yield_now(), say_local(w, &level));
    return in_order(set(&level, 1), keep(w, 0, eff_fork(child)), set(&level, 2), with_fiber(w, 0, join));
}
CASE(a_child_has_what_its_forker_had_at_the_fork, changed_after_fork, .succeeds = "unit", .journal = "1")

static eff_t *two_levels(struct world *w)
{
    eff_t *grandchild = in_order(say_local(w, &own), say_local(w, &depth), say_local(w, &text));
    eff_t *child = in_order(say_local(w, &own), say_local(w, &depth), set(&own, 3),
                            keep(w, 1, eff_fork_scoped(grandchild)), with_fiber(w, 1, join));
    return in_order(set(&own, 7), set(&depth, 1), eff_local_set(&text, eff_string("t")), keep(w, 0, eff_fork(child)),
                    with_fiber(w, 0, join), say_local(w, &own), say_local(w, &depth));
}
CASE(the_fork_policy_says_what_a_child_begins_with, two_levels, .succeeds = "unit", .journal = "0 2 0 3 t 7 1")

static eff_t *sides(struct world *w)
{
    eff_t *left = in_order(say_local(w, &level), set(&level, 10), eff_yield_now(), say_local(w, &level));
    eff_t *right = in_order(say_local(w, &level), set(&level, 20), eff_yield_now(), say_local(w, &level));
    return in_order(set(&level, 5), eff_zip_par(left, right), say_local(w, &level));
}
CASE(sides_have_copies_and_nothing_is_merged, sides, .succeeds = "unit", .journal = "5 5 10 20 5",
     .without = NO_SHUFFLES)

static eff_value_t add_item(eff_value_t v, eff_value_t env)
{
    return eff_int(eff_as_int(v) + eff_as_int(env));
}
static eff_t *update_by_item(eff_value_t item, eff_value_t env)
{
    return eff_local_update(&level, add_item, eff_value_incref(item));
}
static eff_t *items(struct world *w)
{
    eff_t *loop = eff_for_each_par(eff_range(0, 4), update_by_item, eff_unit, 1);
    return in_order(set(&level, 100), loop);
}
CASE(each_item_begins_with_the_callers_value, items, .succeeds = "[100, 101, 102, 103]")

static eff_t *without_callers(struct world *w)
{
    return eff_for_each_par(eff_range(0, 3), update_by_item, eff_unit, 1);
}
CASE(an_item_does_not_see_what_the_one_before_has_set, without_callers, .succeeds = "[0, 1, 2]")

static eff_t *scoped_setting(struct world *w)
{
    eff_t *body = in_order(say_local(w, &level), set(&level, 3), say_local(w, &level));
    return in_order(set(&level, 1), eff_local_with(body, &level, eff_int(2)), say_local(w, &level));
}
CASE(with_restores_what_was_there, scoped_setting, .succeeds = "unit", .journal = "2 3 1")

static eff_t *scoped_failure(struct world *w)
{
    eff_t *body = eff_or_else(eff_local_with(failing(1), &level, eff_int(2)), eff_noop());
    return in_order(body, say_local(w, &level));
}
CASE(with_restores_after_a_failure, scoped_failure, .succeeds = "unit", .journal = "0")

static eff_t *daemon_locals(struct world *w)
{
    return in_order(set(&level, 1), keep(w, 0, eff_fork_daemon(say_local(w, &level))), with_fiber(w, 0, join));
}
CASE(a_daemon_begins_with_none, daemon_locals, .succeeds = "unit", .journal = "0")

static eff_t *broken_initial(struct world *w)
{
    return eff_local_get(&broken);
}
CASE(an_absent_initial_value_is_a_mistake, broken_initial, .dies = "broken")

static eff_t *no_variable(struct world *w)
{
    return eff_local_with(eff_noop(), NULL, eff_unit);
}
CASE(no_variable_is_a_mistake, no_variable, .dies = "argument 2 of eff_local_with is NULL")

static eff_t *hundred(struct world *w)
{
    static eff_local_t many[100];
    eff_t *e = eff_noop();
    for (int i = 0; i < 100; i++) {
        many[i] = (eff_local_t){ .name = "one of many" };
        e = eff_then(e, set(&many[i], i));
    }
    return in_order(e, say_local(w, &many[0]), say_local(w, &many[99]));
}
CASE(a_fiber_may_have_many, hundred, .succeeds = "unit", .journal = "0 99")

/* ---- what a side or an item sets stays with it: where the source merges the last to be joined back, nothing is here */

static eff_t *both_sides_set(struct world *w)
{
    eff_t *pair = eff_zip_par(after(2000, set(&level, 10)), set(&level, 15));
    return in_order(set(&level, 5), pair, eff_local_get(&level));
}
/* PAR-016 */
CASE(PAR_016_the_caller_keeps_its_value_whatever_both_sides_set, both_sides_set, .succeeds = "5", .timed = true,
     .ms = 2000)

static eff_t *slower_side_sets(struct world *w)
{
    eff_t *fast = after(1, set(&level, 1)), *slow = after(2, set(&level, 2));
    return eff_then(eff_zip_par(fast, slow), eff_local_get(&level));
}
/* PAR-018 */
CASE(PAR_018_the_value_of_the_slower_side_is_not_inherited, slower_side_sets, .succeeds = "0")

static eff_value_t one_more(eff_value_t v, eff_value_t env)
{
    return eff_int(eff_as_int(v) + 1);
}
static eff_t *add_one(eff_value_t item, eff_value_t env)
{
    return eff_then(yields(eff_local_update(&level, one_more, eff_unit)), eff_local_get(&level));
}
static eff_value_t sum(eff_value_t results, eff_value_t env)
{
    int64_t n = 0;
    for (size_t i = 0; i < eff_array_size(results); i++)
        n += eff_as_int(eff_array_at(results, i));
    return eff_int(n);
}
static eff_t *thousand_updates(struct world *w)
{
    eff_t *updates = eff_for_each_par(eff_range(0, 1000), add_one, eff_unit, 0);
    return eff_zip(eff_map(updates, sum, eff_unit), eff_local_get(&level));
}
/* EACH-025: each of a thousand items sees 0 before and 1 after its own update, and the caller none of them. */
START_TEST(EACH_025_what_items_add_does_not_add_up_in_the_caller)
{
    struct world w = { 0 };
    ck_assert_succeeds(thousand_updates(&w), "(1000, 0)");
}
END_TEST

TESTS(PAR_016_the_caller_keeps_its_value_whatever_both_sides_set, PAR_018_the_value_of_the_slower_side_is_not_inherited,
      EACH_025_what_items_add_does_not_add_up_in_the_caller, a_variable_begins_with_its_initial_value,
      A2_a_childs_change_never_reaches_the_parent, a_child_has_what_its_forker_had_at_the_fork,
      the_fork_policy_says_what_a_child_begins_with, sides_have_copies_and_nothing_is_merged,
      each_item_begins_with_the_callers_value, an_item_does_not_see_what_the_one_before_has_set,
      with_restores_what_was_there, with_restores_after_a_failure, a_daemon_begins_with_none,
      an_absent_initial_value_is_a_mistake, no_variable_is_a_mistake, a_fiber_may_have_many)
