/* For programs drawn by lot: the number that gives the next one, and choosing. */
#ifndef TESTS_SUPPORT_DRAW_H
#define TESTS_SUPPORT_DRAW_H

#include <stdint.h>

/* Where the lots have got to. */
static uint64_t draw_state;

static inline unsigned below(unsigned n)
{
    draw_state = draw_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(draw_state >> 33) % n;
}

#endif
