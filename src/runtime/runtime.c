/* The runtime's life: making one, running effects on it, interrupting, shutting down, freeing. */
#include "runtime/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/misuse.h"
#include "core/track.h"
#include "runtime/dump.h"
#include "runtime/home.h"
#include "runtime/last_words.h"
#include "runtime/mailbox.h"
#include "runtime/rare.h"
#include "runtime/stop.h"
#include "runtime/timer.h"

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
    eff__look_up(rt);
    return true;
}

static void oom_in_fiber(void)
{
    (void)misuse_in_fiber("out of memory");
}

static bool dispose_handle(const eff_type_t *type, void *payload)
{
    if (type == &eff_fiber_type) return eff__zombie_dispose((eff_fiber_t *)payload);
    if (!(type->flags & EFF__TYPE_AT_HOME)) return false;
    if (eff__home_drops_here((const struct eff__home *)payload))
        return type == &eff_deferred_type && eff__deferred_dispose((eff_deferred_t *)payload);
    eff__home_post(payload);
    return true;
}

static __attribute__((constructor)) void install_hooks(void)
{
    eff__misuse_in_fiber = misuse_in_fiber;
    eff__handle_dispose = dispose_handle;
    eff__oom_in_fiber = oom_in_fiber;
}

/* ---- making and freeing */

__thread eff_runtime_t *eff__runtimes, *eff__running;

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
    rt->supervised = rt->options.supervisor;
    rt->budget = rt->options.budget ? rt->options.budget : 2048;
    rt->thread = pthread_self();
    rt->debug = eff__debug_read(&options);
    rt->watch.on = rt->debug.slow_ns || rt->debug.leaks;
    eff__track_as(rt, EFF__BLOCK_RUNTIME);
    rt->stoppable = rt->options.base;
    rt->mailbox = eff__mailbox_new(rt);
    if (rt->mailbox) rt->stop = eff__stop_new(rt, NULL);
    if (rt->stop) rt->loop = eff__loop_new(rt, rt->options.base);
    if (rt->loop) {
        register_runtime(rt);
        return rt;
    }
    eff__stop_decref(rt->stop);
    if (rt->mailbox) eff__mailbox_decref(rt->mailbox);
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
        eff__dump_fibers(rt, (struct eff__sink){ .buffer = &report }, false);
        int size = report.size ? (int)report.size - 1 : 0; /* without the last line's end */
        const char *are = rt->n_fibers == 1 ? "fiber is" : "fibers are";
        eff__misuse("eff_runtime_free: %zu %s still alive; shut the runtime down first\n%.*s", rt->n_fibers, are, size,
                    eff_buffer_text(&report));
        eff_buffer_done(&report);
    }
    /* Jobs on the pool are waited for: they use what their fibers hold, which are unwound now. */
    if (rt->pool) eff__pool_close(rt->pool);
    eff__unwind_all(rt);
    eff__cancels_due(rt); /* of those, nobody waits any more */
    if (rt->pool) eff__pool_free(rt->pool);
    if (rt->services) rt->services->free(rt->services);
    eff__stop_end(rt->stop);
    eff__stop_decref(rt->stop);
    eff__mailbox_close(rt->mailbox);
    eff__loop_free(rt->loop, false);
    if (rt->context) eff_context_decref(rt->context);
    eff__last_words_forget(rt);
    forget_runtime(rt);
    eff__timers_done(&rt->timers);
    eff__raw_free(rt);
}

void eff_runtime_abandon(eff_runtime_t *rt)
{
    if (!rt) return;
    rt->freeing = true;
    eff__last_words_forget(rt);
    eff__mailbox_forget(rt->mailbox);
    eff__loop_free(rt->loop, true);
    if (pthread_equal(rt->thread, pthread_self())) forget_runtime(rt);
}

/* ---- forking from outside */

static eff_fiber_t *new_root(eff_runtime_t *rt, eff_t *e, eff_exit_fn on_exit, void *arg)
{
    if (rt->services && rt->services->wrap_root) e = rt->services->wrap_root(rt->services, e);
    eff_fiber_t *f = eff__fiber_new(rt, e, rt->context, NULL);
    if (!f) return NULL;
    f->flags |= EFF__MAIN;
    eff__fiber_adopt(&rt->roots, f);
    if (on_exit && !eff__rare_of(f)) {
        eff__fiber_unwind(f); /* gives it up, as nothing of it has run */
        return NULL;
    }
    if (on_exit) {
        f->rare->on_exit = (eff_fiber_observer_t){ .on_exit = on_exit, .arg = arg };
        (void)eff_fiber_observe(f, &f->rare->on_exit);
    }
    eff__fiber_begins(f, NULL);
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
    if (rt->freeing) return; /* all are given up: this one may be in the midst of it */
    eff_cause_t *cause = eff__interrupt_cause(NULL, EFF_INTERRUPT_EXPLICIT, NULL);
    rt->calls_later = true;
    eff__fiber_interrupt(fiber, cause);
    rt->calls_later = false;
    eff_cause_decref(cause);
}

size_t eff_runtime_n_fibers(const eff_runtime_t *rt)
{
    return rt->n_fibers;
}

/* ---- ending: all are asked to stop; then roots first, then daemons, then done */

/* Interrupts the roots, or the daemons; false when there are none of them. */
static bool interrupt_roots(eff_runtime_t *rt, bool daemons)
{
    bool any = false;
    eff_cause_t *cause = eff__interrupt_cause(NULL, EFF_INTERRUPT_SHUTDOWN, NULL);
    for (eff_fiber_t *f = rt->roots; f; f = f->sibling_prev) {
        if (f->state == EFF__DONE || f->flags & EFF__KEEPER || !(f->flags & EFF__DAEMON) != !daemons) continue;
        any = true;
        eff__fiber_interrupt(f, cause);
    }
    eff_cause_decref(cause);
    return any;
}

/* Nothing comes from outside any more, and everything is asked to stop. */
static void begin_shutdown(eff_runtime_t *rt, void (*done)(void *arg), void *arg)
{
    rt->shutting_down = true;
    eff__mailbox_refuse(rt->mailbox);
    rt->shutdown_done = done;
    rt->shutdown_arg = arg;
    eff__finalizers_asked(rt);
    eff__stop_ask(rt->stop);
}

static void set_grace(eff_runtime_t *rt, int64_t ends)
{
    if (!rt->grace_ends) rt->n_external++;
    rt->grace_ends = ends;
    if (!ends) rt->n_external--;
}

/* Whether any fiber lives but those that keep services, and theirs. */
static bool roots_live(const eff_runtime_t *rt)
{
    const eff_fiber_t *f = rt->roots;
    while (f && (f->state == EFF__DONE || f->flags & EFF__KEEPER))
        f = f->sibling_prev;
    return f;
}

/* Interrupts those whose turn it is to end; false when nobody is left. */
static bool end_others(eff_runtime_t *rt)
{
    if (rt->grace_ends && roots_live(rt)) return true;
    if (rt->grace_ends) set_grace(rt, 0);
    if (interrupt_roots(rt, false) || interrupt_roots(rt, true)) return true;
    if (rt->services) rt->services->let_go(rt->services);
    return rt->n_fibers > 0;
}

/* Whoever waits for the end hears of it; he may free the runtime. */
static void tell_done(eff_runtime_t *rt)
{
    void (*done)(void *) = rt->shutdown_done;
    rt->shutdown_done = NULL;
    eff__loop_settle(rt->loop);
    if (done) done(rt->shutdown_arg);
}

/* On a loop of its own the runtime has to end by itself. */
static bool nobody_else_runs(const eff_runtime_t *rt)
{
    return eff__loop_is_own(rt->loop) && !rt->driving && !rt->draining && !rt->steered;
}

/* Runs the loop until the shutdown that has begun is over. */
static void finish_shutdown(eff_runtime_t *rt)
{
    rt->driving = true;
    for (;;) {
        eff__cancels_due(rt);
        eff__mailbox_look(rt->mailbox);
        eff__drain(rt);
        if (!end_others(rt)) break;
        if (rt->n_external > 0 || rt->ready_first) eff__loop_once(rt->loop, false);
        if (rt->ready_first || (rt->n_blocking == 0 && eff__idle(rt))) continue;
        if (rt->n_external > 0) eff__loop_once(rt->loop, true);
        else eff__deadlock(rt);
    }
    rt->driving = false;
    tell_done(rt);
}

/* ---- running */

/* Runs the loop until the fiber has ended. */
static void drive(eff_runtime_t *rt, eff_fiber_t *f)
{
    rt->driving = true;
    while (f->state != EFF__DONE) {
        eff__cancels_due(rt);
        eff__mailbox_look(rt->mailbox);
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
    if (rt->ready_first || rt->first_cancel || rt->shutting_down) eff__loop_kick(rt->loop);
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
    if (f->flags & EFF__ZOMBIE) eff__fiber_let_go(f);
    *ret_fiber = NULL; /* signals come while the shutdown is finished, too */
    eff_fiber_decref(f);
    if (rt->shutting_down && nobody_else_runs(rt)) finish_shutdown(rt);
    return exit;
}

eff_exit_t eff_runtime_run(eff_runtime_t *rt, eff_t *e)
{
    eff_fiber_t *fiber;
    return eff__run_watched(rt, e, &fiber);
}

void eff__run_shutdown(eff_runtime_t *rt)
{
    if (!rt->shutting_down) {
        begin_shutdown(rt, NULL, NULL);
        (void)interrupt_roots(rt, false);
    }
    finish_shutdown(rt);
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

/* ---- shutting down, from outside */

static void interrupt_from_plain_c(eff_runtime_t *rt)
{
    rt->calls_later = true;
    (void)interrupt_roots(rt, false);
    rt->calls_later = false;
}

static void go_on_ending(eff_runtime_t *rt)
{
    if (nobody_else_runs(rt) && !eff__running) finish_shutdown(rt);
    else if (!rt->draining) eff__loop_kick(rt->loop);
}

void eff_runtime_shutdown(eff_runtime_t *rt, void (*done)(void *arg), void *arg)
{
    if (rt->shutting_down) {
        eff__misuse("eff_runtime_shutdown was called twice");
        return;
    }
    begin_shutdown(rt, done, arg);
    interrupt_from_plain_c(rt);
    go_on_ending(rt);
}

void eff_runtime_shutdown_within(eff_runtime_t *rt, eff_duration_t grace, void (*done)(void *arg), void *arg)
{
    if (rt->shutting_down && (done || !rt->grace_ends)) {
        eff__misuse("eff_runtime_shutdown_within: the runtime is shutting down already");
        return;
    }
    if (!rt->shutting_down) begin_shutdown(rt, done, arg);
    int64_t now = eff__now_ns(), ends = grace.ns > INT64_MAX - now ? INT64_MAX : now + grace.ns;
    if (grace.ns <= 0) {
        if (rt->grace_ends) set_grace(rt, 0);
        eff__stop_cut(rt->stop);
        interrupt_from_plain_c(rt);
    } else if (!rt->grace_ends || ends < rt->grace_ends) {
        set_grace(rt, ends);
    }
    go_on_ending(rt);
}

void eff__grace_passed(eff_runtime_t *rt)
{
    set_grace(rt, 0);
    eff__stop_cut(rt->stop);
    (void)interrupt_roots(rt, false);
}

void eff__turn_ended(eff_runtime_t *rt)
{
    if (rt->shutting_down && !end_others(rt) && rt->shutdown_done) {
        tell_done(rt);
        return;
    }
    if (!rt->ready_first && rt->n_blocking == 0 && !rt->driving) (void)eff__idle(rt);
    if (!rt->driving) eff__loop_settle(rt->loop);
    if (rt->ready_first || rt->first_cancel) {
        eff__loop_next_turn(rt->loop);
    } else if (rt->options.on_deadlock && rt->n_external == 0 && !rt->driving && roots_live(rt)) {
        rt->options.on_deadlock(rt, rt->options.arg); /* without it nothing: an event of the host's may still help */
    }
}
