/* The mailbox: how other threads reach a runtime. It is counted and outlives the runtime, so that an answer or a last
 * reference that comes too late finds somebody to give it to. A post is embedded in what is posted: posting allocates
 * nothing. */
#ifndef EFF_RUNTIME_MAILBOX_H
#define EFF_RUNTIME_MAILBOX_H

#include <pthread.h>

#include "runtime/runtime.h"

struct eff__mailbox {
    eff__count_t count;
    uint32_t n_bound; /* references of handles, beside those in `count`: of the runtime's thread alone, and 0 once the
                             runtime is gone, when they are counted like all others */
    pthread_mutex_t lock; /* of all below */
    eff_runtime_t *rt;    /* NULL once the runtime is gone */
    pthread_t thread;     /* of the runtime; constant */
    bool refuses;         /* the runtime shuts down, and takes no more work */
    struct eff__post *first, *last;
    atomic_bool filled;   /* a post is there: for a look without the lock */
    atomic_size_t n_refs; /* eff_runtime_ref_t that others hold: as long as there are any, work may come */
};

enum { EFF__MOST_BOUND = 1 << 30 }; /* half of what `count` can hold */

static inline struct eff__mailbox *eff__mailbox_incref(struct eff__mailbox *m)
{
    eff__count_inc(&m->count);
    return m;
}
/* Nobody has a reference any more. */
void eff__mailbox_free(struct eff__mailbox *m);
static inline void eff__mailbox_decref(struct eff__mailbox *m)
{
    if (eff__count_dec(&m->count)) eff__mailbox_free(m);
}
/* The same for handles, without atomic instructions: as long as the runtime is there they are bound and dropped on its
 * thread; afterwards dropped on any. */
static inline struct eff__mailbox *eff__mailbox_bind(struct eff__mailbox *m)
{
    if (__builtin_expect(m->n_bound >= EFF__MOST_BOUND, 0)) return eff__mailbox_incref(m);
    m->n_bound++;
    return m;
}
static inline bool eff__mailbox_unbind_at_once(struct eff__mailbox *m)
{
    if (__builtin_expect(m->n_bound == 0, 0)) return false;
    m->n_bound--;
    return true;
}
static inline void eff__mailbox_unbind(struct eff__mailbox *m)
{
    if (!eff__mailbox_unbind_at_once(m)) eff__mailbox_decref(m);
}
/* Posts, from any thread. Without a runtime to run it, it is run at once with NULL. */
void eff__mailbox_post(struct eff__mailbox *m, struct eff__post *post);
/* Posts what starts something new; false when the runtime takes no more work, and then nothing is run. */
bool eff__mailbox_offer(struct eff__mailbox *m, struct eff__post *post);
/* The last of the references is gone: the loop is to see whether it is still needed. Any thread. */
void eff__mailbox_wake(struct eff__mailbox *m);
/* Whether the runtime is gone. Any thread. */
bool eff__mailbox_is_closed(struct eff__mailbox *m);
/* Whether the calling thread is the runtime's, and the runtime is still there. */
static inline bool eff__mailbox_is_here(const struct eff__mailbox *m)
{
    return pthread_equal(m->thread, pthread_self()) && m->rt;
}
/* Has the turn that begins run what came while nobody listened. */
static inline void eff__mailbox_look(struct eff__mailbox *m)
{
    if (atomic_load_explicit(&m->filled, memory_order_relaxed)) eff__mailbox_empty(m);
}

#endif
