/* Reading a struct, as a schema describes it, from a snapshot: plain C, which collects what is wrong. */
#ifndef EFF_LAYERS_CONFIG_READ_H
#define EFF_LAYERS_CONFIG_READ_H

#include "layers/config_problem.h"

/* What a struct that was read refers to: a list of blocks. */
struct eff__config_owned;
void eff__config_owned_free(struct eff__config_owned *first);

/* Reads the schema's struct, which is zeroed, from below the path `base`. Returns unit when all is well; an error that
 * says what is not; or the out-of-memory value. In any case *ret_owned is what has to be freed with the struct. */
EFF_MUST_USE eff_value_t eff__config_read(eff_value_t snapshot, const char *base, const eff_config_schema_t *schema,
                                          void *record, struct eff__config_owned **ret_owned);

#endif
