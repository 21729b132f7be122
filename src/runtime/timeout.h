/* Timeouts: groups of one side, the body, whose caller waits for time as well.
 *
 *     the body loses the loop     the caller sets the timer in its own wait, and is suspended
 *     the body ends               the caller is woken, and the timer is gone
 *     time is up                  the caller gets a turn in which it only stands in line again: what ends until its next
 *                                 turn has ended in time. Then the body is interrupted and awaited.
 *
 * Not every clock can set a timer. By a user's, the group has a second side, which sleeps.
 */
#ifndef EFF_RUNTIME_TIMEOUT_H
#define EFF_RUNTIME_TIMEOUT_H

#include "runtime/clock.h"
#include "runtime/group.h"

/* For the end of the body, or the timer. */
extern const struct eff__wait_ops eff__timeout_wait;

/* The body of a timeout has lost the loop: has the caller wait, for time too. False, with nothing done, when that takes a
 * second side. */
bool eff__timeout_wait_for(eff_fiber_t *f, struct eff__group *g);
/* The caller waits no longer: takes its timer away. */
void eff__timeout_disarm(struct eff__group *g);
/* The caller was woken by nothing but its timer. Returns EFF__SUSPEND. */
int eff__timeout_is_up(eff_fiber_t *f, struct eff__group *g);
/* The second side's effect; returns new. */
eff_t *eff__timeout_clock_side(const eff_t *node);
/* The clock by which a fiber in a timeout waits, or NULL. */
const struct eff__clock *eff__timeout_clock_of(const eff_fiber_t *f);

#endif
