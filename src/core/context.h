/* What the runtime needs of contexts beyond the public header. */
#ifndef EFF_CORE_CONTEXT_H
#define EFF_CORE_CONTEXT_H

#include <effect/context.h>

/* What messages call the service of a tag, which need not have a name. */
static inline const char *eff__tag_name(const eff_tag_t *tag)
{
    return tag->name ? tag->name : "(nameless)";
}

/* The context of a fiber that a scope owns: what was provided where the scope was opened, since that outlives the
 * scope, and what the forker has set by eff_locally. What the forker was provided with may end before the scope does.
 * Borrows both, of which NULL is empty; returns new. O(services^2), of which there are few. */
eff_context_t *eff__context_for_scope(const eff_context_t *scope, const eff_context_t *forker);

/* Whether users have provided something that is in force in `inner`, and not in `outer`; what the library keeps there for
 * itself, and what was set by eff_locally, does not count. Borrows both, of which NULL is empty. O(services^2). */
bool eff__context_provides_more(const eff_context_t *inner, const eff_context_t *outer);

/* As eff_context_add, for eff_locally: what goes along to fibers that outlive the forker's region. */
eff_context_t *eff__context_locally(eff_context_t *context, const eff_tag_t *tag, eff_value_t value);

/* What a message about a service that is not there says of the others: "what is provided here: log, db (by db_live)".
 * Borrows the context, of which NULL is empty; returns new. */
EFF_MUST_USE eff_value_t eff__context_note(const eff_context_t *context);

/* ---- for layers */

/* A context of one service that a layer has built: messages say by which, and which building it was counts when contexts are
 * compared.
 * by: the layer's name or site, static; NULL: not told, as of what is simply provided. Consumes service. */
eff_context_t *eff__context_built(const eff_tag_t *tag, eff_value_t service, const char *by, uint64_t instance);

/* What the context has for a tag, or its default; unlike eff_context_get, one that is built when it is asked for as it is.
 * Borrows; borrowed. */
eff_value_t eff__context_find(const eff_context_t *context, const eff_tag_t *tag);

/* The service that the context has for `from`, of the same building, as that of `to`; no service when it is not there, or to
 * be built when it is asked for. Borrows the context; returns new. */
eff_context_t *eff__context_renamed(const eff_context_t *context, const eff_tag_t *from, const eff_tag_t *to);

/* Whether it has a service of its own for a tag, that of a default tag not counting. Borrows. */
bool eff__context_has(const eff_context_t *context, const eff_tag_t *tag);

/* What a layer asks for. */
struct eff__needs {
    bool all; /* all that is provided, not by eff_locally */
    size_t n;
    const eff_tag_t *const *tags; /* n, borrowed */
};

/* The services of a context that a layer with these needs is given. Borrows both; returns new. O(services * needs). */
eff_context_t *eff__context_given(const eff_context_t *from, const struct eff__needs *needs);

/* A hash of those: the same for the same services, of the same buildings, in whatever order they are there. Borrows both.*/
uint64_t eff__context_given_hash(const eff_context_t *from, const struct eff__needs *needs);

/* Whether that is what `given` has: the same services, of the same buildings. Borrows all. */
bool eff__context_gives(const eff_context_t *from, const struct eff__needs *needs, const eff_context_t *given);

/* All of n contexts, each over those before it, as eff_context_merge does for two, in one piece. `at` borrows the i-th from
 * what `from` is. Returns new. */
eff_context_t *eff__context_merge_all(size_t n, const eff_context_t *(*at)(const void *from, size_t i),
                                      const void *from);

/* Whether it is the immortal one that stands for a context for which there was no memory. */
bool eff__context_is_oom(const eff_context_t *context);

#endif
