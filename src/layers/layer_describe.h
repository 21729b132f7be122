/* What the descriptions of layers as text, JSON and graphs have in common. */
#ifndef EFF_LAYERS_LAYER_DESCRIBE_H
#define EFF_LAYERS_LAYER_DESCRIBE_H

#include "layers/layer_graph.h"

/* What kind of layer it is: "wire", "defined", "broken". Static. */
const char *eff__layer_kind(const eff_layer_t *layer);
/* What the user called it, with its site: "pool_live", "merge (app.c:12)". One line of valid UTF-8. */
void eff__layer_add_label(const eff_layer_t *layer, eff_buffer_t *out);
/* Whether options (NULL: all defaults) ask for what is inside of layers with a name. */
bool eff__layer_shows_inside(const eff_layer_describe_options_t *options);

#endif
