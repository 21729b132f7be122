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
    eff_value_t text; /* a secret, so that it is overwritten in the end */
};

struct eff__config_source {
    enum eff__config_sort sort;
    eff_value_t name;                  /* a string: the file's name, the prefix of the environment; else "" */
    struct json_t *document;           /* of JSON: an object; owned. Else NULL */
    eff_value_t text;                  /* of JSON: what it was parsed from, a secret */
    struct eff__config_entry *entries; /* of the others, owned, in the order in which they were given */
    size_t n_entries, capacity;
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
    size_t entry; /* which one that is */
};

/* What a source has at a path. False when that is nothing, or null. */
bool eff__config_find(const struct eff__config_source *s, const char *path, struct eff__config_found *ret_found);
/* How many items it has in a list there: *ret_n; false when there is no list. What is found may turn out to be no
 * array, with *ret_n 0. */
bool eff__config_find_list(const struct eff__config_source *s, const char *path, struct eff__config_found *ret_found,
                           size_t *ret_n);

/* How a name of a source relates to a path. */
enum eff__config_relation {
    EFF__UNRELATED,
    EFF__SAME,
    EFF__BELOW, /* the name goes on where the path ends, at *ret_rest */
    EFF__ABOVE, /* the path goes on where the name ends */
};
enum eff__config_relation eff__config_relate(enum eff__config_sort sort, const char *name, const char *path,
                                             const char **ret_rest);
/* The name without what all names of the source begin with. */
const char *eff__config_bare_name(const struct eff__config_source *s, const char *name);

/* Adds where a value stands, or would stand: "app.json:12: server.port", "environment APP_SERVER_PORT",
 * "--server.port". *ret_line, which may be NULL: the line, 0 where there are none. */
void eff__config_origin(const struct eff__config_source *s, const char *path, eff_buffer_t *out, int *ret_line);
/* Adds a path as the source calls it: "server.port", "APP_SERVER_PORT", "--server.port". */
void eff__config_name(const struct eff__config_source *s, const char *path, eff_buffer_t *out);
/* Adds the name of a path in the environment below a prefix. */
void eff__config_environment_name(const char *prefix, const char *path, eff_buffer_t *out);

/* ---- making sources: each an effect that succeeds with a snapshot */

/* Parses n bytes, on any thread. `name` is that of the text in messages. */
EFF_MUST_USE eff_t *eff__config_parse(const char *name, const char *text, size_t n);
/* Overwrites the strings of a document, which is about to be freed. */
void eff__config_wipe(struct json_t *document);

#endif
