/* What a running program tells of itself to those within it: callbacks, drop hooks, another fiber; at any moment, of every
 * sort of frame. */
#include "support/dump.h"

/* ---- what a trace passes: every sort of frame */

struct frame {
    int unused;
};
static eff_t *step(struct frame *s, eff_gen_t *g)
{
    (void)s;
    EFF_GEN_BEGIN(g);
#line 1 "gen.c"
    EFF_AWAIT(await_at("a.c:1", 0));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(waits_in_a_gen, struct frame, step);
#line 20 "test_dump_inside.c"

static eff_t *use_waits(eff_value_t resource, eff_value_t env)
{
    (void)resource, (void)env;
    return waits_in_a_gen((struct frame){ 0 });
}
static void release_nothing(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    (void)resource, (void)exit, (void)env;
}
static eff_t *item_waits(eff_value_t item, eff_value_t env)
{
    (void)item, (void)env;
    eff_t *e = eff_acquire_use_release_at("a.c:2", eff_succeed(eff_int(1)), use_waits, release_nothing, eff_unit);
    return eff_ensuring_at("a.c:3", eff_uninterruptible(eff_interruptible(e)), eff_noop());
}
static eff_t *in_a_loop_in_regions(void)
{
    eff_t *e = eff_for_each_at("a.c:4", eff_range(0, 2), item_waits, eff_unit);
    e = eff_provide_context(eff_catch_all_at("a.c:5", e, id, eff_unit), eff_context_empty());
    return eff_then(eff_noop(), eff_scoped(eff_map_to_at("a.c:6", e, eff_int(1))));
}
static eff_t *finalizer_waits(void)
{
    return eff_ensuring_at("a.c:7", eff_noop(), eff_flat_map_at("a.c:8", await_at("a.c:9", 0), id, eff_unit));
}
static eff_t *items_wait(eff_value_t item, eff_value_t env)
{
    (void)item, (void)env;
    return eff_flat_map_at("a.c:10", await_at("a.c:11", 0), id, eff_unit);
}
static eff_t *frames_of_every_sort(void)
{
    eff_t *items = eff_for_each_par_at("a.c:12", eff_range(0, 1), items_wait, eff_unit, 0);
    eff_t *all = eff_all_par_at("a.c:13", 3, (eff_t *const[]){ in_a_loop_in_regions(), finalizer_waits(), items });
    return eff_or_die_at("a.c:14", all);
}
START_TEST(a_trace_passes_every_sort_of_frame)
{
    eff_runtime_t *rt = start(frames_of_every_sort());
    adjust(0);
    ck_assert_str_eq(dump(rt), "  fiber 1 (main) waits for its parallel sides at a.c:13\n"
                               "      at a.c:14\n"
                               "    fiber 2 (forked at a.c:13) waits for a deferred at a.c:1\n"
                               "        at gen.c:1\n"
                               "        at a.c:2\n        at a.c:3\n        at a.c:4\n"
                               "        at a.c:5\n        at a.c:6\n"
                               "    fiber 3 (forked at a.c:13) waits for a deferred at a.c:9, masked\n"
                               "        at a.c:8\n        at a.c:7\n"
                               "    fiber 4 (forked at a.c:13) waits for its parallel sides at a.c:12\n"
                               "      fiber 5 (forked at a.c:12) waits for a deferred at a.c:11\n"
                               "          at a.c:10\n");
    ck_assert(eff_deferred_complete(latch(&w, 0), eff_exit_succeed(eff_unit)));
    adjust(0);
    stop(0);
}
END_TEST

/* ---- from inside: the tree is consistent, whoever looks, and whenever */

enum { MANY = 64 };
struct look {
    uint64_t seen[MANY], levels[MANY];
    size_t n, n_ended, n_running;
    bool wrong;
};

static size_t place_of(const struct look *l, uint64_t id)
{
    size_t i = 0;
    while (i < l->n && l->seen[i] != id)
        i++;
    return i;
}
static bool check(const eff_fiber_info_t *f, void *arg)
{
    struct look *l = arg;
    size_t parent = place_of(l, f->parent_id);
    if (place_of(l, f->id) < l->n || l->n == MANY) l->wrong = true; /* each once */
    if (f->parent_id && parent == l->n) l->wrong = true;            /* parents first */
    if (f->level > 1 && l->levels[parent] != f->level - 1) l->wrong = true;
    if (f->size != sizeof *f || f->id != eff_fiber_id(f->fiber)) l->wrong = true;
    if (f->name && strcmp(f->name, eff_fiber_name(f->fiber)) != 0) l->wrong = true;
    if ((f->state == EFF_FIBER_WAITING) != (f->waits_for != NULL)) l->wrong = true;
    if (f->waited.ns < 0 || f->due_in.ns < 0 || (f->has_timer && f->waited.ns)) l->wrong = true;
    if ((f->state == EFF_FIBER_ENDED) != (eff_fiber_poll(f->fiber) != NULL)) l->wrong = true;
    l->seen[l->n] = f->id;
    l->levels[l->n++] = f->level;
    l->n_ended += f->state == EFF_FIBER_ENDED;
    l->n_running += f->state == EFF_FIBER_RUNNING;
    return true;
}

/* Looks at its own program in all three ways. Without memory for one of them, it dies of that. */
static eff_t *look(eff_value_t env)
{
    struct world *world = eff_as_ptr(env);
    struct look l = { .n = 0 };
    eff_runtime_t *rt = eff_runtime_current();
    size_t n = eff_runtime_each_fiber(rt, check, &l);
    if (n != l.n || l.n - l.n_ended != eff_runtime_n_fibers(rt) || l.n_running == 0 || l.wrong) world->n[0]++;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_runtime_dump(rt, &text);
    bool truncated = text.truncated;
    eff_buffer_done(&text);
    json_t *json = eff_runtime_dump_json(rt);
    if (!json || truncated) {
        json_decref(json);
        return eff_out_of_memory();
    }
    if (json_integer_value(json_object_get(json, "fibers")) != (json_int_t)(l.n - l.n_ended)) world->n[0]++;
    json_decref(json);
    return eff_noop();
}
static eff_t *looking(struct world *world)
{
    return eff_suspend(look, eff_ptr(world));
}
static void all_consistent(struct world *world)
{
    ck_assert_int_eq(world->n[0], 0);
}

static eff_t *use_looks(eff_value_t v, eff_value_t env)
{
    (void)v;
    return in_order(looking(eff_as_ptr(env)), eff_yield_now(), looking(eff_as_ptr(env)));
}
static eff_t *side(struct world *world, eff_t *before)
{
    return in_order(before, eff_ensuring(looking(world), looking(world)));
}
static eff_t *every_state(struct world *world)
{
    eff_t *fork = in_order(keep(world, 0, eff_fork(side(world, ms(2)))), keep(world, 1, eff_fork(failing(7))));
    eff_t *named =
        eff_fork_with(side(world, eff_noop()), &(eff_fork_options_t){ .name = "named", .start_immediately = true });
    eff_t *daemon = in_order(eff_fork_daemon(side(world, eff_yield_now())), eff_fork_scoped(side(world, ms(3))));
    eff_t *race = eff_race(side(world, ms(1)), side(world, eff_yield_now()));
    eff_t *items = eff_for_each_par(eff_range(0, 3), use_looks, eff_ptr(world), 2);
    return in_order(looking(world), fork, looking(world), named, daemon, looking(world), race, looking(world), items,
                    eff_scoped(in_order(eff_fork(side(world, eff_never())), looking(world), eff_yield_now())),
                    looking(world), with_fiber(world, 0, await), with_fiber(world, 1, await), looking(world), one(1));
}
/* FORK-052 */
CASE(FORK_052_the_tree_is_consistent_at_every_point, every_state, .succeeds = "1", .invariant = all_consistent)

static eff_t *task_starts(eff_task_started_t *started, eff_value_t env)
{
    struct world *world = eff_as_ptr(env);
    return in_order(looking(world), ms(1), looking(world), eff_task_started(started, eff_unit), side(world, ms(2)));
}
static eff_t *group_body(eff_task_group_t *group, eff_value_t env)
{
    struct world *world = eff_as_ptr(env);
    eff_t *start = eff_task_group_start(group, task_starts, env);
    return in_order(eff_task_group_fork(group, side(world, eff_yield_now())), looking(world), start, looking(world));
}
static eff_t *in_a_task_group(struct world *world)
{
    return in_order(eff_task_group(group_body, eff_ptr(world)), looking(world), one(1));
}
CASE(FORK_052_and_during_the_start_of_a_task, in_a_task_group, .succeeds = "1", .invariant = all_consistent)

static bool stop_at_once(const eff_fiber_info_t *f, void *arg)
{
    (void)f;
    ++*(int *)arg;
    return false;
}
START_TEST(a_visit_can_end_the_walk)
{
    int n = 0;
    ck_assert_ptr_null(eff_runtime_current());
    eff_runtime_t *rt = start(resolver_and_sleeper());
    adjust(0);
    ck_assert_uint_eq(eff_runtime_each_fiber(rt, stop_at_once, &n), 1);
    ck_assert_int_eq(n, 1);
    stop(3);
}
END_TEST

/* ---- who looks may be a drop hook, while frames go */

typedef struct probe {
    const eff_runtime_t *rt;
} probe_t;
static void look_as_it_is_dropped(probe_t *p)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    if (!p->rt) return;
    eff_runtime_dump(p->rt, &text);
    eff_buffer_done(&text);
}
EFF_STATIC_TYPE(probe, probe_t, .drop = look_as_it_is_dropped);

static eff_value_t probe(struct world *world)
{
    return probe_make((probe_t){ .rt = eff_test_runtime(world->test) });
}
static eff_t *with_probes(struct world *world, eff_t *e)
{
    for (int i = 0; i < 3; i++)
        e = eff_flat_map(eff_catch_all(e, id, probe(world)), id, probe(world));
    return eff_uninterruptible(e);
}
static eff_t *wait_for_env(eff_value_t item, eff_value_t env)
{
    (void)item;
    return eff_deferred_await(eff_as_deferred(env));
}
static eff_t *failing_past_probes(struct world *world)
{
    eff_value_t items = EFF_ARRAY(probe(world), probe(world), probe(world));
    eff_value_t door = eff_deferred_value(eff_deferred_incref(latch(world, 0)));
    eff_t *open = in_order(eff_yield_now(), eff_deferred_fail(latch(world, 0), eff_int(1)));
    return with_probes(world, eff_zip_par(eff_for_each_par(items, wait_for_env, door, 2), open));
}
CASE(drop_hooks_may_look_while_a_failure_passes, failing_past_probes, .succeeds = "1")

static void ignore_misuse(const char *message, void *arg)
{
    (void)message, (void)arg;
}
START_TEST(drop_hooks_may_look_while_the_runtime_is_freed)
{
    struct world own = { .test = NULL };
    eff_set_misuse_handler(ignore_misuse, NULL);
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_value_t items = EFF_ARRAY(probe_make((probe_t){ rt }), probe_make((probe_t){ rt }));
    eff_t *e = eff_for_each_par(items, wait_for_env, eff_deferred_value(eff_deferred_incref(latch(&own, 0))), 0);
    e = eff_flat_map(eff_ensuring(eff_succeed(probe_make((probe_t){ rt })), e), id, probe_make((probe_t){ rt }));
    ck_assert_int_eq(eff_runtime_fork(rt, e, NULL, NULL, NULL), 0);
    eff_exit_decref(eff_runtime_run(rt, eff_yield_now()));
    ck_assert_uint_eq(eff_runtime_n_fibers(rt), 3);
    eff_runtime_free(rt);
    eff_set_misuse_handler(NULL, NULL);
    eff_deferred_decref(own.deferreds[0]);
}
END_TEST

TESTS(drop_hooks_may_look_while_a_failure_passes, drop_hooks_may_look_while_the_runtime_is_freed,
      a_trace_passes_every_sort_of_frame, FORK_052_the_tree_is_consistent_at_every_point,
      FORK_052_and_during_the_start_of_a_task, a_visit_can_end_the_walk)
