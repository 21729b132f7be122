#include "layers/config_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/memory.h"
#include "core/value.h"
#include "layers/config_name.h"
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
        eff_value_decref(s->entries[i].key);
        eff_value_decref(s->entries[i].text);
    }
    eff__raw_free(s->entries);
    eff__raw_free(s->by_key);
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
    size_t prefix = (size_t)(eff__config_bare_name(s, name) - name);
    *e = (struct eff__config_entry){
        .name = eff_string_n(name, n_name),
        .key = eff__config_key(s->sort, name + prefix, n_name - prefix),
        .text = eff_secret_n(text, n_text),
    };
    s->n_entries++;
    return !eff_is_oom(e->name) && !eff_is_oom(e->key) && !eff_is_oom(e->text);
}

static int by_key(const void *a, const void *b)
{
    const struct eff__config_entry *x = *(const struct eff__config_entry *const *)a;
    const struct eff__config_entry *y = *(const struct eff__config_entry *const *)b;
    int order = strcmp(eff_as_string(x->key), eff_as_string(y->key));
    return order ? order : (x > y) - (x < y);
}

/* False when out of memory, also before, when an entry was added. */
static bool sort_entries(struct eff__config_source *s)
{
    if (s->n_entries == 0) return true;
    s->by_key = eff__malloc(s->n_entries * sizeof(const struct eff__config_entry *));
    if (!s->by_key) return false;
    for (size_t i = 0; i < s->n_entries; i++)
        s->by_key[i] = &s->entries[i];
    qsort(s->by_key, s->n_entries, sizeof *s->by_key, by_key);
    return true;
}

eff_value_t eff__config_snapshot_of(struct eff__config_source *s)
{
    if (!s) return eff_oom_value();
    eff_value_t source = { .type = &eff__config_source_type, .ptr = s };
    if (sort_entries(s)) return eff_array(1, &source);
    eff_value_decref(source);
    return eff_oom_value();
}

bool eff__config_is_snapshot(eff_value_t v)
{
    if (!eff_value_is(v, &eff_array_type)) return false;
    for (size_t i = 0; i < eff_array_size(v); i++)
        if (eff_array_at(v, i).type != &eff__config_source_type) return false;
    return true;
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

static void found_entry(const struct eff__config_entry *e, const struct eff__config_source *s,
                        struct eff__config_found *ret_found)
{
    const eff_secret_t *text = eff_as_secret(e->text);
    *ret_found =
        (struct eff__config_found){ .source = s, .text = eff_secret_reveal(text), .n_text = eff_secret_size(text) };
}

/* Whether a key comes before that of the path, or, when it begins with it, what follows in the key before `rest`: as
 * strcmp. */
static int compare_key(enum eff__config_sort sort, const char *key, const char *path, const char *rest, size_t n_rest)
{
    for (; *path; path++) {
        if (*path == ']') continue;
        unsigned char a = (unsigned char)*key, b = (unsigned char)eff__config_key_char(sort, *path);
        if (a != b) return a < b ? -1 : 1;
        key++;
    }
    return n_rest ? strncmp(key, rest, n_rest) : *key != '\0';
}

/* Bytes of the path's key. */
static size_t key_size(const char *path)
{
    size_t n = 0;
    for (; *path; path++)
        n += *path != ']';
    return n;
}

/* The first entry, by key, that does not come before it; or of which that is not so any more. */
static size_t search(const struct eff__config_source *s, const char *path, const char *rest, size_t n_rest, int above)
{
    size_t low = 0, high = s->n_entries;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_key(s->sort, eff_as_string(s->by_key[middle]->key), path, rest, n_rest) < above) low = middle + 1;
        else high = middle;
    }
    return low;
}

const struct eff__config_entry *const *eff__config_entries(const struct eff__config_source *s, const char *path,
                                                           size_t *ret_n)
{
    size_t first = search(s, path, "", 0, 0);
    *ret_n = search(s, path, "", 0, 1) - first;
    return *ret_n ? &s->by_key[first] : NULL;
}

bool eff__config_find(const struct eff__config_source *s, const char *path, struct eff__config_found *ret_found)
{
    if (s->sort == EFF__CONFIG_JSON) return find_in_document(s, path, ret_found);
    size_t n;
    const struct eff__config_entry *const *entries = eff__config_entries(s, path, &n);
    if (n) found_entry(entries[n - 1], s, ret_found); /* of arguments given twice, the last counts */
    return n > 0;
}

/* An entry that is the item of this number, or is below it; NULL when there is none. */
static const struct eff__config_entry *find_item(const struct eff__config_source *s, const char *path, size_t number)
{
    char rest[32];
    size_t n = (size_t)snprintf(rest, sizeof rest, "%c%zu", eff__config_separator(s->sort), number);
    /* What goes on behind the number, if anything does, is a separator. That is not the first there may be: "0-x" comes
     * before "0.x". */
    size_t at = search(s, path, rest, n, 0);
    if (at == s->n_entries || compare_key(s->sort, eff_as_string(s->by_key[at]->key), path, rest, n) != 0) return NULL;
    const char *key = eff_as_string(s->by_key[at]->key);
    if (strlen(key) == key_size(path) + n) return s->by_key[at];
    rest[n++] = eff__config_separator(s->sort);
    at = search(s, path, rest, n, 0);
    bool found = at < s->n_entries && compare_key(s->sort, eff_as_string(s->by_key[at]->key), path, rest, n) == 0;
    return found ? s->by_key[at] : NULL;
}

/* The items are those of consecutive numbers from 0: so a number far off is no list of a billion items. */
static bool find_numbered(const struct eff__config_source *s, const char *path, struct eff__config_found *ret_found,
                          size_t *ret_n)
{
    size_t n = 0;
    for (const struct eff__config_entry *e; (e = find_item(s, path, n)); n++)
        if (n == 0) found_entry(e, s, ret_found);
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
