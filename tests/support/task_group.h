/* For tests of task groups: what tasks do and say. */
#ifndef TESTS_SUPPORT_TASK_GROUP_H
#define TESTS_SUPPORT_TASK_GROUP_H

#include "support/failing_allocator.h"
#include "support/fibers.h"
#include "testing/test.h"

/* ---- shorthands */

static inline eff_t *as_unit(eff_t *e)
{
    return eff_map_to(e, eff_unit);
}
/* Says a value, and returns it. */
static inline eff_value_t say_value(eff_value_t v, eff_value_t env)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(v, &text);
    journal_add(eff_as_ptr(env), eff_buffer_text(&text));
    eff_buffer_done(&text);
    return eff_value_incref(v);
}
static inline eff_t *forks(eff_task_group_t *group, eff_t *e)
{
    return as_unit(eff_task_group_fork(group, e));
}
static inline eff_t *says_when_cut(struct world *w, const char *word)
{
    return when_interrupted(eff_never(), say_time(w, word));
}

#endif
