/* The runtime's life: making one, running effects on it, interrupting, shutting down, freeing. */
#include "runtime/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/misuse.h"
#include "runtime/mailbox.h"

/* ---- mistakes and lost memory reported by callbacks: kept for the interpreter, which asks when they return */

static bool misuse_in_fiber(const char *message)
{
    eff_runtime_t *rt = eff__running;
    if (!rt || !rt->current) return false;
    if (rt->misuse) return true; /* the first mistake is the one to mend */
    static const char cut[] = " ... [cut]";
    int n = snprintf(rt->misuse_text, sizeof rt->misuse_text, "%s", message);
    if (n >= (int)sizeof rt->misuse_text)
        memcpy(rt->misuse_text + sizeof rt->misuse_text - sizeof cut, cut, sizeof cut);
    rt->misuse = rt->misuse_text;
    return true;
}

static void oom_in_fiber(void)
{
    (void)misuse_in_fiber("out of memory");
}

/* The last reference to a fiber that its owner still lists (it failed, unobserved), given up on another thread: the list
 * is its own thread's, so the fiber goes there. The post lies where the fiber waited, which it does no more. */
static void drop_posted(struct eff__post *post, eff_runtime_t *rt)
{
    (void)rt;
    eff__payload_destroy((char *)post - offsetof(eff_fiber_t, post));
}

static bool dispose_handle(const eff_type_t *type, void *payload)
{
    eff_fiber_t *f = (eff_fiber_t *)payload;
    if (type != &eff_fiber_type || !(f->flags & EFF__ZOMBIE) || pthread_equal(f->rt->thread, pthread_self()))
        return false;
    f->post.run = drop_posted;
    eff__mailbox_post(f->rt->mailbox, &f->post);
    return true;
}

static __attribute__((constructor)) void install_hooks(void)
{
    eff__misuse_in_fiber = misuse_in_fiber;
    eff__handle_dispose = dispose_handle;
    eff__oom_in_fiber = oom_in_fiber;
}

/* ---- making and freeing */

__thread eff_runtime_t *eff__runtimes;

static void register_runtime(eff_runtime_t *rt)
{
    rt->next_of_thread = eff__runtimes;
    rt->link_of_thread = &eff__runtimes;
    if (eff__runtimes) eff__runtimes->link_of_thread = &rt->next_of_thread;
    eff__runtimes = rt;
}

/* Takes it out of the list of its thread, which must be this one. */
static void forget_runtime(eff_runtime_t *rt)
{
    *rt->link_of_thread = rt->next_of_thread;
    if (rt->next_of_thread) rt->next_of_thread->link_of_thread = rt->link_of_thread;
}

/* The options as far as the caller's header knew them; the rest are defaults. */
static eff_runtime_options_t options_of(const eff_runtime_options_t *given)
{
    eff_runtime_options_t options = { 0 };
    size_t size = given && given->size ? given->size : sizeof options;
    if (given) memcpy(&options, given, size < sizeof options ? size : sizeof options);
    return options;
}

eff_runtime_t *eff_runtime_new(const eff_runtime_options_t *given)
{
    const eff_runtime_options_t options = options_of(given);
    eff_runtime_t *rt = eff__malloc(sizeof *rt);
    if (!rt) {
        if (options.context) eff_context_decref(options.context);
        return NULL;
    }
    memset(rt, 0, sizeof *rt);
    rt->options = options;
    rt->context = rt->options.context;
    rt->budget = rt->options.budget ? rt->options.budget : 2048;
    rt->thread = pthread_self();
    rt->debug = eff__debug_read();
    rt->loop = eff__loop_new(rt, rt->options.base);
    if (rt->loop) rt->mailbox = eff__mailbox_new(rt);
    if (rt->mailbox) {
        register_runtime(rt);
        return rt;
    }
    if (rt->loop) eff__loop_free(rt->loop, false);
    if (rt->context) eff_context_decref(rt->context);
    eff__raw_free(rt);
    return NULL;
}

void eff_runtime_free(eff_runtime_t *rt)
{
    if (!rt) return;
    if (rt->draining || rt->driving || rt->freeing) {
        eff__misuse(
            "eff_runtime_free was called from a callback of its fibers, or from inside eff_runtime_run; do it from "
            "the loop, or in shutdown's done");
        return;
    }
    if (!pthread_equal(rt->thread, pthread_self())) {
        eff__misuse("eff_runtime_free was called on another thread than the one that made the runtime, so it was not "
                    "freed");
        return;
    }
    rt->freeing = true;
    while (rt->roots && rt->roots->flags & EFF__ZOMBIE)
        eff__fiber_let_go(rt->roots);
    if (rt->n_fibers > 0) { /* reported in any case */
        eff_buffer_t report = EFF_BUFFER_INIT;
        eff__dump_fibers(rt, &report);
        int size = report.size ? (int)report.size - 1 : 0; /* without the last line's end */
        const char *are = rt->n_fibers == 1 ? "fiber is" : "fibers are";
        eff__misuse("eff_runtime_free: %zu %s still alive; shut the runtime down first\n%.*s", rt->n_fibers, are, size,
                    eff_buffer_text(&report));
        eff_buffer_done(&report);
    }
    /* Jobs on the pool are waited for: they hold answers to fibers that are unwound now. */
    if (rt->pool) {
        eff__pool_free(rt->pool);
        rt->pool = NULL;
    }
    eff__unwind_all(rt);
    eff__mailbox_close(rt->mailbox);
    eff__loop_free(rt->loop, false);
    if (rt->context) eff_context_decref(rt->context);
    forget_runtime(rt);
    eff__raw_free(rt);
}

void eff_runtime_abandon(eff_runtime_t *rt)
{
    if (!rt) return;
    rt->freeing = true;
    eff__mailbox_close(rt->mailbox);
    eff__loop_free(rt->loop, true);
    if (pthread_equal(rt->thread, pthread_self())) forget_runtime(rt);
}

/* ---- forking from outside */

static eff_fiber_t *new_root(eff_runtime_t *rt, eff_t *e, eff_exit_fn on_exit, void *arg)
{
    struct eff__rare *rare = NULL;
    if (on_exit) {
        rare = eff__alloc(sizeof *rare);
        if (!rare) {
            eff_decref(e);
            return NULL;
        }
        *rare = (struct eff__rare){ on_exit, arg };
    }
    eff_fiber_t *f = eff__fiber_new(rt, e, rt->context, NULL);
    if (!f) {
        if (rare) eff__free(rare, sizeof *rare);
        return NULL;
    }
    if (rare) {
        f->rare = rare;
        f->flags |= EFF__HAS_RARE;
    }
    eff__fiber_adopt(&rt->roots, f);
    return f;
}

int eff_runtime_fork(eff_runtime_t *rt, eff_t *e, eff_exit_fn on_exit, void *arg, eff_fiber_t **ret_fiber)
{
    if (ret_fiber) *ret_fiber = NULL;
    if (!e) e = eff__mistake(NULL, "the effect given to eff_runtime_fork is NULL");
    if (rt->shutting_down || rt->freeing) {
        eff_decref(e);
        return -ECANCELED;
    }
    eff_fiber_t *f = new_root(rt, e, on_exit, arg);
    if (!f) return -ENOMEM;
    if (ret_fiber) *ret_fiber = eff_fiber_incref(f);
    eff__enqueue(f);
    if (!rt->draining) eff__loop_kick(rt->loop);
    return 0;
}

void eff_runtime_interrupt(eff_runtime_t *rt, eff_fiber_t *fiber)
{
    if (!fiber || fiber->state == EFF__DONE) return;
    if (fiber->rt != rt) {
        eff__misuse("eff_runtime_interrupt: the fiber belongs to another runtime");
        return;
    }
    eff_cause_t *cause = eff__interrupt_cause(NULL, EFF_INTERRUPT_EXPLICIT, NULL);
    eff__fiber_interrupt(fiber, cause);
    eff_cause_decref(cause);
}

size_t eff_runtime_n_fibers(const eff_runtime_t *rt)
{
    return rt->n_fibers;
}

void eff_runtime_dump(const eff_runtime_t *rt, eff_buffer_t *out)
{
    eff__dump_fibers(rt, out);
}

/* ---- running */

/* Runs the loop until the fiber has ended. */
static void drive(eff_runtime_t *rt, eff_fiber_t *f)
{
    rt->driving = true;
    while (f->state != EFF__DONE) {
        eff__drain(rt);
        if (f->state == EFF__DONE) break;
        if (rt->n_external > 0 || rt->ready_first) eff__loop_once(rt->loop, false);
        if (rt->ready_first) continue;
        if (rt->n_blocking == 0 && eff__idle(rt)) continue;
        if (rt->n_external > 0) eff__loop_once(rt->loop, true);
        else eff__deadlock(rt);
    }
    rt->driving = false;
    eff__loop_settle(rt->loop);
    if (rt->ready_first || rt->shutting_down) eff__loop_kick(rt->loop);
}

/* The cause of a fiber's death that cannot be told through one. */
static eff_exit_t refuse(eff_t *e, const char *message)
{
    eff_decref(e);
    return eff_exit_fail_cause(eff_cause_die(eff_literal(message)));
}

eff_exit_t eff__run_watched(eff_runtime_t *rt, eff_t *e, eff_fiber_t **ret_fiber)
{
    if (eff__running || rt->driving) {
        eff__misuse(
            "eff_run or eff_runtime_run was called from a callback of a loop that runs: from a fiber, return the "
            "effect instead; from elsewhere, use eff_runtime_fork");
        return refuse(e, "eff_run cannot be called from inside a fiber: return the effect instead");
    }
    if (!e) e = eff__mistake(NULL, "the effect given to eff_main, eff_run or eff_runtime_run is NULL");
    if (rt->shutting_down) return refuse(e, "the runtime is shutting down");
    if (!eff__loop_is_own(rt->loop) && !eff__loop_can_run(rt->loop)) {
        eff__misuse(
            "eff_runtime_run was called from a callback of the loop it would have to run: use eff_runtime_fork");
        return refuse(e, "eff_runtime_run cannot be called from a callback of its own loop: use eff_runtime_fork");
    }
    eff_fiber_t *f = new_root(rt, e, NULL, NULL);
    if (!f) return eff_exit_fail_cause(eff_cause_incref(eff__cause_oom));
    eff_fiber_incref(f);
    *ret_fiber = f;
    eff__enqueue(f);
    drive(rt, f);
    eff_exit_t view = eff__fiber_exit(f), exit = eff_exit_incref(&view);
    if (f->flags & EFF__ZOMBIE) eff__fiber_disown(f);
    eff_fiber_decref(f);
    return exit;
}

eff_exit_t eff_runtime_run(eff_runtime_t *rt, eff_t *e)
{
    eff_fiber_t *fiber;
    return eff__run_watched(rt, e, &fiber);
}

void eff__run_shutdown(eff_runtime_t *rt)
{
    if (!rt->shutting_down) eff_runtime_shutdown(rt, NULL, NULL);
    rt->driving = true;
    while (rt->n_fibers > 0) {
        eff__drain(rt);
        eff__turn_ended(rt);
        if (rt->n_fibers == 0 || rt->ready_first) continue;
        if (rt->n_external > 0) eff__loop_once(rt->loop, true);
        else if (!eff__idle(rt)) eff__deadlock(rt);
    }
    rt->driving = false;
}

eff_exit_t eff_run(eff_t *e)
{
    eff_runtime_t *rt = eff_runtime_new(NULL);
    if (!rt) {
        eff_decref(e);
        return eff_exit_fail_cause(eff_cause_incref(eff__cause_oom));
    }
    eff_exit_t exit = eff_runtime_run(rt, e);
    if (rt->n_fibers > 0) eff__run_shutdown(rt);
    eff_runtime_free(rt);
    return exit;
}

/* ---- shutting down: roots first, then daemons, then done */

/* Interrupts the roots, or the daemons; false when there are none of them. */
static bool interrupt_roots(eff_runtime_t *rt, bool daemons)
{
    bool any = false;
    eff_cause_t *cause = eff__interrupt_cause(NULL, EFF_INTERRUPT_SHUTDOWN, NULL);
    for (eff_fiber_t *f = rt->roots; f; f = f->sibling_prev) {
        if (f->state == EFF__DONE || !(f->flags & EFF__DAEMON) != !daemons) continue;
        any = true;
        eff__fiber_interrupt(f, cause);
    }
    eff_cause_decref(cause);
    return any;
}

void eff_runtime_shutdown(eff_runtime_t *rt, void (*done)(void *arg), void *arg)
{
    if (rt->shutting_down) {
        eff__misuse("eff_runtime_shutdown was called twice");
        return;
    }
    rt->shutting_down = true;
    rt->shutdown_done = done;
    rt->shutdown_arg = arg;
    (void)interrupt_roots(rt, false);
    if (!rt->draining) eff__loop_kick(rt->loop);
}

void eff__turn_ended(eff_runtime_t *rt)
{
    if (rt->shutting_down && !interrupt_roots(rt, false) && !interrupt_roots(rt, true) && rt->n_fibers == 0 &&
        rt->shutdown_done) {
        void (*done)(void *) = rt->shutdown_done;
        rt->shutdown_done = NULL;
        eff__loop_settle(rt->loop);
        done(rt->shutdown_arg); /* may free the runtime */
        return;
    }
    if (!rt->ready_first && rt->n_blocking == 0 && !rt->driving) (void)eff__idle(rt);
    if (!rt->driving) eff__loop_settle(rt->loop);
    if (rt->ready_first) {
        eff__loop_next_turn(rt->loop);
    } else if (rt->n_fibers > 0 && rt->n_external == 0 && rt->options.on_deadlock && !rt->driving) {
        rt->options.on_deadlock(rt, rt->options.arg); /* without it nothing: an event of the host's may still help */
    }
}
