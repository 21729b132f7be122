/* What the interpreter does seldom, out of its loop: looking up from its work, and saying what a callback did wrong. */
#ifndef EFF_RUNTIME_ATTEND_H
#define EFF_RUNTIME_ATTEND_H

#include "runtime/runtime.h"

/* What was found before an instruction or a return. */
enum eff__verdict { EFF__GO_ON, EFF__RAISED, EFF__BUDGET_SPENT };

/* eff__end_wait, where the fiber may have to see an interruption that came meanwhile. */
void eff__resume(eff_runtime_t *rt, eff_fiber_t *f);
/* Calls the callback of a flat_map with a counted value: the interpreter need not keep one that is not. */
eff_t *eff__call_and_drop(const eff_t *e, eff_value_t v);
/* Whether the failure in reg is the fiber's own interruption: always outside a mask; inside one, it may have come from
 * a restored part. */
bool eff__ended_by_interrupt(const eff_fiber_t *f);
/* The budget ran out, or somebody wants the fiber's attention: the step hook, a reported mistake, an interruption. */
enum eff__verdict eff__attend(eff_fiber_t *f, bool at_instruction);
/* The budget is spent: the fiber goes to the end of the queue, and so do those who were starting it, after it. */
void eff__requeue(eff_fiber_t *f);
/* Nobody can be failed with a mistake that a canceler or a drop hook reported as the fiber lost the loop. */
void eff__tell_misuse(eff_runtime_t *rt);
/* A callback that returned n reported a mistake, or n is NULL: the fiber fails. Consumes n. */
void eff__refused(eff_fiber_t *f, eff_t *n, eff_site_t site);
/* Gives up a reference to a payload if others hold it too, so that no hook is called, and leaves unit there; else false,
 * and what is there is still to be dropped. */
bool eff__let_go(eff_value_t *v);
/* The callback of flat_map e returned n: gives up its frame, which may call a hook, and says whether to go on with n. If
 * not, the fiber has failed, since n is NULL or one of them reported a mistake. */
bool eff__bound(eff_fiber_t *f, eff_t *e, eff_t *n, uintptr_t word);
/* A callback of e reported a mistake, or returned (v, consumed) the absent value or "out of memory". */
void eff__raise_bad_value(eff_fiber_t *f, eff_value_t v, const eff_t *e);
/* Gives up a node frame that nothing returns to: a failure passes it, or its fiber is given up. */
void eff__drop_passed(uintptr_t word, eff_t *e);
/* A callback of fold e, called for what is in the fiber, reported a mistake, or returned NULL (n, consumed). */
void eff__fold_refused(eff_fiber_t *f, const eff_t *e, eff_t *n);
/* Calls the callback of on_exit e with the exit that is in the fiber, and begins its finalizer: an enum eff__next. */
int eff__call_on_exit(eff_fiber_t *f, const eff_t *e);

#endif
