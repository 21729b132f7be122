/* Regions: what is forked in one ends before its finalizers run and before its services go; scopes that own fibers. */
#include "support/fibers.h"

/* A child that holds "c" until it is ended, which then takes 5 ms. */
static eff_t *slow_child(struct world *w)
{
    return eff_fork(eff_ensuring(holds(w, "c"), ms(5)));
}
static eff_t *child(struct world *w, int i)
{
    return eff_then(keep(w, i, slow_child(w)), eff_yield_now());
}

/* ---- children end before finalizers, in every region */

static eff_t *in_scoped(struct world *w)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    return in_order(eff_scoped(in_order(a, child(w, 0), say(w, "body"))), say_time(w, "end"));
}
CASE(scoped_ends_children_before_finalizers, in_scoped, .succeeds = "unit", .journal = "a+ c+ body c- a- end@5")

static eff_t *forks_in_use(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_then(child(w, 0), say(w, "use"));
}
static eff_t *in_bracket(struct world *w)
{
    return eff_then(eff_acquire_use_release(acquire(w, "a"), forks_in_use, release, eff_ptr(w)), say_time(w, "end"));
}
CASE(acquire_use_release_ends_children_of_use_before_release, in_bracket, .succeeds = "unit",
     .journal = "a+ c+ use c- a- end@5")

static eff_t *says_use(eff_value_t v, eff_value_t env)
{
    return eff_then(eff_yield_now(), say(eff_as_ptr(env), "use"));
}
static eff_t *in_acquire(struct world *w)
{
    eff_t *acquiring = eff_then(keep(w, 0, slow_child(w)), acquire(w, "a"));
    return eff_then(eff_acquire_use_release(acquiring, says_use, release, eff_ptr(w)), say_time(w, "end"));
}
CASE(acquire_use_release_ends_children_of_acquire_before_release, in_acquire, .succeeds = "unit",
     .journal = "a+ c+ use c- a- end@5")

static eff_t *in_provide(struct world *w)
{
    eff_t *last = eff_fork(eff_ensuring(holds(w, "c"), eff_then(ms(5), say_label(w))));
    return in_order(labelled(in_order(keep(w, 0, last), eff_yield_now(), say(w, "body")), "service"),
                    say_time(w, "end"));
}
CASE(provide_ends_children_before_its_services, in_provide, .succeeds = "unit", .journal = "c+ body c- service end@5")

struct frame {
    struct world *w;
};
static void frame_drop(struct frame *s)
{
    if (s->w) journal_add(s->w, "drop");
}
static eff_t *deferred_word(struct frame *s, const eff_exit_t *exit)
{
    return say(s->w, exit->ok ? "defer" : "defer!");
}
static eff_t *another_word(struct frame *s, const eff_exit_t *exit)
{
    return say(s->w, "defer2");
}
static eff_t *forking_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_DEFER(s, deferred_word);
    EFF_DEFER(s, another_word);
    EFF_AWAIT(child(s->w, 0));
    EFF_AWAIT(say(s->w, "body"));
    EFF_GEN_END(eff_int(1));
}
EFF_DEFINE_GEN(forking, struct frame, forking_step, .drop = frame_drop);

static eff_t *in_gen(struct world *w)
{
    return in_order(forking((struct frame){ w }), say_time(w, "end"));
}
CASE(a_gen_ends_children_then_defers_then_drops_its_frame, in_gen, .succeeds = "unit",
     .journal = "c+ body c- defer2 defer drop end@5")

static eff_t *in_fiber(struct world *w)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    return in_order(keep(w, 1, eff_fork(in_order(a, child(w, 0), say(w, "body")))), say_await(w, 1),
                    say_time(w, "end"));
}
CASE(a_fiber_ends_children_then_closes_its_scope_then_shows_its_exit, in_fiber, .succeeds = "unit",
     .journal = "a+ c+ body c- a- ok:unit end@5")

static eff_t *failing_region(struct world *w)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    return say_exit(w, eff_scoped(in_order(a, child(w, 0), failing(1))));
}
CASE(a_failing_region_ends_its_children_too, failing_region, .succeeds = "unit", .journal = "a+ c+ c- a- fail:1")

static eff_t *two_children(struct world *w)
{
    return in_order(eff_scoped(in_order(keep(w, 0, slow_child(w)), keep(w, 1, slow_child(w)), eff_yield_now())),
                    say_time(w, "end"));
}
CASE(all_children_are_interrupted_before_any_is_awaited, two_children, .succeeds = "unit",
     .journal = "c+ c+ c- c- end@5")

static eff_t *inner_and_outer(struct world *w)
{
    eff_t *outer = eff_then(keep(w, 0, eff_fork(holds(w, "outer"))), eff_yield_now());
    eff_t *inner = eff_then(keep(w, 1, eff_fork(holds(w, "inner"))), eff_yield_now());
    return eff_scoped(in_order(outer, eff_scoped(inner), say(w, "between")));
}
CASE(a_region_ends_only_what_was_forked_in_it, inner_and_outer, .succeeds = "unit",
     .journal = "outer+ inner+ inner- between outer-")

static eff_t *handle_leaves(struct world *w)
{
    return in_order(eff_scoped(eff_then(keep(w, 0, eff_fork(eff_never())), eff_yield_now())), say_await(w, 0));
}
CASE(a_handle_out_of_its_region_names_an_ended_fiber, handle_leaves, .succeeds = "unit", .journal = "interrupt")

static eff_t *interrupted_leaving(struct world *w)
{
    eff_t *body = in_order(eff_scoped(eff_then(child(w, 1), say(w, "body"))), say(w, "lost"));
    return in_order(keep(w, 0, eff_fork(body)), ms(1), say_interrupt(w, 0), say_time(w, "end"));
}
CASE(leaving_a_region_is_masked_and_a_mask_end, interrupted_leaving, .succeeds = "unit",
     .journal = "c+ body c- interrupt end@5")

static eff_t *failure_while_leaving(struct world *w)
{
    eff_t *body = eff_scoped(eff_then(child(w, 1), failing(1)));
    return in_order(keep(w, 0, eff_fork(body)), ms(1), say_interrupt(w, 0));
}
CASE(a_failure_goes_on_with_the_interruption_that_came_while_leaving, failure_while_leaving, .succeeds = "unit",
     .journal = "c+ c- then(fail:1,interrupt)")

/* ---- finalizers */

static eff_t *finalizer_forks(struct world *w)
{
    eff_t *first = eff_then(child(w, 0), say(w, "first"));
    return eff_ensuring(eff_ensuring(say(w, "body"), first), say_time(w, "second"));
}
CASE(each_finalizer_is_a_region_of_its_own, finalizer_forks, .succeeds = "unit", .journal = "body c+ first c- second@5")

static eff_t *forks_on_exit(const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_then(child(w, 0), say(w, "finalizer"));
}
static eff_t *adds_finalizer(eff_value_t scope, eff_value_t env)
{
    return eff_scope_add(eff_as_scope(scope), forks_on_exit, env);
}
static eff_t *scope_finalizer_forks(struct world *w)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    return eff_scoped(eff_then(a, eff_flat_map(eff_scope_current(), adds_finalizer, eff_ptr(w))));
}
CASE(a_finalizer_of_a_scope_is_a_region_too, scope_finalizer_forks, .succeeds = "unit",
     .journal = "a+ c+ finalizer c- a-")

/* ---- disconnect */

static eff_t *slow_masked(struct world *w)
{
    return eff_uninterruptible(eff_then(ms(10), say_time(w, "body")));
}

static eff_t *disconnected(struct world *w)
{
    return in_order(eff_timeout(eff_disconnect(slow_masked(w)), eff_millis(1)), say_time(w, "on"));
}
CASE(interrupting_a_disconnected_body_does_not_wait_for_it, disconnected, .succeeds = "unit", .journal = "on@1 body@10",
     .timed = true, .ms = 10)

static eff_t *disconnected_in_scoped(struct world *w)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    eff_t *timeout = eff_timeout(eff_disconnect(slow_masked(w)), eff_millis(1));
    return in_order(eff_scoped(in_order(a, timeout, say_time(w, "on"))), say_time(w, "end"));
}
CASE(the_region_awaits_a_disconnected_body_before_its_finalizers, disconnected_in_scoped, .succeeds = "unit",
     .journal = "a+ on@1 body@10 a- end@10")

static eff_t *times_out_in_use(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return eff_timeout(eff_zip_par(eff_disconnect(slow_masked(w)), eff_never()), eff_millis(1));
}
static eff_t *disconnected_in_sides(struct world *w)
{
    return eff_then(eff_acquire_use_release(acquire(w, "a"), times_out_in_use, release, eff_ptr(w)),
                    say_time(w, "end"));
}
CASE(a_side_is_not_the_region_that_awaits_a_disconnected_body, disconnected_in_sides, .succeeds = "unit",
     .journal = "a+ body@10 a- end@10")

static eff_t *disconnected_in_provide(struct world *w)
{
    eff_t *body = eff_uninterruptible(eff_then(ms(10), say_label(w)));
    return eff_then(labelled(eff_timeout(eff_disconnect(body), eff_millis(1)), "service"), say_time(w, "end"));
}
CASE(what_is_disconnected_ends_before_the_services_do, disconnected_in_provide, .succeeds = "unit",
     .journal = "service end@10")

static eff_t *disconnect_transparent(struct world *w)
{
    return eff_zip(eff_disconnect(after(1, one(1))), eff_option(eff_disconnect(failing(1))));
}
CASE(uninterrupted_a_disconnected_body_is_as_it_is, disconnect_transparent, .succeeds = "(1, none)")

/* ---- fibers of a scope */

static eff_t *fork_held(eff_value_t item, eff_value_t env)
{
    return eff_fork_scoped(holds(eff_as_ptr(env), "f"));
}
static eff_t *ten_nevers(struct world *w)
{
    eff_t *body = eff_for_each_discard(eff_range(0, 10), fork_held, eff_ptr(w));
    return eff_then(eff_scoped(eff_then(body, eff_yield_now())), say(w, "end"));
}
static void ten_released(struct world *w, const eff_exit_t *exit)
{
    ck_assert_str_eq(shape_of(exit), "ok(unit)");
    ck_assert_int_eq(w->released, 10);
    ck_assert_str_eq(w->journal + strlen(w->journal) - 6, "f- end");
}
/* The source's fiber set is a scope here. */
/* FORK-031 */
CASE(FORK_031_closing_a_scope_ends_its_fibers, ten_nevers, .check = ten_released)

/* The source's supervisor is a scope here. */
static eff_t *supervised(struct world *w)
{
    eff_t *fiber = when_interrupted(eff_never(), say(w, "flag"));
    return eff_then(eff_scoped(in_order(keep(w, 0, eff_fork_scoped(fiber)), eff_yield_now())), say(w, "end"));
}
/* FORK-035 */
CASE(FORK_035_leaving_waits_until_the_supervised_have_ended, supervised, .succeeds = "unit", .journal = "flag end")

static eff_t *scope_to_slot(eff_t *(*use)(eff_value_t scope, eff_value_t env), struct world *w)
{
    return eff_flat_map(eff_scope_current(), use, eff_ptr(w));
}
static eff_t *fork_into(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return keep(w, 0, eff_fork_in(eff_as_scope(scope), holds(w, "f")));
}
static eff_t *into_closed_scope(struct world *w)
{
    return eff_flat_map(eff_scoped(eff_scope_current()), fork_into, eff_ptr(w));
}
/* FORK-041 */
CASE(FORK_041_forking_into_a_closed_scope_is_an_error, into_closed_scope, .dies = "scope that is closed", .journal = "")

static eff_t *forks_beside(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *fork = keep(w, 0, eff_fork_in(eff_as_scope(scope), holds(w, "f")));
    return keep(w, 1, eff_fork_daemon(eff_then(eff_yield_now(), fork)));
}
static eff_t *forks_while_closing(struct world *w)
{
    eff_t *body = eff_then(scope_to_slot(forks_beside, w), eff_yield_now());
    return eff_then(eff_scoped(body), ms(1));
}
/* Under every schedule: refused, or ended with the scope; holds() never stays (acquired == released), nobody is left. */
/* FORK-042 */
CASE(FORK_042_a_fork_beside_a_closing_scope_is_never_orphaned, forks_while_closing, .succeeds = "unit")

static eff_t *scope_fails(struct world *w)
{
    return say_exit(w, eff_scoped(in_order(keep(w, 0, eff_fork_scoped(holds(w, "f"))), eff_yield_now(), failing(1))));
}
/* FORK-070 */
CASE(FORK_070_a_scope_that_fails_ends_what_was_spawned_in_it, scope_fails, .succeeds = "unit",
     .journal = "f+ f- fail:1")

static eff_t *fork_in_outer(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *to_outer = keep(w, 0, eff_fork_in(eff_as_scope(scope), holds(w, "outer")));
    eff_t *to_inner = keep(w, 1, eff_fork_scoped(holds(w, "inner")));
    return in_order(eff_scoped(in_order(to_outer, to_inner, eff_yield_now(), say(w, "in"))), say(w, "between"));
}
static eff_t *nested_scopes(struct world *w)
{
    return eff_then(eff_scoped(scope_to_slot(fork_in_outer, w)), say(w, "end"));
}
/* FORK-071 */
CASE(FORK_071_a_fiber_ends_with_the_scope_it_was_forked_in, nested_scopes, .succeeds = "unit",
     .journal = "outer+ inner+ in inner- between outer- end")

static eff_t *finalizers_and_fibers(struct world *w)
{
    eff_t *a = eff_acquire_release(acquire(w, "a"), release, eff_ptr(w));
    eff_t *b = eff_acquire_release(acquire(w, "b"), release, eff_ptr(w));
    return eff_scoped(in_order(a, keep(w, 0, eff_fork_scoped(holds(w, "f"))), b, eff_yield_now()));
}
CASE(a_scope_ends_fibers_and_resources_in_reverse, finalizers_and_fibers, .succeeds = "unit",
     .journal = "a+ b+ f+ b- f- a-")

static eff_t *fork_name(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return labelled(eff_then(eff_fork_in(eff_as_scope(scope), say_label(w)), eff_yield_now()), "inner");
}
static eff_t *services_of_the_scope(struct world *w)
{
    return labelled(scope_to_slot(fork_name, w), "outer");
}
CASE(a_fiber_of_a_scope_has_the_services_the_scope_was_opened_with, services_of_the_scope, .succeeds = "unit",
     .journal = "outer")

static eff_t *daemon_name(struct world *w)
{
    return eff_then(labelled(eff_fork_daemon(say_label(w)), "service"), ms(1));
}
CASE(a_daemon_starts_with_the_root_context, daemon_name, .succeeds = "unit", .journal = "nobody")

static eff_t *side_forks_scoped(struct world *w)
{
    eff_t *side = in_order(keep(w, 0, eff_fork_scoped(holds(w, "f"))), eff_yield_now(), say(w, "side"));
    return eff_scoped(in_order(eff_zip_par(side, eff_noop()), say(w, "on")));
}
CASE(a_side_forks_into_the_callers_scope, side_forks_scoped, .succeeds = "unit", .journal = "f+ side on f-")

static eff_t *scoped_fiber_dies_ending(struct world *w)
{
    eff_t *fiber = eff_fork_scoped(eff_ensuring(eff_never(), dying()));
    return in_order(eff_scoped(in_order(keep(w, 0, fiber), eff_yield_now())), say(w, "end"));
}
static eff_t *child_dies_ending(struct world *w)
{
    eff_t *fiber = eff_fork(eff_ensuring(eff_never(), dying()));
    return in_order(eff_scoped(in_order(keep(w, 0, fiber), eff_yield_now())), say(w, "end"));
}

START_TEST(ending_a_fiber_with_its_region_is_not_observing_it)
{
    struct world w;
    run_observing(&w, child_dies_ending);
    ck_assert_journal(&w, "unobserved(then(interrupt,die)) end ok:unit");
    run_observing(&w, scoped_fiber_dies_ending);
    ck_assert_journal(&w, "unobserved(then(interrupt,die)) end ok:unit");
}
END_TEST

/* ---- freeing a runtime whose fibers live: a mistake, but everything is given back */

static void ignore_misuse(const char *message, void *arg)
{
    journal_add(arg, strstr(message, "still alive") ? "misuse" : message);
}

START_TEST(freeing_a_runtime_releases_what_fibers_of_scopes_hold)
{
    struct world w = { 0 };
    eff_set_misuse_handler(ignore_misuse, &w);
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_t *body = in_order(eff_acquire_release(acquire(&w, "a"), release, eff_ptr(&w)), eff_fork_scoped(holds(&w, "f")),
                           eff_fork(holds(&w, "c")), eff_never());
    ck_assert_int_eq(eff_runtime_fork(rt, eff_scoped(body), NULL, NULL, NULL), 0);
    eff__drain(rt);
    eff_runtime_free(rt);
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_journal(&w, "a+ f+ c+ misuse f- c- a-");
}
END_TEST

TESTS(scoped_ends_children_before_finalizers, acquire_use_release_ends_children_of_use_before_release,
      acquire_use_release_ends_children_of_acquire_before_release, provide_ends_children_before_its_services,
      a_gen_ends_children_then_defers_then_drops_its_frame,
      a_fiber_ends_children_then_closes_its_scope_then_shows_its_exit, a_failing_region_ends_its_children_too,
      all_children_are_interrupted_before_any_is_awaited, a_region_ends_only_what_was_forked_in_it,
      a_handle_out_of_its_region_names_an_ended_fiber, leaving_a_region_is_masked_and_a_mask_end,
      a_failure_goes_on_with_the_interruption_that_came_while_leaving, each_finalizer_is_a_region_of_its_own,
      a_finalizer_of_a_scope_is_a_region_too, interrupting_a_disconnected_body_does_not_wait_for_it,
      the_region_awaits_a_disconnected_body_before_its_finalizers,
      a_side_is_not_the_region_that_awaits_a_disconnected_body, what_is_disconnected_ends_before_the_services_do,
      uninterrupted_a_disconnected_body_is_as_it_is, FORK_031_closing_a_scope_ends_its_fibers,
      FORK_035_leaving_waits_until_the_supervised_have_ended, FORK_041_forking_into_a_closed_scope_is_an_error,
      FORK_042_a_fork_beside_a_closing_scope_is_never_orphaned, FORK_070_a_scope_that_fails_ends_what_was_spawned_in_it,
      FORK_071_a_fiber_ends_with_the_scope_it_was_forked_in, a_scope_ends_fibers_and_resources_in_reverse,
      a_fiber_of_a_scope_has_the_services_the_scope_was_opened_with, a_daemon_starts_with_the_root_context,
      a_side_forks_into_the_callers_scope, ending_a_fiber_with_its_region_is_not_observing_it,
      freeing_a_runtime_releases_what_fibers_of_scopes_hold)
