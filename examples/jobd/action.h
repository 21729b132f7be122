/** @file
 * What a job does:
 *
 *     sleep S     works for S seconds
 *     fail TEXT   fails
 *     flaky N     fails the first N times
 *     crash       dies of a defect
 *     hang        waits for ever, and does not listen
 *     serve S     serves until it is asked to stop; then it needs S seconds
 *     linger S    hangs, and needs S seconds to say goodbye
 */
#ifndef JOBD_ACTION_H
#define JOBD_ACTION_H

#include "job.h"

/** Whether this is one of the above. */
bool action_is_known(const char *text);
/** One run of a job. @param job borrowed until the effect has ended; n_runs counts this run already */
eff_t *action_run(const struct job *job);

#endif
