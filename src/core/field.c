/* Fields: a small array in one block, with copies of the keys behind it. Comparing, hashing and printing go through
 * walk.c and json.c, which do not recurse. */
#include "core/field.h"

#include <string.h>

#include "core/misuse.h"
#include "core/value.h"

struct fields {
    size_t n;
    eff_field_t list[]; /* the keys lie behind the last of them */
};

static void fields_drop(void *payload)
{
    struct fields *f = payload;
    for (size_t i = 0; i < f->n; i++)
        eff_value_decref(f->list[i].value);
}

const eff_type_t eff_fields_type = {
    .size = sizeof(struct fields),
    .name = "fields",
    .drop = fields_drop,
    .flags = EFF_TYPE_COUNTED,
};

/* ---- construction */

/* Fields are not nested in fields, but for those in an array: what shows a record has one level of keys. Consumes v. */
static eff_value_t flat(eff_value_t v)
{
    if (v.type != &eff_fields_type) return v;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(v, &text);
    eff_value_t s = text.truncated ? eff_oom_value() : eff_string_n(eff_buffer_text(&text), text.size);
    eff_buffer_done(&text);
    eff_value_decref(v);
    return s;
}

static eff_value_t *find(struct fields *f, const char *key)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->list[i].key, key) == 0) return &f->list[i].value;
    return NULL;
}

/* Consumes f's value; `*keys` is where its key goes. */
static void put(struct fields *to, eff_field_t f, char **keys)
{
    eff_value_t *at = find(to, f.key);
    if (at) {
        eff_value_decref(*at);
        *at = f.value;
        return;
    }
    size_t bytes = strlen(f.key) + 1;
    f.key = memcpy(*keys, f.key, bytes);
    *keys += bytes;
    to->list[to->n++] = f;
}

/* What stands for all of them when one is not there: the absent value first, as a mistake counts for more. */
static eff_value_t first_unusable(size_t n, const eff_field_t *list)
{
    eff_value_t absent = { .type = NULL, .integer = 0 };
    for (size_t i = 0; i < n; i++)
        if (!list[i].key || !list[i].value.type) return absent;
    for (size_t i = 0; i < n; i++)
        if (eff_is_oom(list[i].value)) return list[i].value;
    return eff_unit;
}

static size_t bytes_of_keys(size_t n, const eff_field_t *list)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += strlen(list[i].key) + 1;
    return bytes;
}

static void drop_values(size_t n, const eff_field_t *list)
{
    for (size_t i = 0; i < n; i++)
        eff_value_decref(list[i].value);
}

static struct fields *fields_new(size_t n, size_t bytes, char **ret_keys)
{
    struct fields *f = eff__payload_alloc(&eff_fields_type, sizeof *f + n * sizeof *f->list + bytes);
    if (!f) return NULL;
    f->n = 0;
    *ret_keys = (char *)(f->list + n);
    return f;
}

eff_value_t eff_fields_list(size_t n, const eff_field_t *list)
{
    eff_value_t unusable = first_unusable(n, list);
    char *keys = NULL;
    struct fields *f = NULL;
    if (eff__value_usable(unusable)) f = fields_new(n, bytes_of_keys(n, list), &keys);
    if (!f) {
        drop_values(n, list);
        return eff__value_usable(unusable) ? eff_oom_value() : unusable;
    }
    bool oom = false;
    for (size_t i = 0; i < n; i++) {
        eff_value_t v = flat(list[i].value);
        oom = oom || eff_is_oom(v);
        put(f, (eff_field_t){ list[i].key, v }, &keys);
    }
    eff_value_t v = { .type = &eff_fields_type, .ptr = f };
    if (!oom) return v;
    eff_value_decref(v);
    return eff_oom_value();
}

eff_value_t eff_fields_merge(eff_value_t under, eff_value_t over)
{
    eff_value_t made = eff_oom_value();
    if (!under.type || !over.type) made = (eff_value_t){ .type = NULL, .integer = 0 };
    else if (eff__value_usable(under) && eff__value_usable(over)) {
        size_t n_under = eff_fields_size(under), n_over = eff_fields_size(over);
        const eff_field_t *a = n_under ? ((struct fields *)under.ptr)->list : NULL;
        const eff_field_t *b = n_over ? ((struct fields *)over.ptr)->list : NULL;
        char *keys;
        struct fields *f = fields_new(n_under + n_over, bytes_of_keys(n_under, a) + bytes_of_keys(n_over, b), &keys);
        for (size_t i = 0; f && i < n_under; i++)
            put(f, (eff_field_t){ a[i].key, eff_value_incref(a[i].value) }, &keys);
        for (size_t i = 0; f && i < n_over; i++)
            put(f, (eff_field_t){ b[i].key, eff_value_incref(b[i].value) }, &keys);
        if (f) made = (eff_value_t){ .type = &eff_fields_type, .ptr = f };
    }
    eff_value_decref(under);
    eff_value_decref(over);
    return made;
}

/* ---- reading */

static struct fields *fields_of(eff_value_t v)
{
    if (v.type == &eff_fields_type) return v.ptr;
    (void)eff__wrong_type(v, &eff_fields_type);
    return NULL;
}

const eff_field_t *eff__fields_list(eff_value_t fields, size_t *ret_n)
{
    struct fields *f = fields.type == &eff_fields_type ? fields.ptr : NULL;
    *ret_n = f ? f->n : 0;
    return f ? f->list : NULL;
}

size_t eff_fields_size(eff_value_t fields)
{
    const struct fields *f = fields_of(fields);
    return f ? f->n : 0;
}

eff_field_t eff_fields_at(eff_value_t fields, size_t i)
{
    const struct fields *f = fields_of(fields);
    if (f && i < f->n) return f->list[i];
    if (f) eff__misuse("eff_fields_at: there is no field %zu, but %zu of them", i, f->n);
    return (eff_field_t){ "", eff_unit };
}

eff_value_t eff_fields_get(eff_value_t fields, const char *key)
{
    struct fields *f = fields_of(fields);
    if (f && !key) eff__misuse("eff_fields_get: the key is NULL");
    eff_value_t *at = f && key ? find(f, key) : NULL;
    return at ? *at : (eff_value_t){ .type = NULL, .integer = 0 };
}
