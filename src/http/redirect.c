/* Redirects (RFC 9110, 15.4): which request follows from a response, and which must not.
 *
 * The gen keeps one hop, and replaces it by the next. What was asked for before is kept as text, a line each, so that a
 * circle is seen on its first round. */
#include "http/redirect.h"

#include <string.h>
#include <strings.h>

#include <effect/clock.h>
#include <effect/gen.h>

#include "http/fields.h"

struct follow {
    eff__http_send_fn send;
    void *sender;
    const eff_http_request_t *request;
    int max_redirects;
    struct eff__http_hop hop;      /* the one under way */
    eff_http_response_t *response; /* its answer */
    unsigned n_redirects;
    eff_buffer_t asked; /* "\nGET http://a/ ...\n" for each hop */
};

static void follow_drop(struct follow *s)
{
    eff__http_hop_done(&s->hop);
    eff_http_response_decref(s->response);
    eff_buffer_done(&s->asked);
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* The method of the next request. */
static eff_http_method_t next_method(eff_http_method_t method, int status)
{
    if (status == 303) return method == EFF_HTTP_HEAD ? EFF_HTTP_HEAD : EFF_HTTP_GET;
    if ((status == 301 || status == 302) && method == EFF_HTTP_POST) return EFF_HTTP_GET;
    return method;
}

/* Whether the body goes along: 303 says where to look for an answer, whatever was asked before. */
static bool keeps_body(eff_http_method_t before, eff_http_method_t next, int status)
{
    return status != 303 && next == before;
}

static bool stays_at_other_origins(const struct eff__http_field *field)
{
    static const char *const names[] = { "authorization", "proxy-authorization", "cookie", "host" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(field->name, names[i]) == 0) return false;
    return !field->secret;
}

static bool stays_without_body(const struct eff__http_field *field)
{
    return strncasecmp(field->name, "content-", strlen("content-")) != 0;
}

/* The hop's question in full, as one line; the target may be secret, so it is for comparing only. */
static void add_question(const struct eff__http_hop *hop, eff_buffer_t *out)
{
    eff_buffer_printf(out, "\n%s %s%s%s\n", eff_http_method_name(hop->method), eff_as_string(hop->url.origin),
                      eff_as_string(hop->url.target), hop->body.type ? " with a body" : "");
}

/* Whether the hop was asked before; now it was. */
static bool was_asked(struct follow *s)
{
    eff_buffer_t question = EFF_BUFFER_INIT;
    add_question(&s->hop, &question);
    bool found = s->asked.size > 0 && strstr(s->asked.text, eff_buffer_text(&question)) != NULL;
    eff_buffer_add_n(&s->asked, eff_buffer_text(&question), question.size);
    s->asked.truncated |= question.truncated;
    eff_buffer_done(&question);
    return found;
}

static eff_value_t bad_redirect(struct follow *s, const char *to, const char *problem)
{
    int status = s->response->status;
    return eff__http_error(&s->hop, &eff_http_redirect_error, 0, "%d %s to %s", status, problem, to);
}

/* Makes the next hop of the response. @return the error when there is none; else the absent value */
static eff_value_t go_on(struct follow *s, const char *location)
{
    struct eff__http_hop next = { .max_body = s->hop.max_body };
    eff_value_t reference = eff__http_url_join(&s->hop.url, location);
    if (eff_is_oom(reference)) return reference;
    const char *problem = eff__http_url_parse(eff_as_string(reference), (eff_value_t){ .type = NULL }, true, &next.url);
    if (problem) {
        eff_buffer_t shown = EFF_BUFFER_INIT;
        eff__http_url_redact(eff_as_string(reference), true, &shown);
        eff_value_decref(reference);
        eff_value_t error = problem == eff__http_no_memory || shown.truncated
                                ? eff_oom_value()
                                : eff__http_error(&s->hop, &eff_http_redirect_error, 0, "%d to %s: %s",
                                                  s->response->status, eff_buffer_text(&shown), problem);
        eff_buffer_done(&shown);
        return error;
    }
    eff_value_decref(reference);
    if (s->hop.url.tls && !next.url.tls && !s->request->allow_downgrade) {
        eff_value_t error = bad_redirect(s, eff_as_string(next.url.shown), "leads from https");
        eff__http_url_done(&next.url);
        return error;
    }
    next.method = next_method(s->hop.method, s->response->status);
    next.headers = eff_value_incref(s->hop.headers);
    if (keeps_body(s->hop.method, next.method, s->response->status)) next.body = eff_value_incref(s->hop.body);
    else next.headers = eff__http_fields_filter(next.headers, stays_without_body);
    if (!eff_is_oom(next.headers) && strcmp(eff_as_string(next.url.origin), eff_as_string(s->hop.url.origin)) != 0)
        next.headers = eff__http_fields_filter(next.headers, stays_at_other_origins);
    eff__http_hop_done(&s->hop);
    s->hop = next;
    s->n_redirects++;
    return eff_is_oom(next.headers) ? eff_oom_value() : (eff_value_t){ .type = NULL };
}

static const char *first_hop(struct follow *s)
{
    const eff_http_request_t *r = s->request;
    const char *problem = eff__http_url_parse(r->url ? r->url : "", r->query, false, &s->hop.url);
    if (problem) return problem;
    s->hop.method = r->method;
    s->hop.headers = eff_value_incref(r->headers);
    s->hop.body = eff_value_incref(r->body);
    s->hop.max_body = r->max_body;
    return NULL;
}

static void finish_response(struct follow *s)
{
    s->response->method = s->hop.method;
    s->response->n_redirects = s->n_redirects;
    eff_value_decref(s->response->url);
    s->response->url = eff_value_incref(s->hop.url.shown);
}

static eff_t *follow_step(struct follow *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    const char *problem = first_hop(s);
    if (problem == eff__http_no_memory) return eff_out_of_memory();
    if (problem) EFF_GEN_FAIL(eff_error(&eff_http_url_error, 0, "%s", problem));
    for (;;) {
        bool again = was_asked(s);
        if (s->asked.truncated) return eff_out_of_memory();
        if (again) EFF_GEN_FAIL(bad_redirect(s, eff_as_string(s->hop.url.shown), "leads in a circle,"));
        EFF_AWAIT(eff_http_response_into_at(NULL, s->send(s->sender, &s->hop), &s->response));
        finish_response(s);
        const char *location = eff_http_header(s->response, "location");
        if (!is_redirect(s->response->status) || !location || s->max_redirects < 0) break;
        if (s->n_redirects >= (unsigned)s->max_redirects)
            EFF_GEN_FAIL(
                eff__http_error(&s->hop, &eff_http_redirect_error, 0, "more than %d redirects", s->max_redirects));
        eff_value_t error = go_on(s, location);
        if (eff_is_oom(error)) return eff_out_of_memory();
        if (error.type) EFF_GEN_FAIL(error);
    }
    EFF_GEN_END(eff_http_response_value(eff_http_response_incref(s->response)));
}
EFF_DEFINE_GEN(follow, struct follow, follow_step, .drop = follow_drop);

static eff_value_t too_late(const eff_http_request_t *request, eff_duration_t timeout)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_http_request_format(request, &text);
    eff_buffer_add(&text, ": no answer within ");
    eff_duration_format(timeout, &text);
    eff_value_t error =
        text.truncated ? eff_oom_value() : eff_error(&eff_timeout_error, 0, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    return error;
}

eff_t *eff__http_follow(eff__http_send_fn send, void *sender, const eff_http_request_t *request,
                        struct eff__http_limits limits)
{
    eff_duration_t timeout = request->timeout.ns ? request->timeout : limits.timeout;
    struct follow init = { .send = send, .sender = sender, .request = request };
    init.max_redirects = request->max_redirects ? request->max_redirects : limits.max_redirects;
    eff_t *e = follow(init);
    if (timeout.ns == eff_duration_max.ns) return e; /* in the caller's fiber, whose name is not ours */
    eff_buffer_t name = EFF_BUFFER_INIT;
    eff_http_request_format(request, &name);
    return eff_timeout_fail_at(NULL, eff__http_named(e, &name), timeout, too_late(request, timeout));
}
