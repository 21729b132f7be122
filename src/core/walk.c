/* Equality, order, hash and text of any value, without recursion on what nests.
 *
 * A walk is at one value, or pair of values. If they are made of items (eff__value_items) it steps into the
 * first and keeps a level for the rest:
 *
 *     ((1, 2), 3)    at 1, levels: [2] [3]    the innermost is last
 *
 * The first 16 levels are in C stack, the others on the heap, and a level is left as its last item is
 * entered unless something remains to be done after that item. So long lists made of pairs need no levels,
 * and memory is only needed by what is nested in its first items. What happens without memory is said in
 * value.h.
 */
#include "core/walk.h"

#include <string.h>

#include <effect/error.h>

#include "core/collection.h"
#include "core/error.h"
#include "core/field.h"
#include "core/hash.h"
#include "core/memory.h"

/* ---- what values are made of */

static void row(struct eff__items *ret, const eff_value_t *items, size_t n)
{
    *ret = (struct eff__items){ .at = items, .n = n };
}

bool eff__value_items(eff_value_t v, struct eff__items *ret_items)
{
    row(ret_items, NULL, 0);
    if (v.type == &eff_pair_type) {
        row(ret_items, ((const struct eff__pair *)v.ptr)->items, 2);
    } else if (v.type == &eff_array_type) {
        row(ret_items, ((const struct eff__array *)v.ptr)->items, ((const struct eff__array *)v.ptr)->n);
    } else if (v.type == &eff_option_type) {
        row(ret_items, &((const struct eff__option *)v.ptr)->item, 1);
    } else if (v.type == &eff_error_type) {
        const eff_value_t *inner = &((const eff_error_t *)v.ptr)->inner;
        row(ret_items, inner, eff_value_is(*inner, &eff_unit_type) ? 0 : 1);
    } else if (v.type == &eff_fields_type) {
        size_t n;
        const eff_field_t *fields = eff__fields_list(v, &n);
        *ret_items = (struct eff__items){ .at = n ? &fields->value : NULL, .n = n, .keyed = true };
    } else {
        return v.type == &eff__none_type;
    }
    return true;
}

const void *eff__value_payload(const eff_value_t *v)
{
    return v->type->flags & EFF_TYPE_COUNTED ? v->ptr : &v->integer;
}

/* ---- levels */

struct level {
    struct eff__items a; /* the items still to come */
    union {
        struct eff__items b; /* comparing: those of the other side */
        const char *close;   /* printing: what ends the level */
    };
};

enum { LEVELS_AT_HAND = 16 };

struct levels {
    struct level *at; /* the innermost is at[n - 1] */
    size_t n, capacity;
    struct level at_hand[LEVELS_AT_HAND];
};

static void levels_init(struct levels *s)
{
    s->at = s->at_hand;
    s->n = 0;
    s->capacity = LEVELS_AT_HAND;
}

/* False without memory. */
static bool levels_push(struct levels *s, struct level level)
{
    if (s->n == s->capacity) {
        size_t bytes = s->capacity * 2 * sizeof *s->at;
        bool first = s->at == s->at_hand;
        struct level *at = first ? eff__malloc(bytes) : eff__realloc(s->at, bytes);
        if (!at) return false;
        if (first) memcpy(at, s->at_hand, sizeof s->at_hand);
        s->at = at;
        s->capacity *= 2;
    }
    s->at[s->n++] = level;
    return true;
}

static void levels_done(struct levels *s)
{
    if (s->at != s->at_hand) eff__raw_free(s->at);
}

/* ---- equality and order */

static int by_address(const void *a, const void *b)
{
    return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

/* The library's types in their order among each other; all others come after them, by name. */
static const eff_type_t *const ranks[] = {
    NULL,
    &eff_unit_type,
    &eff_bool_type,
    &eff_int_type,
    &eff_double_type,
    &eff_string_type,
    &eff_bytes_type,
    &eff_range_type,
    &eff_option_type,
    &eff_pair_type,
    &eff_array_type,
    &eff_json_type,
    &eff_error_type,
    &eff_effect_type,
    &eff_ptr_type,
    &eff_oom_type,
};
enum { N_RANKS = sizeof ranks / sizeof *ranks };

static size_t rank(const eff_type_t *type)
{
    size_t i = 0;
    while (i < N_RANKS && ranks[i] != type)
        i++;
    return i;
}

static int compare_types(const eff_type_t *a, const eff_type_t *b)
{
    size_t x = rank(a), y = rank(b);
    if (x != y) return x < y ? -1 : 1;
    if (x < N_RANKS) return 0;
    int by_name = strcmp(a->name, b->name);
    return by_name ? by_name : by_address(a, b);
}

static int compare_strings(eff_value_t a, eff_value_t b)
{
    size_t n = eff_string_size(a), m = eff_string_size(b);
    int order = memcmp(eff_as_string(a), eff_as_string(b), n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

/* Two values of one type, their items left aside. When only equality matters, anything but 0 means
 * different. */
static int compare_leaves(eff_value_t a, eff_value_t b, bool equality)
{
    const eff_type_t *type = a.type;
    if (!type) return 0;
    if (eff_value_is(a, &eff_string_type)) return compare_strings(a, b);
    const void *x = eff__value_payload(&a), *y = eff__value_payload(&b);
    if (equality && type->equal) return type->equal(x, y) ? 0 : 1;
    if (!equality && type->compare) return type->compare(x, y);
    return by_address(a.ptr, b.ptr);
}

static int walk_both(eff_value_t a, eff_value_t b, bool equality)
{
    struct levels s;
    levels_init(&s);
    int order = 0;
    for (;;) {
        const eff_type_t *type = eff_type_of(a);
        struct level items = { 0 };
        if (type != eff_type_of(b)) {
            order = compare_types(type, eff_type_of(b));
        } else if (!eff__value_items(a, &items.a)) {
            order = compare_leaves(a, b, equality);
        } else if (a.ptr != b.ptr) {
            (void)eff__value_items(b, &items.b);
            if (type == &eff_error_type) order = eff__error_compare_own(a.ptr, b.ptr);
            if (equality && items.a.n != items.b.n) order = 1;
            bool empty = !items.a.n && !items.b.n;
            if (!order && !empty && !levels_push(&s, items)) order = by_address(a.ptr, b.ptr);
        }
        /* On to the next two. Where the sizes of a level differ, they decide when the shorter side ends. */
        while (!order && s.n && (s.at[s.n - 1].a.n == 0 || s.at[s.n - 1].b.n == 0)) {
            struct level *ended = &s.at[--s.n];
            order = (ended->a.n > 0) - (ended->b.n > 0);
        }
        if (order || !s.n) break;
        struct level *level = &s.at[s.n - 1];
        if (level->a.keyed) order = strcmp(eff__items_key(&level->a), eff__items_key(&level->b));
        if (order) break;
        a = eff__items_next(&level->a);
        b = eff__items_next(&level->b);
        if (level->a.n == 0 && level->b.n == 0) s.n--;
    }
    levels_done(&s);
    return (order > 0) - (order < 0);
}

bool eff_value_equal(eff_value_t a, eff_value_t b)
{
    return walk_both(a, b, true) == 0;
}

int eff_value_compare(eff_value_t a, eff_value_t b)
{
    return walk_both(a, b, false);
}

/* ---- hash */

static uint64_t hash_leaf(eff_value_t v)
{
    if (!v.type) return 0;
    if (eff_value_is(v, &eff_string_type)) return eff__hash_bytes(eff_as_string(v), eff_string_size(v));
    if (v.type->hash) return v.type->hash(eff__value_payload(&v));
    return eff__hash_mix((uint64_t)(uintptr_t)v.ptr);
}

/* A hash must not depend on whether there is memory: deeper levels than those at hand count by their size
 * only. */
uint64_t eff_value_hash(eff_value_t v)
{
    struct eff__items levels[LEVELS_AT_HAND];
    size_t n = 0;
    uint64_t hash = 0;
    bool nested = false;
    for (;;) {
        struct eff__items items;
        if (eff__value_items(v, &items)) {
            nested = true;
            hash = eff__hash_add(hash, (uint64_t)rank(eff_type_of(v)) << 48 ^ items.n);
            if (v.type == &eff_error_type) hash = eff__hash_add(hash, eff__error_hash_own(v.ptr));
            if (items.n && n < LEVELS_AT_HAND) levels[n++] = items;
        } else {
            uint64_t leaf = hash_leaf(v);
            hash = nested ? eff__hash_add(hash, leaf) : leaf;
        }
        if (!n) return hash;
        struct eff__items *level = &levels[n - 1];
        if (level->keyed) {
            const char *key = eff__items_key(level);
            hash = eff__hash_add(hash, eff__hash_bytes(key, strlen(key)));
        }
        v = eff__items_next(level);
        if (level->n == 0) n--;
    }
}

/* ---- text */

/* As a C programmer would write it: inside other values, a string is not mistaken for punctuation. */
static void format_quoted(eff_value_t string, eff_buffer_t *out)
{
    const char *text = eff_as_string(string);
    size_t n = eff_string_size(string), shown = 0;
    eff_buffer_add(out, "\"");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= ' ' && c != '"' && c != '\\' && c != 0x7f) continue;
        eff_buffer_add_n(out, text + shown, i - shown);
        shown = i + 1;
        if (c == '"' || c == '\\') eff_buffer_printf(out, "\\%c", c);
        else if (c == '\n') eff_buffer_add(out, "\\n");
        else if (c == '\t') eff_buffer_add(out, "\\t");
        else eff_buffer_printf(out, "\\x%02x", (unsigned)c);
    }
    eff_buffer_add_n(out, text + shown, n - shown);
    eff_buffer_add(out, "\"");
}

static void format_leaf(eff_value_t v, bool nested, eff_buffer_t *out)
{
    if (!v.type) eff_buffer_add(out, "absent");
    else if (!eff_value_is(v, &eff_string_type)) {
        if (v.type->format) v.type->format(eff__value_payload(&v), out);
        else eff_buffer_add(out, v.type->name);
    } else if (nested) format_quoted(v, out);
    else eff_buffer_add_n(out, eff_as_string(v), eff_string_size(v));
}

/* A field's own value is not quoted; of one that adds nothing, its type is told. */
static void format_field(eff_value_t v, eff_buffer_t *out)
{
    size_t before = out->size;
    format_leaf(v, false, out);
    if (out->size == before && !out->truncated && !eff_value_is(v, &eff_string_type))
        eff_buffer_add(out, v.type->name ? v.type->name : "nameless");
}

/* Writes what comes before the items of v; returns what comes after them. */
static const char *format_open(eff_value_t v, size_t n_items, eff_buffer_t *out)
{
    if (v.type == &eff_error_type) {
        eff__error_format_own(v.ptr, out);
        if (n_items) eff_buffer_add(out, ", because: ");
        return "";
    }
    if (v.type == &eff_fields_type) return "";
    if (v.type == &eff__none_type) {
        eff_buffer_add(out, "none");
        return "";
    }
    bool pair = v.type == &eff_pair_type, array = v.type == &eff_array_type;
    eff_buffer_add(out, pair ? "(" : array ? "[" : "some(");
    return array ? "]" : ")";
}

/* A text that is being made. What stands in fields, however deep, is escaped once, as the outermost ones end. */
struct piece {
    eff_buffer_t *out;
    eff_buffer_t inner; /* of the fields that are open */
    size_t n_fields;    /* levels of fields that are open */
};

static eff_buffer_t *target(struct piece *t)
{
    return t->n_fields ? &t->inner : t->out;
}

static void begin_item(struct piece *t, struct level *level, eff_value_t *ret_item)
{
    if (level->a.keyed) {
        eff_buffer_add(&t->inner, eff__items_key(&level->a));
        eff_buffer_add(&t->inner, "=");
    }
    *ret_item = eff__items_next(&level->a);
}

static void end_level(struct piece *t, const struct level *level)
{
    eff_buffer_add(target(t), level->close);
    if (!level->a.keyed || --t->n_fields > 0) return;
    eff_buffer_add_escaped(t->out, eff_buffer_text(&t->inner), t->inner.size);
    if (t->inner.truncated) t->out->truncated = true;
    eff_buffer_clear(&t->inner);
}

/* Enters v, or writes it; whether it was entered, *ret_first being its first item then. */
static bool format_value(struct piece *t, struct levels *s, eff_value_t v, eff_value_t *ret_first)
{
    struct level level = { 0 };
    bool in_field = s->n > 0 && s->at[s->n - 1].a.keyed;
    if (!eff__value_items(v, &level.a)) {
        if (in_field) format_field(v, target(t));
        else format_leaf(v, s->n > 0, target(t));
        return false;
    }
    level.close = format_open(v, level.a.n, target(t));
    if (level.a.n == 0) {
        eff_buffer_add(target(t), level.close);
        return false;
    }
    if (v.type == &eff_error_type) { /* nothing is left to do after its inner one */
        *ret_first = *level.a.at;
        return true;
    }
    if (!levels_push(s, level)) {
        eff_buffer_add(target(t), "...");
        t->out->truncated = true;
        return false;
    }
    if (level.a.keyed) t->n_fields++;
    begin_item(t, &s->at[s->n - 1], ret_first);
    return true;
}

void eff_value_format(eff_value_t v, eff_buffer_t *out)
{
    struct levels s;
    struct piece t = { .out = out };
    levels_init(&s);
    while (!out->truncated && !t.inner.truncated) {
        if (format_value(&t, &s, v, &v)) continue;
        while (s.n && s.at[s.n - 1].a.n == 0)
            end_level(&t, &s.at[--s.n]);
        if (!s.n) break;
        struct level *level = &s.at[s.n - 1];
        eff_buffer_add(target(&t), level->a.keyed ? " " : ", ");
        begin_item(&t, level, &v);
    }
    if (t.n_fields) { /* it was cut */
        eff_buffer_add_escaped(out, eff_buffer_text(&t.inner), t.inner.size);
        out->truncated = true;
    }
    eff_buffer_done(&t.inner);
    levels_done(&s);
}
