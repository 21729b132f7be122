/* Exits: a success value or a cause, and an exit as a value.
 *
 * Invariant: the value of a success is usable (neither absent nor "out of memory"), and the cause of a failure is not
 * NULL: what would break this becomes a failure with the cause that says so.
 */
#include <effect/exit.h>

#include <jansson.h>

#include "core/cause.h"
#include "core/hash.h"
#include "core/nesting.h"
#include "core/sink.h"
#include "core/value.h"

static const eff_exit_t unit_exit = { .ok = true, .value = { .type = &eff_unit_type } };

eff_exit_t eff_exit_succeed(eff_value_t v)
{
    if (eff__value_usable(v)) return (eff_exit_t){ .ok = true, .value = v };
    if (v.type) return eff_exit_fail_cause(eff__cause_oom);
    return eff_exit_fail_cause(eff_cause_die(eff_literal("eff_exit_succeed: the value is absent")));
}

eff_exit_t eff_exit_fail_cause(eff_cause_t *c)
{
    if (!c) c = eff_cause_die(eff_literal("eff_exit_fail_cause: the cause is NULL"));
    return (eff_exit_t){ .ok = false, .cause = c };
}

eff_exit_t eff_exit_incref(const eff_exit_t *exit)
{
    if (exit->ok) (void)eff_value_incref(exit->value);
    else (void)eff_cause_incref(exit->cause);
    return *exit;
}

void eff_exit_decref(eff_exit_t exit)
{
    if (exit.ok) eff_value_decref(exit.value);
    else eff_cause_decref(exit.cause);
}

eff_value_t eff_exit_value(eff_exit_t exit)
{
    eff_exit_t *p = eff__payload_alloc(&eff_exit_type, sizeof *p);
    if (!p) {
        eff_exit_decref(exit);
        return eff_oom_value();
    }
    *p = exit;
    return (eff_value_t){ .type = &eff_exit_type, .ptr = p };
}

const eff_exit_t *eff_as_exit(eff_value_t v)
{
    if (v.type == &eff_exit_type) return v.ptr;
    (void)eff__wrong_type(v, &eff_exit_type);
    return &unit_exit;
}

/* Steps into a success that is an exit itself, as repeated eff_to_exit makes them; false when it is none. */
static bool step_in(const eff_exit_t **exit)
{
    if (!(*exit)->ok || (*exit)->value.type != &eff_exit_type) return false;
    *exit = (*exit)->value.ptr;
    return true;
}

/* Steps into both as long as both can. */
static void step_in_both(const eff_exit_t **a, const eff_exit_t **b)
{
    const eff_exit_t *x = *a, *y = *b;
    while (x != y && step_in(&x) && step_in(&y)) {
        *a = x;
        *b = y;
    }
}

bool eff_exit_equal(const eff_exit_t *a, const eff_exit_t *b)
{
    step_in_both(&a, &b);
    if (a == b) return true;
    if (a->ok != b->ok) return false;
    return a->ok ? eff_value_equal(a->value, b->value) : eff_cause_equal(a->cause, b->cause);
}

void eff_exit_format(const eff_exit_t *exit, eff_buffer_t *out)
{
    struct eff__sink sink = { .buffer = out };
    do {
        if (exit->ok) eff__sink_add(&sink, "success: ");
    } while (step_in(&exit));
    if (exit->ok) eff__sink_value(&sink, exit->value, SIZE_MAX);
    else eff_cause_format(exit->cause, out);
}

struct json_t *eff_exit_to_json(const eff_exit_t *exit)
{
    json_t *o = json_object();
    json_t *what = exit->ok ? eff_value_to_json(exit->value) : eff_cause_to_json(exit->cause);
    const char *key = exit->ok ? "value" : "cause";
    /* Setting consumes what it is given, and fails when that is NULL. */
    if (o && json_object_set_new(o, "ok", json_boolean(exit->ok)) == 0) {
        if (json_object_set_new(o, key, what) == 0) return o;
    } else {
        json_decref(what);
    }
    json_decref(o);
    return NULL;
}

/* ---- the hooks of eff_exit_type */

/* A failure's cause, or a success's value, as one value to compare and hash. */
static eff_value_t content(const eff_exit_t *exit)
{
    return exit->ok ? exit->value : (eff_value_t){ .type = &eff_cause_type, .ptr = exit->cause };
}

static void exit_drop(void *payload)
{
    eff_exit_decref(*(eff_exit_t *)payload);
}

static bool exit_equal(const void *a, const void *b)
{
    if (!eff__nesting_enter()) return a == b;
    bool equal = eff_exit_equal(a, b);
    eff__nesting_leave();
    return equal;
}

static int exit_compare(const void *a, const void *b)
{
    if (!eff__nesting_enter()) return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
    const eff_exit_t *x = a, *y = b;
    step_in_both(&x, &y);
    int order = x == y ? 0 : x->ok != y->ok ? (x->ok ? 1 : -1) : eff_value_compare(content(x), content(y));
    eff__nesting_leave();
    return order;
}

static uint64_t exit_hash(const void *payload)
{
    if (!eff__nesting_enter()) return 0;
    const eff_exit_t *exit = payload;
    uint64_t hash = 0;
    do {
        hash = eff__hash_add(hash, exit->ok);
    } while (step_in(&exit));
    hash = eff__hash_add(hash, eff_value_hash(content(exit)));
    eff__nesting_leave();
    return hash;
}

static void exit_format(const void *payload, eff_buffer_t *out)
{
    if (!eff__nesting_enter()) {
        eff_buffer_add(out, EFF__NESTING_ELLIPSIS);
        return;
    }
    eff_exit_format(payload, out);
    eff__nesting_leave();
}

static struct json_t *exit_json(const void *payload)
{
    if (!eff__nesting_enter()) return json_string(EFF__NESTING_ELLIPSIS);
    json_t *j = eff_exit_to_json(payload);
    eff__nesting_leave();
    return j;
}

const eff_type_t eff_exit_type = {
    .size = sizeof(eff_exit_t),
    .name = "exit",
    .drop = exit_drop,
    .equal = exit_equal,
    .hash = exit_hash,
    .compare = exit_compare,
    .format = exit_format,
    .to_json = exit_json,
    .flags = EFF_TYPE_COUNTED,
};
