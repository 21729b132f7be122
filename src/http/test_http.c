/* The http service as a script. An operation only builds: what is counted and used up is so when the effect runs.
 *
 * The handle is the payload of a value that begins with the service, so it can be provided as it is. What it holds may
 * be read by the test's thread while nothing runs. */
#include <effect/http.h>

#include <string.h>

#include <effect/clock.h>
#include <effect/finish.h>

#include "core/memory.h"
#include "http/redirect.h"

enum { FIRST_CAPACITY = 8, DEFAULT_TIMEOUT_S = 30, DEFAULT_REDIRECTS = 10 };

struct line {
    eff_http_method_t method;
    eff_value_t url; /* a string; one that ends in * is a beginning */
    eff_test_http_answer_t answer;
    unsigned n_used;
};

struct record {
    eff_http_request_t request;
    eff_value_t url; /* owns the text of request.url */
};

struct eff_test_http {
    eff_http_t http;
    struct line *lines;
    size_t n_lines, line_capacity;
    struct record *records;
    size_t n_records, record_capacity;
    size_t n_running, most_running;
    bool incomplete;     /* a line of the script was lost for want of memory */
    const char *mistake; /* what was wrong with a line, as a static phrase; NULL: nothing */
};

static void drop_line(struct line *line)
{
    eff_value_decref(line->url);
    eff_value_decref(line->answer.headers);
    eff_value_decref(line->answer.body);
    eff_value_decref(line->answer.error);
}

static void drop(eff_test_http_t *t)
{
    for (size_t i = 0; i < t->n_lines; i++)
        drop_line(&t->lines[i]);
    for (size_t i = 0; i < t->n_records; i++) {
        eff_value_decref(t->records[i].url);
        eff_value_decref(t->records[i].request.headers);
        eff_value_decref(t->records[i].request.body);
    }
    if (t->lines) eff__raw_free(t->lines);
    if (t->records) eff__raw_free(t->records);
}
EFF_STATIC_TYPE(test_http, eff_test_http_t, .drop = drop);

/* Room for one more in an array; false when there is no memory, and the array is as it was. */
static bool reserve(void **array, size_t n, size_t *capacity, size_t size)
{
    if (n < *capacity) return true;
    size_t more = *capacity ? *capacity * 2 : FIRST_CAPACITY;
    void *larger = eff__malloc(more * size);
    if (!larger) return false;
    if (n) memcpy(larger, *array, n * size);
    if (*array) eff__raw_free(*array);
    *array = larger;
    *capacity = more;
    return true;
}

/* ---- answering */

/* Whether a line is for requests of this method and URL. */
static bool is_for(const struct line *line, eff_http_method_t method, const char *url)
{
    if (line->method != method) return false;
    const char *pattern = eff_as_string(line->url);
    size_t n = eff_string_size(line->url);
    if (n > 0 && pattern[n - 1] == '*') return strncmp(pattern, url, n - 1) == 0;
    return strcmp(pattern, url) == 0;
}

static struct line *find_line(eff_test_http_t *t, eff_http_method_t method, const char *url)
{
    for (size_t i = 0; i < t->n_lines; i++) {
        struct line *line = &t->lines[i];
        bool left = line->answer.times == 0 || line->n_used < line->answer.times;
        if (left && is_for(line, method, url)) return line;
    }
    return NULL;
}

static eff_t *not_in_script(const eff_test_http_t *t, const struct eff__http_hop *hop)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff__http_hop_format(hop, &text);
    eff_buffer_add(&text, " is not in the script of eff_test_http");
    for (size_t i = 0; i < t->n_lines; i++) {
        const struct line *line = &t->lines[i];
        eff_buffer_printf(&text, "%s%s %s", i == 0 ? ": " : ", ", eff_http_method_name(line->method),
                          eff_as_string(line->url));
        if (line->answer.times > 0 && line->n_used >= line->answer.times)
            eff_buffer_printf(&text, " (used up: %u)", line->answer.times);
    }
    if (t->n_lines == 0) eff_buffer_add(&text, ", which is empty");
    return eff_die_at(NULL, eff__http_take_text(&text));
}

static eff_value_t body_of(eff_value_t body, const struct eff__http_hop *hop)
{
    if (!body.type || hop->method == EFF_HTTP_HEAD) return eff_bytes(NULL, 0);
    size_t n;
    const void *bytes = eff_as_bytes(body, &n);
    return eff_bytes(bytes, n);
}

static bool is_too_large(eff_value_t body, const struct eff__http_hop *hop)
{
    size_t n = 0;
    if (body.type && hop->max_body && hop->method != EFF_HTTP_HEAD) (void)eff_as_bytes(body, &n);
    return n > hop->max_body;
}

static eff_t *play(const struct line *line, const struct eff__http_hop *hop)
{
    const eff_test_http_answer_t *a = &line->answer;
    if (a->hangs) return eff_never();
    eff_t *e;
    if (a->error.type) {
        e = eff_fail_at(NULL, eff_value_incref(a->error));
    } else if (is_too_large(a->body, hop)) {
        e = eff_fail_at(NULL, eff__http_error(hop, &eff_http_too_large_error, 0,
                                              "the body of the answer is beyond %zu bytes", hop->max_body));
    } else {
        eff_http_response_t response = { .status = a->status ? a->status : 200, .version = 11 };
        response.headers = eff_value_incref(a->headers);
        response.body = body_of(a->body, hop);
        bool oom = eff_is_oom(response.body);
        eff_value_t made = eff_http_response_make(response);
        if (oom) eff_value_decref(made);
        e = oom ? eff_out_of_memory() : eff_succeed_at(NULL, made);
    }
    return a->delay.ns ? eff_delay_at(NULL, e, a->delay) : e;
}

/* The URL as it goes over the wire, without the port where that is the scheme's. */
static eff_value_t url_of(const struct eff__http_url *url)
{
    return eff_printf("%s://%s%s", url->tls ? "https" : "http", eff_as_string(url->authority),
                      eff_as_string(url->target));
}

static bool record(eff_test_http_t *t, const struct eff__http_hop *hop, eff_value_t url)
{
    if (!reserve((void **)&t->records, t->n_records, &t->record_capacity, sizeof *t->records)) return false;
    struct record *r = &t->records[t->n_records++];
    *r = (struct record){ .url = eff_value_incref(url) };
    r->request = (eff_http_request_t){ .size = sizeof r->request, .method = hop->method, .url = eff_as_string(r->url) };
    r->request.headers = eff_value_incref(hop->headers);
    r->request.body = eff_value_incref(hop->body);
    return true;
}

struct question {
    eff_test_http_t *t;              /* borrowed: the service lives until its effects have ended */
    const struct eff__http_hop *hop; /* likewise */
};
EFF_STATIC_TYPE(question, struct question);

static eff_value_t begin(eff_value_t env)
{
    eff_test_http_t *t = question_of(env)->t;
    if (++t->n_running > t->most_running) t->most_running = t->n_running;
    return eff_unit;
}

static void end(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    (void)resource, (void)exit;
    question_of(env)->t->n_running--;
}

static eff_t *answer(eff_value_t resource, eff_value_t env)
{
    (void)resource;
    const struct question *q = question_of(env);
    eff_test_http_t *t = q->t;
    if (t->mistake) return eff__http_mistake(NULL, "eff_test_http_answer: %s", t->mistake);
    eff_value_t url = t->incomplete ? eff_oom_value() : url_of(&q->hop->url);
    if (eff_is_oom(url) || !record(t, q->hop, url)) {
        eff_value_decref(url);
        return eff_out_of_memory();
    }
    struct line *line = find_line(t, q->hop->method, eff_as_string(url));
    eff_value_decref(url);
    if (!line) return not_in_script(t, q->hop);
    line->n_used++;
    return play(line, q->hop);
}

static eff_t *send_hop(void *sender, const struct eff__http_hop *hop)
{
    eff_value_t question = EFF_ENV(question, .t = (eff_test_http_t *)sender, .hop = hop);
    eff_t *acquire = eff_sync_at(NULL, begin, eff_value_incref(question));
    return eff_acquire_use_release_at(NULL, acquire, answer, end, question);
}

static eff_t *request(eff_http_t *http, const eff_http_request_t *asked)
{
    static const struct eff__http_limits limits = { { INT64_C(1000000000) * DEFAULT_TIMEOUT_S }, DEFAULT_REDIRECTS };
    return eff__http_follow(send_hop, EFF_CONTAINER_OF(http, eff_test_http_t, http), asked, limits);
}

/* ---- the handle */

eff_test_http_t *eff_test_http_new(void)
{
    eff_value_t v = test_http_make((eff_test_http_t){ .http = { .size = sizeof(eff_http_t), .request = request } });
    return eff_is_oom(v) ? NULL : test_http_take(v);
}

eff_test_http_t *eff_test_http_incref(eff_test_http_t *t)
{
    return test_http_incref(t);
}

void eff_test_http_decref(eff_test_http_t *t)
{
    test_http_decref(t);
}

eff_value_t eff_test_http_value(eff_test_http_t *t)
{
    return t ? test_http_value(test_http_incref(t)) : eff_oom_value();
}

/* The URL of a line as requests have it; the beginning of one as it is. @return what is wrong with it, or NULL */
static const char *settle_url(const char *url, eff_value_t *ret_url)
{
    struct eff__http_url parts;
    size_t n = url ? strlen(url) : 0;
    *ret_url = eff_string(url ? url : "");
    if (!url) return "the URL is NULL";
    if (eff_is_oom(*ret_url) || (n > 0 && url[n - 1] == '*')) return NULL;
    const char *problem = eff__http_url_parse(url, (eff_value_t){ .type = NULL }, false, &parts);
    if (problem && problem != eff__http_no_memory) return problem;
    eff_value_decref(*ret_url);
    *ret_url = problem ? eff_oom_value() : url_of(&parts);
    if (!problem) eff__http_url_done(&parts);
    return NULL;
}

void eff_test_http_answer(eff_test_http_t *t, eff_http_method_t method, const char *url,
                          const eff_test_http_answer_t *answer)
{
    struct line line = { .method = method };
    if (answer)
        memcpy(&line.answer, answer, answer->size && answer->size < sizeof *answer ? answer->size : sizeof *answer);
    eff_test_http_answer_t *a = &line.answer;
    const char *mistake = settle_url(url, &line.url);
    if (!mistake && a->headers.type && !eff_is_oom(a->headers) && !eff_value_is(a->headers, &eff_http_fields_type))
        mistake = "the headers are no fields";
    if (!mistake && !eff_is_oom(a->body) && !eff_is_oom(a->headers))
        mistake = eff__http_settle_body(&a->body, &a->headers);
    bool oom = eff_is_oom(line.url) || eff_is_oom(a->headers) || eff_is_oom(a->body) || eff_is_oom(a->error);
    if (t && !mistake && !oom && reserve((void **)&t->lines, t->n_lines, &t->line_capacity, sizeof *t->lines)) {
        t->lines[t->n_lines++] = line;
        return;
    }
    if (t && mistake) t->mistake = mistake;
    else if (t) t->incomplete = true;
    drop_line(&line);
}

/* ---- what was asked */

size_t eff_test_http_n_requests(const eff_test_http_t *t)
{
    return t ? t->n_records : 0;
}

const eff_http_request_t *eff_test_http_request(const eff_test_http_t *t, size_t i)
{
    return t && i < t->n_records ? &t->records[i].request : NULL;
}

size_t eff_test_http_n_running(const eff_test_http_t *t)
{
    return t ? t->n_running : 0;
}

size_t eff_test_http_most_at_once(const eff_test_http_t *t)
{
    return t ? t->most_running : 0;
}

void eff_test_http_log(const eff_test_http_t *t, eff_buffer_t *out)
{
    for (size_t i = 0; i < eff_test_http_n_requests(t); i++) {
        const eff_http_request_t *r = eff_test_http_request(t, i);
        eff_buffer_printf(out, "%s %s\n", eff_http_method_name(r->method), r->url);
    }
}
