/* Frames: what a fiber does with a result stands on its own stack, which starts small and grows. A fiber outgrows its
 * first frames at some instruction: here, under 0 to 6 other frames, at each of them, and the sweeps have that fail. */
#include "support/fibers.h"

static eff_t *same(eff_value_t v, eff_value_t env)
{
    return eff_succeed(eff_value_incref(v));
}
static eff_value_t same_value(eff_value_t v, eff_value_t env)
{
    return eff_value_incref(v);
}
static eff_t *body_of_mask(eff_restore_t restore, eff_value_t env)
{
    return eff_restore(restore, one(1));
}
static eff_t *use_it(eff_value_t resource, eff_value_t env)
{
    return one(1);
}

static eff_t *instruction(struct world *w, int i)
{
    switch (i) {
    case 0: return eff_flat_map(one(1), same, eff_unit);
    case 1: return eff_map(one(1), same_value, eff_unit);
    case 2: return eff_catch_all(failing(1), same, eff_unit);
    case 3: return eff_ensuring(one(1), say(w, "end"));
    case 4: return eff_uninterruptible(one(1));
    case 5: return eff_uninterruptible_mask(body_of_mask, eff_unit);
    case 6: return eff_scoped(eff_acquire_release(acquire(w, "s"), release, eff_ptr(w)));
    case 7: return eff_acquire_use_release(acquire(w, "b"), use_it, release, eff_ptr(w));
    case 8: return eff_zip_par(one(1), yields(one(2)));
    case 9: return eff_for_each(eff_range(0, 2), same, eff_unit);
    default: return eff_for_each_par_discard(eff_range(0, 3), same, eff_unit, 2);
    }
}

/* Each in a fresh fiber. */
static eff_t *under_frames(struct world *w, int i)
{
    eff_t *all = eff_noop();
    for (int frames = 0; frames <= 6; frames++) {
        eff_t *e = instruction(w, i);
        for (int n = 0; n < frames; n++)
            e = eff_map(e, same_value, eff_unit);
        all = in_order(all, keep(w, 0, eff_fork(e)), with_fiber(w, 0, join));
    }
    return eff_map_to(all, eff_unit);
}

#define AT(i, what)                                                                                                    \
    static eff_t *at_##what(struct world *w)                                                                           \
    {                                                                                                                  \
        return under_frames(w, i);                                                                                     \
    }                                                                                                                  \
    CASE(frames_grow_at_##what, at_##what, .succeeds = "unit")
AT(0, flat_map)
AT(1, map)
AT(2, catch_all)
AT(3, ensuring)
AT(4, uninterruptible)
AT(5, uninterruptible_mask)
AT(6, scoped)
AT(7, acquire_use_release)
AT(8, zip_par)
AT(9, for_each)
AT(10, for_each_par)

TESTS(frames_grow_at_flat_map, frames_grow_at_map, frames_grow_at_catch_all, frames_grow_at_ensuring,
      frames_grow_at_uninterruptible, frames_grow_at_uninterruptible_mask, frames_grow_at_scoped,
      frames_grow_at_acquire_use_release, frames_grow_at_zip_par, frames_grow_at_for_each, frames_grow_at_for_each_par)
