/* Interrupting who waits for a layer: he gives it up, and a build that nobody wants any more is stopped before he ends. */
#include "support/failing_allocator.h"
#include "support/layers.h"

/* ---- layers that are never built, and take a while to be stopped, if asked to */

static eff_t *stopping(eff_t *how)
{
    return eff_then(eff_ensuring(eff_interruptible(eff_never()), how), open_config());
}
static eff_t *open_stuck(void)
{
    return stopping(say(world, "stopped"));
}
static eff_layer_t *stuck(void);
EFF_DEFINE_LAYER(stuck, config, part_t, open_stuck, close_part, EFF_NO_NEEDS);

static eff_t *open_stubborn(void)
{
    return stopping(eff_then(ms(2), say(world, "stopped")));
}
static eff_layer_t *stubborn(void);
EFF_DEFINE_LAYER(stubborn, config, part_t, open_stubborn, close_part, EFF_NO_NEEDS);

/* Upon config, whose building and release are seen around it. */
static eff_t *wait_upon(part_t *base, eff_value_t env)
{
    (void)env;
    eff_t *stop = in_order(ms(2), use_part(base, eff_unit), say(world, "stopped"));
    return eff_then(eff_ensuring(eff_interruptible(eff_never()), stop), open_part("pool"));
}
static eff_t *open_stubborn_pool(void)
{
    return config_with(wait_upon, eff_unit);
}
static eff_layer_t *stubborn_pool(void);
EFF_DEFINE_LAYER(stubborn_pool, pool, part_t, open_stubborn_pool, close_part, &config_tag);

static eff_t *open_never(void)
{
    return eff_then(eff_interruptible(eff_never()), open_config());
}
static eff_layer_t *never_there(void);
EFF_DEFINE_LAYER(never_there, config, part_t, open_never, close_part, EFF_NO_NEEDS);
static eff_t *open_slow_orders(void)
{
    return eff_then(eff_interruptible(ms(1)), open_part("orders"));
}
static eff_layer_t *slow_orders(void);
EFF_DEFINE_LAYER(slow_orders, orders, part_t, open_slow_orders, close_part, EFF_NO_NEEDS);

/* Builds it into the scope around, for so long at most. */
static eff_t *build_within(eff_layer_t *layer, int64_t n)
{
    return eff_ignore(eff_timeout(eff_layer_build(layer), eff_millis(n)));
}

/* ---- one waits */

static eff_t *in_a_longer_scope(struct world *w)
{
    world = w;
    return eff_scoped(in_order(build_within(stuck(), 3), say_time(w, "|"), ms(2), say_time(w, "end")));
}
CASE(a_build_that_its_only_requester_gives_up_is_stopped, in_a_longer_scope, .succeeds = "unit",
     .journal = "stopped |@3 end@5")

static eff_t *takes_its_time(struct world *w)
{
    world = w;
    return eff_scoped(in_order(build_within(stubborn(), 3), say_time(w, "|"), ms(2), say_time(w, "end")));
}
CASE(who_gives_up_the_last_request_waits_until_the_build_has_stopped, takes_its_time, .succeeds = "unit",
     .journal = "stopped |@5 end@7")

static eff_t *provided(struct world *w)
{
    world = w;
    return eff_then(eff_timeout(eff_provide(use_config(), stubborn()), eff_millis(3)), say_time(w, "|"));
}
CASE(so_does_who_provides_it, provided, .succeeds = "unit", .journal = "stopped |@5")

static eff_t *asks_lazily(struct world *w)
{
    world = w;
    eff_t *ask = eff_ignore(eff_timeout(use_config(), eff_millis(3)));
    eff_t *e = in_order(ask, say_time(w, "|"), ms(1), eff_incref(ask), say_time(w, "end"));
    return eff_provide(e, eff_layer_lazy(stubborn()));
}
CASE(so_does_who_asks_for_a_lazy_service_and_may_ask_again, asks_lazily, .succeeds = "unit",
     .journal = "stopped |@5 stopped end@11")

static eff_t *builds_memoized(eff_value_t layer, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *e = build_within(eff_layer_incref(eff_as_layer(layer)), 3);
    eff_t *again = build_within(eff_layer_incref(eff_as_layer(layer)), 3);
    return in_order(e, say_time(w, "|"), again, say_time(w, "end"));
}
static eff_t *memoized(struct world *w)
{
    world = w;
    return eff_scoped(eff_flat_map(eff_layer_memoize(stubborn()), builds_memoized, eff_ptr(w)));
}
CASE(a_memoized_layer_is_not_kept_while_it_is_not_built, memoized, .succeeds = "unit",
     .journal = "stopped |@5 stopped end@10")

static eff_t *composed(struct world *w)
{
    world = w;
    eff_layer_t *inner = eff_layer_or_else(eff_layer_retry(stubborn(), eff_schedule_recurs(3)), config_live());
    eff_t *e = build_within(eff_layer_merge(inner, eff_layer_empty()), 3);
    return eff_scoped(in_order(e, say_time(w, "|"), ms(2), say_time(w, "end")));
}
CASE(a_layer_within_others_is_stopped_with_them, composed, .succeeds = "unit", .journal = "stopped |@5 end@7")

static eff_t *masked(struct world *w)
{
    world = w;
    eff_t *build = eff_ignore(eff_uninterruptible(eff_layer_build(slow_config())));
    eff_t *forked = eff_fork(eff_scoped(eff_then(build, say(w, "not-reached"))));
    return in_order(keep(w, 0, forked), eff_yield_now(), eff_yield_now(), say_interrupt(w, 0));
}
CASE(who_waits_masked_waits_until_it_is_built, masked, .succeeds = "unit", .journal = "config+ config- interrupt")

static eff_t *in_time(struct world *w)
{
    world = w;
    eff_t *both = in_order(build_within(slow_config(), 1), say(w, "|"), eff_yield_now());
    return eff_then(eff_scoped(both), say(w, "end"));
}
static void all_or_nothing(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    bool built = strcmp(w->journal, "config+ | config- end") == 0;
    bool given_up = strcmp(w->journal, "config+ config- | end") == 0 || strcmp(w->journal, "| end") == 0;
    ck_assert_msg(built || given_up, "%s", w->journal);
}
/* Whichever of the two timers is first. */
CASE(what_is_built_at_the_last_moment_is_kept_or_released, in_time, .succeeds = "unit", .check = all_or_nothing)

static eff_t *woken_and_interrupted(struct world *w)
{
    world = w;
    eff_t *opened = eff_fork(eff_scoped(eff_then(eff_layer_build(slow_config()), say(w, "not-reached"))));
    eff_t *e = in_order(keep(w, 0, opened), eff_yield_now(), ms(1));
    return in_order(e, eff_yield_now(), say_interrupt(w, 0));
}
/* The build ends in the turn of this fiber. */
CASE(what_was_built_for_who_is_interrupted_before_he_hears_of_it_is_released, woken_and_interrupted, .succeeds = "unit",
     .journal = "config+ config- interrupt")

/* ---- others wait, too */

static eff_t *others_wait(struct world *w)
{
    world = w;
    eff_t *first = build_within(slow_config(), 0), *second = eff_layer_build(slow_config());
    eff_t *both = eff_zip_par(eff_then(first, say(w, "first")), eff_then(second, say(w, "second")));
    return eff_scoped(in_order(eff_ignore(both), say_time(w, "end")));
}
CASE(a_build_that_another_one_waits_for_goes_on, others_wait, .succeeds = "unit",
     .journal = "first config+ second end@1 config-")

static eff_t *all_give_up(struct world *w)
{
    world = w;
    eff_t *first = eff_then(build_within(stubborn(), 1), say_time(w, "first"));
    eff_t *second = eff_then(build_within(stubborn(), 2), say_time(w, "second"));
    return eff_scoped(in_order(eff_ignore(eff_zip_par(first, second)), say_time(w, "end")));
}
CASE(the_last_who_gives_up_stops_it, all_give_up, .succeeds = "unit", .journal = "first@1 stopped second@4 end@4")

static eff_t *another_key(eff_value_t key)
{
    return eff_as_int(key) == 1 ? open_stubborn() : open_config();
}
static eff_layer_t *config_at(eff_value_t key);
EFF_DEFINE_KEYED_LAYER(config_at, config, part_t, another_key, close_part, EFF_NO_NEEDS);
static eff_t *keyed(struct world *w)
{
    world = w;
    eff_t *e = in_order(build_within(config_at(eff_int(1)), 1), say_time(w, "|"), use_config());
    return eff_then(eff_provide(eff_scoped(e), config_at(eff_int(2))), say(w, "end"));
}
CASE(that_of_another_key_goes_on, keyed, .succeeds = "unit", .journal = "config+ stopped |@3 config config- end")

static eff_t *asks_anew(struct world *w)
{
    world = w;
    eff_t *first = eff_then(build_within(stubborn(), 1), say_time(w, "first"));
    eff_t *second = after(2, eff_then(build_within(stubborn(), 5), say_time(w, "second")));
    return eff_scoped(in_order(eff_ignore(eff_zip_par(first, second)), say_time(w, "end")));
}
CASE(who_asks_while_it_is_being_stopped_waits_for_that_and_builds_anew, asks_anew, .succeeds = "unit",
     .journal = "stopped first@3 stopped second@9 end@9")

static eff_t *heir_gives_up(struct world *w)
{
    world = w;
    eff_t *first = eff_then(build_within(stubborn(), 1), say_time(w, "first"));
    eff_t *second = after(2, eff_then(build_within(stubborn(), 0), say_time(w, "second")));
    return eff_scoped(in_order(eff_ignore(eff_zip_par(first, second)), say_time(w, "end")));
}
CASE(who_waits_for_its_end_may_give_up_too, heir_gives_up, .succeeds = "unit",
     .journal = "second@2 stopped first@3 end@3")

/* ---- what the build was given outlives it */

static eff_t *build_in(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_scope_t *s = eff_as_scope(scope);
    eff_layer_t *layer = eff_layer_provide(stubborn_pool(), config_live());
    eff_t *build = eff_scope_extend(build_within(layer, 1), s);
    eff_t *close = after(2, eff_scope_close(s, eff_exit_succeed(eff_unit)));
    eff_t *both = eff_zip_par(eff_then(build, say_time(w, "given-up")), eff_then(close, say_time(w, "closed")));
    return eff_ignore(both);
}
static eff_t *closed_while_stopping(struct world *w)
{
    world = w;
    return eff_flat_map(eff_scope_make(EFF_SCOPE_SEQUENTIAL), build_in, eff_ptr(w));
}
CASE(a_scope_that_closes_meanwhile_waits_before_it_releases_the_base, closed_while_stopping, .succeeds = "unit",
     .journal = "config+ config stopped given-up@3 config- closed@3")

/* ---- several layers, all or nothing */

static eff_t *wait_quietly(part_t *base, eff_value_t env)
{
    (void)env;
    assert_open(base);
    return eff_then(eff_interruptible(eff_never()), open_part("pool"));
}
static eff_t *open_never_pool(void)
{
    return config_with(wait_quietly, eff_unit);
}
static eff_layer_t *never_pool(void);
EFF_DEFINE_LAYER(never_pool, pool, part_t, open_never_pool, close_part, &config_tag);
static eff_layer_t *half_there(void)
{
    return eff_layer_provide_merge(never_pool(), config_live());
}
static eff_t *half_built(struct world *w)
{
    world = w;
    return eff_scoped(in_order(build_within(half_there(), 1), say_time(w, "|"), ms(1), say_time(w, "end")));
}
CASE(what_was_built_for_a_request_that_is_given_up_is_released, half_built, .succeeds = "unit",
     .journal = "config+ config- |@1 end@2")

static eff_t *half_failed(struct world *w)
{
    world = w;
    eff_t *build = eff_map_to(eff_layer_build(eff_layer_wire(broken_pool(), config_live())), eff_unit);
    return eff_scoped(in_order(say_exit(w, build), say(w, "|")));
}
CASE(what_was_built_for_a_request_that_fails_is_released, half_failed, .succeeds = "unit",
     .journal = "config+ config- fail:7 |")

static eff_t *half_held(struct world *w)
{
    world = w;
    eff_t *e = in_order(eff_ignore(eff_layer_build(config_live())), build_within(half_there(), 1), say(w, "|"));
    return eff_then(eff_scoped(e), say(w, "end"));
}
CASE(what_others_hold_is_not_released_with_it, half_held, .succeeds = "unit", .journal = "config+ | config- end")

static eff_t *half_lazy(struct world *w)
{
    world = w;
    eff_t *ask = eff_ignore(eff_timeout(use_pool(), eff_millis(1)));
    eff_t *e = in_order(ask, say_time(w, "|"), use_config(), say(w, "end"));
    return eff_provide(e, eff_layer_lazy(half_there()));
}
/* And each of its services is a request for all of it. */
CASE(a_lazy_layer_is_built_as_a_whole, half_lazy, .dies = "deadlock", .journal = "config+ config- |@1 config+ config-")

static eff_t *dies_at_the_end(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    release(resource, NULL, eff_ptr(world));
    return dying();
}
static eff_t *open_rude(void)
{
    eff_t *open = eff_acquire_release_effect(acquire(world, "rude"), dies_at_the_end, eff_unit);
    return eff_then(open, open_part("users"));
}
static eff_layer_t *rude(void);
EFF_DEFINE_LAYER(rude, users, part_t, open_rude, close_part, EFF_NO_NEEDS);
static eff_t *open_failing_late(void)
{
    return eff_then(eff_interruptible(ms(2)), failing(7));
}
static eff_layer_t *failing_late(void);
EFF_DEFINE_LAYER(failing_late, config, part_t, open_failing_late, close_part, EFF_NO_NEEDS);
static eff_t *fails_to_close(struct world *w)
{
    world = w;
    eff_layer_t *layer = eff_layer_merge(eff_layer_merge(slow_orders(), rude()), failing_late());
    eff_t *build = eff_map_to(eff_layer_build(layer), eff_unit);
    return eff_scoped(in_order(say_exit(w, build), say(w, "|")));
}
CASE(one_that_fails_to_be_released_does_not_keep_the_others, fails_to_close, .succeeds = "unit",
     .journal = "rude+ users+ orders+ users- rude- orders- then(fail:7,die) |",
     .without = ANY_EXIT /* what finds no memory to be released then is released by the scope, which fails */)

/* ---- failures */

static eff_t *open_failing_stop(void)
{
    return stopping(dying());
}
static eff_layer_t *failing_stop(void);
EFF_DEFINE_LAYER(failing_stop, config, part_t, open_failing_stop, close_part, EFF_NO_NEEDS);
static eff_t *stop_fails(struct world *w)
{
    world = w;
    eff_t *forked = eff_fork(eff_scoped(eff_ignore(eff_layer_build(failing_stop()))));
    return in_order(keep(w, 0, forked), eff_yield_now(), eff_yield_now(), say_interrupt(w, 0));
}
CASE(what_fails_as_the_build_is_stopped_is_told, stop_fails, .succeeds = "unit",
     .journal = "then(interrupt,then(interrupt,die))")

/* ---- many at once, into one scope */

static eff_t *impatient(eff_value_t i, eff_value_t env)
{
    (void)env;
    int64_t n = eff_as_int(i);
    eff_layer_t *base = n % 2 ? slow_config() : eff_layer_or_else(slow_config(), config_live());
    eff_layer_t *layer = n % 3 ? eff_layer_provide_merge(pool_live(), base) : base;
    eff_t *build = build_within(n % 5 ? layer : eff_layer_lazy(layer), n % 4);
    return n % 4 == 3 ? yields(build) : build;
}
static eff_t *impatient_crowd(struct world *w)
{
    world = w;
    return eff_scoped(eff_for_each_par_discard(eff_range(0, 12), impatient, eff_unit, 5));
}
static void one_at_a_time(struct world *w)
{
    int n = 0;
    for (const char *at = w->journal; (at = strstr(at, "config")); at += sizeof "config" - 1) {
        if (at[6] == '+') n++;
        if (at[6] == '-') n--;
        ck_assert_msg(n == 0 || n == 1, "%d at once: %s", n, w->journal);
    }
    ck_assert_msg(n == 0, "%s", w->journal);
}
CASE(a_crowd_that_gives_up_at_all_times_leaves_all_released, impatient_crowd, .succeeds = "unit",
     .invariant = one_at_a_time)

/* ---- a scope that lasts */

static eff_value_t note_blocks(eff_value_t env)
{
    world->n[eff_as_int(env)] = blocks_live;
    return eff_unit;
}
/* Does it once, and a thousand times more: the second time nothing is added. */
static void leaves_nothing(eff_t *(*attempt)(void))
{
    static struct world w;
    memset(&w, 0, sizeof w);
    world = &w;
    eff_t *first = eff_sync(note_blocks, eff_int(0)), *last = eff_sync(note_blocks, eff_int(1));
    eff_t *e = in_order(attempt(), first, eff_replicate(attempt(), 1000), last);
    ck_assert_succeeds(eff_scoped(e), "unit");
    ck_assert_int_le(w.n[1], w.n[0] + 4);
}
static eff_t *one_times_out(void)
{
    return build_within(never_there(), 1);
}
START_TEST(requests_that_time_out_leave_nothing_in_a_scope_that_lasts)
{
    leaves_nothing(one_times_out);
}
END_TEST

static eff_t *one_is_half_built(void)
{
    return build_within(eff_layer_merge(half_there(), eff_layer_lazy(users_live())), 1);
}
START_TEST(those_of_several_layers_leave_nothing_either)
{
    leaves_nothing(one_is_half_built);
}
END_TEST

/* ---- for want of memory one is not given up, and its build fails while others are released */

static eff_t *open_doomed_pool(void)
{
    return eff_then(ms(3), failing(5));
}
static eff_layer_t *doomed_pool(void);
EFF_DEFINE_LAYER(doomed_pool, pool, part_t, open_doomed_pool, close_part, &config_tag);
static eff_t *open_doomed_users(void)
{
    return eff_then(ms(2), failing(6));
}
static eff_layer_t *doomed_users(void);
EFF_DEFINE_LAYER(doomed_users, users, part_t, open_doomed_users, close_part, EFF_NO_NEEDS);
static eff_t *leave_slowly(part_t *p)
{
    assert_open(p);
    return ms(2);
}
static eff_layer_t *leaving_slowly(void);
EFF_DEFINE_POLITE_LAYER(leaving_slowly, orders, part_t, open_slow_orders, leave_slowly, close_part, EFF_NO_NEEDS);

static eff_t *fails_upon_a_lazy_layer(struct world *w)
{
    world = w;
    eff_layer_t *late = eff_layer_provide(doomed_pool(), eff_layer_lazy(config_live()));
    eff_t *build = eff_map_to(eff_layer_build(eff_layer_merge(late, leaving_slowly(), doomed_users())), eff_unit);
    return eff_then(eff_ignore(build), say(w, "|"));
}
CASE(with_the_last_use_of_a_lazy_layer_its_place_goes, fails_upon_a_lazy_layer, .succeeds = "unit",
     .journal = "orders+ orders- |", .ms = 5, .timed = true)

/* Who asks again and again is within what it is provided to. */
static eff_t *ask_lazily(void)
{
    return eff_ignore(eff_timeout(use_pool(), eff_millis(1)));
}
START_TEST(nor_does_asking_for_a_lazy_service)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    world = &w;
    eff_t *first = eff_sync(note_blocks, eff_int(0)), *last = eff_sync(note_blocks, eff_int(1));
    eff_t *e = in_order(ask_lazily(), first, eff_replicate(ask_lazily(), 1000), last);
    eff_layer_t *layer = eff_layer_merge(half_there(), eff_layer_lazy(eff_layer_lazy(users_live())));
    ck_assert_succeeds(eff_provide(e, eff_layer_lazy(layer)), "unit");
    ck_assert_int_le(w.n[1], w.n[0] + 4);
}
END_TEST

TESTS(a_build_that_its_only_requester_gives_up_is_stopped,
      who_gives_up_the_last_request_waits_until_the_build_has_stopped, so_does_who_provides_it,
      so_does_who_asks_for_a_lazy_service_and_may_ask_again, a_memoized_layer_is_not_kept_while_it_is_not_built,
      a_layer_within_others_is_stopped_with_them, who_waits_masked_waits_until_it_is_built,
      what_is_built_at_the_last_moment_is_kept_or_released,
      what_was_built_for_who_is_interrupted_before_he_hears_of_it_is_released,
      a_build_that_another_one_waits_for_goes_on, the_last_who_gives_up_stops_it, that_of_another_key_goes_on,
      who_asks_while_it_is_being_stopped_waits_for_that_and_builds_anew, who_waits_for_its_end_may_give_up_too,
      a_scope_that_closes_meanwhile_waits_before_it_releases_the_base, what_fails_as_the_build_is_stopped_is_told,
      requests_that_time_out_leave_nothing_in_a_scope_that_lasts,
      what_was_built_for_a_request_that_is_given_up_is_released, what_was_built_for_a_request_that_fails_is_released,
      what_others_hold_is_not_released_with_it, a_lazy_layer_is_built_as_a_whole,
      one_that_fails_to_be_released_does_not_keep_the_others, those_of_several_layers_leave_nothing_either,
      nor_does_asking_for_a_lazy_service, with_the_last_use_of_a_lazy_layer_its_place_goes,
      a_crowd_that_gives_up_at_all_times_leaves_all_released)
