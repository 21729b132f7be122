/* What is wrong with a configuration, collected, and told as one error. */
#ifndef EFF_LAYERS_CONFIG_PROBLEM_H
#define EFF_LAYERS_CONFIG_PROBLEM_H

#include "layers/config_name.h"

enum { EFF__CONFIG_MAX_PROBLEMS = 50 }; /* further ones are counted */

struct eff__config_problem {
    size_t rank;      /* of the source it is in; behind all of them for what is in none */
    int line;         /* there; 0 when there are none */
    size_t n;         /* so many problems came before it */
    eff_value_t text; /* a string, owned */
};

struct eff__config_problems {
    struct eff__config_problem items[EFF__CONFIG_MAX_PROBLEMS];
    size_t n;
    size_t n_missing; /* so many of them say that something is not there */
    bool out_of_memory;
};

/* Adds one; the buffer, whose text it is, is emptied. */
void eff__config_problems_add(struct eff__config_problems *p, size_t rank, int line, eff_buffer_t *text);
/* One more need not be written down: it will only be counted. */
static inline bool eff__config_problems_full(const struct eff__config_problems *p)
{
    return p->n >= EFF__CONFIG_MAX_PROBLEMS;
}
/* Begins the text of a problem: where in the source the value stands or would stand, and a colon. */
int eff__config_problem_begin(const struct eff__config_source *s, const char *path, eff_buffer_t *out);
/* All of them as an error, new. */
EFF_MUST_USE eff_value_t eff__config_problems_error(struct eff__config_problems *p);
void eff__config_problems_done(struct eff__config_problems *p);

/* What is said of an operand where there may be none. */
extern const char eff__config_no_operand[];
/* Adds a problem for each value of the snapshot below `base` that the schema has no field for, and for operands that it
 * does not expect. */
void eff__config_refuse_unknown(struct eff__config_problems *p, eff_value_t snapshot, const char *base,
                                const eff_config_schema_t *schema);

#endif
