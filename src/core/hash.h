/* Hashing, deterministic from run to run. Fast and well spread, but no defence against chosen collisions. */
#ifndef EFF_CORE_HASH_H
#define EFF_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Spreads a word over all 64 bits: the finalizer of splitmix64. */
static inline uint64_t eff__hash_mix(uint64_t h)
{
    h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
    return h ^ (h >> 31);
}

/* Adds one more word to a running hash; order matters. */
static inline uint64_t eff__hash_add(uint64_t running, uint64_t word)
{
    return eff__hash_mix(running * UINT64_C(0x9e3779b97f4a7c15) + word);
}

/* FNV-1a, spread. */
static inline uint64_t eff__hash_bytes(const void *data, size_t n)
{
    const unsigned char *p = data;
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return eff__hash_mix(h);
}

/* Equal doubles hash alike: one zero, one NaN. */
static inline uint64_t eff__hash_double(double d)
{
    union {
        double real;
        uint64_t bits;
    } u = { d };
    if (d == 0) u.bits = 0;
    if (d != d) u.bits = UINT64_C(0x7ff8000000000000);
    return eff__hash_mix(u.bits);
}

#endif
