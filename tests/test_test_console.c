/* TestConsole: what programs print is kept, and what they read is typed by the test. */
#include <errno.h>
#include <string.h>

#include "support/case.h"

/* ---- the console of a case: made anew for each run, and given up by its invariant */

static eff_test_console_t *console;

static eff_t *under_console(eff_t *e)
{
    eff_test_console_decref(console); /* of a run that has no invariant */
    console = eff_test_console_new();
    return eff_console_provide_value(e, eff_test_console_value(console));
}
/* Types these lines for e, at once; or, out of memory, is that effect. */
static eff_t *typed(eff_t *e, int n, const char *const *lines)
{
    bool failed = false;
    for (int i = 0; i < n && !failed; i++)
        failed = eff_test_console_type(console, lines[i]) != 0;
    if (!failed) return e;
    eff_decref(e);
    return eff_out_of_memory();
}
static void done(struct world *w)
{
    (void)w;
    eff_test_console_decref(console);
    console = NULL;
}

static eff_value_t said(eff_value_t line, eff_value_t env)
{
    journal_add(eff_as_ptr(env), eff_as_string(line));
    return eff_unit;
}
static eff_t *says_line(struct world *w)
{
    return eff_map(eff_read_line(), said, eff_ptr(w));
}
static eff_t *greet(eff_value_t name, eff_value_t env)
{
    (void)env;
    return eff_print_line(eff_printf("Hello, %s!", eff_as_string(name)));
}
static eff_t *asks(void)
{
    return eff_then(eff_print(eff_literal("Your name? ")), eff_flat_map(eff_read_line(), greet, eff_unit));
}

/* ---- what a program prints and reads */

static eff_t *asked(struct world *w)
{
    eff_t *e = under_console(eff_then(asks(), eff_print_error(eff_literal("[bye]"))));
    return typed(e, 1, (const char *[]){ "Ada" });
}
static void asked_ada(struct world *w, const eff_exit_t *exit)
{
    ck_assert(exit->ok);
    ck_assert_str_eq(eff_test_console_output(console), "Your name? Hello, Ada!\n");
    ck_assert_str_eq(eff_test_console_errors(console), "[bye]");
    ck_assert_str_eq(eff_test_console_screen(console), "Your name? Ada\nHello, Ada!\n[bye]");
    eff_test_console_clear(console);
    ck_assert_str_eq(eff_test_console_output(console), "");
    ck_assert_str_eq(eff_test_console_errors(console), "");
    ck_assert_str_eq(eff_test_console_screen(console), "");
}
/* What is on the screen is the beginning of what the whole run leaves there, whatever was done to it. */
static void screen_is_a_beginning(struct world *w)
{
    static const char whole[] = "Your name? Ada\nHello, Ada!\n[bye]";
    const char *screen = eff_test_console_screen(console);
    ck_assert(strncmp(whole, screen, strlen(screen)) == 0);
    done(w);
}
CASE(a_screen_shows_both_outputs_and_what_was_typed, asked, .succeeds = "unit", .check = asked_ada,
     .invariant = screen_is_a_beginning)

static eff_t *by_its_layer(struct world *w)
{
    done(w);
    console = eff_test_console_new();
    return typed(eff_provide(asks(), eff_test_console(console)), 1, (const char *[]){ "Grace" });
}
static void asked_grace(struct world *w, const eff_exit_t *exit)
{
    ck_assert_str_eq(eff_test_console_output(console), "Your name? Hello, Grace!\n");
}
CASE(a_test_console_is_a_layer, by_its_layer, .succeeds = "unit", .check = asked_grace, .invariant = done)

static eff_t *say_item(eff_value_t line, eff_value_t env)
{
    return say(eff_as_ptr(env), eff_as_string(line));
}
static eff_t *all_lines(struct world *w)
{
    eff_t *e = under_console(eff_for_each_discard(eff_read_lines(), say_item, eff_ptr(w)));
    eff_test_console_end(console);
    return typed(e, 2, (const char *[]){ "one", "two" });
}
static void said_no_other(struct world *w)
{
    ck_assert(strncmp("one two", w->journal, strlen(w->journal)) == 0);
    done(w);
}
CASE(lines_are_items_until_the_end, all_lines, .succeeds = "unit", .journal = "one two", .invariant = said_no_other)

static eff_t *at_the_end(struct world *w)
{
    eff_t *e = under_console(eff_read_line());
    eff_test_console_end(console);
    return e;
}
CASE(reading_at_the_end_fails, at_the_end, .fails = "end of input: the test console", .invariant = done)

static eff_t *say_error(eff_value_t error, eff_value_t env)
{
    return say(eff_as_ptr(env), eff_as_error(error)->kind == &eff_argument_error ? "too-long" : "another");
}
static eff_t *too_long(struct world *w)
{
    eff_t *e = eff_catch_all(eff_read_line_of(3), say_error, eff_ptr(w));
    e = under_console(eff_then(e, eff_read_line_of(3)));
    return typed(e, 2, (const char *[]){ "four", "one" });
}
CASE(a_line_that_is_too_long_fails_once, too_long, .succeeds = "one", .journal = "too-long", .invariant = done)

/* ---- time and order */

static eff_t *slow_typist(struct world *w)
{
    eff_t *first = eff_then(eff_timeout(says_line(w), eff_millis(50)), say_time(w, "impatient"));
    eff_t *e = under_console(eff_then(first, eff_then(says_line(w), say_time(w, "got"))));
    if (!eff_test_console_type_after(console, eff_millis(100), "late")) return e;
    eff_decref(e);
    return eff_out_of_memory();
}
CASE(a_line_comes_when_a_reader_has_waited_for_it, slow_typist, .succeeds = "unit",
     .journal = "impatient@50 late got@150", .invariant = done)

static eff_t *named(struct world *w, const char *name)
{
    return eff_then(says_line(w), say(w, name));
}
static eff_value_t type_three(eff_value_t env)
{
    static const char *const lines[] = { "1", "2", "3" };
    (void)env;
    for (int i = 0; i < 3; i++)
        if (eff_test_console_type(console, lines[i])) return eff_oom_value();
    return eff_unit;
}
static eff_t *three_readers(struct world *w)
{
    eff_t *e = eff_zip_par(named(w, "a"), eff_zip_par(named(w, "b"), named(w, "c")));
    e = eff_then(eff_zip_par(e, eff_delay(eff_sync(type_three, eff_unit), eff_millis(1))), eff_noop());
    return under_console(e);
}
CASE(readers_are_served_in_order, three_readers, .succeeds = "unit", .journal = "1 a 2 b 3 c", .invariant = done,
     .without = NO_SHUFFLES /* they may begin in any order */)

static eff_t *one_gives_up(struct world *w)
{
    eff_t *first = eff_timeout(says_line(w), eff_millis(1)), *second = eff_timeout(says_line(w), eff_millis(2));
    eff_t *types = eff_delay(eff_sync(type_three, eff_unit), eff_millis(3));
    eff_t *e = eff_zip_par(eff_zip_par(first, second), eff_zip_par(named(w, "c"), types));
    return under_console(eff_map_to(e, eff_unit));
}
CASE(who_is_interrupted_leaves_the_line_to_the_next, one_gives_up, .succeeds = "unit", .journal = "1 c",
     .invariant = done)

/* ---- nobody types */

static eff_t *waits(struct world *w)
{
    return under_console(eff_read_line());
}
static void says_what_it_waits_for(struct world *w, const eff_exit_t *exit)
{
    eff_buffer_t report = EFF_BUFFER_INIT;
    eff_exit_format(exit, &report);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&report), "for a line to be typed at the test console"));
    eff_buffer_done(&report);
}
CASE(reading_what_nobody_types_is_a_deadlock, waits, .dies = "deadlock", .check = says_what_it_waits_for,
     .invariant = done, .without = ANY_EXIT /* an interruption may come before it */)

START_TEST(a_test_types_between_two_steps)
{
    eff_test_console_t *t = eff_test_console_new();
    eff_test_t *test = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(test, eff_console_provide_value(asks(), eff_test_console_value(t)));
    eff_test_adjust(test, eff_millis(1));
    ck_assert_str_eq(eff_test_console_screen(t), "Your name? ");
    ck_assert_ptr_null(eff_fiber_poll(fiber));
    ck_assert_int_eq(eff_test_console_type(t, "Alan"), 0);
    eff_test_adjust(test, eff_millis(0));
    ck_assert_str_eq(eff_test_console_screen(t), "Your name? Alan\nHello, Alan!\n");
    ck_assert_ptr_nonnull(eff_fiber_poll(fiber));
    ck_assert_uint_eq(eff_test_free(test), 0);
    eff_test_console_decref(t);
}
END_TEST

/* ---- mistakes */

static eff_t *write_nothing(eff_console_t *c, eff_console_output_t to, eff_value_t printed)
{
    eff_value_decref(printed);
    return eff_noop();
}
START_TEST(a_console_without_input_is_at_its_end)
{
    static eff_console_t older = { offsetof(eff_console_t, read_line), write_nothing, NULL };
    static eff_console_t writer = { sizeof(eff_console_t), write_nothing, NULL };
    ck_assert_fails(eff_console_provide(eff_read_line(), &older), "end of input: the Console in effect has no input");
    ck_assert_fails(eff_console_provide(eff_read_line(), &writer), "end of input: the Console in effect has no input");
    ck_assert_succeeds(eff_console_provide(eff_for_each(eff_read_lines(), say_item, eff_unit), &writer), "[]");
}
END_TEST

START_TEST(a_test_console_that_found_no_memory_does_nothing)
{
    ck_assert_int_eq(eff_test_console_type(NULL, "x"), -ENOMEM);
    eff_test_console_end(NULL);
    eff_test_console_clear(NULL);
    ck_assert_str_eq(eff_test_console_output(NULL), "");
    ck_assert_str_eq(eff_test_console_errors(NULL), "");
    ck_assert_str_eq(eff_test_console_screen(NULL), "");
    ck_assert_ptr_null(eff_test_console_incref(NULL));
    eff_test_console_decref(NULL);
    ck_assert_dies(eff_console_provide_value(eff_read_line(), eff_test_console_value(NULL)), "out of memory");
    ck_assert_dies(eff_provide(eff_read_line(), eff_test_console(NULL)), "out of memory");
}
END_TEST

START_TEST(a_test_console_outlives_its_handle_while_it_is_used)
{
    eff_test_console_t *t = eff_test_console_new();
    eff_t *e = eff_console_provide_value(asks(), eff_test_console_value(t));
    ck_assert_int_eq(eff_test_console_type(t, "Ada"), 0);
    eff_test_console_decref(eff_test_console_incref(t));
    eff_test_console_decref(t);
    ck_assert_succeeds(e, "unit");
}
END_TEST

START_TEST(a_line_that_nobody_reads_is_freed)
{
    eff_test_console_t *t = eff_test_console_new();
    ck_assert_int_eq(eff_test_console_type(t, "one"), 0);
    ck_assert_int_eq(eff_test_console_type_after(t, eff_seconds(1), "two"), 0);
    eff_test_console_decref(t);
}
END_TEST

TESTS(a_screen_shows_both_outputs_and_what_was_typed, a_test_console_is_a_layer, lines_are_items_until_the_end,
      reading_at_the_end_fails, a_line_that_is_too_long_fails_once, a_line_comes_when_a_reader_has_waited_for_it,
      readers_are_served_in_order, who_is_interrupted_leaves_the_line_to_the_next,
      reading_what_nobody_types_is_a_deadlock, a_test_types_between_two_steps, a_console_without_input_is_at_its_end,
      a_test_console_that_found_no_memory_does_nothing, a_test_console_outlives_its_handle_while_it_is_used,
      a_line_that_nobody_reads_is_freed)
