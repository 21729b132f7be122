/** @file
 * What can be seen on stderr while the check runs: a live line on a terminal, otherwise a plain line per decided
 * service. That it cannot be printed is no failure.
 */
#ifndef HEALTHCHECK_PROGRESS_H
#define HEALTHCHECK_PROGRESS_H

#include "result.h"
#include "terminal.h"

typedef struct progress {
    const terminal_t *terminal; /**< borrowed */
    const results_t *results;   /**< borrowed */
    bool live;                  /**< a line that is drawn again and again */
    size_t n_decided;           /**< so far */
    eff_instant_t since;        /**< the first drawing */
    bool drawn;                 /**< the live line is there now */
} progress_t;

/** Nothing is seen yet. @param settings log messages and a live line do not go together */
void progress_init(progress_t *ret_progress, const terminal_t *terminal, const settings_t *settings,
                   const results_t *results);
/** Draws the live line every 100 ms, for as long as it runs: to be forked beside the work. @param progress borrowed
 *  until the effect has ended */
eff_t *progress_ticker(progress_t *progress) EFF_MUST_USE;
/** Counts a service that has just been decided, and builds the effect that says so. */
eff_t *progress_decided(progress_t *progress, const result_t *result) EFF_MUST_USE;
/** Takes the live line away. */
eff_t *progress_clear(const progress_t *progress) EFF_MUST_USE;

#endif
