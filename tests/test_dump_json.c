/* What a running program tells of itself, as JSON. */
#include "support/dump.h"

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

TESTS(as_json_the_tree_can_be_read_back, as_json_an_interruption_says_by_whom_and_why,
      as_json_it_says_what_is_waited_for_as_the_text_does, trees_of_any_depth_can_be_shown_and_read_back)
