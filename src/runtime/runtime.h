/* The runtime: one loop's fibers, their run queue, and what connects them to the outside.
 *
 * Everything here belongs to one thread. Other threads reach it only through the mailbox (mailbox.h), which outlives
 * the runtime. libevent's loop is known to loop.c alone.
 */
#ifndef EFF_RUNTIME_RUNTIME_H
#define EFF_RUNTIME_RUNTIME_H

#include <pthread.h>

#include <effect/deferred.h>
#include <effect/runtime.h>

#include "runtime/debug.h"
#include "runtime/entropy.h"
#include "runtime/fiber.h"
#include "runtime/finalizer.h"
#include "runtime/watch.h"

struct eff__loop;
struct eff__mailbox;
struct eff__pool;
struct eff__stop;
struct eff__timers {
    struct eff__timer *root; /* the pairing heap's, which is the first; NULL when there are none */
    uint64_t next_seq;
    size_t n;
    struct eff__wheel *wheel; /* the later ones, of many; NULL until there were */
    size_t crowd;             /* with more than this in the heap, it is looked whether they belong into the wheel */
};

/* Asked when nothing is runnable: makes something so and returns true, or returns false. TestClock is one. Linked into
 * the runtime by whoever owns it. */
struct eff__idle {
    bool (*idle)(struct eff__idle *self);
    struct eff__idle *next;
};

/* Something that is to happen at a time of the real clock, in no fiber. Linked into the runtime by whoever owns it. */
struct eff__alarm {
    int64_t at;                            /* ns, by eff__now_ns; 0: it is not set */
    void (*due)(struct eff__alarm *alarm); /* called from the loop, once for each setting */
    struct eff__alarm *next;
};

/* What keeps services for the runtime's fibers, as the runtime sees it. Made by whoever provides the first layer. */
struct eff__services {
    /* Adds to the cause (consumed) of a fiber that asked for a service and found none what is known about that. */
    eff_cause_t *(*explain_missing)(const struct eff__services *self, const eff_fiber_t *f, const eff_tag_t *tag,
                                    eff_cause_t *cause);
    /* What becomes of the effect of a root (consumed); returns new. NULL: that effect. */
    eff_t *(*wrap_root)(struct eff__services *self, eff_t *e);
    /* All other fibers have ended, and no root comes any more: keeps nothing for those that could have come. */
    void (*let_go)(struct eff__services *self);
    /* The runtime goes, and no fiber is left. */
    void (*free)(struct eff__services *self);
};

/* Hooks of the testing instruments; all NULL in production. */
struct eff__hooks {
    /* Which of the n ready fibers runs next; asked only when n > 1. */
    size_t (*pick)(void *arg, eff_fiber_t *first, size_t n);
    /* Before each instruction, and each return to a map or fold. It may interrupt fibers. */
    void (*step)(void *arg, eff_fiber_t *f);
    /* A finalizer does not run, since its runtime is freed: told here instead of on stderr. */
    void (*skipped)(void *arg, const eff_fiber_t *f, eff_site_t site);
    void *arg;
};

struct eff_runtime {
    /* the interpreter's */
    int64_t ops;            /* instructions until the slow path: the rest of the budget, or 0 for its attention */
    int64_t ops_left;       /* what is left of the budget beyond ops */
    eff_fiber_t *current;   /* the fiber that runs, NULL outside the interpreter */
    eff_fiber_t *switch_to; /* with EFF__SWITCH */
    const char *misuse;     /* a mistake reported by the callback that runs: its message, in misuse_text */
    char misuse_text[512];
    struct eff__trace trace; /* of the failure that is unwinding */
    /* the scheduler's */
    eff_fiber_t *ready_first, *ready_last;
    eff_fiber_t *ended_first, *ended_last; /* whose on_exit is to be called */
    int64_t budget;
    int64_t turn_ops; /* instructions until the loop has its turn */
    struct eff__hooks hooks;
    struct eff__debug debug;
    struct eff__watch watch;
    struct eff__finalizers finalizers;
    struct eff__idle *idlers;
    struct eff__alarm *alarms;
    size_t n_fibers;    /* that live */
    size_t n_external;  /* of those, how many wait for a timer or the outside */
    size_t n_async;     /* answers that may come from another thread or the loop */
    size_t n_blocking;  /* of those, jobs on the pool */
    size_t n_abandoned; /* jobs on the pool that no fiber waits for any more */
    bool calls_later;   /* plain C interrupts: cancelers are not called within that, but from the loop */
    eff_async_t *first_cancel, *last_cancel; /* whose cancelers are to be called */
    eff_fiber_t *roots;                      /* living roots and daemons, linked as siblings, the latest; zombies too */
    eff_fiber_t *scoped;                     /* the same for fibers owned by scopes */
    uint64_t next_id;
    struct eff__timers timers; /* of the live clock */
    int64_t now;               /* ns; the loop's cached time, valid for this turn */
    bool now_valid;
    /* Waiting is measured by the live clock, or by the first TestClock that is bound to the runtime, and goes on without
     * a jump when that changes. */
    int64_t wait_time;          /* what it shows in this turn; 0: nobody has asked yet */
    const int64_t *virtual_now; /* that of a TestClock; NULL: the live clock */
    int64_t wait_shift;         /* what is added to the clock's time */
    bool draining;              /* in eff__drain */
    bool undisturbed;           /* nobody has a say between the turns of two fibers: see eff__drain */
    bool driving;               /* eff_runtime_run runs the loop and drains by itself */
    bool steered;               /* a test lets it run, by and by: on its own loop too, nobody else does */
    bool timers_polled;         /* due sleepers were moved since the last turn */
    uint32_t max_turns;         /* per fiber, without time moving; 0: no limit, and what follows is not kept */
    uint32_t max_budgets;       /* that it may spend in that time; 0: no limit */
    uint64_t n_turns;           /* of all fibers */
    uint64_t spender;           /* the id of the fiber that was the last to spend its budget */
    uint32_t epoch;             /* goes up whenever TestClock moves time */
    bool supervised;            /* some fiber was, or is, started under a supervisor */
    bool freeing;
    bool shutting_down;
    int64_t grace_ends;     /* of eff_runtime_shutdown_within, by the live clock; 0: none runs. Counted in n_external */
    bool stoppable;         /* it can be asked to stop from outside its fibers */
    struct eff__stop *stop; /* the token of all that has no other; owned */
    void (*shutdown_done)(void *arg);
    void *shutdown_arg;
    eff_context_t *context; /* the root context */
    eff_runtime_options_t options;
    struct eff__loop *loop;
    struct eff__mailbox *mailbox;
    struct eff__pool *pool;             /* NULL until the first blocking job */
    struct eff__last_words *last_words; /* who has some: last_words.h */
    struct eff__entropy entropy;
    struct eff__services *services; /* NULL until a layer is provided; owned */
    pthread_t thread;
    eff_runtime_t *next_of_thread, **link_of_thread; /* see eff__runtimes; the pointer that points at this */
};

/* The runtime whose interpreter runs on this thread, or NULL. */
extern __thread eff_runtime_t *eff__running;
/* The runtimes that this thread made, the latest first: where a debugger finds them, in a core dump too. */
extern __thread eff_runtime_t *eff__runtimes;

/* ---- interp.c */

/* Runs f, and the sides it starts, until it loses the loop. */
void eff__interpret(eff_runtime_t *rt, eff_fiber_t *f);
/* The same, telling watch.c of everything it does. */
void eff__interpret_watched(eff_runtime_t *rt, eff_fiber_t *f);

/* ---- sched.c */

/* Appends to the run queue. */
static inline void eff__enqueue(eff_fiber_t *f)
{
    eff_runtime_t *rt = f->rt;
    f->next_ready = NULL;
    if (rt->ready_last) rt->ready_last->next_ready = f;
    else rt->ready_first = f;
    rt->ready_last = f;
}
/* eff__suspend, but that the first fiber that is suspended in a turn may have to read the clock: then it returns false,
 * and f->since is still to be set. */
static inline bool eff__suspend_at_once(eff_fiber_t *f, const struct eff__wait_ops *ops, void *object)
{
    eff_runtime_t *rt = f->rt;
    f->state = EFF__SUSPENDED;
    f->wait.ops = ops;
    f->wait.object = object;
    f->since = rt->wait_time;
    if (ops->external || f->attrs & EFF__EXTERNAL) {
        f->flags |= EFF__OUTSIDE;
        rt->n_external++;
    }
    return __builtin_expect(f->since != 0, 1);
}
/* eff__wake within a turn, as in the instructions of fibers: the loop need not hear of it. */
static inline void eff__wake_in_turn(eff_fiber_t *f)
{
    if (__builtin_expect(f->flags & EFF__OUTSIDE, 0)) {
        f->flags &= ~(uint32_t)EFF__OUTSIDE;
        f->rt->n_external--;
    }
    f->state = EFF__READY;
    f->cur = 0;
    eff__enqueue(f);
}
/* How long it is. O(n) */
size_t eff__n_ready(const eff_runtime_t *rt);
/* Takes the first out of it; there is one. */
static inline eff_fiber_t *eff__take_ready(eff_runtime_t *rt)
{
    eff_fiber_t *f = rt->ready_first;
    rt->ready_first = f->next_ready;
    if (!rt->ready_first) rt->ready_last = NULL;
    return f;
}

/* The interpreter is to look up from its work at the next instruction: see eff__attend. */
static inline void eff__look_up(eff_runtime_t *rt)
{
    if (rt->ops > 0) rt->ops_left += rt->ops;
    rt->ops = 0;
}

/* What a fiber's turn counted for: its instructions, and the switch to it. */
static inline int64_t eff__ops_used(const eff_runtime_t *rt)
{
    enum { SWITCH_OPS = 32 };
    return rt->budget - rt->ops - rt->ops_left + SWITCH_OPS;
}
/* A fiber's turn is over: the next fiber, if nobody wants to have a say in that or a look between them; else NULL, and
 * eff__drain goes on. */
static inline eff_fiber_t *eff__next_at_once(eff_runtime_t *rt)
{
    if (!rt->undisturbed) return NULL;
    int64_t left = rt->turn_ops - eff__ops_used(rt);
    if (left <= 0 || !rt->ready_first) return NULL;
    rt->turn_ops = left;
    rt->ops = rt->budget;
    rt->ops_left = 0;
    return eff__take_ready(rt);
}
/* Runs ready fibers until none is left or enough instructions were run for the loop to have its turn. */
void eff__drain(eff_runtime_t *rt);
/* Nothing is ready: asks the idlers, true if one of them made something ready. */
bool eff__idle(eff_runtime_t *rt);
void eff__idle_add(eff_runtime_t *rt, struct eff__idle *idler);
void eff__idle_remove(eff_runtime_t *rt, struct eff__idle *idler);
/* Nothing is ready, nobody idles, and no fiber waits for the outside: a deadlock of these fibers. Fails the suspended
 * ones with a report; the innermost first. */
void eff__deadlock(eff_runtime_t *rt);

EFF_API void eff__alarm_add(eff_runtime_t *rt, struct eff__alarm *alarm);
EFF_API void eff__alarm_remove(eff_runtime_t *rt, struct eff__alarm *alarm);
/* When the earliest is due; 0: none is set. */
int64_t eff__alarms_next(const eff_runtime_t *rt);
/* Calls those that are due. */
void eff__alarms_due(eff_runtime_t *rt, int64_t now);

/* Plain C made fibers ready: outside a turn, the loop has to hear of it. */
void eff__woke_from_plain_c(eff_runtime_t *rt);
/* Adds n to how many turns the fiber got since time last moved; returns the sum. */
uint32_t eff__count_turns(eff_fiber_t *f, uint32_t n);
/* Has the fiber's on_exit called once the interpreter has let go of it. */
void eff__post_exit(eff_fiber_t *f);
/* After a drain on the caller's loop: goes on idling or draining, notices deadlocks and the end of a shutdown. */
void eff__turn_ended(eff_runtime_t *rt);
/* Tells the owner of the runtime about a failure that nobody asked for. */
void eff__report_unobserved(eff_runtime_t *rt, const eff_fiber_t *f, const eff_cause_t *cause);
/* If the callback that just ran reported a mistake: fails with it (dropping reg) and returns true. */
bool eff__take_misuse(eff_fiber_t *f, eff_site_t site);

/* ---- loop.c: the only file that knows libevent's loop */

struct eff__loop *eff__loop_new(eff_runtime_t *rt, struct event_base *base);
/* With `forked` the loop is shared with a parent process and only forgotten. */
void eff__loop_free(struct eff__loop *loop, bool forked);
struct event_base *eff__loop_base(struct eff__loop *loop);
bool eff__loop_is_own(const struct eff__loop *loop);
/* Whether the caller's loop is not running already: tried by having it handle what is there, without waiting. */
bool eff__loop_can_run(struct eff__loop *loop);
/* Something became ready outside a turn: the loop will drain soon. */
void eff__loop_kick(struct eff__loop *loop);
/* A turn has ended with fibers still ready: the next one comes after the loop has looked at the outside. */
void eff__loop_next_turn(struct eff__loop *loop);
/* The turn is over: arms the timer for the next deadline, and keeps the loop alive for as long as answers may come. */
void eff__loop_settle(struct eff__loop *loop);
/* Runs the loop once; `block`: until something happens. */
void eff__loop_once(struct eff__loop *loop, bool block);
/* From any thread: has the loop empty the mailbox. */
void eff__loop_wake(struct eff__loop *loop);
/* Watches a signal; the callback runs from the loop. NULL when it cannot. */
void *eff__loop_signal(struct eff__loop *loop, int signal, void (*fn)(int signal, void *arg), void *arg);
void eff__loop_signal_free(void *watch);

/* Monotonic time in ns, from the system. */
EFF_API int64_t eff__now_ns(void);
/* The live clock's time in ns: cached, and the same for a whole turn. */
int64_t eff__now(eff_runtime_t *rt);
/* The time that waiting is measured by, in ns: of this turn, so that a clock is read once in it, and by now. */
int64_t eff__wait_time(eff_runtime_t *rt);
int64_t eff__wait_time_now(const eff_runtime_t *rt);
/* From now on waiting is measured by a TestClock, whose time stands at virtual_now, or with NULL by the live clock. */
void eff__wait_time_follow(eff_runtime_t *rt, const int64_t *virtual_now);
/* Moves due sleepers of the live clock to the run queue, once per turn, before anything that came from outside. */
void eff__timers_due(eff_runtime_t *rt);

/* ---- async.c */
/* Calls the cancelers that plain C's interruptions have left to the loop. */
void eff__cancels_due(eff_runtime_t *rt);

/* ---- deferred.c */
/* One is to be dropped here and now: true if it held nothing that has to be dropped, and is gone. */
bool eff__deferred_dispose(eff_deferred_t *d);

/* ---- mailbox.c */
struct eff__mailbox *eff__mailbox_new(eff_runtime_t *rt);
/* Runs what other threads posted. */
void eff__mailbox_empty(struct eff__mailbox *mailbox);
/* The runtime shuts down: what others offer from now on is refused. */
void eff__mailbox_refuse(struct eff__mailbox *mailbox);
/* The runtime goes away; the mailbox stays for those who still hold it. */
void eff__mailbox_close(struct eff__mailbox *mailbox);
/* The same in the child of a fork(2): whatever is in it stays. */
void eff__mailbox_forget(struct eff__mailbox *mailbox);

/* ---- blocking.c */
/* No job begins any more. Waits for those that run, but for those that may be abandoned. */
void eff__pool_close(struct eff__pool *pool);
/* After that, and when no fiber waits for a job. */
void eff__pool_free(struct eff__pool *pool);

/* ---- runtime.c */
/* The grace of eff_runtime_shutdown_within has passed. */
void eff__grace_passed(eff_runtime_t *rt);
/* As eff_runtime_run; *ret_fiber is the fiber, borrowed, while it runs, for signal handlers; NULL afterwards. */
eff_exit_t eff__run_watched(eff_runtime_t *rt, eff_t *e, eff_fiber_t **ret_fiber);
/* Shuts down and runs the loop until that is done. */
EFF_API void eff__run_shutdown(eff_runtime_t *rt);

/* ---- unwind.c */
void eff__unwind_all(eff_runtime_t *rt);
void eff__gen_unwind(eff_fiber_t *f, void *run);
void eff__bracket_unwind(eff_fiber_t *f, uintptr_t *head);
void eff__permits_unwind(const uintptr_t *head);
void eff__each_unwind(void *each);

/* ---- tree.c: walking the fibers, and who waits for whom */

/* All fibers, parents before children, siblings in order of forking, those that scopes own last; NULL at the end.
 * `level` is kept: 1 for roots. */
const eff_fiber_t *eff__first_fiber(const eff_runtime_t *rt);
const eff_fiber_t *eff__next_fiber(const eff_runtime_t *rt, const eff_fiber_t *f, size_t *level);
/* Visits every fiber, children before their parent, until visit returns false. It must not end any. */
void eff__each_fiber(const eff_runtime_t *rt, bool (*visit)(eff_fiber_t *f, void *arg), void *arg);
/* The fibers whose ends a suspended fiber waits for: the one it joins, or all that it started and has to await. After
 * `last`, the one given before; NULL: the first, and after the last. */
eff_fiber_t *eff__waits_for_next(const eff_fiber_t *f, const eff_fiber_t *last);

/* ---- deadlock_report.c */

/* The cause of a deadlock: a Die that names who waits for what, and in which circles. Returns new. */
eff_cause_t *eff__deadlock_report(const eff_runtime_t *rt);
/* Whether a cause is such a report, and tells nothing else: interruptions may have come to it. */
bool eff__is_deadlock(const eff_cause_t *cause);

#endif
