/* The live Clock as a layer; the clock itself is the runtime's (runtime/clock.c), since its sleepers are. */
#include <effect/clock.h>

#include <effect/layer.h>

static eff_t *open_clock(void)
{
    return eff_succeed_at("eff_clock_live", eff_clock_value(eff_clock_system()));
}

eff_layer_t *eff_clock_live(void)
{
    static const eff_layer_def_t def = {
        .size = sizeof def, .name = "eff_clock_live", .tag = &eff_clock_tag, .open = open_clock
    };
    return eff_layer_of(&def);
}
