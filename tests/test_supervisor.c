/* Supervisors: told of every fiber once at its start and once at its end. */
#include <effect/supervisor.h>

#include "support/fibers.h"
#include "testing/test.h"

static struct world *told; /* whose journal the supervisors write to */

static void say_start(const eff_fiber_t *fiber, const eff_fiber_t *parent, void *arg)
{
    char word[64];
    snprintf(word, sizeof word, "%s+%llu", (const char *)arg, (unsigned long long)eff_fiber_id(fiber));
    journal_add(told, word);
}
static void say_end(const eff_fiber_t *fiber, const eff_exit_t *exit, void *arg)
{
    char word[64];
    snprintf(word, sizeof word, "%s-%llu:%s", (const char *)arg, (unsigned long long)eff_fiber_id(fiber),
             word_of(exit));
    journal_add(told, word);
}
static const eff_supervisor_t outer = { .on_start = say_start, .on_end = say_end, .arg = (void *)(uintptr_t) "s" };
static const eff_supervisor_t inner = { .on_start = say_start, .arg = (void *)(uintptr_t) "i" };

static eff_t *supervise(struct world *w, eff_t *e)
{
    told = w;
    return eff_supervised(e, &outer);
}

static eff_t *start_before_first(struct world *w)
{
    eff_t *child = eff_then(say(w, "child"), one(1));
    eff_t *waiter = in_order(keep(w, 0, eff_fork(child)), with_fiber(w, 0, join), say(w, "joined"));
    return supervise(w, waiter);
}
/* B23, FORK-061 */
/* FORK-061 */
CASE(FORK_061_B23_start_comes_before_the_first_instruction_and_end_before_who_waits, start_before_first,
     .succeeds = "unit", .journal = "s+2 child s-2:ok:1 joined")

static eff_t *exits(struct world *w)
{
    eff_t *forks = eff_fork_all(failing(1), dying(), eff_interrupt_self());
    return supervise(w, eff_then(forks, ms(1)));
}
/* FORK-061 */
CASE(FORK_061_every_end_has_its_exit, exits, .succeeds = "unit",
     .journal = "s+2 s+3 s+4 s-2:fail:1 s-3:die s-4:interrupt", .without = NO_SHUFFLES)

static eff_t *never_started(struct world *w)
{
    return supervise(w, eff_then(eff_scoped(eff_fork(eff_never())), eff_noop()));
}
CASE(a_fiber_ended_before_its_first_turn_has_a_start_and_an_end, never_started, .succeeds = "unit",
     .journal = "s+2 s-2:interrupt")

static eff_t *all_kinds(struct world *w)
{
    eff_t *sides = eff_zip_par(eff_noop(), eff_noop());
    eff_t *scoped = eff_scoped(eff_then(keep(w, 0, eff_fork_scoped(eff_noop())), with_fiber(w, 0, join)));
    eff_t *daemon = eff_then(keep(w, 1, eff_fork_daemon(eff_noop())), with_fiber(w, 1, join));
    return supervise(w, in_order(sides, scoped, daemon, say(w, "end")));
}
CASE(sides_and_scoped_fibers_are_told_of_and_daemons_not, all_kinds, .succeeds = "unit",
     .journal = "s+2 s-2:ok:unit s+3 s-3:ok:unit s+4 s-4:ok:unit end")

static eff_t *item(eff_value_t v, eff_value_t env)
{
    return eff_as_int(v) == 2 ? failing(2) : eff_succeed(v);
}
static eff_t *items(struct world *w)
{
    return supervise(w, eff_then(eff_partition_par(eff_range(1, 4), item, eff_unit, 1), eff_noop()));
}
CASE(every_item_has_a_start_and_an_end_of_its_own, items, .succeeds = "unit",
     .journal = "s+2 s-2:ok:1 s+3 s-3:fail:2 s+4 s-4:ok:3")

static eff_t *nested(struct world *w)
{
    eff_t *in = eff_supervised(eff_zip_par(eff_noop(), eff_noop()), &inner);
    return supervise(w, in_order(in, eff_zip_par(eff_noop(), eff_noop()), eff_noop()));
}
CASE(of_nested_supervisors_the_outer_one_is_told_first, nested, .succeeds = "unit",
     .journal = "s+2 i+2 s-2:ok:unit s+3 i+3 s-3:ok:unit s+4 s-4:ok:unit s+5 s-5:ok:unit")

static eff_t *no_supervisor(struct world *w)
{
    return eff_supervised(eff_noop(), NULL);
}
CASE(no_supervisor_is_a_mistake, no_supervisor, .dies = "argument 2 of eff_supervised is NULL")

START_TEST(the_runtimes_supervisor_is_told_of_all)
{
    struct world w = { .acquired = 0 };
    told = &w;
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .supervisor = &outer });
    eff_exit_t exit = eff_runtime_run(rt, eff_then(eff_fork_daemon(eff_noop()), eff_yield_now()));
    ck_assert(exit.ok);
    eff_exit_decref(exit);
    eff_runtime_free(rt);
    ck_assert_str_eq(w.journal, "s+1 s+2 s-2:ok:unit s-1:ok:unit");
}
END_TEST

TESTS(FORK_061_B23_start_comes_before_the_first_instruction_and_end_before_who_waits, FORK_061_every_end_has_its_exit,
      a_fiber_ended_before_its_first_turn_has_a_start_and_an_end, sides_and_scoped_fibers_are_told_of_and_daemons_not,
      every_item_has_a_start_and_an_end_of_its_own, of_nested_supervisors_the_outer_one_is_told_first,
      no_supervisor_is_a_mistake, the_runtimes_supervisor_is_told_of_all)
