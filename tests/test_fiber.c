/* What a fiber is besides its work: how eff_fork_with starts it, its name, its own handle, and who observes its end. */
#include "support/fibers.h"
#include "testing/test.h"

#include <errno.h>

/* ---- start_immediately */

static eff_t *named_fork(eff_t *e, eff_lifetime_t lifetime, bool at_once)
{
    eff_fork_options_t options = { .name = "worker", .lifetime = lifetime, .start_immediately = at_once };
    return eff_fork_with(e, &options);
}

static eff_t *two_words(struct world *w)
{
    return in_order(say(w, "child"), eff_yield_now(), say(w, "again"));
}

static eff_t *fork_then_say(struct world *w, eff_lifetime_t lifetime, bool at_once)
{
    return in_order(keep(w, 0, named_fork(two_words(w), lifetime, at_once)), say(w, "parent"), with_fiber(w, 0, await));
}

static eff_t *later_child(struct world *w)
{
    return eff_then(fork_then_say(w, EFF_LIFETIME_REGION, false), eff_noop());
}
CASE(a_fork_runs_after_its_forker, later_child, .succeeds = "unit", .journal = "parent child again")

static eff_t *immediate_child(struct world *w)
{
    return eff_then(fork_then_say(w, EFF_LIFETIME_REGION, true), eff_noop());
}
CASE(start_immediately_runs_until_the_child_first_waits, immediate_child, .succeeds = "unit",
     .journal = "child parent again")

static eff_t *immediate_scoped(struct world *w)
{
    return eff_then(fork_then_say(w, EFF_LIFETIME_SCOPE, true), eff_noop());
}
CASE(start_immediately_works_for_scoped_fibers, immediate_scoped, .succeeds = "unit", .journal = "child parent again")

static eff_t *immediate_daemon(struct world *w)
{
    return eff_then(fork_then_say(w, EFF_LIFETIME_RUNTIME, true), eff_noop());
}
CASE(start_immediately_works_for_daemons, immediate_daemon, .succeeds = "unit", .journal = "child parent again")

static eff_t *immediate_end(struct world *w)
{
    eff_t *child = named_fork(eff_then(say(w, "child"), one(5)), EFF_LIFETIME_REGION, true);
    return in_order(keep(w, 0, child), say(w, "parent"), with_fiber(w, 0, join));
}
CASE(a_child_that_never_waits_has_ended_when_its_forker_goes_on, immediate_end, .succeeds = "5",
     .journal = "child parent")

static eff_t *nested_immediate(struct world *w)
{
    eff_t *inner = named_fork(eff_then(say(w, "inner"), ms(1)), EFF_LIFETIME_REGION, true);
    eff_t *outer = in_order(keep(w, 1, inner), say(w, "outer"), with_fiber(w, 1, join));
    return in_order(keep(w, 0, named_fork(outer, EFF_LIFETIME_REGION, true)), say(w, "main"), with_fiber(w, 0, join));
}
CASE(immediate_starts_nest, nested_immediate, .succeeds = "unit", .journal = "inner outer main")

static eff_t *interrupts_starter(struct world *w)
{
    eff_t *child = eff_then(with_fiber(w, 0, interrupt_fork), say(w, "child"));
    eff_t *body = eff_then(keep(w, 1, named_fork(child, EFF_LIFETIME_SCOPE, true)), say(w, "not here"));
    return in_order(keep(w, 0, eff_fork(eff_then(eff_yield_now(), body))), say_await(w, 0));
}
CASE(a_starter_interrupted_by_the_child_sees_it_when_it_goes_on, interrupts_starter, .succeeds = "unit",
     .journal = "child interrupt")

static eff_t *given_scope(struct world *w, eff_value_t scope)
{
    eff_fork_options_t options = { .lifetime = EFF_LIFETIME_SCOPE, .scope = eff_as_scope(scope) };
    return eff_scoped(keep(w, 0, eff_fork_with(eff_then(ms(1), say(w, "still here")), &options)));
}
static eff_t *use_scope(eff_value_t scope, eff_value_t env)
{
    return given_scope(eff_as_ptr(env), scope);
}
static eff_t *outlives_region(struct world *w)
{
    return eff_then(eff_flat_map(eff_scope_current(), use_scope, eff_ptr(w)), with_fiber(w, 0, join));
}
CASE(a_given_scope_owns_the_fiber, outlives_region, .succeeds = "unit", .journal = "still here")

static eff_t *scope_without_lifetime(eff_value_t scope, eff_value_t env)
{
    eff_fork_options_t options = { .scope = eff_as_scope(scope) };
    return eff_fork_with(eff_noop(), &options);
}
static eff_t *mistaken_options(struct world *w)
{
    return eff_flat_map(eff_scope_current(), scope_without_lifetime, eff_unit);
}
CASE(a_scope_without_its_lifetime_is_a_mistake, mistaken_options, .dies = "EFF_LIFETIME_SCOPE")

static eff_t *all_defaults(struct world *w)
{
    return in_order(keep(w, 0, eff_fork_with(one(3), NULL)), with_fiber(w, 0, join));
}
CASE(no_options_fork_as_eff_fork, all_defaults, .succeeds = "3")

/* ---- names */

static eff_value_t say_name_of(eff_value_t fiber, eff_value_t env)
{
    const char *name = eff_fiber_name(eff_as_fiber(fiber));
    journal_add(eff_as_ptr(env), name ? name : "nameless");
    return eff_unit;
}
static eff_t *say_own_name(struct world *w)
{
    return eff_map(eff_fiber_self(), say_name_of, eff_ptr(w));
}

static eff_t *names(struct world *w)
{
    eff_t *child = named_fork(say_own_name(w), EFF_LIFETIME_REGION, false);
    eff_t *main_fiber = eff_then(say_own_name(w), eff_named(say_own_name(w), "main"));
    return in_order(main_fiber, keep(w, 0, child), with_fiber(w, 0, join), eff_named(say_own_name(w), NULL));
}
CASE(a_fiber_is_named_at_its_fork_or_by_itself, names, .succeeds = "unit", .journal = "nameless main worker nameless")

static eff_t *named_sides(struct world *w)
{
    return eff_zip_par(eff_named(say_own_name(w), "left"), eff_named(say_own_name(w), "right"));
}
CASE(sides_have_names_of_their_own, named_sides, .succeeds = "(unit, unit)", .journal = "left right")

static eff_t *name_item(eff_value_t item, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_as_int(item) == 1 ? eff_named(say_own_name(w), "one") : say_own_name(w);
}
static eff_t *named_items(struct world *w)
{
    return eff_for_each_par_discard(eff_range(0, 4), name_item, eff_ptr(w), 1);
}
CASE(an_item_does_not_have_the_name_of_the_one_before, named_items, .succeeds = "unit",
     .journal = "nameless one nameless nameless")

/* ---- the fiber itself */

static eff_value_t keep_self(eff_value_t fiber, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->fibers[w->n[0]++] = eff_fiber_incref(eff_as_fiber(fiber));
    return fiber.type ? eff_int((int64_t)eff_fiber_id(eff_as_fiber(fiber))) : eff_unit;
}
static eff_t *remember_self(struct world *w)
{
    return eff_map(eff_fiber_self(), keep_self, eff_ptr(w));
}

static eff_t *remembered_item(eff_value_t item, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_then(remember_self(w), eff_then(eff_yield_now(), eff_succeed(item)));
}
static eff_t *item_handles(struct world *w)
{
    eff_t *loop = eff_for_each_par(eff_range(10, 14), remembered_item, eff_ptr(w), 2);
    eff_t *polls = in_order(say_await(w, 0), say_await(w, 1), say_await(w, 2), say_await(w, 3));
    return eff_then(loop, polls);
}
CASE(each_item_is_a_fiber_of_its_own_to_who_holds_its_handle, item_handles, .succeeds = "unit",
     .journal = "ok:10 ok:11 ok:12 ok:13", .without = NO_SHUFFLES)

static eff_t *pulled_handles(struct world *w)
{
    eff_t *offers = eff_noop();
    if (!w->queue) w->queue = eff_queue_bounded(8);
    for (int i = 10; i < 14; i++)
        offers = eff_then(offers, eff_queue_offer(w->queue, eff_int(i)));
    eff_t *loop = eff_for_each_par(eff_queue_value(eff_queue_incref(w->queue)), remembered_item, eff_ptr(w), 2);
    eff_t *polls = in_order(say_await(w, 0), say_await(w, 1), say_await(w, 2), say_await(w, 3));
    return in_order(offers, eff_queue_end(w->queue), loop, polls);
}
CASE(pulled_items_are_fibers_of_their_own_too, pulled_handles, .succeeds = "unit", .journal = "ok:10 ok:11 ok:12 ok:13",
     .without = NO_SHUFFLES)

static eff_t *failing_item(eff_value_t item, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_then(remember_self(w), eff_as_int(item) == 1 ? failing(7) : eff_succeed(item));
}
static eff_t *partitioned_handles(struct world *w)
{
    eff_t *loop = eff_partition_par(eff_range(0, 3), failing_item, eff_ptr(w), 1);
    return eff_then(loop, in_order(say_await(w, 0), say_await(w, 1), say_await(w, 2)));
}
CASE(a_collected_failure_is_the_exit_of_its_item, partitioned_handles, .succeeds = "unit",
     .journal = "ok:0 fail:7 ok:2")

static eff_t *side_of_zip(struct world *w, int64_t n)
{
    return eff_then(remember_self(w), one(n));
}
static eff_t *zip_handles(struct world *w)
{
    return eff_then(eff_zip_par(side_of_zip(w, 1), side_of_zip(w, 2)), eff_then(say_await(w, 0), say_await(w, 1)));
}
CASE(a_side_keeps_its_value_for_who_holds_its_handle, zip_handles, .succeeds = "unit", .journal = "ok:1 ok:2")

static eff_t *interrupt_side(struct world *w)
{
    eff_t *left = eff_then(remember_self(w), eff_never());
    return eff_zip_par(left, eff_then(eff_yield_now(), with_fiber(w, 0, interrupt_fork)));
}
CASE(a_side_can_be_interrupted_through_its_handle, interrupt_side, .interrupted = true,
     .without = NO_BUDGETS /* it may not be known yet */)

/* ---- observers */

struct watched {
    eff_fiber_observer_t observers[3];
    struct world *w;
    int n_calls;
};

static void on_first(const eff_exit_t *exit, void *arg)
{
    struct watched *watched = arg;
    journal_add(watched->w, "1");
    eff_fiber_unobserve(&watched->observers[0]); /* itself: nothing any more */
    journal_add(watched->w, word_of(exit));
}
static void on_second(const eff_exit_t *exit, void *arg)
{
    struct watched *watched = arg;
    journal_add(watched->w, "2");
    eff_fiber_unobserve(&watched->observers[2]);
}
static void on_third(const eff_exit_t *exit, void *arg)
{
    struct watched *watched = arg;
    journal_add(watched->w, "3");
}

/* FORK-024 */
START_TEST(FORK_024_observers_may_take_themselves_and_others_out_as_they_are_called)
{
    struct world w = { .acquired = 0 };
    struct watched watched = { .w = &w };
    eff_exit_fn const fns[] = { on_first, on_second, on_third };
    eff_test_t *t = eff_test_new();
    eff_fiber_t *f = eff_test_fork(t, eff_never());
    for (int i = 0; i < 3; i++) {
        watched.observers[i] = (eff_fiber_observer_t){ .on_exit = fns[i], .arg = &watched };
        ck_assert_int_eq(eff_fiber_observe(f, &watched.observers[i]), 0);
    }
    ck_assert_int_eq(eff_fiber_observe(f, &watched.observers[0]), -EBUSY);
    eff_test_adjust(t, eff_seconds(0));
    eff_runtime_interrupt(eff_test_runtime(t), f);
    ck_assert_str_eq(w.journal, "");
    eff_test_adjust(t, eff_seconds(0));
    ck_assert_str_eq(w.journal, "1 interrupt 2");
    ck_assert_int_eq(eff_fiber_observe(f, &watched.observers[0]), -EALREADY);
    eff_fiber_unobserve(&watched.observers[1]);
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

START_TEST(an_observed_failure_is_not_reported)
{
    struct world w = { .acquired = 0 };
    struct watched watched = { .w = &w };
    eff_test_t *t = eff_test_new();
    eff_runtime_t *rt = eff_test_runtime(t);
    rt->options.on_unobserved = note_unobserved;
    rt->options.arg = &w;
    eff_fiber_t *f;
    ck_assert_int_eq(eff_runtime_fork(rt, failing(1), NULL, NULL, &f), 0);
    watched.observers[2] = (eff_fiber_observer_t){ .on_exit = on_third, .arg = &watched };
    ck_assert_int_eq(eff_fiber_observe(f, &watched.observers[2]), 0);
    eff_fiber_decref(f);
    eff_test_adjust(t, eff_seconds(0));
    ck_assert_str_eq(w.journal, "3");
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

static void say_misuse(const char *message, void *arg)
{
    journal_add(arg, strstr(message, "on_exit") ? "no-callback" : message);
}
START_TEST(an_observer_without_a_callback_is_misuse)
{
    struct world w = { .acquired = 0 };
    eff_fiber_observer_t observer = { .arg = &w };
    eff_test_t *t = eff_test_new();
    eff_fiber_t *f = eff_test_fork(t, eff_noop());
    eff_set_misuse_handler(say_misuse, &w);
    ck_assert_int_eq(eff_fiber_observe(f, &observer), -EINVAL);
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_str_eq(w.journal, "no-callback");
    eff_test_adjust(t, eff_seconds(0));
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

TESTS(a_fork_runs_after_its_forker, start_immediately_runs_until_the_child_first_waits,
      start_immediately_works_for_scoped_fibers, start_immediately_works_for_daemons,
      a_child_that_never_waits_has_ended_when_its_forker_goes_on, immediate_starts_nest,
      a_starter_interrupted_by_the_child_sees_it_when_it_goes_on, a_given_scope_owns_the_fiber,
      a_scope_without_its_lifetime_is_a_mistake, no_options_fork_as_eff_fork, a_fiber_is_named_at_its_fork_or_by_itself,
      sides_have_names_of_their_own, an_item_does_not_have_the_name_of_the_one_before,
      each_item_is_a_fiber_of_its_own_to_who_holds_its_handle, pulled_items_are_fibers_of_their_own_too,
      a_collected_failure_is_the_exit_of_its_item, a_side_keeps_its_value_for_who_holds_its_handle,
      a_side_can_be_interrupted_through_its_handle,
      FORK_024_observers_may_take_themselves_and_others_out_as_they_are_called, an_observed_failure_is_not_reported,
      an_observer_without_a_callback_is_misuse)
