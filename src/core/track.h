/* Tracking blocks: with EFF_DEBUG=leaks, and in tests that ask for it, every block that memory.c hands out is noted here
 * until it is given back, with what it is and which callback it was made in. leaks.c makes a report of what is left.
 *
 * The free lists are off then, so that every block comes through the out-of-line functions of memory.c: without tracking
 * it costs nothing but a test there. The notes lie in a hash table of their own; blocks that it does not know, because
 * they are older than the tracking, are given back in peace. Any thread; one lock.
 */
#ifndef EFF_CORE_TRACK_H
#define EFF_CORE_TRACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/memory.h"

struct eff__tracked {
    uintptr_t block;    /* its address; 0: this place of the table is free */
    size_t size;        /* as it was asked for, rounded up */
    eff_site_t made_in; /* the callback that ran, or NULL */
    uint64_t serial;    /* in order of making, from 1 */
    const void *thread; /* eff__track_thread() of the one that made it; NULL: a worker's */
    uint8_t kind;       /* enum eff__block */
    bool told;          /* a report told of it */
};

/* Whether blocks are noted; never goes back to false. */
extern atomic_bool eff__tracking;
/* What runs on this thread, if the interpreter keeps this up to date: see watch.h. */
extern __thread eff_site_t eff__made_in;

/* Whether this thread is a worker, which makes things for others. */
extern __thread bool eff__track_as_worker;
/* What stands for the calling thread in notes, as long as it lives; NULL for workers. */
const void *eff__track_thread(void);

/* Begins, if that has not been done; turns the free lists off. Returns the serial of the latest block noted. */
uint64_t eff__track_start(void);
/* Notes a new block. */
void eff__track(void *block, size_t size, enum eff__block kind);
/* From now on, what is older than this call and given back on this thread keeps its address to itself, until
 * eff__track_release() gives it back indeed: a variable that still has the address of something it gave away shall not
 * be taken for one that holds what was made since. Calls nest; each counts as the later age. */
EFF_API void eff__track_withhold(void);
EFF_API void eff__track_release(void);
/* The age, as if the latest call were made now. */
EFF_API void eff__track_withhold_older(void);
/* Whether a block that is just forgotten is withheld: then it is not to be given back. */
bool eff__track_withholds(void *block, const struct eff__tracked *was);
/* Forgets a block; *ret_was is what was noted, with block 0 when that was nothing. NULL is fine. */
void eff__untrack(void *block, struct eff__tracked *ret_was);
/* Notes again what was forgotten, at another address and of another size. */
void eff__retrack(const struct eff__tracked *was, void *block, size_t size);
/* Says what a block is for which `kind` does not tell. */
void eff__track_as(const void *block, enum eff__block kind);
/* Calls visit with the table, of n places. No block is given back meanwhile: it may read them, mark them as told, and must
 * not allocate by memory.h but untracked. False when the table could not grow and some are missing. */
bool eff__track_visit(void (*visit)(struct eff__tracked *places, size_t n, void *arg), void *arg);

#endif
