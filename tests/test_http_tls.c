/* TLS of the live http service, against a server with a certificate made on the spot: who is believed, who is not. */
#include "support/case.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <string.h>

#include "http/server.h"
#include "http/tls.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define REFUSED(reason) "fail(TLS error: GET https://localhost:PORT/ok: 127.0.0.1:PORT: " reason ")"

static const struct reply plain[] = {
    { .path = "/ok", .bytes = OK },
    { .path = "/chunks",
      .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
      .drips = true },
    { .path = "/hints", .bytes = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" OK },
    { .path = "/cut", .bytes = "HTTP/1.1 200 OK\r\n\r\ncut", .then = CLOSE },
    { .path = "/large", .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n", .filler = 1048576 },
    { .path = NULL },
};

static eff_t *get_ok(struct server *s)
{
    return get_text(s, "/ok");
}
static const char *with_certificate(const char *name, struct setting setting)
{
    static char text[4096];
    setting.script = plain;
    setting.program = setting.program ? setting.program : get_ok;
    setting.certificate_name = name;
    snprintf(text, sizeof text, "%s", run_setting(&setting));
    char *v6 = strstr(text, "[::1]:PORT"); /* whichever address came first has failed, or the only one */
    if (v6) {
        memmove(v6 + strlen("127.0.0.1"), v6 + strlen("[::1]"), strlen(v6 + strlen("[::1]")) + 1);
        memcpy(v6, "127.0.0.1", strlen("127.0.0.1"));
    }
    return text;
}

START_TEST(a_server_that_is_trusted_is_believed)
{
    ck_assert_str_eq(with_certificate("DNS:localhost", (struct setting){ .trusts = true }), "ok(200 ok)");
}
END_TEST

START_TEST(a_certificate_that_nobody_vouches_for_is_refused)
{
    ck_assert_str_eq(with_certificate("DNS:localhost", (struct setting){ .trusts = false }),
                     REFUSED("certificate verify failed: self-signed certificate"));
}
END_TEST

START_TEST(a_certificate_for_another_name_is_refused)
{
    ck_assert_str_eq(with_certificate("DNS:example.org", (struct setting){ .trusts = true }),
                     REFUSED("certificate verify failed: hostname mismatch"));
}
END_TEST

START_TEST(a_certificate_that_has_expired_is_refused)
{
    ck_assert_str_eq(with_certificate("!DNS:localhost", (struct setting){ .trusts = true }),
                     REFUSED("certificate verify failed: certificate has expired"));
}
END_TEST

static eff_t *get_by_address(struct server *s)
{
    eff_value_t url = eff_printf("https://127.0.0.1:%d/ok", s->port);
    eff_t *e = as_text(eff_http_get(eff_as_string(url)));
    eff_value_decref(url);
    return e;
}
START_TEST(an_address_is_verified_as_an_address)
{
    struct setting by_address = { .program = get_by_address, .trusts = true };
    ck_assert_str_eq(with_certificate("IP:127.0.0.1", by_address), "ok(200 ok)");
    ck_assert_str_eq(with_certificate("DNS:127.0.0.1", by_address),
                     "fail(TLS error: GET https://127.0.0.1:PORT/ok: 127.0.0.1:PORT: certificate verify failed: IP "
                     "address mismatch)");
}
END_TEST

START_TEST(whoever_asks_for_it_gets_no_verification)
{
    struct setting insecure = { .options.insecure_accept_any_certificate = true };
    ck_assert_str_eq(with_certificate("!DNS:example.org", insecure), "ok(200 ok)");
}
END_TEST

START_TEST(old_versions_of_tls_are_refused)
{
    const char *text = with_certificate("DNS:localhost", (struct setting){ .trusts = true, .old_tls = true });
    const char *begin = "fail(TLS error: GET https://localhost:PORT/ok: 127.0.0.1:PORT: ";
    ck_assert_msg(strncmp(text, begin, strlen(begin)) == 0, "%s", text);
}
END_TEST

static eff_t *get_all(struct server *s)
{
    eff_t *e = eff_zip(get_text(s, "/chunks"), get_text(s, "/hints"));
    return eff_zip(e, get_text(s, "/ok"));
}
static eff_value_t count_connections(eff_value_t env)
{
    return eff_int(((struct server *)eff_as_ptr(env))->n_connections);
}
static eff_t *get_and_count(struct server *s)
{
    return eff_zip(get_all(s), eff_sync(count_connections, eff_ptr(s)));
}
START_TEST(connections_with_tls_are_used_again)
{
    struct setting all = { .program = get_and_count, .trusts = true };
    ck_assert_str_eq(with_certificate("DNS:localhost", all), "ok((((\"200 ab\", \"200 ok\"), \"200 ok\"), 1))");
}
END_TEST

static eff_t *size_of_body(eff_value_t response, eff_value_t env)
{
    (void)env;
    return eff_succeed(eff_int((int64_t)eff_http_body_size(eff_http_response_of(response))));
}
static eff_t *put_large(struct server *s)
{
    enum { LARGE = 1 << 20 };
    static char body[LARGE];
    eff_value_t url = url_of(s, "/large");
    eff_t *e = eff_http_request(.method = EFF_HTTP_PUT, .url = eff_as_string(url), .body = eff_bytes(body, LARGE));
    eff_value_decref(url);
    return eff_flat_map(e, size_of_body, eff_unit);
}
START_TEST(large_bodies_go_both_ways_with_tls)
{
    struct setting large = { .program = put_large, .trusts = true };
    ck_assert_str_eq(with_certificate("DNS:localhost", large), "ok(1048576)");
}
END_TEST

/* The server closes without saying so in TLS: whoever cuts the line could have done it. */
static eff_t *get_cut(struct server *s)
{
    return get_text(s, "/cut");
}
START_TEST(a_body_without_a_length_that_is_cut_is_not_taken_for_whole)
{
    struct setting cut = { .program = get_cut, .trusts = true };
    ck_assert_str_eq(with_certificate("DNS:localhost", cut),
                     "fail(connection failed: GET https://localhost:PORT/cut: 127.0.0.1:PORT closed the connection "
                     "without a whole answer)");
}
END_TEST

static eff_t *get_without_tls(struct server *s)
{
    eff_value_t url = eff_printf("https://127.0.0.1:%d/ok", s->port);
    eff_t *e = eff_http_get(eff_as_string(url));
    eff_value_decref(url);
    return e;
}
START_TEST(a_server_without_tls_is_an_error)
{
    static const struct reply any[] = { { .path = "*", .bytes = "HTTP/1.1 400 Bad\r\n\r\n", .then = CLOSE },
                                        { .path = NULL } };
    const char *text = run_setting(&(struct setting){ .script = any, .program = get_without_tls, .talks = true });
    ck_assert_str_eq(text, "fail(TLS error: GET https://127.0.0.1:PORT/ok: 127.0.0.1:PORT: wrong version number)");
}
END_TEST

START_TEST(a_handshake_has_to_be_done_in_the_time_for_connecting)
{
    static const struct reply none[] = { { .path = NULL } };
    struct setting silent = { .script = none, .program = get_without_tls, .options.connect_timeout = eff_millis(3) };
    ck_assert_str_eq(run_setting(&silent),
                     "fail(timed out: GET https://127.0.0.1:PORT/ok: connect to 127.0.0.1:PORT: not within 3ms)");
}
END_TEST

START_TEST(a_file_that_cannot_be_used_fails_the_layer)
{
    struct setting missing = { .options.ca_file = "/no/such/file.pem" };
    const char *text = with_certificate("DNS:localhost", missing);
    const char *begin = "TLS error: trust the certificates of /no/such/file.pem: ";
    ck_assert_msg(strstr(text, begin) != NULL, "%s", text);
}
END_TEST

static int turns;
static eff_t *for_some_turns(struct server *s)
{
    eff_value_t url = eff_printf("https://127.0.0.1:%d/chunks", s->port); /* no look-up, which takes its own time */
    eff_t *e = as_text(eff_http_get(eff_as_string(url)));
    eff_value_decref(url);
    return eff_race_first(e, loop_turns(turns));
}
START_TEST(a_handshake_can_be_given_up_at_any_moment)
{
    const char *text = "";
    for (turns = 0; turns < 2000 && strncmp(text, "ok(200", 6) != 0; turns++) {
        text = with_certificate("IP:127.0.0.1", (struct setting){ .program = for_some_turns, .trusts = true });
        ck_assert_msg(strncmp(text, "ok(", 3) == 0, "%s", text);
    }
    ck_assert_str_eq(text, "ok(200 ab)");
}
END_TEST

/* What a client would ask for and verify; NULL: it refuses. */
static const char *name_in_tls(const char *host)
{
    static char text[600];
    eff_value_t error;
    eff_http_options_t options = { .size = sizeof options };
    struct eff__http_tls *tls = eff__http_tls_new(&options, &error);
    struct event_base *base = event_base_new();
    struct eff__http_tls_reason reason = { .text = "" };
    struct bufferevent *bev = eff__http_tls_bufferevent(tls, base, host, &reason);
    if (bev) {
        SSL *ssl = bufferevent_openssl_get_ssl(bev);
        const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        const char *verified = X509_VERIFY_PARAM_get0_host(SSL_get0_param(ssl), 0);
        snprintf(text, sizeof text, "%s, %s", asked ? asked : "none", verified ? verified : "none");
        bufferevent_free(bev);
    }
    event_base_free(base);
    eff__http_tls_free(tls);
    return bev ? text : NULL;
}
START_TEST(a_name_in_tls_has_no_dot_at_its_end)
{
    ck_assert_str_eq(name_in_tls("example.org"), "example.org, example.org");
    ck_assert_str_eq(name_in_tls("example.org."), "example.org, example.org");
    ck_assert_str_eq(name_in_tls("127.0.0.1"), "none, none");
    ck_assert_ptr_null(name_in_tls("."));
    ck_assert_ptr_null(name_in_tls(""));
}
END_TEST

TESTS(a_server_that_is_trusted_is_believed, a_certificate_that_nobody_vouches_for_is_refused,
      a_certificate_for_another_name_is_refused, a_certificate_that_has_expired_is_refused,
      an_address_is_verified_as_an_address, whoever_asks_for_it_gets_no_verification, old_versions_of_tls_are_refused,
      connections_with_tls_are_used_again, large_bodies_go_both_ways_with_tls,
      a_body_without_a_length_that_is_cut_is_not_taken_for_whole, a_server_without_tls_is_an_error,
      a_handshake_has_to_be_done_in_the_time_for_connecting, a_file_that_cannot_be_used_fails_the_layer,
      a_handshake_can_be_given_up_at_any_moment, a_name_in_tls_has_no_dot_at_its_end)
