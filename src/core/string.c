/* Strings and bytes: a size, the bytes, and a NUL, in one block. A literal is the string itself, with a type
 * of its own that users never see (same_as), so that making one costs nothing and readers need one branch.
 *
 * Both types of string must compare, hash and print alike, so those operations go through eff_as_string and
 * eff_string_size, in walk.c; the hooks here are those of bytes.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <effect/value.h>

#include "core/hash.h"
#include "core/misuse.h"
#include "core/value.h"

enum {
    PRINTF_BYTES = 256, /* texts up to this long are formatted once */
    SHOWN_BYTES = 32    /* how many bytes of a bytes value a person gets to see */
};

struct text {
    size_t n; /* without the NUL */
    char bytes[];
};

const eff_type_t eff_string_type = { .size = sizeof(struct text), .name = "string", .flags = EFF_TYPE_COUNTED };
static const eff_type_t literal_type = { .name = "string", .same_as = &eff_string_type };

static eff_value_t literal(const char *s)
{
    return (eff_value_t){ .type = &literal_type, .string = s };
}

/* Its bytes, but for the NUL, are yet to be written. NULL without memory. */
static struct text *text_alloc(const eff_type_t *type, size_t n)
{
    struct text *t = n < SIZE_MAX / 4 ? eff__payload_alloc(type, sizeof *t + n + 1) : NULL;
    if (!t) return NULL;
    t->n = n;
    t->bytes[n] = '\0';
    return t;
}

static eff_value_t text_new(const eff_type_t *type, const void *bytes, size_t n)
{
    struct text *t = text_alloc(type, n);
    if (!t) return eff_oom_value();
    if (n) memcpy(t->bytes, bytes, n);
    return (eff_value_t){ .type = type, .ptr = t };
}

eff_value_t eff__bytes_new(size_t n, unsigned char **ret_bytes)
{
    struct text *t = text_alloc(&eff_bytes_type, n);
    *ret_bytes = t ? (unsigned char *)t->bytes : NULL;
    return t ? (eff_value_t){ .type = &eff_bytes_type, .ptr = t } : eff_oom_value();
}

/* ---- construction */

eff_value_t eff_literal(const char *static_string)
{
    if (static_string) return literal(static_string);
    eff__misuse("eff_literal was given NULL");
    return literal("");
}

eff_value_t eff_string(const char *s)
{
    if (s) return text_new(&eff_string_type, s, strlen(s));
    eff__misuse("eff_string was given NULL");
    return literal("");
}

eff_value_t eff_string_n(const char *s, size_t n)
{
    if (s || n == 0) return text_new(&eff_string_type, s, n);
    eff__misuse("eff_string_n was given NULL for %zu bytes", n);
    return literal("");
}

eff_value_t eff_bytes(const void *data, size_t n)
{
    if (data || n == 0) return text_new(&eff_bytes_type, data, n);
    eff__misuse("eff_bytes was given NULL for %zu bytes", n);
    return text_new(&eff_bytes_type, NULL, 0);
}

eff_value_t eff__vprintf(const char *builder, const char *fmt, va_list args)
{
    char small[PRINTF_BYTES];
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, fmt, args);
    eff_value_t v;
    if (n < 0) {
        eff__misuse("%s cannot print the format \"%s\"", builder, fmt);
        v = literal("");
    } else if ((size_t)n < sizeof small) {
        v = text_new(&eff_string_type, small, (size_t)n);
    } else {
        struct text *t = eff__payload_alloc(&eff_string_type, sizeof *t + (size_t)n + 1);
        v = t ? (eff_value_t){ .type = &eff_string_type, .ptr = t } : eff_oom_value();
        if (t) {
            t->n = (size_t)n;
            vsnprintf(t->bytes, t->n + 1, fmt, again);
        }
    }
    va_end(again);
    return v;
}

eff_value_t eff_printf(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    eff_value_t v = eff__vprintf("eff_printf", fmt, args);
    va_end(args);
    return v;
}

/* ---- reading */

const char *eff_as_string(eff_value_t v)
{
    if (v.type == &literal_type) return v.string;
    if (v.type == &eff_string_type) return ((const struct text *)v.ptr)->bytes;
    (void)eff__wrong_type(v, &eff_string_type);
    return "";
}

size_t eff_string_size(eff_value_t v)
{
    if (v.type == &eff_string_type) return ((const struct text *)v.ptr)->n;
    return strlen(eff_as_string(v));
}

const void *eff_as_bytes(eff_value_t v, size_t *ret_size)
{
    const char *bytes = "";
    size_t n = 0;
    if (v.type == &eff_bytes_type || v.type == &eff_string_type) {
        const struct text *t = v.ptr;
        bytes = t->bytes;
        n = t->n;
    } else if (v.type == &literal_type) {
        bytes = v.string;
        n = strlen(v.string);
    } else {
        (void)eff__wrong_type(v, &eff_bytes_type);
    }
    if (ret_size) *ret_size = n;
    return bytes;
}

/* ---- the hooks of bytes */

static int bytes_compare(const void *a, const void *b)
{
    const struct text *x = a, *y = b;
    int order = memcmp(x->bytes, y->bytes, x->n < y->n ? x->n : y->n);
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

static bool bytes_equal(const void *a, const void *b)
{
    return bytes_compare(a, b) == 0;
}

static uint64_t bytes_hash(const void *payload)
{
    const struct text *t = payload;
    return eff__hash_bytes(t->bytes, t->n);
}

static void bytes_format(const void *payload, eff_buffer_t *out)
{
    const struct text *t = payload;
    eff_buffer_printf(out, "<%zu byte%s", t->n, t->n == 1 ? "" : "s");
    for (size_t i = 0; i < t->n && i < SHOWN_BYTES; i++)
        eff_buffer_printf(out, "%s%02x", i ? " " : ": ", (unsigned)(unsigned char)t->bytes[i]);
    eff_buffer_add(out, t->n > SHOWN_BYTES ? " ...>" : ">");
}

const eff_type_t eff_bytes_type = {
    .size = sizeof(struct text),
    .name = "bytes",
    .equal = bytes_equal,
    .hash = bytes_hash,
    .compare = bytes_compare,
    .format = bytes_format,
    .flags = EFF_TYPE_COUNTED,
};
