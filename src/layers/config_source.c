#include "layers/config_source.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/memory.h"
#include "core/misuse.h"
#include "core/value.h"
#include "layers/config_scan.h"

/* ---- the objects */

static void source_drop(void *payload)
{
    struct eff__config_source *s = payload;
    if (s->document) {
        eff__config_wipe(s->document);
        json_decref(s->document);
    }
    for (size_t i = 0; i < s->n_entries; i++) {
        eff_value_decref(s->entries[i].name);
        eff_value_decref(s->entries[i].text);
    }
    eff__raw_free(s->entries);
    eff_value_decref(s->name);
    eff_value_decref(s->text);
    eff_value_decref(s->operands);
}

static void source_format(const void *payload, eff_buffer_t *out)
{
    const struct eff__config_source *s = payload;
    switch (s->sort) {
    case EFF__CONFIG_JSON: eff_buffer_printf(out, "<configuration: %s>", eff_as_string(s->name)); break;
    case EFF__CONFIG_ENVIRONMENT: eff_buffer_add(out, "<configuration: the environment>"); break;
    case EFF__CONFIG_ARGUMENTS: eff_buffer_add(out, "<configuration: the arguments>"); break;
    case EFF__CONFIG_MEMORY: eff_buffer_add(out, "<configuration: memory>"); break;
    }
}

const eff_type_t eff__config_source_type = {
    .size = sizeof(struct eff__config_source),
    .name = "source of configuration",
    .drop = source_drop,
    .format = source_format,
    .flags = EFF_TYPE_COUNTED,
};

struct eff__config_source *eff__config_source_new(enum eff__config_sort sort, eff_value_t name)
{
    struct eff__config_source *s =
        eff_is_oom(name) ? NULL : eff__payload_alloc(&eff__config_source_type, sizeof(struct eff__config_source));
    if (!s) {
        eff_value_decref(name);
        return NULL;
    }
    *s = (struct eff__config_source){ .sort = sort, .name = name, .text = eff_unit, .operands = eff_unit };
    return s;
}

bool eff__config_source_add(struct eff__config_source *s, const char *name, size_t n_name, const char *text,
                            size_t n_text)
{
    if (s->n_entries == s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 16;
        void *more = eff__realloc(s->entries, capacity * sizeof *s->entries);
        if (!more) return false;
        s->entries = more;
        s->capacity = capacity;
    }
    struct eff__config_entry *e = &s->entries[s->n_entries];
    *e = (struct eff__config_entry){ eff_string_n(name, n_name), eff_secret_n(text, n_text) };
    s->n_entries++;
    return !eff_is_oom(e->name) && !eff_is_oom(e->text);
}

eff_value_t eff__config_snapshot_of(struct eff__config_source *s)
{
    if (!s) return eff_oom_value();
    eff_value_t source = { .type = &eff__config_source_type, .ptr = s };
    return eff_array(1, &source);
}

bool eff__config_is_snapshot(eff_value_t v)
{
    if (!eff_value_is(v, &eff_array_type)) return false;
    for (size_t i = 0; i < eff_array_size(v); i++)
        if (eff_array_at(v, i).type != &eff__config_source_type) return false;
    return true;
}

/* ---- names and paths
 *
 * A name of the environment is a path whose letters are capitals and whose dots, dashes and brackets are underscores;
 * the closing bracket is left out. The other sources' names are paths: brackets may be written with a dot, and among
 * arguments a dash stands for an underscore too. */

static char capital(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static bool is_separator(enum eff__config_sort sort, char c)
{
    return sort == EFF__CONFIG_ENVIRONMENT ? c == '_' : c == '.' || c == '[';
}

static bool same_char(enum eff__config_sort sort, char name, char path)
{
    switch (sort) {
    case EFF__CONFIG_ENVIRONMENT: return name == (path == '.' || path == '-' || path == '[' ? '_' : capital(path));
    case EFF__CONFIG_ARGUMENTS:
        if ((name == '-' || name == '_') && (path == '-' || path == '_')) return true;
        break;
    case EFF__CONFIG_JSON:
    case EFF__CONFIG_MEMORY: break;
    }
    return name == path || ((name == '.' || name == '[') && (path == '.' || path == '['));
}

enum eff__config_relation eff__config_relate(enum eff__config_sort sort, const char *name, const char *path,
                                             const char **ret_rest)
{
    while (*name && *path) {
        if (*path == ']' && *name != ']') path++;
        else if (*name == ']' && *path != ']') name++;
        else if (same_char(sort, *name, *path)) name++, path++;
        else return EFF__UNRELATED;
    }
    while (*path == ']')
        path++;
    while (*name == ']')
        name++;
    if (!*name && !*path) return EFF__SAME;
    if (!*name) return *path == '.' || *path == '[' ? EFF__ABOVE : EFF__UNRELATED;
    if (*path || !is_separator(sort, *name)) return EFF__UNRELATED;
    *ret_rest = *name == '[' ? name : name + 1;
    return EFF__BELOW;
}

const char *eff__config_bare_name(const struct eff__config_source *s, const char *name)
{
    if (s->sort != EFF__CONFIG_ENVIRONMENT) return name;
    size_t n = eff_string_size(s->name);
    return n ? name + n + 1 : name;
}

void eff__config_environment_name(const char *prefix, const char *path, eff_buffer_t *out)
{
    if (*prefix) eff_buffer_printf(out, "%s_", prefix);
    for (; *path; path++) {
        char c = capital(*path);
        if (c == '.' || c == '-' || c == '[') c = '_';
        if (c != ']') eff_buffer_add_escaped(out, &c, 1);
    }
}

void eff__config_name(const struct eff__config_source *s, const char *path, eff_buffer_t *out)
{
    if (s->sort == EFF__CONFIG_ENVIRONMENT) {
        eff__config_environment_name(eff_as_string(s->name), path, out);
        return;
    }
    if (s->sort == EFF__CONFIG_ARGUMENTS) eff_buffer_add(out, "--");
    eff_buffer_add_escaped(out, path, strlen(path));
}

void eff__config_origin(const struct eff__config_source *s, const char *path, eff_buffer_t *out, int *ret_line)
{
    int line = 0;
    switch (s->sort) {
    case EFF__CONFIG_JSON: {
        const eff_secret_t *text = eff_as_secret(s->text);
        line = eff__config_scan_line(eff_secret_reveal(text), eff_secret_size(text), path, NULL);
        eff_buffer_add_escaped(out, eff_as_string(s->name), eff_string_size(s->name));
        eff_buffer_printf(out, ":%d%s", line, *path ? ": " : "");
        break;
    }
    case EFF__CONFIG_ENVIRONMENT: eff_buffer_add(out, "environment "); break;
    case EFF__CONFIG_MEMORY: eff_buffer_add(out, "memory: "); break;
    case EFF__CONFIG_ARGUMENTS: break;
    }
    eff__config_name(s, path, out);
    if (ret_line) *ret_line = line;
}

/* ---- looking up */

/* The key must be one of a NUL-terminated copy: jansson before 2.14 knows no other look-up. */
static json_t *member(const json_t *object, const struct eff__config_step *step)
{
    char key[256];
    if (step->n >= sizeof key) return NULL;
    memcpy(key, step->key, step->n);
    key[step->n] = '\0';
    return json_object_get(object, key);
}

static bool find_in_document(const struct eff__config_source *s, const char *path, struct eff__config_found *ret_found)
{
    const json_t *json = s->document;
    struct eff__config_step step;
    while (json && eff__config_step(&path, &step)) {
        if (json_is_object(json)) json = member(json, &step);
        else json = json_is_array(json) && step.is_number ? json_array_get(json, step.number) : NULL;
    }
    if (!json || json_is_null(json)) return false;
    *ret_found = (struct eff__config_found){ .source = s, .json = json };
    return true;
}

static void found_entry(const struct eff__config_source *s, size_t i, struct eff__config_found *ret_found)
{
    const eff_secret_t *text = eff_as_secret(s->entries[i].text);
    *ret_found = (struct eff__config_found){
        .source = s, .text = eff_secret_reveal(text), .n_text = eff_secret_size(text), .entry = i
    };
}

static enum eff__config_relation relate_entry(const struct eff__config_source *s, size_t i, const char *path,
                                              const char **ret_rest)
{
    const char *name = eff__config_bare_name(s, eff_as_string(s->entries[i].name));
    return eff__config_relate(s->sort, name, path, ret_rest);
}

bool eff__config_find(const struct eff__config_source *s, const char *path, struct eff__config_found *ret_found)
{
    if (s->sort == EFF__CONFIG_JSON) return find_in_document(s, path, ret_found);
    const char *rest;
    for (size_t i = s->n_entries; i-- > 0;) /* of arguments given twice, the last counts */
        if (relate_entry(s, i, path, &rest) == EFF__SAME) {
            found_entry(s, i, ret_found);
            return true;
        }
    return false;
}

/* The number at the start of a rest: "0]...", "0_...", "0". SIZE_MAX when there is none. */
static size_t leading_number(const char *rest)
{
    if (*rest == '[') rest++;
    size_t n = strspn(rest, "0123456789"), number = 0;
    if (n == 0 || n > 9 || (rest[n] && !strchr("].[_", rest[n]))) return SIZE_MAX;
    for (size_t i = 0; i < n; i++)
        number = number * 10 + (size_t)(rest[i] - '0');
    return number;
}

/* The items are those of consecutive numbers from 0: so a number far off is no list of a billion items. Each pass over
 * the entries finds one more at least, or ends it. */
static bool find_numbered(const struct eff__config_source *s, const char *path, struct eff__config_found *ret_found,
                          size_t *ret_n)
{
    size_t n = 0;
    for (size_t before = SIZE_MAX; n != before;) {
        before = n;
        for (size_t i = 0; i < s->n_entries; i++) {
            const char *rest;
            if (relate_entry(s, i, path, &rest) != EFF__BELOW || leading_number(rest) != n) continue;
            if (n == 0) found_entry(s, i, ret_found);
            n++;
        }
    }
    *ret_n = n;
    return n > 0;
}

bool eff__config_find_list(const struct eff__config_source *s, const char *path, struct eff__config_found *ret_found,
                           size_t *ret_n)
{
    *ret_n = 0;
    if (s->sort != EFF__CONFIG_JSON) return find_numbered(s, path, ret_found, ret_n);
    if (!find_in_document(s, path, ret_found)) return false;
    *ret_n = json_array_size(ret_found->json);
    return true;
}
