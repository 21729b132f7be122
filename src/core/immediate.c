/* The types of values that are held in the 16 bytes themselves: unit, bool, int, double, pointer, effect,
 * out of memory.
 *
 * They are not counted, so their hooks get the address of the value's own 8 bytes. Effects are counted, but
 * by their nodes: to values they are a pointer with an identity.
 */
#include "core/immediate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <effect/value.h>

#include "core/hash.h"

/* ---- one int64 */

bool eff__int64_equal(const void *a, const void *b)
{
    return *(const int64_t *)a == *(const int64_t *)b;
}

uint64_t eff__int64_hash(const void *payload)
{
    return eff__hash_mix((uint64_t) * (const int64_t *)payload + 1);
}

int eff__int64_compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void bool_format(const void *payload, eff_buffer_t *out)
{
    eff_buffer_add(out, *(const int64_t *)payload ? "true" : "false");
}

static void int_format(const void *payload, eff_buffer_t *out)
{
    eff_buffer_printf(out, "%lld", (long long)*(const int64_t *)payload);
}

const eff_type_t eff_bool_type = { .name = "bool",
                                   .equal = eff__int64_equal,
                                   .hash = eff__int64_hash,
                                   .compare = eff__int64_compare,
                                   .format = bool_format };
const eff_type_t eff_int_type = { .name = "int",
                                  .equal = eff__int64_equal,
                                  .hash = eff__int64_hash,
                                  .compare = eff__int64_compare,
                                  .format = int_format };

/* ---- double */

/* NaN comes after all numbers, so that there is a total order. */
static int double_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    if (isnan(x) || isnan(y)) return (isnan(x) ? 1 : 0) - (isnan(y) ? 1 : 0);
    return (x > y) - (x < y);
}

static bool double_equal(const void *a, const void *b)
{
    return double_compare(a, b) == 0;
}

static uint64_t double_hash(const void *payload)
{
    return eff__hash_double(*(const double *)payload);
}

/* The shortest of the usual precisions that reads back as the same number; with a point in any locale. */
static void double_format(const void *payload, eff_buffer_t *out)
{
    double d = *(const double *)payload;
    if (isnan(d)) {
        eff_buffer_add(out, "nan");
        return;
    }
    char text[40];
    int precision = 15;
    do
        snprintf(text, sizeof text, "%.*g", precision, d);
    while (strtod(text, NULL) != d && ++precision <= 17); /* 17 digits always do */

    static const char plain[] = "+-0123456789";
    size_t digits = strspn(text, plain);
    if (!text[digits]) {
        eff_buffer_printf(out, "%s.0", text);
        return;
    }
    size_t point = strcspn(text + digits, "+-0123456789einf"); /* bytes of a decimal point, in any locale */
    eff_buffer_add_n(out, text, digits);
    if (point) eff_buffer_add(out, ".");
    eff_buffer_add(out, text + digits + point);
}

const eff_type_t eff_double_type = {
    .name = "double", .equal = double_equal, .hash = double_hash, .compare = double_compare, .format = double_format
};

/* ---- without contents, or known by address */

static void pointer_format(const void *payload, eff_buffer_t *out)
{
    eff_buffer_printf(out, "pointer %p", *(void *const *)payload);
}

const eff_type_t eff_unit_type = { .name = "unit" };
const eff_type_t eff_oom_type = { .name = "out of memory", .flags = EFF_TYPE_OOM };
const eff_type_t eff_ptr_type = { .name = "pointer", .format = pointer_format };
const eff_type_t eff_effect_type = { .name = "effect", .flags = EFF_TYPE_EFFECT };
