/* The interpreter's short ways under hostile use: descriptions that are kept and run again and by several fibers at once,
 * gens awaited in gens, children and sides that are done as they begin, bodies that end with their timeout; all of it
 * swept, with budgets of a few instructions, and watched. */
#include <errno.h>

#include <effect/local.h>
#include <effect/supervisor.h>

#include "support/fibers.h"

/* ---- gens within gens */

struct deep {
    struct world *w;
    int64_t n;
    eff_value_t kept; /* owned by the run */
};
static void deep_drop(struct deep *d)
{
    eff_value_decref(d->kept);
}
static eff_t *deep(struct deep init);
static eff_t *said(struct deep *d, const eff_exit_t *exit)
{
    (void)exit;
    return count(d->w, 1);
}
static eff_t *deep_step(struct deep *d, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_DEFER(d, said);
    d->kept = eff_string("kept");
    EFF_AWAIT(eff_noop());
    if (d->n > 0) {
        EFF_AWAIT(deep((struct deep){ .w = d->w, .n = d->n - 1 }));
        EFF_AWAIT_EXIT(deep((struct deep){ .w = d->w, .n = d->n - 2 }));
        if (!EFF_EXIT()->ok) EFF_GEN_EXIT(EFF_EXIT());
    }
    if (d->n == -1) EFF_AWAIT(eff_yield_now());
    if (d->n == 0) EFF_AWAIT(eff_zip_par(eff_yield_now(), eff_map_to(eff_fork(eff_never()), eff_unit)));
    EFF_AWAIT(eff_then(eff_succeed(eff_string("taken")), eff_yield_now()));
    EFF_GEN_END(eff_value_incref(d->kept));
}
EFF_DEFINE_GEN(deep, struct deep, deep_step, .drop = deep_drop);

static eff_t *gens_within(struct world *w)
{
    return deep((struct deep){ .w = w, .n = 3 });
}
CASE(gens_that_await_gens, gens_within, .succeeds = "kept")

struct owning {
    eff_value_t text; /* the description's, and each run's */
    eff_t *next;      /* the same; NULL: none */
};
static void owning_copy(struct owning *o)
{
    o->text = eff_value_incref(o->text);
    o->next = eff_incref(o->next);
}
static void owning_drop(struct owning *o)
{
    eff_value_decref(o->text);
    eff_decref(o->next);
}
static eff_t *owning_step(struct owning *o, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    if (eff_is_oom(o->text)) return eff_out_of_memory();
    if (o->next) EFF_AWAIT(eff_incref(o->next));
    EFF_AWAIT(eff_yield_now());
    if (o->next) EFF_AWAIT(eff_incref(o->next));
    EFF_GEN_END(eff_value_incref(o->text));
}
EFF_DEFINE_GEN(owning, struct owning, owning_step, .copy = owning_copy, .drop = owning_drop);

static eff_t *one_description(struct world *w)
{
    (void)w;
    eff_t *inner = owning((struct owning){ eff_string("inner"), NULL });
    eff_t *e = owning((struct owning){ eff_string("outer"), owning((struct owning){ eff_string("middle"), inner }) });
    eff_t *both = eff_zip_par(eff_incref(e), eff_then(eff_yield_now(), eff_incref(e)));
    return eff_zip(eff_then(both, eff_incref(e)), e);
}
CASE(one_gen_run_by_two_fibers_at_once_and_again, one_description, .succeeds = "(\"outer\", \"outer\")")

/* ---- frames of descriptions that two fibers run */

static eff_t *caught(eff_value_t error, eff_value_t env)
{
    (void)env;
    return eff_then(eff_yield_now(), eff_fail(eff_value_incref(error)));
}
static eff_t *caught_again(eff_value_t error, eff_value_t env)
{
    return eff_then(count(eff_as_ptr(env), 0), eff_then(ms(1), eff_succeed(eff_value_incref(error))));
}
static eff_t *fails_later(eff_value_t v, eff_value_t env)
{
    (void)v;
    return eff_then(eff_yield_now(), eff_fail(eff_value_incref(env)));
}
static eff_t *catches(struct world *w)
{
    eff_t *e = eff_flat_map(ms(1), fails_later, eff_string("seven"));
    e = eff_catch_all(eff_catch_all(e, caught, eff_string("held")), caught_again, eff_ptr(w));
    eff_t *all = eff_all_par(eff_incref(e), eff_then(eff_yield_now(), eff_incref(e)), eff_incref(e));
    return eff_zip(all, eff_replicate(e, 2));
}
CASE(catches_that_fibers_share, catches, .succeeds = "([\"seven\", \"seven\", \"seven\"], [\"seven\", \"seven\"])",
     .ms = 6, .timed = true)

static eff_t *use_name(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_then(eff_yield_now(), eff_succeed(eff_string("used")));
}
static eff_t *brackets(struct world *w)
{
    eff_t *e = eff_acquire_use_release(eff_then(eff_yield_now(), acquire(w, "a")), use_name, release, eff_ptr(w));
    eff_t *both = eff_zip_par(eff_incref(e), eff_incref(e));
    return eff_zip(both, eff_replicate(e, 2));
}
CASE(brackets_that_fibers_share, brackets, .succeeds = "((\"used\", \"used\"), [\"used\", \"used\"])")

static eff_t *through_queue(eff_value_t queue, eff_value_t env)
{
    (void)env;
    eff_queue_t *q = eff_as_queue(queue);
    eff_t *offer = eff_queue_offer(q, eff_string("item")), *take = eff_queue_take(q);
    eff_t *e = eff_zip_par(eff_replicate(eff_incref(offer), 3), eff_replicate(eff_incref(take), 3));
    eff_t *again = eff_zip_par(eff_zip(eff_incref(take), take), eff_zip(eff_incref(offer), offer));
    return eff_map_to(eff_zip(eff_zip(eff_incref(e), e), again), eff_unit);
}
static eff_t *queues(struct world *w)
{
    (void)w;
    eff_t *two = eff_zip(eff_flat_map(eff_succeed(eff_queue_value(eff_queue_bounded(1))), through_queue, eff_unit),
                         eff_flat_map(eff_succeed(eff_queue_value(eff_queue_bounded(5))), through_queue, eff_unit));
    return eff_map_to(two, eff_unit);
}
CASE(offers_and_takes_are_run_again, queues, .succeeds = "unit")

static eff_t *through_deferred(eff_value_t deferred, eff_value_t env)
{
    (void)env;
    eff_deferred_t *d = eff_as_deferred(deferred);
    eff_t *wait = eff_deferred_await(d), *give = eff_deferred_succeed(d, eff_string("given"));
    eff_t *before = eff_zip_par(eff_zip_par(eff_incref(wait), eff_incref(wait)), yields(eff_incref(give)));
    return eff_zip(before, eff_zip(eff_zip(eff_incref(wait), wait), give));
}
static eff_t *deferreds(struct world *w)
{
    (void)w;
    return eff_flat_map(eff_succeed(eff_deferred_value(eff_deferred_new())), through_deferred, eff_unit);
}
CASE(deferreds_are_awaited_and_completed_again, deferreds,
     .succeeds = "(((\"given\", \"given\"), true), ((\"given\", \"given\"), false))")

static eff_t *twice_of(eff_value_t v, eff_value_t env)
{
    return eff_succeed(eff_int(eff_as_int(v) + eff_as_int(env)));
}
static eff_value_t plus(eff_value_t v, eff_value_t env)
{
    return eff_int(eff_as_int(v) + eff_as_int(env));
}
static eff_t *chains(struct world *w)
{
    (void)w;
    eff_t *e = one(0);
    for (int i = 0; i < 40; i++) { /* each half is held by more than the whole */
        if (i % 8 == 0) e = eff_then(eff_yield_now(), e);
        eff_t *keep_it = i % 3 ? NULL : eff_incref(e);
        e = i % 2 ? eff_flat_map(e, twice_of, eff_int(1)) : eff_map(e, plus, eff_int(1));
        eff_decref(keep_it);
    }
    return eff_zip(eff_zip_par(eff_incref(e), eff_incref(e)), e);
}
CASE(chains_that_are_shared_in_part, chains, .succeeds = "((40, 40), 40)")

/* ---- children that end as they begin */

static const eff_local_t color = { .name = "color" };
static int64_t n_started, n_ended;
static void child_starts(const eff_fiber_t *fiber, const eff_fiber_t *parent, void *arg)
{
    (void)fiber, (void)parent, (void)arg;
    n_started++;
}
static void child_ends(const eff_fiber_t *fiber, const eff_exit_t *exit, void *arg)
{
    (void)fiber, (void)exit, (void)arg;
    n_ended++;
}
static const eff_supervisor_t counting = { .on_start = child_starts, .on_end = child_ends };

static eff_t *quick(bool at_once, eff_lifetime_t lifetime)
{
    eff_t *e = eff_then(eff_local_set(&color, eff_string("red")), eff_local_get(&color));
    return eff_fork_with(eff_named(e, "inner"),
                         &(eff_fork_options_t){ .name = "quick", .start_immediately = at_once, .lifetime = lifetime });
}
static eff_t *ends_at_once(struct world *w)
{
    eff_t *all =
        in_order(keep(w, 0, quick(true, EFF_LIFETIME_REGION)), keep(w, 1, quick(false, EFF_LIFETIME_REGION)),
                 keep(w, 2, eff_scoped(quick(true, EFF_LIFETIME_SCOPE))), keep(w, 3, quick(true, EFF_LIFETIME_RUNTIME)),
                 keep(w, 4, eff_fork(eff_fork(eff_noop()))), keep(w, 5, eff_fork(eff_noop())));
    eff_t *joins = eff_zip(eff_zip(with_fiber(w, 0, join), with_fiber(w, 1, join)),
                           eff_zip(eff_map_to(with_fiber(w, 2, await), eff_unit), with_fiber(w, 3, join)));
    eff_t *e = eff_then(all, eff_then(with_fiber(w, 5, join), joins));
    return eff_local_with(eff_supervised(e, &counting), &color, eff_string("blue"));
}
static void as_many_ended(struct world *w)
{
    (void)w;
    ck_assert_int_eq(n_started, n_ended);
}
CASE(children_that_end_at_once_are_told_of_and_joined, ends_at_once,
     .succeeds = "((\"red\", \"red\"), (unit, \"red\"))", .invariant = as_many_ended,
     .without = NO_SHUFFLES /* a scope may end before its child begins */)

struct watching {
    eff_fiber_observer_t first, second;
    int n;
};
static void seen(const eff_exit_t *exit, void *arg)
{
    struct watching *o = arg;
    (void)exit;
    o->n++;
    eff_fiber_unobserve(&o->second);
}
START_TEST(an_observer_of_a_child_that_ends_in_its_first_turn)
{
    eff_test_t *t = eff_test_new();
    struct watching o = { 0 };
    o.first = o.second = (eff_fiber_observer_t){ .on_exit = seen, .arg = &o };
    eff_fiber_t *f = eff_test_fork(t, eff_noop());
    ck_assert_int_eq(eff_fiber_observe(f, &o.first), 0);
    ck_assert_int_eq(eff_fiber_observe(f, &o.second), 0);
    eff_test_adjust(t, eff_millis(0));
    ck_assert_int_eq(o.n, 1);
    ck_assert_int_eq(eff_fiber_observe(f, &o.first), -EALREADY);
    ck_assert_uint_eq(eff_test_free(t), 0);
}
END_TEST

/* ---- timeouts, and sides that are done at once */

static eff_t *drop(eff_t *e)
{
    return eff_map_to(e, eff_unit);
}
static eff_t *timeouts(struct world *w)
{
    eff_t *both = eff_timeout(eff_then(ms(2), one(1)), eff_millis(2));
    eff_t *nested = eff_timeout(eff_timeout(eff_timeout(ms(2), eff_millis(2)), eff_millis(2)), eff_millis(2));
    eff_t *nothing = eff_timeout(eff_timeout(eff_noop(), eff_millis(0)), eff_duration_max);
    eff_t *masked = eff_timeout(eff_uninterruptible(eff_then(ms(2), count(w, 0))), eff_millis(1));
    eff_t *fails = eff_to_exit(eff_timeout_fail(eff_then(ms(1), failing(1)), eff_millis(1), eff_int(2)));
    return in_order(drop(both), drop(nested), drop(nothing), drop(masked), drop(fails));
}
CASE(bodies_that_end_with_their_timeout, timeouts, .succeeds = "unit")

static eff_t *races(struct world *w)
{
    eff_t *done = eff_race(one(1), one(2));
    eff_t *one_done = eff_race(eff_ensuring(eff_never(), count(w, 0)), one(2));
    eff_t *failed = eff_race(failing(1), yields(one(3)));
    eff_t *first = eff_to_exit(eff_race_first(failing(1), eff_ensuring(eff_never(), count(w, 0))));
    eff_t *all = eff_race_all(failing(1), eff_race(failing(2), eff_race(one(4), eff_never())), eff_never());
    eff_t *dies = eff_to_exit(eff_race(dying(), dying()));
    eff_t *e = in_order(drop(done), drop(one_done), drop(failed), drop(first), drop(all), drop(dies));
    return eff_then(eff_incref(e), e);
}
CASE(races_whose_sides_are_done_at_once, races, .succeeds = "unit")

static eff_t *interrupts_self(struct world *w)
{
    eff_t *e = eff_zip_par(eff_ensuring(eff_interrupt_self(), count(w, 0)), eff_never());
    eff_t *raced = eff_race(eff_interrupt_self(), yields(one(1)));
    eff_t *forked = eff_to_exit(eff_fork(eff_incref(e)));
    return eff_map_to(eff_zip(forked, eff_zip(raced, eff_to_exit(e))), eff_unit);
}
CASE(sides_that_interrupt_themselves_at_once, interrupts_self, .succeeds = "unit")

/* ---- budgets, and watching */

static eff_t *(*const programs[])(struct world *w) = {
    gens_within, one_description, catches, brackets, queues, deferreds, chains, ends_at_once, timeouts, races,
};
static void run_program(size_t i, eff_runtime_t *rt, struct world *w, const char *how)
{
    eff_exit_t exit = eff_runtime_run(rt, programs[i](w));
    ck_assert_msg(exit.ok, "program %zu, %s: %s", i, how, shape_of(&exit));
    eff_exit_decref(exit);
    for (size_t k = 0; k < 8; k++)
        eff_fiber_decref(w->fibers[k]);
}
static void ignore_slow(const eff_slow_t *slow, void *arg)
{
    (void)slow, (void)arg;
}
START_TEST(with_budgets_of_a_few_instructions_and_watched_all_is_as_usual)
{
    for (unsigned budget = 1; budget <= 6; budget++) {
        for (size_t i = 0; i < 2 * sizeof programs / sizeof *programs; i++) {
            struct world w = { 0 };
            eff_runtime_options_t options = { .budget = budget };
            if (i % 2) options.slow_callback = eff_hours(1), options.slow_finalizer = eff_hours(1);
            options.on_slow = ignore_slow;
            options.supervisor = &counting;
            eff_runtime_t *rt = eff_runtime_new(&options);
            run_program(i / 2, rt, &w, i % 2 ? "watched" : "with a small budget");
            eff_runtime_shutdown(rt, NULL, NULL);
            eff_runtime_free(rt);
            ck_assert_int_eq(n_started, n_ended);
        }
    }
}
END_TEST

START_TEST(a_runtime_may_be_freed_after_any_instruction_with_any_budget)
{
    eff_set_misuse_handler(NULL, NULL);
    for (unsigned budget = 1; budget <= 3; budget++) {
        for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
            struct world w = { 0 };
            eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .budget = budget });
            eff_t *e = programs[i](&w);
            for (int k = 0; k < 3; k++) {
                ck_assert_int_eq(eff_runtime_fork(rt, eff_incref(e), NULL, NULL, NULL), 0);
                eff_exit_t exit = eff_runtime_run(rt, eff_map_to(eff_replicate(eff_yield_now(), 3), eff_unit));
                ck_assert(exit.ok);
                eff_exit_decref(exit);
            }
            eff_decref(e);
            eff_runtime_free(rt);
            for (size_t k = 0; k < 8; k++)
                eff_fiber_decref(w.fibers[k]);
        }
    }
}
END_TEST

TESTS(gens_that_await_gens, one_gen_run_by_two_fibers_at_once_and_again, catches_that_fibers_share,
      brackets_that_fibers_share, offers_and_takes_are_run_again, deferreds_are_awaited_and_completed_again,
      chains_that_are_shared_in_part, children_that_end_at_once_are_told_of_and_joined,
      an_observer_of_a_child_that_ends_in_its_first_turn, bodies_that_end_with_their_timeout,
      races_whose_sides_are_done_at_once, sides_that_interrupt_themselves_at_once,
      with_budgets_of_a_few_instructions_and_watched_all_is_as_usual,
      a_runtime_may_be_freed_after_any_instruction_with_any_budget)
