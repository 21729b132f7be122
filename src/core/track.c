/* The notes of living blocks: open addressing with linear probing, at most half full; what is removed leaves no mark,
 * since those behind it move up. Without blocks there is no table: a program that gives everything up leaves nothing. */
#include "core/track.h"

#include <pthread.h>
#include <string.h>

enum { FIRST_PLACES = 1024 };

atomic_bool eff__tracking;
__thread eff_site_t eff__made_in;
__thread bool eff__track_as_worker;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    struct eff__tracked *places;
    size_t n_places; /* a power of two, or 0 */
    size_t n;
    uint64_t serial; /* of the latest */
    bool incomplete; /* some block found no place */
} notes;

static size_t home_of(uintptr_t block)
{
    return (size_t)((uint64_t)(block >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (notes.n_places - 1);
}

/* The place of a block, or the free one where it belongs. */
static size_t find(uintptr_t block)
{
    size_t i = home_of(block);
    while (notes.places[i].block && notes.places[i].block != block)
        i = (i + 1) & (notes.n_places - 1);
    return i;
}

static bool make_room(void)
{
    if (2 * (notes.n + 1) <= notes.n_places) return true;
    size_t old_n = notes.n_places, n = old_n ? 2 * old_n : FIRST_PLACES;
    struct eff__tracked *old = notes.places;
    struct eff__tracked *places = (struct eff__tracked *)eff__untracked_alloc(n * sizeof *places);
    if (!places) return notes.n + 1 < notes.n_places;
    memset(places, 0, n * sizeof *places);
    notes.places = places;
    notes.n_places = n;
    for (size_t i = 0; i < old_n; i++)
        if (old[i].block) places[find(old[i].block)] = old[i];
    eff__untracked_free(old);
    return true;
}

static void put(const struct eff__tracked *t)
{
    if (!make_room()) {
        notes.incomplete = true;
        return;
    }
    size_t i = find(t->block);
    if (!notes.places[i].block) notes.n++;
    notes.places[i] = *t;
}

static void take_out(size_t i)
{
    size_t mask = notes.n_places - 1;
    notes.n--;
    for (size_t next = (i + 1) & mask; notes.places[next].block; next = (next + 1) & mask) {
        size_t home = home_of(notes.places[next].block);
        if (((next - home) & mask) < ((next - i) & mask)) continue; /* it would stand before its home */
        notes.places[i] = notes.places[next];
        i = next;
    }
    notes.places[i].block = 0;
    if (notes.n > 0) return;
    eff__untracked_free(notes.places);
    notes.places = NULL;
    notes.n_places = 0;
}

const void *eff__track_thread(void)
{
    return eff__track_as_worker ? NULL : &eff__made_in;
}

uint64_t eff__track_start(void)
{
    atomic_store(&eff__tracking, true);
    eff__freelist_enable(0); /* this thread's: blocks on its lists would not be noted when they are used again */
    pthread_mutex_lock(&lock);
    uint64_t serial = notes.serial;
    pthread_mutex_unlock(&lock);
    return serial;
}

/* Cleared, since the report looks for pointers in blocks of which not every byte may have been written to. */
void eff__track(void *block, size_t size, enum eff__block kind)
{
    memset(block, 0, size);
    pthread_mutex_lock(&lock);
    struct eff__tracked t = { .block = (uintptr_t)block,
                              .size = size,
                              .made_in = eff__made_in,
                              .serial = ++notes.serial,
                              .thread = eff__track_thread(),
                              .kind = (uint8_t)kind };
    put(&t);
    pthread_mutex_unlock(&lock);
}

void eff__untrack(void *block, struct eff__tracked *ret_was)
{
    struct eff__tracked was = { 0 };
    pthread_mutex_lock(&lock);
    if (block && notes.n > 0) {
        size_t i = find((uintptr_t)block);
        was = notes.places[i];
        if (was.block) take_out(i);
    }
    pthread_mutex_unlock(&lock);
    if (ret_was) *ret_was = was;
}

/* ---- addresses that are kept out of use */

static __thread struct {
    void *first; /* each one's first word links to the next */
    uint64_t since;
    unsigned n_open;
} withheld;

void eff__track_withhold_older(void)
{
    if (withheld.n_open == 0) return;
    pthread_mutex_lock(&lock);
    withheld.since = notes.serial;
    pthread_mutex_unlock(&lock);
}

void eff__track_withhold(void)
{
    withheld.n_open++;
    eff__track_withhold_older();
}

void eff__track_release(void)
{
    if (--withheld.n_open > 0) return;
    while (withheld.first) {
        void *block = withheld.first;
        withheld.first = *(void **)block;
        eff__untracked_free(block);
    }
}

/* A block that is not noted is older than all notes. */
bool eff__track_withholds(void *block, const struct eff__tracked *was)
{
    if (withheld.n_open == 0 || (was->block && was->serial > withheld.since)) return false;
    *(void **)block = withheld.first;
    withheld.first = block;
    return true;
}

/* ---- */

void eff__retrack(const struct eff__tracked *was, void *block, size_t size)
{
    if (!was->block) return;
    struct eff__tracked t = *was;
    t.block = (uintptr_t)block;
    t.size = size;
    if (size > was->size) memset((char *)block + was->size, 0, size - was->size);
    pthread_mutex_lock(&lock);
    put(&t);
    pthread_mutex_unlock(&lock);
}

void eff__track_as(const void *block, enum eff__block kind)
{
    if (!atomic_load_explicit(&eff__tracking, memory_order_relaxed)) return;
    pthread_mutex_lock(&lock);
    size_t i = notes.n > 0 ? find((uintptr_t)block) : 0;
    if (notes.n > 0 && notes.places[i].block) notes.places[i].kind = (uint8_t)kind;
    pthread_mutex_unlock(&lock);
}

bool eff__track_visit(void (*visit)(struct eff__tracked *places, size_t n, void *arg), void *arg)
{
    pthread_mutex_lock(&lock);
    bool complete = !notes.incomplete;
    visit(notes.places, notes.n_places, arg);
    pthread_mutex_unlock(&lock);
    return complete;
}
