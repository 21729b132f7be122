/* Fiber maps, a crew with keys; and fiber slots, which are maps of one key. */
#include <effect/fiber_map.h>
#include <effect/fiber_slot.h>
#include <effect/transform.h>

#include "runtime/crew.h"

EFF__CREW_HANDLE(fiber_map, "fiber map");
EFF__CREW_HANDLE(fiber_slot, "fiber slot");

/* ---- the operations; a fork's value is a closure with the effect, and the key as its env */

static int dismiss_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__crew *crew = (struct eff__crew *)e->prim.handle;
    (void)alone;
    if (!eff__crew_claim(f, crew)) return EFF__RETURN;
    struct eff__member *m = eff__crew_find(crew, e->prim.value);
    return m ? eff__crew_dismiss(f, m, e->site) : eff__prim_value(f, eff_unit);
}
static const struct eff__prim dismiss_prim = { "fibers_remove", dismiss_run };

static int fork_keyed(eff_fiber_t *f, eff_t *e, bool replaces)
{
    struct eff__crew *crew = (struct eff__crew *)e->prim.handle;
    const struct eff__closure *c = eff__closure_of(e->prim.value);
    if (!eff__crew_claim(f, crew)) return EFF__RETURN;
    struct eff__member *m = eff__crew_find(crew, c->env);
    if (m && !replaces) return eff__prim_value(f, eff_fiber_value(eff_fiber_incref(m->fiber)));
    if (m) { /* once that one is gone, again: another fiber may be quicker */
        eff_t *first = eff__prim_node(e->site, &dismiss_prim, crew, eff_value_incref(c->env));
        return eff__prim_effect(f, eff_then_at(e->site, first, eff_incref(e)));
    }
    return eff__crew_fork(f, crew, &c->env, eff_incref(c->effect), e->site);
}

static int fork_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    return fork_keyed(f, e, true);
}
static int fork_if_absent_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    return fork_keyed(f, e, false);
}
static const struct eff__prim fork_prim = { "fibers_fork", fork_run };
static const struct eff__prim fork_if_absent_prim = { "fibers_fork_if_absent", fork_if_absent_run };

static int get_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__crew *crew = (struct eff__crew *)e->prim.handle;
    (void)alone;
    if (!eff__crew_claim(f, crew)) return EFF__RETURN;
    struct eff__member *m = eff__crew_find(crew, e->prim.value);
    eff_value_t found = m ? eff_some(eff_fiber_value(eff_fiber_incref(m->fiber))) : eff_none();
    if (eff_is_oom(found)) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    return eff__prim_value(f, found);
}
static const struct eff__prim get_prim = { "fibers_get", get_run };

static int remove_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct eff__crew *crew = (struct eff__crew *)e->prim.handle;
    (void)alone;
    if (!eff__crew_claim(f, crew)) return EFF__RETURN;
    if (!eff__crew_find(crew, e->prim.value)) return eff__prim_value(f, eff_bool(false));
    eff_t *first = eff__prim_node(e->site, &dismiss_prim, crew, eff_value_incref(e->prim.value));
    return eff__prim_effect(f, eff_map_to_at(e->site, first, eff_bool(true)));
}
static const struct eff__prim remove_prim = { "fiber_map_remove", remove_run };

/* Consumes key and e. */
static eff_t *fork_at(eff_site_t site, const char *builder, const struct eff__prim *prim, void *crew, eff_value_t key,
                      eff_t *e)
{
    if (!eff__effect_usable(e) || !eff__value_usable(key)) return eff__refuse(site, builder, 1, &e, true, key);
    struct eff__closure closure = { .builder = builder, .site = site, .effect = e, .env = key };
    return eff__prim_node(site, prim, crew, eff__closure_new(closure));
}

/* Consumes key. */
static eff_t *with_key(eff_site_t site, const char *builder, const struct eff__prim *prim, void *crew, eff_value_t key)
{
    if (!eff__value_usable(key)) return eff__refuse_call(site, builder, true, key);
    return eff__prim_node(site, prim, crew, key);
}

/* ---- maps */

eff_t *eff_fiber_map_fork_at(eff_site_t site, eff_fiber_map_t *map, eff_value_t key, eff_t *e)
{
    return fork_at(site, "eff_fiber_map_fork", &fork_prim, map, key, e);
}
eff_t *eff_fiber_map_fork_if_absent_at(eff_site_t site, eff_fiber_map_t *map, eff_value_t key, eff_t *e)
{
    return fork_at(site, "eff_fiber_map_fork_if_absent", &fork_if_absent_prim, map, key, e);
}
eff_t *eff_fiber_map_get_at(eff_site_t site, eff_fiber_map_t *map, eff_value_t key)
{
    return with_key(site, "eff_fiber_map_get", &get_prim, map, key);
}
eff_t *eff_fiber_map_remove_at(eff_site_t site, eff_fiber_map_t *map, eff_value_t key)
{
    return with_key(site, "eff_fiber_map_remove", &remove_prim, map, key);
}
eff_t *eff_fiber_map_join_at(eff_site_t site, eff_fiber_map_t *map)
{
    return eff__crew_join_at(site, map);
}
eff_t *eff_fiber_map_await_empty_at(eff_site_t site, eff_fiber_map_t *map)
{
    return eff__crew_await_empty_at(site, map);
}
eff_t *eff_fiber_map_clear_at(eff_site_t site, eff_fiber_map_t *map)
{
    return eff__crew_clear_at(site, map);
}
size_t eff_fiber_map_size(const eff_fiber_map_t *map)
{
    return map ? map->crew.n : 0;
}

/* ---- slots */

eff_t *eff_fiber_slot_fork_at(eff_site_t site, eff_fiber_slot_t *slot, eff_t *e)
{
    return fork_at(site, "eff_fiber_slot_fork", &fork_prim, slot, eff_unit, e);
}
eff_t *eff_fiber_slot_fork_if_empty_at(eff_site_t site, eff_fiber_slot_t *slot, eff_t *e)
{
    return fork_at(site, "eff_fiber_slot_fork_if_empty", &fork_if_absent_prim, slot, eff_unit, e);
}
eff_t *eff_fiber_slot_get_at(eff_site_t site, eff_fiber_slot_t *slot)
{
    return eff__prim_node(site, &get_prim, slot, eff_unit);
}
eff_t *eff_fiber_slot_clear_at(eff_site_t site, eff_fiber_slot_t *slot)
{
    return eff__crew_clear_at(site, slot);
}
eff_t *eff_fiber_slot_join_at(eff_site_t site, eff_fiber_slot_t *slot)
{
    return eff__crew_join_at(site, slot);
}
eff_t *eff_fiber_slot_await_empty_at(eff_site_t site, eff_fiber_slot_t *slot)
{
    return eff__crew_await_empty_at(site, slot);
}
