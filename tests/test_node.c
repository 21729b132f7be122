/* Effects as memory: any depth on a small stack, and sharing. Nothing here is run. */
#include "support/builders.h"

#if defined(UNDER_ASAN)
enum { DEEP = 200000 };
#else
enum { DEEP = 10000000 };
#endif

/* So much of the depth as there is of the sweeps. */
static int deep(void)
{
    return (int)test_scaled(DEEP);
}

/* ---- the table of operations */

START_TEST(every_op_has_a_name_and_a_size)
{
    for (int op = 0; op < EFF__N_OPS; op++) {
        ck_assert_ptr_nonnull(eff__op_names[op]);
        ck_assert_uint_ge(eff__node_sizes[op], sizeof(void *) * 2);
    }
    ck_assert_uint_eq(eff__node_sizes[EFF__OP_FLAT_MAP], 48);
}
END_TEST

/* ---- depth */

static void left_nested(void)
{
    eff_t *e = eff_succeed(eff_int(1));
    for (int i = 0, n = deep(); i < n; i++)
        e = eff_flat_map(e, bind_fn, eff_unit);
    ck_assert_int_eq(e->op, EFF__OP_FLAT_MAP);
    eff_decref(e);
}

static void right_nested(void)
{
    eff_t *e = eff_succeed(eff_int(1));
    for (int i = 0, n = deep(); i < n; i++)
        e = eff_then(eff_succeed(eff_int(i)), e);
    ck_assert_int_eq(e->op, EFF__OP_FLAT_MAP);
    eff_decref(e);
}

/* An effect in an array in the environment of an effect in an array ... */
static void nested_through_values(void)
{
    eff_t *e = eff_succeed(eff_int(1));
    for (int i = 0, n = deep(); i < n / 4; i++) {
        eff_value_t inside = eff_pair(eff_effect_value(e), eff_string("beside it"));
        e = eff_map(eff_sync(sync_fn, eff_unit), map_fn, inside);
    }
    ck_assert_int_eq(e->op, EFF__OP_MAP);
    eff_decref(e);
}

/* The same, but what is dropped first is a value. */
static void nested_through_values_from_a_value(void)
{
    eff_value_t v = eff_int(1);
    for (int i = 0, n = deep(); i < n / 4; i++)
        v = eff_some(eff_effect_value(eff_zip(eff_succeed(v), part())));
    ck_assert(eff_is_some(v));
    eff_value_decref(v);
}

static void nested_in_groups(void)
{
    eff_t *e = eff_succeed(eff_int(1));
    for (int i = 0, n = deep(); i < n / 8; i++)
        e = eff_all_par(part(), eff_tap(e, bind_fn, eff_unit), part());
    ck_assert_int_eq(e->op, EFF__OP_PAR);
    eff_decref(e);
}

START_TEST(left_nested_binds_are_freed_on_a_small_stack)
{
    run_on_small_stack(left_nested);
}
END_TEST

START_TEST(right_nested_binds_are_freed_on_a_small_stack)
{
    run_on_small_stack(right_nested);
}
END_TEST

START_TEST(effects_in_values_in_effects_are_freed_on_a_small_stack)
{
    run_on_small_stack(nested_through_values);
    run_on_small_stack(nested_through_values_from_a_value);
}
END_TEST

START_TEST(nested_groups_are_freed_on_a_small_stack)
{
    run_on_small_stack(nested_in_groups);
}
END_TEST

/* ---- sharing */

START_TEST(shared_effect_lives_until_its_last_user_is_gone)
{
    eff_t *shared = part();
    eff_t *twice = eff_zip(eff_incref(shared), eff_incref(shared));
    eff_decref(shared);
    eff_t *both = eff_zip_par(eff_incref(twice), twice);
    ck_assert_ptr_eq(both->par.sides[0], both->par.sides[1]);
    eff_decref(both);
}
END_TEST

START_TEST(incref_and_decref_of_null_do_nothing)
{
    ck_assert_ptr_null(eff_incref(NULL));
    eff_decref(NULL);
}
END_TEST

START_TEST(immortal_effects_are_the_same_each_time_and_never_freed)
{
    ck_assert_ptr_eq(eff_noop(), eff_noop());
    for (int i = 0; i < 3; i++) {
        eff_decref(eff_out_of_memory());
        eff_decref(eff_noop());
        eff_decref(eff_yield_now());
    }
    ck_assert_int_eq(eff_out_of_memory()->op, EFF__OP_FAIL);
    ck_assert_ptr_eq(eff_as_cause(eff_out_of_memory()->value.value), eff__cause_oom);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { every_op_has_a_name_and_a_size,
                                   left_nested_binds_are_freed_on_a_small_stack,
                                   right_nested_binds_are_freed_on_a_small_stack,
                                   effects_in_values_in_effects_are_freed_on_a_small_stack,
                                   nested_groups_are_freed_on_a_small_stack,
                                   shared_effect_lives_until_its_last_user_is_gone,
                                   incref_and_decref_of_null_do_nothing,
                                   immortal_effects_are_the_same_each_time_and_never_freed };
    return run_suite("node", setup, tests, sizeof tests / sizeof *tests);
}
