/* Durations and instants: int64 nanoseconds. All arithmetic stops at the ends of the range instead of
 * wrapping, so that "for ever" plus a second is still for ever, and no deadline ever lies in the past by
 * mistake.
 */
#include <effect/duration.h>

#include "core/immediate.h"
#include "core/value.h"

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MINUTE (60 * NS_PER_S)
#define NS_PER_HOUR (60 * NS_PER_MINUTE)
#define NS_PER_DAY (24 * NS_PER_HOUR)

const eff_duration_t eff_duration_max = { INT64_MAX };

/* ---- saturating arithmetic */

static int64_t add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

static int64_t subtract(int64_t a, int64_t b)
{
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference)) return b < 0 ? INT64_MAX : INT64_MIN;
    return difference;
}

/* n units of `unit` nanoseconds, which is positive. */
static eff_duration_t times(int64_t n, int64_t unit)
{
    int64_t product;
    if (__builtin_mul_overflow(n, unit, &product)) product = n > 0 ? INT64_MAX : INT64_MIN;
    return (eff_duration_t){ product };
}

/* To the nearest, halves away from zero; NaN is 0. */
static eff_duration_t rounded(long double ns)
{
    if (ns != ns) return (eff_duration_t){ 0 };
    if (ns >= 0x1p63L) return (eff_duration_t){ INT64_MAX };
    if (ns <= -0x1p63L) return (eff_duration_t){ INT64_MIN };
    int64_t whole = (int64_t)ns;
    long double rest = ns - (long double)whole;
    return (eff_duration_t){ add(whole, rest >= 0.5L ? 1 : rest <= -0.5L ? -1 : 0) };
}

eff_duration_t eff_nanos(int64_t n)
{
    return (eff_duration_t){ n };
}

eff_duration_t eff_micros(int64_t n)
{
    return times(n, NS_PER_US);
}

eff_duration_t eff_millis(int64_t n)
{
    return times(n, NS_PER_MS);
}

eff_duration_t eff_seconds(double n)
{
    /* Whole ones, as most are: without arithmetic of long doubles. */
    if (n > -1e9 && n < 1e9 && n == (double)(int64_t)n) return (eff_duration_t){ (int64_t)n * NS_PER_S };
    return rounded((long double)n * (long double)NS_PER_S);
}

eff_duration_t eff_minutes(int64_t n)
{
    return times(n, NS_PER_MINUTE);
}

eff_duration_t eff_hours(int64_t n)
{
    return times(n, NS_PER_HOUR);
}

eff_duration_t eff_duration_add(eff_duration_t a, eff_duration_t b)
{
    return (eff_duration_t){ add(a.ns, b.ns) };
}

eff_duration_t eff_duration_sub(eff_duration_t a, eff_duration_t b)
{
    return (eff_duration_t){ subtract(a.ns, b.ns) };
}

eff_duration_t eff_duration_scale(eff_duration_t d, double factor)
{
    return rounded((long double)d.ns * (long double)factor);
}

int eff_duration_compare(eff_duration_t a, eff_duration_t b)
{
    return (a.ns > b.ns) - (a.ns < b.ns);
}

eff_instant_t eff_instant_add(eff_instant_t t, eff_duration_t d)
{
    return (eff_instant_t){ add(t.ns, d.ns) };
}

eff_duration_t eff_instant_since(eff_instant_t later, eff_instant_t earlier)
{
    return (eff_duration_t){ subtract(later.ns, earlier.ns) };
}

/* ---- text */

static void format_ns(int64_t ns, eff_buffer_t *out)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = { { "d", NS_PER_DAY }, { "h", NS_PER_HOUR }, { "m", NS_PER_MINUTE },
                  { "s", NS_PER_S },   { "ms", NS_PER_MS },  { "us", NS_PER_US },
                  { "ns", 1 } };
    if (ns == 0) eff_buffer_add(out, "0s");
    if (ns < 0) eff_buffer_add(out, "-");
    uint64_t rest = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    const char *space = "";
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        uint64_t n = rest / (uint64_t)units[i].ns;
        rest %= (uint64_t)units[i].ns;
        if (!n) continue;
        eff_buffer_printf(out, "%s%llu%s", space, (unsigned long long)n, units[i].name);
        space = " ";
    }
}

void eff_duration_format(eff_duration_t d, eff_buffer_t *out)
{
    if (d.ns == INT64_MAX) eff_buffer_add(out, "for ever");
    else format_ns(d.ns, out);
}

/* ---- as values */

static void duration_format(const void *payload, eff_buffer_t *out)
{
    eff_duration_format((eff_duration_t){ *(const int64_t *)payload }, out);
}

static void instant_format(const void *payload, eff_buffer_t *out)
{
    eff_buffer_add(out, "instant ");
    format_ns(*(const int64_t *)payload, out);
}

const eff_type_t eff_duration_type = { .name = "duration",
                                       .equal = eff__int64_equal,
                                       .hash = eff__int64_hash,
                                       .compare = eff__int64_compare,
                                       .format = duration_format };
const eff_type_t eff_instant_type = { .name = "instant",
                                      .equal = eff__int64_equal,
                                      .hash = eff__int64_hash,
                                      .compare = eff__int64_compare,
                                      .format = instant_format };

eff_value_t eff_duration_value(eff_duration_t d)
{
    return (eff_value_t){ .type = &eff_duration_type, .integer = d.ns };
}

eff_value_t eff_instant_value(eff_instant_t t)
{
    return (eff_value_t){ .type = &eff_instant_type, .integer = t.ns };
}

eff_duration_t eff_as_duration(eff_value_t v)
{
    if (v.type == &eff_duration_type) return (eff_duration_t){ v.integer };
    return (eff_duration_t){ eff__wrong_type(v, &eff_duration_type) };
}

eff_instant_t eff_as_instant(eff_value_t v)
{
    if (v.type == &eff_instant_type) return (eff_instant_t){ v.integer };
    return (eff_instant_t){ eff__wrong_type(v, &eff_instant_type) };
}
