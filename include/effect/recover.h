/** @file
 * Recovering from failures.
 *
 * *Typed* handlers (catch_all, catch_type, catch_kind, catch_some, or_else, fold, match, option, ignore, map_error,
 * tap_error, retry) apply when the cause has a Fail and no Die, and get the leftmost Fail's value; *cause* handlers
 * (catch_cause, catch_defect, to_exit, ignore_cause, on_error, map_cause, annotate) see everything. No handler outside
 * a mask runs for a fiber that is itself being interrupted; on_error does, masked.
 *
 *     e = eff_catch_kind(e, &eff_not_found_error, use_defaults, eff_unit);
 *
 * Of all below, unless it says otherwise: a success of e passes by, and so does a failure that the handler is not for,
 * unchanged. What the handler's effect fails with replaces the failure; its success counts as e's. A handler that
 * returns NULL, or an absent value, is a defect.
 */
#ifndef EFFECT_RECOVER_H
#define EFFECT_RECOVER_H

#include <effect/construct.h>
#include <effect/schedule.h>

EFF_BEGIN_DECLS

/** Every expected failure goes to f.
 *  @consumes{e, env}
 *  @param f called with the error; borrows error and env, returns new
 *  @returns_new @see eff_catch_kind, eff_catch_type, eff_catch_some, eff_catch_cause
 *
 *  Standard name: catchAll (ZIO), handleErrorWith (cats-effect). */
EFF_API EFF_MUST_USE eff_t *eff_catch_all_at(eff_site_t site, eff_t *e, eff_bind_fn f, eff_value_t env);
/** Failures whose value is of this type go to f.
 *  @consumes{e, env}
 *  @param type static, such as &eff_string_type
 *  @param f called with the error; borrows error and env, returns new
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_catch_type_at(eff_site_t site, eff_t *e, const eff_type_t *type, eff_bind_fn f,
                                              eff_value_t env);
/** Failures that are errors of this kind, or of one below it, go to f.
 *  @consumes{e, env}
 *  @param kind static, such as &eff_not_found_error
 *  @param f called with the error; borrows error and env, returns new
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_catch_kind_at(eff_site_t site, eff_t *e, const eff_error_kind_t *kind, eff_bind_fn f,
                                              eff_value_t env);
/** Failures for which `when` holds go to f.
 *  @consumes{e, env}
 *  @param when called with the error first; borrows error and env
 *  @param f called with the error; borrows error and env, returns new
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_catch_some_at(eff_site_t site, eff_t *e, eff_predicate_fn when, eff_bind_fn f,
                                              eff_value_t env);
/** Every cause, defects and interruptions of others included, goes to f. For the edge of a program, where whatever
 *  happened is to be logged or shown; elsewhere a defect should rather be seen.
 *  @consumes{e, env}
 *  @param f called with the cause; borrows cause and env, returns new
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_catch_cause_at(eff_site_t site, eff_t *e, eff_cause_fn f, eff_value_t env);
/**
 * Gives the defect to f when e dies; whatever else it ends with passes by.
 *
 * For the outermost frame of something that must go on: a worker that serves many requests. A defect is a mistake of
 * the program, "out of memory" included, so f can report it, and hardly mend it.
 * - Success: with e's, or that of f's effect.
 * - Failure: causes without a Die pass unchanged; a Fail or an Interrupt beside the Die goes with it. f returning NULL
 *   is a defect.
 * - Interruption: of the fiber itself passes, defects beside it included.
 *
 * @consumes{e}
 * @param f called with the leftmost defect; borrows it and env; returns new
 * @consumes{env}
 * @returns_new
 * @see eff_catch_cause
 */
EFF_API EFF_MUST_USE eff_t *eff_catch_defect_at(eff_site_t site, eff_t *e, eff_bind_fn f, eff_value_t env);
/** Runs other when e fails with an expected failure. @consumes{e, other} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_or_else_at(eff_site_t site, eff_t *e, eff_t *other);
/** Both ways on: exactly one of the two is called, and neither sees the other's failure.
 *  @consumes{e, env}
 *  @param on_failure called with the error of an expected failure; borrows both, returns new
 *  @param on_success called with e's value; borrows both, returns new
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_fold_at(eff_site_t site, eff_t *e, eff_bind_fn on_failure, eff_bind_fn on_success,
                                        eff_value_t env);
/** As eff_fold, with pure functions: the effect does not fail any more.
 *  @consumes{e, env}
 *  @param on_failure makes a value of the error; borrows both, returns new
 *  @param on_success makes a value of e's; borrows both, returns new
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_match_at(eff_site_t site, eff_t *e, eff_map_fn on_failure, eff_map_fn on_success,
                                         eff_value_t env);
/** Succeeds with e's exit as a value (eff_as_exit), whatever it is. @consumes{e} @returns_new
 *  @see eff_done, which goes on as an exit says */
EFF_API EFF_MUST_USE eff_t *eff_to_exit_at(eff_site_t site, eff_t *e);
/** Succeeds with some(value), or none when e fails with an expected failure. @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_option_at(eff_site_t site, eff_t *e);
/** Succeeds with unit, whether e succeeds or fails with an expected failure. @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_ignore_at(eff_site_t site, eff_t *e);
/**
 * Succeeds with unit, whatever e ends with: failures, defects and interruptions of others included.
 *
 * Defects go unseen too; mostly eff_ignore is what is meant.
 * - Interruption: of the fiber itself passes.
 *
 * @consumes{e}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_ignore_cause_at(eff_site_t site, eff_t *e);
/** Failures whose value is of this type stay; any other becomes a defect, as in eff_or_die.
 *  @consumes{e}
 *  @param type static, such as &eff_error_type
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_refine_or_die_at(eff_site_t site, eff_t *e, const eff_type_t *type);
/** Every expected failure becomes a defect: where it cannot happen, and would be a mistake. Notes and trace are kept.
 *  @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_or_die_at(eff_site_t site, eff_t *e);
/** Runs f's effect for any cause of e (interruption included, masked as a finalizer), then goes on with that cause;
 *  a failure of f's effect is added: Then(original, its).
 *  @consumes{e, env}
 *  @param f called with the cause; borrows cause and env, returns new
 *  @returns_new @see eff_on_exit, which sees successes too */
EFF_API EFF_MUST_USE eff_t *eff_on_error_at(eff_site_t site, eff_t *e, eff_cause_fn f, eff_value_t env);
/** Runs f's effect for an expected failure, then goes on failing; a failure of f's effect is added, as in on_error.
 *  @consumes{e, env}
 *  @param f called with the error; borrows error and env, returns new
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_tap_error_at(eff_site_t site, eff_t *e, eff_bind_fn f, eff_value_t env);
/** What f makes of the expected failure: the leftmost error is replaced; notes and trace are kept.
 *  @consumes{e, env}
 *  @param f called with the error; borrows error and env, returns new
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_map_error_at(eff_site_t site, eff_t *e, eff_map_fn f, eff_value_t env);

/** A cause from a cause. @borrows{cause, env} @return new; NULL is a mistake, and a defect */
typedef eff_cause_t *(*eff_map_cause_fn)(const eff_cause_t *cause, eff_value_t env);
/** What f makes of any cause.
 *  @consumes{e, env}
 *  @param f called with the cause; borrows cause and env, returns new
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_map_cause_at(eff_site_t site, eff_t *e, eff_map_cause_fn f, eff_value_t env);
/** Adds a note to whatever cause e ends with, together with the site; printed with it. Not to an interruption of the
 *  fiber itself. @consumes{e}
 *  @param note consumes; of any type: eff_value_format shows it
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_annotate_at(eff_site_t site, eff_t *e, eff_value_t note);

#define eff_catch_all(e, ...) eff_catch_all_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_catch_type(e, type, ...) eff_catch_type_at(EFF_SITE_OF(__VA_ARGS__), (e), (type), __VA_ARGS__)
#define eff_catch_kind(e, kind, ...) eff_catch_kind_at(EFF_SITE_OF(__VA_ARGS__), (e), (kind), __VA_ARGS__)
#define eff_catch_some(e, when, ...) eff_catch_some_at(EFF_SITE_OF(__VA_ARGS__), (e), (when), __VA_ARGS__)
#define eff_catch_cause(e, ...) eff_catch_cause_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_catch_defect(e, ...) eff_catch_defect_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_or_else(...) eff_or_else_at(EFF_SITE, __VA_ARGS__)
#define eff_fold(e, ...) eff_fold_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_match(e, ...) eff_match_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_to_exit(...) eff_to_exit_at(EFF_SITE, __VA_ARGS__)
#define eff_option(...) eff_option_at(EFF_SITE, __VA_ARGS__)
#define eff_ignore(...) eff_ignore_at(EFF_SITE, __VA_ARGS__)
#define eff_ignore_cause(...) eff_ignore_cause_at(EFF_SITE, __VA_ARGS__)
#define eff_refine_or_die(...) eff_refine_or_die_at(EFF_SITE, __VA_ARGS__)
#define eff_or_die(...) eff_or_die_at(EFF_SITE, __VA_ARGS__)
#define eff_on_error(e, ...) eff_on_error_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_tap_error(e, ...) eff_tap_error_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_map_error(e, ...) eff_map_error_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_map_cause(e, ...) eff_map_cause_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_annotate(...) eff_annotate_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
