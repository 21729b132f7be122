/* effect-bench: measures the library beside its floors, in one executable and run. See README.md. */
#include <errno.h>
#include <string.h>

#include "bench.h"
#include "sleepers.h"

static const char usage[] =
    "usage: effect-bench [options] [workload or group, such as w1_bind_right or w5]...\n"
    "       effect-bench w6 N BASE_MS    N sleepers and nothing else, to be measured from outside\n"
    "  --list         what there is\n"
    "  --sizes        bytes per node, frame, fiber and the like, instead of workloads\n"
    "  --json         JSON lines instead of a table\n"
    "  --baseline F   also how much faster or slower than in F, which --json has written\n"
    "  --quick        small numbers: a look, not a measurement\n"
    "  --verify-only  run everything once and check the results; time nothing\n"
    "  --count        run everything in this process, for instructions.py; time nothing\n"
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
    long n = strtol(text, &end, 10);
    if (errno || *end || end == text || n < 0) fail_usage("not a number: ", text);
    return n;
}

static void list(void)
{
    for (size_t i = 0; i < bench_n_workloads; i++)
        printf("%-6s %-24s %s\n", bench_workloads[i].group, bench_workloads[i].id, bench_workloads[i].title);
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

static bool read_flag(const char *arg, struct bench_options *o)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        { "--json", &o->json },   { "--quick", &o->quick }, { "--verify-only", &o->verify_only },
        { "--count", &o->count }, { "--sizes", &o->sizes },
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (!strcmp(arg, flags[i].name)) return *flags[i].flag = true;
    }
    return false;
}

static bool read_only(const char *name, struct bench_options *o)
{
    static const char *const variants[BENCH_N_VARIANTS] = { "limit", "floor", "library" };
    for (int v = 0; v < BENCH_N_VARIANTS; v++) {
        if (!strcmp(name, variants[v])) return o->only[v] = true;
    }
    return false;
}

/* Options with a value; false: there is no such option. */
static bool read_option(const char *arg, const char *value, struct bench_options *o)
{
    if (!value) value = "";
    if (!strcmp(arg, "--baseline")) {
        if (!bench_baseline_load(value)) fail_usage("not a file that --json has written: ", value);
    } else if (!strcmp(arg, "--n")) {
        o->n = number(value);
    } else if (!strcmp(arg, "--runs")) {
        long n = number(value);
        o->n_runs = n < 1 ? 1 : n > BENCH_MAX_RUNS ? BENCH_MAX_RUNS : (int)n;
    } else if (!strcmp(arg, "--only")) {
        if (!read_only(value, o)) fail_usage("--only needs limit, floor or library", "");
    } else {
        return false;
    }
    return true;
}

/* Reads the options and moves the names to the front of argv. Returns how many names there are. */
static int read_arguments(int argc, char **argv, struct bench_options *o)
{
    int n_names = 0;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (!strcmp(arg, "--list")) {
            list();
            exit(0);
        }
        if (!strcmp(arg, "--help")) {
            fputs(usage, stdout);
            exit(0);
        }
        if (read_flag(arg, o)) continue;
        if (arg[0] != '-') argv[n_names++] = argv[i];
        else if (read_option(arg, i + 1 < argc ? argv[i + 1] : NULL, o)) i++;
        else fail_usage("no such option: ", arg);
    }
    bool any_only = o->only[BENCH_LIMIT] || o->only[BENCH_FLOOR] || o->only[BENCH_LIBRARY];
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
    if (o.sizes) return bench_print_sizes(&o) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (o.count) bench_count_head();
    else if (!o.json && !o.verify_only) bench_print_head();
    for (size_t i = 0; i < bench_n_workloads; i++) {
        const struct workload *w = &bench_workloads[i];
        struct bench_result r;
        if (!chosen(w, n_names, argv)) continue;
        if (o.count) {
            bench_count(w, &o);
            continue;
        }
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
