/** @file
 * What became of one service. The probe fills it in as it goes, so that it is true at any moment: when the check is
 * interrupted, the results so far are the partial report.
 */
#ifndef HEALTHCHECK_RESULT_H
#define HEALTHCHECK_RESULT_H

#include "settings.h"

typedef enum outcome {
    OUTCOME_UNKNOWN, /**< not decided: not asked yet, being asked, or interrupted meanwhile */
    OUTCOME_UP,      /**< answered as expected */
    OUTCOME_DOWN     /**< did not, in as many attempts as it was given */
} outcome_t;

typedef struct result {
    const service_t *service; /**< borrowed */
    outcome_t outcome;
    bool running;           /**< a probe is under way */
    unsigned n_attempts;    /**< begun */
    int status;             /**< of the last attempt; 0: no answer */
    eff_duration_t latency; /**< of the last attempt that ended */
    eff_duration_t total;   /**< of all attempts and the pauses between them, once decided */
    eff_value_t why;        /**< once down: the error; owned */
} result_t;

/** All of them, in the order of the services. */
typedef struct results {
    result_t *at;
    size_t n;
} results_t;

/** How many have this outcome. */
size_t results_count(const results_t *results, outcome_t outcome);
/** "up", "down" or "unknown". */
const char *outcome_name(outcome_t outcome);
/** Why it is not up, as a phrase; NULL when it is. Borrowed. */
const char *result_why(const result_t *result);

/** @param ret_results filled in @return 0, or -1 without memory */
int results_init(results_t *ret_results, const settings_t *settings);
void results_done(results_t *results);

#endif
