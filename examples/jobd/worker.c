/* Each layer around a run is one builder: a deadline, a grace, a place, restarts. */
#include "worker.h"
#include "action.h"

#define log_job(level, job, fmt, ...) eff_log(level, "job=%s event=" fmt, (job)->name, __VA_ARGS__)

static eff_t *log_failure(eff_log_level_t level, const struct job *job, const char *event, const eff_cause_t *cause)
{
    eff_buffer_t why = EFF_BUFFER_INIT;
    eff_value_format(eff_cause_squash(cause), &why);
    const char *sort = eff_cause_has_die(cause) ? "defect" : "error";
    eff_t *e = log_job(level, job, "%s run=%d %s=\"%s\"", event, job->n_runs, sort, eff_buffer_text(&why));
    eff_buffer_done(&why);
    return e;
}

/* ---- one run */

struct run {
    struct job *job;
    eff_exit_t exit;
};

static void run_drop(struct run *s)
{
    eff_exit_decref(s->exit);
}

static eff_t *run_cut_off(struct run *s, const eff_exit_t *exit)
{
    if (exit->ok || !eff_cause_is_interrupted(exit->cause)) return eff_noop();
    s->job->state = JOB_CUT_OFF;
    return log_job(EFF_LOG_WARN, s->job, "cut-off run=%d", s->job->n_runs);
}

static eff_t *run_step(struct run *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    s->job->state = JOB_RUNS;
    s->job->n_runs++;
    EFF_DEFER(s, run_cut_off);
    EFF_AWAIT(log_job(EFF_LOG_INFO, s->job, "started run=%d", s->job->n_runs));
    EFF_AWAIT_EXIT(eff_within(action_run(s->job), s->job->timeout));
    s->exit = eff_exit_incref(EFF_EXIT());
    EFF_AWAIT(eff_stop_requested());
    if (s->exit.ok) {
        s->job->state = JOB_SUCCEEDED;
        EFF_AWAIT(log_job(EFF_LOG_INFO, s->job, "done run=%d", s->job->n_runs));
    } else if (eff_as_bool(EFF_GOT())) { /* ended because it was asked to: no failure */
        s->job->state = JOB_STOPPED;
        EFF_AWAIT(log_failure(EFF_LOG_INFO, s->job, "stopped", s->exit.cause));
        EFF_GEN_RETURN(eff_unit);
    } else {
        s->job->state = JOB_WAITS;
        EFF_AWAIT(log_failure(EFF_LOG_WARN, s->job, "failed", s->exit.cause));
    }
    EFF_GEN_EXIT(&s->exit);
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(run, struct run, run_step, .drop = run_drop);

/* ---- all runs */

/* Asked to stop, eff_unless_stopped interrupts the restarting: a pause, or the wait for a place, ends there and then; a
 * run is asked to stop in its turn, for that is what eff_graceful makes of an interruption. */
static eff_t *all_runs(struct job *job, struct places *places)
{
    eff_t *e = eff_graceful(run((struct run){ .job = job }), job->grace);
    e = places_use(places, e);
    if (job->restart != JOB_RESTART_NEVER) {
        eff_schedule_t *pauses = eff_schedule_exponential(job->backoff, 2);
        pauses = eff_schedule_both(pauses, eff_schedule_recurs(job->retries));
        bool always = job->restart == JOB_RESTART_ALWAYS;
        e = eff_restart(e, always ? EFF_RESTART_ALWAYS : EFF_RESTART_ON_FAILURE, pauses, eff_seconds(10));
    }
    return eff_unless_stopped(e);
}

/* ---- the worker */

struct worker {
    struct job *job;
    struct places *places;
    size_t n_done; /* of those that it comes after */
};

static eff_t *tell_others(struct worker *s, const eff_exit_t *exit)
{
    (void)exit;
    if (s->job->state == JOB_WAITS) s->job->state = JOB_STOPPED;
    return eff_deferred_succeed(s->job->ended, eff_bool(s->job->state == JOB_SUCCEEDED));
}

static eff_t *worker_step(struct worker *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_DEFER(s, tell_others);
    for (; s->n_done < s->job->n_after; s->n_done++) {
        struct job *other = s->job->after[s->n_done];
        EFF_AWAIT(eff_unless_stopped(eff_deferred_await(other->ended)));
        if (!eff_is_some(EFF_GOT())) EFF_GEN_RETURN(eff_unit);
        if (eff_as_bool(eff_some_value(EFF_GOT()))) continue;
        s->job->state = JOB_SKIPPED;
        EFF_AWAIT(log_job(EFF_LOG_WARN, s->job, "skipped after=%s", s->job->after[s->n_done]->name));
        EFF_GEN_RETURN(eff_unit);
    }
    EFF_AWAIT_EXIT(all_runs(s->job, s->places));
    if (EFF_EXIT()->ok) EFF_GEN_RETURN(eff_unit);
    s->job->state = JOB_FAILED;
    EFF_AWAIT(log_failure(EFF_LOG_ERROR, s->job, "gave-up", EFF_EXIT()->cause));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(worker_gen, struct worker, worker_step);

eff_t *worker(struct job *job, struct places *places)
{
    return eff_named(worker_gen((struct worker){ .job = job, .places = places }), job->name);
}
