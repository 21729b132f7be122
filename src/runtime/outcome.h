/* What a parallel combinator ends with, once all of its sides have. */
#ifndef EFF_RUNTIME_OUTCOME_H
#define EFF_RUNTIME_OUTCOME_H

#include "runtime/group.h"

/* Puts the group's result into the caller's register, or has it go on with what is run when time is up; returns how it goes
 * on. Sides that ended by themselves before the caller's turn are EARLY. What must not be lost and is no part of the result
 * goes to the unobserved-failure hook. */
int eff__group_outcome(eff_fiber_t *f, struct eff__group *g);
/* The same, of a group of given effects whose caller does not unwind. */
int eff__given_outcome(eff_fiber_t *f, struct eff__group *g);

#endif
