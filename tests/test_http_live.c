/* The live http service against a server on this machine, in the same loop: what is said on the wire, and what becomes
 * of connections. */
#include "support/case.h"

#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "http/server.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const struct reply plain[] = {
    { .path = "/ok", .bytes = OK },
    { .path = "/close",
      .bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbye",
      .then = CLOSE },
    { .path = "/old", .bytes = "HTTP/1.0 200 OK\r\n\r\nold", .then = CLOSE },
    { .path = "/old-kept", .bytes = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nkept", .then = CLOSE },
    { .path = "/none", .bytes = "HTTP/1.1 204 No Content\r\n\r\n" },
    { .path = "/chunks",
      .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nT: t\r\n\r\n" },
    { .path = "/hints", .bytes = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" OK },
    { .path = "/drips", .bytes = OK, .drips = true },
    { .path = "/moved", .bytes = "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n" },
    { .path = NULL },
};

#define ENDS(setting_program, script_, text)                                                                           \
    ck_assert_str_eq(run_setting(&(struct setting){ .script = script_, .program = setting_program }), text)

/* ---- answers */

static eff_t *get_all(struct server *s)
{
    static const char *const paths[] = { "/ok", "/close", "/old", "/old-kept", "/none", "/chunks", "/hints", "/drips" };
    eff_t *e = eff_succeed(eff_literal(""));
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        e = eff_zip(e, get_text(s, paths[i]));
    return e;
}
START_TEST(answers_of_all_forms_are_read)
{
    ENDS(
        get_all, plain,
        "ok(((((((((\"\", \"200 ok\"), \"200 bye\"), \"200 old\"), \"200 kept\"), \"204 \"), \"200 abcde\"), \"200 ok\"), \"200 ok\"))");
}
END_TEST

static eff_t *describe(eff_value_t response, eff_value_t env)
{
    (void)env;
    const eff_http_response_t *r = eff_http_response_of(response);
    const char *trailer = eff_http_header(r, "t");
    return eff_succeed(eff_printf("%s %s %d %u, %s, %s", eff_http_method_name(r->method), eff_as_string(r->url),
                                  r->version, r->n_redirects, eff_http_header(r, "CONTENT-length"),
                                  trailer ? trailer : "-"));
}
static eff_t *get_moved(struct server *s)
{
    eff_value_t url = url_of(s, "/moved#here");
    eff_t *e = eff_flat_map(eff_http_get(eff_as_string(url)), describe, eff_unit);
    eff_value_decref(url);
    return e;
}
START_TEST(a_redirect_is_followed_and_the_response_says_so)
{
    ENDS(get_moved, plain, "ok(GET http://127.0.0.1:PORT/ok 11 1, 2, -)");
}
END_TEST

/* ---- what is sent */

static eff_value_t tell_request(eff_value_t env)
{
    const struct server *s = eff_as_ptr(env);
    return eff_string(s->requests);
}
static eff_t *sent(struct server *s, eff_http_request_t r, const char *path)
{
    eff_value_t url = url_of(s, path);
    r.url = eff_as_string(url);
    eff_t *e = eff_then(eff_http_request_at(EFF_SITE, &r), eff_sync(tell_request, eff_ptr(s)));
    eff_value_decref(url);
    return e;
}
static const struct reply any[] = { { .path = "*", .bytes = OK }, { .path = NULL } };

static eff_t *send_get(struct server *s)
{
    return sent(s, (eff_http_request_t){ .query = EFF_HTTP_FIELDS("q", "\xc3\xa9") }, "/p?x=1");
}
START_TEST(a_get_is_sent_with_the_usual_headers)
{
    ENDS(send_get, any,
         "ok(GET /p?x=1&q=%C3%A9 HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: libeffect/" EFF_VERSION
         "\r\nAccept: */*\r\n\r\n)");
}
END_TEST
static eff_t *send_patch(struct server *s)
{
    eff_http_request_t r = { .method = EFF_HTTP_PATCH, .body = eff_bytes("a\0b", 3) };
    r.headers = EFF_HTTP_FIELDS("user-agent", "me", "ACCEPT", "a/b", "host", "elsewhere", "x", "1", "x", "2");
    return sent(s, r, "/");
}
START_TEST(headers_of_ones_own_are_sent_instead)
{
    ENDS(send_patch, any,
         "ok(PATCH / HTTP/1.1\r\nuser-agent: me\r\nACCEPT: a/b\r\nhost: elsewhere\r\nx: 1\r\nx: 2\r\n"
         "Content-Length: 3\r\n\r\na)"); /* as far as a string can be compared */
}
END_TEST
START_TEST(a_user_agent_cannot_smuggle_a_line)
{
    const struct setting evil = { .script = any, .program = send_get, .options.user_agent = "x\r\nCookie: y" };
    ck_assert_str_eq(run_setting(&evil), "fail(invalid argument: the user agent has a control character in it)");
}
END_TEST
static eff_t *send_post(struct server *s)
{
    return sent(s, (eff_http_request_t){ .method = EFF_HTTP_POST }, "/");
}
START_TEST(a_post_without_a_body_says_that_it_is_empty)
{
    ENDS(send_post, any,
         "ok(POST / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: libeffect/" EFF_VERSION
         "\r\nAccept: */*\r\nContent-Length: 0\r\n\r\n)");
}
END_TEST
static const struct reply heads[] = { { .path = "*", .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" },
                                      { .path = NULL } };
static eff_t *send_heads(struct server *s)
{
    eff_http_request_t r = { .method = EFF_HTTP_HEAD };
    return eff_then(sent(s, r, "/1"), eff_map_to(sent(s, r, "/2"), eff_int(s->n_connections)));
}
START_TEST(the_answer_of_a_head_has_no_body)
{
    ENDS(send_heads, heads, "ok(0)");
}
END_TEST

/* A megabyte each way, which no socket takes at once. */
enum { LARGE = 1 << 20 };
static const struct reply large[] = {
    { .path = "/large", .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n", .filler = LARGE },
    { .path = NULL }
};
static eff_t *size_of_body(eff_value_t response, eff_value_t env)
{
    (void)env;
    return eff_succeed(eff_int((int64_t)eff_http_body_size(eff_http_response_of(response))));
}
static eff_t *send_large(struct server *s)
{
    static char body[LARGE];
    memset(body, 'y', sizeof body);
    eff_value_t url = url_of(s, "/large");
    eff_t *e = eff_http_request(.method = EFF_HTTP_PUT, .url = eff_as_string(url), .body = eff_bytes(body, LARGE));
    eff_value_decref(url);
    return eff_flat_map(e, size_of_body, eff_unit);
}
START_TEST(large_bodies_go_both_ways)
{
    ENDS(send_large, large, "ok(1048576)");
}
END_TEST

/* ---- the pool */

static eff_value_t count_connections(eff_value_t env)
{
    const struct server *s = eff_as_ptr(env);
    return eff_printf("%d connections, %d open", s->n_connections, s->n_open);
}
static eff_t *then_count(struct server *s, eff_t *e)
{
    return eff_then(e, eff_sync(count_connections, eff_ptr(s)));
}
static eff_t *n_times(int n, eff_t *(*get)(const struct server *s, const char *path), struct server *s,
                      const char *path)
{
    eff_t *e = eff_noop();
    while (n-- > 0)
        e = eff_then(e, get(s, path));
    return e;
}

static eff_t *one_after_another(struct server *s)
{
    return then_count(s, eff_then(n_times(5, get_text, s, "/ok"), eff_sleep(eff_millis(2))));
}
START_TEST(a_connection_is_used_again)
{
    ENDS(one_after_another, plain, "ok(1 connections, 1 open)");
}
END_TEST

static eff_t *closing_ones(struct server *s)
{
    eff_t *e = n_times(2, get_text, s, "/close");
    e = eff_then(e, n_times(2, get_text, s, "/old"));
    return then_count(s, eff_then(e, n_times(2, get_text, s, "/old-kept")));
}
START_TEST(a_connection_that_is_to_be_closed_is_not_used_again)
{
    ENDS(closing_ones, plain, "ok(6 connections, 0 open)");
}
END_TEST

static eff_t *get_ok_of(eff_value_t item, eff_value_t env)
{
    (void)item;
    return get_text(eff_as_ptr(env), "/ok");
}
static eff_t *many_at_once(struct server *s)
{
    return then_count(s, eff_for_each_par_discard(eff_range(0, 40), get_ok_of, eff_ptr(s), 0));
}
START_TEST(requests_wait_for_one_of_the_connections_of_their_host)
{
    ENDS(many_at_once, plain, "ok(8 connections, 8 open)");
    struct setting two = { .script = plain, .program = many_at_once, .options = { .max_per_host = 2 } };
    ck_assert_str_eq(run_setting(&two), "ok(2 connections, 2 open)");
    struct setting three = { .script = plain, .program = many_at_once, .options = { .max_connections = 3 } };
    ck_assert_str_eq(run_setting(&three), "ok(3 connections, 3 open)");
}
END_TEST

/* Two hosts, as far as the pool knows, and room for one connection. */
static eff_t *in_turn(eff_value_t item, eff_value_t env)
{
    const struct server *s = eff_as_ptr(env);
    eff_value_t url = eff_printf("http://%s:%d/ok", eff_as_int(item) % 2 ? "127.0.0.1" : "127.0.0.2", s->port);
    eff_t *e = as_text(eff_http_get(eff_as_string(url)));
    eff_value_decref(url);
    return e;
}
static eff_t *one_connection_two_hosts(struct server *s)
{
    return eff_for_each_par_discard(eff_range(0, 10), in_turn, eff_ptr(s), 0);
}
START_TEST(an_idle_connection_makes_room_for_another_host)
{
    struct setting one = { .script = plain, .program = one_connection_two_hosts };
    one.options.max_connections = 1;
    one.any_address = true;
    ck_assert_str_eq(run_setting(&one), "ok(unit)");
}
END_TEST

/* Who waits gets a connection in order of asking, and one that gives up is passed over. */
static const struct reply slow_first[] = { { .path = "/hang", .bytes = NULL },
                                           { .path = "*", .bytes = OK },
                                           { .path = NULL } };
static eff_t *say_path(eff_value_t v, eff_value_t env)
{
    (void)v;
    struct server *s = eff_as_ptr(env);
    const char *path = strchr(s->requests, ' ');
    size_t n = strlen(s->said);
    snprintf(s->said + n, sizeof s->said - n, "%.*s", (int)strcspn(path + 1, " "), path + 1);
    return eff_noop();
}
static eff_t *get_and_say(eff_value_t path, eff_value_t env)
{
    return eff_flat_map(get_text(eff_as_ptr(env), eff_as_string(path)), say_path, eff_value_incref(env));
}
static eff_value_t tell_said(eff_value_t env)
{
    return eff_string(((struct server *)eff_as_ptr(env))->said);
}
static eff_t *in_order(struct server *s)
{
    eff_value_t paths = EFF_ARRAY(eff_literal("/1"), eff_literal("/2"), eff_literal("/3"), eff_literal("/4"));
    eff_t *hang = eff_timeout(get_text(s, "/hang"), eff_millis(5));
    eff_t *gives_up = eff_timeout(eff_yield_now(), eff_millis(1));
    gives_up = eff_then(gives_up, eff_timeout(get_text(s, "/0"), eff_millis(1)));
    eff_t *rest = eff_for_each_par_discard(paths, get_and_say, eff_ptr(s), 0);
    eff_t *e = eff_zip_par(hang, eff_zip_par(gives_up, rest));
    return eff_then(e, eff_sync(tell_said, eff_ptr(s)));
}
START_TEST(those_who_wait_are_served_in_order)
{
    struct setting one = { .script = slow_first, .program = in_order, .options = { .max_per_host = 1 } };
    ck_assert_str_eq(run_setting(&one), "ok(/1/2/3/4)");
}
END_TEST

/* ---- connections that the server closes */

static const struct reply closes_later[] = {
    { .path = "/ok", .bytes = OK, .then = CLOSE }, /* it does not say so */
    { .path = NULL },
};
static eff_t *after_a_while(struct server *s)
{
    eff_t *e = eff_then(get_text(s, "/ok"), eff_sleep(eff_millis(5)));
    return then_count(s, eff_then(e, get_text(s, "/ok")));
}
START_TEST(a_connection_closed_while_idle_is_forgotten)
{
    ENDS(after_a_while, closes_later, "ok(2 connections, 0 open)");
}
END_TEST

static const struct reply closes_on_second[] = {
    { .path = "/ok", .bytes = OK, .times = 1 },
    { .path = "/ok", .bytes = NULL, .then = CLOSE, .times = 1 },
    { .path = "/ok", .bytes = OK },
    { .path = NULL },
};
START_TEST(an_idempotent_request_on_a_stale_connection_is_sent_again)
{
    ENDS(one_after_another, closes_on_second, "ok(2 connections, 1 open)");
}
END_TEST

static eff_t *post_ok(const struct server *s, const char *path)
{
    eff_value_t url = url_of(s, path);
    eff_t *e = as_text(eff_http_request(.method = EFF_HTTP_POST, .url = eff_as_string(url)));
    eff_value_decref(url);
    return e;
}
static eff_t *posts(struct server *s)
{
    return n_times(3, post_ok, s, "/ok");
}
START_TEST(a_post_on_a_stale_connection_is_not)
{
    ENDS(posts, closes_on_second,
         "fail(connection failed: POST http://127.0.0.1:PORT/ok: 127.0.0.1:PORT closed the connection without a whole "
         "answer)");
}
END_TEST

static const struct reply closes_always[] = { { .path = "/ok", .bytes = OK, .times = 1 },
                                              { .path = "/ok", .bytes = NULL, .then = RESET },
                                              { .path = NULL } };
START_TEST(a_request_is_sent_again_once_only)
{
    ENDS(one_after_another, closes_always,
         "fail(connection failed: GET http://127.0.0.1:PORT/ok: 127.0.0.1:PORT closed the connection without a whole "
         "answer)");
}
END_TEST

static const struct reply trails[] = { { .path = "/ok", .bytes = OK OK }, { .path = NULL } };
START_TEST(what_stands_behind_an_answer_is_not_taken_for_the_next)
{
    ENDS(one_after_another, trails, "ok(5 connections, 0 open)");
}
END_TEST

/* ---- time: under a TestClock, with real sockets */

static eff_value_t count_open(eff_value_t env)
{
    return eff_int(((const struct server *)eff_as_ptr(env))->n_open);
}
static eff_t *open_after(struct server *s, double seconds)
{
    eff_t *waited = eff_then(eff_sleep(eff_seconds(seconds)), loop_turns(5)); /* the server has to hear of it, too */
    return eff_then(waited, eff_sync(count_open, eff_ptr(s)));
}
static eff_t *idle_connections(struct server *s)
{
    eff_t *e = eff_then(get_text(s, "/ok"), open_after(s, 40));
    e = eff_zip(e, eff_then(get_text(s, "/ok"), open_after(s, 59)));
    return eff_zip(e, open_after(s, 1));
}
START_TEST(an_idle_connection_is_closed_after_a_minute)
{
    struct setting minutes = { .script = plain, .program = idle_connections, .virtual_time = true };
    ck_assert_str_eq(run_setting(&minutes), "ok(((1, 1), 0))");
}
END_TEST

static const struct reply hangs[] = { { .path = "/hang", .bytes = NULL },
                                      { .path = "/half", .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc" },
                                      { .path = NULL } };
static eff_t *too_late(struct server *s)
{
    eff_value_t url = url_of(s, "/hang");
    eff_t *e = eff_http_request(.url = eff_as_string(url), .timeout = eff_millis(3));
    eff_value_decref(url);
    return e;
}
START_TEST(a_server_that_hangs_is_given_up)
{
    ENDS(too_late, hangs, "fail(timed out: GET http://127.0.0.1:PORT/hang: no answer within 3ms)");
}
END_TEST

static eff_t *interrupted(struct server *s)
{
    eff_t *e = eff_timeout(get_text(s, "/hang"), eff_millis(2));
    e = eff_zip(e, eff_timeout(get_text(s, "/half"), eff_millis(2)));
    return then_count(s, eff_then(e, eff_sleep(eff_millis(3))));
}
START_TEST(an_interrupted_request_closes_its_connection)
{
    ENDS(interrupted, hangs, "ok(2 connections, 0 open)");
}
END_TEST

/* Many at once, all given up at some turn of the loop; then there is room for another, and nothing is left over. */
static int turns;
static eff_t *many_given_up(struct server *s)
{
    eff_t *many = eff_for_each_par_discard(eff_range(0, 6), get_ok_of, eff_ptr(s), 0);
    eff_t *e = eff_map_to(eff_race_first(many, loop_turns(turns)), eff_unit);
    e = eff_then(e, eff_for_each_par_discard(eff_range(0, 2), get_ok_of, eff_ptr(s), 0));
    return eff_then(e, eff_then(loop_turns(20), eff_sync(count_open, eff_ptr(s))));
}
START_TEST(waiting_and_asking_can_be_given_up_at_any_moment)
{
    for (turns = 0; turns < 60; turns++) {
        struct setting two = { .script = plain, .program = many_given_up, .options.max_per_host = 2 };
        const char *text = run_setting(&two);
        ck_assert_msg(strcmp(text, "ok(1)") == 0 || strcmp(text, "ok(2)") == 0, "after %d turns: %s", turns, text);
    }
}
END_TEST

/* ---- what cannot be reached */

static eff_t *refused_with_tls(struct server *s)
{
    (void)s;
    return eff_http_get("https://127.0.0.1:1/");
}
START_TEST(without_tls_https_fails_and_says_so)
{
    ENDS(refused_with_tls, plain,
         eff_http_has_tls()
             ? "fail(connection failed: GET https://127.0.0.1:1/: connect to 127.0.0.1:1: Connection refused)"
             : "fail(TLS error: GET https://127.0.0.1:1/: cannot use TLS, because: TLS error: this libeffect-http was "
               "built without TLS)");
}
END_TEST

/* A listener that accepts nobody, with more waiting than it keeps: the next one's connecting is not answered. */
static int full_port;
static eff_t *no_answer(struct server *s)
{
    (void)s;
    eff_value_t url = eff_printf("http://127.0.0.1:%d/", full_port);
    eff_t *e = eff_http_get(eff_as_string(url));
    eff_value_decref(url);
    return e;
}
START_TEST(connecting_has_a_time_of_its_own)
{
    int fds[4];
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    for (int i = 0; i < 4; i++)
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(fds[0], (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(fds[0], 0), 0);
    getsockname(fds[0], (struct sockaddr *)&address, &size);
    full_port = ntohs(address.sin_port);
    for (int i = 1; i < 4; i++)
        (void)!connect(fds[i], (struct sockaddr *)&address, size);
    struct setting setting = { .script = plain, .program = no_answer, .options.connect_timeout = eff_millis(3) };
    char text[128];
    snprintf(text, sizeof text, "fail(timed out: GET http://127.0.0.1:%d/: connect to 127.0.0.1:%d: not within 3ms)",
             full_port, full_port);
    ck_assert_str_eq(run_setting(&setting), text);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}
END_TEST

static eff_t *refused(struct server *s)
{
    (void)s;
    return eff_http_get("http://127.0.0.1:1/");
}
START_TEST(a_refused_connection_is_an_error_of_the_system)
{
    ENDS(refused, plain,
         "fail(connection failed: GET http://127.0.0.1:1/: connect to 127.0.0.1:1: Connection refused)");
}
END_TEST
static eff_t *unknown_host(struct server *s)
{
    (void)s;
    return eff_http_get("http://no-such-host.invalid/");
}
START_TEST(a_host_that_is_not_found_is_an_error_of_the_resolver)
{
    const char *text = run_setting(&(struct setting){ .script = plain, .program = unknown_host });
    const char *begin =
        "fail(name lookup failed: GET http://no-such-host.invalid/: cannot find the host no-such-host.invalid: ";
    ck_assert_msg(strncmp(text, begin, strlen(begin)) == 0, "%s", text);
}
END_TEST

TESTS(answers_of_all_forms_are_read, a_redirect_is_followed_and_the_response_says_so,
      a_get_is_sent_with_the_usual_headers, headers_of_ones_own_are_sent_instead, a_user_agent_cannot_smuggle_a_line,
      a_post_without_a_body_says_that_it_is_empty, the_answer_of_a_head_has_no_body, large_bodies_go_both_ways,
      a_connection_is_used_again, a_connection_that_is_to_be_closed_is_not_used_again,
      requests_wait_for_one_of_the_connections_of_their_host, an_idle_connection_makes_room_for_another_host,
      those_who_wait_are_served_in_order, a_connection_closed_while_idle_is_forgotten,
      an_idempotent_request_on_a_stale_connection_is_sent_again, a_post_on_a_stale_connection_is_not,
      a_request_is_sent_again_once_only, what_stands_behind_an_answer_is_not_taken_for_the_next,
      an_idle_connection_is_closed_after_a_minute, a_server_that_hangs_is_given_up,
      an_interrupted_request_closes_its_connection, waiting_and_asking_can_be_given_up_at_any_moment,
      connecting_has_a_time_of_its_own, without_tls_https_fails_and_says_so,
      a_refused_connection_is_an_error_of_the_system, a_host_that_is_not_found_is_an_error_of_the_resolver)
