/* Measures W6. Memory is the peak resident size of a process with n sleepers, less that of one with none, less the
 * caller's own array of n handles; CPU is the user and system time of the process, less the same. */
#include "sleepers.h"

#include <sys/resource.h>

typedef void (*sleepers_fn)(long n, long base_ms);
static const sleepers_fn variants[BENCH_N_VARIANTS] = { limit_sleepers, floor_sleepers, library_sleepers };
static const size_t handle_bytes[BENCH_N_VARIANTS] = { 0, sizeof(void *), sizeof(void *) };

struct job {
    sleepers_fn run;
    long n, base_ms;
};

static void run_job(void *arg)
{
    const struct job *job = arg;
    job->run(job->n, job->base_ms);
}

static bool usage_of(sleepers_fn run, long n, long base_ms, struct rusage *ret_usage)
{
    return bench_child(run_job, &(struct job){ run, n, base_ms }, ret_usage);
}

static double cpu_ns(const struct rusage *u)
{
    return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e9 +
           (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) * 1e3;
}

/* Both figures come of the same runs, which take seconds: the second workload gets what the first has measured. */
static struct bench_result bytes, cpu;
static bool measured; /* whether all of them ended well */

static bool measure(const struct workload *w, const struct bench_options *o)
{
    long n = bench_n_of(w, o);
    if (bytes.n == n) return measured;
    int n_runs = o->verify_only ? 1 : o->n_runs < 3 ? o->n_runs : 3;
    /* Longer than it takes to start them all. */
    long base_ms = n > 2000000 ? 60000 : n > 200000 ? 3000 : n > 20000 ? 1000 : 100;
    measured = false;
    bytes = cpu = (struct bench_result){ .n = n, .n_runs = n_runs, .allocs = -1, .blocks = -1 };
    for (int v = 0; v < BENCH_N_VARIANTS; v++) {
        bytes.has[v] = cpu.has[v] = o->only[v];
        if (!o->only[v]) continue;
        struct rusage none, all;
        if (!usage_of(variants[v], 0, 0, &none)) return false;
        for (int i = 0; i < n_runs; i++) {
            if (!usage_of(variants[v], n, base_ms, &all)) return false;
            bytes.runs[v][i] = (double)(all.ru_maxrss - none.ru_maxrss) * 1024 / (double)n - (double)handle_bytes[v];
            cpu.runs[v][i] = (cpu_ns(&all) - cpu_ns(&none)) / (double)n;
        }
    }
    measured = true;
    return true;
}

bool sleepers_measure_bytes(const struct workload *w, const struct bench_options *o, struct bench_result *r)
{
    bool good = measure(w, o);
    *r = bytes;
    return good;
}

bool sleepers_measure_cpu(const struct workload *w, const struct bench_options *o, struct bench_result *r)
{
    bool good = measure(w, o);
    *r = cpu;
    return good;
}
