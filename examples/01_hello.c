/* Effects are values. Nothing happens while they are composed, step by step, each step naming the whole so far; it
 * happens when eff_main runs the result. */
#include <effect/effect.h>

#include <inttypes.h>

static const eff_error_kind_t too_big = { "too big", NULL };

static eff_value_t double_it(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_int(eff_as_int(v) * 2);
}

static eff_t *recover(eff_value_t error, eff_value_t env)
{
    (void)env;
    return eff_succeed(eff_printf("recovered: %s", eff_as_error(error)->message));
}

/* The next step may depend on the last one's value, and may fail. */
static eff_t *check_limit(eff_value_t v, eff_value_t env)
{
    if (eff_as_int(v) > eff_as_int(env))
        return eff_fail(eff_error(&too_big, 0, "%" PRId64 " is too big", eff_as_int(v)));
    return eff_succeed(eff_printf("the answer is %" PRId64, eff_as_int(v)));
}

static eff_t *hello(int64_t start, int64_t limit)
{
    eff_t *e = eff_succeed(eff_int(start));
    e = eff_map(e, double_it, eff_unit);
    e = eff_flat_map(e, check_limit, eff_int(limit));
    e = eff_catch_all(e, recover, eff_unit);
    return eff_flat_map(e, eff_print_value, eff_unit);
}

int main(void)
{
    eff_t *e = hello(21, 100);
    e = eff_then(e, hello(100, 100));
    return eff_main(e);
}

/* expected output:
the answer is 42
recovered: 200 is too big
*/
