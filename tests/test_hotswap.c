/* Hotswaps: whatever is opened is closed, once, when it is replaced and nobody uses it any more. */
#include "support/scopes.h"

typedef eff_t *(*hotswap_body_fn)(struct world *w, eff_hotswap_t *h);

struct hotswap_body {
    struct world *w;
    hotswap_body_fn fn;
};
EFF_STATIC_TYPE(hotswap_body, struct hotswap_body);

static eff_t *call_body(eff_value_t hotswap, eff_value_t env)
{
    const struct hotswap_body *body = hotswap_body_of(env);
    return body->fn(body->w, eff_as_hotswap(hotswap));
}
static eff_t *with_hotswap(struct world *w, hotswap_body_fn body)
{
    return eff_scoped(eff_flat_map(eff_hotswap_make(), call_body, hotswap_body_make((struct hotswap_body){ w, body })));
}

static eff_t *resource(struct world *w, const char *name)
{
    return eff_map_to(eff_acquire_release(acquire(w, name), release, eff_ptr(w)), eff_literal(name));
}
static eff_t *swap(struct world *w, eff_hotswap_t *h, const char *name)
{
    return eff_hotswap_swap(h, resource(w, name));
}

static eff_t *say_option(eff_value_t v, eff_value_t env)
{
    return say(eff_as_ptr(env), eff_is_some(v) ? eff_as_string(eff_some_value(v)) : "none");
}
static eff_t *say_there(struct world *w, eff_hotswap_t *h)
{
    return eff_hotswap_use(h, say_option, eff_ptr(w));
}

/* ---- in turn */

static eff_t *three_in_turn(struct world *w, eff_hotswap_t *h)
{
    return in_order(say_there(w, h), swap(w, h, "a"), say_there(w, h), swap(w, h, "b"), say_there(w, h),
                    swap(w, h, "c"), say(w, "end"));
}
static eff_t *in_turn(struct world *w)
{
    return eff_then(with_hotswap(w, three_in_turn), say(w, "after"));
}
CASE(the_next_is_opened_and_the_one_before_closed, in_turn, .succeeds = "unit",
     .journal = "none a+ a b+ a- b c+ b- end c- after")

static eff_t *clears(struct world *w, eff_hotswap_t *h)
{
    return in_order(swap(w, h, "a"), eff_hotswap_clear(h), say_there(w, h), eff_hotswap_clear(h), swap(w, h, "b"),
                    eff_flat_map(eff_hotswap_get(h), say_option, eff_ptr(w)));
}
static eff_t *cleared(struct world *w)
{
    return with_hotswap(w, clears);
}
CASE(an_emptied_slot_has_released_what_was_in_it, cleared, .succeeds = "unit", .journal = "a+ a- none b+ b b-")

static eff_t *swaps_and_gives(struct world *w, eff_hotswap_t *h)
{
    return eff_then(swap(w, h, "a"), swap(w, h, "b"));
}
static eff_t *given(struct world *w)
{
    return with_hotswap(w, swaps_and_gives);
}
CASE(a_swap_succeeds_with_the_new_one, given, .succeeds = "b", .journal = "a+ b+ a- b-")

/* env: the world. Of two resources, one is in the slot, however the second swap has failed. */
static eff_t *must_be_there(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    if (!eff_is_some(v)) w->n[0]++;
    return eff_noop();
}
static eff_t *swap_then_look(struct world *w, eff_hotswap_t *h)
{
    eff_t *look = eff_flat_map(eff_hotswap_get(h), must_be_there, eff_ptr(w));
    return in_order(swap(w, h, "a"), eff_to_exit(swap(w, h, "b")), look);
}
static eff_t *looked_after(struct world *w)
{
    return with_hotswap(w, swap_then_look);
}
static void slot_was_never_empty(struct world *w)
{
    ck_assert_int_eq(w->n[0], 0);
}
CASE(a_swap_that_fails_leaves_no_empty_slot, looked_after, .succeeds = "unit", .journal = "a+ b+ a- b-",
     .invariant = slot_was_never_empty)

/* ---- failures */

static eff_t *swap_fails(struct world *w, eff_hotswap_t *h)
{
    eff_t *half = eff_then(resource(w, "b"), failing(1));
    return in_order(swap(w, h, "a"), say_exit(w, eff_hotswap_swap(h, half)), say_there(w, h));
}
static eff_t *failed(struct world *w)
{
    return with_hotswap(w, swap_fails);
}
CASE(a_swap_that_fails_leaves_the_slot_as_it_was, failed, .succeeds = "unit", .journal = "a+ b+ b- fail:1 a a-")

static eff_t *goodbye_fails(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    release(v, exit, env);
    return failing(2);
}
static eff_t *bad_resource(struct world *w, const char *name)
{
    return eff_map_to(eff_acquire_release_effect(acquire(w, name), goodbye_fails, eff_ptr(w)), eff_literal(name));
}
static eff_t *release_fails(struct world *w, eff_hotswap_t *h)
{
    return in_order(eff_hotswap_swap(h, bad_resource(w, "a")), say_exit(w, swap(w, h, "b")), say_there(w, h));
}
static eff_t *failed_to_release(struct world *w)
{
    return with_hotswap(w, release_fails);
}
CASE(a_swap_fails_with_the_release_of_the_one_before, failed_to_release, .succeeds = "unit",
     .journal = "a+ b+ a- fail:2 b b-", .without = ANY_EXIT /* without memory for b, the slot fails with it */)

static eff_t *last_fails(struct world *w, eff_hotswap_t *h)
{
    return eff_hotswap_swap(h, bad_resource(w, "a"));
}
static eff_t *failed_at_end(struct world *w)
{
    return with_hotswap(w, last_fails);
}
CASE(the_scope_of_a_slot_fails_with_the_release_of_what_is_in_it, failed_at_end, .cause = "fail(2)", .journal = "a+ a-")

/* ---- users */

static eff_t *uses_slowly(eff_value_t v, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    return in_order(say(w, "in"), ms(10), say_option(v, env), say_time(w, "out"));
}
static eff_t *swapped_in_use(struct world *w, eff_hotswap_t *h)
{
    eff_t *user = keep(w, 0, eff_fork(eff_hotswap_use(h, uses_slowly, eff_ptr(w))));
    return in_order(swap(w, h, "a"), user, ms(1), swap(w, h, "b"), say_time(w, "swapped"), say_there(w, h),
                    say_await(w, 0), ms(1), say(w, "end"));
}
static eff_t *in_use(struct world *w)
{
    return with_hotswap(w, swapped_in_use);
}
CASE(what_is_used_is_released_when_its_last_user_has_left, in_use, .succeeds = "unit",
     .journal = "a+ in b+ swapped@1 b a out@10 a- ok:unit end b-")

struct in_slot {
    struct world *w;
    eff_hotswap_t *h;
};
static void in_slot_clear(struct in_slot *s)
{
    eff_hotswap_decref(s->h);
}
EFF_STATIC_TYPE(in_slot, struct in_slot, .drop = in_slot_clear);

static eff_t *swaps_what_it_uses(eff_value_t v, eff_value_t env)
{
    const struct in_slot *s = in_slot_of(env);
    return in_order(say(s->w, "using"), swap(s->w, s->h, "b"), say_option(v, eff_ptr(s->w)));
}
static eff_t *swaps_from_inside(struct world *w, eff_hotswap_t *h)
{
    eff_value_t env = in_slot_make((struct in_slot){ w, eff_hotswap_incref(h) });
    return in_order(swap(w, h, "a"), eff_hotswap_use(h, swaps_what_it_uses, env), ms(1), say(w, "end"));
}
static eff_t *from_inside(struct world *w)
{
    return with_hotswap(w, swaps_from_inside);
}
CASE(a_user_can_swap_what_it_uses, from_inside, .succeeds = "unit", .journal = "a+ using b+ a a- end b-")

/* ---- interrupted */

static eff_t *slow_resource(struct world *w, const char *name)
{
    return eff_then(eff_acquire_release(acquire(w, name), release, eff_ptr(w)), ms(10));
}
static eff_t *interrupts_swap(struct world *w, eff_hotswap_t *h)
{
    eff_t *swapping = keep(w, 0, eff_fork(eff_hotswap_swap(h, slow_resource(w, "b"))));
    return in_order(swap(w, h, "a"), swapping, ms(1), say_interrupt(w, 0), say_there(w, h));
}
static eff_t *interrupted(struct world *w)
{
    return with_hotswap(w, interrupts_swap);
}
CASE(a_swap_that_is_interrupted_leaves_the_slot_as_it_was, interrupted, .succeeds = "unit",
     .journal = "a+ b+ b- interrupt a a-")

static eff_t *slow_goodbye(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    release(v, exit, env);
    return eff_then(ms(10), say_time(eff_as_ptr(env), "gone"));
}
static eff_t *interrupts_release(struct world *w, eff_hotswap_t *h)
{
    eff_t *slow = eff_acquire_release_effect(acquire(w, "a"), slow_goodbye, eff_ptr(w));
    eff_t *swapping = keep(w, 0, eff_fork(eff_ensuring(swap(w, h, "b"), say_time(w, "left"))));
    return in_order(eff_hotswap_swap(h, slow), swapping, ms(1), say_interrupt(w, 0), say_there(w, h));
}
static eff_t *interrupted_release(struct world *w)
{
    return eff_then(with_hotswap(w, interrupts_release), say_time(w, "end"));
}
CASE(a_swap_that_is_interrupted_while_the_old_one_is_released_has_swapped, interrupted_release, .succeeds = "unit",
     .journal = "a+ b+ a- left@1 interrupt b b- gone@10 end@10", .without = NO_SHUFFLES)

/* n[0] counts those that are open. */
static eff_value_t open_one(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->acquired++;
    w->n[0]++;
    return eff_unit;
}
static void close_one(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->released++;
    w->n[0]--;
}
static eff_t *swap_raced(eff_value_t item, eff_value_t env)
{
    const struct in_slot *s = in_slot_of(env);
    eff_t *r = eff_acquire_release(eff_sync(open_one, eff_ptr(s->w)), close_one, eff_ptr(s->w));
    eff_t *swapping = eff_hotswap_swap(s->h, eff_then(eff_yield_now(), r));
    eff_t *steps = eff_repeat(eff_yield_now(), eff_schedule_recurs((uint64_t)eff_as_int(item) % 8));
    return in_order(keep(s->w, 0, eff_fork(swapping)), steps, with_fiber(s->w, 0, interrupt));
}
static eff_t *swap_often(struct world *w, eff_hotswap_t *h)
{
    eff_value_t env = in_slot_make((struct in_slot){ w, eff_hotswap_incref(h) });
    return eff_for_each_discard(eff_range(0, 1000), swap_raced, env);
}
static eff_t *raced(struct world *w)
{
    return with_hotswap(w, swap_often);
}
static void all_closed(struct world *w, const eff_exit_t *exit)
{
    ck_assert_int_gt(w->acquired, 0);
    ck_assert_int_eq(w->n[0], 0);
}
/* RES-043 */
CASE(RES_043_whatever_is_interrupted_what_was_opened_is_closed, raced, .succeeds = "unit", .check = all_closed)

static eff_t *swap_at_once(struct world *w, eff_hotswap_t *h)
{
    eff_t *both = eff_zip_par(eff_hotswap_swap(h, slow_resource(w, "a")), eff_hotswap_swap(h, slow_resource(w, "b")));
    return eff_then(both, say_time(w, "swapped"));
}
static eff_t *at_once(struct world *w)
{
    return with_hotswap(w, swap_at_once);
}
CASE(of_two_swaps_at_once_the_last_stays, at_once, .succeeds = "unit", .journal = "a+ b+ a- swapped@10 b-",
     .without = NO_SHUFFLES)

/* ---- after its scope has closed */

static eff_t *keeps_handle(struct world *w, eff_hotswap_t *h)
{
    return eff_map_to(swap(w, h, "a"), eff_hotswap_value(eff_hotswap_incref(h)));
}
static eff_t *swaps_late(eff_value_t hotswap, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    eff_hotswap_t *h = eff_as_hotswap(hotswap);
    return in_order(say_there(w, h), eff_hotswap_clear(h), swap(w, h, "b"));
}
static eff_t *late(struct world *w)
{
    return eff_flat_map(with_hotswap(w, keeps_handle), swaps_late, eff_ptr(w));
}
CASE(a_slot_whose_scope_has_closed_is_empty_and_takes_nothing, late, .dies = "a scope was made in one that is closed",
     .journal = "a+ a- none")

static eff_t *closes_in_use(struct world *w, eff_hotswap_t *h)
{
    eff_t *user = keep(w, 0, eff_fork_daemon(eff_hotswap_use(h, uses_slowly, eff_ptr(w))));
    return in_order(swap(w, h, "a"), user, ms(1));
}
static eff_t *closed_in_use(struct world *w)
{
    return eff_then(with_hotswap(w, closes_in_use), say_await(w, 0));
}
CASE(a_slot_that_closes_does_not_wait_for_users_elsewhere, closed_in_use, .succeeds = "unit",
     .journal = "a+ in a- a out@10 ok:unit")

TESTS(the_next_is_opened_and_the_one_before_closed, a_swap_that_fails_leaves_no_empty_slot,
      an_emptied_slot_has_released_what_was_in_it, a_swap_succeeds_with_the_new_one,
      a_swap_that_fails_leaves_the_slot_as_it_was, a_swap_fails_with_the_release_of_the_one_before,
      the_scope_of_a_slot_fails_with_the_release_of_what_is_in_it, what_is_used_is_released_when_its_last_user_has_left,
      a_user_can_swap_what_it_uses, a_swap_that_is_interrupted_leaves_the_slot_as_it_was,
      a_swap_that_is_interrupted_while_the_old_one_is_released_has_swapped,
      RES_043_whatever_is_interrupted_what_was_opened_is_closed, of_two_swaps_at_once_the_last_stays,
      a_slot_whose_scope_has_closed_is_empty_and_takes_nothing, a_slot_that_closes_does_not_wait_for_users_elsewhere)
