/* W5, W7b and W12 as a user of the library writes them. */
#include "library.h"
#include "workloads.h"

/* Forks `beside`, runs e, then waits for the fiber. Consumes both. */
static eff_t *beside(eff_t *forked, eff_t *e);

static eff_t *join_it(eff_value_t v, eff_value_t fiber)
{
    (void)v;
    return eff_fiber_join(eff_as_fiber(fiber));
}

static eff_t *then_join(eff_value_t fiber, eff_value_t e)
{
    return eff_tap(eff_incref(eff_as_effect(e)), join_it, eff_value_incref(fiber));
}

static eff_t *beside(eff_t *forked, eff_t *e)
{
    return eff_flat_map(eff_fork(forked), then_join, eff_effect_value(e));
}

/* ---- W5a */

struct ping_pong {
    int64_t n;
    eff_queue_t *there, *back;
    int64_t n_pings, n_pongs;
};

static eff_t *pong_take(eff_value_t v, eff_value_t env);
static eff_t *pong_offer(eff_value_t v, eff_value_t env)
{
    struct ping_pong *s = eff_as_ptr(env);
    s->n_pongs++;
    return eff_flat_map(eff_queue_offer(s->back, eff_value_incref(v)), pong_take, env);
}
static eff_t *pong_take(eff_value_t v, eff_value_t env)
{
    struct ping_pong *s = eff_as_ptr(env);
    (void)v;
    if (s->n_pongs == s->n) return eff_succeed(eff_unit);
    return eff_flat_map(eff_queue_take(s->there), pong_offer, env);
}

static eff_t *ping_got(eff_value_t v, eff_value_t env);
static eff_t *ping_take(eff_value_t v, eff_value_t env)
{
    struct ping_pong *s = eff_as_ptr(env);
    (void)v;
    return eff_flat_map(eff_queue_take(s->back), ping_got, env);
}
static eff_t *ping_offer(eff_value_t v, eff_value_t env)
{
    struct ping_pong *s = eff_as_ptr(env);
    (void)v;
    if (s->n_pings == s->n) return eff_succeed(eff_int(s->n));
    return eff_flat_map(eff_queue_offer(s->there, eff_int(s->n_pings)), ping_take, env);
}
static eff_t *ping_got(eff_value_t v, eff_value_t env)
{
    struct ping_pong *s = eff_as_ptr(env);
    CHECK(eff_as_int(v) == s->n_pings);
    s->n_pings++;
    return ping_offer(eff_unit, env);
}

void library_ping_pong(long n)
{
    struct ping_pong s = { .n = n, .there = eff_queue_bounded(1), .back = eff_queue_bounded(1) };
    eff_t *pong = pong_take(eff_unit, eff_ptr(&s));
    eff_t *ping = ping_offer(eff_unit, eff_ptr(&s));
    CHECK(library_run_int(beside(pong, ping)) == n && s.n_pongs == n);
    eff_queue_decref(s.there);
    eff_queue_decref(s.back);
}

/* ---- W5b */

struct stream {
    int64_t n, n_sent, n_taken, sum;
    eff_queue_t *queue;
};

static eff_t *produce(eff_value_t v, eff_value_t env)
{
    struct stream *s = eff_as_ptr(env);
    (void)v;
    if (s->n_sent == s->n) return eff_queue_end(s->queue);
    return eff_flat_map(eff_queue_offer(s->queue, eff_int(s->n_sent++)), produce, env);
}

static eff_t *consume(eff_value_t v, eff_value_t env)
{
    struct stream *s = eff_as_ptr(env);
    s->sum += eff_as_int(v);
    if (++s->n_taken == s->n) return eff_succeed(eff_int(s->sum));
    return eff_flat_map(eff_queue_take(s->queue), consume, env);
}

static void through_queue(long n, size_t capacity)
{
    struct stream s = { .n = n, .queue = eff_queue_bounded(capacity) };
    eff_t *producer = produce(eff_unit, eff_ptr(&s));
    eff_t *consumer = eff_flat_map(eff_queue_take(s.queue), consume, eff_ptr(&s));
    CHECK(library_run_int(beside(producer, consumer)) == n * (n - 1) / 2);
    eff_queue_decref(s.queue);
}

void library_queue_64(long n)
{
    through_queue(n, 64);
}
void cost_queue_1(long n)
{
    through_queue(n, 1);
}
void cost_queue_1000(long n)
{
    through_queue(n, 1000);
}

/* ---- W7b: the end of the queue ends the consumers */

enum { N_CONSUMERS = 50 };

static eff_t *consume_all(eff_value_t v, eff_value_t env)
{
    struct stream *s = eff_as_ptr(env);
    s->sum += eff_as_int(v);
    s->n_taken++;
    return eff_flat_map(eff_queue_take(s->queue), consume_all, env);
}

static eff_t *closed_is_fine(eff_value_t error, eff_value_t env)
{
    (void)error, (void)env;
    return eff_noop();
}

void library_fan_out(long n)
{
    struct stream s = { .n = n, .queue = eff_queue_bounded(64) };
    eff_t *e = produce(eff_unit, eff_ptr(&s));
    for (int i = 0; i < N_CONSUMERS; i++) {
        eff_t *consumer = eff_flat_map(eff_queue_take(s.queue), consume_all, eff_ptr(&s));
        e = beside(eff_catch_kind(consumer, &eff_closed_error, closed_is_fine, eff_unit), e);
    }
    eff_value_decref(library_run(e));
    CHECK(s.n_taken == n && s.sum == n * (n - 1) / 2);
    eff_queue_decref(s.queue);
}

/* ---- W12: a lock, which a fiber keeps while it yields */

enum { N_LOCKERS = 16 };
struct locker {
    eff_mutex_t *mutex;
    int64_t left, *counter;
};

static eff_t *count_up(eff_value_t v, eff_value_t env)
{
    struct locker *s = eff_as_ptr(env);
    (void)v;
    return eff_succeed(eff_int(++*s->counter));
}

static eff_t *lock_next(eff_value_t v, eff_value_t env)
{
    struct locker *s = eff_as_ptr(env);
    (void)v;
    if (s->left-- == 0) return eff_noop();
    return eff_flat_map(eff_with_lock(s->mutex, eff_flat_map(eff_yield_now(), count_up, env)), lock_next, env);
}

static eff_t *lock_often(eff_value_t i, eff_value_t lockers)
{
    struct locker *s = eff_as_ptr(lockers);
    return lock_next(eff_unit, eff_ptr(s + eff_as_int(i)));
}

void library_mutex(long n)
{
    struct locker lockers[N_LOCKERS];
    eff_mutex_t *mutex = eff_mutex_new();
    int64_t counter = 0;
    for (int i = 0; i < N_LOCKERS; i++)
        lockers[i] = (struct locker){ mutex, n / N_LOCKERS, &counter };
    eff_value_decref(library_run(eff_for_each_par_discard(eff_range(0, N_LOCKERS), lock_often, eff_ptr(lockers), 0)));
    CHECK(counter == n / N_LOCKERS * N_LOCKERS && !eff_mutex_is_locked(mutex));
    eff_mutex_decref(mutex);
}

/* ---- W12: made, completed, awaited */

struct promises {
    int64_t n, i, sum;
};

static eff_t *await_it(eff_value_t v, eff_value_t deferred)
{
    (void)v;
    return eff_deferred_await(eff_as_deferred(deferred));
}

static eff_t *make_one(eff_value_t v, eff_value_t env)
{
    struct promises *s = eff_as_ptr(env);
    s->sum += eff_as_int(v);
    if (s->i == s->n) return eff_succeed(eff_int(s->sum));
    eff_deferred_t *d = eff_deferred_new();
    eff_t *completed = eff_deferred_succeed(d, eff_int(s->i++));
    eff_t *awaited = eff_flat_map(completed, await_it, eff_deferred_value(d));
    return eff_flat_map(awaited, make_one, env);
}

void library_deferred(long n)
{
    struct promises s = { .n = n };
    CHECK(library_run_int(make_one(eff_int(0), eff_ptr(&s))) == n * (n - 1) / 2);
}

/* ---- W12: a round trip over two fresh deferreds */

struct handoff {
    int64_t n, n_asked, n_answered;
    eff_deferred_t **asked, **answered;
};

static eff_t *answer(eff_value_t v, eff_value_t env);
static eff_t *wait_for_question(eff_value_t v, eff_value_t env)
{
    struct handoff *s = eff_as_ptr(env);
    (void)v;
    if (s->n_answered == s->n) return eff_succeed(eff_unit);
    return eff_flat_map(eff_deferred_await(s->asked[s->n_answered]), answer, env);
}
static eff_t *answer(eff_value_t v, eff_value_t env)
{
    struct handoff *s = eff_as_ptr(env);
    eff_deferred_t *d = s->answered[s->n_answered++];
    return eff_flat_map(eff_deferred_succeed(d, eff_value_incref(v)), wait_for_question, env);
}

static eff_t *got_answer(eff_value_t v, eff_value_t env);
static eff_t *wait_for_answer(eff_value_t v, eff_value_t env)
{
    struct handoff *s = eff_as_ptr(env);
    (void)v;
    return eff_flat_map(eff_deferred_await(s->answered[s->n_asked]), got_answer, env);
}
static eff_t *ask(eff_value_t v, eff_value_t env)
{
    struct handoff *s = eff_as_ptr(env);
    (void)v;
    if (s->n_asked == s->n) return eff_succeed(eff_int(s->n));
    eff_t *asked = eff_deferred_succeed(s->asked[s->n_asked], eff_int(s->n_asked));
    return eff_flat_map(asked, wait_for_answer, env);
}
static eff_t *got_answer(eff_value_t v, eff_value_t env)
{
    struct handoff *s = eff_as_ptr(env);
    CHECK(eff_as_int(v) == s->n_asked);
    s->n_asked++;
    return ask(eff_unit, env);
}

void library_handoff(long n)
{
    struct handoff s = { .n = n };
    s.asked = malloc((size_t)n * sizeof(eff_deferred_t *));
    s.answered = malloc((size_t)n * sizeof(eff_deferred_t *));
    CHECK(s.asked && s.answered);
    for (long i = 0; i < n; i++) {
        s.asked[i] = eff_deferred_new();
        s.answered[i] = eff_deferred_new();
    }
    eff_t *answers = wait_for_question(eff_unit, eff_ptr(&s));
    eff_t *asks = ask(eff_unit, eff_ptr(&s));
    CHECK(library_run_int(beside(answers, asks)) == n && s.n_answered == n);
    for (long i = 0; i < n; i++) {
        eff_deferred_decref(s.asked[i]);
        eff_deferred_decref(s.answered[i]);
    }
    free(s.asked);
    free(s.answered);
}
