/* A layer as text: a line for each mention, the parts indented below. */
#include "layers/layer_describe.h"

#include <string.h>

#include "core/describe.h"
#include "core/sink.h"

static void add_escaped(const char *text, eff_buffer_t *out)
{
    struct eff__sink sink = { .buffer = out };
    eff__sink_escaped(&sink, text, strlen(text));
}

/* ---- labels */

static void add_site(eff_site_t site, eff_buffer_t *out)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff__site_add(site, &text);
    add_escaped(eff_buffer_text(&text), out);
    eff_buffer_done(&text);
}

static void add_value(eff_value_t v, eff_buffer_t *out)
{
    struct eff__sink sink = { .buffer = out };
    const char *quote = eff_value_is(v, &eff_string_type) ? "\"" : "";
    eff_buffer_add(out, quote);
    eff__sink_value(&sink, v, EFF__DESCRIBE_VALUE);
    eff_buffer_add(out, quote);
}

const char *eff__layer_kind(const eff_layer_t *layer)
{
    if (layer->kind == EFF__LAYER_BROKEN) return "broken";
    if (layer->kind == EFF__LAYER_DEF) return "defined";
    if (layer->kind == EFF__LAYER_RENAME) return "rename";
    return eff__facts_of(layer)->name + sizeof "eff_layer_" - 1;
}

void eff__layer_add_label(const eff_layer_t *layer, eff_buffer_t *out)
{
    if (layer->kind == EFF__LAYER_BROKEN) {
        eff_buffer_add(out, "broken: ");
        if (eff__layer_is_oom(layer)) eff_buffer_add(out, "out of memory");
        else add_escaped(eff_as_string(layer->value), out);
    } else if (layer->def) {
        add_escaped(layer->def->name ? layer->def->name : "a nameless layer", out);
    } else if (layer->kind == EFF__LAYER_NAMED) {
        add_escaped(eff_as_string(layer->value), out);
    } else {
        eff_buffer_add(out, eff__layer_kind(layer));
    }
    if (layer->kind == EFF__LAYER_KEYED) {
        eff_buffer_add(out, "(");
        add_value(layer->value, out);
        eff_buffer_add(out, ")");
    } else if (layer->kind == EFF__LAYER_RETRY) {
        eff_buffer_add(out, " ");
        add_value(layer->value, out);
    } else if (layer->from) {
        eff_buffer_add(out, " of ");
        eff__tag_add_name(layer->from, out);
    }
    add_site(layer->site, out);
}

/* ---- lines */

/* Who provides a need of the node: "(by config_live, or by config_test)", when that is one of the layer's parts. */
static void add_providers(const struct eff__layer_graph *g, size_t node, const eff_tag_t *tag, eff_buffer_t *out)
{
    const char *before = " (by ";
    for (size_t a = g->nodes[node].arrows; a; a = g->arrows[a - 1].next) {
        const struct eff__layer_arrow *arrow = &g->arrows[a - 1];
        if (arrow->tag != tag || arrow->to == EFF__AROUND) continue;
        eff_buffer_add(out, before);
        const struct eff__layer_node *to = &g->nodes[arrow->to];
        const eff_layer_t *named = to->named ? g->nodes[to->named - 1].layer : NULL;
        eff__layer_add_label(named && named->parts[0] == to->layer ? named : to->layer, out);
        before = ", ";
    }
    if (before[0] == ',') eff_buffer_add(out, ")");
}

static void add_services(const struct eff__layer_graph *g, size_t node, eff_buffer_t *out)
{
    const eff_layer_t *layer = g->nodes[node].layer;
    const char *before = ": provides ";
    if (layer->kind == EFF__LAYER_FLAT_MAP) eff_buffer_add(out, ", chosen when built");
    for (size_t i = 0; i < layer->n_provides; i++) {
        if (!eff__tag_is_shown(layer->provides[i])) continue;
        eff_buffer_add(out, before);
        eff__tag_add_name(layer->provides[i], out);
        before = ", ";
    }
    before = before[0] == ',' ? "; needs " : ": needs ";
    for (size_t i = 0; i < layer->n_needs; i++) {
        if (!eff__tag_is_shown(layer->needs[i])) continue;
        eff_buffer_add(out, before);
        eff__tag_add_name(layer->needs[i], out);
        add_providers(g, node, layer->needs[i], out);
        before = ", ";
    }
}

bool eff__layer_shows_inside(const eff_layer_describe_options_t *options)
{
    size_t least = offsetof(eff_layer_describe_options_t, inside) + sizeof options->inside;
    return options && options->inside && (!options->size || options->size >= least);
}

void eff_layer_describe(const eff_layer_t *layer, eff_buffer_t *out)
{
    eff_layer_describe_with(layer, NULL, out);
}

void eff_layer_describe_with(const eff_layer_t *layer, const eff_layer_describe_options_t *options, eff_buffer_t *out)
{
    struct eff__layer_graph g;
    if (!layer) return;
    if (!eff__layer_graph_make(layer, eff__layer_shows_inside(options), &g)) {
        out->truncated = true;
        return;
    }
    struct eff__layer_walk w = { 0 };
    for (enum eff__layer_step step; (step = eff__layer_walk(&g, &w)) != EFF__LAYER_END && !out->truncated;) {
        if (step == EFF__LAYER_LEAVE) continue;
        for (size_t i = 0; i < w.level && i < EFF__DESCRIBE_LEVELS; i++)
            eff_buffer_add(out, "  ");
        eff__layer_add_label(g.nodes[w.at].layer, out);
        if (step == EFF__LAYER_ENTER) add_services(&g, w.at, out);
        else eff_buffer_add(out, " (see above)");
        eff_buffer_add(out, "\n");
    }
    eff__layer_graph_done(&g);
}
