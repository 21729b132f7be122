/* Loggers as layers: lines for an effect, filters, two of them, plain C; and the one of tests. */
#include <effect/tracer.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "support/case.h"
#include "support/failing_allocator.h"

/* ---- lines, which an effect notes in the journal */

static void only_message(const eff_log_record_t *r, eff_buffer_t *out)
{
    eff_value_format(r->message, out);
    for (size_t i = 0; i < r->n_fields; i++) {
        eff_buffer_printf(out, ",%s=", r->fields[i].key);
        eff_value_format(r->fields[i].value, out);
    }
}

static eff_value_t add_text(eff_value_t both)
{
    char word[256];
    snprintf(word, sizeof word, "%s", eff_as_string(eff_second(both)));
    for (char *p = word; *p; p++)
        if (*p == '\n' || *p == ' ') *p = *p == '\n' ? '$' : '_';
    journal_add(eff_as_ptr(eff_first(both)), word);
    return eff_unit;
}
static eff_t *note(eff_value_t text, eff_value_t world)
{
    return eff_sync(add_text, eff_pair(eff_value_incref(world), eff_value_incref(text)));
}
static eff_layer_t *noting(struct world *w)
{
    return eff_logger_lines(only_message, note, eff_ptr(w));
}

static eff_t *levels(void)
{
    eff_t *e = eff_then(eff_log_debug("%s", "d"), eff_log_info_with("i", eff_field("n", 1)));
    return eff_then(e, eff_then(eff_log_warn("%s", "w"), eff_log_error("%s", "e")));
}

static eff_t *lines(struct world *w)
{
    return eff_provide(levels(), noting(w));
}
CASE(lines_go_to_an_effect_of_the_users, lines, .succeeds = "unit", .journal = "i,n=1 w e")

static eff_t *filtered(struct world *w)
{
    return eff_provide(eff_log_level(levels(), EFF_LOG_TRACE), eff_logger_level(noting(w), EFF_LOG_WARN));
}
CASE(a_level_keeps_the_others_from_one_logger, filtered, .succeeds = "unit", .journal = "w e")

/* ---- the level comes along with the Logger */

static eff_t *by_its_level(struct world *w)
{
    return eff_provide(levels(), eff_logger_level(noting(w), EFF_LOG_DEBUG));
}
CASE(the_level_of_the_logger_is_the_minimum, by_its_level, .succeeds = "unit", .journal = "d i,n=1 w e")

static eff_t *by_another_level(struct world *w)
{
    return eff_provide(eff_log_level(levels(), EFF_LOG_WARN), eff_logger_level(noting(w), EFF_LOG_DEBUG));
}
CASE(unless_another_one_is_said, by_another_level, .succeeds = "unit", .journal = "w e")

static bool any(const eff_log_record_t *r, eff_value_t env)
{
    (void)r, (void)env;
    return true;
}
static eff_t *by_the_level_within(struct world *w)
{
    eff_layer_t *debug = eff_logger_level(noting(w), EFF_LOG_DEBUG), *filter = eff_logger_filter(debug, any, eff_unit);
    return eff_provide(levels(), eff_logger_batched(filter, NULL));
}
CASE(filters_and_batches_have_the_level_of_what_is_within, by_the_level_within, .succeeds = "unit",
     .journal = "d i,n=1 w e")

static eff_t *by_the_lower_level(struct world *w)
{
    eff_layer_t *errors = eff_logger_level(noting(w), EFF_LOG_ERROR), *all = eff_logger_level(noting(w), EFF_LOG_TRACE);
    return eff_provide(levels(), eff_logger_tee(errors, all));
}
CASE(a_tee_has_the_lower_level_of_both, by_the_lower_level, .succeeds = "unit", .journal = "d i,n=1 w e e")

static eff_t *by_no_level(struct world *w)
{
    return eff_provide(levels(), eff_logger_tee(noting(w), eff_logger_level(noting(w), EFF_LOG_TRACE)));
}
CASE(and_none_when_one_of_them_has_none, by_no_level, .succeeds = "unit", .journal = "i,n=1 i,n=1 w w e e")

typedef struct part {
    int n;
} part_t;
EFF_DECLARE_SERVICE(part, part_t);
EFF_DEFINE_SERVICE(part, part_t);
static eff_t *open_part(void)
{
    static part_t part;
    return eff_map_to(eff_log_debug("%s", "open"), part_value(&part));
}
static eff_t *leave_part(part_t *part)
{
    (void)part;
    return eff_log_debug("%s", "goodbye");
}
static eff_layer_t *part_live(void);
EFF_DEFINE_POLITE_LAYER(part_live, part, part_t, open_part, leave_part, NULL, &eff_logger_tag);

static eff_t *in_a_build(struct world *w)
{
    eff_layer_t *app = eff_layer_wire(part_live(), eff_logger_level(noting(w), EFF_LOG_DEBUG));
    return eff_provide(eff_log_debug("%s", "run"), app);
}
CASE(a_layer_that_needs_the_logger_has_its_level_too, in_a_build, .succeeds = "unit", .journal = "open run goodbye")

/* ---- filters, tees */

static bool has_fields(const eff_log_record_t *r, eff_value_t env)
{
    return (int64_t)r->n_fields == eff_as_int(env);
}
static eff_t *by_fields(struct world *w)
{
    return eff_provide(levels(), eff_logger_filter(noting(w), has_fields, eff_int(1)));
}
CASE(a_filter_sees_the_record, by_fields, .succeeds = "unit", .journal = "i,n=1")

static eff_t *around_a_lazy_one(struct world *w)
{
    eff_layer_t *errors = eff_logger_level(eff_layer_lazy(noting(w)), EFF_LOG_ERROR);
    return eff_provide(levels(), eff_logger_batched(eff_layer_lazy(errors), NULL));
}
CASE(a_lazy_logger_is_built_for_what_is_around_it, around_a_lazy_one, .succeeds = "unit", .journal = "e")

static eff_t *in_two(struct world *w)
{
    eff_layer_t *errors = eff_logger_level(eff_logger_lines(only_message, note, eff_ptr(w)), EFF_LOG_ERROR);
    return eff_provide(levels(), eff_logger_tee(noting(w), errors));
}
CASE(a_tee_gives_each_message_to_both, in_two, .succeeds = "unit", .journal = "i,n=1 w e e")

static eff_t *in_three(struct world *w)
{
    eff_layer_t *two = eff_logger_tee(noting(w), eff_logger_none());
    return eff_provide(eff_log_info("%s", "x"), eff_logger_tee(two, noting(w)));
}
CASE(tees_nest, in_three, .succeeds = "unit", .journal = "x x")

static eff_t *fails(eff_value_t text, eff_value_t world)
{
    struct world *w = eff_as_ptr(world);
    if (w->n[0]++ < 2) return eff_fail(eff_error_errno(5, "write"));
    return note(text, world);
}
static eff_t *lossy(struct world *w)
{
    return eff_provide(levels(), eff_logger_lines(only_message, fails, eff_ptr(w)));
}
CASE(what_was_lost_is_told_when_it_works_again, lossy, .succeeds = "unit",
     .journal = "messages_of_the_log_were_lost,lost=2$e")

static eff_t *break_down(eff_logger_t *logger, const eff_log_record_t *record)
{
    (void)logger, (void)record;
    return eff_die(eff_literal("broken"));
}
static eff_logger_t broken = { .size = sizeof(eff_logger_t), .log = break_down };
static eff_t *one_fails(struct world *w)
{
    eff_layer_t *first = eff_layer_succeed(&eff_logger_tag, eff_logger_value(&broken));
    return eff_provide(eff_log_info("%s", "on"), eff_logger_tee(first, noting(w)));
}
CASE(a_tee_needs_only_one_that_works, one_fails, .succeeds = "unit", .journal = "on")

static eff_t *fail_to_open(eff_logger_t *logger)
{
    (void)logger;
    return eff_fail(eff_error_errno(2, "open"));
}
static eff_logger_t unopened = { .size = sizeof(eff_logger_t), .log = break_down, .reopen = fail_to_open };

struct opening {
    eff_logger_t logger;
    struct world *w;
};
EFF_STATIC_TYPE(opening, struct opening);
static eff_t *note_opening(eff_logger_t *logger)
{
    return note(eff_literal("opened"), eff_ptr(EFF_CONTAINER_OF(logger, struct opening, logger)->w));
}
static eff_t *one_is_not_opened(struct world *w)
{
    eff_logger_t logger = { .size = sizeof logger, .log = break_down, .reopen = note_opening };
    eff_layer_t *first = eff_layer_succeed(&eff_logger_tag, eff_logger_value(&unopened));
    eff_layer_t *second = eff_layer_succeed(&eff_logger_tag, opening_make((struct opening){ logger, w }));
    return eff_provide(eff_logger_reopen(), eff_logger_tee(first, second));
}
CASE(a_tee_opens_both_anew, one_is_not_opened, .fails = "not found: open: No such file or directory",
     .journal = "opened")

/* ---- plain C */

static void count_it(const eff_log_record_t *r, void *arg)
{
    char word[64];
    snprintf(word, sizeof word, "%s:%s", eff_log_level_name(r->level), eff_as_string(r->message));
    journal_add(arg, word);
}
static eff_t *plain(struct world *w)
{
    return eff_provide(eff_then(eff_log_info("%s", "a"), eff_log_warn("%s", "b")), eff_logger_to(count_it, w));
}
CASE(messages_go_to_plain_c, plain, .succeeds = "unit", .journal = "INFO:a WARN:b")

/* ---- stderr, through the Console of who logs */

struct captured {
    eff_console_t console;
    struct world *w;
};
static eff_t *write_console(eff_console_t *console, eff_console_output_t to, eff_value_t text)
{
    struct captured *c = EFF_CONTAINER_OF(console, struct captured, console);
    (void)to;
    return eff_sync(add_text, eff_pair(eff_ptr(c->w), text));
}
static void both_came(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_msg(strstr(w->journal, "level=INFO_fiber=1_msg=x_site="), "%s", w->journal);
    ck_assert_msg(strstr(w->journal, "_INFO__fiber_1:_y$"), "%s", w->journal);
}
static eff_t *to_stderr(struct world *w)
{
    static struct captured c;
    c = (struct captured){ .console = { .size = sizeof(eff_console_t), .write = write_console }, .w = w };
    eff_t *e = eff_provide(eff_log_info("%s", "x"), eff_logger_stderr(eff_log_format_logfmt));
    e = eff_then(e, eff_provide(eff_log_info("%s", "y"), eff_logger_live()));
    return eff_console_provide(e, &c.console);
}
CASE(stderr_is_that_of_the_console_in_effect, to_stderr, .succeeds = "unit", .check = both_came)

/* ---- in a span of tracing */

static eff_t *parse_line(eff_value_t text, eff_value_t world)
{
    struct world *w = eff_as_ptr(world);
    json_t *json = json_loads(eff_as_string(text), JSON_REJECT_DUPLICATES, NULL);
    json_t *trace = json_object_get(json, "trace_id"), *span = json_object_get(json, "span_id");
    if (json_string_length(trace) == 32 && json_string_length(span) == 16) journal_add(w, "ids");
    else if (json && !trace && !span) journal_add(w, "none");
    json_decref(json);
    return eff_noop();
}
static eff_t *in_a_span(struct world *w)
{
    eff_layer_t *json = eff_logger_lines(eff_log_format_json, parse_line, eff_ptr(w));
    eff_test_tracer_t *tracer = eff_test_tracer_new();
    eff_t *e = eff_then(eff_with_span(eff_log_info("%s", "in"), "request"), eff_log_info("%s", "out"));
    e = eff_provide(e, eff_layer_merge(json, eff_test_tracer(tracer)));
    eff_test_tracer_decref(tracer);
    return e;
}
/* OBS-005 */
CASE(OBS_005_a_json_line_within_a_span_has_its_ids, in_a_span, .succeeds = "unit", .journal = "ids none")

/* ---- TestLogger */

static eff_t *some_work(void)
{
    eff_t *e = eff_log_span(eff_then(eff_sleep(eff_seconds(2)), eff_log_warn("%s", "slow")), "sync");
    e = eff_then(eff_log_info_with("connected", eff_field("host", "db"), eff_field("port", 5432)), e);
    e = eff_then(e, eff_log_cause(EFF_LOG_ERROR, eff_cause_fail(eff_int(7)), "%s", "failed\nbadly"));
    return eff_named(eff_then(e, eff_log_debug("%s", "unseen")), "worker");
}
START_TEST(a_test_logger_keeps_records_and_text)
{
    eff_test_logger_t *t = eff_test_logger_new();
    ck_assert_str_eq(eff_test_logger_text(t), "");
    ck_assert_succeeds(eff_provide(some_work(), eff_test_logger(t)), "unit");
    ck_assert_str_eq(eff_test_logger_text(t), "INFO connected host=db port=5432\nWARN slow [sync 2s]\n"
                                              "ERROR failed\\nbadly\n");
    ck_assert_uint_eq(eff_test_logger_size(t), 3);
    const eff_log_record_t *r = eff_test_logger_at(t, 1);
    ck_assert_int_eq(r->level, EFF_LOG_WARN);
    ck_assert_str_eq(r->fiber_name, "worker");
    ck_assert_int_eq(r->spans[0].elapsed.ns, 2000000000);
    ck_assert_int_eq(r->time.ns, 2000000000);
    ck_assert_str_eq(eff_test_logger_at(t, 0)->fields[1].key, "port");
    ck_assert_ptr_nonnull(eff_test_logger_at(t, 2)->cause);
    ck_assert_ptr_null(eff_test_logger_at(t, 3));
    eff_test_logger_clear(t);
    ck_assert_uint_eq(eff_test_logger_size(t), 0);
    ck_assert_succeeds(eff_logger_provide_value(eff_log_info("%s", "x"), eff_test_logger_value(t)), "unit");
    ck_assert_str_eq(eff_test_logger_text(t), "INFO x\n");
    eff_test_logger_decref(t);
}
END_TEST

static void test_some_work(void)
{
    eff_test_logger_t *t = eff_test_logger_new();
    eff_exit_decref(eff_test_run(eff_provide(some_work(), eff_test_logger(t))));
    eff_test_logger_decref(t);
}
START_TEST(a_test_logger_gives_back_all_that_it_gets)
{
    fail_every_allocation(test_some_work);
}
END_TEST

/* ---- who has no layer */

START_TEST(a_daemon_logs_to_the_default_logger_whatever_its_forker_has)
{
    eff_test_console_t *console = eff_test_console_new();
    eff_test_t *t = eff_test_new_with(&(eff_test_options_t){ .console = console });
    eff_test_fork(t, eff_provide(eff_fork_daemon(eff_log_info("%s", "alone")), eff_logger_none()));
    eff_test_adjust(t, eff_millis(1));
    ck_assert_ptr_nonnull(strstr(eff_test_console_errors(console), ": alone\n"));
    ck_assert_uint_eq(eff_test_free(t), 0);
    eff_test_console_decref(console);
}
END_TEST

/* ---- mistakes */

START_TEST(what_makes_no_logger_is_a_mistake)
{
    eff_bind_fn no_write = NULL;
    ck_assert_dies(eff_provide(eff_noop(), eff_logger_lines(NULL, no_write, eff_unit)), "eff_logger_lines");
    ck_assert_dies(eff_provide(eff_noop(), eff_logger_to(NULL, NULL)), "eff_logger_to");
    ck_assert_dies(eff_provide(eff_noop(), eff_logger_filter(eff_logger_none(), NULL, eff_unit)), "eff_logger_filter");
    ck_assert_dies(eff_provide(eff_noop(), eff_logger_file(NULL)), "eff_logger_file was given no path");
}
END_TEST

TESTS(lines_go_to_an_effect_of_the_users, a_level_keeps_the_others_from_one_logger,
      the_level_of_the_logger_is_the_minimum, unless_another_one_is_said,
      filters_and_batches_have_the_level_of_what_is_within, a_tee_has_the_lower_level_of_both,
      and_none_when_one_of_them_has_none, a_layer_that_needs_the_logger_has_its_level_too, a_filter_sees_the_record,
      a_lazy_logger_is_built_for_what_is_around_it, a_tee_gives_each_message_to_both, tees_nest,
      what_was_lost_is_told_when_it_works_again, a_tee_needs_only_one_that_works, a_tee_opens_both_anew,
      messages_go_to_plain_c, stderr_is_that_of_the_console_in_effect, OBS_005_a_json_line_within_a_span_has_its_ids,
      a_test_logger_keeps_records_and_text, a_test_logger_gives_back_all_that_it_gets,
      a_daemon_logs_to_the_default_logger_whatever_its_forker_has, what_makes_no_logger_is_a_mistake)
