/* SHA-256; the section numbers are those of FIPS 180-4. */
#include "sha256.h"

#include <string.h>

/* 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotated(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* 6.2.2: one block of the message. */
static void add_block(uint32_t h[8], const unsigned char *block)
{
    uint32_t w[64];
    for (int t = 0; t < 16; t++)
        w[t] = big_endian(block + 4 * t);
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotated(w[t - 15], 7) ^ rotated(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = rotated(w[t - 2], 17) ^ rotated(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }

    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], last = h[7];
    for (int t = 0; t < 64; t++) {
        uint32_t sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
        uint32_t t1 = last + sum1 + ((e & f) ^ (~e & g)) + constants[t] + w[t];
        uint32_t sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
        uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
        last = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    const uint32_t added[8] = { a, b, c, d, e, f, g, last };
    for (int i = 0; i < 8; i++)
        h[i] += added[i];
}

void sha256_begin(sha256_t *s)
{
    /* 5.3.3: the square roots of the first 8 primes. */
    static const uint32_t initial[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    memset(s, 0, sizeof *s);
    memcpy(s->h, initial, sizeof initial);
}

void sha256_add(sha256_t *s, const void *data, size_t n)
{
    const unsigned char *p = data;
    size_t used = s->n_bytes % 64;
    s->n_bytes += n;
    if (used) { /* complete the block that was begun */
        size_t some = n < 64 - used ? n : 64 - used;
        memcpy(s->block + used, p, some);
        if (used + some < 64) return;
        add_block(s->h, s->block);
        p += some;
        n -= some;
    }
    for (; n >= 64; p += 64, n -= 64)
        add_block(s->h, p);
    if (n) memcpy(s->block, p, n);
}

void sha256_end(sha256_t *s, char ret_hex[SHA256_HEX_SIZE + 1])
{
    /* 5.1.1: a one bit, zeros, and the length in bits, to the end of a block. */
    uint64_t n_bits = s->n_bytes * 8;
    unsigned char padding[72] = { 0x80 };
    size_t n_padding = (s->n_bytes % 64 < 56 ? 56 : 120) - s->n_bytes % 64;
    for (int i = 0; i < 8; i++)
        padding[n_padding + i] = (unsigned char)(n_bits >> (56 - 8 * i));
    sha256_add(s, padding, n_padding + 8);

    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < SHA256_HEX_SIZE; i++)
        ret_hex[i] = digits[s->h[i / 8] >> (28 - 4 * (i % 8)) & 15];
    ret_hex[SHA256_HEX_SIZE] = 0;
}
