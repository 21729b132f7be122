#include "layers/config_problem.h"

#include <stdlib.h>

void eff__config_problems_add(struct eff__config_problems *p, size_t rank, int line, eff_buffer_t *text)
{
    if (text->truncated) p->out_of_memory = true;
    if (!eff__config_problems_full(p)) {
        eff_value_t copy = eff_string_n(eff_buffer_text(text), text->size);
        if (eff_is_oom(copy)) p->out_of_memory = true;
        p->items[p->n] = (struct eff__config_problem){ rank, line, p->n, copy };
    }
    p->n++;
    eff_buffer_clear(text);
}

int eff__config_problem_begin(const struct eff__config_source *s, const char *path, eff_buffer_t *out)
{
    int line = 0;
    eff__config_origin(s, path, out, &line);
    eff_buffer_add(out, ": ");
    return line;
}

static int by_place(const void *a, const void *b)
{
    const struct eff__config_problem *x = a, *y = b;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    if (x->line != y->line) return x->line < y->line ? -1 : 1;
    return (x->n > y->n) - (x->n < y->n);
}

eff_value_t eff__config_problems_error(struct eff__config_problems *p)
{
    if (p->out_of_memory) return eff_oom_value();
    size_t shown = p->n < EFF__CONFIG_MAX_PROBLEMS ? p->n : EFF__CONFIG_MAX_PROBLEMS;
    const eff_error_kind_t *kind = p->n == p->n_missing ? &eff_config_missing_error : &eff_config_invalid_error;
    qsort(p->items, shown, sizeof *p->items, by_place);
    if (p->n == 1) return eff_error(kind, 0, "%s", eff_as_string(p->items[0].text));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_printf(&text, "%zu problems", p->n);
    for (size_t i = 0; i < shown; i++)
        eff_buffer_printf(&text, "\n  %s", eff_as_string(p->items[i].text));
    if (p->n > shown) eff_buffer_printf(&text, "\n  and %zu more", p->n - shown);
    eff_value_t error = text.truncated ? eff_oom_value() : eff_error(kind, 0, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    return error;
}

void eff__config_problems_done(struct eff__config_problems *p)
{
    size_t n = p->n < EFF__CONFIG_MAX_PROBLEMS ? p->n : EFF__CONFIG_MAX_PROBLEMS;
    for (size_t i = 0; i < n; i++)
        eff_value_decref(p->items[i].text);
}
