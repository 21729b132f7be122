/** @file
 * A worker: sees a job through, from waiting for its turn to its last run.
 */
#ifndef JOBD_WORKER_H
#define JOBD_WORKER_H

#include "job.h"
#include "places.h"

/** Never fails: how it went is the job's state. Asked to stop, it begins nothing any more, and gives a run that is under
 *  way its grace. @param job, places borrowed until the effect has ended */
eff_t *worker(struct job *job, struct places *places);

#endif
