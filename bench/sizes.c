/* Bytes: what a description, a frame, a fiber and the like ask of the allocator, with the free lists off, so that each
 * block is a request of its own. A part that is composed into something larger is not counted with it. */
#include <stdint.h>

#include "library.h"

/* ---- an allocator that knows how much is in use */

enum { HEADER = 16 }; /* holds the size, and keeps the block aligned */
static size_t n_bytes;

static void *sized_realloc(void *p, size_t size, void *ctx)
{
    (void)ctx;
    char *block = p ? (char *)p - HEADER : NULL;
    size_t was = block ? *(size_t *)block : 0;
    block = realloc(block, size + HEADER);
    CHECK(block);
    *(size_t *)block = size;
    n_bytes += size - was;
    return block + HEADER;
}
static void *sized_malloc(size_t size, void *ctx)
{
    return sized_realloc(NULL, size, ctx);
}
static void sized_free(void *p, void *ctx)
{
    (void)ctx;
    char *block = (char *)p - HEADER;
    n_bytes -= *(size_t *)block;
    free(block);
}

/* ---- nodes: each of these builds one, of parts that are there already */

static eff_t *part;

static eff_t *then_part(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_incref(part);
}
static eff_value_t increment(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_int(eff_as_int(v) + 1);
}
static eff_value_t call(eff_value_t env)
{
    (void)env;
    return eff_unit;
}
static void release(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    (void)resource, (void)exit, (void)env;
}

struct pair {
    int64_t a, b;
};
static eff_t *pair_step(struct pair *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_incref(part));
    EFF_GEN_END(eff_int(s->a + s->b));
}
EFF_DEFINE_GEN(pair, struct pair, pair_step);

static eff_t *node_succeed(void)
{
    return eff_succeed(eff_int(1));
}
static eff_t *node_fail(void)
{
    return eff_fail(eff_int(1));
}
static eff_t *node_sync(void)
{
    return eff_sync(call, eff_unit);
}
static eff_t *node_map(void)
{
    return eff_map(eff_incref(part), increment, eff_unit);
}
static eff_t *node_flat_map(void)
{
    return eff_flat_map(eff_incref(part), then_part, eff_unit);
}
static eff_t *node_catch_all(void)
{
    return eff_catch_all(eff_incref(part), then_part, eff_unit);
}
static eff_t *node_bracket(void)
{
    return eff_acquire_use_release(eff_incref(part), then_part, release, eff_unit);
}
static eff_t *node_gen(void)
{
    return pair((struct pair){ 1, 2 });
}
static eff_t *node_fork(void)
{
    return eff_fork(eff_incref(part));
}
static eff_t *node_sleep(void)
{
    return eff_sleep(eff_seconds(1));
}
static eff_t *node_timeout(void)
{
    return eff_timeout(eff_incref(part), eff_seconds(1));
}
static eff_t *node_race(void)
{
    eff_t *a = eff_incref(part), *b = eff_incref(part);
    return eff_race(a, b);
}
static eff_t *node_for_each_par(void)
{
    return eff_for_each_par(eff_range(0, 1), then_part, eff_unit, 16);
}

static const struct {
    const char *name;
    eff_t *(*build)(void);
} nodes[] = {
    { "succeed", node_succeed },
    { "fail", node_fail },
    { "sync", node_sync },
    { "map", node_map },
    { "flat_map", node_flat_map },
    { "catch_all", node_catch_all },
    { "bracket", node_bracket },
    { "gen_of_16", node_gen },
    { "fork", node_fork },
    { "sleep", node_sleep },
    { "timeout", node_timeout },
    { "race", node_race },
    { "for_each_par", node_for_each_par },
};

static double size_of_node(eff_t *(*build)(void))
{
    size_t before = n_bytes;
    eff_t *e = build();
    size_t size = n_bytes - before;
    eff_decref(e);
    return (double)size;
}

/* ---- frames: the description is kept, so what grows as it is descended into is the fiber's stack */

enum { N_FRAMES = 1000000, N_FIBERS = 10000, N_DEFERREDS = 1000 };

static size_t bytes_at_bottom;

static eff_value_t look(eff_value_t env)
{
    (void)env;
    bytes_at_bottom = n_bytes;
    return eff_unit;
}

static eff_t *pass_on(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_noop();
}

static double size_of_frame(void)
{
    eff_t *e = eff_sync(look, eff_unit);
    for (int i = 0; i < N_FRAMES; i++)
        e = eff_flat_map(e, pass_on, eff_unit);
    size_t before = n_bytes;
    eff_value_decref(library_run(eff_incref(e)));
    eff_decref(e);
    return (double)(bytes_at_bottom - before) / N_FRAMES;
}

/* ---- fibers: many are forked, each has had its turn, and somebody looks */

struct crowd {
    eff_t *(*build)(void); /* what each runs */
    eff_fiber_t **kept;    /* NULL: nobody keeps handles */
    int i;
    size_t before, after;
};
static eff_deferred_t *deferred;

static eff_t *fiber_never(void)
{
    return eff_never();
}
static eff_t *fiber_sleep(void)
{
    return eff_sleep(eff_seconds(3600));
}
static eff_t *fiber_await(void)
{
    return eff_deferred_await(deferred);
}
static eff_t *fiber_done(void)
{
    return eff_noop();
}

static eff_value_t look_after(eff_value_t env)
{
    struct crowd *s = eff_as_ptr(env);
    s->after = n_bytes;
    return eff_unit;
}

static eff_t *all_had_their_turn(eff_value_t v, eff_value_t env)
{
    (void)v;
    return eff_sync(look_after, env);
}

static eff_t *fork_next(eff_value_t fiber, eff_value_t env)
{
    struct crowd *s = eff_as_ptr(env);
    if (s->i == 0) s->before = n_bytes;
    else if (s->kept) s->kept[s->i - 1] = eff_fiber_incref(eff_as_fiber(fiber));
    if (s->i++ == N_FIBERS) return eff_flat_map(eff_yield_now(), all_had_their_turn, env);
    return eff_flat_map(eff_fork(s->build()), fork_next, env);
}

static double size_of_fiber(eff_t *(*build)(void), bool keep)
{
    struct crowd s = { .build = build, .kept = keep ? malloc(N_FIBERS * sizeof(eff_fiber_t *)) : NULL };
    eff_value_decref(library_run(eff_flat_map(eff_yield_now(), fork_next, eff_ptr(&s))));
    for (int i = 0; i < N_FIBERS && s.kept; i++)
        eff_fiber_decref(s.kept[i]);
    free(s.kept);
    return (double)(s.after - s.before) / N_FIBERS;
}

static double size_of_deferred(void)
{
    size_t before = n_bytes;
    eff_deferred_t *d = eff_deferred_new();
    size_t size = n_bytes - before;
    eff_deferred_decref(d);
    return (double)size;
}

static double size_of_queue(size_t capacity)
{
    size_t before = n_bytes;
    eff_queue_t *q = eff_queue_bounded(capacity);
    size_t size = n_bytes - before;
    eff_queue_decref(q);
    return (double)size;
}

/* ---- */

static void print(bool json, const char *kind, const char *name, double bytes)
{
    if (json)
        printf("{\"peer\":\"libeffect\",\"workload\":\"size_%s_%s\",\"metric\":\"B\",\"n\":1,\"runs\":[%.1f],"
               "\"median\":%.1f,\"min\":%.1f,\"max\":%.1f}\n",
               kind, name, bytes, bytes, bytes, bytes);
    else printf("%-10s %-24s %6.0f\n", kind, name, bytes);
}

static void print_all(void *arg)
{
    static const eff_allocator_t sized = { sized_malloc, sized_realloc, sized_free, NULL };
    bool json = ((const struct bench_options *)arg)->json;
    setenv("EFF_DEBUG", "nofreelists", 1);
    CHECK(eff_set_allocator(&sized) == 0);
    part = eff_sync(call, eff_unit);
    deferred = eff_deferred_new();
    if (!json) printf("bytes that the allocator is asked for\n\n");
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++)
        print(json, "node", nodes[i].name, size_of_node(nodes[i].build));
    print(json, "frame", "flat_map", size_of_frame());
    print(json, "fiber", "suspended", size_of_fiber(fiber_never, false));
    print(json, "fiber", "awaiting", size_of_fiber(fiber_await, false));
    print(json, "fiber", "sleeping", size_of_fiber(fiber_sleep, false));
    print(json, "fiber", "ended", size_of_fiber(fiber_done, true));
    print(json, "deferred", "empty", size_of_deferred());
    print(json, "queue", "of_1", size_of_queue(1));
    print(json, "queue", "of_1000", size_of_queue(1000));
    eff_deferred_decref(deferred);
    eff_decref(part);
}

bool bench_print_sizes(const struct bench_options *o)
{
    struct bench_options copy = *o;
    return bench_child(print_all, &copy, NULL);
}
