/* Fields that are no structs: found, converted, within their limits, stored, checked. */
#include <string.h>

#include "core/memory.h"
#include "layers/config_json.h"
#include "layers/config_reader.h"
#include "layers/config_schema.h"

/* ---- checks */

static void check_field(struct eff__config_reader *r, const eff_config_field_t *field, const void *at,
                        const struct eff__config_found *found)
{
    if (!field->check || r->out_of_memory) return;
    eff_buffer_t words = EFF_BUFFER_INIT;
    field->check(at, &words);
    eff__config_said(r, &words, found);
}

/* ---- storing */

static void store_integer(int width, int64_t v, void *at)
{
    switch (width < 0 ? -width : width) {
    case 1: *(int8_t *)at = (int8_t)v; break;
    case 2: *(int16_t *)at = (int16_t)v; break;
    case 4: *(int32_t *)at = (int32_t)v; break;
    default: *(int64_t *)at = v; break;
    }
}

static void store_secret(struct eff__config_reader *r, const struct eff__config_scalar *v, const eff_secret_t **at)
{
    struct eff__config_owned *o = eff__config_own(r, 0, eff_secret_n(v->text, v->n_text));
    if (o) *at = eff_as_secret(o->value);
}

static void store_json(struct eff__config_reader *r, json_t *json, eff_value_t *at)
{
    struct eff__config_owned *o = eff__config_own(r, 0, eff_json(json));
    if (o) *at = o->value;
}

static void store(struct eff__config_reader *r, const eff_config_field_t *field, const struct eff__config_scalar *v,
                  void *at)
{
    switch (field->kind) {
    case EFF_CONFIG_KIND_STRING: *(const char **)at = eff__config_own_string(r, v->text, v->n_text); break;
    case EFF_CONFIG_KIND_BOOL: *(bool *)at = v->truth; break;
    case EFF_CONFIG_KIND_INT:
    case EFF_CONFIG_KIND_SIZE:
    case EFF_CONFIG_KIND_ENUM: store_integer(field->width, v->integer, at); break;
    case EFF_CONFIG_KIND_DOUBLE: *(double *)at = v->real; break;
    case EFF_CONFIG_KIND_DURATION: *(eff_duration_t *)at = v->duration; break;
    case EFF_CONFIG_KIND_SECRET: store_secret(r, v, at); break;
    case EFF_CONFIG_KIND_JSON: store_json(r, v->json, at); break;
    case EFF_CONFIG_KIND_STRINGS:
    case EFF_CONFIG_KIND_STRUCT:
    case EFF_CONFIG_KIND_LIST: break;
    }
}

/* ---- finding */

static bool find_any(struct eff__config_reader *r, int only, struct eff__config_found *ret_found)
{
    const char *path = eff_buffer_text(&r->path);
    if (only != EFF__CONFIG_ANY_SOURCE)
        return eff__config_find(eff__config_source_at(r->snapshot, (size_t)only), path, ret_found);
    for (int i = 0; i < r->n_sources; i++)
        if (eff__config_find(eff__config_source_at(r->snapshot, (size_t)i), path, ret_found)) return true;
    return false;
}

/* The same of a list, or of a text that stands for one; *ret_source: where. */
bool eff__config_find_any_list(struct eff__config_reader *r, int only, struct eff__config_found *ret_found,
                               size_t *ret_n, int *ret_source)
{
    const char *path = eff_buffer_text(&r->path);
    for (int i = only == EFF__CONFIG_ANY_SOURCE ? 0 : only; i < r->n_sources; i++) {
        const struct eff__config_source *s = eff__config_source_at(r->snapshot, (size_t)i);
        *ret_source = i;
        *ret_n = 0;
        if (!s->document && eff__config_find(s, path, ret_found)) return true;
        if (eff__config_find_list(s, path, ret_found, ret_n)) return true;
        if (only != EFF__CONFIG_ANY_SOURCE) return false;
    }
    return false;
}

/* ---- scalars */

void eff__config_read_scalar(struct eff__config_reader *r, const eff_config_field_t *field, void *at, int only)
{
    struct eff__config_found found;
    struct eff__config_scalar v = { 0 };
    if (!find_any(r, only, &found)) {
        if (!field->otherwise) {
            if (!field->optional) eff__config_missing(r, field, only);
            return;
        }
        enum eff__config_parsed parsed = eff__config_from_text(field, field->otherwise, strlen(field->otherwise), &v);
        if (parsed == EFF__PARSE_NO_MEMORY) r->out_of_memory = true;
        if (parsed != EFF__PARSED) return;
        store(r, field, &v, at);
        check_field(r, field, at, NULL);
        return;
    }
    enum eff__config_parsed parsed = found.json ? eff__config_from_json(field, found.json, &v)
                                                : eff__config_from_text(field, found.text, found.n_text, &v);
    if (parsed == EFF__PARSED) parsed = eff__config_check_limits(field, &v);
    if (parsed == EFF__PARSE_NO_MEMORY) {
        r->out_of_memory = true;
    } else if (parsed != EFF__PARSED) {
        eff__config_unfit(r, field, &found, parsed);
    } else {
        store(r, field, &v, at);
        check_field(r, field, at, &found);
    }
}

/* ---- strings */

/* "a, b": the pieces between the commas, without the blanks around them. */
static void split(struct eff__config_reader *r, const char *text, const char **items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t length = strcspn(text, ",");
        const char *next = text + length + 1;
        while (length > 0 && strchr(" \t", *text))
            text++, length--;
        while (length > 0 && strchr(" \t", text[length - 1]))
            length--;
        items[i] = eff__config_own_string(r, text, length);
        text = next;
    }
}

/* An argument that is repeated: each is an item. */
static void take_repeated(struct eff__config_reader *r, const struct eff__config_source *s, const char *path,
                          const char **items)
{
    size_t n;
    const struct eff__config_entry *const *entries = eff__config_entries(s, path, &n);
    for (size_t i = 0; i < n; i++) {
        const eff_secret_t *text = eff_as_secret(entries[i]->text);
        *items++ = eff__config_own_string(r, eff_secret_reveal(text), eff_secret_size(text));
    }
}

/* The items are values of their own: of an array, or numbered. */
static void take_numbered(struct eff__config_reader *r, int source, bool secret, const char **items, size_t n)
{
    const eff_config_field_t string = { .kind = EFF_CONFIG_KIND_STRING, .path = "", .secret = secret };
    size_t path = r->path.size;
    for (size_t i = 0; i < n && !r->path.truncated; i++) {
        eff_buffer_printf(&r->path, "[%zu]", i);
        eff__config_read_scalar(r, &string, &items[i], source);
        eff__config_cut_path(r, path);
    }
}

void eff__config_read_strings(struct eff__config_reader *r, const eff_config_field_t *field, char *record, int only)
{
    struct eff__config_found found = { 0 };
    size_t n = 0, repeated = 0;
    int source = 0;
    bool there = eff__config_find_any_list(r, only, &found, &n, &source);
    if (!there && !field->otherwise) {
        if (!field->optional) eff__config_missing(r, field, only);
        return;
    }
    const char *text = there ? found.text : field->otherwise;
    bool is_text = text && n == 0;
    if (is_text && there) (void)eff__config_entries(found.source, eff_buffer_text(&r->path), &repeated);
    if (is_text) n = repeated > 1 ? repeated : eff__config_count_pieces(text);
    if (there && ((found.json && !json_is_array(found.json)) || !eff__config_count_fits(field, n))) {
        eff__config_unfit(r, field, &found, EFF__MALFORMED);
        return;
    }
    const char **items = eff__config_own_block(r, (n + 1) * sizeof *items);
    if (!items) return;
    size_t n_problems = r->problems.n;
    if (repeated > 1) take_repeated(r, found.source, eff_buffer_text(&r->path), items);
    else if (is_text) split(r, text, items, n);
    else take_numbered(r, source, field->secret, items, n);
    memcpy(record + field->offset, &items, sizeof items);
    memcpy(record + field->count_offset, &n, sizeof n);
    if (r->problems.n == n_problems) check_field(r, field, record + field->offset, there ? &found : NULL);
}
