/** @file
 * A job: what is to be run, how it is to be kept running, and how it goes.
 */
#ifndef JOBD_JOB_H
#define JOBD_JOB_H

#include <effect/effect.h>

enum { JOB_MAX_AFTER = 8 };

/** When a job is run again. */
enum job_restart { JOB_RESTART_NEVER, JOB_RESTART_ON_FAILURE, JOB_RESTART_ALWAYS };

/** How a job goes. */
enum job_state {
    JOB_WAITS,     /**< for jobs that it comes after, for a place, or for the next try */
    JOB_RUNS,      /**< now */
    JOB_SUCCEEDED, /**< and is not run again */
    JOB_FAILED,    /**< and is not run again */
    JOB_SKIPPED,   /**< a job that it comes after has not succeeded */
    JOB_STOPPED,   /**< ended as it was asked to stop */
    JOB_CUT_OFF    /**< interrupted, as it did not end by itself */
};

/** One job. Text is borrowed from the document that it was read from. */
struct job {
    const char *name;
    const char *what; /**< a built-in action (action.h), or a shell command */
    bool is_command;
    enum job_restart restart;
    uint64_t retries;       /**< so often in a row it is run again */
    eff_duration_t backoff; /**< before it is run again; doubled each time */
    eff_duration_t timeout; /**< of each run; eff_duration_max: none */
    eff_duration_t grace;   /**< from when it is asked to stop to when it is interrupted */
    size_t n_after;
    struct job *after[JOB_MAX_AFTER]; /**< those that have to succeed first */

    enum job_state state;
    int n_runs;
    eff_deferred_t *ended; /**< completed with whether it has succeeded, when it is not run again */
};

/** What a file of jobs says. */
typedef struct jobs {
    struct json_t *document;
    size_t limit; /**< how many run at once */
    size_t n;
    struct job *at;
} jobs_t;
EFF_DECLARE_TYPE(jobs, jobs_t);

extern const eff_error_kind_t job_error; /**< a job has failed */

/** "runs", "cut off". @return static */
const char *job_state_name(enum job_state state);
/** Prints a table of all jobs. @param jobs borrowed until the effect has ended */
eff_t *jobs_print(const jobs_t *jobs);
/** How many jobs are in this state. */
size_t jobs_count(const jobs_t *jobs, enum job_state state);

#endif
