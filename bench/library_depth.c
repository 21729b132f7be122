/* Depth: nests of 10^7 binds and 10^6 catches and brackets, built, run and freed on a thread whose stack is 64 KiB.
 * Another reference is kept while the nest runs, so that freeing it in one go is part of the work. */
#include <pthread.h>

#include "library.h"
#include "workloads.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STACK_BYTES = 1024 * 1024 }; /* sanitizers spend stack of their own */
#else
enum { STACK_BYTES = 64 * 1024 };
#endif

struct nest {
    eff_t *(*build)(long n);
    long n;
};

static void *build_run_free(void *arg)
{
    const struct nest *nest = arg;
    eff_t *e = nest->build(nest->n);
    CHECK(library_run_int(eff_incref(e)) == nest->n);
    eff_decref(e);
    return NULL;
}

static void on_small_stack(eff_t *(*build)(long n), long n)
{
    struct nest nest = { build, n };
    pthread_attr_t attr;
    pthread_t thread;
    CHECK(pthread_attr_init(&attr) == 0 && pthread_attr_setstacksize(&attr, STACK_BYTES) == 0);
    CHECK(pthread_create(&thread, &attr, build_run_free, &nest) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    pthread_attr_destroy(&attr);
}

/* ---- binds: each level adds one */

static eff_t *increment(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_succeed(eff_int(eff_as_int(v) + 1));
}

static eff_t *build_left(long n)
{
    eff_t *e = eff_succeed(eff_int(0));
    for (long i = 0; i < n; i++)
        e = eff_flat_map(e, increment, eff_unit);
    return e;
}
void library_depth_left(long n)
{
    on_small_stack(build_left, n);
}

static eff_t *go_on_with(eff_value_t v, eff_value_t rest)
{
    (void)v;
    return eff_incref(eff_as_effect(rest));
}

static eff_t *build_right(long n)
{
    eff_t *e = eff_succeed(eff_int(n));
    for (long i = n; i > 0; i--)
        e = eff_flat_map(eff_succeed(eff_int(i)), go_on_with, eff_effect_value(e));
    return e;
}
void library_depth_right(long n)
{
    on_small_stack(build_right, n);
}

/* ---- catches: each level fails with one more */

static eff_t *fail_with_next(eff_value_t error, eff_value_t env)
{
    (void)env;
    return eff_fail(eff_int(eff_as_int(error) + 1));
}

static eff_t *build_catch(long n)
{
    eff_t *e = eff_fail(eff_int(0));
    for (long i = 1; i < n; i++)
        e = eff_catch_all(e, fail_with_next, eff_unit);
    return eff_catch_all(e, increment, eff_unit);
}
void library_depth_catch(long n)
{
    on_small_stack(build_catch, n);
}

/* ---- brackets: each is used by the one inside it; all are open at once */

static long n_released;

static void release(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    (void)env;
    CHECK(exit->ok && eff_as_int(resource) == ++n_released);
}

static eff_t *use_inside(eff_value_t resource, eff_value_t inside)
{
    (void)resource;
    return eff_incref(eff_as_effect(inside));
}

static eff_t *build_bracket(long n)
{
    eff_t *e = eff_succeed(eff_int(n));
    for (long i = 1; i <= n; i++)
        e = eff_acquire_use_release(eff_succeed(eff_int(i)), use_inside, release, eff_effect_value(e));
    return e;
}

void library_depth_bracket(long n)
{
    n_released = 0;
    on_small_stack(build_bracket, n);
    CHECK(n_released == n);
}
