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
 *     bool show(const eff_cause_t *cause)                     // what a handler of eff_catch_cause may ask
 *     {
 *         eff_value_t error;
 *         if (eff_cause_failure(cause, &error) && eff_error_is(error, &eff_timeout_error)) return false;
 *         eff_cause_print(cause, stderr);
 *         return true;
 *     }
 *
 * Each leaf may carry notes (eff_annotate) and a trace: the sites of the frames it unwound through, innermost first,
 * and the sites that forked the fiber and its ancestors. The model is that of ZIO's Cause. Causes nest without bound:
 * nothing here recurses. NULL is a mistake everywhere but in eff_cause_decref: it counts as Empty, and as part of
 * another cause as a Die that says so.
 */
#ifndef EFFECT_CAUSE_H
#define EFFECT_CAUSE_H

#include <stdio.h>

#include <effect/value.h>

EFF_BEGIN_DECLS

/** What a node of the tree is. */
typedef enum eff_cause_tag {
    EFF_CAUSE_EMPTY,     /**< nothing went wrong */
    EFF_CAUSE_FAIL,      /**< an expected failure: a value */
    EFF_CAUSE_DIE,       /**< a defect: a value */
    EFF_CAUSE_INTERRUPT, /**< an interruption: by whom, why, from where */
    EFF_CAUSE_THEN,      /**< two sides, one after the other */
    EFF_CAUSE_BOTH       /**< two sides, in parallel */
} eff_cause_tag_t;

/** Why a fiber was interrupted. */
typedef enum eff_interrupt_reason {
    EFF_INTERRUPT_EXPLICIT,       /**< eff_fiber_interrupt, eff_interrupt_self */
    EFF_INTERRUPT_SIBLING_FAILED, /**< another side of the same parallel combinator failed */
    EFF_INTERRUPT_RACE_LOST,      /**< another side won */
    EFF_INTERRUPT_TIMEOUT,        /**< its time was up */
    EFF_INTERRUPT_REGION_ENDED,   /**< its parent or the region it was forked in ended */
    EFF_INTERRUPT_SHUTDOWN,       /**< the runtime shuts down, or the process got a signal */
    EFF_INTERRUPT_STOP            /**< it was asked to stop, and is one that ends then (eff_unless_stopped) */
} eff_interrupt_reason_t;

EFF_API extern const eff_type_t eff_cause_type; /**< of causes as values */

/* ---- construction: without memory each is a static Die(out of memory), and what is missing a Die that says so */

/** Nothing went wrong. Allocates nothing. @returns_new */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_empty(void);
/** An expected failure. @consumes{error} @returns_new */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_fail(eff_value_t error);
/** A defect. @consumes{defect} @returns_new */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_die(eff_value_t defect);
/** An interruption.
 *  @param by the id of the fiber that interrupted; 0 when it was none
 *  @param reason why
 *  @param site from where; static, or NULL
 *  @returns_new */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_interrupt(uint64_t by, eff_interrupt_reason_t reason, eff_site_t site);
/** later happened while dealing with first. An Empty side disappears. @consumes{first, later} @returns_new */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_then(eff_cause_t *first, eff_cause_t *later);
/** Both happened, in parallel. An Empty side disappears. @consumes{left, right} @returns_new */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_both(eff_cause_t *left, eff_cause_t *right);
/** The same cause with a note on it. Without memory the note is lost, the cause is not.
 *  @consumes{cause}
 *  @param note consumes; of any type: eff_value_format shows it
 *  @param site where the note is made; static, or NULL
 *  @returns_new */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_note(eff_cause_t *cause, eff_value_t note, eff_site_t site);

/** One more reference. Any thread. @borrows{cause} @return cause, with a reference that is yours */
EFF_API eff_cause_t *eff_cause_incref(const eff_cause_t *cause);
/** Gives up one reference. Any thread. @param cause consumes; NULL is fine */
EFF_API void eff_cause_decref(const eff_cause_t *cause);
/** A cause as a value. @consumes{cause} @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_cause_value(eff_cause_t *cause);
/** Reads a cause. @borrows{v} @return borrowed from v; Empty on the wrong type */
EFF_API const eff_cause_t *eff_as_cause(eff_value_t v);

/* ---- questions: all borrow, need no memory and no stack. O(1) for what a cause has and counts, O(depth) for the
 * leftmost of a kind, O(size) for each and equal. */

/** What the root of the tree is. @borrows{cause} @return its tag */
EFF_API eff_cause_tag_t eff_cause_tag(const eff_cause_t *cause);
/** Whether there is an expected failure. @borrows{cause} @return some Fail in it */
EFF_API bool eff_cause_has_fail(const eff_cause_t *cause);
/** Whether there is a defect; typed handlers then do not apply. @borrows{cause} @return some Die in it */
EFF_API bool eff_cause_has_die(const eff_cause_t *cause);
/** Whether there is an interruption. @borrows{cause} @return some Interrupt in it */
EFF_API bool eff_cause_is_interrupted(const eff_cause_t *cause);
/** Whether it was only interrupted. @borrows{cause} @return Interrupts and nothing else; false for Empty */
EFF_API bool eff_cause_is_interrupted_only(const eff_cause_t *cause);
/** Whether nothing went wrong. @borrows{cause} @return it is Empty */
EFF_API bool eff_cause_is_empty(const eff_cause_t *cause);
/** The leftmost Fail's value: the error that typed handlers get.
 *  @borrows{cause}
 *  @param ret_borrowed the error, borrowed from cause; may be NULL
 *  @return whether there is one */
EFF_API bool eff_cause_failure(const eff_cause_t *cause, eff_value_t *ret_borrowed);
/** The leftmost Die's value.
 *  @borrows{cause}
 *  @param ret_borrowed the defect, borrowed from cause; may be NULL
 *  @return whether there is one */
EFF_API bool eff_cause_defect(const eff_cause_t *cause, eff_value_t *ret_borrowed);
/** The leftmost Interrupt. Each out-parameter may be NULL.
 *  @borrows{cause}
 *  @param ret_by the id of the fiber that interrupted; 0 when it was none
 *  @param ret_reason why
 *  @param ret_site from where; NULL when unknown
 *  @return whether there is one */
EFF_API bool eff_cause_interruption(const eff_cause_t *cause, uint64_t *ret_by, eff_interrupt_reason_t *ret_reason,
                                    eff_site_t *ret_site);
/** The two sides of a Then or Both. Each out-parameter may be NULL.
 *  @borrows{cause}
 *  @param ret_left, ret_right borrowed from cause
 *  @return false for other tags */
EFF_API bool eff_cause_sides(const eff_cause_t *cause, const eff_cause_t **ret_left, const eff_cause_t **ret_right);
/** Calls visit for every leaf, left to right, until it returns false.
 *  @borrows{cause}
 *  @param visit borrows leaf; returns whether to go on
 *  @param arg passed to visit */
EFF_API void eff_cause_each(const eff_cause_t *cause, bool (*visit)(const eff_cause_t *leaf, void *arg), void *arg);
/** How many leaves of this tag there are. A part that is shared counts wherever it stands.
 *  @borrows{cause}
 *  @param tag EFF_CAUSE_FAIL, EFF_CAUSE_DIE or EFF_CAUSE_INTERRUPT
 *  @return at most SIZE_MAX; 0 for other tags */
EFF_API size_t eff_cause_count(const eff_cause_t *cause, eff_cause_tag_t tag);
/** One value that stands for it all: the first Fail, else the first Die, else the first Interrupt (as a value of
 *  eff_cause_type), else an error "empty cause".
 *  @borrows{cause} @return borrowed from cause */
EFF_API eff_value_t eff_cause_squash(const eff_cause_t *cause);
/** Structural equality: tags, values (eff_value_equal), interrupters and their reasons; notes, traces and sites are not
 *  compared. Causes that are values inside causes are compared to a fixed depth, beyond it by identity.
 *  @borrows{a, b} @return whether they are equal */
EFF_API bool eff_cause_equal(const eff_cause_t *a, const eff_cause_t *b);

/** Without the Fails: what keeps Die and Interrupt. A Then or Both that loses a side hands its notes and trace to the
 *  other. Without memory, one of the leaves that should remain. O(size).
 *  @consumes{cause} @return new; Empty when nothing remains */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_strip_failures(eff_cause_t *cause);
/** Only the Dies, as of eff_cause_strip_failures. O(size). @consumes{cause} @return new; NULL when there is none */
EFF_API EFF_MUST_USE eff_cause_t *eff_cause_keep_defects(eff_cause_t *cause);

/* ---- notes and trace: of this very node, a leaf or not */

/** How many notes it has. @borrows{leaf} @return the number of its own, not of its sides */
EFF_API size_t eff_cause_n_notes(const eff_cause_t *leaf);
/** A note, and where it was made. @borrows{leaf}
 *  @param i from 0, the earliest first; out of range is a mistake
 *  @param ret_site NULL when unknown; may be NULL
 *  @return borrowed from leaf; unit when there is none */
EFF_API eff_value_t eff_cause_note_at(const eff_cause_t *leaf, size_t i, eff_site_t *ret_site);
/** How many sites are known that it unwound through. @borrows{leaf} @return at most 32: the first 8 and the last 24 */
EFF_API size_t eff_cause_n_sites(const eff_cause_t *leaf);
/** A site that it unwound through. @borrows{leaf}
 *  @param i from 0, the innermost first; out of range is a mistake
 *  @return static; NULL when there is none */
EFF_API eff_site_t eff_cause_site_at(const eff_cause_t *leaf, size_t i);
/** Whether a part of it was lost for lack of memory. @borrows{cause} @return of it or of any part */
EFF_API bool eff_cause_is_truncated(const eff_cause_t *cause);

/* ---- rendering */

/** As a person reads a stack trace: a line for each leaf, then its trace and notes; no newline at the end. Control
 *  characters, line separators and invalid UTF-8 in messages are escaped. The layout is stable.
 *  @borrows{cause}
 *  @param out what the text is added to */
EFF_API void eff_cause_format(const eff_cause_t *cause, eff_buffer_t *out);
/** The same to a FILE, with a newline at the end. Needs no memory, but for values that are no strings.
 *  @borrows{cause}
 *  @param out an open FILE; errors in writing are its */
EFF_API void eff_cause_print(const eff_cause_t *cause, FILE *out);
/** As JSON: {"tag": "fail", "type": "int", "value": 42, "trace": [...], "forks": [...], "notes": [{"value", "site"}]};
 *  Interrupts have "by", "reason", "site"; Then and Both "children", which are more than two when the same tag nests.
 *  @borrows{cause} @return new; NULL when out of memory */
EFF_API struct json_t *eff_cause_to_json(const eff_cause_t *cause);

EFF_END_DECLS
#endif
