/* as_completed: results in the order in which they are ready, used while other items run. */
#include "support/fibers.h"

static struct world *the_world(eff_value_t env)
{
    return eff_as_ptr(env);
}

/* Item i takes 10 * (5 - i) ms, and is its number. */
static eff_t *later_ones_sooner(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    return when_interrupted(after(10 * (5 - i), one(i)), say_time(the_world(env), "lost"));
}
static eff_t *item_3_fails(eff_value_t item, eff_value_t env)
{
    if (eff_as_int(item) == 3) return after(20, failing(3));
    return later_ones_sooner(item, env);
}
/* 0 and 5 are fine; 1 fails, 2 dies, 3 interrupts itself. */
static eff_t *of_every_sort(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    eff_t *e = i == 1 ? failing(1) : i == 2 ? dying() : i == 3 ? eff_interrupt_self() : one(i);
    return after(10 * (9 - i), e);
}

/* ---- what uses do */

static eff_t *say_value(eff_value_t v, eff_value_t env)
{
    static const char *const names[] = { "0", "1", "2", "3", "4", "5" };
    return eff_map_to(say_time(the_world(env), names[eff_as_int(v) % 6]), eff_value_incref(v));
}
static eff_t *say_all(eff_value_t results, eff_value_t env)
{
    return eff_for_each(eff_value_incref(results), say_value, eff_value_incref(env));
}
static eff_t *say_one_exit(eff_value_t exit, eff_value_t env)
{
    journal_add(the_world(env), word_of(eff_as_exit(exit)));
    return eff_noop();
}
static eff_t *say_exits(eff_value_t results, eff_value_t env)
{
    return eff_for_each_discard(eff_value_incref(results), say_one_exit, eff_value_incref(env));
}

/* ---- results */

static eff_t *all(struct world *w)
{
    return eff_as_completed(eff_range(0, 5), later_ones_sooner, say_all, eff_ptr(w), 0);
}
CASE(results_come_in_the_order_of_completion, all, .succeeds = "[4, 3, 2, 1, 0]", .journal = "4@10 3@20 2@30 1@40 0@50",
     .timed = true, .ms = 50)

static eff_t *two_at_once(struct world *w)
{
    return eff_as_completed(eff_range(0, 5), later_ones_sooner, say_all, eff_ptr(w), 2);
}
/* 0 ends at 50, 1 at 40; then 2 from 40 to 70, 3 from 50 to 70, 4 from 70 to 80. */
CASE(no_more_than_n_run_at_once, two_at_once, .succeeds = "[1, 0, 2, 3, 4]", .journal = "1@40 0@50 2@70 3@70 4@80",
     .timed = true, .ms = 80, .without = NO_SHUFFLES) /* the order of ready fibers decides at 70 */

static eff_t *none(struct world *w)
{
    return eff_as_completed(eff_range(0, 0), later_ones_sooner, say_all, eff_ptr(w), 3);
}
CASE(no_items_give_no_results, none, .succeeds = "[]", .journal = "")

static eff_t *at_once(eff_value_t item, eff_value_t env)
{
    return one(eff_as_int(item));
}
static eff_t *all_at_once(struct world *w)
{
    return eff_as_completed(eff_range(0, 5), at_once, say_all, eff_ptr(w), 3);
}
CASE(items_that_are_ready_at_once_come_in_order, all_at_once, .succeeds = "[0, 1, 2, 3, 4]",
     .without = NO_SHUFFLES) /* the order of ready fibers is theirs */

/* ---- leaving early */

/* Takes two by hand. */
static eff_value_t paired(eff_value_t second, eff_value_t first)
{
    return eff_pair(eff_value_incref(first), eff_value_incref(second));
}
static eff_t *and_another(eff_value_t first, eff_value_t queue)
{
    return eff_map(eff_queue_take(eff_as_queue(queue)), paired, eff_value_incref(first));
}
static eff_t *take_two(eff_value_t results, eff_value_t env)
{
    return eff_flat_map(eff_queue_take(eff_as_queue(results)), and_another, eff_value_incref(results));
}
static eff_t *first_two(struct world *w)
{
    return eff_then(eff_as_completed(eff_range(0, 5), later_ones_sooner, take_two, eff_ptr(w), 0), say_time(w, "end"));
}
CASE(leaving_use_interrupts_the_items_that_still_run, first_two, .succeeds = "unit",
     .journal = "lost@20 lost@20 lost@20 end@20", .timed = true, .ms = 20)

static eff_t *values_of_first_two(struct world *w)
{
    return eff_as_completed(eff_range(0, 5), later_ones_sooner, take_two, eff_ptr(w), 0);
}
CASE(results_can_be_taken_one_by_one, values_of_first_two, .succeeds = "(4, 3)")

static eff_t *ignore_results(eff_value_t results, eff_value_t env)
{
    return one(7);
}
static eff_t *use_ends_at_once(struct world *w)
{
    return eff_as_completed(eff_range(0, 5), later_ones_sooner, ignore_results, eff_ptr(w), 0);
}
CASE(a_use_that_ends_at_once_keeps_items_from_starting, use_ends_at_once, .succeeds = "7", .journal = "")

/* Whoever keeps the results does not wait for ever. */
static eff_t *keep_results(eff_value_t results, eff_value_t env)
{
    the_world(env)->queue = eff_queue_incref(eff_as_queue(results));
    return eff_noop();
}
static eff_t *take_kept(eff_value_t env)
{
    return eff_queue_take(the_world(env)->queue);
}
static eff_t *kept_results(struct world *w)
{
    eff_t *e = eff_as_completed(eff_range(0, 5), later_ones_sooner, keep_results, eff_ptr(w), 0);
    return eff_then(e, eff_suspend(take_kept, eff_ptr(w)));
}
static void fails_with_closed(struct world *w, const eff_exit_t *exit)
{
    eff_value_t error;
    ck_assert(!exit->ok && eff_cause_failure(exit->cause, &error));
    ck_assert(eff_error_is(error, &eff_closed_error));
}
CASE(results_that_are_kept_are_closed, kept_results, .check = fails_with_closed, .journal = "")

/* ---- failures */

static eff_t *an_item_fails(struct world *w)
{
    return eff_as_completed(eff_range(0, 5), item_3_fails, say_all, eff_ptr(w), 0);
}
CASE(an_item_that_fails_interrupts_use_and_the_others, an_item_fails, .fails = "3",
     .journal = "4@10 lost@20 lost@20 lost@20", .timed = true, .ms = 20)

static eff_t *cleans_up(eff_value_t results, eff_value_t env)
{
    return eff_ensuring(say_all(results, env), after(30, say_time(the_world(env), "clean")));
}
static eff_t *use_is_awaited(struct world *w)
{
    eff_t *e = eff_as_completed(eff_range(0, 5), item_3_fails, cleans_up, eff_ptr(w), 0);
    return eff_then(eff_ignore(e), say_time(w, "end"));
}
CASE(the_interrupted_use_is_awaited, use_is_awaited, .succeeds = "unit",
     .journal = "4@10 lost@20 lost@20 lost@20 clean@50 end@50")

static eff_t *fails_at_2(eff_value_t v, eff_value_t env)
{
    return eff_as_int(v) == 2 ? failing(22) : eff_noop();
}
static eff_t *use_until_2(eff_value_t results, eff_value_t env)
{
    return eff_for_each_discard(eff_value_incref(results), fails_at_2, eff_unit);
}
static eff_t *use_fails(struct world *w)
{
    return eff_as_completed(eff_range(0, 5), later_ones_sooner, use_until_2, eff_ptr(w), 0);
}
CASE(a_failure_of_use_interrupts_the_items, use_fails, .fails = "22", .journal = "lost@30 lost@30", .timed = true,
     .ms = 30)

static eff_t *read_two(eff_value_t env)
{
    struct world *w = the_world(env);
    if (w->n[2] == 2) return failing(7);
    return after(10, eff_succeed(eff_some(eff_int(w->n[2]++))));
}
static eff_t *source_fails(struct world *w)
{
    return eff_as_completed(eff_pull(eff_suspend(read_two, eff_ptr(w))), at_once, say_all, eff_ptr(w), 1);
}
CASE(a_failing_source_fails_the_whole, source_fails, .fails = "7", .without = NO_SHUFFLES,
     .journal = "0@10 1@20") /* the last item and the failure come in one turn */

static eff_t *interrupted(struct world *w)
{
    eff_t *e = eff_as_completed(eff_range(0, 5), later_ones_sooner, cleans_up, eff_ptr(w), 2);
    return in_order(keep(w, 0, eff_fork(e)), ms(45), say_interrupt(w, 0), say_time(w, "end"));
}
CASE(interrupting_the_caller_interrupts_use_and_the_items, interrupted, .succeeds = "unit",
     .journal = "1@40 lost@45 lost@45 clean@75 interrupt end@75")

/* ---- exits */

static eff_t *exits(struct world *w)
{
    return eff_as_completed_exits(eff_range(0, 6), of_every_sort, say_exits, eff_ptr(w), 0);
}
CASE(exits_come_as_items_end_however, exits, .succeeds = "unit", .journal = "ok:5 ok:4 interrupt die fail:1 ok:0",
     .timed = true, .ms = 90)

static eff_t *exits_two_at_once(struct world *w)
{
    return eff_as_completed_exits(eff_range(0, 4), of_every_sort, say_exits, eff_ptr(w), 2);
}
CASE(exits_come_with_any_number_at_once, exits_two_at_once, .succeeds = "unit", .journal = "fail:1 ok:0 die interrupt",
     .timed = true, .ms = 150)

static eff_t *no_exits(struct world *w)
{
    return eff_as_completed_exits(eff_range(0, 0), of_every_sort, say_exits, eff_ptr(w), 0);
}
CASE(no_items_give_no_exits, no_exits, .succeeds = "unit", .journal = "")

/* Until the first that worked: asyncio's as_completed with a break. */
static eff_t *found(eff_value_t exit, eff_value_t env)
{
    return eff_succeed(eff_bool(eff_as_exit(exit)->ok));
}
static eff_t *find_success(eff_value_t results, eff_value_t env)
{
    return eff_find_first(eff_value_incref(results), found, eff_unit);
}
static eff_t *first_success(struct world *w)
{
    return eff_as_completed_exits(eff_range(1, 6), of_every_sort, find_success, eff_ptr(w), 0);
}
CASE(the_first_that_worked_can_be_looked_for, first_success, .succeeds = "some(success: 5)", .timed = true, .ms = 40)

/* ---- back-pressure */

static eff_value_t begun(eff_value_t env)
{
    the_world(env)->n[0]++;
    return eff_unit;
}
static eff_t *counts_itself(eff_value_t item, eff_value_t env)
{
    return eff_then(eff_sync(begun, env), one(eff_as_int(item)));
}
/* How many have begun when the i-th result is used: 100 ms later for each. */
static eff_t *look(eff_value_t v, eff_value_t env)
{
    struct world *w = the_world(env);
    if (w->n[0] > w->n[1] + 1 + 3 + 1) w->n[2]++; /* used, this one, n that run or wait, the one in the queue */
    w->n[1]++;
    return ms(100);
}
static eff_t *use_slowly(eff_value_t results, eff_value_t env)
{
    return eff_for_each_discard(eff_value_incref(results), look, env);
}
static eff_t *slow_consumer(struct world *w)
{
    return eff_as_completed(eff_range(0, 20), counts_itself, use_slowly, eff_ptr(w), 3);
}
static void never_too_far_ahead(struct world *w)
{
    ck_assert_int_eq(w->n[2], 0);
}
static void all_used(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_eq(w->n[1], 20);
}
CASE(items_wait_until_their_results_are_taken, slow_consumer, .succeeds = "unit", .check = all_used,
     .invariant = never_too_far_ahead, .timed = true, .ms = 2000)

/* ---- every result is dropped once */

struct piece {
    struct world *w;
};
static void piece_drop(struct piece *p)
{
    if (p->w) p->w->n[1]++;
}
EFF_STATIC_TYPE(piece, struct piece, .drop = piece_drop);
static eff_value_t new_piece(eff_value_t env)
{
    the_world(env)->n[0]++;
    return piece_make((struct piece){ the_world(env) });
}
static eff_t *piece_after(eff_value_t item, eff_value_t env)
{
    return after(10 * (eff_as_int(item) % 3), eff_sync(new_piece, env));
}
static eff_t *slow_use(eff_value_t v, eff_value_t env)
{
    return ms(15);
}
static eff_t *use_for_40(eff_value_t results, eff_value_t env)
{
    return eff_timeout(eff_for_each_discard(eff_value_incref(results), slow_use, eff_unit), eff_millis(40));
}
static eff_t *pieces(struct world *w)
{
    return eff_as_completed(eff_range(0, 9), piece_after, use_for_40, eff_ptr(w), 4);
}
static void dropped_as_often_as_made(struct world *w)
{
    ck_assert_int_eq(w->n[0], w->n[1]);
}
CASE(B31_every_result_is_dropped_once, pieces, .succeeds = "none", .invariant = dropped_as_often_as_made)

/* ---- runs, nesting, mistakes */

static eff_t *twice(struct world *w)
{
    eff_t *e = eff_as_completed(eff_range(0, 3), later_ones_sooner, say_all, eff_ptr(w), 0);
    eff_t *again = eff_incref(e);
    return eff_zip(e, again);
}
CASE(a_description_runs_any_number_of_times, twice, .succeeds = "([2, 1, 0], [2, 1, 0])", .timed = true, .ms = 100)

static eff_t *inner(eff_value_t item, eff_value_t env)
{
    return eff_as_completed(eff_range(0, 2), later_ones_sooner, say_all, env, 0);
}
static eff_t *itself(eff_value_t item, eff_value_t env)
{
    return eff_succeed(eff_value_incref(item));
}
static eff_t *gather(eff_value_t results, eff_value_t env)
{
    return eff_for_each(eff_value_incref(results), itself, eff_unit);
}
static eff_t *nested(struct world *w)
{
    return eff_as_completed(eff_range(0, 2), inner, gather, eff_ptr(w), 0);
}
CASE(they_nest, nested, .succeeds = "[[1, 0], [1, 0]]", .timed = true, .ms = 50)

/* The consumer may be many fibers. */
static eff_t *takes_30(eff_value_t v, eff_value_t env)
{
    return after(30, say_value(v, env));
}
static eff_t *use_by_three(eff_value_t results, eff_value_t env)
{
    return eff_for_each_par_discard(eff_value_incref(results), takes_30, env, 3);
}
static eff_t *used_by_three(struct world *w)
{
    return eff_as_completed(eff_range(0, 5), later_ones_sooner, use_by_three, eff_ptr(w), 0);
}
CASE(results_can_be_used_by_several_fibers, used_by_three, .succeeds = "unit", .journal = "4@40 3@50 2@60 1@70 0@80",
     .timed = true, .ms = 80)

static eff_t *ignore_results_slowly(eff_value_t results, eff_value_t env)
{
    return ms(10);
}

static eff_t *null_use(eff_value_t results, eff_value_t env)
{
    return NULL;
}
static eff_t *null_item(eff_value_t item, eff_value_t env)
{
    return NULL;
}
START_TEST(mistakes_of_as_completed_name_it)
{
    eff_value_t none_at_all = { .type = NULL, .integer = 0 };
    ck_assert_dies(eff_as_completed(eff_range(0, 1), NULL, say_all, eff_printf("x"), 0),
                   "argument 2 of eff_as_completed, `f`, is NULL");
    ck_assert_dies(eff_as_completed(eff_range(0, 1), at_once, NULL, eff_printf("x"), 0),
                   "argument 3 of eff_as_completed, `use`, is NULL");
    ck_assert_dies(eff_as_completed_exits(eff_int(1), at_once, say_exits, eff_printf("x"), 0),
                   "eff_as_completed_exits wants an array");
    ck_assert_dies(eff_as_completed(eff_range(0, 1), at_once, say_all, none_at_all, 0),
                   "eff_as_completed was given an absent value");
    ck_assert_dies(eff_as_completed(eff_oom_value(), at_once, say_all, eff_unit, 0), "out of memory");
    ck_assert_dies(eff_as_completed(eff_range(0, 1), at_once, null_use, eff_unit, 0),
                   "the `use` of eff_as_completed returned NULL");
    ck_assert_dies(eff_as_completed(eff_range(0, 1), null_item, ignore_results_slowly, eff_unit, 0),
                   "callback null_item");
}
END_TEST

START_TEST(a_description_shows_as_completed)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_t *e = eff_as_completed_exits(eff_range(0, 2), at_once, say_exits, eff_unit, 3);
    eff_describe(e, &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), "as_completed_exits at_once"), "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_decref(e);
}
END_TEST

TESTS(results_come_in_the_order_of_completion, no_more_than_n_run_at_once, no_items_give_no_results,
      items_that_are_ready_at_once_come_in_order, leaving_use_interrupts_the_items_that_still_run,
      results_can_be_taken_one_by_one, a_use_that_ends_at_once_keeps_items_from_starting,
      results_that_are_kept_are_closed, an_item_that_fails_interrupts_use_and_the_others,
      the_interrupted_use_is_awaited, a_failure_of_use_interrupts_the_items, a_failing_source_fails_the_whole,
      interrupting_the_caller_interrupts_use_and_the_items, exits_come_as_items_end_however,
      exits_come_with_any_number_at_once, no_items_give_no_exits, the_first_that_worked_can_be_looked_for,
      items_wait_until_their_results_are_taken, B31_every_result_is_dropped_once,
      a_description_runs_any_number_of_times, they_nest, results_can_be_used_by_several_fibers,
      mistakes_of_as_completed_name_it, a_description_shows_as_completed)
