/* Builders that find no memory, or mistakes among their arguments; and what they keep of those. Nothing here is run. */
#include "support/builders.h"

#define SITE "probe (health.c:12)"

static eff_value_t zip_fn(eff_value_t a, eff_value_t b, eff_value_t env)
{
    (void)a, (void)b, (void)env;
    return eff_unit;
}

static eff_t *reduce_fn(eff_value_t acc, eff_value_t item, size_t index, eff_value_t env)
{
    (void)acc, (void)item, (void)index, (void)env;
    return eff_noop();
}

static eff_t *suspend_fn(eff_value_t env)
{
    (void)env;
    return eff_noop();
}

static int attempt_fn(eff_value_t env, eff_value_t *ret_value, eff_value_t *ret_error)
{
    (void)env, (void)ret_error;
    *ret_value = eff_unit;
    return 0;
}

static void async_fn(eff_async_t *k, eff_value_t env)
{
    (void)k, (void)env;
}

static eff_t *race_fn(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    return eff_noop();
}
static eff_t *cause_fn(const eff_cause_t *cause, eff_value_t env)
{
    (void)cause, (void)env;
    return eff_noop();
}

static eff_cause_t *map_cause_fn(const eff_cause_t *cause, eff_value_t env)
{
    (void)env;
    return eff_cause_incref(cause);
}

static bool predicate(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return true;
}

static eff_t *finalizer_fn(const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    return eff_noop();
}

static void release_fn(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    (void)resource, (void)exit, (void)env;
}

static eff_t *release_effect_fn(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    (void)resource, (void)exit, (void)env;
    return eff_noop();
}

static eff_t *mask_fn(eff_restore_t restore, eff_value_t env)
{
    (void)restore, (void)env;
    return eff_noop();
}

typedef struct db {
    int n;
} db_t;
EFF_DECLARE_SERVICE(db, db_t);
EFF_DEFINE_SERVICE(db, db_t);
EFF_DECLARE_SERVICE(config, db_t);
EFF_DEFINE_SERVICE(config, db_t);

static eff_t *use_db(db_t *db, eff_value_t env)
{
    (void)db, (void)env;
    return eff_noop();
}

static db_t the_db;
static eff_t *open_db(void)
{
    return eff_succeed(db_value(&the_db));
}
static void close_db(db_t *db)
{
    (void)db;
}
eff_layer_t *db_live(void);
EFF_DEFINE_LAYER(db_live, db, db_t, open_db, close_db, &config_tag);
eff_layer_t *config_live(void);
EFF_DEFINE_LAYER(config_live, config, db_t, open_db, NULL, EFF_NO_NEEDS);

EFF_STATIC_TYPE(account, db_t, 0);
static eff_value_t text(void)
{
    return eff_string("env");
}

/* ---- out of memory */

static eff_schedule_t *schedule(void)
{
    return eff_schedule_both(eff_schedule_recurs(3), eff_schedule_spaced(eff_seconds(1)));
}

static eff_context_t *context(void)
{
    return eff_context_add(eff_context_add(eff_context_empty(), &db_tag, text()), &config_tag, text());
}

static eff_value_t slot;
static db_t *account_slot;

#define BUILDERS(B)                                                                                                    \
    B(eff_succeed(text()))                                                                                             \
    B(eff_fail(text()))                                                                                                \
    B(eff_fail_cause(eff_cause_fail(text())))                                                                          \
    B(eff_fail_errno("open %s", "x"))                                                                                  \
    B(eff_die(text()))                                                                                                 \
    B(eff_sync(sync_fn, text()))                                                                                       \
    B(eff_suspend(suspend_fn, text()))                                                                                 \
    B(eff_attempt(attempt_fn, text()))                                                                                 \
    B(eff_async(async_fn, text()))                                                                                     \
    B(eff_external(part()))                                                                                            \
    B(eff_map(part(), map_fn, text()))                                                                                 \
    B(eff_map_to(part(), text()))                                                                                      \
    B(eff_flat_map(part(), bind_fn, text()))                                                                           \
    B(eff_then(part(), part()))                                                                                        \
    B(eff_tap(part(), bind_fn, text()))                                                                                \
    B(eff_zip(part(), part()))                                                                                         \
    B(eff_zip_with(part(), part(), zip_fn, text()))                                                                    \
    B(eff_when(part(), part()))                                                                                        \
    B(eff_unless(part(), part()))                                                                                      \
    B(eff_forever(part()))                                                                                             \
    B(eff_into(part(), &slot))                                                                                         \
    B(account_into(part(), &account_slot))                                                                             \
    B(eff_catch_all(part(), bind_fn, text()))                                                                          \
    B(eff_catch_type(part(), &eff_string_type, bind_fn, text()))                                                       \
    B(eff_catch_kind(part(), &eff_any_error, bind_fn, text()))                                                         \
    B(eff_catch_some(part(), predicate, bind_fn, text()))                                                              \
    B(eff_catch_cause(part(), cause_fn, text()))                                                                       \
    B(eff_catch_defect(part(), bind_fn, text()))                                                                       \
    B(eff_ignore_cause(part()))                                                                                        \
    B(eff_or_else(part(), part()))                                                                                     \
    B(eff_fold(part(), bind_fn, bind_fn, text()))                                                                      \
    B(eff_match(part(), map_fn, map_fn, text()))                                                                       \
    B(eff_to_exit(part()))                                                                                             \
    B(eff_option(part()))                                                                                              \
    B(eff_ignore(part()))                                                                                              \
    B(eff_refine_or_die(part(), &eff_string_type))                                                                     \
    B(eff_or_die(part()))                                                                                              \
    B(eff_on_error(part(), cause_fn, text()))                                                                          \
    B(eff_tap_error(part(), bind_fn, text()))                                                                          \
    B(eff_map_error(part(), map_fn, text()))                                                                           \
    B(eff_map_cause(part(), map_cause_fn, text()))                                                                     \
    B(eff_annotate(part(), text()))                                                                                    \
    B(eff_ensuring(part(), part()))                                                                                    \
    B(eff_on_exit(part(), finalizer_fn, text()))                                                                       \
    B(eff_on_interrupt(part(), finalizer_fn, text()))                                                                  \
    B(eff_acquire_use_release(part(), bind_fn, release_fn, text()))                                                    \
    B(eff_acquire_use_release_effect(part(), bind_fn, release_effect_fn, text()))                                      \
    B(eff_scoped(part()))                                                                                              \
    B(eff_for_each(EFF_ARRAY(text(), text()), bind_fn, text()))                                                        \
    B(eff_for_each_discard(eff_range(0, 3), bind_fn, text()))                                                          \
    B(eff_for_each_par(EFF_ARRAY(text()), bind_fn, text(), 2))                                                         \
    B(eff_for_each_par_discard(eff_range(0, 3), bind_fn, text(), 0))                                                   \
    B(eff_reduce(EFF_ARRAY(text()), text(), reduce_fn, text()))                                                        \
    B(eff_find_first(EFF_ARRAY(text()), bind_fn, text()))                                                              \
    B(eff_drop_while(EFF_ARRAY(text()), bind_fn, text()))                                                              \
    B(eff_replicate(part(), 3))                                                                                        \
    B(eff_iterate(text(), predicate, bind_fn, text()))                                                                 \
    B(eff_loop_while(part(), predicate, text()))                                                                       \
    B(eff_retry(part(), schedule()))                                                                                   \
    B(eff_repeat(part(), schedule()))                                                                                  \
    B(eff_zip_par(part(), part()))                                                                                     \
    B(eff_all_par(part()))                                                                                             \
    B(eff_all_par(part(), part(), part()))                                                                             \
    B(eff_race(part(), part()))                                                                                        \
    B(eff_race_first(part(), part()))                                                                                  \
    B(eff_race_first_all(part(), part(), part()))                                                                      \
    B(eff_race_with(part(), part(), race_fn, race_fn, text()))                                                         \
    B(eff_for_each_par_exits(EFF_ARRAY(text()), bind_fn, text(), 2))                                                   \
    B(eff_all_par_exits(part(), part()))                                                                               \
    B(eff_for_each_par_tolerant(EFF_ARRAY(text()), bind_fn, cause_fn, text(), 0))                                      \
    B(eff_as_completed(EFF_ARRAY(text()), bind_fn, bind_fn, text(), 2))                                                \
    B(eff_as_completed_exits(EFF_ARRAY(text()), bind_fn, bind_fn, text(), 2))                                          \
    B(eff_sleep(eff_seconds(1)))                                                                                       \
    B(eff_delay(part(), eff_seconds(1)))                                                                               \
    B(eff_timeout(part(), eff_seconds(1)))                                                                             \
    B(eff_timeout_fail(part(), eff_seconds(1), text()))                                                                \
    B(eff_timeout_to(part(), eff_seconds(1), part()))                                                                  \
    B(eff_timed(part()))                                                                                               \
    B(eff_deadline(part(), ((eff_instant_t){ 5 })))                                                                    \
    B(eff_within(part(), eff_seconds(1)))                                                                              \
    B(eff_without_deadline(part()))                                                                                    \
    B(eff_interruptible(part()))                                                                                       \
    B(eff_uninterruptible(part()))                                                                                     \
    B(eff_uninterruptible_mask(mask_fn, text()))                                                                       \
    B(eff_restore(((eff_restore_t){ true }), part()))                                                                  \
    B(eff_disconnect(part()))                                                                                          \
    B(eff_shield(part()))                                                                                              \
    B(db_with(use_db, text()))                                                                                         \
    B(db_provide(part(), &the_db))                                                                                     \
    B(db_provide_value(part(), text()))                                                                                \
    B(eff_provide_context(part(), context()))                                                                          \
    B(eff_locally(part(), &db_tag, text()))                                                                            \
    B(eff_provide(part(), eff_layer_provide_merge(db_live(), config_live())))                                          \
    B(eff_layer_build(db_live()))                                                                                      \
    B(eff_layer_launch(db_live()))                                                                                     \
    B(eff_layer_memoize(db_live()))                                                                                    \
    B(eff_layer_invalidate(db_live()))

/* Builds number `number` of the list, and says what it is. */
static eff_t *build(int number, const char **ret_text)
{
    int n = 0;
#define B(...)                                                                                                         \
    if (n++ == number) {                                                                                               \
        *ret_text = #__VA_ARGS__;                                                                                      \
        return __VA_ARGS__;                                                                                            \
    }
    BUILDERS(B)
#undef B
    return NULL;
}
#define B(...) +1
enum { N_BUILDERS = 0 BUILDERS(B) };
#undef B

static int the_builder;

/* Whatever allocation fails, the result is the one effect that says so. */
static void build_one(void)
{
    const char *what = NULL;
    eff_t *e = build(the_builder, &what);
    bool failed = failing_request >= 0 && requests > failing_request;
    ck_assert_msg(failed == (e == eff_out_of_memory()), "%s", what);
    eff_decref(e);
}

START_TEST(builders_without_memory_give_back_all_their_parts)
{
    for (the_builder = 0; the_builder < N_BUILDERS; the_builder++) {
        fail_every_allocation(build_one);
        ck_assert_str_eq(misuse, "");
    }
}
END_TEST

START_TEST(whatever_is_built_from_out_of_memory_is_that_effect)
{
    eff_value_t oom = eff_oom_value();
    eff_t *none = eff_out_of_memory();
    ck_assert_ptr_eq(eff_succeed(oom), none);
    ck_assert_ptr_eq(eff_fail(oom), none);
    ck_assert_ptr_eq(eff_die(oom), none);
    ck_assert_ptr_eq(eff_fail_cause(eff_cause_fail(oom)), none);
    ck_assert_ptr_eq(eff_map(part(), map_fn, oom), none);
    ck_assert_ptr_eq(eff_catch_cause(none, cause_fn, text()), none);
    ck_assert_ptr_eq(eff_then(part(), none), none);
    ck_assert_ptr_eq(eff_zip(none, part()), none);
    ck_assert_ptr_eq(eff_zip(part(), none), none);
    ck_assert_ptr_eq(eff_all_par(part(), none, part()), none);
    ck_assert_ptr_eq(eff_or_else(part(), none), none);
    ck_assert_ptr_eq(eff_ensuring(part(), none), none);
    ck_assert_ptr_eq(eff_to_exit(none), none);
    ck_assert_ptr_eq(eff_timeout_fail(part(), eff_seconds(1), oom), none);
    ck_assert_ptr_eq(eff_timeout_to(part(), eff_seconds(1), none), none);
    ck_assert_ptr_eq(eff_for_each(oom, bind_fn, text()), none);
    ck_assert_ptr_eq(eff_annotate(part(), oom), none);
    ck_assert_ptr_eq(eff_tap(part(), bind_fn, oom), none);
    ck_assert_ptr_eq(eff_forever(none), none);
    ck_assert_ptr_eq(eff_zip_with(part(), none, zip_fn, text()), none);
    ck_assert_ptr_eq(eff_zip_with(part(), part(), zip_fn, oom), none);
    ck_assert_ptr_eq(eff_when(part(), none), none);
    ck_assert_ptr_eq(eff_unless(none, part()), none);
    ck_assert_ptr_eq(eff_iterate(oom, predicate, bind_fn, text()), none);
    ck_assert_ptr_eq(eff_loop_while(part(), predicate, oom), none);
    ck_assert_ptr_eq(eff_reduce(oom, text(), reduce_fn, text()), none);
    ck_assert_ptr_eq(eff_reduce(eff_range(0, 1), oom, reduce_fn, text()), none);
    ck_assert_ptr_eq(eff_find_first(oom, bind_fn, text()), none);
    ck_assert_ptr_eq(eff_drop_while(eff_range(0, 1), bind_fn, oom), none);
    ck_assert_ptr_eq(eff_replicate(none, 2), none);
    ck_assert_ptr_eq(eff_retry(none, schedule()), none);
    ck_assert_ptr_eq(eff_locally(part(), &db_tag, oom), none);
    ck_assert_ptr_eq(eff_provide(none, db_live()), none);
}
END_TEST

START_TEST(out_of_memory_goes_before_a_mistake)
{
    ck_assert_ptr_eq(eff_then_at(SITE, NULL, eff_out_of_memory()), eff_out_of_memory());
    ck_assert_ptr_eq(eff_map_at(SITE, NULL, map_fn, eff_oom_value()), eff_out_of_memory());
    ck_assert_ptr_eq(eff_iterate_at(SITE, (eff_value_t){ .type = NULL, .integer = 0 }, NULL, bind_fn, eff_oom_value()),
                     eff_out_of_memory());
}
END_TEST

/* ---- mistakes */

/* Consumes e. */
static void assert_described(eff_t *e, const char *expected)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_describe(e, &b);
    ck_assert_str_eq(eff_buffer_text(&b), expected);
    eff_buffer_done(&b);
    eff_decref(e);
}
static void assert_mistake(eff_t *e, const char *message)
{
    char expected[512];
    snprintf(expected, sizeof expected, "die \"%s\" %s\n", message, SITE);
    assert_described(e, expected);
}

/* One of several callbacks is missing: the site would name another of them. */
static void assert_mistake_without_site(eff_t *e, const char *message)
{
    char expected[512];
    snprintf(expected, sizeof expected, "die \"%s\"\n", message);
    assert_described(e, expected);
}

static const eff_value_t absent;

START_TEST(null_effect_is_a_mistake_that_names_builder_and_place)
{
    assert_mistake(eff_flat_map_at(SITE, NULL, bind_fn, text()), "argument 1 of eff_flat_map is NULL (health.c:12)");
    assert_mistake(eff_map_at(SITE, NULL, map_fn, text()), "argument 1 of eff_map is NULL (health.c:12)");
    assert_mistake(eff_then_at(SITE, part(), NULL), "argument 2 of eff_then is NULL (health.c:12)");
    assert_mistake(eff_zip_at(SITE, NULL, part()), "argument 1 of eff_zip is NULL (health.c:12)");
    assert_mistake(eff_or_else_at(SITE, part(), NULL), "argument 2 of eff_or_else is NULL (health.c:12)");
    assert_mistake(eff_catch_all_at(SITE, NULL, bind_fn, text()), "argument 1 of eff_catch_all is NULL (health.c:12)");
    assert_mistake(eff_annotate_at(SITE, NULL, text()), "argument 1 of eff_annotate is NULL (health.c:12)");
    assert_mistake(eff_forever_at(SITE, NULL), "argument 1 of eff_forever is NULL (health.c:12)");
    assert_mistake(eff_zip_with_at(SITE, part(), NULL, zip_fn, text()),
                   "argument 2 of eff_zip_with is NULL (health.c:12)");
    assert_mistake(eff_when_at(SITE, NULL, part()), "argument 1 of eff_when is NULL (health.c:12)");
    assert_mistake(eff_unless_at(SITE, part(), NULL), "argument 2 of eff_unless is NULL (health.c:12)");
    assert_mistake(eff_loop_while_at(SITE, NULL, predicate, text()),
                   "argument 1 of eff_loop_while is NULL (health.c:12)");
    assert_mistake(eff_replicate_at(SITE, NULL, 2), "argument 1 of eff_replicate is NULL (health.c:12)");
    assert_mistake(eff_ignore_cause_at(SITE, NULL), "argument 1 of eff_ignore_cause is NULL (health.c:12)");
    assert_mistake(eff_retry_at(SITE, NULL, schedule()), "argument 1 of eff_retry is NULL (health.c:12)");
    assert_mistake(eff_retry_at(SITE, part(), NULL), "argument 2 of eff_retry is NULL (health.c:12)");
    assert_mistake(eff_ensuring_at(SITE, part(), NULL), "argument 2 of eff_ensuring is NULL (health.c:12)");
    assert_mistake(eff_scoped_at(SITE, NULL), "argument 1 of eff_scoped is NULL (health.c:12)");
    assert_mistake(eff_uninterruptible_at(SITE, NULL), "argument 1 of eff_uninterruptible is NULL (health.c:12)");
    assert_mistake(eff_zip_par_at(SITE, part(), NULL), "argument 2 of eff_zip_par is NULL (health.c:12)");
    assert_mistake(eff_all_par_at(SITE, 3, (eff_t *[]){ part(), NULL, NULL }),
                   "argument 2 of eff_all_par is NULL (health.c:12)");
    assert_mistake(eff_timeout_at(SITE, NULL, eff_seconds(1)), "argument 1 of eff_timeout is NULL (health.c:12)");
    assert_mistake(eff_timeout_to_at(SITE, part(), eff_seconds(1), NULL),
                   "argument 3 of eff_timeout_to is NULL (health.c:12)");
    assert_mistake(eff_deadline_at(SITE, NULL, (eff_instant_t){ 1 }),
                   "argument 1 of eff_deadline is NULL (health.c:12)");
    assert_mistake(eff_delay_at(SITE, NULL, eff_seconds(1)), "argument 1 of eff_delay is NULL (health.c:12)");
    assert_mistake(eff_provide_at(SITE, NULL, db_live()), "argument 1 of eff_provide is NULL (health.c:12)");
    assert_mistake(eff_provide_at(SITE, part(), NULL), "argument 2 of eff_provide is NULL (health.c:12)");
    assert_mistake(eff_provide_at(SITE, part(), eff_layer_provide_merge_at(SITE, NULL, db_live())),
                   "argument 1 of eff_layer_provide_merge is NULL (health.c:12)");
    assert_mistake(eff_provide_context_at(SITE, part(), NULL),
                   "argument 2 of eff_provide_context is NULL (health.c:12)");
    assert_mistake(eff_fail_cause_at(SITE, NULL), "argument 1 of eff_fail_cause is NULL (health.c:12)");
    assert_mistake(eff_into_at(SITE, part(), NULL), "argument 2 of eff_into is NULL (health.c:12)");
}
END_TEST

START_TEST(null_callback_is_a_mistake)
{
    assert_mistake(eff_flat_map_at(SITE, part(), NULL, text()), "the callback of eff_flat_map is NULL (health.c:12)");
    assert_mistake(eff_sync_at(SITE, NULL, text()), "the callback of eff_sync is NULL (health.c:12)");
    assert_mistake(eff_attempt_at(SITE, NULL, text()), "the callback of eff_attempt is NULL (health.c:12)");
    assert_mistake(eff_tap_at(SITE, part(), NULL, text()), "the callback of eff_tap is NULL (health.c:12)");
    assert_mistake(eff_zip_with_at(SITE, part(), part(), NULL, text()),
                   "the callback of eff_zip_with is NULL (health.c:12)");
    assert_mistake(eff_catch_defect_at(SITE, part(), NULL, text()),
                   "the callback of eff_catch_defect is NULL (health.c:12)");
    assert_mistake_without_site(eff_iterate_at(SITE, text(), NULL, bind_fn, text()),
                                "argument 2 of eff_iterate, `again`, is NULL (health.c:12)");
    assert_mistake_without_site(eff_iterate_at(SITE, text(), predicate, NULL, text()),
                                "argument 3 of eff_iterate, `step`, is NULL (health.c:12)");
    assert_mistake(eff_loop_while_at(SITE, part(), NULL, text()),
                   "the callback of eff_loop_while is NULL (health.c:12)");
    assert_mistake(eff_reduce_at(SITE, eff_range(0, 1), text(), NULL, text()),
                   "the callback of eff_reduce is NULL (health.c:12)");
    assert_mistake(eff_find_first_at(SITE, eff_range(0, 1), NULL, text()),
                   "the callback of eff_find_first is NULL (health.c:12)");
    assert_mistake(eff_drop_while_at(SITE, eff_range(0, 1), NULL, text()),
                   "the callback of eff_drop_while is NULL (health.c:12)");
    assert_mistake_without_site(eff_fold_at(SITE, part(), NULL, bind_fn, text()),
                                "argument 2 of eff_fold, `on_failure`, is NULL (health.c:12)");
    assert_mistake_without_site(eff_fold_at(SITE, part(), bind_fn, NULL, text()),
                                "argument 3 of eff_fold, `on_success`, is NULL (health.c:12)");
    assert_mistake_without_site(eff_match_at(SITE, part(), NULL, map_fn, text()),
                                "argument 2 of eff_match, `on_failure`, is NULL (health.c:12)");
    assert_mistake_without_site(eff_catch_some_at(SITE, part(), predicate, NULL, text()),
                                "argument 3 of eff_catch_some, `f`, is NULL (health.c:12)");
    assert_mistake(eff_catch_type_at(SITE, part(), &eff_int_type, NULL, text()),
                   "the callback of eff_catch_type is NULL (health.c:12)");
    assert_mistake_without_site(eff_acquire_use_release_at(SITE, part(), bind_fn, NULL, text()),
                                "argument 3 of eff_acquire_use_release, `release`, is NULL (health.c:12)");
    assert_mistake(eff_uninterruptible_mask_at(SITE, NULL, text()),
                   "the callback of eff_uninterruptible_mask is NULL (health.c:12)");
    assert_mistake(eff_for_each_at(SITE, eff_range(0, 1), NULL, text()),
                   "the callback of eff_for_each is NULL (health.c:12)");
}
END_TEST

START_TEST(absent_value_is_a_mistake)
{
    assert_mistake(eff_succeed_at(SITE, absent), "eff_succeed was given an absent value (health.c:12)");
    assert_mistake(eff_fail_at(SITE, absent), "eff_fail was given an absent value (health.c:12)");
    assert_mistake(eff_die_at(SITE, absent), "eff_die was given an absent value (health.c:12)");
    assert_mistake(eff_map_at(SITE, part(), map_fn, absent), "eff_map was given an absent value (health.c:12)");
    assert_mistake(eff_tap_at(SITE, part(), bind_fn, absent), "eff_tap was given an absent value (health.c:12)");
    assert_mistake(eff_iterate_at(SITE, absent, predicate, bind_fn, text()),
                   "eff_iterate was given an absent value (health.c:12)");
    assert_mistake(eff_reduce_at(SITE, eff_range(0, 1), text(), reduce_fn, absent),
                   "eff_reduce was given an absent value (health.c:12)");
    assert_mistake(eff_match_at(SITE, part(), map_fn, map_fn, absent),
                   "eff_match was given an absent value (health.c:12)");
    assert_mistake(eff_attempt_at(SITE, attempt_fn, absent), "eff_attempt was given an absent value (health.c:12)");
    assert_mistake(eff_timeout_fail_at(SITE, part(), eff_seconds(1), absent),
                   "eff_timeout_fail was given an absent value (health.c:12)");
    assert_mistake(eff_for_each_at(SITE, absent, bind_fn, text()),
                   "eff_for_each was given an absent value (health.c:12)");
    assert_mistake(eff_locally_at(SITE, part(), &db_tag, absent),
                   "eff_locally was given an absent value (health.c:12)");
    assert_mistake(eff_annotate_at(SITE, part(), absent), "eff_annotate was given an absent value (health.c:12)");
}
END_TEST

START_TEST(items_of_another_type_are_a_mistake)
{
    assert_mistake(eff_for_each_at(SITE, text(), bind_fn, text()),
                   "eff_for_each wants an array, a range, an iterator, a pull or a queue, not a string (health.c:12)");
    assert_mistake(
        eff_for_each_par_at(SITE, eff_int(3), bind_fn, text(), 0),
        "eff_for_each_par wants an array, a range, an iterator, a pull or a queue, not an int (health.c:12)");
}
END_TEST

START_TEST(mistake_without_a_site_is_still_one)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_t *e = eff_succeed_at(NULL, absent);
    eff_describe(e, &b);
    ck_assert_str_eq(eff_buffer_text(&b), "die \"eff_succeed was given an absent value\"\n");
    eff_buffer_done(&b);
    eff_decref(e);
}
END_TEST

/* ---- what a builder keeps of its arguments */

START_TEST(sleep_below_zero_is_zero)
{
    eff_t *e = eff_sleep(eff_millis(-5));
    ck_assert_int_eq(e->sleep.duration.ns, 0);
    eff_decref(e);
}
END_TEST

START_TEST(fail_errno_reads_errno_and_takes_texts_of_any_length)
{
    char name[1000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    errno = ENOENT;
    eff_t *e = eff_fail_errno("open %s", name);
    const eff_error_t *error = eff_as_error(e->value.value);
    ck_assert_int_eq(error->code, ENOENT);
    ck_assert(eff_error_is(e->value.value, &eff_not_found_error));
    ck_assert_uint_gt(strlen(error->message), sizeof name);
    eff_decref(e);
}
END_TEST

START_TEST(all_par_of_nothing_is_the_empty_array)
{
    eff_t *e = eff_all_par_at(SITE, 0, NULL);
    ck_assert_int_eq(e->op, EFF__OP_SUCCEED);
    ck_assert_uint_eq(eff_array_size(e->value.value), 0);
    eff_decref(e);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { builders_without_memory_give_back_all_their_parts,
                                   whatever_is_built_from_out_of_memory_is_that_effect,
                                   out_of_memory_goes_before_a_mistake,
                                   null_effect_is_a_mistake_that_names_builder_and_place,
                                   null_callback_is_a_mistake,
                                   absent_value_is_a_mistake,
                                   items_of_another_type_are_a_mistake,
                                   mistake_without_a_site_is_still_one,
                                   sleep_below_zero_is_zero,
                                   fail_errno_reads_errno_and_takes_texts_of_any_length,
                                   all_par_of_nothing_is_the_empty_array };
    return run_suite("builders", setup, tests, sizeof tests / sizeof *tests);
}
