/* Sources: where configured values come from, and looking one up. A source is an immutable value; a snapshot is an
 * array of them, the first that has a value counting. */
#ifndef EFF_LAYERS_CONFIG_SOURCE_H
#define EFF_LAYERS_CONFIG_SOURCE_H

#include <effect/config.h>

struct json_t;

enum eff__config_sort { EFF__CONFIG_JSON, EFF__CONFIG_ENVIRONMENT, EFF__CONFIG_ARGUMENTS, EFF__CONFIG_MEMORY };

/* One value of a source that is no document. */
struct eff__config_entry {
    eff_value_t name; /* a string, as it was given: "APP_DB_URL", "db.url" */
    eff_value_t key;  /* a string: the name as all that mean the same path are written: "DB_URL", "db.url" */
    eff_value_t text; /* a secret, so that it is overwritten in the end */
};

struct eff__config_source {
    enum eff__config_sort sort;
    eff_value_t name;                  /* a string: the file's name, the prefix of the environment; else "" */
    struct json_t *document;           /* of JSON: an object; owned. Else, and of a file that is not there, NULL */
    eff_value_t text;                  /* of JSON: what it was parsed from, a secret */
    struct eff__config_entry *entries; /* of the others, owned, in the order in which they were given */
    size_t n_entries, capacity;
    const struct eff__config_entry **by_key; /* the same, by key; those of equal keys as they were given */
    eff_value_t operands; /* of arguments: those that are no options, an array of strings; else unit */
};

extern const eff_type_t eff__config_source_type;

/* A source without values, to be filled in before anybody else sees it. Consumes name. Without memory NULL. */
struct eff__config_source *eff__config_source_new(enum eff__config_sort sort, eff_value_t name);
/* Adds an entry; name and text are copied. False when out of memory. */
bool eff__config_source_add(struct eff__config_source *s, const char *name, size_t n_name, const char *text,
                            size_t n_text);
/* The snapshot of one source. Consumes s; NULL gives the out-of-memory value. */
EFF_MUST_USE eff_value_t eff__config_snapshot_of(struct eff__config_source *s);

/* Whether v is what a Config may succeed with. */
bool eff__config_is_snapshot(eff_value_t v);
static inline const struct eff__config_source *eff__config_source_at(eff_value_t snapshot, size_t i)
{
    return (const struct eff__config_source *)eff_array_at(snapshot, i).ptr;
}

/* A value that was found. All is borrowed from the source. */
struct eff__config_found {
    const struct eff__config_source *source;
    const struct json_t *json; /* in a document; else NULL */
    const char *text;          /* elsewhere; NUL-terminated */
    size_t n_text;
};

/* What a source has at a path. False when that is nothing, or null. */
bool eff__config_find(const struct eff__config_source *s, const char *path, struct eff__config_found *ret_found);
/* How many items it has in a list there: *ret_n; false when there is no list. What is found may turn out to be no
 * array, with *ret_n 0. */
bool eff__config_find_list(const struct eff__config_source *s, const char *path, struct eff__config_found *ret_found,
                           size_t *ret_n);

/* The entries whose name is the path, as they were given: of a source that is no document. *ret_n: how many. */
const struct eff__config_entry *const *eff__config_entries(const struct eff__config_source *s, const char *path,
                                                           size_t *ret_n);

/* ---- making sources: each an effect that succeeds with a snapshot */

/* Parses n bytes, on any thread. `name` is that of the text in messages. */
EFF_MUST_USE eff_t *eff__config_parse(const char *name, const char *text, size_t n);
/* Overwrites the strings of a document that is about to be freed, as far as nobody else has a reference to them. */
void eff__config_wipe(struct json_t *document);

#endif
