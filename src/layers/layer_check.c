/* Looking for mistakes in a wiring without building anything: each in a line, with the layers' names and what can be
 * done about it. */
#include <string.h>

#include "core/memory.h"
#include "core/sink.h"
#include "layers/layer_describe.h"

struct check {
    struct eff__layer_graph g;
    eff_buffer_t *out;
    size_t n_problems;
    bool suspends; /* there is an eff_layer_suspend in it, of which nobody knows what it provides */
};

/* ---- lines, put together of words, layers and services */

static void say(struct check *k, const char *words)
{
    eff_buffer_add(k->out, words);
}
/* The node that users know it by: the innermost eff_layer_named around it, if that speaks for it. */
static size_t known_as(const struct check *k, size_t node)
{
    const struct eff__layer_node *it = &k->g.nodes[node];
    if (!it->named) return node;
    return eff__layer_speaks_for(k->g.nodes[it->named - 1].layer, it->layer) ? it->named - 1 : node;
}
static void say_node(struct check *k, size_t node)
{
    eff__layer_add_label(k->g.nodes[known_as(k, node)].layer, k->out);
}
static void say_service(struct check *k, const eff_tag_t *tag)
{
    eff__tag_add_name(tag, k->out);
}

/* Those that a walk has found, by what users know them by, and each of them once where they come in a row. */
static void join_found(struct check *k)
{
    size_t n = 0;
    for (size_t i = 0; i < k->g.n_found; i++) {
        size_t node = known_as(k, k->g.found[i]);
        if (n == 0 || k->g.found[n - 1] != node) k->g.found[n++] = node;
    }
    k->g.n_found = n;
}

/* "pool_live", "pool_live and users_live", "pool_live, users_live and 2 more" */
static void say_found(struct check *k)
{
    size_t n = k->g.n_found, n_named = n <= 3 ? n : 2;
    for (size_t i = 0; i < n_named; i++) {
        if (i) say(k, i + 1 == n ? " and " : ", ");
        say_node(k, k->g.found[i]);
    }
    if (n > n_named) eff_buffer_printf(k->out, " and %zu more", n - n_named);
}

/* ---- mistakes within one node */

static void check_broken(struct check *k, size_t node)
{
    k->n_problems++;
    say_node(k, node);
    say(k, "\n");
}

/* Two parts side by side that provide one service, unless it is one layer that both show. */
static void check_merge(struct check *k, size_t node)
{
    const eff_layer_t *merge = k->g.nodes[node].layer;
    for (size_t i = 0; i < merge->n_provides; i++) {
        const eff_tag_t *tag = merge->provides[i];
        size_t last = EFF__AROUND;
        for (size_t part = 0; part < merge->n_parts; part++) {
            if (!eff__layer_provides(merge->parts[part], tag)) continue;
            size_t provider = eff__layer_provider(&k->g, eff__layer_part(&k->g, node, part), tag);
            if (last != EFF__AROUND && last != provider) {
                k->n_problems++;
                say_node(k, node);
                say(k, ": ");
                say_node(k, last);
                say(k, " and ");
                say_node(k, provider);
                say(k, " both provide ");
                say_service(k, tag);
                say(k, ", of which the last is seen; leave one of them out\n");
            }
            last = provider;
        }
    }
}

static bool check_wire(struct check *k, size_t node)
{
    struct eff__wiring w;
    int n = eff__wiring_make(k->g.nodes[node].layer, &w, k->out);
    eff__wiring_done(&w);
    if (n > 0) k->n_problems += (size_t)n;
    return n >= 0;
}

static void check_project(struct check *k, size_t node)
{
    const eff_layer_t *layer = k->g.nodes[node].layer;
    if (eff__layer_provides(layer->parts[0], layer->from) || layer->parts[0]->opaque) return;
    k->n_problems++;
    say_node(k, node);
    say(k, ": ");
    say_node(k, eff__layer_part(&k->g, node, 0));
    say(k, " does not provide ");
    say_service(k, layer->from);
    say(k, "; give it a layer that does\n");
}

static void check_or_else(struct check *k, size_t node)
{
    const eff_layer_t *layer = k->g.nodes[node].layer, *other = layer->parts[1];
    if (other->opaque) return;
    for (size_t i = 0; i < layer->n_provides; i++) {
        if (eff__layer_provides(other, layer->provides[i])) continue;
        k->n_problems++;
        say_node(k, node);
        say(k, ": ");
        say_node(k, eff__layer_part(&k->g, node, 1));
        say(k, " does not provide ");
        say_service(k, layer->provides[i]);
        say(k, ", as ");
        say_node(k, eff__layer_part(&k->g, node, 0));
        say(k, " does, whose place it takes\n");
    }
}

static bool check_node(struct check *k, size_t node)
{
    enum eff__layer_kind kind = k->g.nodes[node].layer->kind;
    k->suspends |= kind == EFF__LAYER_SUSPEND;
    if (kind == EFF__LAYER_WIRE) return check_wire(k, node);
    if (kind == EFF__LAYER_BROKEN) check_broken(k, node);
    if (kind == EFF__LAYER_MERGE) check_merge(k, node);
    if (kind == EFF__LAYER_PROJECT) check_project(k, node);
    if (kind == EFF__LAYER_OR_ELSE) check_or_else(k, node);
    return true;
}

/* ---- what is missing from the whole */

/* A node that provides it where those who need it, which a walk has just found, do not see it; EFF__AROUND: none. */
static size_t hidden_provider(const struct check *k, const eff_tag_t *tag)
{
    for (size_t i = 0; i < k->g.n_nodes; i++) {
        const struct eff__layer_node *node = &k->g.nodes[i];
        if (node->layer->n_parts == 0 && eff__layer_provides(node->layer, tag) && node->mark != k->g.n_walks) return i;
    }
    return EFF__AROUND;
}

static bool check_missing(struct check *k, const eff_tag_t *tag)
{
    if (tag->get_default) return true;
    if (!eff__layer_needers(&k->g, 0, tag)) return false;
    join_found(k);
    k->n_problems++;
    size_t hidden = hidden_provider(k, tag);
    if (hidden == EFF__AROUND) {
        say(k, "nobody here provides ");
        say_service(k, tag);
        say(k, ", which ");
        say_found(k);
        say(k, k->g.n_found == 1 ? " needs; add a layer that does\n" : " need; add a layer that does\n");
        return true;
    }
    say_found(k);
    say(k, k->g.n_found == 1 ? " needs " : " need ");
    say_service(k, tag);
    say(k, ", but is not built upon ");
    say_node(k, hidden);
    say(k, ", which provides it; put both into eff_layer_wire, or use eff_layer_provide\n");
    return true;
}

static void check_wanted(struct check *k, const eff_tag_t *tag)
{
    const eff_layer_t *whole = k->g.nodes[0].layer;
    if (tag->get_default || k->suspends || eff__layer_provides(whole, tag)) return;
    k->n_problems++;
    k->g.n_walks++;
    size_t hidden = hidden_provider(k, tag);
    say(k, "the program wants ");
    say_service(k, tag);
    if (hidden == EFF__AROUND) {
        say(k, ", which nobody here provides; add a layer that does\n");
        return;
    }
    say(k, ", which ");
    say_node(k, hidden);
    say(k, " provides, but only to those built upon it; put it into eff_layer_wire, or use eff_layer_provide_merge\n");
}

/* ---- what is not used: not reached from what is wanted, along the arrows */

/* Whether it is of use without being asked for: what does something when it is built, and the services of default tags,
 * which anybody may ask for. */
static bool is_used_anyway(const eff_layer_t *layer)
{
    if (layer->kind == EFF__LAYER_DISCARD || layer->kind == EFF__LAYER_BROKEN) return true;
    for (size_t i = 0; i < layer->n_provides; i++)
        if (!layer->provides[i]->get_default) return false;
    return true;
}

/* Marks a node as used and puts it on the list of those whose needs are used too. */
static void use(struct check *k, size_t node, size_t *list, size_t *n)
{
    if (node == EFF__AROUND || k->g.nodes[node].mark == k->g.n_walks) return;
    k->g.nodes[node].mark = k->g.n_walks;
    list[(*n)++] = node;
}

/* Of a name nobody needs that is told, and not what is within; of one that somebody needs, what nobody needs in there,
 * but for what the library has put there. */
static bool is_unused(const struct eff__layer_graph *g, size_t node)
{
    const struct eff__layer_node *it = &g->nodes[node];
    bool named = it->layer->kind == EFF__LAYER_NAMED;
    if (it->mark == g->n_walks || it->layer->n_provides == 0 || (it->layer->n_parts > 0 && !named)) return false;
    if (!it->named) return true;
    const struct eff__layer_node *around = &g->nodes[it->named - 1];
    if (around->mark != g->n_walks) return false;
    return !it->layer->def || !eff__layer_speaks_for(around->layer, it->layer);
}

static void tell_unused(struct check *k, size_t node)
{
    k->n_problems++;
    say(k, "nobody needs ");
    eff__layer_add_label(k->g.nodes[node].layer, k->out);
    say(k, ", which provides ");
    say_service(k, k->g.nodes[node].layer->provides[0]);
    say(k, "; leave it out, or name its service among those that are wanted\n");
}

static bool check_unused(struct check *k, const eff_tag_t *const *wanted)
{
    struct eff__layer_graph *g = &k->g;
    const eff_layer_t *whole = g->nodes[0].layer;
    size_t *list = eff__alloc(g->n_nodes * sizeof *list), n = 0;
    if (!list) return false;
    g->n_walks++;
    for (size_t i = 0; wanted[i]; i++)
        if (eff__layer_provides(whole, wanted[i])) use(k, eff__layer_provider(g, 0, wanted[i]), list, &n);
    for (size_t i = 0; i < g->n_nodes; i++) {
        const eff_layer_t *layer = g->nodes[i].layer;
        if (layer->n_parts == 0 && is_used_anyway(layer)) use(k, i, list, &n);
        for (size_t s = 0; layer->kind == EFF__LAYER_TAP && s < layer->n_provides; s++)
            use(k, eff__layer_provider(g, i, layer->provides[s]), list, &n); /* its function sees them all */
    }
    for (size_t i = 0; i < n; i++)
        for (size_t a = g->nodes[list[i]].arrows; a; a = g->arrows[a - 1].next)
            use(k, g->arrows[a - 1].to, list, &n);
    eff__free(list, g->n_nodes * sizeof *list);

    for (size_t i = 0; i < g->n_nodes; i++) /* whatever is within a name is used with it */
        for (size_t at = i; g->nodes[i].mark == g->n_walks && g->nodes[at].named;) {
            at = g->nodes[at].named - 1;
            if (g->nodes[at].mark == g->n_walks) break;
            g->nodes[at].mark = g->n_walks;
        }
    for (size_t i = 0; i < g->n_nodes; i++)
        if (is_unused(g, i)) tell_unused(k, i);
    return true;
}

/* ---- all of it */

static bool check_all(struct check *k, const eff_layer_t *layer, const eff_tag_t *const *wanted)
{
    if (!eff__layer_graph_make(layer, true, &k->g)) return false;
    bool ok = true;
    for (size_t i = 0; ok && i < k->g.n_nodes; i++)
        ok = check_node(k, i);
    for (size_t i = 0; ok && i < layer->n_needs; i++)
        ok = check_missing(k, layer->needs[i]);
    for (size_t i = 0; ok && wanted && wanted[i]; i++)
        check_wanted(k, wanted[i]);
    if (ok && wanted && !layer->opaque) ok = check_unused(k, wanted);
    eff__layer_graph_done(&k->g);
    return ok;
}

size_t eff_layer_check(const eff_layer_t *layer, const eff_tag_t *const *wanted, eff_buffer_t *out)
{
    eff_buffer_t nowhere = EFF_BUFFER_INIT;
    struct check k = { .out = out ? out : &nowhere };
    if (!layer) {
        k.n_problems = 1;
        say(&k, "the layer is NULL\n");
    } else if (!check_all(&k, layer, wanted)) {
        k.n_problems++;
        say(&k, "out of memory: not everything was looked at\n");
    }
    eff_buffer_done(&nowhere);
    return k.n_problems;
}
