/* Measuring one workload: in a child process, a warm-up of each variant, then runs of the variants in turn, so that
 * what disturbs the machine disturbs all of them. Measured is processor time: none of these workloads waits, and what
 * others do meanwhile is left out. Allocations are counted in two more children, of the library only. */
#include <string.h>
#include <sys/mman.h>

#include <effect/base.h>

#include "bench.h"

int64_t bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t processor_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t started, stopped; /* stopped is 0 until bench_stop() */
__attribute__((noinline)) void bench_start(void)
{
    started = processor_time();
}
__attribute__((noinline)) void bench_stop(void)
{
    stopped = processor_time();
}

double bench_run(bench_fn run, long n)
{
    stopped = 0;
    bench_start();
    run(n);
    if (stopped == 0) bench_stop();
    return (double)(stopped - started) / (double)n;
}

/* Small numbers are done again and again, since a run that takes microseconds measures how cold everything is. */
enum { MIN_RUN_NS = 2000000 };

static double time_long_enough(bench_fn run, long n)
{
    double sum = 0;
    int n_times = 0;
    while (sum * (double)n < MIN_RUN_NS) {
        sum += bench_run(run, n);
        n_times++;
    }
    return sum / n_times;
}

long bench_n_of(const struct workload *w, const struct bench_options *o)
{
    return o->n > 0 ? o->n : o->quick ? w->n_quick : w->n;
}

static long tenth(long n)
{
    return n >= 10 ? n / 10 : n;
}

/* What a child works on; in memory shared with it. */
struct job {
    const struct workload *w;
    const struct bench_options *o;
    struct bench_result result;
};

static void time_all(void *arg)
{
    struct job *job = arg;
    struct bench_result *r = &job->result;
    for (int v = 0; v < BENCH_N_VARIANTS; v++) {
        if (!r->has[v]) continue;
        if (job->o->verify_only) bench_run(job->w->run[v], r->n);
        else time_long_enough(job->w->run[v], tenth(r->n));
    }
    for (int i = 0; i < r->n_runs; i++) {
        for (int v = 0; v < BENCH_N_VARIANTS; v++) {
            if (r->has[v]) r->runs[v][i] = time_long_enough(job->w->run[v], r->n);
        }
    }
}

/* ---- counting what the library asks of its allocator */

static long n_allocs;

static void *count_malloc(size_t size, void *ctx)
{
    (void)ctx;
    __atomic_fetch_add(&n_allocs, 1, __ATOMIC_RELAXED);
    return malloc(size);
}
static void *count_realloc(void *p, size_t size, void *ctx)
{
    (void)ctx;
    __atomic_fetch_add(&n_allocs, 1, __ATOMIC_RELAXED);
    return realloc(p, size);
}
static void count_free(void *p, void *ctx)
{
    (void)ctx;
    free(p);
}

static double allocs_per_op(const struct job *job)
{
    static const eff_allocator_t counting = { count_malloc, count_realloc, count_free, NULL };
    bench_fn run = job->w->run[BENCH_LIBRARY];
    long n = tenth(job->result.n);
    CHECK(eff_set_allocator(&counting) == 0);
    run(n);
    n_allocs = 0;
    run(n);
    return (double)n_allocs / (double)n;
}

static void count_allocs(void *arg)
{
    struct job *job = arg;
    job->result.allocs = allocs_per_op(job);
}

/* Without the free lists every block is an allocation. */
static void count_blocks(void *arg)
{
    struct job *job = arg;
    setenv("EFF_DEBUG", "nofreelists", 1);
    job->result.blocks = allocs_per_op(job);
}

/* Returns false when a variant gave a wrong result or crashed. */
bool bench_measure(const struct workload *w, const struct bench_options *o, struct bench_result *r)
{
    if (w->measure) {
        return w->measure(w, o, r);
    }
    struct job *job = mmap(NULL, sizeof *job, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(job != MAP_FAILED);
    job->w = w;
    job->o = o;
    job->result = (struct bench_result){
        .n = bench_n_of(w, o), .n_runs = o->verify_only ? 0 : o->n_runs, .allocs = -1, .blocks = -1
    };
    for (int v = 0; v < BENCH_N_VARIANTS; v++)
        job->result.has[v] = o->only[v] && w->run[v];
    bool good = bench_child(time_all, job, NULL);
    if (good && !o->verify_only && job->result.has[BENCH_LIBRARY])
        good = bench_child(count_allocs, job, NULL) && bench_child(count_blocks, job, NULL);
    *r = job->result;
    munmap(job, sizeof *job);
    return good;
}
