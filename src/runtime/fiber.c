/* Fibers' life: making, owning, interrupting and publishing the exit. How they run is interp.c's, who is next sched.c's.
 *
 * Ownership of a fiber's work: every living fiber is in exactly one owner's list: its parent's children, a scope's
 * entries, or the runtime's roots. The owner ends it before it goes away itself, so a borrowed `parent` is never stale.
 */
#include "runtime/fiber.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/build.h"
#include "runtime/frame.h"
#include "runtime/group.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"
#include "runtime/step.h"

_Static_assert(sizeof(struct eff__header) + sizeof(eff_fiber_t) < (size_t)EFF__N_CLASSES * EFF__CLASS_BYTES,
               "fibers come from free lists, without looking");
_Static_assert(sizeof(struct eff__header) + sizeof(eff_fiber_t) <= 240, "a fiber is 256 bytes, with malloc's part");

static void fiber_drop(void *payload)
{
    eff_fiber_t *f = (eff_fiber_t *)payload;
    if (f->state == EFF__DONE) {
        eff__fiber_report_unobserved(f);
        if (f->flags & EFF__ZOMBIE) eff__fiber_disown(f);
    }
    if (!(f->flags & EFF__OWN_EXIT)) eff_value_decref(f->reg);
    if (f->interrupt) eff_cause_decref(f->interrupt);
    if (f->flags & EFF__HAS_RARE) eff__rare_free(f->rare);
}

static void fiber_format(const void *payload, eff_buffer_t *out)
{
    const eff_fiber_t *f = (const eff_fiber_t *)payload;
    eff_buffer_printf(out, "fiber %" PRIu64, f->id);
}

const eff_type_t eff_fiber_type = { .size = sizeof(eff_fiber_t),
                                    .name = "fiber",
                                    .drop = fiber_drop,
                                    .format = fiber_format,
                                    .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE };

/* Field by field: the compiler would clear the whole with a string instruction, which costs more than all the rest. */
static EFF__INLINED void init(eff_fiber_t *f, eff_runtime_t *rt, uintptr_t cur, eff_context_t *context, eff_site_t site,
                              eff_fiber_t *parent)
{
    f->rt = rt;
    f->cur = cur;
    f->reg = eff__plain_unit();
    f->state = EFF__NEW;
    f->status = EFF__OK;
    f->attrs = parent ? parent->attrs & EFF__INHERITED : 0;
    atomic_init(&f->listed, 0);
    f->flags = 0;
    f->depth = 0;
    f->region = parent ? parent->depth : 0;
    f->interrupt = NULL;
    f->context = context;
    f->scope = NULL;
    f->parent = parent;
    f->sibling_prev = f->sibling_next = f->children = NULL;
    f->observers.first = NULL;
    f->owner.group = NULL;
    f->wait.ops = NULL;
    f->wait.site = NULL;
    f->wait.object = NULL;
    f->limit = f->inline_frames + EFF__INLINE_FRAMES;
    f->inline_frames[0] = eff__frame_head(EFF__F_END, 0, 0);
    f->top = f->inline_frames + 1;
    f->id = ++rt->next_id;
    f->fork_site = site;
    rt->n_fibers++;
}

eff_fiber_t *eff__fiber_new(eff_runtime_t *rt, eff_t *e, eff_context_t *context, eff_site_t site)
{
    eff_fiber_t *f = (eff_fiber_t *)eff__payload_make(&eff_fiber_type, sizeof *f);
    if (f) init(f, rt, e ? (uintptr_t)e | EFF__OWNED : 0, eff_context_incref(context), site, NULL);
    else eff_decref(e);
    return f;
}

/* ---- eff_fork: the usual child, and nothing else */

/* With the free list empty, a supervisor, or local variables. */
static EFF_NOINLINE eff_value_t fork_at_leisure(eff_fiber_t *f, eff_t *e, eff_site_t site)
{
    eff_fiber_t *child = eff__fiber_new(f->rt, e, f->context, site);
    if (!child || !eff__locals_fork(child, f)) {
        if (child) eff__fiber_discard(child);
        f->reg = eff__plain_unit();
        f->status = EFF__OK;
        eff__raise(f, eff_cause_incref(eff__cause_oom));
        return eff__direct_next(EFF__RETURN);
    }
    child->parent = f;
    child->region = f->depth;
    child->attrs = f->attrs & EFF__INHERITED;
    eff__fiber_adopt(&f->children, child);
    eff_value_t v = eff_fiber_value(eff_fiber_incref(child));
    eff__fiber_begins(child, f);
    eff__enqueue(child);
    return v;
}

eff_value_t eff__fork_child(eff_fiber_t *f, eff_t *e, eff_site_t site)
{
    eff_runtime_t *rt = f->rt;
    eff_fiber_t *child;
    if (f->flags & EFF__HAS_RARE || rt->supervised ||
        !(child = (eff_fiber_t *)eff__payload_at_once(&eff_fiber_type, sizeof *child)))
        return fork_at_leisure(f, e, site);
    init(child, rt, (uintptr_t)e | EFF__OWNED, f->context, site, f);
    if (child->context) eff__payload_retain(child->context);
    atomic_init(&eff__header_of(child)->count, 2); /* the run's, and the handle */
    eff__fiber_adopt(&f->children, child);
    eff__enqueue(child);
    return (eff_value_t){ .type = &eff_fiber_type, .ptr = child };
}

/* ---- */

/* Takes a fiber out of the list whose latest is *last. */
static inline void unlink_from(eff_fiber_t **last, eff_fiber_t *child)
{
    if (child->sibling_prev) child->sibling_prev->sibling_next = child->sibling_next;
    if (child->sibling_next) child->sibling_next->sibling_prev = child->sibling_prev;
    else *last = child->sibling_prev;
    child->sibling_prev = child->sibling_next = NULL;
}

void eff__fiber_disown(eff_fiber_t *child)
{
    child->flags &= ~(uint32_t)EFF__ZOMBIE;
    eff_fiber_t **last = child->parent ? &child->parent->children : &child->rt->roots;
    if (child->flags & EFF__IN_SCOPE) last = &child->rt->scoped;
    unlink_from(last, child);
    if (child->flags & EFF__IN_SCOPE) {
        child->flags &= ~(uint32_t)EFF__IN_SCOPE;
        union eff__owner *owner = eff__owner_of(child);
        eff__entry_free(owner->entry);
        owner->entry = NULL;
    }
}

/* Whether nothing is left of a fiber but its memory: it has ended with a value that needs no drop. */
static inline bool is_bare(const eff_fiber_t *f)
{
    if (f->state != EFF__DONE || f->status != EFF__OK || f->interrupt) return false;
    if (f->flags & (EFF__ZOMBIE | EFF__HAS_RARE | EFF__OWN_EXIT) || atomic_load(&f->listed)) return false;
    return !eff__is_counted(f->reg);
}

static inline void free_bare(eff_fiber_t *f)
{
    if (!eff__payload_free_at_once(f, sizeof *f)) eff__payload_dealloc(f);
}

/* ---- the value register */

/* The sites that forked f and its ancestors, nearest first, and their names. */
static eff_cause_t *add_forks(eff_fiber_t *f, eff_cause_t *cause)
{
    eff_site_t sites[EFF__TRACE_MAX];
    eff_value_t names[EFF__TRACE_MAX];
    bool named = false;
    size_t n = 0;
    int left = 2 * EFF__TRACE_MAX; /* ancestors looked at: a bound, however deep the tree */
    for (const eff_fiber_t *p = f; p && n < EFF__TRACE_MAX && left-- > 0; p = p->parent) {
        bool has_name = eff__fiber_name(p) && !(p->flags & EFF__MAIN);
        bool is_side = (p->flags & (EFF__SIDE | EFF__OWN_SCOPE)) == EFF__SIDE;
        if (!has_name && (is_side || !p->fork_site)) continue; /* the site of a side is in the trace */
        names[n] = has_name ? p->rare->name : eff_unit;
        named |= has_name;
        sites[n++] = p->fork_site;
    }
    return n ? eff__cause_add_forks(cause, n, sites, named ? names : NULL) : cause;
}

eff_cause_t *eff__materialize(eff_fiber_t *f)
{
    struct eff__trace *trace = &f->rt->trace;
    if (f->status == EFF__FAILED) {
        f->reg = eff_cause_value(eff_cause_fail(f->reg));
        f->status = EFF__CAUSED;
    }
    if (trace->n_seen) {
        f->reg = eff_cause_value(eff__cause_add_trace((eff_cause_t *)f->reg.ptr, trace));
        trace->n_seen = 0;
    }
    return (eff_cause_t *)f->reg.ptr;
}

void eff__raise(eff_fiber_t *f, eff_cause_t *cause)
{
    eff_value_decref(f->reg);
    f->reg = eff_cause_value(cause);
    f->status = EFF__CAUSED;
    f->rt->trace.n_seen = 0;
}

void eff__raise_mistake(eff_fiber_t *f, eff_site_t site, const char *fmt, ...)
{
    char message[1024]; /* a mistake of the longest (rt->misuse_text), and a site */
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    eff__raise(f, eff_cause_die(eff_string(message)));
    eff__trace_add(&f->rt->trace, site);
}

void eff__reg_add_failure(eff_fiber_t *f, eff_cause_t *later)
{
    if (f->status == EFF__OK) {
        eff__raise(f, later);
        return;
    }
    eff_cause_t *first = eff__materialize(f);
    f->reg = eff_cause_value(eff__cause_then_or_keep(first, later));
}

/* ---- interruption */

eff_cause_t *eff__interrupt_cause(const eff_fiber_t *by, eff_interrupt_reason_t reason, eff_site_t site)
{
    eff_cause_t *cause = eff_cause_interrupt(by ? by->id : 0, reason, site);
    return cause == eff__cause_oom ? eff__cause_static_interrupt(reason) : cause;
}

void eff__fiber_interrupt(eff_fiber_t *f, eff_cause_t *interrupt)
{
    if (f->state == EFF__DONE || f->interrupt) return;
    f->interrupt = eff_cause_incref(interrupt);
    switch ((enum eff__state)f->state) {
    case EFF__RUNNING: eff__look_up(f->rt); break;
    case EFF__SUSPENDED:
        if (f->attrs & EFF__MASKED || f->flags & EFF__STAY) break;
        if (!f->wait.ops) break; /* it is being taken out of its wait already, by which user code is called */
        if (f->wait.ops->leave && !f->wait.ops->leave(f)) {
            f->flags |= EFF__STAY;
            break;
        }
        f->wait.object = NULL;
        f->reg = eff_unit;
        f->status = EFF__OK;
        eff__wake(f);
        f->wait.ops = NULL;
        break;
    case EFF__NEW:
    case EFF__READY: /* seen when it gets its turn */
    case EFF__DONE: break;
    }
}

/* ---- the end */

eff_exit_t eff__fiber_exit(eff_fiber_t *f)
{
    eff_exit_t exit;
    f->flags |= EFF__OBSERVED;
    exit.ok = f->status == EFF__OK;
    if (exit.ok) eff__copy_value(&exit.value, &f->reg);
    else exit.cause = (eff_cause_t *)f->reg.ptr;
    return exit;
}

void eff__fiber_report_unobserved(eff_fiber_t *f)
{
    if (f->state != EFF__DONE || f->status == EFF__OK || f->flags & (EFF__OBSERVED | EFF__REPORTED)) return;
    const eff_cause_t *cause = (const eff_cause_t *)f->reg.ptr;
    f->flags |= EFF__REPORTED;
    if (!f->rt || eff_cause_is_interrupted_only(cause)) return;
    /* Of a deadlock, those tell that are asked for: whoever runs the loop, or the root of the tree. */
    bool told = f->parent || (f->rt->driving && !f->rt->shutting_down);
    if (told && eff__is_deadlock(cause)) return;
    eff__report_unobserved(f->rt, f, cause);
}

/* Hands the exit to each waiting fiber as its wait wants it: see join_ops and await_ops. */
static void deliver_all(eff_fiber_t *f);
static inline bool waits_for_children(const eff_fiber_t *parent)
{
    return parent->state == EFF__SUSPENDED && parent->wait.ops == &eff__children_wait;
}

void eff__fiber_publish(eff_fiber_t *f)
{
    eff_runtime_t *rt = f->rt;
    /* A side that only did what its group told it to needs no story: nobody will read it. */
    bool as_told = f->flags & EFF__ISSUED && f->reg.ptr == f->interrupt;
    if (f->status != EFF__OK && !as_told) {
        eff__materialize(f);
        f->reg = eff_cause_value(add_forks(f, (eff_cause_t *)f->reg.ptr));
    }
    if (__builtin_expect(f->limit != f->inline_frames + EFF__INLINE_FRAMES, 0)) eff__frames_free(f);
    f->top = f->limit = NULL;
    eff__fiber_ends(f);
    eff__locals_end(f);
    if (f->reg.type == &eff_fiber_type && f->reg.ptr == f) { /* the run's reference is still there */
        f->flags |= EFF__OWN_EXIT;
        eff_fiber_decref(f);
    }
    if (f->context) {
        eff_context_decref(f->context);
        f->context = NULL;
    }
    f->state = EFF__DONE;
    rt->n_fibers--;

    if (f->observers.first) deliver_all(f);

    /* An unobserved failure that somebody may still ask for stays in its owner's list until then. */
    bool unobserved = f->status != EFF__OK && !(f->flags & (EFF__OBSERVED | EFF__SIDE)) && !eff__has_observers(f);
    if (unobserved && !eff__count_is_one(&eff__header_of(f)->count)) eff__zombie_begin(f);
    else eff__fiber_disown(f);
    /* A parent that leaves the region this was forked in waits for the last one. */
    eff_fiber_t *p = f->parent;
    if (p && waits_for_children(p)) eff__child_ended(p, f);
    if (!(f->flags & EFF__HAS_RARE)) return;
    if (f->rare->first_observer) eff__post_exit(f);
    if (f->rare->hooks) eff__fiber_call_hooks(f);
}

void eff__fiber_discard(eff_fiber_t *f)
{
    eff_runtime_t *rt = f->rt;
    if (f->cur & EFF__OWNED) eff_decref(eff__frame_node(f->cur));
    if (f->context) eff_context_decref(f->context);
    f->state = EFF__DONE;
    f->flags |= EFF__OBSERVED;
    rt->n_fibers--;
    eff_fiber_decref(f);
}

/* ---- waiting for a fiber: join ends as it ended, await and interrupt succeed with its exit */

static bool leave_observers(eff_fiber_t *f)
{
    eff_fiber_t *target = (eff_fiber_t *)f->wait.object;
    eff__ring_remove(&target->observers, f);
    eff_fiber_decref(target);
    return true;
}

static const struct eff__wait_ops join_ops = { .name = "to join", .leave = leave_observers };
static const struct eff__wait_ops await_ops = { .name = "for the end of", .leave = leave_observers };
const struct eff__wait_ops eff__closing_wait = { .name = "to close a scope, for the end of", .leave = leave_observers };
const struct eff__wait_ops eff__closed_wait = { .name = "for a scope to be closed, by", .leave = leave_observers };
const struct eff__wait_ops eff__dismissal_wait = { .name = "for the end of", .leave = leave_observers };

/* Of those who wait so: that they do not look at the exit. */
static bool waits_for_end_only(const eff_fiber_t *f)
{
    return f->wait.ops == &eff__closing_wait || f->wait.ops == &eff__dismissal_wait;
}

bool eff__waits_for_fiber(const eff_fiber_t *f)
{
    return f->wait.ops == &join_ops || f->wait.ops == &await_ops || waits_for_end_only(f) ||
           f->wait.ops == &eff__start_wait || f->wait.ops == &eff__closed_wait;
}

/* Puts the exit of a fiber that is DONE into the register of another. */
static void take_exit(eff_fiber_t *f, eff_fiber_t *to, bool join)
{
    eff_exit_t exit = eff__fiber_exit(f);
    if (!join) {
        to->reg = eff_exit_value(eff_exit_incref(&exit));
        to->status = EFF__OK;
        if (to->reg.type == &eff_oom_type) {
            to->reg = eff_cause_value(eff_cause_incref(eff__cause_oom));
            to->status = EFF__CAUSED;
        }
    } else if (exit.ok) {
        eff__copy_value(&to->reg, &exit.value);
        (void)eff_value_incref(exit.value);
        to->status = EFF__OK;
    } else {
        to->reg = eff_cause_value(eff_cause_incref(exit.cause));
        to->status = EFF__CAUSED;
    }
}

/* Whether what f ended with can be copied to who waits for it. */
static inline bool takes_plainly(const eff_fiber_t *to, const eff_fiber_t *f)
{
    return to->wait.ops == &join_ops && f->status == EFF__OK && !eff__is_counted(f->reg);
}

static inline void deliver(eff_fiber_t *f, eff_fiber_t *to)
{
    if (__builtin_expect(takes_plainly(to, f), 1)) {
        f->flags |= EFF__OBSERVED;
        eff__copy_value(&to->reg, &f->reg);
        to->status = EFF__OK;
    } else if (!waits_for_end_only(to)) {
        take_exit(f, to, to->wait.ops == &join_ops || to->wait.ops == &eff__closed_wait);
    } else {
        to->reg = eff_unit;
        to->status = EFF__OK;
    }
    to->wait.object = NULL;
    eff__wake_in_turn(to);
    (void)eff__count_dec(&eff__header_of(f)->count); /* the waiter's reference; the run's own is still there */
}

static EFF_NOINLINE void deliver_all(eff_fiber_t *f)
{
    for (eff_fiber_t *waiter; (waiter = eff__ring_pop(&f->observers));)
        deliver(f, waiter);
    if (!f->rt->draining) eff__loop_kick(f->rt->loop);
}

/* The end of the end where it is not as plain as that. */
static EFF_NOINLINE void end_and_tell(eff_fiber_t *f, eff_fiber_t *parent)
{
    if (f->context) eff_context_decref(f->context);
    f->context = NULL;
    if (f->observers.first) deliver_all(f);
    if (waits_for_children(parent)) eff__child_ended(parent, f);
    eff_fiber_decref(f);
}

void eff__fiber_end_plainly(eff_fiber_t *f)
{
    eff_fiber_t *p = f->parent;
    f->top = f->limit = NULL;
    f->state = EFF__DONE;
    f->rt->n_fibers--;
    unlink_from(&p->children, f);
    bool parent_waits = waits_for_children(p);
    eff_fiber_t *waiter = f->observers.first;
    if (waiter && !waiter->links.next && takes_plainly(waiter, f) && !f->context && !parent_waits) {
        f->observers.first = NULL;
        deliver(f, waiter);
    } else if (__builtin_expect(waiter || f->context || parent_waits, 0)) {
        end_and_tell(f, p);
        return;
    }
    if (!eff__count_dec(&eff__header_of(f)->count)) return;
    if (eff__is_counted(f->reg)) eff__payload_died(f);
    else free_bare(f);
}

void eff__observe(eff_fiber_t *f, eff_fiber_t *target, const struct eff__wait_ops *ops)
{
    eff_fiber_incref(target);
    eff__ring_add(&target->observers, f);
    eff__suspend(f, ops, target);
}

static int wait_for(eff_fiber_t *f, eff_t *e, bool alone, bool join)
{
    eff_fiber_t *target = (eff_fiber_t *)e->prim.handle;
    if (target->state == EFF__DONE) {
        take_exit(target, f, join);
        return EFF__RETURN;
    }
    if (target->rt != f->rt) return eff__prim_foreign(f, "fiber");
    eff__prim_take_handle(e, alone);
    eff__ring_add(&target->observers, f);
    return eff__suspend(f, join ? &join_ops : &await_ops, target);
}

static int join_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    return wait_for(f, e, alone, true);
}

static EFF_NOINLINE eff_value_t joined_slowly(eff_fiber_t *target, eff_t *e, eff_value_t v)
{
    eff__payload_dealloc(target);
    return eff__direct_moved(e, v);
}
/* Of a fiber that lives, and of one that has succeeded and that nobody else will ask, which goes with the node. */
static eff_value_t join_direct(eff_fiber_t *f, eff_t *e)
{
    eff_fiber_t *target = (eff_fiber_t *)e->prim.handle;
    if (target->state != EFF__DONE) {
        if (target->rt != f->rt) return eff__direct_decline();
        eff__ring_add(&target->observers, f);
        return eff__direct_suspend(f, e, &join_ops);
    }
    if (!is_bare(target) || !eff__count_is_one(&eff__header_of(target)->count)) return eff__direct_decline();
    eff_value_t v;
    eff__copy_value(&v, &target->reg);
    return eff__payload_free_at_once(target, sizeof *target) ? eff__direct_moved(e, v) : joined_slowly(target, e, v);
}
static int await_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    return wait_for(f, e, alone, false);
}

static int interrupt_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_fiber_t *target = (eff_fiber_t *)e->prim.handle;
    if (target->state != EFF__DONE) {
        if (target->rt != f->rt) return eff__prim_foreign(f, "fiber");
        eff_cause_t *cause = eff__interrupt_cause(f, EFF_INTERRUPT_EXPLICIT, e->site);
        eff__fiber_interrupt(target, cause);
        eff_cause_decref(cause);
        /* After a canceler's mistake there is nothing to wait for: the fiber dies of it as this returns. */
        if (eff__is_within(f, target) || f->rt->misuse) return eff__prim_value(f, eff_unit);
        f->flags |= EFF__STAY;
    }
    return wait_for(f, e, alone, false);
}

static int interrupt_fork_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_fiber_t *target = (eff_fiber_t *)e->prim.handle;
    (void)alone;
    if (target->state != EFF__DONE) {
        if (target->rt != f->rt) return eff__prim_foreign(f, "fiber");
        eff_cause_t *cause = eff__interrupt_cause(f, EFF_INTERRUPT_EXPLICIT, e->site);
        eff__fiber_interrupt(target, cause);
        eff_cause_decref(cause);
    } else {
        target->flags |= EFF__OBSERVED;
    }
    return eff__prim_value(f, eff_unit);
}

static int interrupt_self_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    eff_cause_t *cause = eff__interrupt_cause(f, EFF_INTERRUPT_EXPLICIT, e->site);
    eff__fiber_interrupt(f, cause);
    eff_cause_decref(cause);
    if (f->attrs & EFF__MASKED) return eff__prim_value(f, eff_unit);
    return eff__prim_cause(f, eff_cause_incref(f->interrupt));
}

static const struct eff__direct_prim join_prim = { { "join", join_run }, join_direct };
static const struct eff__prim await_prim = { "await", await_run };
static const struct eff__prim interrupt_prim = { "interrupt", interrupt_run };
static const struct eff__prim interrupt_fork_prim = { "interrupt_fork", interrupt_fork_run };
static const struct eff__prim interrupt_self_prim = { "interrupt_self", interrupt_self_run };

eff_t *eff_fiber_join_at(eff_site_t site, eff_fiber_t *fiber)
{
    eff_t *e = eff__direct_plain_at_once(site, &join_prim, fiber);
    return e ? e : eff__direct_node(site, &join_prim, fiber, eff_unit);
}
eff_t *eff_fiber_await_at(eff_site_t site, eff_fiber_t *fiber)
{
    return eff__prim_node(site, &await_prim, fiber, eff_unit);
}
eff_t *eff_fiber_interrupt_at(eff_site_t site, eff_fiber_t *fiber)
{
    return eff__prim_node(site, &interrupt_prim, fiber, eff_unit);
}
eff_t *eff_fiber_interrupt_fork_at(eff_site_t site, eff_fiber_t *fiber)
{
    return eff__prim_node(site, &interrupt_fork_prim, fiber, eff_unit);
}
eff_t *eff_interrupt_self_at(eff_site_t site)
{
    return eff__prim_node_plain(site, &interrupt_self_prim, eff_unit);
}

int eff__prim_foreign(eff_fiber_t *f, const char *what)
{
    return eff__prim_cause(
        f, eff_cause_die(eff_printf("this %s belongs to another runtime: use it on the runtime that made it", what)));
}

static bool never_leave(eff_fiber_t *f)
{
    (void)f;
    return true;
}
static const struct eff__wait_ops never_ops = { .name = "for nothing: eff_never", .leave = never_leave };
static int never_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)e, (void)alone;
    eff__suspend(f, &never_ops, NULL);
    return EFF__SUSPEND;
}
static const struct eff__prim never_prim = { "never", never_run };

eff_t *eff_never(void)
{
    static eff_t node = { .count = EFF__IMMORTAL, .op = EFF__OP_PRIM, .prim = { .prim = &never_prim } };
    return &node;
}

/* ---- handles */

static EFF__STATIC_PAYLOAD(eff_fiber_t) ended_fiber = {
    EFF__STATIC_HEADER(&eff_fiber_type), { .state = EFF__DONE, .reg = { .type = &eff_unit_type, .integer = 0 } }
};

eff_fiber_t *eff_fiber_incref(eff_fiber_t *fiber)
{
    return fiber ? (eff_fiber_t *)eff__payload_retain(fiber) : NULL;
}
void eff_fiber_decref(eff_fiber_t *fiber)
{
    if (!fiber || !eff__count_dec(&eff__header_of(fiber)->count)) return;
    if (is_bare(fiber)) free_bare(fiber);
    else eff__payload_died(fiber);
}

eff_value_t eff_fiber_value(eff_fiber_t *fiber)
{
    eff_value_t v = { .type = &eff_fiber_type, .ptr = fiber };
    return fiber ? v : eff_oom_value();
}

eff_fiber_t *eff_as_fiber(eff_value_t v)
{
    if (v.type == &eff_fiber_type) return (eff_fiber_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_fiber_type);
    return &ended_fiber.payload;
}

eff_t *eff_fiber_into_at(eff_site_t site, eff_t *e, eff_fiber_t **slot)
{
    return eff__into_at(site, e, &eff_fiber_type, (void **)slot);
}

uint64_t eff_fiber_id(const eff_fiber_t *fiber)
{
    return fiber ? fiber->id : 0;
}

const eff_exit_t *eff_fiber_poll(eff_fiber_t *fiber)
{
    if (!fiber || fiber->state != EFF__DONE) return NULL;
    fiber->polled = eff__fiber_exit(fiber);
    return &fiber->polled;
}
