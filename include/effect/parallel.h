/** @file
 * Running effects at the same time, on fibers of one loop: their callbacks never run in parallel.
 *
 *     e = eff_zip_par(debit(a), credit(b));
 *     e = eff_for_each_par(urls, probe, eff_unit, 16);
 *
 * | combinator           | result                          | the first failure              | interrupting the caller |
 * | -------------------- | ------------------------------- | ------------------------------ | ----------------------- |
 * | zip_par, all_par     | pair / array in argument order  | interrupts, awaits the others  | interrupts, awaits all  |
 * | zip_par_with         | what f makes of both values     | same                           | same                    |
 * | race, race_all       | the first success, ties go left | waits for the others           | same                    |
 * | race_indexed         | pair of winner's index, value   | same                           | same                    |
 * | race_first           | the first to end, however       | is the result                  | same                    |
 * | for_each_par         | array in input order, n at once | no new one, others interrupted | same                    |
 * | for_each_par_discard | unit, in constant memory        | same                           | same                    |
 * | reduce_par           | results combined in input order | same                           | same                    |
 * | merge_all            | results merged as they come     | same                           | same                    |
 * | validate_par         | array in input order, or errors | every item is run to its end   | same                    |
 * | partition_par        | pair of errors and values       | same                           | same                    |
 *
 * Races to the first end, and with a say in what becomes of the loser: race.h. Loops that go on when items fail, exits in
 * place, results as they come: each_par.h. A limit that changes while the loop runs: limit.h.
 *
 * Sides start in argument order, each until it first waits. Losers are interrupted, and awaited before the result is
 * seen. Sides start interruptible to their combinator even under a masked caller; mask a side to protect it. Failures
 * of several sides are combined with Both, in argument order.
 *
 * Those over items run f's effect for each item, on a fiber of its own, n of them at once. The item and env live until
 * the item's effect has ended.
 */
#ifndef EFFECT_PARALLEL_H
#define EFFECT_PARALLEL_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/**
 * Runs both at once.
 * - Success: with the pair of their values.
 * - Failure: with that of the first to fail; the other is interrupted and awaited. Both of what failed together.
 * - Interruption: passed on to both, which are awaited.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{a, b}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_zip_par_at(eff_site_t site, eff_t *a, eff_t *b);
/**
 * Runs both at once, and makes one value of their two. As eff_zip_par otherwise.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{a, b}
 * @param f called when both have succeeded; borrows their values and env
 * @consumes{env}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_zip_par_with_at(eff_site_t site, eff_t *a, eff_t *b, eff_zip_fn f, eff_value_t env);
/**
 * Runs n effects at once.
 * - Success: with the array of their values, in argument order; no effects give the empty array.
 * - Failure: with that of the first to fail; the others are interrupted and awaited. Both of what failed together.
 * - Interruption: passed on to all, which are awaited.
 *
 * @param site where it is composed; the macro fills it in
 * @param n how many
 * @param effects consumes the effects, borrows the list
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_all_par_at(eff_site_t site, size_t n, eff_t *const *effects);
/**
 * Runs both at once; the first to succeed wins. See eff_race_all.
 *
 * @param site where it is composed; the macro fills it in
 * @param a consumes; wins a tie
 * @consumes{b}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_race_at(eff_site_t site, eff_t *a, eff_t *b);
/**
 * Runs n effects at once; the first to succeed wins.
 *
 * For asking several places for the same thing. One that succeeds without waiting keeps those after it from starting.
 * - Success: with the value of the first to succeed, once the losers have been interrupted and awaited. Ties go left.
 *   An expected failure with which a loser ended by itself is part of the race; a loser's defect, or a failure while it
 *   is interrupted, is reported as unobserved.
 * - Failure: when all have failed, Both of their causes in argument order. No effects at all are a defect.
 * - Interruption: passed on to all, which are awaited.
 *
 * @param site where it is composed; the macro fills it in
 * @param n how many, at least 1
 * @param effects consumes the effects, borrows the list
 * @returns_new
 * @see eff_race_indexed, eff_race_first
 */
EFF_API EFF_MUST_USE eff_t *eff_race_all_at(eff_site_t site, size_t n, eff_t *const *effects);
/**
 * As eff_race_all, and tells who won: succeeds with the pair of the winner's index (eff_int, from 0) and its value.
 *
 * @param site where it is composed; the macro fills it in
 * @param n how many, at least 1
 * @param effects consumes the effects, borrows the list
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_race_indexed_at(eff_site_t site, size_t n, eff_t *const *effects);
/**
 * Runs both at once; the first to end wins, with a value or a cause. The other is interrupted and awaited.
 *
 * @param site where it is composed; the macro fills it in
 * @param a consumes; wins a tie
 * @consumes{b}
 * @returns_new
 * @see eff_race_first_all, of any number; eff_race_with, which decides about the loser
 */
EFF_API EFF_MUST_USE eff_t *eff_race_first_at(eff_site_t site, eff_t *a, eff_t *b);
/**
 * Runs f's effect for every item, at most n at once.
 * - Success: with the array of the results, in input order; no items give the empty array.
 * - Failure: with that of the first item to fail: no new item starts, those that run are interrupted and awaited. Both
 *   of what failed together.
 * - Interruption: passed on to the items that run, which are awaited.
 *
 * @param site where it is composed; the macro fills it in
 * @param items consumes; as for eff_for_each
 * @param f called once for each item, as it starts; borrows the item and env; returns new
 * @consumes{env}
 * @param n how many items at once; 0: no limit
 * @returns_new
 * @see eff_for_each_par_exits, which does not stop; eff_for_each_par_limited, whose n may change
 */
EFF_API EFF_MUST_USE eff_t *eff_for_each_par_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env,
                                                size_t n);
/**
 * As eff_for_each_par; succeeds with unit. Memory does not grow with the number of items.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{items}
 * @param f called once for each item, as it starts; borrows the item and env; returns new
 * @consumes{env}
 * @param n how many items at once; 0: no limit
 * @returns_new
 * @see eff_for_each_par_tolerant, which goes on when items fail
 */
EFF_API EFF_MUST_USE eff_t *eff_for_each_par_discard_at(eff_site_t site, eff_value_t items, eff_bind_fn f,
                                                        eff_value_t env, size_t n);
/**
 * Runs f's effect for every item to its end, whatever becomes of the others, and tells all errors at once.
 *
 * For checking a form, a configuration, a list of hosts: who reads the report wants every complaint. n = 1 checks one
 * after another.
 * - Success: of all items: with the array of their values, in input order; no items give the empty array.
 * - Failure: with the array of the items' errors, in input order. What is no expected failure is not in it: when an
 *   item was interrupted by itself, Both(Fail(the errors), its Interrupt); when an item died, Both of all items' causes
 *   in input order, which typed handlers pass by.
 * - Interruption: passed on to the items that run, which are awaited. A deadlock ends it too.
 *
 * @param site where it is composed; the macro fills it in
 * @param items consumes; as for eff_for_each
 * @param f called once for each item, as it starts; borrows the item and env; returns new
 * @consumes{env}
 * @param n how many items at once; 0: no limit
 * @returns_new
 * @see eff_partition_par, which does not fail
 *
 * Standard name: applicative validation (McBride and Paterson 2008).
 */
EFF_API EFF_MUST_USE eff_t *eff_validate_par_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env,
                                                size_t n);
/**
 * Runs f's effect for every item to its end, and separates the errors from the values.
 *
 * For going on with what worked. n = 1 takes one item after another.
 * - Success: with the pair of the array of errors and the array of values, each in input order.
 * - Failure: never by an expected failure of an item. When items died or were interrupted by themselves, Both of their
 *   causes in input order, once all items have ended.
 * - Interruption: passed on to the items that run, which are awaited. A deadlock ends it too.
 *
 * @param site where it is composed; the macro fills it in
 * @param items consumes; as for eff_for_each
 * @param f called once for each item, as it starts; borrows the item and env; returns new
 * @consumes{env}
 * @param n how many items at once; 0: no limit
 * @returns_new
 * @see eff_validate_par
 */
EFF_API EFF_MUST_USE eff_t *eff_partition_par_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env,
                                                 size_t n);
/**
 * Runs f's effect for every item, and combines the results in input order: combine(combine(initial, first), second) ...
 *
 * The result does not depend on who is ready first; for that all results are kept until the last is there.
 * - Success: with the last value of combine; no items give `initial`.
 * - Failure, interruption: as of eff_for_each_par.
 *
 * @param site where it is composed; the macro fills it in
 * @param items consumes; as for eff_for_each
 * @param f called once for each item, as it starts; borrows the item and env; returns new
 * @consumes{initial}
 * @param combine called with the value so far, a result and env, in one go when all items have ended; borrows all three
 * @consumes{env}
 * @param n how many items at once; 0: no limit
 * @returns_new
 * @see eff_merge_all
 */
EFF_API EFF_MUST_USE eff_t *eff_reduce_par_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t initial,
                                              eff_zip_fn combine, eff_value_t env, size_t n);
/**
 * Runs f's effect for every item, and merges each result into one value as it comes.
 *
 * For sums, counts and sets, whose order does not matter. Memory does not grow with the number of items; each run
 * starts from `initial`.
 * - Success: with the last value of merge; no items give `initial`.
 * - Failure, interruption: as of eff_for_each_par; what was merged is dropped.
 *
 * @param site where it is composed; the macro fills it in
 * @param items consumes; as for eff_for_each
 * @param f called once for each item, as it starts; borrows the item and env; returns new
 * @consumes{initial}
 * @param merge called with the value so far, a result and env, as the item ends; borrows all three
 * @consumes{env}
 * @param n how many items at once; 0: no limit
 * @returns_new
 * @see eff_reduce_par; eff_as_completed, which hands the results out in that order
 */
EFF_API EFF_MUST_USE eff_t *eff_merge_all_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t initial,
                                             eff_zip_fn merge, eff_value_t env, size_t n);

#define eff_zip_par(...) eff_zip_par_at(EFF_SITE, __VA_ARGS__)
#define eff_zip_par_with(a, b, ...) eff_zip_par_with_at(EFF_SITE_OF(__VA_ARGS__), (a), (b), __VA_ARGS__)
/** eff_all_par(a, b, c): the array of the values of its arguments. @param ... effects, at least one */
#define eff_all_par(...) EFF_LISTED_(eff_all_par_at, eff_t *, __VA_ARGS__)
/** eff_all_par of a list made at run time: eff_all_par_list(n, list).
 *  @param ... how many; the list, which is borrowed, of effects, which are consumed */
#define eff_all_par_list(...) eff_all_par_at(EFF_SITE, __VA_ARGS__)
#define eff_race(...) eff_race_at(EFF_SITE, __VA_ARGS__)
/** eff_race_all(a, b, c): the first success of its arguments. @param ... effects, at least one */
#define eff_race_all(...) EFF_LISTED_(eff_race_all_at, eff_t *, __VA_ARGS__)
/** eff_race_all of a list made at run time: eff_race_all_list(n, list).
 *  @param ... how many, at least 1; the list, which is borrowed, of effects, which are consumed */
#define eff_race_all_list(...) eff_race_all_at(EFF_SITE, __VA_ARGS__)
/** eff_race_indexed(a, b, c): the first success of its arguments, and whose. @param ... effects, at least one */
#define eff_race_indexed(...) EFF_LISTED_(eff_race_indexed_at, eff_t *, __VA_ARGS__)
/** eff_race_indexed of a list made at run time: eff_race_indexed_list(n, list).
 *  @param ... how many, at least 1; the list, which is borrowed, of effects, which are consumed */
#define eff_race_indexed_list(...) eff_race_indexed_at(EFF_SITE, __VA_ARGS__)
#define eff_race_first(...) eff_race_first_at(EFF_SITE, __VA_ARGS__)
#define eff_for_each_par(items, ...) eff_for_each_par_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_for_each_par_discard(items, ...) eff_for_each_par_discard_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_validate_par(items, ...) eff_validate_par_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_partition_par(items, ...) eff_partition_par_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_reduce_par(items, ...) eff_reduce_par_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)
#define eff_merge_all(items, ...) eff_merge_all_at(EFF_SITE_OF(__VA_ARGS__), (items), __VA_ARGS__)

EFF_END_DECLS
#endif
