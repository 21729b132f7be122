/** @file
 * Something to check when there are no services.
 */
#ifndef HEALTHCHECK_DEMO_H
#define HEALTHCHECK_DEMO_H

#include <effect/effect.h>

/** Starts the server of the demo in the scope around it. Success: with the Config that has its services, as a value.
 * Failure: eff_system_error. */
eff_t *demo_config(void) EFF_MUST_USE;

#endif
