/** @file
 * What the program is made of.
 */
#ifndef HEALTHCHECK_WIRING_H
#define HEALTHCHECK_WIRING_H

#include <effect/effect.h>

/** All services of the program: its settings, the terminal, and http.
 *  @param argc, argv as main gets them; copied */
eff_layer_t *wiring(int argc, char *const *argv) EFF_MUST_USE;

#endif
