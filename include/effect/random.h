/** @file
 * Random: numbers, choices and tokens that nobody can foresee; under a seed, the same ones every time.
 *
 *     e = eff_flat_map(eff_random_int(1, 6), eff_print_value, eff_literal("rolled "));
 *     e = eff_flat_map(eff_random_pick(EFF_ARRAY(eff_literal("heads"), eff_literal("tails"))), toss, eff_unit);
 *     e = eff_flat_map(eff_random_uuid(), store_as, eff_unit);
 *     e = eff_provide(e, eff_random_seeded(42));           // a test: rolls, tosses and stores the same on each run
 *
 * The Random service is a default tag: without anybody providing one its numbers are the system's, of getrandom(2), and
 * good for secrets. A seeded one is good for tests and simulations and nothing else. Its numbers belong to the layer
 * that was built: the fibers below share one sequence, and draw from it in the order in which they run, which is itself
 * the same on each run. How many 64-bit words an operation takes of it, and what it makes of them, is part of what this
 * header promises, on every machine.
 */
#ifndef EFFECT_RANDOM_H
#define EFFECT_RANDOM_H

#include <effect/layer.h>

EFF_BEGIN_DECLS

/** The Random service. To write one, put it in a struct with what it works on; see EFF_CONTAINER_OF. */
typedef struct eff_random eff_random_t;
struct eff_random {
    size_t size; /**< sizeof(eff_random_t): tells the library which operations there are */
    /**
     * Builds the effect that draws. All that the library draws is made of this.
     * - Success: with 64 random bits, as an eff_int. For a script it helps to know that 0 leads to the least that an
     *   operation can give, and -1 to the greatest.
     *
     * @param random borrowed until the effect has ended
     * @returns_new
     */
    eff_t *(*next)(eff_random_t *random);
};

/** What service.h generates: eff_random_tag, eff_random_with, eff_random_from, eff_random_provide,
 *  eff_random_provide_value, eff_random_value; eff_random__use is for these. */
EFF_DECLARE_API_SERVICE(EFF_API, eff_random, eff_random_t);
/** Runs what use makes of the Random.
 *  @param ... use, an `eff_t *(*)(eff_random_t *, eff_value_t env)`, and env, consumed: as NAME_with of service.h
 *  @returns_new */
#define eff_random_with(...) eff_random_with_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
/** Runs an effect with this Random.
 *  @param ... the effect, consumed, and a `eff_random_t *`, borrowed until it has ended @returns_new */
#define eff_random_provide(...) eff_random_provide_at(EFF_SITE, __VA_ARGS__)
/** Runs an effect with this Random. @param ... the effect and the service as a value, both consumed @returns_new */
#define eff_random_provide_value(...) eff_random_provide_value_at(EFF_SITE, __VA_ARGS__)

/* ---- drawing
 * All of these fail only as the Random does; the system's and a seeded one never fail, but for the defect of a system
 * that has no getrandom(2). Each is one instruction, that cannot be interrupted, under those two. */

/** Draws 64 bits, all of them random. Takes one word.
 *  - Success: with an eff_int, any.
 *
 *  @param site where it is composed; the macro fills it in
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_random_bits_at(eff_site_t site);
/**
 * Draws an integer, each with the same likelihood: no bias towards the lower ones, as `rand() % n` has.
 * - Success: with an eff_int from min to max, both included. Takes one word, and another for as long as one is refused,
 *   which is seldom (Lemire, "Fast Random Integer Generation in an Interval", 2019).
 *
 * @param site where it is composed; the macro fills it in
 * @param min the least
 * @param max the greatest; less than min is a mistake
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_random_int_at(eff_site_t site, int64_t min, int64_t max);
/** Draws a number from 0 up to, not including, 1, out of 2^53 that are evenly spaced. Takes one word.
 *  - Success: with an eff_double.
 *
 *  @param site where it is composed; the macro fills it in
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_random_double_at(eff_site_t site);
/** Tosses a coin. Takes one word.
 *  - Success: with an eff_bool.
 *
 *  @param site where it is composed; the macro fills it in
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_random_bool_at(eff_site_t site);
/** Draws bytes: a key, a token, the contents of a test file. O(n), in one turn; takes a word for every 8, the first
 *  byte being its lowest.
 *  - Success: with eff_bytes.
 *
 *  @param site where it is composed; the macro fills it in
 *  @param n how many bytes; 0 takes nothing
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_random_bytes_at(eff_site_t site, size_t n);
/** Draws a UUID of version 4 (RFC 9562): a name that no other thing has. Takes two words.
 *  - Success: with a string such as "c2c3d6fa-9f6f-4c0d-8a59-6c1fae7b5c0e".
 *
 *  @param site where it is composed; the macro fills it in
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_random_uuid_at(eff_site_t site);
/** Picks an item, each with the same likelihood. Takes words as eff_random_int(0, size - 1).
 *  - Success: with that item.
 *
 *  @param site where it is composed; the macro fills it in
 *  @param array consumes; an array of one item at least: of none is a mistake
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_random_pick_at(eff_site_t site, eff_value_t array);
/**
 * Picks an item by weight: one of weight 3 is picked three times as often as one of weight 1, one of weight 0 never.
 * O(items). Takes words as eff_random_int(0, sum of the weights - 1).
 *
 *     eff_value_t old = eff_pair(eff_int(9), eff_literal("old")), renewed = eff_pair(eff_int(1), eff_literal("new"));
 *     e = eff_random_pick_weighted(EFF_ARRAY(old, renewed));
 *
 * - Success: with that item.
 *
 * @param site where it is composed; the macro fills it in
 * @param pairs consumes; an array of pairs of a weight, an eff_int not below 0, and an item. That there is nothing to
 * pick, or that the sum exceeds INT64_MAX, is a mistake.
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_random_pick_weighted_at(eff_site_t site, eff_value_t pairs);
/** Shuffles: each order has the same likelihood. O(items), in one turn; takes words as eff_random_int(0, i) for i from
 *  the last index down to 1, and exchanges the items i and that (Fisher and Yates; Durstenfeld, 1964).
 *  - Success: with a new array.
 *
 *  @param site where it is composed; the macro fills it in
 *  @param array consumes; an array
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_random_shuffle_at(eff_site_t site, eff_value_t array);

#define eff_random_bits() eff_random_bits_at(EFF_SITE)
#define eff_random_int(...) eff_random_int_at(EFF_SITE, __VA_ARGS__)
#define eff_random_double() eff_random_double_at(EFF_SITE)
#define eff_random_bool() eff_random_bool_at(EFF_SITE)
#define eff_random_bytes(...) eff_random_bytes_at(EFF_SITE, __VA_ARGS__)
#define eff_random_uuid() eff_random_uuid_at(EFF_SITE)
#define eff_random_pick(...) eff_random_pick_at(EFF_SITE, __VA_ARGS__)
#define eff_random_pick_weighted(...) eff_random_pick_weighted_at(EFF_SITE, __VA_ARGS__)
#define eff_random_shuffle(...) eff_random_shuffle_at(EFF_SITE, __VA_ARGS__)

/* ---- which Random */

/** The layer of the system's Random: for the part of a program whose secrets must be good even below a seeded one.
 *  @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_random_live(void);
/**
 * The layer of a seeded Random, for tests and simulations. Each call makes another layer, with a sequence of its own
 * that begins when it is built.
 *
 * The generator is xoshiro256** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2018), its
 * state the first four outputs of SplitMix64 (Steele, Lea and Flood, 2014) from the seed on. Whoever sees a few of its
 * numbers knows the rest: it is no source of secrets.
 *
 * @param seed any; equal ones give equal numbers
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_random_seeded(uint64_t seed);
/** What that layer builds, as a value, for eff_random_provide_value and eff_context_add. All that are given the value
 *  share one sequence, which goes on from where it was left.
 *  @param seed any; equal ones give equal numbers
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_random_seeded_value(uint64_t seed);

EFF_END_DECLS
#endif
