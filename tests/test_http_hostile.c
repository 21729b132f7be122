/* The live http service against servers that do not keep to the protocol, or never meant to. Whatever comes, there is
 * an error that says so, within the limits of memory, and nothing is left behind. */
#include "support/case.h"

#include <signal.h>
#include <string.h>

#include "http/server.h"
#include "support/host.h"

#define AT "GET http://127.0.0.1:PORT/: "

static eff_t *get(struct server *s)
{
    return get_text(s, "/");
}

static const char *answered(const char *bytes, enum then then)
{
    const struct reply script[] = { { .path = "/", .bytes = bytes, .then = then }, { .path = NULL } };
    return run_setting(&(struct setting){ .script = script, .program = get, .options.max_headers = 200 });
}
#define ANSWER(bytes, text) ck_assert_str_eq(answered(bytes, CLOSE), text)

START_TEST(what_is_not_http_is_an_error)
{
    static const char no_http[] = "fail(bad HTTP: " AT "127.0.0.1:PORT did not answer in HTTP)";
    ANSWER("SSH-2.0-OpenSSH_9.2\r\n", no_http);
    ANSWER("\r\n\r\n", no_http);
    ANSWER("HTTP/1.1\r\n\r\n", no_http);
    ANSWER("HTTP/2.0 200 OK\r\n\r\n", no_http);
    ANSWER("HTTP/1.1 abc OK\r\n\r\n", no_http);
    ANSWER("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", no_http);
    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 12x\r\n\r\n", no_http);
    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", no_http);
    ANSWER("HTTP/-7.3 200 OK\r\n\r\n",
           "fail(bad HTTP: " AT "127.0.0.1:PORT answered with a version of HTTP that is not 1)");
    ANSWER("HTTP/1.1 -200 OK\r\n\r\n", "fail(bad HTTP: " AT "127.0.0.1:PORT answered with a status that is none)");
    ANSWER("HTTP/1.1 2000 OK\r\n\r\n", "fail(bad HTTP: " AT "127.0.0.1:PORT answered with a status that is none)");
}
END_TEST

START_TEST(an_answer_whose_length_is_in_doubt_is_refused)
{
    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
           "fail(bad HTTP: " AT "127.0.0.1:PORT answered with lengths that differ)");
    ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           "fail(bad HTTP: " AT "127.0.0.1:PORT answered with a transfer encoding that was not asked for)");
    ANSWER("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
           "fail(bad HTTP: " AT "127.0.0.1:PORT answered with another protocol, which nobody asked for)");
    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab", "ok(200 ab)");
    ANSWER("HTTP/1.1 200 OK\r\nConnection: upgrade\r\n\r\nto the end", "ok(200 to the end)");
}
END_TEST

START_TEST(an_answer_that_ends_early_is_an_error)
{
    static const char early[] =
        "fail(connection failed: " AT "127.0.0.1:PORT closed the connection without a whole answer)";
    ck_assert_str_eq(answered(NULL, CLOSE), early);
    ck_assert_str_eq(answered(NULL, RESET), early);
    ANSWER("HTTP/1.", early);
    ANSWER("HTTP/1.1 200 OK\r\nContent-Len", early);
    ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", early);
    ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", early);
    ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", early);
}
END_TEST

/* ---- too much */

static const char *filled(const char *bytes, size_t filler, eff_http_options_t options)
{
    const struct reply script[] = { { .path = "/", .bytes = bytes, .filler = filler }, { .path = NULL } };
    return run_setting(&(struct setting){ .script = script, .program = get, .options = options });
}

START_TEST(a_head_beyond_its_limit_is_an_error)
{
    static const char text[] = "fail(too large: " AT "the head of the answer is beyond 1000 bytes)";
    eff_http_options_t o = { .max_headers = 1000 };
    ck_assert_str_eq(filled("HTTP/1.1 200 OK\r\nX: ", 2000, o), text);
    ck_assert_str_eq(filled("HTTP/1.1 200 ", 2000, o), text);
    ck_assert_str_eq(filled("", 2000, o), text);
}
END_TEST

START_TEST(a_body_beyond_its_limit_is_an_error)
{
    static const char text[] = "fail(too large: " AT "the body of the answer is beyond 1000 bytes)";
    static const char chunk[] =
        "fail(too large: " AT "the body of the answer is beyond 1000 bytes, or its chunks are malformed)";
    eff_http_options_t o = { .max_body = 1000 };
    ck_assert_str_eq(filled("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n", 0, o), text);
    ck_assert_str_eq(filled("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n", 0, o), text);
    ck_assert_str_eq(filled("HTTP/1.1 200 OK\r\n\r\n", 2000, o), text);
    ck_assert_str_eq(filled("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", 0, o), chunk);
    ck_assert_str_eq(filled("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 0, o), chunk);
    ck_assert_str_eq(filled("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 0, o), chunk);
}
END_TEST

/* evhttp would keep a line without an end in memory for as long as it comes. */
START_TEST(a_line_without_an_end_is_not_read_for_ever)
{
    ck_assert_str_eq(filled("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 1 << 20,
                            (eff_http_options_t){ .max_body = 1000, .max_headers = 1000 }),
                     "fail(too large: " AT "the body of the answer is beyond 1000 bytes, or its chunks are malformed)");
}
END_TEST

/* ---- servers that answer before they have read all */

static const struct reply early[] = {
    { .path = "/",
      .bytes = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n",
      .then = RESET,
      .early = true },
    { .path = NULL },
};
static eff_t *put_much(struct server *s)
{
    enum { MUCH = 8 << 20 };
    static char body[MUCH];
    eff_value_t url = url_of(s, "/");
    eff_t *e =
        as_text(eff_http_request(.method = EFF_HTTP_PUT, .url = eff_as_string(url), .body = eff_bytes(body, MUCH)));
    eff_value_decref(url);
    return e;
}
/* SIGPIPE has its default disposition here: it would end the process. */
START_TEST(writing_to_who_does_not_read_raises_no_signal)
{
    signal(SIGPIPE, SIG_DFL);
    const char *text = run_setting(&(struct setting){ .script = early, .program = put_much });
    ck_assert_msg(strstr(text, "closed the connection without a whole answer") || strstr(text, "413"), "%s", text);
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    ck_assert_int_eq(sigismember(&now, SIGPIPE), 0);
}
END_TEST

/* ---- interruption at any moment of an exchange that comes in drips */

static const struct reply drips[] = {
    { .path = "/", .bytes = "HTTP/1.1 302 Found\r\nLocation: /2\r\nContent-Length: 2\r\n\r\nab", .drips = true },
    { .path = "/2",
      .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
      .drips = true },
    { .path = NULL },
};
static int turns;
static eff_t *for_some_turns(struct server *s)
{
    return eff_race_first(get(s), loop_turns(turns));
}
START_TEST(an_exchange_can_be_given_up_at_any_moment)
{
    const char *text = "";
    for (turns = 0; turns < 2000 && strncmp(text, "ok(200", 6) != 0; turns++) {
        text = run_setting(&(struct setting){ .script = drips, .program = for_some_turns });
        ck_assert_msg(strncmp(text, "ok(", 3) == 0, "%s", text);
    }
    ck_assert_str_eq(text, "ok(200 ab)");
}
END_TEST

/* ---- the runtime freed at any moment */

static void note_end(const eff_exit_t *exit, void *ended)
{
    (void)exit;
    *(bool *)ended = true;
}
START_TEST(a_runtime_can_be_freed_at_any_moment)
{
    bool ended = false;
    for (int n = 1; n < 2000 && !ended; turns++) {
        struct served served = { .setting = &(struct setting){ .script = drips, .program = get } };
        struct host h;
        open_host(&h);
        ck_assert_int_eq(eff_runtime_fork(h.rt, in_setting(&served), note_end, &ended, NULL), 0);
        for (int i = 0; i < n && !ended; i++)
            event_base_loop(h.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
        close_host(&h);
    }
    ck_assert(ended);
}
END_TEST

TESTS(what_is_not_http_is_an_error, an_answer_whose_length_is_in_doubt_is_refused,
      an_answer_that_ends_early_is_an_error, a_head_beyond_its_limit_is_an_error, a_body_beyond_its_limit_is_an_error,
      a_line_without_an_end_is_not_read_for_ever, writing_to_who_does_not_read_raises_no_signal,
      an_exchange_can_be_given_up_at_any_moment, a_runtime_can_be_freed_at_any_moment)
