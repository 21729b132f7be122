/** @file
 * Loops: over items, and by schedule.
 *
 *     e = eff_for_each(eff_range(0, 10), visit, eff_unit);
 *     e = eff_retry(e, eff_schedule_recurs(3));
 *
 * Items are one value, consumed: an array or a range. The item and env of for_each live until the effect that the
 * callback returned has ended.
 */
#ifndef EFFECT_LOOP_H
#define EFFECT_LOOP_H

#include <effect/construct.h>
#include <effect/schedule.h>

EFF_BEGIN_DECLS

/** Runs f's effect for each item in turn; succeeds with the array of results. The first failure ends it. */
EFF_API EFF_MUST_USE eff_t *eff_for_each_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env);
/** As eff_for_each; succeeds with unit. Constant memory. */
EFF_API EFF_MUST_USE eff_t *eff_for_each_discard_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env);
/** Runs e; on an expected failure runs it again as the schedule says (its input is the error). Succeeds with e's value;
 *  fails with the last failure. Defects and interruptions are never retried. Waits on the Clock. Consumes both. */
EFF_API EFF_MUST_USE eff_t *eff_retry_at(eff_site_t site, eff_t *e, eff_schedule_t *schedule);
/** Runs e; on success runs it again as the schedule says (its input is the value). Succeeds with the last value; a
 *  failure ends it. Waits on the Clock. Consumes both. */
EFF_API EFF_MUST_USE eff_t *eff_repeat_at(eff_site_t site, eff_t *e, eff_schedule_t *schedule);

#define eff_for_each(items, ...) eff_for_each_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_for_each_discard(items, ...) eff_for_each_discard_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_retry(...) eff_retry_at(EFF_SITE, __VA_ARGS__)
#define eff_repeat(...) eff_repeat_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
