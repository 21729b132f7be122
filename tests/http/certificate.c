#include "http/certificate.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>

enum { A_DAY = 24 * 60 * 60 };

static EVP_PKEY *make_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    ck_assert_ptr_nonnull(key);
    return key;
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    ck_assert_ptr_nonnull(extension);
    ck_assert_int_eq(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *make_certificate(EVP_PKEY *key, const char *name)
{
    bool expired = *name == '!';
    X509 *c = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
    X509_set_version(c, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(c), -2 * A_DAY);
    X509_gmtime_adj(X509_getm_notAfter(c), expired ? -A_DAY : A_DAY);
    X509_set_pubkey(c, key);
    X509_NAME *subject = X509_get_subject_name(c);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(c, subject);
    add_extension(c, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(c, NID_subject_alt_name, name + expired);
    ck_assert_int_gt(X509_sign(c, key, EVP_sha256()), 0);
    return c;
}

/* In memory, with a name that can be opened. */
static void write_file(X509 *certificate, char *ret_file)
{
    int fd = memfd_create("certificate", 0);
    ck_assert_int_ge(fd, 0);
    FILE *file = fdopen(dup(fd), "w");
    PEM_write_X509(file, certificate);
    fclose(file);
    snprintf(ret_file, 64, "/proc/self/fd/%d", fd);
}

void *tls_server_new(const char *name, bool old, char *ret_file)
{
    EVP_PKEY *key = make_key();
    X509 *certificate = make_certificate(key, name);
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    ck_assert_int_eq(SSL_CTX_use_certificate(ctx, certificate), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, key), 1);
    if (old) {
        SSL_CTX_set_security_level(ctx, 0);
        SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
    }
    write_file(certificate, ret_file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return ctx;
}

void tls_server_free(void *server, const char *file)
{
    SSL_CTX_free(server);
    close(atoi(file + strlen("/proc/self/fd/")));
}

struct bufferevent *tls_accept(void *server, struct event_base *base, int fd)
{
    return bufferevent_openssl_socket_new(base, fd, SSL_new(server), BUFFEREVENT_SSL_ACCEPTING,
                                          BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
}
