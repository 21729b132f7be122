/* Deadlock as a result: the report. */
#include <effect/async.h>
#include <event2/event.h>
#include <stdio.h>

#include "support/fibers.h"

/* ---- the report */

static eff_t *join_at(eff_fiber_t *fiber)
{
    return eff_fiber_join_at("main (a.c:3)", fiber);
}
static eff_t *two_stuck(struct world *w)
{
    eff_t *child = eff_deferred_await_at("work (a.c:2)", latch(w, 0));
    return eff_then(keep(w, 0, eff_fork_at("main (a.c:1)", child)), with_fiber(w, 0, join_at));
}
static void names_both(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    eff_buffer_t text = EFF_BUFFER_INIT;
    ck_assert(!exit->ok);
    eff_cause_format(exit->cause, &text);
    const char *report = eff_buffer_text(&text);
    const char *head = "defect: deadlock: these fibers wait, and nothing that could wake one of them will happen\n";
    ck_assert_ptr_eq(strstr(report, head), report);
    ck_assert_ptr_nonnull(
        strstr(report, "note: fiber 2 (forked at main (a.c:1)) waits for a deferred at work (a.c:2)"));
    ck_assert_ptr_nonnull(strstr(report, "note: fiber 1 (main) waits to join fiber 2 at main (a.c:3)"));
    eff_buffer_done(&text);
}
CASE(the_report_names_every_fiber_what_it_waits_for_and_where, two_stuck, .dies = "deadlock: ", .check = names_both)

static size_t n_notes_of(const eff_exit_t *exit)
{
    ck_assert(!exit->ok && eff_cause_tag(exit->cause) == EFF_CAUSE_DIE);
    return eff_cause_n_notes(exit->cause);
}
static eff_t *different_waits(struct world *w)
{
    w->queue = eff_queue_bounded(1);
    eff_t *forks = in_order(eff_fork(eff_queue_take(w->queue)), eff_fork(eff_never()), eff_fork(await_latch(w, 0)));
    return in_order(forks, eff_yield_now(), eff_scoped(eff_never()));
}
static void four_notes(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    static const char *const waits[] = { "for an item of a queue", "for nothing: eff_never", "for a deferred" };
    ck_assert_uint_eq(n_notes_of(exit), 4);
    for (size_t i = 0; i < 3; i++) {
        bool found = false;
        for (size_t k = 0; k < 4 && !found; k++)
            found = strstr(eff_as_string(eff_cause_note_at(exit->cause, k, NULL)), waits[i]) != NULL;
        ck_assert_msg(found, "no note says \"%s\"", waits[i]);
    }
}
CASE(every_kind_of_wait_has_its_words, different_waits, .check = four_notes)

/* Whether note i of the report is this text. */
static void assert_note(const eff_exit_t *exit, size_t i, const char *text)
{
    ck_assert(!exit->ok);
    ck_assert_str_eq(eff_as_string(eff_cause_note_at(exit->cause, i, NULL)), text);
}
static eff_t *friend_of(struct world *w, int self, int other)
{
    return keep(w, self, eff_fork_at("b.c:1", eff_then(eff_yield_now(), with_fiber(w, other, join_at))));
}
static eff_t *circle(struct world *w)
{
    return in_order(friend_of(w, 0, 1), friend_of(w, 1, 0), eff_yield_now(), with_fiber(w, 0, join_at));
}
static void circle_is_named(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert_uint_eq(n_notes_of(exit), 4);
    assert_note(exit, 0, "2 fibers wait for each other:");
    assert_note(exit, 1, "  fiber 2 (forked at b.c:1) waits to join fiber 3 at main (a.c:3)");
    assert_note(exit, 2, "  fiber 3 (forked at b.c:1) waits to join fiber 2 at main (a.c:3)");
    assert_note(exit, 3, "fiber 1 (main) waits to join fiber 2 at main (a.c:3)");
}
CASE(fibers_that_join_each_other_are_named_as_a_circle, circle, .dies = "deadlock: ", .check = circle_is_named)

static eff_t *joins_its_caller(struct world *w)
{
    eff_t *sides = eff_zip_par_at("b.c:2", with_fiber(w, 0, join_at), eff_never());
    return in_order(keep(w, 0, eff_fork_at("b.c:1", eff_then(eff_yield_now(), sides))), with_fiber(w, 0, join_at));
}
static void side_and_caller_are_named(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_note(exit, 0, "2 fibers wait for each other:");
    assert_note(exit, 1, "  fiber 2 (forked at b.c:1) waits for its parallel sides (among them fiber 3) at b.c:2");
    assert_note(exit, 2, "  fiber 3 (forked at b.c:2) waits to join fiber 2 at main (a.c:3)");
}
CASE(a_side_that_joins_its_caller_is_named_as_a_circle, joins_its_caller,
     .dies = "deadlock: ", .check = side_and_caller_are_named)

/* Fiber 3 joins fiber 2, which waits for two sides: they have nothing to do with fiber 3, though fiber 2 forked it. */
static eff_t *joins_parent(struct world *w)
{
    eff_t *child = eff_fork_at("b.c:3", eff_then(eff_yield_now(), with_fiber(w, 0, join_at)));
    eff_t *parent = in_order(eff_yield_now(), child, eff_zip_par_at("b.c:2", eff_never(), eff_never()));
    return in_order(keep(w, 0, eff_fork_at("b.c:1", parent)), with_fiber(w, 0, join_at));
}
static void no_circle(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert(!exit->ok);
    for (size_t i = 0; i < eff_cause_n_notes(exit->cause); i++)
        ck_assert_ptr_null(strstr(eff_as_string(eff_cause_note_at(exit->cause, i, NULL)), "circle"));
}
CASE(who_waits_for_its_sides_does_not_wait_for_those_it_forked, joins_parent, .dies = "deadlock: ", .check = no_circle)

/* Fiber 2 is at its end, and waits for fiber 3, which it forked. */
static eff_t *joins_ending_parent(struct world *w)
{
    eff_t *child = eff_uninterruptible(eff_then(open_latch(w, 1), with_fiber(w, 0, join_at)));
    eff_t *fork = eff_fork_at("b.c:3", child);
    eff_t *parent = in_order(eff_yield_now(), fork, eff_deferred_await_at("b.c:5", latch(w, 1)));
    return in_order(keep(w, 0, eff_fork_at("b.c:1", parent)), with_fiber(w, 0, join_at));
}
static void parent_and_child_are_named(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_note(exit, 0, "2 fibers wait for each other:");
    assert_note(exit, 1,
                "  fiber 2 (forked at b.c:1) waits for the fibers it forked to end (among them fiber 3) after b.c:5, "
                "masked");
}
CASE(a_child_that_joins_its_ending_parent_is_named_as_a_circle, joins_ending_parent,
     .dies = "deadlock: ", .check = parent_and_child_are_named)

/* Fibers 2 to n + 1, each of which joins the next, and the last the first. */
static eff_t *ring(struct world *w, int n)
{
    eff_t *e = eff_noop();
    for (int i = 0; i < n; i++) {
        eff_t *joins = eff_then(eff_yield_now(), with_fiber(w, (i + 1) % n, join_at));
        joins = eff_map_to_at(i % 2 ? "a.c:5" : "a.c:4", joins, eff_unit);
        e = eff_then(e, keep(w, i, eff_fork_at("b.c:1", joins)));
    }
    return e;
}
static eff_t *ring_of_six(struct world *w)
{
    return in_order(ring(w, 6), eff_yield_now(), eff_never());
}
static void six_in_order(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert_uint_eq(n_notes_of(exit), 14);
    assert_note(exit, 0, "6 fibers wait in a circle, each for the next, and the last for the first:");
    for (int i = 0; i < 6; i++) {
        char text[100];
        snprintf(text, sizeof text, "  fiber %d (forked at b.c:1) waits to join fiber %d at main (a.c:3)", i + 2,
                 (i + 1) % 6 + 2);
        assert_note(exit, 2 * (size_t)i + 1, text);
        assert_note(exit, 2 * (size_t)i + 2, i % 2 ? "      within a.c:5" : "      within a.c:4");
    }
    assert_note(exit, 13, "fiber 1 (main) waits for nothing: eff_never");
}
CASE(a_circle_is_told_in_order_from_the_lowest_id_on, ring_of_six, .dies = "deadlock: ", .check = six_in_order)

enum { LONG = 40 };
static eff_fiber_t *ring_fibers[LONG]; /* borrowed: none of them ends before the deadlock */
static eff_t *join_in_ring(eff_value_t env)
{
    return eff_fiber_join_at("a.c:3", ring_fibers[eff_as_int(env)]);
}
static eff_t *meet(eff_value_t fiber, eff_value_t env)
{
    ring_fibers[eff_as_int(env)] = eff_as_fiber(fiber);
    return eff_noop();
}
static eff_t *long_ring(struct world *w)
{
    (void)w;
    eff_t *e = eff_noop();
    for (int i = 0; i < LONG; i++) {
        eff_t *joins = eff_then(eff_yield_now(), eff_suspend(join_in_ring, eff_int((i + 1) % LONG)));
        e = eff_then(e, eff_flat_map(eff_fork_at("b.c:1", joins), meet, eff_int(i)));
    }
    return in_order(e, eff_yield_now(), eff_never());
}
static void forty_cut(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert_uint_le(n_notes_of(exit), 32);
    assert_note(exit, 0, "40 fibers wait in a circle, each for the next, and the last for the first:");
    bool found = false;
    for (size_t i = 1; i < n_notes_of(exit); i++) {
        const char *note = eff_as_string(eff_cause_note_at(exit->cause, i, NULL));
        if (strcmp(note, "  \xe2\x80\xa6 24 more \xe2\x80\xa6") != 0) continue;
        found = true;
        assert_note(exit, i + 1, "  fiber 34 (forked at b.c:1) waits to join fiber 35 at a.c:3");
    }
    ck_assert(found);
}
CASE(of_a_long_circle_both_ends_are_told, long_ring, .dies = "deadlock: ", .check = forty_cut,
     .without = NO_INTERRUPTS | NO_BUDGETS /* each joins what is forked later */ |
                NO_ALLOCATIONS) /* the same as with six fibers, and long */

static eff_t *two_rings(struct world *w)
{
    eff_t *self = keep(w, 2, eff_fork_at("b.c:2", eff_then(eff_yield_now(), with_fiber(w, 2, join_at))));
    return in_order(ring(w, 2), self, eff_yield_now(), eff_never());
}
static void both_told(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_note(exit, 0, "2 fibers wait for each other:");
    assert_note(exit, 5, "a fiber waits for itself:");
    assert_note(exit, 6, "  fiber 4 (forked at b.c:2) waits to join fiber 4 at main (a.c:3)");
    assert_note(exit, 7, "fiber 1 (main) waits for nothing: eff_never");
}
CASE(several_circles_are_told, two_rings, .dies = "deadlock: ", .check = both_told)

/* Fiber 2 is at its end and waits for its children, one of which waits for a fiber that joins fiber 2: a circle over a
 * join and over the end of a region. */
static eff_t *through_a_region(struct world *w)
{
    eff_t *grandchild = eff_uninterruptible(eff_then(open_latch(w, 1), with_fiber(w, 1, join_at)));
    eff_t *idle = eff_fork_at("b.c:4", eff_uninterruptible(await_latch(w, 2)));
    eff_t *forks = eff_then(idle, eff_fork_at("b.c:3", grandchild));
    eff_t *parent = in_order(eff_yield_now(), forks, eff_deferred_await_at("b.c:5", latch(w, 1)));
    eff_t *joiner = eff_then(eff_yield_now(), with_fiber(w, 0, join_at));
    return in_order(keep(w, 0, eff_fork_at("b.c:1", parent)), keep(w, 1, eff_fork_at("b.c:2", joiner)), eff_never());
}
static void three_told(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_note(exit, 0, "3 fibers wait in a circle, each for the next, and the last for the first:");
    assert_note(exit, 1,
                "  fiber 2 (forked at b.c:1) waits for the fibers it forked to end (among them fiber 5) after "
                "b.c:5, masked");
    assert_note(exit, 2,
                "  fiber 5 (forked at b.c:3) waits to join fiber 3 at main (a.c:3), masked, interrupted by fiber "
                "2 (region ended) at b.c:5");
    assert_note(exit, 3, "  fiber 3 (forked at b.c:2) waits to join fiber 2 at main (a.c:3)");
}
CASE(a_circle_goes_through_ends_of_regions, through_a_region, .dies = "deadlock: ", .check = three_told)

/* Fiber 2 keeps the set; fiber 3 is its member, and joins fiber 1, which waits for the set's members to end. */
static eff_t *join_main(eff_value_t env)
{
    (void)env;
    return eff_fiber_join_at("a.c:3", ring_fibers[0]);
}
static eff_t *waits_for_a_set(eff_value_t set, eff_value_t env)
{
    eff_t *member = eff_fiber_set_fork_at("b.c:1", eff_as_fiber_set(set), eff_suspend(join_main, eff_unit));
    (void)env;
    return eff_then(member, eff_fiber_set_await_empty_at("b.c:2", eff_as_fiber_set(set)));
}
static eff_t *through_a_set(struct world *w)
{
    (void)w;
    eff_t *set = eff_flat_map(eff_fiber_set_make(EFF_FIBERS_FAILURES), waits_for_a_set, eff_unit);
    return eff_then(eff_flat_map(eff_fiber_self(), meet, eff_int(0)), set);
}
static void set_told(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_note(exit, 0, "2 fibers wait for each other:");
    assert_note(exit, 1,
                "  fiber 1 (main) waits for the members to end of a fiber set of 1 (among them fiber 3) at b.c:2");
    assert_note(exit, 2, "  fiber 3 (forked at b.c:1) waits to join fiber 1 at a.c:3");
}
CASE(a_circle_goes_through_fiber_sets, through_a_set, .dies = "deadlock: ", .check = set_told)

/* Under a TestClock the report tells virtual time. */
static eff_t *waits_a_while(struct world *w)
{
    eff_t *child = eff_fork_at("b.c:1", eff_map_to_at("a.c:2", eff_deferred_await_at("a.c:1", latch(w, 0)), eff_unit));
    return in_order(child, ms(90000), eff_never());
}
static void time_told(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert_uint_eq(n_notes_of(exit), 3);
    assert_note(exit, 0, "fiber 1 (main) waits for nothing: eff_never");
    assert_note(exit, 1, "fiber 2 (forked at b.c:1) waits for a deferred at a.c:1, for 90 s");
    assert_note(exit, 2, "    within a.c:2");
}
CASE(the_report_tells_since_when_and_within_what, waits_a_while, .dies = "deadlock: ", .check = time_told)

static eff_t *closes_a_scope(struct world *w)
{
    eff_t *stuck = eff_uninterruptible(eff_then(open_latch(w, 1), eff_deferred_await_at("b.c:2", latch(w, 0))));
    return eff_scoped(in_order(eff_fork_scoped_at("b.c:1", stuck), await_latch(w, 1), one(1)));
}
static void closer_names_whom_it_waits_for(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    assert_note(exit, 0, "fiber 1 (main) waits to close a scope, for the end of fiber 2, masked");
}
CASE(who_closes_a_scope_tells_which_fiber_it_waits_for, closes_a_scope,
     .dies = "deadlock: ", .check = closer_names_whom_it_waits_for)

static eff_t *take_forked(struct world *w, int n)
{
    eff_t *e = eff_noop();
    for (int i = 0; i < n; i++)
        e = eff_then(e, eff_fork_at(i % 2 ? "b.c:1" : "b.c:2", eff_deferred_await_at("b.c:3", latch(w, 0))));
    return e;
}
static eff_t *many_alike(struct world *w)
{
    return eff_then(take_forked(w, 11), eff_never());
}
static void alike_share_a_note(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert_uint_eq(n_notes_of(exit), 3);
    assert_note(exit, 0, "fiber 1 (main) waits for nothing: eff_never");
    assert_note(exit, 1, "6 fibers (2, 4, 6 \xe2\x80\xa6 12), forked at b.c:2, wait for a deferred at b.c:3");
    assert_note(exit, 2, "5 fibers (3, 5, 7 \xe2\x80\xa6 11), forked at b.c:1, wait for a deferred at b.c:3");
}
CASE(many_fibers_that_are_alike_share_a_note, many_alike, .dies = "deadlock: ", .check = alike_share_a_note)

static eff_site_t different_site(int i)
{
    static const char letters[] = "0123456789012345678901234567890123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP";
    return &letters[i]; /* each as long as no other */
}
static eff_t *all_different(struct world *w)
{
    eff_t *e = eff_noop();
    (void)w;
    for (int i = 0; i < 40; i++)
        e = eff_then(e, eff_fork_at(different_site(i), eff_never()));
    return eff_then(e, eff_then(eff_yield_now(), eff_never()));
}
static void rest_is_counted(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert_uint_eq(n_notes_of(exit), 17);
    assert_note(exit, 16, "and 25 more, in other places");
}
CASE(of_many_kinds_of_fibers_the_rest_is_counted, all_different, .dies = "deadlock: ", .check = rest_is_counted)

/* Fiber 2 sleeps a while and ends: only who is stuck then is in the report. */
static eff_t *one_left(struct world *w)
{
    return eff_then(eff_fork(ms(5)), await_latch(w, 0));
}
static void one_note(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert_uint_eq(n_notes_of(exit), 1);
}
CASE(a_fiber_that_has_ended_is_not_in_the_report, one_left, .check = one_note, .ms = 5, .timed = true)

TESTS(who_waits_for_its_sides_does_not_wait_for_those_it_forked,
      a_child_that_joins_its_ending_parent_is_named_as_a_circle, who_closes_a_scope_tells_which_fiber_it_waits_for,
      the_report_names_every_fiber_what_it_waits_for_and_where, every_kind_of_wait_has_its_words,
      fibers_that_join_each_other_are_named_as_a_circle, a_side_that_joins_its_caller_is_named_as_a_circle,
      a_circle_is_told_in_order_from_the_lowest_id_on, of_a_long_circle_both_ends_are_told, several_circles_are_told,
      a_circle_goes_through_ends_of_regions, a_circle_goes_through_fiber_sets,
      the_report_tells_since_when_and_within_what, many_fibers_that_are_alike_share_a_note,
      of_many_kinds_of_fibers_the_rest_is_counted, a_fiber_that_has_ended_is_not_in_the_report)
