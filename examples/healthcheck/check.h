/** @file
 * The program itself: probe all services, show progress, print the table, write the report.
 */
#ifndef HEALTHCHECK_CHECK_H
#define HEALTHCHECK_CHECK_H

#include <stdio.h>

#include "config.h"

typedef struct check_options {
    size_t parallel;         /**< probes at once; 0: no limit */
    const char *report_path; /**< where to write the report; NULL: nowhere */
    FILE *out;               /**< for the table */
    bool colour;             /**< the table may have colours */
    FILE *progress;          /**< for the progress */
    bool live;               /**< progress is a terminal: a live line */
} check_options_t;

/** Checks services. Needs the http service. The table is printed and the report written however it ends.
 *  - Success: how many are down (eff_int).
 *  - Failure: eff_system_error when the report cannot be written.
 *  - Interruption: the probes are cancelled at once; table and report are partial.
 *  @param services consumes  @param options borrowed until the effect has ended */
eff_t *check(services_t *services, const check_options_t *options) EFF_MUST_USE;

#endif
