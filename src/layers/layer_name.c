/* What layers are called in messages. */
#include <string.h>

#include "layers/layer.h"

void eff__site_add(eff_site_t site, eff_buffer_t *out)
{
    if (!site) return;
    bool names_callback = strchr(site, '(') != NULL;
    eff_buffer_printf(out, names_callback ? " %s" : " (%s)", site);
}

void eff__layer_name(const eff_layer_t *layer, eff_buffer_t *out)
{
    if (layer->def) {
        eff_buffer_add(out, layer->def->name ? layer->def->name : "a nameless layer");
        return;
    }
    if (layer->kind == EFF__LAYER_NAMED) {
        eff_buffer_add(out, eff_as_string(layer->value));
    } else {
        eff_buffer_add(out, eff__facts_of(layer)->name);
        if (layer->tag && layer->tag->name) eff_buffer_printf(out, " of %s", layer->tag->name);
    }
    eff__site_add(layer->site, out);
}

bool eff__layer_speaks_for(const eff_layer_t *named, const eff_layer_t *layer)
{
    if (named->parts[0] == layer) return true;
    if (layer->kind == EFF__LAYER_NAMED) return false;
    return !layer->def || !layer->def->name || strcmp(layer->def->name, eff_as_string(named->value)) == 0;
}
