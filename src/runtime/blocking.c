/* The blocking pool: a bounded number of threads, started when there is work, for C that blocks.
 *
 *     fiber -- eff_async --> job: queue --> thread runs fn --> mailbox --> answers the fiber, is freed
 *
 * A job belongs to one of these at a time, and begins and ends on the runtime's thread: what it holds is dropped there,
 * and its handle is answered there, so a canceler never meets a job that is being freed. While it waits for a thread it
 * can be taken back. Once fn runs, interruption waits for it, or abandons it: then the job has no fiber any more.
 *
 * Threads with a job that may be abandoned are not waited for when the runtime is freed. So they hold the pool, which
 * holds the mailbox, and find there that nobody is left.
 */
#include <effect/async.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include <effect/type.h>

#include "core/node.h"
#include "core/track.h"
#include "runtime/async.h"
#include "runtime/runtime.h"

struct job {
    struct eff__post post; /* the way back, once fn has returned */
    struct job *prev, *next;
    eff_async_t *k; /* the user's reference; NULL once abandoned; of the runtime's thread */
    eff_suspend_fn fn;
    eff_value_t env;
    eff_t *result;    /* what fn returned */
    bool queued;      /* waits for a thread; under the pool's lock */
    bool abandonable; /* constant */
};

struct worker {
    pthread_t thread;
    struct job *job; /* the one it runs, or NULL */
};

struct eff__pool {
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;
    struct eff__mailbox *home; /* retained */
    struct job *first, *last;  /* first in, first out */
    size_t n_jobs;             /* in the list */
    unsigned n_threads, n_idle, max;
    unsigned n_users; /* the runtime, and each thread that has not ended */
    bool ending;
    struct worker workers[];
};

/* ---- the queue; with the pool's lock held */

static void append(struct eff__pool *pool, struct job *job)
{
    job->queued = true;
    job->next = NULL;
    job->prev = pool->last;
    if (pool->last) pool->last->next = job;
    else pool->first = job;
    pool->last = job;
    pool->n_jobs++;
}

static void take_out(struct eff__pool *pool, struct job *job)
{
    job->queued = false;
    if (job->prev) job->prev->next = job->next;
    else pool->first = job->next;
    if (job->next) job->next->prev = job->prev;
    else pool->last = job->prev;
    pool->n_jobs--;
}

/* ---- the pool and its threads */

/* Gives up the lock and one user's part. */
static void unlock_and_leave(struct eff__pool *pool)
{
    bool last = --pool->n_users == 0;
    pthread_mutex_unlock(&pool->lock);
    if (!last) return;
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    eff__mailbox_decref(pool->home);
    eff__free(pool, sizeof *pool + pool->max * sizeof pool->workers[0]);
}

static struct worker *this_worker(struct eff__pool *pool)
{
    struct worker *w = pool->workers;
    while (!pthread_equal(w->thread, pthread_self()))
        w++;
    return w;
}

static void *serve(void *arg)
{
    struct eff__pool *pool = (struct eff__pool *)arg;
    eff__track_as_worker = true;
    pthread_mutex_lock(&pool->lock);
    struct worker *worker = this_worker(pool);
    for (;;) {
        while (!pool->first && !pool->ending) {
            pool->n_idle++;
            pthread_cond_wait(&pool->work, &pool->lock);
            pool->n_idle--;
        }
        if (pool->ending) break;
        struct job *job = pool->first;
        take_out(pool, job);
        worker->job = job;
        pthread_mutex_unlock(&pool->lock);
        job->result = job->fn(job->env);
        pthread_mutex_lock(&pool->lock);
        worker->job = NULL;
        pthread_mutex_unlock(&pool->lock);
        eff__mailbox_post(pool->home, &job->post);
        while (eff__lists_give_back()) /* there is no loop here that would, and nobody waits for this thread now */
            continue;
        pthread_mutex_lock(&pool->lock);
    }
    unlock_and_leave(pool);
    return NULL;
}

static struct eff__pool *pool_of(eff_runtime_t *rt)
{
    if (rt->pool) return rt->pool;
    unsigned max = rt->options.max_blocking ? rt->options.max_blocking : 8;
    struct eff__pool *pool = eff__alloc(sizeof *pool + max * sizeof pool->workers[0]);
    if (!pool) return NULL;
    *pool = (struct eff__pool){ .max = max, .n_users = 1, .home = eff__mailbox_incref(rt->mailbox) };
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    return rt->pool = pool;
}

/* Starts a thread that takes no signals: those are the main thread's. The lock is held, so it does not begin yet. */
static bool start_thread(struct eff__pool *pool)
{
    sigset_t all, before;
    struct worker *worker = &pool->workers[pool->n_threads];
    worker->job = NULL;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&worker->thread, NULL, serve, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0) return false;
    pool->n_threads++;
    pool->n_users++;
    return true;
}

static bool submit(struct eff__pool *pool, struct job *job)
{
    pthread_mutex_lock(&pool->lock);
    /* Threads that were signalled stay idle until they have run: each job in the list has one of them already. */
    bool served =
        pool->n_idle > pool->n_jobs || pool->n_threads == pool->max || start_thread(pool) || pool->n_threads > 0;
    if (served) {
        append(pool, job);
        pthread_cond_signal(&pool->work);
    }
    pthread_mutex_unlock(&pool->lock);
    return served;
}

/* Whether the job had not begun; then it never will. */
static bool take_back(struct eff__pool *pool, struct job *job)
{
    pthread_mutex_lock(&pool->lock);
    bool queued = job->queued;
    if (queued) take_out(pool, job);
    pthread_mutex_unlock(&pool->lock);
    return queued;
}

void eff__pool_close(struct eff__pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->work);
    for (unsigned i = 0; i < pool->n_threads; i++) {
        struct worker *w = &pool->workers[i];
        if (w->job && w->job->abandonable) {
            pthread_detach(w->thread);
        } else {
            pthread_t thread = w->thread;
            pthread_mutex_unlock(&pool->lock);
            pthread_join(thread, NULL);
            pthread_mutex_lock(&pool->lock);
        }
    }
    pthread_mutex_unlock(&pool->lock);
}

void eff__pool_free(struct eff__pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    unlock_and_leave(pool);
}

size_t eff_runtime_n_abandoned(const eff_runtime_t *rt)
{
    return rt->n_abandoned;
}

/* ---- a job's life on the runtime's thread */

static void job_free(struct job *job)
{
    eff_value_decref(job->env);
    eff__free(job, sizeof *job);
}

/* It has come back; without a runtime, on its thread. */
static void come_back(struct eff__post *post, eff_runtime_t *rt)
{
    struct job *job = (struct job *)(void *)((char *)post - offsetof(struct job, post));
    eff_async_t *k = job->k;
    if (!k) {
        if (rt) rt->n_abandoned--;
        eff_decref(job->result);
    } else if (job->result) {
        eff_async_resume(k, job->result);
    } else {
        eff_async_fail_cause(k, eff_cause_die(
                                    eff_printf("callback %s returned NULL", k->site ? k->site : "of eff_blocking")));
    }
    job_free(job);
}

static eff_cancel_t cancel(eff_async_t *k, void *arg)
{
    struct job *job = (struct job *)arg;
    eff_runtime_t *rt = k->fiber->rt;
    if (take_back(rt->pool, job)) {
        job_free(job);
    } else if (job->abandonable) {
        job->k = NULL;
        rt->n_abandoned++;
    } else {
        return EFF_CANCEL_PENDING;
    }
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}

struct blocking {
    eff_suspend_fn fn;
    eff_value_t env;
    bool abandonable;
};
static void blocking_clear(struct blocking *b)
{
    eff_value_decref(b->env);
}
EFF_STATIC_TYPE(blocking, struct blocking, .drop = blocking_clear);

static void start(eff_async_t *k, eff_value_t env)
{
    struct blocking *b = blocking_of(env);
    struct eff__pool *pool = pool_of(k->fiber->rt);
    struct job *job = pool ? eff__alloc(sizeof *job) : NULL;
    if (!job) {
        eff_async_resume(k, eff_out_of_memory());
        return;
    }
    *job = (struct job){
        .post.run = come_back, .k = k, .fn = b->fn, .env = eff_value_incref(b->env), .abandonable = b->abandonable
    };
    k->blocking = true;
    eff_async_on_cancel(k, cancel, job);
    if (submit(pool, job)) return;
    k->blocking = false;
    job_free(job);
    eff_async_fail(k, eff_error(&eff_system_error, EAGAIN, "eff_blocking: no thread could be started"));
}

static eff_t *blocking(eff_site_t site, const char *builder, eff_suspend_fn fn, eff_value_t env, bool abandonable)
{
    if (fn && eff__value_usable(env))
        return eff_async_at(site, start, blocking_make((struct blocking){ fn, env, abandonable }));
    if (fn) return eff__unusable(site, builder, eff_noop(), env);
    eff_value_decref(env);
    return eff__mistake(site, "the callback of %s is NULL", builder);
}

eff_t *eff_blocking_at(eff_site_t site, eff_suspend_fn fn, eff_value_t env)
{
    return blocking(site, "eff_blocking", fn, env, false);
}

eff_t *eff_blocking_abandon_at(eff_site_t site, eff_suspend_fn fn, eff_value_t env)
{
    return blocking(site, "eff_blocking_abandon", fn, env, true);
}
