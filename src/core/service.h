/* What the runtime and the layers need of services beyond the public header. */
#ifndef EFF_CORE_SERVICE_H
#define EFF_CORE_SERVICE_H

#include <effect/service.h>

/* Whether the value is where a service should be, but NULL: a mistake that the use function must not see. Borrows. */
bool eff__service_is_null(eff_value_t service);

#endif
