/* The body of an async handle; see async.c for its protocol. */
#ifndef EFF_RUNTIME_ASYNC_H
#define EFF_RUNTIME_ASYNC_H

#include <effect/async.h>

#include "runtime/mailbox.h"

enum eff__async_state { EFF__PENDING, EFF__CLAIMED, EFF__ANSWERED, EFF__CLOSED };
enum eff__answer { EFF__ANSWER_VALUE, EFF__ANSWER_ERROR, EFF__ANSWER_CAUSE, EFF__ANSWER_EFFECT };

struct eff_async {
    struct eff__post post;
    struct eff__mailbox *mailbox; /* retained */
    _Atomic int state;            /* enum eff__async_state */
    _Atomic int users;
    enum eff__answer answer; /* valid when ANSWERED, as is value */
    eff_value_t value;
    eff_site_t site;
    /* of the runtime's thread only */
    eff_fiber_t *fiber; /* waits, or runs start; NULL once it does neither; borrowed */
    eff_cancel_fn cancel;
    void *cancel_arg;
    eff_async_t *next_cancel; /* among those whose cancelers are to be called */
    bool starting;            /* start has not returned */
    bool cancelling;          /* the canceler runs */
    bool cancelled;           /* the answer only ends the wait */
    bool blocking;            /* a job on the pool */
};

#endif
