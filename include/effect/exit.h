/** @file
 * Exits: how an effect ended, with a value or with a cause.
 *
 *     eff_exit_t exit = eff_run(effect);
 *     if (exit.ok) puts(eff_as_string(exit.value));
 *     else eff_cause_print(exit.cause, stderr);
 *     eff_exit_decref(exit);
 *
 * A struct to look into. An exit made of an absent value, or of a NULL cause, is a Die that says so; one made of "out
 * of memory" is a Die(out of memory).
 */
#ifndef EFFECT_EXIT_H
#define EFFECT_EXIT_H

#include <effect/cause.h>

EFF_BEGIN_DECLS

/** A success value or a cause. As a result it is yours, until eff_exit_decref; as an argument borrowed. */
struct eff_exit {
    bool ok; /**< it succeeded */
    union {
        eff_value_t value;  /**< when ok; owned by the exit */
        eff_cause_t *cause; /**< when not; owned by the exit, never NULL */
    };
};

EFF_API extern const eff_type_t eff_exit_type; /**< of exits as values */

/** A success. @consumes{v} @returns_new */
EFF_API EFF_MUST_USE eff_exit_t eff_exit_succeed(eff_value_t v);
/** A failure, of whatever kind. @consumes{c} @returns_new */
EFF_API EFF_MUST_USE eff_exit_t eff_exit_fail_cause(eff_cause_t *c);
/** One more reference, to keep what is borrowed. Any thread. @borrows{exit} @return new: the same, yours */
EFF_API EFF_MUST_USE eff_exit_t eff_exit_incref(const eff_exit_t *exit);
/** Gives up the value or the cause. Any thread. @consumes{exit} */
EFF_API void eff_exit_decref(eff_exit_t exit);
/** An exit as a value: what eff_to_exit and eff_fiber_await succeed with. @consumes{exit} @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_exit_value(eff_exit_t exit);
/** Reads an exit. @borrows{v} @return borrowed from v; a success of unit on the wrong type */
EFF_API const eff_exit_t *eff_as_exit(eff_value_t v);
/** Structural equality, as eff_value_equal and eff_cause_equal. @borrows{a, b} @return whether they are equal */
EFF_API bool eff_exit_equal(const eff_exit_t *a, const eff_exit_t *b);
/** "success: 42", or what eff_cause_format says. @borrows{exit} @param out what the text is added to */
EFF_API void eff_exit_format(const eff_exit_t *exit, eff_buffer_t *out);
/** As JSON: {"ok": true, "value": 42} or {"ok": false, "cause": {...}}; see eff_value_to_json and eff_cause_to_json.
 *  @borrows{exit} @return new; NULL when out of memory */
EFF_API struct json_t *eff_exit_to_json(const eff_exit_t *exit);

EFF_END_DECLS
#endif
