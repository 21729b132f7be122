/** @file
 * Schedules: when to run something again. A schedule is a description; each run of a retry or repeat has its own state.
 *
 *     eff_schedule_t *backoff = eff_schedule_both(eff_schedule_exponential(eff_millis(100), 2.0),
 *                                                 eff_schedule_recurs(3));
 *     e = eff_retry(e, backoff);
 *
 * The algebra is that of ZIO's and Effect's Schedule. Delays saturate at eff_duration_max; negative ones count as 0. A
 * missing schedule, predicate or env is a mistake, which is reported; what comes of it is the schedule that a failed
 * allocation gives too: an effect that uses it dies of "out of memory".
 */
#ifndef EFFECT_SCHEDULE_H
#define EFFECT_SCHEDULE_H

#include <effect/duration.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_schedule_type; /**< of schedules as values */

/** n recurrences without delay: the effect runs n + 1 times at most. @param n how many times again @returns_new */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_recurs(uint64_t n);
/** For ever, each time after a pause of d. @param d from the end of one run to the start of the next @returns_new */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_spaced(eff_duration_t d);
/** For ever, after base, base*factor, base*factor^2, ...
 *  @param base the first delay
 *  @param factor of each delay to the one before; below 1, or NaN, counts as 1
 *  @returns_new */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_exponential(eff_duration_t base, double factor);
/** For ever, after base, base, 2*base, 3*base, 5*base ... : each delay is the sum of the two before it.
 *  Grows more gently than doubling.
 *  @param base the first delay, and the second
 *  @returns_new */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_fibonacci(eff_duration_t base);
/** n recurrences, each after the next delay of a list.
 *  @param n how many delays; 0: none at all
 *  @param delays copied; NULL is fine when n is 0
 *  @returns_new */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_delays(size_t n, const eff_duration_t *delays);
/** For ever, without delay. @returns_new */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_forever(void);
/** Goes on while both do, after the longer of the two delays. O(size of both). @consumes{a, b} @returns_new */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_both(eff_schedule_t *a, eff_schedule_t *b);
/** Goes on while either does, after the shorter delay of those that do. O(size of both).
 *  @consumes{a, b} @returns_new */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_either(eff_schedule_t *a, eff_schedule_t *b);

/** A condition on a value: an error under eff_retry, a success under eff_repeat. @borrows{v, env} @return it holds */
typedef bool (*eff_predicate_fn)(eff_value_t v, eff_value_t env);
/** Goes on only while the predicate holds for the input (the error of a retry, the success of a repeat).
 *  @consumes{s, env}
 *  @param holds called before each recurrence; borrows input and env
 *  @returns_new */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_while(eff_schedule_t *s, eff_predicate_fn holds, eff_value_t env);
/** Goes on only until the predicate holds for the input.
 *  @consumes{s, env}
 *  @param holds called before each recurrence; borrows input and env
 *  @returns_new */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_until(eff_schedule_t *s, eff_predicate_fn holds, eff_value_t env);

/** One more reference. Any thread. @borrows{s} @return s, with a reference that is yours */
EFF_API eff_schedule_t *eff_schedule_incref(eff_schedule_t *s);
/** Gives up one reference. Any thread. @param s consumes; NULL is fine */
EFF_API void eff_schedule_decref(eff_schedule_t *s);
/** Text for people, as it was composed: "exponential(100ms, x2) && recurs(3)". @borrows{s}
 *  @param out what the text is added to */
EFF_API void eff_schedule_format(const eff_schedule_t *s, eff_buffer_t *out);

EFF_END_DECLS
#endif
