/* Groups: the state of one run of a parallel combinator. */
#ifndef EFF_RUNTIME_GROUP_H
#define EFF_RUNTIME_GROUP_H

#include "runtime/items.h"
#include "runtime/rare.h"
#include "runtime/stop.h"

enum eff__group_phase {
    EFF__GROUP_STARTING,  /* sides are started one after another, by switching */
    EFF__GROUP_WAITING,   /* for the first deciding end */
    EFF__GROUP_HANDLING,  /* race_with: the caller runs what the handler of the first end returned */
    EFF__GROUP_FINISHING, /* the rest was interrupted, and is awaited */
};

enum eff__group_timer {
    EFF__NO_TIMER,  /* not yet, or a side sleeps instead */
    EFF__TIMER_SET, /* until the caller is woken */
    EFF__TIME_IS_UP /* decided by time: the body's end counts if it comes before the caller's next turn */
};

struct eff__side {
    eff_fiber_t *fiber; /* its run's reference is the group's, also after it ended; NULL once it is done with */
    size_t index;       /* of its argument or item */
};

/* What for_each_par runs over, if it is one. */
enum eff__group_items {
    EFF__NO_ITEMS,
    EFF__COUNTED_ITEMS,
    EFF__PULLED_ITEMS /* from a source: pulls.c */
};

/* The index of a side that has no item: it pulls one, or found none. Greater than that of any item begun. */
#define EFF__NO_INDEX SIZE_MAX

struct eff__pulls {
    struct eff__group *group; /* whose this is */
    struct eff__source source;
    struct {                  /* with EFF__LIMITED: see limit.c */
        struct eff_limit *by; /* that tells of changes; NULL: none does */
        struct eff__pulls *prev, *next;
    } limited;
    uint32_t limit;        /* of sides that live at once; at least 1. More may live when it was lowered */
    uint32_t n_places;     /* that `sides` has room for */
    uint32_t free_place;   /* the one given up last, to be used again; its index is the next. UINT32_MAX: none */
    bool pulling;          /* a side pulls, and has not got an answer */
    bool exhausted;        /* the source has ended or failed: it is not asked again */
    eff_fiber_t *standby;  /* a side that has not run yet, and is to pull if nobody else does when it gets its turn */
    eff_fiber_t *parked;   /* the side that pulls: it has got an item, and waits until fewer than the limit live */
    uint32_t turns, epoch; /* TestClock's limit: those of all items since time last moved; see sched.c */
};

/* A group whose sides are added while it runs: task_group.c. */
struct eff__tasks {
    struct eff_task_group *handle; /* owned */
    eff_value_t env;               /* of the body's closure, once it has begun; owned */
    uint32_t n_places;             /* that `sides` has room for */
    uint32_t free_place;           /* as in eff__pulls */
    size_t next_index;             /* of the next task; the body's is 0 */
};

struct eff__group {
    eff_fiber_t *caller;
    eff_t *node; /* the par or each node; owned when node_owned */
    bool node_owned;
    bool given;         /* ALL, RACE, RACE_FIRST or TIMEOUT: of the effects in the node, and nothing else */
    uint8_t each;       /* enum eff__group_items; not 0 for for_each_par */
    bool decided;       /* nothing new starts */
    bool caller_awaits; /* the caller is suspended in this group */
    uint8_t kind;       /* enum eff__par_kind */
    uint8_t phase;      /* enum eff__group_phase */
    bool handled;       /* race_with: a handler was called */
    uint8_t result;     /* race_with, when its effect has ended: enum eff__status, of `array` */
    uint8_t timer;      /* TIMEOUT: enum eff__group_timer, of the caller's wait */
    uint32_t n_sides;   /* in `places`: as many as may be started; 0 for PULLED */
    uint32_t n_started; /* of those, how many are in use */
    uint32_t n_live;    /* sides that have not ended */
    size_t next_item;   /* each: the next to start */
    union {
        size_t n_items;           /* COUNTED */
        struct eff__pulls *pulls; /* PULLED; owned */
        struct eff__tasks *tasks; /* EFF__PAR_TASKS; owned; NULL when there was no memory */
        struct eff__clock *clock; /* TIMEOUT: by which the caller waits; borrowed from its context */
    };
    struct eff__stop *stop;  /* GRACEFUL, TASKS: the token that the sides run under; owned; NULL as above */
    eff_context_t *context;  /* that the sides start with; owned; NULL: the caller's */
    eff_scope_t *scope;      /* race_with, once handled: the scope around it, which the loser uses while the caller may
                                be in an inner one; borrowed; NULL: the caller's */
    eff_value_t array;       /* each: of the results; unit (ptr is NULL) when they are discarded. race_with: what the
                                handler's effect ended with, a value or a cause */
    eff_cause_t *issued;     /* the Interrupt this group sent to its sides, or NULL */
    eff_cause_t *saved;      /* why the caller unwinds (it was interrupted, say), or NULL */
    struct eff__side *sides; /* `places`; of PULLED and TASKS a block of its own, which grows */
    struct eff__side places[];
};

/* Groups of few are all of one size. */
enum { EFF__FEW_SIDES = 2, EFF__FEW_SIZE = sizeof(struct eff__group) + EFF__FEW_SIDES * sizeof(struct eff__side) };

/* Suspended in a group: for its first deciding end, and for the last end. */
extern const struct eff__wait_ops eff__group_wait, eff__group_end_wait;

/* Makes a group of n places for a caller, with the node (consumed if owned, else borrowed) and its frame, STARTING; NULL
 * when out of memory (the node is given up, the caller fails). */
struct eff__group *eff__group_new(eff_fiber_t *f, eff_t *node, bool owned, size_t n);

/* A side in the next place, NEW and BEING_STARTED, in no queue; NULL when out of memory. f is the caller. */
eff_fiber_t *eff__group_new_side(eff_fiber_t *f, struct eff__group *g);
/* Nothing more is waited for: the caller gets a turn, and interrupts what runs. Needs no memory. */
void eff__group_decide(struct eff__group *g);
/* There is room for more items in a loop that waits: the caller gets a turn, and starts them. Needs no memory. */
void eff__group_start_more(struct eff__group *g);
/* Whether no item begins any more: the result is decided, or the caller is interrupted and has not got its turn yet. */
static inline bool eff__group_is_over(const struct eff__group *g)
{
    return g->decided || eff__interruptible_now(g->caller);
}

/* A side for a place, which is given up (NULL when out of memory) or free; it begins with nothing. f is the caller. */
eff_fiber_t *eff__group_side_at(eff_fiber_t *f, struct eff__group *g, uint32_t slot);
/* A side is counted in n_live no more. `deciding`: nothing new starts. */
void eff__group_side_left(struct eff__group *g, bool deciding);

bool eff__given_side_ended(struct eff__group *g, eff_fiber_t *side);
bool eff__worker_ended(struct eff__group *g, eff_fiber_t *side); /* which has nothing rare to it: worker.c */
bool eff__unusual_side_ended(eff_fiber_t *side);
/* A side has ended, with the result in reg: true when the fiber goes on with another item (reg and frames are set);
 * false when it is done with, and rt->switch_to says who goes on. */
static inline bool eff__group_side_ended(eff_fiber_t *f)
{
    if (__builtin_expect(f->flags & (EFF__HAS_RARE | EFF__BEGUN), 0)) return eff__unusual_side_ended(f);
    struct eff__group *g = f->owner.group;
    return g->given ? eff__given_side_ended(g, f) : eff__worker_ended(g, f);
}
/* The value a side has ended with: moved, unless somebody else may ask for it. */
static inline eff_value_t eff__side_take(eff_fiber_t *side)
{
    eff_value_t v = side->reg;
    if (__builtin_expect(eff__fiber_is_known(side), 0)) return eff_value_incref(v);
    side->reg = eff_unit;
    return v;
}
/* Gives up a group whose sides have all been unwound, for a runtime that is freed. */
void eff__group_unwind(eff_fiber_t *caller, struct eff__group *g);

/* ---- worker.c: sides that are items, tasks, or of groups that are more than their given effects */

/* What a loop's new fiber begins with. */
void eff__group_give(struct eff__group *g, eff_fiber_t *side);

/* ---- task_group.c: groups of TASKS */

/* False when out of memory. */
bool eff__tasks_begin(eff_fiber_t *f, struct eff__group *g);
void eff__tasks_free(struct eff__group *g);
/* A side ends with what is in reg: whether it is a task whose end is of no importance to the group. */
bool eff__task_leaves(const eff_fiber_t *side);
/* Its place can be used again. */
void eff__tasks_give_up_place(struct eff__group *g, uint32_t slot);

/* ---- race_with.c */

/* Whether the handler of the first to end is to be called: both sides have begun, or will. */
bool eff__race_with_may_handle(eff_fiber_t *f, struct eff__group *g);
/* The caller goes on with what that handler returns. */
int eff__race_with_handle(eff_fiber_t *f, struct eff__group *g);
/* That effect has ended: what is in reg is the result, once the loser has ended too. */
void eff__race_with_handled(eff_fiber_t *f, struct eff__group *g);
/* The loser has ended. */
void eff__race_with_outcome(eff_fiber_t *f, struct eff__group *g);

/* ---- pulls.c: groups over PULLED items */

/* Opens the source. False when that fails: the failure is in f's reg, and the group has no items. */
bool eff__pulls_begin(eff_fiber_t *f, struct eff__group *g);
void eff__pulls_free(struct eff__group *g);
/* The results array is cut to the items there were. */
void eff__pulls_trim(struct eff__group *g);
/* Whether a new side is needed; whether one that has no item finds one to pull, and may. */
bool eff__pulls_want_side(const struct eff__group *g);
static inline bool eff__pulls_more(const struct eff__group *g)
{
    return !g->pulls->exhausted && !g->pulls->pulling && g->n_live <= g->pulls->limit;
}
/* n: as users give it, 0 for none. */
void eff__pulls_set_limit(struct eff__pulls *p, size_t n);
/* Sees to it that as many items run as the new limit allows. Needs no memory. */
void eff__pulls_limit_changed(struct eff__group *g);
/* Where a new side goes; false when out of memory. It is taken by use_place, or by counting n_started up. */
bool eff__pulls_place(struct eff__group *g, uint32_t *ret_slot);
void eff__pulls_use_place(struct eff__group *g, uint32_t slot);
/* Its side has ended, and is no longer counted in n_live. */
void eff__pulls_give_up_place(struct eff__group *g, uint32_t slot);
/* Tells a side to pull its item as it gets its turn. */
void eff__pulls_give(struct eff__group *g, eff_fiber_t *side);

#endif
