/* The recipes of docs/recipes.md for many things at once, as golden cases: exact results at exact virtual times. What
 * stands before a case is what the page shows. */
#include "support/recipes.h"

/* ---- a shop: item n costs 10 n, and asking takes 100 ms; nobody knows of item 3 */

static eff_t *price_of(eff_value_t item, eff_value_t env)
{
    if (eff_as_int(item) == 3) return eff_delay(eff_fail(eff_literal("no item 3")), eff_millis(50));
    return eff_delay(eff_succeed(eff_int(10 * eff_as_int(item))), eff_millis(100));
}

/* ---- several different things */

static eff_t *load_user(void)
{
    return request("user", 10);
}
static eff_t *load_orders(void)
{
    return request("orders", 30);
}
static eff_t *load_news(void)
{
    return request("news", 20);
}

static eff_t *page(void)
{
    return eff_all_par(load_user(), load_orders(), load_news()); /* succeeds with an array of three */
}

static eff_t *page_program(struct world *w)
{
    in(w);
    return page();
}
/* A17 */
CASE(A17_all_at_once_in_argument_order, page_program, .succeeds = "[\"user\", \"orders\", \"news\"]",
     .journal = "user@10 news@20 orders@30", .ms = 30, .timed = true)

static eff_t *ask_mirrors(void)
{
    return eff_race_all(refused("a.example.org", 5), request("b.example.org", 20), request("c.example.org", 10));
}

static eff_t *mirrors_program(struct world *w)
{
    in(w);
    return ask_mirrors();
}
/* A17 */
CASE(A17_the_first_success_of_three, mirrors_program, .succeeds = "c.example.org",
     .journal = "c.example.org@10 b.example.org!", .ms = 10, .timed = true)

static eff_t *page_by_twos(void)
{
    return eff_for_each_par(EFF_EFFECTS(load_user(), load_orders(), load_news()), eff_run_effect, eff_unit, 2);
}

static eff_t *prepared_program(struct world *w)
{
    in(w);
    return page_by_twos();
}
/* A8: orders begin with user; news when user is done, at 10 ms. */
CASE(A8_prepared_effects_two_at_once, prepared_program, .succeeds = "[\"user\", \"orders\", \"news\"]",
     .journal = "user@10 orders@30 news@30", .ms = 30, .timed = true)

/* ---- the same for many items */

static eff_t *prices(eff_value_t items)
{
    return eff_for_each_par(items, price_of, eff_unit, 2);
}

static eff_t *prices_of_array(struct world *w)
{
    return prices(EFF_ARRAY(eff_int(5), eff_int(1), eff_int(4)));
}
/* A7 */
CASE(A7_results_stand_in_the_order_of_the_items, prices_of_array, .succeeds = "[50, 10, 40]", .ms = 200, .timed = true)

static eff_t *prices_with_limit(struct world *w)
{
    return eff_for_each_par(eff_range(10, 20), price_of, eff_unit, 5);
}
/* A17 */
CASE(A17_ten_items_five_at_once, prices_with_limit, .succeeds = "[100, 110, 120, 130, 140, 150, 160, 170, 180, 190]",
     .ms = 200, .timed = true)

static eff_t *prices_fail(struct world *w)
{
    return prices(eff_range(2, 9));
}
/* A7 */
CASE(A7_the_first_failure_ends_it, prices_fail, .cause = "fail(no item 3)", .ms = 50, .timed = true)

/* Every fourth number, from 1 to a last one. */
struct fourth {
    int64_t next, last;
};
EFF_STATIC_TYPE(fourth, struct fourth);

static eff_value_t first_item(eff_value_t last)
{
    return fourth_make((struct fourth){ .next = 1, .last = eff_as_int(last) });
}
static bool next_item(eff_value_t state, eff_value_t *ret_item)
{
    struct fourth *s = fourth_of(state);
    if (s->next > s->last) return false;
    *ret_item = eff_int(s->next);
    s->next += 4;
    return true;
}

static eff_t *prices_of_iterator(struct world *w)
{
    return prices(eff_iterator(first_item, next_item, eff_int(9)));
}
/* A7 */
CASE(A7_items_may_come_from_an_iterator, prices_of_iterator, .succeeds = "[10, 50, 90]", .ms = 200, .timed = true)

static eff_t *ask_server(eff_value_t q)
{
    static const int64_t items[] = { 1, 2, 4 };
    eff_queue_t *queue = eff_as_queue(q);
    eff_t *e = eff_noop();
    for (int i = 0; i < 3; i++)
        e = eff_then(e, eff_queue_offer(queue, eff_int(items[i])));
    return eff_zip_par(eff_then(e, eff_queue_end(queue)), prices(eff_value_incref(q)));
}
static eff_t *prices_of_queue(struct world *w)
{
    eff_value_t q = eff_queue_value(eff_queue_bounded(1));
    eff_t *e = ask_server(q);
    eff_value_decref(q);
    return e;
}
/* A7 */
CASE(A7_items_may_come_from_a_queue, prices_of_queue, .succeeds = "(unit, [10, 20, 40])", .ms = 200, .timed = true)

static eff_t *exits(eff_value_t items)
{
    return eff_for_each_par_exits(items, price_of, eff_unit, 2);
}
static eff_value_t say_exits(eff_value_t all, eff_value_t env)
{
    for (size_t i = 0; i < eff_array_size(all); i++)
        journal_add(here, shape_of(eff_as_exit(eff_array_at(all, i))));
    return eff_unit;
}

static eff_t *exits_program(struct world *w)
{
    in(w);
    return eff_map(exits(eff_range(2, 5)), say_exits, eff_unit);
}
/* A7: 2 and 3 begin; 4 when 3 has failed, at 50 ms. */
CASE(A7_exits_in_place_of_failures, exits_program, .succeeds = "unit", .journal = "ok(20) fail(no item 3) ok(40)",
     .ms = 150, .timed = true)

/* ---- side effects */

static eff_t *remind(eff_value_t user, eff_value_t env)
{
    const char *name = eff_as_string(user);
    return name[0] == '?' ? refused(name, 10) : request(name, 20);
}

static eff_t *remind_all(eff_value_t users)
{
    return eff_for_each_par_discard(users, remind, eff_unit, 2); /* the first failure ends it */
}

static eff_t *log_it(const eff_cause_t *cause, eff_value_t env)
{
    return eff_log_cause(EFF_LOG_WARN, eff_cause_incref(cause), "not reminded");
}
static eff_t *remind_who_can_be(eff_value_t users)
{
    return eff_for_each_par_tolerant(users, remind, log_it, eff_unit, 2); /* a failure is logged, and it goes on */
}

static eff_value_t some_users(void)
{
    return EFF_ARRAY(eff_literal("ada"), eff_literal("?bob"), eff_literal("cyd"), eff_literal("dan"));
}
static eff_t *remind_all_program(struct world *w)
{
    in(w);
    return remind_all(some_users());
}
/* A6: the second is refused at 10 ms, while the first is under way. */
CASE(A6_the_first_failure_ends_the_others, remind_all_program, .cause = "fail(?bob is down)", .journal = "ada!",
     .ms = 10, .timed = true)

static eff_t *log_to_journal(eff_logger_t *logger, const eff_log_record_t *record)
{
    eff_exit_t exit = { .ok = false, .cause = (eff_cause_t *)(uintptr_t)record->cause };
    char word[256];
    snprintf(word, sizeof word, "logged:%s", shape_of(&exit));
    journal_add(here, word);
    return eff_noop();
}
static eff_logger_t journal_logger = { .size = sizeof(eff_logger_t), .log = log_to_journal };

static eff_t *remind_most_program(struct world *w)
{
    in(w);
    return eff_logger_provide(remind_who_can_be(some_users()), &journal_logger);
}
/* A6 */
CASE(A6_or_failures_are_logged_and_it_goes_on, remind_most_program, .succeeds = "unit",
     .journal = "logged:fail(?bob is down) ada@20 cyd@30 dan@40", .ms = 40, .timed = true)

/* ---- failures */

static eff_t *prices_and_errors(eff_value_t items)
{
    return eff_partition_par(items, price_of, eff_unit, 4); /* the pair of errors and values, each in order */
}

static eff_t *partition_program(struct world *w)
{
    return prices_and_errors(eff_range(1, 6));
}
/* A11 */
CASE(A11_errors_and_values_are_told_apart, partition_program, .succeeds = "([\"no item 3\"], [10, 20, 40, 50])",
     .ms = 150, .timed = true)

static eff_t *price_or_0(eff_value_t item, eff_value_t env)
{
    return eff_or_else(price_of(item, env), eff_succeed(eff_int(0)));
}
static eff_t *prices_or_0(eff_value_t items)
{
    return eff_for_each_par(items, price_or_0, eff_unit, 4);
}

static eff_t *fallback_program(struct world *w)
{
    return prices_or_0(eff_range(1, 6));
}
/* A11 */
CASE(A11_each_item_has_a_fallback, fallback_program, .succeeds = "[10, 20, 0, 40, 50]", .ms = 150, .timed = true)

static eff_t *step_of(eff_value_t n, eff_value_t env)
{
    switch (eff_as_int(n)) {
    case 1: return request("ok1", 10);
    case 2: return refused("second", 20);
    default: return request("ok3", 30);
    }
}
static eff_t *fail_fast_program(struct world *w)
{
    in(w);
    return eff_for_each_par(eff_range(1, 4), step_of, eff_unit, 0);
}
/* A21 */
CASE(A21_fail_fast_cancels_the_third, fail_fast_program, .cause = "fail(second is down)", .journal = "ok1@10 ok3!",
     .ms = 20, .timed = true)

static eff_t *fail_safe_program(struct world *w)
{
    in(w);
    return eff_partition_par(eff_range(1, 4), step_of, eff_unit, 0);
}
/* A21 */
CASE(A21_fail_safe_collects_all, fail_safe_program, .succeeds = "([\"second is down\"], [\"ok1\", \"ok3\"])",
     .journal = "ok1@10 ok3@30", .ms = 30, .timed = true)

TESTS(A17_all_at_once_in_argument_order, A17_the_first_success_of_three, A8_prepared_effects_two_at_once,
      A7_results_stand_in_the_order_of_the_items, A17_ten_items_five_at_once, A7_the_first_failure_ends_it,
      A7_items_may_come_from_an_iterator, A7_items_may_come_from_a_queue, A7_exits_in_place_of_failures,
      A6_the_first_failure_ends_the_others, A6_or_failures_are_logged_and_it_goes_on,
      A11_errors_and_values_are_told_apart, A11_each_item_has_a_fallback, A21_fail_fast_cancels_the_third,
      A21_fail_safe_collects_all)
