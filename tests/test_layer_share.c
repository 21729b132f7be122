/* Sharing: what is one instance, who builds it, and when it is released. */
#include <stdio.h>

#include <effect/random.h>

#include "support/layers.h"

/* ---- mentioned at once, and one after another */

static eff_t *nested(struct world *w)
{
    world = w;
    eff_t *inner = eff_provide(use_config(), config_live());
    return eff_then(eff_provide(eff_then(inner, use_config()), config_live()), say(w, "after"));
}
CASE(a_layer_that_is_there_is_not_built_again, nested, .succeeds = "unit",
     .journal = "config+ config config config- after")

static eff_t *anew(struct world *w)
{
    world = w;
    eff_layer_t *layer = config_live();
    eff_t *first = eff_provide(use_config(), eff_layer_incref(layer));
    return eff_then(first, eff_provide(use_config(), layer));
}
CASE(a_later_mention_builds_anew, anew, .succeeds = "unit", .journal = "config+ config config- config+ config config-")

static eff_t *two_fibers(struct world *w)
{
    world = w;
    eff_t *first = eff_fork(eff_provide(eff_then(use_config(), ms(1)), slow_config()));
    eff_t *second = eff_fork(eff_provide(eff_then(use_config(), ms(5)), slow_config()));
    return in_order(keep(w, 0, first), keep(w, 1, second), with_fiber(w, 0, join), say(w, "|"), with_fiber(w, 1, join));
}
/* B19 */
CASE(B19_two_fibers_share_what_one_of_them_builds, two_fibers, .succeeds = "unit",
     .journal = "config+ config config | config-", .ms = 6, .timed = true)

static eff_t *first_is_interrupted(struct world *w)
{
    world = w;
    eff_t *first = eff_fork(eff_provide(use_config(), slow_config()));
    eff_t *second = eff_fork(eff_provide(use_config(), slow_config()));
    eff_t *both = in_order(keep(w, 0, first), keep(w, 1, second), eff_yield_now(), eff_yield_now());
    return in_order(both, say_interrupt(w, 0), with_fiber(w, 1, join));
}
/* LAYER-030 */
CASE(LAYER_030_who_shares_a_build_is_not_disturbed_when_the_first_is_interrupted, first_is_interrupted,
     .succeeds = "unit", .journal = "interrupt config+ config config-", .ms = 1, .timed = true)

static eff_t *all_are_interrupted(struct world *w)
{
    world = w;
    eff_t *first = eff_fork(eff_provide(use_config(), slow_config()));
    eff_t *second = eff_fork(eff_provide(use_config(), slow_config()));
    eff_t *both = in_order(keep(w, 0, first), keep(w, 1, second), eff_yield_now(), eff_yield_now());
    return in_order(both, say_interrupt(w, 0), say_interrupt(w, 1), say(w, "end"));
}
CASE(a_build_for_which_nobody_waits_any_more_is_interrupted, all_are_interrupted, .succeeds = "unit",
     .journal = "interrupt interrupt end", .ms = 0, .timed = true)

static eff_t *joined_in_that_turn(struct world *w)
{
    world = w;
    eff_t *first = eff_fork(eff_provide(use_config(), slow_config()));
    eff_t *second = eff_provide(use_config(), slow_config());
    eff_t *begun = in_order(keep(w, 0, first), eff_yield_now(), eff_yield_now());
    return in_order(begun, with_fiber(w, 0, interrupt_fork), second, say_await(w, 0));
}
CASE(who_comes_as_the_only_one_leaves_shares_his_build, joined_in_that_turn, .succeeds = "unit",
     .journal = "config+ config config- interrupt")

static eff_t *come_after_the_last(struct world *w)
{
    world = w;
    eff_t *first = eff_fork(eff_provide(use_config(), slow_config()));
    eff_t *second = eff_provide(use_config(), slow_config());
    eff_t *begun = in_order(keep(w, 0, first), eff_yield_now(), eff_yield_now());
    return in_order(begun, with_fiber(w, 0, interrupt_fork), eff_yield_now(), second, say_await(w, 0));
}
CASE(who_comes_after_the_last_has_left_waits_for_the_end_and_builds_anew, come_after_the_last, .succeeds = "unit",
     .journal = "config+ config config- interrupt")

static eff_t *slow_goodbye(part_t *p)
{
    assert_open(p);
    return eff_then(ms(1), say(p->w, "bye"));
}
static eff_layer_t *polite(void);
EFF_DEFINE_POLITE_LAYER(polite, config, part_t, open_config, slow_goodbye, close_part, EFF_NO_NEEDS);

static eff_t *asked_for_while_closing(struct world *w)
{
    world = w;
    eff_t *first = eff_fork(eff_provide(use_config(), polite()));
    eff_t *second = eff_fork(eff_provide(use_config(), polite()));
    eff_t *third = eff_provide(use_config(), polite());
    return in_order(keep(w, 0, first), eff_replicate(eff_yield_now(), 6), keep(w, 1, second), third,
                    with_fiber(w, 0, join), with_fiber(w, 1, join));
}
CASE(what_is_asked_for_while_it_closes_is_built_anew_once, asked_for_while_closing, .succeeds = "unit",
     .journal = "config+ config bye config- config+ config config bye config-", .ms = 2, .timed = true,
     .without = NO_SHUFFLES /* with all three at once, it is built once */)

/* ---- identity */

static eff_t *given_another(struct world *w)
{
    static part_t first, second;
    world = w;
    first = (part_t){ w, "first", false }, second = (part_t){ w, "second", false };
    eff_t *other = config_provide(eff_provide(use_pool(), pool_live()), &second);
    eff_t *same = config_provide(eff_provide(use_pool(), pool_live()), &first);
    eff_t *e = eff_provide(in_order(other, say(w, "|"), same), pool_live());
    return config_provide(e, &first);
}
CASE(a_layer_given_another_service_is_another_instance, given_another, .succeeds = "unit",
     .journal = "pool+ pool+ pool pool- | pool pool-")

static eff_t *given_another_building(struct world *w)
{
    world = w;
    eff_layer_t *base = eff_layer_fresh(config_live());
    eff_layer_t *pool = eff_layer_provide(pool_live(), base);
    eff_t *inner = eff_provide(use_pool(), eff_layer_incref(pool));
    return eff_provide(eff_then(inner, use_pool()), pool);
}
CASE(a_layer_given_another_instance_of_what_it_needs_is_another_instance, given_another_building, .succeeds = "unit",
     .journal = "config+ pool+ config+ pool+ pool pool- config- pool pool- config-")

static part_t same_place;
static void count_release(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 2);
}
static eff_t *open_counting(void)
{
    return eff_then(count(world, 0), eff_succeed(pool_value(&same_place)));
}
static eff_layer_t *counting_pool(void);
EFF_DEFINE_LAYER(counting_pool, pool, part_t, open_counting, NULL, &config_tag);
static eff_value_t place(eff_value_t env)
{
    (void)env;
    same_place = (part_t){ world, "place", false };
    return config_value(&same_place);
}
static eff_t *two_in_one_place(struct world *w)
{
    world = w;
    eff_layer_t *base = eff_layer_fresh(eff_layer_sync(&config_tag, place, eff_unit));
    eff_layer_t *pool = eff_layer_provide(counting_pool(), base);
    return eff_provide(eff_provide(eff_noop(), eff_layer_incref(pool)), pool);
}
/* What the pools are given is the same pointer, but not the same building of a config. */
CASE(two_instances_at_one_address_are_two, two_in_one_place, .succeeds = "unit", .check = count_release)

static eff_value_t get_level(void)
{
    return eff_int(1);
}
static const eff_tag_t level_tag = { "level", get_level };
static eff_t *say_level(eff_value_t context, eff_value_t env)
{
    (void)env;
    char word[16];
    snprintf(word, sizeof word, "level%d", (int)eff_as_int(eff_context_get(eff_as_context(context), &level_tag)));
    journal_add(world, word);
    return open_part("config");
}
static eff_t *open_with_level(void)
{
    return eff_flat_map(eff_context(), say_level, eff_unit);
}
static eff_layer_t *with_level(void);
EFF_DEFINE_LAYER(with_level, config, part_t, open_with_level, close_part, EFF_NO_NEEDS);
static eff_layer_t *needs_level(void);
EFF_DEFINE_LAYER(needs_level, config, part_t, open_with_level, close_part, &level_tag);
static eff_t *default_tags(struct world *w)
{
    world = w;
    eff_t *provided = eff_provide_service_at(EFF_SITE, eff_provide(use_config(), with_level()), &level_tag, eff_int(2));
    eff_t *local = eff_locally(eff_provide(use_config(), with_level()), &level_tag, eff_int(3));
    return eff_provide(in_order(provided, say(w, "|"), local), with_level());
}
CASE(a_default_tag_that_is_not_needed_does_not_count, default_tags, .succeeds = "unit",
     .journal = "level1 config+ config | config config-")
static eff_t *needed_default(struct world *w)
{
    world = w;
    eff_t *inner = eff_provide(use_config(), needs_level());
    return eff_provide(eff_provide_service_at(EFF_SITE, inner, &level_tag, eff_int(2)), needs_level());
}
CASE(a_default_tag_that_is_needed_counts, needed_default, .succeeds = "unit",
     .journal = "level1 config+ level2 config+ config config- config-")
static eff_t *seeded_twice(struct world *w)
{
    eff_layer_t *seeded = eff_random_seeded(42);
    eff_t *inner = eff_provide(eff_random_int(1, 100), eff_layer_incref(seeded));
    return eff_provide(eff_zip(eff_random_int(1, 100), eff_zip(inner, eff_random_int(1, 100))), seeded);
}
CASE(a_layer_of_a_default_tag_is_shared_within_itself, seeded_twice, .succeeds = "(9, (38, 69))")

static part_t numbered;
static eff_t *open_numbered(eff_value_t key)
{
    numbered.w = world;
    return eff_map_to(count(world, (int)(eff_as_int(key) % 2)), config_value(&numbered));
}
static eff_layer_t *config_number(eff_value_t key);
EFF_DEFINE_KEYED_LAYER(config_number, config, part_t, open_numbered, NULL, EFF_NO_NEEDS);
static eff_layer_t *many_numbers(void)
{
    enum { MANY = 20 };
    eff_layer_t *parts[MANY];
    for (int i = 0; i < MANY; i++)
        parts[i] = config_number(eff_int(i));
    return eff_layer_merge_at(EFF_SITE, MANY, parts);
}
static eff_t *many_keys(struct world *w)
{
    world = w;
    return eff_provide(eff_provide(eff_noop(), many_numbers()), many_numbers());
}
static void each_once(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 10);
    ck_assert_int_eq(w->n[1], 10);
}
CASE(however_many_there_are_each_is_found, many_keys, .succeeds = "unit", .check = each_once)

static eff_value_t never_called(eff_value_t error, eff_value_t env)
{
    (void)error, (void)env;
    return eff_unit;
}
static eff_t *error_changed(struct world *w)
{
    world = w;
    eff_layer_t *mapped = eff_layer_or_die(eff_layer_map_error(config_live(), never_called, eff_unit));
    return eff_provide(use_config(), eff_layer_merge(mapped, config_live()));
}
/* LAYER-015 */
CASE(LAYER_015_another_error_of_a_layer_does_not_touch_its_sharing, error_changed, .succeeds = "unit",
     .journal = "config+ config config-")

static eff_t *retried_and_plain(struct world *w)
{
    world = w;
    eff_layer_t *retried = eff_layer_retry(config_live(), eff_schedule_recurs(3));
    eff_layer_t *pool = eff_layer_provide(pool_live(), eff_layer_or_else(retried, config_live()));
    eff_layer_t *users = eff_layer_provide_merge(users_live(), eff_layer_provide(pool_live(), config_live()));
    return eff_provide(eff_then(use_users(), use_pool()), eff_layer_merge(pool, users));
}
CASE(a_layer_within_others_is_the_same_layer, retried_and_plain, .succeeds = "unit",
     .journal = "config+ pool+ users+ users pool users- pool- config-",
     .without = NO_SHUFFLES /* the two ways to it are walked at the same time */)

/* ---- lives */

static eff_t *in_longer_scope(struct world *w)
{
    world = w;
    eff_t *forked = eff_fork_scoped(eff_provide(eff_then(ms(2), use_config()), config_live()));
    eff_t *inner = eff_scoped(eff_provide(use_config(), config_live()));
    return eff_scoped(in_order(keep(w, 0, forked), eff_yield_now(), inner, say(w, "|"), with_fiber(w, 0, join)));
}
CASE(the_last_user_releases_whoever_built_it, in_longer_scope, .succeeds = "unit",
     .journal = "config+ config | config config-")

static eff_t *extend_scope(eff_value_t scope, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_t *build = eff_scope_extend(eff_layer_build(pool_live()), eff_as_scope(scope));
    return eff_then(eff_provide(eff_then(build, use_config()), config_live()), say(w, "|"));
}
static eff_t *into_longer_scope(struct world *w)
{
    world = w;
    return eff_scoped(eff_flat_map(eff_scope_make(EFF_SCOPE_SEQUENTIAL), extend_scope, eff_ptr(w)));
}
CASE(what_is_built_into_a_longer_scope_is_not_given_what_ends_earlier, into_longer_scope,
     .dies = "layer pool_live needs the service config, which is not provided", .journal = "config+ config-")

static eff_t *open_building(void)
{
    eff_t *base = eff_layer_build(config_live());
    return eff_then(base, open_part("pool"));
}
static eff_layer_t *building_pool(void);
EFF_DEFINE_LAYER(building_pool, pool, part_t, open_building, close_part, EFF_NO_NEEDS);
static eff_t *open_builds(struct world *w)
{
    world = w;
    return eff_provide(eff_provide(use_pool(), building_pool()), config_live());
}
CASE(an_open_may_build_layers_itself, open_builds, .succeeds = "unit", .journal = "config+ pool+ pool pool- config-")

static eff_t *in_finalizer(struct world *w)
{
    world = w;
    eff_t *e = eff_ensuring(say(w, "e"), eff_provide(use_config(), slow_config()));
    return eff_then(e, say(w, "end"));
}
CASE(a_finalizer_may_provide_a_layer, in_finalizer, .succeeds = "unit", .journal = "e config+ config config- end")

static eff_layer_t *selfish(void);
static eff_t *goodbye_to_itself(part_t *p)
{
    (void)p;
    return eff_provide(use_config(), selfish());
}
EFF_DEFINE_POLITE_LAYER(selfish, config, part_t, open_config, goodbye_to_itself, close_part, EFF_NO_NEEDS);
static eff_t *needs_itself_to_close(struct world *w)
{
    world = w;
    return eff_provide(use_config(), selfish());
}
CASE(a_goodbye_that_asks_for_its_own_layer_dies_of_it, needs_itself_to_close,
     .dies = "layers that need each other cannot be built: selfish asks for selfish",
     .journal = "config+ config config-")

static eff_t *open_never(void)
{
    return eff_then(eff_interruptible(eff_never()), open_config());
}
static eff_layer_t *never_there(void);
EFF_DEFINE_LAYER(never_there, config, part_t, open_never, close_part, EFF_NO_NEEDS);
static eff_t *gives_up(struct world *w)
{
    world = w;
    return eff_timeout(eff_provide(use_config(), never_there()), eff_millis(3));
}
CASE(a_build_that_never_ends_is_given_up_with_who_waits_for_it, gives_up, .succeeds = "none", .journal = "", .ms = 3,
     .timed = true)

static eff_t *stuck(struct world *w)
{
    world = w;
    return eff_provide(use_config(), eff_layer_provide(never_there(), eff_layer_empty()));
}
static void tells_who_waits(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit->cause, &text);
    const char *const has[] = { "waits for layer never_there to be built", "\"never_there\"", "waits for nothing" };
    for (size_t i = 0; i < sizeof has / sizeof has[0]; i++)
        ck_assert_msg(strstr(eff_buffer_text(&text), has[i]), "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
}
CASE(a_build_that_is_stuck_is_a_deadlock, stuck, .dies = "deadlock", .journal = "", .check = tells_who_waits)

static eff_t *user_stuck(struct world *w)
{
    world = w;
    return eff_provide(eff_then(use_config(), eff_never()), eff_layer_provide_merge(pool_live(), config_live()));
}
static void keepers_are_not_stuck(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit->cause, &text);
    ck_assert_msg(!strstr(eff_buffer_text(&text), "to release"), "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
}
CASE(services_are_there_while_a_deadlock_ends, user_stuck, .dies = "deadlock",
     .journal = "config+ pool+ config pool- config-", .check = keepers_are_not_stuck)

static eff_t *open_masked_never(void)
{
    return eff_then(eff_never(), open_config());
}
static eff_layer_t *masked_never(void);
EFF_DEFINE_LAYER(masked_never, config, part_t, open_masked_never, close_part, EFF_NO_NEEDS);
static eff_t *cannot_give_up(struct world *w)
{
    world = w;
    return eff_timeout(eff_provide(use_config(), masked_never()), eff_millis(3));
}
/* Who leaves waits for the end, which nothing brings about. */
CASE(an_open_that_never_ends_and_is_masked_is_a_deadlock, cannot_give_up, .dies = "deadlock", .journal = "")

static eff_t *build_both(eff_value_t scope, eff_value_t env)
{
    eff_scope_t *s = eff_as_scope(scope);
    eff_t *e = eff_scope_extend(eff_layer_build(eff_layer_provide(pool_live(), polite())), s);
    return in_order(e, say(eff_as_ptr(env), "|"), eff_scope_close(s, eff_exit_succeed(eff_unit)));
}
static eff_t *in_parallel_scope(struct world *w)
{
    world = w;
    return eff_flat_map(eff_scope_make(EFF_SCOPE_PARALLEL), build_both, eff_ptr(w));
}
CASE(a_parallel_scope_releases_layers_one_after_another, in_parallel_scope, .succeeds = "unit",
     .journal = "config+ pool+ | pool- bye config-")

static eff_t *chain_of_handovers(struct world *w)
{
    world = w;
    eff_t *first = eff_fork(eff_provide(after(1, use_config()), polite()));
    eff_t *second = eff_fork(after(1, eff_provide(after(1, use_config()), polite())));
    eff_t *third = eff_fork(after(2, eff_provide(after(1, use_config()), polite())));
    return in_order(keep(w, 0, first), keep(w, 1, second), keep(w, 2, third), with_fiber(w, 0, join),
                    with_fiber(w, 1, join), with_fiber(w, 2, join));
}
static void one_at_a_time(struct world *w)
{
    int n = 0;
    for (const char *at = w->journal; (at = strstr(at, "config")); at += sizeof "config" - 1) {
        if (at[6] == '+') n++;
        if (at[6] == '-') n--;
        ck_assert_msg(n == 0 || n == 1, "%d at once: %s", n, w->journal);
    }
}
CASE(there_is_never_more_than_one_instance_at_a_time, chain_of_handovers, .succeeds = "unit",
     .invariant = one_at_a_time)

static eff_t *many_at_once(eff_value_t i, eff_value_t env)
{
    (void)env;
    eff_layer_t *base = eff_as_int(i) % 2 ? config_live() : eff_layer_or_else(config_live(), slow_config());
    eff_layer_t *pool = eff_layer_provide(pool_live(), base);
    eff_t *use = eff_as_int(i) % 3 ? use_users() : yields(use_users());
    return yields(eff_provide(use, eff_layer_provide(users_live(), pool)));
}
static eff_t *crowd(struct world *w)
{
    world = w;
    return eff_for_each_par_discard(eff_range(0, 12), many_at_once, eff_unit, 5);
}
static void crowd_shares(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_msg(w->acquired < 12 * 3, "%d", w->acquired);
}
CASE(a_crowd_of_users_shares_what_is_there, crowd, .succeeds = "unit", .check = crowd_shares,
     .invariant = one_at_a_time)

/* ---- what a dump shows */

static eff_value_t add_dump(eff_value_t env)
{
    eff_runtime_dump(eff_runtime_current(), eff_as_ptr(env));
    return eff_unit;
}
START_TEST(a_dump_shows_who_keeps_what_for_how_many)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    world = &w;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_t *two = eff_provide(eff_sync(add_dump, eff_ptr(&text)), config_live());
    ck_assert_succeeds(eff_provide(two, config_live()), "unit");
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "\"config_live\""));
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "waits to release layer config_live, which has 2 users"));
    eff_buffer_done(&text);
}
END_TEST

/* ---- two runtimes */

START_TEST(each_runtime_has_its_own_instances)
{
    struct world w = { 0 };
    world = &w;
    eff_runtime_t *first = eff_runtime_new(NULL), *second = eff_runtime_new(NULL);
    eff_layer_t *layer = config_live();
    eff_fiber_t *fiber;
    eff_t *held = eff_provide(eff_then(use_config(), eff_external(eff_never())), eff_layer_incref(layer));
    ck_assert_int_eq(eff_runtime_fork(first, held, NULL, NULL, &fiber), 0);
    eff_exit_decref(eff_runtime_run(first, eff_replicate(eff_yield_now(), 10)));
    eff_exit_decref(eff_runtime_run(second, eff_provide(use_config(), layer)));
    ck_assert_journal(&w, "config+ config config+ config config-");
    eff_runtime_shutdown(first, NULL, NULL);
    ck_assert_journal(&w, "config+ config config+ config config- config-");
    eff_fiber_decref(fiber);
    eff_runtime_free(first);
    eff_runtime_free(second);
}
END_TEST

TESTS(a_layer_that_is_there_is_not_built_again, a_later_mention_builds_anew,
      B19_two_fibers_share_what_one_of_them_builds,
      LAYER_030_who_shares_a_build_is_not_disturbed_when_the_first_is_interrupted,
      a_build_for_which_nobody_waits_any_more_is_interrupted, who_comes_as_the_only_one_leaves_shares_his_build,
      who_comes_after_the_last_has_left_waits_for_the_end_and_builds_anew,
      what_is_asked_for_while_it_closes_is_built_anew_once, a_layer_given_another_service_is_another_instance,
      a_layer_given_another_instance_of_what_it_needs_is_another_instance, two_instances_at_one_address_are_two,
      a_default_tag_that_is_not_needed_does_not_count, a_default_tag_that_is_needed_counts,
      a_layer_of_a_default_tag_is_shared_within_itself, however_many_there_are_each_is_found,
      LAYER_015_another_error_of_a_layer_does_not_touch_its_sharing, a_layer_within_others_is_the_same_layer,
      the_last_user_releases_whoever_built_it, what_is_built_into_a_longer_scope_is_not_given_what_ends_earlier,
      an_open_may_build_layers_itself, a_finalizer_may_provide_a_layer,
      a_goodbye_that_asks_for_its_own_layer_dies_of_it, a_build_that_never_ends_is_given_up_with_who_waits_for_it,
      an_open_that_never_ends_and_is_masked_is_a_deadlock, a_parallel_scope_releases_layers_one_after_another,
      there_is_never_more_than_one_instance_at_a_time, a_crowd_of_users_shares_what_is_there,
      a_dump_shows_who_keeps_what_for_how_many, a_build_that_is_stuck_is_a_deadlock,
      services_are_there_while_a_deadlock_ends, each_runtime_has_its_own_instances)
