/* Runs programs for somebody who counts their instructions: in this process, and nothing in turn. callgrind looks at what
 * lies between bench_start() and bench_stop(), and each run says on stdout what it was; see instructions.py. */
#include <string.h>

#include <effect/base.h>

#include "bench.h"

static const char *const variants[BENCH_N_VARIANTS] = { "limit", "floor", "library" };

#if defined(__clang__)
#define COMPILER "clang-" __clang_version__
#else
#define COMPILER "gcc-" __VERSION__
#endif
#if defined(__x86_64__)
#define MACHINE "x86_64"
#elif defined(__aarch64__)
#define MACHINE "aarch64"
#else
#define MACHINE "other"
#endif

/* Counts of one machine and compiler say nothing about those of another. */
void bench_count_head(void)
{
    printf("%s-%.*s\n", MACHINE, (int)strcspn(COMPILER, " "), COMPILER);
}

/* The first run fills free lists, which are empty before it: what is kept of earlier workloads ages by the real clock. Of
 * the other two the difference counts: what a program does once cancels out. */
void bench_count(const struct workload *w, const struct bench_options *o)
{
    long n = o->n > 0 ? o->n : w->n_quick;
    const long runs[] = { 2 * n, n, 2 * n };
    for (int v = 0; v < BENCH_N_VARIANTS; v++) {
        if (!o->only[v] || !w->run[v]) continue;
        eff_trim();
        for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
            bench_run(w->run[v], runs[i]);
            printf("%s %s %ld\n", w->id, variants[v], runs[i]);
            fflush(stdout);
        }
    }
}
