/* A layer as a graph for Graphviz: those that build something as boxes, combinations as frames around them, needs as
 * arrows with the name of the service. What nobody in it provides is a dashed ellipse. */
#include "layers/layer_describe.h"

/* Text inside double quotes: the language knows two characters with a meaning there. */
static void add_quoted(const char *text, eff_buffer_t *out)
{
    char c[2] = { 0 };
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') eff_buffer_add(out, "\\");
        c[0] = *text;
        eff_buffer_add(out, c);
    }
}

static void add_label(const eff_layer_t *layer, eff_buffer_t *out)
{
    eff_buffer_t label = EFF_BUFFER_INIT;
    eff__layer_add_label(layer, &label);
    if (label.truncated) out->truncated = true;
    add_quoted(eff_buffer_text(&label), out);
    eff_buffer_done(&label);
}

static void add_service(const eff_tag_t *tag, eff_buffer_t *out)
{
    eff_buffer_t name = EFF_BUFFER_INIT;
    eff__tag_add_name(tag, &name);
    if (name.truncated) out->truncated = true;
    add_quoted(eff_buffer_text(&name), out);
    eff_buffer_done(&name);
}

static void indent(size_t level, eff_buffer_t *out)
{
    enum { MOST = 40 };
    for (size_t i = 0; i <= level && i <= MOST; i++)
        eff_buffer_add(out, "  ");
}

/* The box of a node: of those in a frame it says what the frame does not, for the frame has the name. */
static void add_box(const struct eff__layer_graph *g, size_t node, size_t level, eff_buffer_t *out)
{
    const eff_layer_t *layer = g->nodes[node].layer;
    bool named = eff__layer_n_parts(g, node) == 0;
    indent(level, out);
    eff_buffer_printf(out, "n%zu [label=\"", node);
    if (named) add_label(layer, out);
    if (layer->kind == EFF__LAYER_FLAT_MAP) eff_buffer_add(out, ", chosen when built");
    const char *before = named ? "\\n" : "";
    for (size_t i = 0; i < layer->n_provides; i++) {
        if (!eff__tag_is_shown(layer->provides[i])) continue;
        eff_buffer_add(out, before);
        add_service(layer->provides[i], out);
        before = ", ";
    }
    eff_buffer_add(out, layer->kind == EFF__LAYER_BROKEN ? "\", color=red];\n" : "\"];\n");
}

/* Whether arrows may begin or end at a node. */
static bool has_box(const struct eff__layer_graph *g, size_t node)
{
    const eff_layer_t *layer = g->nodes[node].layer;
    return eff__layer_n_parts(g, node) == 0 || eff__facts_of(layer)->services == EFF__SEEN_ITS_OWN ||
           layer->kind == EFF__LAYER_PASSTHROUGH;
}

static void add_nodes(const struct eff__layer_graph *g, eff_buffer_t *out)
{
    struct eff__layer_walk w = { 0 };
    for (enum eff__layer_step step; (step = eff__layer_walk(g, &w)) != EFF__LAYER_END && !out->truncated;) {
        size_t level = w.level, n_parts = eff__layer_n_parts(g, w.at);
        if (step == EFF__LAYER_AGAIN) continue;
        if (step == EFF__LAYER_ENTER && n_parts > 0) {
            indent(level, out);
            eff_buffer_printf(out, "subgraph cluster_%zu {\n", w.at);
            indent(++level, out);
            eff_buffer_add(out, "label=\"");
            add_label(g->nodes[w.at].layer, out);
            eff_buffer_add(out, "\";\n");
        }
        if (step == EFF__LAYER_ENTER && has_box(g, w.at)) add_box(g, w.at, level, out);
        if (step == EFF__LAYER_LEAVE && n_parts > 0) {
            indent(level, out);
            eff_buffer_add(out, "}\n");
        }
    }
}

static void add_arrows(const struct eff__layer_graph *g, eff_buffer_t *out)
{
    const eff_layer_t *whole = g->nodes[0].layer;
    for (size_t i = 0; i < whole->n_needs; i++) {
        if (!eff__tag_is_shown(whole->needs[i])) continue;
        eff_buffer_printf(out, "  around%zu [label=\"", i);
        add_service(whole->needs[i], out);
        eff_buffer_add(out, "\", shape=ellipse, style=dashed];\n");
    }
    for (size_t i = 0; i < g->n_arrows && !out->truncated; i++) {
        const struct eff__layer_arrow *arrow = &g->arrows[i];
        eff_buffer_printf(out, "  n%zu -> ", arrow->from);
        if (arrow->to == EFF__AROUND) {
            size_t around = 0;
            while (whole->needs[around] != arrow->tag)
                around++;
            eff_buffer_printf(out, "around%zu [style=dashed];\n", around);
            continue;
        }
        eff_buffer_printf(out, "n%zu [label=\"", arrow->to);
        add_service(arrow->tag, out);
        eff_buffer_add(out, "\"];\n");
    }
}

void eff_layer_to_dot(const eff_layer_t *layer, eff_buffer_t *out)
{
    eff_layer_to_dot_with(layer, NULL, out);
}

void eff_layer_to_dot_with(const eff_layer_t *layer, const eff_layer_describe_options_t *options, eff_buffer_t *out)
{
    struct eff__layer_graph g;
    if (!layer) return;
    if (!eff__layer_graph_make(layer, eff__layer_shows_inside(options), &g)) {
        out->truncated = true;
        return;
    }
    eff_buffer_add(out, "digraph layers {\n  node [shape=box];\n");
    add_nodes(&g, out);
    add_arrows(&g, out);
    eff_buffer_add(out, "}\n");
    eff__layer_graph_done(&g);
}
