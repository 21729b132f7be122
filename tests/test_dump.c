/* What a running program tells of itself: the fiber tree as text and JSON, and fiber by fiber. */
#include <event2/event.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "support/fibers.h"

/* ---- a program to look at, driven from outside */

static struct world w;

static eff_runtime_t *start(eff_t *e)
{
    w.test = eff_test_new();
    (void)eff_test_fork(w.test, e);
    return eff_test_runtime(w.test);
}
static void adjust(int64_t ms)
{
    eff_test_adjust(w.test, eff_millis(ms));
}
static void stop(size_t n_left)
{
    for (int i = 0; i < 8; i++)
        eff_fiber_decref(w.fibers[i]);
    for (int i = 0; i < 4; i++)
        eff_deferred_decref(w.deferreds[i]);
    eff_queue_decref(w.queue);
    ck_assert_uint_eq(eff_test_free(w.test), n_left);
    w = (struct world){ .n = { 0 } };
}

/* The dump, in a static buffer. */
static const char *dump(const eff_runtime_t *rt)
{
    static char copy[65536];
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_runtime_dump(rt, &text);
    snprintf(copy, sizeof copy, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    return copy;
}

static eff_t *fork_named(eff_site_t site, const char *name, eff_t *e)
{
    return eff_fork_with_at(site, e, &(eff_fork_options_t){ .name = name });
}
static eff_t *await_at(eff_site_t site, int i)
{
    return eff_deferred_await_at(site, latch(&w, i));
}
static eff_t *id(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_succeed(eff_value_incref(v));
}

/* ---- the text */

static eff_t *resolver_and_sleeper(void)
{
    eff_t *resolver = fork_named("serve (web.c:40)", "resolver", await_at("look_up (dns.c:12)", 0));
    eff_t *sleeper = eff_fork_at("serve (web.c:41)", eff_sleep_at("pause (web.c:50)", eff_seconds(60)));
    eff_t *wait = eff_flat_map_at("reply (web.c:43)", await_at("serve (web.c:42)", 1), id, eff_unit);
    return eff_flat_map_at("main (web.c:71)", in_order(resolver, sleeper, wait), id, eff_unit);
}

START_TEST(the_text_tells_names_places_time_and_what_is_gone_back_to)
{
    eff_runtime_t *rt = start(resolver_and_sleeper());
    ck_assert_str_eq(dump(rt), "  fiber 1 (main) has not started\n"
                               "      at main (web.c:71)\n");
    adjust(0);
    ck_assert_str_eq(
        dump(rt), "  fiber 1 (main) waits for a deferred at serve (web.c:42)\n"
                  "      at reply (web.c:43)\n"
                  "      at main (web.c:71)\n"
                  "    fiber 2 \"resolver\" (forked at serve (web.c:40)) waits for a deferred at look_up (dns.c:12)\n"
                  "    fiber 3 (forked at serve (web.c:41)) waits for virtual time to pass at pause (web.c:50), due "
                  "in 60 s\n");
    adjust(2345);
    ck_assert_str_eq(
        dump(rt), "  fiber 1 (main) waits for a deferred at serve (web.c:42), for 2.3 s\n"
                  "      at reply (web.c:43)\n"
                  "      at main (web.c:71)\n"
                  "    fiber 2 \"resolver\" (forked at serve (web.c:40)) waits for a deferred at look_up (dns.c:12), "
                  "for 2.3 s\n"
                  "    fiber 3 (forked at serve (web.c:41)) waits for virtual time to pass at pause (web.c:50), due "
                  "in 58 s\n");
    stop(3);
}
END_TEST

static void assert_waits_for(int64_t ms, const char *text)
{
    eff_runtime_t *rt = start(await_at("a.c:1", 0));
    adjust(0);
    adjust(ms);
    char line[200];
    snprintf(line, sizeof line, "  fiber 1 (main) waits for a deferred at a.c:1%s\n", text);
    ck_assert_str_eq(dump(rt), line);
    stop(1);
}
static void assert_due_in(int64_t ms, const char *text)
{
    eff_runtime_t *rt = start(eff_sleep_at("a.c:1", eff_millis(ms)));
    adjust(0);
    char line[200];
    snprintf(line, sizeof line, "  fiber 1 (main) waits for virtual time to pass at a.c:1, due in %s\n", text);
    ck_assert_str_eq(dump(rt), line);
    stop(1);
}
START_TEST(durations_are_rounded_to_what_matters)
{
    assert_waits_for(999, "");
    assert_waits_for(1000, ", for 1.0 s");
    assert_waits_for(9999, ", for 9.9 s");
    assert_waits_for(119999, ", for 119 s");
    assert_waits_for(120000, ", for 2 min");
    assert_waits_for(INT64_C(7199999), ", for 119 min");
    assert_waits_for(INT64_C(7200000), ", for 2 h");
    assert_waits_for(INT64_C(172800000), ", for 2 days");
    assert_due_in(1, "1 ms");
    assert_due_in(300, "300 ms");
    assert_due_in(9999, "9999 ms");
    assert_due_in(10000, "10 s");
    assert_due_in(10001, "11 s");
    assert_due_in(121000, "3 min");
    assert_due_in(INT64_C(3600000) * 50, "3 days");
}
END_TEST

static eff_t *forks_of_each_lifetime(void)
{
    eff_t *daemon = eff_fork_daemon_at("a.c:1", eff_never());
    eff_t *scoped = eff_fork_scoped_at("a.c:2", eff_uninterruptible(await_at("a.c:3", 0)));
    return in_order(daemon, scoped, eff_scoped(in_order(eff_fork_at("a.c:4", eff_never()), eff_never())));
}
START_TEST(the_text_tells_lifetimes_masks_and_interruptions)
{
    eff_runtime_t *rt = start(forks_of_each_lifetime());
    adjust(0);
    const char *daemon = "  fiber 2 (daemon, forked at a.c:1) waits for nothing: eff_never\n";
    ck_assert_ptr_nonnull(strstr(dump(rt), daemon));
    ck_assert_ptr_nonnull(strstr(dump(rt), "    fiber 4 (forked at a.c:4) waits for nothing: eff_never\n"));
    const char *scoped = "  fiber 3 (forked at a.c:2 into a scope of fiber 1) waits for a deferred at a.c:3, masked\n";
    ck_assert_ptr_nonnull(strstr(dump(rt), scoped));
    eff_fiber_t *main_fiber = (eff_fiber_t *)(uintptr_t)eff__first_fiber(rt);
    eff_test_interrupt(w.test, main_fiber);
    adjust(0);
    const char *closing =
        "  fiber 1 (main) waits to close a scope, for the end of fiber 3, masked, interrupted (explicit)";
    ck_assert_msg(strstr(dump(rt), closing), "%s", dump(rt));
    scoped =
        "  fiber 3 (forked at a.c:2 into a scope of fiber 1) waits for a deferred at a.c:3, masked, interrupted by "
        "fiber 1 (region ended)";
    ck_assert_msg(strstr(dump(rt), scoped), "%s", dump(rt));
    ck_assert(eff_deferred_complete(latch(&w, 0), eff_exit_succeed(eff_unit)));
    adjust(0);
    stop(1);
}
END_TEST

static eff_t *never_starts(eff_task_started_t *started, eff_value_t env)
{
    (void)started, (void)env;
    return eff_never();
}
static eff_t *starts_one(eff_task_group_t *group, eff_value_t env)
{
    (void)env;
    return eff_task_group_start_at("a.c:1", group, never_starts, eff_unit);
}
START_TEST(the_text_tells_what_a_task_group_waits_for)
{
    eff_runtime_t *rt = start(eff_task_group_at("a.c:2", starts_one, eff_unit));
    adjust(0);
    ck_assert_str_eq(dump(rt), "  fiber 1 (main) waits for the tasks of its group at a.c:2\n"
                               "    fiber 2 (forked at a.c:2) waits for the start of fiber 3 at a.c:1\n"
                               "    fiber 3 (forked at a.c:1) waits for nothing: eff_never\n"
                               "        at a.c:1\n");
    stop(3);
}
END_TEST

static eff_t *start_worker(eff_value_t item, eff_value_t env)
{
    (void)env;
    int64_t i = eff_as_int(item);
    eff_t *take = eff_queue_take_at("a.c:1", w.queue);
    if (i % 10 == 9) take = eff_flat_map_at("a.c:2", take, id, eff_unit); /* the last has another trace */
    return fork_named("a.c:3", "worker", take);
}
static eff_t *workers(void)
{
    w.queue = eff_queue_bounded(1);
    return eff_then(eff_for_each(eff_range(0, 10), start_worker, eff_unit), eff_never());
}
START_TEST(fibers_share_a_line_when_their_traces_are_alike_too)
{
    eff_runtime_t *rt = start(workers());
    adjust(0);
    adjust(1500);
    ck_assert_str_eq(dump(rt),
                     "  fiber 1 (main) waits for nothing: eff_never, for 1.5 s\n"
                     "    9 fibers \"worker\" (2, 3, 4 \xe2\x80\xa6 10), forked at a.c:3, wait for an item of a "
                     "queue at a.c:1, for up to 1.5 s\n"
                     "    fiber 11 \"worker\" (forked at a.c:3) waits for an item of a queue at a.c:1, for 1.5 s\n"
                     "        at a.c:2\n");
    stop(11);
}
END_TEST

static eff_t *abandoned(void)
{
    eff_queue_t *queue = eff_queue_bounded(1);
    eff_t *takers = eff_zip_par_at("a.c:1", eff_queue_take_at("a.c:2", queue), eff_queue_take_at("a.c:3", queue));
    eff_queue_decref(queue);
    return takers;
}
START_TEST(it_tells_when_nobody_is_left_who_could_answer)
{
    eff_runtime_t *rt = start(abandoned());
    adjust(0);
    ck_assert_str_eq(dump(rt),
                     "  fiber 1 (main) waits for its parallel sides at a.c:1\n"
                     "    fiber 2 (forked at a.c:1) waits for an item of a queue at a.c:2; nobody else holds it\n"
                     "    fiber 3 (forked at a.c:1) waits for an item of a queue at a.c:3; nobody else holds it\n");
    stop(3);
}
END_TEST

/* ---- layers and scopes */

static const eff_tag_t pool_tag = { .name = "pool" }, users_tag = { .name = "users" }, shop_tag = { .name = "shop" };

static eff_t *in_layers(eff_t *open_users)
{
    eff_layer_t *pool = eff_layer_effect_at("l.c:1", &pool_tag, one(1), NULL);
    eff_layer_t *users = eff_layer_effect_at("l.c:2", &users_tag, open_users, EFF_TAGS(&pool_tag));
    eff_layer_t *shop = eff_layer_effect_at("l.c:3", &shop_tag, one(3), EFF_TAGS(&users_tag));
    return eff_provide_at("l.c:5", await_at("l.c:6", 1),
                          eff_layer_wire_at("l.c:4", 3, (eff_layer_t *[]){ shop, users, pool }));
}
START_TEST(layers_and_scopes_that_are_only_kept_share_a_line)
{
    eff_t *scopes = eff_scoped(eff_then(eff_scope_make_at("s.c:1", EFF_SCOPE_SEQUENTIAL), in_layers(one(2))));
    eff_runtime_t *rt = start(scopes);
    adjust(0);
    ck_assert_str_eq(dump(rt), "  fiber 1 (main) waits for a deferred at l.c:6\n"
                               "  4 fibers (4, 7, 8, 2) keep layers and scopes, and are idle\n");
    stop(5);
}
END_TEST

START_TEST(a_layer_that_is_being_built_has_a_line_and_who_needs_it_too)
{
    eff_runtime_t *rt = start(in_layers(await_at("l.c:7", 0)));
    adjust(0);
    ck_assert_str_eq(
        dump(rt),
        "  fiber 1 (main) waits for its parallel sides at l.c:5\n"
        "    fiber 4 (forked at l.c:5) waits for layer eff_layer_effect of users (l.c:2) to be built at l.c:5\n"
        "    fiber 5 (forked at l.c:5) waits for layer eff_layer_effect of users (l.c:2) to be built, which "
        "eff_layer_effect of shop (l.c:3) needs at l.c:5\n"
        "  fiber 6 \"users\" (forked at l.c:5) waits for a deferred at l.c:7, masked\n"
        "      at l.c:2\n"
        "  fiber 3 \"pool\" (forked at l.c:5) waits to release layer eff_layer_effect of pool (l.c:1), which "
        "has 1 user at l.c:5, masked\n");
    stop(5);
}
END_TEST

static eff_t *name_self(void)
{
    return eff_named(eff_never(), "two\nlines\x1b[31m");
}
START_TEST(a_name_cannot_forge_lines)
{
    eff_runtime_t *rt = start(name_self());
    adjust(0);
    ck_assert_ptr_nonnull(strstr(dump(rt), "  fiber 1 \"two\\nlines\\x1b[31m\" (main) waits for nothing: eff_never\n"));
    stop(1);
}
END_TEST

/* A wait below n binds, each with a site of its own. */
static eff_t *below_binds(int n, eff_t *e)
{
    static char sites[100][16];
    for (int i = 0; i < n; i++) {
        snprintf(sites[i], sizeof sites[i], "d.c:%d", i);
        e = eff_flat_map_at(sites[i], e, id, eff_unit);
    }
    return e;
}
START_TEST(of_a_long_trace_both_ends_are_shown)
{
    eff_runtime_t *rt = start(below_binds(14, await_at("a.c:1", 0)));
    adjust(0);
    ck_assert_str_eq(dump(rt), "  fiber 1 (main) waits for a deferred at a.c:1\n"
                               "      at d.c:0\n      at d.c:1\n      at d.c:2\n      at d.c:3\n"
                               "      at d.c:4\n      at d.c:5\n      at d.c:6\n      at d.c:7\n"
                               "      \xe2\x80\xa6 2 more \xe2\x80\xa6\n"
                               "      at d.c:10\n      at d.c:11\n      at d.c:12\n      at d.c:13\n");
    stop(1);
}
END_TEST

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
#line 260 "test_dump.c"

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

/* ---- JSON */

static char json_text[1 << 20];
/* What is read back. */
static json_t *json_of(const eff_runtime_t *rt)
{
    json_t *dumped = eff_runtime_dump_json(rt);
    ck_assert_ptr_nonnull(dumped);
    size_t n = json_dumpb(dumped, json_text, sizeof json_text - 1, 0);
    ck_assert_uint_lt(n, sizeof json_text);
    json_text[n] = '\0';
    json_t *read = json_loads(json_text, 0, NULL);
    ck_assert_ptr_nonnull(read);
    ck_assert(json_equal(dumped, read));
    json_decref(dumped);
    return read;
}
/* ' stands for ". */
static const char *with_quotes(const char *text)
{
    static char copy[4096];
    snprintf(copy, sizeof copy, "%s", text);
    for (char *p = copy; (p = strchr(p, '\''));)
        *p = '"';
    return copy;
}
static void assert_json(const eff_runtime_t *rt, const char *expected)
{
    json_t *actual = json_of(rt);
    json_error_t error;
    json_t *wanted = json_loads(with_quotes(expected), 0, &error);
    ck_assert_msg(wanted != NULL, "%s at %d", error.text, error.column);
    ck_assert_msg(json_equal(actual, wanted), "%s", json_text);
    json_decref(wanted);
    json_decref(actual);
}

START_TEST(as_json_the_tree_can_be_read_back)
{
    eff_runtime_t *rt = start(resolver_and_sleeper());
    adjust(0);
    adjust(2345);
    assert_json(rt, "{'fibers': 3, 'runnable': 0, 'waiting_outside': 0, 'tree': ["
                    "{'id': 1, 'state': 'waiting', 'waits_for': 'for a deferred', 'at': 'serve (web.c:42)', "
                    "'waited_ms': 2345, 'outside': false, 'daemon': false, 'masked': false, "
                    "'trace': ['reply (web.c:43)', 'main (web.c:71)'], 'children': ["
                    "{'id': 2, 'parent': 1, 'name': 'resolver', 'forked_at': 'serve (web.c:40)', 'state': 'waiting', "
                    "'waits_for': 'for a deferred', 'at': 'look_up (dns.c:12)', 'waited_ms': 2345, 'outside': false, "
                    "'daemon': false, 'masked': false, 'trace': [], 'children': []},"
                    "{'id': 3, 'parent': 1, 'forked_at': 'serve (web.c:41)', 'state': 'waiting', "
                    "'waits_for': 'for virtual time to pass', 'at': 'pause (web.c:50)', 'due_in_ms': 57655, "
                    "'outside': false, 'daemon': false, 'masked': false, 'trace': [], 'children': []}]}]}");
    stop(3);
}
END_TEST

static eff_t *join_at(eff_fiber_t *fiber)
{
    return eff_fiber_join_at("a.c:1", fiber);
}
static eff_t *interrupt_at(eff_fiber_t *fiber)
{
    return eff_fiber_interrupt_at("a.c:5", fiber);
}
static eff_t *interrupts_what_stays(void)
{
    eff_t *stays = eff_uninterruptible(await_at("a.c:2", 0));
    eff_t *interrupt = with_fiber(&w, 0, interrupt_at);
    return in_order(keep(&w, 0, eff_fork_at("a.c:3", stays)), keep(&w, 1, eff_fork_at("a.c:4", interrupt)),
                    eff_yield_now(), eff_yield_now(), with_fiber(&w, 1, join_at));
}
START_TEST(as_json_an_interruption_says_by_whom_and_why)
{
    eff_runtime_t *rt = start(interrupts_what_stays());
    adjust(0);
    assert_json(rt, "{'fibers': 3, 'runnable': 0, 'waiting_outside': 0, 'tree': ["
                    "{'id': 1, 'state': 'waiting', 'waits_for': 'to join', 'waits_for_fiber': 3, 'at': 'a.c:1', "
                    "'waited_ms': 0, 'outside': false, 'daemon': false, 'masked': false, 'trace': [], 'children': ["
                    "{'id': 2, 'parent': 1, 'forked_at': 'a.c:3', 'state': 'waiting', 'waits_for': 'for a deferred', "
                    "'at': 'a.c:2', 'waited_ms': 0, 'outside': false, 'daemon': false, 'masked': true, 'interrupted': "
                    "{'by': 3, 'reason': 'explicit', 'site': 'a.c:5'}, 'trace': [], 'children': []},"
                    "{'id': 3, 'parent': 1, 'forked_at': 'a.c:4', 'state': 'waiting', 'waits_for': 'for the end of', "
                    "'waits_for_fiber': 2, 'at': 'a.c:5', 'waited_ms': 0, 'outside': false, 'daemon': false, "
                    "'masked': false, 'trace': [], 'children': []}]}]}");
    ck_assert(eff_deferred_complete(latch(&w, 0), eff_exit_succeed(eff_unit)));
    adjust(0);
    stop(0);
}
END_TEST

START_TEST(as_json_it_says_what_is_waited_for_as_the_text_does)
{
    eff_runtime_t *rt = start(eff_task_group_at("a.c:2", starts_one, eff_unit));
    adjust(0);
    json_t *tree = json_of(rt);
    ck_assert_msg(strstr(json_text, "for the tasks of its group") && strstr(json_text, "for nothing: eff_never"), "%s",
                  json_text);
    json_decref(tree);
    stop(3);
}
END_TEST

enum { DEEP = 2000 };
static eff_t *fork_deeper(eff_value_t env)
{
    int64_t n = eff_as_int(env);
    if (n == 0) return eff_never();
    return eff_then(eff_fork_at("a.c:1", eff_suspend_at("a.c:2", fork_deeper, eff_int(n - 1))), eff_never());
}
START_TEST(trees_of_any_depth_can_be_shown_and_read_back)
{
    eff_runtime_t *rt = start(fork_deeper(eff_int(DEEP)));
    adjust(0);
    static char line[200];
    snprintf(line, sizeof line, "\n%*sfiber %d (forked at a.c:1 by fiber %d) waits for nothing: eff_never\n", 80, "",
             DEEP + 1, DEEP);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_runtime_dump(rt, &text);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), line));
    eff_buffer_done(&text);
    json_t *root = json_of(rt), *fibers = json_object_get(root, "tree");
    int depth = 0;
    while (json_array_size(fibers) == 1) {
        depth++;
        fibers = json_object_get(json_array_get(fibers, 0), "children");
    }
    ck_assert_int_eq(depth, 63);
    ck_assert_uint_eq(json_array_size(fibers), DEEP + 1 - 63);
    for (size_t i = 0; i < json_array_size(fibers); i++)
        ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(fibers, i), "parent")),
                         (json_int_t)(63 + i));
    json_decref(root);
    stop(DEEP + 1);
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

/* ---- as in docs/debugging.md */

static eff_value_t show_fibers(eff_value_t env)
{
    (void)env;
    return eff_json(eff_runtime_dump_json(eff_runtime_current()));
}
static eff_value_t shows_two(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_bool(json_integer_value(json_object_get(eff_as_json(v), "fibers")) >= 2);
}
static eff_t *shows_itself(struct world *world)
{
    (void)world;
    eff_t *show = eff_map(eff_sync(show_fibers, eff_unit), shows_two, eff_unit);
    return in_order(eff_fork(eff_never()), eff_yield_now(), show);
}
CASE(a_program_can_show_its_own_tree, shows_itself, .succeeds = "true")

static void on_quit(evutil_socket_t signal, short what, void *rt)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_runtime_dump(rt, &text);
    fputs(eff_buffer_text(&text), stderr);
    eff_buffer_done(&text);
}
START_TEST(a_program_with_a_loop_of_its_own_dumps_from_a_signals_event)
{
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    eff_fiber_t *fiber;
    ck_assert_int_eq(eff_runtime_fork(rt, eff_never(), NULL, NULL, &fiber), 0);
    struct event *quit = evsignal_new(base, SIGQUIT, on_quit, rt);
    event_add(quit, NULL);
    event_base_loop(base, EVLOOP_NONBLOCK);

    int ends[2], own_stderr = dup(STDERR_FILENO);
    char printed[200] = "";
    ck_assert_int_eq(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    raise(SIGQUIT);
    event_base_loop(base, EVLOOP_ONCE);
    dup2(own_stderr, STDERR_FILENO);
    ck_assert_int_gt(read(ends[0], printed, sizeof printed - 1), 0);
    ck_assert_str_eq(printed, "  fiber 1 (main) waits for nothing: eff_never\n");

    close(ends[0]), close(ends[1]), close(own_stderr);
    event_free(quit);
    eff_runtime_interrupt(rt, fiber);
    event_base_dispatch(base);
    eff_fiber_decref(fiber);
    eff_runtime_free(rt);
    event_base_free(base);
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

/* ---- which clock waiting is measured by */

static bool note_waited(const eff_fiber_info_t *f, void *arg)
{
    eff_duration_t *waited = arg;
    if (f->id == 2) *waited = f->waited;
    return true;
}
static eff_value_t waited_of_fiber_2(eff_value_t env)
{
    eff_duration_t waited = { -1 };
    (void)env;
    (void)eff_runtime_each_fiber(eff_runtime_current(), note_waited, &waited);
    return eff_duration_value(waited);
}
static eff_value_t is_about_an_hour(eff_value_t v, eff_value_t env)
{
    (void)env;
    int64_t ms = eff_as_duration(v).ns / 1000000;
    return eff_bool(ms >= 3600000 && ms < 3600000 + 60000);
}
/* Fiber 2 begins to wait by the live clock; then a TestClock takes over for a while. */
START_TEST(waiting_goes_on_without_a_jump_when_a_test_clock_comes_and_goes)
{
    eff_t *hour = eff_zip_par(eff_sleep(eff_hours(1)), eff_test_clock_adjust(eff_hours(1)));
    eff_t *virtual = eff_provide(eff_then(hour, eff_sync(waited_of_fiber_2, eff_unit)), eff_test_clock());
    eff_t *e = in_order(eff_fork(eff_never()), eff_yield_now(), eff_map(virtual, is_about_an_hour, eff_unit));
    eff_exit_t exit = eff_run(e);
    ck_assert_str_eq(shape_of(&exit), "ok(true)");
    eff_exit_decref(exit);
}
END_TEST

TESTS(the_text_tells_what_a_task_group_waits_for, drop_hooks_may_look_while_a_failure_passes,
      drop_hooks_may_look_while_the_runtime_is_freed, the_text_tells_names_places_time_and_what_is_gone_back_to,
      durations_are_rounded_to_what_matters, the_text_tells_lifetimes_masks_and_interruptions,
      fibers_share_a_line_when_their_traces_are_alike_too, it_tells_when_nobody_is_left_who_could_answer,
      layers_and_scopes_that_are_only_kept_share_a_line, a_layer_that_is_being_built_has_a_line_and_who_needs_it_too,
      a_name_cannot_forge_lines, of_a_long_trace_both_ends_are_shown, a_trace_passes_every_sort_of_frame,
      as_json_the_tree_can_be_read_back, as_json_an_interruption_says_by_whom_and_why,
      as_json_it_says_what_is_waited_for_as_the_text_does, trees_of_any_depth_can_be_shown_and_read_back,
      FORK_052_the_tree_is_consistent_at_every_point, FORK_052_and_during_the_start_of_a_task, a_visit_can_end_the_walk,
      a_program_can_show_its_own_tree, a_program_with_a_loop_of_its_own_dumps_from_a_signals_event,
      waiting_goes_on_without_a_jump_when_a_test_clock_comes_and_goes)
