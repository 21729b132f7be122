/* Text from strangers, on its way to a terminal. */
#ifndef PORTSCAN_TEXT_H
#define PORTSCAN_TEXT_H

#include <effect/effect.h>

/* A string in which everything but printable ASCII is written as \xNN. */
eff_value_t printable(const char *bytes, size_t n);

/* Gives up the buffer and makes a string of what it held. */
eff_value_t buffer_take(eff_buffer_t *b);

#endif
