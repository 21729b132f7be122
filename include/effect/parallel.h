/** @file
 * Running effects at the same time, on fibers of one loop: their callbacks never run in parallel.
 *
 *     e = eff_zip_par(debit(a), credit(b));
 *     e = eff_for_each_par(urls, probe, eff_unit, 16);
 *
 * | combinator       | result                            | the first failure               | interrupting the caller  |
 * | ---------------- | --------------------------------- | ------------------------------- | ------------------------ |
 * | zip_par, all_par | pair / array in argument order    | interrupts, awaits the others   | all interrupted, awaited |
 * | race             | the first success, ties go left   | waits for the others            | same                     |
 * | race_first       | the first to end, however         | is the result                   | same                     |
 * | for_each_par     | array in input order, n at a time | no new item, others interrupted | same                     |
 *
 * Sides start in argument order, each until it first waits. Losers are interrupted, and awaited before the result is
 * seen. Sides start interruptible to their combinator even under a masked caller; mask a side to protect it. Failures
 * of several sides are combined with Both, in argument order.
 */
#ifndef EFFECT_PARALLEL_H
#define EFFECT_PARALLEL_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** Both at once; succeeds with the pair. Consumes both. */
EFF_API EFF_MUST_USE eff_t *eff_zip_par_at(eff_site_t site, eff_t *a, eff_t *b);
/** All n at once; succeeds with the array. Consumes the effects, not the list. n = 0 gives the empty array. */
EFF_API EFF_MUST_USE eff_t *eff_all_par_at(eff_site_t site, size_t n, eff_t *const *effects);
/** The first to succeed wins; if all fail, Both of their causes. Consumes both. */
EFF_API EFF_MUST_USE eff_t *eff_race_at(eff_site_t site, eff_t *a, eff_t *b);
/** The first to end wins, with a value or a cause. Consumes both. */
EFF_API EFF_MUST_USE eff_t *eff_race_first_at(eff_site_t site, eff_t *a, eff_t *b);
/** Runs f's effect for every item, at most n at once (0: no limit); succeeds with the array of results in input order.
 *  The item and env live until the item's effect has ended. Consumes items and env. */
EFF_API EFF_MUST_USE eff_t *eff_for_each_par_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env,
                                                size_t n);
/** As eff_for_each_par; succeeds with unit. Memory does not grow with the number of items. */
EFF_API EFF_MUST_USE eff_t *eff_for_each_par_discard_at(eff_site_t site, eff_value_t items, eff_bind_fn f,
                                                        eff_value_t env, size_t n);

#define eff_zip_par(...) eff_zip_par_at(EFF_SITE, __VA_ARGS__)
/** eff_all_par(a, b, c): the array of the values of its arguments. */
#define eff_all_par(...)                                                                                               \
    eff_all_par_at(EFF_SITE, sizeof((eff_t *const[]){ __VA_ARGS__ }) / sizeof(eff_t *), (eff_t *const[]){ __VA_ARGS__ })
#define eff_race(...) eff_race_at(EFF_SITE, __VA_ARGS__)
#define eff_race_first(...) eff_race_first_at(EFF_SITE, __VA_ARGS__)
#define eff_for_each_par(items, ...) eff_for_each_par_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_for_each_par_discard(items, ...) eff_for_each_par_discard_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)

EFF_END_DECLS
#endif
