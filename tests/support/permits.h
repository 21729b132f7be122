/* For tests of semaphores and mutexes: programs after which all permits are back, however they end. */
#ifndef TESTS_SUPPORT_PERMITS_H
#define TESTS_SUPPORT_PERMITS_H

#include "support/fibers.h"

/* Looks, as it is dropped, whether all is given back that was taken. */
struct keeper {
    eff_semaphore_t *semaphore;
    eff_mutex_t *mutex;
    int64_t total;
};
static inline void keeper_clear(struct keeper *k)
{
    if (k->semaphore) ck_assert_int_eq(eff_semaphore_available(k->semaphore), k->total);
    ck_assert_uint_eq(eff_semaphore_waiters(k->semaphore), 0);
    ck_assert(!eff_mutex_is_locked(k->mutex));
    ck_assert_uint_eq(eff_mutex_waiters(k->mutex), 0);
    eff_semaphore_decref(k->semaphore);
    eff_mutex_decref(k->mutex);
}
EFF_STATIC_TYPE(keeper, struct keeper, .drop = keeper_clear);

static inline eff_value_t keep_value(eff_value_t v, eff_value_t env)
{
    return eff_value_incref(v);
}
static inline eff_t *kept(eff_t *e, struct keeper k)
{
    return eff_map(eff_scoped(e), keep_value, keeper_make(k));
}
/* e, in a scope; consumes the handle. When that has ended, all `total` permits are to be free. */
static inline eff_t *balanced(eff_semaphore_t *s, int64_t total, eff_t *e)
{
    return kept(e, (struct keeper){ .semaphore = s, .total = total });
}
/* The same: the mutex is to be free. */
static inline eff_t *unlocked(eff_mutex_t *m, eff_t *e)
{
    return kept(e, (struct keeper){ .mutex = m });
}

/* Says the word, yields, and says it again. */
static inline eff_t *twice(struct world *w, const char *word)
{
    return in_order(say(w, word), eff_yield_now(), say(w, word));
}

/* Whether the run's report has that piece. */
static inline void assert_told(const eff_exit_t *exit, const char *piece)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    ck_assert(!exit->ok);
    eff_cause_format(exit->cause, &text);
    ck_assert_msg(strstr(eff_buffer_text(&text), piece), "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
}

#endif
