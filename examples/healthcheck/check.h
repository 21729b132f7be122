/** @file
 * The check itself: probe all services, show progress, print the table, write the report.
 */
#ifndef HEALTHCHECK_CHECK_H
#define HEALTHCHECK_CHECK_H

#include <effect/effect.h>

/** Checks the services of the settings. Needs settings, terminal and http. The table is printed and the report written
 *  however it ends.
 *  - Success: how many are down (eff_int).
 *  - Failure: eff_system_error when the report cannot be written, or the table not printed.
 *  - Interruption: the probes are cancelled at once; table and report are partial. */
eff_t *check(void) EFF_MUST_USE;

#endif
