/** @file
 * Something to check when there is no file of services.
 */
#ifndef HEALTHCHECK_DEMO_H
#define HEALTHCHECK_DEMO_H

#include <effect/effect.h>

/** Starts the server of the demo in the scope around it. Success: its `services`. Failure: eff_system_error. */
eff_t *demo_services(void) EFF_MUST_USE;

#endif
