/** @file
 * Orders to a crew while it runs, each a line:
 *
 *     jobs           a table of the jobs
 *     status [json]  what the fibers do
 *     halve, double, limit N
 *                    how many jobs run at once
 *     stop           asks all to stop
 *
 * SIGHUP is halve, SIGUSR1 is double.
 */
#ifndef JOBD_CONTROL_H
#define JOBD_CONTROL_H

#include "crew.h"

/* Tasks, for eff_task_group_start and eff_task_group_fork; they end by being interrupted. The crew is an eff_ptr, or
 * borrowed until the effect has ended. */

/** Takes orders. */
eff_t *control_orders(eff_task_started_t *started, eff_value_t crew);
/** Makes orders of signals. */
eff_t *control_signals(eff_task_started_t *started, eff_value_t crew);
/** Makes orders of what is read from a descriptor, until its end. That it cannot be read is no failure. */
eff_t *control_input(struct crew *crew, int fd);

#endif
