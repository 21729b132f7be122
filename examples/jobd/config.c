/* Jansson parses; this file checks every value, and says what is wrong with the first one that is. */
#include "config.h"
#include "action.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

enum { DEFAULT_LIMIT = 4, MAX_NUMBER = 1000000 };

/* The job that is being read, and the first thing that is wrong; absent while nothing is. */
struct reader {
    const jobs_t *jobs;
    struct job *job;
    json_t *item;
    eff_value_t error;
};

#define complain(r, ...) ((r)->error.type ? (void)0 : (void)((r)->error = eff_error(&eff_config_error, 0, __VA_ARGS__)))

static const char *of_job(const struct reader *r)
{
    return r->job && r->job->name ? r->job->name : "jobs";
}

static const char *read_text(struct reader *r, const char *key)
{
    json_t *json = json_object_get(r->item, key);
    if (json && !json_is_string(json)) complain(r, "%s: \"%s\" is no string", of_job(r), key);
    return json_string_value(json);
}

static double read_number(struct reader *r, const char *key, double otherwise)
{
    json_t *json = json_object_get(r->item, key);
    double n = json_number_value(json);
    if (!json) return otherwise;
    if (!json_is_number(json) || !(n >= 0 && n <= MAX_NUMBER))
        complain(r, "%s: \"%s\" is no number from 0 to %d", of_job(r), key, MAX_NUMBER);
    return n;
}

static eff_duration_t read_seconds(struct reader *r, const char *key, eff_duration_t otherwise)
{
    return json_object_get(r->item, key) ? eff_seconds(read_number(r, key, 0)) : otherwise;
}

static enum job_restart read_restart(struct reader *r)
{
    const char *text = read_text(r, "restart");
    if (!text || strcmp(text, "never") == 0) return JOB_RESTART_NEVER;
    if (strcmp(text, "on-failure") == 0) return JOB_RESTART_ON_FAILURE;
    if (strcmp(text, "always") == 0) return JOB_RESTART_ALWAYS;
    complain(r, "%s: \"restart\" is none of never, on-failure, always", of_job(r));
    return JOB_RESTART_NEVER;
}

static struct job *find_earlier(const struct reader *r, const char *name)
{
    for (struct job *job = r->jobs->at; job < r->job; job++)
        if (name && strcmp(job->name, name) == 0) return job;
    return NULL;
}

/* Only jobs that stand before it: so there are no circles. */
static void read_after(struct reader *r)
{
    json_t *list = json_object_get(r->item, "after"), *name;
    size_t i;
    if (list && (!json_is_array(list) || json_array_size(list) > JOB_MAX_AFTER))
        complain(r, "%s: \"after\" is no list of at most %d names", of_job(r), JOB_MAX_AFTER);
    if (r->error.type) return;
    json_array_foreach(list, i, name)
    {
        struct job *job = find_earlier(r, json_string_value(name));
        if (!job) complain(r, "%s: \"after\" names a job that does not stand before it", of_job(r));
        else if (job->restart == JOB_RESTART_ALWAYS) complain(r, "%s: %s is not meant to end", of_job(r), job->name);
        r->job->after[r->job->n_after++] = job;
    }
}

static bool is_name(const char *name)
{
    return name && *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(name);
}

static void read_job(struct reader *r)
{
    struct job *job = r->job;
    const char *name = read_text(r, "name"), *action = read_text(r, "do"), *command = read_text(r, "shell");
    if (!is_name(name)) complain(r, "a job has no name of small letters, digits, - and _");
    else if (find_earlier(r, name)) complain(r, "%s: there are two of this name", name);
    job->name = name;
    if (!action == !command) complain(r, "%s: it wants either \"do\" or \"shell\"", of_job(r));
    else if (action && !action_is_known(action)) complain(r, "%s: \"%s\" is no action", of_job(r), action);
    job->what = action ? action : command;
    job->is_command = command != NULL;
    job->restart = read_restart(r);
    job->retries = (uint64_t)read_number(r, "retries", 3);
    job->backoff = read_seconds(r, "backoff", eff_seconds(1));
    job->timeout = read_seconds(r, "timeout", eff_duration_max);
    job->grace = read_seconds(r, "grace", eff_seconds(5));
    read_after(r);
}

/* What is owned already is given up with ret_jobs. */
static eff_value_t read_document(jobs_t *ret_jobs)
{
    struct reader r = { .jobs = ret_jobs, .item = ret_jobs->document };
    json_t *list = json_object_get(ret_jobs->document, "jobs");
    ret_jobs->limit = (size_t)read_number(&r, "limit", DEFAULT_LIMIT);
    if (ret_jobs->limit < 1) complain(&r, "\"limit\" is below 1");
    if (json_array_size(list) < 1) complain(&r, "there is no list of \"jobs\"");
    if (r.error.type) return r.error;
    ret_jobs->at = calloc(json_array_size(list), sizeof *ret_jobs->at);
    if (!ret_jobs->at) return eff_oom_value();
    for (; ret_jobs->n < json_array_size(list) && !r.error.type; ret_jobs->n++) {
        r.job = &ret_jobs->at[ret_jobs->n];
        r.item = json_array_get(list, ret_jobs->n);
        r.job->ended = eff_deferred_new();
        read_job(&r);
    }
    return r.error;
}

static int finish(json_t *document, const json_error_t *why, eff_value_t *ret_jobs, eff_value_t *ret_error)
{
    jobs_t jobs = { .document = document };
    if (document) *ret_error = read_document(&jobs);
    else *ret_error = eff_error(&eff_config_error, 0, "line %d: %s", why->line, why->text);
    eff_value_t value = jobs_make(jobs);
    if (ret_error->type) {
        eff_value_decref(value);
        return -1;
    }
    *ret_jobs = value;
    return 0;
}

static int load(eff_value_t path, eff_value_t *ret_jobs, eff_value_t *ret_error)
{
    json_error_t why;
    json_t *document = json_load_file(eff_as_string(path), 0, &why);
    if (!document && json_error_code(&why) == json_error_cannot_open_file) return -1; /* errno */
    return finish(document, &why, ret_jobs, ret_error);
}

eff_t *config_load(const char *path)
{
    return eff_annotate(eff_attempt(load, eff_string(path)), eff_printf("while reading '%s'", path));
}

static int parse(eff_value_t text, eff_value_t *ret_jobs, eff_value_t *ret_error)
{
    json_error_t why;
    return finish(json_loads(eff_as_string(text), 0, &why), &why, ret_jobs, ret_error);
}

eff_t *config_parse(const char *text)
{
    return eff_attempt(parse, eff_string(text));
}
