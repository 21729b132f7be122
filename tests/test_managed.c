/* Managed runtimes: what their roots share, when it is released, and what shutting down does first. */
#include <stdio.h>

#include <effect/managed.h>

#include "support/failing_allocator.h"
#include "support/host.h"
#include "support/layers.h"

static struct world w;

static void begin(void)
{
    memset(&w, 0, sizeof w);
    world = &w;
}

static eff_layer_t *app(void)
{
    return eff_layer_provide_merge(pool_live(), config_live());
}

static void assert_runs(eff_runtime_t *rt, eff_t *e)
{
    eff_exit_t exit = eff_runtime_run(rt, e);
    ck_assert_msg(exit.ok, "%s", shape_of(&exit));
    eff_exit_decref(exit);
}

/* LAYER-027 */
START_TEST(LAYER_027_all_runs_share_what_the_first_one_built)
{
    begin();
    eff_runtime_t *rt = eff_managed_runtime(NULL, app());
    ck_assert_journal(&w, "");
    assert_runs(rt, use_pool());
    assert_runs(rt, eff_then(use_config(), use_pool()));
    ck_assert_journal(&w, "config+ pool+ pool config pool");
    eff_runtime_shutdown(rt, NULL, NULL);
    ck_assert_journal(&w, "config+ pool+ pool config pool pool- config-");
    eff_runtime_free(rt);
}
END_TEST

static void note_done(void *arg)
{
    journal_add(arg, "done");
}
static void note_exit(const eff_exit_t *exit, void *arg)
{
    journal_add(arg, exit->ok ? "ok" : "ended");
}

/* LAYER-028 */
START_TEST(LAYER_028_what_runs_ends_with_its_finalizers_before_the_layer_is_released)
{
    begin();
    eff_runtime_t *rt = eff_managed_runtime(NULL, app());
    eff_t *serves =
        eff_ensuring(eff_then(use_pool(), eff_external(eff_never())), eff_then(use_config(), say(&w, "fin")));
    eff_t *daemon = eff_fork_daemon(eff_ensuring(eff_external(eff_never()), say(&w, "daemon")));
    ck_assert_int_eq(eff_runtime_fork(rt, eff_then(daemon, serves), note_exit, &w, NULL), 0);
    assert_runs(rt, eff_replicate(eff_yield_now(), 20));
    ck_assert_journal(&w, "config+ pool+ pool");
    eff_runtime_shutdown(rt, note_done, &w);
    ck_assert_journal(&w, "config+ pool+ pool config fin ended daemon pool- config- done");
    eff_runtime_free(rt);
}
END_TEST

START_TEST(what_a_daemon_uses_is_released_when_it_has_ended)
{
    begin();
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_t *serves = eff_ensuring(eff_then(use_pool(), eff_external(eff_never())), use_config());
    assert_runs(rt, eff_then(eff_fork_daemon(eff_provide(serves, app())), eff_replicate(eff_yield_now(), 20)));
    ck_assert_journal(&w, "config+ pool+ pool");
    eff_runtime_shutdown(rt, note_done, &w);
    ck_assert_journal(&w, "config+ pool+ pool config pool- config- done");
    eff_runtime_free(rt);
}
END_TEST

static eff_t *second_succeeds(eff_value_t n, eff_value_t env)
{
    (void)env;
    return eff_as_int(n) < 2 ? failing(eff_as_int(n)) : open_part("config");
}
static eff_t *open_at_second_try(void)
{
    return eff_flat_map(count(world, 0), second_succeeds, eff_unit);
}
static eff_layer_t *flaky(void);
EFF_DEFINE_LAYER(flaky, config, part_t, open_at_second_try, close_part, EFF_NO_NEEDS);

START_TEST(a_build_that_fails_is_the_exit_of_who_waited_and_the_next_tries_again)
{
    begin();
    eff_runtime_t *rt = eff_managed_runtime(NULL, eff_layer_provide_merge(pool_live(), flaky()));
    eff_exit_t exit = eff_runtime_run(rt, use_pool());
    ck_assert_str_eq(shape_of(&exit), "fail(1)");
    eff_exit_decref(exit);
    assert_runs(rt, use_pool());
    eff_runtime_shutdown(rt, NULL, NULL);
    ck_assert_journal(&w, "config+ pool+ pool pool- config-");
    eff_runtime_free(rt);
}
END_TEST

START_TEST(a_layer_that_no_run_asked_for_is_never_built)
{
    begin();
    eff_runtime_t *rt = eff_managed_runtime(NULL, app());
    eff_runtime_shutdown(rt, note_done, &w);
    eff_runtime_free(rt);
    ck_assert_journal(&w, "done");
}
END_TEST

START_TEST(a_grace_is_over_when_all_but_the_layer_has_ended)
{
    begin();
    eff_runtime_t *rt = eff_managed_runtime(NULL, config_live());
    assert_runs(rt, use_config());
    eff_runtime_shutdown_within(rt, eff_seconds(3600), note_done, &w);
    ck_assert_journal(&w, "config+ config config- done");
    eff_runtime_free(rt);
}
END_TEST

static eff_t *no_goodbye(part_t *p)
{
    assert_open(p);
    return failing(3);
}
static eff_layer_t *impolite(void);
EFF_DEFINE_POLITE_LAYER(impolite, config, part_t, open_config, no_goodbye, close_part, EFF_NO_NEEDS);

START_TEST(a_release_that_fails_is_a_failure_that_nobody_asked_for)
{
    begin();
    eff_runtime_options_t options = { .on_unobserved = note_unobserved, .arg = &w };
    eff_runtime_t *rt = eff_managed_runtime(&options, impolite());
    assert_runs(rt, use_config());
    eff_runtime_shutdown(rt, note_done, &w);
    ck_assert_journal(&w, "config+ config config- unobserved(fail:3) done");
    eff_runtime_free(rt);
}
END_TEST

START_TEST(a_managed_runtime_of_no_layer_is_a_mistake)
{
    eff_runtime_t *rt = eff_managed_runtime(NULL, NULL);
    eff_exit_t exit = eff_runtime_run(rt, eff_noop());
    ck_assert_str_eq(shape_of(&exit), "die");
    eff_exit_decref(exit);
    eff_runtime_free(rt);
}
END_TEST

/* ---- on the caller's loop */

static void open_managed_host(struct host *h, eff_layer_t *layer)
{
    memset(h, 0, sizeof *h);
    world = &h->w;
    h->base = event_base_new();
    h->rt = eff_managed_runtime(&(eff_runtime_options_t){ .base = h->base, .on_deadlock = count_deadlock, .arg = h },
                                layer);
    ck_assert_ptr_nonnull(h->rt);
    eff_set_misuse_handler(note_mistake, h);
}

START_TEST(on_the_callers_loop_kept_services_neither_hold_it_nor_are_stuck)
{
    struct host h;
    open_managed_host(&h, app());
    ck_assert_int_eq(eff_runtime_fork(h.rt, use_pool(), say_end, &h, NULL), 0);
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "config+ pool+ pool ok:unit");
    ck_assert_int_eq(h.n_deadlocks, 0);
    eff_runtime_shutdown(h.rt, note_done, &h.w);
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "config+ pool+ pool ok:unit pool- config- done");
    close_host(&h);
    ck_assert_str_eq(h.mistake, "");
}
END_TEST

START_TEST(who_waits_for_ever_beside_kept_services_is_stuck)
{
    struct host h;
    open_managed_host(&h, config_live());
    ck_assert_int_eq(eff_runtime_fork(h.rt, eff_then(use_config(), eff_never()), say_end, &h, NULL), 0);
    event_base_dispatch(h.base);
    ck_assert_int_eq(h.n_deadlocks, 1);
    eff_runtime_shutdown(h.rt, NULL, NULL);
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "config+ config interrupt config-");
    close_host(&h);
}
END_TEST

/* Never done, on whatever clock. */
static eff_t *open_endless(void)
{
    return eff_interruptible(eff_external(eff_never()));
}
static eff_layer_t *endless_config(void);
EFF_DEFINE_LAYER(endless_config, config, part_t, open_endless, close_part, EFF_NO_NEEDS);

START_TEST(a_shutdown_while_it_is_built_ends_that_too)
{
    struct host h;
    open_managed_host(&h, endless_config());
    ck_assert_int_eq(eff_runtime_fork(h.rt, use_config(), say_end, &h, NULL), 0);
    event_base_loop(h.base, EVLOOP_NONBLOCK);
    ck_assert_uint_eq(eff_runtime_n_fibers(h.rt), 3); /* who asked, and the keepers of the whole and of the part */
    eff_runtime_shutdown(h.rt, note_done, &h.w);
    event_base_dispatch(h.base);
    ck_assert_journal(&h.w, "interrupt done");
    close_host(&h);
}
END_TEST

/* Requests come first, then what they use: children, plain releases, no effects. */
START_TEST(freed_with_its_services_it_gives_up_the_users_first)
{
    struct host h;
    open_managed_host(&h, app());
    eff_t *holds_it = eff_acquire_use_release(acquire(&h.w, "request"), waits_here, release, eff_ptr(&h.w));
    eff_fiber_t *fiber;
    ck_assert_int_eq(eff_runtime_fork(h.rt, holds_it, NULL, NULL, &fiber), 0);
    event_base_dispatch(h.base);
    eff_runtime_free(h.rt);
    h.rt = NULL;
    ck_assert_journal(&h.w, "config+ pool+ request+ request- pool- config-");
    ck_assert_ptr_nonnull(strstr(h.mistake, "waits to release layer pool_live, which has 1 user"));
    eff_fiber_decref(fiber);
    close_host(&h);
}
END_TEST

/* ---- without memory */

static void run_managed(void)
{
    begin();
    eff_t *e = use_pool();
    eff_runtime_t *rt = eff_managed_runtime(NULL, app());
    if (rt) {
        eff_exit_decref(eff_runtime_run(rt, e));
        eff_runtime_shutdown(rt, NULL, NULL);
        eff_runtime_free(rt);
    } else {
        eff_decref(e);
    }
    ck_assert_int_eq(w.acquired, w.released);
}

START_TEST(whatever_allocation_fails_what_was_built_is_released)
{
    fail_every_allocation(run_managed);
}
END_TEST

TESTS(LAYER_027_all_runs_share_what_the_first_one_built,
      LAYER_028_what_runs_ends_with_its_finalizers_before_the_layer_is_released,
      what_a_daemon_uses_is_released_when_it_has_ended,
      a_build_that_fails_is_the_exit_of_who_waited_and_the_next_tries_again,
      a_layer_that_no_run_asked_for_is_never_built, a_grace_is_over_when_all_but_the_layer_has_ended,
      a_release_that_fails_is_a_failure_that_nobody_asked_for, a_managed_runtime_of_no_layer_is_a_mistake,
      on_the_callers_loop_kept_services_neither_hold_it_nor_are_stuck, who_waits_for_ever_beside_kept_services_is_stuck,
      a_shutdown_while_it_is_built_ends_that_too, freed_with_its_services_it_gives_up_the_users_first,
      whatever_allocation_fails_what_was_built_is_released)
