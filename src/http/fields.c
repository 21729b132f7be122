/* Fields: one payload with an array, and behind it in the same block the strings. */
#include "http/fields.h"

#include <string.h>
#include <strings.h>

#include "core/memory.h"

const char eff__http_secret[] = "";

static void fields_drop(struct eff__http_fields *f)
{
    if (f->list) eff__raw_free(f->list);
}

static void fields_format(const struct eff__http_fields *f, eff_buffer_t *out)
{
    for (size_t i = 0; i < f->n; i++) {
        if (i > 0) eff_buffer_add(out, ", ");
        eff_buffer_add_escaped(out, f->list[i].name, strlen(f->list[i].name));
        eff_buffer_add(out, ": ");
        const char *value = f->list[i].secret ? "..." : f->list[i].value;
        eff_buffer_add_escaped(out, value, strlen(value));
    }
}

EFF_DEFINE_TYPE(eff_http_fields, struct eff__http_fields, .drop = fields_drop, .format = fields_format);

/* ---- making */

/* Room for n fields whose strings take that many bytes, to be filled by put(). */
struct maker {
    struct eff__http_fields fields;
    char *free;
};

static bool maker_init(struct maker *m, size_t n, size_t bytes)
{
    *m = (struct maker){ .free = NULL };
    if (n == 0) return true;
    size_t array = n * sizeof(struct eff__http_field);
    m->fields.list = eff__malloc(array + bytes);
    if (m->fields.list) m->free = (char *)m->fields.list + array;
    return m->fields.list != NULL;
}

static const char *put_string(struct maker *m, const char *s)
{
    size_t size = strlen(s) + 1;
    char *copy = memcpy(m->free, s, size); /* NOLINT(clang-analyzer-core.NonNullParamChecker): room was made */
    m->free += size;
    return copy;
}

static void put(struct maker *m, const struct eff__http_field *field)
{
    const char *name = put_string(m, field->name), *value = put_string(m, field->value);
    m->fields.list[m->fields.n++] = (struct eff__http_field){ name, value, field->secret };
}

static size_t bytes_of(const struct eff__http_field *field)
{
    return strlen(field->name) + strlen(field->value) + 2;
}

/* The next field in a list of strings; false at its end, and at a mistake. */
struct strings {
    size_t n, i;
    const char *const *list;
    const char *mistake;
};

static bool next_field(struct strings *s, struct eff__http_field *ret_field)
{
    if (s->i >= s->n) return false;
    bool secret = s->list[s->i] == eff__http_secret;
    if (secret) s->i++;
    const char *name = s->i < s->n ? s->list[s->i] : NULL;
    const char *value = s->i + 1 < s->n ? s->list[s->i + 1] : NULL;
    if (s->i + 1 >= s->n) s->mistake = "a field has no value";
    else if (!name) s->mistake = "the name of a field is NULL";
    else if (!value) s->mistake = "the value of a field is NULL";
    *ret_field = (struct eff__http_field){ name, value, secret };
    s->i += 2;
    return !s->mistake;
}

eff_value_t eff_http_fields(size_t n, const char *const *strings)
{
    struct strings s = { .n = n, .list = strings };
    struct eff__http_field field;
    struct maker m;
    size_t n_fields = 0, bytes = 0;
    for (; next_field(&s, &field); n_fields++)
        bytes += bytes_of(&field);
    if (s.mistake) return eff_http_fields_make((struct eff__http_fields){ .mistake = s.mistake });
    if (!maker_init(&m, n_fields, bytes)) return eff_oom_value();
    s.i = 0;
    while (next_field(&s, &field))
        put(&m, &field);
    return eff_http_fields_make(m.fields);
}

eff_value_t eff__http_fields_copy(size_t n, const struct eff__http_field *list, const struct eff__http_field *more)
{
    struct maker m;
    size_t bytes = more ? bytes_of(more) : 0;
    for (size_t i = 0; i < n; i++)
        bytes += bytes_of(&list[i]);
    if (!maker_init(&m, n + (more ? 1 : 0), bytes)) return eff_oom_value();
    for (size_t i = 0; i < n; i++)
        put(&m, &list[i]);
    if (more) put(&m, more);
    return eff_http_fields_make(m.fields);
}

eff_value_t eff__http_fields_filter(eff_value_t fields, bool (*keep)(const struct eff__http_field *field))
{
    const struct eff__http_fields *f = eff__http_fields_in(fields);
    struct maker m;
    size_t n = 0, bytes = 0;
    for (size_t i = 0; i < f->n; i++)
        if (keep(&f->list[i])) n++, bytes += bytes_of(&f->list[i]);
    if (n == f->n) return fields;
    eff_value_t kept = eff_oom_value();
    if (maker_init(&m, n, bytes)) {
        for (size_t i = 0; i < f->n; i++)
            if (keep(&f->list[i])) put(&m, &f->list[i]);
        kept = eff_http_fields_make(m.fields);
    }
    eff_value_decref(fields);
    return kept;
}

static eff_value_t add(eff_value_t fields, const char *name, const char *value, bool secret)
{
    if (eff_is_oom(fields)) return fields;
    const struct eff__http_fields *f = eff__http_fields_in(fields);
    const char *mistake = f->mistake;
    if (!mistake && !name) mistake = "the name of a field is NULL";
    if (!mistake && !value) mistake = "the value of a field is NULL";
    if (!mistake && fields.type && fields.type != &eff_http_fields_type) mistake = "a field was added to another value";
    eff_value_t more = mistake ? eff_http_fields_make((struct eff__http_fields){ .mistake = mistake })
                               : eff__http_fields_copy(f->n, f->list, &(struct eff__http_field){ name, value, secret });
    eff_value_decref(fields);
    return more;
}

eff_value_t eff_http_fields_add(eff_value_t fields, const char *name, const char *value)
{
    return add(fields, name, value, false);
}

eff_value_t eff_http_fields_add_secret(eff_value_t fields, const char *name, const char *value)
{
    return add(fields, name, value, true);
}

/* ---- reading */

const struct eff__http_fields *eff__http_fields_in(eff_value_t fields)
{
    static const struct eff__http_fields none;
    return fields.type == &eff_http_fields_type ? fields.ptr : &none;
}

size_t eff_http_fields_size(eff_value_t fields)
{
    return fields.type ? eff_http_fields_of(fields)->n : 0;
}

const char *eff_http_field_name(eff_value_t fields, size_t i)
{
    return i < eff_http_fields_size(fields) ? eff__http_fields_in(fields)->list[i].name : "";
}

const char *eff_http_field_value(eff_value_t fields, size_t i)
{
    return i < eff_http_fields_size(fields) ? eff__http_fields_in(fields)->list[i].value : "";
}

const char *eff_http_fields_get(eff_value_t fields, const char *name)
{
    size_t n = name ? eff_http_fields_size(fields) : 0;
    const struct eff__http_fields *f = eff__http_fields_in(fields);
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(f->list[i].name, name) == 0) return f->list[i].value;
    return NULL;
}

/* ---- as text of a URL */

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

void eff__http_encode(const char *text, eff_buffer_t *out)
{
    for (; *text; text++) {
        if (is_unreserved(*text)) eff_buffer_add_n(out, text, 1);
        else eff_buffer_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

void eff__http_fields_encode(eff_value_t fields, bool shown, eff_buffer_t *out)
{
    const struct eff__http_fields *f = eff__http_fields_in(fields);
    for (size_t i = 0; i < f->n; i++) {
        if (i > 0) eff_buffer_add(out, "&");
        eff__http_encode(f->list[i].name, out);
        eff_buffer_add(out, "=");
        if (shown && f->list[i].secret) eff_buffer_add(out, "...");
        else eff__http_encode(f->list[i].value, out);
    }
}

eff_value_t eff_http_encode(const char *text)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff__http_encode(text ? text : "", &b);
    eff_value_t encoded = b.truncated ? eff_oom_value() : eff_string_n(eff_buffer_text(&b), b.size);
    eff_buffer_done(&b);
    return encoded;
}
