/* A bell: plain C rings it, and the one fiber that waits for it goes on. It lets data that is changed by ordinary
 * function calls (an outbox that was filled) wake a fiber. A ring that nobody waits for is kept for the next waiter. */
#ifndef CHAT_BELL_H
#define CHAT_BELL_H

#include <effect/effect.h>

struct bell {
    eff_async_t *waiter; /* NULL while nobody waits */
    bool rung;
};

void bell_ring(struct bell *b);
void bell_silence(struct bell *b); /* forgets a ring */

/* Succeeds with unit once the bell has rung. Borrows b until then; one waiter at a time. */
eff_t *bell_wait(struct bell *b);

#endif
