/* Spans: which is whose parent, that each ends once and how, what is added to them; and traceparents. */
#include <string.h>

#include "support/case.h"

/* ---- the tracer of a case: made anew for each run, and given up by its invariant */

static eff_test_tracer_t *tracer;

static eff_t *traced(eff_t *e)
{
    eff_test_tracer_decref(tracer);
    tracer = eff_test_tracer_new();
    e = eff_tracer_provide_value(e, eff_test_tracer_value(tracer));
    return eff_random_provide_value(e, eff_random_seeded_value(42));
}

/* However it ended: each span was told once, and is over; ids are whole. */
static void spans_are_sound(struct world *w)
{
    for (size_t i = 0; i < eff_test_tracer_size(tracer); i++) {
        const eff_span_t *s = eff_test_tracer_at(tracer, i);
        ck_assert_int_ne(s->status, EFF_SPAN_RUNNING);
        ck_assert_uint_eq(strlen(s->trace_id), 32);
        ck_assert_uint_eq(strlen(s->span_id), 16);
        ck_assert_int_ge(s->took.ns, 0);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(s->span_id, eff_test_tracer_at(tracer, j)->span_id);
    }
    eff_test_tracer_decref(tracer);
    tracer = NULL;
}

/* A runtime that is freed skips the ends of spans, and the invariant, which has the tracer given up. The cases with a
 * static tracer are freed too. */
#define SOUND .invariant = spans_are_sound, .without = NO_FREE

static const eff_span_t *find(const char *name)
{
    const eff_span_t *s = eff_test_tracer_find(tracer, name);
    ck_assert_msg(s != NULL, "no span %s has ended", name);
    return s;
}
static void check_parent(const char *child, const char *parent)
{
    ck_assert_str_eq(find(child)->parent_id, find(parent)->span_id);
    ck_assert_str_eq(find(child)->trace_id, find(parent)->trace_id);
}
static void check_root(const char *name)
{
    ck_assert_str_eq(find(name)->parent_id, "");
}
static void check_tree(const char *expected)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_test_tracer_format(tracer, &text);
    ck_assert_str_eq(eff_buffer_text(&text), expected);
    eff_buffer_done(&text);
}

static eff_t *pause_ms(int64_t ms)
{
    return eff_sleep(eff_millis(ms));
}

/* ---- parents */

static eff_t *nested(struct world *w)
{
    eff_t *query = eff_with_span(pause_ms(10), "query"), *render = eff_with_span(pause_ms(20), "render");
    return traced(eff_with_span(eff_then(query, render), "handle"));
}
static void check_nested(struct world *w, const eff_exit_t *exit)
{
    check_tree("handle 30ms ok\n  query 10ms ok\n  render 20ms ok\n");
    check_root("handle");
    check_parent("query", "handle");
    check_parent("render", "handle");
    ck_assert_int_eq(find("render")->start.ns - find("query")->start.ns, eff_millis(10).ns);
}
/* OBS-003 */
CASE(OBS_003_a_span_inside_another_has_it_as_its_parent, nested, .succeeds = "unit", .check = check_nested, SOUND)

static eff_t *alone(struct world *w)
{
    return traced(eff_then(eff_with_span(eff_noop(), "first"), eff_with_span(eff_noop(), "second")));
}
static void check_alone(struct world *w, const eff_exit_t *exit)
{
    check_root("first");
    check_root("second");
    ck_assert_str_ne(find("first")->trace_id, find("second")->trace_id);
}
/* OBS-003 */
CASE(OBS_003_a_span_without_one_around_it_begins_a_trace, alone, .succeeds = "unit", .check = check_alone, SOUND)

static eff_t *join(eff_value_t fiber, eff_value_t env)
{
    return eff_fiber_join(eff_as_fiber(fiber));
}
static eff_t *across_forks(struct world *w)
{
    eff_t *forked = eff_flat_map(eff_fork(eff_with_span(pause_ms(1), "forked")), join, eff_unit);
    eff_t *sides = eff_zip_par(eff_with_span(pause_ms(1), "left"), eff_with_span(pause_ms(2), "right"));
    return traced(eff_with_span(eff_then(forked, sides), "parent"));
}
static void check_forks(struct world *w, const eff_exit_t *exit)
{
    check_tree("parent 3ms ok\n  forked 1ms ok\n  left 1ms ok\n  right 2ms ok\n");
    ck_assert_uint_ne(find("forked")->fiber, find("parent")->fiber);
}
/* OBS-003 */
CASE(OBS_003_forked_fibers_and_sides_inherit_the_current_span, across_forks, .succeeds = "(unit, unit)",
     .check = check_forks, SOUND)

static eff_t *begin_new(struct world *w)
{
    eff_span_options_t options = { .size = sizeof options, .root = true, .kind = EFF_SPAN_CONSUMER };
    static const char *const links[] = { "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "nonsense", NULL };
    options.links = links;
    options.attributes = eff_fields(eff_field("queue", "mail"), eff_field("tries", 3));
    return traced(eff_with_span(eff_with_span_of(eff_noop(), "work", &options), "outer"));
}
static void check_new(struct world *w, const eff_exit_t *exit)
{
    const eff_span_t *s = find("work");
    check_root("work");
    ck_assert_str_ne(s->trace_id, find("outer")->trace_id);
    ck_assert_int_eq(s->kind, EFF_SPAN_CONSUMER);
    ck_assert_int_eq(find("outer")->kind, EFF_SPAN_INTERNAL);
    ck_assert_uint_eq(s->n_links, 1);
    ck_assert_str_eq(s->links[0].span_id, "b7ad6b7169203331");
    ck_assert_str_eq(eff_as_string(eff_fields_get(s->attributes, "queue")), "mail");
    ck_assert_int_eq(eff_as_int(eff_fields_get(s->attributes, "tries")), 3);
}
CASE(options_say_what_a_span_begins_with, begin_new, .succeeds = "unit", .check = check_new, SOUND)

/* ---- how it ends */

static eff_t *endings(struct world *w)
{
    eff_t *fails = eff_with_span(eff_fail(eff_literal("no route")), "fails");
    eff_t *dies = eff_with_span(eff_die(eff_literal("a bug")), "dies");
    eff_t *ends = eff_with_span(eff_timeout(eff_with_span(eff_never(), "stopped"), eff_millis(5)), "waits");
    eff_t *e = eff_then(eff_ignore(fails), eff_then(eff_ignore_cause(dies), ends));
    return traced(eff_then(e, eff_noop()));
}
static void check_endings(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(find("fails")->status, EFF_SPAN_ERROR);
    ck_assert_ptr_nonnull(strstr(find("fails")->message, "no route"));
    ck_assert_int_eq(find("dies")->status, EFF_SPAN_ERROR);
    ck_assert_ptr_nonnull(strstr(find("dies")->message, "a bug"));
    ck_assert_int_eq(find("stopped")->status, EFF_SPAN_INTERRUPTED);
    ck_assert_ptr_null(find("stopped")->message);
    ck_assert_int_eq(find("stopped")->took.ns, eff_millis(5).ns);
    ck_assert_int_eq(find("waits")->status, EFF_SPAN_OK);
}
CASE(a_span_ends_with_the_status_of_its_effect, endings, .succeeds = "unit", .check = check_endings, SOUND)

static eff_t *use_span(eff_value_t span, eff_value_t env)
{
    eff_t *e = eff_then(eff_with_span(pause_ms(1), "inside"), eff_never());
    return eff_in_span(e, eff_value_incref(span));
}
static eff_t *scoped_and_interrupted(struct world *w)
{
    eff_t *e = eff_flat_map(eff_span_scoped("scoped"), use_span, eff_unit);
    return traced(eff_timeout(eff_scoped(e), eff_millis(7)));
}
static void check_scoped(struct world *w, const eff_exit_t *exit)
{
    check_tree("scoped 7ms interrupted\n  inside 1ms ok\n");
    ck_assert_uint_eq(eff_test_tracer_size(tracer), 2);
}
/* OBS-004 */
CASE(OBS_004_a_scoped_span_is_ended_once_by_an_interruption, scoped_and_interrupted, .succeeds = "none",
     .check = check_scoped, SOUND)

static eff_t *scoped_twice(struct world *w)
{
    eff_t *two = eff_then(eff_span_scoped("one"), eff_then(pause_ms(1), eff_span_scoped("two")));
    return traced(eff_scoped(eff_then(two, eff_then(pause_ms(1), eff_fail(eff_literal("late"))))));
}
static void check_scoped_twice(struct world *w, const eff_exit_t *exit)
{
    check_tree("one 2ms error\ntwo 1ms error\n");
    ck_assert_str_eq(eff_test_tracer_at(tracer, 0)->name, "two");
}
/* OBS-004 */
CASE(OBS_004_scoped_spans_end_with_their_scope_the_last_first, scoped_twice, .fails = "late",
     .check = check_scoped_twice, SOUND)

/* ---- what is added */

static eff_t *adds(struct world *w)
{
    eff_t *e = eff_span_set(eff_fields(eff_field("user", "ada"), eff_field("n", 1)));
    e = eff_then(e, eff_then(pause_ms(3), eff_span_add_event("retry", eff_fields(eff_field("try", 2)))));
    e = eff_then(e, eff_then(eff_span_set(eff_fields(eff_field("n", 2))), eff_span_add_event("done", eff_unit)));
    eff_t *nowhere = eff_then(eff_span_set(eff_fields(eff_field("x", 1))), eff_span_add_event("x", eff_unit));
    return traced(eff_then(nowhere, eff_with_span(e, "span")));
}
static void check_adds(struct world *w, const eff_exit_t *exit)
{
    const eff_span_t *s = find("span");
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(s->attributes, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "user=ada n=2");
    eff_buffer_done(&text);
    ck_assert_uint_eq(s->n_events, 2);
    ck_assert_str_eq(s->events[0].name, "retry");
    ck_assert_int_eq(s->events[0].time.ns - s->start.ns, eff_millis(3).ns);
    ck_assert_int_eq(eff_as_int(eff_fields_get(s->events[0].fields, "try")), 2);
    ck_assert_str_eq(s->events[1].name, "done");
    ck_assert_uint_eq(s->n_dropped, 0);
}
CASE(attributes_and_events_are_added_to_the_current_span, adds, .succeeds = "unit", .check = check_adds, SOUND)

static eff_t *add_many(eff_value_t i, eff_value_t env)
{
    eff_value_t name = eff_printf("k%d", (int)eff_as_int(i));
    eff_t *e = eff_then(eff_span_add_event(eff_as_string(name), eff_unit),
                        eff_span_set(eff_fields(eff_field(eff_as_string(name), 1))));
    eff_value_decref(name);
    return e;
}
START_TEST(a_span_that_lives_long_keeps_no_more_than_its_limit)
{
    eff_t *e = eff_for_each_discard(eff_range(0, EFF_SPAN_LIMIT + 10), add_many, eff_unit);
    ck_assert_succeeds(traced(eff_with_span(e, "long")), "unit");
    const eff_span_t *s = find("long");
    ck_assert_uint_eq(s->n_events, EFF_SPAN_LIMIT);
    ck_assert_uint_eq(eff_fields_size(s->attributes), EFF_SPAN_LIMIT);
    ck_assert_uint_eq(s->n_dropped, 20);
    ck_assert_str_eq(s->events[127].name, "k127");
    spans_are_sound(NULL);
}
END_TEST

static eff_t *join_fiber(eff_fiber_t *fiber)
{
    return eff_fiber_join(fiber);
}
static eff_t *outlives(struct world *w)
{
    eff_t *late = eff_then(pause_ms(5), eff_span_set(eff_fields(eff_field("late", 1))));
    eff_t *forks = eff_with_span(keep(w, 0, eff_fork(eff_then(late, eff_with_span(eff_noop(), "child")))), "gone");
    return traced(eff_then(forks, with_fiber(w, 0, join_fiber)));
}
static void check_outlives(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(find("gone")->attributes.type == &eff_unit_type, 1);
    check_parent("child", "gone");
}
CASE(a_fiber_that_outlives_its_span_adds_nothing_to_it, outlives, .succeeds = "unit", .check = check_outlives, SOUND)

/* ---- no tracer, and tracers that go wrong */

static eff_t *say_span(eff_value_t span, eff_value_t env)
{
    return say(eff_as_ptr(env), eff_as_span(span) ? "span" : "none");
}
static eff_t *untraced(struct world *w)
{
    eff_t *e = eff_then(eff_flat_map(eff_span_current(), say_span, eff_ptr(w)), eff_random_int(1, 100));
    e = eff_then(eff_flat_map(eff_span_scoped("scoped"), say_span, eff_ptr(w)), e);
    return eff_random_provide_value(eff_with_span(e, "span"), eff_random_seeded_value(42));
}
CASE(without_a_tracer_there_is_no_span_and_nothing_is_drawn, untraced, .succeeds = "9", .journal = "none none")

static eff_t *fail_to_trace(eff_tracer_t *t, const eff_span_t *span)
{
    return strcmp(span->name, "null") == 0 ? NULL : eff_die(eff_literal("disk full"));
}
static eff_t *goes_wrong(struct world *w)
{
    static eff_tracer_t broken = { .size = sizeof(eff_tracer_t), .ended = fail_to_trace };
    eff_t *e = eff_then(eff_with_span(say(w, "a"), "span"), eff_with_span(say(w, "b"), "null"));
    return eff_tracer_provide(e, &broken);
}
CASE(a_tracer_that_fails_loses_its_span_only, goes_wrong, .succeeds = "unit", .journal = "a b")

static eff_t *trace_the_tracing(eff_tracer_t *t, const eff_span_t *span)
{
    return eff_with_span(eff_with_span(eff_noop(), "deeper"), "tracing");
}
static eff_t *traces_itself(struct world *w)
{
    static eff_tracer_t itself = { .size = sizeof(eff_tracer_t), .ended = trace_the_tracing };
    return eff_tracer_provide(eff_with_span(say(w, "a"), "span"), &itself);
}
CASE(a_tracer_is_not_told_of_its_own_spans, traces_itself, .succeeds = "unit", .journal = "a")

static eff_t *fail_next(eff_random_t *random)
{
    return eff_fail(eff_literal("no dice"));
}
static eff_t *no_ids(struct world *w)
{
    static eff_random_t random = { sizeof(eff_random_t), fail_next };
    return traced(eff_random_provide(eff_with_span(say(w, "a"), "span"), &random));
}
static void check_no_span(struct world *w, const eff_exit_t *exit)
{
    ck_assert_uint_eq(eff_test_tracer_size(tracer), 0);
}
CASE(without_ids_there_is_no_span, no_ids, .succeeds = "unit", .journal = "a", .check = check_no_span, SOUND)

static eff_t *zero_next(eff_random_t *random)
{
    return eff_succeed(eff_int(0));
}
START_TEST(ids_are_never_all_zeros)
{
    static eff_random_t random = { sizeof(eff_random_t), zero_next };
    ck_assert_succeeds(traced(eff_random_provide(eff_with_span(eff_noop(), "span"), &random)), "unit");
    ck_assert_str_eq(find("span")->trace_id, "00000000000000000000000000000001");
    ck_assert_str_eq(find("span")->span_id, "0000000000000001");
    spans_are_sound(NULL);
}
END_TEST

START_TEST(a_seed_gives_the_same_ids)
{
    ck_assert_succeeds(traced(eff_with_span(eff_with_span(eff_noop(), "b"), "a")), "unit");
    ck_assert_str_eq(find("a")->trace_id, "16c72e0c2e0b78157e3a116d86d90461");
    ck_assert_str_eq(find("a")->span_id, "a199e439325317ae");
    spans_are_sound(NULL);
}
END_TEST

START_TEST(spans_are_read_by_a_test_without_a_runtime)
{
    eff_test_tracer_t *t = eff_test_tracer_new();
    ck_assert_succeeds(eff_provide(eff_with_span(eff_noop(), "span"), eff_test_tracer(t)), "unit");
    ck_assert_uint_eq(eff_test_tracer_size(t), 1);
    ck_assert_ptr_null(eff_test_tracer_find(t, "another"));
    ck_assert_ptr_null(eff_test_tracer_at(t, 1));
    eff_value_t kept = eff_span_value(eff_test_tracer_at(t, 0));
    eff_test_tracer_clear(t);
    ck_assert_uint_eq(eff_test_tracer_size(t), 0);
    eff_test_tracer_decref(eff_test_tracer_incref(t));
    eff_test_tracer_decref(t);
    ck_assert_str_eq(eff_as_span(kept)->name, "span");
    eff_value_decref(kept);
    ck_assert_dies(eff_provide(eff_noop(), eff_test_tracer(NULL)), "out of memory");
    ck_assert_uint_eq(eff_test_tracer_size(NULL), 0);
}
END_TEST

/* ---- traceparents */

static const char received[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

static eff_value_t to_traceparent(eff_value_t span, eff_value_t env)
{
    char text[EFF_TRACEPARENT_SIZE];
    if (!eff_as_span(span)) return eff_literal("none");
    eff_span_traceparent(eff_as_span(span), text);
    return eff_string(text);
}
static eff_t *current_traceparent(void)
{
    return eff_map(eff_span_current(), to_traceparent, eff_unit);
}
static eff_t *goes_on(struct world *w)
{
    return traced(eff_with_traceparent(eff_with_span(current_traceparent(), "served"), received));
}
static void check_goes_on(struct world *w, const eff_exit_t *exit)
{
    ck_assert_str_eq(find("served")->trace_id, "0af7651916cd43dd8448eb211c80319c");
    ck_assert_str_eq(find("served")->parent_id, "b7ad6b7169203331");
}
CASE(a_trace_goes_on_in_another_process, goes_on, .succeeds = "00-0af7651916cd43dd8448eb211c80319c-16c72e0c2e0b7815-01",
     .check = check_goes_on, SOUND)

static eff_t *not_sampled(struct world *w)
{
    static const char unsampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    return traced(eff_with_traceparent(eff_with_span(current_traceparent(), "served"), unsampled));
}
CASE(what_the_sender_does_not_record_is_not_recorded, not_sampled,
     .succeeds = "00-0af7651916cd43dd8448eb211c80319c-16c72e0c2e0b7815-00", .check = check_no_span, SOUND)

START_TEST(a_traceparent_is_handed_on_without_a_tracer)
{
    ck_assert_succeeds(eff_with_traceparent(eff_with_span(current_traceparent(), "span"), received), received);
}
END_TEST

START_TEST(what_is_no_traceparent_changes_nothing)
{
    static const char *const texts[] = {
        NULL,
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_succeeds(eff_with_traceparent(current_traceparent(), texts[i]), "none");
    static const char later[] = "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-09-more";
    ck_assert_succeeds(eff_with_traceparent(current_traceparent(), later), received);
}
END_TEST

/* ---- mistakes */

START_TEST(what_is_no_span_is_a_mistake)
{
    eff_value_t absent = { .type = NULL, .integer = 0 };
    eff_span_options_t sizeless = { 0 }, no_fields = { .size = sizeof no_fields, .attributes = eff_string("x") };
    static eff_tracer_t no_size = { .ended = trace_the_tracing };
    ck_assert_dies(eff_with_span(NULL, "x"), "argument 1 of eff_with_span is NULL");
    ck_assert_dies(eff_with_span(eff_noop(), NULL), "argument 2 of eff_with_span is NULL");
    ck_assert_dies(eff_with_span_of(eff_noop(), "x", NULL), "argument 3 of eff_with_span_of is NULL");
    ck_assert_dies(eff_with_span_of(eff_noop(), "x", &sizeless), "do not say .size = sizeof(eff_span_options_t)");
    ck_assert_dies(eff_with_span_of(eff_noop(), "x", &no_fields), "attributes that are not of eff_fields()");
    ck_assert_dies(eff_in_span(eff_noop(), eff_int(3)), "eff_in_span wants a span, not an int");
    ck_assert_dies(eff_in_span(eff_noop(), absent), "eff_in_span was given an absent value");
    ck_assert_dies(eff_span_set(eff_int(3)), "eff_span_set wants what eff_fields() makes, not an int");
    ck_assert_dies(eff_span_add_event(NULL, eff_unit), "argument 1 of eff_span_add_event is NULL");
    ck_assert_dies(eff_span_scoped(NULL), "argument 1 of eff_span_scoped is NULL");
    ck_assert_dies(eff_tracer_provide(eff_with_span(eff_noop(), "x"), &no_size), "sizeof(eff_tracer_t)");
    ck_assert_dies(eff_with_span(eff_out_of_memory(), "x"), "out of memory");
}
END_TEST

TESTS(OBS_003_a_span_inside_another_has_it_as_its_parent, OBS_003_a_span_without_one_around_it_begins_a_trace,
      OBS_003_forked_fibers_and_sides_inherit_the_current_span, options_say_what_a_span_begins_with,
      a_span_ends_with_the_status_of_its_effect, OBS_004_a_scoped_span_is_ended_once_by_an_interruption,
      OBS_004_scoped_spans_end_with_their_scope_the_last_first, attributes_and_events_are_added_to_the_current_span,
      a_span_that_lives_long_keeps_no_more_than_its_limit, a_fiber_that_outlives_its_span_adds_nothing_to_it,
      without_a_tracer_there_is_no_span_and_nothing_is_drawn, a_tracer_that_fails_loses_its_span_only,
      a_tracer_is_not_told_of_its_own_spans, without_ids_there_is_no_span, ids_are_never_all_zeros,
      a_seed_gives_the_same_ids, spans_are_read_by_a_test_without_a_runtime, a_trace_goes_on_in_another_process,
      what_the_sender_does_not_record_is_not_recorded, a_traceparent_is_handed_on_without_a_tracer,
      what_is_no_traceparent_changes_nothing, what_is_no_span_is_a_mistake)
