/* A bell, made of an async handle: the waiting fiber leaves its handle in the bell, ringing answers it. */
#include "bell.h"

void bell_ring(struct bell *b)
{
    eff_async_t *waiter = b->waiter;
    b->waiter = NULL;
    b->rung = !waiter;
    if (waiter) eff_async_succeed(waiter, eff_unit);
}

void bell_silence(struct bell *b)
{
    b->rung = false;
}

static eff_cancel_t stop_waiting(eff_async_t *k, void *bell)
{
    struct bell *b = bell;
    b->waiter = NULL;
    eff_async_release(k);
    return EFF_CANCEL_GONE;
}

static void start_waiting(eff_async_t *k, eff_value_t bell)
{
    struct bell *b = eff_as_ptr(bell);
    if (b->rung) {
        b->rung = false;
        eff_async_succeed(k, eff_unit);
    } else {
        b->waiter = k;
        eff_async_on_cancel(k, stop_waiting, b);
    }
}

eff_t *bell_wait(struct bell *b)
{
    return eff_async(start_waiting, eff_ptr(b));
}
