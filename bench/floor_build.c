/* The builders of the model floor that are too rare to be inline, and what is not a description. */
#include "floor.h"

#include <string.h>

struct floor_node floor_yield = { .count = 1u << 30, .op = FLOOR_YIELD };

struct floor_node *floor_bracket(struct floor_node *acquire, floor_bind_fn use, floor_release_fn release, void *env)
{
    struct floor_bracket *b = pool_alloc(sizeof *b);
    floor_init(b, FLOOR_BRACKET, use, env)->body = acquire;
    b->release = release;
    return &b->node;
}

struct floor_node *floor_gen(floor_step_fn step, const void *frame, size_t size)
{
    struct floor_gen *g = pool_alloc(sizeof *g + size);
    floor_init(g, FLOOR_GEN, NULL, NULL)->step = step;
    g->node.size = (uint16_t)(sizeof *g + size);
    memcpy(g->frame, frame, size);
    return &g->node;
}

struct floor_node *floor_race(struct floor_node *a, struct floor_node *b)
{
    struct floor_race *r = pool_alloc(sizeof *r);
    floor_init(r, FLOOR_RACE, NULL, b)->body = a;
    return &r->node;
}

struct floor_node *floor_timeout(struct floor_node *e, int64_t ns)
{
    struct floor_race *r = pool_alloc(sizeof *r);
    floor_init(r, FLOOR_TIMEOUT, NULL, NULL)->body = e;
    r->ns = ns;
    return &r->node;
}

struct floor_node *floor_for_each_par(long n, floor_bind_fn body, void *env, uint32_t limit)
{
    struct floor_for_each *each = pool_alloc(sizeof *each);
    floor_init(each, FLOOR_FOR_EACH, body, env);
    each->n = n;
    each->limit = limit;
    return &each->node;
}

struct floor_node *floor_hold(struct floor_mutex *m, struct floor_node *e)
{
    struct floor_hold *h = pool_alloc(sizeof *h);
    floor_init(h, FLOOR_HOLD, NULL, m)->body = e;
    return &h->node;
}

void floor_queue_init(struct floor_queue *q, uint32_t capacity)
{
    *q = (struct floor_queue){ .capacity = capacity };
    q->items = malloc(capacity * sizeof *q->items);
    CHECK(q->items);
}

void floor_queue_done(struct floor_queue *q)
{
    CHECK(q->n == 0 && !q->takers.head && !q->offerers.head);
    free(q->items);
}
