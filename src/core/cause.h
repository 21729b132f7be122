/* What the runtime needs of causes beyond the public header. */
#ifndef EFF_CORE_CAUSE_H
#define EFF_CORE_CAUSE_H

#include <effect/cause.h>
#include <effect/exit.h>

#include "core/trace.h"

/* The immortal Die(out of memory) and Empty. */
extern eff_cause_t *const eff__cause_oom;
extern eff_cause_t *const eff__cause_empty;
/* An immortal Interrupt for each reason, by nobody, from nowhere: for when there is no memory for a real one. */
eff_cause_t *eff__cause_static_interrupt(eff_interrupt_reason_t reason);

/* Consumes the cause; returns new: the same with the trace appended to this node's own trace, in place when nobody else
 * holds it. Without memory the cause comes back without the trace, marked truncated if that can be done. */
eff_cause_t *eff__cause_add_trace(eff_cause_t *cause, const struct eff__trace *trace);
/* The same for the fork sites of a fiber and its ancestors, nearest first ("forked at ..."), and their names (strings, or
 * unit; borrowed; NULL: none has one). n <= EFF__TRACE_MAX. Only the first call on a cause has an effect. */
eff_cause_t *eff__cause_add_forks(eff_cause_t *cause, size_t n, const eff_site_t *sites, const eff_value_t *names);
/* Then and Both for the way out, where failing is no choice: without memory `keep` is returned, marked truncated, and
 * the other is dropped. Both consume; Empty and NULL disappear. */
eff_cause_t *eff__cause_then_or_keep(eff_cause_t *keep, eff_cause_t *later);
eff_cause_t *eff__cause_both_or_keep(eff_cause_t *keep, eff_cause_t *right);
/* Whether this very Interrupt (by identity) is in the cause. */
bool eff__cause_contains(const eff_cause_t *cause, const eff_cause_t *interrupt);
/* Consumes; returns new, or NULL when nothing remains: the cause without the Interrupts whose identity is in the list.
 * For combinators that leave out the interruptions they issued themselves. Without memory: the cause, marked truncated. The
 * identity of an Interrupt is that of the node eff_cause_interrupt returned, and its copies (with a trace or note) have
 * the same; the static ones are each one identity. */
eff_cause_t *eff__cause_without(eff_cause_t *cause, const eff_cause_t *const *interrupts, size_t n);

/* Consumes both; returns new: the cause with another value in its leftmost Fail, notes and trace kept; without a Fail,
 * the cause as it is. Without memory, Die(out of memory). */
eff_cause_t *eff__cause_map_fail(eff_cause_t *cause, eff_value_t error);
/* Consumes; returns new: every Fail is a Die of the same value, notes and traces kept. Without memory, Die(out of memory). */
eff_cause_t *eff__cause_fails_to_dies(eff_cause_t *cause);
/* Records that something was lost, if the node may be changed. */
void eff__cause_mark_cut(eff_cause_t *c);

#endif
