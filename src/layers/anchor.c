/* Anchors: places in a scope, each an entry that does nothing when it is its turn, and goes when nobody needs it. */
#include "layers/memo.h"
#include "runtime/runtime.h"
#include "runtime/scope.h"

static eff_t *leave_anchor(eff_value_t v, const eff_exit_t *exit, eff_value_t env)
{
    (void)v, (void)exit, (void)env;
    return NULL;
}

struct eff__entry *eff__anchor_add_entry(eff_scope_t *scope, struct eff__anchor *anchor, eff_site_t site)
{
    struct eff__entry *entry = eff__scope_add_entry(scope, EFF__ENTRY_HOLD, site);
    if (!entry) return NULL;
    entry->fn = (eff_any_fn)leave_anchor;
    if (anchor) eff__entry_move_before(entry, anchor->end);
    return entry;
}

static void anchor_drop(void *payload)
{
    struct eff__anchor *anchor = (struct eff__anchor *)payload;
    if (anchor->end && anchor->scope->state == EFF__SCOPE_OPEN) eff__entry_free(anchor->end);
    eff_scope_decref(anchor->scope);
}
static const eff_type_t anchor_type = {
    .size = sizeof(struct eff__anchor), .name = "place in a scope", .drop = anchor_drop, .flags = EFF_TYPE_COUNTED
};

struct eff__anchor *eff__anchor_incref(struct eff__anchor *anchor)
{
    return anchor ? (struct eff__anchor *)eff__payload_retain(anchor) : NULL;
}
void eff__anchor_decref(struct eff__anchor *anchor)
{
    if (anchor) eff_value_decref((eff_value_t){ .type = &anchor_type, .ptr = anchor });
}

struct eff__anchor *eff__anchor_new(eff_fiber_t *f, struct eff__anchor *within, eff_site_t site)
{
    eff_scope_t *scope = within ? within->scope : eff__scope_ambient(f);
    if (scope && scope->state != EFF__SCOPE_OPEN) within = NULL; /* nothing comes there any more */
    struct eff__anchor *anchor = scope ? (struct eff__anchor *)eff__payload_alloc(&anchor_type, sizeof *anchor) : NULL;
    if (!anchor) return NULL;
    *anchor = (struct eff__anchor){ eff_scope_incref(scope), eff__anchor_add_entry(scope, within, site) };
    if (anchor->end) return anchor;
    eff__anchor_decref(anchor);
    return NULL;
}
