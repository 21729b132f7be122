/* Resources that are bare pointers, which no drop releases: from eff_sync and eff_attempt they reach their bracket
 * whatever fails in between. The sweeps of each case compare what was acquired with what was released. */
#include <errno.h>

#include "support/fibers.h"
#include "testing/test.h"

/* ---- acquiring and releasing w->n[0], by its address */

static eff_value_t open_by_sync(eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    w->acquired++;
    return eff_ptr(&w->n[0]);
}
static int open_by_attempt(eff_value_t env, eff_value_t *ret_value, eff_value_t *ret_error)
{
    *ret_value = open_by_sync(env);
    return 0;
}
/* Fails the first two times. */
static int open_at_third(eff_value_t env, eff_value_t *ret_value, eff_value_t *ret_error)
{
    struct world *w = eff_as_ptr(env);
    if (w->n[1]++ < 2) return errno = EAGAIN, -1;
    return open_by_attempt(env, ret_value, ret_error);
}

static void close_it(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    ck_assert_ptr_eq(eff_as_ptr(resource), &w->n[0]);
    w->released++;
}
static eff_t *close_by_effect(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    close_it(resource, exit, env);
    return eff_yield_now();
}

static eff_t *use(eff_value_t resource, eff_value_t env)
{
    return eff_succeed(eff_int(eff_as_ptr(resource) == &((struct world *)eff_as_ptr(env))->n[0]));
}

/* The four forms of a bracket around an acquire. */
static eff_t *use_release(struct world *w, eff_t *open)
{
    return eff_acquire_use_release(open, use, close_it, eff_ptr(w));
}
static eff_t *use_release_effect(struct world *w, eff_t *open)
{
    return eff_acquire_use_release_effect(open, use, close_by_effect, eff_ptr(w));
}
static eff_t *scoped_release(struct world *w, eff_t *open)
{
    eff_t *e = eff_acquire_release(open, close_it, eff_ptr(w));
    return eff_scoped(eff_flat_map(e, use, eff_ptr(w)));
}
static eff_t *scoped_release_effect(struct world *w, eff_t *open)
{
    eff_t *e = eff_acquire_release_effect(open, close_by_effect, eff_ptr(w));
    return eff_scoped(eff_flat_map(e, use, eff_ptr(w)));
}

/* ---- from eff_attempt */

static eff_t *attempt(struct world *w)
{
    return eff_attempt(open_by_attempt, eff_ptr(w));
}
static eff_t *attempt_used(struct world *w)
{
    return use_release(w, attempt(w));
}
CASE(a_pointer_of_attempt_reaches_its_bracket, attempt_used, .succeeds = "1")

static eff_t *attempt_used_effect(struct world *w)
{
    return use_release_effect(w, attempt(w));
}
CASE(a_pointer_of_attempt_reaches_its_bracket_with_an_effect, attempt_used_effect, .succeeds = "1")

static eff_t *attempt_scoped(struct world *w)
{
    return scoped_release(w, attempt(w));
}
CASE(a_pointer_of_attempt_reaches_its_scope, attempt_scoped, .succeeds = "1")

static eff_t *attempt_scoped_effect(struct world *w)
{
    return scoped_release_effect(w, attempt(w));
}
CASE(a_pointer_of_attempt_reaches_its_scope_with_an_effect, attempt_scoped_effect, .succeeds = "1")

/* ---- from eff_sync */

static eff_t *sync(struct world *w)
{
    return eff_sync(open_by_sync, eff_ptr(w));
}
static eff_t *sync_used(struct world *w)
{
    return use_release(w, sync(w));
}
CASE(a_pointer_of_sync_reaches_its_bracket, sync_used, .succeeds = "1")

static eff_t *sync_used_effect(struct world *w)
{
    return use_release_effect(w, sync(w));
}
CASE(a_pointer_of_sync_reaches_its_bracket_with_an_effect, sync_used_effect, .succeeds = "1")

static eff_t *sync_scoped(struct world *w)
{
    return scoped_release(w, sync(w));
}
CASE(a_pointer_of_sync_reaches_its_scope, sync_scoped, .succeeds = "1")

static eff_t *sync_scoped_effect(struct world *w)
{
    return scoped_release_effect(w, sync(w));
}
CASE(a_pointer_of_sync_reaches_its_scope_with_an_effect, sync_scoped_effect, .succeeds = "1")

/* ---- with something in between that passes a success by */

static eff_value_t same_error(eff_value_t error, eff_value_t env)
{
    return eff_value_incref(error);
}
static eff_t *fail_again(eff_value_t error, eff_value_t env)
{
    return eff_fail(eff_value_incref(error));
}
static eff_t *attempt_behind_handlers(struct world *w)
{
    eff_t *e = eff_retry(eff_attempt(open_at_third, eff_ptr(w)), eff_schedule_recurs(5));
    e = eff_map_error(e, same_error, eff_unit);
    e = eff_annotate(eff_catch_all(e, fail_again, eff_unit), eff_literal("while opening"));
    return use_release(w, eff_uninterruptible(e));
}
CASE(a_pointer_passes_handlers_retries_and_masks, attempt_behind_handlers, .succeeds = "1")

static eff_value_t pass_on(eff_value_t v, eff_value_t env)
{
    return eff_value_incref(v);
}
static eff_t *attempt_mapped(struct world *w)
{
    return scoped_release(w, eff_map(attempt(w), pass_on, eff_unit));
}
CASE(a_pointer_passes_a_map_that_allocates_nothing, attempt_mapped, .succeeds = "1")

/* Answered before the start function returns. */
static void open_by_answer(eff_async_t *k, eff_value_t env)
{
    eff_async_succeed(k, open_by_sync(env));
}
static eff_t *async_used(struct world *w)
{
    return use_release(w, eff_async(open_by_answer, eff_ptr(w)));
}
CASE(a_pointer_that_answers_an_async_handle_reaches_its_bracket, async_used, .succeeds = "1")

/* ---- the runtime is freed between any two instructions: what was acquired is on its way to its scope, or there */

static long instructions; /* until the fiber loses the loop */

static void stop_in_time(void *arg, eff_fiber_t *f)
{
    if (instructions-- <= 0) f->rt->ops_left = 0;
}
static void ignore_skipped(void *arg, const eff_fiber_t *f, eff_site_t site) {}
static void ignore_misuse(const char *message, void *arg) {}

/* Whether it got to acquiring, and not to its end. */
static bool freed_at(long n, eff_t *(*form)(struct world *w, eff_t *open), bool attempt)
{
    struct world w = { .test = eff_test_new() };
    eff_runtime_t *rt = eff_test_runtime(w.test);
    eff_t *open = attempt ? eff_attempt(open_by_attempt, eff_ptr(&w)) : eff_sync(open_by_sync, eff_ptr(&w));
    instructions = n;
    rt->hooks = (struct eff__hooks){ .step = stop_in_time, .skipped = ignore_skipped };
    (void)eff_test_fork(w.test, form(&w, open));
    eff__drain(rt);
    bool acquired = w.acquired && rt->n_fibers;
    eff_set_misuse_handler(ignore_misuse, NULL);
    eff__test_free_now(w.test);
    eff_set_misuse_handler(NULL, NULL);
    ck_assert_int_eq(w.acquired, w.released);
    return acquired;
}
START_TEST(freeing_the_runtime_releases_what_is_on_its_way_to_its_owner)
{
    eff_t *(*const forms[])(struct world *, eff_t *) = { use_release, scoped_release };
    for (int i = 0; i < 4; i++) {
        int n_acquired = 0;
        for (long n = 0; n < 20; n++)
            n_acquired += freed_at(n, forms[i / 2], i % 2);
        ck_assert_int_gt(n_acquired, 0);
    }
}
END_TEST

TESTS(freeing_the_runtime_releases_what_is_on_its_way_to_its_owner, a_pointer_of_attempt_reaches_its_bracket,
      a_pointer_of_attempt_reaches_its_bracket_with_an_effect, a_pointer_of_attempt_reaches_its_scope,
      a_pointer_of_attempt_reaches_its_scope_with_an_effect, a_pointer_of_sync_reaches_its_bracket,
      a_pointer_of_sync_reaches_its_bracket_with_an_effect, a_pointer_of_sync_reaches_its_scope,
      a_pointer_of_sync_reaches_its_scope_with_an_effect, a_pointer_passes_handlers_retries_and_masks,
      a_pointer_passes_a_map_that_allocates_nothing, a_pointer_that_answers_an_async_handle_reaches_its_bracket)
