/* The recipes of docs/recipes.md for waiting: for some of several tasks, for a signal, or not at all; as golden cases.
 * What stands before a case is what the page shows. */
#include <errno.h>

#include "support/fibers.h"
#include "support/recipes.h"

/* ---- wait */

struct waiting {
    eff_value_t pending; /* handles */
};

static void waiting_drop(struct waiting *s)
{
    eff_value_decref(s->pending);
}

static eff_t *tell_end(eff_value_t task, eff_value_t env)
{
    return say_exit(here, eff_fiber_join(eff_as_fiber(task)));
}

static eff_t *waiting_step(struct waiting *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_into(eff_fork_all(request("b", 20), request("a", 10), refused("c", 30)), &s->pending));
    while (eff_array_size(s->pending) > 0) {
        EFF_AWAIT(eff_fiber_wait(eff_value_incref(s->pending), EFF_WAIT_FIRST_END));
        eff_value_decref(s->pending);
        s->pending = eff_value_incref(eff_second(EFF_GOT()));
        EFF_AWAIT(eff_for_each_discard(eff_value_incref(eff_first(EFF_GOT())), tell_end, eff_unit));
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(waiting, struct waiting, waiting_step, .drop = waiting_drop);

static eff_t *wait_program(struct world *w)
{
    in(w);
    return waiting((struct waiting){ 0 });
}
/* A32 */
CASE(A32_wait_for_the_first_to_end_and_again_for_the_rest, wait_program, .succeeds = "unit",
     .journal = "a@10 ok:a b@20 ok:b fail:c is down", .ms = 30, .timed = true)

static eff_t *until_one_fails(eff_value_t tasks, eff_value_t env)
{
    return eff_fiber_wait(eff_value_incref(tasks), EFF_WAIT_FIRST_FAILURE);
}
static eff_t *until_all_have_ended(eff_value_t tasks, eff_value_t env)
{
    return eff_fiber_wait(eff_value_incref(tasks), EFF_WAIT_ALL);
}
static eff_value_t count_both(eff_value_t pair, eff_value_t env)
{
    return eff_pair(eff_int((int64_t)eff_array_size(eff_first(pair))),
                    eff_int((int64_t)eff_array_size(eff_second(pair))));
}
static eff_t *wait_failure_program(struct world *w)
{
    in(w);
    eff_t *tasks = eff_fork_all(request("a", 10), refused("b", 20), request("c", 30));
    return eff_map(eff_flat_map(tasks, until_one_fails, eff_unit), count_both, eff_unit);
}
/* A32: c is ended by the end of the region. */
CASE(A32_wait_for_the_first_failure, wait_failure_program, .succeeds = "(2, 1)", .journal = "a@10 c!", .ms = 20,
     .timed = true)

static eff_t *wait_all_program(struct world *w)
{
    in(w);
    eff_t *tasks = eff_fork_all(request("a", 10), refused("b", 20), request("c", 30));
    return eff_map(eff_flat_map(tasks, until_all_have_ended, eff_unit), count_both, eff_unit);
}
/* A32 */
CASE(A32_wait_for_all, wait_all_program, .succeeds = "(3, 0)", .journal = "a@10 c@30", .ms = 30, .timed = true)

/* ---- as they are completed */

static eff_t *ping(eff_value_t host, eff_value_t env)
{
    const char *name = eff_as_string(host);
    return request(name, name[0] == 'f' ? 10 : 30);
}
static eff_t *show(eff_value_t host, eff_value_t env)
{
    return eff_delay(say_time(here, "shown"), eff_millis(5));
}

static eff_t *show_each(eff_value_t results, eff_value_t env)
{
    return eff_for_each_discard(eff_value_incref(results), show, eff_unit);
}
static eff_t *show_as_they_come(eff_value_t hosts)
{
    return eff_as_completed(hosts, ping, show_each, eff_unit, 2);
}

static eff_t *as_completed_program(struct world *w)
{
    in(w);
    return show_as_they_come(EFF_ARRAY(eff_literal("slow"), eff_literal("fast"), eff_literal("far")));
}
/* A32: the place of fast is free when its result has been taken; far is asked then, and is ready before slow. */
CASE(A32_results_in_the_order_in_which_they_are_ready, as_completed_program, .succeeds = "unit",
     .journal = "fast@10 shown@15 far@20 shown@25 slow@30 shown@35", .ms = 35, .timed = true)

/* ---- shield */

static eff_t *pay(void)
{
    return eff_then(count(here, 0), request("paid", 300));
}

static eff_t *pay_and_wait_a_little(void)
{
    return eff_timeout(eff_shield(pay()), eff_millis(100)); /* who waits gives up, and the payment goes on */
}

static eff_t *shield_program(struct world *w)
{
    in(w);
    eff_t *e = eff_scoped(eff_then(pay_and_wait_a_little(), say_time(w, "too long")));
    return in_order(e, say_time(w, "end"), count(w, 0));
}
/* A32: it ran once, and the scope has awaited it. */
CASE(A32_what_is_shielded_finishes_its_one_run, shield_program, .succeeds = "2",
     .journal = "too long@100 paid@300 end@300", .ms = 300, .timed = true)

/* ---- signals: that something is so, that n things have happened */

static eff_t *serve_when_ready(void)
{
    eff_latch_t *ready = eff_latch_new(false);
    eff_t *warm_up = eff_then(request("warm", 50), eff_latch_open(ready));
    eff_t *first = eff_latch_when_open(ready, request("first client", 10));
    eff_t *second = eff_latch_when_open(ready, request("second client", 20));
    eff_latch_decref(ready); /* the effects have references of their own */
    return eff_all_par(warm_up, first, second);
}

static eff_t *latch_program(struct world *w)
{
    in(w);
    return serve_when_ready();
}
/* A39 */
CASE(A39_a_signal_lets_all_go_on_who_wait, latch_program, .succeeds = "[true, \"first client\", \"second client\"]",
     .journal = "warm@50 first client@60 second client@70", .ms = 70, .timed = true)

static eff_t *serve_when_loaded(void)
{
    eff_countdown_t *loaded = eff_countdown_new(2);
    eff_t *users = eff_then(request("users", 30), eff_countdown_arrive(loaded));
    eff_t *prices = eff_then(request("prices", 50), eff_countdown_arrive(loaded));
    eff_t *serve = eff_then(eff_countdown_await(loaded), request("client", 10));
    eff_countdown_decref(loaded);
    return eff_all_par(users, prices, serve);
}

static eff_t *countdown_program(struct world *w)
{
    in(w);
    return serve_when_loaded();
}
/* A39 */
CASE(A39_a_latch_opens_when_n_things_have_happened, countdown_program, .succeeds = "[1, 0, \"client\"]",
     .journal = "users@30 prices@50 client@60", .ms = 60, .timed = true)

/* ---- background tasks */

struct background {
    eff_fiber_set_t *jobs;
    size_t n_left; /* after 20 ms */
};

static void background_drop(struct background *s)
{
    eff_fiber_set_decref(s->jobs);
}

static eff_t *background_step(struct background *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_fiber_set_into(eff_fiber_set_make(EFF_FIBERS_FAILURES), &s->jobs));
    EFF_AWAIT(eff_fiber_set_fork(s->jobs, request("mail", 10)));
    EFF_AWAIT(eff_fiber_set_fork(s->jobs, request("thumbnail", 30)));
    EFF_AWAIT(eff_sleep(eff_millis(20)));
    s->n_left = eff_fiber_set_size(s->jobs);       /* tracked: 1, the mail is out */
    EFF_AWAIT(eff_fiber_set_await_empty(s->jobs)); /* until 30 ms */
    EFF_AWAIT(eff_fiber_set_fork(s->jobs, request("index", 1000)));
    EFF_AWAIT(eff_sleep(eff_millis(20)));
    EFF_AWAIT(eff_fiber_set_clear(s->jobs)); /* cancelled, and awaited */
    EFF_GEN_END(eff_int((int64_t)s->n_left));
}
EFF_DEFINE_GEN(background, struct background, background_step, .drop = background_drop);

static eff_t *background_program(struct world *w)
{
    in(w);
    return background((struct background){ 0 });
}
/* A39 */
CASE(A39_background_tasks_are_tracked_awaited_and_cancelled, background_program, .succeeds = "1",
     .journal = "mail@10 thumbnail@30 index!", .ms = 50, .timed = true)

/* ---- a completion callback */

static void tell_user(const char *how)
{
    journal_add(here, how);
}

struct backup {
    eff_fiber_t *fiber;
    eff_fiber_observer_t observer; /* stays where it is: in the frame, until drop takes it out */
};

static void backup_drop(struct backup *s)
{
    eff_fiber_unobserve(&s->observer);
    eff_fiber_decref(s->fiber);
}

static void backup_ended(const eff_exit_t *exit, void *arg)
{
    tell_user(exit->ok ? "well" : "badly"); /* plain C, from the loop; no fiber runs meanwhile */
}

static eff_t *backup_step(struct backup *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_fiber_into(eff_fork(refused("disk", 10)), &s->fiber));
    s->observer = (eff_fiber_observer_t){ .on_exit = backup_ended };
    int err = eff_fiber_observe(s->fiber, &s->observer);
    if (err == -ENOMEM) return eff_out_of_memory();
    if (err == -EALREADY) backup_ended(eff_fiber_poll(s->fiber), NULL); /* it has ended before this line */
    EFF_AWAIT(request("something else", 20));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(backup, struct backup, backup_step, .drop = backup_drop);

static eff_t *callback_program(struct world *w)
{
    in(w);
    return backup((struct backup){ 0 });
}
/* A39 */
CASE(A39_a_callback_hears_of_the_end, callback_program, .succeeds = "unit", .journal = "badly something else@20",
     .ms = 20, .timed = true)

TESTS(A32_wait_for_the_first_to_end_and_again_for_the_rest, A32_wait_for_the_first_failure, A32_wait_for_all,
      A32_results_in_the_order_in_which_they_are_ready, A32_what_is_shielded_finishes_its_one_run,
      A39_a_signal_lets_all_go_on_who_wait, A39_a_latch_opens_when_n_things_have_happened,
      A39_background_tasks_are_tracked_awaited_and_cancelled, A39_a_callback_hears_of_the_end)
