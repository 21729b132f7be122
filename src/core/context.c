/* Contexts: an immutable array of tags and services, searched from front to back: there are few, and a look-up walks
 * one or two cache lines. It keeps the order in which services were added, so that messages list them that way.
 */
#include <effect/context.h>

#include "core/build.h"
#include "core/context.h"
#include "core/misuse.h"

struct service {
    const eff_tag_t *tag;
    eff_value_t value; /* owned by the context */
};

struct eff_context {
    size_t n;
    struct service services[];
};

static void context_drop(void *payload)
{
    eff_context_t *c = payload;
    for (size_t i = 0; i < c->n; i++)
        eff_value_decref(c->services[i].value);
}

static void context_format(const void *payload, eff_buffer_t *out)
{
    const eff_context_t *c = payload;
    eff_buffer_add(out, "context(");
    for (size_t i = 0; i < c->n; i++)
        eff_buffer_printf(out, "%s%s", i ? ", " : "", c->services[i].tag->name);
    eff_buffer_add(out, ")");
}

const eff_type_t eff_context_type = {
    .size = sizeof(struct eff_context),
    .name = "context",
    .drop = context_drop,
    .format = context_format,
    .flags = EFF_TYPE_COUNTED,
};

/* ---- the immortal ones. They have no services, so no array stands behind them. */

typedef EFF__STATIC_PAYLOAD(struct { size_t n; }) static_context;

static static_context empty_context = { EFF__STATIC_HEADER(&eff_context_type), { 0 } };
static static_context oom_context = { EFF__STATIC_HEADER(&eff_context_type), { 0 } };

#define EMPTY ((eff_context_t *)(void *)&empty_context.payload)
#define OUT_OF_MEMORY ((eff_context_t *)(void *)&oom_context.payload)

eff_context_t *eff_context_empty(void)
{
    return EMPTY;
}

bool eff__context_is_oom(const eff_context_t *context)
{
    return context == OUT_OF_MEMORY;
}

/* ---- counts */

eff_context_t *eff_context_incref(eff_context_t *context)
{
    return context ? eff__payload_retain(context) : NULL;
}

void eff_context_decref(eff_context_t *context)
{
    if (context) eff_value_decref((eff_value_t){ .type = &eff_context_type, .ptr = context });
}

eff_value_t eff_context_value(eff_context_t *context)
{
    if (context == OUT_OF_MEMORY) return eff_oom_value();
    return (eff_value_t){ .type = context ? &eff_context_type : NULL, .ptr = context };
}

eff_context_t *eff_as_context(eff_value_t v)
{
    if (v.type == &eff_context_type) return v.ptr;
    (void)eff__wrong_type(v, &eff_context_type);
    return EMPTY;
}

/* ---- look-up */

static const struct service *find(const eff_context_t *c, const eff_tag_t *tag)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->services[i].tag == tag) return &c->services[i];
    return NULL;
}

eff_value_t eff_context_get(const eff_context_t *context, const eff_tag_t *tag)
{
    if (context == OUT_OF_MEMORY) return eff_oom_value();
    if (!context || !tag) eff__misuse("eff_context_get: an argument is NULL");
    const struct service *found = context && tag ? find(context, tag) : NULL;
    if (found) return found->value;
    if (tag && tag->get_default) return tag->get_default();
    return (eff_value_t){ .type = NULL, .integer = 0 };
}

/* ---- making new ones */

/* The context with these n services on top: those it has already are replaced, the others follow. Borrows all. */
static eff_context_t *with(const eff_context_t *under, size_t n, const struct service *over)
{
    size_t n_new = 0;
    for (size_t i = 0; i < n; i++)
        n_new += find(under, over[i].tag) == NULL;
    eff_context_t *c = eff__payload_alloc(&eff_context_type, sizeof *c + (under->n + n_new) * sizeof(struct service));
    if (!c) return OUT_OF_MEMORY;
    c->n = under->n;
    for (size_t i = 0; i < under->n; i++)
        c->services[i] = under->services[i];
    for (size_t i = 0; i < n; i++) {
        const struct service *replaced = find(under, over[i].tag);
        c->services[replaced ? (size_t)(replaced - under->services) : c->n++] = over[i];
    }
    for (size_t i = 0; i < c->n; i++)
        (void)eff_value_incref(c->services[i].value);
    return c;
}

eff_context_t *eff_context_add(eff_context_t *context, const eff_tag_t *tag, eff_value_t service)
{
    eff_context_t *c;
    if (!context || !tag || !service.type) {
        eff__misuse("eff_context_add: an argument is missing");
        eff_value_decref(service);
        return context ? context : EMPTY;
    }
    if (context == OUT_OF_MEMORY || !eff__value_usable(service)) c = OUT_OF_MEMORY;
    else c = with(context, 1, &(struct service){ tag, service });
    eff_context_decref(context);
    eff_value_decref(service);
    return c;
}

eff_context_t *eff_context_merge(eff_context_t *under, eff_context_t *over)
{
    if (!under || !over) {
        eff__misuse("eff_context_merge: an argument is NULL");
        return under ? under : over ? over : EMPTY;
    }
    eff_context_t *c;
    if (under == OUT_OF_MEMORY || over == OUT_OF_MEMORY) c = OUT_OF_MEMORY;
    else if (over->n == 0) return under;
    else if (under->n == 0) return over;
    else c = with(under, over->n, over->services);
    eff_context_decref(under);
    eff_context_decref(over);
    return c;
}

eff_context_t *eff__context_for_scope(const eff_context_t *scope, const eff_context_t *forker)
{
    if (!scope) scope = EMPTY;
    if (!forker) forker = EMPTY;
    if (scope == OUT_OF_MEMORY || forker == OUT_OF_MEMORY) return OUT_OF_MEMORY;
    if (scope->n + forker->n == 0) return EMPTY;
    eff_context_t *c =
        eff__payload_alloc(&eff_context_type, sizeof *c + (scope->n + forker->n) * sizeof(struct service));
    if (!c) return OUT_OF_MEMORY;
    c->n = 0;
    for (size_t i = 0; i < scope->n; i++)
        if (!scope->services[i].tag->get_default) c->services[c->n++] = scope->services[i];
    for (size_t i = 0; i < forker->n; i++)
        if (forker->services[i].tag->get_default) c->services[c->n++] = forker->services[i];
    for (size_t i = 0; i < c->n; i++)
        (void)eff_value_incref(c->services[i].value);
    return c;
}

/* ---- effects */

static eff_t *provide(uint8_t flags, eff_site_t site, const char *builder, eff_t *e, const eff_tag_t *tag,
                      eff_value_t v)
{
    eff_t *p;
    if (!eff__effect_usable(e) || !eff__value_usable(v) ||
        !(p = eff__node_new(EFF__OP_PROVIDE, EFF__NODE_SIZE(provide), site)))
        return eff__refuse_bind(site, builder, e, true, v);
    p->flags = flags;
    p->provide.source = e;
    p->provide.tag = tag;
    p->provide.value = v;
    return p;
}

eff_t *eff_provide_context_at(eff_site_t site, eff_t *e, eff_context_t *context)
{
    if (!context) return eff__refuse_null(site, "eff_provide_context", 2, e, eff_unit);
    return provide(0, site, "eff_provide_context", e, NULL, eff_context_value(context));
}

eff_t *eff_provide_service_at(eff_site_t site, eff_t *e, const eff_tag_t *tag, eff_value_t service)
{
    if (!tag) return eff__refuse_null(site, "eff_provide_service", 2, e, service);
    return provide(0, site, "eff_provide_service", e, tag, service);
}

eff_t *eff_locally_at(eff_site_t site, eff_t *e, const eff_tag_t *tag, eff_value_t value)
{
    if (!tag) return eff__refuse_null(site, "eff_locally", 2, e, value);
    return provide(EFF__LOCALLY, site, "eff_locally", e, tag, value);
}
