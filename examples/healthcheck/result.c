#include "result.h"

#include <stdlib.h>

int results_init(results_t *ret_results, const settings_t *settings)
{
    result_t *at = calloc(settings->n_services ? settings->n_services : 1, sizeof *at);
    if (!at) return -1;
    for (size_t i = 0; i < settings->n_services; i++)
        at[i].service = &settings->services[i];
    *ret_results = (results_t){ .at = at, .n = settings->n_services };
    return 0;
}

void results_done(results_t *results)
{
    for (size_t i = 0; i < results->n; i++)
        eff_value_decref(results->at[i].why);
    free(results->at);
    *results = (results_t){ 0 };
}

size_t results_count(const results_t *results, outcome_t outcome)
{
    size_t n = 0;
    for (size_t i = 0; i < results->n; i++)
        n += results->at[i].outcome == outcome;
    return n;
}

const char *outcome_name(outcome_t outcome)
{
    static const char *const names[] = { "unknown", "up", "down" };
    return names[outcome];
}

const char *result_why(const result_t *result)
{
    if (result->outcome == OUTCOME_UP) return NULL;
    if (result->outcome == OUTCOME_DOWN) return eff_as_error(result->why)->message;
    return result->n_attempts ? "interrupted" : "not asked";
}
