/* The fiber tree as JSON. jansson frees and prints recursively, so the nesting is bounded, however deep the tree: each
 * fiber says who its parent is, and what is deeper than LEVELS stands beside its ancestor of that level. Objects are put
 * into their parents' arrays as they are made, so that dropping the root drops all. */
#include <jansson.h>

#include "core/cause_node.h"
#include "core/json_object.h"
#include "runtime/dump.h"

enum { LEVELS = 64 };

/* Nothing for NULL. */
static bool set_text(json_t *object, const char *key, const char *text)
{
    return !text || eff__json_set(object, key, eff__json_text(text));
}

/* Nothing for 0. */
static bool set_id(json_t *object, const char *key, uint64_t id)
{
    return !id || eff__json_set(object, key, json_integer((json_int_t)id));
}

/* To the millisecond that has begun, or, `round_up`, to the one that will have ended. */
static bool set_ms(json_t *object, const char *key, eff_duration_t d, bool round_up)
{
    enum { NS_PER_MS = 1000000 };
    return eff__json_set(object, key, json_integer(d.ns / NS_PER_MS + (round_up && d.ns % NS_PER_MS)));
}

static const char *state_name(eff_fiber_state_t state)
{
    switch (state) {
    case EFF_FIBER_NEW: return "new";
    case EFF_FIBER_READY: return "ready";
    case EFF_FIBER_RUNNING: return "running";
    case EFF_FIBER_WAITING: return "waiting";
    case EFF_FIBER_ENDED: break;
    }
    return "ended";
}

static bool set_wait(json_t *object, const eff_fiber_info_t *i)
{
    if (i->state != EFF_FIBER_WAITING) return true;
    return set_text(object, "waits_for", i->waits_for) && set_id(object, "waits_for_fiber", i->waits_for_id) &&
           set_text(object, "at", i->waits_at) &&
           (i->has_timer ? set_ms(object, "due_in_ms", i->due_in, true)
                         : set_ms(object, "waited_ms", i->waited, false)) &&
           eff__json_set(object, "outside", json_boolean(i->from_outside));
}

static bool set_interrupt(json_t *object, const eff_fiber_info_t *i)
{
    if (!i->interrupted) return true;
    json_t *o = json_object();
    if (!o || !eff__json_set(object, "interrupted", o)) return false;
    return eff__json_set(o, "by", json_integer((json_int_t)i->interrupted_by)) &&
           eff__json_set(o, "reason", json_string(eff__cause_reason_name(i->interrupt_reason))) &&
           set_text(o, "site", i->interrupted_at);
}

static bool set_trace(json_t *object, const eff_fiber_t *f)
{
    struct eff__trace t;
    eff__fiber_trace(f, &t);
    json_t *array = json_array();
    if (!array || !eff__json_set(object, "trace", array)) return false;
    uint32_t n_hidden = t.n_seen > EFF__TRACE_MAX ? t.n_seen - EFF__TRACE_MAX : 0;
    for (uint32_t i = 0; i < t.n_seen; i++) {
        if (n_hidden && i == EFF__TRACE_FIRST) i += n_hidden;
        if (json_array_append_new(array, eff__json_text(*eff__trace_place(&t, i))) < 0) return false;
    }
    return !n_hidden || eff__json_set(object, "sites_left_out", json_integer(n_hidden));
}

/* A fiber's object, with an empty array for its children; NULL when out of memory. */
static json_t *fiber_json(const eff_fiber_info_t *i)
{
    json_t *o = json_object();
    if (o && set_id(o, "id", i->id) && set_id(o, "parent", i->parent_id) && set_text(o, "name", i->name) &&
        set_text(o, "forked_at", i->forked_at) && eff__json_set(o, "state", json_string(state_name(i->state))) &&
        set_wait(o, i) && eff__json_set(o, "daemon", json_boolean(i->daemon)) &&
        eff__json_set(o, "masked", json_boolean(i->masked)) && set_interrupt(o, i) && set_trace(o, i->fiber) &&
        eff__json_set(o, "children", json_array()))
        return o;
    json_decref(o);
    return NULL;
}

/* The tree under construction. */
struct builder {
    json_t *arrays[LEVELS + 1]; /* where the fibers of each level go, from 1; borrowed from the root */
    bool ok;
};

static bool add(const eff_fiber_info_t *info, void *arg)
{
    struct builder *b = (struct builder *)arg;
    size_t level = info->level < LEVELS ? info->level : LEVELS;
    json_t *o = fiber_json(info);
    b->ok = o && json_array_append_new(b->arrays[level], o) == 0;
    if (b->ok && level < LEVELS) b->arrays[level + 1] = json_object_get(o, "children");
    return b->ok;
}

struct json_t *eff_runtime_dump_json(const eff_runtime_t *rt)
{
    struct builder b;
    json_t *root = json_object(), *tree = json_array();
    b.arrays[1] = tree;
    b.ok = root && eff__json_set(root, "fibers", json_integer((json_int_t)rt->n_fibers)) &&
           eff__json_set(root, "runnable", json_integer((json_int_t)eff__n_ready(rt))) &&
           eff__json_set(root, "waiting_outside", json_integer((json_int_t)rt->n_external));
    if (!b.ok) json_decref(tree);
    b.ok = b.ok && eff__json_set(root, "tree", tree);
    if (b.ok) (void)eff_runtime_each_fiber(rt, add, &b);
    if (b.ok) return root;
    json_decref(root);
    return NULL;
}
