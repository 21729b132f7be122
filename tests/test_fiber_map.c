/* Fiber maps and slots: one fiber by key, and one at a time. What they have in common with sets is in test_fiber_set.c. */
#include <stdio.h>

#include "support/fibers.h"

static eff_t *in_map(struct world *w, eff_bind_fn body)
{
    return eff_scoped(eff_flat_map(eff_fiber_map_make(EFF_FIBERS_FAILURES), body, eff_ptr(w)));
}
static eff_t *in_slot(struct world *w, eff_bind_fn body)
{
    return eff_scoped(eff_flat_map(eff_fiber_slot_make(EFF_FIBERS_FAILURES), body, eff_ptr(w)));
}
static eff_value_t nothing(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_unit;
}
static eff_t *quietly(eff_t *e)
{
    return eff_map(e, nothing, eff_unit);
}
static eff_t *put(eff_fiber_map_t *map, const char *key, eff_t *e)
{
    return quietly(eff_fiber_map_fork(map, eff_string(key), e));
}
/* Waits for ever; when interrupted, says its name 5 ms later. */
static eff_t *ends_slowly(struct world *w, const char *name)
{
    return eff_ensuring(eff_never(), after(5, say_time(w, name)));
}
static eff_value_t is_there(eff_value_t found, eff_value_t env)
{
    (void)env;
    return eff_bool(eff_is_some(found));
}

/* ---- maps */

static eff_t *replaces(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_map_t *map = eff_as_fiber_map(v);
    eff_t *first = in_order(put(map, "a", ends_slowly(w, "old")), put(map, "b", ends_slowly(w, "other")), ms(1));
    eff_t *second = in_order(put(map, "a", ends_slowly(w, "new")), say_time(w, "forked"), ms(1), say(w, "|"));
    return eff_then(first, second);
}
static eff_t *replacing(struct world *w)
{
    return in_map(w, replaces);
}
CASE(forking_under_a_key_ends_the_fiber_that_is_there_first, replacing, .succeeds = "unit",
     .journal = "old@6 forked@6 | new@12 other@12")

static eff_t *replaced_at_once(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_map_t *map = eff_as_fiber_map(v);
    eff_t *first = eff_then(put(map, "a", ends_slowly(w, "0")), ms(1));
    eff_t *both = eff_zip_par(put(map, "a", ends_slowly(w, "1")), put(map, "a", ends_slowly(w, "2")));
    return in_order(first, both, say_time(w, "forked"), ms(1));
}
static eff_t *replacing_at_once(struct world *w)
{
    return in_map(w, replaced_at_once);
}
/* The first is replaced before its first turn, so it does not even start. */
CASE(of_two_that_replace_a_fiber_at_once_the_last_stays, replacing_at_once, .succeeds = "unit",
     .journal = "0@6 forked@6 2@12")

static eff_t *only_if_absent(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_map_t *map = eff_as_fiber_map(v);
    eff_t *first = keep(w, 0, eff_fiber_map_fork_if_absent(map, eff_int(1), after(3, one(10))));
    eff_t *second = keep(w, 1, eff_fiber_map_fork_if_absent(map, eff_int(1), after(3, one(20))));
    eff_t *joins = eff_zip(with_fiber(w, 0, join), with_fiber(w, 1, join));
    eff_t *third = keep(w, 2, eff_fiber_map_fork_if_absent(map, eff_int(1), one(30)));
    return eff_zip(in_order(first, second, joins), eff_then(third, with_fiber(w, 2, join)));
}
static eff_t *if_absent(struct world *w)
{
    return in_map(w, only_if_absent);
}
CASE(forking_if_absent_gives_the_fiber_that_is_there, if_absent, .succeeds = "((10, 10), 30)")

static eff_t *looks(eff_value_t v, eff_value_t env)
{
    eff_fiber_map_t *map = eff_as_fiber_map(v);
    (void)env;
    eff_t *there = eff_map(eff_fiber_map_get(map, eff_string("a")), is_there, eff_unit);
    eff_t *absent = eff_map(eff_fiber_map_get(map, eff_string("b")), is_there, eff_unit);
    eff_t *later = eff_map(eff_fiber_map_get(map, eff_string("a")), is_there, eff_unit);
    return eff_then(put(map, "a", ms(3)), eff_zip(eff_zip(there, absent), after(4, later)));
}
static eff_t *looking(struct world *w)
{
    return in_map(w, looks);
}
CASE(a_fiber_is_found_by_a_key_of_equal_value_until_it_has_ended, looking, .succeeds = "((true, false), false)")

static eff_t *say_both(eff_value_t pair, eff_value_t env)
{
    bool first = eff_as_bool(eff_first(pair)), second = eff_as_bool(eff_second(pair));
    return say(eff_as_ptr(env), first && !second ? "removed" : "wrong");
}
static eff_t *removes(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_map_t *map = eff_as_fiber_map(v);
    eff_t *first = in_order(put(map, "a", ends_slowly(w, "a")), put(map, "b", ms(20)), ms(1));
    eff_t *twice = eff_zip(eff_fiber_map_remove(map, eff_string("a")), eff_fiber_map_remove(map, eff_string("a")));
    return in_order(first, eff_tap(twice, say_both, eff_ptr(w)), eff_fiber_map_await_empty(map), say_time(w, "end"));
}
static eff_t *removing(struct world *w)
{
    return in_map(w, removes);
}
CASE(removing_ends_the_fiber_of_a_key_alone, removing, .succeeds = "unit", .journal = "a@6 removed end@20")

static eff_t *replace_within(eff_fiber_map_t *map, struct world *w)
{
    eff_t *next = eff_then(say(w, "next"), ms(2));
    return eff_ensuring(in_order(ms(1), put(map, "a", next), say(w, "not said")), say(w, "gone"));
}
static eff_t *replaces_itself(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_map_t *map = eff_as_fiber_map(v);
    return in_order(put(map, "a", replace_within(map, w)), eff_fiber_map_await_empty(map), say_time(w, "empty"));
}
static eff_t *replacing_itself(struct world *w)
{
    return in_map(w, replaces_itself);
}
CASE(a_fiber_that_replaces_itself_does_not_wait_for_itself, replacing_itself, .succeeds = "unit",
     .journal = "gone empty@1")

static eff_t *replace_masked(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_map_t *map = eff_as_fiber_map(v);
    eff_t *next = eff_then(say(w, "next"), ms(2));
    eff_t *self = eff_uninterruptible(in_order(ms(1), put(map, "a", next), ms(5), say(w, "gone")));
    return in_order(put(map, "a", self), eff_fiber_map_await_empty(map), say_time(w, "empty"));
}
static eff_t *replacing_itself_masked(struct world *w)
{
    return in_map(w, replace_masked);
}
CASE(a_masked_fiber_that_replaces_itself_goes_on_beside_the_next, replacing_itself_masked, .succeeds = "unit",
     .journal = "next gone empty@6")

enum { KEYS = 300 };
static eff_t *add_numbered(eff_value_t i, eff_value_t env)
{
    return quietly(eff_fiber_map_fork(eff_as_fiber_map(env), eff_printf("key %d", (int)eff_as_int(i)), eff_never()));
}
static eff_t *remove_numbered(eff_value_t i, eff_value_t env)
{
    return eff_fiber_map_remove(eff_as_fiber_map(env), eff_printf("key %d", (int)eff_as_int(i)));
}
static eff_t *has_numbered(eff_value_t i, eff_value_t env)
{
    eff_fiber_map_t *map = eff_as_fiber_map(env);
    eff_t *get = eff_fiber_map_get(map, eff_printf("key %d", (int)eff_as_int(i)));
    return eff_map(get, is_there, eff_unit);
}
static eff_t *count_them(eff_value_t v, eff_value_t env)
{
    (void)v;
    return eff_succeed(eff_int((int64_t)eff_fiber_map_size(eff_as_fiber_map(env))));
}
static eff_t *many_keys(eff_value_t map, eff_value_t env)
{
    (void)env;
    eff_t *adds = eff_for_each_discard(eff_range(0, KEYS), add_numbered, eff_value_incref(map));
    eff_t *counts = eff_flat_map(eff_noop(), count_them, eff_value_incref(map));
    eff_t *removes_half = eff_for_each_discard(eff_range(0, KEYS / 2), remove_numbered, eff_value_incref(map));
    eff_t *rest = eff_for_each(eff_range(KEYS / 2 - 2, KEYS / 2 + 2), has_numbered, eff_value_incref(map));
    return eff_zip(eff_then(adds, counts), eff_then(removes_half, rest));
}
START_TEST(many_keys_are_found)
{
    ck_assert_succeeds(in_map(NULL, many_keys), "(300, [false, false, true, true])");
}
END_TEST

static eff_t *join_map(eff_value_t v, eff_value_t env)
{
    eff_fiber_map_t *map = eff_as_fiber_map(v);
    (void)env;
    return in_order(put(map, "a", eff_never()), put(map, "b", after(2, failing(7))), eff_fiber_map_join(map));
}
static eff_t *map_joins(struct world *w)
{
    return in_map(w, join_map);
}
CASE(joining_a_map_fails_with_the_first_failure, map_joins, .fails = "7", .ms = 2, .timed = true)

static eff_t *clear_map(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_map_t *map = eff_as_fiber_map(v);
    eff_t *puts = in_order(put(map, "a", ends_slowly(w, "a")), put(map, "b", ends_slowly(w, "b")), ms(1));
    return in_order(puts, eff_fiber_map_clear(map), say_time(w, "cleared"));
}
static eff_t *map_clears(struct world *w)
{
    return in_map(w, clear_map);
}
CASE(clearing_a_map_ends_all, map_clears, .succeeds = "unit", .journal = "a@6 b@6 cleared@6")

/* A fiber that fails while it is replaced is told like any other failure. */
static eff_t *fails_as_it_ends(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_map_t *map = eff_as_fiber_map(v);
    eff_t *bad = eff_ensuring(eff_never(), failing(1));
    return in_order(put(map, "a", bad), ms(1), put(map, "a", ms(1)), say(w, "replaced"), ms(2));
}
static eff_t *failing_finalizer(struct world *w)
{
    return in_map(w, fails_as_it_ends);
}
START_TEST(the_failure_of_a_fiber_that_is_replaced_is_reported)
{
    struct world w;
    run_observing(&w, failing_finalizer);
    ck_assert_journal(&w, "replaced unobserved(then(interrupt,fail:1)) ok:unit");
}
END_TEST

/* ---- slots */

static eff_t *latest_only(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_slot_t *slot = eff_as_fiber_slot(v);
    eff_t *first = quietly(eff_fiber_slot_fork(slot, after(10, say(w, "first"))));
    eff_t *second = quietly(eff_fiber_slot_fork(slot, after(10, say_time(w, "second"))));
    return in_order(first, ms(4), second, eff_fiber_slot_await_empty(slot), say(w, "empty"));
}
static eff_t *slot_replaces(struct world *w)
{
    return in_slot(w, latest_only);
}
CASE(in_a_slot_the_latest_replaces_the_one_before, slot_replaces, .succeeds = "unit", .journal = "second@14 empty")

static eff_t *slot_operations(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_slot_t *slot = eff_as_fiber_slot(v);
    eff_t *before = eff_map(eff_fiber_slot_get(slot), is_there, eff_unit);
    eff_t *first = quietly(eff_fiber_slot_fork_if_empty(slot, ends_slowly(w, "first")));
    eff_t *second = quietly(eff_fiber_slot_fork_if_empty(slot, say(w, "second")));
    eff_t *during = in_order(first, second, ms(1), eff_map(eff_fiber_slot_get(slot), is_there, eff_unit));
    eff_t *afterwards = eff_then(eff_fiber_slot_clear(slot), eff_map(eff_fiber_slot_get(slot), is_there, eff_unit));
    return eff_zip(eff_zip(before, during), afterwards);
}
static eff_t *slot_is_used(struct world *w)
{
    return in_slot(w, slot_operations);
}
CASE(a_slot_may_be_filled_if_empty_looked_at_and_cleared, slot_is_used, .succeeds = "((false, true), false)",
     .journal = "first@6")

static eff_t *join_slot(eff_value_t v, eff_value_t env)
{
    eff_fiber_slot_t *slot = eff_as_fiber_slot(v);
    (void)env;
    return eff_then(quietly(eff_fiber_slot_fork(slot, after(2, failing(7)))), eff_fiber_slot_join(slot));
}
static eff_t *slot_joins(struct world *w)
{
    return in_slot(w, join_slot);
}
CASE(joining_a_slot_fails_with_the_fibers_failure, slot_joins, .fails = "7", .ms = 2, .timed = true)

/* ---- mistakes and handles */

static eff_t *absent_key(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_fiber_map_fork(eff_as_fiber_map(v), (eff_value_t){ 0 }, eff_noop());
}
static eff_t *no_key(struct world *w)
{
    return in_map(w, absent_key);
}
CASE(an_absent_key_is_a_mistake, no_key, .dies = "eff_fiber_map_fork")

static eff_t *no_memory_for_it(struct world *w)
{
    (void)w;
    return eff_or_else(eff_fiber_map_fork(NULL, eff_int(1), eff_noop()), eff_fiber_slot_get(NULL));
}
CASE(a_map_that_could_not_be_made_is_out_of_memory, no_memory_for_it, .dies = "out of memory")

static void note_mistake(const char *message, void *arg)
{
    snprintf(arg, 256, "%s", message);
}
START_TEST(values_of_other_types_are_maps_and_slots_that_have_closed)
{
    char message[256] = "";
    eff_set_misuse_handler(note_mistake, message);
    eff_fiber_map_t *map = eff_as_fiber_map(eff_int(1));
    ck_assert_ptr_nonnull(strstr(message, "fiber map"));
    eff_fiber_slot_t *slot = eff_as_fiber_slot(eff_int(1));
    ck_assert_ptr_nonnull(strstr(message, "fiber slot"));
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_cause(eff_fiber_map_fork(map, eff_int(1), eff_noop()), "interrupt");
    ck_assert_succeeds(eff_fiber_map_remove(map, eff_int(1)), "false");
    ck_assert_cause(eff_fiber_slot_fork(slot, eff_noop()), "interrupt");
    ck_assert_succeeds(eff_fiber_slot_get(slot), "none");
    ck_assert_uint_eq(eff_fiber_map_size(NULL), 0);
}
END_TEST

struct keeper {
    eff_fiber_map_t *map;
    eff_fiber_slot_t *slot;
};
static void keeper_drop(struct keeper *k)
{
    eff_fiber_map_decref(k->map);
    eff_fiber_slot_decref(k->slot);
}
static eff_t *keeper_step(struct keeper *k, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_fiber_map_into(eff_fiber_map_make(EFF_FIBERS_FAILURES), &k->map));
    EFF_AWAIT(eff_fiber_slot_into(eff_fiber_slot_make(EFF_FIBERS_FAILURES), &k->slot));
    EFF_AWAIT(put(k->map, "a", eff_never()));
    EFF_AWAIT(quietly(eff_fiber_slot_fork(k->slot, eff_never())));
    EFF_AWAIT(ms(1));
    EFF_GEN_END(eff_int((int64_t)eff_fiber_map_size(k->map)));
}
EFF_DEFINE_GEN(keeper, struct keeper, keeper_step, .drop = keeper_drop);
static eff_t *in_a_gen(struct world *w)
{
    (void)w;
    return keeper((struct keeper){ 0 });
}
CASE(gens_keep_their_handles_in_the_frame, in_a_gen, .succeeds = "1")

TESTS(forking_under_a_key_ends_the_fiber_that_is_there_first, of_two_that_replace_a_fiber_at_once_the_last_stays,
      forking_if_absent_gives_the_fiber_that_is_there, a_fiber_is_found_by_a_key_of_equal_value_until_it_has_ended,
      removing_ends_the_fiber_of_a_key_alone, a_fiber_that_replaces_itself_does_not_wait_for_itself,
      a_masked_fiber_that_replaces_itself_goes_on_beside_the_next, many_keys_are_found,
      joining_a_map_fails_with_the_first_failure, clearing_a_map_ends_all,
      the_failure_of_a_fiber_that_is_replaced_is_reported, in_a_slot_the_latest_replaces_the_one_before,
      a_slot_may_be_filled_if_empty_looked_at_and_cleared, joining_a_slot_fails_with_the_fibers_failure,
      an_absent_key_is_a_mistake, a_map_that_could_not_be_made_is_out_of_memory,
      values_of_other_types_are_maps_and_slots_that_have_closed, gens_keep_their_handles_in_the_frame)
