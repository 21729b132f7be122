#include "heap.h"

enum { ARITY = 4, TICK_NS = 1000000 };

static void place(struct heap *h, uint32_t i, struct heap_slot slot)
{
    h->slots[i] = slot;
    slot.timer->index = i;
}

static void sift_up(struct heap *h, uint32_t i, struct heap_slot slot)
{
    while (i > 0) {
        uint32_t parent = (i - 1) / ARITY;
        if (h->slots[parent].deadline <= slot.deadline) break;
        place(h, i, h->slots[parent]);
        i = parent;
    }
    place(h, i, slot);
}

static void sift_down(struct heap *h, uint32_t i, struct heap_slot slot)
{
    for (;;) {
        uint32_t first = ARITY * i + 1, least = first;
        if (first >= h->n) break;
        for (uint32_t c = first + 1; c < first + ARITY && c < h->n; c++) {
            if (h->slots[c].deadline < h->slots[least].deadline) least = c;
        }
        if (h->slots[least].deadline >= slot.deadline) break;
        place(h, i, h->slots[least]);
        i = least;
    }
    place(h, i, slot);
}

void heap_add(struct heap *h, struct timer *t, int64_t deadline)
{
    if (h->n == h->capacity) {
        h->capacity = h->capacity ? h->capacity * 2 : 64;
        h->slots = realloc(h->slots, h->capacity * sizeof *h->slots);
        CHECK(h->slots);
    }
    sift_up(h, h->n++, (struct heap_slot){ deadline, t });
}

void heap_remove(struct heap *h, struct timer *t)
{
    uint32_t i = t->index;
    struct heap_slot last = h->slots[--h->n];
    if (last.timer == t) return;
    if (i > 0 && h->slots[(i - 1) / ARITY].deadline > last.deadline) sift_up(h, i, last);
    else sift_down(h, i, last);
}

struct timer *heap_pop_due(struct heap *h, int64_t now)
{
    if (h->n == 0 || h->slots[0].deadline > now) return NULL;
    struct timer *t = h->slots[0].timer;
    struct heap_slot last = h->slots[--h->n];
    if (h->n > 0) sift_down(h, 0, last);
    return t;
}

void heap_wait(const struct heap *h)
{
    int64_t until = (h->slots[0].deadline + TICK_NS - 1) / TICK_NS * TICK_NS;
    struct timespec t = { until / 1000000000, until % 1000000000 };
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

void heap_done(struct heap *h)
{
    CHECK(h->n == 0);
    free(h->slots);
    *h = (struct heap){ 0 };
}
