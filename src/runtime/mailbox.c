/* The mailbox's queue: a list under a lock, emptied as a whole. Only answers from other threads pass through it. */
#include "runtime/mailbox.h"

struct eff__mailbox *eff__mailbox_new(eff_runtime_t *rt)
{
    struct eff__mailbox *m = eff__alloc(sizeof *m);
    if (!m) return NULL;
    atomic_init(&m->count, 1);
    m->n_bound = 0;
    pthread_mutex_init(&m->lock, NULL);
    m->rt = rt;
    m->thread = pthread_self();
    m->refuses = false;
    m->first = m->last = NULL;
    atomic_init(&m->filled, false);
    atomic_init(&m->n_refs, 0);
    return m;
}

void eff__mailbox_free(struct eff__mailbox *m)
{
    pthread_mutex_destroy(&m->lock);
    eff__free(m, sizeof *m);
}

/* The runtime goes: handles that are still bound to it count like all others. */
static void let_handles_go(struct eff__mailbox *m)
{
    atomic_fetch_add_explicit(&m->count, m->n_bound, memory_order_relaxed);
    m->n_bound = 0;
}

/* With the lock held. */
static void append(struct eff__mailbox *m, struct eff__post *post)
{
    post->next = NULL;
    if (m->last) {
        m->last->next = post;
    } else {
        m->first = post;
        atomic_store_explicit(&m->filled, true, memory_order_relaxed);
        eff__loop_wake(m->rt->loop);
    }
    m->last = post;
}

void eff__mailbox_post(struct eff__mailbox *m, struct eff__post *post)
{
    pthread_mutex_lock(&m->lock);
    bool alive = m->rt != NULL;
    if (alive) append(m, post);
    pthread_mutex_unlock(&m->lock);
    if (!alive) post->run(post, NULL);
}

bool eff__mailbox_offer(struct eff__mailbox *m, struct eff__post *post)
{
    pthread_mutex_lock(&m->lock);
    bool taken = m->rt && !m->refuses;
    if (taken) append(m, post);
    pthread_mutex_unlock(&m->lock);
    return taken;
}

void eff__mailbox_wake(struct eff__mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    if (m->rt) eff__loop_wake(m->rt->loop);
    pthread_mutex_unlock(&m->lock);
}

bool eff__mailbox_is_closed(struct eff__mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    bool closed = !m->rt;
    pthread_mutex_unlock(&m->lock);
    return closed;
}

void eff__mailbox_empty(struct eff__mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    struct eff__post *post = m->first;
    eff_runtime_t *rt = m->rt;
    m->first = m->last = NULL;
    atomic_store_explicit(&m->filled, false, memory_order_relaxed);
    pthread_mutex_unlock(&m->lock);
    while (post) {
        struct eff__post *next = post->next;
        post->run(post, rt);
        post = next;
    }
}

void eff__mailbox_refuse(struct eff__mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    m->refuses = true;
    pthread_mutex_unlock(&m->lock);
}

void eff__mailbox_close(struct eff__mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    m->rt = NULL;
    let_handles_go(m);
    pthread_mutex_unlock(&m->lock);
    eff__mailbox_empty(m);
    eff__mailbox_decref(m);
}

void eff__mailbox_forget(struct eff__mailbox *m)
{
    pthread_mutex_init(&m->lock, NULL); /* a thread that is not here may have held it */
    m->rt = NULL;
    let_handles_go(m);
    m->first = m->last = NULL;
    atomic_store_explicit(&m->filled, false, memory_order_relaxed);
}
