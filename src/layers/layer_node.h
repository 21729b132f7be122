/* Making nodes: what layer.c and layer_combine.c share. */
#ifndef EFF_LAYERS_LAYER_NODE_H
#define EFF_LAYERS_LAYER_NODE_H

#include "layers/layer.h"
#include "layers/tag_set.h"

/* A node with room for its lists behind it; the parts and tags are to be filled in. NULL when out of memory. Takes nothing
 * but memory. */
eff_layer_t *eff__layer_node(struct eff_layer init, size_t n_parts, size_t max_provides, size_t max_needs);
/* Says what it provides and needs, when both are known, and gives up the sets. */
void eff__layer_set_tags(eff_layer_t *layer, struct eff__tag_set *provided, struct eff__tag_set *needed);

/* The immortal one that stands for a layer for which there was no memory. */
eff_layer_t *eff__layer_oom(void);
/* What a mistake in making a layer makes of it. Consumes message. */
eff_layer_t *eff__layer_broken(eff_site_t site, eff_value_t message);
/* The mistake of an argument that is missing: "the tag". */
eff_layer_t *eff__layer_missing(eff_site_t site, enum eff__layer_kind kind, const char *which);

#endif
