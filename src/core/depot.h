/* The depot of a thread: free blocks that its lists (memory.h) have no room for, until they are needed again.
 *
 * They lie in piles, one for each size; what is put down and taken is a batch: EFF__BATCH_BYTES of small blocks, linked
 * through their first words, or one area of 2^n bytes. A batch is the one that the list has just filled, and comes back
 * as it was, so blocks are handed out in the same order as without a depot, and it costs a few instructions for many
 * blocks.
 *
 *     pile:  top -> block -> block ... -> NULL       first words: the batch
 *                     |
 *                     v second word of its first block: the batch below
 *                   block -> block ...
 *
 * A pile follows what is needed. It takes what its thread has got from the allocator itself, and no more, however much
 * others leave to it. And it ages: of the batches beyond EFF__KEPT_BATCHES that lay there through a whole
 * EFF__DEPOT_INTERVAL half are given back, then half of the rest; one at a time, since whoever calls eff__depot_age is
 * waited for. For memory.c only; the thread's own, without locks.
 */
#ifndef EFF_CORE_DEPOT_H
#define EFF_CORE_DEPOT_H

#include "core/memory.h"

enum {
    EFF__BATCH_BYTES = 16 * 1024,
    EFF__KEPT_BATCHES = 31, /* of each size of small blocks, for as long as the thread lives: with its list 512 KiB */
    EFF__N_PILES = EFF__N_CLASSES + EFF__N_AREAS
};
#define EFF__DEPOT_INTERVAL INT64_C(1000000000) /* ns */

struct eff__pile {
    void *top;
    int64_t credit;     /* blocks that came from the allocator, less those that were put down here */
    uint32_t n;         /* batches */
    uint32_t n_idle;    /* the fewest there were since the last look: nobody needed as many */
    uint32_t n_leaving; /* of these, how many are to be given back */
};

struct eff__depot {
    struct eff__pile piles[EFF__N_PILES]; /* by size class, then the areas; the first is empty */
    size_t n_surplus;                     /* batches beyond those that stay: while there are any, time is looked at */
    size_t n_leaving;
    int64_t look_at; /* when the interval ends: ns of the caller's clock */
};

/* Puts down a batch of n blocks; false: the pile takes no more, and the batch is still the caller's. */
bool eff__depot_put(struct eff__depot *d, size_t pile, void *batch, uint32_t n);
/* The batch that was put down last; NULL when there is none. `n`: as it was put down. */
void *eff__depot_take(struct eff__depot *d, size_t pile, uint32_t n);
/* As eff__lists_age. */
int64_t eff__depot_age(struct eff__depot *d, int64_t now);
/* Gives back a batch of those that may leave, however long it has been there; false when there is none left. */
bool eff__depot_give_back(struct eff__depot *d);
/* Gives back everything; false when there was nothing. */
bool eff__depot_empty(struct eff__depot *d);

#endif
