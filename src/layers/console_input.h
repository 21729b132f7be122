/* Lines of stdin: the reading half of the live Console. */
#ifndef EFF_LAYERS_CONSOLE_INPUT_H
#define EFF_LAYERS_CONSOLE_INPUT_H

#include <effect/console.h>

/* The live Console's read_line; it does not look at the console. */
eff_t *eff__console_read_line(eff_console_t *console, size_t limit);

#endif
