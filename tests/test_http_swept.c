/* The live http service under every sweep: interrupted, shut down, freed, without memory, at each instruction, on real
 * sockets. The server is a part of the program, so it ends with it. */
#include "support/case.h"

#include <string.h>

#include "http/server.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* The program's server is static: a run has ended when the next begins. */
static eff_t *served_by(const struct setting *setting)
{
    static struct served served;
    served = (struct served){ .setting = setting };
    return in_setting(&served);
}

static const struct reply plain[] = {
    { .path = "/ok", .bytes = OK },
    { .path = "/moved", .bytes = "HTTP/1.1 307 Moved\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n" },
    { .path = "/chunks", .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n" },
    { .path = "/cut", .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", .then = CLOSE },
    { .path = NULL },
};

static eff_t *two_gets(struct server *s)
{
    return eff_zip(get_text(s, "/ok"), get_text(s, "/chunks"));
}
static eff_t *a_connection_used_twice(struct world *w)
{
    static const struct setting setting = { .script = plain, .program = two_gets };
    (void)w;
    return served_by(&setting);
}
CASE(a_connection_is_used_twice, a_connection_used_twice, .succeeds = "(\"200 ok\", \"200 ab\")")

static eff_t *get_moved(struct server *s)
{
    eff_value_t url = url_of(s, "/moved");
    eff_t *e = as_text(eff_http_request(.method = EFF_HTTP_POST, .url = eff_as_string(url), .body = eff_literal("x")));
    eff_value_decref(url);
    return e;
}
static eff_t *a_redirect(struct world *w)
{
    static const struct setting setting = { .script = plain, .program = get_moved };
    (void)w;
    return served_by(&setting);
}
CASE(a_post_is_redirected, a_redirect, .succeeds = "200 ok")

static eff_t *get_ok_of(eff_value_t item, eff_value_t env)
{
    (void)item;
    return get_text(eff_as_ptr(env), "/ok");
}
static eff_t *three_at_once(struct server *s)
{
    return eff_for_each_par(eff_range(0, 3), get_ok_of, eff_ptr(s), 0);
}
static eff_t *waiting_for_a_connection(struct world *w)
{
    static const struct setting setting = { .script = plain, .program = three_at_once, .options.max_per_host = 1 };
    (void)w;
    return served_by(&setting);
}
CASE(three_wait_for_one_connection, waiting_for_a_connection, .succeeds = "[\"200 ok\", \"200 ok\", \"200 ok\"]")

static eff_t *get_cut(struct server *s)
{
    return eff_or_else(get_text(s, "/cut"), eff_succeed(eff_literal("cut")));
}
static eff_t *a_cut_answer(struct world *w)
{
    static const struct setting setting = { .script = plain, .program = get_cut };
    (void)w;
    return served_by(&setting);
}
CASE(an_answer_is_cut, a_cut_answer, .succeeds = "cut")

TESTS(a_connection_is_used_twice, a_post_is_redirected, three_wait_for_one_connection, an_answer_is_cut)
