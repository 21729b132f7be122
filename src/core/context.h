/* What the runtime needs of contexts beyond the public header. */
#ifndef EFF_CORE_CONTEXT_H
#define EFF_CORE_CONTEXT_H

#include <effect/context.h>

/* The context of a fiber that a scope owns: what was provided where the scope was opened, since that outlives the
 * scope, and what the forker has set by eff_locally. What the forker was provided with may end before the scope does.
 * Borrows both, of which NULL is empty; returns new. O(services^2), of which there are few. */
eff_context_t *eff__context_for_scope(const eff_context_t *scope, const eff_context_t *forker);

/* As eff_context_add, for eff_locally: what goes along to fibers that outlive the forker's region. */
eff_context_t *eff__context_locally(eff_context_t *context, const eff_tag_t *tag, eff_value_t value);

/* What a message about a service that is not there says of the others: "what is provided here: log, db". Borrows the
 * context, of which NULL is empty; returns new. */
EFF_MUST_USE eff_value_t eff__context_note(const eff_context_t *context);

/* Whether it is the immortal one that stands for a context for which there was no memory. */
bool eff__context_is_oom(const eff_context_t *context);

#endif
