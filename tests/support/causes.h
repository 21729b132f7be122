/* For tests of causes: shorthands that make, check and generate them. */
#ifndef TESTS_CAUSES_H
#define TESTS_CAUSES_H

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <effect/cause.h>
#include <effect/error.h>

#include "core/cause.h"
#include "core/trace.h"
#include "support/failing_allocator.h"

static char misuse[512]; /* the last mistake reported */

static inline void note_misuse(const char *message, void *arg)
{
    (void)arg;
    snprintf(misuse, sizeof misuse, "%s", message);
}

static inline void setup(void)
{
    misuse[0] = '\0';
    eff_set_misuse_handler(note_misuse, NULL);
}

/* ---- shorthands */

static inline eff_cause_t *fails(int64_t i)
{
    return eff_cause_fail(eff_int(i));
}

static inline eff_cause_t *dies(int64_t i)
{
    return eff_cause_die(eff_int(i));
}

static inline eff_cause_t *interrupts(uint64_t by)
{
    return eff_cause_interrupt(by, EFF_INTERRUPT_EXPLICIT, NULL);
}

/* Checks the text of a cause, and consumes it. */
static inline void check_text(eff_cause_t *cause, const char *expected)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(cause, &text);
    ck_assert_str_eq(eff_buffer_text(&text), expected);
    eff_buffer_done(&text);
    eff_cause_decref(cause);
}

/* Checks the JSON of a cause, and consumes it. */
static inline void check_json(eff_cause_t *cause, const char *expected)
{
    json_t *json = eff_cause_to_json(cause), *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);
    char *text = json_dumps(json, JSON_ENCODE_ANY);
    ck_assert_msg(wanted && json_equal(json, wanted), "%s", text);
    failing_json_free(text);
    json_decref(json);
    json_decref(wanted);
    eff_cause_decref(cause);
}

static inline void check_same(eff_cause_t *cause, eff_cause_t *expected)
{
    ck_assert(eff_cause_equal(cause, expected));
    eff_cause_decref(cause);
    eff_cause_decref(expected);
}

static inline struct eff__trace trace_of(const char *first, const char *second)
{
    struct eff__trace t = { 0 };
    eff__trace_add(&t, first);
    eff__trace_add(&t, second);
    return t;
}

/* How many lines a text has. Not by strchr: a sanitizer's strict string check measures the rest of a text at each call,
 * which takes minutes over the text of a deep cause. */
static inline size_t count_lines(const char *text)
{
    size_t n = 1;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* The sites of long traces. */
static const char *const numbered[] = {
    "s0",  "s1",  "s2",  "s3",  "s4",  "s5",  "s6",  "s7",  "s8",  "s9",  "s10", "s11", "s12", "s13", "s14",
    "s15", "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29",
    "s30", "s31", "s32", "s33", "s34", "s35", "s36", "s37", "s38", "s39", "s40", "s41", "s42", "s43", "s44",
    "s45", "s46", "s47", "s48", "s49", "s50", "s51", "s52", "s53", "s54", "s55", "s56", "s57", "s58", "s59",
};

/* ---- generated causes: the same for the same seed */

static uint32_t seed;

static inline uint32_t random_below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static inline eff_cause_t *generate(int depth)
{
    uint32_t what = random_below(depth > 0 ? 8 : 3);
    switch (what) {
    case 0: return fails(random_below(3));
    case 1: return dies(random_below(3));
    case 2: return interrupts(random_below(3));
    default: break;
    }
    eff_cause_t *left = generate(depth - 1), *right = generate(depth - 1);
    return what % 2 ? eff_cause_then(left, right) : eff_cause_both(left, right);
}

/* The main of a test program: one suite of these tests, after each of which nothing may be left. */
static inline int run_causes_suite(const char *name, const TTest *const *tests, size_t n)
{
    return run_suite(name, setup, tests, n);
}

#endif
