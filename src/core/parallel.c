/* The builders of parallel.h over given effects: one group node each. Those over items are in loop.c. */
#include <effect/parallel.h>

#include "core/build.h"

static eff_t *two_sides(enum eff__par_kind kind, uint8_t flags, eff_site_t site, const char *builder, eff_t *a,
                        eff_t *b)
{
    return eff__par_node(kind, flags, site, builder, 2, (eff_t *[]){ a, b });
}

eff_t *eff_zip_par_at(eff_site_t site, eff_t *a, eff_t *b)
{
    return two_sides(EFF__PAR_ALL, EFF__PAR_PAIR, site, "eff_zip_par", a, b);
}

eff_t *eff_all_par_at(eff_site_t site, size_t n, eff_t *const *effects)
{
    if (n == 0) return eff_succeed_at(site, eff_array(0, NULL));
    if (!effects) return eff__mistake_at(site, "the list of eff_all_par is NULL");
    return eff__par_node(EFF__PAR_ALL, 0, site, "eff_all_par", n, effects);
}

eff_t *eff_race_at(eff_site_t site, eff_t *a, eff_t *b)
{
    return two_sides(EFF__PAR_RACE, 0, site, "eff_race", a, b);
}

eff_t *eff_race_first_at(eff_site_t site, eff_t *a, eff_t *b)
{
    return two_sides(EFF__PAR_RACE_FIRST, 0, site, "eff_race_first", a, b);
}
