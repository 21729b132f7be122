/* The hasher: a service, so that a test can bring one that needs no files. By default SHA-256 on the blocking pool. */
#ifndef HASHER_H
#define HASHER_H

#include "found.h"
#include "progress.h"

#include <effect/effect.h>

typedef struct hasher hasher_t;
struct hasher {
    /* Builds the effect that succeeds with the hash, a string, or fails with an error. It adds the bytes it has read to
     * progress as it goes. Borrows all until the effect has ended. */
    eff_t *(*hash)(hasher_t *hasher, found_t *file, progress_t *progress);
};
EFF_DECLARE_SERVICE(hasher, hasher_t);
#define hasher_with(...) hasher_with_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
#define hasher_provide(...) hasher_provide_at(EFF_SITE, __VA_ARGS__)

#endif
