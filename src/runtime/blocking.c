/* The blocking pool: a bounded number of threads, started when there is work, for C that blocks.
 *
 * A job is an async operation: the thread runs the function and answers the handle with the effect it returned, so
 * nothing of the fiber's is touched from there. Interruption waits for the function: its canceler says "pending".
 */
#include <effect/async.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include <effect/type.h>

#include "core/node.h"
#include "runtime/async.h"
#include "runtime/runtime.h"

struct job {
    struct job *next;
    eff_async_t *k; /* the user's reference */
    eff_suspend_fn fn;
    eff_value_t env;
};

struct eff__pool {
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;
    struct job *first, *last;
    size_t n_jobs; /* in the list */
    unsigned n_threads, n_idle, max;
    bool ending;
    pthread_t threads[];
};

static void *serve(void *arg)
{
    struct eff__pool *pool = (struct eff__pool *)arg;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->first && !pool->ending) {
            pool->n_idle++;
            pthread_cond_wait(&pool->work, &pool->lock);
            pool->n_idle--;
        }
        struct job *job = pool->first;
        if (!job) break;
        pool->first = job->next;
        if (!pool->first) pool->last = NULL;
        pool->n_jobs--;
        pthread_mutex_unlock(&pool->lock);
        eff_t *e = job->fn(job->env);
        eff_value_decref(job->env);
        if (e) eff_async_resume(job->k, e);
        else
            eff_async_fail_cause(job->k, eff_cause_die(eff_printf("callback %s returned NULL",
                                                                  job->k->site ? job->k->site : "of eff_blocking")));
        eff__free(job, sizeof *job);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static struct eff__pool *pool_of(eff_runtime_t *rt)
{
    if (rt->pool) return rt->pool;
    unsigned max = rt->options.max_blocking ? rt->options.max_blocking : 8;
    struct eff__pool *pool = eff__alloc(sizeof *pool + max * sizeof pool->threads[0]);
    if (!pool) return NULL;
    *pool = (struct eff__pool){ .max = max };
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    return rt->pool = pool;
}

/* Starts a thread that takes no signals: those are the main thread's. */
static bool start_thread(struct eff__pool *pool)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&pool->threads[pool->n_threads], NULL, serve, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r == 0) pool->n_threads++;
    return r == 0;
}

static bool submit(struct eff__pool *pool, struct job *job)
{
    pthread_mutex_lock(&pool->lock);
    /* Threads that were signalled stay idle until they have run: each job in the list has one of them already. */
    bool served =
        pool->n_idle > pool->n_jobs || pool->n_threads == pool->max || start_thread(pool) || pool->n_threads > 0;
    if (served) {
        job->next = NULL;
        if (pool->last) pool->last->next = job;
        else pool->first = job;
        pool->last = job;
        pool->n_jobs++;
        pthread_cond_signal(&pool->work);
    }
    pthread_mutex_unlock(&pool->lock);
    return served;
}

void eff__pool_free(struct eff__pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->n_threads; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    eff__free(pool, sizeof *pool + pool->max * sizeof pool->threads[0]);
}

struct blocking {
    eff_suspend_fn fn;
    eff_value_t env;
};
static void blocking_clear(struct blocking *b)
{
    eff_value_decref(b->env);
}
EFF_STATIC_TYPE(blocking, struct blocking, .drop = blocking_clear);

static eff_cancel_t stay(eff_async_t *k, void *arg)
{
    (void)k, (void)arg;
    return EFF_CANCEL_PENDING;
}

static void start(eff_async_t *k, eff_value_t env)
{
    struct blocking *b = blocking_of(env);
    struct eff__pool *pool = pool_of(k->fiber->rt);
    struct job *job = pool ? eff__alloc(sizeof *job) : NULL;
    if (!job) {
        eff_async_resume(k, eff_out_of_memory());
        return;
    }
    *job = (struct job){ .k = k, .fn = b->fn, .env = eff_value_incref(b->env) };
    k->blocking = true;
    eff_async_on_cancel(k, stay, NULL);
    if (submit(pool, job)) return;
    k->blocking = false;
    eff_value_decref(job->env);
    eff__free(job, sizeof *job);
    eff_async_fail(k, eff_error(&eff_system_error, EAGAIN, "eff_blocking: no thread could be started"));
}

eff_t *eff_blocking_at(eff_site_t site, eff_suspend_fn fn, eff_value_t env)
{
    if (fn && eff__value_usable(env)) return eff_async_at(site, start, blocking_make((struct blocking){ fn, env }));
    if (fn) return eff__unusable(site, "eff_blocking", eff_noop(), env);
    eff_value_decref(env);
    return eff__mistake(site, "the callback of eff_blocking is NULL");
}
