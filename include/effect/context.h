/** @file
 * Context: which service is there for which tag. An immutable map that a fiber carries and its children inherit.
 *
 *     e = db_provide(e, &fake.db);                   // generated: see service.h
 *     e = eff_provide_context(e, context);
 *
 * A *default tag* has a default value (Clock has); eff_locally overrides it.
 */
#ifndef EFFECT_CONTEXT_H
#define EFFECT_CONTEXT_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** The name of a service: static, identified by its address. */
struct eff_tag {
    const char *name;                 /**< shown in messages */
    eff_value_t (*get_default)(void); /**< borrowed; NULL for tags without a default */
};

EFF_API extern const eff_type_t eff_context_type; /**< of contexts as values */

EFF_API EFF_MUST_USE eff_context_t *eff_context_empty(void); /**< no services; allocates nothing */
/** The context with one service more (or replaced). Consumes both. O(services). Without memory: one whose every look-up
 *  is out of memory. */
EFF_API EFF_MUST_USE eff_context_t *eff_context_add(eff_context_t *context, const eff_tag_t *tag, eff_value_t service);
/** What `over` has, and what only `under` has. Consumes both. */
EFF_API EFF_MUST_USE eff_context_t *eff_context_merge(eff_context_t *under, eff_context_t *over);
/** The service, borrowed from the context; the tag's default; or the absent value. */
EFF_API eff_value_t eff_context_get(const eff_context_t *context, const eff_tag_t *tag);
EFF_API eff_context_t *eff_context_incref(eff_context_t *context);          /**< one more reference; returns context */
EFF_API void eff_context_decref(eff_context_t *context);                    /**< gives up one; NULL is fine */
EFF_API EFF_MUST_USE eff_value_t eff_context_value(eff_context_t *context); /**< consumes the reference */
EFF_API eff_context_t *eff_as_context(eff_value_t v);                       /**< borrowed; empty on the wrong type */

/** Runs e with these services on top of those around it. A region and a scope: what is forked or acquired inside ends
 *  before. Consumes both. */
EFF_API EFF_MUST_USE eff_t *eff_provide_context_at(eff_site_t site, eff_t *e, eff_context_t *context);
/** Runs e with another value for a tag. No region: for plain values such as a log level. Consumes e and value. */
EFF_API EFF_MUST_USE eff_t *eff_locally_at(eff_site_t site, eff_t *e, const eff_tag_t *tag, eff_value_t value);
/** Succeeds with the fiber's context (eff_as_context). */
EFF_API EFF_MUST_USE eff_t *eff_context(void);

#define eff_provide_context(...) eff_provide_context_at(EFF_SITE, __VA_ARGS__)
#define eff_locally(...) eff_locally_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
