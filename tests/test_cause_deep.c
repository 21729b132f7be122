/* Causes of any depth: 64 KiB of C stack suffice for everything, and walking needs no memory. */
#include "support/causes.h"
#include "support/harness.h"

/* ---- deep trees */

enum { DEEP = 100000 };

/* So much of it as there is of the sweeps. */
static int deep(void)
{
    static int n;
    if (n == 0) n = (int)test_scaled(DEEP);
    return n;
}

/* deep() + 1 Fails, nested to the left or right, in Thens, Boths, or both alternating. */
static eff_cause_t *build_deep(bool left, bool alternating, bool both)
{
    eff_cause_t *c = fails(0);
    for (int i = 1; i <= deep(); i++) {
        eff_cause_t *f = fails(i), *l = left ? c : f, *r = left ? f : c;
        c = (alternating ? i % 2 : both) ? eff_cause_both(l, r) : eff_cause_then(l, r);
    }
    return c;
}

static bool sum(const eff_cause_t *leaf, void *arg)
{
    eff_value_t v;
    if (eff_cause_failure(leaf, &v)) *(int64_t *)arg += eff_as_int(v);
    return true;
}

static void check_deep(bool left, bool alternating, bool both)
{
    eff_cause_t *a = build_deep(left, alternating, both), *b = build_deep(left, alternating, both);
    eff_value_t v;
    int64_t total = 0;
    ck_assert(eff_cause_has_fail(a) && !eff_cause_has_die(a));
    ck_assert(eff_cause_failure(a, &v) && eff_as_int(v) == (left ? 0 : deep()));
    ck_assert_uint_eq(eff_cause_count(a, EFF_CAUSE_FAIL), (size_t)deep() + 1);
    eff_cause_each(a, sum, &total);
    ck_assert_int_eq(total, (int64_t)deep() * (deep() + 1) / 2);
    ck_assert(eff_cause_equal(a, b));

    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(a, &text);
    ck_assert(!text.truncated);
    ck_assert_uint_eq(count_lines(eff_buffer_text(&text)), 2 * (size_t)deep() + 1);
    eff_buffer_done(&text);

    json_t *json = eff_cause_to_json(a);
    ck_assert_ptr_nonnull(json);
    char *dump = json_dumps(json, 0);
    ck_assert_ptr_nonnull(dump);
    failing_json_free(dump);
    json_decref(json);

    b = eff_cause_both(eff_cause_then(dies(1), b), interrupts(2));
    b = eff_cause_strip_failures(b);
    ck_assert_int_eq(eff_cause_tag(b), EFF_CAUSE_BOTH);
    eff_cause_decref(b);
    eff_value_t va = eff_cause_value(a);
    (void)eff_value_hash(va);
    eff_value_decref(va);
}

static void check_thens_nested_100000_deep_to_the_left(void)
{
    check_deep(true, false, false);
}

START_TEST(thens_nested_100000_deep_to_the_left_are_handled_on_a_small_stack)
{
    run_on_small_stack(check_thens_nested_100000_deep_to_the_left);
}
END_TEST

static void check_thens_nested_100000_deep_to_the_right(void)
{
    check_deep(false, false, false);
}

START_TEST(thens_nested_100000_deep_to_the_right_are_handled_on_a_small_stack)
{
    run_on_small_stack(check_thens_nested_100000_deep_to_the_right);
}
END_TEST

static void check_boths_nested_100000_deep_to_the_left(void)
{
    check_deep(true, false, true);
}

START_TEST(boths_nested_100000_deep_to_the_left_are_handled_on_a_small_stack)
{
    run_on_small_stack(check_boths_nested_100000_deep_to_the_left);
}
END_TEST

static void check_boths_nested_100000_deep_to_the_right(void)
{
    check_deep(false, false, true);
}

START_TEST(boths_nested_100000_deep_to_the_right_are_handled_on_a_small_stack)
{
    run_on_small_stack(check_boths_nested_100000_deep_to_the_right);
}
END_TEST

static void check_thens_and_boths_alternating_100000_deep_to_the_left(void)
{
    check_deep(true, true, false);
}

START_TEST(thens_and_boths_alternating_100000_deep_to_the_left_are_handled_on_a_small_stack)
{
    run_on_small_stack(check_thens_and_boths_alternating_100000_deep_to_the_left);
}
END_TEST

static void check_thens_and_boths_alternating_100000_deep_to_the_right(void)
{
    check_deep(false, true, false);
}

START_TEST(thens_and_boths_alternating_100000_deep_to_the_right_are_handled_on_a_small_stack)
{
    run_on_small_stack(check_thens_and_boths_alternating_100000_deep_to_the_right);
}
END_TEST

/* A spine whose every other leaf goes, with extras on some nodes: nothing of it can be kept whole. */
static void check_deep_filter(void)
{
    for (int left = 0; left < 2; left++) {
        eff_cause_t *c = dies(0), *expected = dies(0);
        for (int i = 1; i <= deep(); i++) {
            eff_cause_t *leaf = i % 2 ? fails(i) : dies(i);
            c = left ? eff_cause_then(c, leaf) : eff_cause_then(leaf, c);
            if (i % 1000 == 0) c = eff_cause_note(c, eff_int(i), NULL);
            if (i % 2) continue;
            leaf = dies(i);
            expected = left ? eff_cause_then(expected, leaf) : eff_cause_then(leaf, expected);
        }
        check_same(eff_cause_keep_defects(c), expected);
    }
}

START_TEST(deep_cause_is_filtered_on_a_small_stack)
{
    run_on_small_stack(check_deep_filter);
}
END_TEST

static void check_10000_fails(void)
{
    eff_cause_t *c = eff_cause_empty(), *same = eff_cause_empty();
    for (int i = 0; i < 10000; i++) {
        c = eff_cause_both(c, fails(i));
        same = eff_cause_both(same, fails(i));
    }
    ck_assert_uint_eq(eff_cause_count(c, EFF_CAUSE_FAIL), 10000);
    int64_t total = 0;
    eff_cause_each(c, sum, &total);
    ck_assert_int_eq(total, (int64_t)9999 * 10000 / 2);
    FILE *out = fopen("/dev/null", "w");
    eff_cause_print(c, out);
    fclose(out);
    check_same(c, same);
}

/* CAUSE-023 */
START_TEST(CAUSE_023_folding_10000_fails_in_parallel_gives_10000_failures)
{
    run_on_small_stack(check_10000_fails);
}
END_TEST

static bool in_order(const eff_cause_t *leaf, void *arg)
{
    eff_value_t v;
    return eff_cause_failure(leaf, &v) && eff_as_int(v) == (*(int64_t *)arg)++;
}

START_TEST(walks_need_no_memory)
{
    eff_cause_t *c = fails(0), *same = fails(0);
    for (int i = 1; i < 2000; i++) {
        c = eff_cause_both(c, fails(i));
        same = eff_cause_both(same, fails(i));
    }
    /* Also with no memory from some point on. */
    eff__freelist_enable(0);
    for (long n = 0; n < 8; n++) {
        allocations_fail_at(n, true);
        int64_t next = 0;
        eff_cause_each(c, in_order, &next);
        ck_assert_int_eq(next, 2000);
        ck_assert(eff_cause_equal(c, same));
        allocations_fail_at(-1, false);
    }
    eff_cause_decref(c);
    eff_cause_decref(same);
}
END_TEST

START_TEST(walks_of_generated_causes_give_the_same_with_and_without_memory)
{
    eff__freelist_enable(0);
    for (seed = 1; seed < 200; seed++) {
        uint32_t start = seed;
        /* Long to one side, so that the stack of the walk overflows, and bushy; with notes that several leaves share. */
        eff_cause_t *c = generate(5);
        for (int i = 0; i < 100; i++) {
            eff_cause_t *more = generate(3), *left = start % 2 ? c : more, *right = start % 2 ? more : c;
            c = random_below(8) ? eff_cause_both(left, right) : eff_cause_then(left, right);
            if (random_below(2)) c = eff_cause_note(c, eff_int(i), NULL);
        }
        char *text[2];
        size_t size;
        for (int without = 0; without < 2; without++) {
            FILE *out = open_memstream(&text[without], &size);
            if (without) allocations_fail_at(0, true);
            eff_cause_print(c, out);
            allocations_fail_at(-1, false);
            fclose(out);
        }
        /* Only the values, which need memory to be formatted, differ. */
        ck_assert_ptr_nonnull(strstr(text[0], ", on the way out:"));
        ck_assert_uint_eq(count_lines(text[0]), count_lines(text[1]));
        for (char *a = text[0], *b = text[1]; a && b;) {
            size_t indent_a = strspn(a, " "), indent_b = strspn(b, " ");
            ck_assert_uint_eq(indent_a, indent_b);
            ck_assert_int_eq(a[indent_a], b[indent_b]);
            a = strchr(a, '\n');
            b = strchr(b, '\n');
            if (a) a++;
            if (b) b++;
        }
        free(text[0]);
        free(text[1]);
        eff_cause_decref(c);
        seed = start;
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        thens_nested_100000_deep_to_the_left_are_handled_on_a_small_stack,
        thens_nested_100000_deep_to_the_right_are_handled_on_a_small_stack,
        boths_nested_100000_deep_to_the_left_are_handled_on_a_small_stack,
        boths_nested_100000_deep_to_the_right_are_handled_on_a_small_stack,
        thens_and_boths_alternating_100000_deep_to_the_left_are_handled_on_a_small_stack,
        thens_and_boths_alternating_100000_deep_to_the_right_are_handled_on_a_small_stack,
        deep_cause_is_filtered_on_a_small_stack,
        CAUSE_023_folding_10000_fails_in_parallel_gives_10000_failures,
        walks_need_no_memory,
        walks_of_generated_causes_give_the_same_with_and_without_memory,
    };
    return run_causes_suite("cause_deep", tests, sizeof tests / sizeof *tests);
}
