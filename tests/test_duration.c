/* Durations and instants: units, saturation, text. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include <effect/duration.h>

static int n_misuses;

static void count_misuse(const char *message, void *arg)
{
    (void)message;
    (void)arg;
    n_misuses++;
}

static void setup(void)
{
    n_misuses = 0;
    eff_set_misuse_handler(count_misuse, NULL);
}

#define ck_assert_duration_text(d, expected)                                                                           \
    do {                                                                                                               \
        eff_buffer_t b_ = EFF_BUFFER_INIT;                                                                             \
        eff_duration_format((d), &b_);                                                                                 \
        ck_assert_str_eq(eff_buffer_text(&b_), (expected));                                                            \
        eff_buffer_done(&b_);                                                                                          \
    } while (0)

START_TEST(units_are_nanoseconds)
{
    ck_assert_int_eq(eff_nanos(7).ns, 7);
    ck_assert_int_eq(eff_micros(7).ns, 7000);
    ck_assert_int_eq(eff_millis(-7).ns, -7000000);
    ck_assert_int_eq(eff_seconds(1.5).ns, 1500000000);
    ck_assert_int_eq(eff_minutes(2).ns, INT64_C(120000000000));
    ck_assert_int_eq(eff_hours(1).ns, INT64_C(3600000000000));
}
END_TEST

START_TEST(seconds_round_to_the_nearest_nanosecond)
{
    ck_assert_int_eq(eff_seconds(0.1).ns, 100000000);
    ck_assert_int_eq(eff_seconds(1e-9).ns, 1);
    ck_assert_int_eq(eff_seconds(0.4e-9).ns, 0);
    ck_assert_int_eq(eff_seconds(1.6e-9).ns, 2);
    ck_assert_int_eq(eff_seconds(-1.6e-9).ns, -2);
    ck_assert_int_eq(eff_seconds(NAN).ns, 0);
}
END_TEST

START_TEST(construction_saturates)
{
    ck_assert_int_eq(eff_hours(INT64_MAX).ns, INT64_MAX);
    ck_assert_int_eq(eff_micros(INT64_MIN).ns, INT64_MIN);
    ck_assert_int_eq(eff_seconds(1e300).ns, INT64_MAX);
    ck_assert_int_eq(eff_seconds(-INFINITY).ns, INT64_MIN);
    ck_assert_int_eq(eff_seconds(9223372036.854775807).ns, INT64_MAX);
}
END_TEST

START_TEST(arithmetic_saturates)
{
    eff_duration_t least = { INT64_MIN };
    ck_assert_int_eq(eff_duration_add(eff_duration_max, eff_nanos(1)).ns, INT64_MAX);
    ck_assert_int_eq(eff_duration_add(least, eff_nanos(-1)).ns, INT64_MIN);
    ck_assert_int_eq(eff_duration_sub(least, eff_nanos(1)).ns, INT64_MIN);
    ck_assert_int_eq(eff_duration_sub(eff_nanos(0), least).ns, INT64_MAX);
    ck_assert_int_eq(eff_duration_add(eff_seconds(1.5), eff_millis(250)).ns, 1750000000);
    ck_assert_int_eq(eff_duration_sub(eff_seconds(1), eff_seconds(3)).ns, -2000000000);
    ck_assert_int_eq(eff_instant_add((eff_instant_t){ 5 }, eff_duration_max).ns, INT64_MAX);
    ck_assert_int_eq(eff_instant_since((eff_instant_t){ 9 }, (eff_instant_t){ 5 }).ns, 4);
    ck_assert_int_eq(eff_instant_since((eff_instant_t){ INT64_MIN }, (eff_instant_t){ 5 }).ns, INT64_MIN);
}
END_TEST

START_TEST(scaling_saturates_and_is_exact_by_one)
{
    ck_assert_int_eq(eff_duration_scale(eff_millis(100), 2.0).ns, 200000000);
    ck_assert_int_eq(eff_duration_scale(eff_nanos(3), 0.5).ns, 2);
    ck_assert_int_eq(eff_duration_scale((eff_duration_t){ INT64_MAX - 1 }, 0.0).ns, 0);
    ck_assert_int_eq(eff_duration_scale(eff_duration_max, 1.0).ns, INT64_MAX);
    ck_assert_int_eq(eff_duration_scale(eff_hours(1000000), 1e9).ns, INT64_MAX);
    ck_assert_int_eq(eff_duration_scale(eff_nanos(1), NAN).ns, 0);
    ck_assert_int_eq(eff_duration_scale(eff_nanos(0), INFINITY).ns, 0);
}
END_TEST

START_TEST(comparison_is_minus_one_zero_or_one)
{
    ck_assert_int_eq(eff_duration_compare(eff_nanos(-5), eff_duration_max), -1);
    ck_assert_int_eq(eff_duration_compare(eff_millis(1), eff_micros(1000)), 0);
    ck_assert_int_eq(eff_duration_compare(eff_hours(1), eff_minutes(59)), 1);
}
END_TEST

START_TEST(text_shows_the_units_that_are_not_zero)
{
    ck_assert_duration_text(eff_millis(1500), "1s 500ms");
    ck_assert_duration_text(eff_micros(250), "250us");
    ck_assert_duration_text(eff_minutes(123), "2h 3m");
    ck_assert_duration_text(eff_nanos(0), "0s");
    ck_assert_duration_text(eff_millis(-1001), "-1s 1ms");
    ck_assert_duration_text(eff_hours(49), "2d 1h");
    ck_assert_duration_text(eff_nanos(1000000001), "1s 1ns");
    ck_assert_duration_text(eff_duration_max, "for ever");
    ck_assert_duration_text(((eff_duration_t){ INT64_MIN }), "-106751d 23h 47m 16s 854ms 775us 808ns");
}
END_TEST

START_TEST(durations_and_instants_travel_as_values)
{
    eff_value_t d = eff_duration_value(eff_millis(5)), t = eff_instant_value((eff_instant_t){ 9 });
    ck_assert_int_eq(eff_as_duration(d).ns, 5000000);
    ck_assert_int_eq(eff_as_instant(t).ns, 9);
    ck_assert(eff_value_equal(d, eff_duration_value(eff_micros(5000))));
    ck_assert(!eff_value_equal(d, eff_instant_value((eff_instant_t){ 5000000 })));
    ck_assert_int_lt(eff_value_compare(d, eff_duration_value(eff_millis(6))), 0);
    ck_assert_uint_eq(eff_value_hash(d), eff_value_hash(eff_duration_value(eff_millis(5))));
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_value_format(d, &b);
    eff_buffer_add(&b, ", ");
    eff_value_format(t, &b);
    ck_assert_str_eq(eff_buffer_text(&b), "5ms, instant 9ns");
    eff_buffer_done(&b);
    ck_assert_int_eq(n_misuses, 0);
}
END_TEST

START_TEST(wrong_type_reads_as_zero_and_is_reported)
{
    ck_assert_int_eq(eff_as_duration(eff_int(3)).ns, 0);
    ck_assert_int_eq(eff_as_instant(eff_duration_value(eff_hours(1))).ns, 0);
    ck_assert_int_eq(n_misuses, 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("duration");
    TCase *tc = tcase_create("duration");
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, units_are_nanoseconds);
    tcase_add_test(tc, seconds_round_to_the_nearest_nanosecond);
    tcase_add_test(tc, construction_saturates);
    tcase_add_test(tc, arithmetic_saturates);
    tcase_add_test(tc, scaling_saturates_and_is_exact_by_one);
    tcase_add_test(tc, comparison_is_minus_one_zero_or_one);
    tcase_add_test(tc, text_shows_the_units_that_are_not_zero);
    tcase_add_test(tc, durations_and_instants_travel_as_values);
    tcase_add_test(tc, wrong_type_reads_as_zero_and_is_reported);
    suite_add_tcase(s, tc);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int n = srunner_ntests_failed(sr);
    srunner_free(sr);
    return n ? EXIT_FAILURE : EXIT_SUCCESS;
}
