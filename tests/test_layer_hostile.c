/* Layers in the hands of somebody who means them no good: that ask for themselves, with names of any kind, by the
 * thousand, in several threads, put around each other in ways that make little sense. */
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>

#include <effect/managed.h>

#include "support/failing_allocator.h"
#include "support/layers.h"

/* ---- that ask for themselves */

static eff_layer_t *selfish(void);
static eff_t *open_selfish(void)
{
    return eff_then(eff_provide(use_config(), selfish()), open_config());
}
EFF_DEFINE_LAYER(selfish, config, part_t, open_selfish, close_part, EFF_NO_NEEDS);
static eff_t *provides_itself(struct world *w)
{
    world = w;
    return eff_provide(use_config(), selfish());
}
CASE(an_open_that_provides_its_own_layer_is_told, provides_itself, .journal = "",
     .dies = "layers that need each other cannot be built: selfish asks for selfish")

static eff_layer_t *impatient(void);
static eff_t *open_impatient(void)
{
    return eff_then(eff_layer_invalidate(impatient()), open_config());
}
EFF_DEFINE_LAYER(impatient, config, part_t, open_impatient, close_part, EFF_NO_NEEDS);
static eff_t *waits_for_its_own_end(struct world *w)
{
    world = w;
    return eff_provide(use_config(), impatient());
}
CASE(an_open_that_waits_for_its_own_end_is_a_deadlock, waits_for_its_own_end, .journal = "", .dies = "deadlock")

static eff_layer_t *clinging(void);
static eff_t *wait_for_own_end(part_t *p)
{
    assert_open(p);
    return eff_layer_invalidate(clinging());
}
EFF_DEFINE_POLITE_LAYER(clinging, config, part_t, open_config, wait_for_own_end, close_part, EFF_NO_NEEDS);
static eff_t *waits_to_end_its_end(struct world *w)
{
    world = w;
    return eff_provide(use_config(), clinging());
}
CASE(a_goodbye_that_waits_for_its_own_end_is_a_deadlock_and_the_release_comes, waits_to_end_its_end, .dies = "deadlock",
     .journal = "config+ config config-")

/* ---- releases that fail between attempts */

static eff_t *fail_to_leave(part_t *p)
{
    assert_open(p);
    return failing(3);
}
static eff_layer_t *rude(void);
EFF_DEFINE_POLITE_LAYER(rude, config, part_t, open_config, fail_to_leave, close_part, EFF_NO_NEEDS);
static eff_t *die_leaving(part_t *p)
{
    assert_open(p);
    return eff_die(eff_literal("boom"));
}
static eff_layer_t *ruinous(void);
EFF_DEFINE_POLITE_LAYER(ruinous, config, part_t, open_config, die_leaving, close_part, EFF_NO_NEEDS);

static eff_t *retries_with_failing_releases(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_provide(broken_pool(), rude());
    return eff_provide(use_pool(), eff_layer_retry(pool, eff_schedule_recurs(1)));
}
CASE(an_attempt_whose_release_fails_too_is_followed_by_the_next, retries_with_failing_releases,
     .cause = "then(fail(7), fail(3))", .journal = "config+ config- config+ config-")

static eff_t *instead_of_failing_release(struct world *w)
{
    world = w;
    eff_layer_t *other = eff_layer_provide(pool_live(), config_live());
    return eff_provide(use_pool(), eff_layer_or_else(eff_layer_provide(broken_pool(), rude()), other));
}
CASE(the_other_layer_is_built_though_a_release_failed, instead_of_failing_release, .succeeds = "unit",
     .journal = "config+ config- config+ pool+ pool pool- config-")

static eff_t *instead_of_dying_release(struct world *w)
{
    world = w;
    eff_layer_t *other = eff_layer_provide(pool_live(), config_live());
    return eff_provide(use_pool(), eff_layer_or_else(eff_layer_provide(broken_pool(), ruinous()), other));
}
CASE(but_not_when_a_release_died, instead_of_dying_release, .cause = "then(fail(7), die)", .journal = "config+ config-")

/* ---- around each other */

static eff_t *lazily_fresh(struct world *w)
{
    world = w;
    eff_t *both = eff_zip_par(use_config(), use_config());
    return eff_provide(in_order(both, use_config(), say(w, "|")), eff_layer_fresh(eff_layer_lazy(config_live())));
}
CASE(a_lazy_layer_within_a_fresh_one_is_built_once, lazily_fresh, .succeeds = "unit",
     .journal = "config+ config config config | config-")

static eff_t *lazy_choice(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_lazy(eff_layer_or_else(broken_pool(), pool_live()));
    return eff_provide(in_order(say(w, "e"), use_pool(), say(w, "|")),
                       eff_layer_provide(pool, eff_layer_lazy(config_live())));
}
CASE(a_lazy_layer_may_be_built_of_another_one_that_failed, lazy_choice, .succeeds = "unit",
     .journal = "e config+ pool+ pool | pool- config-")

static eff_t *passes_lazily(struct world *w)
{
    world = w;
    eff_layer_t *pool = eff_layer_passthrough(eff_layer_retry(pool_live(), eff_schedule_recurs(2)));
    return eff_provide(in_order(use_config(), use_pool()), eff_layer_provide(pool, eff_layer_lazy(config_live())));
}
CASE(what_is_passed_through_may_be_lazy, passes_lazily, .succeeds = "unit",
     .journal = "config+ pool+ config pool pool- config-")

static eff_t *crowd_of_invalidators(struct world *w)
{
    world = w;
    eff_t *sides[6];
    for (int i = 0; i < 6; i++) {
        eff_t *user = eff_provide(eff_then(use_config(), ms(1)), slow_config());
        sides[i] = i % 2 ? eff_then(ms(i), eff_layer_invalidate(slow_config())) : eff_then(ms(i / 2), user);
        if (i % 2) eff_decref(user);
    }
    return eff_map_to(eff_all_par_at(EFF_SITE, 6, sides), eff_unit);
}
CASE(a_layer_may_be_invalidated_at_any_time, crowd_of_invalidators, .succeeds = "unit")

/* ---- in the background */

START_TEST(what_writes_the_log_in_the_background_has_the_console_of_its_layer)
{
    eff_test_console_t *console = eff_test_console_new();
    eff_layer_t *logger = eff_logger_batched(eff_logger_stderr(eff_log_format_logfmt), NULL);
    eff_layer_t *both = eff_layer_wire(logger, eff_test_console(console));
    eff_exit_t exit = eff_test_run(eff_provide(eff_log_info("%s", "one"), both));
    ck_assert_msg(exit.ok, "%s", shape_of(&exit));
    ck_assert_ptr_nonnull(strstr(eff_test_console_errors(console), "msg=one"));
    eff_exit_decref(exit);
    eff_test_console_decref(console);
}
END_TEST

/* ---- names of any kind */

static const eff_tag_t nameless = { NULL, NULL }, empty_name = { "", NULL },
                       vile = { "a\nb\"c\\d\x01</script>\xff", NULL }, twin = { "twin", NULL },
                       other_twin = { "twin", NULL };
static part_t the_part = { NULL, "part", false };

static eff_value_t make_part(eff_value_t env)
{
    (void)env;
    return eff_ptr(&the_part);
}
static eff_t *open_nothing(void)
{
    return NULL;
}
static const eff_layer_def_t nameless_def = { .size = sizeof nameless_def, .open = open_nothing };

/* A description has one line for each part; the JSON is JSON; in a drawing no name ends the string that it is in. */
static void assert_looks(eff_layer_t *layer, size_t n_lines)
{
    eff_buffer_t text = EFF_BUFFER_INIT, dot = EFF_BUFFER_INIT;
    size_t n = 0;
    eff_layer_describe(layer, &text);
    for (const char *at = eff_buffer_text(&text); *at; at++) {
        ck_assert_msg(*at == '\n' || (*at >= ' ' && *at < 0x7f), "%s", eff_buffer_text(&text));
        n += *at == '\n';
    }
    ck_assert_uint_eq(n, n_lines);
    eff_layer_to_dot(layer, &dot);
    for (const char *line = eff_buffer_text(&dot); *line; line = strchr(line, '\n') + 1) {
        size_t quotes = 0;
        for (const char *at = line; *at != '\n'; at++) {
            if (*at == '\\') at++;
            else quotes += *at == '"';
        }
        ck_assert_msg(quotes % 2 == 0, "%s", eff_buffer_text(&dot));
    }
    json_t *json = eff_layer_to_json(layer);
    char *dumped = json_dumps(json, JSON_ENSURE_ASCII);
    json_t *again = dumped ? json_loads(dumped, 0, NULL) : NULL;
    ck_assert_ptr_nonnull(again);
    json_decref(again);
    failing_json_free(dumped);
    json_decref(json);
    (void)eff_layer_check(layer, EFF_TAGS(&nameless, &vile), &text);
    eff_buffer_done(&text);
    eff_buffer_done(&dot);
}

START_TEST(a_name_may_be_anything)
{
    static const eff_tag_t *const tags[] = { &nameless, &empty_name, &vile, &twin, &other_twin };
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        eff_layer_t *one_of = eff_layer_sync_at("a\n\"b\xff", tags[i], make_part, eff_unit);
        assert_looks(one_of, 1);
        eff_t *needy = eff_provide(one(1), eff_layer_effect_at(NULL, &twin, one(2), EFF_TAGS(tags[i])));
        eff_exit_t exit = eff_test_run(eff_zip(eff_ignore_cause(needy), eff_provide(one(3), one_of)));
        ck_assert_msg(exit.ok, "%s", shape_of(&exit));
        eff_exit_decref(exit);
    }
    ck_assert_dies(eff_provide(one(1), eff_layer_of(&nameless_def)), "layer a nameless layer returned NULL");
}
END_TEST

START_TEST(services_of_one_name_are_two)
{
    eff_layer_t *first = eff_layer_sync_at("app.c:1", &twin, make_part, eff_unit);
    eff_layer_t *second = eff_layer_effect_at("app.c:2", &other_twin, eff_succeed(eff_ptr(&the_part)), EFF_TAGS(&twin));
    eff_layer_t *both = eff_layer_wire(second, first);
    assert_looks(both, 3);
    eff_buffer_t text = EFF_BUFFER_INIT;
    ck_assert_uint_eq(eff_layer_check(both, EFF_TAGS(&other_twin), &text), 0);
    eff_buffer_done(&text);
    ck_assert_succeeds(eff_provide(one(1), both), "1");
}
END_TEST

/* ---- by the thousand */

enum { N_MANY = 1000, N_DEEP = 100000 };
static eff_tag_t many[N_MANY];

static eff_layer_t *upon_the_one_before(size_t i)
{
    eff_t *open = eff_succeed(eff_ptr(&the_part));
    return eff_layer_effect_at("app.c:1", &many[i], open, i ? EFF_TAGS(&many[i - 1]) : NULL);
}
static eff_layer_t *thousand(eff_layer_t *(*combine)(eff_site_t, size_t, eff_layer_t *const *), bool needy)
{
    static eff_layer_t *layers[N_MANY];
    for (size_t i = 0; i < N_MANY; i++) {
        size_t at = N_MANY - 1 - i;
        layers[at] = needy ? upon_the_one_before(i) : eff_layer_sync_at("app.c:2", &many[i], make_part, eff_unit);
    }
    return combine("app.c:3", N_MANY, layers);
}
static eff_layer_t *tower(eff_layer_t *(*combine)(eff_site_t, eff_layer_t *, eff_layer_t *))
{
    eff_layer_t *base = upon_the_one_before(0);
    for (size_t i = 1; i < N_MANY; i++)
        base = combine("app.c:4", upon_the_one_before(i), base);
    return base;
}
static void assert_builds(eff_layer_t *layer)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    ck_assert_uint_eq(eff_layer_check(layer, NULL, &text), 0);
    eff_buffer_done(&text);
    ck_assert_succeeds(eff_provide(one(1), layer), "1");
}
START_TEST(a_thousand_layers_are_built_in_any_order)
{
    assert_builds(thousand(eff_layer_merge_at, false));
    assert_builds(thousand(eff_layer_wire_at, false));
    assert_builds(thousand(eff_layer_wire_at, true));
    assert_builds(tower(eff_layer_provide_at));
}
END_TEST

static void nest_deeply(void)
{
    eff_layer_t *layer = eff_layer_sync_at("app.c:1", &many[0], make_part, eff_unit);
    for (int i = 0; i < N_DEEP; i++) {
        switch (i % 6) {
        case 0: layer = eff_layer_fresh(layer); break;
        case 1: layer = eff_layer_lazy(layer); break;
        case 2: layer = eff_layer_or_die(layer); break;
        case 3: layer = eff_layer_passthrough(layer); break;
        case 4: layer = eff_layer_merge(layer); break;
        default: layer = eff_layer_provide(layer, eff_layer_empty()); break;
        }
    }
    ck_assert_succeeds(eff_provide(one(1), layer), "1");
}
START_TEST(no_nesting_costs_stack)
{
    run_on_small_stack(nest_deeply);
}
END_TEST

/* ---- in several threads */

static eff_t *tap_nothing(const eff_context_t *services, eff_value_t env)
{
    (void)services, (void)env;
    return eff_noop();
}
static eff_layer_t *suspended(eff_value_t layer)
{
    return eff_layer_incref(eff_as_layer(layer));
}
static eff_value_t new_part(eff_value_t env)
{
    return part_box_make((part_t){ NULL, eff_as_string(env), false });
}
static eff_t *read_part(part_t *p, eff_value_t env)
{
    (void)env;
    return eff_succeed(eff_literal(p->name));
}
static void *use_in_thread(void *layer)
{
    for (int i = 0; i < 20; i++) {
        eff_runtime_t *rt = eff_managed_runtime(NULL, eff_layer_incref(layer));
        for (int j = 0; j < 3; j++)
            eff_exit_decref(eff_runtime_run(rt, config_with(read_part, eff_unit)));
        eff_runtime_shutdown(rt, NULL, NULL);
        eff_runtime_free(rt);
        eff_buffer_t text = EFF_BUFFER_INIT;
        eff_layer_describe(layer, &text);
        eff_buffer_done(&text);
        eff_exit_t exit = eff_run(eff_provide(config_with(read_part, eff_unit), eff_layer_incref(layer)));
        if (!exit.ok) return layer;
        eff_exit_decref(exit);
    }
    return NULL;
}
START_TEST(one_layer_serves_the_runtimes_of_several_threads)
{
    eff_layer_t *layer = eff_layer_sync(&config_tag, new_part, eff_literal("config"));
    layer = eff_layer_tap(eff_layer_retry(layer, eff_schedule_recurs(1)), tap_nothing, eff_unit);
    layer = eff_layer_suspend(suspended, eff_layer_value(eff_layer_lazy(layer)));
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_in_thread, layer), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    eff_layer_decref(layer);
}
END_TEST

int main(void)
{
    static char names[N_MANY][8];
    for (int i = 0; i < N_MANY; i++) {
        snprintf(names[i], sizeof names[i], "t%d", i);
        memcpy(&many[i], &(eff_tag_t){ names[i], NULL }, sizeof many[i]);
    }
    const TTest *const tests[] = {
        an_open_that_provides_its_own_layer_is_told,
        an_open_that_waits_for_its_own_end_is_a_deadlock,
        a_goodbye_that_waits_for_its_own_end_is_a_deadlock_and_the_release_comes,
        an_attempt_whose_release_fails_too_is_followed_by_the_next,
        the_other_layer_is_built_though_a_release_failed,
        but_not_when_a_release_died,
        a_lazy_layer_within_a_fresh_one_is_built_once,
        a_lazy_layer_may_be_built_of_another_one_that_failed,
        what_is_passed_through_may_be_lazy,
        a_layer_may_be_invalidated_at_any_time,
        what_writes_the_log_in_the_background_has_the_console_of_its_layer,
        a_name_may_be_anything,
        services_of_one_name_are_two,
        a_thousand_layers_are_built_in_any_order,
        no_nesting_costs_stack,
        one_layer_serves_the_runtimes_of_several_threads,
    };
    return run_tests(__FILE__, tests, sizeof tests / sizeof tests[0]);
}
