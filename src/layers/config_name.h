/* Names: what a source calls a path, and how it is told.
 *
 * A name of the environment is a path whose letters are capitals and whose dots, dashes and brackets are underscores;
 * the closing bracket is left out. The other sources' names are paths: brackets may be written with a dot, and among
 * arguments a dash stands for an underscore too. All names of one path have the same key, by which they are found. */
#ifndef EFF_LAYERS_CONFIG_NAME_H
#define EFF_LAYERS_CONFIG_NAME_H

#include "layers/config_source.h"

/* The key of a name without its prefix, a string. */
EFF_MUST_USE eff_value_t eff__config_key(enum eff__config_sort sort, const char *name, size_t n);
/* What a character of a path is in a key; there is no ']' in one. */
char eff__config_key_char(enum eff__config_sort sort, char c);
/* What stands between two steps there. */
char eff__config_separator(enum eff__config_sort sort);

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
/* Adds a path as the source calls it: "server.port", "APP_SERVER_PORT", "--server.port"; escaped and cut. */
void eff__config_name(const struct eff__config_source *s, const char *path, eff_buffer_t *out);
/* Adds the name of a path in the environment below a prefix. */
void eff__config_environment_name(const char *prefix, const char *path, eff_buffer_t *out);

/* ---- text of unknown origin, in messages: escaped, and of more than so many bytes the rest is left out, for "..." */

enum {
    EFF__CONFIG_SHOWN_NAME = 128, /* of keys, options, variables, operands, paths */
    EFF__CONFIG_SHOWN_FILE = 400, /* of names of files */
    EFF__CONFIG_SHOWN_VALUE = 48,
};
void eff__config_add_shown(eff_buffer_t *out, const char *text, size_t n, size_t most);
/* Of a name, all of it. */
void eff__config_add_name(eff_buffer_t *out, const char *name);
/* The name of the source, a string. */
void eff__config_add_file(eff_buffer_t *out, const char *name);

#endif
