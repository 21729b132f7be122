/* Hooks of types whose values are one int64: bool, int, duration, instant. */
#ifndef EFF_CORE_IMMEDIATE_H
#define EFF_CORE_IMMEDIATE_H

#include <stdbool.h>
#include <stdint.h>

bool eff__int64_equal(const void *a, const void *b);
uint64_t eff__int64_hash(const void *payload);
int eff__int64_compare(const void *a, const void *b);

#endif
