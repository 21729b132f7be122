/* The mailbox: how other threads reach a runtime. It is counted and outlives the runtime, so that an answer or a last
 * reference that comes too late finds somebody to give it to. A post is embedded in what is posted: posting allocates
 * nothing. */
#ifndef EFF_RUNTIME_MAILBOX_H
#define EFF_RUNTIME_MAILBOX_H

#include <pthread.h>

#include "runtime/runtime.h"

struct eff__mailbox {
    eff__count_t count;
    pthread_mutex_t lock; /* of all below */
    eff_runtime_t *rt;    /* NULL once the runtime is gone */
    pthread_t thread;     /* of the runtime; constant */
    bool refuses;         /* the runtime shuts down, and takes no more work */
    struct eff__post *first, *last;
    atomic_bool filled;   /* a post is there: for a look without the lock */
    atomic_size_t n_refs; /* eff_runtime_ref_t that others hold: as long as there are any, work may come */
};

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
