/* How the parts of a wiring hang together: which of them provides what another one needs. Used by building, by
 * describing, and by eff_layer_check. */
#ifndef EFF_LAYERS_LAYER_WIRE_H
#define EFF_LAYERS_LAYER_WIRE_H

#include "layers/layer.h"

/* What provides a need that no other part does: what is around the wiring. */
#define EFF__AROUND SIZE_MAX

/* Parts are told by their number. */
struct eff__wiring {
    size_t n;           /* how many there are */
    size_t *order;      /* n: the parts, each behind those that it waits for */
    size_t *first_need; /* n + 1: where the needs of a part begin in `from`, in the order of its `needs` */
    size_t *from;       /* the part that provides each need, or EFF__AROUND */
    size_t *first_wait; /* n + 1: where those that a part waits for begin in `waits` */
    size_t *waits;      /* the parts that a part waits for, each once; never itself */
    size_t size;        /* of the one block that all of these are in, at `order` */
};

/* Works a wiring out. Mistakes are circles of needs, and two parts that provide one service without being one layer; each
 * is told in a line, which names the layers and says what can be done. O(parts + needs), but for hashing.
 * problems: what the lines are added to; NULL: nowhere.
 * Returns how many mistakes there are, and -1 without memory. With mistakes the wiring is one all the same, but its order
 * does not keep to all waits. */
int eff__wiring_make(const eff_layer_t *wire, struct eff__wiring *ret_wiring, eff_buffer_t *problems);
void eff__wiring_done(struct eff__wiring *wiring);

/* Whether two layers are one by identity: the same object, descriptor, or descriptor with equal keys. */
bool eff__layer_is_same(const eff_layer_t *a, const eff_layer_t *b);
/* eff__layer_name, and the name of a service, with what could not stand in a line escaped. */
void eff__layer_add_name(const eff_layer_t *layer, eff_buffer_t *out);
void eff__tag_add_name(const eff_tag_t *tag, eff_buffer_t *out);

#endif
