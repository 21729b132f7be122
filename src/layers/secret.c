/* Secrets: a counted text with hooks that do not show it, and a drop that overwrites it. */
#include <effect/secret.h>

#include <string.h>

#include "core/hash.h"
#include "core/misuse.h"
#include "core/value.h"

struct eff_secret {
    size_t n;     /* bytes, without the final NUL */
    char bytes[]; /* n of them, and the NUL */
};

static void secret_drop(void *payload)
{
    struct eff_secret *s = payload;
    explicit_bzero(s->bytes, s->n);
}

/* Looks at every byte, wherever the first difference is. */
static bool secret_equal(const void *a, const void *b)
{
    const struct eff_secret *x = a, *y = b;
    unsigned difference = x->n != y->n;
    for (size_t i = 0; i < x->n; i++)
        difference |= (unsigned char)x->bytes[i] ^ (unsigned char)y->bytes[i < y->n ? i : y->n];
    return difference == 0;
}

static int secret_compare(const void *a, const void *b)
{
    const struct eff_secret *x = a, *y = b;
    int order = memcmp(x->bytes, y->bytes, x->n < y->n ? x->n : y->n);
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

static uint64_t secret_hash(const void *payload)
{
    const struct eff_secret *s = payload;
    return eff__hash_bytes(s->bytes, s->n);
}

static void secret_format(const void *payload, eff_buffer_t *out)
{
    (void)payload;
    eff_buffer_add(out, "<secret>");
}

const eff_type_t eff_secret_type = {
    .size = sizeof(struct eff_secret),
    .name = "secret",
    .drop = secret_drop,
    .equal = secret_equal,
    .hash = secret_hash,
    .compare = secret_compare,
    .format = secret_format,
    .flags = EFF_TYPE_COUNTED,
};

eff_value_t eff_secret_n(const char *bytes, size_t n)
{
    struct eff_secret *s = n < SIZE_MAX / 2 ? eff__payload_alloc(&eff_secret_type, sizeof *s + n + 1) : NULL;
    if (!s) return eff_oom_value();
    s->n = n;
    if (n) memcpy(s->bytes, bytes, n);
    s->bytes[n] = '\0';
    return (eff_value_t){ .type = &eff_secret_type, .ptr = s };
}

eff_value_t eff_secret(const char *text)
{
    if (!text) {
        eff__misuse("eff_secret was given NULL");
        text = "";
    }
    return eff_secret_n(text, strlen(text));
}

const eff_secret_t *eff_as_secret(eff_value_t v)
{
    if (v.type == &eff_secret_type) return v.ptr;
    (void)eff__wrong_type(v, &eff_secret_type);
    return NULL;
}

const char *eff_secret_reveal(const eff_secret_t *secret)
{
    return secret ? secret->bytes : "";
}

size_t eff_secret_size(const eff_secret_t *secret)
{
    return secret ? secret->n : 0;
}
