/* What the runtime needs of contexts beyond the public header. */
#ifndef EFF_CORE_CONTEXT_H
#define EFF_CORE_CONTEXT_H

#include <effect/context.h>

/* The context of a fiber that a scope owns: the services of the context in which the scope was opened, since those
 * outlive the scope, and the default tags (clock, locals ...) of the forker. Borrows both, of which NULL is empty; returns
 * new. O(services). */
eff_context_t *eff__context_for_scope(const eff_context_t *scope, const eff_context_t *forker);

/* Whether it is the immortal one that stands for a context for which there was no memory. */
bool eff__context_is_oom(const eff_context_t *context);

#endif
