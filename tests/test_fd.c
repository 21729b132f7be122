/* Waiting for descriptors (fd.h): pipes, sockets, files, what is not open; interruption, and what it leaves behind. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/fibers.h"

/* ---- descriptors: made once per test, and without data at the beginning of each run */

enum { READ_END, WRITE_END };
static int ends[2]; /* of a pipe */
static int pair[2]; /* of sockets */

static void drain(int fd)
{
    char got[4096];
    while (read(fd, got, sizeof got) > 0)
        continue;
}
static void make_quick(int fds[2])
{
    ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK) | fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
}
static void empty_pipe(void)
{
    if (!ends[WRITE_END]) {
        ck_assert_int_eq(pipe(ends), 0);
        make_quick(ends);
    }
    drain(ends[READ_END]);
}
static void full_pipe(void)
{
    static const char block[4096];
    empty_pipe();
    while (write(ends[WRITE_END], block, sizeof block) > 0)
        continue;
}
static void empty_socketpair(void)
{
    if (!pair[1]) {
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        make_quick(pair);
    }
    drain(pair[0]);
    drain(pair[1]);
}

/* ---- what others do with them, when it runs */

static eff_value_t read_one(eff_value_t fd)
{
    char c;
    ssize_t n = read((int)eff_as_int(fd), &c, 1);
    return eff_printf("%s%.1s", n < 0 ? "not ready" : n == 0 ? "end" : "", n > 0 ? &c : "");
}
static eff_t *reads(int fd)
{
    return eff_then(eff_wait_readable(fd), eff_sync(read_one, eff_int(fd)));
}
static eff_value_t write_one(eff_value_t fd)
{
    return eff_bool(write((int)eff_as_int(fd), "x", 1) == 1);
}
static eff_t *writes(int fd)
{
    return eff_then(eff_wait_writable(fd), eff_sync(write_one, eff_int(fd)));
}
static eff_value_t drain_it(eff_value_t fd)
{
    drain((int)eff_as_int(fd));
    return eff_unit;
}
/* Once all others wait. */
static eff_t *later(eff_t *e)
{
    return yields(yields(yields(e)));
}

static eff_t *word(eff_value_t v, eff_value_t env)
{
    journal_add(eff_as_ptr(env), eff_as_string(v));
    return eff_noop();
}

/* ---- readable and writable */

static eff_t *read_later(struct world *w)
{
    empty_pipe();
    eff_t *e = eff_then(reads(ends[READ_END]), say(w, "read"));
    return eff_zip_par(e, later(eff_then(say(w, "write"), writes(ends[WRITE_END]))));
}
CASE(data_that_comes_wakes_who_waits_for_it, read_later, .succeeds = "(unit, true)", .journal = "write read")

static eff_t *write_later(struct world *w)
{
    full_pipe();
    eff_t *e = eff_then(writes(ends[WRITE_END]), say(w, "written"));
    return eff_zip_par(e, later(eff_then(say(w, "drain"), eff_sync(drain_it, eff_int(ends[READ_END])))));
}
CASE(room_that_comes_wakes_who_waits_for_it, write_later, .succeeds = "(unit, unit)", .journal = "drain written")

static eff_t *ready_already(struct world *w)
{
    empty_pipe();
    eff_t *e = eff_then(writes(ends[WRITE_END]), reads(ends[READ_END]));
    return eff_zip_par(eff_tap(e, word, eff_ptr(w)), say(w, "another"));
}
CASE(what_is_ready_already_does_not_lose_the_loop, ready_already, .succeeds = "(\"x\", unit)", .journal = "x another",
     .without = NO_SHUFFLES)

static eff_t *both_directions(struct world *w)
{
    empty_socketpair();
    eff_t *here = eff_then(eff_then(writes(pair[0]), reads(pair[0])), writes(pair[0]));
    eff_t *there = eff_then(eff_then(reads(pair[1]), writes(pair[1])), reads(pair[1]));
    return eff_zip_par(here, there);
}
CASE(two_fibers_talk_over_a_socketpair, both_directions, .succeeds = "(true, \"x\")")

static eff_t *two_waiters(struct world *w)
{
    empty_socketpair();
    eff_t *readers = eff_zip_par(eff_wait_readable(pair[0]), eff_wait_readable(pair[0]));
    return eff_zip_par(eff_zip_par(readers, eff_wait_writable(pair[0])), later(writes(pair[1])));
}
CASE(all_who_wait_for_a_descriptor_go_on, two_waiters, .succeeds = "(((unit, unit), unit), true)")

static eff_t *end_comes(struct world *w)
{
    static int fds[2];
    if (fds[0]) close(fds[0]);
    ck_assert_int_eq(pipe(fds), 0);
    close(fds[1]);
    return reads(fds[0]);
}
CASE(the_end_is_readable, end_comes, .succeeds = "end")

struct reading {
    int fd;
    ssize_t n;
    char text[2];
    eff_buffer_t all;
};
static void reading_clear(struct reading *s)
{
    eff_buffer_done(&s->all);
}
static eff_t *reading_step(struct reading *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    do {
        EFF_AWAIT(eff_wait_readable(s->fd));
        s->n = read(s->fd, s->text, sizeof s->text);
        if (s->n > 0) eff_buffer_add_n(&s->all, s->text, (size_t)s->n);
    } while (s->n > 0);
    EFF_GEN_END(eff_string(eff_buffer_text(&s->all)));
}
EFF_DEFINE_GEN(reading, struct reading, reading_step, .drop = reading_clear);
static eff_t *read_to_the_end(struct world *w)
{
    static int fds[2];
    if (fds[0]) close(fds[0]);
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(write(fds[1], "hello", 5), 5);
    close(fds[1]);
    return reading((struct reading){ .fd = fds[0], .all = EFF_BUFFER_INIT });
}
CASE(a_gen_reads_a_pipe_to_its_end, read_to_the_end, .succeeds = "hello")

/* ---- what cannot be waited for */

static eff_t *wait_for_both(int fd)
{
    return eff_zip(eff_wait_readable(fd), eff_wait_writable(fd));
}
static eff_t *file_and_device(struct world *w)
{
    static int file, device;
    if (!file) file = fileno(tmpfile());
    if (!device) device = open("/dev/null", O_RDWR | O_CLOEXEC);
    return eff_zip(wait_for_both(file), wait_for_both(device));
}
CASE(files_are_ready_at_once, file_and_device, .succeeds = "((unit, unit), (unit, unit))")

static eff_t *not_open(struct world *w)
{
    return eff_wait_readable(1 << 20);
}
CASE(a_descriptor_that_is_not_open_fails, not_open,
     .fails = "system error: wait for fd 1048576 to be readable: Bad file descriptor")

static eff_t *minus_one(struct world *w)
{
    return eff_wait_writable(-1);
}
CASE(minus_one_fails, minus_one, .fails = "system error: wait for fd -1 to be writable: Bad file descriptor")

/* ---- interruption */

static eff_t *raced(struct world *w)
{
    empty_pipe();
    eff_t *e = eff_race_first(eff_wait_readable(ends[READ_END]), later(one(1)));
    return eff_ensuring(eff_then(e, eff_race_first(eff_wait_readable(ends[READ_END]), later(one(2)))), say(w, "end"));
}
CASE(a_wait_can_be_given_up_at_once, raced, .succeeds = "2", .journal = "end")

static eff_t *masked(struct world *w)
{
    empty_pipe();
    eff_t *e = eff_uninterruptible(eff_then(reads(ends[READ_END]), say(w, "read")));
    return eff_then(keep(w, 0, eff_fork(e)), later(eff_then(writes(ends[WRITE_END]), say_interrupt(w, 0))));
}
CASE(a_masked_wait_is_waited_for, masked, .succeeds = "unit", .journal = "read interrupt", .without = NO_INTERRUPTS)

START_TEST(a_wait_can_be_timed_out)
{
    empty_pipe();
    eff_exit_t exit = eff_run(eff_timeout(eff_wait_readable(ends[READ_END]), eff_millis(2)));
    ck_assert_str_eq(shape_of(&exit), "ok(none)");
    eff_exit_decref(exit);
}
END_TEST

/* B34 */
START_TEST(interrupted_waits_leave_nothing_in_the_loop)
{
    enum { N = 500 };
    static eff_fiber_t *fibers[N];
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    int n_idle = event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED);
    empty_socketpair();
    for (int i = 0; i < N; i++) {
        eff_t *e = eff_then(eff_wait_readable(pair[i % 2]), eff_wait_readable(pair[i % 2]));
        ck_assert_int_eq(eff_runtime_fork(rt, e, NULL, NULL, &fibers[i]), 0);
    }
    event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_int_eq(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), n_idle + N);
    for (int i = 0; i < N; i++)
        eff_runtime_interrupt(rt, fibers[i]);
    ck_assert_int_eq(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), n_idle + 1); /* the runtime's turn */
    ck_assert_int_ge(event_base_dispatch(base), 0);
    ck_assert_uint_eq(eff_runtime_n_fibers(rt), 0);
    ck_assert_int_eq(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), n_idle);
    for (int i = 0; i < N; i++) {
        ck_assert_str_eq(shape_of(eff_fiber_poll(fibers[i])), "interrupt");
        eff_fiber_decref(fibers[i]);
    }
    eff_runtime_free(rt);
    event_base_free(base);
}
END_TEST

START_TEST(one_that_became_ready_and_was_interrupted_in_the_same_turn_unwinds)
{
    struct world w = { .test = eff_test_new() };
    empty_pipe();
    eff_fiber_t *fiber = eff_test_fork(w.test, eff_ensuring(reads(ends[READ_END]), say(&w, "end")));
    eff_test_adjust(w.test, eff_millis(0));
    ck_assert_int_eq(write(ends[WRITE_END], "x", 1), 1);
    eff_test_interrupt(w.test, fiber);
    eff_test_adjust(w.test, eff_millis(0));
    ck_assert_str_eq(shape_of(eff_fiber_poll(fiber)), "interrupt");
    ck_assert_journal(&w, "end");
    ck_assert_uint_eq(eff_test_free(w.test), 0);
}
END_TEST

START_TEST(a_runtime_that_is_freed_gives_its_waits_up)
{
    struct world w = { .test = eff_test_new() };
    empty_pipe();
    (void)eff_test_fork(w.test, eff_wait_readable(ends[READ_END]));
    eff_test_adjust(w.test, eff_hours(1));
    ck_assert_uint_eq(eff_test_free(w.test), 1);
}
END_TEST

/* ---- the outside world */

static void *write_soon(void *arg)
{
    (void)arg;
    usleep(2000);
    ck_assert_int_eq(write(ends[WRITE_END], "x", 1), 1);
    return NULL;
}
START_TEST(waiting_alone_is_no_deadlock)
{
    pthread_t thread;
    empty_pipe();
    ck_assert_int_eq(pthread_create(&thread, NULL, write_soon, NULL), 0);
    eff_exit_t exit = eff_run(reads(ends[READ_END]));
    ck_assert_str_eq(shape_of(&exit), "ok(x)");
    eff_exit_decref(exit);
    pthread_join(thread, NULL);
}
END_TEST

/* ---- the fiber tree as text */

/* With n fibers that wait for the descriptor. */
static void assert_dumps(int n, int fd, eff_t *(*wait)(int fd), const char *expected)
{
    eff_test_t *test = eff_test_new();
    eff_fiber_t *fibers[8];
    for (int i = 0; i < n; i++)
        fibers[i] = eff_test_fork(test, wait(fd));
    eff_test_adjust(test, eff_millis(0));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_runtime_dump(eff_test_runtime(test), &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), expected) != NULL, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    for (int i = 0; i < n; i++)
        eff_test_interrupt(test, fibers[i]);
    eff_test_adjust(test, eff_millis(0));
    ck_assert_uint_eq(eff_test_free(test), 0);
}
static eff_t *wait_to_read(int fd)
{
    return eff_wait_readable(fd);
}
static eff_t *wait_to_write(int fd)
{
    return eff_wait_writable(fd);
}

START_TEST(a_dump_says_which_descriptor_a_fiber_waits_for)
{
    char expected[64];
    full_pipe();
    snprintf(expected, sizeof expected, "waits for fd %d to be writable at test_fd.c:", ends[WRITE_END]);
    assert_dumps(1, ends[WRITE_END], wait_to_write, expected);
    empty_pipe();
    snprintf(expected, sizeof expected, "waits for fd %d to be readable at test_fd.c:", ends[READ_END]);
    assert_dumps(1, ends[READ_END], wait_to_read, expected);
    assert_dumps(8, ends[READ_END], wait_to_read, "wait for a descriptor to be readable at test_fd.c:");
}
END_TEST

TESTS(data_that_comes_wakes_who_waits_for_it, what_is_ready_already_does_not_lose_the_loop,
      room_that_comes_wakes_who_waits_for_it, two_fibers_talk_over_a_socketpair, all_who_wait_for_a_descriptor_go_on,
      the_end_is_readable, a_gen_reads_a_pipe_to_its_end, files_are_ready_at_once, a_descriptor_that_is_not_open_fails,
      minus_one_fails, a_wait_can_be_given_up_at_once, a_masked_wait_is_waited_for, a_wait_can_be_timed_out,
      interrupted_waits_leave_nothing_in_the_loop, one_that_became_ready_and_was_interrupted_in_the_same_turn_unwinds,
      a_runtime_that_is_freed_gives_its_waits_up, waiting_alone_is_no_deadlock,
      a_dump_says_which_descriptor_a_fiber_waits_for)
