/** @file
 * Recovering from failures.
 *
 * *Typed* handlers (catch_all, catch_type, catch_kind, catch_some, or_else, fold, match, option, ignore, map_error,
 * tap_error, retry) apply when the cause has a Fail and no Die, and get the leftmost Fail's value; *cause* handlers
 * (catch_cause, to_exit, on_error, map_cause, annotate) see everything. No handler outside a mask runs for a fiber that
 * is itself being interrupted; on_error does, masked.
 *
 *     e = eff_catch_kind(e, &eff_not_found_error, use_defaults, eff_unit);
 */
#ifndef EFFECT_RECOVER_H
#define EFFECT_RECOVER_H

#include <effect/construct.h>
#include <effect/schedule.h>

EFF_BEGIN_DECLS

/** Every expected failure goes to f. Success passes by. Consumes e and env. Fails with what f's effect fails with. */
EFF_API EFF_MUST_USE eff_t *eff_catch_all_at(eff_site_t site, eff_t *e, eff_bind_fn f, eff_value_t env);
/** Failures whose value is of this type go to f; others pass unchanged. type is static. */
EFF_API EFF_MUST_USE eff_t *eff_catch_type_at(eff_site_t site, eff_t *e, const eff_type_t *type, eff_bind_fn f,
                                              eff_value_t env);
/** Failures that are errors of this kind, or of one below it, go to f; others pass unchanged. kind is static. */
EFF_API EFF_MUST_USE eff_t *eff_catch_kind_at(eff_site_t site, eff_t *e, const eff_error_kind_t *kind, eff_bind_fn f,
                                              eff_value_t env);
/** Failures for which `when` holds go to f; others pass unchanged. Both callbacks get env. */
EFF_API EFF_MUST_USE eff_t *eff_catch_some_at(eff_site_t site, eff_t *e, eff_predicate_fn when, eff_bind_fn f,
                                              eff_value_t env);
/** Every cause, defects and interruptions of others included, goes to f. */
EFF_API EFF_MUST_USE eff_t *eff_catch_cause_at(eff_site_t site, eff_t *e, eff_cause_fn f, eff_value_t env);
/** Runs other when e fails with an expected failure. Consumes both. */
EFF_API EFF_MUST_USE eff_t *eff_or_else_at(eff_site_t site, eff_t *e, eff_t *other);
/** Both ways on: exactly one of the two is called, and neither sees the other's failure. */
EFF_API EFF_MUST_USE eff_t *eff_fold_at(eff_site_t site, eff_t *e, eff_bind_fn on_failure, eff_bind_fn on_success,
                                        eff_value_t env);
/** As eff_fold, with pure functions: the effect does not fail any more. */
EFF_API EFF_MUST_USE eff_t *eff_match_at(eff_site_t site, eff_t *e, eff_map_fn on_failure, eff_map_fn on_success,
                                         eff_value_t env);
/** Succeeds with e's exit as a value (eff_as_exit), whatever it is. */
EFF_API EFF_MUST_USE eff_t *eff_to_exit_at(eff_site_t site, eff_t *e);
/** Succeeds with some(value), or none when e fails with an expected failure. */
EFF_API EFF_MUST_USE eff_t *eff_option_at(eff_site_t site, eff_t *e);
/** Succeeds with unit, whether e succeeds or fails with an expected failure. */
EFF_API EFF_MUST_USE eff_t *eff_ignore_at(eff_site_t site, eff_t *e);
/** Failures of this type stay; any other failure becomes a defect. type is static. */
EFF_API EFF_MUST_USE eff_t *eff_refine_or_die_at(eff_site_t site, eff_t *e, const eff_type_t *type);
/** Every expected failure becomes a defect. */
EFF_API EFF_MUST_USE eff_t *eff_or_die_at(eff_site_t site, eff_t *e);
/** Runs f's effect for any cause of e (interruption included, masked as a finalizer), then goes on with that cause;
 *  a failure of f's effect is added: Then(original, its). */
EFF_API EFF_MUST_USE eff_t *eff_on_error_at(eff_site_t site, eff_t *e, eff_cause_fn f, eff_value_t env);
/** Runs f's effect for an expected failure, then goes on failing; a failure of f's effect is added, as in on_error. */
EFF_API EFF_MUST_USE eff_t *eff_tap_error_at(eff_site_t site, eff_t *e, eff_bind_fn f, eff_value_t env);
/** What f makes of the expected failure; notes and trace are kept. */
EFF_API EFF_MUST_USE eff_t *eff_map_error_at(eff_site_t site, eff_t *e, eff_map_fn f, eff_value_t env);

/** A cause from a cause. Borrows both; returns new. */
typedef eff_cause_t *(*eff_map_cause_fn)(const eff_cause_t *cause, eff_value_t env);
/** What f makes of any cause. */
EFF_API EFF_MUST_USE eff_t *eff_map_cause_at(eff_site_t site, eff_t *e, eff_map_cause_fn f, eff_value_t env);
/** Adds a note to whatever cause e ends with; printed with it. Consumes e and note. */
EFF_API EFF_MUST_USE eff_t *eff_annotate_at(eff_site_t site, eff_t *e, eff_value_t note);

#define eff_catch_all(e, ...) eff_catch_all_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_catch_type(e, type, ...) eff_catch_type_at(EFF_SITE_OF(__VA_ARGS__), (e), (type), __VA_ARGS__)
#define eff_catch_kind(e, kind, ...) eff_catch_kind_at(EFF_SITE_OF(__VA_ARGS__), (e), (kind), __VA_ARGS__)
#define eff_catch_some(e, when, ...) eff_catch_some_at(EFF_SITE_OF(__VA_ARGS__), (e), (when), __VA_ARGS__)
#define eff_catch_cause(e, ...) eff_catch_cause_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_or_else(...) eff_or_else_at(EFF_SITE, __VA_ARGS__)
#define eff_fold(e, ...) eff_fold_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_match(e, ...) eff_match_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_to_exit(...) eff_to_exit_at(EFF_SITE, __VA_ARGS__)
#define eff_option(...) eff_option_at(EFF_SITE, __VA_ARGS__)
#define eff_ignore(...) eff_ignore_at(EFF_SITE, __VA_ARGS__)
#define eff_refine_or_die(...) eff_refine_or_die_at(EFF_SITE, __VA_ARGS__)
#define eff_or_die(...) eff_or_die_at(EFF_SITE, __VA_ARGS__)
#define eff_on_error(e, ...) eff_on_error_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_tap_error(e, ...) eff_tap_error_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_map_error(e, ...) eff_map_error_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_map_cause(e, ...) eff_map_cause_at(EFF_SITE_OF(__VA_ARGS__), (e), __VA_ARGS__)
#define eff_annotate(...) eff_annotate_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
