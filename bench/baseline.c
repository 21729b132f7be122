/* What an earlier run has measured, read from the JSON lines that it printed. Minima are compared: on a shared machine
 * they are what a program can do, where a median also says who else was there. */
#include <jansson.h>
#include <string.h>

#include "bench.h"

static json_t *lines; /* an array of objects; NULL: there is no baseline */

bool bench_baseline_load(const char *path)
{
    FILE *f = fopen(path, "r");
    json_error_t error;
    json_t *line;
    if (!f) return false;
    lines = json_array();
    while ((line = json_loadf(f, JSON_DISABLE_EOF_CHECK, &error)))
        CHECK(json_array_append_new(lines, line) == 0);
    bool good = feof(f) && json_array_size(lines) > 0;
    fclose(f);
    return good;
}

bool bench_has_baseline(void)
{
    return lines != NULL;
}

static bool is(const json_t *line, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(line, key));
    return value && !strcmp(value, text);
}

/* The minimum of a workload of a peer, run with the same n; 0 when it was not measured. */
double bench_baseline_min(const char *peer, const char *workload, long n)
{
    double min = 0;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        json_t *line = json_array_get(lines, i);
        if (!is(line, "peer", peer) || !is(line, "workload", workload)) continue;
        if (json_integer_value(json_object_get(line, "n")) == n) min = json_number_value(json_object_get(line, "min"));
    }
    return min;
}
