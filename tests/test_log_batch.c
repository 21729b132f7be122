/* Writing in the background: who logs goes on at once, and nothing is lost, however it ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/case.h"
#include "support/failing_allocator.h"

/* Lines that take 10 ms to be written, "<a$b>", in the journal. */
static void only_message(const eff_log_record_t *r, eff_buffer_t *out)
{
    eff_value_format(r->message, out);
    if (r->n_fields) eff_buffer_add(out, ":");
    if (r->n_fields) eff_value_format(r->fields[0].value, out);
}

static eff_value_t add_text(eff_value_t v, eff_value_t both)
{
    char word[256];
    (void)v;
    snprintf(word, sizeof word, "<%s>", eff_as_string(eff_second(both)));
    for (char *p = word; *p; p++)
        if (*p == '\n' || *p == ' ') *p = *p == '\n' ? '$' : '_';
    journal_add(eff_as_ptr(eff_first(both)), word);
    return eff_unit;
}
static eff_t *write_slowly(eff_value_t text, eff_value_t world)
{
    eff_value_t both = eff_pair(eff_value_incref(world), eff_value_incref(text));
    return eff_map(eff_sleep(eff_millis(10)), add_text, both);
}
static eff_layer_t *slowly(struct world *w)
{
    return eff_logger_lines(only_message, write_slowly, eff_ptr(w));
}
static eff_t *batched(struct world *w, eff_t *e, eff_logger_batch_options_t options)
{
    return eff_provide(e, eff_logger_batched(slowly(w), &options));
}
static const eff_logger_batch_options_t standard = { 0 };

/* ---- when it is written */

static eff_t *together(struct world *w)
{
    eff_t *e = eff_then(eff_log_info("%s", "a"), eff_then(eff_log_info("%s", "b"), say_time(w, "on")));
    e = eff_then(e, eff_then(eff_sleep(eff_millis(200)), eff_then(eff_log_info("%s", "c"), say_time(w, "on"))));
    return eff_then(batched(w, e, standard), say_time(w, "end"));
}
CASE(messages_gather_for_a_period_and_the_rest_is_written_at_the_end, together, .succeeds = "unit",
     .journal = "on@0 <a$b> on@200 <c> end@210")

static eff_t *at_once(struct world *w)
{
    eff_t *e = eff_then(eff_log_info("%s", "a"), eff_then(eff_log_error("%s", "b"), eff_sleep(eff_millis(20))));
    e = eff_then(e, say_time(w, "slept"));
    return batched(w, e, standard);
}
CASE(an_error_is_written_at_once_with_what_came_before, at_once, .succeeds = "unit", .journal = "<a$b> slept@20")

static eff_t *enough(struct world *w)
{
    eff_t *e = eff_then(eff_log_info("%s", "a"), eff_then(eff_log_info("%s", "b"), eff_sleep(eff_millis(50))));
    return batched(w, eff_then(e, say_time(w, "slept")), (eff_logger_batch_options_t){ .batch_bytes = 50 });
}
CASE(as_many_bytes_as_make_a_batch_are_written_at_once, enough, .succeeds = "unit", .journal = "<a$b> slept@50")

static eff_t *flushed(struct world *w)
{
    eff_t *e = eff_then(eff_log_info("%s", "a"), eff_then(eff_logger_flush(), say_time(w, "flushed")));
    e = eff_then(e, eff_then(eff_logger_flush(), say_time(w, "again")));
    return batched(w, e, standard);
}
CASE(a_flush_waits_until_all_is_out, flushed, .succeeds = "unit", .journal = "<a> flushed@10 again@10")

static eff_t *in_a_finalizer(struct world *w)
{
    eff_t *e = eff_ensuring(eff_sleep(eff_millis(5)), eff_log_info("%s", "bye"));
    return batched(w, e, standard);
}
CASE(what_finalizers_log_is_written, in_a_finalizer, .succeeds = "unit", .journal = "<bye>")

static eff_t *deadlock(struct world *w)
{
    eff_t *e = eff_then(eff_log_info("%s", "a"), eff_ensuring(eff_never(), eff_log_info("%s", "b")));
    return batched(w, e, standard);
}
CASE(a_deadlock_is_found_and_what_was_logged_is_written, deadlock, .dies = "deadlock", .journal = "<a> <b>",
     .without = NO_AROUND /* of a timeout around it, it is none */)

/* ---- nothing is lost: what says that it was logged is written, whatever is done to the program */

static eff_t *log_item(eff_value_t v, eff_value_t world)
{
    (void)world;
    return eff_log_info("%lld", (long long)eff_as_int(v));
}
static eff_t *count_item(eff_value_t v, eff_value_t world)
{
    struct world *w = eff_as_ptr(world);
    (void)v;
    return count(w, 0);
}
static eff_t *log_and_count(eff_value_t v, eff_value_t world)
{
    eff_t *logged = eff_uninterruptible(eff_flat_map(log_item(v, world), count_item, eff_value_incref(world)));
    return eff_then(logged, eff_sleep(eff_millis(3)));
}
static eff_value_t count_lines(eff_value_t v, eff_value_t both)
{
    struct world *w = eff_as_ptr(eff_first(both));
    (void)v;
    w->n[1]++;
    for (const char *p = eff_as_string(eff_second(both)); (p = strchr(p, '\n')); p++)
        w->n[1]++;
    return eff_unit;
}
static eff_t *write_counting(eff_value_t text, eff_value_t world)
{
    eff_value_t both = eff_pair(eff_value_incref(world), eff_value_incref(text));
    return eff_map(eff_sleep(eff_millis(4)), count_lines, both);
}
static eff_t *many(struct world *w)
{
    eff_t *e = eff_for_each_par_discard(eff_range(0, 12), log_and_count, eff_ptr(w), 3);
    eff_logger_batch_options_t options = { .period = eff_millis(5), .batch_bytes = 100, .max_bytes = 150 };
    eff_layer_t *inner = eff_logger_lines(only_message, write_counting, eff_ptr(w));
    return eff_provide(e, eff_logger_batched(inner, &options));
}
static void all_came(struct world *w, const eff_exit_t *exit)
{
    (void)exit;
    ck_assert_int_eq(w->n[0], 12);
    ck_assert_int_eq(w->n[1], 12);
}
static void none_was_lost(struct world *w)
{
    ck_assert_int_ge(w->n[1], w->n[0]);
    ck_assert_int_le(w->n[1], w->n[0] + 3);
}
CASE(nothing_is_lost_whatever_is_done_to_the_program, many, .succeeds = "unit", .check = all_came,
     .invariant = none_was_lost,
     .without = NO_ALLOCATIONS | NO_FREE /* without memory, and where effects do not run, lines of effects are lost */)
CASE(nothing_leaks_without_memory_or_a_runtime, many, .succeeds = "unit", .check = all_came)

/* Lines that were written, and messages that were told of as lost. */
static eff_value_t sum_up(eff_value_t v, eff_value_t both)
{
    struct world *w = eff_as_ptr(eff_first(both));
    (void)v;
    for (const char *line = eff_as_string(eff_second(both)); line; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *lost = strstr(line, "lost:"), *end = strchr(line, '\n');
        if (lost && (!end || lost < end)) w->n[2] += atoi(lost + strlen("lost:"));
        else w->n[1]++;
    }
    return eff_unit;
}
static eff_t *write_summing(eff_value_t text, eff_value_t world)
{
    eff_value_t both = eff_pair(eff_value_incref(world), eff_value_incref(text));
    return eff_map(eff_sleep(eff_millis(4)), sum_up, both);
}
static eff_t *six_and_an_end(struct world *w)
{
    eff_t *e = eff_for_each_discard(eff_range(0, 6), log_and_count, eff_ptr(w));
    e = eff_then(e, eff_then(eff_logger_flush(), eff_log_info("%s", "end"))); /* which tells of what was lost before */
    eff_logger_batch_options_t options = { .period = eff_millis(5) };
    eff_layer_t *inner = eff_logger_lines(only_message, write_summing, eff_ptr(w));
    return eff_provide(e, eff_logger_batched(inner, &options));
}
START_TEST(what_is_lost_for_want_of_memory_is_counted)
{
    bool reached = true;
    for (long n = 0; reached; n++) {
        struct world w = { .n = { 0 } };
        allocations_fail_at(n, false);
        eff_exit_t exit = eff_test_run(six_and_an_end(&w));
        reached = requests > n;
        allocations_fail_at(-1, false);
        eff_exit_decref(exit);
        int logged = (int)w.n[0], came = (int)w.n[1], told = (int)w.n[2];
        ck_assert_msg(came + told >= logged, "request %ld: of %d messages %d came, %d were told of", n, logged, came,
                      told);
        ck_assert_msg(came + told <= 7, "request %ld: %d messages came, %d were told of", n, came, told);
    }
}
END_TEST

/* ---- when there is no room */

static eff_t *three(void)
{
    eff_t *e = eff_then(eff_log_info("%s", "a"), eff_log_info("%s", "b"));
    return eff_then(e, eff_log_info("%s", "c"));
}
static eff_t *waits(struct world *w)
{
    eff_t *e = eff_then(three(), say_time(w, "on"));
    return batched(w, e, (eff_logger_batch_options_t){ .max_bytes = 50 });
}
CASE(who_logs_waits_for_room, waits, .succeeds = "unit", .journal = "<a$b> on@10 <c>")

static eff_t *drops(struct world *w)
{
    eff_t *e = eff_then(three(), say_time(w, "on"));
    return batched(w, e, (eff_logger_batch_options_t){ .max_bytes = 60, .when_full = EFF_LOG_FULL_DROP });
}
CASE(or_the_new_message_is_lost_and_told_of, drops, .succeeds = "unit",
     .journal = "on@0 <a$b$a_message_of_the_log_was_lost:1>")

static eff_t *drops_old(struct world *w)
{
    eff_t *e = eff_then(three(), say_time(w, "on"));
    return batched(w, e, (eff_logger_batch_options_t){ .max_bytes = 60, .when_full = EFF_LOG_FULL_DROP_OLD });
}
CASE(or_the_oldest, drops_old, .succeeds = "unit", .journal = "on@0 <c$messages_of_the_log_were_lost:2>")

/* ---- Loggers that are not of lines */

struct plain {
    eff_logger_t logger;
    struct world *w;
};
static eff_t *say_message(eff_logger_t *logger, const eff_log_record_t *r)
{
    struct plain *p = EFF_CONTAINER_OF(logger, struct plain, logger);
    eff_value_t both = eff_pair(eff_ptr(p->w), eff_value_incref(r->message));
    return eff_map(eff_sleep(eff_millis(1)), add_text, both);
}
static eff_t *of_records(struct world *w)
{
    static struct plain p;
    p = (struct plain){ .logger = { .size = sizeof(eff_logger_t), .log = say_message }, .w = w };
    eff_layer_t *inner = eff_layer_succeed(&eff_logger_tag, eff_logger_value(&p.logger));
    eff_t *e = eff_then(three(), say_time(w, "on"));
    return eff_provide(e, eff_logger_batched(inner, NULL));
}
CASE(any_logger_can_work_in_the_background, of_records, .succeeds = "unit", .journal = "on@0 <a> <b> <c>")

static eff_t *fail_once(eff_logger_t *logger, const eff_log_record_t *r)
{
    struct plain *p = EFF_CONTAINER_OF(logger, struct plain, logger);
    if (p->w->n[0]++ == 0) return eff_fail(eff_literal("no"));
    char word[64];
    snprintf(word, sizeof word, "%s%s%s", eff_as_string(r->message), r->n_fields > 1 ? ", " : "",
             r->n_fields > 1 ? eff_as_string(r->fields[1].value) : "");
    eff_value_t both = eff_pair(eff_ptr(p->w), eff_string(word));
    return eff_map(eff_sleep(eff_millis(1)), add_text, both);
}
static eff_t *of_records_that_fail(struct world *w)
{
    static struct plain p;
    p = (struct plain){ .logger = { .size = sizeof(eff_logger_t), .log = fail_once }, .w = w };
    eff_layer_t *inner = eff_layer_succeed(&eff_logger_tag, eff_logger_value(&p.logger));
    return eff_provide(eff_then(three(), say_time(w, "on")), eff_logger_batched(inner, NULL));
}
CASE(what_another_logger_fails_to_log_is_told_of, of_records_that_fail, .succeeds = "unit",
     .journal = "on@0 <b> <c> <a_message_of_the_log_was_lost,_the_Logger_failed>")

/* Fails at the first three: a message, the notice of that, and the next message. */
static eff_t *fail_thrice(eff_logger_t *logger, const eff_log_record_t *r)
{
    struct plain *p = EFF_CONTAINER_OF(logger, struct plain, logger);
    if (p->w->n[0]++ < 3) return eff_fail(eff_literal("no"));
    eff_value_t both = eff_pair(eff_ptr(p->w), eff_value_incref(r->message));
    return eff_map(eff_sleep(eff_millis(1)), add_text, both);
}
static eff_t *of_notices_that_fail(struct world *w)
{
    static struct plain p;
    p = (struct plain){ .logger = { .size = sizeof(eff_logger_t), .log = fail_thrice }, .w = w };
    eff_layer_t *inner = eff_layer_succeed(&eff_logger_tag, eff_logger_value(&p.logger));
    eff_t *e = eff_then(three(), eff_then(eff_sleep(eff_seconds(1)), eff_log_info("%s", "d")));
    e = eff_then(eff_then(eff_log_info("%s", "zero"), eff_sleep(eff_seconds(1))), e);
    return eff_provide(e, eff_logger_batched(inner, NULL));
}
CASE(a_notice_that_is_lost_is_made_up_for_with_the_next_message, of_notices_that_fail, .succeeds = "unit",
     .journal = "<b> <c> <a_message_of_the_log_was_lost> <a_message_of_the_log_was_lost> <d>")

static eff_t *fail_always(eff_logger_t *logger, const eff_log_record_t *r)
{
    struct plain *p = EFF_CONTAINER_OF(logger, struct plain, logger);
    (void)r;
    p->w->n[0]++;
    return eff_fail(eff_literal("no"));
}
static eff_t *of_nothing_but_failures(struct world *w)
{
    static struct plain p;
    p = (struct plain){ .logger = { .size = sizeof(eff_logger_t), .log = fail_always }, .w = w };
    eff_layer_t *inner = eff_layer_succeed(&eff_logger_tag, eff_logger_value(&p.logger));
    eff_t *e = eff_then(eff_log_info("%s", "a"), eff_sleep(eff_seconds(1)));
    return eff_then(eff_provide(e, eff_logger_batched(inner, NULL)), count(w, 0));
}
CASE(a_logger_that_always_fails_is_not_told_so_for_ever, of_nothing_but_failures, .succeeds = "3", .ms = 1000,
     .timed = true)

static eff_t *in_both(struct world *w)
{
    eff_layer_t *two = eff_logger_tee(eff_logger_batched(slowly(w), NULL), eff_logger_batched(slowly(w), NULL));
    return eff_provide(eff_log_info("%s", "x"), two);
}
CASE(two_of_them_work_side_by_side, in_both, .succeeds = "unit", .journal = "<x> <x>")

static eff_t *logs(eff_value_t text, eff_value_t world)
{
    (void)world;
    return eff_log_error("inner %s", eff_as_string(text));
}
static eff_t *inner_logs(struct world *w)
{
    eff_layer_t *inner = eff_logger_lines(only_message, logs, eff_ptr(w));
    return eff_provide(eff_then(eff_log_error("%s", "x"), say(w, "on")), eff_logger_batched(inner, NULL));
}
/* OBS-008 */
CASE(OBS_008_what_writes_in_the_background_does_not_log_to_itself, inner_logs, .succeeds = "unit", .journal = "on")

TESTS(messages_gather_for_a_period_and_the_rest_is_written_at_the_end,
      an_error_is_written_at_once_with_what_came_before, as_many_bytes_as_make_a_batch_are_written_at_once,
      a_flush_waits_until_all_is_out, what_finalizers_log_is_written,
      a_deadlock_is_found_and_what_was_logged_is_written, nothing_is_lost_whatever_is_done_to_the_program,
      nothing_leaks_without_memory_or_a_runtime, what_is_lost_for_want_of_memory_is_counted, who_logs_waits_for_room,
      or_the_new_message_is_lost_and_told_of, or_the_oldest, what_another_logger_fails_to_log_is_told_of,
      a_notice_that_is_lost_is_made_up_for_with_the_next_message, a_logger_that_always_fails_is_not_told_so_for_ever,
      any_logger_can_work_in_the_background, two_of_them_work_side_by_side,
      OBS_008_what_writes_in_the_background_does_not_log_to_itself)
