/* The demo: a temporary folder with files of which everything is known. */
#ifndef DEMO_H
#define DEMO_H

#include <effect/effect.h>

/* Makes the folder, hashes it, removes it, whatever happens. Succeeds with 0. */
eff_t *demo(void);

#endif
