/* The state of eff__config_read, and what its parts have in common. */
#ifndef EFF_LAYERS_CONFIG_READER_H
#define EFF_LAYERS_CONFIG_READER_H

#include "layers/config_problem.h"
#include "layers/config_read.h"
#include "layers/config_scalar.h"
#include "layers/config_scan.h"

/* ---- memory: what the struct refers to */

struct eff__config_owned {
    struct eff__config_owned *next;
    size_t size;              /* of the block */
    eff_value_t value;        /* or {0} */
    _Alignas(16) char data[]; /* or this */
};

enum { EFF__CONFIG_ANY_SOURCE = -1 };

/* A struct that is being read. */
struct eff__config_level {
    const eff_config_schema_t *schema;
    size_t next;       /* field */
    bool is_begun;     /* it was looked at as a whole */
    char *record;      /* the struct */
    size_t path;       /* bytes of its own path */
    size_t list;       /* bytes of that of the list it is an item of */
    size_t item, n;    /* which item this is, of how many; 0 of 0 when it is in no list */
    size_t n_problems; /* there were, when it was begun */
    int only;          /* index of the source to read it from, or EFF__CONFIG_ANY_SOURCE */
};

struct eff__config_reader {
    eff_value_t snapshot;
    int n_sources;
    eff_buffer_t path; /* of the field, from the root of the sources */
    eff_buffer_t text; /* room for a problem */
    struct eff__config_owned **owned;
    bool out_of_memory;
    struct eff__config_problems problems;
    struct eff__config_level levels[EFF__CONFIG_MAX_DEPTH];
    size_t depth;
};

/* Consumes value. NULL when out of memory, which is noted. */
struct eff__config_owned *eff__config_own(struct eff__config_reader *r, size_t n_data, eff_value_t value);
/* Zeroed; NULL when out of memory. */
void *eff__config_own_block(struct eff__config_reader *r, size_t size);
const char *eff__config_own_string(struct eff__config_reader *r, const char *text, size_t n);
void eff__config_cut_path(struct eff__config_reader *r, size_t size);

/* ---- problems with the field whose path it is (config_report.c) */

/* What was found is not what the field takes. */
void eff__config_unfit(struct eff__config_reader *r, const eff_config_field_t *field,
                       const struct eff__config_found *found, enum eff__config_parsed why);
/* field NULL: an item of a list. */
void eff__config_missing(struct eff__config_reader *r, const eff_config_field_t *field, int only);
/* What a check said, if it did. found NULL: about a default, or a whole struct. Ends words. */
void eff__config_said(struct eff__config_reader *r, eff_buffer_t *words, const struct eff__config_found *found);

/* ---- fields that are no structs (config_field.c) */

/* The first source that has a list at the path, or, where that is no document, a text there; `only` in that one, unless
 * it is EFF__CONFIG_ANY_SOURCE. *ret_n: how many items, 0 for a text; *ret_source: where. */
bool eff__config_find_any_list(struct eff__config_reader *r, int only, struct eff__config_found *ret_found,
                               size_t *ret_n, int *ret_source);
void eff__config_read_scalar(struct eff__config_reader *r, const eff_config_field_t *field, void *at, int only);
void eff__config_read_strings(struct eff__config_reader *r, const eff_config_field_t *field, char *record, int only);

#endif
