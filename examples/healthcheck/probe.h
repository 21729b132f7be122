/** @file
 * Asking one service, patiently.
 */
#ifndef HEALTHCHECK_PROBE_H
#define HEALTHCHECK_PROBE_H

#include "result.h"

/** Asks the service of a result until it answers as expected, or until its retries are used up: each attempt with the
 *  service's timeout, with pauses of 100 ms, 200 ms, 400 ms ... between them. Needs the http service.
 *  - Success: unit, whether the service is up or down: that is in the result.
 *  - Failure: none.
 *  - Interruption: the result stays unknown, with the attempts so far.
 *  @param result borrowed until the effect has ended */
eff_t *probe(result_t *result) EFF_MUST_USE;

#endif
