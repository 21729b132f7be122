/** @file
 * Schedules: when to run something again. A schedule is a description; each run of a retry or repeat has its own state.
 *
 *     eff_schedule_t *backoff = eff_schedule_both(eff_schedule_exponential(eff_millis(100), 2.0),
 *                                                 eff_schedule_recurs(3));
 *     e = eff_retry(e, backoff);
 *
 * The algebra is that of ZIO's and Effect's Schedule. Delays saturate at eff_duration_max.
 */
#ifndef EFFECT_SCHEDULE_H
#define EFFECT_SCHEDULE_H

#include <effect/duration.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_schedule_type; /**< of schedules as values */

/** n recurrences without delay: the effect runs n + 1 times at most. */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_recurs(uint64_t n);
/** For ever, each time after a pause of d. */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_spaced(eff_duration_t d);
/** For ever, after base, base*factor, base*factor^2, ... A factor below 1, or NaN, counts as 1. */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_exponential(eff_duration_t base, double factor);
/** For ever, without delay. */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_forever(void);
/** Goes on while both do, after the longer of the two delays. Consumes both. */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_both(eff_schedule_t *a, eff_schedule_t *b);
/** Goes on while either does, after the shorter delay of those that do. Consumes both. */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_either(eff_schedule_t *a, eff_schedule_t *b);

/** A condition on a value: an error under eff_retry, a success under eff_repeat. Borrows both. */
typedef bool (*eff_predicate_fn)(eff_value_t v, eff_value_t env);
/** Goes on only while the predicate holds for the input (the error of a retry, the success of a repeat). */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_while(eff_schedule_t *s, eff_predicate_fn holds, eff_value_t env);
/** Goes on only until the predicate holds for the input. */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_until(eff_schedule_t *s, eff_predicate_fn holds, eff_value_t env);

EFF_API eff_schedule_t *eff_schedule_incref(eff_schedule_t *s);               /**< one more reference; returns s */
EFF_API void eff_schedule_decref(eff_schedule_t *s);                          /**< gives up one; NULL is fine */
EFF_API void eff_schedule_format(const eff_schedule_t *s, eff_buffer_t *out); /**< as it was composed, for people */

EFF_END_DECLS
#endif
