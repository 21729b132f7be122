/* Parallel loops that go on when items fail: exits in place, and failures told to a handler. */
#include "core/memory.h"
#include "support/failing_allocator.h"
#include "support/fibers.h"

static struct world *the_world(eff_value_t env)
{
    return eff_as_ptr(env);
}

/* The exits as words: [ok:0, fail:1, die]. */
static eff_value_t words_of(eff_value_t exits, eff_value_t env)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    for (size_t i = 0; i < eff_array_size(exits); i++)
        eff_buffer_printf(&text, i ? " %s" : "%s", word_of(eff_as_exit(eff_array_at(exits, i))));
    eff_value_t words = eff_string(eff_buffer_text(&text));
    eff_buffer_done(&text);
    return words;
}
static eff_t *as_words(eff_t *exits)
{
    return eff_map(exits, words_of, eff_unit);
}

/* Item 1 fails, 2 dies, 3 interrupts itself, 4 fails while it interrupts itself; the others are their numbers. Each takes
 * ten ms less than the one before it. */
static eff_t *of_every_sort(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    eff_t *e = one(i);
    if (i % 6 == 1) e = eff_then(e, failing(i));
    if (i % 6 == 2) e = eff_then(e, dying());
    if (i % 6 == 3) e = eff_then(e, eff_interrupt_self());
    if (i % 6 == 4) e = eff_ensuring(eff_then(e, eff_interrupt_self()), failing(i));
    return after(100 - 10 * i, e);
}

/* ---- exits in place */

static eff_t *exits(struct world *w)
{
    return as_words(eff_for_each_par_exits(eff_range(0, 7), of_every_sort, eff_unit, 0));
}
CASE(every_items_exit_stands_in_its_place, exits,
     .succeeds = "ok:0 fail:1 die interrupt then(interrupt,fail:4) ok:5 ok:6", .timed = true, .ms = 100)

static eff_t *exits_of_two_at_once(struct world *w)
{
    return as_words(eff_for_each_par_exits(eff_range(0, 7), of_every_sort, eff_unit, 2));
}
CASE(exits_are_the_same_with_any_number_at_once, exits_of_two_at_once,
     .succeeds = "ok:0 fail:1 die interrupt then(interrupt,fail:4) ok:5 ok:6")

static eff_t *exits_in_turn(struct world *w)
{
    return as_words(eff_for_each_par_exits(EFF_ARRAY(eff_int(1), eff_int(0), eff_int(2)), of_every_sort, eff_unit, 1));
}
CASE(one_at_a_time_gives_exits_too, exits_in_turn, .succeeds = "fail:1 ok:0 die", .timed = true, .ms = 90 + 100 + 80)

static eff_t *no_exits(struct world *w)
{
    return eff_for_each_par_exits(eff_range(0, 0), of_every_sort, eff_unit, 0);
}
CASE(no_items_give_no_exits, no_exits, .succeeds = "[]")

static eff_t *holds_item(eff_value_t item, eff_value_t env)
{
    return eff_as_int(item) == 0 ? failing(0) : holds(the_world(env), "a");
}
static eff_t *exits_interrupted(struct world *w)
{
    eff_t *loop = keep(w, 0, eff_fork(eff_for_each_par_exits(eff_range(0, 3), holds_item, eff_ptr(w), 0)));
    return in_order(loop, ms(5), say_interrupt(w, 0));
}
CASE(interrupting_the_caller_interrupts_all_that_run, exits_interrupted, .succeeds = "unit",
     .journal = "a+ a+ a- a- interrupt")

static eff_t *interrupted_one(eff_value_t item, eff_value_t env)
{
    return eff_as_int(item) == 0 ? after(5, one(0)) : eff_timeout(eff_never(), eff_millis(3));
}
static eff_t *exits_of_timeouts(struct world *w)
{
    return as_words(eff_for_each_par_exits(eff_range(0, 2), interrupted_one, eff_unit, 0));
}
CASE(an_item_that_timed_out_is_a_success_in_its_place, exits_of_timeouts, .succeeds = "ok:0 ok:none")

/* The pull fails at its third run, while an item runs. */
static eff_t *read_two(eff_value_t env)
{
    struct world *w = the_world(env);
    if (w->n[2] == 2) return failing(7);
    return after(10, eff_succeed(eff_some(eff_int(w->n[2]++))));
}
static eff_t *long_item(eff_value_t item, eff_value_t env)
{
    return when_interrupted(ms(100), say(the_world(env), "interrupted"));
}
static eff_t *failing_source(struct world *w)
{
    return eff_for_each_par_exits(eff_pull(eff_suspend(read_two, eff_ptr(w))), long_item, eff_ptr(w), 0);
}
CASE(a_failure_of_the_source_is_no_exit, failing_source, .fails = "7", .journal = "interrupted interrupted")

static eff_t *all(struct world *w)
{
    return as_words(eff_all_par_exits(after(3, one(0)), after(2, failing(1)), dying(), eff_interrupt_self()));
}
CASE(all_par_exits_gives_the_exits_of_its_arguments, all, .succeeds = "ok:0 fail:1 die interrupt", .timed = true,
     .ms = 3)

static eff_t *all_again(struct world *w)
{
    eff_t *e = as_words(eff_all_par_exits(after(1, one(0)), failing(1)));
    eff_t *second = eff_incref(e);
    return eff_zip_par(e, second);
}
CASE(all_par_exits_can_be_run_again, all_again, .succeeds = "(\"ok:0 fail:1\", \"ok:0 fail:1\")")

static eff_t *all_of_a_list(struct world *w)
{
    eff_t *const list[] = { one(1), failing(2) };
    return eff_zip(as_words(eff_all_par_exits_list(2, list)), eff_all_par_exits_list(0, NULL));
}
CASE(all_par_exits_takes_a_list, all_of_a_list, .succeeds = "(\"ok:1 fail:2\", [])")

static eff_t *never_ends(eff_value_t item, eff_value_t env)
{
    return eff_as_int(item) == 0 ? one(0) : eff_never();
}
START_TEST(a_deadlock_is_no_exit)
{
    ck_assert_dies(eff_for_each_par_exits(eff_range(0, 2), never_ends, eff_unit, 0), "deadlock");
}
END_TEST

START_TEST(mistakes_of_exits_name_them)
{
    eff_value_t none = { .type = NULL, .integer = 0 };
    ck_assert_dies(eff_for_each_par_exits(eff_range(0, 1), NULL, eff_printf("x"), 0),
                   "the callback of eff_for_each_par_exits is NULL");
    ck_assert_dies(eff_for_each_par_exits(eff_int(1), holds_item, eff_printf("x"), 0), "eff_for_each_par_exits wants");
    ck_assert_dies(eff_for_each_par_exits(eff_range(0, 1), holds_item, none, 0),
                   "eff_for_each_par_exits was given an absent value");
    ck_assert_dies(eff_for_each_par_exits(eff_range(0, 1), holds_item, eff_oom_value(), 0), "out of memory");
    ck_assert_dies(eff_all_par_exits(one(1), NULL), "argument 2 of eff_all_par_exits is NULL");
    ck_assert_dies(eff_all_par_exits(one(1), eff_out_of_memory()), "out of memory");
    ck_assert_dies(eff_all_par_exits_list(2, NULL), "the list of eff_all_par_exits is NULL");
}
END_TEST

static eff_t *null_item(eff_value_t item, eff_value_t env)
{
    return NULL;
}
static eff_t *exit_of_a_mistake(struct world *w)
{
    return as_words(eff_for_each_par_exits(eff_range(0, 2), null_item, eff_unit, 0));
}
CASE(a_callback_that_returns_NULL_is_a_defect_of_its_item, exit_of_a_mistake, .succeeds = "die die")

/* ---- failures to a handler */

static eff_t *say_cause(const eff_cause_t *cause, eff_value_t env)
{
    eff_exit_t exit = { .ok = false, .cause = (eff_cause_t *)(uintptr_t)cause };
    journal_add(the_world(env), word_of(&exit));
    return eff_noop();
}
static eff_t *tolerant(struct world *w)
{
    return eff_for_each_par_tolerant(eff_range(0, 7), of_every_sort, say_cause, eff_ptr(w), 0);
}
CASE(every_failure_is_told_and_the_loop_goes_on, tolerant, .succeeds = "unit",
     .journal = "then(interrupt,fail:4) interrupt die fail:1", .timed = true, .ms = 100)

static eff_t *number_or_fail(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    return i % 2 ? failing(i) : say(the_world(env), "even");
}
static eff_t *tolerant_at_once(struct world *w)
{
    return eff_for_each_par_tolerant(eff_range(0, 5), number_or_fail, say_cause, eff_ptr(w), 1);
}
CASE(items_that_fail_at_once_are_told_in_order, tolerant_at_once, .succeeds = "unit",
     .journal = "even fail:1 even fail:3 even")

static eff_t *tolerant_nothing(struct world *w)
{
    return eff_for_each_par_tolerant(eff_range(0, 0), number_or_fail, say_cause, eff_ptr(w), 3);
}
CASE(no_items_have_no_failures, tolerant_nothing, .succeeds = "unit", .journal = "")

/* Telling takes 50 ms, as one of two at once. */
static eff_t *tell_slowly(const eff_cause_t *cause, eff_value_t env)
{
    eff_value_t error;
    bool first = eff_cause_failure(cause, &error) && eff_as_int(error) == 0;
    return after(50, say_time(the_world(env), first ? "told-0" : "told"));
}
static eff_t *fails_after_10(eff_value_t item, eff_value_t env)
{
    return after(10, eff_fail(eff_value_incref(item)));
}
static eff_t *told_slowly(struct world *w)
{
    return eff_for_each_par_tolerant(eff_range(0, 4), fails_after_10, tell_slowly, eff_ptr(w), 2);
}
CASE(a_handler_is_one_of_those_that_run_at_once, told_slowly, .succeeds = "unit",
     .journal = "told-0@60 told@60 told@120 told@120", .timed = true, .ms = 120)

/* The cause is there until the handler's effect has ended. */
static eff_value_t say_cause_late(eff_value_t env)
{
    eff_exit_t exit = { .ok = false, .cause = eff_as_ptr(eff_second(env)) };
    journal_add(the_world(eff_first(env)), word_of(&exit));
    return eff_unit;
}
static eff_t *keep_cause(const eff_cause_t *cause, eff_value_t env)
{
    return after(20, eff_sync(say_cause_late, eff_pair(env, eff_ptr((void *)(uintptr_t)cause))));
}
static eff_t *cause_lives(struct world *w)
{
    return eff_for_each_par_tolerant(eff_range(1, 3), fails_after_10, keep_cause, eff_ptr(w), 0);
}
CASE(the_cause_lives_until_it_is_told, cause_lives, .succeeds = "unit", .journal = "fail:1 fail:2")

/* ---- a handler that fails */

static eff_t *give_up(const eff_cause_t *cause, eff_value_t env)
{
    return ++the_world(env)->n[0] == 2 ? failing(99) : say(the_world(env), "told");
}
static eff_t *waits_or_fails(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    if (i % 2) return after(10 * i, failing(i));
    return when_interrupted(eff_never(), say(the_world(env), "interrupted"));
}
static eff_t *stops(struct world *w)
{
    return eff_for_each_par_tolerant(eff_range(0, 9), waits_or_fails, give_up, eff_ptr(w), 4);
}
CASE(a_handler_that_fails_ends_the_loop, stops, .fails = "99", .journal = "told interrupted interrupted interrupted",
     .timed = true, .ms = 30)

static eff_t *dying_handler(const eff_cause_t *cause, eff_value_t env)
{
    return dying();
}
static eff_t *handler_dies(struct world *w)
{
    return eff_for_each_par_tolerant(eff_range(0, 9), fails_after_10, dying_handler, eff_unit, 1);
}
CASE(a_handler_that_dies_ends_the_loop, handler_dies, .dies = "boom", .timed = true, .ms = 10)

static eff_t *null_handler(const eff_cause_t *cause, eff_value_t env)
{
    return NULL;
}
static eff_t *mistaken_handler(const eff_cause_t *cause, eff_value_t env)
{
    return one(eff_as_int(eff_literal("x")));
}
START_TEST(mistakes_of_tolerant_loops_name_them)
{
    eff_value_t none = { .type = NULL, .integer = 0 };
    ck_assert_dies(eff_for_each_par_tolerant(eff_range(0, 1), NULL, say_cause, eff_printf("x"), 0),
                   "argument 2 of eff_for_each_par_tolerant, `f`, is NULL");
    ck_assert_dies(eff_for_each_par_tolerant(eff_range(0, 1), fails_after_10, NULL, eff_printf("x"), 0),
                   "argument 3 of eff_for_each_par_tolerant, `on_failure`, is NULL");
    ck_assert_dies(eff_for_each_par_tolerant(eff_int(1), fails_after_10, say_cause, eff_printf("x"), 0),
                   "eff_for_each_par_tolerant wants an array");
    ck_assert_dies(eff_for_each_par_tolerant(eff_range(0, 1), fails_after_10, say_cause, none, 0),
                   "eff_for_each_par_tolerant was given an absent value");
    ck_assert_dies(eff_for_each_par_tolerant(eff_oom_value(), fails_after_10, say_cause, eff_unit, 0), "out of memory");
    ck_assert_dies(eff_for_each_par_tolerant(eff_range(0, 1), fails_after_10, null_handler, eff_unit, 0),
                   "the `on_failure` of eff_for_each_par_tolerant returned NULL");
    ck_assert_dies(eff_for_each_par_tolerant(eff_range(0, 1), fails_after_10, mistaken_handler, eff_unit, 0),
                   "read a value of type string as int");
}
END_TEST

static eff_t *tolerates_mistakes(struct world *w)
{
    return eff_for_each_par_tolerant(eff_range(0, 2), null_item, say_cause, eff_ptr(w), 0);
}
CASE(a_mistake_in_an_item_is_told, tolerates_mistakes, .succeeds = "unit", .journal = "die die")

/* ---- what a tolerant loop does not put up with */

static eff_t *tolerant_source(struct world *w)
{
    eff_value_t items = eff_pull(eff_suspend(read_two, eff_ptr(w)));
    return eff_for_each_par_tolerant(items, fails_after_10, say_cause, eff_ptr(w), 1);
}
CASE(a_failure_of_the_source_ends_a_tolerant_loop, tolerant_source, .fails = "7", .journal = "fail:0 fail:1")

START_TEST(a_deadlock_ends_a_tolerant_loop)
{
    struct world w = { .journal = "" };
    ck_assert_dies(eff_for_each_par_tolerant(eff_range(0, 2), never_ends, say_cause, eff_ptr(&w), 0), "deadlock");
    ck_assert_journal(&w, "");
}
END_TEST

static eff_t *tolerant_interrupted(struct world *w)
{
    eff_t *loop = eff_for_each_par_tolerant(eff_range(0, 3), holds_item, say_cause, eff_ptr(w), 0);
    return in_order(keep(w, 0, eff_fork(loop)), ms(5), say_interrupt(w, 0));
}
CASE(interrupting_a_tolerant_loop_interrupts_all_that_run, tolerant_interrupted, .succeeds = "unit",
     .journal = "fail:0 a+ a+ a- a- interrupt")

static eff_t *holds_in_handler(const eff_cause_t *cause, eff_value_t env)
{
    return holds(the_world(env), "h");
}
static eff_t *handler_interrupted(struct world *w)
{
    eff_t *loop = eff_for_each_par_tolerant(eff_range(0, 2), fails_after_10, holds_in_handler, eff_ptr(w), 0);
    return in_order(keep(w, 0, eff_fork(loop)), ms(20), say_interrupt(w, 0));
}
CASE(interrupting_a_tolerant_loop_interrupts_its_handlers, handler_interrupted, .succeeds = "unit",
     .journal = "h+ h+ h- h- interrupt")

/* ---- over items that are pulled */

struct counter {
    int64_t at, end;
};
EFF_STATIC_TYPE(counter, struct counter);
static eff_value_t start_counting(eff_value_t end)
{
    return counter_make((struct counter){ 0, eff_as_int(end) });
}
static bool next_number(eff_value_t state, eff_value_t *ret_item)
{
    struct counter *c = counter_of(state);
    if (c->at == c->end) return false;
    *ret_item = eff_int(c->at++);
    return true;
}
static eff_value_t numbers(int64_t n)
{
    return eff_iterator(start_counting, next_number, eff_int(n));
}
static eff_t *tolerant_pulled(struct world *w)
{
    return eff_for_each_par_tolerant(numbers(7), of_every_sort, say_cause, eff_ptr(w), 3);
}
CASE(failures_of_pulled_items_are_told, tolerant_pulled, .succeeds = "unit",
     .journal = "die fail:1 interrupt then(interrupt,fail:4)")

static long most_live; /* blocks at once, as handlers see it */
static eff_t *look_at_blocks(const eff_cause_t *cause, eff_value_t env)
{
    if (blocks_live > most_live) most_live = blocks_live;
    return eff_yield_now();
}
static eff_t *fails_later(eff_value_t item, eff_value_t env)
{
    return yields(eff_fail(eff_printf("item %d", (int)eff_as_int(item))));
}
static long most_live_with(eff_value_t items)
{
    most_live = 0;
    ck_assert_succeeds(eff_for_each_par_tolerant(items, fails_later, look_at_blocks, eff_unit, 4), "unit");
    return most_live;
}
START_TEST(the_memory_of_a_tolerant_loop_does_not_grow_with_its_failures)
{
    long of_few = most_live_with(numbers(1000));
    ck_assert_int_eq(most_live_with(numbers(20000)), of_few);
    of_few = most_live_with(eff_range(0, 1000));
    ck_assert_int_eq(most_live_with(eff_range(0, 20000)), of_few);
}
END_TEST

/* Somebody holds a handle of every item's fiber: it ends as the item did, and the handler runs in another. */
static eff_t *known_item(eff_value_t item, eff_value_t env);
static eff_t *with_handle(eff_value_t fiber, eff_value_t env)
{
    struct world *w = the_world(env);
    if (w->n[3] < 8) w->fibers[w->n[3]++] = eff_fiber_incref(eff_as_fiber(fiber));
    return w->n[3] % 2 ? yields(failing(w->n[3])) : eff_noop();
}
static eff_t *known_item(eff_value_t item, eff_value_t env)
{
    return eff_flat_map(eff_fiber_self(), with_handle, env);
}
static eff_t *known_fibers(struct world *w)
{
    eff_t *counted = eff_for_each_par_tolerant(eff_range(0, 4), known_item, say_cause, eff_ptr(w), 1);
    eff_t *pulled = eff_for_each_par_tolerant(numbers(4), known_item, say_cause, eff_ptr(w), 2);
    eff_t *said = in_order(say(w, "|"), say_await(w, 0), say_await(w, 1), say_await(w, 2), say_await(w, 3));
    return in_order(counted, pulled, said);
}
CASE(a_handle_of_an_items_fiber_shows_its_own_end, known_fibers, .succeeds = "unit",
     .journal = "fail:1 fail:3 fail:5 fail:7 | fail:1 ok:unit fail:3 ok:unit")

START_TEST(descriptions_show_these_loops)
{
    struct {
        eff_t *e;
        const char *shown;
    } loops[] = {
        { eff_for_each_par_exits(eff_range(0, 2), null_item, eff_unit, 3), "for_each_par_exits null_item" },
        { eff_all_par_exits(one(1), one(2)), "all_par_exits" },
        { eff_for_each_par_tolerant(eff_range(0, 2), null_item, say_cause, eff_unit, 3),
          "for_each_par_tolerant 0..2, 3 at once null_item" },
    };
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) {
        eff_buffer_t text = EFF_BUFFER_INIT;
        eff_describe(loops[i].e, &text);
        ck_assert_msg(strstr(eff_buffer_text(&text), loops[i].shown), "%s", eff_buffer_text(&text));
        eff_buffer_done(&text);
        eff_decref(loops[i].e);
    }
}
END_TEST

TESTS(every_items_exit_stands_in_its_place, exits_are_the_same_with_any_number_at_once, one_at_a_time_gives_exits_too,
      no_items_give_no_exits, interrupting_the_caller_interrupts_all_that_run,
      an_item_that_timed_out_is_a_success_in_its_place, a_failure_of_the_source_is_no_exit,
      all_par_exits_gives_the_exits_of_its_arguments, all_par_exits_can_be_run_again, all_par_exits_takes_a_list,
      a_deadlock_is_no_exit, mistakes_of_exits_name_them, a_callback_that_returns_NULL_is_a_defect_of_its_item,
      every_failure_is_told_and_the_loop_goes_on, items_that_fail_at_once_are_told_in_order, no_items_have_no_failures,
      a_handler_is_one_of_those_that_run_at_once, the_cause_lives_until_it_is_told, a_handler_that_fails_ends_the_loop,
      a_handler_that_dies_ends_the_loop, mistakes_of_tolerant_loops_name_them, a_mistake_in_an_item_is_told,
      a_failure_of_the_source_ends_a_tolerant_loop, a_deadlock_ends_a_tolerant_loop,
      interrupting_a_tolerant_loop_interrupts_all_that_run, interrupting_a_tolerant_loop_interrupts_its_handlers,
      failures_of_pulled_items_are_told, the_memory_of_a_tolerant_loop_does_not_grow_with_its_failures,
      a_handle_of_an_items_fiber_shows_its_own_end, descriptions_show_these_loops)
