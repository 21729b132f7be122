/* Many fibers: fork_all, join_all, await_all, interrupt_all, and waiting for some of them. */
#include "support/fibers.h"

/* ---- join_all */

static eff_t *join_handles(eff_value_t handles, eff_value_t env)
{
    return eff_fiber_join_all(eff_value_incref(handles));
}
static eff_t *fork_and_join(size_t n, eff_t *const *effects)
{
    return eff_flat_map(eff_fork_all_list(n, effects), join_handles, eff_unit);
}

static eff_t *join_none(struct world *w)
{
    return fork_and_join(0, NULL);
}
/* FORK-009 */
CASE(FORK_009_no_fibers_join_to_the_empty_array, join_none, .succeeds = "[]")

static eff_t *gather(struct world *w)
{
    eff_t *all = eff_fork_all(after(3, one(1)), after(1, one(2)), after(2, one(3)));
    return eff_flat_map(all, join_handles, eff_unit);
}
/* A3 */
CASE(A3_gather_keeps_the_order_of_the_handles, gather, .succeeds = "[1, 2, 3]", .ms = 3, .timed = true)

static eff_t *one_fails(struct world *w)
{
    eff_t *effects[] = { failing(1), when_interrupted(eff_never(), say(w, "ended")) };
    return fork_and_join(2, effects);
}
/* FORK-010 */
CASE(FORK_010_the_failure_of_one_is_that_of_all, one_fails, .cause = "both(fail(1), interrupt)")

static eff_t *later_one_fails(struct world *w)
{
    eff_t *effects[] = { when_interrupted(eff_never(), say(w, "ended")), after(2, failing(1)) };
    return fork_and_join(2, effects);
}
/* FORK-010 */
CASE(FORK_010_no_failure_waits_for_those_before_it, later_one_fails, .cause = "both(fail(1), interrupt)",
     .journal = "ended", .ms = 2, .timed = true)

static eff_t *one_dies(struct world *w)
{
    eff_t *effects[] = { dying() };
    return fork_and_join(1, effects);
}
/* FORK-011 */
CASE(FORK_011_a_defect_is_joined, one_dies, .cause = "die")

static eff_t *one_of_two_dies(struct world *w)
{
    eff_t *effects[] = { dying(), one(42) };
    return fork_and_join(2, effects);
}
/* FORK-011 */
CASE(FORK_011_a_defect_beside_a_success, one_of_two_dies, .cause = "die",
     .without = NO_SHUFFLES /* who has not run yet is interrupted too */)

static eff_t *one_of_three_dies(struct world *w)
{
    eff_t *effects[] = { dying(), one(42), eff_never() };
    return fork_and_join(3, effects);
}
/* FORK-011 */
CASE(FORK_011_the_sibling_that_never_ends_is_interrupted, one_of_three_dies, .cause = "both(die, interrupt)",
     .without = NO_SHUFFLES /* who has not run yet is interrupted too */)

static eff_t *two_fail_at_once(struct world *w)
{
    eff_t *effects[] = { after(1, failing(1)), after(1, failing(2)), holds(w, "a") };
    return fork_and_join(3, effects);
}
CASE(failures_of_the_same_turn_come_in_order, two_fail_at_once, .cause = "both(both(fail(1), fail(2)), interrupt)",
     .journal = "a+ a-", .without = NO_SHUFFLES)

static eff_t *keep_all(eff_value_t handles, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    for (size_t i = 0; i < eff_array_size(handles); i++) {
        eff_fiber_decref(w->fibers[i]);
        w->fibers[i] = eff_fiber_incref(eff_as_fiber(eff_array_at(handles, i)));
    }
    return eff_fork(eff_fiber_join_all(eff_value_incref(handles)));
}
static eff_t *interrupted_waiter(struct world *w)
{
    eff_t *forks = eff_fork_all(after(5, one(1)), after(6, one(2)));
    eff_t *joiner = keep(w, 5, eff_flat_map(forks, keep_all, eff_ptr(w)));
    return in_order(joiner, ms(1), say_interrupt(w, 5), say_await(w, 0), say_await(w, 1));
}
/* B21 */
CASE(B21_interrupting_who_joins_all_touches_none, interrupted_waiter, .succeeds = "unit",
     .journal = "interrupt ok:1 ok:2", .ms = 6, .timed = true)

static eff_t *not_handles(struct world *w)
{
    return eff_fiber_join_all(eff_range(0, 2));
}
CASE(what_is_no_handle_is_a_mistake, not_handles, .dies = "fiber")

/* ---- await_all */

static eff_value_t say_exits(eff_value_t exits, eff_value_t env)
{
    for (size_t i = 0; i < eff_array_size(exits); i++)
        journal_add(eff_as_ptr(env), word_of(eff_as_exit(eff_array_at(exits, i))));
    return eff_unit;
}
static eff_t *await_handles(eff_value_t handles, eff_value_t env)
{
    return eff_map(eff_fiber_await_all(eff_value_incref(handles)), say_exits, eff_value_incref(env));
}
static eff_t *exits_in_place(struct world *w)
{
    eff_t *forks = eff_fork_all(after(2, one(1)), failing(2), dying(), after(1, eff_interrupt_self()));
    return eff_flat_map(forks, await_handles, eff_ptr(w));
}
/* A3 */
CASE(A3_gather_of_exits_has_each_in_its_place, exits_in_place, .succeeds = "unit",
     .journal = "ok:1 fail:2 die interrupt", .ms = 2, .timed = true)

/* ---- interrupt_all */

struct once {
    eff_value_t handles;
    size_t next;
};
static void once_clear(struct once *o)
{
    eff_value_decref(o->handles);
}
EFF_STATIC_TYPE(once, struct once, .drop = once_clear);

static eff_value_t start_once(eff_value_t env)
{
    return eff_value_incref(env);
}
static bool next_once(eff_value_t state, eff_value_t *ret_item)
{
    struct once *o = once_of(state);
    if (o->next >= eff_array_size(o->handles)) return false;
    *ret_item = eff_value_incref(eff_array_at(o->handles, o->next++));
    return true;
}
static eff_t *interrupt_iterated(eff_value_t handles, eff_value_t env)
{
    eff_value_t state = once_make((struct once){ eff_value_incref(handles), 0 });
    eff_t *all = eff_fiber_interrupt_all(eff_iterator(start_once, next_once, state));
    return eff_map(eff_then(ms(1), all), say_exits, eff_value_incref(env));
}
static eff_t *slow_end(struct world *w, const char *word, int64_t n)
{
    return when_interrupted(eff_never(), eff_then(ms(n), say(w, word)));
}
static eff_t *one_shot_iterator(struct world *w)
{
    eff_t *forks = eff_fork_all(slow_end(w, "a", 3), slow_end(w, "b", 1), one(4));
    return eff_flat_map(forks, interrupt_iterated, eff_ptr(w));
}
/* INT-076: signalled together, so that their finalizers run beside each other. */
CASE(INT_076_all_are_interrupted_and_awaited_with_an_iterator_read_once, one_shot_iterator, .succeeds = "unit",
     .journal = "b a interrupt interrupt ok:4", .ms = 4, .timed = true)

static eff_t *with_myself(eff_value_t self, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_value_t handles =
        eff_array(2, (eff_value_t[]){ eff_value_incref(self), eff_fiber_value(eff_fiber_incref(w->fibers[0])) });
    return eff_then(eff_fiber_interrupt_all(handles), say(w, "not here"));
}
static eff_t *interrupts_itself_too(struct world *w)
{
    eff_t *body = eff_flat_map(eff_fiber_self(), with_myself, eff_ptr(w));
    return in_order(keep(w, 0, eff_fork(slow_end(w, "other", 1))), eff_yield_now(), body);
}
CASE(interrupting_oneself_among_others_does_not_wait_for_itself, interrupts_itself_too, .interrupted = true,
     .journal = "other")

/* ---- wait */

static eff_value_t say_sizes(eff_value_t pair, eff_value_t env)
{
    char word[64];
    snprintf(word, sizeof word, "%zu/%zu", eff_array_size(eff_first(pair)), eff_array_size(eff_second(pair)));
    journal_add(eff_as_ptr(env), word);
    return eff_value_incref(eff_second(pair));
}
static eff_t *wait_first(eff_value_t handles, eff_value_t env)
{
    return eff_map(eff_fiber_wait(eff_value_incref(handles), EFF_WAIT_FIRST_END), say_sizes, eff_value_incref(env));
}
static eff_t *wait_failure(eff_value_t handles, eff_value_t env)
{
    return eff_map(eff_fiber_wait(eff_value_incref(handles), EFF_WAIT_FIRST_FAILURE), say_sizes, eff_value_incref(env));
}
static eff_t *wait_all(eff_value_t handles, eff_value_t env)
{
    eff_t *all = eff_map(eff_fiber_wait(eff_value_incref(handles), EFF_WAIT_ALL), say_sizes, eff_value_incref(env));
    return eff_then(all, eff_noop());
}

static eff_t *one_after_another(struct world *w)
{
    eff_t *e = eff_fork_all(after(3, one(1)), after(1, failing(2)), after(2, one(3)));
    for (int i = 0; i < 2; i++)
        e = eff_flat_map(e, wait_first, eff_ptr(w));
    return eff_flat_map(e, wait_all, eff_ptr(w));
}
/* A32 */
CASE(A32_wait_for_the_first_and_once_more_for_the_rest, one_after_another, .succeeds = "unit", .journal = "1/2 1/1 1/0",
     .ms = 3, .timed = true)

static eff_t *first_failure(struct world *w)
{
    eff_t *e = eff_fork_all(after(1, one(1)), after(2, failing(2)), after(3, one(3)));
    e = eff_flat_map(e, wait_failure, eff_ptr(w));
    return eff_flat_map(e, wait_failure, eff_ptr(w));
}
/* A32 */
CASE(A32_wait_for_the_first_failure_or_all, first_failure, .check = NULL, .succeeds = "[]", .journal = "2/1 1/0",
     .ms = 3, .timed = true)

static eff_t *wait_for_none(struct world *w)
{
    return eff_flat_map(eff_succeed(eff_array(0, NULL)), wait_first, eff_ptr(w));
}
CASE(waiting_for_no_fibers_is_done_at_once, wait_for_none, .succeeds = "[]", .journal = "0/0")

TESTS(FORK_009_no_fibers_join_to_the_empty_array, A3_gather_keeps_the_order_of_the_handles,
      FORK_010_the_failure_of_one_is_that_of_all, FORK_010_no_failure_waits_for_those_before_it,
      FORK_011_a_defect_is_joined, FORK_011_a_defect_beside_a_success,
      FORK_011_the_sibling_that_never_ends_is_interrupted, failures_of_the_same_turn_come_in_order,
      B21_interrupting_who_joins_all_touches_none, what_is_no_handle_is_a_mistake,
      A3_gather_of_exits_has_each_in_its_place, INT_076_all_are_interrupted_and_awaited_with_an_iterator_read_once,
      interrupting_oneself_among_others_does_not_wait_for_itself, A32_wait_for_the_first_and_once_more_for_the_rest,
      A32_wait_for_the_first_failure_or_all, waiting_for_no_fibers_is_done_at_once)
