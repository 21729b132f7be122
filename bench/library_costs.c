/* What single builders cost: each program runs one for every item of eff_for_each_discard, whose own share is what
 * cost_nothing says. No targets; docs/performance.md has the figures. */
#include "library.h"
#include "workloads.h"

static int64_t n_calls, n_ends, sum;

/* Runs `once` for each of n items. That all of them ran, and that nothing failed, is checked here. */
static void run_each(long n, eff_bind_fn once)
{
    n_calls = n_ends = sum = 0;
    eff_value_decref(library_run(eff_for_each_discard(eff_range(0, n), once, eff_unit)));
    CHECK(n_calls == n);
}

/* The callbacks that the builders are given count, too; `n_ends` says how often they were called. */
static eff_value_t add(eff_value_t v, eff_value_t env)
{
    (void)env;
    n_ends++;
    sum += eff_as_int(v);
    return eff_unit;
}
static eff_value_t add_env(eff_value_t env)
{
    return add(env, eff_unit);
}
static eff_t *add_and_go_on(eff_value_t v, eff_value_t env)
{
    add(v, env);
    return eff_noop();
}
static eff_t *go_on(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_noop();
}
static void add_at_end(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit;
    add(v, env);
}

/* A program whose item is `effect`; i is the item. */
#define COST(name, effect)                                                                                             \
    static eff_t *name##_once(eff_value_t i, eff_value_t env)                                                          \
    {                                                                                                                  \
        (void)i, (void)env;                                                                                            \
        n_calls++;                                                                                                     \
        return effect;                                                                                                 \
    }                                                                                                                  \
    void cost_##name(long n)                                                                                           \
    {                                                                                                                  \
        run_each(n, name##_once);                                                                                      \
        CHECK(n_ends == 0);                                                                                            \
    }
/* The same, where a callback is to have been called once for each item. */
#define COST_OF_CALL(name, effect)                                                                                     \
    static eff_t *name##_once(eff_value_t i, eff_value_t env)                                                          \
    {                                                                                                                  \
        (void)i, (void)env;                                                                                            \
        n_calls++;                                                                                                     \
        return effect;                                                                                                 \
    }                                                                                                                  \
    void cost_##name(long n)                                                                                           \
    {                                                                                                                  \
        run_each(n, name##_once);                                                                                      \
        CHECK(n_ends == n && sum == n * (n - 1) / 2);                                                                  \
    }

/* ---- one after another */

COST(nothing, eff_noop())
COST(succeed, eff_succeed(i))
COST_OF_CALL(sync, eff_sync(add_env, i))
COST_OF_CALL(map, eff_map(eff_succeed(i), add, eff_unit))
COST_OF_CALL(flat_map, eff_flat_map(eff_succeed(i), add_and_go_on, eff_unit))
COST_OF_CALL(fail_catch_all, eff_catch_all(eff_fail(i), add_and_go_on, eff_unit))
COST(catch_all_unused, eff_catch_all(eff_noop(), add_and_go_on, eff_unit))
COST(ensuring, eff_ensuring(eff_noop(), eff_noop()))
COST_OF_CALL(acquire_use_release, eff_acquire_use_release(eff_succeed(i), go_on, add_at_end, eff_unit))
COST(scoped, eff_scoped(eff_noop()))
COST(uninterruptible, eff_uninterruptible(eff_noop()))
COST(annotate, eff_annotate(eff_noop(), eff_literal("while counting")))
COST(retry_unused, eff_retry(eff_noop(), eff_schedule_recurs(3)))

struct await_once {
    int64_t i;
};
static eff_t *await_once_step(struct await_once *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_succeed(eff_int(s->i)));
    add(EFF_GOT(), eff_unit);
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(await_once, struct await_once, await_once_step);
COST_OF_CALL(gen, await_once((struct await_once){ eff_as_int(i) }))

/* ---- a description that is built once and run n times */

static eff_t *shared;
static eff_t *one(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    n_ends++;
    return eff_noop();
}
static eff_t *built_once(eff_value_t i, eff_value_t env)
{
    (void)i, (void)env;
    n_calls++;
    return eff_incref(shared);
}
void cost_flat_map_built_once(long n)
{
    shared = eff_flat_map(eff_succeed(eff_int(1)), one, eff_unit);
    run_each(n, built_once);
    CHECK(n_ends == n);
    eff_decref(shared);
}

/* ---- fibers */

static eff_t *join(eff_value_t fiber, eff_value_t env)
{
    (void)env;
    return eff_fiber_join(eff_as_fiber(fiber));
}

COST(yield, eff_yield_now())
COST(fork_join, eff_flat_map(eff_fork(eff_noop()), join, eff_unit))
COST(zip_par, eff_zip_par(eff_noop(), eff_noop()))
COST(zip_par_yield, eff_zip_par(eff_yield_now(), eff_yield_now()))
COST(race_done, eff_race(eff_noop(), eff_sleep(eff_seconds(1))))
COST(timeout_done, eff_timeout(eff_noop(), eff_seconds(1)))

static void run_par(long n, eff_bind_fn once)
{
    n_calls = 0;
    eff_value_decref(library_run(eff_for_each_par_discard(eff_range(0, n), once, eff_unit, 16)));
    CHECK(n_calls == n);
}
void cost_each_par(long n)
{
    run_par(n, nothing_once);
}
void cost_each_par_yield(long n)
{
    run_par(n, yield_once);
}

/* ---- runtimes: each operation is a run from outside */

void cost_run(long n)
{
    for (long i = 0; i < n; i++)
        CHECK(library_run_int(eff_succeed(eff_int(i))) == i);
}
void cost_runtime_run(long n)
{
    eff_runtime_t *rt = eff_runtime_new(NULL);
    CHECK(rt);
    for (long i = 0; i < n; i++) {
        eff_exit_t exit = eff_runtime_run(rt, eff_succeed(eff_int(i)));
        CHECK(exit.ok && eff_as_int(exit.value) == i);
    }
    eff_runtime_free(rt);
}

/* ---- services, logs, spans */

struct adder {
    eff_t *(*add)(struct adder *self, eff_value_t v);
};
EFF_DECLARE_SERVICE(adder, struct adder);
EFF_DEFINE_SERVICE(adder, struct adder);

static eff_t *adder_add(struct adder *self, eff_value_t v)
{
    (void)self;
    return add_and_go_on(v, eff_unit);
}
static eff_t *use_adder(struct adder *self, eff_value_t i)
{
    return self->add(self, i);
}
static eff_t *service_once(eff_value_t i, eff_value_t env)
{
    (void)env;
    n_calls++;
    return adder_with(use_adder, i);
}
void cost_service(long n)
{
    struct adder service = { adder_add };
    n_calls = n_ends = sum = 0;
    eff_t *e = eff_for_each_discard(eff_range(0, n), service_once, eff_unit);
    eff_value_decref(library_run(adder_provide(e, &service)));
    CHECK(n_calls == n && n_ends == n && sum == n * (n - 1) / 2);
}

COST(log_below_level, eff_log_trace("item %ld", (long)eff_as_int(i)))
COST(log_with_below_level, eff_log_trace_with("item", eff_field("index", eff_as_int(i))))
COST(span_without_tracer, eff_with_span(eff_noop(), "item"))
