/* The ready-made failure: kind, code, message, and what caused it.
 *
 * The message stands behind the struct in the same block, so an error is one allocation and is never there
 * by half. As text it reads "kind: message (code n), because: inner", where the code is left out if the
 * message has it in words.
 */
#include "core/error.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/hash.h"
#include "core/misuse.h"
#include "core/value.h"

enum {
    MESSAGE_BYTES = 256,     /* messages up to this long are formatted once */
    DESCRIPTION_BYTES = 128, /* of an errno number */
    CANCELED_LOOKUP = -90001 /* libevent's number for a canceled lookup, unknown to gai_strerror */
};

const eff_error_kind_t eff_any_error = { "error", NULL };
const eff_error_kind_t eff_system_error = { "system error", &eff_any_error };
const eff_error_kind_t eff_not_found_error = { "not found", &eff_system_error };
const eff_error_kind_t eff_permission_error = { "permission denied", &eff_system_error };
const eff_error_kind_t eff_exists_error = { "already exists", &eff_system_error };
const eff_error_kind_t eff_connection_error = { "connection failed", &eff_system_error };
const eff_error_kind_t eff_dns_error = { "name lookup failed", &eff_any_error };
const eff_error_kind_t eff_timeout_error = { "timed out", &eff_any_error };
const eff_error_kind_t eff_closed_error = { "closed", &eff_any_error };
const eff_error_kind_t eff_end_error = { "end of input", &eff_any_error };
const eff_error_kind_t eff_argument_error = { "invalid argument", &eff_any_error };
const eff_error_kind_t eff_config_error = { "configuration", &eff_any_error };
const eff_error_kind_t eff_config_invalid_error = { "configuration", &eff_config_error };
const eff_error_kind_t eff_config_missing_error = { "configuration missing", &eff_config_error };

/* ---- construction */

static void error_drop(void *payload)
{
    eff_value_decref(((eff_error_t *)payload)->inner);
}

const eff_type_t eff_error_type = {
    .size = sizeof(eff_error_t), .name = "error", .drop = error_drop, .flags = EFF_TYPE_COUNTED
};

/* The format and arguments with which an error was asked for, and what is put behind them. */
struct message {
    const char *fmt;
    va_list args;
    const char *more; /* "" for nothing; else it comes after ": " */
};

/* Consumes inner. */
static eff_value_t error_new(eff_value_t inner, const eff_error_kind_t *kind, int code, struct message *m)
{
    inner = eff__value_part(inner, "eff_error");
    if (!eff__value_usable(inner)) return inner;
    if (!kind) {
        eff__misuse("eff_error was given no kind");
        kind = &eff_any_error;
    }

    char small[MESSAGE_BYTES];
    va_list again;
    va_copy(again, m->args);
    int printed = vsnprintf(small, sizeof small, m->fmt, m->args);
    if (printed < 0) {
        eff__misuse("eff_error cannot print the format \"%s\"", m->fmt);
        printed = 0;
        small[0] = '\0';
    }
    size_t n = (size_t)printed, n_more = strlen(m->more);
    eff_error_t *e = eff__payload_alloc(&eff_error_type, sizeof *e + n + (n_more ? 2 + n_more : 0) + 1);
    if (!e) {
        va_end(again);
        eff_value_decref(inner);
        return eff_oom_value();
    }
    char *message = (char *)(e + 1);
    if (n < sizeof small) memcpy(message, small, n + 1);
    else vsnprintf(message, n + 1, m->fmt, again);
    va_end(again);
    if (n_more) {
        memcpy(message + n, ": ", 2);
        memcpy(message + n + 2, m->more, n_more + 1);
    }
    *e = (eff_error_t){ .kind = kind, .code = code, .message = message, .inner = inner };
    return (eff_value_t){ .type = &eff_error_type, .ptr = e };
}

eff_value_t eff_error(const eff_error_kind_t *kind, int code, const char *fmt, ...)
{
    struct message m = { .fmt = fmt, .more = "" };
    va_start(m.args, fmt);
    eff_value_t v = error_new(eff_unit, kind, code, &m);
    va_end(m.args);
    return v;
}

eff_value_t eff_error_caused(eff_value_t inner, const eff_error_kind_t *kind, int code, const char *fmt, ...)
{
    struct message m = { .fmt = fmt, .more = "" };
    va_start(m.args, fmt);
    eff_value_t v = error_new(inner, kind, code, &m);
    va_end(m.args);
    return v;
}

static const char *describe_errno(int err, char room[DESCRIPTION_BYTES])
{
    if (err == 0) return "errno is 0: what failed did not say why"; /* the C library says "Success" */
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
    return strerror_r(err, room, DESCRIPTION_BYTES);
#else
    return strerror_r(err, room, DESCRIPTION_BYTES) == 0 ? room : "unknown error";
#endif
}

static const eff_error_kind_t *kind_of_errno(int err)
{
    switch (err) {
    case ENOENT: return &eff_not_found_error;
    case EACCES:
    case EPERM: return &eff_permission_error;
    case EEXIST: return &eff_exists_error;
    case ETIMEDOUT: return &eff_timeout_error;
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN:
    case EPIPE:
    case ENETDOWN:
    case ENETRESET:
    case ENETUNREACH:
    case EHOSTUNREACH: return &eff_connection_error;
    default: return &eff_system_error;
    }
}

eff_value_t eff_error_errno(int err, const char *fmt, ...)
{
    char room[DESCRIPTION_BYTES];
    struct message m = { .fmt = fmt, .more = describe_errno(err, room) };
    va_start(m.args, fmt);
    eff_value_t v = error_new(eff_unit, kind_of_errno(err), err, &m);
    va_end(m.args);
    return v;
}

eff_value_t eff_error_gai(int err, const char *fmt, ...)
{
    char room[DESCRIPTION_BYTES];
    struct message m = { .fmt = fmt };
    if (err == CANCELED_LOOKUP) m.more = "the lookup was canceled";
    else m.more = err == EAI_SYSTEM ? describe_errno(errno, room) : gai_strerror(err);
    va_start(m.args, fmt);
    eff_value_t v = error_new(eff_unit, &eff_dns_error, err, &m);
    va_end(m.args);
    return v;
}

/* ---- reading */

const eff_error_t *eff_as_error(eff_value_t v)
{
    static const eff_error_t no_error = { &eff_any_error, 0, "", { .type = &eff_unit_type, .integer = 0 } };
    if (v.type == &eff_error_type) return v.ptr;
    (void)eff__wrong_type(v, &eff_error_type);
    return &no_error;
}

static bool kind_is(const eff_error_kind_t *kind, const eff_error_kind_t *wanted)
{
    while (kind && kind != wanted)
        kind = kind->parent;
    return kind;
}

bool eff_error_is(eff_value_t v, const eff_error_kind_t *kind)
{
    return kind && v.type == &eff_error_type && kind_is(((const eff_error_t *)v.ptr)->kind, kind);
}

/* ---- for the walks: all but the inner error */

int eff__error_compare_own(const eff_error_t *a, const eff_error_t *b)
{
    if (a->kind != b->kind) {
        int by_name = strcmp(a->kind->name, b->kind->name);
        return by_name ? by_name : (uintptr_t)a->kind < (uintptr_t)b->kind ? -1 : 1;
    }
    if (a->code != b->code) return a->code < b->code ? -1 : 1;
    return strcmp(a->message, b->message);
}

uint64_t eff__error_hash_own(const eff_error_t *e)
{
    uint64_t kind = eff__hash_bytes(e->kind->name, strlen(e->kind->name));
    uint64_t message = eff__hash_bytes(e->message, strlen(e->message));
    return eff__hash_add(eff__hash_add(kind, (uint64_t)(int64_t)e->code), message);
}

/* Whether messages of this kind end in the text of their code. */
static bool code_in_words(const eff_error_kind_t *kind)
{
    return kind_is(kind, &eff_system_error) || kind_is(kind, &eff_dns_error) || kind_is(kind, &eff_timeout_error) ||
           kind == &eff_config_invalid_error;
}

void eff__error_format_own(const eff_error_t *e, eff_buffer_t *out)
{
    bool named = e->kind != &eff_any_error || !e->message[0]; /* "error" says nothing that the message does not */
    if (named) eff_buffer_add(out, e->kind->name);
    if (named && e->message[0]) eff_buffer_add(out, ": ");
    eff_buffer_add(out, e->message);
    if (e->code && !code_in_words(e->kind)) eff_buffer_printf(out, " (code %d)", e->code);
}
