/* Sources that are lists of names and texts: the environment, arguments, memory. */
#ifndef EFF_LAYERS_CONFIG_FLAT_H
#define EFF_LAYERS_CONFIG_FLAT_H

#include "layers/config_source.h"

/* Each reads what there is now, and returns an effect that succeeds with a snapshot. */

/* Names that begin with the prefix and an underscore; all when it is "". */
EFF_MUST_USE eff_t *eff__config_read_environment(const char *prefix);
/* The arguments, secrets of an array, of which the first is the program's name. schema NULL: options are not checked,
 * and one that is not followed by a value is a truth. */
EFF_MUST_USE eff_t *eff__config_read_arguments(eff_value_t arguments, const eff_config_schema_t *schema);
/* "path=value", each of them a secret of the array; name: of the builder, for messages about one without '='. */
EFF_MUST_USE eff_t *eff__config_read_pairs(eff_value_t pairs, const char *name);

#endif
