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

/** Nanoseconds. @param n how many; may be negative, as below @return n ns */
EFF_API eff_duration_t eff_nanos(int64_t n);
/** Microseconds. @param n how many @return n us; saturates */
EFF_API eff_duration_t eff_micros(int64_t n);
/** Milliseconds. @param n how many @return n ms; saturates */
EFF_API eff_duration_t eff_millis(int64_t n);
/** Seconds, with their fraction. @param n how many; NaN counts as 0 @return rounded to the nearest ns; saturates */
EFF_API eff_duration_t eff_seconds(double n);
/** Minutes. @param n how many @return n times 60 s; saturates */
EFF_API eff_duration_t eff_minutes(int64_t n);
/** Hours. @param n how many @return n times 3600 s; saturates */
EFF_API eff_duration_t eff_hours(int64_t n);
/** A sum. @param a, b lengths @return a + b; saturates */
EFF_API eff_duration_t eff_duration_add(eff_duration_t a, eff_duration_t b);
/** A difference. @param a, b lengths @return a - b, which may be negative; saturates */
EFF_API eff_duration_t eff_duration_sub(eff_duration_t a, eff_duration_t b);
/** A multiple. @param d a length @param factor any number; NaN gives 0 @return rounded to the nearest ns; saturates */
EFF_API eff_duration_t eff_duration_scale(eff_duration_t d, double factor);
/** Which is longer. @param a, b lengths @return -1, 0 or 1: a is shorter, equal, longer */
EFF_API int eff_duration_compare(eff_duration_t a, eff_duration_t b);
/** A later moment. @param t a moment @param d a length; negative goes back @return d after t; saturates */
EFF_API eff_instant_t eff_instant_add(eff_instant_t t, eff_duration_t d);
/** The time between two moments. @param later, earlier moments of one clock @return later - earlier; saturates */
EFF_API eff_duration_t eff_instant_since(eff_instant_t later, eff_instant_t earlier);
/** Text for people: "1s 500ms", "250us", "1d 2h 3m": the units that are not zero, days first; "0s"; a minus sign in
 *  front; "for ever" for eff_duration_max.
 *  @param d a length
 *  @param out what the text is added to */
EFF_API void eff_duration_format(eff_duration_t d, eff_buffer_t *out);

/* Durations and instants as values, for effects that succeed with one. Immediate: no count, no allocation. */
EFF_API extern const eff_type_t eff_duration_type, /**< of durations as values */
    eff_instant_type;                              /**< of instants as values */
/** A duration as a value. @param d a length @return immediate */
EFF_API eff_value_t eff_duration_value(eff_duration_t d);
/** Reads a duration. @borrows{v} @return 0 on the wrong type */
EFF_API eff_duration_t eff_as_duration(eff_value_t v);
/** An instant as a value. @param t a moment @return immediate */
EFF_API eff_value_t eff_instant_value(eff_instant_t t);
/** Reads an instant. @borrows{v} @return 0 on the wrong type */
EFF_API eff_instant_t eff_as_instant(eff_value_t v);

EFF_END_DECLS
#endif
