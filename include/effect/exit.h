/** @file
 * Exits: how an effect ended, with a value or with a cause.
 *
 *     eff_exit_t exit = eff_run(effect);
 *     if (exit.ok) puts(eff_as_string(exit.value));
 *     else eff_cause_print(exit.cause, stderr);
 *     eff_exit_decref(exit);
 */
#ifndef EFFECT_EXIT_H
#define EFFECT_EXIT_H

#include <effect/cause.h>

EFF_BEGIN_DECLS

struct eff_exit {
    bool ok; /**< it succeeded */
    union {
        eff_value_t value;  /**< when ok */
        eff_cause_t *cause; /**< when not */
    };
};

EFF_API extern const eff_type_t eff_exit_type; /**< of exits as values */

EFF_API EFF_MUST_USE eff_exit_t eff_exit_succeed(eff_value_t v);         /**< consumes v */
EFF_API EFF_MUST_USE eff_exit_t eff_exit_fail_cause(eff_cause_t *c);     /**< consumes c */
EFF_API EFF_MUST_USE eff_exit_t eff_exit_incref(const eff_exit_t *exit); /**< new, of a borrowed one */
EFF_API void eff_exit_decref(eff_exit_t exit);                           /**< consumes exit */
EFF_API EFF_MUST_USE eff_value_t eff_exit_value(eff_exit_t exit);        /**< consumes exit */
EFF_API const eff_exit_t *eff_as_exit(eff_value_t v); /**< borrowed; a success of unit on the wrong type */
EFF_API bool eff_exit_equal(const eff_exit_t *a, const eff_exit_t *b);   /**< structural, as eff_cause_equal */
EFF_API void eff_exit_format(const eff_exit_t *exit, eff_buffer_t *out); /**< as eff_value_format or eff_cause_format */
EFF_API struct json_t *eff_exit_to_json(const eff_exit_t *exit);         /**< new; NULL when out of memory */

EFF_END_DECLS
#endif
