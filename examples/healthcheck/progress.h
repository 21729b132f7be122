/** @file
 * What can be seen while the check runs: a live line on a terminal, otherwise a plain line per decided service.
 */
#ifndef HEALTHCHECK_PROGRESS_H
#define HEALTHCHECK_PROGRESS_H

#include <stdio.h>

#include "result.h"

typedef struct progress {
    FILE *out;                /**< borrowed */
    bool live;                /**< a line that is drawn again and again */
    const results_t *results; /**< borrowed */
    size_t n_decided;         /**< so far */
    eff_instant_t since;      /**< the first drawing */
    bool drawn;               /**< the live line is there now */
} progress_t;

/** Draws the live line every 100 ms, for as long as it runs: to be forked beside the work. @param progress borrowed
 *  until the effect has ended */
eff_t *progress_ticker(progress_t *progress) EFF_MUST_USE;
/** Says that a service has been decided. Plain C, to be called as it happens. */
void progress_decided(progress_t *progress, const result_t *result);
/** Takes the live line away. */
void progress_clear(progress_t *progress);

#endif
