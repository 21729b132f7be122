/** @file
 * Schedules: when to run something again. A schedule is a description; each run of a retry or repeat has its own state.
 *
 *     eff_schedule_t *backoff = eff_schedule_both(eff_schedule_exponential(eff_millis(100), 2.0),
 *                                                 eff_schedule_recurs(3));
 *     e = eff_retry(e, backoff);
 *
 * The algebra is that of ZIO's and Effect's Schedule. Delays saturate at eff_duration_max; negative ones count as 0. A
 * missing schedule, predicate or env is a mistake, which is reported, and an effect that uses what comes of it dies of
 * that.
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
/**
 * For ever, at the ticks of a fixed interval, however long each run takes.
 *
 * The first tick is one interval after the first run has ended. A run that takes longer than to the next tick is
 * followed by another at the tick after that; one that takes longer than a whole interval more, by another at once.
 * Ticks that were missed are not made up for.
 *
 * @param interval from tick to tick; 0: without delay
 * @returns_new
 *
 * Reads the Clock after each run. Standard name: `Schedule.fixed`.
 * @see eff_schedule_windowed, which always waits for a tick; eff_schedule_spaced, for a pause between two runs
 */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_fixed(eff_duration_t interval);
/**
 * For ever, at the next boundary of windows of one length, however long each run takes.
 *
 * The windows are counted from the end of the first run. A run that ends at the very boundary is followed by a whole
 * window.
 *
 * @param interval the length of a window; 0: without delay
 * @returns_new
 *
 * Reads the Clock after each run. Standard name: `Schedule.windowed`.
 * @see eff_schedule_fixed, which starts a run at once when it is late
 */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_windowed(eff_duration_t interval);
/** Goes on while both do, after the longer of the two delays. O(size of both). @consumes{a, b} @returns_new */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_both(eff_schedule_t *a, eff_schedule_t *b);
/** Goes on while either does, after the shorter delay of those that do. O(size of both).
 *  @consumes{a, b} @returns_new */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_either(eff_schedule_t *a, eff_schedule_t *b);

/**
 * Goes on as a does, and when a is done, as b does.
 *
 * For a few quick attempts before slow ones. b is first asked in the round in which a is done, so no run is lost
 * between the two; what b counts, and its windows of time, begin then.
 *
 * @param a consumes; asked no more once it is done
 * @consumes{b}
 * @returns_new
 *
 * O(size of both). Standard name: `Schedule.andThen`.
 */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_and_then(eff_schedule_t *a, eff_schedule_t *b);
/**
 * Goes on only while less than a limit has passed.
 *
 * The time is counted from the end of the first run. The limit is looked at between runs: it shortens neither a delay
 * nor a run.
 *
 * @consumes{s}
 * @param limit from the end of the first run; 0: no recurrence at all
 * @returns_new
 *
 * Reads the Clock after each run. Standard name: `Schedule.upTo`.
 * @see eff_timeout and eff_deadline around the retry, which end what is running then
 */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_up_to(eff_schedule_t *s, eff_duration_t limit);

/**
 * As s, but each delay is multiplied with a random factor from 0.8 to 1.2.
 *
 * For clients that would otherwise all come back at the same time: after a failure of what they share, say.
 *
 * @consumes{s}
 * @returns_new
 *
 * Draws a word of the Random in effect (random.h) in each round, whatever s answers and however often it is jittered;
 * under a seeded one the delays are the same on each run. Standard name: `Schedule.jittered`.
 * @see eff_schedule_jittered_by, for other factors
 */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_jittered(eff_schedule_t *s);
/**
 * As eff_schedule_jittered, with other factors. From 0 to 1 it is the "full jitter" of M. Brooker, "Exponential Backoff
 * And Jitter" (AWS, 2015), from 0.5 to 1 the "equal jitter":
 *
 *     eff_schedule_t *s = eff_schedule_exponential(eff_millis(100), 2.0);
 *     s = eff_schedule_either(s, eff_schedule_spaced(eff_seconds(20)));    // never more than 20 s
 *     s = eff_schedule_jittered_by(s, 0, 1);
 *
 * @consumes{s}
 * @param least the least factor; below 0, or NaN, counts as 0
 * @param greatest the greatest factor; below the least, or NaN, counts as that
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_schedule_t *eff_schedule_jittered_by(eff_schedule_t *s, double least, double greatest);

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

/** One more reference. Any thread. @param s borrows; NULL is fine @return s, with a reference that is yours */
EFF_API eff_schedule_t *eff_schedule_incref(eff_schedule_t *s);
/** Gives up one reference. Any thread. @param s consumes; NULL is fine */
EFF_API void eff_schedule_decref(eff_schedule_t *s);
/** Text for people, as it was composed: "exponential(100ms, x2) && recurs(3)". @borrows{s}
 *  @param out what the text is added to */
EFF_API void eff_schedule_format(const eff_schedule_t *s, eff_buffer_t *out);

EFF_END_DECLS
#endif
