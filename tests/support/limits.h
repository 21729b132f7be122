/* For tests of parallel loops with a limit that changes: items that take a while, and who changes it. */
#ifndef TESTS_SUPPORT_LIMITS_H
#define TESTS_SUPPORT_LIMITS_H

#include <pthread.h>

#include "core/memory.h"
#include "support/failing_allocator.h"
#include "support/fibers.h"

static inline struct world *the_world(eff_value_t env)
{
    return eff_as_ptr(env);
}

/* body gets a limit of n, and the world as env. */
static inline eff_t *with_limit(struct world *w, size_t n, eff_bind_fn body)
{
    return eff_flat_map(eff_succeed(eff_limit_value(eff_limit_new(n))), body, eff_ptr(w));
}

/* An item says its number and the time, and takes 100 ms. */
static inline eff_t *takes_100(eff_value_t item, eff_value_t env)
{
    static const char *const names[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };
    eff_t *starts = say_time(the_world(env), names[eff_as_int(item) % 10]);
    return in_order(starts, ms(100), eff_succeed(eff_value_incref(item)));
}
static inline eff_t *loop_over(struct world *w, eff_value_t items, eff_value_t limit)
{
    return eff_for_each_par_limited(items, takes_100, eff_ptr(w), eff_as_limit(limit));
}
static inline eff_t *set_after(int64_t at, eff_value_t limit, size_t n)
{
    return after(at, eff_limit_set(eff_as_limit(limit), n));
}

#endif
