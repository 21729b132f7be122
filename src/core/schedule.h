/* Running a schedule. A schedule is a postfix program (both and either combine the two results before them), so that
 * stepping, printing and freeing it never recurse; each run has one block of state for all of its steps. */
#ifndef EFF_CORE_SCHEDULE_H
#define EFF_CORE_SCHEDULE_H

#include <effect/schedule.h>

/* Bytes of one run's state. */
size_t eff__schedule_state_size(const eff_schedule_t *s);
void eff__schedule_start(const eff_schedule_t *s, void *state);

/* What a step may depend on, but for its input and the steps before it. */
struct eff__moment {
    eff_instant_t now; /* of the Clock */
    uint64_t bits;     /* of the Random: another word for each step */
};

/* Whether some part of it looks at the moment's time, or at its bits; if not, they need not be set. */
bool eff__schedule_needs_time(const eff_schedule_t *s);
bool eff__schedule_needs_random(const eff_schedule_t *s);
/* One step: whether to go on, and after which delay. `input` is borrowed. */
bool eff__schedule_next(const eff_schedule_t *s, void *state, struct eff__moment moment, eff_value_t input,
                        eff_duration_t *ret_delay);
/* Whether it is the schedule that stands for "out of memory"; whether it is the one that stands for a missing part. */
bool eff__schedule_is_oom(const eff_schedule_t *s);
bool eff__schedule_is_mistaken(const eff_schedule_t *s);

#endif
