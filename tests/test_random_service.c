/* The Random service: what its operations make of the words they draw, under the system's generator, a seeded one and
 * one of the test's own. */
#include <stdio.h>
#include <string.h>

#include "support/case.h"

static eff_t *same(eff_value_t v, eff_value_t env)
{
    return eff_incref(eff_as_effect(env));
}
/* The results of running e n times, as an array. */
static eff_t *times(int n, eff_t *e)
{
    return eff_for_each(eff_range(0, n), same, eff_effect_value(e));
}

static eff_t *seeded(eff_t *e)
{
    return eff_random_provide_value(e, eff_random_seeded_value(42));
}

/* ---- a Random of the test's own: it gives the words of a list, then zeros, each after a pause if it is told so */

struct script {
    const int64_t *words;
    size_t n_words;
    size_t n_drawn;
    eff_duration_t pause;
    eff_random_t random;
};

static eff_value_t next_word(eff_value_t env)
{
    struct script *s = eff_as_ptr(env);
    size_t i = s->n_drawn++;
    return eff_int(i < s->n_words ? s->words[i] : 0);
}
static eff_t *script_next(eff_random_t *random)
{
    struct script *s = EFF_CONTAINER_OF(random, struct script, random);
    eff_t *e = eff_sync(next_word, eff_ptr(s));
    return s->pause.ns ? eff_delay(e, s->pause) : e;
}
static struct script script;

/* Runs e with a Random that gives these n words; NULL: zeros only. */
static eff_t *scripted(eff_t *e, size_t n, const int64_t *words)
{
    script = (struct script){ .words = words, .n_words = n, .random = { sizeof(eff_random_t), script_next } };
    return eff_random_provide(e, &script.random);
}

/* ---- a seeded Random. The expected numbers were computed by another program, from the papers. */

static eff_t *words(struct world *w)
{
    return seeded(times(4, eff_random_bits()));
}
CASE(a_seed_gives_the_words_of_xoshiro256_starstar, words,
     .succeeds = "[1546998764402558742, 6990951692964543102, -5902157311460992607, -1389169964527427423]")

static eff_t *all_seeds_work(struct world *w)
{
    eff_t *least = eff_random_provide_value(eff_random_bits(), eff_random_seeded_value(0));
    eff_t *greatest = eff_random_provide_value(eff_random_bits(), eff_random_seeded_value(UINT64_MAX));
    return eff_zip(least, greatest);
}
CASE(zero_and_the_greatest_number_are_seeds_as_any_other, all_seeds_work,
     .succeeds = "(-7355399402456485196, -8118546653352383224)")

static eff_t *ints(struct world *w)
{
    return seeded(times(12, eff_random_int(1, 6)));
}
CASE(an_int_is_drawn_from_both_ends_on, ints, .succeeds = "[1, 3, 5, 6, 6, 5, 5, 6, 5, 4, 5, 2]")

static eff_t *large_ints(struct world *w)
{
    return seeded(times(4, eff_random_int(-3, INT64_MAX - 1)));
}
CASE(more_than_half_of_all_integers_are_drawn_from_without_bias, large_ints,
     .succeeds = "[773499382201279368, 8528787054591062095, 6633989454467100375, 7839944112658907202]")

static eff_t *all_ints(struct world *w)
{
    return seeded(eff_zip(eff_random_int(INT64_MIN, INT64_MAX), eff_random_int(7, 7)));
}
CASE(the_range_of_an_int_may_be_all_or_one, all_ints, .succeeds = "(-7676373272452217066, 7)")

static eff_t *doubles(struct world *w)
{
    return seeded(times(3, eff_random_double()));
}
CASE(a_double_is_below_1, doubles, .succeeds = "[0.08386297105988216, 0.3789802506626686, 0.6800434110281394]")

static eff_t *bools(struct world *w)
{
    return seeded(times(8, eff_random_bool()));
}
CASE(a_bool_is_a_coin, bools, .succeeds = "[false, false, true, true, true, true, true, true]")

static eff_t *in_hex(eff_value_t bytes, eff_value_t env)
{
    char text[64] = "";
    size_t n;
    const unsigned char *p = eff_as_bytes(bytes, &n);
    for (size_t i = 0; i < n && i < 31; i++)
        snprintf(text + 2 * i, 3, "%02x", p[i]);
    return eff_succeed(eff_printf("%zu:%s", n, text));
}
static eff_t *bytes(struct world *w)
{
    eff_t *eleven = eff_flat_map(eff_random_bytes(11), in_hex, eff_unit);
    eff_t *none = eff_flat_map(eff_random_bytes(0), in_hex, eff_unit);
    return seeded(eff_zip(none, eleven));
}
CASE(bytes_are_words_from_their_lowest_byte_on_and_none_takes_none, bytes,
     .succeeds = "(\"0:\", \"11:16c72e0c2e0b78157e3a11\")")

static eff_t *uuid(struct world *w)
{
    return seeded(eff_random_uuid());
}
CASE(a_uuid_says_its_version_and_variant, uuid, .succeeds = "15780b2e-0c2e-4716-a104-d9866d113a7e")

static eff_value_t letters(void)
{
    return EFF_ARRAY(eff_literal("a"), eff_literal("b"), eff_string("c"));
}
static eff_t *picks(struct world *w)
{
    return seeded(times(8, eff_random_pick(letters())));
}
CASE(an_item_is_picked, picks, .succeeds = "[\"a\", \"b\", \"c\", \"c\", \"c\", \"c\", \"c\", \"c\"]")

static eff_value_t weighted(int64_t a, int64_t b, int64_t c)
{
    eff_value_t first = eff_pair(eff_int(a), eff_literal("a")), second = eff_pair(eff_int(b), eff_literal("b"));
    return EFF_ARRAY(first, second, eff_pair(eff_int(c), eff_string("c")));
}
static eff_t *weighted_picks(struct world *w)
{
    return seeded(times(8, eff_random_pick_weighted(weighted(1, 0, 3))));
}
CASE(an_item_without_weight_is_never_picked, weighted_picks,
     .succeeds = "[\"a\", \"c\", \"c\", \"c\", \"c\", \"c\", \"c\", \"c\"]")

static eff_t *shuffles(struct world *w)
{
    eff_t *eight = eff_random_shuffle(
        EFF_ARRAY(eff_int(1), eff_int(2), eff_int(3), eff_int(4), eff_int(5), eff_int(6), eff_int(7), eff_string("8")));
    eff_t *few = eff_zip(eff_random_shuffle(eff_array(0, NULL)), eff_random_shuffle(EFF_ARRAY(eff_string("one"))));
    return seeded(eff_zip(few, eight));
}
CASE(a_shuffle_keeps_the_items_and_one_or_none_takes_no_word, shuffles,
     .succeeds = "(([], [\"one\"]), [\"8\", 2, 7, 4, 6, 5, 3, 1])")

static eff_t *shuffled_twice(struct world *w)
{
    eff_value_t array = letters();
    eff_value_t kept = eff_value_incref(array);
    return seeded(eff_zip(eff_random_shuffle(array), eff_succeed(kept)));
}
CASE(a_shuffle_leaves_the_array_that_others_hold_as_it_is, shuffled_twice,
     .succeeds = "([\"b\", \"c\", \"a\"], [\"a\", \"b\", \"c\"])")

/* ---- layers */

static eff_t *by_a_layer(struct world *w)
{
    eff_layer_t *layer = eff_random_seeded(42);
    eff_t *first = eff_provide(times(2, eff_random_int(1, 100)), eff_layer_incref(layer));
    return eff_zip(first, eff_provide(times(2, eff_random_int(1, 100)), layer));
}
CASE(a_layer_begins_anew_each_time_it_is_built, by_a_layer, .succeeds = "([9, 38], [9, 38])")

static eff_t *two_layers(struct world *w)
{
    eff_t *inner = eff_provide(eff_random_int(1, 100), eff_random_seeded(42));
    eff_t *e = eff_zip(eff_random_int(1, 100), eff_zip(inner, eff_random_int(1, 100)));
    return eff_provide(e, eff_random_seeded(42));
}
CASE(two_layers_of_one_seed_have_a_sequence_each, two_layers, .succeeds = "(9, (9, 38))")

static eff_t *is_not_that(eff_value_t bits, eff_value_t env)
{
    return eff_succeed(eff_bool(eff_as_int(bits) != eff_as_int(env)));
}
static eff_t *secrets(struct world *w)
{
    eff_t *e = eff_flat_map(eff_random_bits(), is_not_that, eff_int(1546998764402558742));
    return seeded(eff_zip(eff_provide(e, eff_random_live()), eff_random_bits()));
}
CASE(the_systems_can_be_had_below_a_seeded_one, secrets, .succeeds = "(true, 1546998764402558742)")

/* ---- who shares a sequence */

static eff_t *two_fibers(struct world *w)
{
    eff_t *a = times(2, eff_then(eff_random_int(1, 100), eff_random_int(1, 100)));
    eff_t *b = eff_delay(times(2, eff_random_int(1, 100)), eff_millis(1));
    return seeded(eff_zip_par(a, b));
}
CASE(fibers_draw_from_one_sequence_in_the_order_in_which_they_run, two_fibers, .succeeds = "([38, 93], [100, 77])")

static eff_t *described_once(struct world *w)
{
    eff_t *e = eff_random_int(1, 6);
    eff_t *again = eff_incref(e);
    return seeded(eff_zip(e, again));
}
CASE(an_effect_draws_each_time_it_runs, described_once, .succeeds = "(1, 3)")

static eff_t *inner_seed(struct world *w)
{
    eff_t *inner = eff_random_provide_value(eff_random_int(1, 6), eff_random_seeded_value(42));
    return seeded(eff_zip(eff_zip(eff_random_int(1, 6), inner), eff_random_int(1, 6)));
}
CASE(another_seed_inside_does_not_disturb_the_one_around_it, inner_seed, .succeeds = "((1, 1), 3)")

static eff_t *ask_next(eff_random_t *random, eff_value_t env)
{
    return random->next(random);
}
static eff_t *next_of_seeded(struct world *w)
{
    return seeded(eff_zip(eff_random_with(ask_next, eff_unit), eff_random_bits()));
}
CASE(next_of_the_service_draws_from_the_same_sequence, next_of_seeded,
     .succeeds = "(1546998764402558742, 6990951692964543102)")

/* ---- a Random of one's own */

static eff_t *extremes_of(int64_t word)
{
    static int64_t words[8];
    for (size_t i = 0; i < 8; i++)
        words[i] = word;
    eff_t *e = eff_zip(eff_random_int(1, 6), eff_zip(eff_random_int(INT64_MIN, INT64_MAX), eff_random_bool()));
    e = eff_zip(e, eff_zip(eff_random_pick(letters()), eff_random_pick_weighted(weighted(1, 1, 1))));
    return scripted(eff_zip(e, eff_random_shuffle(letters())), 8, words);
}
static eff_t *all_zeros(struct world *w)
{
    return extremes_of(0);
}
static void drew_seven(struct world *w, const eff_exit_t *exit)
{
    ck_assert_uint_eq(script.n_drawn, 7);
}
CASE(zeros_give_the_least, all_zeros,
     .succeeds = "(((1, (-9223372036854775808, false)), (\"a\", \"a\")), [\"b\", \"c\", \"a\"])", .check = drew_seven)
static eff_t *all_ones(struct world *w)
{
    return extremes_of(-1);
}
CASE(ones_give_the_greatest, all_ones,
     .succeeds = "(((6, (9223372036854775807, true)), (\"c\", \"c\")), [\"a\", \"b\", \"c\"])", .check = drew_seven)

/* 2^64 mod 6 is 4: of the products' lower halves, the greatest 4 are refused. 2^64 / 6 is 3074457345618258602.67, so
 * the word 3074457345618258602 gives 0 and the lower half 2^64 - 4. */
static eff_t *refused(struct world *w)
{
    static const int64_t words[] = { 3074457345618258602, 3074457345618258601, 3074457345618258603 };
    return scripted(eff_zip(eff_random_int(0, 5), eff_random_int(0, 5)), 3, words);
}
CASE(a_word_that_would_favour_a_result_is_refused, refused, .succeeds = "(0, 1)")

static eff_t *slowly(struct world *w)
{
    static const int64_t words[] = { 0x0807060504030201, 0x100f0e0d0c0b0a09 };
    eff_t *e = scripted(eff_flat_map(eff_random_bytes(10), in_hex, eff_unit), 2, words);
    script.pause = eff_millis(5);
    return e;
}
CASE(a_random_may_take_its_time_and_be_interrupted, slowly, .succeeds = "10:0102030405060708090a", .timed = true,
     .ms = 10)

static eff_t *many_words(struct world *w)
{
    return scripted(eff_map_to(eff_random_bytes(80000), eff_unit), 0, NULL);
}
CASE(a_row_of_many_words_is_no_row_of_many_frames, many_words, .succeeds = "unit",
     .without = NO_INTERRUPTS /* too long to be interrupted everywhere, and one point is as another */)

static eff_t *two_uuids(struct world *w)
{
    static const int64_t words[] = { -1, -1, 0, 0 };
    return scripted(eff_zip(eff_random_uuid(), eff_random_uuid()), 4, words);
}
CASE(a_uuid_takes_two_words, two_uuids,
     .succeeds = "(\"ffffffff-ffff-4fff-bfff-ffffffffffff\", \"00000000-0000-4000-8000-000000000000\")")

static eff_t *fail_next(eff_random_t *random)
{
    return eff_fail(eff_literal("no dice"));
}
static eff_t *failing(struct world *w)
{
    static eff_random_t random = { sizeof(eff_random_t), fail_next };
    return eff_random_provide(eff_random_shuffle(letters()), &random);
}
CASE(an_operation_fails_as_its_random_does, failing, .fails = "no dice")

/* ---- mistakes */

static eff_t *null_next(eff_random_t *random)
{
    return NULL;
}
static eff_t *text_next(eff_random_t *random)
{
    return eff_succeed(eff_literal("7"));
}
START_TEST(a_random_that_is_none_is_a_mistake)
{
    static eff_random_t sizeless = { 0, fail_next }, nextless = { sizeof(eff_random_t), NULL };
    static eff_random_t null = { sizeof(eff_random_t), null_next }, text = { sizeof(eff_random_t), text_next };
    ck_assert_dies(eff_random_provide(eff_random_bool(), &sizeless), "does not say .size = sizeof(eff_random_t)");
    ck_assert_dies(eff_random_provide(eff_random_bool(), &nextless), "or has no .next");
    ck_assert_dies(eff_random_provide(eff_random_bool(), &null), "the .next of the Random in effect returned NULL");
    ck_assert_dies(eff_random_provide(eff_random_bool(), &text), "read a value of type string as int: \"7\"");
    ck_assert_dies(eff_random_provide(eff_random_bool(), NULL), "random");
}
END_TEST

START_TEST(what_cannot_be_drawn_is_a_mistake)
{
    ck_assert_dies(eff_random_int(6, 1), "eff_random_int was given 6 to 1: the least comes first");
    ck_assert_dies(eff_random_pick(eff_array(0, NULL)), "eff_random_pick was given no item to pick");
    ck_assert_dies(eff_random_pick(eff_string("abc")), "eff_random_pick wants an array, not a string");
    ck_assert_dies(eff_random_shuffle(eff_int(3)), "eff_random_shuffle wants an array, not an int");
    ck_assert_dies(eff_random_shuffle((eff_value_t){ 0 }), "eff_random_shuffle was given an absent value");
    ck_assert_dies(eff_random_shuffle(eff_oom_value()), "out of memory");
    ck_assert_dies(eff_random_pick_weighted(letters()), "was given an item that is no pair of an eff_int and");
    ck_assert_dies(eff_random_pick_weighted(weighted(1, -1, 1)), "was given a weight below 0");
    ck_assert_dies(eff_random_pick_weighted(weighted(0, 0, 0)), "was given no item of a weight above 0");
    ck_assert_dies(eff_random_pick_weighted(eff_array(0, NULL)), "was given no item of a weight above 0");
    ck_assert_dies(eff_random_pick_weighted(weighted(INT64_MAX, 1, 0)),
                   "was given weights whose sum exceeds INT64_MAX");
    ck_assert_dies(eff_random_bytes(SIZE_MAX), "out of memory");
}
END_TEST

/* ---- the system's: nothing is known of its numbers but what their kind allows. (Without a layer it is in effect in
 * programs; a test's environment has a seeded one.) */

static eff_t *live(eff_t *e)
{
    return eff_provide(e, eff_random_live());
}
START_TEST(the_system_needs_no_layer)
{
    eff_exit_t a = eff_run(eff_random_bits()), b = eff_run(eff_random_bits());
    ck_assert(a.ok && b.ok);
    ck_assert_int_ne(eff_as_int(a.value), eff_as_int(b.value));
}
END_TEST

static eff_t *of_the_system(struct world *w)
{
    eff_t *e = eff_then(eff_random_bits(), eff_then(eff_random_double(), eff_random_bool()));
    e = eff_then(e, eff_then(eff_random_bytes(1000), eff_random_uuid()));
    e = eff_then(e, eff_then(eff_random_shuffle(letters()), eff_random_with(ask_next, eff_unit)));
    e = eff_zip(eff_map_to(e, eff_unit), eff_zip(eff_random_int(7, 7), eff_random_pick(EFF_ARRAY(eff_string("x")))));
    return live(e);
}
CASE(the_system_does_all_operations, of_the_system, .succeeds = "(unit, (7, \"x\"))")

START_TEST(the_systems_words_differ)
{
    eff_exit_t a = eff_test_run(live(times(100, eff_random_bits()))),
               b = eff_test_run(live(times(100, eff_random_bits())));
    ck_assert(a.ok && b.ok);
    for (size_t i = 0; i < 100; i++)
        for (size_t j = 0; j < 100; j++) {
            ck_assert(i == j || eff_as_int(eff_array_at(a.value, i)) != eff_as_int(eff_array_at(a.value, j)));
            ck_assert(eff_as_int(eff_array_at(a.value, i)) != eff_as_int(eff_array_at(b.value, j)));
        }
    eff_exit_decref(a);
    eff_exit_decref(b);
}
END_TEST

START_TEST(long_rows_of_the_systems_bytes_are_filled_to_the_end)
{
    eff_exit_t exit = eff_test_run(live(eff_random_bytes(100000)));
    size_t n, n_zeros = 0;
    const unsigned char *p = eff_as_bytes(exit.value, &n);
    ck_assert_uint_eq(n, 100000);
    for (size_t i = 0; i < n; i++)
        n_zeros += p[i] == 0;
    ck_assert_uint_lt(n_zeros, 1000); /* about 390 */
    ck_assert(memcmp(p + n - 16, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16) != 0);
    eff_exit_decref(exit);
}
END_TEST

/* ---- fairness: chi-squared of a million throws; 43.8 is exceeded once in a million times, and the seed is fixed */

START_TEST(the_numbers_of_a_seeded_random_are_spread_evenly)
{
    enum { FACES = 10, THROWS = 100000 };
    eff_exit_t exit = eff_test_run(seeded(times(THROWS, eff_random_int(0, FACES - 1))));
    double n[FACES] = { 0 }, chi = 0;
    const double expected = (double)THROWS / FACES;
    for (size_t i = 0; i < THROWS; i++)
        n[eff_as_int(eff_array_at(exit.value, i))]++;
    for (int i = 0; i < FACES; i++)
        chi += (n[i] - expected) * (n[i] - expected) / expected;
    ck_assert_double_lt(chi, 43.8);
    eff_exit_decref(exit);
}
END_TEST

START_TEST(random_effects_describe_themselves)
{
    eff_t *e = eff_random_int(1, 6);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_describe(e, &text);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "random_int"));
    eff_buffer_done(&text);
    eff_decref(e);
}
END_TEST

TESTS(a_seed_gives_the_words_of_xoshiro256_starstar, zero_and_the_greatest_number_are_seeds_as_any_other,
      an_int_is_drawn_from_both_ends_on, more_than_half_of_all_integers_are_drawn_from_without_bias,
      the_range_of_an_int_may_be_all_or_one, a_double_is_below_1, a_bool_is_a_coin,
      bytes_are_words_from_their_lowest_byte_on_and_none_takes_none, a_uuid_says_its_version_and_variant,
      an_item_is_picked, an_item_without_weight_is_never_picked,
      a_shuffle_keeps_the_items_and_one_or_none_takes_no_word, a_shuffle_leaves_the_array_that_others_hold_as_it_is,
      a_layer_begins_anew_each_time_it_is_built, two_layers_of_one_seed_have_a_sequence_each,
      the_systems_can_be_had_below_a_seeded_one, fibers_draw_from_one_sequence_in_the_order_in_which_they_run,
      an_effect_draws_each_time_it_runs, another_seed_inside_does_not_disturb_the_one_around_it,
      next_of_the_service_draws_from_the_same_sequence, zeros_give_the_least, ones_give_the_greatest,
      a_word_that_would_favour_a_result_is_refused, a_random_may_take_its_time_and_be_interrupted,
      a_row_of_many_words_is_no_row_of_many_frames, a_uuid_takes_two_words, an_operation_fails_as_its_random_does,
      a_random_that_is_none_is_a_mistake, what_cannot_be_drawn_is_a_mistake, the_system_needs_no_layer,
      the_system_does_all_operations, the_systems_words_differ, long_rows_of_the_systems_bytes_are_filled_to_the_end,
      the_numbers_of_a_seeded_random_are_spread_evenly, random_effects_describe_themselves)
