/* One gen: fork the ticker, probe everything, and have EFF_DEFER conclude, whatever happens. When the gen ends, first
 * its fibers are ended, then what was deferred runs, and the frame goes last: so the conclusion finds the results, and
 * nobody is changing them any more. */
#include "check.h"
#include "probe.h"
#include "progress.h"
#include "report.h"
#include "table.h"

struct check {
    const settings_t *settings; /* borrowed */
    const terminal_t *terminal; /* borrowed */
    results_t results;          /* of this run */
    progress_t progress;        /* of this run */
};

static void check_drop(struct check *s)
{
    results_done(&s->results);
}

/* ---- the end, partial or not */

static eff_t *print_table(const struct check *s)
{
    eff_buffer_t table = EFF_BUFFER_INIT;
    table_render(&s->results, s->terminal->colour, &table);
    eff_t *e = eff_print(eff_string(eff_buffer_text(&table)));
    eff_buffer_done(&table);
    return e;
}

/* A report is written even where nobody reads the table. */
static eff_t *conclude(struct check *s, const eff_exit_t *exit)
{
    (void)exit;
    eff_t *written = report_write(s->settings->report, &s->results);
    written = eff_then(written, eff_print_line(eff_printf("report: %s", s->settings->report)));
    eff_t *shown = eff_then(progress_clear(&s->progress), print_table(s));
    return eff_ensuring(shown, written);
}

/* ---- the way there */

static eff_t *note_decided(eff_value_t index, eff_value_t env)
{
    struct check *s = eff_as_ptr(env);
    return progress_decided(&s->progress, &s->results.at[eff_as_int(index)]);
}

static eff_t *probe_one(eff_value_t index, eff_value_t env)
{
    struct check *s = eff_as_ptr(env);
    eff_t *e = probe(&s->results.at[eff_as_int(index)]);
    e = eff_map_to(e, eff_value_incref(index));
    return eff_flat_map(e, note_decided, eff_ptr(s));
}

static eff_t *check_step(struct check *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    if (results_init(&s->results, s->settings) < 0) EFF_AWAIT(eff_out_of_memory());
    progress_init(&s->progress, s->terminal, s->settings, &s->results);
    EFF_DEFER(s, conclude);
    if (s->progress.live) EFF_AWAIT(eff_fork(progress_ticker(&s->progress)));
    EFF_AWAIT(
        eff_for_each_par_discard(eff_range(0, (int64_t)s->results.n), probe_one, eff_ptr(s), s->settings->parallel));
    EFF_GEN_END(eff_int((int64_t)results_count(&s->results, OUTCOME_DOWN)));
}
EFF_DEFINE_GEN(check_gen, struct check, check_step, .drop = check_drop);

static eff_t *check_on(terminal_t *terminal, eff_value_t settings)
{
    return check_gen((struct check){ .settings = eff_as_ptr(settings), .terminal = terminal });
}

static eff_t *check_these(settings_t *settings, eff_value_t env)
{
    (void)env;
    return terminal_with(check_on, eff_ptr(settings));
}

eff_t *check(void)
{
    return settings_with(check_these, eff_unit);
}
