/* The mailbox's queue: a list under a lock, emptied as a whole. Only answers from other threads pass through it. */
#include "runtime/mailbox.h"

struct eff__mailbox *eff__mailbox_new(eff_runtime_t *rt)
{
    struct eff__mailbox *m = eff__alloc(sizeof *m);
    if (!m) return NULL;
    atomic_init(&m->count, 1);
    pthread_mutex_init(&m->lock, NULL);
    m->rt = rt;
    m->thread = pthread_self();
    m->first = m->last = NULL;
    return m;
}

struct eff__mailbox *eff__mailbox_incref(struct eff__mailbox *m)
{
    eff__count_inc(&m->count);
    return m;
}

void eff__mailbox_decref(struct eff__mailbox *m)
{
    if (!eff__count_dec(&m->count)) return;
    pthread_mutex_destroy(&m->lock);
    eff__free(m, sizeof *m);
}

void eff__mailbox_post(struct eff__mailbox *m, struct eff__post *post)
{
    post->next = NULL;
    pthread_mutex_lock(&m->lock);
    bool alive = m->rt != NULL;
    if (alive) {
        bool was_empty = !m->first;
        if (m->last) m->last->next = post;
        else m->first = post;
        m->last = post;
        if (was_empty) eff__loop_wake(m->rt->loop);
    }
    pthread_mutex_unlock(&m->lock);
    if (!alive) post->run(post, NULL);
}

void eff__mailbox_empty(struct eff__mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    struct eff__post *post = m->first;
    eff_runtime_t *rt = m->rt;
    m->first = m->last = NULL;
    pthread_mutex_unlock(&m->lock);
    while (post) {
        struct eff__post *next = post->next;
        post->run(post, rt);
        post = next;
    }
}

void eff__mailbox_close(struct eff__mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    m->rt = NULL;
    pthread_mutex_unlock(&m->lock);
    eff__mailbox_empty(m);
    eff__mailbox_decref(m);
}
