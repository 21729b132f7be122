/* The library has a limit that may change, but it is one of a parallel loop. So this is a parallel loop, over those who
 * ask: its item is a loan, and runs until that is given back. */
#include "places.h"

bool places_init(struct places *p, size_t n)
{
    *p = (struct places){ eff_limit_new(n), eff_queue_bounded(16) };
    return p->limit && p->asked;
}

void places_done(struct places *p)
{
    eff_limit_decref(p->limit);
    eff_queue_decref(p->asked);
}

typedef struct loan {
    eff_deferred_t *granted, *returned;
} loan_t;

static void loan_clear(loan_t *loan)
{
    eff_deferred_decref(loan->granted);
    eff_deferred_decref(loan->returned);
}
EFF_STATIC_TYPE(loan, loan_t, .drop = loan_clear);

/* ---- lending */

static eff_t *lend(eff_value_t loan, eff_value_t env)
{
    (void)env;
    eff_t *grant = eff_deferred_succeed(loan_of(loan)->granted, eff_unit);
    return eff_then(grant, eff_deferred_await(loan_of(loan)->returned));
}

eff_t *places_lend(struct places *p)
{
    eff_value_t asked = eff_queue_value(eff_queue_incref(p->asked));
    return eff_for_each_par_limited_discard(asked, lend, eff_unit, p->limit);
}

/* ---- borrowing */

static eff_value_t make_loan(eff_value_t env)
{
    (void)env;
    return EFF_ENV(loan, .granted = eff_deferred_new(), .returned = eff_deferred_new());
}

static eff_t *use_loan(eff_value_t loan, eff_value_t env)
{
    struct places *p = eff_as_ptr(eff_first(env));
    eff_t *place = eff_queue_offer(p->asked, eff_value_incref(loan));
    place = eff_then(place, eff_deferred_await(loan_of(loan)->granted));
    return eff_then(place, eff_incref(eff_as_effect(eff_second(env))));
}

static void return_loan(eff_value_t loan, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    eff_deferred_complete(loan_of(loan)->returned, eff_exit_succeed(eff_unit));
}

eff_t *places_use(struct places *p, eff_t *e)
{
    eff_value_t env = eff_pair(eff_ptr(p), eff_effect_value(e));
    return eff_acquire_use_release(eff_sync(make_loan, eff_unit), use_loan, return_loan, env);
}
