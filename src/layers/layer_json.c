/* A layer as JSON: the layers that it is made of, each once, and who needs what of whom, by their places in that list.
 *
 *     { "layers": [ { "name": "wire (app.c:12)", "kind": "wire", "provides": ["pool", ...], "needs": [], "parts": [1, 2] },
 *                   { "name": "pool_live", "kind": "defined", "provides": ["pool"], "needs": ["config"] }, ... ],
 *       "arrows": [ { "from": 1, "to": 2, "service": "config" } ] }
 *
 * The list is flat, so no depth of nesting is too much for those who read it.
 */
#include <jansson.h>

#include "core/json_object.h"
#include "layers/layer_describe.h"

/* Appends v, which it consumes; false when out of memory, NULL for v included. */
static bool append(json_t *array, json_t *v)
{
    return json_array_append_new(array, v) == 0;
}

static json_t *names_of(size_t n, const eff_tag_t *const *tags)
{
    json_t *names = json_array();
    bool ok = names != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        if (!eff__tag_is_shown(tags[i])) continue;
        eff_buffer_t name = EFF_BUFFER_INIT;
        eff__tag_add_name(tags[i], &name);
        ok = !name.truncated && append(names, json_string(eff_buffer_text(&name)));
        eff_buffer_done(&name);
    }
    if (ok) return names;
    json_decref(names);
    return NULL;
}

static json_t *parts_of(const struct eff__layer_graph *g, size_t node)
{
    json_t *parts = json_array();
    bool ok = parts != NULL;
    for (size_t i = 0; ok && i < eff__layer_n_parts(g, node); i++)
        ok = append(parts, json_integer((json_int_t)eff__layer_part(g, node, i)));
    if (ok) return parts;
    json_decref(parts);
    return NULL;
}

static json_t *object_of(const struct eff__layer_graph *g, size_t node)
{
    const eff_layer_t *layer = g->nodes[node].layer;
    json_t *object = json_object();
    eff_buffer_t label = EFF_BUFFER_INIT;
    eff__layer_add_label(layer, &label);
    bool ok = object && !label.truncated && eff__json_set(object, "name", json_string(eff_buffer_text(&label))) &&
              eff__json_set(object, "kind", json_string(eff__layer_kind(layer))) &&
              (!layer->site || eff__json_set(object, "site", eff__json_text(layer->site))) &&
              eff__json_set(object, "provides", names_of(layer->n_provides, layer->provides)) &&
              eff__json_set(object, "needs", names_of(layer->n_needs, layer->needs)) &&
              (eff__layer_n_parts(g, node) == 0 || eff__json_set(object, "parts", parts_of(g, node)));
    eff_buffer_done(&label);
    if (ok) return object;
    json_decref(object);
    return NULL;
}

static json_t *arrow_of(const struct eff__layer_arrow *arrow)
{
    json_t *object = json_object();
    eff_buffer_t service = EFF_BUFFER_INIT;
    eff__tag_add_name(arrow->tag, &service);
    bool around = arrow->to == EFF__AROUND;
    bool ok = object && !service.truncated && eff__json_set(object, "from", json_integer((json_int_t)arrow->from)) &&
              eff__json_set(object, "to", around ? json_null() : json_integer((json_int_t)arrow->to)) &&
              eff__json_set(object, "service", json_string(eff_buffer_text(&service)));
    eff_buffer_done(&service);
    if (ok) return object;
    json_decref(object);
    return NULL;
}

json_t *eff_layer_to_json(const eff_layer_t *layer)
{
    return eff_layer_to_json_with(layer, NULL);
}

json_t *eff_layer_to_json_with(const eff_layer_t *layer, const eff_layer_describe_options_t *options)
{
    struct eff__layer_graph g;
    if (!layer || !eff__layer_graph_make(layer, eff__layer_shows_inside(options), &g)) return NULL;
    json_t *root = json_object(), *layers = json_array(), *arrows = json_array();
    bool ok = root && layers && arrows;
    for (size_t i = 0; ok && i < g.n_nodes; i++)
        ok = append(layers, object_of(&g, i));
    for (size_t i = 0; ok && i < g.n_arrows; i++)
        ok = append(arrows, arrow_of(&g.arrows[i]));
    eff__layer_graph_done(&g);
    ok = ok && json_object_set(root, "layers", layers) == 0 && json_object_set(root, "arrows", arrows) == 0;
    json_decref(layers);
    json_decref(arrows);
    if (ok) return root;
    json_decref(root);
    return NULL;
}
