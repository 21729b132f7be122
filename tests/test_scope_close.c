/* Closing a scope from several places: twice, at once, from inside, beside what is added, and interrupted. */
#include "support/scopes.h"

/* ---- twice, and by several */

static eff_t *closes_twice(struct world *w, eff_scope_t *s)
{
    return in_order(told(w, s, "s"), held(w, s, "a"), close_failing(s, 1), say(w, "between"), close_failing(s, 2),
                    say(w, "after"));
}
static eff_t *twice(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, closes_twice);
}
/* RES-007, B18 */
CASE(RES_007_a_scope_closed_twice_runs_finalizers_once_with_the_first_exit, twice, .succeeds = "unit",
     .journal = "a+ a- s:fail:1 between after")

/* A finalizer that takes 10 ms. */
static eff_t *slow(struct world *w, eff_scope_t *s)
{
    return finally(s, eff_then(ms(10), say_time(w, "closed")));
}
static eff_t *three_close(struct world *w, eff_scope_t *s)
{
    eff_t *first = keep(w, 0, eff_fork(eff_then(close_failing(s, 1), say_time(w, "first"))));
    eff_t *second = keep(w, 1, eff_fork(eff_then(close_failing(s, 2), say_time(w, "second"))));
    eff_t *third = after(5, eff_then(close_failing(s, 3), say_time(w, "third")));
    return in_order(told(w, s, "s"), slow(w, s), first, second, third, say_await(w, 0), say_await(w, 1));
}
static eff_t *concurrently(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, three_close);
}
/* RES-007 */
CASE(RES_007_all_who_close_a_scope_wait_until_it_is_closed, concurrently, .succeeds = "unit",
     .journal = "closed@10 s:fail:1 first@10 second@10 third@10 ok:unit ok:unit",
     .without = NO_SHUFFLES /* who is first to close, and first to say so */)

static eff_t *closers_of_failing(struct world *w, eff_scope_t *s)
{
    eff_t *fork = keep(w, 0, eff_fork(say_exit(w, close_ok(s))));
    return in_order(finally(s, eff_then(ms(10), failing(5))), fork, eff_yield_now(), say_exit(w, close_ok(s)),
                    say_await(w, 0), say_exit(w, close_ok(s)));
}
static eff_t *all_told(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, closers_of_failing);
}
CASE(all_who_wait_for_a_scope_get_what_finalizers_failed_with, all_told, .succeeds = "unit",
     .journal = "fail:5 fail:5 ok:unit ok:unit")

/* ---- interrupted */

static eff_t *interrupts_closer(struct world *w, eff_scope_t *s)
{
    eff_t *closer = keep(w, 0, eff_fork(eff_ensuring(close_ok(s), say_time(w, "closer"))));
    return in_order(held(w, s, "a"), slow(w, s), closer, ms(1), say_interrupt(w, 0));
}
static eff_t *interrupted_closer(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, interrupts_closer);
}
CASE(a_closer_that_is_interrupted_waits_until_it_is_closed, interrupted_closer, .succeeds = "unit",
     .journal = "a+ closed@10 a- closer@10 interrupt")

static eff_t *closes_inside(struct world *w, eff_scope_t *s)
{
    eff_t *inner = eff_scoped(eff_then(eff_acquire_release(acquire(w, "inner"), release, eff_ptr(w)),
                                       eff_then(ms(10), say_time(w, "closed"))));
    eff_t *closer = eff_fork_daemon(eff_then(close_failing(s, 1), say_time(w, "closer")));
    return in_order(told(w, s, "s"), finally(s, inner), keep(w, 0, closer), ms(5));
}
static eff_t *parent_closes_too(struct world *w)
{
    return eff_then(eff_scoped(with_made(w, EFF_SCOPE_SEQUENTIAL, closes_inside)), say_time(w, "parent"));
}
CASE(a_parent_that_closes_waits_for_a_finalizer_in_a_scope_of_its_own, parent_closes_too, .succeeds = "unit",
     .journal = "inner+ closed@10 inner- s:fail:1 closer@10 parent@10", .without = NO_SHUFFLES /* who is told first */)
static eff_t *all_at_once_too(struct world *w)
{
    return eff_then(eff_scoped_par(with_made(w, EFF_SCOPE_SEQUENTIAL, closes_inside)), say_time(w, "parent"));
}
CASE(so_does_a_parent_that_closes_all_at_once, all_at_once_too, .succeeds = "unit",
     .journal = "inner+ closed@10 inner- s:fail:1 closer@10 parent@10", .without = NO_SHUFFLES /* who is told first */)

static eff_t *interrupts_second(struct world *w, eff_scope_t *s)
{
    eff_t *first = keep(w, 0, eff_fork(close_ok(s)));
    eff_t *second = keep(w, 1, eff_fork(eff_ensuring(close_ok(s), say_time(w, "second"))));
    return in_order(finally(s, eff_then(ms(10), failing(3))), first, ms(1), second, ms(1), say_interrupt(w, 1),
                    say_await(w, 0));
}
static eff_t *interrupted_second(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, interrupts_second);
}
CASE(a_second_closer_waits_masked_as_the_first_does, interrupted_second, .succeeds = "unit",
     .journal = "second@10 then(fail:3,interrupt) fail:3")

static eff_t *closer_in_region(struct world *w, eff_scope_t *s)
{
    eff_t *body = in_order(held(w, s, "a"), slow(w, s), keep(w, 0, eff_fork(close_ok(s))), ms(1));
    return in_order(eff_scoped(body), say_time(w, "region"));
}
static eff_t *region_of_closer_ends(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, closer_in_region);
}
CASE(closing_goes_on_when_the_region_of_who_closes_ends, region_of_closer_ends, .succeeds = "unit",
     .journal = "a+ closed@10 a- region@10")

/* ---- beside the scope around it */

static eff_t *closes_and_leaves(struct world *w, eff_scope_t *s)
{
    eff_t *closer = keep(w, 0, eff_fork_daemon(close_failing(s, 9)));
    return in_order(told(w, s, "s"), slow(w, s), held(w, s, "a"), closer, ms(1), say(w, "leave"));
}
static eff_t *left_while_closing(struct world *w)
{
    eff_t *body = with_made(w, EFF_SCOPE_SEQUENTIAL, closes_and_leaves);
    return in_order(eff_scoped(body), say_time(w, "left"), say_await(w, 0));
}
CASE(a_region_waits_for_a_scope_in_it_that_is_closing, left_while_closing, .succeeds = "unit",
     .journal = "a+ a- leave closed@10 s:fail:9 left@10 ok:unit")

/* ---- from inside */

static eff_t *closes_itself(const eff_exit_t *exit, eff_value_t env)
{
    return close_ok(eff_as_scope(env));
}
static eff_t *finalizer_closes(struct world *w, eff_scope_t *s)
{
    eff_t *closing = eff_scope_add(s, closes_itself, eff_scope_value(eff_scope_incref(s)));
    return in_order(held(w, s, "a"), closing, held(w, s, "b"), close_ok(s), say(w, "after"));
}
static eff_t *closed_by_finalizer(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, finalizer_closes);
}
/* Such a finalizer keeps its scope's handle; closing it lets go of that. */
CASE(a_finalizer_that_closes_its_own_scope_does_not_wait, closed_by_finalizer, .succeeds = "unit",
     .journal = "a+ b+ b- a- after")

static eff_t *grandchild_closes(struct world *w, eff_scope_t *s)
{
    eff_t *inside = keep(w, 1, eff_fork(eff_then(close_ok(s), say(w, "told"))));
    eff_t *deep = finally(s, in_order(inside, eff_yield_now(), ms(5)));
    return in_order(held(w, s, "a"), deep, close_ok(s), say(w, "after"));
}
static eff_t *closed_by_grandchild(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, grandchild_closes);
}
CASE(a_fiber_of_a_finalizer_that_closes_the_scope_does_not_wait, closed_by_grandchild, .succeeds = "unit",
     .journal = "a+ told a- after")

static eff_t *child_closes_parent(struct world *w, eff_scope_t *child)
{
    return told(w, child, "child");
}
static eff_t *leaf_closes_root(struct world *w, eff_scope_t *s)
{
    eff_t *child = in_made(w, eff_scope_fork(s, EFF_SCOPE_SEQUENTIAL), child_closes_parent);
    eff_t *inside = eff_then(close_failing(s, 1), eff_then(say(w, "told"), eff_never()));
    eff_t *fiber = keep(w, 0, eff_fork_in(s, when_interrupted(inside, say(w, "ended"))));
    return in_order(held(w, s, "a"), child, fiber, ms(1), close_ok(s), say(w, "after"));
}
static eff_t *closed_by_its_fiber(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, leaf_closes_root);
}
CASE(a_fiber_of_a_scope_can_close_it_and_ends_with_it, closed_by_its_fiber, .succeeds = "unit",
     .journal = "a+ told ended child:fail:1 a- after", .without = ANY_EXIT)

static eff_t *fork_in_and_close(struct world *w, eff_scope_t *s)
{
    eff_t *fiber = when_interrupted(eff_never(), eff_then(ms(5), say_time(w, "flag")));
    return in_order(keep(w, 0, eff_fork_in(s, fiber)), eff_yield_now(), close_ok(s), say_time(w, "closed"));
}
static eff_t *fibers_of_closed(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, fork_in_and_close);
}
/* RES-034 */
CASE(RES_034_fibers_of_a_scope_are_interrupted_and_awaited_as_it_is_closed, fibers_of_closed, .succeeds = "unit",
     .journal = "flag@5 closed@5")

/* ---- beside what is added */

static eff_t *adds_while_closing(struct world *w, eff_scope_t *s)
{
    eff_t *late = after(5, eff_then(finally(s, say_time(w, "late")), held(w, s, "b")));
    return in_order(held(w, s, "a"), slow(w, s), keep(w, 0, eff_fork(say_exit(w, late))), close_ok(s),
                    say_time(w, "after"));
}
static eff_t *added_while_closing(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, adds_while_closing);
}
CASE(what_is_added_to_a_closing_scope_runs_at_once, added_while_closing, .succeeds = "unit",
     .journal = "a+ late@5 b+ b- die closed@10 a- after@10")

/* Says the text in its env, which is pair(the world, the text), some time after it was called. */
static eff_t *says_later(const eff_exit_t *exit, eff_value_t env)
{
    return after(1, say_time(eff_as_ptr(eff_first(env)), eff_as_string(eff_second(env))));
}
static eff_t *adds_to_closed(struct world *w, eff_scope_t *s)
{
    eff_t *late = eff_scope_add(s, says_later, eff_pair(eff_ptr(w), eff_printf("env %d", 1)));
    eff_t *removable = eff_scope_add_removable(s, says_later, eff_pair(eff_ptr(w), eff_printf("env %d", 2)));
    return in_order(close_ok(s), removable, late);
}
static eff_t *added_to_closed(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, adds_to_closed);
}
CASE(what_is_added_to_a_closed_scope_has_its_env_until_it_has_ended, added_to_closed, .succeeds = "unit",
     .journal = "env 2@1 env 1@2")

static eff_t *acquires_slowly(struct world *w, eff_scope_t *s)
{
    eff_t *a = eff_acquire_release(eff_then(ms(5), acquire(w, "a")), release, eff_ptr(w));
    eff_t *fiber = keep(w, 0, eff_fork(say_exit(w, eff_scope_extend(a, s))));
    return in_order(fiber, ms(1), close_ok(s), say_time(w, "closed"), ms(10));
}
static eff_t *acquired_meanwhile(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, acquires_slowly);
}
CASE(what_is_being_acquired_as_the_scope_closes_is_released_at_once, acquired_meanwhile, .succeeds = "unit",
     .journal = "closed@1 a+ a- die")

static eff_t *makes_while_closing(struct world *w, eff_scope_t *s)
{
    eff_t *late = in_made(w, eff_scope_fork(s, EFF_SCOPE_SEQUENTIAL), child_closes_parent);
    return in_order(finally(s, say_exit(w, late)), close_ok(s));
}
static eff_t *made_while_closing(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, makes_while_closing);
}
CASE(no_scope_is_made_in_one_that_closes, made_while_closing, .succeeds = "unit", .journal = "die")

/* ---- removing */

static eff_t *drops_it(eff_value_t v, eff_value_t env)
{
    return eff_scope_remove(eff_as_finalizer(v));
}
static eff_value_t say_whether(eff_value_t v, eff_value_t env)
{
    journal_add(eff_as_ptr(env), eff_as_bool(v) ? "removed" : "gone");
    return eff_unit;
}
static eff_t *removed(struct world *w, eff_t *added)
{
    return eff_map(eff_flat_map(added, drops_it, eff_unit), say_whether, eff_ptr(w));
}
static eff_t *removable(struct world *w, eff_scope_t *s, const char *word)
{
    return eff_scope_add_removable(s, says_word, eff_effect_value(say(w, word)));
}
static eff_t *removes_one(struct world *w, eff_scope_t *s)
{
    return in_order(finally(s, say(w, "first")), removed(w, removable(w, s, "second")), finally(s, say(w, "third")),
                    removable(w, s, "fourth"), close_ok(s));
}
static eff_t *one_removed(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, removes_one);
}
CASE(a_finalizer_that_was_removed_does_not_run, one_removed, .succeeds = "unit",
     .journal = "removed fourth third first")

static eff_t *removes_thrice(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_finalizer_t *f = eff_as_finalizer(v);
    eff_t *first = eff_map(eff_scope_remove(f), say_whether, eff_ptr(w));
    return eff_then(first, eff_map(eff_scope_remove(f), say_whether, eff_ptr(w)));
}
static eff_t *removes_twice(struct world *w, eff_scope_t *s)
{
    return eff_flat_map(removable(w, s, "never"), removes_thrice, eff_ptr(w));
}
static eff_t *removed_twice(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, removes_twice);
}
CASE(removing_a_finalizer_twice_does_nothing, removed_twice, .succeeds = "unit", .journal = "removed gone")

struct closing {
    struct world *w;
    eff_scope_t *scope;
};
static void closing_clear(struct closing *c)
{
    eff_scope_decref(c->scope);
}
EFF_STATIC_TYPE(closing, struct closing, .drop = closing_clear);

static eff_t *removes_after(eff_value_t v, eff_value_t env)
{
    const struct closing *c = closing_of(env);
    eff_t *remove = eff_scope_remove(eff_as_finalizer(v));
    return eff_then(close_ok(c->scope), eff_map(remove, say_whether, eff_ptr(c->w)));
}
static eff_t *closes_then_removes(struct world *w, eff_scope_t *s)
{
    eff_value_t env = closing_make((struct closing){ w, eff_scope_incref(s) });
    return eff_flat_map(removable(w, s, "ran"), removes_after, env);
}
static eff_t *removed_afterwards(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, closes_then_removes);
}
CASE(removing_a_finalizer_that_has_run_does_nothing, removed_afterwards, .succeeds = "unit", .journal = "ran gone")

/* Removed by another finalizer, while the scope closes: before its turn has come. */
static eff_t *adds_remover(eff_value_t v, eff_value_t env)
{
    const struct closing *c = closing_of(env);
    eff_t *remove = eff_map(eff_scope_remove(eff_as_finalizer(v)), say_whether, eff_ptr(c->w));
    return eff_then(finally(c->scope, remove), close_ok(c->scope));
}
static eff_t *removes_while_closing(struct world *w, eff_scope_t *s)
{
    eff_value_t env = closing_make((struct closing){ w, eff_scope_incref(s) });
    return eff_flat_map(removable(w, s, "never"), adds_remover, env);
}
static eff_t *removed_while_closing(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, removes_while_closing);
}
CASE(a_finalizer_can_be_removed_while_its_scope_closes, removed_while_closing, .succeeds = "unit", .journal = "removed")

static eff_t *adds_late(struct world *w, eff_scope_t *s)
{
    return in_order(close_ok(s), removed(w, removable(w, s, "at once")));
}
static eff_t *removable_of_closed(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, adds_late);
}
CASE(a_removable_finalizer_of_a_closed_scope_has_run_already, removable_of_closed, .succeeds = "unit",
     .journal = "at once gone")

/* ---- deadlocks */

static bool has_note(const eff_exit_t *exit, const char *piece)
{
    for (size_t i = 0; !exit->ok && i < eff_cause_n_notes(exit->cause); i++)
        if (strstr(eff_as_string(eff_cause_note_at(exit->cause, i, NULL)), piece)) return true;
    return false;
}
static eff_t *stuck_while_closing(struct world *w, eff_scope_t *s)
{
    eff_exit_t exit = eff_exit_succeed(eff_unit);
    return eff_then(finally(s, await_latch(w, 0)), eff_scope_close_at("main (a.c:3)", s, exit));
}
static eff_t *closes_stuck(struct world *w)
{
    eff_t *make = eff_scope_make_at("main (a.c:1)", EFF_SCOPE_SEQUENTIAL);
    return in_made(w, make, stuck_while_closing);
}
static void tells_of_closing(struct world *w, const eff_exit_t *exit)
{
    ck_assert(has_note(exit, "fiber 1 (main) waits for a scope to be closed, by fiber 2"));
    ck_assert(has_note(exit, "fiber 2 (forked at main (a.c:1) into a scope of fiber 1) waits for a deferred"));
}
CASE(a_deadlock_report_tells_who_waits_for_a_scope_to_be_closed, closes_stuck,
     .dies = "deadlock: ", .check = tells_of_closing)

static eff_t *stuck_beside(struct world *w, eff_scope_t *s)
{
    return in_order(held(w, s, "a"), finally(s, say(w, "finalizer")), await_latch(w, 0));
}
static eff_t *stuck_beside_open(struct world *w)
{
    return in_made(w, eff_scope_make_at("main (a.c:1)", EFF_SCOPE_SEQUENTIAL), stuck_beside);
}
static void tells_of_keeper(struct world *w, const eff_exit_t *exit)
{
    ck_assert(has_note(exit, "waits for its scope to be closed"));
    ck_assert_int_eq(w->released, 1);
}
CASE(a_deadlock_closes_the_scopes_that_were_made, stuck_beside_open, .dies = "deadlock: ", .check = tells_of_keeper,
     .journal = "a+ finalizer a-")

static eff_t *crosses(struct world *w, eff_scope_t *b, eff_scope_t *a)
{
    eff_t *in_a = eff_then(eff_yield_now(), close_ok(b)), *in_b = eff_then(eff_yield_now(), close_ok(a));
    return in_order(finally(a, in_a), held(w, a, "a"), finally(b, in_b), held(w, b, "b"),
                    keep(w, 0, eff_fork(close_ok(a))), close_ok(b));
}
static eff_t *with_first(eff_value_t second, eff_value_t env)
{
    const struct closing *c = closing_of(env);
    return crosses(c->w, eff_as_scope(second), c->scope);
}
static eff_t *makes_second(struct world *w, eff_scope_t *first)
{
    eff_value_t env = closing_make((struct closing){ w, eff_scope_incref(first) });
    return eff_flat_map(eff_scope_make(EFF_SCOPE_SEQUENTIAL), with_first, env);
}
static eff_t *closed_crosswise(struct world *w)
{
    return with_made(w, EFF_SCOPE_SEQUENTIAL, makes_second);
}
CASE(two_scopes_that_close_each_other_are_a_deadlock, closed_crosswise, .dies = "deadlock: ", .without = ANY_EXIT)

TESTS(RES_007_a_scope_closed_twice_runs_finalizers_once_with_the_first_exit,
      RES_007_all_who_close_a_scope_wait_until_it_is_closed, all_who_wait_for_a_scope_get_what_finalizers_failed_with,
      a_parent_that_closes_waits_for_a_finalizer_in_a_scope_of_its_own, so_does_a_parent_that_closes_all_at_once,
      a_closer_that_is_interrupted_waits_until_it_is_closed, a_second_closer_waits_masked_as_the_first_does,
      closing_goes_on_when_the_region_of_who_closes_ends, a_region_waits_for_a_scope_in_it_that_is_closing,
      a_finalizer_that_closes_its_own_scope_does_not_wait, a_fiber_of_a_finalizer_that_closes_the_scope_does_not_wait,
      a_fiber_of_a_scope_can_close_it_and_ends_with_it,
      RES_034_fibers_of_a_scope_are_interrupted_and_awaited_as_it_is_closed,
      what_is_added_to_a_closing_scope_runs_at_once, what_is_added_to_a_closed_scope_has_its_env_until_it_has_ended,
      what_is_being_acquired_as_the_scope_closes_is_released_at_once, no_scope_is_made_in_one_that_closes,
      a_finalizer_that_was_removed_does_not_run, removing_a_finalizer_twice_does_nothing,
      removing_a_finalizer_that_has_run_does_nothing, a_finalizer_can_be_removed_while_its_scope_closes,
      a_removable_finalizer_of_a_closed_scope_has_run_already,
      a_deadlock_report_tells_who_waits_for_a_scope_to_be_closed, a_deadlock_closes_the_scopes_that_were_made,
      two_scopes_that_close_each_other_are_a_deadlock)
