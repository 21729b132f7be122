/** @file
 * The results as JSON for programs.
 *
 *     { "finished": true, "up": 1, "down": 1, "unknown": 0,
 *       "services": [ { "name": "wrong", "url": "http://...", "outcome": "down", "status": 500, "attempts": 3,
 *                       "latency_ms": 0.5, "total_ms": 301.6, "why": "expected 200" } ] }
 *
 * What is not known is null: the status of one that did not answer, the times of one that is not decided, and why one
 * that is up is not.
 */
#ifndef HEALTHCHECK_REPORT_H
#define HEALTHCHECK_REPORT_H

#include "result.h"

/** Writes the report. The file is there whole or not at all: it is written under another name first.
 *  - Success: unit.
 *  - Failure: eff_system_error that names the file.
 *  @param path copied  @param results as they are when the effect runs; borrowed until it has ended */
eff_t *report_write(const char *path, const results_t *results) EFF_MUST_USE;

#endif
