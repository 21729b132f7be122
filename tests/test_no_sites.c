/* What messages say when a program was compiled with -DEFF_NO_SITES: as much as is known, and nothing about places. */
#define EFF_NO_SITES
#include <effect/describe.h>
#include <errno.h>
#include <jansson.h>

#include "support/case.h"

/* ---- what is printed must read as if there were no such thing as a site */

static void assert_sensible(const char *text)
{
    static const char *const bad[] = { "(null)", " ()",    "( ",         " )",  " at\n", " at \n",
                                       " by \n", " in \n", "callback  ", " \n", "\n\n",  "test_no_sites" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!strstr(text, bad[i]), "found \"%s\" in: %s", bad[i], text);
    size_t n = strlen(text);
    ck_assert_msg(n > 0 && text[n - 1] != ' ' && text[n - 1] != ':', "ends badly: \"%s\"", text);
    const char *at = n >= 3 ? text + n - 3 : text;
    ck_assert_msg(strcmp(at, " at") != 0 && strcmp(at, " in") != 0 && strcmp(at, " by") != 0, "ends badly: %s", text);
}

/* Runs e, which does not succeed; the text of its cause must be sensible and begin so. */
static void assert_told(eff_t *e, const char *beginning)
{
    eff_exit_t exit = eff_test_run(e);
    eff_buffer_t text = EFF_BUFFER_INIT;
    ck_assert(!exit.ok);
    eff_cause_format(exit.cause, &text);
    assert_sensible(eff_buffer_text(&text));
    ck_assert_msg(strncmp(text.text, beginning, strlen(beginning)) == 0, "\"%s\" begins differently", text.text);
    json_t *json = eff_cause_to_json(exit.cause);
    char *dumped = json_dumps(json, JSON_COMPACT);
    assert_sensible(dumped);
    json_free_t free_text;
    json_get_alloc_funcs(NULL, &free_text);
    free_text(dumped);
    json_decref(json);
    eff_buffer_done(&text);
    eff_exit_decref(exit);
}

/* ---- programs */

static eff_t *returns_null(eff_value_t v, eff_value_t env)
{
    return NULL;
}
static eff_value_t returns_absent(eff_value_t v, eff_value_t env)
{
    return (eff_value_t){ .type = NULL, .integer = 0 };
}
static eff_value_t zips_to_absent(eff_value_t a, eff_value_t b, eff_value_t env)
{
    return (eff_value_t){ .type = NULL, .integer = 0 };
}
static eff_value_t reads_wrongly(eff_value_t v, eff_value_t env)
{
    return eff_printf("%s", eff_as_string(v));
}
static eff_t *finalizer_null(const eff_exit_t *exit, eff_value_t env)
{
    return NULL;
}
static eff_t *goes_on(eff_value_t v, eff_value_t env)
{
    return eff_succeed(eff_value_incref(v));
}
static eff_t *item_fails(eff_value_t v, eff_value_t env)
{
    return eff_fail(eff_value_incref(v));
}
static eff_t *waits(eff_value_t v, eff_value_t env)
{
    return eff_never();
}
static int attempt_badly(eff_value_t env, eff_value_t *ret_value, eff_value_t *ret_error)
{
    errno = ENOENT;
    return -1;
}
static void abandons(eff_async_t *k, eff_value_t env)
{
    eff_async_release(k);
}
static eff_t *one(void)
{
    return eff_succeed(eff_int(1));
}

struct pinger {
    int n;
};
EFF_DECLARE_SERVICE(pinger, struct pinger);
EFF_DEFINE_SERVICE(pinger, struct pinger);
static eff_t *ping(struct pinger *p, eff_value_t env)
{
    return eff_succeed(eff_int(p->n));
}
static eff_t *open_pinger(void)
{
    return pinger_with(ping, eff_unit);
}
eff_layer_t *pinger_live(void);
EFF_DEFINE_LAYER(pinger_live, pinger, struct pinger, open_pinger, NULL, &pinger_tag);

struct steps {
    int n;
};
static eff_t *null_step(struct steps *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_yield_now());
    if (s->n == 0) return NULL;
    EFF_GEN_FAIL(eff_int(s->n));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(steps, struct steps, null_step);

/* ---- causes */

START_TEST(failures_are_told_without_places)
{
    assert_told(eff_flat_map(eff_fail(eff_int(7)), goes_on, eff_unit), "error (int): 7");
    assert_told(eff_die(eff_literal("boom")), "defect");
    assert_told(eff_interrupt_self(), "interrupted by fiber 1");
    assert_told(eff_annotate(eff_fail(eff_int(7)), eff_literal("while testing")), "error (int): 7");
    assert_told(eff_ensuring(eff_fail(eff_int(1)), eff_fail(eff_int(2))), "error (int): 1");
    assert_told(eff_all_par(eff_fail(eff_int(1)), eff_fail(eff_int(2)), eff_never()), "");
    assert_told(eff_race_all(eff_fail(eff_int(1)), eff_fail(eff_int(2))), "");
    assert_told(eff_validate_par(eff_range(0, 2), item_fails, eff_unit, 0), "error (array): [0, 1]");
    assert_told(eff_fiber_join(NULL), "defect");
    assert_told(eff_attempt(attempt_badly, eff_unit), "error");
    assert_told(steps((struct steps){ 3 }), "error (int): 3");
    assert_told(eff_timeout_fail(eff_never(), eff_seconds(1), eff_literal("late")), "error (string): late");
}
END_TEST

START_TEST(mistakes_are_told_without_places)
{
    assert_told(eff_flat_map(one(), returns_null, eff_unit), "defect");
    assert_told(eff_map(one(), returns_absent, eff_unit), "defect: the callback of eff_map returned the absent value");
    assert_told(eff_zip_with(one(), one(), zips_to_absent, eff_unit),
                "defect: the callback of eff_zip_with returned the absent value");
    assert_told(eff_zip_par_with(one(), one(), zips_to_absent, eff_unit),
                "defect: the callback of eff_zip_par_with returned the absent value");
    assert_told(eff_reduce_par(eff_range(0, 2), goes_on, eff_int(0), zips_to_absent, eff_unit, 0),
                "defect: the `combine` of eff_reduce_par returned the absent value");
    assert_told(eff_fold(one(), goes_on, returns_null, eff_unit), "defect: the `on_success` of eff_fold returned NULL");
    assert_told(eff_fold(one(), goes_on, NULL, eff_unit), "defect: argument 3 of eff_fold, `on_success`, is NULL");
    assert_told(eff_map(one(), reads_wrongly, eff_unit), "defect");
    assert_told(eff_map_error(eff_fail(eff_int(1)), returns_absent, eff_unit), "defect");
    assert_told(eff_match(one(), returns_absent, returns_absent, eff_unit), "defect");
    assert_told(eff_on_exit(one(), finalizer_null, eff_unit), "defect");
    assert_told(eff_for_each_par(eff_range(0, 2), returns_null, eff_unit, 0), "defect");
    assert_told(eff_for_each(eff_int(1), goes_on, eff_unit), "defect");
    assert_told(eff_map(NULL, returns_absent, eff_unit), "defect");
    assert_told(eff_map(one(), NULL, eff_unit), "defect");
    assert_told(eff_race_all(one(), NULL), "defect");
    assert_told(eff_fork_in(NULL, one()), "defect");
    assert_told(eff_async(abandons, eff_unit), "defect");
    assert_told(pinger_with(ping, eff_unit), "defect");
    assert_told(eff_provide(one(), pinger_live()), "defect");
    assert_told(steps((struct steps){ 0 }), "defect");
}
END_TEST

static eff_t *add_to_closed(eff_value_t scope, eff_value_t env)
{
    return eff_scope_add(eff_as_scope(scope), finalizer_null, eff_unit);
}
START_TEST(a_finalizer_of_a_closed_scope_that_is_null_is_told_without_a_place)
{
    assert_told(eff_flat_map(eff_scoped(eff_scope_current()), add_to_closed, eff_unit), "defect");
}
END_TEST

/* ---- reports */

START_TEST(a_deadlock_is_told_without_places)
{
    eff_deferred_t *d = eff_deferred_new();
    eff_queue_t *q = eff_queue_bounded(1);
    eff_t *sides = eff_all_par(eff_deferred_await(d), eff_queue_take(q), eff_never());
    eff_t *forked = eff_then(eff_fork(eff_never()), eff_for_each_par(eff_range(0, 2), waits, eff_unit, 0));
    assert_told(eff_zip_par(sides, forked), "");
    eff_deferred_decref(d);
    eff_queue_decref(q);
}
END_TEST

START_TEST(a_dump_names_no_places)
{
    eff_test_t *t = eff_test_new();
    (void)eff_test_fork(t, eff_all_par(eff_then(eff_fork(eff_never()), eff_never()), eff_sleep(eff_seconds(5))));
    eff_test_adjust(t, eff_millis(1));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_runtime_dump(eff_test_runtime(t), &text);
    size_t n = text.size;
    while (n > 0 && text.text[n - 1] == '\n')
        text.text[--n] = '\0';
    assert_sensible(text.text);
    eff_buffer_done(&text);
    (void)eff_test_free(t);
}
END_TEST

static char misuse[512];
static void keep_misuse(const char *message, void *arg)
{
    snprintf(misuse, sizeof misuse, "%s", message);
}
START_TEST(misuse_outside_a_fiber_is_told_without_places)
{
    eff_set_misuse_handler(keep_misuse, NULL);
    ck_assert_int_eq(eff_as_int(eff_literal("x")), 0);
    assert_sensible(misuse);
    misuse[0] = '\0';
    eff_runtime_t *rt = eff_runtime_new(NULL);
    ck_assert_int_eq(eff_runtime_fork(rt, eff_never(), NULL, NULL, NULL), 0);
    eff_runtime_free(rt);
    assert_sensible(misuse);
    eff_set_misuse_handler(NULL, NULL);
}
END_TEST

/* ---- descriptions */

static void assert_described(eff_t *e, const char *expected)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_describe(e, &text);
    ck_assert_str_eq(eff_buffer_text(&text), expected);
    json_t *json = eff_to_json(e);
    ck_assert_ptr_nonnull(json_object_get(json, "op"));
    ck_assert_ptr_null(json_object_get(json, "site"));
    json_decref(json);
    eff_buffer_done(&text);
    eff_decref(e);
}
START_TEST(effects_are_described_without_places)
{
    assert_described(eff_flat_map(one(), goes_on, eff_unit), "flat_map\n  succeed 1\n");
    assert_described(eff_race_all(one(), one(), one()), "race_all\n  succeed 1\n  succeed 1\n  succeed 1\n");
    assert_described(eff_for_each_par(eff_range(0, 2), goes_on, eff_unit, 3), "for_each_par 0..2, 3 at once\n");
    assert_described(steps((struct steps){ 0 }), "gen steps\n");
    assert_described(eff_sleep(eff_seconds(1)), "sleep 1s\n");
}
END_TEST

TESTS(failures_are_told_without_places, mistakes_are_told_without_places,
      a_finalizer_of_a_closed_scope_that_is_null_is_told_without_a_place, a_deadlock_is_told_without_places,
      a_dump_names_no_places, misuse_outside_a_fiber_is_told_without_places, effects_are_described_without_places)
