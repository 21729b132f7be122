/* The built-in actions: a table of words and builders. */
#include "action.h"
#include "process.h"

#include <stdlib.h>
#include <string.h>

static eff_duration_t seconds_of(const char *argument)
{
    return eff_seconds(strtod(argument, NULL));
}

static eff_t *do_sleep(const struct job *job, const char *argument)
{
    (void)job;
    return eff_sleep(seconds_of(argument));
}

static eff_t *do_fail(const struct job *job, const char *argument)
{
    (void)job;
    return eff_fail(eff_error(&job_error, 0, "%s", *argument ? argument : "as it was told to"));
}

static eff_t *do_flaky(const struct job *job, const char *argument)
{
    if (job->n_runs <= strtol(argument, NULL, 10)) return do_fail(job, "not yet");
    return eff_noop();
}

static eff_t *do_crash(const struct job *job, const char *argument)
{
    (void)argument;
    return eff_die(eff_printf("a mistake in %s", job->name));
}

static eff_t *do_hang(const struct job *job, const char *argument)
{
    (void)job, (void)argument;
    return eff_external(eff_never()); /* as if somebody out there did not answer */
}

static eff_t *do_serve(const struct job *job, const char *argument)
{
    (void)job;
    return eff_then(eff_until_stop(), eff_sleep(seconds_of(argument)));
}

static eff_t *do_linger(const struct job *job, const char *argument)
{
    return eff_ensuring(do_hang(job, argument), eff_sleep(seconds_of(argument)));
}

static const struct {
    const char *word;
    eff_t *(*build)(const struct job *job, const char *argument);
} actions[] = {
    { "sleep", do_sleep }, { "fail", do_fail },   { "flaky", do_flaky },   { "crash", do_crash },
    { "hang", do_hang },   { "serve", do_serve }, { "linger", do_linger },
};

static int find(const char *text)
{
    size_t size = strcspn(text, " ");
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strlen(actions[i].word) == size && memcmp(actions[i].word, text, size) == 0) return (int)i;
    return -1;
}

bool action_is_known(const char *text)
{
    return find(text) >= 0;
}

eff_t *action_run(const struct job *job)
{
    if (job->is_command) return process_run(job->what);
    int i = find(job->what);
    if (i < 0) return eff_die(eff_printf("no action: %s", job->what));
    const char *argument = job->what + strcspn(job->what, " ");
    return actions[i].build(job, argument + strspn(argument, " "));
}
