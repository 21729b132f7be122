/* Answers from other threads under load: thousands of handles answered in every way, early, late, twice and never, while
 * their fibers are interrupted at random and their runtimes shut down or are freed. What is answered with is counted, and
 * each wait ends once. */
#include <pthread.h>
#include <stdatomic.h>

#include <effect/async.h>

#include "support/fibers.h"

enum { N_ANSWERERS = 3, N_RUNTIMES = 3, N_OPS = 1200, N_ROUNDS = 4, AT_ONCE = 64 };

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* ---- what is answered with: a value whose drop counts */

static atomic_long tokens_made, tokens_dropped;

struct token {
    int unused;
};
static void token_drop(struct token *t)
{
    atomic_fetch_add(&tokens_dropped, 1);
}
EFF_STATIC_TYPE(token, struct token, .drop = token_drop);

static eff_value_t new_token(void)
{
    atomic_fetch_add(&tokens_made, 1);
    return token_make((struct token){ 0 });
}

/* ---- the threads that answer: handles come in a ring, and some go through it again, to be late */

enum { RING = 1 << 14 };

static struct ring {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    eff_async_t *handles[RING];
    size_t first, n;
    bool ending;
} ring = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void put(eff_async_t *k)
{
    pthread_mutex_lock(&ring.lock);
    ck_assert_uint_lt(ring.n, RING);
    ring.handles[(ring.first + ring.n++) % RING] = k;
    pthread_cond_signal(&ring.changed);
    pthread_mutex_unlock(&ring.lock);
}
/* NULL at the end. */
static eff_async_t *get(void)
{
    pthread_mutex_lock(&ring.lock);
    while (ring.n == 0 && !ring.ending)
        pthread_cond_wait(&ring.changed, &ring.lock);
    eff_async_t *k = NULL;
    if (ring.n > 0) {
        k = ring.handles[ring.first];
        ring.first = (ring.first + 1) % RING;
        ring.n--;
    }
    pthread_mutex_unlock(&ring.lock);
    return k;
}

static void answer(eff_async_t *k, uint32_t how)
{
    switch (how % 6) {
    case 0: eff_async_fail(k, new_token()); break;
    case 1: eff_async_fail_cause(k, eff_cause_die(new_token())); break;
    case 2: eff_async_resume(k, eff_succeed(new_token())); break;
    case 3: eff_async_release(k); break;
    default: eff_async_succeed(k, new_token()); break;
    }
}
static void *answer_all(void *arg)
{
    uint32_t seed = (uint32_t)(uintptr_t)arg;
    eff_async_t *k;
    while ((k = get())) {
        uint32_t how = draw(&seed);
        if (how % 8 == 0) {
            put(k); /* later */
            continue;
        }
        if (how % 8 == 1) put(eff_async_incref(k)); /* once more, by whoever comes */
        answer(k, how / 8);
    }
    return NULL;
}

/* ---- a thread with a runtime after the other */

struct client {
    pthread_t thread;
    uint32_t seed;
    int64_t n_ops;
    bool freed; /* the runtime will be freed under its fibers, which names each finalizer that did not run */
    int started[N_OPS], ended[N_OPS]; /* how often, of each wait of a round */
};

static eff_cancel_t gone(eff_async_t *k, void *arg)
{
    return EFF_CANCEL_GONE; /* whoever has it in the ring still answers */
}
static eff_cancel_t pending(eff_async_t *k, void *arg)
{
    return EFF_CANCEL_PENDING;
}
static void start(eff_async_t *k, eff_value_t env)
{
    struct client *c = eff_as_ptr(eff_first(env));
    int64_t i = eff_as_int(eff_second(env));
    c->started[i]++;
    if (i % 3 == 1) eff_async_on_cancel(k, gone, NULL);
    if (i % 3 == 2) eff_async_on_cancel(k, pending, NULL);
    put(k);
}
static eff_t *note_end(const eff_exit_t *exit, eff_value_t env)
{
    struct client *c = eff_as_ptr(eff_first(env));
    c->ended[eff_as_int(eff_second(env))]++;
    return eff_noop();
}
static eff_t *go_on(const eff_cause_t *cause, eff_value_t env)
{
    return eff_noop();
}
static eff_t *turns(uint32_t n)
{
    return eff_repeat(eff_yield_now(), eff_schedule_recurs(n));
}
static eff_t *op(eff_value_t index, eff_value_t env)
{
    struct client *c = eff_as_ptr(env);
    eff_value_t which = eff_pair(eff_ptr(c), eff_value_incref(index));
    eff_t *e = eff_async(start, eff_value_incref(which));
    if (!c->freed) e = eff_on_exit(e, note_end, eff_value_incref(which));
    eff_value_decref(which);
    e = eff_catch_cause(e, go_on, eff_unit);
    uint32_t r = draw(&c->seed);
    return r % 2 ? eff_race_first(e, turns(r / 2 % 30)) : e;
}
static eff_t *ops(struct client *c)
{
    return eff_for_each_par_discard(eff_range(0, c->n_ops), op, eff_ptr(c), AT_ONCE);
}

static eff_value_t shut_down(eff_value_t rt)
{
    eff_runtime_shutdown(eff_as_ptr(rt), NULL, NULL);
    return eff_unit;
}
/* All of it; part of it, interrupted; until a shutdown; until the runtime is freed under it. */
static void run_round(struct client *c, int how)
{
    eff_runtime_t *rt = eff_runtime_new(NULL);
    uint32_t some = draw(&c->seed) % 200;
    c->freed = how == 3;
    eff_t *e = ops(c);
    if (how == 1) e = eff_race_first(e, turns(some));
    if (how == 2) e = eff_zip_par(e, eff_then(turns(some), eff_sync(shut_down, eff_ptr(rt))));
    if (how == 3) {
        ck_assert_int_eq(eff_runtime_fork(rt, e, NULL, NULL, NULL), 0);
        e = turns(some);
    }
    eff_exit_t exit = eff_runtime_run(rt, e);
    if (how != 2) ck_assert(exit.ok);
    eff_exit_decref(exit);
    eff_runtime_free(rt);
}

static void *run_rounds(void *arg)
{
    struct client *c = arg;
    for (int round = 0; round < N_ROUNDS * 4; round++) {
        for (int i = 0; i < N_OPS; i++)
            c->started[i] = c->ended[i] = 0;
        run_round(c, round % 4);
        for (int i = 0; i < N_OPS && !c->freed; i++) {
            ck_assert_int_le(c->started[i], 1);
            ck_assert_int_le(c->ended[i], 1);
            if (c->started[i]) ck_assert_int_eq(c->ended[i], 1);
        }
    }
    return NULL;
}

static void ignore_mistake(const char *message, void *arg) {}

START_TEST(under_load_no_answer_is_lost_leaked_or_given_twice)
{
    static struct client clients[N_RUNTIMES];
    pthread_t answerers[N_ANSWERERS];
    eff_set_misuse_handler(ignore_mistake, NULL); /* of freeing runtimes under their fibers */
    for (uintptr_t i = 0; i < N_ANSWERERS; i++)
        ck_assert_int_eq(pthread_create(&answerers[i], NULL, answer_all, (void *)(i + 1)), 0);
    for (uint32_t i = 0; i < N_RUNTIMES; i++) {
        clients[i].seed = i + 100;
        clients[i].n_ops = test_scaled(N_OPS) < N_OPS ? test_scaled(N_OPS) : N_OPS;
        ck_assert_int_eq(pthread_create(&clients[i].thread, NULL, run_rounds, &clients[i]), 0);
    }
    for (int i = 0; i < N_RUNTIMES; i++)
        pthread_join(clients[i].thread, NULL);
    pthread_mutex_lock(&ring.lock);
    ring.ending = true;
    pthread_cond_broadcast(&ring.changed);
    pthread_mutex_unlock(&ring.lock);
    for (int i = 0; i < N_ANSWERERS; i++)
        pthread_join(answerers[i], NULL);
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_uint_eq(ring.n, 0);
    ck_assert_int_gt(tokens_made, 0);
    ck_assert_int_eq(tokens_made, tokens_dropped);
}
END_TEST

TESTS(under_load_no_answer_is_lost_leaked_or_given_twice)
