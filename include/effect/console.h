/** @file
 * Console: text for people, on the process's output, and lines from them, of its input.
 *
 *     e = eff_print_line(eff_printf("%zu users", n));
 *     e = eff_then(e, eff_for_each_discard(users, eff_print_value, eff_literal("user: ")));
 *     e = eff_then(eff_print(eff_literal("Your name? ")), eff_flat_map(eff_read_line(), greet, eff_unit));
 *     e = eff_for_each_discard(eff_read_lines(), count_words, eff_ptr(&total));
 *
 * The text goes out, and the line comes in, when the effect runs, through the Console service. That is a default tag:
 * without anybody providing one it is stdin, stdout and stderr. A test provides a TestConsole, which is a script:
 *
 *     eff_test_console_t *t = eff_test_console_new();
 *     eff_test_console_type(t, "Ada");
 *     eff_test_run(eff_provide(e, eff_test_console(t)));
 *     ck_assert_str_eq(eff_test_console_output(t), "Your name? Hello, Ada!\n");
 *     eff_test_console_decref(t);
 */
#ifndef EFFECT_CONSOLE_H
#define EFFECT_CONSOLE_H

#include <effect/duration.h>
#include <effect/layer.h>

EFF_BEGIN_DECLS

/** Where text goes. */
typedef enum eff_console_output {
    EFF_CONSOLE_OUT,  /**< results: stdout */
    EFF_CONSOLE_ERROR /**< what is said about them: stderr */
} eff_console_output_t;

/** The Console service. To write one, put it in a struct with what it works on; see EFF_CONTAINER_OF. */
typedef struct eff_console eff_console_t;
struct eff_console {
    size_t size; /**< sizeof(eff_console_t): tells the library which operations there are */
    /**
     * Builds the effect that writes text, all of it, and has it seen: nothing stays in a buffer. It should not mix the
     * texts of fibers, and end when it is interrupted.
     * - Success: with any value, which is dropped.
     * - Failure: eff_system_error or a kind below it, when it cannot be written.
     *
     * @param console borrowed until the effect has ended
     * @param to which of the two
     * @param text consumes; a string, with the line's end if it has one
     * @returns_new
     */
    eff_t *(*write)(eff_console_t *console, eff_console_output_t to, eff_value_t text);
    /**
     * Builds the effect that reads a line. It should serve those who read in order, and take nothing of the input when
     * it is interrupted. NULL: the Console has no input, which is always at its end.
     * - Success: with the line, a string without the line's end.
     * - Failure: eff_end_error when there is no more; eff_argument_error when the line is longer than limit;
     *   eff_system_error, or a kind below it, when the input cannot be read.
     *
     * @param console borrowed until the effect has ended
     * @param limit bytes, without the line's end
     * @returns_new
     */
    eff_t *(*read_line)(eff_console_t *console, size_t limit);
};

/** What service.h generates: eff_console_tag, eff_console_with, eff_console_from, eff_console_provide,
 *  eff_console_provide_value, eff_console_value; eff_console__use is for these. */
EFF_DECLARE_API_SERVICE(EFF_API, eff_console, eff_console_t);
/** Runs what use makes of the Console.
 *  @param ... use, an `eff_t *(*)(eff_console_t *, eff_value_t env)`, and env, consumed: as NAME_with of service.h
 *  @returns_new */
#define eff_console_with(...) eff_console_with_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
/** Runs an effect with this Console.
 *  @param ... the effect, consumed, and a `eff_console_t *`, borrowed until it has ended @returns_new */
#define eff_console_provide(...) eff_console_provide_at(EFF_SITE, __VA_ARGS__)
/** Runs an effect with this Console. @param ... the effect and the service as a value, both consumed @returns_new */
#define eff_console_provide_value(...) eff_console_provide_value_at(EFF_SITE, __VA_ARGS__)

/** The layer of the default Console: for the part of a program that is to reach the real one below another.
 *  @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_console_live(void);

/**
 * Prints a value and ends the line.
 *
 * A string is printed as it is, any other value by its format hook. To print with a format:
 * eff_print_line(eff_printf("%d users", n)).
 * - Success: with unit, when the line is out.
 * - Failure: as the Console's. The default one's is an error of errno: EPIPE is an eff_connection_error, ENOSPC an
 *   eff_system_error.
 * - Interruption: interrupts the Console. The default one stops where it is, if it waits for an output that takes
 *   nothing: what it has not written stays unwritten, be it the rest of a line.
 *
 * The default Console writes behind what the program has given to printf. An output that nobody reads does not hold up
 * the loop, only those that print to it. They wait in order, each until the line before is out or was interrupted, so
 * lines of fibers do not mix. Nor do those of threads and processes on a pipe, up to PIPE_BUF bytes, or in a file
 * opened with O_APPEND. No SIGPIPE is raised.
 *
 * @consumes{v}
 * @returns_new
 * @see eff_log, for what a program says about itself
 */
EFF_API EFF_MUST_USE eff_t *eff_print_line_at(eff_site_t site, eff_value_t v);
/** Prints a value without ending the line; otherwise as eff_print_line. @consumes{v} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_print_at(eff_site_t site, eff_value_t v);
/** Prints a value to stderr and ends the line; otherwise as eff_print_line. @consumes{v} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_print_error_line_at(eff_site_t site, eff_value_t v);
/** Prints a value to stderr without ending the line; otherwise as eff_print_line. @consumes{v} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_print_error_at(eff_site_t site, eff_value_t v);

/**
 * Prints env, unless that is unit, then v, and ends the line: a ready callback, for the end of a chain.
 *
 *     e = eff_flat_map(e, eff_print_value, eff_literal("answer: "));
 *
 * It fits wherever an eff_bind_fn does: in eff_tap it prints what passes by, in eff_for_each_discard a line per item,
 * in eff_catch_all the error. Success and failure as of eff_print_line; a trace says eff_print_value, without a line.
 *
 * @param v borrows
 * @param env borrows; what stands in front of v, in the same line
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_print_value(eff_value_t v, eff_value_t env);

#define eff_print_line(...) eff_print_line_at(EFF_SITE, __VA_ARGS__)
#define eff_print(...) eff_print_at(EFF_SITE, __VA_ARGS__)
#define eff_print_error_line(...) eff_print_error_line_at(EFF_SITE, __VA_ARGS__)
#define eff_print_error(...) eff_print_error_at(EFF_SITE, __VA_ARGS__)

/* ---- reading */

enum { EFF_LINE_LIMIT = 1 << 20 /**< bytes of a line that eff_read_line takes */ };

/**
 * Reads a line.
 *
 * To ask a question, print it with eff_print and then read; for all lines there are, eff_read_lines.
 * - Success: with the line, a string without its end ("\n" or "\r\n"). What follows the last line's end is a line too,
 *   unless it is empty.
 * - Failure: with an eff_end_error when there is no more; an eff_argument_error when the line is longer than
 *   EFF_LINE_LIMIT, all of it having been skipped by then; otherwise as the Console's. The default one's is an
 *   eff_system_error: EBADF, when stdin is closed.
 * - Interruption: takes nothing: the next reader begins where this one did.
 *
 * The default Console does not hold up the loop while nothing comes, be stdin a terminal, a pipe or a socket. Fibers
 * that read get a line each, in the order in which they began. What it reads ahead is in the buffer of stdin, so a
 * program may also use getchar, fgets or scanf, before and after. At the end of a terminal's input (Ctrl-D) the next
 * reader waits for more.
 *
 * @param site where it is composed; the macro fills it in
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_read_line_at(eff_site_t site);
/** As eff_read_line, with another limit.
 *  @param site where it is composed; the macro fills it in
 *  @param limit bytes, without the line's end
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_read_line_of_at(eff_site_t site, size_t limit);
/** The lines that are left, as items for eff_for_each and its kin: each is got by eff_read_line, when there is a fiber
 *  to work on it. A failure but the end ends the loop with it.
 *  @param site where it is composed; the macro fills it in
 *  @return new; a value of eff_pull_type */
EFF_API EFF_MUST_USE eff_value_t eff_read_lines_at(eff_site_t site);

#define eff_read_line() eff_read_line_at(EFF_SITE)
#define eff_read_line_of(...) eff_read_line_of_at(EFF_SITE, __VA_ARGS__)
#define eff_read_lines() eff_read_lines_at(EFF_SITE)

/* ---- TestConsole: for tests. A handle in plain C, for one thread; its functions take NULL, as of a new that found no
 * memory, and then do nothing. */

/** A Console that keeps what is printed, and reads what a test types. */
typedef struct eff_test_console eff_test_console_t;

/** A TestConsole on which nothing was printed or typed. @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_test_console_t *eff_test_console_new(void);
/** One more reference. @param t borrows; NULL is fine @return t, with a reference that is yours */
EFF_API eff_test_console_t *eff_test_console_incref(eff_test_console_t *t);
/** Gives up one reference. @param t consumes; NULL is fine */
EFF_API void eff_test_console_decref(eff_test_console_t *t);
/** The layer of a TestConsole. @param t borrows, and retains; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_test_console(eff_test_console_t *t);
/** The TestConsole as a Console, for eff_console_provide_value and eff_context_add.
 *  @param t borrows, and retains; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_test_console_value(eff_test_console_t *t);

/** Types a line: whoever reads first gets it. May be called while the program runs, from a callback or between two
 *  steps of an eff_test_t.
 *  @borrows{t}
 *  @param line copied; without its end
 *  @return 0, or -ENOMEM */
EFF_API int eff_test_console_type(eff_test_console_t *t, const char *line);
/** The same, after a while: the line comes when a reader has waited so long for it, by the Clock in effect; a reader
 *  that is interrupted has waited for nothing.
 *  @borrows{t}
 *  @param pause how long
 *  @param line copied; without its end
 *  @return 0, or -ENOMEM */
EFF_API int eff_test_console_type_after(eff_test_console_t *t, eff_duration_t pause, const char *line);
/** Ends the input: behind what was typed there is no more. Until then, who reads on waits, and if nobody can type any
 *  more, a deadlock report says so. @borrows{t} */
EFF_API void eff_test_console_end(eff_test_console_t *t);

/** What was printed to EFF_CONSOLE_OUT. @borrows{t}
 *  @return borrowed, until more is printed; NUL-terminated */
EFF_API const char *eff_test_console_output(const eff_test_console_t *t);
/** What was printed to EFF_CONSOLE_ERROR. @borrows{t}
 *  @return borrowed, until more is printed; NUL-terminated */
EFF_API const char *eff_test_console_errors(const eff_test_console_t *t);
/** All of it as a terminal shows it: both outputs in the order of printing, and between them the lines that were read.
 *  @borrows{t} @return borrowed, until more is printed or read; NUL-terminated */
EFF_API const char *eff_test_console_screen(const eff_test_console_t *t);
/** Forgets what was printed and read; what was typed and not read yet stays. @borrows{t} */
EFF_API void eff_test_console_clear(eff_test_console_t *t);

EFF_END_DECLS
#endif
