/* Parallel loops whose limit changes while they run, over pulls, iterators and queues. */
#include "support/limits.h"

/* ---- pulls: 30 ms each */

static eff_t *read_one(eff_value_t env)
{
    struct world *w = the_world(env);
    if (w->n[2] == w->n[3]) return after(30, eff_succeed(eff_none()));
    return after(30, eff_succeed(eff_some(eff_int(w->n[2]++))));
}
static eff_value_t reads(struct world *w, int64_t n)
{
    w->n[3] = n;
    return eff_pull(eff_suspend(read_one, eff_ptr(w)));
}
static eff_t *parked_body(eff_value_t limit, eff_value_t env)
{
    return eff_zip_par(loop_over(the_world(env), reads(the_world(env), 4), limit), set_after(70, limit, 1));
}
/* The third item comes at 90, when two others run, of which the later ends at 160. */
static eff_t *lowered_while_pulling(struct world *w)
{
    return with_limit(w, 3, parked_body);
}
CASE(an_item_that_was_being_pulled_waits_for_the_lowered_limit, lowered_while_pulling,
     .succeeds = "([0, 1, 2, 3], unit)", .journal = "0@30 1@60 2@160 3@290", .timed = true, .ms = 420)

static eff_t *raised_again_body(eff_value_t limit, eff_value_t env)
{
    eff_t *changes = in_order(set_after(70, limit, 1), set_after(50, limit, 3));
    return eff_zip_par(loop_over(the_world(env), reads(the_world(env), 4), limit), changes);
}
static eff_t *raised_while_one_waits(struct world *w)
{
    return with_limit(w, 3, raised_again_body);
}
CASE(an_item_that_waits_for_the_limit_begins_when_it_is_raised, raised_while_one_waits,
     .succeeds = "([0, 1, 2, 3], unit)", .journal = "0@30 1@60 2@120 3@160", .timed = true, .ms = 260)

/* While the item waits, another fails. */
static eff_t *second_fails(eff_value_t item, eff_value_t env)
{
    return eff_as_int(item) == 1 ? after(50, failing(1)) : takes_100(item, env);
}
static eff_t *parked_and_failing(eff_value_t limit, eff_value_t env)
{
    eff_value_t items = reads(the_world(env), 9);
    eff_t *loop = eff_for_each_par_limited_discard(items, second_fails, env, eff_as_limit(limit));
    return eff_zip_par(loop, in_order(set_after(70, limit, 1), eff_never()));
}
static eff_t *fails_while_one_waits(struct world *w)
{
    return with_limit(w, 3, parked_and_failing);
}
CASE(an_item_that_waits_for_the_limit_is_dropped_when_the_loop_fails, fails_while_one_waits, .fails = "1",
     .journal = "0@30", .timed = true, .ms = 110)

/* Both others fail at 110: fewer than the limit are left, and the item does not begin. */
static eff_t *fails_at_110(eff_value_t item, eff_value_t env)
{
    int64_t i = eff_as_int(item);
    return i < 2 ? after(i == 0 ? 80 : 50, failing(i)) : say(the_world(env), "late");
}
static eff_t *parked_and_failing_twice(eff_value_t limit, eff_value_t env)
{
    eff_value_t items = reads(the_world(env), 9);
    eff_t *loop = eff_for_each_par_limited_discard(items, fails_at_110, env, eff_as_limit(limit));
    return eff_zip_par(loop, in_order(set_after(70, limit, 1), eff_never()));
}
static eff_t *all_others_fail(struct world *w)
{
    return with_limit(w, 3, parked_and_failing_twice);
}
CASE(an_item_that_waits_for_the_limit_does_not_begin_when_all_others_fail, all_others_fail,
     .cause = "both(fail(0), fail(1))", .journal = "", .timed = true, .ms = 110,
     .without = NO_SHUFFLES) /* shuffled, they are not simultaneous */

static eff_t *parked_and_interrupted(eff_value_t limit, eff_value_t env)
{
    struct world *w = the_world(env);
    eff_t *loop = keep(w, 0, eff_fork(loop_over(w, reads(w, 9), limit)));
    return in_order(loop, set_after(70, limit, 1), ms(50), say_interrupt(w, 0));
}
static eff_t *interrupted_while_one_waits(struct world *w)
{
    return with_limit(w, 3, parked_and_interrupted);
}
CASE(an_item_that_waits_for_the_limit_is_dropped_when_the_loop_is_interrupted, interrupted_while_one_waits,
     .succeeds = "unit", .journal = "0@30 1@60 interrupt", .timed = true, .ms = 120)

/* ---- iterators */

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
static eff_t *iterating_body(eff_value_t limit, eff_value_t env)
{
    eff_value_t items = eff_iterator(start_counting, next_number, eff_int(7));
    eff_t *changes = in_order(set_after(50, limit, 3), set_after(100, limit, 1));
    return eff_zip_par(loop_over(the_world(env), items, limit), changes);
}
static eff_t *over_an_iterator(struct world *w)
{
    return with_limit(w, 1, iterating_body);
}
CASE(the_limit_of_a_loop_over_an_iterator_changes, over_an_iterator, .succeeds = "([0, 1, 2, 3, 4, 5, 6], unit)",
     .journal = "0@0 1@50 2@50 3@100 4@200 5@300 6@400", .timed = true, .ms = 500)

/* ---- queues */

static eff_t *offers(struct world *w, int64_t n, int64_t apart)
{
    eff_t *e = eff_noop();
    for (int64_t i = 0; i < n; i++)
        e = in_order(e, ms(apart), eff_queue_offer(w->queue, eff_int(i)));
    return eff_then(e, eff_queue_end(w->queue));
}
static eff_value_t queue_of(struct world *w)
{
    return eff_queue_value(eff_queue_incref(w->queue));
}
static eff_t *queue_body(eff_value_t limit, eff_value_t env)
{
    struct world *w = the_world(env);
    eff_t *changes = in_order(set_after(25, limit, 1), set_after(100, limit, 2));
    return eff_zip_par(loop_over(w, queue_of(w), limit), eff_zip_par(offers(w, 5, 10), changes));
}
/* Items 0 and 1 run from 10 and 20 on. Item 2 comes at 30 to the third fiber, and goes back; at 120 item 1 has ended. */
static eff_t *over_a_queue(struct world *w)
{
    w->queue = eff_queue_bounded(8);
    return with_limit(w, 3, queue_body);
}
CASE(an_item_of_a_queue_goes_back_when_the_limit_was_lowered, over_a_queue,
     .succeeds = "([0, 1, 2, 3, 4], (unit, unit))", .journal = "0@10 1@20 2@120 3@125 4@220", .timed = true, .ms = 320)

/* What goes back is for others to take. */
static eff_value_t say_taken(eff_value_t item, eff_value_t env)
{
    journal_add(the_world(env), eff_as_int(item) == 2 ? "taken" : "wrong");
    return eff_unit;
}
static eff_t *another_takes_body(eff_value_t limit, eff_value_t env)
{
    struct world *w = the_world(env);
    eff_t *taker = after(60, eff_map(eff_queue_take(w->queue), say_taken, env));
    eff_t *others = eff_zip_par(offers(w, 3, 10), eff_zip_par(set_after(25, limit, 1), taker));
    return eff_zip_par(loop_over(w, queue_of(w), limit), others);
}
static eff_t *another_takes(struct world *w)
{
    w->queue = eff_queue_bounded(8);
    return with_limit(w, 3, another_takes_body);
}
CASE(what_goes_back_to_the_queue_is_for_others, another_takes, .succeeds = "([0, 1], (unit, (unit, unit)))",
     .journal = "0@10 1@20 taken", .timed = true, .ms = 120)

TESTS(an_item_that_was_being_pulled_waits_for_the_lowered_limit,
      an_item_that_waits_for_the_limit_begins_when_it_is_raised,
      an_item_that_waits_for_the_limit_is_dropped_when_the_loop_fails,
      an_item_that_waits_for_the_limit_does_not_begin_when_all_others_fail,
      an_item_that_waits_for_the_limit_is_dropped_when_the_loop_is_interrupted,
      the_limit_of_a_loop_over_an_iterator_changes, an_item_of_a_queue_goes_back_when_the_limit_was_lowered,
      what_goes_back_to_the_queue_is_for_others)
