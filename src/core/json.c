/* JSON: a json_t as a value, and any value as a json_t. No other file of the core calls jansson, except to
 * build the objects of its own to_json hooks.
 *
 * Invariant: a json_t inside a value is never changed, so what eff_value_to_json returns is never a part of
 * one. jansson recurses when it frees, prints or compares; values nest without bound, so what is built here
 * is cut at MAX_DEPTH, and needs no memory but jansson's own. (What jansson itself parsed is at most
 * JSON_PARSER_MAX_DEPTH deep.)
 */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include <effect/error.h>

#include "core/hash.h"
#include "core/value.h"
#include "core/walk.h"

enum { MAX_DEPTH = 64 };

/* ---- a json_t as a value */

static const json_t *json_of(const void *payload)
{
    return *(json_t *const *)payload;
}

static void json_drop(void *payload)
{
    json_decref(*(json_t **)payload);
}

static bool json_same(const void *a, const void *b)
{
    return json_equal(json_of(a), json_of(b));
}

static int add_text(const char *text, size_t n, void *out)
{
    eff_buffer_add_n(out, text, n);
    return 0;
}

static void dump(const json_t *json, size_t flags, eff_buffer_t *out)
{
    if (out->truncated) return;
    flags |= JSON_ENCODE_ANY | JSON_COMPACT;
    if (json_dump_callback(json, add_text, out, flags) != 0) out->truncated = true;
}

static void json_format(const void *payload, eff_buffer_t *out)
{
    dump(json_of(payload), 0, out);
}

/* By their text with sorted keys; without memory for it, by address. */
static int json_order(const void *a, const void *b)
{
    if (json_same(a, b)) return 0;
    eff_buffer_t x = EFF_BUFFER_INIT, y = EFF_BUFFER_INIT;
    dump(json_of(a), JSON_SORT_KEYS, &x);
    dump(json_of(b), JSON_SORT_KEYS, &y);
    int order = x.truncated || y.truncated ? 0 : strcmp(eff_buffer_text(&x), eff_buffer_text(&y));
    eff_buffer_done(&x);
    eff_buffer_done(&y);
    return order ? order : (uintptr_t)json_of(a) < (uintptr_t)json_of(b) ? -1 : 1;
}

/* Of scalars their contents, of the others their size. */
static uint64_t hash_shallow(const json_t *json)
{
    uint64_t type = (uint64_t)json_typeof(json);
    switch (json_typeof(json)) {
    case JSON_INTEGER: return eff__hash_add(type, (uint64_t)json_integer_value(json));
    case JSON_REAL: return eff__hash_add(type, eff__hash_double(json_real_value(json)));
    case JSON_STRING: return eff__hash_add(type, eff__hash_bytes(json_string_value(json), json_string_length(json)));
    case JSON_OBJECT: return eff__hash_add(type, json_object_size(json));
    case JSON_ARRAY: return eff__hash_add(type, json_array_size(json));
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL: break;
    }
    return eff__hash_mix(type + 1);
}

/* Two levels of it: enough to tell records apart, and neither recursion nor memory is needed. The keys of an
 * object are added up, because their order does not matter to json_equal. */
static uint64_t json_hash(const void *payload)
{
    const json_t *json = json_of(payload);
    uint64_t hash = hash_shallow(json);
    size_t i;
    json_t *item;
    json_array_foreach(json, i, item) hash = eff__hash_add(hash, hash_shallow(item));
    uint64_t keys = 0;
    json_t *object = *(json_t *const *)payload; /* jansson iterates over non-const ones only */
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        keys += eff__hash_add(eff__hash_bytes(key, strlen(key)), hash_shallow(json_object_iter_value(at)));
    }
    return eff__hash_add(hash, keys);
}

const eff_type_t eff_json_type = {
    .size = sizeof(json_t *),
    .name = "json",
    .drop = json_drop,
    .equal = json_same,
    .hash = json_hash,
    .compare = json_order,
    .format = json_format,
    .flags = EFF_TYPE_COUNTED | EFF_TYPE_BOX,
};

eff_value_t eff_json(struct json_t *json)
{
    json_t **slot = json ? eff__payload_alloc(&eff_json_type, sizeof(json_t *)) : NULL;
    if (!slot) {
        json_decref(json);
        return eff_oom_value();
    }
    *slot = json;
    return (eff_value_t){ .type = &eff_json_type, .ptr = slot };
}

struct json_t *eff_as_json(eff_value_t v)
{
    if (v.type == &eff_json_type) return *(json_t **)v.ptr;
    (void)eff__wrong_type(v, &eff_json_type);
    return json_null();
}

/* ---- text, made clean */

/* The length of the well-formed UTF-8 sequence at p, of which n bytes are there; 0 when there is none. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    unsigned char lead = p[0];
    if (lead < 0x80) return 1;
    size_t length = 0;
    if (lead >= 0xc2 && lead < 0xe0) length = 2;
    if (lead >= 0xe0 && lead < 0xf0) length = 3;
    if (lead >= 0xf0 && lead < 0xf5) length = 4;
    if (length == 0 || n < length) return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    if (lead == 0xe0 && p[1] < 0xa0) return 0;  /* longer than need be */
    if (lead == 0xed && p[1] >= 0xa0) return 0; /* half of a surrogate pair */
    if (lead == 0xf0 && p[1] < 0x90) return 0;  /* longer than need be */
    if (lead == 0xf4 && p[1] >= 0x90) return 0; /* above U+10FFFF */
    return length;
}

/* A JSON string of any bytes: what is not UTF-8 becomes U+FFFD. */
static json_t *text_to_json(const char *text, size_t n)
{
    json_t *json = json_stringn(text, n);
    if (json) return json; /* else it is not UTF-8, or there is no memory */
    eff_buffer_t clean = EFF_BUFFER_INIT;
    for (size_t i = 0; i < n;) {
        size_t length = utf8_length((const unsigned char *)text + i, n - i);
        if (length) eff_buffer_add_n(&clean, text + i, length);
        else eff_buffer_add(&clean, "\xef\xbf\xbd");
        i += length ? length : 1;
    }
    json = clean.truncated ? NULL : json_stringn(eff_buffer_text(&clean), clean.size);
    eff_buffer_done(&clean);
    return json;
}

static json_t *bytes_to_json(eff_value_t v)
{
    size_t n;
    const unsigned char *bytes = eff_as_bytes(v, &n);
    eff_buffer_t hex = EFF_BUFFER_INIT;
    for (size_t i = 0; i < n; i++) {
        static const char digits[] = "0123456789abcdef";
        char two[2] = { digits[bytes[i] >> 4], digits[bytes[i] & 15] };
        eff_buffer_add_n(&hex, two, 2);
    }
    json_t *json = hex.truncated ? NULL : json_stringn_nocheck(eff_buffer_text(&hex), hex.size);
    eff_buffer_done(&hex);
    return json;
}

/* ---- any value as a json_t */

static json_t *formatted(eff_value_t v)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(v, &text);
    json_t *json = text.truncated ? NULL : text_to_json(eff_buffer_text(&text), text.size);
    eff_buffer_done(&text);
    return json;
}

static json_t *leaf_to_json(eff_value_t v)
{
    const eff_type_t *type = eff_type_of(v);
    if (!type || type == &eff_unit_type || type == &eff_option_type) return json_null();
    if (type == &eff_bool_type) return json_boolean(v.integer);
    if (type == &eff_int_type) return json_integer(v.integer);
    if (type == &eff_double_type) return isfinite(v.real) ? json_real(v.real) : json_null();
    if (type == &eff_string_type) return text_to_json(eff_as_string(v), eff_string_size(v));
    if (type == &eff_bytes_type) return bytes_to_json(v);
    if (type == &eff_json_type) return json_deep_copy(*(json_t **)v.ptr);
    json_t *json = type->to_json ? type->to_json(eff__value_payload(&v)) : NULL;
    return json ? json : formatted(v);
}

/* An error without its inner one. */
static json_t *error_to_json(const eff_error_t *e)
{
    json_t *object = json_object();
    bool ok = json_object_set_new(object, "kind", text_to_json(e->kind->name, strlen(e->kind->name))) == 0 &&
              json_object_set_new(object, "message", text_to_json(e->message, strlen(e->message))) == 0 &&
              (!e->code || json_object_set_new(object, "code", json_integer(e->code)) == 0);
    if (ok) return object;
    json_decref(object);
    return NULL;
}

/* An array, or an object of fields or an error, that is still being filled. Borrowed: it is part of the result
 * already. */
struct container {
    json_t *json;
    struct eff__items items; /* those to come */
};

/* Consumes part, which may be NULL. `field` is the key, and looked at in fields only. */
static bool put(const struct container *into, const char *field, json_t *part)
{
    if (json_is_array(into->json)) return json_array_append_new(into->json, part) == 0;
    if (!into->items.keyed) return json_object_set_new(into->json, "cause", part) == 0;
    json_t *key = text_to_json(field, strlen(field)); /* made clean: it need not be UTF-8 */
    bool ok = key;
    if (ok) ok = json_object_set_new(into->json, json_string_value(key), part) == 0;
    else json_decref(part);
    json_decref(key);
    return ok;
}

struct json_t *eff_value_to_json(eff_value_t v)
{
    struct container open[MAX_DEPTH];
    size_t depth = 0;
    const char *key = NULL;
    json_t *result = NULL;
    for (;;) {
        while (v.type == &eff_option_type)
            v = eff_some_value(v);
        struct eff__items items;
        json_t *part;
        bool nests = eff__value_items(v, &items);
        bool too_deep = nests && depth == MAX_DEPTH;
        if (too_deep) part = json_string("...");
        else if (v.type == &eff_error_type) part = error_to_json(v.ptr);
        else if (v.type == &eff_fields_type) part = json_object();
        else if (v.type == &eff_pair_type || v.type == &eff_array_type) part = json_array();
        else part = leaf_to_json(v);

        if (depth == 0) result = part;
        if (!part || (depth > 0 && !put(&open[depth - 1], key, part))) {
            if (depth > 0) json_decref(result);
            return NULL;
        }
        if (items.n > 0 && !too_deep) open[depth++] = (struct container){ part, items };
        while (depth > 0 && open[depth - 1].items.n == 0)
            depth--;
        if (depth == 0) return result;
        struct container *innermost = &open[depth - 1];
        if (innermost->items.keyed) key = eff__items_key(&innermost->items);
        v = eff__items_next(&innermost->items);
    }
}
