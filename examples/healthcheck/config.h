/** @file
 * The services to check, from a JSON file:
 *
 *     {
 *       "services": [
 *         { "name": "api", "url": "http://localhost:8080/health", "status": 200, "timeout": 2.5, "retries": 3 }
 *       ]
 *     }
 *
 * Name and url are required. Without the others, the expected status is 200, an attempt may take 2 seconds, and is
 * repeated twice. A timeout is a number of seconds, or a text such as "250ms". What is wrong with a file is one
 * eff_config_error, which names file, line and field of each problem:
 *
 *     services.json:4: services[0].timeout: expected a duration from 1ms to 1h, got the string "soon"
 */
#ifndef HEALTHCHECK_CONFIG_H
#define HEALTHCHECK_CONFIG_H

#include <effect/effect.h>

/** One service, and what is expected of it. */
typedef struct service {
    const char *name;       /**< for people; borrowed from the configuration, as is the url */
    const char *url;        /**< one that can be asked for */
    int status;             /**< what it should answer */
    eff_duration_t timeout; /**< of one attempt */
    unsigned retries;       /**< after the first attempt */
} service_t;

/** All of them, in the order of the file. */
typedef struct services {
    service_t *at;
    size_t n;
    eff_value_t config; /**< what they were read as, which holds them; owned */
} services_t;
EFF_DECLARE_TYPE(services, services_t);

/** Reads a file of services. Success: a `services`. Failure: eff_config_error. Copies path. */
eff_t *config_load(const char *path) EFF_MUST_USE;
/** Reads services from a text. As config_load. @param name of the text, for messages; copied  @param text copied */
eff_t *config_parse(const char *name, const char *text) EFF_MUST_USE;

#endif
