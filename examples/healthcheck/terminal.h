/** @file
 * What the outputs can show: a service, since a test is no terminal.
 */
#ifndef HEALTHCHECK_TERMINAL_H
#define HEALTHCHECK_TERMINAL_H

#include <effect/effect.h>

typedef struct terminal {
    bool colour;             /**< stdout may have colours */
    bool live;               /**< stderr may have a line that is drawn again and again */
    size_t (*columns)(void); /**< how wide stderr is now */
} terminal_t;
EFF_DECLARE_SERVICE(terminal, terminal_t);

/** Of the process's own outputs; heeds NO_COLOR and TERM. */
eff_layer_t *terminal_live(void) EFF_MUST_USE;

#endif
