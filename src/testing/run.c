/* Running an effect in a test's environment, once or in many orders, and what becomes of what it leaves behind. */
#include <stdio.h>
#include <string.h>

#include "core/misuse.h"
#include "testing/environment.h"

/* ---- what was left behind */

/* The cause with a defect about it, which has a note for each line of the report. Consumes cause; NULL: there is none. */
static eff_cause_t *with_report(eff_cause_t *cause, const eff_buffer_t *report)
{
    eff_cause_t *die = eff_cause_die(eff_literal("the test left something behind"));
    for (const char *line = eff_buffer_text(report); *line;) {
        size_t n = strcspn(line, "\n");
        die = eff_cause_note(die, eff_string_n(line, n), NULL);
        line += n + (line[n] == '\n');
    }
    return cause ? eff_cause_then(cause, die) : die;
}

static void tell(const eff_test_options_t *o, const char *report)
{
    if (o->on_left) o->on_left(report, o->arg);
    else fprintf(stderr, "libeffect: the test left something behind:\n%s", report);
}

/* What the test gets of the exit, which is consumed, and the report. */
static eff_exit_t judge(const struct eff__test_env *env, eff_exit_t exit, const eff_buffer_t *report)
{
    if (report->size > 0 || report->truncated) {
        eff_cause_t *cause = exit.ok ? NULL : exit.cause;
        if (exit.ok) eff_value_decref(exit.value);
        exit = eff_exit_fail_cause(with_report(cause, report));
    }
    if (!exit.ok && env->options.shuffle) {
        eff_value_t replay =
            eff_printf("the order again: EFF_TEST_SHUFFLE=1 EFF_TEST_SEED=%llu", (unsigned long long)env->options.seed);
        exit.cause = eff_cause_note(exit.cause, replay, NULL);
    }
    return exit;
}

/* ---- once */

static eff_t *limited(eff_t *e, eff_duration_t limit)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_add(&text, "the test took longer than ");
    eff_duration_format(limit, &text);
    eff_buffer_add(&text, " of virtual time");
    eff_t *die = text.truncated ? eff_out_of_memory() : eff_die_at(NULL, eff_string(eff_buffer_text(&text)));
    eff_buffer_done(&text);
    return eff_timeout_to_at(NULL, e, limit, die);
}

/* `frame`: of who called the kit. Options are complete; context and layer are consumed. */
static eff_exit_t run(const eff_test_options_t *options, eff_t *e, const void *frame)
{
    struct eff__test_env env;
    if (options->limit.ns > 0) e = limited(e, options->limit);
    if (options->layer) e = eff_provide_at(NULL, e, options->layer);
    if (!eff__test_env_open(&env, options, true)) {
        eff_decref(e);
        return eff_exit_fail_cause(eff_cause_die(eff_oom_value()));
    }
    eff_exit_t exit = eff_runtime_run(env.rt, e);
    eff_buffer_t report = EFF_BUFFER_INIT;
    bool fibers_count = !(env.options.allow & EFF_TEST_FIBERS);
    (void)eff__test_env_end_fibers(&env, fibers_count ? &report : NULL);
    eff__test_env_close(&env);
    (void)eff__test_env_leaks(&env, &exit, frame, &report);
    exit = judge(&env, exit, &report);
    if (report.size > 0) tell(&env.options, eff_buffer_text(&report));
    eff_buffer_done(&report);
    return exit;
}

eff_exit_t eff_test_run_with(const eff_test_options_t *given, eff_t *e)
{
    eff_test_options_t options = eff__test_options(given);
    return run(&options, e, EFF__TEST_FRAME());
}

eff_exit_t eff_test_run(eff_t *e)
{
    eff_test_options_t options = eff__test_options(NULL);
    return run(&options, e, EFF__TEST_FRAME());
}

/* ---- in many orders */

eff_exit_t eff_test_run_shuffled_with(const eff_test_options_t *given, unsigned n, eff_t *(*make)(void *arg), void *arg)
{
    eff_test_options_t options = eff__test_options(given);
    const void *frame = EFF__TEST_FRAME();
    if (options.context || options.layer) {
        eff__misuse(
            "eff_test_run_shuffled_with was given a context or a layer, which one run would consume: have `make` "
            "provide them");
        eff_context_decref(options.context);
        eff_layer_decref(options.layer);
        options.context = NULL;
        options.layer = NULL;
    }
    uint64_t again = eff__test_seed_given();
    if (again) {
        options.shuffle = true;
        options.seed = again; /* also where the test says a seed: that is the one it begins with */
        return run(&options, make(arg), frame);
    }
    uint64_t first = options.seed;
    options.shuffle = false;
    eff_exit_t exit = run(&options, make(arg), frame);
    options.shuffle = true;
    for (unsigned i = 1; i < n && exit.ok; i++) {
        eff_exit_decref(exit);
        options.seed = first + i;
        exit = run(&options, make(arg), frame);
        if (!exit.ok)
            fprintf(stderr, "libeffect: run %u of %u failed; the order again: EFF_TEST_SHUFFLE=1 EFF_TEST_SEED=%llu\n",
                    i + 1, n, (unsigned long long)options.seed);
    }
    return exit;
}

eff_exit_t eff_test_run_shuffled(unsigned n, eff_t *(*make)(void *arg), void *arg)
{
    return eff_test_run_shuffled_with(NULL, n, make, arg);
}
