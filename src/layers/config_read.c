/* Reading: each field is looked up, converted, checked and stored; whatever is wrong becomes a problem, and reading
 * goes on. Structs in structs, and lists of them, are levels of a stack of its own.
 *
 *     read_struct     the levels
 *       read_list     how many items, and a level for them
 *       read_scalar, read_strings (config_field.c)
 *
 * A list is taken from one source; so are the fields of its items (`only`).
 */
#include "layers/config_read.h"

#include <string.h>

#include "core/memory.h"
#include "core/misuse.h"
#include "core/value.h"
#include "layers/config_json.h"
#include "layers/config_reader.h"

/* ---- memory */

/* Any of it may be a secret. */
void eff__config_owned_free(struct eff__config_owned *first)
{
    while (first) {
        struct eff__config_owned *next = first->next;
        size_t size = first->size;
        if (first->value.type == &eff_json_type && eff__count_is_one(&eff__header_of(first->value.ptr)->count))
            eff__config_wipe(eff_as_json(first->value));
        eff_value_decref(first->value);
        explicit_bzero(first, size);
        eff__free(first, size);
        first = next;
    }
}

void eff__config_cut_path(struct eff__config_reader *r, size_t size)
{
    if (r->path.text && !r->path.truncated) r->path.text[r->path.size = size] = '\0';
}

struct eff__config_owned *eff__config_own(struct eff__config_reader *r, size_t n_data, eff_value_t value)
{
    size_t size = sizeof(struct eff__config_owned) + n_data;
    bool usable = !eff_is_oom(value) && size > n_data;
    struct eff__config_owned *o = usable ? eff__alloc(size) : NULL;
    if (!o) {
        eff_value_decref(value);
        r->out_of_memory = true;
        return NULL;
    }
    o->next = *r->owned;
    o->size = size;
    o->value = value;
    *r->owned = o;
    return o;
}

/* Zeroed; NULL when out of memory. */
void *eff__config_own_block(struct eff__config_reader *r, size_t size)
{
    struct eff__config_owned *o = eff__config_own(r, size, (eff_value_t){ 0 });
    return o ? memset(o->data, 0, size) : NULL;
}

const char *eff__config_own_string(struct eff__config_reader *r, const char *text, size_t n)
{
    char *copy = eff__config_own_block(r, n + 1);
    return copy ? memcpy(copy, text, n) : "";
}

/* ---- structs and lists */

static void push(struct eff__config_reader *r, struct eff__config_level level)
{
    if (r->depth == EFF__CONFIG_MAX_DEPTH) {
        eff__misuse("the configuration schema of %s is nested too deeply", level.schema->name);
        return;
    }
    level.list = r->path.size;
    if (level.n > 0) eff_buffer_add(&r->path, "[0]");
    level.path = r->path.size;
    level.n_problems = r->problems.n;
    r->levels[r->depth++] = level;
}

static bool next_item(struct eff__config_reader *r, struct eff__config_level *l)
{
    if (l->item + 1 >= l->n) return false;
    l->item++;
    eff__config_cut_path(r, l->list);
    eff_buffer_printf(&r->path, "[%zu]", l->item);
    l->path = r->path.size;
    l->record += l->schema->size;
    l->next = 0;
    l->is_begun = false;
    l->n_problems = r->problems.n;
    return true;
}

static void read_list(struct eff__config_reader *r, const eff_config_field_t *field, char *record, int only)
{
    struct eff__config_found found = { 0 };
    size_t n = 0;
    int source = 0;
    if (!eff__config_find_any_list(r, only, &found, &n, &source)) {
        if (!field->optional) eff__config_missing(r, field, only);
        return;
    }
    if ((found.json ? !json_is_array(found.json) : n == 0) || !eff__config_count_fits(field, n)) {
        eff__config_unfit(r, field, &found, EFF__MALFORMED);
        return;
    }
    char *items =
        n < SIZE_MAX / field->schema->size - 1 ? eff__config_own_block(r, (n + 1) * field->schema->size) : NULL;
    if (!items) return;
    memcpy(record + field->offset, &items, sizeof items);
    memcpy(record + field->count_offset, &n, sizeof n);
    if (n == 0) return;
    push(r, (struct eff__config_level){ .schema = field->schema, .record = items, .n = n, .only = source });
}

/* Below a list whose item is no object, nothing can be found. */
static bool item_is_object(struct eff__config_reader *r, const struct eff__config_level *l)
{
    const struct eff__config_source *s = eff__config_source_at(r->snapshot, (size_t)l->only);
    struct eff__config_found found;
    static const eff_config_field_t object = { .kind = EFF_CONFIG_KIND_STRUCT, .path = "" };
    if (!s->document) return true;
    if (!eff__config_find(s, eff_buffer_text(&r->path), &found)) {
        eff__config_missing(r, NULL, l->only);
        return false;
    }
    if (json_is_object(found.json)) return true;
    eff__config_unfit(r, &object, &found, EFF__MALFORMED);
    return false;
}

/* What a struct stands in a document as, if it is there, must be an object. */
static bool struct_is_object(struct eff__config_reader *r, const eff_config_field_t *field, int only)
{
    struct eff__config_found found;
    for (int i = 0; i < r->n_sources; i++) {
        const struct eff__config_source *s = eff__config_source_at(r->snapshot, (size_t)i);
        if (!s->document || (only != EFF__CONFIG_ANY_SOURCE && i != only)) continue;
        if (!eff__config_find(s, eff_buffer_text(&r->path), &found) || json_is_object(found.json)) continue;
        eff__config_unfit(r, field, &found, EFF__MALFORMED);
        return false;
    }
    return true;
}

static void read_field(struct eff__config_reader *r, const eff_config_field_t *field, char *record, int only)
{
    eff__config_path_add(&r->path, field->path);
    switch (field->kind) {
    case EFF_CONFIG_KIND_STRUCT:
        if (struct_is_object(r, field, only))
            push(r,
                 (struct eff__config_level){ .schema = field->schema, .record = record + field->offset, .only = only });
        break;
    case EFF_CONFIG_KIND_LIST: read_list(r, field, record, only); break;
    case EFF_CONFIG_KIND_STRINGS: eff__config_read_strings(r, field, record, only); break;
    case EFF_CONFIG_KIND_STRING:
    case EFF_CONFIG_KIND_BOOL:
    case EFF_CONFIG_KIND_INT:
    case EFF_CONFIG_KIND_DOUBLE:
    case EFF_CONFIG_KIND_DURATION:
    case EFF_CONFIG_KIND_SIZE:
    case EFF_CONFIG_KIND_ENUM:
    case EFF_CONFIG_KIND_SECRET:
    case EFF_CONFIG_KIND_JSON: eff__config_read_scalar(r, field, record + field->offset, only); break;
    }
}

/* The end of a struct: its check, and the next item of its list, if there is one. */
static void end_struct(struct eff__config_reader *r)
{
    struct eff__config_level *l = &r->levels[r->depth - 1];
    if (l->schema->check && r->problems.n == l->n_problems && !r->out_of_memory) {
        eff_buffer_t words = EFF_BUFFER_INIT;
        l->schema->check(l->record, &words);
        eff__config_said(r, &words, NULL);
    }
    if (!next_item(r, l)) r->depth--;
}

static void read_struct(struct eff__config_reader *r, const eff_config_schema_t *schema, char *record)
{
    push(r, (struct eff__config_level){ .schema = schema, .record = record, .only = EFF__CONFIG_ANY_SOURCE });
    while (r->depth > 0 && !r->out_of_memory && !r->path.truncated && !r->problems.out_of_memory) {
        struct eff__config_level *l = &r->levels[r->depth - 1];
        eff__config_cut_path(r, l->path);
        if (!l->is_begun) {
            l->is_begun = true;
            if (l->n > 0 && !item_is_object(r, l)) l->next = l->schema->n_fields;
        }
        if (l->next == l->schema->n_fields) end_struct(r);
        else read_field(r, &l->schema->fields[l->next++], l->record, l->only);
    }
}

eff_value_t eff__config_read(eff_value_t snapshot, const char *base, const eff_config_schema_t *schema, void *record,
                             struct eff__config_owned **ret_owned)
{
    *ret_owned = NULL;
    struct eff__config_reader *r = eff__malloc(sizeof *r);
    if (!r) return eff_oom_value();
    memset(r, 0, sizeof *r);
    r->snapshot = snapshot;
    r->n_sources = (int)eff_array_size(snapshot);
    r->owned = ret_owned;
    eff__config_path_add(&r->path, base);
    read_struct(r, schema, record);
    if (schema->strict && !r->out_of_memory) eff__config_refuse_unknown(&r->problems, snapshot, base, schema);
    eff_value_t result = eff_unit;
    if (r->out_of_memory || r->path.truncated || r->problems.out_of_memory) result = eff_oom_value();
    else if (r->problems.n > 0) result = eff__config_problems_error(&r->problems);
    eff__config_problems_done(&r->problems);
    eff_buffer_done(&r->path);
    eff_buffer_done(&r->text);
    eff__raw_free(r);
    return result;
}
