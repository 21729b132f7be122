/* TLS of OpenSSL, in libevent's bufferevents.
 *
 * Never without SNI, verification of the certificate and of the host's name, unless the options say so by their loud
 * name. TLS 1.2 at least. Callbacks are deferred: libevent 2.1 goes on reading into a buffer that evhttp, if called at
 * once, has emptied. */
#include "http/tls.h"

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>

#include "core/memory.h"
#include "http/url.h"

struct eff__http_tls {
    SSL_CTX *ctx;
    bool insecure;
};

bool eff_http_has_tls(void)
{
    return true;
}

static void describe(unsigned long err, char *text, size_t size)
{
    const char *reason = ERR_reason_error_string(err);
    if (reason) snprintf(text, size, "%s", reason);
    else snprintf(text, size, "OpenSSL error %lx", err);
}

/* The last error on OpenSSL's stack, which names the file; the stack is then empty. */
static eff_value_t file_error(const char *what, const char *file)
{
    char text[160];
    describe(ERR_peek_last_error(), text, sizeof text);
    ERR_clear_error();
    return eff_error(&eff_http_tls_error, 0, "%s %s: %s", what, file, text);
}

static eff_value_t load_files(SSL_CTX *ctx, const eff_http_options_t *o)
{
    const char *key = o->client_key_file ? o->client_key_file : o->client_cert_file;
    if (o->ca_file ? SSL_CTX_load_verify_locations(ctx, o->ca_file, NULL) != 1
                   : SSL_CTX_set_default_verify_paths(ctx) != 1)
        return file_error("trust the certificates of", o->ca_file ? o->ca_file : "the system");
    if (o->client_cert_file && SSL_CTX_use_certificate_chain_file(ctx, o->client_cert_file) != 1)
        return file_error("present the certificate of", o->client_cert_file);
    if (key && (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1))
        return file_error("use the key of", key);
    return (eff_value_t){ .type = NULL };
}

struct eff__http_tls *eff__http_tls_new(const eff_http_options_t *options, eff_value_t *ret_error)
{
    struct eff__http_tls *tls = eff__malloc(sizeof *tls);
    SSL_CTX *ctx = tls ? SSL_CTX_new(TLS_client_method()) : NULL;
    eff_value_t error = ctx ? load_files(ctx, options) : eff_oom_value();
    if (!error.type && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1) error = eff_oom_value();
    if (error.type) {
        SSL_CTX_free(ctx);
        if (tls) eff__raw_free(tls);
        *ret_error = error;
        return NULL;
    }
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): without it there was an error */
    *tls = (struct eff__http_tls){ .ctx = ctx, .insecure = options->insecure_accept_any_certificate };
    return tls;
}

void eff__http_tls_free(struct eff__http_tls *tls)
{
    if (!tls) return;
    SSL_CTX_free(tls->ctx);
    eff__raw_free(tls);
}

/* Called for each certificate of the chain, to keep what OpenSSL forgets: which one was wrong, and why. */
static int on_verify(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct eff__http_tls_reason *reason = ssl ? SSL_get_app_data(ssl) : NULL;
    if (!ok && reason && !reason->text[0])
        snprintf(reason->text, sizeof reason->text, "certificate verify failed: %s",
                 X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
    return ok;
}

static bool set_up(struct eff__http_tls *tls, SSL *ssl, const char *asked_for, struct eff__http_tls_reason *reason)
{
    char host[EFF__HTTP_MAX_HOST + 1];
    size_t n = strlen(asked_for);
    if (n > 0 && asked_for[n - 1] == '.') n--;    /* the root of DNS, which names in TLS do not say (RFC 6066, 3) */
    if (n == 0 || n >= sizeof host) return false; /* OpenSSL takes an empty name for "any" */
    memcpy(host, asked_for, n);
    host[n] = '\0';
    unsigned char address[sizeof(struct in6_addr)];
    bool is_number = inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    SSL_set_app_data(ssl, reason);
    if (!is_number && SSL_set_tlsext_host_name(ssl, host) != 1) return false;
    if (tls->insecure) {
        SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
        return true;
    }
    SSL_set_verify(ssl, SSL_VERIFY_PEER, on_verify);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (is_number) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set1_host(ssl, host) == 1;
}

struct bufferevent *eff__http_tls_bufferevent(struct eff__http_tls *tls, struct event_base *base, const char *host,
                                              struct eff__http_tls_reason *reason)
{
    SSL *ssl = SSL_new(tls->ctx);
    if (!ssl) return NULL;
    if (!set_up(tls, ssl, host, reason)) {
        SSL_free(ssl);
        return NULL;
    }
    return bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
                                          BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
}

void eff__http_tls_why(struct bufferevent *bev, struct eff__http_tls_reason *reason, bool *ret_ended)
{
    unsigned long first = 0, err;
    *ret_ended = false;
    while ((err = bufferevent_get_openssl_error(bev)) != 0)
        if (ERR_GET_LIB(err) != 0) first = err; /* they come last one first, and with them what SSL_get_error said */
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
    *ret_ended = ERR_GET_LIB(first) == ERR_LIB_SSL && ERR_GET_REASON(first) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
#endif
    if (first && !reason->text[0]) describe(first, reason->text, sizeof reason->text);
}

bool eff__http_tls_is_open(struct bufferevent *bev)
{
    return SSL_is_init_finished(bufferevent_openssl_get_ssl(bev)) == 1;
}

void eff__http_tls_forget(struct bufferevent *bev, bool goodbye)
{
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    SSL_set_app_data(ssl, NULL);
    if (!goodbye || !SSL_is_init_finished(ssl)) return;
    SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN); /* so that it sends its own, and waits for none */
    SSL_shutdown(ssl);
    ERR_clear_error();
}
