/* Contexts: an immutable array of tags and services, in the order in which they were added, in which messages list them.
 *
 * There are few, so a look-up walks them. Most look-ups that find nothing, such as that of a default tag which nobody
 * overrides, walk nothing: the filter has a bit for each tag that is there. It also keeps merging linear where the sides
 * have little in common.
 *
 * What was provided and what was set by eff_locally are kept apart: the one ends with its region, the other goes along
 * to fibers that outlive that region (eff__context_for_scope). So there are up to two entries for a tag, one of each
 * kind. The first of the two is in force; the other one is hidden below it.
 */
#include "core/context.h"

#include <stdio.h>

#include "core/build.h"
#include "core/hash.h"
#include "core/misuse.h"
#include "core/service.h"

struct service {
    const eff_tag_t *tag;
    eff_value_t value; /* owned by the context */
    const char *by;    /* static: the layer that built it, or `locally`; NULL: simply provided */
    uint64_t instance; /* which building of a layer it is; 0: none */
};

/* What those that eff_locally has set are known by, and called in messages. */
static const char locally[] = "eff_locally";

struct eff_context {
    uint64_t filter;           /* the bits of all tags that are there, and of no others */
    uint32_t n;                /* how many services there are */
    bool hides;                /* some tag is there twice */
    struct service services[]; /* n */
};

static void context_drop(void *payload)
{
    const eff_context_t *c = payload;
    for (size_t i = 0, n = c->n; i < n; i++)
        eff_value_decref(c->services[i].value);
}

/* One bit for a tag: they are static objects of 16 bytes, so those of one file, which are neighbours, differ in it. */
static uint64_t bit_of(const eff_tag_t *tag)
{
    return (uint64_t)1 << ((uintptr_t)tag >> 4 & 63);
}

/* The first service with the tag, from the given one on; NULL: none. */
static const struct service *find_from(const eff_context_t *c, const struct service *from, const eff_tag_t *tag)
{
    for (const struct service *s = from, *end = c->services + c->n; s < end; s++)
        if (s->tag == tag) return s;
    return NULL;
}

static const struct service *find(const eff_context_t *c, const eff_tag_t *tag)
{
    return c->filter & bit_of(tag) ? find_from(c, c->services, tag) : NULL;
}

/* Whether the i-th is in force, that is, the first one with its tag. */
static bool in_force(const eff_context_t *c, size_t i)
{
    return !c->hides || find_from(c, c->services, c->services[i].tag) == &c->services[i];
}

/* Of those that have one: what the library keeps in contexts for itself has none. */
static void add_names(const eff_context_t *c, bool origins, eff_buffer_t *out)
{
    const char *comma = "";
    for (size_t i = 0; i < c->n; i++) {
        if (!c->services[i].tag->name || !in_force(c, i)) continue;
        eff_buffer_printf(out, "%s%s", comma, c->services[i].tag->name);
        if (origins && c->services[i].by) eff_buffer_printf(out, " (by %s)", c->services[i].by);
        comma = ", ";
    }
}

eff_value_t eff__context_note(const eff_context_t *context)
{
    eff_buffer_t names = EFF_BUFFER_INIT;
    if (context) add_names(context, true, &names);
    eff_value_t note = names.size || names.truncated ? eff_printf("what is provided here: %s", eff_buffer_text(&names))
                                                     : eff_literal("nothing is provided here");
    eff_buffer_done(&names);
    return note;
}

static void context_format(const void *payload, eff_buffer_t *out)
{
    eff_buffer_add(out, "context(");
    add_names(payload, false, out);
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

struct no_services {
    uint64_t filter;
    uint32_t n;
    bool hides;
};
_Static_assert(sizeof(struct no_services) == sizeof(struct eff_context), "they are read as contexts");
typedef EFF__STATIC_PAYLOAD(struct no_services) static_context;

static static_context empty_context = { EFF__STATIC_HEADER(&eff_context_type), { 0, 0, false } };
static static_context oom_context = { EFF__STATIC_HEADER(&eff_context_type), { 0, 0, false } };

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

/* What is said of arguments that are missing; out of line, for a look-up is frequent. */
static EFF_NOINLINE eff_value_t get_without(const eff_tag_t *tag)
{
    eff__misuse("eff_context_get: an argument is NULL");
    if (tag && tag->get_default) return tag->get_default();
    return (eff_value_t){ .type = NULL, .integer = 0 };
}

eff_value_t eff_context_get(const eff_context_t *context, const eff_tag_t *tag)
{
    if (context == OUT_OF_MEMORY) return eff_oom_value();
    if (!context || !tag) return get_without(tag);
    eff_value_t v = eff__context_find(context, tag);
    if (__builtin_expect(!v.type || !(v.type->flags & EFF__TYPE_LAZY), 1)) return v;
    v = ((struct eff__lazy *)v.ptr)->get(v.ptr, tag);
    return v.type || !tag->get_default ? v : tag->get_default();
}

eff_value_t eff__context_find(const eff_context_t *context, const eff_tag_t *tag)
{
    if (context == OUT_OF_MEMORY) return eff_oom_value();
    const struct service *found = find(context, tag);
    if (found) return found->value;
    if (tag->get_default) return tag->get_default();
    return (eff_value_t){ .type = NULL, .integer = 0 };
}

/* ---- making new ones */

static bool has_local(const eff_context_t *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->services[i].by == locally) return true;
    return false;
}

static void append(eff_context_t *c, struct service s)
{
    c->services[c->n++] = s;
    c->filter |= bit_of(s.tag);
}

/* Brings a service into force. It takes the place of the one that was, which stays, hidden, if it is of the other kind;
 * so there is room for one more. Borrows the value. */
static void put(eff_context_t *c, struct service s)
{
    struct service *found = (struct service *)(uintptr_t)find(c, s.tag);
    if (!found) {
        append(c, s);
        return;
    }
    struct service was = *found;
    *found = s;
    if ((was.by == locally) == (s.by == locally)) return;
    c->hides = true;
    found = (struct service *)(uintptr_t)find_from(c, found + 1, s.tag);
    if (found) *found = was;
    else append(c, was);
}

static eff_context_t *context_new(size_t capacity)
{
    if (capacity > UINT32_MAX) return NULL;
    eff_context_t *c = eff__payload_alloc(&eff_context_type, sizeof *c + capacity * sizeof(struct service));
    if (!c) return NULL;
    c->filter = 0;
    c->n = 0;
    c->hides = false;
    return c;
}

static eff_context_t *retain_services(eff_context_t *c)
{
    for (size_t i = 0, n = c->n; i < n; i++)
        (void)eff_value_incref(c->services[i].value);
    return c;
}

/* A copy with room for more, whose services are not counted yet. Borrows the context. */
static EFF_NOINLINE eff_context_t *copy(const eff_context_t *from, size_t n_more)
{
    eff_context_t *c = context_new(from->n + n_more);
    if (!c) return NULL;
    for (size_t i = 0, n = from->n; i < n; i++)
        c->services[i] = from->services[i];
    c->n = from->n;
    c->filter = from->filter;
    c->hides = from->hides;
    return c;
}

/* Adds one. Consumes the context and the service's value. */
static eff_context_t *add(eff_context_t *context, struct service s)
{
    eff_context_t *c = NULL;
    if (context != OUT_OF_MEMORY && eff__value_usable(s.value)) c = copy(context, 1);
    if (c) {
        put(c, s);
        retain_services(c);
    }
    eff_context_decref(context);
    eff_value_decref(s.value);
    return c ? c : OUT_OF_MEMORY;
}

eff_context_t *eff_context_add(eff_context_t *context, const eff_tag_t *tag, eff_value_t service)
{
    if (!context || !tag || !service.type) {
        eff__misuse("eff_context_add: an argument is missing");
        eff_value_decref(service);
        return context ? context : EMPTY;
    }
    return add(context, (struct service){ .tag = tag, .value = service });
}

eff_context_t *eff__context_locally(eff_context_t *context, const eff_tag_t *tag, eff_value_t value)
{
    return add(context, (struct service){ .tag = tag, .value = value, .by = locally });
}

/* What is in force there. It is provided, and ends with the region, whatever it was before. */
static void put_all(eff_context_t *c, const eff_context_t *over)
{
    for (size_t i = 0; i < over->n; i++) {
        struct service s = over->services[i];
        if (s.by == locally) s.by = NULL;
        if (in_force(over, i)) put(c, s);
    }
}

eff_context_t *eff_context_merge(eff_context_t *under, eff_context_t *over)
{
    if (!under || !over) {
        eff__misuse("eff_context_merge: an argument is NULL");
        return under ? under : over ? over : EMPTY;
    }
    eff_context_t *c = NULL;
    if (under != OUT_OF_MEMORY && over != OUT_OF_MEMORY) {
        if (over->n == 0) return under;
        if (under->n == 0 && !has_local(over)) return over;
        c = copy(under, over->n);
    }
    if (c) {
        put_all(c, over);
        retain_services(c);
    }
    eff_context_decref(under);
    eff_context_decref(over);
    return c ? c : OUT_OF_MEMORY;
}

eff_context_t *eff__context_merge_all(size_t n, const eff_context_t *(*at)(const void *from, size_t i),
                                      const void *from)
{
    size_t capacity = 0;
    for (size_t i = 0; i < n; i++) {
        const eff_context_t *over = at(from, i);
        if (over == OUT_OF_MEMORY) return OUT_OF_MEMORY;
        capacity += over->n;
    }
    if (capacity == 0) return EMPTY;
    eff_context_t *c = context_new(capacity);
    if (!c) return OUT_OF_MEMORY;
    for (size_t i = 0; i < n; i++)
        put_all(c, at(from, i));
    return retain_services(c);
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
        if (scope->services[i].by != locally) append(c, scope->services[i]);
    for (size_t i = 0; i < forker->n; i++) {
        struct service s = forker->services[i];
        if (s.by != locally) continue;
        if (in_force(forker, i)) put(c, s);
        else {
            c->hides = true;
            append(c, s); /* hidden by what the scope has, if that has one */
        }
    }
    return retain_services(c);
}

/* ---- for layers */

eff_context_t *eff__context_built(const eff_tag_t *tag, eff_value_t service, const char *by, uint64_t instance)
{
    return add(EMPTY, (struct service){ .tag = tag, .value = service, .by = by, .instance = instance });
}

bool eff__context_has(const eff_context_t *context, const eff_tag_t *tag)
{
    return find(context, tag) != NULL;
}

eff_context_t *eff__context_renamed(const eff_context_t *context, const eff_tag_t *from, const eff_tag_t *to)
{
    if (context == OUT_OF_MEMORY) return OUT_OF_MEMORY;
    const struct service *found = find(context, from);
    if (!found || found->value.type->flags & EFF__TYPE_LAZY) return EMPTY;
    struct service s = *found;
    s.tag = to;
    (void)eff_value_incref(s.value);
    return add(EMPTY, s);
}

static bool is_same(const struct service *a, const struct service *b)
{
    return a->instance == b->instance && a->value.type == b->value.type && a->value.integer == b->value.integer;
}

bool eff__context_provides_more(const eff_context_t *inner, const eff_context_t *outer)
{
    if (inner == outer || !inner) return false;
    for (size_t i = 0; i < inner->n; i++) {
        const struct service *s = &inner->services[i];
        if (s->by == locally || !s->tag->name || !in_force(inner, i)) continue;
        const struct service *around = outer ? find(outer, s->tag) : NULL;
        if (!around || !is_same(around, s)) return true;
    }
    return false;
}

/* Whether the i-th service of a context is one that a layer is given. */
static bool is_given(const eff_context_t *c, size_t i, const struct eff__needs *needs)
{
    const struct service *s = &c->services[i];
    if (!in_force(c, i)) return false;
    if (needs->all && s->by != locally) return true;
    for (size_t k = 0; k < needs->n; k++)
        if (needs->tags[k] == s->tag) return true;
    return false;
}

eff_context_t *eff__context_given(const eff_context_t *from, const struct eff__needs *needs)
{
    if (from == OUT_OF_MEMORY) return OUT_OF_MEMORY;
    size_t n = 0;
    for (size_t i = 0; i < from->n; i++)
        n += is_given(from, i, needs);
    if (n == 0) return EMPTY;
    eff_context_t *c = context_new(n);
    if (!c) return OUT_OF_MEMORY;
    for (size_t i = 0; i < from->n; i++) {
        if (!is_given(from, i, needs)) continue;
        append(c, from->services[i]);
        if (c->services[c->n - 1].by == locally) c->services[c->n - 1].by = NULL;
    }
    return retain_services(c);
}

uint64_t eff__context_given_hash(const eff_context_t *from, const struct eff__needs *needs)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < from->n; i++) {
        const struct service *s = &from->services[i];
        if (!is_given(from, i, needs)) continue;
        uint64_t h = eff__hash_add(eff__hash_mix((uintptr_t)s->tag), (uintptr_t)s->value.type);
        sum += eff__hash_add(h + s->instance, (uint64_t)s->value.integer);
    }
    return sum;
}

bool eff__context_gives(const eff_context_t *from, const struct eff__needs *needs, const eff_context_t *given)
{
    size_t n = 0;
    for (size_t i = 0; i < from->n; i++) {
        if (!is_given(from, i, needs)) continue;
        const struct service *there = find(given, from->services[i].tag);
        if (!there || !is_same(there, &from->services[i])) return false;
        n++;
    }
    return n == given->n;
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
    if (eff__service_is_null(service) && !tag->name)
        return eff__refuse_null(site, "eff_provide_service", 3, e, service);
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
