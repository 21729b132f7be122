/** @file
 * Transforming and sequencing effects.
 *
 *     eff_t *e = load(path);
 *     e = eff_map(e, parse, eff_unit);
 *     e = eff_flat_map(e, store, eff_ptr(db));
 *
 * `v` and `env` of these callbacks live until the callback returns: take eff_value_incref(v) to keep one longer.
 */
#ifndef EFFECT_TRANSFORM_H
#define EFFECT_TRANSFORM_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** What f makes of e's success value; for an f that cannot fail, and needs no effect. A failure of e passes by.
 *  @consumes{e}
 *  @param f called once per run; borrows v and env; returns new, an absent value being a defect
 *  @param env consumes; released when f has returned
 *  @returns_new @see eff_flat_map, eff_map_error */
EFF_API EFF_MUST_USE eff_t *eff_map_at(eff_site_t site, eff_t *e, eff_map_fn f, eff_value_t env);
/** Succeeds with v when e succeeds. @consumes{e, v} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_map_to_at(eff_site_t site, eff_t *e, eff_value_t v);
/**
 * Runs e, then the effect that f makes of its success value.
 *
 * For when the next step depends on the result of the last one; for straight-line code with many steps see gen.h.
 * - Success: with what f's effect succeeds with.
 * - Failure: with e's, f not being called, or with that of f's effect. f returning NULL is a defect.
 * - Interruption: seen before the effect that f returns, not between e's success and f.
 *
 * @consumes{e}
 * @param f called once per run; borrows v and env; returns new
 * @param env consumes; released when f has returned
 * @returns_new
 *
 * Standard name: monadic bind (Moggi 1991). O(1); any depth of nesting, left or right, runs in constant C stack.
 */
EFF_API EFF_MUST_USE eff_t *eff_flat_map_at(eff_site_t site, eff_t *e, eff_bind_fn f, eff_value_t env);
/** Runs first, drops its value, then runs second. A failure of first ends it. @consumes{first, second} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_then_at(eff_site_t site, eff_t *first, eff_t *second);
/** Runs e, then f's effect for its sake only: succeeds with e's value. A failure of f's effect counts.
 *  @consumes{e}
 *  @param f called once per run; borrows v and env; returns new
 *  @consumes{env}
 *  @returns_new @see eff_tap_error */
EFF_API EFF_MUST_USE eff_t *eff_tap_at(eff_site_t site, eff_t *e, eff_bind_fn f, eff_value_t env);
/** Runs a, then b; succeeds with the pair of their values. A failure of a ends it. @consumes{a, b} @returns_new
 *  @see eff_zip_par, which runs both at once */
EFF_API EFF_MUST_USE eff_t *eff_zip_at(eff_site_t site, eff_t *a, eff_t *b);
/**
 * Runs a, then b; succeeds with what f makes of their values.
 *
 * - Failure: with a's, b not being run, or with b's. f returning the absent value is a defect.
 * - Interruption: seen between a and b.
 *
 * @consumes{a, b}
 * @param f called once per run, when both have succeeded; borrows their values and env; returns new
 * @consumes{env}
 * @returns_new
 * @see eff_zip, eff_zip_par_with
 */
EFF_API EFF_MUST_USE eff_t *eff_zip_with_at(eff_site_t site, eff_t *a, eff_t *b, eff_zip_fn f, eff_value_t env);
/**
 * Runs the condition, and e only if that succeeds with true.
 *
 * For conditions that only a run can tell; one that is known while composing wants a plain `if`.
 * - Success: with some(e's value); with none when the condition does not hold, e not being run.
 * - Failure: with the condition's, or with e's. A condition that succeeds with anything but a boolean is a defect.
 *
 * @param condition consumes; succeeds with an eff_bool
 * @consumes{e}
 * @returns_new
 * @see eff_unless
 */
EFF_API EFF_MUST_USE eff_t *eff_when_at(eff_site_t site, eff_t *condition, eff_t *e);
/**
 * Runs the condition, and e only if that succeeds with false; otherwise as eff_when.
 *
 * @param condition consumes; succeeds with an eff_bool
 * @consumes{e}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_unless_at(eff_site_t site, eff_t *condition, eff_t *e);
/** Runs e again and again, until it fails or is interrupted. Constant memory. An e that never waits still gives others
 *  their turn, each time its budget of instructions is used up. @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_forever_at(eff_site_t site, eff_t *e);
/** Runs e, moves its value to *slot and succeeds with unit. For a typed pointer use NAME_into of type.h.
 *  @consumes{e}
 *  @param slot what was there is dropped, {0} is fine; must outlive the effect: usually a field of a gen's frame. What
 *              is there afterwards is new, for whoever owns the slot
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_into_at(eff_site_t site, eff_t *e, eff_value_t *slot);

#define eff_map(e, ...) eff_map_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_map_to(...) eff_map_to_at(EFF_SITE, __VA_ARGS__)
#define eff_flat_map(e, ...) eff_flat_map_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_then(...) eff_then_at(EFF_SITE, __VA_ARGS__)
#define eff_tap(e, ...) eff_tap_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_zip(...) eff_zip_at(EFF_SITE, __VA_ARGS__)
#define eff_zip_with(a, b, ...) eff_zip_with_at(EFF_SITE_OF(__VA_ARGS__), (a), (b), __VA_ARGS__)
#define eff_when(...) eff_when_at(EFF_SITE, __VA_ARGS__)
#define eff_unless(...) eff_unless_at(EFF_SITE, __VA_ARGS__)
#define eff_forever(...) eff_forever_at(EFF_SITE, __VA_ARGS__)
#define eff_into(...) eff_into_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
