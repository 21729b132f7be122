/* effect-bench: measures the library beside its floors, in one executable and run. See README.md. */
#include <errno.h>
#include <string.h>

#include "bench.h"
#include "sleepers.h"

static const char usage[] =
    "usage: effect-bench [options] [workload or group, such as w1_bind_right or w5]...\n"
    "       effect-bench w6 N BASE_MS    N sleepers and nothing else, to be measured from outside\n"
    "  --list         what there is\n"
    "  --json         JSON lines instead of a table\n"
    "  --quick        small numbers: a look, not a measurement\n"
    "  --verify-only  run everything once and check the results; time nothing\n"
    "  --n N          operations per run, for every workload chosen\n"
    "  --runs N       timed runs of each variant (default 5, at most 15)\n"
    "  --only NAME    limit, floor or library; may be repeated\n"
    "Exit code: 0 even when a target is missed, 1 when a result is wrong, 2 for a mistake in the arguments.\n";

static _Noreturn void fail_usage(const char *what, const char *arg)
{
    fprintf(stderr, "effect-bench: %s%s\n%s", what, arg, usage);
    exit(2);
}

static long number(const char *text)
{
    char *end;
    errno = 0;
    long n = text ? strtol(text, &end, 10) : -1;
    if (!text || errno || *end || end == text || n < 0) fail_usage("not a number: ", text ? text : "");
    return n;
}

static void list(void)
{
    for (size_t i = 0; i < bench_n_workloads; i++)
        printf("%-6s %-23s %s\n", bench_workloads[i].group, bench_workloads[i].id, bench_workloads[i].title);
    printf("left out: w12_mutex16 (the library has no mutex yet), w11_echo (needs a load generator)\n");
}

static bool matches(const struct workload *w, const char *name)
{
    return !strcmp(name, "all") || !strcmp(name, w->group) || !strcmp(name, w->id);
}

static bool chosen(const struct workload *w, int n_names, char **names)
{
    for (int i = 0; i < n_names; i++) {
        if (matches(w, names[i])) return true;
    }
    return n_names == 0;
}

static void check_names(int n_names, char **names)
{
    for (int i = 0; i < n_names; i++) {
        bool known = false;
        for (size_t k = 0; k < bench_n_workloads; k++)
            known = known || matches(&bench_workloads[k], names[i]);
        if (!known) fail_usage("no such workload or group: ", names[i]);
    }
}

/* Reads the options and moves the names to the front of argv. Returns how many names there are. */
static int read_arguments(int argc, char **argv, struct bench_options *o)
{
    static const char *const variants[BENCH_N_VARIANTS] = { "limit", "floor", "library" };
    bool any_only = false;
    int n_names = 0;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(arg, "--json")) {
            o->json = true;
        } else if (!strcmp(arg, "--quick")) {
            o->quick = true;
        } else if (!strcmp(arg, "--verify-only")) {
            o->verify_only = true;
        } else if (!strcmp(arg, "--n")) {
            o->n = number(value);
            i++;
        } else if (!strcmp(arg, "--runs")) {
            long n = number(value);
            o->n_runs = n < 1 ? 1 : n > BENCH_MAX_RUNS ? BENCH_MAX_RUNS : (int)n;
            i++;
        } else if (!strcmp(arg, "--only")) {
            bool known = false;
            for (int v = 0; v < BENCH_N_VARIANTS; v++) {
                if (value && !strcmp(value, variants[v])) known = o->only[v] = true;
            }
            if (!known) fail_usage("--only needs limit, floor or library", "");
            any_only = true;
            i++;
        } else if (!strcmp(arg, "--list")) {
            list();
            exit(0);
        } else if (!strcmp(arg, "--help")) {
            fputs(usage, stdout);
            exit(0);
        } else if (arg[0] == '-') {
            fail_usage("no such option: ", arg);
        } else {
            argv[n_names++] = argv[i];
        }
    }
    for (int v = 0; v < BENCH_N_VARIANTS && !any_only; v++)
        o->only[v] = true;
    return n_names;
}

int main(int argc, char **argv)
{
    struct bench_options o = { .n_runs = 5 };
    int n_names = read_arguments(argc, argv, &o);
    bool all_right = true;

    if (n_names == 3 && !strcmp(argv[0], "w6")) {
        library_sleepers(number(argv[1]), number(argv[2]));
        return EXIT_SUCCESS;
    }
    check_names(n_names, argv);
    if (!o.json && !o.verify_only) bench_print_head();
    for (size_t i = 0; i < bench_n_workloads; i++) {
        const struct workload *w = &bench_workloads[i];
        struct bench_result r;
        if (!chosen(w, n_names, argv)) continue;
        if (!bench_measure(w, &o, &r)) {
            fprintf(stderr, "%s: FAILED\n", w->id);
            all_right = false;
        } else if (o.verify_only) {
            printf("%s: ok\n", w->id);
        } else if (o.json) {
            bench_print_json(w, &r);
        } else {
            bench_print_row(w, &r);
        }
    }
    return all_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
