/** @file
 * Causes: everything that went wrong, as an immutable tree.
 *
 *     Fail(value)          an expected failure, from eff_fail
 *     Die(value)           a defect: a mistake, from eff_die or detected misuse
 *     Interrupt            who interrupted, why, and from where
 *     Then(l, r)           r happened while dealing with l (a finalizer that failed)
 *     Both(l, r)           l and r happened in parallel
 *     Empty                nothing
 *
 * Each leaf may carry notes (eff_annotate) and a trace: the sites of the frames it unwound through, innermost first,
 * and the sites that forked the fiber and its ancestors. The model is that of ZIO's Cause.
 */
#ifndef EFFECT_CAUSE_H
#define EFFECT_CAUSE_H

#include <stdio.h>

#include <effect/value.h>

EFF_BEGIN_DECLS

/** What a node of the tree is. */
typedef enum eff_cause_tag {
    EFF_CAUSE_EMPTY,
    EFF_CAUSE_FAIL,
    EFF_CAUSE_DIE,
    EFF_CAUSE_INTERRUPT,
    EFF_CAUSE_THEN,
    EFF_CAUSE_BOTH
} eff_cause_tag_t;

/** Why a fiber was interrupted. */
typedef enum eff_interrupt_reason {
    EFF_INTERRUPT_EXPLICIT,       /**< eff_fiber_interrupt, eff_interrupt_self */
    EFF_INTERRUPT_SIBLING_FAILED, /**< another side of the same parallel combinator failed */
    EFF_INTERRUPT_RACE_LOST,      /**< another side won */
    EFF_INTERRUPT_TIMEOUT,        /**< its time was up */
    EFF_INTERRUPT_REGION_ENDED,   /**< its parent or the region it was forked in ended */
    EFF_INTERRUPT_SHUTDOWN        /**< the runtime shuts down, or the process got a signal */
} eff_interrupt_reason_t;

EFF_API extern const eff_type_t eff_cause_type; /**< of causes as values */

/* ---- construction: each returns new and consumes its arguments; without memory a static Die(out of memory) */

EFF_API EFF_MUST_USE eff_cause_t *eff_cause_empty(void);             /**< nothing went wrong; allocates nothing */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_fail(eff_value_t error); /**< an expected failure */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_die(eff_value_t defect); /**< a defect */
/** An interruption, by the fiber of this id (0 when it was not a fiber), from this site (or NULL). */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_interrupt(uint64_t by, eff_interrupt_reason_t reason, eff_site_t site);
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_then(eff_cause_t *first, eff_cause_t *later); /**< Empty disappears */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_both(eff_cause_t *left, eff_cause_t *right);  /**< Empty disappears */
/** The same cause with a note (of any printable type) on it. Without memory the note is lost, the cause is not. */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_note(eff_cause_t *cause, eff_value_t note, eff_site_t site);

EFF_API eff_cause_t *eff_cause_incref(const eff_cause_t *cause);      /**< one more reference; returns its argument */
EFF_API void eff_cause_decref(const eff_cause_t *cause);              /**< NULL is fine */
EFF_API EFF_MUST_USE eff_value_t eff_cause_value(eff_cause_t *cause); /**< consumes cause */
EFF_API const eff_cause_t *eff_as_cause(eff_value_t v);               /**< borrowed; Empty on the wrong type */

/* ---- questions: all borrow, need no memory and no stack. O(1) for what a cause has and counts, O(depth) for the
 * leftmost of a kind, O(size) for each and equal. */

EFF_API eff_cause_tag_t eff_cause_tag(const eff_cause_t *cause); /**< of the root */
EFF_API bool eff_cause_has_fail(const eff_cause_t *cause);       /**< some Fail in it */
EFF_API bool eff_cause_has_die(const eff_cause_t *cause);        /**< some Die in it */
EFF_API bool eff_cause_is_interrupted(const eff_cause_t *cause); /**< some Interrupt in it */
EFF_API bool eff_cause_is_interrupted_only(
    const eff_cause_t *cause);                             /**< Interrupts and nothing else; false for Empty */
EFF_API bool eff_cause_is_empty(const eff_cause_t *cause); /**< nothing went wrong */
/** The leftmost Fail's value. @return whether there is one. */
EFF_API bool eff_cause_failure(const eff_cause_t *cause, eff_value_t *ret_borrowed);
/** The leftmost Die's value. @return whether there is one. */
EFF_API bool eff_cause_defect(const eff_cause_t *cause, eff_value_t *ret_borrowed);
/** The leftmost Interrupt. Each out-parameter may be NULL. @return whether there is one. */
EFF_API bool eff_cause_interruption(const eff_cause_t *cause, uint64_t *ret_by, eff_interrupt_reason_t *ret_reason,
                                    eff_site_t *ret_site);
/** The two sides of a Then or Both, borrowed. @return false for other tags. */
EFF_API bool eff_cause_sides(const eff_cause_t *cause, const eff_cause_t **ret_left, const eff_cause_t **ret_right);
/** Calls visit for every leaf, left to right, until it returns false. */
EFF_API void eff_cause_each(const eff_cause_t *cause, bool (*visit)(const eff_cause_t *leaf, void *arg), void *arg);
/** How many leaves of this tag there are (EFF_CAUSE_FAIL, _DIE, _INTERRUPT). A part that is shared counts wherever it
 *  stands; stops at SIZE_MAX. */
EFF_API size_t eff_cause_count(const eff_cause_t *cause, eff_cause_tag_t tag);
/** One value that stands for it all: the first Fail, else the first Die, else the first Interrupt (as a value of
 *  eff_cause_type), else a generic error.
 *  @return borrowed, valid as long as the cause */
EFF_API eff_value_t eff_cause_squash(const eff_cause_t *cause);
/** Structural equality: tags, values (eff_value_equal), interrupters and their reasons; notes, traces and sites are not
 *  compared. Causes that are values inside causes are compared to a fixed depth, beyond it by identity. */
EFF_API bool eff_cause_equal(const eff_cause_t *a, const eff_cause_t *b);

/** Without the Fails: what keeps Die and Interrupt; Empty when nothing remains. Consumes, returns new.
 *  A Then or Both that loses a side hands its notes and trace to the other. Without memory, one of the leaves that
 *  should remain. */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_strip_failures(eff_cause_t *cause);
/** Only the Dies, as above; NULL when there is none. Consumes, returns new. */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_keep_defects(eff_cause_t *cause);

/* ---- notes and trace: of this very node, a leaf or not */

EFF_API size_t eff_cause_n_notes(const eff_cause_t *leaf); /**< how many notes it has */
/** The i-th note, the earliest first, and where it was made (ret_site may be NULL). */
EFF_API eff_value_t eff_cause_note_at(const eff_cause_t *leaf, size_t i, eff_site_t *ret_site); /**< borrowed */
/** The sites this leaf unwound through, innermost first. At most 32 are kept: the first 8 and the last 24. */
EFF_API size_t eff_cause_n_sites(const eff_cause_t *leaf);
EFF_API eff_site_t eff_cause_site_at(const eff_cause_t *leaf, size_t i); /**< the i-th of them */
/** Whether a part of it was lost for lack of memory. */
EFF_API bool eff_cause_is_truncated(const eff_cause_t *cause);

/* ---- rendering */

/** As a person reads a stack trace: a line for each leaf, then its trace and notes; no newline at the end. Control
 *  characters, line separators and invalid UTF-8 in messages are escaped. The layout is stable. */
EFF_API void eff_cause_format(const eff_cause_t *cause, eff_buffer_t *out);
/** The same to a FILE, with a newline at the end. Needs no memory, but for values that are no strings. */
EFF_API void eff_cause_print(const eff_cause_t *cause, FILE *out);
/** {"tag": "fail", "type": "int", "value": 42, "trace": [...], "forks": [...], "notes": [{"value", "site"}]};
 *  Interrupts have "by", "reason", "site"; Then and Both "children", which are more than two when the same tag nests.
 *  @return new; NULL when out of memory */
EFF_API struct json_t *eff_cause_to_json(const eff_cause_t *cause);

EFF_END_DECLS
#endif
