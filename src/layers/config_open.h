/* Opening sources: effects that read when they run, and succeed with a snapshot. The layers are made of them. */
#ifndef EFF_LAYERS_CONFIG_OPEN_H
#define EFF_LAYERS_CONFIG_OPEN_H

#include <effect/config.h>

EFF_MUST_USE eff_t *eff__config_open_file(eff_site_t site, const char *path, const eff_config_file_options_t *options);
/* The file whose name is configured at `path`; else that of the name `otherwise`. */
EFF_MUST_USE eff_t *eff__config_open_named(eff_site_t site, const char *path, const char *otherwise,
                                           const eff_config_file_options_t *options);
EFF_MUST_USE eff_t *eff__config_open_environment(eff_site_t site, const char *prefix);
EFF_MUST_USE eff_t *eff__config_open_arguments(eff_site_t site, int argc, char *const *argv,
                                               const eff_config_schema_t *schema);
EFF_MUST_USE eff_t *eff__config_open_pairs(eff_site_t site, size_t n, const char *const *pairs);

/* Reads a string; succeeds with unit when there is none. */
EFF_MUST_USE eff_t *eff__config_string_or_unit(eff_site_t site, const char *path);
/* What a Config's operation gives, which is looked at: a snapshot. Borrows config until it has ended. */
EFF_MUST_USE eff_t *eff__config_snapshot(eff_site_t site, eff_config_t *config);
/* The sources of both: those of `first` are asked first. Consumes both; out of memory, that value. */
EFF_MUST_USE eff_value_t eff__config_join(eff_value_t first, eff_value_t second);

#endif
