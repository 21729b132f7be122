/* SHA-256 on the blocking pool, in chunks: a job there cannot be stopped, so each is short, and an interruption is seen
 * between two of them. */
#include "hasher.h"

#include "sha256.h"

#include <errno.h>
#include <unistd.h>

enum { CHUNK = 1 << 20, BUFFER = 1 << 16 };

/* One run over one file. Only one thread at a time has it: the pool's during a chunk, the loop's between two. */
typedef struct hashing {
    found_t *file;
    int64_t at;
    sha256_t sha;
    unsigned char buffer[BUFFER];
} hashing_t;
static void hashing_clear(hashing_t *h)
{
    found_decref(h->file);
}
EFF_STATIC_TYPE(hashing, hashing_t, .drop = hashing_clear);

static eff_t *hash_chunk(eff_value_t hashing) /* on the pool */
{
    hashing_t *h = hashing_of(hashing);
    int64_t end = h->at + CHUNK, start = h->at;
    while (h->at < end) {
        ssize_t n = pread(h->file->fd, h->buffer, sizeof h->buffer, h->at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return eff_fail_errno("cannot read");
        if (n == 0) break;
        sha256_add(&h->sha, h->buffer, (size_t)n);
        h->at += n;
    }
    return eff_succeed(eff_int(h->at - start));
}

static eff_value_t count(eff_value_t n_bytes, eff_value_t progress)
{
    progress_add_bytes(eff_as_ptr(progress), eff_as_int(n_bytes));
    return eff_value_incref(n_bytes);
}

static bool there_is_more(eff_value_t n_bytes, eff_value_t env)
{
    return eff_as_int(n_bytes) >= CHUNK;
}

static eff_value_t digest(eff_value_t n_bytes, eff_value_t hashing)
{
    char hex[SHA256_HEX_SIZE + 1];
    sha256_end(&hashing_of(hashing)->sha, hex);
    return eff_string(hex);
}

static eff_t *begin(eff_value_t file_and_progress)
{
    found_t *file = found_of(eff_first(file_and_progress));
    eff_value_t hashing = hashing_make((hashing_t){ .file = found_incref(file) });
    if (eff_is_oom(hashing)) return eff_out_of_memory();
    sha256_begin(&hashing_of(hashing)->sha);

    eff_t *e = eff_blocking(hash_chunk, eff_value_incref(hashing));
    e = eff_map(e, count, eff_value_incref(eff_second(file_and_progress)));
    e = eff_loop_while(e, there_is_more, eff_unit);
    return eff_map(e, digest, hashing);
}

static eff_t *hash_sha256(hasher_t *hasher, found_t *file, progress_t *progress)
{
    return eff_suspend(begin, eff_pair(found_value(found_incref(file)), eff_ptr(progress)));
}

static hasher_t sha256_hasher = { .hash = hash_sha256 };
EFF_DEFINE_DEFAULT_SERVICE(hasher, hasher_t, &sha256_hasher);
