/* Constructors of nodes, and what becomes of arguments that cannot be built in.
 *
 * The frequent builders use the inline forms of build.h; the functions here are those forms, for everybody else, and
 * the constructors that are never in a hurry.
 */
#include "core/build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/cause.h"

enum { MISTAKE_BYTES = 512 };

/* ---- refusing */

static EFF_PRINTF(3, 0) eff_t *mistake(eff_site_t site, bool with_place, const char *fmt, va_list args)
{
    char text[MISTAKE_BYTES];
    int printed = vsnprintf(text, sizeof text, fmt, args);
    size_t n = printed < 0 ? 0 : (size_t)printed < sizeof text ? (size_t)printed : sizeof text - 1;
    text[n] = '\0';
    if (with_place && site) {
        /* "probe (health.c:12)" and "health.c:12" both become "(health.c:12)". */
        const char *open = strrchr(site, '(');
        if (open) snprintf(text + n, sizeof text - n, " %s", open);
        else snprintf(text + n, sizeof text - n, " (%s)", site);
    }
    return eff_die_at(site, eff_string(text));
}

eff_t *eff__mistake(eff_site_t site, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    eff_t *e = mistake(site, false, fmt, args);
    va_end(args);
    return e;
}

eff_t *eff__mistake_at(eff_site_t site, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    eff_t *e = mistake(site, true, fmt, args);
    va_end(args);
    return e;
}

/* The same mistake without its site, which would name the wrong thing. */
static eff_t *unplaced(eff_t *e)
{
    if (e != &eff__oom_node) e->site = NULL;
    return e;
}

/* A site names the callback. When that is a variable, it helps; a literal NULL, as "((void *)0) (health.c:12)", does not,
 * and where it stands is in the message. */
static eff_t *without_callback(eff_site_t site, const char *builder)
{
    eff_t *e = eff__mistake_at(site, "the callback of %s is NULL", builder);
    bool literal = site && (site[0] == '(' || site[0] == '0' || !strncmp(site, "NULL ", 5));
    return literal ? unplaced(e) : e;
}

eff_t *eff__refuse(eff_site_t site, const char *builder, size_t n, eff_t *const *effects, bool has_fn, eff_value_t v)
{
    bool absent = !v.type;
    bool oom = !absent && v.type->flags & EFF_TYPE_OOM;
    size_t missing = 0;
    for (size_t i = n; i-- > 0;) {
        if (!effects[i]) missing = i + 1;
        if (effects[i] == &eff__oom_node) oom = true;
        eff_decref(effects[i]);
    }
    eff_value_decref(v);
    if (oom) return &eff__oom_node;
    if (missing) return eff__mistake_at(site, "argument %zu of %s is NULL", missing, builder);
    if (!has_fn) return without_callback(site, builder);
    if (absent) return eff__mistake_at(site, "%s was given an absent value", builder);
    return &eff__oom_node;
}

eff_t *eff__refuse_bind(eff_site_t site, const char *builder, eff_t *source, bool has_fn, eff_value_t env)
{
    return eff__refuse(site, builder, 1, &source, has_fn, env);
}

eff_t *eff__refuse_call(eff_site_t site, const char *builder, bool has_fn, eff_value_t v)
{
    return eff__refuse(site, builder, 0, NULL, has_fn, v);
}

eff_t *eff__refuse_null(eff_site_t site, const char *builder, int number, eff_t *e, eff_value_t v)
{
    bool oom = e == &eff__oom_node || (v.type && v.type->flags & EFF_TYPE_OOM);
    eff_decref(e);
    eff_value_decref(v);
    return oom ? &eff__oom_node : eff__mistake_at(site, "argument %d of %s is NULL", number, builder);
}

eff_t *eff__refuse_fn(eff_site_t site, const char *builder, int number, const char *name, eff_t *e, size_t n,
                      const eff_value_t *values)
{
    bool oom = e == &eff__oom_node;
    for (size_t i = 0; i < n; i++) {
        oom = oom || eff_is_oom(values[i]);
        eff_value_decref(values[i]);
    }
    eff_decref(e);
    if (oom) return &eff__oom_node;
    if (!e) return eff__mistake_at(site, "argument 1 of %s is NULL", builder);
    return unplaced(eff__mistake_at(site, "argument %d of %s, `%s`, is NULL", number, builder, name));
}

eff_t *eff__returned_absent(eff_site_t site, const char *builder, const char *name)
{
    return unplaced(eff__mistake_at(site, "the `%s` of %s returned the absent value", name, builder));
}

eff_t *eff__refuse_two(eff_site_t site, const char *builder, eff_t *first, eff_t *second)
{
    return eff__refuse(site, builder, 2, (eff_t *[]){ first, second }, true, eff_unit);
}

eff_t *eff__refuse_values(eff_site_t site, const char *builder, bool has_fns, size_t n, const eff_value_t *values)
{
    eff_value_t worst = eff_unit;
    for (size_t i = 0; i < n; i++) {
        if (!eff__value_usable(values[i]) && !eff_is_oom(worst)) worst = values[i];
        eff_value_decref(values[i]);
    }
    return eff__refuse_call(site, builder, has_fns, worst);
}

eff_t *eff__unusable(eff_site_t site, const char *builder, eff_t *e, eff_value_t v)
{
    return eff__refuse(site, builder, 1, &e, true, v);
}

/* ---- nodes */

eff_t *eff__value_shaped(eff_site_t site, eff_value_t v, const struct eff__shape *shape)
{
    eff_t *e;
    if (!eff__value_usable(v) || !(e = eff__node_new((enum eff__op)shape->op, EFF__NODE_SIZE(value), site)))
        return eff__refuse_call(site, shape->builder, true, v);
    e->flags = shape->flags;
    e->value.value = v;
    return e;
}

eff_t *eff__bind_shaped(eff_site_t site, eff_t *source, eff_any_fn fn, eff_value_t env, const struct eff__shape *shape)
{
    return eff__bind_node((enum eff__op)shape->op, shape->flags, site, shape->builder, source, fn, env);
}

eff_t *eff__bind_node(enum eff__op op, uint8_t flags, eff_site_t site, const char *builder, eff_t *source,
                      eff_any_fn fn, eff_value_t env)
{
    eff_t *e;
    if (!eff__effect_usable(source) || !fn || !eff__value_usable(env) ||
        !(e = eff__node_new(op, EFF__NODE_SIZE(bind), site)))
        return eff__refuse_bind(site, builder, source, fn != NULL, env);
    e->flags = flags;
    e->bind.source = source;
    e->bind.fn = fn;
    e->bind.env = env;
    return e;
}

eff_t *eff__call_shaped(eff_site_t site, eff_any_fn fn, eff_value_t env, const struct eff__shape *shape)
{
    return eff__call_node((enum eff__op)shape->op, site, shape->builder, fn, env);
}

eff_t *eff__call_node(enum eff__op op, eff_site_t site, const char *builder, eff_any_fn fn, eff_value_t env)
{
    eff_t *e;
    if (!fn || !eff__value_usable(env) || !(e = eff__node_new(op, EFF__NODE_SIZE(call), site)))
        return eff__refuse_call(site, builder, fn != NULL, env);
    e->call.fn = fn;
    e->call.env = env;
    return e;
}

eff_t *eff__catch_shaped(eff_site_t site, eff_t *source, eff_any_fn bad, eff_value_t env,
                         const struct eff__shape *shape)
{
    return eff__fold_node(shape->flags, site, shape->builder, source, bad, NULL, env);
}

eff_t *eff__fold_node(uint8_t flags, eff_site_t site, const char *builder, eff_t *source, eff_any_fn bad,
                      eff_bind_fn good, eff_value_t env)
{
    eff_t *e;
    if (!eff__effect_usable(source) || !bad || !eff__value_usable(env) ||
        !(e = eff__node_new(EFF__OP_FOLD, EFF__NODE_SIZE(fold), site)))
        return eff__refuse_bind(site, builder, source, bad != NULL, env);
    e->flags = flags;
    e->fold.source = source;
    e->fold.bad = bad;
    e->fold.good = good;
    e->fold.env = env;
    return e;
}

eff_t *eff__wrap_node(enum eff__op op, eff_site_t site, const char *builder, eff_t *source)
{
    eff_t *e;
    if (!eff__effect_usable(source) || !(e = eff__node_new(op, EFF__NODE_SIZE(bind), site)))
        return eff__refuse_bind(site, builder, source, true, eff_unit);
    e->bind.source = source;
    e->bind.fn = NULL;
    e->bind.env = eff_unit;
    return e;
}

eff_t *eff__mask_node(enum eff__mask_mode mode, eff_site_t site, const char *builder, eff_t *source, eff_mask_fn fn,
                      eff_value_t env)
{
    eff_t *e;
    if (mode != EFF__MASK_FN) {
        eff_value_decref(env);
        e = eff__wrap_node(EFF__OP_MASK, site, builder, source);
        if (e->op == EFF__OP_MASK) e->kind = (uint8_t)mode;
        return e;
    }
    if (!fn || !eff__value_usable(env) || !(e = eff__node_new(EFF__OP_MASK, EFF__NODE_SIZE(bind), site)))
        return eff__refuse_call(site, builder, fn != NULL, env);
    e->kind = EFF__MASK_FN;
    e->bind.source = NULL;
    e->bind.fn = (eff_any_fn)fn;
    e->bind.env = env;
    return e;
}

eff_t *eff__without_handle(eff_site_t site, const char *builder, eff_value_t value)
{
    bool oom = value.type && value.type->flags & EFF_TYPE_OOM;
    eff_value_decref(value);
    if (oom) return &eff__oom_node;
    eff_value_t note =
        eff_printf("the handle given to %s is NULL: there was no memory to make it, or it was never made", builder);
    return eff_fail_cause_at(site, eff_cause_note(eff_cause_incref(eff__cause_oom), note, site));
}

static eff_t *prim_node(eff_site_t site, const struct eff__prim *prim, void *handle, eff_value_t value)
{
    eff_t *e;
    if (!eff__value_usable(value) || !(e = eff__node_new(EFF__OP_PRIM, EFF__NODE_SIZE(prim), site)))
        return eff__refuse_call(site, prim->name, true, value);
    e->prim.prim = prim;
    e->prim.handle = handle ? eff__payload_retain(handle) : NULL;
    e->prim.value = value;
    return e;
}

static EFF_NOINLINE eff_t *prim_node_over(eff_site_t site, const struct eff__prim *prim, void *handle,
                                          eff_value_t value)
{
    if (handle) return prim_node(site, prim, handle, value);
    char builder[64];
    snprintf(builder, sizeof builder, "eff_%s", prim->name);
    return eff__without_handle(site, builder, value);
}

eff_t *eff__prim_node(eff_site_t site, const struct eff__prim *prim, void *handle, eff_value_t value)
{
    eff_t *e = eff__prim_at_once(site, prim, handle, value);
    return e ? e : prim_node_over(site, prim, handle, value);
}

eff_t *eff__direct_node(eff_site_t site, const struct eff__direct_prim *direct, void *handle, eff_value_t value)
{
    eff_t *e = prim_node_over(site, &direct->prim, handle, value);
    if (e->op == EFF__OP_PRIM) e->flags = EFF__DIRECT;
    return e;
}

eff_t *eff__prim_node_plain(eff_site_t site, const struct eff__prim *prim, eff_value_t value)
{
    return prim_node(site, prim, NULL, value);
}

static bool all_usable(size_t n, eff_t *const *effects)
{
    for (size_t i = 0; i < n; i++)
        if (!eff__effect_usable(effects[i])) return false;
    return true;
}

eff_t *eff__par_node(enum eff__par_kind kind, uint8_t flags, eff_site_t site, const char *builder, size_t n,
                     eff_t *const *sides)
{
    eff_t **more = NULL;
    eff_t *e = NULL;
    if (all_usable(n, sides) && n <= UINT32_MAX) {
        if (n > 2) more = eff__alloc(n * sizeof *more);
        if (n <= 2 || more) e = eff__node_new(EFF__OP_PAR, EFF__NODE_SIZE(par), site);
    }
    if (!e) {
        if (more) eff__free(more, n * sizeof *more);
        return eff__refuse(site, builder, n, sides, true, eff_unit);
    }
    e->flags = flags;
    e->kind = (uint8_t)kind;
    e->par.n = (uint32_t)n;
    e->par.sides[0] = e->par.sides[1] = NULL;
    e->par.more = more;
    eff_t **to = more ? more : e->par.sides;
    for (size_t i = 0; i < n; i++)
        to[i] = sides[i];
    return e;
}
