/* The builders of interrupt.h: masks, disconnect and shield. */
#include <effect/interrupt.h>

#include "core/build.h"

eff_t *eff_interruptible_at(eff_site_t site, eff_t *e)
{
    return eff__mask_node(EFF__MASK_ON, site, "eff_interruptible", e, NULL, eff_unit);
}

eff_t *eff_uninterruptible_at(eff_site_t site, eff_t *e)
{
    return eff__mask_node(EFF__MASK_OFF, site, "eff_uninterruptible", e, NULL, eff_unit);
}

eff_t *eff_uninterruptible_mask_at(eff_site_t site, eff_mask_fn f, eff_value_t env)
{
    return eff__mask_node(EFF__MASK_FN, site, "eff_uninterruptible_mask", NULL, f, env);
}

eff_t *eff_restore_at(eff_site_t site, eff_restore_t restore, eff_t *e)
{
    if (!e) return eff__refuse_null(site, "eff_restore", 2, e, eff_unit);
    return eff__mask_node(restore.interruptible ? EFF__MASK_ON : EFF__MASK_OFF, site, "eff_restore", e, NULL, eff_unit);
}

eff_t *eff_disconnect_at(eff_site_t site, eff_t *e)
{
    return eff__par_node(EFF__PAR_DISCONNECT, 0, site, "eff_disconnect", 1, &e);
}

eff_t *eff_shield_at(eff_site_t site, eff_t *e)
{
    e = eff__mask_node(EFF__MASK_UNBOUND, site, "eff_shield", e, NULL, eff_unit); /* it may outlive the deadline */
    if (e->op == EFF__OP_MASK) e = eff__mask_node(EFF__MASK_OFF, site, "eff_shield", e, NULL, eff_unit);
    if (e->op != EFF__OP_MASK) return e;
    return eff__par_node(EFF__PAR_DISCONNECT, EFF__PAR_SHIELD, site, "eff_shield", 1, &e);
}
