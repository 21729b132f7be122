/* What the runtime and the layers need of services beyond the public header. */
#ifndef EFF_CORE_SERVICE_H
#define EFF_CORE_SERVICE_H

#include <effect/service.h>

/* Whether the value is where a service should be, but NULL: a mistake that the use function must not see. Borrows. */
bool eff__service_is_null(eff_value_t service);

/* A service that is built when it is asked for: what the payload of such a value begins with. Its type has EFF__TYPE_LAZY. */
struct eff__lazy {
    /* The service of the tag, borrowed; absent when it was not built yet. */
    eff_value_t (*get)(struct eff__lazy *lazy, const eff_tag_t *tag);
    /* An effect that builds it, and succeeds with a context that has it, or one that is to be built in turn. Returns new. */
    eff_t *(*build)(struct eff__lazy *lazy, const eff_tag_t *tag, eff_site_t site);
};
enum { EFF__TYPE_LAZY = 1u << 18 };

/* The defect of asking for a service that nobody provides: which are there, and what can be done, are notes. Borrows the
 * context, of which NULL is empty; returns new. */
EFF_MUST_USE eff_cause_t *eff__service_missing(const eff_tag_t *tag, const eff_context_t *context);

#endif
