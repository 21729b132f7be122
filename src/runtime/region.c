/* Regions and finalizers: what happens between a result and the frame below it.
 *
 * A region ends in this order: its children are interrupted (all of them first) and awaited, then its finalizers run one
 * after another, then its frame is dropped, and then an interruption that came meanwhile is seen. The result waits in a
 * LEAVING or SAVED frame; when that is popped, the region's own frame is returned to again and finds the step before
 * done. All of it is masked: the frames keep the attrs to be restored.
 */
#include "runtime/region.h"

#include "core/cause.h"
#include "core/context.h"
#include "core/service.h"
#include "runtime/group.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

/* ---- results */

/* Whether the success in reg is that of an acquire_interruptible: what it acquired goes to its owner, and the
 * interruption is seen after that. */
static bool ends_acquire(const eff_fiber_t *f)
{
    uintptr_t head = f->top[-1];
    if (!(head & EFF__SPECIAL) || eff__frame_code(head) != EFF__F_MASK) return false;
    return eff__frame_extra(head) == EFF__MASK_RESTORE && eff__frame_attrs(head) & EFF__MASKED;
}

void eff__mask_end_interrupted(eff_fiber_t *f)
{
    if (f->status == EFF__OK) {
        if (!ends_acquire(f)) eff__raise(f, eff_cause_incref(f->interrupt));
        return;
    }
    if (f->flags & EFF__INTERRUPT_ADDED || f->reg.ptr == f->interrupt) return;
    eff_cause_t *cause = eff__materialize(f);
    if (eff__cause_contains(cause, f->interrupt)) return;
    f->flags |= EFF__INTERRUPT_ADDED;
    f->reg = eff_cause_value(eff__cause_then_or_keep(cause, eff_cause_incref(f->interrupt)));
}

void eff__raise_null(eff_fiber_t *f, eff_site_t site)
{
    if (site) eff__raise_mistake(f, NULL, "callback %s returned NULL", site);
    else eff__raise_mistake(f, NULL, "a callback returned NULL (built without sites)");
}

bool eff__take_misuse(eff_fiber_t *f, eff_site_t site)
{
    eff_runtime_t *rt = f->rt;
    if (__builtin_expect(!rt->misuse, 1)) return false;
    const char *message = rt->misuse;
    rt->misuse = NULL;
    if (site) eff__raise_mistake(f, NULL, "%s, in %s", message, site);
    else eff__raise_mistake(f, NULL, "%s", message);
    return true;
}

int eff__go_on_unless(eff_fiber_t *f, eff_t *body, eff_site_t site)
{
    if (eff__take_misuse(f, site)) eff_decref(body);
    else eff__raise_null(f, site);
    return EFF__RETURN;
}

eff_t *eff__checked_finalizer(eff_fiber_t *f, eff_t *e, eff_site_t site)
{
    const char *message = f->rt->misuse;
    if (__builtin_expect(!message, 1)) return e;
    f->rt->misuse = NULL;
    eff_decref(e);
    if (!site) return eff__mistake(NULL, "%s", message);
    return eff__mistake(site, "%s, in %s", message, site);
}

/* ---- children */

const struct eff__wait_ops eff__children_wait = { .name = "for the fibers it forked to end" };

/* The latest living child forked at this depth or deeper, reporting and letting go of those that ended meanwhile. */
static eff_fiber_t *living_child(eff_fiber_t *f, uint32_t depth)
{
    eff_fiber_t *c = f->children;
    while (c && eff__region_of(c) >= depth && c->flags & EFF__ZOMBIE) {
        eff__fiber_let_go(c);
        c = f->children;
    }
    return c && eff__region_of(c) >= depth ? c : NULL;
}

void eff__child_ended(eff_fiber_t *parent, const eff_fiber_t *child)
{
    (void)child;
    uint32_t depth = (uint32_t)(uintptr_t)parent->wait.object;
    eff_fiber_t *c = parent->children;
    while (c && eff__region_of(c) >= depth && c->flags & EFF__ZOMBIE)
        c = c->sibling_prev;
    if (c && eff__region_of(c) >= depth) return;
    parent->reg = eff_unit;
    parent->status = EFF__OK;
    parent->wait.object = NULL;
    eff__wake(parent);
}

int eff__region_leave_children(eff_fiber_t *f, uint32_t depth)
{
    if (!living_child(f, depth)) return EFF__RETURN;
    if (f->status != EFF__OK) eff__materialize(f);
    eff_cause_t *interrupt = eff__interrupt_cause(f, EFF_INTERRUPT_REGION_ENDED, f->wait.site);
    /* The next is asked for afterwards: what an interrupted wait drops may be the last handle of one that has ended. */
    for (eff_fiber_t *c = f->children; c && eff__region_of(c) >= depth; c = c->sibling_prev) {
        if (f->rt->debug.unstarted && c->state == EFF__NEW) eff__debug_unstarted(c);
        eff__fiber_interrupt(c, interrupt);
    }
    eff_cause_decref(interrupt);
    eff__push_value(f, f->reg);
    *f->top++ = eff__frame_head(EFF__F_LEAVING, f->attrs, f->status);
    f->attrs |= EFF__MASKED;
    f->reg = eff_unit;
    f->status = EFF__OK;
    eff__suspend(f, &eff__children_wait, (void *)(uintptr_t)depth);
    return EFF__SUSPEND;
}

int eff__return_leaving(eff_fiber_t *f)
{
    uintptr_t head = f->top[-1];
    eff_value_decref(f->reg);
    f->reg = eff__frame_value(f->top - 1);
    f->status = eff__frame_extra(head);
    f->attrs = eff__frame_attrs(head);
    f->rt->trace.n_seen = 0;
    f->top -= 3;
    return EFF__RETURN;
}

/* ---- finalizers */

int eff__run_finalizer(eff_fiber_t *f, eff_t *finalizer, eff_site_t site)
{
    if (!finalizer) finalizer = eff__mistake(site, "callback %s returned NULL", site ? site : "of a finalizer");
    if (f->status != EFF__OK) eff__materialize(f);
    eff__push_value(f, f->reg);
    *f->top++ = eff__frame_head(EFF__F_SAVED, f->attrs, f->status);
    *f->top++ = (uintptr_t)site;
    *f->top++ = f->rt->debug.finalizer_ns ? (uintptr_t)eff__finalizer_begins(f->rt) : 0;
    *f->top++ = eff__frame_head(EFF__F_FINALIZER, 0, 0);
    f->attrs |= EFF__MASKED | EFF__UNBOUND;
    f->depth++;
    f->reg = eff_unit;
    f->status = EFF__OK;
    f->cur = (uintptr_t)finalizer | EFF__OWNED;
    return EFF__EVAL;
}

int eff__return_finalizer(eff_fiber_t *f)
{
    int next = eff__region_leave(f, f->depth);
    if (next != EFF__RETURN) return next;
    f->depth--;
    f->top -= 3;
    if (__builtin_expect(f->top[1] != 0, 0)) eff__finalizer_ends(f, (eff_site_t)f->top[0], (int64_t)f->top[1], true);
    return EFF__RETURN;
}

int eff__return_saved(eff_fiber_t *f)
{
    uintptr_t head = f->top[-1];
    uint8_t status = eff__frame_extra(head) & EFF__SAVED_STATUS;
    eff_value_t saved = eff__frame_value(f->top - 1);
    f->attrs = eff__frame_attrs(head);
    f->top -= 3;
    if (f->status == EFF__OK) {
        eff_value_decref(f->reg);
        f->reg = saved;
        f->status = status;
        f->rt->trace.n_seen = 0; /* what the finalizer has handled is not of this failure */
    } else if (status == EFF__OK) {
        eff_value_decref(saved);
    } else {
        eff_cause_t *later = eff__materialize(f), *before = (eff_cause_t *)saved.ptr;
        bool both = eff__frame_extra(head) & EFF__SAVED_BOTH;
        f->reg =
            eff_cause_value(both ? eff__cause_both_or_keep(before, later) : eff__cause_then_or_keep(before, later));
    }
    eff__mask_end(f);
    return EFF__RETURN;
}

/* ---- sources of nodes that are not kept */

eff_t *eff__consume_source(eff_t *e, eff_t **source, bool owned)
{
    eff_t *s = *source;
    if (owned && eff__count_is_one(&e->count)) {
        *source = NULL;
        eff__node_drop(e);
        return s;
    }
    eff_incref(s);
    if (owned) eff__node_release(e);
    return s;
}

static int no_room(eff_fiber_t *f, eff_t *e, bool owned)
{
    if (owned) eff_decref(e);
    f->reg = eff_unit;
    f->status = EFF__OK;
    eff__raise(f, eff_cause_incref(eff__cause_oom));
    return EFF__RETURN;
}

/* ---- mask */

/* Whether interruption was masked around the acquire that runs now; or, when there is none, or a mask in it, whether it is
 * now. O(frames). */
static bool masked_around_acquire(const eff_fiber_t *f)
{
    const uintptr_t *base = eff__frames_base(f);
    for (uintptr_t *top = f->top; top > base; top = eff__frame_below(top)) {
        uintptr_t head = top[-1];
        if (!(head & EFF__SPECIAL)) continue;
        enum eff__frame code = eff__frame_code(head);
        unsigned mode = code == EFF__F_MASK ? eff__frame_extra(head) : 0;
        if (code == EFF__F_MASK && (mode == EFF__MASK_EXTERNAL || mode == EFF__MASK_UNBOUND)) continue;
        bool acquires = code == EFF__F_BRACKET ? eff__bracket_acquires(head) : mode == EFF__MASK_ACQUIRE;
        if (acquires) return eff__frame_attrs(head) & EFF__MASKED;
        if (code == EFF__F_MASK || code == EFF__F_BRACKET || code == EFF__F_FINALIZER) break;
    }
    return f->attrs & EFF__MASKED;
}

int eff__eval_mask(eff_fiber_t *f, eff_t *e, bool owned)
{
    if (!eff__frames_reserve(f, 2 + EFF__FRAME_SLACK)) return no_room(f, e, owned);
    uint8_t before = f->attrs;
    enum eff__mask_mode mode = (enum eff__mask_mode)e->kind;
    uintptr_t head = eff__frame_head(EFF__F_MASK, before, mode);
    if (mode != EFF__MASK_FN) {
        eff_t *source = eff__consume_source(e, &e->bind.source, owned);
        bool lifts = mode == EFF__MASK_ON || (mode == EFF__MASK_RESTORE && !masked_around_acquire(f));
        *f->top++ = head;
        if (mode == EFF__MASK_OFF || mode == EFF__MASK_ACQUIRE) f->attrs |= EFF__MASKED;
        else if (lifts) f->attrs &= (uint8_t)~EFF__MASKED;
        else if (mode == EFF__MASK_EXTERNAL) f->attrs |= EFF__EXTERNAL;
        else if (mode == EFF__MASK_UNBOUND) f->attrs |= EFF__UNBOUND;
        f->cur = (uintptr_t)source | EFF__OWNED;
        if (eff__interruptible_now(f)) {
            eff_decref(source);
            f->reg = eff_unit;
            f->status = EFF__OK;
            eff__raise(f, eff_cause_incref(f->interrupt));
            return EFF__RETURN;
        }
        return EFF__EVAL;
    }
    *f->top++ = head;
    *f->top++ = (uintptr_t)e | (owned ? EFF__OWNED : 0); /* keeps env until the body has ended */
    f->attrs |= EFF__MASKED;
    eff_restore_t restore = { .interruptible = !(before & EFF__MASKED) };
    eff_site_t site = e->site;
    eff_t *body = ((eff_mask_fn)e->bind.fn)(restore, e->bind.env);
    return eff__go_on_with(f, body, site);
}

/* ---- scopes, services, context */

int eff__eval_scoped(eff_fiber_t *f, eff_t *e, bool owned)
{
    if (!eff__frames_reserve(f, 2 + EFF__FRAME_SLACK)) return no_room(f, e, owned);
    eff_scope_t *scope = eff__scope_new(f, e->site);
    if (!scope) return no_room(f, e, owned);
    eff_t *source = eff__consume_source(e, &e->bind.source, owned);
    *f->top++ = (uintptr_t)f->scope;
    *f->top++ = eff__frame_head(EFF__F_SCOPED, f->attrs, 0);
    f->scope = scope;
    f->depth++;
    f->cur = (uintptr_t)source | EFF__OWNED;
    return EFF__EVAL;
}

/* The context with what a provide node adds. */
static eff_context_t *provided(eff_fiber_t *f, const eff_t *e)
{
    eff_context_t *context = f->context ? eff_context_incref(f->context) : eff_context_empty();
    if (e->flags & EFF__LOCALLY)
        return eff__context_locally(context, e->provide.tag, eff_value_incref(e->provide.value));
    if (e->provide.tag) return eff_context_add(context, e->provide.tag, eff_value_incref(e->provide.value));
    return eff_context_merge(context, eff_context_incref(eff_as_context(e->provide.value)));
}

int eff__eval_provide(eff_fiber_t *f, eff_t *e, bool owned)
{
    bool locally = e->flags & EFF__LOCALLY;
    if (!eff__frames_reserve(f, 3 + EFF__FRAME_SLACK)) return no_room(f, e, owned);
    eff_context_t *context = provided(f, e), *outer = f->context;
    if (eff__context_is_oom(context)) return no_room(f, e, owned);
    f->context = context;
    eff_scope_t *scope = locally ? NULL : eff__scope_new(f, e->site);
    if (!locally && !scope) {
        f->context = outer;
        eff_context_decref(context);
        return no_room(f, e, owned);
    }
    eff_t *source = eff__consume_source(e, &e->provide.source, owned);
    if (locally) {
        *f->top++ = (uintptr_t)outer;
        *f->top++ = eff__frame_head(EFF__F_LOCALLY, 0, 0);
    } else {
        *f->top++ = (uintptr_t)f->scope;
        *f->top++ = (uintptr_t)outer;
        *f->top++ = eff__frame_head(EFF__F_PROVIDE, f->attrs, 0);
        f->scope = scope;
        f->depth++;
    }
    f->cur = (uintptr_t)source | EFF__OWNED;
    return EFF__EVAL;
}

int eff__return_scoped(eff_fiber_t *f)
{
    int next = eff__region_leave(f, f->depth);
    if (next != EFF__RETURN) return next;
    bool closed = false;
    next = eff__scope_close_step(f, f->scope, &closed);
    if (!closed) return next;
    eff_scope_decref(f->scope);
    f->depth--;
    if (eff__frame_code(f->top[-1]) == EFF__F_PROVIDE) {
        eff_context_decref(f->context);
        f->context = (eff_context_t *)f->top[-2];
        f->scope = (eff_scope_t *)f->top[-3];
        f->top -= 3;
    } else {
        f->scope = (eff_scope_t *)f->top[-2];
        f->top -= 2;
    }
    eff__mask_end(f);
    return EFF__RETURN;
}

static void raise_null_service(eff_fiber_t *f, const eff_tag_t *tag, eff_site_t site)
{
    const char *message = "the service \"%s\" is NULL here: that was provided, or is its default";
    eff__raise(f, eff_cause_die(eff_printf(message, eff__tag_name(tag))));
    eff__trace_add(&f->rt->trace, site);
}

static eff_t *use_built(eff_value_t services, eff_value_t env);

/* Builds a service that was not built before, and uses it. Borrows the node, which asks for it. */
static eff_t *build_first(const eff_t *e, eff_value_t service)
{
    struct eff__lazy *lazy = (struct eff__lazy *)service.ptr;
    eff_t *node = eff_incref((eff_t *)(uintptr_t)e);
    return eff_flat_map_at(e->site, lazy->build(lazy, e->service.tag, e->site), use_built, eff_effect_value(node));
}

/* Of a lazy service, what it was built to, if it was. */
static eff_value_t as_built(eff_value_t service, const eff_tag_t *tag)
{
    struct eff__lazy *lazy = (struct eff__lazy *)service.ptr;
    eff_value_t there = lazy->get(lazy, tag);
    return there.type ? there : service;
}

/* The service is there now. env: the node that asked for it, which the frame below keeps. */
static eff_t *use_built(eff_value_t services, eff_value_t env)
{
    const eff_t *e = eff_as_effect(env);
    eff_value_t service = eff__context_find(eff_as_context(services), e->service.tag);
    if (service.type && service.type->flags & EFF__TYPE_LAZY) service = as_built(service, e->service.tag);
    if (service.type && service.type->flags & EFF__TYPE_LAZY) return build_first(e, service);
    if (!eff__value_usable(service)) return eff_fail_cause(eff__service_missing(e->service.tag, NULL));
    if (!e->service.thunk) return eff_succeed(eff_value_incref(service));
    void *found = eff__service_of(service);
    if (!found) return eff__mistake(e->site, "the service \"%s\" is NULL", eff__tag_name(e->service.tag));
    return e->service.thunk(e->service.use, found, e->service.env);
}

int eff__eval_service(eff_fiber_t *f, eff_t *e, bool owned)
{
    if (!eff__frames_reserve(f, 1)) return no_room(f, e, owned);
    const eff_tag_t *tag = e->service.tag;
    eff_value_t service =
        f->context ? eff__context_find(f->context, tag) : (tag->get_default ? tag->get_default() : (eff_value_t){ 0 });
    eff_site_t site = e->site;
    *f->top++ = (uintptr_t)e | (owned ? EFF__OWNED : 0); /* keeps env */
    f->reg = eff_unit;
    f->status = EFF__OK;
    if (!service.type) {
        eff_cause_t *cause = eff__service_missing(tag, f->context);
        const struct eff__services *built = f->rt->services;
        eff__raise(f, built ? built->explain_missing(built, f, tag, cause) : cause);
        eff__trace_add(&f->rt->trace, site);
        return EFF__RETURN;
    }
    if (service.type->flags & EFF__TYPE_LAZY) service = as_built(service, tag);
    if (service.type->flags & (EFF_TYPE_OOM | EFF__TYPE_LAZY)) {
        if (service.type->flags & EFF__TYPE_LAZY) return eff__prim_effect(f, build_first(e, service));
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return EFF__RETURN;
    }
    if (!e->service.thunk) { /* eff_tag_get */
        f->reg = eff_value_incref(service);
        return EFF__RETURN;
    }
    void *found = eff__service_of(service);
    if (!found) { /* the use function may rely on there being one */
        if (!eff__take_misuse(f, site)) raise_null_service(f, tag, site);
        return EFF__RETURN;
    }
    return eff__go_on_with(f, e->service.thunk(e->service.use, found, e->service.env), site);
}

static int context_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)e, (void)alone;
    eff_context_t *context = f->context ? eff_context_incref(f->context) : eff_context_empty();
    return eff__prim_value(f, eff_context_value(context));
}
static const struct eff__prim context_prim = { "context", context_run };

eff_t *eff_context(void)
{
    static eff_t node = { .count = EFF__IMMORTAL, .op = EFF__OP_PRIM, .prim = { .prim = &context_prim } };
    return &node;
}

/* ---- the end of the fiber: a fresh fiber's few words are enough for its LEAVING frame, and making its scope reserves
 * what finalizers need */

_Static_assert(EFF__INLINE_FRAMES >= 4, "END and LEAVING must fit");

int eff__return_end(eff_fiber_t *f)
{
    eff_runtime_t *rt = f->rt;
    if (__builtin_expect(f->children != NULL, 0)) {
        int next = eff__region_leave(f, 0);
        if (next != EFF__RETURN) return next;
    }
    if (__builtin_expect(f->scope != NULL, 0)) {
        bool closed = false;
        int next = eff__scope_close_step(f, f->scope, &closed);
        if (!closed) return next;
        eff_scope_decref(f->scope);
        f->scope = NULL;
    }
    eff__mask_end(f);
    eff_fiber_t *starter = f->flags & EFF__BEING_STARTED ? eff__starter_of(f) : NULL;
    rt->switch_to = starter;
    if (f->flags & EFF__SIDE) {
        if (eff__group_side_ended(f)) return EFF__RETURN; /* it serves another item */
        return EFF__SWITCH;
    }
    eff__fiber_publish(f);
    eff_fiber_decref(f);
    return EFF__SWITCH;
}
