/* Plain values with a default, typed; the value of a tag as an effect; and services of which an operation is NULL. */
#include <string.h>

#include <effect/describe.h>

#include "support/case.h"

enum mode { MODE_FAST, MODE_SAFE = 7 };

EFF_DECLARE_DEFAULT(attempts, int);
EFF_DEFINE_DEFAULT(attempts, int, 3);
EFF_STATIC_DEFAULT(total, int64_t, INT64_MIN);
EFF_STATIC_DEFAULT(places, unsigned, 4000000000u);
EFF_STATIC_DEFAULT(mode, enum mode, MODE_SAFE);
EFF_STATIC_DEFAULT(verbose, bool, true);
EFF_STATIC_DEFAULT(ratio, double, 0.5);
EFF_STATIC_DEFAULT(greeting, const char *, "hello");
EFF_STATIC_DEFAULT(patience, eff_duration_t, eff_millis(250));
EFF_STATIC_DEFAULT(anything, eff_value_t, eff_unit);
#define attempts_get() attempts_get_at("try.c:5")

START_TEST(each_type_is_read_as_it_was_written)
{
    eff_context_t *c = eff_context_empty();
    ck_assert_int_eq(attempts_from(c), 3);
    ck_assert(total_from(c) == INT64_MIN);
    ck_assert(places_from(c) == 4000000000u);
    ck_assert_int_eq(mode_from(c), MODE_SAFE);
    ck_assert(verbose_from(c));
    ck_assert(ratio_from(c) == 0.5);
    ck_assert_str_eq(greeting_from(c), "hello");
    ck_assert_int_eq(patience_from(c).ns, 250000000);
    ck_assert_ptr_eq(anything_from(c).type, &eff_unit_type);

    char text[] = "ahoy";
    c = eff_context_add(c, &attempts_tag, attempts_value(-1));
    c = eff_context_add(c, &total_tag, total_value(INT64_MAX));
    c = eff_context_add(c, &places_tag, places_value(0));
    c = eff_context_add(c, &mode_tag, mode_value(MODE_FAST));
    c = eff_context_add(c, &verbose_tag, verbose_value(false));
    c = eff_context_add(c, &ratio_tag, ratio_value(-2.25));
    c = eff_context_add(c, &greeting_tag, greeting_value(text));
    c = eff_context_add(c, &patience_tag, patience_value(eff_duration_max));
    c = eff_context_add(c, &anything_tag, anything_value(eff_string("something")));
    strcpy(text, "gone");
    ck_assert_int_eq(attempts_from(c), -1);
    ck_assert(total_from(c) == INT64_MAX);
    ck_assert(places_from(c) == 0);
    ck_assert_int_eq(mode_from(c), MODE_FAST);
    ck_assert(!verbose_from(c));
    ck_assert(ratio_from(c) == -2.25);
    ck_assert_str_eq(greeting_from(c), "ahoy");
    ck_assert_int_eq(patience_from(c).ns, eff_duration_max.ns);
    ck_assert_str_eq(eff_as_string(anything_from(c)), "something");
    eff_context_decref(c);
}
END_TEST

static eff_t *get_default(struct world *w)
{
    (void)w;
    return attempts_get();
}
CASE(get_succeeds_with_the_default, get_default, .succeeds = "3")

static eff_t *get_local(struct world *w)
{
    (void)w;
    return greeting_locally(greeting_get(), "good day");
}
CASE(get_succeeds_with_what_was_set, get_local, .succeeds = "good day")

static eff_t *say_int(eff_value_t n, eff_value_t env)
{
    return say(eff_as_ptr(env), eff_as_int(n) == 3 ? "three" : eff_as_int(n) == 5 ? "five" : "?");
}
static eff_t *say_attempts(struct world *w)
{
    return eff_flat_map(attempts_get(), say_int, eff_ptr(w));
}
static eff_t *join(eff_fiber_t *fiber)
{
    return eff_fiber_join(fiber);
}
static eff_t *into_fibers(struct world *w)
{
    eff_t *inner = eff_then(keep(w, 0, eff_fork(say_attempts(w))), with_fiber(w, 0, join));
    return eff_then(attempts_locally(inner, 5), say_attempts(w));
}
CASE(what_was_set_goes_along_to_fibers_and_ends_with_the_effect, into_fibers, .succeeds = "unit",
     .journal = "five three")

static eff_t *side_by_side(struct world *w)
{
    (void)w;
    return eff_zip_par(attempts_locally(attempts_get(), 1),
                       eff_zip_par(attempts_get(), attempts_locally(attempts_get(), 2)));
}
CASE(sides_do_not_see_what_the_others_set, side_by_side, .succeeds = "(1, (3, 2))")

static eff_t *any_value(struct world *w)
{
    (void)w;
    return anything_locally(anything_get(), eff_printf("%d", 12));
}
CASE(a_value_of_any_type_is_owned_by_the_effect, any_value, .succeeds = "12")

/* ---- tags without a default */

static const eff_tag_t span_tag = { .name = "span" };

static eff_t *get_provided(struct world *w)
{
    (void)w;
    eff_context_t *c = eff_context_add(eff_context_empty(), &span_tag, eff_string("root"));
    return eff_provide_context(eff_tag_get(&span_tag), c);
}
CASE(tag_get_succeeds_with_what_was_provided, get_provided, .succeeds = "root")

static eff_t *get_missing(struct world *w)
{
    (void)w;
    return eff_tag_get_at("trace.c:9", &span_tag);
}
CASE(tag_get_of_what_nobody_provides_dies, get_missing, .dies = "no service \"span\" is provided here")

static eff_t *get_null(struct world *w)
{
    (void)w;
    return eff_tag_get_at("trace.c:10", NULL);
}
CASE(tag_get_of_null_is_a_mistake, get_null, .dies = "argument 1 of eff_tag_get is NULL (trace.c:10)")

START_TEST(tag_get_is_described_by_its_name)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_t *e = attempts_get();
    eff_describe(e, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "tag_get attempts (try.c:5)\n");
    eff_buffer_done(&text);
    eff_decref(e);
}
END_TEST

/* ---- services: nested, missing, with operations missing */

typedef struct db db_t;
struct db {
    eff_t *(*query)(db_t *db, const char *sql);
    eff_t *(*close)(db_t *db);
    const char *name;
};
EFF_DECLARE_SERVICE(db, db_t);
EFF_DEFINE_SERVICE(db, db_t);
#define db_with(...) db_with_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)

static eff_t *query(db_t *db, const char *sql)
{
    return eff_succeed(eff_printf("%s of %s", sql, db->name));
}
static eff_t *close_it(db_t *db)
{
    return eff_succeed(eff_literal(db->name));
}
static db_t outer_db = { query, close_it, "outer" }, inner_db = { query, NULL, "inner" };

static eff_t *say_name(db_t *db, eff_value_t env)
{
    return say(eff_as_ptr(env), db->name);
}
static eff_t *ask(struct world *w)
{
    return db_with(say_name, eff_ptr(w));
}
static eff_t *nested(struct world *w)
{
    eff_t *inner = db_provide(ask(w), &inner_db);
    return db_provide(eff_then(ask(w), eff_then(inner, ask(w))), &outer_db);
}
/* OBS-001 */
CASE(OBS_001_the_inner_one_wins_and_the_outer_one_is_restored, nested, .succeeds = "unit",
     .journal = "outer inner outer")

static eff_t *missing(struct world *w)
{
    return ask(w);
}
/* OBS-002 */
CASE(OBS_002_a_missing_service_is_a_defect_that_names_it, missing, .dies = "no service \"db\" is provided here",
     .journal = "")

static eff_t *call_query(db_t *db, eff_value_t env)
{
    (void)env;
    return EFF_CALL(db, query, db, "select 1");
}
static eff_t *call_close(db_t *db, eff_value_t env)
{
    (void)env;
    return EFF_CALL(db, close, db);
}
static eff_t *called(struct world *w)
{
    (void)w;
    return eff_zip(db_provide(db_with(call_query, eff_unit), &inner_db),
                   db_provide(db_with(call_close, eff_unit), &outer_db));
}
CASE(operations_that_are_there_are_called, called, .succeeds = "(\"select 1 of inner\", \"outer\")")

static eff_t *partial(struct world *w)
{
    (void)w;
    return db_provide(db_with(call_close, eff_unit), &inner_db);
}
/* LAYER-021 */
CASE(LAYER_021_an_operation_that_is_null_is_unimplemented, partial, .dies = "unimplemented: close of db")

static int n_made;
static const char *make_sql(void)
{
    n_made++;
    return "select 1";
}
static eff_t *call_made(db_t *db, eff_value_t env)
{
    (void)env;
    return EFF_CALL(db, query, db, make_sql());
}
START_TEST(what_an_unimplemented_operation_would_be_given_is_not_made)
{
    db_t none = { .name = "none" };
    ck_assert_dies(db_provide(db_with(call_made, eff_unit), &none), "unimplemented: query of db");
    ck_assert_int_eq(n_made, 0);
    ck_assert_succeeds(db_provide(db_with(call_made, eff_unit), &inner_db), "select 1 of inner");
    ck_assert_int_eq(n_made, 1);
}
END_TEST

TESTS(each_type_is_read_as_it_was_written, get_succeeds_with_the_default, get_succeeds_with_what_was_set,
      what_was_set_goes_along_to_fibers_and_ends_with_the_effect, sides_do_not_see_what_the_others_set,
      a_value_of_any_type_is_owned_by_the_effect, tag_get_succeeds_with_what_was_provided,
      tag_get_of_what_nobody_provides_dies, tag_get_of_null_is_a_mistake, tag_get_is_described_by_its_name,
      OBS_001_the_inner_one_wins_and_the_outer_one_is_restored, OBS_002_a_missing_service_is_a_defect_that_names_it,
      operations_that_are_there_are_called, LAYER_021_an_operation_that_is_null_is_unimplemented,
      what_an_unimplemented_operation_would_be_given_is_not_made)
