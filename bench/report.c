/* What effect-bench prints: a table for people, or the JSON lines that peers/README.md describes. */
#include <string.h>

#include "bench.h"

static const char *const peers[BENCH_N_VARIANTS] = { "libeffect-limit", "libeffect-floor", "libeffect" };

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sort(double *to, const double *runs, int n)
{
    memcpy(to, runs, (size_t)n * sizeof *to);
    qsort(to, (size_t)n, sizeof *to, by_size);
}

double bench_median(const double *runs, int n)
{
    double sorted[BENCH_MAX_RUNS];
    if (n == 0) return 0;
    sort(sorted, runs, n);
    return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

/* ---- the table */

void bench_print_head(void)
{
    printf("ns per operation unless said; medians of runs in turn; ratio: over the floor, or over the limit (l)\n\n");
    printf("%-23s %8s %8s %8s %9s %15s %8s %9s %6s %-8s %7s %7s\n", "workload", "n", "limit", "floor", "libeffect",
           "[min-max]", "ratio", "required", "aim", "met", "allocs", "blocks");
}

static void print_median(const struct bench_result *r, enum bench_variant v, int width)
{
    if (r->has[v])
        printf(" %*.*f", width, bench_median(r->runs[v], r->n_runs) < 100 ? 1 : 0, bench_median(r->runs[v], r->n_runs));
    else printf(" %*s", width, "-");
}

static void print_count(double count)
{
    if (count >= 0) printf(" %7.2f", count);
    else printf(" %7s", "-");
}

/* The figure that is judged; 0 when there is nothing to judge. */
static double judged(const struct workload *w, const struct bench_result *r)
{
    enum bench_variant base = w->basis == BENCH_OVER_LIMIT ? BENCH_LIMIT : BENCH_FLOOR;
    if (w->basis == BENCH_NO_TARGET || !r->has[BENCH_LIBRARY]) return 0;
    double figure = bench_median(r->runs[BENCH_LIBRARY], r->n_runs);
    if (w->basis == BENCH_ABSOLUTE) return figure;
    return r->has[base] ? figure / bench_median(r->runs[base], r->n_runs) : 0;
}

void bench_print_row(const struct workload *w, const struct bench_result *r)
{
    char range[32] = "";
    double ratio = judged(w, r), sorted[BENCH_MAX_RUNS];
    if (r->has[BENCH_LIBRARY]) {
        sort(sorted, r->runs[BENCH_LIBRARY], r->n_runs);
        snprintf(range, sizeof range, "[%.1f-%.1f]", sorted[0], sorted[r->n_runs - 1]);
    }
    printf("%-23s %8ld", w->id, r->n);
    print_median(r, BENCH_LIMIT, 8);
    print_median(r, BENCH_FLOOR, 8);
    print_median(r, BENCH_LIBRARY, 9);
    printf(" %15s", range);
    if (ratio > 0) {
        const char *suffix = w->basis == BENCH_ABSOLUTE ? " " : w->basis == BENCH_OVER_LIMIT ? "l" : "x";
        int digits = w->basis == BENCH_ABSOLUTE ? 0 : 2;
        const char *met = ratio <= w->aim ? "aim" : ratio <= w->required ? "required" : "MISSED";
        printf(" %7.*f%s %9.*f %6.*f %-8s", digits, ratio, suffix, digits, w->required, digits, w->aim, met);
    } else {
        printf(" %8s %9s %6s %-8s", "", "", "", "");
    }
    print_count(r->allocs);
    print_count(r->blocks);
    printf("  %s%s%s%s\n", w->unit ? "(" : "", w->unit ? w->unit : "", w->unit ? ") " : "", w->title);
    fflush(stdout);
}

/* ---- JSON lines */

/* The sleepers' id carries their number, as in the peers' results: w6_sleepers_1000000_cpu. */
static void print_id(const struct workload *w, long n)
{
    static const char sleepers[] = "w6_sleepers";
    if (strncmp(w->id, sleepers, sizeof sleepers - 1) == 0)
        printf("%s_%ld%s", sleepers, n, w->id + sizeof sleepers - 1);
    else printf("%s", w->id);
}

void bench_print_json(const struct workload *w, const struct bench_result *r)
{
    for (int v = 0; v < BENCH_N_VARIANTS; v++) {
        double sorted[BENCH_MAX_RUNS];
        if (!r->has[v]) continue;
        printf("{\"peer\":\"%s\",\"workload\":\"", peers[v]);
        print_id(w, r->n);
        printf("\",\"metric\":\"%s\",\"n\":%ld,\"runs\":[", w->unit ? w->unit : "ns/op", r->n);
        for (int i = 0; i < r->n_runs; i++)
            printf("%s%.3f", i ? "," : "", r->runs[v][i]);
        sort(sorted, r->runs[v], r->n_runs);
        printf("],\"median\":%.3f,\"min\":%.3f,\"max\":%.3f", bench_median(sorted, r->n_runs), sorted[0],
               sorted[r->n_runs - 1]);
        if (v == BENCH_LIBRARY && r->allocs >= 0) printf(",\"allocs\":%.4f,\"blocks\":%.4f", r->allocs, r->blocks);
        printf("}\n");
    }
    fflush(stdout);
}
