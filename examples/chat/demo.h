/* The demonstration: the server and three scripted clients in one process, on one loop. */
#ifndef CHAT_DEMO_H
#define CHAT_DEMO_H

#include "display.h"

#include <effect/effect.h>

/* Runs it and prints the transcript that each client saw. Borrows the display until it has ended. */
eff_t *demo(struct display *display);

#endif
