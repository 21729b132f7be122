/* URLs: http:// and https://, with a host, a port, a path and a query; user names and fragments go no further. */
#include "http/url.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <event2/http.h>

#include "http/fields.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443, MAX_PORT = 65535, MAX_URL = 64 * 1024 };

const char eff__http_no_memory[] = "out of memory";

eff_value_t eff__http_take_text(eff_buffer_t *b)
{
    eff_value_t text = b->truncated ? eff_oom_value() : eff_string_n(eff_buffer_text(b), b->size);
    eff_buffer_done(b);
    return text;
}

static const char *find_problem(const struct evhttp_uri *uri)
{
    const char *scheme = evhttp_uri_get_scheme(uri), *host = evhttp_uri_get_host(uri);
    int port = evhttp_uri_get_port(uri);
    if (!scheme) return "no scheme: it should begin with http:// or https://";
    if (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0)
        return "unknown scheme: only http and https are supported";
    if (!host || strcmp(host, "[]") == 0 || strspn(host, ".") == strlen(host)) return "no host";
    if (strlen(host) > EFF__HTTP_MAX_HOST) return "the host is too long";
    if (strchr(host, '%')) return "a host cannot be percent-encoded";
    if (port == 0 || port > MAX_PORT) return "the port must be between 1 and 65535";
    return NULL;
}

/* ---- the parts */

static void add_lower(eff_buffer_t *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = (char)tolower((unsigned char)text[i]);
        eff_buffer_add_n(out, &c, 1);
    }
}

static eff_value_t host_of(const char *host)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    size_t n = strlen(host);
    if (host[0] == '[') host++, n -= 2;
    add_lower(&b, host, n);
    return eff__http_take_text(&b);
}

static eff_value_t authority_of(const char *scheme, const char *host, int port, bool with_port)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_buffer_add(&b, scheme);
    add_lower(&b, host, strlen(host));
    if (with_port) eff_buffer_printf(&b, ":%d", port);
    return eff__http_take_text(&b);
}

static void add_path(const struct evhttp_uri *uri, eff_buffer_t *out)
{
    const char *path = evhttp_uri_get_path(uri);
    if (!path || *path != '/') eff_buffer_add(out, "/");
    if (path) eff_buffer_add(out, path);
}

static eff_value_t target_of(const struct evhttp_uri *uri, eff_value_t query)
{
    const char *own = evhttp_uri_get_query(uri);
    eff_buffer_t b = EFF_BUFFER_INIT;
    add_path(uri, &b);
    bool more = eff__http_fields_in(query)->n > 0;
    if (own || more) eff_buffer_add(&b, "?");
    if (own) eff_buffer_add(&b, own);
    if (own && *own && more) eff_buffer_add(&b, "&");
    eff__http_fields_encode(query, false, &b);
    return eff__http_take_text(&b);
}

static eff_value_t shown_of(const struct evhttp_uri *uri, const char *authority, eff_value_t query, bool hide_query)
{
    const char *own = evhttp_uri_get_query(uri);
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_buffer_add(&b, authority);
    add_path(uri, &b);
    bool more = eff__http_fields_in(query)->n > 0;
    if (own || more) eff_buffer_add(&b, "?");
    if (own && hide_query) {
        eff_buffer_add(&b, "...");
    } else {
        if (own) eff_buffer_add(&b, own);
        if (own && *own && more) eff_buffer_add(&b, "&");
        eff__http_fields_encode(query, true, &b);
    }
    return eff__http_take_text(&b);
}

static bool is_complete(const struct eff__http_url *u)
{
    return !eff_is_oom(u->host) && !eff_is_oom(u->origin) && !eff_is_oom(u->authority) && !eff_is_oom(u->target) &&
           !eff_is_oom(u->userinfo) && !eff_is_oom(u->shown);
}

const char *eff__http_url_parse(const char *text, eff_value_t query, bool hide_query, struct eff__http_url *ret_url)
{
    if (strlen(text) > MAX_URL) return "too long";
    struct evhttp_uri *uri = evhttp_uri_parse(text);
    const char *problem = uri ? find_problem(uri) : "not a valid URL (eff_http_encode encodes the parts of one)";
    if (problem) {
        if (uri) evhttp_uri_free(uri);
        return problem;
    }
    struct eff__http_url u = { .tls = strcasecmp(evhttp_uri_get_scheme(uri), "https") == 0 };
    int usual = u.tls ? HTTPS_PORT : HTTP_PORT, port = evhttp_uri_get_port(uri);
    const char *scheme = u.tls ? "https://" : "http://", *host = evhttp_uri_get_host(uri);
    const char *userinfo = evhttp_uri_get_userinfo(uri);
    u.port = port < 0 ? usual : port;
    u.host = host_of(host);
    u.origin = authority_of(scheme, host, u.port, true);
    u.authority = authority_of("", host, u.port, u.port != usual);
    u.target = target_of(uri, query);
    if (userinfo) u.userinfo = eff_string(userinfo);
    eff_value_t authority = authority_of(scheme, host, u.port, u.port != usual);
    u.shown = eff_is_oom(authority) ? eff_oom_value() : shown_of(uri, eff_as_string(authority), query, hide_query);
    eff_value_decref(authority);
    evhttp_uri_free(uri);
    if (!is_complete(&u)) {
        eff__http_url_done(&u);
        return eff__http_no_memory;
    }
    *ret_url = u;
    return NULL;
}

const char *eff_http_url_problem(const char *url)
{
    struct eff__http_url taken_apart;
    if (!url) return "no URL";
    const char *problem = eff__http_url_parse(url, (eff_value_t){ .type = NULL }, false, &taken_apart);
    if (!problem) eff__http_url_done(&taken_apart);
    return problem == eff__http_no_memory ? NULL : problem;
}

void eff__http_url_done(struct eff__http_url *url)
{
    eff_value_decref(url->host);
    eff_value_decref(url->origin);
    eff_value_decref(url->authority);
    eff_value_decref(url->target);
    eff_value_decref(url->userinfo);
    eff_value_decref(url->shown);
    *url = (struct eff__http_url){ .tls = false };
}

/* ---- references */

static bool has_scheme(const char *reference)
{
    if (!isalpha((unsigned char)*reference)) return false;
    while (isalnum((unsigned char)*reference) || (*reference && strchr("+-.", *reference)))
        reference++;
    return *reference == ':';
}

/* Servers write what they like: what a URL may not hold is encoded, an encoded byte stays as it is. */
static void add_clean(const char *text, size_t n, eff_buffer_t *out)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= ' ' || c >= 0x7F || strchr("\"<>\\^`{|}", c)) eff_buffer_printf(out, "%%%02X", (unsigned)c);
        else eff_buffer_add_n(out, &text[i], 1);
    }
}

/* Adds a path without its segments "." and ".." (RFC 3986, 5.2.4), taken off what was added from `root` on. */
static void add_normal_path(const char *path, size_t n, eff_buffer_t *out)
{
    size_t root = out->size;
    const char *end = path + n;
    while (path < end) {
        const char *slash = memchr(path + 1, '/', (size_t)(end - path - 1));
        const char *next = slash ? slash : end;
        size_t size = (size_t)(next - path);
        bool one = size == 2 && path[1] == '.', two = size == 3 && path[1] == '.' && path[2] == '.';
        if (two)
            while (out->size > root && out->text[--out->size] != '/')
                continue;
        if (!one && !two) add_clean(path, size, out);
        else if (next == end) eff_buffer_add(out, "/");
        path = next;
    }
    if (out->size == root) eff_buffer_add(out, "/");
}

eff_value_t eff__http_url_join(const struct eff__http_url *base, const char *reference)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    size_t n = strcspn(reference, "#");
    if (has_scheme(reference) || strncmp(reference, "//", 2) == 0) {
        if (*reference == '/') eff_buffer_add(&b, base->tls ? "https:" : "http:");
        add_clean(reference, n, &b);
        return eff__http_take_text(&b);
    }
    const char *target = eff_as_string(base->target);
    size_t path = strcspn(target, "?"), of_reference = strcspn(reference, "?#");
    eff_buffer_add(&b, eff_as_string(base->origin));
    if (n == 0) {
        eff_buffer_add(&b, target);
    } else if (of_reference == 0) {
        eff_buffer_add_n(&b, target, path);
        add_clean(reference, n, &b);
    } else {
        eff_buffer_t merged = EFF_BUFFER_INIT;
        while (path > 0 && target[path - 1] != '/')
            path--;
        if (*reference != '/') eff_buffer_add_n(&merged, target, path);
        eff_buffer_add_n(&merged, reference, of_reference);
        add_normal_path(eff_buffer_text(&merged), merged.size, &b);
        b.truncated |= merged.truncated;
        eff_buffer_done(&merged);
        add_clean(reference + of_reference, n - of_reference, &b);
    }
    return eff__http_take_text(&b);
}

/* In text that is no URL a password may hold anything, so all up to the last @ may be one. */
void eff__http_url_redact(const char *text, bool hide_query, eff_buffer_t *out)
{
    size_t begin = has_scheme(text) ? strcspn(text, ":") + 1 : 0;
    if (text[begin] != '/') begin = 0; /* what looked like a scheme was a user's name */
    begin += strspn(text + begin, "/");
    const char *at = strrchr(text + begin, '@'), *rest = at ? at + 1 : text + begin;
    eff_buffer_add_escaped(out, text, begin);
    if (at && strcspn(text + begin, "/?#") < (size_t)(at - text) - begin) eff_buffer_add(out, "...@");
    size_t n = hide_query ? strcspn(rest, "?") : strlen(rest);
    eff_buffer_add_escaped(out, rest, n);
    if (rest[n]) eff_buffer_add(out, "?...");
}
