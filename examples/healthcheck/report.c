/* The report is composed on the loop's thread, which owns the results, and written on one of the pool, since a disk may
 * be slow. */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

/* ---- composing: each returns new, or NULL without memory. Jansson's setters accept NULL, and then fail. */

static json_t *milliseconds(bool known, eff_duration_t d)
{
    return known ? json_real((double)d.ns / 1e6) : json_null();
}

static json_t *result_to_json(const result_t *result)
{
    const bool decided = result->outcome != OUTCOME_UNKNOWN;
    json_t *json = json_object();
    int failed = json_object_set_new(json, "name", json_string(result->service->name));
    failed |= json_object_set_new(json, "url", json_string(result->service->url));
    failed |= json_object_set_new(json, "outcome", json_string(outcome_name(result->outcome)));
    failed |= json_object_set_new(json, "status", result->status ? json_integer(result->status) : json_null());
    failed |= json_object_set_new(json, "attempts", json_integer(result->n_attempts));
    failed |= json_object_set_new(json, "latency_ms", milliseconds(decided, result->latency));
    failed |= json_object_set_new(json, "total_ms", milliseconds(decided, result->total));
    failed |= json_object_set_new(json, "why", result_why(result) ? json_string(result_why(result)) : json_null());
    if (!failed) return json;
    json_decref(json);
    return NULL;
}

static json_t *results_to_json(const results_t *results)
{
    const size_t n_unknown = results_count(results, OUTCOME_UNKNOWN);
    json_t *json = json_object();
    json_t *services = json_array();
    int failed = json_object_set_new(json, "finished", json_boolean(n_unknown == 0));
    failed |= json_object_set_new(json, "up", json_integer((json_int_t)results_count(results, OUTCOME_UP)));
    failed |= json_object_set_new(json, "down", json_integer((json_int_t)results_count(results, OUTCOME_DOWN)));
    failed |= json_object_set_new(json, "unknown", json_integer((json_int_t)n_unknown));
    failed |= json_object_set_new(json, "services", services);
    for (size_t i = 0; i < results->n && !failed; i++)
        failed = json_array_append_new(services, result_to_json(&results->at[i]));
    if (!failed) return json;
    json_decref(json);
    return NULL;
}

/* ---- writing: plain C that returns 0, or -1 and errno */

static int write_to(int fd, const json_t *report)
{
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file) return -1;
    int result = json_dumpf(report, file, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) < 0 || fputc('\n', file) < 0 ||
                         fflush(file) < 0
                     ? -1
                     : 0;
    int err = errno;
    if (fclose(file) < 0 && result == 0) return -1;
    errno = err;
    return result;
}

static int write_and_rename(const char *path, const char *temporary, const json_t *report)
{
    if (write_to(open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), report) == 0 &&
        rename(temporary, path) == 0)
        return 0;
    int err = errno;
    if (err != EEXIST) unlink(temporary);
    errno = err;
    return -1;
}

static int write_report(const char *path, const json_t *report)
{
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) /* a pipe, /dev/stdout: not to be replaced by a file */
        return write_to(open(path, O_WRONLY | O_CLOEXEC), report);

    char *temporary;
    if (asprintf(&temporary, "%s.%ld.tmp", path, (long)getpid()) < 0) return -1;
    int result = write_and_rename(path, temporary, report);
    int err = errno;
    free(temporary);
    errno = err;
    return result;
}

static eff_t *write_now(eff_value_t path_and_report)
{
    const char *path = eff_as_string(eff_first(path_and_report));
    if (write_report(path, eff_as_json(eff_second(path_and_report))) < 0) return eff_fail_errno("write %s", path);
    return eff_noop();
}

static eff_t *compose_and_write(eff_value_t path_and_results)
{
    json_t *report = results_to_json(eff_as_ptr(eff_second(path_and_results)));
    if (!report) return eff_out_of_memory();
    return eff_blocking(write_now, eff_pair(eff_value_incref(eff_first(path_and_results)), eff_json(report)));
}

eff_t *report_write(const char *path, const results_t *results)
{
    return eff_suspend(compose_and_write, eff_pair(eff_string(path), eff_ptr(results)));
}
