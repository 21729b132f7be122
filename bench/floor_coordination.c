/* W5, W7b and W12 on the model floor. */
#include "floor.h"
#include "workloads.h"

static long last;
static struct floor_queue there, back;

static void *pointer(long v)
{
    return (void *)(intptr_t)v;
}
static long number(void *p)
{
    return (long)(intptr_t)p;
}

static struct floor_node *join_it(long v, void *fiber)
{
    (void)v;
    return floor_join(fiber);
}

/* ---- W5a: each loop counts in its env */

static struct floor_node *pong_take(long v, void *i);
static struct floor_node *pong_offer(long v, void *i)
{
    return floor_flat_map(floor_offer(&back, v), pong_take, pointer(number(i) + 1));
}
static struct floor_node *pong_take(long v, void *i)
{
    (void)v;
    return number(i) == last ? floor_succeed(0) : floor_flat_map(floor_take(&there), pong_offer, i);
}

static struct floor_node *ping_offer(long v, void *i);
static struct floor_node *ping_take(long v, void *i)
{
    (void)v;
    return floor_flat_map(floor_take(&back), ping_offer, i);
}
static struct floor_node *ping_offer(long v, void *i)
{
    CHECK(v == number(i) - 1);
    if (number(i) == last) return floor_succeed(v);
    return floor_flat_map(floor_offer(&there, number(i)), ping_take, pointer(number(i) + 1));
}

static struct floor_node *ping(long fiber, void *env)
{
    (void)env;
    return floor_flat_map(ping_offer(-1, pointer(0)), join_it, pointer(fiber));
}

void floor_ping_pong(long n)
{
    last = n;
    floor_queue_init(&there, 1);
    floor_queue_init(&back, 1);
    floor_run(floor_flat_map(floor_fork(pong_take(0, pointer(0))), ping, NULL));
    floor_queue_done(&there);
    floor_queue_done(&back);
}

/* ---- W5b */

static struct floor_node *produce(long v, void *i)
{
    (void)v;
    if (number(i) == last) return floor_succeed(0);
    return floor_flat_map(floor_offer(&there, number(i)), produce, pointer(number(i) + 1));
}

struct consumer {
    long left, sum;
};

static struct floor_node *consume(long v, void *env)
{
    struct consumer *s = env;
    s->sum += v;
    return s->left-- == 0 ? floor_succeed(s->sum) : floor_flat_map(floor_take(&there), consume, s);
}

static struct floor_node *consume_forked(long fiber, void *env)
{
    (void)fiber;
    return consume(0, env);
}

void floor_queue_64(long n)
{
    struct consumer s = { .left = n };
    last = n;
    floor_queue_init(&there, 64);
    CHECK(floor_run(floor_flat_map(floor_fork(produce(0, pointer(0))), consume_forked, &s)) == n * (n - 1) / 2);
    floor_queue_done(&there);
}

/* ---- W7b: a negative item ends one consumer */

enum { N_CONSUMERS = 50 };
struct fan {
    long sum, n_started, n_ended;
};

static struct floor_node *fan_consume(long v, void *env)
{
    struct fan *s = env;
    if (v < 0) {
        s->n_ended++;
        return floor_succeed(0);
    }
    s->sum += v;
    return floor_flat_map(floor_take(&there), fan_consume, s);
}

static struct floor_node *fan_produce(long v, void *i)
{
    (void)v;
    if (number(i) == last + N_CONSUMERS) return floor_succeed(0);
    long item = number(i) < last ? number(i) : -1;
    return floor_flat_map(floor_offer(&there, item), fan_produce, pointer(number(i) + 1));
}

static struct floor_node *fan_start(long fiber, void *env)
{
    struct fan *s = env;
    (void)fiber;
    if (s->n_started++ == N_CONSUMERS) return fan_produce(0, pointer(0));
    return floor_flat_map(floor_fork(floor_flat_map(floor_take(&there), fan_consume, s)), fan_start, s);
}

void floor_fan_out(long n)
{
    struct fan s = { 0 };
    last = n;
    floor_queue_init(&there, 64);
    floor_run(fan_start(0, &s));
    CHECK(s.sum == n * (n - 1) / 2 && s.n_ended == N_CONSUMERS);
    floor_queue_done(&there);
}

/* ---- W12: a lock, which a fiber keeps while it yields */

enum { N_LOCKERS = 16 };
struct locker {
    struct lockers *all;
    long left;
};
struct lockers {
    struct floor_mutex mutex;
    long counter, n_each, n_started;
    struct locker each[N_LOCKERS];
    void *fibers[N_LOCKERS];
};

static struct floor_node *count_up(long v, void *env)
{
    struct lockers *s = env;
    (void)v;
    return floor_succeed(++s->counter);
}

static struct floor_node *lock_next(long v, void *env)
{
    struct locker *locker = env;
    (void)v;
    if (locker->left-- == 0) return floor_succeed(0);
    struct floor_node *inside = floor_flat_map(&floor_yield, count_up, locker->all);
    return floor_flat_map(floor_hold(&locker->all->mutex, inside), lock_next, locker);
}

static struct floor_node *join_lockers(long v, void *env)
{
    struct lockers *s = env;
    (void)v;
    if (s->n_started == 0) return floor_succeed(s->counter);
    return floor_flat_map(floor_join(s->fibers[--s->n_started]), join_lockers, s);
}

static struct floor_node *start_lockers(long fiber, void *env)
{
    struct lockers *s = env;
    if (fiber) s->fibers[s->n_started++] = pointer(fiber);
    if (s->n_started == N_LOCKERS) return join_lockers(0, s);
    struct locker *locker = &s->each[s->n_started];
    *locker = (struct locker){ s, s->n_each };
    return floor_flat_map(floor_fork(lock_next(0, locker)), start_lockers, s);
}

void floor_lock(long n)
{
    struct lockers s = { .n_each = n / N_LOCKERS };
    CHECK(floor_run(start_lockers(0, &s)) == n / N_LOCKERS * N_LOCKERS && !s.mutex.held);
}

/* ---- W12: made, completed, awaited */

struct promises {
    long i, sum;
    struct floor_deferred *current;
};

static struct floor_node *await_it(long v, void *env);
static struct floor_node *make_one(long v, void *env)
{
    struct promises *s = env;
    if (s->current) pool_free(s->current, sizeof *s->current);
    s->sum += v;
    if (s->i == last) return floor_succeed(s->sum);
    s->current = floor_deferred_new();
    return floor_flat_map(floor_complete(s->current, s->i++), await_it, s);
}

static struct floor_node *await_it(long v, void *env)
{
    struct promises *s = env;
    (void)v;
    return floor_flat_map(floor_await(s->current), make_one, s);
}

void floor_deferred_once(long n)
{
    struct promises s = { 0 };
    last = n;
    CHECK(floor_run(make_one(0, &s)) == n * (n - 1) / 2);
}

/* ---- W12: a round trip over two fresh deferreds */

static struct floor_deferred **asked, **answered;

static struct floor_node *wait_for_question(long v, void *i);
static struct floor_node *answer(long v, void *i)
{
    return floor_flat_map(floor_complete(answered[number(i)], v), wait_for_question, pointer(number(i) + 1));
}
static struct floor_node *wait_for_question(long v, void *i)
{
    (void)v;
    return number(i) == last ? floor_succeed(0) : floor_flat_map(floor_await(asked[number(i)]), answer, i);
}

static struct floor_node *ask(long v, void *i);
static struct floor_node *wait_for_answer(long v, void *i)
{
    (void)v;
    return floor_flat_map(floor_await(answered[number(i)]), ask, pointer(number(i) + 1));
}
static struct floor_node *ask(long v, void *i)
{
    CHECK(v == number(i) - 1);
    if (number(i) == last) return floor_succeed(v);
    return floor_flat_map(floor_complete(asked[number(i)], number(i)), wait_for_answer, i);
}

static struct floor_node *ask_forked(long fiber, void *env)
{
    (void)env;
    return floor_flat_map(ask(-1, pointer(0)), join_it, pointer(fiber));
}

void floor_handoff(long n)
{
    last = n;
    asked = malloc((size_t)n * sizeof *asked);
    answered = malloc((size_t)n * sizeof *answered);
    CHECK(asked && answered);
    for (long i = 0; i < n; i++) {
        asked[i] = floor_deferred_new();
        answered[i] = floor_deferred_new();
    }
    floor_run(floor_flat_map(floor_fork(wait_for_question(0, pointer(0))), ask_forked, NULL));
    for (long i = 0; i < n; i++) {
        pool_free(asked[i], sizeof *asked[i]);
        pool_free(answered[i], sizeof *answered[i]);
    }
    free(asked);
    free(answered);
}
