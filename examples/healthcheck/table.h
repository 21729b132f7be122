/** @file
 * The results as a table for people.
 *
 *     NAME   OUTCOME  STATUS  ATTEMPTS  LATENCY  WHY
 *     fast   up          200         1   0.4 ms
 *     wrong  down        500         3   0.5 ms  expected 200
 *     1 up, 1 down
 */
#ifndef HEALTHCHECK_TABLE_H
#define HEALTHCHECK_TABLE_H

#include "result.h"

/** Adds the table and a line that sums it up. @param colour with ANSI colours for the outcomes */
void table_render(const results_t *results, bool colour, eff_buffer_t *out);

#endif
