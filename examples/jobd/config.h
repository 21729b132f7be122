/** @file
 * From a JSON text to jobs:
 *
 *     {"limit": 2, "jobs": [
 *         {"name": "db", "do": "serve 0.2", "restart": "always", "backoff": 0.1, "retries": 3, "grace": 1},
 *         {"name": "backup", "shell": "rsync -a src dst", "timeout": 60, "after": ["mount"]}]}
 */
#ifndef JOBD_CONFIG_H
#define JOBD_CONFIG_H

#include "job.h"

/** Succeeds with the jobs of a file (jobs_of); fails with an eff_config_error, or a system error. @param path copied */
eff_t *config_load(const char *path);
/** The same of a text. @param text copied */
eff_t *config_parse(const char *text);

#endif
