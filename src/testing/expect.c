/* What a test expects of an exit: comparing texts, and saying why not. */
#include <effect/test_expect.h>

#include <string.h>

#include "testing/environment.h"

enum { DEEPEST = 64 };

/* ---- in short */

static void add_value(const char *what, eff_value_t v, eff_buffer_t *out)
{
    eff_buffer_printf(out, "%s(", what);
    eff_value_format(v, out);
    eff_buffer_add(out, ")");
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by levels */
static void add_cause(const eff_cause_t *cause, int levels, eff_buffer_t *out)
{
    const eff_cause_t *left = NULL, *right = NULL;
    eff_value_t error = eff_unit;
    if (levels == 0) {
        eff_buffer_add(out, "...");
        return;
    }
    switch (eff_cause_tag(cause)) {
    case EFF_CAUSE_EMPTY: eff_buffer_add(out, "empty"); return;
    case EFF_CAUSE_FAIL:
        (void)eff_cause_failure(cause, &error);
        add_value("fail", error, out);
        return;
    case EFF_CAUSE_DIE: eff_buffer_add(out, "die"); return;
    case EFF_CAUSE_INTERRUPT: eff_buffer_add(out, "interrupt"); return;
    case EFF_CAUSE_THEN: eff_buffer_add(out, "then("); break;
    case EFF_CAUSE_BOTH: eff_buffer_add(out, "both("); break;
    }
    (void)eff_cause_sides(cause, &left, &right);
    add_cause(left, levels - 1, out);
    eff_buffer_add(out, ", ");
    add_cause(right, levels - 1, out);
    eff_buffer_add(out, ")");
}

void eff_test_shape(const eff_exit_t *exit, eff_buffer_t *out)
{
    if (exit->ok) add_value("ok", exit->value, out);
    else add_cause(exit->cause, DEEPEST, out);
}

/* ---- comparing */

static bool reads(eff_value_t v, const char *wanted, bool piece)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(v, &text);
    const char *found = eff_buffer_text(&text);
    bool same = piece ? strstr(found, wanted) != NULL : strcmp(found, wanted) == 0;
    eff_buffer_done(&text);
    return same;
}

/* Returns as_expected; if that is false, says why. */
static bool judge(bool as_expected, const eff_exit_t *exit, const char *how, const char *what, eff_buffer_t *why)
{
    if (as_expected || !why) return as_expected;
    eff_buffer_printf(why, "expected that it %s%s", how, what[0] ? " " : "");
    eff_buffer_add(why, what);
    if (!exit) {
        eff_buffer_add(why, ", but it has not ended\n");
        return false;
    }
    eff_buffer_add(why, ", but it was ");
    eff_test_shape(exit, why);
    eff_buffer_add(why, "\n");
    eff_exit_format(exit, why);
    eff_buffer_add(why, "\n");
    eff__test_add_latest(why);
    return false;
}

bool eff_test_expect_success(const eff_exit_t *exit, const char *text, eff_buffer_t *why)
{
    return judge(exit && exit->ok && reads(exit->value, text, false), exit, "succeeds with", text, why);
}

bool eff_test_expect_value(const eff_exit_t *exit, eff_value_t value, eff_buffer_t *why)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    bool same = exit && exit->ok && eff_value_equal(exit->value, value);
    if (!same) eff_value_format(value, &text);
    (void)judge(same, exit, "succeeds with", eff_buffer_text(&text), why);
    eff_buffer_done(&text);
    return same;
}

static bool failed(const eff_exit_t *exit, eff_value_t *ret_error)
{
    return exit && !exit->ok && !eff_cause_has_die(exit->cause) && eff_cause_failure(exit->cause, ret_error);
}

bool eff_test_expect_failure(const eff_exit_t *exit, const char *text, eff_buffer_t *why)
{
    eff_value_t error;
    return judge(failed(exit, &error) && reads(error, text, false), exit, "fails with", text, why);
}

bool eff_test_expect_error(const eff_exit_t *exit, const eff_error_kind_t *kind, eff_buffer_t *why)
{
    eff_value_t error;
    return judge(failed(exit, &error) && eff_error_is(error, kind), exit, "fails with an error of kind", kind->name,
                 why);
}

bool eff_test_expect_defect(const eff_exit_t *exit, const char *piece, eff_buffer_t *why)
{
    eff_value_t defect;
    bool died = exit && !exit->ok && eff_cause_defect(exit->cause, &defect);
    return judge(died && reads(defect, piece, true), exit, "dies of", piece, why);
}

bool eff_test_expect_interruption(const eff_exit_t *exit, eff_buffer_t *why)
{
    return judge(exit && !exit->ok && eff_cause_is_interrupted_only(exit->cause), exit, "is interrupted", "", why);
}

bool eff_test_expect_shape(const eff_exit_t *exit, const char *shape, eff_buffer_t *why)
{
    eff_buffer_t found = EFF_BUFFER_INIT;
    if (exit) eff_test_shape(exit, &found);
    bool same = exit && strcmp(eff_buffer_text(&found), shape) == 0;
    eff_buffer_done(&found);
    return judge(same, exit, "ends with", shape, why);
}
