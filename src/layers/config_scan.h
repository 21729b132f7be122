/* Where things stand in a JSON text. Jansson knows the position of a syntax error, but not that of a value, nor the
 * path of either; this scanner does, and is asked only when something has to be reported. The parser is jansson: the
 * scanner takes any text, and finds its way through one that is broken somewhere as far as that place. */
#ifndef EFF_LAYERS_CONFIG_SCAN_H
#define EFF_LAYERS_CONFIG_SCAN_H

#include <effect/value.h>

enum { EFF__CONFIG_MAX_DEPTH = 64 }; /* of documents: no more than that is parsed */

/* Adds the path at which the first n bytes of the text end: "services[1].url"; what comes out of keys is escaped.
 * Returns the deepest nesting there was on the way, at which it stops when that is more than EFF__CONFIG_MAX_DEPTH;
 * *ret_line is the line of the end. */
size_t eff__config_scan_path(const char *text, size_t n, eff_buffer_t *out, int *ret_line);
/* The line, from 1, of the value at a path, or of the last value on the way to it. With a key: of that member of the
 * object at the path, for keys that no path can have in it; else NULL. */
int eff__config_scan_line(const char *text, size_t n, const char *path, const char *key);

/* ---- paths: keys with dots between them, numbers in brackets or as keys */

/* One step of a path. */
struct eff__config_step {
    const char *key; /* n bytes, also of a number */
    size_t n;
    bool is_number;
    size_t number;
};

/* Takes the next step off a path; false at its end. */
bool eff__config_step(const char **path, struct eff__config_step *ret_step);
/* Adds a path below the one that is there: "db" and "url" give "db.url", "a" and "[0]" "a[0]". Numbers get brackets. */
void eff__config_path_add(eff_buffer_t *path, const char *more);

#endif
