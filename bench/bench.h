/* What every file of effect-bench shares: what a workload is, how its figures are judged, the clock, the check.
 *
 * One workload is up to three programs that do the same job:
 *   limit      a hand-written state machine with free lists, which checks nothing a library must;
 *   floor      the smallest honest interpreter of heap descriptions with fibers (floor.h);
 *   libeffect  what a user would write against the public headers.
 * They run interleaved in one process, so that the ratio between them means something on a noisy machine.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum bench_variant { BENCH_LIMIT, BENCH_FLOOR, BENCH_LIBRARY, BENCH_N_VARIANTS };

/* What the library's figure is divided by; BENCH_ABSOLUTE: nothing, the targets are in the workload's own unit. */
enum bench_basis { BENCH_NO_TARGET, BENCH_OVER_LIMIT, BENCH_OVER_FLOOR, BENCH_ABSOLUTE };

enum { BENCH_MAX_RUNS = 15 };

struct bench_options {
    long n;                      /* operations per run; 0: the workload's own number */
    int n_runs;                  /* timed runs of each variant */
    bool quick;                  /* small numbers: a look, not a measurement */
    bool verify_only;            /* run each variant once, check its results, time nothing */
    bool count;                  /* run programs for somebody who counts their instructions; time nothing */
    bool sizes;                  /* bytes of nodes, fibers and the like, and nothing else */
    bool json;                   /* JSON lines instead of a table */
    bool only[BENCH_N_VARIANTS]; /* which variants to run */
};

/* The figures of one workload, filled in by a child process, hence without pointers. */
struct bench_result {
    long n;                                        /* operations per run */
    int n_runs;                                    /* how many of `runs` are valid */
    bool has[BENCH_N_VARIANTS];                    /* which variants were run */
    double runs[BENCH_N_VARIANTS][BENCH_MAX_RUNS]; /* per operation, in the workload's unit */
    double allocs;                                 /* allocator calls per operation; negative: not counted */
    double blocks;                                 /* the same with the library's free lists turned off */
};

typedef void (*bench_fn)(long n);

struct workload {
    const char *id;                 /* as in the peers' results */
    const char *group;              /* "w1" ... */
    const char *title;              /* one operation, for people */
    long n, n_quick;                /* operations per run */
    bench_fn run[BENCH_N_VARIANTS]; /* does n operations and checks the result; NULL: there is none */
    enum bench_basis basis;
    double required, aim; /* the figure, or ratio, that must hold and that is wished for */
    const char *unit;     /* NULL: ns/op */
    /* Measures in a way of its own instead of timing `run`, which is then only for counting instructions; starts its own
     * child processes. False: a wrong result. */
    bool (*measure)(const struct workload *w, const struct bench_options *o, struct bench_result *r);
};

extern const struct workload bench_workloads[];
extern const size_t bench_n_workloads;

/* measure.c */
bool bench_measure(const struct workload *w, const struct bench_options *o, struct bench_result *r);
long bench_n_of(const struct workload *w, const struct bench_options *o);
/* Does n operations. Returns ns per operation. */
double bench_run(bench_fn run, long n);
/* Only what lies between the two is timed; a run that calls neither is timed as a whole. */
void bench_start(void);
void bench_stop(void);
int64_t bench_now(void); /* monotonic, in nanoseconds */

/* count.c */
void bench_count_head(void);
void bench_count(const struct workload *w, const struct bench_options *o);

/* sizes.c */
bool bench_print_sizes(const struct bench_options *o);

/* baseline.c */
bool bench_baseline_load(const char *path);
bool bench_has_baseline(void);
double bench_baseline_min(const char *peer, const char *workload, long n);

/* report.c */
void bench_print_head(void);
void bench_print_row(const struct workload *w, const struct bench_result *r);
void bench_print_json(const struct workload *w, const struct bench_result *r);
double bench_median(const double *runs, int n);

/* process.c */
struct rusage;
bool bench_child(void (*body)(void *arg), void *arg, struct rusage *ret_usage);

_Noreturn void bench_check_failed(const char *file, int line, const char *what);
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) bench_check_failed(__FILE__, __LINE__, #condition);                                          \
    } while (0)

#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define CONTAINER_OF(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))

#endif
