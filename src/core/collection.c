/* Values made of values: pair, array, option; and the range, an array of integers that are not there.
 *
 * Invariant: no item is absent or "out of memory", except while eff__array_new's caller still fills it in.
 * Items are dropped by the type's drop hook; comparing, hashing and printing go through walk.c and json.c,
 * which do not recurse, so the other hooks of these types are empty.
 */
#include "core/collection.h"

#include <string.h>

#include "core/hash.h"
#include "core/items.h"
#include "core/misuse.h"
#include "core/node.h"
#include "core/value.h"

static bool is_oom(eff_value_t v)
{
    return v.type && v.type->flags & EFF_TYPE_OOM;
}

/* ---- pair */

static void pair_drop(void *payload)
{
    struct eff__pair *pair = payload;
    eff_value_decref(pair->items[0]);
    eff_value_decref(pair->items[1]);
}

const eff_type_t eff_pair_type = {
    .size = sizeof(struct eff__pair), .name = "pair", .drop = pair_drop, .flags = EFF_TYPE_COUNTED
};

eff_value_t eff_pair(eff_value_t first, eff_value_t second)
{
    first = eff__value_part(first, "eff_pair");
    second = eff__value_part(second, "eff_pair");
    struct eff__pair *pair = NULL;
    if (!is_oom(first) && !is_oom(second)) pair = eff__payload_alloc(&eff_pair_type, sizeof *pair);
    if (!pair) {
        eff_value_decref(first);
        eff_value_decref(second);
        return eff_oom_value();
    }
    pair->items[0] = first;
    pair->items[1] = second;
    return (eff_value_t){ .type = &eff_pair_type, .ptr = pair };
}

static eff_value_t pair_item(eff_value_t v, size_t i)
{
    if (v.type == &eff_pair_type) return ((const struct eff__pair *)v.ptr)->items[i];
    (void)eff__wrong_type(v, &eff_pair_type);
    return eff_unit;
}

eff_value_t eff_first(eff_value_t pair)
{
    return pair_item(pair, 0);
}

eff_value_t eff_second(eff_value_t pair)
{
    return pair_item(pair, 1);
}

/* ---- array */

static void array_drop(void *payload)
{
    struct eff__array *array = payload;
    for (size_t i = 0; i < array->n; i++)
        eff_value_decref(array->items[i]);
}

const eff_type_t eff_array_type = {
    .size = sizeof(struct eff__array),
    .name = "array",
    .drop = array_drop,
    .flags = EFF_TYPE_COUNTED | EFF__TYPE_ITEMS,
};

/* All empty arrays, so that making one cannot fail. */
static EFF__STATIC_PAYLOAD(struct { size_t n; }) no_items = { EFF__STATIC_HEADER(&eff_array_type), { 0 } };

eff_value_t eff__array_new(size_t n, eff_value_t **ret_items)
{
    static eff_value_t nothing;
    *ret_items = &nothing;
    if (n == 0) return (eff_value_t){ .type = &eff_array_type, .ptr = &no_items.payload };

    struct eff__array *array = NULL;
    if (n <= SIZE_MAX / 4 / sizeof(eff_value_t))
        array = eff__payload_alloc(&eff_array_type, sizeof *array + n * sizeof(eff_value_t));
    *ret_items = NULL;
    if (!array) return eff_oom_value();
    array->n = n;
    memset(array->items, 0, n * sizeof(eff_value_t));
    *ret_items = array->items;
    return (eff_value_t){ .type = &eff_array_type, .ptr = array };
}

/* Changes how many items an array has; those it gets are absent, and so must be those it loses. Large blocks are left to
 * realloc, which moves pages instead of bytes. */
static bool resize(eff_value_t *array, size_t n)
{
    struct eff__array *a = array->ptr;
    struct eff__header *h = eff__header_of(a);
    if (n > SIZE_MAX / 4 / sizeof(eff_value_t)) return false;
    size_t bytes = sizeof *h + sizeof *a + n * sizeof(eff_value_t);
    if (n > 0 && a->n > 0 && h->size_class == EFF__N_CLASSES && bytes > EFF__CLASS_BYTES * (EFF__N_CLASSES - 1)) {
        h = eff__realloc(h, bytes);
        if (!h) return false;
        a = (struct eff__array *)(h + 1);
        if (n > a->n) memset(a->items + a->n, 0, (n - a->n) * sizeof(eff_value_t));
        a->n = n;
        array->ptr = a;
        return true;
    }
    eff_value_t *items, resized = eff__array_new(n, &items);
    if (!items) return false;
    memcpy(items, a->items, (n < a->n ? n : a->n) * sizeof(eff_value_t));
    if (a->n > 0) eff__payload_dealloc(a);
    *array = resized;
    return true;
}

bool eff__array_reserve(eff_value_t *array, size_t n)
{
    size_t have = ((const struct eff__array *)array->ptr)->n;
    if (__builtin_expect(n <= have, 1)) return true;
    return resize(array, n > 2 * have ? (n > 8 ? n : 8) : 2 * have);
}

void eff__array_trim(eff_value_t *array, size_t n)
{
    struct eff__array *a = array->ptr;
    if (n < a->n && !resize(array, n)) a->n = n; /* its block stays larger than need be */
}

eff_value_t eff_array(size_t n, const eff_value_t *items)
{
    if (n > 0 && !items) {
        eff__misuse("eff_array was given NULL for %zu items", n);
        n = 0;
    }
    eff_value_t *copies;
    eff_value_t v = eff__array_new(n, &copies);
    bool usable = copies;
    for (size_t i = 0; i < n; i++) {
        eff_value_t item = eff__value_part(items[i], "eff_array");
        if (is_oom(item)) usable = false;
        if (copies) copies[i] = item;
        else eff_value_decref(item);
    }
    if (usable) return v;
    eff_value_decref(v);
    return eff_oom_value();
}

eff_value_t eff_effect_array(size_t n, eff_t *const *effects)
{
    bool missing = n > 0 && !effects, oom = false;
    for (size_t i = 0; effects && i < n; i++) {
        missing = missing || !effects[i];
        oom = oom || effects[i] == &eff__oom_node;
    }
    eff_value_t *items = NULL, array = missing || oom ? eff_oom_value() : eff__array_new(n, &items);
    for (size_t i = 0; effects && i < n; i++) {
        if (items) items[i] = (eff_value_t){ .type = &eff_effect_type, .ptr = effects[i] };
        else eff_decref(effects[i]);
    }
    if (!missing) return array;
    eff__misuse("eff_effect_array was given NULL");
    return (eff_value_t){ 0 };
}

static const struct eff__array *array_of(eff_value_t v)
{
    if (v.type == &eff_array_type) return v.ptr;
    (void)eff__wrong_type(v, &eff_array_type);
    return NULL;
}

size_t eff_array_size(eff_value_t array)
{
    const struct eff__array *a = array_of(array);
    return a ? a->n : 0;
}

eff_value_t eff_array_at(eff_value_t array, size_t i)
{
    const struct eff__array *a = array_of(array);
    if (!a) return eff_unit;
    if (i < a->n) return a->items[i];
    eff__misuse("read item %zu of an array of %zu", i, a->n);
    return eff_unit;
}

/* ---- option */

static void option_drop(void *payload)
{
    eff_value_decref(((struct eff__option *)payload)->item);
}

const eff_type_t eff_option_type = {
    .size = sizeof(struct eff__option), .name = "option", .drop = option_drop, .flags = EFF_TYPE_COUNTED
};
const eff_type_t eff__none_type = { .name = "option", .same_as = &eff_option_type };

eff_value_t eff_some(eff_value_t v)
{
    v = eff__value_part(v, "eff_some");
    if (is_oom(v)) return v;
    struct eff__option *option = eff__payload_make(&eff_option_type, sizeof *option);
    if (!option) {
        eff_value_decref(v);
        return eff_oom_value();
    }
    option->item = v;
    return (eff_value_t){ .type = &eff_option_type, .ptr = option };
}

eff_value_t eff_none(void)
{
    return (eff_value_t){ .type = &eff__none_type, .integer = 0 };
}

bool eff_is_some(eff_value_t option)
{
    if (option.type == &eff_option_type) return true;
    if (option.type != &eff__none_type) (void)eff__wrong_type(option, &eff_option_type);
    return false;
}

eff_value_t eff_some_value(eff_value_t option)
{
    if (option.type == &eff_option_type) return ((const struct eff__option *)option.ptr)->item;
    if (option.type == &eff__none_type) eff__misuse("read the value of none");
    else (void)eff__wrong_type(option, &eff_option_type);
    return eff_unit;
}

/* ---- range */

static bool range_equal(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct eff__range)) == 0;
}

static uint64_t range_hash(const void *payload)
{
    const struct eff__range *r = payload;
    return eff__hash_add(eff__hash_mix((uint64_t)r->from), (uint64_t)r->to);
}

static int range_compare(const void *a, const void *b)
{
    const struct eff__range *x = a, *y = b;
    int by_from = (x->from > y->from) - (x->from < y->from);
    return by_from ? by_from : (x->to > y->to) - (x->to < y->to);
}

static void range_format(const void *payload, eff_buffer_t *out)
{
    const struct eff__range *r = payload;
    eff_buffer_printf(out, "%lld..%lld", (long long)r->from, (long long)r->to);
}

const eff_type_t eff_range_type = {
    .size = sizeof(struct eff__range),
    .name = "range",
    .equal = range_equal,
    .hash = range_hash,
    .compare = range_compare,
    .format = range_format,
    .flags = EFF_TYPE_COUNTED | EFF__TYPE_ITEMS,
};

eff_value_t eff_range(int64_t from, int64_t to)
{
    struct eff__range *range = eff__payload_alloc(&eff_range_type, sizeof *range);
    if (!range) return eff_oom_value();
    *range = (struct eff__range){ from, to > from ? to : from };
    return (eff_value_t){ .type = &eff_range_type, .ptr = range };
}
