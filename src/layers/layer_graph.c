/* The graph of a layer (layer_graph.h): the nodes by a walk that keeps its way back in the nodes themselves, so that no
 * depth of nesting costs C stack; then the arrows, node by node. */
#include "layers/layer_graph.h"

#include <string.h>

#include "core/hash.h"
#include "core/memory.h"

static void *grown(void *array, size_t *capacity, size_t size)
{
    size_t more = *capacity ? 2 * *capacity : 16;
    void *p = eff__realloc(array, more * size);
    if (p) *capacity = more;
    return p;
}

/* Makes room for one more in a list of g, or returns false. */
#define RESERVE(g, list)                                                                                               \
    do {                                                                                                               \
        if ((g)->n_##list < (g)->list##_capacity) break;                                                               \
        void *more = grown((g)->list, &(g)->list##_capacity, sizeof *(g)->list);                                       \
        if (!more) return false;                                                                                       \
        (g)->list = more;                                                                                              \
    } while (0)

/* ---- nodes, by identity */

static size_t *slot_of(const struct eff__layer_graph *g, const eff_layer_t *layer, size_t fresh)
{
    const void *identity = layer->def ? (const void *)layer->def : (const void *)layer;
    size_t at = (size_t)eff__hash_add((uintptr_t)identity, fresh);
    for (;; at++) {
        size_t *slot = &g->index[at & (g->index_size - 1)];
        if (!*slot) return slot;
        const struct eff__layer_node *node = &g->nodes[*slot - 1];
        if (node->fresh == fresh && eff__layer_is_same(node->layer, layer)) return slot;
    }
}

/* Keeps the table at most half full. */
static bool grow_index(struct eff__layer_graph *g)
{
    if (2 * (g->n_nodes + 1) <= g->index_size) return true;
    size_t size = g->index_size ? 2 * g->index_size : 32;
    size_t *index = eff__realloc(g->index, size * sizeof *index);
    if (!index) return false;
    g->index = index;
    g->index_size = size;
    memset(index, 0, size * sizeof *index);
    for (size_t i = 0; i < g->n_nodes; i++)
        *slot_of(g, g->nodes[i].layer, g->nodes[i].fresh) = i + 1;
    return true;
}

static bool add_node(struct eff__layer_graph *g, struct eff__layer_node node)
{
    if (!grow_index(g)) return false;
    RESERVE(g, nodes);
    node.first_part = g->n_parts;
    node.n_parts = node.layer->kind == EFF__LAYER_NAMED && !g->inside ? 0 : node.layer->n_parts;
    for (size_t i = 0; i < node.n_parts; i++) {
        RESERVE(g, parts);
        g->parts[g->n_parts++] = 0;
    }
    *slot_of(g, node.layer, node.fresh) = g->n_nodes + 1;
    g->nodes[g->n_nodes++] = node;
    return true;
}

static bool add_nodes(struct eff__layer_graph *g, const eff_layer_t *layer)
{
    if (!add_node(g, (struct eff__layer_node){ .layer = layer })) return false;
    for (size_t node = 0, part = 0;;) {
        const struct eff__layer_node *at = &g->nodes[node];
        if (part == at->n_parts) {
            if (node == 0) return true;
            part = at->part + 1;
            node = at->parent;
            continue;
        }
        const eff_layer_t *next = at->layer->parts[part];
        size_t fresh = at->layer->kind == EFF__LAYER_FRESH ? node + 1 : at->fresh;
        size_t named = at->layer->kind == EFF__LAYER_NAMED ? node + 1 : at->named;
        struct eff__layer_node new = {
            .layer = next, .parent = node, .part = part, .level = at->level + 1, .fresh = fresh, .named = named
        };
        if (!grow_index(g)) return false;
        size_t known = *slot_of(g, next, fresh), number = known ? known - 1 : g->n_nodes;
        g->parts[at->first_part + part] = number;
        if (known) part++;
        else if (!add_node(g, new)) return false;
        else node = number, part = 0;
    }
}

enum eff__layer_step eff__layer_walk(const struct eff__layer_graph *g, struct eff__layer_walk *w)
{
    if (w->ended) return EFF__LAYER_END;
    if (!w->began) {
        w->began = true;
        return EFF__LAYER_ENTER;
    }
    const struct eff__layer_node *node = &g->nodes[w->node];
    if (w->part == node->n_parts) {
        w->at = w->node;
        w->level = node->level;
        w->ended = w->node == 0;
        w->part = node->part + 1;
        w->node = node->parent;
        return EFF__LAYER_LEAVE;
    }
    w->at = eff__layer_part(g, w->node, w->part);
    w->level = node->level + 1;
    const struct eff__layer_node *at = &g->nodes[w->at];
    bool first = at->parent == w->node && at->part == w->part;
    if (!first) {
        w->part++;
        return EFF__LAYER_AGAIN;
    }
    w->node = w->at;
    w->part = 0;
    return EFF__LAYER_ENTER;
}

/* ---- who provides, who needs */

/* Which of the parts of a layer that does not provide it itself does. */
static size_t providing_part(const eff_layer_t *layer, const eff_tag_t *tag)
{
    size_t part = 0;
    if (eff__facts_of(layer)->services == EFF__SEEN_OF_ALL) part = layer->n_parts - 1;
    else if (layer->kind == EFF__LAYER_PROVIDE_MERGE) return !eff__layer_provides(layer->parts[0], tag);
    while (part > 0 && !eff__layer_provides(layer->parts[part], tag))
        part--;
    return part;
}

size_t eff__layer_provider(const struct eff__layer_graph *g, size_t node, const eff_tag_t *tag)
{
    for (;;) {
        const eff_layer_t *layer = g->nodes[node].layer;
        bool itself = eff__layer_n_parts(g, node) == 0 || eff__facts_of(layer)->services == EFF__SEEN_ITS_OWN;
        bool passed = layer->kind == EFF__LAYER_PASSTHROUGH && !eff__layer_provides(layer->parts[0], tag);
        if (itself || passed) return node;
        node = eff__layer_part(g, node, providing_part(layer, tag));
    }
}

/* Whether the part-th part of a layer that needs a service from around it does. */
static bool part_needs(const eff_layer_t *layer, size_t part, const eff_tag_t *tag)
{
    const eff_layer_t *it = layer->parts[part];
    if (!eff__layer_needs(it, tag)) return false;
    if (layer->kind == EFF__LAYER_WIRE) return !eff__layer_provides(layer, tag) || eff__layer_provides(it, tag);
    bool upper = eff__is_upon_base(layer) && part == 0;
    return !upper || !eff__layer_provides(layer->parts[1], tag);
}

static bool find(struct eff__layer_graph *g, size_t node)
{
    if (g->nodes[node].mark == g->n_walks) return true;
    g->nodes[node].mark = g->n_walks;
    RESERVE(g, found);
    g->found[g->n_found++] = node;
    return true;
}

bool eff__layer_needers(struct eff__layer_graph *g, size_t node, const eff_tag_t *tag)
{
    g->n_walks++;
    g->n_found = 0;
    if (!find(g, node)) return false;
    size_t n_kept = 0;
    for (size_t i = 0; i < g->n_found; i++) { /* combinations make place for what is found below them */
        size_t at = g->found[i];
        const eff_layer_t *layer = g->nodes[at].layer;
        size_t n_parts = eff__layer_n_parts(g, at);
        bool itself = n_parts == 0 || layer->kind == EFF__LAYER_PASSTHROUGH;
        if (itself) g->found[n_kept++] = at;
        for (size_t part = 0; part < n_parts; part++)
            if (part_needs(layer, part, tag) && !find(g, eff__layer_part(g, at, part))) return false;
    }
    g->n_found = n_kept;
    return true;
}

/* ---- arrows */

static bool add_arrow(struct eff__layer_graph *g, size_t from, size_t to, const eff_tag_t *tag)
{
    size_t *link = &g->nodes[from].arrows;
    while (*link) {
        struct eff__layer_arrow *a = &g->arrows[*link - 1];
        if (a->to == to && a->tag == tag) return true;
        link = &a->next;
    }
    *link = g->n_arrows + 1;
    RESERVE(g, arrows);
    g->arrows[g->n_arrows++] = (struct eff__layer_arrow){ from, to, tag, 0 };
    return true;
}

/* Arrows from all who need the service from around `node`. */
static bool add_arrows(struct eff__layer_graph *g, size_t node, size_t to, const eff_tag_t *tag)
{
    if (!eff__layer_needers(g, node, tag)) return false;
    for (size_t i = 0; i < g->n_found; i++)
        if (!add_arrow(g, g->found[i], to, tag)) return false;
    return true;
}

static bool add_arrows_of_wire(struct eff__layer_graph *g, size_t node)
{
    const eff_layer_t *wire = g->nodes[node].layer;
    struct eff__wiring w;
    if (eff__wiring_make(wire, &w, NULL) < 0) return false;
    bool ok = true;
    for (size_t i = 0; ok && i < w.n; i++)
        for (size_t need = 0; ok && need < wire->parts[i]->n_needs; need++) {
            const eff_tag_t *tag = wire->parts[i]->needs[need];
            size_t from = w.from[w.first_need[i] + need];
            if (from == EFF__AROUND) continue;
            size_t to = eff__layer_provider(g, eff__layer_part(g, node, from), tag);
            ok = add_arrows(g, eff__layer_part(g, node, i), to, tag);
        }
    eff__wiring_done(&w);
    return ok;
}

static bool add_arrows_of_provide(struct eff__layer_graph *g, size_t node)
{
    size_t upper = eff__layer_part(g, node, 0), base = eff__layer_part(g, node, 1);
    const eff_layer_t *layer = g->nodes[upper].layer;
    for (size_t i = 0; i < layer->n_needs; i++) {
        const eff_tag_t *tag = layer->needs[i];
        if (!eff__layer_provides(g->nodes[base].layer, tag)) continue;
        if (!add_arrows(g, upper, eff__layer_provider(g, base, tag), tag)) return false;
    }
    return true;
}

/* From a node to those in its own parts that provide what it makes something of. */
static bool add_arrow_inside(struct eff__layer_graph *g, size_t node, size_t part, const eff_tag_t *tag)
{
    size_t inside = eff__layer_part(g, node, part);
    if (!eff__layer_provides(g->nodes[inside].layer, tag)) return true;
    return add_arrow(g, node, eff__layer_provider(g, inside, tag), tag);
}

static bool add_arrows_of_or_else(struct eff__layer_graph *g, size_t node)
{
    const eff_layer_t *layer = g->nodes[node].layer;
    for (size_t i = 0; i < layer->n_provides; i++)
        for (size_t part = 0; part < 2; part++)
            if (!add_arrow_inside(g, node, part, layer->provides[i])) return false;
    return true;
}

static bool add_arrows_of(struct eff__layer_graph *g, size_t node)
{
    const eff_layer_t *layer = g->nodes[node].layer;
    if (layer->from) return add_arrow_inside(g, node, 0, layer->from);
    if (layer->kind == EFF__LAYER_WIRE) return add_arrows_of_wire(g, node);
    if (layer->kind == EFF__LAYER_OR_ELSE) return add_arrows_of_or_else(g, node);
    return !eff__is_upon_base(layer) || add_arrows_of_provide(g, node);
}

static bool add_all(struct eff__layer_graph *g, const eff_layer_t *layer)
{
    if (!add_nodes(g, layer)) return false;
    for (size_t i = 0; i < g->n_nodes; i++)
        if (!add_arrows_of(g, i)) return false;
    for (size_t i = 0; i < layer->n_needs; i++)
        if (eff__tag_is_shown(layer->needs[i]) && !add_arrows(g, 0, EFF__AROUND, layer->needs[i])) return false;
    return true;
}

bool eff__layer_graph_make(const eff_layer_t *layer, bool inside, struct eff__layer_graph *ret_graph)
{
    *ret_graph = (struct eff__layer_graph){ .inside = inside };
    if (add_all(ret_graph, layer)) return true;
    eff__layer_graph_done(ret_graph);
    return false;
}

void eff__layer_graph_done(struct eff__layer_graph *g)
{
    eff__raw_free(g->nodes);
    eff__raw_free(g->parts);
    eff__raw_free(g->arrows);
    eff__raw_free(g->index);
    eff__raw_free(g->found);
}
