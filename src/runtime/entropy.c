/* Random bits of the system: getrandom(2), which is the kernel's generator, seeded and safe for secrets. What is handed
 * out is wiped from the reserve, so that no later look into this memory tells a token. */
#include "runtime/entropy.h"

#include <errno.h>
#include <sys/random.h>

int eff__entropy_fill(void *bytes, size_t n)
{
    char *to = bytes;
    while (n > 0) {
        ssize_t got = getrandom(to, n, 0);
        if (got < 0 && errno != EINTR) return errno;
        if (got > 0) to += got, n -= (size_t)got;
    }
    return 0;
}

int eff__entropy_draw(struct eff__entropy *entropy, uint64_t *ret_bits)
{
    if (entropy->n_left == 0) {
        int err = eff__entropy_fill(entropy->words, sizeof entropy->words);
        if (err) return err;
        entropy->n_left = sizeof entropy->words / sizeof *entropy->words;
    }
    uint64_t *word = &entropy->words[--entropy->n_left];
    *ret_bits = *word;
    *word = 0;
    return 0;
}
