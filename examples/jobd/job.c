/* What is known of jobs, and shown. */
#include "job.h"

#include <stdlib.h>

#include <jansson.h>

static void jobs_clear(jobs_t *jobs)
{
    for (size_t i = 0; i < jobs->n; i++)
        eff_deferred_decref(jobs->at[i].ended);
    free(jobs->at);
    json_decref(jobs->document);
}
EFF_DEFINE_TYPE(jobs, jobs_t, .drop = jobs_clear);

const eff_error_kind_t job_error = { "job error", NULL };

const char *job_state_name(enum job_state state)
{
    switch (state) {
    case JOB_WAITS: return "waits";
    case JOB_RUNS: return "runs";
    case JOB_SUCCEEDED: return "succeeded";
    case JOB_FAILED: return "failed";
    case JOB_SKIPPED: return "skipped";
    case JOB_STOPPED: return "stopped";
    case JOB_CUT_OFF: return "cut off";
    }
    return "?";
}

size_t jobs_count(const jobs_t *jobs, enum job_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < jobs->n; i++)
        n += jobs->at[i].state == state;
    return n;
}

static eff_t *print_table(eff_value_t env)
{
    const jobs_t *jobs = eff_as_ptr(env);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_printf(&text, "%-10s %-10s %5s  %s\n", "JOB", "STATE", "RUNS", "WHAT");
    for (size_t i = 0; i < jobs->n; i++) {
        const struct job *job = &jobs->at[i];
        eff_buffer_printf(&text, "%-10s %-10s %5d  %s%s\n", job->name, job_state_name(job->state), job->n_runs,
                          job->is_command ? "$ " : "", job->what);
    }
    eff_t *e = eff_print(eff_string(eff_buffer_text(&text)));
    eff_buffer_done(&text);
    return e;
}

eff_t *jobs_print(const jobs_t *jobs)
{
    return eff_suspend(print_table, eff_ptr(jobs));
}
