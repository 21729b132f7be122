/* A cause as JSON.
 *
 *     {"tag": "both", "children": [
 *         {"tag": "fail", "type": "error", "value": {...}, "trace": ["f (a.c:1)"], "forks": ["g (a.c:9)"],
 *          "fork_names": ["resolver"], "notes": [{"value": "while starting", "site": "a.c:7"}]},
 *         {"tag": "interrupt", "by": 3, "reason": "race lost", "site": "a.c:20"}]}
 *
 * jansson frees and prints recursively, so the nesting must stay bounded whatever the cause. Hence a Then of Thens (or
 * a Both of Boths) becomes one object with all their children, and where the tag has changed EFF__CAUSE_LEVELS times
 * the rest is laid out in prefix order: {"tag": "both", "covers": 3} stands before the 3 leaves that belong to it. Such
 * an object also carries the notes and trace of a node that shares the object of the one above it.
 */
#include <jansson.h>
#include <string.h>

#include <effect/cause.h>

#include "core/cause_node.h"
#include "core/json_object.h"
#include "core/nesting.h"

static json_t *site_json(eff_site_t site)
{
    return site ? eff__json_text(site) : json_null();
}

/* A value's own JSON, or its text when its type cannot give any. */
static json_t *value_json(eff_value_t v)
{
    json_t *j = eff_value_to_json(v);
    if (j) return j;
    eff_buffer_t text = EFF_BUFFER_INIT;
    struct eff__sink sink = { .buffer = &text };
    eff__sink_value(&sink, v, SIZE_MAX);
    j = text.truncated ? NULL : json_string(eff_buffer_text(&text));
    eff_buffer_done(&text);
    return j;
}

static json_t *sites_json(const eff_site_t *sites, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < n; i++) {
        if (json_array_append_new(array, site_json(sites[i])) == 0) continue;
        json_decref(array);
        array = NULL;
    }
    return array;
}

/* null for who has none. */
static json_t *names_json(const eff_value_t *names, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < n; i++) {
        json_t *name = eff_value_is(names[i], &eff_string_type) ? eff__json_text(eff_as_string(names[i])) : json_null();
        if (json_array_append_new(array, name) == 0) continue;
        json_decref(array);
        array = NULL;
    }
    return array;
}

static json_t *note_json(const struct eff__cause_note *note)
{
    json_t *o = json_object();
    if (o && eff__json_set(o, "value", value_json(note->value)) && eff__json_set(o, "site", site_json(note->site)))
        return o;
    json_decref(o);
    return NULL;
}

static json_t *notes_json(const struct eff__cause_notes *notes)
{
    json_t *array = json_array();
    for (uint32_t i = 0; array && i < notes->n; i++) {
        if (json_array_append_new(array, note_json(&notes->items[i])) == 0) continue;
        json_decref(array);
        array = NULL;
    }
    return array;
}

static bool set_extras(json_t *o, const eff_cause_t *c)
{
    const struct eff__cause_trace *t = c->trace;
    if (t && t->n_sites && !eff__json_set(o, "trace", sites_json(t->sites, t->n_sites))) return false;
    if (t && t->n_seen > t->n_sites && !eff__json_set(o, "sites_left_out", json_integer(t->n_seen - t->n_sites)))
        return false;
    if (t && t->n_forks && !eff__json_set(o, "forks", sites_json(t->sites + t->n_sites, t->n_forks))) return false;
    if (t && t->named && !eff__json_set(o, "fork_names", names_json(eff__trace_names(t), t->n_forks))) return false;
    if (c->notes && !eff__json_set(o, "notes", notes_json(c->notes))) return false;
    return !(c->flags & EFF__CAUSE_CUT) || eff__json_set(o, "truncated", json_true());
}

static bool set_arm(json_t *o, const eff_cause_t *c)
{
    switch ((eff_cause_tag_t)c->tag) {
    case EFF_CAUSE_FAIL:
    case EFF_CAUSE_DIE:
        return eff__json_set(o, "type", eff__json_text(eff_type_of(c->value)->name)) &&
               eff__json_set(o, "value", value_json(c->value));
    case EFF_CAUSE_INTERRUPT:
        return eff__json_set(o, "by", json_integer((json_int_t)c->interrupt.by)) &&
               eff__json_set(o, "reason", json_string(eff__cause_reason_name((eff_interrupt_reason_t)c->reason))) &&
               eff__json_set(o, "site", site_json(c->interrupt.site));
    case EFF_CAUSE_EMPTY:
    case EFF_CAUSE_THEN:
    case EFF_CAUSE_BOTH: break;
    }
    return true;
}

/* A node without its children; NULL when out of memory. */
static json_t *node_json(const eff_cause_t *c)
{
    json_t *o = json_object();
    if (o && eff__json_set(o, "tag", json_string(eff__cause_tag_name((eff_cause_tag_t)c->tag))) && set_arm(o, c) &&
        set_extras(o, c))
        return o;
    json_decref(o);
    return NULL;
}

/* The object under construction. */
struct builder {
    json_t *root;                        /* NULL until the first node */
    json_t *children[EFF__CAUSE_LEVELS]; /* of the open object of each level, borrowed from it */
};

/* Puts a node in its place. Consumes o; false when out of memory. */
static bool place(struct builder *b, const struct eff__cause_step *at, json_t *o)
{
    if (!b->root) {
        b->root = o;
        return o;
    }
    /* A chained node shares the object of the one above it, so what is its own stands among that one's children. */
    size_t level = at->level - (at->chained ? 0u : 1u);
    if (level >= EFF__CAUSE_LEVELS) level = EFF__CAUSE_LEVELS - 1;
    return json_array_append_new(b->children[level], o) == 0;
}

static bool add_node(struct builder *b, const struct eff__cause_step *at)
{
    const eff_cause_t *c = at->node;
    if (!eff__cause_is_inner(c)) return place(b, at, node_json(c));
    bool opens = !at->chained && at->level < EFF__CAUSE_LEVELS;
    if (at->chained && at->level < EFF__CAUSE_LEVELS && !eff__cause_has_extras(c)) return true;

    json_t *o = node_json(c);
    if (!o) return false;
    bool ok;
    if (opens) {
        ok = eff__json_set(o, "children", json_array());
        b->children[at->level] = json_object_get(o, "children");
    } else {
        size_t n = eff__cause_n_leaves(c);
        ok = eff__json_set(o, "covers", json_integer(n < INT64_MAX ? (json_int_t)n : INT64_MAX));
    }
    if (ok) return place(b, at, o);
    json_decref(o);
    return false;
}

struct json_t *eff_cause_to_json(const eff_cause_t *cause)
{
    struct builder b = { .root = NULL };
    struct eff__cause_walk w;
    bool ok = true;
    eff__cause_walk_init(&w, eff__cause_given(cause));
    while (ok && eff__cause_walk_next(&w))
        ok = add_node(&b, &w.at);
    eff__cause_walk_done(&w);
    if (ok) return b.root;
    json_decref(b.root);
    return NULL;
}

struct json_t *eff__cause_json_hook(const void *cause)
{
    if (!eff__nesting_enter()) return json_string(EFF__NESTING_ELLIPSIS);
    json_t *j = eff_cause_to_json(cause);
    eff__nesting_leave();
    return j;
}
