/* For tests of loops over items that are pulled, and what is done with them. */
#ifndef TESTS_SUPPORT_ITEMS_H
#define TESTS_SUPPORT_ITEMS_H

#include "core/memory.h"
#include "support/failing_allocator.h"
#include "support/fibers.h"

static inline struct world *the_world(eff_value_t env)
{
    return eff_as_ptr(env);
}

/* ---- items that count themselves: n[0] made, n[1] dropped */

struct piece {
    struct world *w;
    int64_t i;
};
static inline void piece_drop(struct piece *p)
{
    if (p->w) p->w->n[1]++;
}
EFF_STATIC_TYPE(piece, struct piece, .drop = piece_drop);

static inline eff_value_t new_piece(struct world *w)
{
    int64_t i = w->n[0]++;
    return piece_make((struct piece){ w, i });
}
static inline void dropped_as_often_as_made(struct world *w)
{
    ck_assert_int_eq(w->n[0], w->n[1]);
}

/* ---- what is done with an item */

static inline eff_t *doubled(eff_value_t item, eff_value_t env)
{
    return one(2 * eff_as_int(item));
}
static inline eff_t *itself(eff_value_t item, eff_value_t env)
{
    return eff_succeed(eff_value_incref(item));
}
static inline eff_t *itself_later(eff_value_t item, eff_value_t env)
{
    return yields(itself(item, env));
}
static inline eff_value_t push_word(eff_value_t env)
{
    struct world *w = the_world(eff_first(env));
    eff_buffer_t word = EFF_BUFFER_INIT;
    eff_value_format(eff_second(env), &word);
    journal_add(w, eff_buffer_text(&word));
    eff_buffer_done(&word);
    return eff_value_incref(eff_second(env));
}
static inline eff_t *push(eff_value_t item, eff_value_t env)
{
    return eff_sync(push_word, eff_pair(env, eff_value_incref(item)));
}
static inline eff_t *push_after_100(eff_value_t item, eff_value_t env)
{
    return after(100, push(item, env));
}
static inline eff_t *work_on_piece(eff_value_t item, eff_value_t env)
{
    return after(10 * (1 + piece_of(item)->i % 3), itself(item, env));
}

/* ---- queues */

static inline eff_t *offer_index(eff_value_t index, eff_value_t env)
{
    return eff_queue_offer(the_world(env)->queue, eff_value_incref(index));
}
static inline eff_t *offers(struct world *w, int64_t n)
{
    eff_t *e = eff_for_each_discard(eff_range(0, n), offer_index, eff_ptr(w));
    return eff_then(e, eff_queue_end(w->queue));
}
static inline eff_value_t queue_of(struct world *w)
{
    return eff_queue_value(eff_queue_incref(w->queue));
}

#endif
