/* Failures that are results. */
#ifndef PORTSCAN_SETTLE_H
#define PORTSCAN_SETTLE_H

#include <effect/effect.h>

/* As eff_catch_all, but when e has failed, handle's effect is run even if an interruption came in the same moment.
 * For failures that are mere results, such as a refused connect: an eff_catch_all is passed by when its fiber is
 * being interrupted, and the failures of all connects under way would be reported as those of the program. What
 * handle returns is not interrupted, so it should not wait. Consumes e and env. */
eff_t *settle(eff_t *e, eff_bind_fn handle, eff_value_t env);

#endif
