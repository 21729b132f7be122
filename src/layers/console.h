/* What else the library writes through the live Console. */
#ifndef EFF_LAYERS_CONSOLE_H
#define EFF_LAYERS_CONSOLE_H

#include <effect/console.h>

/* Writes what goes without waiting, from plain C, and raises no SIGPIPE. Borrows the string. Whether all of it went. */
bool eff__console_write_now(eff_console_output_t to, eff_value_t text);

#endif
