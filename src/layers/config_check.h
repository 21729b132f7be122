/* Mistakes in the tables of a configuration. */
#ifndef EFF_LAYERS_CONFIG_CHECK_H
#define EFF_LAYERS_CONFIG_CHECK_H

#include <effect/config.h>

/* An effect that dies of what is wrong with a table, or with those in it; NULL: nothing is, so that who reads by it may
 * rely on its defaults and limits. Borrows the schema; returns new. */
EFF_MUST_USE eff_t *eff__config_mistake(eff_site_t site, const eff_config_schema_t *schema);

#endif
