/** @file
 * The crew: a worker for each job, the places that they share, and who takes orders meanwhile.
 */
#ifndef JOBD_CREW_H
#define JOBD_CREW_H

#include "job.h"
#include "places.h"

/** All that a daemon works on. */
struct crew {
    jobs_t *jobs; /**< owned */
    struct places places;
    eff_queue_t *orders;     /**< lines of text: see control.h */
    eff_task_group_t *group; /**< borrowed; NULL before and after */
};

/** @param jobs consumes @return whether there was memory; crew_done in any case */
bool crew_init(struct crew *crew, jobs_t *jobs);
void crew_done(struct crew *crew);

/**
 * Runs all jobs to their end, and prints a table of what became of them.
 *
 * - Success: with 0 when each succeeded or was stopped, with 1 when one has failed or was skipped.
 * - Interruption: asks all to stop; interrupts what is left after grace.
 *
 * @param crew borrowed until the effect has ended
 * @param input a descriptor that orders are read from; -1: none
 */
eff_t *crew_run(struct crew *crew, int input, eff_duration_t grace);

#endif
