/** @file
 * Context: which service is there for which tag. An immutable map that a fiber carries and its children inherit.
 *
 *     e = db_provide(e, &fake.db);                   // generated: see service.h
 *     e = eff_provide_context(e, context);
 *
 * A *default tag* has a value without anybody providing one: Clock, Console, Logger and the log level have, and
 * services defined with EFF_DEFINE_DEFAULT_SERVICE. eff_locally overrides it for an effect and the fibers forked in it:
 *
 *     static eff_value_t three(void) { return eff_int(3); }
 *     static const eff_tag_t attempts_tag = { "attempts", three };
 *     e = eff_locally(e, &attempts_tag, eff_int(5));
 *     n = eff_as_int(eff_context_get(context, &attempts_tag));       // of eff_context()
 */
#ifndef EFFECT_CONTEXT_H
#define EFFECT_CONTEXT_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** The name of a service: static, identified by its address. Usually made by EFF_DEFINE_SERVICE. */
struct eff_tag {
    const char *name;                 /**< shown in messages */
    eff_value_t (*get_default)(void); /**< its result is borrowed; on any thread; NULL for tags without a default */
};

EFF_API extern const eff_type_t eff_context_type; /**< of contexts as values */

/** No services. Allocates nothing. @returns_new */
EFF_API EFF_MUST_USE eff_context_t *eff_context_empty(void);
/** The context with one service more, or replaced. O(services). Without memory: one whose every look-up is out of
 *  memory. A missing argument is a mistake, which is reported, and leaves the context as it was.
 *  @consumes{context}
 *  @param tag static
 *  @consumes{service} @returns_new */
EFF_API EFF_MUST_USE eff_context_t *eff_context_add(eff_context_t *context, const eff_tag_t *tag, eff_value_t service);
/** What `over` has, and what only `under` has. O(services of both). @consumes{under, over} @returns_new */
EFF_API EFF_MUST_USE eff_context_t *eff_context_merge(eff_context_t *under, eff_context_t *over);
/** Looks a service up. O(services). @borrows{context}
 *  @param tag static
 *  @return borrowed from context, or the tag's default; the absent value when there is neither */
EFF_API eff_value_t eff_context_get(const eff_context_t *context, const eff_tag_t *tag);
/** One more reference. Any thread. @param context borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_context_t *eff_context_incref(eff_context_t *context);
/** Gives up one reference. Any thread. @param context consumes; NULL is fine */
EFF_API void eff_context_decref(eff_context_t *context);
/** A context as a value. @consumes{context} @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_context_value(eff_context_t *context);
/** Reads a context. @borrows{v} @return borrowed from v; an empty one on the wrong type */
EFF_API eff_context_t *eff_as_context(eff_value_t v);

/** Runs e with these services on top of those around it. A region and a scope: what is forked or acquired inside ends
 *  before they do. @consumes{e, context} @returns_new @see eff_provide, which builds services */
EFF_API EFF_MUST_USE eff_t *eff_provide_context_at(eff_site_t site, eff_t *e, eff_context_t *context);
/** Runs e with another value for a tag. No region: for plain values such as a log level. Unlike what is provided, the
 *  value goes along to fibers that are forked into a longer scope (eff_fork_in), so all that it refers to must outlive
 *  those.
 *  @consumes{e}
 *  @param tag static
 *  @consumes{value} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_locally_at(eff_site_t site, eff_t *e, const eff_tag_t *tag, eff_value_t value);
/** Succeeds with the fiber's context (eff_as_context). Allocates nothing. @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_context(void);

#define eff_provide_context(...) eff_provide_context_at(EFF_SITE, __VA_ARGS__)
#define eff_locally(...) eff_locally_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
