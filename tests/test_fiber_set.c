/* Fiber sets: membership, ends, failures, closing; conformance area FORK as far as it is about FiberSet. */
#include <event2/event.h>
#include <stdio.h>

#include "support/failing_allocator.h"
#include "support/fibers.h"

/* Runs what `body` makes of a new set, in a scope that closes it. */
static eff_t *in_set(struct world *w, eff_fibers_mode_t mode, eff_bind_fn body)
{
    return eff_scoped(eff_flat_map(eff_fiber_set_make(mode), body, eff_ptr(w)));
}
static eff_value_t nothing(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_unit;
}
/* Forks e into the set, and drops the handle. */
static eff_t *add(eff_fiber_set_t *set, eff_t *e)
{
    return eff_map(eff_fiber_set_fork(set, e), nothing, eff_unit);
}
struct size {
    struct world *w;
    eff_fiber_set_t *set;
};
static void size_clear(struct size *s)
{
    eff_fiber_set_decref(s->set);
}
EFF_STATIC_TYPE(size, struct size, .drop = size_clear);
static eff_value_t journal_size(eff_value_t env)
{
    char word[32];
    snprintf(word, sizeof word, "n=%zu", eff_fiber_set_size(size_of(env)->set));
    journal_add(size_of(env)->w, word);
    return eff_unit;
}
static eff_t *say_size(struct world *w, eff_fiber_set_t *set)
{
    return eff_sync(journal_size, size_make((struct size){ w, eff_fiber_set_incref(set) }));
}

/* ---- joining */

static eff_t *one_fails(eff_value_t v, eff_value_t env)
{
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    (void)env;
    eff_t *adds =
        in_order(add(set, one(1)), add(set, one(2)), add(set, eff_fail(eff_literal("fail"))), add(set, one(3)));
    return eff_then(adds, eff_fiber_set_join(set));
}
static eff_t *join_fails(struct world *w)
{
    return in_set(w, EFF_FIBERS_FAILURES, one_fails);
}
/* FORK-032 */
CASE(FORK_032_joining_fails_with_the_first_failure_of_a_member, join_fails, .fails = "fail")

static eff_t *fails_before(eff_value_t v, eff_value_t env)
{
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    (void)env;
    eff_t *first = in_order(add(set, failing(7)), eff_yield_now(), eff_yield_now());
    return in_order(first, say_exit(eff_as_ptr(env), eff_fiber_set_join(set)), eff_fiber_set_join(set));
}
static eff_t *join_late(struct world *w)
{
    return in_set(w, EFF_FIBERS_FAILURES, fails_before);
}
CASE(a_failure_can_be_joined_later_and_more_than_once, join_late, .fails = "7", .journal = "fail:7")

static eff_t *member_is_interrupted(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    eff_t *member = keep(w, 0, eff_fiber_set_fork(set, eff_never()));
    eff_t *joins = eff_timeout(eff_fiber_set_join(set), eff_millis(5));
    return eff_then(member, eff_zip_par(joins, after(1, with_fiber(w, 0, interrupt_fork))));
}
static eff_t *interruptions_pass(struct world *w)
{
    return in_set(w, EFF_FIBERS_FAILURES, member_is_interrupted);
}
/* FORK-033 */
CASE(FORK_033_an_interrupted_member_is_no_failure, interruptions_pass, .succeeds = "(none, unit)", .ms = 5,
     .timed = true)

static eff_t *interruptions_count(struct world *w)
{
    return in_set(w, EFF_FIBERS_INTERRUPTIONS_TOO, member_is_interrupted);
}
/* FORK-033 */
CASE(FORK_033_unless_interruptions_count_as_well, interruptions_count, .cause = "interrupt", .ms = 1, .timed = true)

static eff_t *clears_itself(eff_value_t v, eff_value_t env)
{
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    (void)env;
    eff_t *joins = eff_timeout(eff_fiber_set_join(set), eff_millis(5));
    return eff_then(add(set, eff_never()), eff_zip_par(joins, after(1, eff_fiber_set_clear(set))));
}
static eff_t *own_interruptions(struct world *w)
{
    return in_set(w, EFF_FIBERS_INTERRUPTIONS_TOO, clears_itself);
}
CASE(interruptions_by_the_set_itself_never_count, own_interruptions, .succeeds = "(none, unit)", .ms = 5, .timed = true)

static eff_t *join_given(eff_value_t v, eff_value_t env)
{
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    struct world *w = eff_as_ptr(env);
    return eff_then(add(set, eff_never()), keep(w, 0, eff_fork_daemon(eff_fiber_set_join(set))));
}
static eff_t *join_until_closed(struct world *w)
{
    eff_t *set = eff_scoped(eff_then(eff_flat_map(eff_fiber_set_make(0), join_given, eff_ptr(w)), ms(3)));
    return eff_then(set, with_fiber(w, 0, join));
}
CASE(joining_ends_when_the_set_closes, join_until_closed, .succeeds = "unit", .ms = 3, .timed = true)

/* ---- members end */

static eff_t *members_come_and_go(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    eff_t *adds = in_order(say_size(w, set), add(set, ms(3)), add(set, after(5, one(1))), say_size(w, set));
    return in_order(adds, ms(4), say_size(w, set), eff_fiber_set_await_empty(set), say_size(w, set),
                    eff_fiber_set_await_empty(set), say_time(w, "empty"));
}
static eff_t *tracks(struct world *w)
{
    return in_set(w, EFF_FIBERS_FAILURES, members_come_and_go);
}
CASE(members_that_end_are_forgotten_and_emptiness_can_be_awaited, tracks, .succeeds = "unit",
     .journal = "n=0 n=2 n=1 n=0 empty@5")

static eff_t *slow_to_end(struct world *w)
{
    return eff_ensuring(eff_never(), after(5, say_time(w, "cleaned")));
}
static eff_t *clears(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    eff_t *adds = in_order(add(set, slow_to_end(w)), add(set, slow_to_end(w)), ms(1));
    eff_t *later = after(2, eff_then(add(set, ms(20)), say(w, "new")));
    eff_t *cleared = in_order(eff_fiber_set_clear(set), say_time(w, "cleared"), say_size(w, set));
    return in_order(adds, eff_zip_par(cleared, later), eff_fiber_set_clear(set), say_time(w, "again"));
}
static eff_t *clearing(struct world *w)
{
    return in_set(w, EFF_FIBERS_FAILURES, clears);
}
CASE(clearing_interrupts_all_who_are_there_and_waits_for_them_alone, clearing, .succeeds = "unit",
     .journal = "new cleaned@6 cleaned@6 cleared@6 n=1 again@6")

static eff_t *clear_member(struct world *w, eff_fiber_set_t *set)
{
    return eff_ensuring(in_order(ms(1), eff_fiber_set_clear(set), say(w, "not said")), say(w, "gone"));
}
static eff_t *member_clears(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    eff_t *adds = eff_then(add(set, clear_member(w, set)), add(set, slow_to_end(w)));
    return in_order(adds, eff_fiber_set_await_empty(set), say(w, "empty"));
}
static eff_t *clearing_within(struct world *w)
{
    return in_set(w, EFF_FIBERS_FAILURES, member_clears);
}
CASE(a_member_that_clears_the_set_does_not_wait_for_itself, clearing_within, .succeeds = "unit",
     .journal = "gone cleaned@6 empty")

static eff_t *awaits_itself(eff_value_t v, eff_value_t env)
{
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    (void)env;
    eff_t *member = eff_zip_par(eff_fiber_set_await_empty(set), eff_noop());
    return eff_then(add(set, member), eff_fiber_set_join(set));
}
static eff_t *awaiting_within(struct world *w)
{
    return in_set(w, EFF_FIBERS_FAILURES, awaits_itself);
}
CASE(a_member_that_waits_until_the_set_is_empty_is_a_mistake, awaiting_within,
     .dies = "a member of a fiber set waits until that is empty: it would wait for itself")

/* ---- closing */

static eff_t *two_slow(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    return in_order(add(set, slow_to_end(w)), add(set, slow_to_end(w)), ms(1));
}
static eff_t *closes(struct world *w)
{
    return eff_then(in_set(w, EFF_FIBERS_FAILURES, two_slow), say_time(w, "closed"));
}
CASE(the_scope_that_closes_interrupts_all_members_before_it_awaits_them, closes, .succeeds = "unit",
     .journal = "cleaned@6 cleaned@6 closed@6")

static eff_t *fork_late(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    return keep(w, 0, eff_fork_daemon(after(3, say_exit(w, eff_fiber_set_fork(set, say(w, "not said"))))));
}
static eff_t *forks_into_closed(struct world *w)
{
    return eff_then(in_set(w, EFF_FIBERS_FAILURES, fork_late), with_fiber(w, 0, join));
}
CASE(forking_into_a_set_that_has_closed_ends_as_if_interrupted, forks_into_closed, .succeeds = "unit",
     .journal = "interrupt")

static eff_t *holds_in_set(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    return in_order(add(set, holds(w, "a")), add(set, holds(w, "b")), ms(1), say(w, "|"));
}
static eff_t *resources(struct world *w)
{
    return in_set(w, EFF_FIBERS_FAILURES, holds_in_set);
}
CASE(what_members_hold_is_released_as_the_set_closes, resources, .succeeds = "unit", .journal = "a+ b+ | b- a-")

static eff_t *in_dead_scope(const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    return eff_fiber_set_make(EFF_FIBERS_FAILURES);
}
static eff_t *add_late(eff_value_t scope, eff_value_t env)
{
    (void)env;
    return eff_scope_add(eff_as_scope(scope), in_dead_scope, eff_unit);
}
static eff_t *makes_in_closed(struct world *w)
{
    (void)w;
    return eff_scoped(eff_flat_map(eff_scope_current(), add_late, eff_unit));
}
CASE(a_set_made_in_a_scope_that_closes_is_a_mistake, makes_in_closed,
     .dies = "a fiber set was made in a scope that is closed")

/* ---- what members have */

static eff_t *say_whether_limited(eff_value_t left, eff_value_t env)
{
    return say(eff_as_ptr(env), eff_is_some(left) ? "limited" : "free");
}
static eff_t *forks_in_limit(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    eff_t *asks = eff_flat_map(eff_deadline_left(), say_whether_limited, eff_ptr(w));
    return eff_then(eff_within(add(set, asks), eff_millis(10)), eff_fiber_set_await_empty(set));
}
static eff_t *outlive_forker(struct world *w)
{
    return in_set(w, EFF_FIBERS_FAILURES, forks_in_limit);
}
CASE(members_are_not_bound_by_their_forkers_deadline, outlive_forker, .succeeds = "unit", .journal = "free")

static eff_t *forks_provided(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    eff_t *provided = eff_provide(add(set, after(4, say_time(w, "member"))), eff_test_clock());
    return eff_then(provided, eff_fiber_set_await_empty(set));
}
static eff_t *have_scope_services(struct world *w)
{
    return in_set(w, EFF_FIBERS_FAILURES, forks_provided);
}
CASE(members_have_the_services_of_the_scope_not_of_their_forker, have_scope_services, .succeeds = "unit",
     .journal = "member@4")

/* ---- failures that nobody asks for */

static eff_t *three_fail(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    return in_order(add(set, failing(1)), add(set, after(1, failing(2))), add(set, after(2, dying())), ms(5),
                    say(w, "|"));
}
static eff_t *unjoined(struct world *w)
{
    return in_set(w, EFF_FIBERS_FAILURES, three_fail);
}
START_TEST(failures_that_nobody_joins_are_reported_once)
{
    struct world w;
    run_observing(&w, unjoined);
    ck_assert_journal(&w, "unobserved(fail:2) unobserved(die) | unobserved(fail:1) ok:unit");
}
END_TEST

static eff_t *joined_failure(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    return in_order(add(set, after(1, failing(1))), say_exit(w, eff_fiber_set_join(set)), ms(5));
}
static eff_t *joined(struct world *w)
{
    return in_set(w, EFF_FIBERS_FAILURES, joined_failure);
}
START_TEST(a_failure_that_was_joined_is_not_reported)
{
    struct world w;
    run_observing(&w, joined);
    ck_assert_journal(&w, "fail:1 ok:unit");
}
END_TEST

/* ---- under a runtime that is freed, and in a deadlock */

static void ignore(const char *message, void *arg)
{
    (void)message, (void)arg;
}
static eff_t *waits_in_many_ways(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    eff_t *members = in_order(add(set, holds(w, "a")), add(set, holds(w, "b")), add(set, failing(1)));
    eff_t *waits = eff_zip_par(eff_fiber_set_await_empty(set), eff_uninterruptible(eff_fiber_set_clear(set)));
    return eff_then(members, eff_zip_par(in_order(eff_yield_now(), eff_yield_now(), waits), ms(1000)));
}
START_TEST(a_runtime_that_is_freed_under_a_set_drops_it_all)
{
    struct world w = { 0 };
    struct event_base *base = event_base_new();
    eff_runtime_t *rt =
        eff_runtime_new(&(eff_runtime_options_t){ .base = base, .on_unobserved = note_unobserved, .arg = &w });
    ck_assert_int_eq(eff_runtime_fork(rt, in_set(&w, EFF_FIBERS_FAILURES, waits_in_many_ways), NULL, NULL, NULL), 0);
    ck_assert_int_ge(event_base_loop(base, EVLOOP_NONBLOCK), 0);
    eff_set_misuse_handler(ignore, NULL);
    eff_runtime_free(rt);
    eff_set_misuse_handler(NULL, NULL);
    event_base_free(base);
    ck_assert_int_eq(w.acquired, 2);
    ck_assert_int_eq(w.released, 2);
    ck_assert_ptr_nonnull(strstr(w.journal, "unobserved(fail:1)"));
}
END_TEST

static void tells_who_waits(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit->cause, &text);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "waits to join a fiber set of 1 at"));
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "waits for the end of the scope of a fiber set of 1 at"));
    eff_buffer_done(&text);
}
static eff_t *joins_for_ever(eff_value_t v, eff_value_t env)
{
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    (void)env;
    return eff_then(add(set, eff_never()), eff_fiber_set_join(set));
}
static eff_t *deadlocked(struct world *w)
{
    return in_set(w, EFF_FIBERS_FAILURES, joins_for_ever);
}
CASE(joining_members_that_never_end_is_a_deadlock, deadlocked, .dies = "deadlock", .check = tells_who_waits)

/* ---- memory */

enum { ROUNDS = 20000, SETTLED = 1000 };

static eff_value_t measure(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    if (++w->n[0] == SETTLED) w->n[1] = blocks_live;
    if (w->n[0] == ROUNDS) w->n[2] = blocks_live;
    return eff_unit;
}
static eff_t *many(eff_value_t v, eff_value_t env)
{
    eff_fiber_set_t *set = eff_as_fiber_set(v);
    eff_t *round = in_order(add(set, eff_noop()), eff_yield_now(), eff_sync(measure, eff_value_incref(env)));
    return eff_repeat(round, eff_schedule_recurs(ROUNDS - 1));
}
START_TEST(a_long_lived_set_leaves_memory_flat)
{
    struct world w = { 0 };
    ck_assert_succeeds(in_set(&w, EFF_FIBERS_FAILURES, many), "unit");
    ck_assert_int_gt(w.n[1], 0);
    ck_assert_int_eq(w.n[2], w.n[1]);
}
END_TEST

/* ---- handles */

static eff_t *store_set(eff_value_t v, eff_value_t env)
{
    *(eff_fiber_set_t **)eff_as_ptr(env) = eff_fiber_set_incref(eff_as_fiber_set(v));
    return eff_never();
}
START_TEST(a_set_of_another_runtime_is_a_mistake)
{
    eff_test_t *t = eff_test_new();
    eff_fiber_set_t *set = NULL;
    (void)eff_test_fork(t, eff_flat_map(eff_fiber_set_make(EFF_FIBERS_FAILURES), store_set, eff_ptr(&set)));
    eff_test_adjust(t, eff_millis(0));
    ck_assert_dies(eff_fiber_set_fork(set, eff_noop()), "this fiber set belongs to another runtime");
    ck_assert_dies(eff_fiber_set_join(set), "this fiber set belongs to another runtime");
    ck_assert_dies(eff_fiber_set_clear(set), "this fiber set belongs to another runtime");
    ck_assert_dies(eff_fiber_set_await_empty(set), "this fiber set belongs to another runtime");
    (void)eff_test_free(t);
    ck_assert_succeeds(eff_then(eff_fiber_set_join(set), eff_fiber_set_clear(set)), "unit");
    eff_fiber_set_decref(set);
    ck_assert_uint_eq(eff_fiber_set_size(NULL), 0);
    ck_assert(eff_is_oom(eff_fiber_set_value(NULL)));
}
END_TEST

static eff_t *no_memory_for_it(struct world *w)
{
    (void)w;
    return eff_fiber_set_fork(NULL, eff_noop());
}
CASE(a_set_that_could_not_be_made_is_out_of_memory, no_memory_for_it, .dies = "out of memory")

static eff_t *forks_nothing(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_fiber_set_fork(eff_as_fiber_set(v), NULL);
}
static eff_t *fork_of_null(struct world *w)
{
    return in_set(w, EFF_FIBERS_FAILURES, forks_nothing);
}
CASE(forking_nothing_is_a_mistake, fork_of_null, .dies = "argument 2 of eff_fiber_set_fork is NULL")

static void note_mistake(const char *message, void *arg)
{
    snprintf(arg, 256, "%s", message);
}
START_TEST(a_value_of_another_type_is_a_set_that_has_closed)
{
    char message[256] = "";
    eff_set_misuse_handler(note_mistake, message);
    eff_fiber_set_t *dummy = eff_as_fiber_set(eff_int(1));
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_ptr_nonnull(strstr(message, "fiber set"));
    ck_assert_succeeds(eff_fiber_set_join(dummy), "unit");
    ck_assert_cause(eff_fiber_set_fork(dummy, eff_noop()), "interrupt");
}
END_TEST

TESTS(FORK_032_joining_fails_with_the_first_failure_of_a_member, a_failure_can_be_joined_later_and_more_than_once,
      FORK_033_an_interrupted_member_is_no_failure, FORK_033_unless_interruptions_count_as_well,
      interruptions_by_the_set_itself_never_count, joining_ends_when_the_set_closes,
      members_that_end_are_forgotten_and_emptiness_can_be_awaited,
      clearing_interrupts_all_who_are_there_and_waits_for_them_alone,
      a_member_that_clears_the_set_does_not_wait_for_itself, a_member_that_waits_until_the_set_is_empty_is_a_mistake,
      the_scope_that_closes_interrupts_all_members_before_it_awaits_them,
      forking_into_a_set_that_has_closed_ends_as_if_interrupted, what_members_hold_is_released_as_the_set_closes,
      a_set_made_in_a_scope_that_closes_is_a_mistake, members_are_not_bound_by_their_forkers_deadline,
      members_have_the_services_of_the_scope_not_of_their_forker, failures_that_nobody_joins_are_reported_once,
      a_failure_that_was_joined_is_not_reported, a_runtime_that_is_freed_under_a_set_drops_it_all,
      joining_members_that_never_end_is_a_deadlock, a_long_lived_set_leaves_memory_flat,
      a_set_of_another_runtime_is_a_mistake, a_set_that_could_not_be_made_is_out_of_memory,
      forking_nothing_is_a_mistake, a_value_of_another_type_is_a_set_that_has_closed)
