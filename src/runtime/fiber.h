/* Fibers: the state of one running effect, as the interpreter, the scheduler and the coordination primitives see it.
 *
 * Life: NEW (in the run queue, nothing run yet) -> RUNNING <-> READY (in the run queue) or SUSPENDED (in one wait)
 * -> DONE. A fiber is in exactly one place: running, in the run queue, in one wait, or done.
 *
 * Memory: a fiber is a counted payload. While it lives, its own run holds one reference, given up as its exit is
 * published; handles hold the others. Everything else (frames, context, scope) is released at the end, so a handle that
 * is kept costs the struct and the exit only.
 *
 * Interruption is one word: `interrupt`, set once, never cleared. See interp.c for where it is seen.
 */
#ifndef EFF_RUNTIME_FIBER_H
#define EFF_RUNTIME_FIBER_H

#include <effect/fiber.h>
#include <effect/scope.h>
#include <effect/type.h>

#include "core/cause.h"
#include "core/node.h"

enum eff__state { EFF__NEW, EFF__READY, EFF__RUNNING, EFF__SUSPENDED, EFF__DONE };

/* What the value register holds. */
enum eff__status {
    EFF__OK,     /* a success value */
    EFF__FAILED, /* the error of a Fail whose cause was not made yet: most failures are caught before anybody asks */
    EFF__CAUSED  /* a cause (a value of eff_cause_type) */
};

/* fiber->attrs: what is lexical in the fiber's code; saved and restored by frames. */
enum {
    EFF__MASKED = 1,                               /* interruption is not seen */
    EFF__EXTERNAL = 2,                             /* waits are answered from outside */
    EFF__UNBOUND = 4,                              /* deadlines around do not count */
    EFF__INHERITED = EFF__EXTERNAL | EFF__UNBOUND, /* by sides and children */
};

/* fiber->flags: what is true of the fiber for good, or until somebody clears it. */
enum {
    EFF__SIDE = 1,            /* of a parallel combinator: `owner` is its group, and it uses its parent's scope */
    EFF__BEING_STARTED = 2,   /* runs by switching: when it loses the loop, its parent goes on */
    EFF__AT_RETURN = 4,       /* lost the loop between a success and the next callback: no checkpoint on resuming */
    EFF__INTERRUPT_ADDED = 8, /* Then(failure, Interrupt) was made: once per fiber */
    EFF__DOOMED = 16,         /* failed by the deadlock detector: handlers are skipped */
    EFF__OBSERVED = 32,       /* its exit was delivered to somebody */
    EFF__EARLY = 64,          /* a side that had ended by itself when its group's caller got its turn */
    EFF__ISSUED = 128,        /* a side that its group interrupted */
    EFF__DAEMON = 256,
    EFF__STAY = 512,      /* this wait is not left by interruption */
    EFF__IN_SCOPE = 1024, /* owned by a scope: `owner` is its entry there */
    EFF__ZOMBIE = 2048,   /* ended with an unobserved failure, still in its owner's list */
    EFF__REPORTED = 4096,
    EFF__OUTSIDE = 8192,      /* suspended, and counted in rt->n_external */
    EFF__HAS_RARE = 16384,    /* `rare` is there, and keeps `owner` */
    EFF__BEGUN = 32768,       /* supervisors were told of its start */
    EFF__COLLECTED = 65536,   /* an item whose failure is a result of its group */
    EFF__TELLS = 1u << 20,    /* of a loop: it tells the failure of an item, and its own ends the loop */
    EFF__OWN_SCOPE = 1 << 21, /* a side that is a region of its own: a task */
    EFF__UNSTARTED = 1 << 22, /* a task that has not said yet that it has started: its end is its starter's */
    EFF__MAIN = 1 << 18,      /* nobody forked it */
    EFF__OWN_EXIT = 1 << 23,  /* its value is its own handle, without a reference: it would keep itself */
    EFF__SEEN = 1 << 24,      /* these three: marks of circle.c, while a deadlock is reported */
    EFF__ON_PATH = 1 << 25,
    EFF__IN_CIRCLE = 1 << 26,
    EFF__TOLD = 1 << 27,   /* finalizer.c has told that the end waits for it */
    EFF__KEEPER = 1 << 28, /* builds services and keeps them: ends when nobody uses them any more */
    EFF__USED = 1 << 29    /* of a keeper: somebody does */
};

/* What interpreting code answers: how the fiber goes on. */
enum eff__next {
    EFF__EVAL,    /* with the effect in cur */
    EFF__RETURN,  /* returning reg to the top frame */
    EFF__SUSPEND, /* it lost the loop */
    EFF__SWITCH   /* the fiber in rt->switch_to runs first */
};

/* A way of waiting: static, one per kind of thing waited for. */
struct eff__wait_ops {
    const char *name; /* "for an item of a queue": completes "waits ..." */
    bool external;    /* answered by a timer or by the outside world: no part of a deadlock */
    /* Takes the fiber out of whatever it is linked into, because it was interrupted, and drops what the wait keeps in reg
     * (of other waits reg holds nothing). False: it must stay until it is woken (and then unwinds). NULL: nothing to
     * take it out of. */
    bool (*leave)(eff_fiber_t *f);
    /* The fiber was woken and gets its turn; `interrupted`: it will not see what is in reg. What must not be lost then
     * is given on here. NULL: nothing to do. */
    void (*resumed)(eff_fiber_t *f, bool interrupted);
    /* Adds what stands for `name` where one fiber is told of: "for fd 7 to be readable". NULL: the name. */
    void (*describe)(const eff_fiber_t *f, eff_buffer_t *out);
    /* The time of the clock that the timer belongs to. NULL: the wait has no timer. */
    int64_t (*now)(const eff_fiber_t *f);
    /* The object is a handle's payload: who waits, linked through its links, has a reference to it each, and only who has
     * one can bring about what is waited for. */
    bool on_handle;
    /* Of waits for the ends of all children that a fiber has: that fiber, or NULL. NULL: it is none of these. */
    eff_fiber_t *(*parent)(const eff_fiber_t *f);
    /* The fiber that will bring about what is waited for, or NULL. NULL: there is no such fiber, or other means to tell. */
    eff_fiber_t *(*awaited)(const eff_fiber_t *f);
    bool names_awaited; /* `describe` says who that is */
    bool patient;       /* in a deadlock that fiber is failed first: this is left when that helps nobody */
    bool keeps;         /* of a keeper that waits until nobody uses what it keeps: no part of a deadlock */
    bool idle;          /* of a keeper that has nothing to do: many of them are told of in one line */
};

/* A node of a pairing heap ordered by (deadline, seq), or of a list in the wheel: timer.c. */
struct eff__timer {
    struct eff__timer *child, *next;
    union {
        struct eff__timer *prev;  /* in the heap: the left sibling, or the parent of a first child */
        struct eff__timer **link; /* in the wheel: the pointer that points at this, or did when this was the first */
    };
    int64_t deadline; /* ns of its clock */
    uint64_t seq;
};

struct eff__links {
    eff_fiber_t *prev, *next;
};

/* A list of waiting fibers, first in, first out. */
struct eff__waiters {
    eff_fiber_t *first, *last;
};

/* The same in half the room: the first's prev is the last. */
struct eff__ring {
    eff_fiber_t *first;
};

struct eff__wait {
    const struct eff__wait_ops *ops; /* NULL when not waiting; kept after waking until the fiber runs */
    eff_site_t site;                 /* of the instruction that waits */
    void *object;                    /* what it waits for; owned as ops say */
};

struct eff__group;
struct eff__rare;

/* What a fiber belongs to, besides its parent. */
union eff__owner {
    struct eff__group *group; /* of a side: the group it belongs to */
    struct eff__entry *entry; /* with EFF__IN_SCOPE: its entry there */
};

enum { EFF__INLINE_FRAMES = 4 };

/* What another thread posts to the runtime; see mailbox.h. */
struct eff__post {
    struct eff__post *next;
    /* Runs on the runtime's thread; rt is NULL when the runtime is gone (then on the thread that finds out). */
    void (*run)(struct eff__post *post, eff_runtime_t *rt);
};

/* A million sleepers are as many of these, of which hardly any is in the processor's cache: what is used at the same time
 * lies together, and what never is at the same time shares its place. */
struct eff_fiber {
    union {
        eff_runtime_t *rt;     /* NULL once the runtime is gone */
        eff_fiber_t *way_back; /* within a search of circle.c, which puts it right again */
    };
    uintptr_t *top;   /* one past the last frame; see frame.h */
    uintptr_t *limit; /* one past the block of frames: inline_frames, or on the heap; then it points at a word with the
                         block's address */
    union {
        struct {
            union {
                uintptr_t cur; /* the next effect, with its owned bit; 0: return reg to the top frame */
                int64_t since; /* while SUSPENDED: when that began, see eff__wait_time */
            };
            eff_value_t reg; /* the value register; the exit's value once DONE */
            union {
                struct eff__links links; /* while SUSPENDED: among those who wait for the same */
                struct {
                    eff_fiber_t *next_ready;  /* in the run queue; of those DONE, whose observers are to be told */
                    const eff_fiber_t *ahead; /* woken by the live clock: one that was woken a little later, or NULL */
                };
            };
        };
        struct eff__timer timer; /* while SUSPENDED by a clock, which uses none of these */
    };
    uint8_t state;          /* enum eff__state */
    uint8_t status;         /* enum eff__status, of reg */
    uint8_t attrs;          /* EFF__MASKED ... */
    _Atomic uint8_t listed; /* of a zombie: see zombie.c */
    uint32_t flags;         /* EFF__SIDE ... */
    eff_cause_t *interrupt; /* the pending interruption, or NULL; owned */
    eff_fiber_t *parent;    /* who forked it; NULL for roots, daemons and fibers of a scope; borrowed */
    eff_fiber_t *sibling_prev, *sibling_next; /* among the owner's children, in order of forking */
    eff_fiber_t *children;                    /* the latest forked of the living ones */
    struct eff__ring observers;               /* those who join or await it */
    eff_context_t *context;                   /* NULL: empty; owned */
    eff_scope_t *scope; /* the scope around the current instruction; NULL: the fiber's own, not made yet; owned by
                               the region's frame, or by the fiber itself when it is its own */
    union {
        struct {
            struct eff__wait wait;
            uintptr_t inline_frames[EFF__INLINE_FRAMES]; /* the first one's upper half is no frame's: eff__turns_of */
        };
        struct {                       /* once DONE */
            eff_exit_t polled;         /* what eff_fiber_poll shows, a view of reg */
            struct eff__post post;     /* of a zombie that nobody holds, on its way home from another thread */
            struct eff__mailbox *home; /* of a zombie; retained while it is listed */
        };
    };
    /* What follows hardly anybody looks at but to begin, and to tell of it. */
    uint32_t depth; /* how many regions it is in */
    union {
        uint32_t region; /* the parent's depth when this was forked: the region that owns it. See eff__region_of */
        uint32_t slot;   /* of a side: its place in its group */
    };
    union {
        union eff__owner owner; /* read it through eff__owner_of */
        struct eff__rare *rare; /* with EFF__HAS_RARE */
    };
    eff_site_t fork_site;
    uint64_t id;
};

/* Has all of a fiber, or none, come from memory meanwhile. */
static inline void eff__fiber_fetch(const eff_fiber_t *f)
{
    uintptr_t begin = (uintptr_t)f - sizeof(struct eff__header); /* of none too: an address that is not read */
    for (size_t at = 0; at <= offsetof(eff_fiber_t, inline_frames) + sizeof(struct eff__header); at += 64)
        __builtin_prefetch((const void *)(begin + at), 1); /* NOLINT(performance-no-int-to-ptr) */
}

/* How many turns it got since TestClock moved time: sched.c. END, the lowest frame, is a word of 32 bits. */
static inline uint32_t eff__turns_of(const eff_fiber_t *f)
{
    return (uint32_t)(f->inline_frames[0] >> 32);
}
static inline void eff__set_turns(eff_fiber_t *f, uint32_t turns)
{
    f->inline_frames[0] = (uint32_t)f->inline_frames[0] | (uintptr_t)turns << 32;
}

/* The depth of the region that owns it; 0 for a side, whose group ends before any region that it was started in. */
static inline uint32_t eff__region_of(const eff_fiber_t *child)
{
    return child->flags & EFF__SIDE ? 0 : child->region;
}

/* ---- life (fiber.c) */

/* A fiber for e (consumed), NEW, in no queue and no list, counted once for its run; NULL when out of memory (e is
 * dropped). Takes a reference to context. */
eff_fiber_t *eff__fiber_new(eff_runtime_t *rt, eff_t *e, eff_context_t *context, eff_site_t site);
/* eff_fork's: a child of f for e (consumed), in the run queue; comes to its handle. Answers as a direct prim does
 * (prim.h). */
eff_value_t eff__fork_child(eff_fiber_t *f, eff_t *e, eff_site_t site);
/* Gives up a NEW fiber that has no owner yet. */
void eff__fiber_discard(eff_fiber_t *f);
/* Links a child into the list at *children. */
static inline void eff__fiber_adopt(eff_fiber_t **children, eff_fiber_t *child)
{
    child->sibling_next = NULL;
    child->sibling_prev = *children;
    if (*children) (*children)->sibling_next = child;
    *children = child;
}
void eff__fiber_disown(eff_fiber_t *child);
/* The fiber's frames are empty, its children ended, its scope closed: publishes the exit in reg. */
void eff__fiber_publish(eff_fiber_t *f);
/* Whether there is nothing to look at as it returns to its END but the exit, a success, and who waits for that: most
 * children end so. */
static inline bool eff__ends_plainly(const eff_fiber_t *f)
{
    enum { UNUSUAL = EFF__SIDE | EFF__BEING_STARTED | EFF__IN_SCOPE | EFF__ZOMBIE | EFF__HAS_RARE | EFF__BEGUN };
    return !(f->flags & UNUSUAL) && f->parent && f->status == EFF__OK && !f->interrupt && !f->children && !f->scope &&
           f->reg.type != &eff_fiber_type && f->limit == f->inline_frames + EFF__INLINE_FRAMES;
}
/* Publishes its exit, and gives up its run's reference. */
void eff__fiber_end_plainly(eff_fiber_t *f);
/* Sets the interrupt word (first one wins) and gets the fiber to see it. Borrows the cause. */
void eff__fiber_interrupt(eff_fiber_t *f, eff_cause_t *interrupt);
/* A shared Interrupt cause by this fiber (NULL: from outside); never NULL. Returns new. */
eff_cause_t *eff__interrupt_cause(const eff_fiber_t *by, eff_interrupt_reason_t reason, eff_site_t site);
/* The exit of a fiber that is DONE; borrowed from it. Counts as observing it. */
eff_exit_t eff__fiber_exit(eff_fiber_t *f);
/* What fibers that wait for their children wait by; the last of them wakes the parent. */
extern const struct eff__wait_ops eff__children_wait;
void eff__child_ended(eff_fiber_t *parent, const eff_fiber_t *child);
/* What those who close a scope wait by, for the end of a fiber in it. */
extern const struct eff__wait_ops eff__closing_wait;
/* What those wait by who want a scope closed, for the end of the fiber that closes it; they get its exit as by a join. */
extern const struct eff__wait_ops eff__closed_wait;
/* What those wait by who have interrupted a fiber of a set, map or slot. */
extern const struct eff__wait_ops eff__dismissal_wait;
/* What those wait by who start a task, for it to say so or to end. */
extern const struct eff__wait_ops eff__start_wait;
/* Whether the fiber waits for the end of a fiber, which is then its wait.object. */
bool eff__waits_for_fiber(const eff_fiber_t *f);
/* Suspends f until target (not DONE) has ended; f then gets its exit as a value, or unit if it closes a scope. Takes a
 * reference to target. */
void eff__observe(eff_fiber_t *f, eff_fiber_t *target, const struct eff__wait_ops *ops);
/* Reports the failure of a DONE fiber if nobody observed it. */
void eff__fiber_report_unobserved(eff_fiber_t *f);

/* ---- zombies (zombie.c) */

/* A DONE fiber stays in its owner's list until nobody can ask for its failure any more. */
void eff__zombie_begin(eff_fiber_t *f);
/* A DONE fiber leaves its owner's list, and is reported as above: it may be freed by that. */
void eff__fiber_let_go(eff_fiber_t *f);
/* The last reference to a fiber is given up: true when somebody else frees it. */
bool eff__zombie_dispose(eff_fiber_t *f);

/* Names an effectful finalizer, or the release of a bracket, that is skipped because its runtime is freed. */
void eff__report_skipped(const eff_fiber_t *f, eff_site_t site);
void eff__report_skipped_release(const eff_fiber_t *f, eff_site_t site);
/* Gives up the frames of a fiber without running effects: plain releases and drops only. Names on stderr what it skips. */
void eff__fiber_unwind(eff_fiber_t *f);

/* ---- registers */

/* Copies a value in the two words it was written in: one 16-byte load right after two 8-byte stores has to wait for both
 * to reach the cache, which costs more than a whole instruction of the interpreter. */
static inline void eff__copy_value(eff_value_t *to, const eff_value_t *from)
{
    const eff_type_t *type = from->type;
    int64_t word = from->integer;
    __asm__("" : "+r"(type), "+r"(word));
    to->type = type;
    to->integer = word;
}

/* Makes sure that a failure in reg is a cause, with the trace collected so far; returns it, borrowed from reg. */
eff_cause_t *eff__materialize(eff_fiber_t *f);
/* reg as an exit, borrowed from it. */
static inline eff_exit_t eff__reg_exit(eff_fiber_t *f)
{
    eff_exit_t exit;
    exit.ok = f->status == EFF__OK;
    if (exit.ok) eff__copy_value(&exit.value, &f->reg);
    else exit.cause = eff__materialize(f);
    return exit;
}
/* Drops reg and fails with a cause (consumed). The trace starts anew. */
void eff__raise(eff_fiber_t *f, eff_cause_t *cause);
/* Drops reg and fails with Die of a formatted message. */
void eff__raise_mistake(eff_fiber_t *f, eff_site_t site, const char *fmt, ...) EFF_PRINTF(3, 4);
/* A failure `later` (consumed) came while dealing with what reg holds: Then, or instead of a success. */
void eff__reg_add_failure(eff_fiber_t *f, eff_cause_t *later);

static inline bool eff__interruptible_now(const eff_fiber_t *f)
{
    return f->interrupt && !(f->attrs & EFF__MASKED);
}

/* ---- waiting (sched.c) */

/* Suspends the running fiber, whose cur is lost; returns EFF__SUSPEND, as the caller does. Its links are the caller's to
 * set, before or after; its timer only afterwards, and from then on it has no reg. */
int eff__suspend(eff_fiber_t *f, const struct eff__wait_ops *ops, void *object);
/* Makes a suspended fiber ready, with cur 0: one append to the run queue. It is in no list and has no timer any more, and
 * its reg holds what it waits for. */
void eff__wake(eff_fiber_t *f);

static inline void eff__waiters_add(struct eff__waiters *q, eff_fiber_t *f)
{
    f->links.next = NULL;
    f->links.prev = q->last;
    if (q->last) q->last->links.next = f;
    else q->first = f;
    q->last = f;
}

static inline void eff__waiters_remove(struct eff__waiters *q, eff_fiber_t *f)
{
    if (f->links.prev) f->links.prev->links.next = f->links.next;
    else q->first = f->links.next;
    if (f->links.next) f->links.next->links.prev = f->links.prev;
    else q->last = f->links.prev;
}

static inline eff_fiber_t *eff__waiters_pop(struct eff__waiters *q)
{
    eff_fiber_t *f = q->first;
    if (!f) return NULL;
    q->first = f->links.next;
    if (q->first) q->first->links.prev = NULL;
    else q->last = NULL;
    return f;
}

static inline void eff__ring_add(struct eff__ring *q, eff_fiber_t *f)
{
    eff_fiber_t *first = q->first;
    f->links.next = NULL;
    f->links.prev = first ? first->links.prev : f;
    if (first) first->links.prev = first->links.prev->links.next = f;
    else q->first = f;
}

static inline void eff__ring_remove(struct eff__ring *q, eff_fiber_t *f)
{
    eff_fiber_t *prev = f->links.prev, *next = f->links.next;
    if (f == q->first) q->first = next;
    else prev->links.next = next;
    if (!next) next = q->first; /* f was the last */
    if (next) next->links.prev = prev;
}

static inline eff_fiber_t *eff__ring_pop(struct eff__ring *q)
{
    eff_fiber_t *f = q->first;
    if (!f) return NULL;
    q->first = f->links.next;
    if (q->first) q->first->links.prev = f->links.prev;
    return f;
}

#endif
