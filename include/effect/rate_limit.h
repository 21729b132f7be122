/** @file
 * Rate limits: no more than so many of something in a time.
 *
 *     eff_rate_limiter_t *limiter = eff_rate_limiter_new(10, eff_seconds(1), 3);      // 10 a second, 3 at once
 *     e = eff_rate_limited(call_api(request), limiter);
 *
 * A limiter has tokens, at most as many as a burst, and gets a new one each 1/10 s, by the Clock in effect. Who wants
 * to begin takes one, and waits if there is none, first come first served. How long what then runs takes does not
 * matter: for how many run at the same time, see eff_for_each_par and semaphore.h.
 *
 * The pace is an average over a burst. Waiting takes until the clock's next tick and the fiber's next turn, of which each
 * is late by up to a millisecond or so, and with a burst of 1 what is late is lost: each token is counted from when the
 * one before was taken. So a limiter of 1000 a second and a burst of 1 lets fewer than 1000 begin. Where the pace is near
 * a millisecond, a burst of 10, say, makes up for it; where things must not be closer together than an interval, that
 * loss is what keeps them apart.
 *
 * A handle: the effects take NULL, and then die of "out of memory". It belongs to the runtime that first uses it; on
 * another, to use it is a defect. All who use it should have the same Clock.
 *
 * Standard name: token bucket; kept as one number, the generic cell rate algorithm (ITU-T I.371).
 */
#ifndef EFFECT_RATE_LIMIT_H
#define EFFECT_RATE_LIMIT_H

#include <effect/construct.h>
#include <effect/duration.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_rate_limiter_type; /**< of limiters as values */

/** A limiter that lets something begin. */
typedef struct eff_rate_limiter eff_rate_limiter_t;

/** A limiter with a full burst of tokens.
 *  @param n new tokens in each period, evenly spread, the time between two rounded up to the nanosecond; 0 is a
 *           mistake, and counts as 1
 *  @param period how long that is; 0 or less: no limit
 *  @param burst tokens that are there after a rest, at least 1; 0 is a mistake, and counts as 1. In no period do more
 *               than n + burst - 1 begin: with 1, evenly spaced, n
 *  @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_rate_limiter_t *eff_rate_limiter_new(uint64_t n, eff_duration_t period, uint64_t burst);
/** One more reference. Any thread. @param limiter borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_rate_limiter_t *eff_rate_limiter_incref(eff_rate_limiter_t *limiter);
/** Gives up one reference. Any thread. @param limiter consumes; NULL is fine */
EFF_API void eff_rate_limiter_decref(eff_rate_limiter_t *limiter);
/** A handle as a value. @param limiter consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_rate_limiter_value(eff_rate_limiter_t *limiter);

/**
 * Takes a token, then runs e.
 *
 * - Success, failure: as e.
 * - Interruption: while it waits, at once, and no token is taken: the next in line gets it at the time it would have
 *   got it. Afterwards it is e that is interrupted; its token is used up.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @retains{limiter}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_rate_limited_at(eff_site_t site, eff_t *e, eff_rate_limiter_t *limiter);
/** Takes a token, waiting while there is none. Succeeds with unit.
 *  @param site where it is composed; the macro fills it in
 *  @retains{limiter} @returns_new @see eff_rate_limited */
EFF_API EFF_MUST_USE eff_t *eff_rate_limiter_take_at(eff_site_t site, eff_rate_limiter_t *limiter);
/** Takes a token if there is one that nobody waits for. Succeeds with whether it did (eff_as_bool).
 *  @param site where it is composed; the macro fills it in
 *  @retains{limiter} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_rate_limiter_try_take_at(eff_site_t site, eff_rate_limiter_t *limiter);

#define eff_rate_limited(...) eff_rate_limited_at(EFF_SITE, __VA_ARGS__)
#define eff_rate_limiter_take(...) eff_rate_limiter_take_at(EFF_SITE, __VA_ARGS__)
#define eff_rate_limiter_try_take(...) eff_rate_limiter_try_take_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
