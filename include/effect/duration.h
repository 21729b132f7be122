/** @file
 * Durations and instants: int64 nanoseconds in a struct each, so that they cannot be mixed up. Arithmetic saturates.
 *
 *     eff_duration_t d = eff_duration_add(eff_seconds(1.5), eff_millis(250));
 */
#ifndef EFFECT_DURATION_H
#define EFFECT_DURATION_H

#include <effect/value.h>

EFF_BEGIN_DECLS

/** A length of time, in nanoseconds. */
typedef struct eff_duration {
    int64_t ns; /**< nanoseconds */
} eff_duration_t;
/** A moment of a clock; those of two clocks cannot be compared. */
typedef struct eff_instant {
    int64_t ns; /**< nanoseconds since the clock's own start */
} eff_instant_t;

EFF_API extern const eff_duration_t eff_duration_max; /**< INT64_MAX ns, about 292 years: "for ever" */

EFF_API eff_duration_t eff_nanos(int64_t n);   /**< n nanoseconds */
EFF_API eff_duration_t eff_micros(int64_t n);  /**< n microseconds; saturates, as all of these */
EFF_API eff_duration_t eff_millis(int64_t n);  /**< n milliseconds */
EFF_API eff_duration_t eff_seconds(double n);  /**< rounds to the nearest ns; NaN is 0; saturates */
EFF_API eff_duration_t eff_minutes(int64_t n); /**< n minutes */
EFF_API eff_duration_t eff_hours(int64_t n);   /**< n hours */
EFF_API eff_duration_t eff_duration_add(eff_duration_t a, eff_duration_t b); /**< a + b; saturates */
EFF_API eff_duration_t eff_duration_sub(eff_duration_t a, eff_duration_t b); /**< a - b, which may be negative */
EFF_API eff_duration_t eff_duration_scale(eff_duration_t d, double factor);  /**< saturates; NaN gives 0 */
EFF_API int eff_duration_compare(eff_duration_t a, eff_duration_t b);        /**< -1, 0, 1 */
EFF_API eff_instant_t eff_instant_add(eff_instant_t t, eff_duration_t d);    /**< d after t; saturates */
EFF_API eff_duration_t eff_instant_since(eff_instant_t later, eff_instant_t earlier); /**< later - earlier */
/** "1s 500ms", "250us", "2h 3m": the units that are not zero, largest first; "0s"; a minus sign in front. */
EFF_API void eff_duration_format(eff_duration_t d, eff_buffer_t *out);

/* Durations and instants as values, for effects that succeed with one. Immediate: no count, no allocation. */
EFF_API extern const eff_type_t eff_duration_type,        /**< of durations as values */
    eff_instant_type;                                     /**< of instants as values */
EFF_API eff_value_t eff_duration_value(eff_duration_t d); /**< d as a value */
EFF_API eff_duration_t eff_as_duration(eff_value_t v);    /**< 0 on the wrong type */
EFF_API eff_value_t eff_instant_value(eff_instant_t t);   /**< t as a value */
EFF_API eff_instant_t eff_as_instant(eff_value_t v);      /**< 0 on the wrong type */

EFF_END_DECLS
#endif
