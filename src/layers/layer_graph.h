/* A layer as a graph: each layer that it is made of once, and who needs what of whom. What describing and checking walk.
 *
 * Nodes are numbered in the order of being mentioned, the whole being node 0. A layer that is mentioned again is the same
 * node; within eff_layer_fresh it is another one, as it is built anew there. One with a name is a node like a leaf, unless
 * the inside is wanted. Arrows go between layers that build something
 * (leaves, and those that make one service of others), not between their combinations: from the one that needs a service
 * to the one that provides it there.
 */
#ifndef EFF_LAYERS_LAYER_GRAPH_H
#define EFF_LAYERS_LAYER_GRAPH_H

#include "layers/layer_wire.h"

struct eff__layer_arrow {
    size_t from;          /* the node that needs it */
    size_t to;            /* the node that provides it; EFF__AROUND: none does */
    const eff_tag_t *tag; /* the service */
    size_t next;          /* the next arrow of the same node, plus 1; 0: none */
};

struct eff__layer_node {
    const eff_layer_t *layer; /* borrowed */
    size_t parent, part;      /* where it is mentioned first: the node, and which part of it; of node 0: 0, 0 */
    size_t level;             /* how many nodes are around it there */
    size_t fresh;             /* the eff_layer_fresh that it is in, plus 1; 0: none */
    size_t named;             /* the innermost eff_layer_named that it is in there, plus 1; 0: none */
    size_t n_parts;           /* of the layer; 0: of a NAMED whose inside is not shown */
    size_t first_part;        /* where the nodes of its parts begin in `parts` */
    size_t arrows;            /* the first of those from it, plus 1; 0: none */
    size_t mark;              /* for walks: the last one that came here */
};

struct eff__layer_graph {
    bool inside; /* what NAMEDs are made of is part of it */
    struct eff__layer_node *nodes;
    size_t n_nodes, nodes_capacity;
    size_t *parts;
    size_t n_parts, parts_capacity;
    struct eff__layer_arrow *arrows;
    size_t n_arrows, arrows_capacity;
    size_t *index; /* a hash table of node numbers plus 1, by identity; index_size slots, a power of two */
    size_t index_size;
    size_t *found; /* what eff__layer_needers has found */
    size_t n_found, found_capacity;
    size_t n_walks;
};

/* False without memory. Borrows the layer for as long as the graph is used. O(mentions + arrows). */
bool eff__layer_graph_make(const eff_layer_t *layer, bool inside, struct eff__layer_graph *ret_graph);
void eff__layer_graph_done(struct eff__layer_graph *g);

/* The node of the part-th part of a node. */
static inline size_t eff__layer_part(const struct eff__layer_graph *g, size_t node, size_t part)
{
    return g->parts[g->nodes[node].first_part + part];
}

static inline size_t eff__layer_n_parts(const struct eff__layer_graph *g, size_t node)
{
    return g->nodes[node].n_parts;
}

/* A walk over all mentions, in their order: the parts of a layer come where it is mentioned first. Begins zeroed. */
struct eff__layer_walk {
    size_t at;         /* the node that the step is about */
    size_t level;      /* how many nodes are around it */
    size_t node, part; /* the innermost node that was entered and not left, and which of its parts comes next */
    bool began, ended;
};
enum eff__layer_step {
    EFF__LAYER_ENTER, /* mentioned for the first time: its parts follow */
    EFF__LAYER_AGAIN, /* mentioned once more */
    EFF__LAYER_LEAVE, /* of one that was entered: its parts are through */
    EFF__LAYER_END
};
enum eff__layer_step eff__layer_walk(const struct eff__layer_graph *g, struct eff__layer_walk *w);

/* The node that provides the service, of those that `node`, which provides it, is made of. */
size_t eff__layer_provider(const struct eff__layer_graph *g, size_t node, const eff_tag_t *tag);
/* Finds the nodes which need the service from around `node`, which needs it: n_found of them in `found`. False without
 * memory. */
bool eff__layer_needers(struct eff__layer_graph *g, size_t node, const eff_tag_t *tag);

static inline bool eff__layer_provides(const eff_layer_t *layer, const eff_tag_t *tag)
{
    return eff__tag_in(tag, layer->n_provides, layer->provides);
}
static inline bool eff__layer_needs(const eff_layer_t *layer, const eff_tag_t *tag)
{
    return eff__tag_in(tag, layer->n_needs, layer->needs);
}

#endif
