/* Pulls as items: an effect that gives the next one. */
#include "support/items.h"

/* ---- mistakes */

static eff_t *make_null_pull(eff_value_t env)
{
    return eff_for_each(eff_pull(NULL), itself, eff_unit);
}
static eff_t *null_pull(struct world *w)
{
    return eff_suspend(make_null_pull, eff_unit);
}
CASE(a_pull_of_null_is_a_mistake, null_pull, .dies = "eff_pull was given NULL")

/* ---- pulls */

/* some("p0"), some("p1") ... after 10 ms each, as long as n[2] is below n[3]. */
static eff_t *read_one(eff_value_t env)
{
    struct world *w = the_world(env);
    if (w->n[2] == w->n[3]) return after(10, eff_succeed(eff_none()));
    eff_value_t item = eff_printf("p%d", (int)w->n[2]++);
    return after(10, eff_succeed(eff_some(item)));
}
static eff_value_t reads(struct world *w, int64_t n)
{
    w->n[3] = n;
    return eff_pull(eff_suspend(read_one, eff_ptr(w)));
}

static eff_t *pull_three(struct world *w)
{
    return eff_for_each(reads(w, 3), push, eff_ptr(w));
}
CASE(for_each_over_a_pull_runs_it_for_each_item, pull_three, .succeeds = "[\"p0\", \"p1\", \"p2\"]",
     .journal = "p0 p1 p2", .timed = true, .ms = 40)

static eff_t *pull_three_par(struct world *w)
{
    return eff_for_each_par(reads(w, 3), push_after_100, eff_ptr(w), 2);
}
/* Item 2 is pulled when item 0 has ended: at 110, and has come at 120. */
CASE(for_each_par_over_a_pull_pulls_while_it_works, pull_three_par, .succeeds = "[\"p0\", \"p1\", \"p2\"]",
     .journal = "p0 p1 p2", .timed = true, .ms = 220)

/* Whoever pulls says so: "<" as it begins, ">" as it ends. */
static eff_t *bracketed_read(struct world *w)
{
    eff_t *said = eff_then(say(w, "<"), eff_suspend(read_one, eff_ptr(w)));
    return eff_for_each_par(eff_pull(eff_flat_map(said, push, eff_ptr(w))), push_after_100, eff_ptr(w), 0);
}
static eff_t *pull_one_at_a_time(struct world *w)
{
    w->n[3] = 3;
    return bracketed_read(w);
}
CASE(pulls_are_one_at_a_time_also_without_a_limit, pull_one_at_a_time, .succeeds = "[\"p0\", \"p1\", \"p2\"]",
     .journal = "< some(\"p0\") < some(\"p1\") < some(\"p2\") < none p0 p1 p2", .timed = true, .ms = 130)

static eff_t *failing_read(eff_value_t env)
{
    struct world *w = the_world(env);
    return w->n[2] == 2 ? failing(7) : read_one(env);
}
static eff_t *pull_fails(struct world *w)
{
    w->n[3] = 9;
    return eff_for_each(eff_pull(eff_suspend(failing_read, eff_ptr(w))), push, eff_ptr(w));
}
CASE(a_failing_pull_fails_the_loop, pull_fails, .fails = "7", .journal = "p0 p1")

static eff_t *pull_fails_par(struct world *w)
{
    w->n[3] = 9;
    return eff_for_each_par(eff_pull(eff_suspend(failing_read, eff_ptr(w))), push_after_100, eff_ptr(w), 4);
}
CASE(a_failing_pull_interrupts_the_items_at_work, pull_fails_par, .fails = "7", .journal = "", .timed = true, .ms = 20)

/* The first item fails at the same time as the pull of the third: the item's failure stands first. */
static eff_t *fails_after_10(eff_value_t item, eff_value_t env)
{
    return after(20, eff_fail(eff_value_incref(item)));
}
static eff_t *failing_late(eff_value_t env)
{
    struct world *w = the_world(env);
    return w->n[2] == 2 ? after(10, failing(7)) : read_one(env);
}
static eff_t *both_fail(struct world *w)
{
    w->n[3] = 9;
    return eff_for_each_par_discard(eff_pull(eff_suspend(failing_late, eff_ptr(w))), fails_after_10, eff_unit, 4);
}
CASE(a_pull_that_fails_counts_as_the_next_item, both_fail, .cause = "both(fail(p0), fail(7))",
     .without = NO_SHUFFLES) /* shuffled, they are not simultaneous */

static eff_t *wrong_pull(struct world *w)
{
    return eff_for_each(eff_pull(eff_succeed(eff_printf("%s", "x"))), itself, eff_unit);
}
CASE(a_pull_that_gives_no_option_is_a_defect, wrong_pull,
     .dies = "a pull must succeed with some(item), or none at the end, not with a value of type string")

static eff_t *wrong_pull_par(struct world *w)
{
    return eff_for_each_par(eff_pull(eff_succeed(eff_printf("%s", "x"))), itself, eff_unit, 2);
}
CASE(a_parallel_pull_that_gives_no_option_is_a_defect, wrong_pull_par, .dies = "a pull must succeed with some(item)")

static eff_t *pull_waits(struct world *w)
{
    eff_t *loop = eff_for_each_par_discard(eff_pull(holds(w, "a")), itself, eff_unit, 3);
    return in_order(keep(w, 0, eff_fork(loop)), ms(5), say_interrupt(w, 0));
}
CASE(a_waiting_pull_is_interrupted_with_its_loop, pull_waits, .succeeds = "unit", .journal = "a+ a- interrupt")

/* The source is opened before the loop and closed behind it, however that ends. */
static eff_t *read_all(eff_value_t resource, eff_value_t env)
{
    return eff_for_each_par(eff_pull(eff_suspend(read_one, env)), push, eff_value_incref(env), 2);
}
static eff_t *source_with_a_resource(struct world *w)
{
    w->n[3] = 3;
    return eff_acquire_use_release(acquire(w, "file"), read_all, release, eff_ptr(w));
}
CASE(a_source_is_closed_behind_its_loop, source_with_a_resource, .succeeds = "[\"p0\", \"p1\", \"p2\"]",
     .journal = "file+ p0 p1 p2 file-")

/* ---- whatever else shapes the order */

static eff_t *partition_failing_pull(struct world *w)
{
    w->n[3] = 9;
    return eff_partition_par(eff_pull(eff_suspend(failing_read, eff_ptr(w))), push_after_100, eff_ptr(w), 4);
}
CASE(a_failing_pull_is_no_item_to_collect, partition_failing_pull, .fails = "7", .journal = "", .timed = true, .ms = 20)

TESTS(a_pull_of_null_is_a_mistake, for_each_over_a_pull_runs_it_for_each_item,
      for_each_par_over_a_pull_pulls_while_it_works, pulls_are_one_at_a_time_also_without_a_limit,
      a_failing_pull_fails_the_loop, a_failing_pull_interrupts_the_items_at_work,
      a_pull_that_fails_counts_as_the_next_item, a_pull_that_gives_no_option_is_a_defect,
      a_parallel_pull_that_gives_no_option_is_a_defect, a_waiting_pull_is_interrupted_with_its_loop,
      a_source_is_closed_behind_its_loop, a_failing_pull_is_no_item_to_collect)
