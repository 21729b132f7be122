/* SHA-256, as FIPS 180-4 describes it. Plain C, no allocation; one state is for one thread at a time. */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_HEX_SIZE = 64 }; /* digits of a digest as text */

typedef struct sha256 {
    uint32_t h[8];           /* the hash value so far */
    uint64_t n_bytes;        /* of the whole message so far */
    unsigned char block[64]; /* the beginning of the next block: n_bytes % 64 of them */
} sha256_t;

void sha256_begin(sha256_t *s);
void sha256_add(sha256_t *s, const void *data, size_t n);
/* Ends the message; s has to begin again. */
void sha256_end(sha256_t *s, char ret_hex[SHA256_HEX_SIZE + 1]);

#endif
