/* More cores: a runtime on each of several threads, and a fiber that has them work. What crosses are effects and values;
 * nothing here needs a lock. */
#include <effect/effect.h>

#include <pthread.h>

enum { N_WORKERS = 3, N_BLOCKS = 30, BLOCK = 1000 };

/* ---- a thread that serves */

struct worker {
    pthread_t thread;
    pthread_barrier_t *ready;
    eff_runtime_ref_t *ref; /* how others reach its runtime, which it outlives */
    eff_deferred_t *stop;   /* of its runtime: only fibers there use it */
};

static void *serve(void *arg)
{
    struct worker *w = arg;
    eff_runtime_t *rt = eff_runtime_new(NULL);
    w->ref = rt ? eff_runtime_ref(rt) : NULL; /* without memory: NULL, which dies of it when used */
    w->stop = eff_deferred_new();
    pthread_barrier_wait(w->ready);
    /* What is sent here runs beside this wait, which is ended from outside. */
    if (rt) eff_exit_decref(eff_runtime_run(rt, eff_external(eff_deferred_await(w->stop))));
    eff_deferred_decref(w->stop);
    eff_runtime_free(rt);
    return NULL;
}

/* ---- the work */

static eff_value_t count_primes(eff_value_t block)
{
    int64_t first = eff_as_int(block) * BLOCK, n_primes = 0;
    for (int64_t n = first > 2 ? first : 2; n < first + BLOCK; n++) {
        int64_t divisor = 2;
        while (divisor * divisor <= n && n % divisor)
            divisor++;
        n_primes += divisor * divisor > n;
    }
    return eff_int(n_primes);
}

static eff_t *count_there(eff_value_t block, eff_value_t workers)
{
    struct worker *w = (struct worker *)eff_as_ptr(workers) + eff_as_int(block) % N_WORKERS;
    return eff_on_runtime(w->ref, eff_sync(count_primes, eff_value_incref(block)));
}

static eff_value_t add(eff_value_t sum, eff_value_t n, eff_value_t env)
{
    (void)env;
    return eff_int(eff_as_int(sum) + eff_as_int(n));
}

static eff_t *program(struct worker *workers)
{
    eff_t *sum = eff_reduce_par(eff_range(0, N_BLOCKS), count_there, eff_int(0), add, eff_ptr(workers), 2 * N_WORKERS);
    return eff_flat_map(sum, eff_print_value, eff_literal("primes below 30000: "));
}

int main(void)
{
    static struct worker workers[N_WORKERS];
    pthread_barrier_t ready;
    int n = 0;
    pthread_barrier_init(&ready, NULL, N_WORKERS + 1);
    for (; n < N_WORKERS; n++) {
        workers[n].ready = &ready;
        if (pthread_create(&workers[n].thread, NULL, serve, &workers[n])) return 2;
    }
    pthread_barrier_wait(&ready);

    int code = eff_main(program(workers));

    while (n-- > 0) {
        (void)eff_runtime_post(workers[n].ref, eff_deferred_succeed(workers[n].stop, eff_unit));
        pthread_join(workers[n].thread, NULL);
        eff_runtime_ref_decref(workers[n].ref);
    }
    pthread_barrier_destroy(&ready);
    return code;
}

/* expected output:
primes below 30000: 3245
*/
