/* What a schema knows: which names of a source it has fields for, and what it expects of each. */
#ifndef EFF_LAYERS_CONFIG_SCHEMA_H
#define EFF_LAYERS_CONFIG_SCHEMA_H

#include "layers/config_name.h"
#include "layers/config_scalar.h"

/* What a name is to a schema. */
struct eff__config_match {
    const eff_config_field_t *field; /* it is this field, or a string of it, or a part of its JSON; else NULL */
    bool leads_on;                   /* it is no field, but there are some below it; or one that has fields itself */
    const eff_config_schema_t *last; /* the innermost schema it leads to ... */
    const char *rest;                /* ... and what of it is left there */
};
struct eff__config_match eff__config_match(const eff_config_schema_t *schema, enum eff__config_sort sort,
                                           const char *name);
/* The field that an argument's letter stands for; NULL when none does, or, *ret_path being truncated then, without
 * memory. */
const eff_config_field_t *eff__config_letter(const eff_config_schema_t *schema, char letter, eff_buffer_t *ret_path);
/* After a name that nothing matched: adds the one that was probably meant, as a path; false when none is near. */
bool eff__config_nearest(const struct eff__config_match *match, const char *name, eff_buffer_t *out);
/* Adds, to the path of a list or struct, the way to a value in it: "feeds" becomes "feeds[0].name". */
void eff__config_inner_path(const eff_config_field_t *field, eff_buffer_t *path);
/* After a name that was matched, but is no value: adds what it is ("is a list, whose items are "), and a path of a value
 * in it to *path, which begins as the name. False when it is nothing the schema knows. */
bool eff__config_no_value(const struct eff__config_match *match, const char *name, eff_buffer_t *path,
                          const char **ret_what);
/* Adds what a field takes: "an integer from 1 to 65535", "one of debug, info, warn". */
void eff__config_expected(const eff_config_field_t *field, eff_buffer_t *out);
/* The same when something else was there, which is not that for this reason. */
void eff__config_expected_instead(const eff_config_field_t *field, enum eff__config_parsed why, eff_buffer_t *out);

/* ---- walking the fields of a schema, those of its structs included, without recursion */

enum { EFF__CONFIG_MAX_NESTING = 16 }; /* of schemas in schemas, as they are described and printed */

struct eff__config_walk {
    struct {
        const eff_config_schema_t *schema;
        size_t next;   /* field */
        size_t path;   /* bytes of the path around it */
        char *record;  /* NULL: there is none */
        size_t n_left; /* items of the list that this is in, after this one */
        size_t item;
    } levels[EFF__CONFIG_MAX_NESTING];
    size_t depth;
    eff_buffer_t path;
};

/* The next field that is no struct, with its path in walk->path. Items of lists are walked if there is a record, else
 * the schema of an item, once, as "[n]". NULL at the end, after which the walk is done. *ret_record: what it is a field
 * of. */
const eff_config_field_t *eff__config_walk_next(struct eff__config_walk *walk, char **ret_record);
void eff__config_walk_init(struct eff__config_walk *walk, const eff_config_schema_t *schema, char *record);
void eff__config_walk_done(struct eff__config_walk *walk);

#endif
