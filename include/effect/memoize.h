/** @file
 * Memoizing: an effect that is run once, by whoever needs it first, and whose result all get; or once in a while.
 *
 *     EFF_AWAIT(eff_memoize(load_config(path)));
 *     s->config = eff_incref(eff_as_effect(EFF_GOT()));
 *     ...
 *     EFF_AWAIT(eff_incref(s->config));                // in any fiber: loads it, waits for that, or has it
 */
#ifndef EFFECT_MEMOIZE_H
#define EFFECT_MEMOIZE_H

#include <effect/construct.h>
#include <effect/duration.h>

EFF_BEGIN_DECLS

/**
 * Makes of e an effect that runs it once. That belongs to the scope around: e runs on a fiber of its own, with the
 * services of that scope; what it acquires is released as the scope closes, not before.
 *
 * - Success: with the effect (eff_as_effect), which ends as e has ended, whatever that was.
 * - Failure: in a scope that is closed, the effect dies.
 * - Interruption: of one who waits for e leaves it to the others. Once all have been interrupted, e is, what it has
 *   acquired is released, and the next to come begins anew.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @returns_new
 *
 * Standard name: memoize (cats-effect, ZIO).
 */
EFF_API EFF_MUST_USE eff_t *eff_memoize_at(eff_site_t site, eff_t *e);
/**
 * Makes of e an effect that runs it when the result is older than ttl: a cache of one value.
 *
 *     EFF_AWAIT(eff_memoize_for(fetch_rates(), eff_minutes(5)));
 *
 * As eff_memoize, but what e acquires is released when it has ended. The result, whatever it is, is kept for ttl from
 * when e began, by the Clock of who asks; who comes while e runs waits for that, however long it takes.
 *
 * - Success, failure, interruption: as of eff_memoize.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @param ttl how long; 0 or less: only those who come while e runs get the same result
 * @returns_new
 *
 * Standard name: cached (ZIO), cachedWithTTL (Effect).
 */
EFF_API EFF_MUST_USE eff_t *eff_memoize_for_at(eff_site_t site, eff_t *e, eff_duration_t ttl);
#define eff_memoize(...) eff_memoize_at(EFF_SITE, __VA_ARGS__)
#define eff_memoize_for(...) eff_memoize_for_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
