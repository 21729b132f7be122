/** @file
 * What the program is told: the services to check, and how. It comes from the arguments, from the environment, whose
 * names begin with HEALTHCHECK_, and from a JSON file:
 *
 *     {
 *       "parallel": 4,
 *       "services": [
 *         { "name": "api", "url": "http://localhost:8080/health", "status": 200, "timeout": 2.5, "retries": 3 }
 *       ]
 *     }
 *
 * Name and url are required. Without the others, the expected status is 200, an attempt may take 2 seconds, and is
 * repeated twice. A timeout is a number of seconds, or a text such as "250ms". What is wrong is one eff_config_error,
 * which says where each problem is:
 *
 *     services.json:4: services[0].timeout: expected a duration from 1ms to 1h, got the string "soon"
 */
#ifndef HEALTHCHECK_SETTINGS_H
#define HEALTHCHECK_SETTINGS_H

#include <effect/effect.h>

enum { MAX_PARALLEL = 1000 };

/** One service, and what is expected of it. */
typedef struct service {
    const char *name;       /**< for people; borrowed from the settings, as is the url */
    const char *url;        /**< one that can be asked for */
    int status;             /**< what it should answer */
    eff_duration_t timeout; /**< of one attempt */
    unsigned retries;       /**< after the first attempt */
} service_t;

typedef struct settings {
    const char *file;    /**< where the services are; NULL: in the other sources, or in the demo */
    size_t parallel;     /**< probes at once */
    const char *report;  /**< where to write the report */
    bool exit_zero;      /**< services that are down do not make the program fail */
    bool verbose;        /**< what is done is logged */
    bool help;           /**< what can be told is printed, and nothing done */
    service_t *services; /**< in the order of the file */
    size_t n_services;
} settings_t;
EFF_DECLARE_CONFIG(settings, settings_t);

#endif
