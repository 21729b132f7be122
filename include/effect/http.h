/** @file
 * HTTP: a client (library `libeffect-http`, `pkg-config --libs effect-http`).
 *
 *     eff_t *e = eff_http_json(eff_http_get("https://api.example.org/users/7"));      // 2xx, and its body as JSON
 *     e = eff_flat_map(e, show_user, eff_unit);
 *     return eff_main_with(e, eff_http_live());
 *
 * All that can be said of a request is a field of eff_http_request_t:
 *
 *     e = eff_http_request(.method = EFF_HTTP_POST, .url = "https://api.example.org/users",
 *                          .query = EFF_HTTP_FIELDS("notify", "yes"), .auth = eff_http_bearer(token),
 *                          .body = eff_json(user), .timeout = eff_seconds(5));
 *     e = eff_http_expect_status(e, 201);
 *
 * The effects ask for the `http` service when they run. eff_http_live() is the one that talks to the network, and
 * eff_test_http() one that answers from a script, after delays on the Clock.
 *
 * That a server answered is a success, whatever the status says, unless eff_http_ok, eff_http_expect_status or
 * eff_http_json is put around. Failures are errors, whose message begins with the method and the URL:
 *
 * | kind                                                | what happened                                              |
 * | --------------------------------------------------- | ---------------------------------------------------------- |
 * | eff_http_url_error, below eff_argument_error        | the URL, or a redirect's, is none that can be asked for     |
 * | eff_argument_error                                  | a header or a limit that cannot be sent or kept             |
 * | eff_dns_error                                       | the host was not found; code is the EAI_ number             |
 * | eff_connection_error, or another eff_system_error   | refused, reset, closed early; code is the errno, if any     |
 * | eff_http_tls_error, below eff_connection_error      | no trust, no common protocol; the reason is OpenSSL's       |
 * | eff_timeout_error                                   | not done in time                                            |
 * | eff_http_protocol_error, below eff_http_error       | what was answered is no HTTP/1.x                            |
 * | eff_http_too_large_error, below eff_http_error      | headers or body beyond their limit                          |
 * | eff_http_redirect_error, below eff_http_error       | too many, in a circle, from https to http, or to nowhere    |
 * | eff_http_status_error, below eff_http_error         | another status than asked for, which is the code            |
 * | eff_http_body_error, below eff_http_error           | the body is no JSON                                         |
 *
 * No message shows what a URL has before its `@`, nor the value of a secret field: see EFF_HTTP_SECRET.
 *
 * Bodies are held in memory, both ways: within max_body, and not as streams yet.
 */
#ifndef EFFECT_HTTP_H
#define EFFECT_HTTP_H

#include <effect/duration.h>
#include <effect/error.h>
#include <effect/layer.h>
#include <effect/type.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_error_kind_t eff_http_error, /**< the root of those below that have no nearer family */
    eff_http_url_error,                               /**< below eff_argument_error: no URL to ask for */
    eff_http_tls_error,                               /**< below eff_connection_error: the TLS handshake, or a record */
    eff_http_protocol_error,                          /**< not answered in HTTP/1.x */
    eff_http_too_large_error,                         /**< headers or a body beyond the limit */
    eff_http_redirect_error,                          /**< a redirect that is not followed */
    eff_http_status_error,                            /**< not the status asked for; code is the status */
    eff_http_body_error;                              /**< a body of another form than asked for */

/** What is asked for. */
typedef enum eff_http_method {
    EFF_HTTP_GET,    /**< the default */
    EFF_HTTP_HEAD,   /**< the headers of what GET would give */
    EFF_HTTP_POST,   /**< not idempotent, as PATCH */
    EFF_HTTP_PUT,    /**< idempotent, as all others */
    EFF_HTTP_PATCH,  /**< a change to what is there */
    EFF_HTTP_DELETE, /**< to have it no more */
    EFF_HTTP_OPTIONS /**< what can be asked */
} eff_http_method_t;

/** The name of a method: "GET". @param method one of the enumeration @return static; "?" when it is none */
EFF_API const char *eff_http_method_name(eff_http_method_t method);
/** What a status means: "Not Found". @param status 404, ... @return static; "" for one that is in no standard */
EFF_API const char *eff_http_status_text(int status);

/* ---- fields: headers, queries and forms */

EFF_API extern const eff_type_t eff_http_fields_type; /**< of fields as values */
EFF_API extern const char eff__http_secret[];         /* what stands before the name and value of a secret field */

/** Names and values in order, as a value: headers, the query of a URL, the fields of a form. A name may come twice.
 *  O(bytes). @see EFF_HTTP_FIELDS
 *  @param n how many strings
 *  @param strings copies; a name, its value, the next name, ...; NULL, or a name without a value, is a mistake, of
 *                 which the request dies
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_http_fields(size_t n, const char *const *strings);
/** The fields with one more. O(bytes).
 *  @consumes{fields}
 *  @param name copies; NULL is a mistake, as above
 *  @param value copies; likewise
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_http_fields_add(eff_value_t fields, const char *name, const char *value);
/** As eff_http_fields_add; no message shows the value. @consumes{fields} @param name copies @param value copies
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_http_fields_add_secret(eff_value_t fields, const char *name, const char *value);
/** How many fields there are. @borrows{fields} @return 0 for the absent value, and on the wrong type */
EFF_API size_t eff_http_fields_size(eff_value_t fields);
/** A field's name. @borrows{fields} @param i from 0 @return borrowed from fields; "" when there is none */
EFF_API const char *eff_http_field_name(eff_value_t fields, size_t i);
/** A field's value. @borrows{fields} @param i from 0 @return borrowed from fields; "" when there is none */
EFF_API const char *eff_http_field_value(eff_value_t fields, size_t i);
/** The value of the first field of that name. O(fields). @borrows{fields}
 *  @param name in any case: "content-type" finds "Content-Type"
 *  @return borrowed from fields; NULL when there is none, and for the absent value */
EFF_API const char *eff_http_fields_get(eff_value_t fields, const char *name);

/** @cond */
static inline EFF_MUST_USE eff_value_t eff__http_fields_of(eff_site_t site, size_t n, const char *const *strings)
{
    (void)site; /* a value has none */
    return eff_http_fields(n, strings);
}
/** @endcond */
/** eff_http_fields(...) of its arguments: EFF_HTTP_FIELDS("accept", "text/plain", EFF_HTTP_SECRET("x-api-key", key)).
 *  @param ... strings, copied: names and values in turn */
#define EFF_HTTP_FIELDS(...) EFF_LISTED_(eff__http_fields_of, const char *, __VA_ARGS__)
/** A field whose value no message, log or dump shows. In EFF_HTTP_FIELDS.
 *  @param name, value strings */
#define EFF_HTTP_SECRET(name, value) eff__http_secret, (name), (value)

/** The credentials of HTTP Basic (RFC 7617), for .auth. Without TLS everybody on the way reads them.
 *  @param user copies; a colon in it is a mistake, of which the request dies, as is NULL
 *  @param password copies; NULL likewise
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_http_basic(const char *user, const char *password);
/** A bearer token (RFC 6750), for .auth. @param token copies; NULL is a mistake, as above @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_http_bearer(const char *token);
/** Text as a part of a URL: all but letters, digits and -._~ comes as %XX. For path segments: the fields of .query are
 *  encoded by themselves.
 *  @param text copies; NULL is a mistake: "" @return new: a string */
EFF_API EFF_MUST_USE eff_value_t eff_http_encode(const char *text);

/** What is wrong with a URL, for those who check one long before it is asked for.
 *  @param url NULL is a mistake: "no URL"
 *  @return static: a phrase such as "no host"; NULL when it can be asked for, or when there was no memory to look */
EFF_API const char *eff_http_url_problem(const char *url);

/* ---- requests */

/** A request. What is not set has the default that is named here; `of the layer` is one of eff_http_options_t. */
typedef struct eff_http_request {
    size_t size;              /**< sizeof(eff_http_request_t); the macro fills it in */
    eff_http_method_t method; /**< EFF_HTTP_GET */
    const char *url;          /**< http:// or https://; copied. user:password@ becomes .auth; a fragment is not sent */
    eff_value_t query;        /**< consumed: fields that are added to the URL, percent-encoded */
    eff_value_t headers;      /**< consumed: fields. Of one that the client sets too (user-agent, accept, host,
                                   content-type) this one is sent. Connection, content-length, transfer-encoding and
                                   what else is the client's own business are refused */
    eff_value_t auth;         /**< consumed: eff_http_bearer, eff_http_basic */
    eff_value_t body;         /**< consumed: a string, bytes, JSON (eff_json) or, as a form, fields. JSON and forms say
                                   what they are in content-type */
    eff_duration_t timeout;   /**< for all of it: waiting for a connection, redirects, the body; of the layer.
                                   eff_duration_max: none */
    size_t max_body;          /**< bytes of the answer's body; of the layer */
    int max_redirects;        /**< of the layer; EFF_HTTP_NO_REDIRECTS: the redirect is the answer */
    bool allow_downgrade;     /**< follow redirects from https to http */
} eff_http_request_t;
enum { EFF_HTTP_NO_REDIRECTS = -1 /**< for .max_redirects: follow none */ };

/** A response: what eff_http_request succeeds with. */
typedef struct eff_http_response {
    int status;               /**< 200, 404, ... */
    int version;              /**< 11 for HTTP/1.1, 10 for HTTP/1.0 */
    eff_http_method_t method; /**< of the last request, which a redirect may have changed */
    eff_value_t url;          /**< a string: the last URL, without what stood before its @; secrets are not shown */
    unsigned n_redirects;     /**< how many were followed */
    eff_value_t headers;      /**< fields; eff_http_header reads them */
    eff_value_t body;         /**< bytes, behind which a NUL stands: eff_http_text reads them */
} eff_http_response_t;
/** What type.h generates: eff_http_response_type, eff_http_response_of, eff_http_response_value,
 *  eff_http_response_make, eff_http_response_take, eff_http_response_incref, eff_http_response_decref, and, under the
 *  macro below, eff_http_response_into_at. */
EFF_DECLARE_API_TYPE(EFF_API, eff_http_response, eff_http_response_t);
/** Stores the response that an effect succeeds with: as NAME_into of type.h. @param ... effect, slot @returns_new */
#define eff_http_response_into(...) eff_http_response_into_at(EFF_SITE, __VA_ARGS__)

/** A header of a response. O(headers). @borrows{response}
 *  @param name in any case
 *  @return borrowed from response: the first of that name; NULL when there is none */
EFF_API const char *eff_http_header(const eff_http_response_t *response, const char *name);
/** The body as text. @borrows{response} @return borrowed from response; NUL-terminated; of one with NULs inside,
 *  what comes before the first */
EFF_API const char *eff_http_text(const eff_http_response_t *response);
/** How large the body is. @borrows{response} @return bytes */
EFF_API size_t eff_http_body_size(const eff_http_response_t *response);

/** The http service. To write one, put it in a struct with what it works on; see EFF_CONTAINER_OF. */
typedef struct eff_http eff_http_t;
struct eff_http {
    size_t size; /**< sizeof(eff_http_t): tells the library which operations there are */
    /**
     * Builds the effect that asks, follows redirects, and keeps the limits of the request.
     * - Success: with an eff_http_response.
     * - Failure: with an error of the kinds above.
     * - Interruption: gives up at once.
     *
     * @param http borrowed until the effect has ended
     * @param request borrowed until the effect has ended; checked: there is a URL, and auth and the forms of body have
     *                become headers and a string or bytes
     * @returns_new
     */
    eff_t *(*request)(eff_http_t *http, const eff_http_request_t *request);
};

/** What service.h generates: eff_http_tag, eff_http_with, eff_http_from, eff_http_provide, eff_http_provide_value,
 *  eff_http_value; eff_http__use is for these. */
EFF_DECLARE_API_SERVICE(EFF_API, eff_http, eff_http_t);
/** Runs what use makes of the http service.
 *  @param ... use, an `eff_t *(*)(eff_http_t *, eff_value_t env)`, and env, consumed: as NAME_with of service.h
 *  @returns_new */
#define eff_http_with(...) eff_http_with_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
/** Runs an effect with this http service.
 *  @param ... the effect, consumed, and a `eff_http_t *`, borrowed until it has ended @returns_new */
#define eff_http_provide(...) eff_http_provide_at(EFF_SITE, __VA_ARGS__)
/** Runs an effect with this http service.
 *  @param ... the effect and the service as a value, both consumed @returns_new */
#define eff_http_provide_value(...) eff_http_provide_value_at(EFF_SITE, __VA_ARGS__)

/**
 * Asks, and reads the whole answer. As a macro it takes the fields of eff_http_request_t:
 *
 *     eff_http_request(.method = EFF_HTTP_PUT, .url = url, .body = eff_string("on"))
 *
 * Redirects are followed: 303 with GET and without a body (after a HEAD with HEAD); 301 and 302 the same after a POST,
 * else with the same method and body, as 307 and 308 do (RFC 9110, 15.4). To another scheme, host or port go neither
 * .auth nor the headers that are secret, nor authorization, proxy-authorization, cookie and host. From https to http is
 * refused unless .allow_downgrade.
 * - Success: with an eff_http_response, whatever its status.
 * - Failure: with an error of the kinds at the top. The request may have reached the server all the same.
 * - Interruption: gives up at once, and closes the connection.
 *
 * @param site where it is composed; the macro fills it in
 * @param request copied; consumes the values in it
 * @returns_new
 * @see eff_http_ok, eff_http_json; eff_retry, for requests that may be repeated
 */
EFF_API EFF_MUST_USE eff_t *eff_http_request_at(eff_site_t site, const eff_http_request_t *request);
/** Asks a service that is at hand, not the one in the context: for services that are made of others. Otherwise as
 *  eff_http_request.
 *  @param site where it is composed; the macro fills it in
 *  @param http borrowed until the effect has ended
 *  @param request copied; consumes the values in it. The macro fills in .size, whatever it was: a request may be a
 *         changed copy of one that the library has made
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_http_request_to_at(eff_site_t site, eff_http_t *http,
                                                   const eff_http_request_t *request);
/** eff_http_request with nothing but a URL. @param site where it is composed; the macro fills it in
 *  @param url copied; NULL is a mistake @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_http_get_at(eff_site_t site, const char *url);
/** What messages say of a request: "GET https://example.org/?key=...", secrets left out. @borrows{request}
 *  @param out what the text is added to */
EFF_API void eff_http_request_format(const eff_http_request_t *request, eff_buffer_t *out);

/** @cond */
static inline EFF_MUST_USE eff_t *eff__http_request_by_value(eff_site_t site, eff_http_request_t request)
{
    request.size = sizeof request;
    return eff_http_request_at(site, &request);
}
static inline EFF_MUST_USE eff_t *eff__http_request_to_sized(eff_site_t site, eff_http_t *http,
                                                             const eff_http_request_t *request)
{
    if (!request) return eff_http_request_to_at(site, http, request);
    eff_http_request_t sized = *request;
    sized.size = sizeof sized;
    return eff_http_request_to_at(site, http, &sized);
}
/** @endcond */
#define eff_http_request(...) eff__http_request_by_value(EFF_SITE, EFF_STRUCT_(eff_http_request_t, __VA_ARGS__))
#define eff_http_request_to(...) eff__http_request_to_sized(EFF_SITE, __VA_ARGS__)
#define eff_http_get(...) eff_http_get_at(EFF_SITE, __VA_ARGS__)

/* ---- what to make of a response
 * Each takes an effect that succeeds with an eff_http_response; with anything else is a defect. */

/** Fails with an eff_http_status_error unless the status is 2xx. @consumes{e} @returns_new
 *  @param site where it is composed; the macro fills it in
 *  @see eff_http_error_response, for what the server said about it */
EFF_API EFF_MUST_USE eff_t *eff_http_ok_at(eff_site_t site, eff_t *e);
/** Fails with an eff_http_status_error unless the status is this one. @consumes{e}
 *  @param site where it is composed; the macro fills it in
 *  @param status 201, ... @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_http_expect_status_at(eff_site_t site, eff_t *e, int status);
/** Succeeds with the body as JSON (eff_as_json). Fails with an eff_http_status_error unless the status is 2xx, and with
 *  an eff_http_body_error when the body is no JSON. O(bytes), in one turn.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e} @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_http_json_at(eff_site_t site, eff_t *e);
/** The response that an eff_http_status_error or eff_http_body_error is about. @borrows{error}
 *  @return borrowed from error; NULL for all other values */
EFF_API const eff_http_response_t *eff_http_error_response(eff_value_t error);

#define eff_http_ok(...) eff_http_ok_at(EFF_SITE, __VA_ARGS__)
#define eff_http_expect_status(...) eff_http_expect_status_at(EFF_SITE, __VA_ARGS__)
#define eff_http_json(...) eff_http_json_at(EFF_SITE, __VA_ARGS__)

/* ---- the live service */

/** Options of the live service; zero means the default. */
typedef struct eff_http_options {
    size_t size;                          /**< sizeof(eff_http_options_t), or 0 */
    const char *user_agent;               /**< "libeffect/" and its version */
    eff_duration_t timeout;               /**< of requests that have none of their own; 30 s. eff_duration_max: none */
    eff_duration_t connect_timeout;       /**< for each address of a host, TLS included; 10 s */
    eff_duration_t idle_time;             /**< how long a connection that nobody uses is kept; 60 s */
    size_t max_body;                      /**< bytes; 16 MiB */
    size_t max_headers;                   /**< bytes; 64 KiB */
    int max_redirects;                    /**< 10; EFF_HTTP_NO_REDIRECTS: none */
    unsigned max_per_host;                /**< connections to one scheme, host and port at once; 8. Others wait */
    unsigned max_connections;             /**< connections in all; 64 */
    const char *ca_file;                  /**< certificates to trust, in PEM, instead of the system's */
    const char *client_cert_file;         /**< a certificate chain to present, in PEM */
    const char *client_key_file;          /**< its key, in PEM; NULL: it is in client_cert_file */
    bool insecure_accept_any_certificate; /**< believe whoever answers: TLS then protects from nobody who can get in
                                               between. For tests */
} eff_http_options_t;

/**
 * The layer of the http service that talks to the network: HTTP/1.1 of libevent, TLS of OpenSSL.
 *
 * Connections are kept and used again; requests wait for one in order when there are as many as may be. An idempotent
 * request (all but POST and PATCH) that finds its connection closed by the server meanwhile is sent once more, on a new
 * one. Host names are looked up by getaddrinfo, on the blocking pool, and their addresses tried one after another. TLS
 * is 1.2 at least, and certificate and host name are always verified, against the system's store unless there is a
 * ca_file. Limits of time are on the Clock of who asks, so a TestClock holds them up; that of idle connections, on the
 * Clock where the layer is built.
 *
 * Where SIGPIPE would end the process, it is blocked in the runtime's thread while the layer is open: libevent's writes
 * raise it. Children of that thread inherit this.
 *
 * @returns_new; one layer, however often it is mentioned
 * @see eff_http_live_with
 */
EFF_API EFF_MUST_USE eff_layer_t *eff_http_live(void);
/** As eff_http_live, with options. Building it fails with an eff_http_tls_error when a file of them cannot be used, and
 *  with an eff_argument_error when the user agent is none that a header can hold.
 *  @param options copied; NULL: all defaults
 *  @returns_new; each call another layer: keep the one to be shared
 *  @see eff_layer_flat_map, for options that are configured */
EFF_API EFF_MUST_USE eff_layer_t *eff_http_live_with(const eff_http_options_t *options);
/** Whether this build of the library has TLS; without it, https fails with an eff_http_tls_error. @return whether */
EFF_API bool eff_http_has_tls(void);

/* ---- the test service */

/** An http service that answers from a script, and remembers what it was asked. A counted handle. */
typedef struct eff_test_http eff_test_http_t;

/** How requests are answered. What is not set is 0 or absent. */
typedef struct eff_test_http_answer {
    size_t size;          /**< sizeof(eff_test_http_answer_t); the macro fills it in */
    int status;           /**< 0: 200 */
    eff_value_t headers;  /**< consumed: fields */
    eff_value_t body;     /**< consumed: a string, bytes, or JSON */
    eff_value_t error;    /**< consumed: instead of an answer, fails with this */
    eff_duration_t delay; /**< before the answer or the failure, on the Clock */
    bool hangs;           /**< never answers */
    unsigned times;       /**< for that many requests; 0: for all */
} eff_test_http_answer_t;

/** A service with an empty script. @return new; NULL when out of memory, which all below take */
EFF_API EFF_MUST_USE eff_test_http_t *eff_test_http_new(void);
/** One more reference. Any thread. @param t borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_test_http_t *eff_test_http_incref(eff_test_http_t *t);
/** Gives up one reference. Any thread. @param t consumes; NULL is fine */
EFF_API void eff_test_http_decref(eff_test_http_t *t);
/** The layer of the service. @retains{t} @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_test_http(eff_test_http_t *t);
/** The service as a value, for eff_http_provide_value and eff_context_add. @retains{t} @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_test_http_value(eff_test_http_t *t);

/**
 * Adds an answer to the script. As a macro, eff_test_http_on(t, method, url, ...), it takes the answer's fields:
 *
 *     eff_test_http_on(t, EFF_HTTP_GET, "http://flaky/", .status = 503, .times = 2);       // the first two
 *     eff_test_http_on(t, EFF_HTTP_GET, "http://flaky/", .body = eff_literal("up"));       // all later ones
 *
 * A request gets the first answer for its method and URL that is not used up. One that nobody scripted is a defect that
 * names it, and what is scripted. Redirects among the answers are followed.
 *
 * @borrows{t}
 * @param method of the requests it is for
 * @param url copied: of the requests, with their query; "http://A:80" is "http://a/". One that ends in * stands for all
 *            that begin so, as eff_test_http_log has them. NULL or no URL is a mistake, of which the next request dies
 * @param answer copied; consumes the values in it
 */
EFF_API void eff_test_http_answer(eff_test_http_t *t, eff_http_method_t method, const char *url,
                                  const eff_test_http_answer_t *answer);
/** How many requests were made, redirects included. @borrows{t} @return 0 for NULL */
EFF_API size_t eff_test_http_n_requests(const eff_test_http_t *t);
/** A request that was made. @borrows{t} @param i from 0, in order
 *  @return borrowed, until the handle is gone: url has the query in it; NULL when there is none */
EFF_API const eff_http_request_t *eff_test_http_request(const eff_test_http_t *t, size_t i);
/** How many requests are under way. @borrows{t} @return 0 for NULL */
EFF_API size_t eff_test_http_n_running(const eff_test_http_t *t);
/** How many requests were under way at once, at most. @borrows{t} @return 0 for NULL */
EFF_API size_t eff_test_http_most_at_once(const eff_test_http_t *t);
/** What was asked, for a test to compare: a line "GET http://a/" for each request. @borrows{t}
 *  @param out what the text is added to */
EFF_API void eff_test_http_log(const eff_test_http_t *t, eff_buffer_t *out);

/** @cond */
static inline void eff__test_http_on(eff_test_http_t *t, eff_http_method_t method, const char *url,
                                     eff_test_http_answer_t answer)
{
    answer.size = sizeof answer;
    eff_test_http_answer(t, method, url, &answer);
}
/** @endcond */
/** eff_test_http_answer() with the fields of an answer. @param t, method, url as there @param ... .field = value */
#define eff_test_http_on(t, method, url, ...)                                                                          \
    eff__test_http_on((t), (method), (url), EFF_STRUCT_(eff_test_http_answer_t, __VA_ARGS__))

EFF_END_DECLS
#endif
