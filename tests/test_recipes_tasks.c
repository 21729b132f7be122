/* The recipes of docs/recipes.md for tasks with a life of their own, as golden cases: exact results at exact virtual
 * times. What stands before a case is what the page shows. */
#include "support/fibers.h"
#include "support/recipes.h"

/* ---- a scope with tasks: what copies a folder has a connection while it does */

static void disconnect(eff_value_t connection, const eff_exit_t *exit, eff_value_t name)
{
    release(connection, exit, eff_ptr(here));
}
static eff_t *copy_over(eff_value_t connection, eff_value_t name)
{
    return request(eff_as_string(name), 30);
}
static eff_t *copy(const char *name)
{
    return eff_acquire_use_release(acquire(here, "connection"), copy_over, disconnect, eff_literal(name));
}

/* ---- a task group */

static eff_t *fork_copies(eff_task_group_t *group, eff_value_t env)
{
    eff_t *e = eff_task_group_fork(group, copy("inbox"));
    e = eff_then(e, eff_task_group_fork(group, copy("archive")));
    return eff_map_to(e, eff_literal("copied")); /* when the tasks have ended */
}
static eff_t *copy_all(void)
{
    return eff_task_group(fork_copies, eff_unit);
}

static eff_t *scope_program(struct world *w)
{
    in(w);
    return eff_then(copy_all(), say_time(w, "end"));
}
/* A1 */
CASE(A1_tasks_belong_to_a_scope_which_ends_after_them, scope_program, .succeeds = "unit",
     .journal = "connection+ connection+ inbox@30 connection- archive@30 connection- end@30", .ms = 30, .timed = true,
     .without = NO_SHUFFLES)

static eff_t *fork_one_that_fails(eff_task_group_t *group, eff_value_t env)
{
    eff_t *e = eff_task_group_fork(group, copy("inbox"));
    e = eff_then(e, eff_task_group_fork(group, refused("archive", 20)));
    return eff_then(e, request("body", 100));
}
static eff_t *failure_program(struct world *w)
{
    in(w);
    return say_exit(w, eff_task_group(fork_one_that_fails, eff_unit));
}
/* A1 */
CASE(A1_a_failure_reaches_the_parent_and_all_is_cleaned_up, failure_program, .succeeds = "unit",
     .journal = "connection+ body! inbox! connection- fail:archive is down", .ms = 20, .timed = true,
     .without = NO_SHUFFLES)

static eff_t *fork_and_cancel(eff_task_group_t *group, eff_value_t env)
{
    eff_t *e = eff_task_group_fork(group, copy("inbox"));
    e = eff_then(e, eff_sleep(eff_millis(10)));
    e = eff_then(e, eff_task_group_cancel(group));
    return eff_map_to(e, eff_literal("enough"));
}
static eff_t *cancel_program(struct world *w)
{
    in(w);
    return eff_task_group(fork_and_cancel, eff_unit);
}
/* A1 */
CASE(A1_tasks_run_until_done_or_cancelled, cancel_program, .succeeds = "enough",
     .journal = "connection+ inbox! connection-", .ms = 10, .timed = true)

static eff_t *fork_three(eff_task_group_t *group, eff_value_t env)
{
    eff_t *e = eff_task_group_fork(group, refused("first", 20));
    e = eff_then(e, eff_task_group_fork(group, refused("second", 20)));
    return eff_then(e, eff_task_group_fork(group, request("third", 50)));
}
static eff_t *failures_program(struct world *w)
{
    in(w);
    return eff_task_group(fork_three, eff_unit);
}
/* A29 */
CASE(A29_a_failure_cancels_the_rest_and_all_are_reported_together, failures_program,
     .cause = "both(fail(first is down), fail(second is down))", .journal = "third!", .ms = 20, .timed = true,
     .without = NO_SHUFFLES)

/* ---- spawn and gather */

struct overview {
    eff_value_t tasks; /* handles */
};

static void overview_drop(struct overview *s)
{
    eff_value_decref(s->tasks);
}

static eff_t *overview_step(struct overview *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_into(eff_fork_all(request("user", 30), request("orders", 10)), &s->tasks));
    EFF_AWAIT(request("something else", 20)); /* meanwhile */
    EFF_AWAIT(eff_fiber_join_all(eff_value_incref(s->tasks)));
    EFF_GEN_END(EFF_TAKE());
}
EFF_DEFINE_GEN(overview, struct overview, overview_step, .drop = overview_drop);

static eff_t *gather_program(struct world *w)
{
    in(w);
    return overview((struct overview){ 0 });
}
/* A3 */
CASE(A3_gather_has_the_results_in_the_order_of_the_tasks, gather_program, .succeeds = "[\"user\", \"orders\"]",
     .journal = "orders@10 something else@20 user@30", .ms = 30, .timed = true)

static eff_t *exits_of(eff_value_t tasks, eff_value_t env)
{
    return eff_fiber_await_all(eff_value_incref(tasks));
}
static eff_t *try_all(void)
{
    return eff_flat_map(eff_fork_all(request("user", 30), refused("orders", 10)), exits_of, eff_unit);
}

static eff_value_t say_exits(eff_value_t exits, eff_value_t env)
{
    for (size_t i = 0; i < eff_array_size(exits); i++)
        journal_add(here, word_of(eff_as_exit(eff_array_at(exits, i))));
    return eff_unit;
}
static eff_t *gather_exits_program(struct world *w)
{
    in(w);
    return eff_map(try_all(), say_exits, eff_unit);
}
/* A3 */
CASE(A3_gather_can_give_each_exit_in_its_place, gather_exits_program, .succeeds = "unit",
     .journal = "user@30 ok:user fail:orders is down", .ms = 30, .timed = true)

/* ---- fire and forget */

static eff_t *save_document(void)
{
    eff_t *e = eff_fork_scoped(request("usage statistics", 50)); /* nobody waits for them */
    return eff_then(e, request("document", 20));
}

static eff_t *save_twice(void)
{
    return eff_scoped(eff_then(save_document(), save_document()));
}

static eff_t *forget_program(struct world *w)
{
    in(w);
    return eff_then(save_twice(), say_time(w, "end"));
}
/* A4: the first have 40 ms, the second 20 ms; both end with the scope. */
CASE(A4_what_is_forgotten_ends_before_its_scope, forget_program, .succeeds = "unit",
     .journal = "document@20 document@40 usage statistics! usage statistics! end@40", .ms = 40, .timed = true)

static eff_t *forgotten_failure_program(struct world *w)
{
    in(w);
    return eff_scoped(eff_then(eff_fork_scoped(refused("statistics", 10)), request("document", 20)));
}
START_TEST(A4_the_failure_of_what_is_forgotten_is_reported)
{
    struct world w;
    run_observing(&w, forgotten_failure_program);
    ck_assert_journal(&w, "unobserved(fail:statistics is down) document@20 ok:document");
}
END_TEST

/* ---- cancelling: oneself, another, and only where it is safe */

static eff_t *write_out(eff_value_t page)
{
    return eff_then(eff_sleep(eff_millis(10)), count(here, 0));
}

static eff_t *write_page(eff_value_t page, eff_value_t env)
{
    eff_t *checkpoint = eff_interruptible(eff_noop()); /* here it may end; in the midst of a page not */
    return eff_then(checkpoint, write_out(page));
}
static eff_t *write_book(void)
{
    return eff_uninterruptible(eff_for_each_discard(eff_range(0, 100), write_page, eff_unit));
}

static eff_t *checkpoint_program(struct world *w)
{
    in(w);
    return in_order(keep(w, 0, eff_fork(write_book())), ms(25), say_interrupt(w, 0), say_time(w, "stopped"),
                    count(w, 0));
}
/* A5: told to at 25 ms, in the midst of the third page. */
CASE(A5_a_checkpoint_is_where_a_masked_task_may_end, checkpoint_program, .succeeds = "4",
     .journal = "interrupt stopped@30", .ms = 30, .timed = true)

static eff_t *next_piece(void)
{
    return count(here, 0);
}

static eff_t *busy_work(void)
{
    return eff_forever(eff_then(next_piece(), eff_yield_now()));
}

static eff_t *yield_program(struct world *w)
{
    in(w);
    return in_order(keep(w, 0, eff_fork(busy_work())), eff_yield_now(), eff_yield_now(), say_interrupt(w, 0));
}
/* A5 */
CASE(A5_yielding_is_a_checkpoint_too, yield_program, .succeeds = "unit", .journal = "interrupt")

static eff_t *is_superseded(void)
{
    return eff_succeed(eff_bool(true));
}
static eff_t *render(void)
{
    eff_t *give_way = eff_when(is_superseded(), eff_interrupt_self());
    return eff_then(give_way, request("picture", 100));
}

static eff_t *cancel_self_program(struct world *w)
{
    in(w);
    return render();
}
/* A5 */
CASE(A5_a_task_cancels_itself, cancel_self_program, .interrupted = true, .journal = "", .ms = 0, .timed = true)

/* ---- cancel, clean up, see it */

struct cancelling {
    eff_fiber_t *task;
};

static void cancelling_drop(struct cancelling *s)
{
    eff_fiber_decref(s->task);
}

static eff_t *remove_partial_file(const eff_exit_t *exit, eff_value_t env)
{
    return request("removed", 5); /* masked: it is not interrupted */
}
static eff_t *download(void)
{
    return eff_on_interrupt(request("file", 1000), remove_partial_file, eff_unit);
}

static eff_t *cancelling_step(struct cancelling *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_fiber_into(eff_fork(download()), &s->task));
    EFF_AWAIT(eff_sleep(eff_millis(100)));
    EFF_AWAIT(eff_fiber_interrupt(s->task)); /* has ended, finalizers included, at the next line */
    EFF_AWAIT_EXIT(eff_fiber_join(s->task));
    EFF_GEN_END(eff_bool(!EFF_EXIT()->ok && eff_cause_is_interrupted_only(EFF_EXIT()->cause)));
}
EFF_DEFINE_GEN(cancelling, struct cancelling, cancelling_step, .drop = cancelling_drop);

static eff_t *cancel_program_28(struct world *w)
{
    in(w);
    return cancelling((struct cancelling){ 0 });
}
/* A5, A28 */
CASE(A28_a_cancelled_task_cleans_up_and_who_awaits_it_sees_that, cancel_program_28, .succeeds = "true",
     .journal = "file! removed@105", .ms = 105, .timed = true)

/* ---- interleaving */

static eff_t *naps(const char *name, int64_t first, int64_t second)
{
    eff_t *e = eff_then(eff_sleep(eff_seconds((double)first)), say_time(here, name));
    return eff_then(e, eff_then(eff_sleep(eff_seconds((double)second)), say_time(here, name)));
}

static eff_t *naps_program(struct world *w)
{
    in(w);
    return eff_zip_par(naps("T1", 2, 1), naps("T2", 1, 2));
}
/* A27: at 3 s T2 comes first, since it went to sleep first. */
CASE(A27_the_order_of_wake_ups_is_fixed, naps_program, .succeeds = "(unit, unit)",
     .journal = "T2@1000 T1@2000 T2@3000 T1@3000", .ms = 3000, .timed = true)

TESTS(A1_tasks_belong_to_a_scope_which_ends_after_them, A1_a_failure_reaches_the_parent_and_all_is_cleaned_up,
      A1_tasks_run_until_done_or_cancelled, A29_a_failure_cancels_the_rest_and_all_are_reported_together,
      A3_gather_has_the_results_in_the_order_of_the_tasks, A3_gather_can_give_each_exit_in_its_place,
      A4_what_is_forgotten_ends_before_its_scope, A4_the_failure_of_what_is_forgotten_is_reported,
      A5_a_checkpoint_is_where_a_masked_task_may_end, A5_yielding_is_a_checkpoint_too, A5_a_task_cancels_itself,
      A28_a_cancelled_task_cleans_up_and_who_awaits_it_sees_that, A27_the_order_of_wake_ups_is_fixed)
