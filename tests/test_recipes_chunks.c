/* The recipes of docs/recipes.md for fanning out, chunks and batches, as golden cases: exact results at exact virtual
 * times. What stands before a case is what the page shows. */
#include "support/recipes.h"

/* ---- fan out, fan in: the sum of 100 measurements, in chunks of 20 */

static eff_t *measure(eff_value_t n, eff_value_t env)
{
    return eff_delay(eff_succeed(eff_value_incref(n)), eff_millis(10));
}

static eff_value_t add(eff_value_t sum, eff_value_t n, eff_value_t env)
{
    return eff_int(eff_as_int(sum) + eff_as_int(n));
}
static eff_t *sum_of_chunk(eff_value_t k, eff_value_t env)
{
    int64_t first = 20 * eff_as_int(k);
    return eff_merge_all(eff_range(first, first + 20), measure, eff_int(0), add, eff_unit, 0);
}
static eff_t *sum_of_100(void)
{
    return eff_merge_all(eff_range(0, 5), sum_of_chunk, eff_int(0), add, eff_unit, 0);
}

static eff_t *fan_out_program(struct world *w)
{
    return sum_of_100();
}
/* A20 */
CASE(A20_a_hundred_items_in_chunks_of_20, fan_out_program, .succeeds = "4950", .ms = 10, .timed = true)

/* ---- chunks, with a pause between them */

static eff_t *import_row(eff_value_t i, eff_value_t rows)
{
    return request(eff_as_string(eff_array_at(rows, (size_t)eff_as_int(i))), 100);
}

enum { CHUNK = 3, AT_ONCE = 2 };

static eff_t *import_chunk(eff_value_t k, eff_value_t rows)
{
    int64_t first = CHUNK * eff_as_int(k), n_rows = (int64_t)eff_array_size(rows);
    int64_t end = first + CHUNK < n_rows ? first + CHUNK : n_rows;
    eff_t *chunk = eff_for_each_par_discard(eff_range(first, end), import_row, eff_value_incref(rows), AT_ONCE);
    return first == 0 ? chunk : eff_delay(chunk, eff_seconds(1)); /* not to be a burden */
}
static eff_t *import_all(eff_value_t rows)
{
    int64_t n_chunks = ((int64_t)eff_array_size(rows) + CHUNK - 1) / CHUNK;
    return eff_for_each_discard(eff_range(0, n_chunks), import_chunk, rows);
}

static eff_t *chunks_program(struct world *w)
{
    in(w);
    return import_all(EFF_ARRAY(eff_literal("a"), eff_literal("b"), eff_literal("c"), eff_literal("d"),
                                eff_literal("e"), eff_literal("f"), eff_literal("g")));
}
/* A12: 200 ms for a chunk of three, two at once; 100 ms for the last one. */
CASE(A12_chunks_of_3_two_at_once_with_a_pause_between_chunks, chunks_program, .succeeds = "unit",
     .journal = "a@100 b@100 c@200 d@1300 e@1300 f@1400 g@2500", .ms = 2500, .timed = true)

/* ---- batches: 1000 items, 50 in a request, 5 requests at once */

enum { N_ITEMS = 1000, BATCH = 50 };

/* What the server answers to a request for many: the squares. */
static eff_t *ask_for(int64_t first, int64_t n)
{
    eff_value_t squares[BATCH];
    for (int64_t i = 0; i < n; i++)
        squares[i] = eff_int((first + i) * (first + i));
    return eff_delay(eff_succeed(eff_array((size_t)n, squares)), eff_millis(100));
}

static eff_t *ask_for_batch(eff_value_t k, eff_value_t env)
{
    return ask_for(BATCH * eff_as_int(k), BATCH);
}
static eff_value_t flatten(eff_value_t batches, eff_value_t env)
{
    eff_value_t items[N_ITEMS];
    for (size_t i = 0; i < N_ITEMS; i++)
        items[i] = eff_value_incref(eff_array_at(eff_array_at(batches, i / BATCH), i % BATCH));
    return eff_array(N_ITEMS, items);
}
static eff_t *ask_for_all(void)
{
    eff_t *batches = eff_for_each_par(eff_range(0, N_ITEMS / BATCH), ask_for_batch, eff_unit, 5);
    return eff_map(batches, flatten, eff_unit);
}

static eff_t *batches_program(struct world *w)
{
    return ask_for_all();
}
static void check_squares(struct world *w, const eff_exit_t *exit)
{
    ck_assert(exit->ok);
    ck_assert_uint_eq(eff_array_size(exit->value), N_ITEMS);
    for (int64_t i = 0; i < N_ITEMS; i++)
        ck_assert_int_eq(eff_as_int(eff_array_at(exit->value, (size_t)i)), i * i);
}
/* A24 */
CASE(A24_a_thousand_items_in_batches_of_50_five_at_once, batches_program, .check = check_squares, .ms = 400,
     .timed = true)

TESTS(A20_a_hundred_items_in_chunks_of_20, A12_chunks_of_3_two_at_once_with_a_pause_between_chunks,
      A24_a_thousand_items_in_batches_of_50_five_at_once)
