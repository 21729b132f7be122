/* What a running program tells of itself: the fiber tree as text. */
#include "support/dump.h"

/* ---- the text */

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

TESTS(the_text_tells_what_a_task_group_waits_for, the_text_tells_names_places_time_and_what_is_gone_back_to,
      durations_are_rounded_to_what_matters, the_text_tells_lifetimes_masks_and_interruptions,
      fibers_share_a_line_when_their_traces_are_alike_too, it_tells_when_nobody_is_left_who_could_answer,
      layers_and_scopes_that_are_only_kept_share_a_line, a_layer_that_is_being_built_has_a_line_and_who_needs_it_too,
      a_name_cannot_forge_lines, of_a_long_trace_both_ends_are_shown, a_program_can_show_its_own_tree,
      a_program_with_a_loop_of_its_own_dumps_from_a_signals_event,
      waiting_goes_on_without_a_jump_when_a_test_clock_comes_and_goes)
