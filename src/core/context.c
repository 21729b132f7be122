/* Contexts: an immutable array of tags and services, searched from front to back: there are few, and a look-up walks
 * one or two cache lines. It keeps the order in which services were added, so that messages list them that way.
 *
 * What was provided and what was set by eff_locally are kept apart: the one ends with its region, the other goes along
 * to fibers that outlive that region (eff__context_for_scope). So there are up to two entries for a tag, one of each
 * kind. The first of the two is in force; the other one is hidden below it.
 */
#include "core/context.h"

#include <stdio.h>

#include "core/build.h"
#include "core/misuse.h"
#include "core/service.h"

struct service {
    const eff_tag_t *tag;
    eff_value_t value; /* owned by the context */
    bool local;        /* set by eff_locally, not provided */
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

static const struct service *find(size_t n, const struct service *services, const eff_tag_t *tag)
{
    for (size_t i = 0; i < n; i++)
        if (services[i].tag == tag) return &services[i];
    return NULL;
}

/* Whether the i-th is in force, that is, the first one with its tag. */
static bool in_force(const struct service *services, size_t i)
{
    return !find(i, services, services[i].tag);
}

/* Of those that have one: what the library keeps in contexts for itself has none. */
static void add_names(const eff_context_t *c, eff_buffer_t *out)
{
    const char *comma = "";
    for (size_t i = 0; i < c->n; i++) {
        if (!c->services[i].tag->name || !in_force(c->services, i)) continue;
        eff_buffer_printf(out, "%s%s", comma, c->services[i].tag->name);
        comma = ", ";
    }
}

eff_value_t eff__context_note(const eff_context_t *context)
{
    eff_buffer_t names = EFF_BUFFER_INIT;
    if (context) add_names(context, &names);
    eff_value_t note = names.size || names.truncated ? eff_printf("what is provided here: %s", eff_buffer_text(&names))
                                                     : eff_literal("nothing is provided here");
    eff_buffer_done(&names);
    return note;
}

static void context_format(const void *payload, eff_buffer_t *out)
{
    eff_buffer_add(out, "context(");
    add_names(payload, out);
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

eff_value_t eff_context_get(const eff_context_t *context, const eff_tag_t *tag)
{
    if (context == OUT_OF_MEMORY) return eff_oom_value();
    if (!context || !tag) eff__misuse("eff_context_get: an argument is NULL");
    const struct service *found = context && tag ? find(context->n, context->services, tag) : NULL;
    if (found) return found->value;
    if (tag && tag->get_default) return tag->get_default();
    return (eff_value_t){ .type = NULL, .integer = 0 };
}

/* ---- making new ones */

static bool has_local(const eff_context_t *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->services[i].local) return true;
    return false;
}

/* Brings a service into force. It takes the place of the one that was, which stays, hidden, if it is of the other kind;
 * so there is room for one more. Borrows the value. */
static void put(eff_context_t *c, struct service s)
{
    size_t at = 0;
    while (at < c->n && c->services[at].tag != s.tag)
        at++;
    struct service was = at < c->n ? c->services[at] : s;
    c->services[at] = s;
    if (was.local != s.local) {
        for (at++; at < c->n && c->services[at].tag != s.tag;)
            at++;
        c->services[at] = was;
    }
    if (at == c->n) c->n++;
}

static eff_context_t *context_new(size_t capacity)
{
    eff_context_t *c = eff__payload_alloc(&eff_context_type, sizeof *c + capacity * sizeof(struct service));
    if (c) c->n = 0;
    return c;
}

static eff_context_t *retain_services(eff_context_t *c)
{
    for (size_t i = 0; i < c->n; i++)
        (void)eff_value_incref(c->services[i].value);
    return c;
}

/* The context with those of the n services that are in force on top, as local ones or as provided ones. Borrows all. */
static eff_context_t *with(const eff_context_t *under, size_t n, const struct service *over, bool local)
{
    eff_context_t *c = context_new(under->n + n);
    if (!c) return OUT_OF_MEMORY;
    for (size_t i = 0; i < under->n; i++)
        c->services[c->n++] = under->services[i];
    for (size_t i = 0; i < n; i++)
        if (in_force(over, i)) put(c, (struct service){ over[i].tag, over[i].value, local });
    return retain_services(c);
}

/* Adds one, as eff_context_add does. */
static eff_context_t *add(eff_context_t *context, const eff_tag_t *tag, eff_value_t service, bool local)
{
    eff_context_t *c;
    if (context == OUT_OF_MEMORY || !eff__value_usable(service)) c = OUT_OF_MEMORY;
    else c = with(context, 1, &(struct service){ tag, service, local }, local);
    eff_context_decref(context);
    eff_value_decref(service);
    return c;
}

eff_context_t *eff_context_add(eff_context_t *context, const eff_tag_t *tag, eff_value_t service)
{
    if (!context || !tag || !service.type) {
        eff__misuse("eff_context_add: an argument is missing");
        eff_value_decref(service);
        return context ? context : EMPTY;
    }
    return add(context, tag, service, false);
}

eff_context_t *eff__context_locally(eff_context_t *context, const eff_tag_t *tag, eff_value_t value)
{
    return add(context, tag, value, true);
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
    else if (under->n == 0 && !has_local(over)) return over;
    else c = with(under, over->n, over->services, false);
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
    eff_context_t *c = context_new(scope->n + forker->n);
    if (!c) return OUT_OF_MEMORY;
    for (size_t i = 0; i < scope->n; i++)
        if (!scope->services[i].local) c->services[c->n++] = scope->services[i];
    for (size_t i = 0; i < forker->n; i++) {
        if (!forker->services[i].local) continue;
        if (in_force(forker->services, i)) put(c, forker->services[i]);
        else c->services[c->n++] = forker->services[i]; /* hidden by what the scope has, if that has one */
    }
    return retain_services(c);
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
    if (eff__service_is_null(service)) {
        char builder[128];
        snprintf(builder, sizeof builder, "%s_provide", tag->name);
        return eff__refuse_null(site, builder, 2, e, service);
    }
    return provide(0, site, "eff_provide_service", e, tag, service);
}

eff_t *eff_locally_at(eff_site_t site, eff_t *e, const eff_tag_t *tag, eff_value_t value)
{
    if (!tag) return eff__refuse_null(site, "eff_locally", 2, e, value);
    return provide(EFF__LOCALLY, site, "eff_locally", e, tag, value);
}
