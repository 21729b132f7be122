/* The recipes of docs/recipes.md for what fibers share: a number of permits, a lock, a change that is waited for; as golden
 * cases. What stands before a case is what the page shows. */
#include "support/fibers.h"
#include "support/recipes.h"

/* ---- a semaphore */

static eff_t *two_connections(void)
{
    eff_semaphore_t *connections = eff_semaphore_new(2);
    eff_t *user = eff_with_permits(connections, 1, request("user", 30));
    eff_t *orders = eff_with_permits(connections, 1, request("orders", 20));
    eff_t *report = eff_with_permits(connections, 2, request("report", 10)); /* needs both */
    eff_t *news = eff_with_permits(connections, 1, request("news", 10));     /* does not overtake the report */
    eff_semaphore_decref(connections);
    return eff_all_par(user, orders, report, news);
}
static eff_t *two_connections_program(struct world *w)
{
    in(w);
    return two_connections();
}
/* A31 */
CASE(A31_a_semaphore_is_a_limit_on_all_who_use_it, two_connections_program,
     .succeeds = "[\"user\", \"orders\", \"report\", \"news\"]", .journal = "orders@20 user@30 report@40 news@50",
     .ms = 50, .timed = true)

static eff_t *or_busy(eff_value_t answer, eff_value_t env)
{
    if (!eff_is_some(answer)) return eff_fail(eff_literal("busy")); /* it was not run */
    return eff_succeed(eff_value_incref(eff_some_value(answer)));
}
static eff_t *serve(eff_semaphore_t *places)
{
    return eff_flat_map(eff_with_permits_if_available(places, 1, request("client", 10)), or_busy, eff_unit);
}
static eff_t *busy_program(struct world *w)
{
    in(w);
    eff_semaphore_t *places = eff_semaphore_new(1);
    eff_t *e = eff_zip_par(serve(places), say_exit(w, serve(places)));
    eff_semaphore_decref(places);
    return e;
}
/* A31 */
CASE(A31_or_refuses_who_would_have_to_wait, busy_program, .succeeds = "(\"client\", unit)",
     .journal = "fail:busy client@10", .without = NO_BUDGETS /* of who is first */)

/* ---- a mutex */

static eff_value_t spend(eff_value_t price, eff_value_t account)
{
    int64_t *balance = eff_as_ptr(account);
    *balance -= eff_as_int(price);
    return eff_unit;
}
static eff_t *ask_and_spend(eff_value_t env)
{
    int64_t *balance = eff_as_ptr(env);
    if (*balance < 70) return eff_fail(eff_literal("not enough"));
    eff_t *price = eff_map_to(request("ask", 10), eff_int(70)); /* meanwhile others have their turn */
    return eff_map(price, spend, env);
}
static eff_t *buy(eff_mutex_t *lock, int64_t *balance)
{
    return eff_with_lock(lock, eff_suspend(ask_and_spend, eff_ptr(balance)));
}
static eff_t *buy_program(struct world *w)
{
    in(w);
    eff_mutex_t *lock = eff_mutex_new();
    w->n[0] = 100;
    eff_t *e = eff_zip_par(eff_to_exit(buy(lock, &w->n[0])), eff_to_exit(buy(lock, &w->n[0])));
    eff_mutex_decref(lock);
    return eff_map_to(e, eff_unit);
}
static void never_overdrawn(struct world *w)
{
    ck_assert_int_ge(w->n[0], 0);
}
/* A31 */
CASE(A31_a_lock_is_kept_while_what_it_protects_waits, buy_program, .succeeds = "unit", .journal = "ask@10",
     .invariant = never_overdrawn)

/* ---- a condition */

struct hall {
    int64_t n_guests;
    eff_condition_t *changed;
};

static bool is_empty(eff_value_t env)
{
    const struct hall *hall = eff_as_ptr(env);
    return hall->n_guests == 0;
}
static eff_t *leave(eff_value_t v, eff_value_t env)
{
    struct hall *hall = eff_as_ptr(env);
    hall->n_guests--;
    return eff_condition_notify_all(hall->changed);
}
static eff_t *close_hall(struct hall *hall)
{
    eff_t *all_gone = eff_condition_wait_until(hall->changed, is_empty, eff_ptr(hall));
    return eff_then(all_gone, request("lights-out", 5));
}
static void hall_clear(struct hall *hall)
{
    eff_condition_decref(hall->changed);
}
EFF_STATIC_TYPE(hall, struct hall, .drop = hall_clear);
static eff_value_t keep_hall(eff_value_t v, eff_value_t hall)
{
    return eff_unit;
}
static eff_t *hall_program(struct world *w)
{
    in(w);
    eff_value_t v = hall_make((struct hall){ .n_guests = 2, .changed = eff_condition_new() });
    struct hall *hall = hall_of(v);
    eff_t *ada = eff_flat_map(request("ada", 20), leave, eff_ptr(hall));
    eff_t *bob = eff_flat_map(request("bob", 10), leave, eff_ptr(hall));
    return eff_map(eff_all_par(close_hall(hall), ada, bob), keep_hall, v);
}
/* A31 */
CASE(A31_a_condition_is_looked_at_whenever_somebody_says_that_it_changed, hall_program, .succeeds = "unit",
     .journal = "bob@10 ada@20 lights-out@25")

TESTS(A31_a_semaphore_is_a_limit_on_all_who_use_it, A31_or_refuses_who_would_have_to_wait,
      A31_a_lock_is_kept_while_what_it_protects_waits,
      A31_a_condition_is_looked_at_whenever_somebody_says_that_it_changed)
