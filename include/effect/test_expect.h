/** @file
 * What a test expects of an exit, for any framework: each question answers yes or no, and why not.
 *
 *     eff_exit_t exit = eff_test_run(program());
 *     eff_buffer_t why = EFF_BUFFER_INIT;
 *     if (!eff_test_expect_success(&exit, "42", &why)) fail(eff_buffer_text(&why));
 *
 * Values are compared by their text, as eff_value_format has it. The text of why not is for people: what was expected,
 * the whole exit, and what helps to do the run again. NULL, which eff_fiber_poll gives of a fiber that has not ended,
 * is never as expected. With Check, test_check.h has it all in one line.
 */
#ifndef EFFECT_TEST_EXPECT_H
#define EFFECT_TEST_EXPECT_H

#include <effect/error.h>
#include <effect/exit.h>

EFF_BEGIN_DECLS

/** Whether it succeeded with a value that reads like this: "42", "unit", "[1, 2]", "(\"a\", 1s)".
 *  @borrows{exit}
 *  @param text as eff_value_format has the value
 *  @param why when not, why not is added to it; may be NULL
 *  @return whether it is so */
EFF_API bool eff_test_expect_success(const eff_exit_t *exit, const char *text, eff_buffer_t *why);
/** Whether it succeeded with a value that equals this one (eff_value_equal).
 *  @borrows{exit, value}
 *  @param why when not, why not is added to it; may be NULL
 *  @return whether it is so */
EFF_API bool eff_test_expect_value(const eff_exit_t *exit, eff_value_t value, eff_buffer_t *why);
/** Whether it failed, without a defect, and the leftmost error reads like this.
 *  @borrows{exit}
 *  @param text as eff_value_format has the error
 *  @param why when not, why not is added to it; may be NULL
 *  @return whether it is so */
EFF_API bool eff_test_expect_failure(const eff_exit_t *exit, const char *text, eff_buffer_t *why);
/** Whether it failed, without a defect, and the leftmost error is of this kind, or one below it (eff_error_is).
 *  @borrows{exit}
 *  @param kind static
 *  @param why when not, why not is added to it; may be NULL
 *  @return whether it is so */
EFF_API bool eff_test_expect_error(const eff_exit_t *exit, const eff_error_kind_t *kind, eff_buffer_t *why);
/** Whether it died, and the leftmost defect contains this piece of text.
 *  @borrows{exit}
 *  @param piece of the text of the defect
 *  @param why when not, why not is added to it; may be NULL
 *  @return whether it is so */
EFF_API bool eff_test_expect_defect(const eff_exit_t *exit, const char *piece, eff_buffer_t *why);
/** Whether it was interrupted, and nothing else went wrong.
 *  @borrows{exit}
 *  @param why when not, why not is added to it; may be NULL
 *  @return whether it is so */
EFF_API bool eff_test_expect_interruption(const eff_exit_t *exit, eff_buffer_t *why);
/** Whether it has this shape; see eff_test_shape.
 *  @borrows{exit}
 *  @param shape such as "then(fail(1), interrupt)"
 *  @param why when not, why not is added to it; may be NULL
 *  @return whether it is so */
EFF_API bool eff_test_expect_shape(const eff_exit_t *exit, const char *shape, eff_buffer_t *why);

/** What an exit is made of, in short: "ok(42)", "fail(not found)", "die", "interrupt", "empty", "then(fail(1), die)",
 *  "both(fail(1), interrupt)"; "..." is what lies more than 64 levels down. Defects and interruptions are not told apart.
 *  @borrows{exit}
 *  @param out what the text is added to */
EFF_API void eff_test_shape(const eff_exit_t *exit, eff_buffer_t *out);

EFF_END_DECLS
#endif
