/* What the test kit says: shapes of exits, why an exit is not as expected, journals, and the assertions for Check. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/failing_allocator.h"
#include "support/fibers.h"

/* ---- shapes */

static void check_shape(eff_exit_t exit, const char *shape)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_test_shape(&exit, &text);
    ck_assert_str_eq(eff_buffer_text(&text), shape);
    eff_buffer_done(&text);
    eff_exit_decref(exit);
}

static eff_cause_t *fail_cause(int64_t n)
{
    return eff_cause_fail(eff_int(n));
}
static eff_cause_t *interrupt_cause(void)
{
    return eff_cause_interrupt(0, EFF_INTERRUPT_EXPLICIT, NULL);
}

START_TEST(a_shape_is_an_exit_in_short)
{
    check_shape(eff_exit_succeed(eff_unit), "ok(unit)");
    check_shape(eff_exit_succeed(eff_pair(eff_int(1), eff_literal("a"))), "ok((1, \"a\"))");
    check_shape(eff_exit_fail_cause(eff_cause_empty()), "empty");
    eff_cause_t *both = eff_cause_both(fail_cause(1), interrupt_cause());
    check_shape(eff_exit_fail_cause(eff_cause_then(both, eff_cause_die(eff_int(2)))),
                "then(both(fail(1), interrupt), die)");
}
END_TEST

START_TEST(a_shape_is_cut_far_down)
{
    eff_cause_t *deep = fail_cause(0);
    for (int i = 0; i < 100000; i++)
        deep = eff_cause_then(deep, fail_cause(1));
    eff_exit_t exit = eff_exit_fail_cause(deep);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_test_shape(&exit, &text);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "..."));
    ck_assert_uint_lt(text.size, 2000);
    eff_buffer_done(&text);
    eff_exit_decref(exit);
}
END_TEST

/* ---- expectations */

static char why_text[4096];

/* Whether it was as expected; otherwise why not is in why_text. */
static bool noting(bool as_expected, eff_buffer_t *why)
{
    snprintf(why_text, sizeof why_text, "%s", eff_buffer_text(why));
    eff_buffer_done(why);
    return as_expected;
}
#define EXPECT(what, exit, ...)                                                                                        \
    noting(eff_test_expect_##what(&(exit), __VA_ARGS__, &why), &why) /* with why, an empty buffer, in scope */

START_TEST(what_is_as_expected_needs_no_words)
{
    eff_buffer_t why = EFF_BUFFER_INIT;
    eff_exit_t ok = eff_exit_succeed(eff_int(42)), failed = eff_exit_fail_cause(fail_cause(7));
    eff_exit_t late = eff_exit_fail_cause(eff_cause_fail(eff_error(&eff_timeout_error, 0, "no answer")));
    eff_exit_t died = eff_exit_fail_cause(eff_cause_die(eff_literal("a mistake of mine")));
    eff_exit_t interrupted = eff_exit_fail_cause(interrupt_cause());
    ck_assert(EXPECT(success, ok, "42") && EXPECT(value, ok, eff_int(42)) && EXPECT(shape, ok, "ok(42)"));
    ck_assert(EXPECT(failure, failed, "7") && EXPECT(error, late, &eff_timeout_error));
    ck_assert(EXPECT(defect, died, "mistake"));
    ck_assert(noting(eff_test_expect_interruption(&interrupted, &why), &why));
    ck_assert_str_eq(why_text, "");
    ck_assert(!eff_test_expect_success(&failed, "7", NULL));
    eff_exit_decref(failed);
    eff_exit_decref(late);
    eff_exit_decref(died);
    eff_exit_decref(interrupted);
}
END_TEST

START_TEST(what_is_not_says_what_it_was)
{
    eff_buffer_t why = EFF_BUFFER_INIT;
    eff_exit_t ok = eff_exit_succeed(eff_int(42)), failed = eff_exit_fail_cause(fail_cause(7));
    ck_assert(!EXPECT(success, ok, "41"));
    ck_assert_str_eq(why_text, "expected that it succeeds with 41, but it was ok(42)\nsuccess: 42\n");
    eff_value_t pair = eff_pair(eff_int(1), eff_int(2));
    ck_assert(!EXPECT(value, ok, pair));
    eff_value_decref(pair);
    ck_assert_int_eq(strncmp(why_text, "expected that it succeeds with (1, 2), but", 42), 0);
    ck_assert(!EXPECT(failure, ok, "42"));
    ck_assert_int_eq(strncmp(why_text, "expected that it fails with 42, but it was ok(42)\n", 50), 0);
    ck_assert(!EXPECT(error, failed, &eff_timeout_error));
    ck_assert_str_eq(why_text,
                     "expected that it fails with an error of kind timed out, but it was fail(7)\nerror (int): 7\n");
    ck_assert(!EXPECT(defect, failed, "boom"));
    ck_assert_str_eq(why_text, "expected that it dies of boom, but it was fail(7)\nerror (int): 7\n");
    ck_assert(!noting(eff_test_expect_interruption(&failed, &why), &why));
    ck_assert_str_eq(why_text, "expected that it is interrupted, but it was fail(7)\nerror (int): 7\n");
    eff_exit_decref(failed);
}
END_TEST

START_TEST(a_defect_beside_it_is_no_failure)
{
    eff_exit_t both = eff_exit_fail_cause(eff_cause_both(fail_cause(7), eff_cause_die(eff_int(1))));
    ck_assert(!eff_test_expect_failure(&both, "7", NULL));
    eff_exit_decref(both);
}
END_TEST

START_TEST(what_has_not_ended_is_not_as_expected)
{
    eff_buffer_t why = EFF_BUFFER_INIT;
    ck_assert(!noting(eff_test_expect_success(NULL, "42", &why), &why));
    ck_assert_str_eq(why_text, "expected that it succeeds with 42, but it has not ended\n");
    ck_assert(!eff_test_expect_value(NULL, eff_int(42), NULL));
    ck_assert(!eff_test_expect_failure(NULL, "7", NULL));
    ck_assert(!eff_test_expect_error(NULL, &eff_timeout_error, NULL));
    ck_assert(!eff_test_expect_defect(NULL, "", NULL));
    ck_assert(!eff_test_expect_interruption(NULL, NULL));
    ck_assert(!eff_test_expect_shape(NULL, "", NULL));
}
END_TEST

START_TEST(a_drawn_order_is_told_with_what_was_not_expected)
{
    eff_exit_t exit = eff_test_run_with(&(eff_test_options_t){ .shuffle = true, .seed = 5 }, one(1));
    eff_buffer_t why = EFF_BUFFER_INIT;
    ck_assert(!EXPECT(success, exit, "2"));
    ck_assert_ptr_nonnull(strstr(why_text, "\nthe order again: EFF_TEST_SHUFFLE=1 EFF_TEST_SEED=5\n"));
    exit = eff_test_run(one(1));
    ck_assert(!EXPECT(success, exit, "2"));
    ck_assert_ptr_null(strstr(why_text, "EFF_TEST_SEED"));
}
END_TEST

/* ---- journals */

static eff_value_t text_of(eff_value_t journal)
{
    return eff_string(eff_test_journal_text(eff_as_test_journal(journal)));
}

/* e, which retains the journal; then its text. Consumes both. */
static eff_t *and_text(eff_test_journal_t *j, eff_t *e)
{
    return eff_then(eff_ignore_cause(e), eff_sync(text_of, eff_test_journal_value(j)));
}

static eff_t *says_words(struct world *w)
{
    eff_test_journal_t *j = eff_test_journal_new();
    eff_t *words = eff_then(eff_test_say(j, "word%d", 1), after(1500, eff_test_say_time(j, "late")));
    eff_t *parts = eff_delay(eff_test_say_time(j, "%s", "parts"), eff_nanos(250000));
    return and_text(j, eff_then(words, parts));
}
CASE(a_journal_has_words_and_times, says_words, .succeeds = "word1 late@1500ms parts@1500.25ms",
     .without = ANY_EXIT /* what it reads in the end depends on what was done */)

static eff_t *ends_in_all_ways(struct world *w)
{
    eff_test_journal_t *j = eff_test_journal_new();
    eff_t *all = eff_validate_par(EFF_EFFECTS(eff_test_watch(j, "a", one(1)), eff_test_watch(j, "b", failing(1))),
                                  eff_run_effect, eff_unit, 0);
    eff_t *dies = eff_ignore_cause(eff_test_watch(j, "c", dying()));
    return and_text(j,
                    in_order(eff_ignore_cause(all), dies, eff_timeout(eff_test_watch(j, "d", ms(5)), eff_millis(3))));
}
CASE(a_journal_tells_how_effects_end, ends_in_all_ways, .succeeds = "a> a. b> b! c> c# d> d~",
     .without = ANY_EXIT | NO_SHUFFLES)

static eff_t *watched_in_a_race(struct world *w)
{
    eff_test_journal_t *j = eff_test_journal_new();
    eff_t *a = eff_test_watch(j, "a", eff_sleep(eff_seconds(2)));
    eff_t *b = eff_test_watch(j, "b", eff_sleep(eff_seconds(1)));
    return and_text(j, eff_then(eff_race_first(a, b), eff_test_say_time(j, "end")));
}
CASE(a_race_is_one_line, watched_in_a_race, .succeeds = "a> b> b. a~ end@1000ms", .without = ANY_EXIT | NO_SHUFFLES)

START_TEST(what_is_watched_ends_as_without_it)
{
    eff_test_journal_t *j = eff_test_journal_new();
    ck_assert_fails(eff_test_watch(j, "a", failing(3)), "3");
    ck_assert_succeeds(eff_test_watch(j, "b", one(4)), "4");
    ck_assert_interrupted(eff_test_watch(j, "c", eff_interrupt_self()));
    ck_assert_str_eq(eff_test_journal_text(j), "a> a! b> b. c> c~");
    eff_test_journal_clear(j);
    eff_test_journal_add(j, "%d", 7);
    ck_assert_str_eq(eff_test_journal_text(j), "7");
    eff_test_journal_decref(j);
}
END_TEST

START_TEST(mistakes_with_journals_are_named)
{
    eff_test_journal_t *j = eff_test_journal_new();
    ck_assert_dies(eff_test_say(NULL, "x"), "out of memory");
    ck_assert_dies(eff_test_watch(NULL, "x", one(1)), "out of memory");
    ck_assert_dies(eff_test_watch(j, "x", NULL), "eff_test_watch");
    eff_test_journal_decref(j);
    eff_test_journal_decref(NULL);
    ck_assert_ptr_null(eff_test_journal_incref(NULL));
}
END_TEST

static eff_value_t zero_of(eff_value_t env)
{
    return eff_int(0);
}
static void run_with_journal(void)
{
    eff_test_journal_t *j = eff_test_journal_new();
    eff_t *e = eff_test_watch(j, "a", eff_then(eff_test_say(j, "b"), eff_test_say_time(j, "c")));
    eff_exit_t exit = eff_test_run_with(&(eff_test_options_t){ .limit = eff_seconds(1), .shuffle = true }, e);
    eff_buffer_t why = EFF_BUFFER_INIT;
    (void)eff_test_expect_shape(&exit, "fail(1)", &why);
    eff_test_journal_add(j, "d");
    eff_buffer_done(&why);
    eff_exit_decref(exit);
    eff_test_journal_decref(j);
}
static void drive(void)
{
    eff_test_t *t = eff_test_new();
    if (!t) return;
    (void)eff_test_fork(t, eff_sync(zero_of, eff_string("a value of the heap, long enough for a block")));
    (void)eff_test_fork(t, eff_sleep(eff_seconds(1)));
    eff_test_adjust(t, eff_millis(1));
    (void)eff_test_end(t, NULL);
}

START_TEST(whatever_request_for_memory_fails_nothing_is_lost)
{
    fail_every_allocation(run_with_journal);
    fail_every_allocation(drive);
}
END_TEST

/* ---- the assertions: each in a process of its own, whose failure is seen from here */

static void (*assertion)(void);

START_TEST(runs_the_assertion)
{
    assertion();
}
END_TEST

/* Whether a test that makes this assertion passes; with and without fork mode. */
static bool passes(void (*f)(void), enum fork_status mode)
{
    assertion = f;
    Suite *s = suite_create("inner");
    TCase *t = tcase_create("inner");
    tcase_add_test(t, runs_the_assertion);
    suite_add_tcase(s, t);
    SRunner *sr = srunner_create(s);
    srunner_set_fork_status(sr, mode);
    srunner_set_tap(sr, "/dev/null"); /* not among the lines of this program, whatever the environment says */
    srunner_run_all(sr, CK_SILENT);
    bool passed = srunner_ntests_failed(sr) == 0;
    srunner_free(sr);
    return passed;
}

static void good(void)
{
    eff_test_journal_t *j = eff_test_journal_new();
    ck_assert_succeeds(one(1), "1");
    ck_assert_fails(failing(1), "1");
    ck_assert_fails_as(eff_within(eff_never(), eff_millis(1)), &eff_timeout_error);
    ck_assert_dies(dying(), "oo");
    ck_assert_interrupted(eff_interrupt_self());
    ck_assert_cause(failing(1), "fail(1)");
    ck_assert_exit(eff_run(one(1)), "ok(1)");
    ck_assert_str_eq(eff_test_journal_text(j), "");
    eff_test_journal_decref(j);
}
static void bad_success(void)
{
    ck_assert_succeeds(one(1), "2");
}
static void bad_failure(void)
{
    ck_assert_fails(one(1), "1");
}
static void bad_kind(void)
{
    ck_assert_fails_as(failing(1), &eff_timeout_error);
}
static void bad_end(void)
{
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, one(1));
    eff_test_adjust(t, eff_millis(0));
    eff_exit_t exit = eff_exit_incref(eff_fiber_poll(fiber));
    eff_test_free(t);
    ck_assert_exit(exit, "ok(2)");
}
static void ignore_report(const char *report, void *arg) {}
static void leaves_a_fiber(void)
{
    eff_test_set_defaults(&(eff_test_options_t){ .on_left = ignore_report });
    ck_assert_succeeds(eff_then(eff_fork_daemon(eff_never()), eff_yield_now()), "unit");
}
static void is_not_clean(void)
{
    eff_test_set_defaults(&(eff_test_options_t){ .allow = EFF_TEST_MEMORY });
    eff_test_t *t = eff_test_new();
    (void)eff_test_fork(t, eff_never());
    eff_test_adjust(t, eff_millis(0));
    ck_assert_clean(t);
}

/* Returns how many were not as they should be. */
static int judge_assertions(enum fork_status mode)
{
    static void (*const bad[])(void) = { bad_success, bad_failure, bad_kind, bad_end, leaves_a_fiber, is_not_clean };
    int n = !passes(good, mode);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        n += passes(bad[i], mode);
    return n;
}

/* In a process of its own: Check counts the lines of all its runners together. */
START_TEST(assertions_pass_and_fail_with_and_without_fork_mode)
{
    const char *outer = getenv("CK_FORK");
    bool may_jump = !outer || strcmp(outer, "no") != 0; /* one runner without fork mode in another: no */
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) _exit(judge_assertions(CK_FORK) + (may_jump ? judge_assertions(CK_NOFORK) : 0));
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

TESTS(a_shape_is_an_exit_in_short, a_shape_is_cut_far_down, what_is_as_expected_needs_no_words,
      what_is_not_says_what_it_was, a_defect_beside_it_is_no_failure, what_has_not_ended_is_not_as_expected,
      a_drawn_order_is_told_with_what_was_not_expected, a_journal_has_words_and_times, a_journal_tells_how_effects_end,
      a_race_is_one_line, what_is_watched_ends_as_without_it, mistakes_with_journals_are_named,
      whatever_request_for_memory_fails_nothing_is_lost, assertions_pass_and_fail_with_and_without_fork_mode)
