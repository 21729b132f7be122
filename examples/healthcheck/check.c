/* One gen: fork the ticker, probe everything, and have EFF_DEFER conclude, whatever happens. When the gen ends, first
 * its fibers are ended, then what was deferred runs, and the frame goes last: so the conclusion finds the results, and
 * nobody is changing them any more. */
#include "check.h"
#include "probe.h"
#include "progress.h"
#include "report.h"
#include "table.h"

struct check {
    services_t *services;           /* owned, by the description too */
    const check_options_t *options; /* borrowed */
    results_t results;              /* of this run */
    progress_t progress;            /* of this run */
};

static void check_copy(struct check *s)
{
    services_incref(s->services);
}

static void check_drop(struct check *s)
{
    results_done(&s->results);
    services_decref(s->services);
}

/* ---- the end, partial or not */

static eff_value_t show_table(eff_value_t env)
{
    struct check *s = eff_as_ptr(env);
    eff_buffer_t table = EFF_BUFFER_INIT;
    progress_clear(&s->progress);
    table_render(&s->results, s->options->colour, &table);
    fputs(eff_buffer_text(&table), s->options->out);
    fflush(s->options->out);
    eff_buffer_done(&table);
    return eff_unit;
}

static eff_value_t show_path(eff_value_t env)
{
    struct check *s = eff_as_ptr(env);
    fprintf(s->options->out, "report: %s\n", s->options->report_path);
    fflush(s->options->out);
    return eff_unit;
}

static eff_t *conclude(struct check *s, const eff_exit_t *exit)
{
    (void)exit;
    eff_t *e = eff_sync(show_table, eff_ptr(s));
    if (!s->options->report_path) return e;
    e = eff_then(e, report_write(s->options->report_path, &s->results));
    return eff_then(e, eff_sync(show_path, eff_ptr(s)));
}

/* ---- the way there */

static eff_value_t note_decided(eff_value_t index, eff_value_t env)
{
    struct check *s = eff_as_ptr(env);
    progress_decided(&s->progress, &s->results.at[eff_as_int(index)]);
    return eff_unit;
}

static eff_t *probe_one(eff_value_t index, eff_value_t env)
{
    struct check *s = eff_as_ptr(env);
    eff_t *e = probe(&s->results.at[eff_as_int(index)]);
    e = eff_map_to(e, eff_value_incref(index));
    return eff_map(e, note_decided, eff_ptr(s));
}

static eff_t *check_step(struct check *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    if (results_init(&s->results, s->services) < 0) EFF_AWAIT(eff_out_of_memory());
    s->progress = (progress_t){ .out = s->options->progress, .live = s->options->live, .results = &s->results };
    EFF_DEFER(s, conclude);
    if (s->options->live) EFF_AWAIT(eff_fork(progress_ticker(&s->progress)));
    EFF_AWAIT(
        eff_for_each_par_discard(eff_range(0, (int64_t)s->results.n), probe_one, eff_ptr(s), s->options->parallel));
    EFF_GEN_END(eff_int((int64_t)results_count(&s->results, OUTCOME_DOWN)));
}
EFF_DEFINE_GEN(check_gen, struct check, check_step, .copy = check_copy, .drop = check_drop);

eff_t *check(services_t *services, const check_options_t *options)
{
    return check_gen((struct check){ .services = services, .options = options });
}
