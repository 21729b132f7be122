/* What messages carry besides their text: fields of their own, annotations, spans, and who logged them. */
#include <stdio.h>
#include <string.h>

#include "support/case.h"
#include "support/failing_allocator.h"

/* A Logger that notes each message as a word, with all that it carries: "on{a=1,b=two}[span@12]<reader>". */
struct noting {
    eff_logger_t logger;
    struct world *w;
};

static void add_fields(const eff_log_record_t *r, eff_buffer_t *out)
{
    for (size_t i = 0; i < r->n_fields; i++) {
        eff_buffer_printf(out, "%s%s=", i == 0 ? "{" : ",", r->fields[i].key);
        eff_value_format(r->fields[i].value, out);
    }
    if (r->n_fields) eff_buffer_add(out, "}");
}

static eff_t *note(eff_logger_t *logger, const eff_log_record_t *r)
{
    struct noting *n = EFF_CONTAINER_OF(logger, struct noting, logger);
    eff_buffer_t word = EFF_BUFFER_INIT;
    eff_value_format(r->message, &word);
    add_fields(r, &word);
    for (size_t i = 0; i < r->n_spans; i++)
        eff_buffer_printf(&word, "[%s@%lld]", r->spans[i].name, (long long)(r->spans[i].elapsed.ns / 1000000));
    if (r->fiber_name) eff_buffer_printf(&word, "<%s>", r->fiber_name);
    if (r->fiber_ancestor) eff_buffer_printf(&word, "<in:%s>", r->fiber_ancestor);
    if (!word.truncated) journal_add(n->w, eff_buffer_text(&word));
    eff_buffer_done(&word);
    return eff_noop();
}

static eff_t *noted(struct world *w, eff_t *e)
{
    static struct noting noting;
    noting = (struct noting){ { .size = sizeof(eff_logger_t), .log = note }, w };
    return eff_logger_provide(e, &noting.logger);
}

static eff_t *join(eff_fiber_t *fiber)
{
    return eff_fiber_join(fiber);
}

/* ---- fields of a message */

static eff_t *with_fields(struct world *w)
{
    const char *host = "db";
    unsigned short port = 5432;
    bool ok = true; /* `true` itself is an int in C11 */
    eff_t *e = eff_log_info_with("up", eff_field("host", host), eff_field("port", port), eff_field("ok", ok),
                                 eff_field("load", 0.5), eff_field("took", eff_millis(12)));
    e = eff_then(e, eff_log_with(EFF_LOG_WARN, "list", eff_field("of", EFF_ARRAY(eff_int(1), eff_literal("x")))));
    return noted(w, eff_then(e, eff_log_debug_with("off", eff_field("x", eff_string("dropped")))));
}
CASE(a_message_has_fields_of_any_type, with_fields, .succeeds = "unit",
     .journal = "up{host=db,port=5432,ok=true,load=0.5,took=12ms} list{of=[1, \"x\"]}")

static eff_t *equal_keys(struct world *w)
{
    return noted(w, eff_log_info_with("x", eff_field("a", 1), eff_field("b", 2), eff_field("a", 3)));
}
CASE(of_equal_keys_the_last_counts, equal_keys, .succeeds = "unit", .journal = "x{a=3,b=2}")

static int64_t n_evaluated;
static int64_t evaluate(void)
{
    return ++n_evaluated;
}
START_TEST(what_is_given_to_a_field_is_evaluated_once)
{
    n_evaluated = 0;
    eff_field_t f = eff_field("n", evaluate());
    ck_assert_int_eq(n_evaluated, 1);
    ck_assert_int_eq(eff_as_int(f.value), 1);
    f = eff_field("big", UINT64_MAX);
    ck_assert_str_eq(eff_as_string(f.value), "18446744073709551615");
    eff_value_decref(f.value);
    const char *none = NULL;
    ck_assert(eff_value_is(eff_field("none", none).value, &eff_unit_type));
}
END_TEST

/* ---- annotations */

static eff_t *nested(struct world *w)
{
    eff_t *inner =
        eff_log_annotate(eff_log_info_with("inner", eff_field("c", 4)), eff_field("b", 3), eff_field("c", 0));
    eff_t *e = eff_then(eff_log_info("%s", "before"), eff_then(inner, eff_log_info("%s", "after")));
    e = eff_log_annotate(e, eff_field("a", 1), eff_field("b", 2));
    return noted(w, eff_then(e, eff_log_info("%s", "outside")));
}
CASE(the_innermost_annotation_counts_and_each_ends_with_its_effect, nested, .succeeds = "unit",
     .journal = "before{a=1,b=2} inner{a=1,b=3,c=4} after{a=1,b=2} outside")

static eff_t *recovered(const eff_cause_t *cause, eff_value_t env)
{
    (void)cause, (void)env;
    return eff_log_info("%s", "caught");
}
static eff_t *restored(struct world *w)
{
    eff_t *fails = eff_log_annotate(eff_then(eff_log_info("%s", "in"), eff_fail(eff_int(1))), eff_field("a", 1));
    eff_t *late = eff_timeout(eff_log_annotate(eff_never(), eff_field("a", 2)), eff_millis(1));
    eff_t *e = eff_then(eff_catch_cause(fails, recovered, eff_unit), eff_then(late, eff_log_info("%s", "on")));
    return noted(w, e);
}
CASE(annotations_end_with_their_effect_however_it_ends, restored, .succeeds = "unit", .journal = "in{a=1} caught on")

static eff_t *log_item(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_log_info("%lld", (long long)eff_as_int(v));
}
static eff_t *inherited(struct world *w)
{
    eff_t *e = eff_then(keep(w, 0, eff_fork(eff_log_info("%s", "child"))), with_fiber(w, 0, join));
    e = eff_then(e, eff_for_each_par_discard(eff_range(0, 2), log_item, eff_unit, 1));
    return noted(w, eff_log_annotate(e, eff_field("a", 1)));
}
CASE(children_and_sides_have_their_parents_annotations, inherited, .succeeds = "unit",
     .journal = "child{a=1} 0{a=1} 1{a=1}")

static eff_t *scoped_body(void)
{
    eff_t *e = eff_then(eff_log_info("%s", "plain"), eff_log_annotate_scoped(eff_field("user", "ada")));
    return eff_then(e, eff_log_info("%s", "known"));
}
static eff_t *scoped(struct world *w)
{
    eff_t *interrupted = eff_timeout(eff_scoped(eff_then(scoped_body(), eff_never())), eff_millis(5));
    eff_t *e = eff_then(eff_log_annotate_scoped(eff_field("job", 7)), eff_then(interrupted, eff_log_info("%s", "on")));
    return noted(w, eff_then(eff_scoped(e), eff_log_info("%s", "end")));
}
/* OBS-007 */
CASE(OBS_007_scoped_annotations_are_gone_when_an_interrupted_scope_has_closed, scoped, .succeeds = "unit",
     .journal = "plain{job=7} known{job=7,user=ada} on{job=7} end")

static eff_t *same_fiber(struct world *w)
{
    eff_t *fails = eff_scoped(eff_then(scoped_body(), eff_fail(eff_literal("no"))));
    eff_t *e = eff_then(eff_ignore(fails), eff_log_info("%s", "after"));
    e = eff_then(e, eff_then(eff_scoped(scoped_body()), eff_log_info("%s", "end")));
    return noted(w, e);
}
/* OBS-007 */
CASE(OBS_007_and_when_it_has_failed_or_succeeded, same_fiber, .succeeds = "unit",
     .journal = "plain known{user=ada} after plain known{user=ada} end")

static eff_t *interleaved(struct world *w)
{
    eff_t *e = eff_log_annotate(eff_log_info("%s", "lexical"), eff_field("a", 3), eff_field("b", 3));
    e = eff_then(eff_then(eff_log_annotate_scoped(eff_field("a", 2)), eff_log_info("%s", "scoped")), e);
    e = eff_then(eff_scoped(eff_then(e, eff_log_info("%s", "scoped"))), eff_log_info("%s", "outer"));
    e = eff_log_annotate(e, eff_field("a", 1));
    return noted(w, eff_then(e, eff_log_info("%s", "end")));
}
CASE(of_both_kinds_the_inner_one_counts, interleaved, .succeeds = "unit",
     .journal = "scoped{a=2} lexical{a=3,b=3} scoped{a=2} outer{a=1} end")

static eff_t *not_nested(struct world *w)
{
    eff_t *set = eff_then(eff_log_annotate_scoped(eff_field("a", 2)), eff_log_info("%s", "both"));
    eff_t *e = eff_then(eff_log_annotate(set, eff_field("b", 1)), eff_log_info("%s", "scoped"));
    e = eff_then(e, eff_log_annotate(eff_log_info("%s", "more"), eff_field("c", 3)));
    e = eff_log_annotate(eff_scoped(e), eff_field("z", 0));
    return noted(w, eff_then(e, eff_log_info("%s", "end")));
}
CASE(a_scoped_annotation_outlives_the_effect_it_was_made_in, not_nested, .succeeds = "unit",
     .journal = "both{z=0,b=1,a=2} scoped{z=0,b=1,a=2} more{z=0,b=1,a=2,c=3} end")

static eff_t *in_child(struct world *w)
{
    eff_t *child = eff_then(eff_log_annotate_scoped(eff_field("child", 1)), eff_log_info("%s", "child"));
    eff_t *e = eff_then(keep(w, 0, eff_fork(child)), with_fiber(w, 0, join));
    e = eff_then(eff_log_annotate_scoped(eff_field("a", 1)), eff_then(e, eff_log_info("%s", "parent")));
    return noted(w, eff_scoped(e));
}
CASE(a_childs_scoped_annotations_stay_with_it, in_child, .succeeds = "unit",
     .journal = "child{a=1,child=1} parent{a=1}")

/* ---- spans */

static eff_t *spans(struct world *w)
{
    eff_t *inner = eff_log_span(eff_then(eff_sleep(eff_millis(20)), eff_log_info("%s", "in")), "query");
    eff_t *e = eff_then(eff_sleep(eff_millis(5)), eff_then(inner, eff_log_info("%s", "out")));
    e = eff_log_span(e, "request");
    return noted(w, eff_then(e, eff_log_info("%s", "end")));
}
CASE(a_span_tells_how_long_its_effect_has_been_running, spans, .succeeds = "unit",
     .journal = "in[request@25][query@20] out[request@25] end")

static eff_t *span_again(struct world *w)
{
    eff_t *e = eff_log_span(eff_then(eff_sleep(eff_millis(3)), eff_log_info("%s", "x")), "again");
    eff_t *same = eff_incref(e);
    return noted(w, eff_then(e, same));
}
CASE(a_span_begins_anew_with_each_run, span_again, .succeeds = "unit", .journal = "x[again@3] x[again@3]")

/* ---- who logs */

static eff_t *names(struct world *w)
{
    eff_t *inner = eff_then(keep(w, 0, eff_fork(eff_log_info("%s", "child"))), with_fiber(w, 0, join));
    eff_t *e = eff_then(eff_log_info("%s", "self"), inner);
    return noted(w, eff_then(eff_log_info("%s", "nobody"), eff_named(e, "reader")));
}
CASE(a_record_names_its_fiber_or_the_nearest_above_that_has_a_name, names, .succeeds = "unit",
     .journal = "nobody self<reader> child<in:reader>", .without = NO_AROUND /* which is a fiber above it */)

/* ---- mistakes */

START_TEST(what_is_no_field_is_a_mistake)
{
    eff_value_t absent = { .type = NULL, .integer = 0 };
    const char *none = NULL;
    ck_assert_dies(eff_log_with_at(EFF_SITE, EFF_LOG_INFO, "x", eff_int(1)),
                   "eff_log_with was given what is no fields");
    ck_assert_dies(eff_log_with_at(EFF_SITE, EFF_LOG_INFO, none, eff_fields(eff_field("a", 1))), "argument 2");
    ck_assert_dies(eff_log_info_with("x", eff_field("a", absent)), "absent");
    ck_assert_dies(eff_log_info_with("x", eff_field(none, 1)), "absent");
    ck_assert_dies(eff_log_with(EFF_LOG_OFF, "x", eff_field("a", 1)), "no level of a message");
    ck_assert_dies(eff_log_annotate(NULL, eff_field("a", 1)), "argument 1 of eff_log_annotate is NULL");
    ck_assert_dies(eff_log_annotate_at(EFF_SITE, eff_noop(), eff_int(1)),
                   "eff_log_annotate was given what is no fields");
    ck_assert_dies(eff_log_annotate(eff_noop(), eff_field("a", absent)), "absent");
    ck_assert_dies(eff_log_annotate_scoped_at(EFF_SITE, eff_unit), "no fields");
    ck_assert_dies(eff_log_span(eff_noop(), none), "argument 2 of eff_log_span is NULL");
    ck_assert_dies(eff_log_span(NULL, "x"), "argument 1 of eff_log_span is NULL");
}
END_TEST

START_TEST(levels_have_names)
{
    eff_log_level_t level = EFF_LOG_FATAL;
    ck_assert(eff_log_level_parse("debug", &level) && level == EFF_LOG_DEBUG);
    ck_assert(eff_log_level_parse("WARNING", &level) && level == EFF_LOG_WARN);
    ck_assert(eff_log_level_parse("Off", &level) && level == EFF_LOG_OFF);
    ck_assert(!eff_log_level_parse("loud", &level) && !eff_log_level_parse(NULL, &level) && level == EFF_LOG_OFF);
}
END_TEST

TESTS(a_message_has_fields_of_any_type, of_equal_keys_the_last_counts, what_is_given_to_a_field_is_evaluated_once,
      the_innermost_annotation_counts_and_each_ends_with_its_effect, annotations_end_with_their_effect_however_it_ends,
      children_and_sides_have_their_parents_annotations,
      OBS_007_scoped_annotations_are_gone_when_an_interrupted_scope_has_closed,
      OBS_007_and_when_it_has_failed_or_succeeded, of_both_kinds_the_inner_one_counts,
      a_scoped_annotation_outlives_the_effect_it_was_made_in, a_childs_scoped_annotations_stay_with_it,
      a_span_tells_how_long_its_effect_has_been_running, a_span_begins_anew_with_each_run,
      a_record_names_its_fiber_or_the_nearest_above_that_has_a_name, what_is_no_field_is_a_mistake, levels_have_names)
