/* How an effect looks from outside, for its renderings as text (describe.c) and JSON (describe_json.c). */
#ifndef EFF_CORE_DESCRIBE_H
#define EFF_CORE_DESCRIBE_H

#include "core/node.h"

enum {
    EFF__DESCRIBE_LINES = 10000, /* what follows after so many instructions is left out */
    EFF__DESCRIBE_LEVELS = 40,   /* deeper ones are not indented any further */
    EFF__DESCRIBE_VALUE = 100    /* bytes of a value that are shown */
};

/* What the user called it, without "eff_": "flat_map", "retry", "queue_take". Borrowed. */
const char *eff__describe_name(const eff_t *e);
/* Whether its callback, which it has, is the library's own and calls none of the user's. False also when that is not
 * known. */
bool eff__describe_runs_no_callback(const eff_t *e);
/* What is special about it, beside its site: a value, a duration, the name of a service. Nothing for many. */
void eff__describe_detail(const eff_t *e, eff_buffer_t *out);
/* The effects it is made of: the one it runs first, then those that it may go on with. NULL after the last.
 * Borrowed. */
const eff_t *eff__describe_part(const eff_t *e, size_t i);

#endif
