/* What binds a handle to the runtime that uses it first, until that is gone. It is the first member of the payload of a
 * type with EFF__TYPE_AT_HOME, whose drop hook gives it up: eff__home_leave.
 *
 * The runtime is known through its mailbox, which outlives it: a handle may be kept for longer. And when the last
 * reference is given up on another thread, the handle goes home by post, so that what it holds is dropped there.
 */
#ifndef EFF_RUNTIME_HOME_H
#define EFF_RUNTIME_HOME_H

#include "runtime/mailbox.h"

enum { EFF__TYPE_AT_HOME = 1u << 17 };

struct eff__home {
    struct eff__mailbox *mailbox; /* retained; NULL: no runtime has used it yet */
    union {
        struct eff__waiters waiters; /* free for use: fibers that wait have references */
        struct eff__post post;       /* once nobody has one */
    };
};

static inline void eff__home_bind(struct eff__home *home, const eff_runtime_t *rt)
{
    home->mailbox = eff__mailbox_bind(rt->mailbox);
}
/* Whether the handle is this runtime's. */
static inline bool eff__home_is(const struct eff__home *home, const eff_runtime_t *rt)
{
    return home->mailbox == rt->mailbox;
}
/* Whether it is of the static handle that stands for values of other types, which nothing changes. */
static inline bool eff__home_is_dummy(struct eff__home *home)
{
    return atomic_load_explicit(&eff__header_of(home)->count, memory_order_relaxed) >= EFF__IMMORTAL;
}
/* Binds it if it is not bound, or to a runtime that is gone; false when it is another's. */
bool eff__home_move(struct eff__home *home, const eff_runtime_t *rt);
static inline bool eff__home_claim(struct eff__home *home, const eff_runtime_t *rt)
{
    if (__builtin_expect(eff__home_is(home, rt), 1)) return true;
    if (home->mailbox || eff__home_is_dummy(home)) return eff__home_move(home, rt);
    eff__home_bind(home, rt);
    return true;
}
/* The same where nothing has to be called for that: false also when it takes a closer look. */
static inline bool eff__home_claim_at_once(struct eff__home *home, const eff_runtime_t *rt)
{
    if (__builtin_expect(eff__home_is(home, rt), 1)) return true;
    if (home->mailbox || eff__home_is_dummy(home)) return false;
    eff__home_bind(home, rt);
    return true;
}
/* Whether it is not bound, or to this runtime. */
static inline bool eff__home_is_near(const struct eff__home *home, const eff_runtime_t *rt)
{
    return !home->mailbox || eff__home_is(home, rt);
}
/* Whether it is bound to another runtime, which is not gone. */
static inline bool eff__home_is_foreign(const struct eff__home *home, const eff_runtime_t *rt)
{
    return home->mailbox && !eff__home_is(home, rt) && !eff__mailbox_is_closed(home->mailbox);
}
/* Its runtime; NULL when there is none yet, or none any more. On that runtime's thread. */
static inline eff_runtime_t *eff__home_runtime(const struct eff__home *home)
{
    return home->mailbox ? home->mailbox->rt : NULL;
}
/* For plain C: whether this is the thread of its runtime; if not, the misuse of `function` is reported. */
bool eff__home_is_here(const struct eff__home *home, const char *function, const char *what);
/* The handle is dropped. */
static inline void eff__home_leave(struct eff__home *home)
{
    if (home->mailbox) eff__mailbox_unbind(home->mailbox);
}
/* The same of one that is near, if nothing has to be called for that; else false, and nothing was done. */
static inline bool eff__home_leave_at_once(struct eff__home *home)
{
    return !home->mailbox || eff__mailbox_unbind_at_once(home->mailbox);
}
/* Whether this thread is the one to drop it: it is not bound, or bound here. */
static inline bool eff__home_drops_here(const struct eff__home *home)
{
    const struct eff__mailbox *m = home->mailbox;
    return !m || (eff__running && eff__running->mailbox == m) || pthread_equal(m->thread, pthread_self());
}
/* Sends a payload that begins with a home there, to be dropped: the last reference was given up on another thread. */
void eff__home_post(void *payload);

#endif
