/* Services and layers: asking, providing, building, releasing; conformance area LAYER as far as it is built, and
 * eff_locally. */
#include <stdio.h>

#include "support/fibers.h"

/* ---- two services: a greeter that says words, and a store that may need one */

typedef struct greeter {
    struct world *w;
    const char *word;
} greeter_t;
EFF_DECLARE_SERVICE(greeter, greeter_t);
EFF_DEFINE_SERVICE(greeter, greeter_t);

typedef struct store {
    greeter_t *greeter;
    int64_t n;
} store_t;
EFF_DECLARE_SERVICE(store, store_t);
EFF_DEFINE_SERVICE(store, store_t);
static void store_drop(store_t *s)
{
    if (s->greeter) journal_add(s->greeter->w, "dropped");
}
EFF_STATIC_TYPE(store_box, store_t, .drop = store_drop);

static eff_t *greet(greeter_t *g, eff_value_t env)
{
    (void)env;
    return say(g->w, g->word);
}
static eff_t *number(store_t *s, eff_value_t env)
{
    return eff_succeed(eff_int(s->n + eff_as_int(env)));
}

/* Layers have static descriptors, and their opens no arguments: they find the world here. */
static struct world *world;

/* ---- asking and providing */

static eff_t *asks(struct world *w)
{
    static greeter_t greeter;
    greeter = (greeter_t){ w, "hello" };
    return greeter_provide(greeter_with(greet, eff_unit), &greeter);
}
CASE(a_service_is_found_where_it_is_provided, asks, .succeeds = "unit", .journal = "hello")

static eff_t *owned(struct world *w)
{
    static greeter_t greeter;
    greeter = (greeter_t){ .w = w };
    eff_t *e = eff_then(eff_yield_now(), store_with(number, eff_int(2)));
    e = store_provide_value(e, store_box_make((store_t){ .greeter = &greeter, .n = 40 }));
    return eff_then(eff_zip_par(eff_incref(e), e), say(w, "after"));
}
CASE(a_service_may_be_a_value_that_the_effect_owns, owned, .succeeds = "unit", .journal = "dropped after")

static eff_t *missing(struct world *w)
{
    (void)w;
    return store_with(number, eff_string("dropped"));
}
CASE(a_missing_service_is_a_defect_that_names_it, missing, .dies = "store")

static eff_t *missing_sited(struct world *w)
{
    (void)w;
    return store_with_at("lookup (a.c:7)", number, eff_unit);
}
static void names_site(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    eff_buffer_t text = EFF_BUFFER_INIT;
    ck_assert(!exit->ok);
    eff_cause_format(exit->cause, &text);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "lookup (a.c:7)"));
    eff_buffer_done(&text);
}
CASE(a_missing_service_names_the_site_that_asked, missing_sited, .dies = "store", .check = names_site)

static eff_t *inner_wins(struct world *w)
{
    (void)w;
    static store_t outer = { .n = 10 }, inner = { .n = 20 };
    eff_t *both = eff_zip(store_provide(store_with(number, eff_int(0)), &inner), store_with(number, eff_int(0)));
    return store_provide(both, &outer);
}
CASE(the_inner_provide_wins_and_ends_with_its_effect, inner_wins, .succeeds = "(20, 10)")

static eff_t *inherited(struct world *w)
{
    static store_t store = { .n = 7 };
    eff_t *forked = eff_then(keep(w, 0, eff_fork(store_with(number, eff_int(1)))), with_fiber(w, 0, join));
    return store_provide(eff_zip_par(forked, eff_race(store_with(number, eff_int(2)), eff_never())), &store);
}
CASE(children_and_sides_inherit_services, inherited, .succeeds = "(8, 9)")

static eff_t *is_a_region(struct world *w)
{
    static store_t store = { .n = 7 };
    eff_t *child = eff_ensuring(eff_never(), eff_then(store_with(number, eff_int(0)), say(w, "child")));
    return eff_then(store_provide(eff_then(eff_fork(child), eff_yield_now()), &store), say(w, "after"));
}
CASE(what_is_forked_inside_provide_ends_before_the_service_does, is_a_region, .succeeds = "unit",
     .journal = "child after")

static eff_t *daemon_root_context(struct world *w)
{
    static store_t store = { .n = 7 };
    eff_t *daemon = eff_fork_daemon(store_with(number, eff_int(0)));
    return store_provide(eff_then(keep(w, 0, daemon), with_fiber(w, 0, join)), &store);
}
CASE(a_daemon_starts_with_the_root_context, daemon_root_context, .dies = "store")

static eff_t *use_null(struct world *w)
{
    (void)w;
    return store_with(NULL, eff_string("dropped"));
}
CASE(asking_with_no_callback_is_a_mistake, use_null, .dies = "the callback of store_with is NULL")

static eff_t *give_null(store_t *s, eff_value_t env)
{
    (void)s, (void)env;
    return NULL;
}
static eff_t *returns_null(struct world *w)
{
    static store_t store;
    (void)w;
    return store_provide(store_with(give_null, eff_unit), &store);
}
CASE(a_use_that_returns_null_is_a_mistake, returns_null, .dies = "returned NULL")

static eff_value_t read_directly(eff_value_t context, eff_value_t env)
{
    (void)env;
    store_t *store = store_from(eff_as_context(context));
    greeter_t *greeter = greeter_from(eff_as_context(context));
    return eff_pair(eff_int(store->n), eff_bool(greeter == NULL));
}
static eff_t *from_context(struct world *w)
{
    static store_t store = { .n = 3 };
    (void)w;
    return store_provide(eff_map(eff_context(), read_directly, eff_unit), &store);
}
CASE(a_context_can_be_read_directly, from_context, .succeeds = "(3, true)")

/* ---- locally */

static eff_value_t default_level(void)
{
    return eff_int(1);
}
static const eff_tag_t level_tag = { "level", default_level };
static eff_value_t level_of(eff_value_t context, eff_value_t env)
{
    (void)env;
    return eff_value_incref(eff_context_get(eff_as_context(context), &level_tag));
}
static eff_t *level(void)
{
    return eff_map(eff_context(), level_of, eff_unit);
}
static eff_t *local_level(struct world *w)
{
    (void)w;
    eff_t *inside =
        eff_locally(eff_zip_par(level(), eff_locally(level(), &level_tag, eff_int(3))), &level_tag, eff_int(2));
    return eff_zip(level(), eff_zip(inside, level()));
}
CASE(locally_overrides_a_default_for_its_effect_only, local_level, .succeeds = "(1, ((2, 3), 1))")

static eff_t *local_failure(struct world *w)
{
    (void)w;
    return eff_zip(eff_ignore(eff_locally(failing(1), &level_tag, eff_string("owned"))), level());
}
CASE(locally_ends_with_a_failure_too, local_failure, .succeeds = "(unit, 1)")

/* ---- layers. Each says "name+" when it opens and "name-" when it closes. */

static greeter_t live_greeter;
static store_t live_store;

static eff_value_t greeter_ready(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    live_greeter = (greeter_t){ world, "hello" };
    return greeter_value(&live_greeter);
}
static eff_t *open_greeter(void)
{
    return eff_map(acquire(world, "greeter"), greeter_ready, eff_unit);
}
static void close_greeter(greeter_t *g)
{
    release(eff_literal("greeter"), NULL, eff_ptr(g->w));
}
EFF_MUST_USE static eff_layer_t *greeter_live(void);
EFF_DEFINE_LAYER(greeter_live, greeter, greeter_t, open_greeter, close_greeter, EFF_NO_NEEDS);

static eff_t *store_ready(greeter_t *g, eff_value_t env)
{
    (void)env;
    live_store = (store_t){ .greeter = g, .n = 40 };
    return eff_map_to(acquire(g->w, "store"), store_value(&live_store));
}
static eff_t *open_store(void)
{
    return greeter_with(store_ready, eff_unit);
}
static void close_store(store_t *s)
{
    release(eff_literal("store"), NULL, eff_ptr(s->greeter->w));
}
EFF_MUST_USE static eff_layer_t *store_live(void);
EFF_DEFINE_LAYER(store_live, store, store_t, open_store, close_store, &greeter_tag);

static eff_t *open_failing(void)
{
    return failing(7);
}
EFF_MUST_USE static eff_layer_t *store_failing(void);
EFF_DEFINE_LAYER(store_failing, store, store_t, open_failing, close_store, &greeter_tag);

static eff_t *open_null(void)
{
    return NULL;
}
EFF_MUST_USE static eff_layer_t *store_null(void);
EFF_DEFINE_LAYER(store_null, store, store_t, open_null, NULL, EFF_NO_NEEDS);

static eff_t *use_both(void)
{
    return eff_then(greeter_with(greet, eff_unit), store_with(number, eff_int(2)));
}

static eff_t *one_layer(struct world *w)
{
    world = w;
    return eff_then(eff_provide(greeter_with(greet, eff_unit), greeter_live()), say(w, "after"));
}
CASE(a_layer_is_built_used_and_released, one_layer, .succeeds = "unit", .journal = "greeter+ hello greeter- after")

static eff_t *two_layers(struct world *w)
{
    world = w;
    return eff_provide(use_both(), eff_layer_provide_merge(store_live(), greeter_live()));
}
/* LAYER-006 */
CASE(LAYER_006_layers_are_built_in_order_and_released_in_reverse, two_layers, .succeeds = "42",
     .journal = "greeter+ store+ hello store- greeter-")

/* A third service, which is its store's number doubled. */
typedef struct audit {
    int64_t n;
} audit_t;
EFF_DECLARE_SERVICE(audit, audit_t);
EFF_DEFINE_SERVICE(audit, audit_t);
static audit_t live_audit;
static eff_t *audit_ready(store_t *s, eff_value_t env)
{
    live_audit = (audit_t){ .n = s->n * 2 };
    return eff_map_to(acquire(s->greeter->w, "audit"), audit_value(&live_audit));
}
static eff_t *open_audit(void)
{
    return store_with(audit_ready, eff_unit);
}
static void close_audit(audit_t *a)
{
    release(eff_literal("audit"), NULL, eff_ptr(world));
}
EFF_MUST_USE static eff_layer_t *audit_live(void);
EFF_DEFINE_LAYER(audit_live, audit, audit_t, open_audit, close_audit, &store_tag, &greeter_tag);

static eff_t *audited(audit_t *a, eff_value_t env)
{
    return one(a->n);
}
static eff_t *three_layers(struct world *w)
{
    world = w;
    eff_layer_t *layers = eff_layer_provide_merge(audit_live(), eff_layer_provide_merge(store_live(), greeter_live()));
    return eff_provide(audit_with(audited, eff_unit), layers);
}
/* LAYER-007 */
CASE(LAYER_007_a_chain_of_three_is_released_in_reverse, three_layers, .succeeds = "80",
     .journal = "greeter+ store+ audit+ audit- store- greeter-")

EFF_MUST_USE static eff_layer_t *greeter_of_store(void);
EFF_DEFINE_LAYER(greeter_of_store, greeter, greeter_t, open_greeter, close_greeter, &store_tag);
static eff_t *circular(struct world *w)
{
    world = w;
    return eff_provide(use_both(), eff_layer_provide_merge(store_live(), greeter_of_store()));
}
/* LAYER-029 */
CASE(LAYER_029_layers_that_need_each_other_are_reported, circular, .journal = "",
     .dies = "layer greeter_of_store needs the service store, which is not provided")

static eff_t *mentioned_twice(struct world *w)
{
    world = w;
    eff_layer_t *base = greeter_live();
    eff_layer_t *store = eff_layer_provide_merge(store_live(), eff_layer_incref(base));
    return eff_provide(use_both(), eff_layer_provide_merge(store, base));
}
/* A chain mentions its base twice; a diamond of merged layers is not built yet. */
/* LAYER-008 */
CASE(LAYER_008_a_layer_mentioned_twice_is_built_once, mentioned_twice, .succeeds = "42",
     .journal = "greeter+ store+ hello store- greeter-")

static eff_t *body_fails(struct world *w)
{
    world = w;
    return eff_provide(failing(1), eff_layer_provide_merge(store_live(), greeter_live()));
}
CASE(layers_are_released_when_the_body_fails, body_fails, .cause = "fail(1)",
     .journal = "greeter+ store+ store- greeter-")

static eff_t *second_fails(struct world *w)
{
    world = w;
    return eff_provide(say(w, "never"), eff_layer_provide_merge(store_failing(), greeter_live()));
}
/* LAYER-012 */
CASE(LAYER_012_a_failing_build_releases_what_was_built, second_fails, .cause = "fail(7)",
     .journal = "greeter+ greeter-")

static eff_t *retried_build(struct world *w)
{
    world = w;
    eff_t *e = eff_provide(say(w, "never"), eff_layer_provide_merge(store_failing(), greeter_live()));
    return eff_retry(e, eff_schedule_recurs(1));
}
/* LAYER-014 */
CASE(LAYER_014_every_attempt_to_build_releases_what_it_built, retried_build, .cause = "fail(7)",
     .journal = "greeter+ greeter- greeter+ greeter-")

static eff_t *falls_back(struct world *w)
{
    world = w;
    eff_t *broken = eff_provide(say(w, "never"), eff_layer_provide_merge(store_failing(), greeter_live()));
    return eff_or_else(broken, eff_provide(greeter_with(greet, eff_unit), greeter_live()));
}
/* There is no or_else of layers yet: of the effects that provide them. */
/* LAYER-009 */
CASE(LAYER_009_a_partial_build_is_released_before_the_fallback_is_built, falls_back, .succeeds = "unit",
     .journal = "greeter+ greeter- greeter+ hello greeter-")

static eff_t *interrupted_build(struct world *w)
{
    world = w;
    eff_t *e = eff_scoped(eff_provide(after(5, use_both()), eff_layer_provide_merge(store_live(), greeter_live())));
    return eff_then(keep(w, 0, eff_fork(e)), after(1, say_interrupt(w, 0)));
}
/* That acquired is released at every instruction, the sweep checks. */
/* LAYER-013 */
CASE(LAYER_013_interrupting_a_build_releases_what_was_acquired, interrupted_build, .succeeds = "unit",
     .journal = "greeter+ store+ store- greeter- interrupt")

/* LAYER-019 */
START_TEST(LAYER_019_describing_builds_nothing)
{
    struct world w = { 0 };
    world = &w;
    eff_t *e = eff_provide(use_both(), eff_layer_provide_merge(store_live(), greeter_live()));
    eff_decref(eff_incref(e));
    ck_assert_journal(&w, "");
    ck_assert_succeeds(eff_incref(e), "42");
    ck_assert_succeeds(e, "42");
    ck_assert_journal(&w, "greeter+ store+ hello store- greeter- greeter+ store+ hello store- greeter-");
}
END_TEST

static eff_t *rest_from_outer(struct world *w)
{
    world = w;
    return eff_provide(eff_provide(use_both(), store_live()), greeter_live());
}
/* LAYER-024 */
CASE(LAYER_024_a_need_is_met_by_an_outer_provide, rest_from_outer, .succeeds = "42",
     .journal = "greeter+ store+ hello store- greeter-")

static eff_t *need_missing(struct world *w)
{
    world = w;
    return eff_provide(say(w, "never"), store_live());
}
CASE(a_missing_need_is_a_defect_that_names_layer_and_service, need_missing,
     .dies = "layer store_live needs the service greeter, which is not provided", .journal = "")

static eff_t *null_open(struct world *w)
{
    return eff_provide(say(w, "never"), store_null());
}
CASE(an_open_that_returns_null_is_a_mistake, null_open, .dies = "the open of layer store_null returned NULL",
     .journal = "")

static eff_t *null_layer(struct world *w)
{
    return eff_provide(say(w, "never"), NULL);
}
CASE(providing_no_layer_is_a_mistake, null_layer, .dies = "eff_provide", .journal = "")

static eff_t *null_side(struct world *w)
{
    world = w;
    return eff_provide(say(w, "never"), eff_layer_provide_merge(NULL, greeter_live()));
}
CASE(joining_no_layer_is_a_mistake_where_it_is_provided, null_side, .journal = "",
     .dies = "argument 1 of eff_layer_provide_merge is NULL")

static eff_t *null_effect(struct world *w)
{
    world = w;
    return eff_provide(NULL, greeter_live());
}
CASE(providing_to_no_effect_is_a_mistake, null_effect, .dies = "eff_provide", .journal = "")

/* ---- what an open acquires and forks belongs to the layer */

static eff_value_t give_greeter(eff_value_t v, eff_value_t env)
{
    return greeter_ready(v, env);
}
static eff_t *open_with_background(void)
{
    eff_t *background = eff_fork_scoped(eff_ensuring(eff_never(), say(world, "background")));
    eff_t *resource = eff_acquire_release(acquire(world, "r"), release, eff_ptr(world));
    return eff_map(in_order(resource, background, eff_yield_now()), give_greeter, eff_unit);
}
static void close_saying(greeter_t *g)
{
    journal_add(g->w, "close");
}
EFF_MUST_USE static eff_layer_t *greeter_background(void);
EFF_DEFINE_LAYER(greeter_background, greeter, greeter_t, open_with_background, close_saying, EFF_NO_NEEDS);

static eff_t *background(struct world *w)
{
    world = w;
    return eff_then(eff_provide(greeter_with(greet, eff_unit), greeter_background()), say(w, "after"));
}
CASE(what_an_open_acquires_and_forks_ends_with_the_layer, background, .succeeds = "unit",
     .journal = "r+ hello close background r- after")

TESTS(a_service_is_found_where_it_is_provided, a_service_may_be_a_value_that_the_effect_owns,
      a_missing_service_is_a_defect_that_names_it, a_missing_service_names_the_site_that_asked,
      the_inner_provide_wins_and_ends_with_its_effect, children_and_sides_inherit_services,
      what_is_forked_inside_provide_ends_before_the_service_does, a_daemon_starts_with_the_root_context,
      asking_with_no_callback_is_a_mistake, a_use_that_returns_null_is_a_mistake, a_context_can_be_read_directly,
      locally_overrides_a_default_for_its_effect_only, locally_ends_with_a_failure_too,
      a_layer_is_built_used_and_released, LAYER_006_layers_are_built_in_order_and_released_in_reverse,
      LAYER_007_a_chain_of_three_is_released_in_reverse, LAYER_029_layers_that_need_each_other_are_reported,
      LAYER_008_a_layer_mentioned_twice_is_built_once, layers_are_released_when_the_body_fails,
      LAYER_012_a_failing_build_releases_what_was_built, LAYER_014_every_attempt_to_build_releases_what_it_built,
      LAYER_009_a_partial_build_is_released_before_the_fallback_is_built,
      LAYER_013_interrupting_a_build_releases_what_was_acquired, LAYER_019_describing_builds_nothing,
      LAYER_024_a_need_is_met_by_an_outer_provide, a_missing_need_is_a_defect_that_names_layer_and_service,
      an_open_that_returns_null_is_a_mistake, providing_no_layer_is_a_mistake,
      joining_no_layer_is_a_mistake_where_it_is_provided, providing_to_no_effect_is_a_mistake,
      what_an_open_acquires_and_forks_ends_with_the_layer)
