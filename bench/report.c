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

static double min_of(const struct bench_result *r, enum bench_variant v)
{
    double sorted[BENCH_MAX_RUNS];
    sort(sorted, r->runs[v], r->n_runs);
    return sorted[0];
}

/* The sleepers' id carries their number, as in the peers' results: w6_sleepers_1000000_cpu. */
static const char *full_id(const struct workload *w, long n)
{
    static const char sleepers[] = "w6_sleepers";
    static char id[64];
    if (strncmp(w->id, sleepers, sizeof sleepers - 1) == 0)
        snprintf(id, sizeof id, "%s_%ld%s", sleepers, n, w->id + sizeof sleepers - 1);
    else snprintf(id, sizeof id, "%s", w->id);
    return id;
}

/* What was the minimum in the baseline; 0: not known. */
static double baseline_of(const struct workload *w, const struct bench_result *r, enum bench_variant v)
{
    return bench_has_baseline() && r->has[v] ? bench_baseline_min(peers[v], full_id(w, r->n), r->n) : 0;
}

/* ---- the table */

void bench_print_head(void)
{
    printf("ns per operation unless said; medians of runs in turn; ratio: over the floor, or over the limit (l)\n");
    if (bench_has_baseline()) printf("change: of the minimum of the runs since the baseline, libeffect and floor\n");
    printf("\n%-24s %8s %8s %8s %9s %15s %8s %9s %6s %-8s %7s %7s", "workload", "n", "limit", "floor", "libeffect",
           "[min-max]", "ratio", "required", "aim", "met", "allocs", "blocks");
    printf(bench_has_baseline() ? " %9s %9s\n" : "\n", "change", "floor's");
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

static void print_change(const struct workload *w, const struct bench_result *r, enum bench_variant v)
{
    double was = baseline_of(w, r, v);
    if (was > 0) printf(" %+7.1f %%", (min_of(r, v) / was - 1) * 100);
    else printf(" %9s", "-");
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
    printf("%-24s %8ld", w->id, r->n);
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
    if (bench_has_baseline()) {
        print_change(w, r, BENCH_LIBRARY);
        print_change(w, r, BENCH_FLOOR);
    }
    printf("  %s%s%s%s\n", w->unit ? "(" : "", w->unit ? w->unit : "", w->unit ? ") " : "", w->title);
    fflush(stdout);
}

/* ---- JSON lines */

void bench_print_json(const struct workload *w, const struct bench_result *r)
{
    for (int v = 0; v < BENCH_N_VARIANTS; v++) {
        double sorted[BENCH_MAX_RUNS];
        if (!r->has[v]) continue;
        printf("{\"peer\":\"%s\",\"workload\":\"%s\",\"title\":\"%s\",\"metric\":\"%s\",\"n\":%ld,\"runs\":[", peers[v],
               full_id(w, r->n), w->title, w->unit ? w->unit : "ns/op", r->n);
        for (int i = 0; i < r->n_runs; i++)
            printf("%s%.3f", i ? "," : "", r->runs[v][i]);
        sort(sorted, r->runs[v], r->n_runs);
        printf("],\"median\":%.3f,\"min\":%.3f,\"max\":%.3f", bench_median(sorted, r->n_runs), sorted[0],
               sorted[r->n_runs - 1]);
        double was = baseline_of(w, r, (enum bench_variant)v);
        if (was > 0) printf(",\"baseline_min\":%.3f", was);
        if (v == BENCH_LIBRARY && r->allocs >= 0) printf(",\"allocs\":%.4f,\"blocks\":%.4f", r->allocs, r->blocks);
        printf("}\n");
    }
    fflush(stdout);
}
