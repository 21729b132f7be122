/** @file
 * Durations and instants: int64 nanoseconds in a struct each, so that they cannot be mixed up. Arithmetic saturates.
 *
 *     eff_duration_t d = eff_duration_add(eff_seconds(1.5), eff_millis(250));
 */
#ifndef EFFECT_DURATION_H
#define EFFECT_DURATION_H

#include <effect/value.h>

EFF_BEGIN_DECLS

typedef struct eff_duration { int64_t ns; } eff_duration_t; /**< nanoseconds */
typedef struct eff_instant { int64_t ns; } eff_instant_t;   /**< nanoseconds since the clock's own start */

EFF_API extern const eff_duration_t eff_duration_max; /**< INT64_MAX ns, about 292 years: "for ever" */

EFF_API eff_duration_t eff_nanos(int64_t n);
EFF_API eff_duration_t eff_micros(int64_t n);
EFF_API eff_duration_t eff_millis(int64_t n);
EFF_API eff_duration_t eff_seconds(double n);   /**< rounds to the nearest ns; NaN is 0; saturates */
EFF_API eff_duration_t eff_minutes(int64_t n);
EFF_API eff_duration_t eff_hours(int64_t n);
EFF_API eff_duration_t eff_duration_add(eff_duration_t a, eff_duration_t b);
EFF_API eff_duration_t eff_duration_sub(eff_duration_t a, eff_duration_t b);
EFF_API eff_duration_t eff_duration_scale(eff_duration_t d, double factor); /**< saturates; NaN gives 0 */
EFF_API int eff_duration_compare(eff_duration_t a, eff_duration_t b);       /**< -1, 0, 1 */
EFF_API eff_instant_t eff_instant_add(eff_instant_t t, eff_duration_t d);
EFF_API eff_duration_t eff_instant_since(eff_instant_t later, eff_instant_t earlier);
/** "1s 500ms", "250us", "2h 3m": the units that are not zero, largest first; "0s"; a minus sign in front. */
EFF_API void eff_duration_format(eff_duration_t d, eff_buffer_t *out);

/** Durations and instants as values, for effects that succeed with one. */
EFF_API extern const eff_type_t eff_duration_type, eff_instant_type;
EFF_API eff_value_t eff_duration_value(eff_duration_t d);
EFF_API eff_duration_t eff_as_duration(eff_value_t v);
EFF_API eff_value_t eff_instant_value(eff_instant_t t);
EFF_API eff_instant_t eff_as_instant(eff_value_t v);

EFF_END_DECLS
#endif
