/** @file
 * Assertions for tests written with Check (0.15 or later): each runs an effect as eff_test_run does, and fails the test
 * with the whole exit when it did not end as expected. All of it is in this header: libeffect-test knows nothing of Check.
 *
 *     #include <check.h>
 *     #include <effect/test_check.h>
 *
 *     START_TEST(a_flaky_service_is_asked_three_times)
 *     {
 *         ck_assert_succeeds(http_provide(probe("http://flaky/"), &scripted.http), "up");
 *     }
 *     END_TEST
 *
 * It makes no difference whether Check forks (CK_FORK): what a run left behind is a defect of its exit. But assertions
 * stand behind a run, not in callbacks of its effects: without fork, one that fails leaves by longjmp, and with it the
 * loop that calls it, so that every later run in this process is refused. Have the effect fail or die instead.
 */
#ifndef EFFECT_TEST_CHECK_H
#define EFFECT_TEST_CHECK_H

#include <check.h>
#include <stdio.h>

#include <effect/test.h>
#include <effect/test_expect.h>
#include <effect/test_journal.h>

/* ---- of effects, each of which is consumed and run with the thread's defaults */

/** It succeeds with a value that reads like this: eff_test_expect_success. @consumes{effect} @param text of the value */
#define ck_assert_succeeds(effect, text)                                                                               \
    eff__ck_exit(__FILE__, __LINE__, eff_test_run(effect), eff_test_expect_success, text)
/** It fails with an error that reads like this: eff_test_expect_failure. @consumes{effect} @param text of the error */
#define ck_assert_fails(effect, text)                                                                                  \
    eff__ck_exit(__FILE__, __LINE__, eff_test_run(effect), eff_test_expect_failure, text)
/** It fails with an error of this kind: eff_test_expect_error. @consumes{effect} @param kind an eff_error_kind_t */
#define ck_assert_fails_as(effect, kind) eff__ck_error(__FILE__, __LINE__, eff_test_run(effect), kind)
/** It dies of something that contains this text: eff_test_expect_defect. @consumes{effect} @param piece of the text */
#define ck_assert_dies(effect, piece)                                                                                  \
    eff__ck_exit(__FILE__, __LINE__, eff_test_run(effect), eff_test_expect_defect, piece)
/** It is interrupted only: eff_test_expect_interruption. @consumes{effect} */
#define ck_assert_interrupted(effect) eff__ck_exit(__FILE__, __LINE__, eff_test_run(effect), eff__test_interrupted, "")
/** It ends in this shape, as "both(fail(1), interrupt)": eff_test_expect_shape. @consumes{effect} @param shape of it */
#define ck_assert_cause(effect, shape)                                                                                 \
    eff__ck_exit(__FILE__, __LINE__, eff_test_run(effect), eff_test_expect_shape, shape)

/* ---- of what there is already */

/** An exit that you have has this shape: eff_test_expect_shape. @consumes{exit} @param shape as "ok(42)" */
#define ck_assert_exit(exit, shape) eff__ck_exit(__FILE__, __LINE__, exit, eff_test_expect_shape, shape)
/** A fiber has ended in this shape. Fails when it has not ended: see eff_test_poll.
 *  @param fiber borrows: an `eff_fiber_t *`
 *  @param shape as "ok(42)" */
#define ck_assert_ended(fiber, shape) eff__ck_ended(__FILE__, __LINE__, eff_fiber_poll(fiber), shape)
/** A fiber has not ended. @param fiber borrows: an `eff_fiber_t *` */
#define ck_assert_running(fiber)                                                                                       \
    ck_assert_msg(!eff_fiber_poll(fiber), "the fiber has ended, but should still be running")
/** A journal reads like this. @param journal borrows @param text the whole of it */
#define ck_assert_journal(journal, text) ck_assert_str_eq(eff_test_journal_text(journal), text)
/** Ends a test, which left nothing behind: eff_test_end. @param t consumes: an `eff_test_t *` */
#define ck_assert_clean(t) eff__ck_clean(__FILE__, __LINE__, t)

/** @cond */
typedef bool (*eff__test_expect_fn)(const eff_exit_t *exit, const char *text, eff_buffer_t *why);

/* Ends the test with what is in why, all of which is given up: without fork mode, that is a longjmp. */
static inline void eff__ck_fail(const char *file, int line, eff_buffer_t *why)
{
    static char text[8192];
    snprintf(text, sizeof text, "%s", eff_buffer_text(why));
    eff_buffer_done(why);
    _ck_assert_failed(file, line, "Wrong exit", "%s", text);
}

EFF_MAYBE_UNUSED static inline void eff__ck_exit(const char *file, int line, eff_exit_t exit, eff__test_expect_fn is,
                                                 const char *text)
{
    eff_buffer_t why = EFF_BUFFER_INIT;
    bool as_expected = is(&exit, text, &why);
    eff_exit_decref(exit);
    _mark_point(file, line);
    if (!as_expected) eff__ck_fail(file, line, &why);
}

EFF_MAYBE_UNUSED static inline void eff__ck_error(const char *file, int line, eff_exit_t exit,
                                                  const eff_error_kind_t *kind)
{
    eff_buffer_t why = EFF_BUFFER_INIT;
    bool as_expected = eff_test_expect_error(&exit, kind, &why);
    eff_exit_decref(exit);
    _mark_point(file, line);
    if (!as_expected) eff__ck_fail(file, line, &why);
}

EFF_MAYBE_UNUSED static inline bool eff__test_interrupted(const eff_exit_t *exit, const char *text, eff_buffer_t *why)
{
    (void)text;
    return eff_test_expect_interruption(exit, why);
}

EFF_MAYBE_UNUSED static inline void eff__ck_ended(const char *file, int line, const eff_exit_t *exit, const char *shape)
{
    eff_buffer_t why = EFF_BUFFER_INIT;
    _mark_point(file, line);
    if (!exit) _ck_assert_failed(file, line, "Wrong exit", "expected that it ends with %s, but it is running", shape);
    else if (!eff_test_expect_shape(exit, shape, &why)) eff__ck_fail(file, line, &why);
}

EFF_MAYBE_UNUSED static inline void eff__ck_clean(const char *file, int line, eff_test_t *t)
{
    eff_buffer_t left = EFF_BUFFER_INIT;
    size_t n = eff_test_end(t, &left);
    _mark_point(file, line);
    if (n > 0) eff__ck_fail(file, line, &left);
    eff_buffer_done(&left);
}
/** @endcond */

#endif
