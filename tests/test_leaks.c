/* The report of leaks: what was made and not given up, by where it comes from. Each test leaks, looks, and gives up. */
#include <pthread.h>
#include <string.h>

#include "support/fibers.h"

static eff_value_t return_env(eff_value_t v, eff_value_t env)
{
    return eff_value_incref(env);
}

/* Lines of this file are told as N. */
static const char *without_lines(char *text)
{
    static const char file[] = "test_leaks.c:";
    for (char *at = text; (at = strstr(at, file));) {
        at += sizeof file - 1;
        size_t n = strspn(at, "0123456789");
        *at = 'N';
        memmove(at + 1, at + n, strlen(at + n) + 1);
    }
    return text;
}

/* Of what was made since mark, n things leak, and this is said of them. */
static void ck_assert_leaks_(int line, uint64_t mark, size_t n, const char *text)
{
    eff_buffer_t out = EFF_BUFFER_INIT;
    size_t found = eff_test_leaks(mark, &out);
    char copy[4000];
    snprintf(copy, sizeof copy, "%s", eff_buffer_text(&out));
    eff_buffer_done(&out);
    ck_assert_msg(found == n && !strcmp(without_lines(copy), text), "line %d: expected \"%s\", but %zu leak:\n%s", line,
                  text, found, copy);
}
#define ck_assert_leaks(mark, n, text) ck_assert_leaks_(__LINE__, mark, n, text)

static void run(eff_t *e)
{
    eff_exit_decref(eff_test_run(e));
}

static eff_t *pass_on(eff_value_t v, eff_value_t env)
{
    return eff_succeed(eff_value_incref(v));
}

START_TEST(nothing_leaks_when_all_is_given_up)
{
    uint64_t mark = eff_test_leaks_mark();
    eff_t *e = eff_flat_map(eff_succeed(eff_string("a string")), pass_on, eff_unit);
    run(eff_zip_par(eff_scoped(e), eff_then(eff_fork(eff_sleep(eff_millis(5))), eff_sleep(eff_millis(2)))));
    ck_assert_leaks(mark, 0, "");
}
END_TEST

START_TEST(an_effect_that_was_never_run_is_told_as_that_without_its_parts)
{
    uint64_t mark = eff_test_leaks_mark();
    eff_t *forgotten[2];
    for (int i = 0; i < 2; i++)
        forgotten[i] = eff_flat_map(eff_map(eff_succeed(eff_string("x")), return_env, eff_unit), pass_on, eff_unit);
    ck_assert_leaks(mark, 2, "2 effects built at pass_on (test_leaks.c:N) were never run, and never given up\n");
    eff_decref(forgotten[0]);
    eff_decref(forgotten[1]);
}
END_TEST

START_TEST(an_effect_that_was_run_is_told_apart)
{
    uint64_t mark = eff_test_leaks_mark();
    eff_t *kept = eff_flat_map(eff_succeed(eff_int(1)), pass_on, eff_unit);
    run(eff_incref(kept));
    ck_assert_leaks(mark, 1, "1 effect built at pass_on (test_leaks.c:N) was run, but never given up\n");
    eff_decref(kept);
}
END_TEST

START_TEST(only_what_was_made_after_the_mark_counts_and_only_once)
{
    (void)eff_test_leaks_mark();
    eff_t *before = eff_succeed(eff_int(1));
    uint64_t mark = eff_test_leaks_mark();
    eff_t *after = eff_succeed(eff_int(1));
    ck_assert_leaks(mark, 1, "1 effect built at test_leaks.c:N was never run, and never given up\n");
    ck_assert_leaks(mark, 0, "");
    ck_assert_leaks(0, 1, "1 effect built at test_leaks.c:N was never run, and never given up\n");
    eff_decref(before);
    eff_decref(after);
}
END_TEST

START_TEST(what_an_older_thing_holds_is_no_leak)
{
    (void)eff_test_leaks_mark();
    eff_queue_t *jobs = eff_queue_bounded(4);
    uint64_t mark = eff_test_leaks_mark();
    run(eff_queue_offer(jobs, eff_string("a job")));
    ck_assert_leaks(mark, 0, "");
    eff_queue_decref(jobs);
}
END_TEST

static eff_value_t kept_values[3];
static eff_value_t keep_string(eff_value_t v, eff_value_t env)
{
    kept_values[eff_as_int(v)] = eff_string("a string that somebody keeps");
    return eff_unit;
}
static eff_t *keep_one(eff_value_t item, eff_value_t env)
{
    return eff_map(eff_succeed(item), keep_string, eff_unit);
}

START_TEST(values_are_told_by_type_and_by_the_callback_that_made_them)
{
    uint64_t mark = eff_test_leaks_mark();
    run(eff_for_each(eff_range(0, 3), keep_one, eff_unit));
    eff_value_t outside = eff_string("made outside of callbacks");
    ck_assert_leaks(mark, 4,
                    "3 values of type string, made in keep_string (test_leaks.c:N), were never given up\n"
                    "1 value of type string was never given up\n");
    eff_value_decref(outside);
    for (int i = 0; i < 3; i++)
        eff_value_decref(kept_values[i]);
}
END_TEST

START_TEST(fibers_and_scopes_are_told_by_where_they_began)
{
    uint64_t mark = eff_test_leaks_mark();
    eff_fiber_t *fiber = NULL;
    run(eff_then(eff_fiber_into(eff_fork(eff_succeed(eff_string("held by its exit"))), &fiber), eff_yield_now()));
    ck_assert_leaks(mark, 1, "1 handle of a fiber forked at test_leaks.c:N was never given up\n");
    eff_exit_t exit = eff_test_run(eff_scoped(eff_scope_current()));
    ck_assert(exit.ok);
    ck_assert_leaks(mark, 1, "1 scope opened at test_leaks.c:N was never given up\n");
    eff_exit_decref(exit);
    eff_fiber_decref(fiber);
}
END_TEST

typedef struct knot {
    eff_value_t other;
} knot_t;
static void knot_clear(knot_t *knot)
{
    eff_value_decref(knot->other);
}
EFF_STATIC_TYPE(knot, knot_t, .drop = knot_clear);

/* As docs/debugging.md has it. */
START_TEST(a_test_looks_for_leaks)
{
    uint64_t mark = eff_test_leaks_mark();
    run(eff_sleep(eff_seconds(1)));
    eff_buffer_t leaks = EFF_BUFFER_INIT;
    if (eff_test_leaks(mark, &leaks) > 0) ck_abort_msg("%s", eff_buffer_text(&leaks));
    eff_buffer_done(&leaks);
}
END_TEST

START_TEST(of_a_circle_one_is_told)
{
    uint64_t mark = eff_test_leaks_mark();
    eff_value_t a = knot_make((knot_t){ eff_unit }), b = knot_make((knot_t){ a });
    knot_t *knot = knot_of(a);
    knot->other = b;
    ck_assert_leaks(mark, 1, "1 value of type knot was never given up\n");
    knot->other = eff_unit;
    eff_value_decref(b);
}
END_TEST

START_TEST(runtimes_and_buffers_are_told)
{
    uint64_t mark = eff_test_leaks_mark();
    eff_runtime_t *rt = eff_runtime_new(NULL);
    ck_assert_int_eq(eff_runtime_fork(rt, eff_sleep(eff_seconds(1)), NULL, NULL, NULL), 0);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_add(&text, "a text");
    ck_assert_leaks(mark, 2, "1 runtime was never freed\n1 other block was never given up\n");
    eff_buffer_done(&text);
    eff_runtime_shutdown(rt, NULL, NULL);
    eff_exit_decref(eff_runtime_run(rt, eff_noop()));
    eff__run_shutdown(rt);
    eff_runtime_free(rt);
}
END_TEST

START_TEST(the_most_frequent_come_first_and_a_bound_is_kept)
{
    uint64_t mark = eff_test_leaks_mark();
    static char sites[40][8];
    eff_t *kept[41];
    for (int i = 0; i < 40; i++) {
        snprintf(sites[i], sizeof sites[i], "x.c:%d", i);
        kept[i] = eff_succeed_at(sites[i], eff_unit);
    }
    kept[40] = eff_succeed_at("x.c:7", eff_unit);
    eff_buffer_t out = EFF_BUFFER_INIT;
    ck_assert_uint_eq(eff_test_leaks(mark, &out), 41);
    const char *text = eff_buffer_text(&out);
    size_t n_lines = 0;
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        n_lines++;
    ck_assert_uint_eq(n_lines, 31);
    ck_assert_msg(!strncmp(text, "2 effects built at x.c:7 ", 25), "%s", text);
    ck_assert_ptr_nonnull(strstr(text, "\nand 10 more kinds\n"));
    eff_buffer_done(&out);
    for (int i = 0; i < 41; i++)
        eff_decref(kept[i]);
}
END_TEST

static void *build_and_give_up(void *arg)
{
    for (int i = 0; i < 2000; i++)
        eff_decref(eff_map(eff_succeed(eff_string("x")), return_env, eff_unit));
    return eff_succeed_at("thread.c:1", eff_unit);
}

START_TEST(threads_are_kept_track_of)
{
    uint64_t mark = eff_test_leaks_mark();
    pthread_t threads[4];
    void *kept[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, build_and_give_up, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], &kept[i]);
    ck_assert_leaks(mark, 4, "4 effects built at thread.c:1 were never run, and never given up\n");
    for (int i = 0; i < 4; i++)
        eff_decref(kept[i]);
}
END_TEST

START_TEST(what_grows_keeps_its_place)
{
    uint64_t mark = eff_test_leaks_mark();
    eff_buffer_t text = EFF_BUFFER_INIT;
    for (int i = 0; i < 10000; i++)
        eff_buffer_add(&text, "grows ");
    ck_assert_leaks(mark, 1, "1 other block was never given up\n");
    eff_buffer_done(&text);
    ck_assert_leaks(mark, 0, "");
}
END_TEST

TESTS(nothing_leaks_when_all_is_given_up, an_effect_that_was_never_run_is_told_as_that_without_its_parts,
      an_effect_that_was_run_is_told_apart, only_what_was_made_after_the_mark_counts_and_only_once,
      what_an_older_thing_holds_is_no_leak, values_are_told_by_type_and_by_the_callback_that_made_them,
      fibers_and_scopes_are_told_by_where_they_began, a_test_looks_for_leaks, of_a_circle_one_is_told,
      runtimes_and_buffers_are_told, the_most_frequent_come_first_and_a_bound_is_kept, threads_are_kept_track_of,
      what_grows_keeps_its_place)
