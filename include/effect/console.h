/** @file
 * Console: text for people, on the process's output.
 *
 *     e = eff_print_line(eff_printf("%zu users", n));
 *     e = eff_then(e, eff_for_each_discard(users, eff_print_value, eff_literal("user: ")));
 *
 * The text goes out when the effect runs, through the Console service. That is a default tag: without anybody providing
 * one it is stdout and stderr. A test provides its own and looks at what was printed:
 *
 *     struct captured { eff_console_t console; eff_buffer_t text; };
 *     static eff_t *append(eff_console_t *c, eff_console_output_t to, eff_value_t text) { ... }
 *     struct captured mine = { .console = { .size = sizeof(eff_console_t), .write = append } };
 *     e = eff_console_provide(e, &mine.console);
 */
#ifndef EFFECT_CONSOLE_H
#define EFFECT_CONSOLE_H

#include <effect/service.h>

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
 * lines of fibers do not mix. Nor do those of threads and processes on a pipe, up to PIPE_BUF bytes, or in a file opened
 * with O_APPEND. No SIGPIPE is raised.
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

EFF_END_DECLS
#endif
