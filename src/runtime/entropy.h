/* Random bits of the system, in reserve: a system call for every 32 words. Each runtime has its own, so that no lock is
 * needed, and that parent and child of a fork(2), of which only one goes on with it, do not hand out the same. */
#ifndef EFF_RUNTIME_ENTROPY_H
#define EFF_RUNTIME_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

struct eff__entropy {
    uint64_t words[32]; /* the first n_left are not handed out yet; the others are 0 */
    size_t n_left;
};

/* The next 64 bits. @return 0, or an errno: the system has none, and *ret_bits is not set */
int eff__entropy_draw(struct eff__entropy *entropy, uint64_t *ret_bits);
/* Many bytes at once, past any reserve. @return 0, or an errno */
int eff__entropy_fill(void *bytes, size_t n);

#endif
