/* Building a wiring: a side for each part, which waits until the parts that it needs are built, and is given of each what
 * it needs. So every part is built as soon as it can be, and a failure ends the others.
 */
#include "core/build.h"
#include "core/context.h"
#include "layers/layer_wire.h"
#include "layers/memo.h"
#include "runtime/prim.h"

struct built_part {
    eff_context_t *services;     /* NULL until it is built; owned */
    struct eff__waiters waiters; /* the sides that wait for that */
};

/* One run of it. */
struct wire_run {
    struct eff__mention mention; /* of the wire, with the services around it; owned */
    struct eff__wiring wiring;
    struct built_part *parts; /* as many as the wire has; owned */
};

static void run_clear(struct wire_run *run)
{
    for (size_t i = 0; run->parts && i < run->wiring.n; i++)
        eff_context_decref(run->parts[i].services);
    if (run->parts) eff__free(run->parts, run->wiring.n * sizeof *run->parts);
    eff__wiring_done(&run->wiring);
    eff__mention_clear(&run->mention);
}
EFF_STATIC_TYPE(wire_run, struct wire_run, .drop = run_clear);

/* The callbacks of a side get the run and the number of the part; its waits, for another part to be built, also which. */
struct side {
    struct wire_run *run; /* owned */
    size_t i, awaited;
};
static void side_clear(struct side *side)
{
    wire_run_decref(side->run);
}
EFF_STATIC_TYPE(side, struct side, .drop = side_clear);

/* ---- waiting for a part: wait.object is the wait's side; owned */

static struct side *waiting_side(const eff_fiber_t *f)
{
    return (struct side *)f->wait.object;
}
static struct built_part *awaited_part(const struct side *wait)
{
    return &wait->run->parts[wait->awaited];
}
static bool leave_part(eff_fiber_t *f)
{
    struct side *wait = waiting_side(f);
    eff__waiters_remove(&awaited_part(wait)->waiters, f);
    side_decref(wait);
    return true;
}
static void describe_part(const eff_fiber_t *f, eff_buffer_t *out)
{
    const struct side *wait = waiting_side(f);
    const eff_layer_t *wire = wait->run->mention.layer;
    eff_buffer_add(out, "for layer ");
    eff__layer_name(wire->parts[wait->awaited], out);
    eff_buffer_add(out, " to be built, which ");
    eff__layer_name(wire->parts[wait->i], out);
    eff_buffer_add(out, " needs");
}
static const struct eff__wait_ops part_ops = { .name = "for a layer to be built, which another one needs",
                                               .leave = leave_part,
                                               .describe = describe_part };

static int await_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct built_part *part = awaited_part(side_of(e->prim.value));
    if (part->services) return eff__prim_value(f, eff_unit);
    eff__waiters_add(&part->waiters, f);
    eff__suspend(f, &part_ops, eff__prim_take_value(e, alone).ptr);
    return EFF__SUSPEND;
}
static const struct eff__prim await_prim = { "provide", await_run };

/* ---- a side */

static int tell_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const struct side *side = side_of(e->prim.value);
    (void)alone;
    for (eff_fiber_t *w; (w = eff__waiters_pop(&side->run->parts[side->i].waiters));) {
        struct side *wait = waiting_side(w);
        w->wait.object = NULL;
        eff__wake(w);
        w->reg = eff_unit;
        w->status = EFF__OK;
        side_decref(wait);
    }
    return eff__prim_value(f, eff_unit);
}
static const struct eff__prim tell_prim = { "provide", tell_run };

static eff_t *part_done(eff_value_t services, eff_value_t env)
{
    const struct side *side = side_of(env);
    side->run->parts[side->i].services = eff_context_incref(eff_as_context(services));
    return eff__prim_node_plain(NULL, &tell_prim, eff_value_incref(env));
}

/* All that it waits for is there. */
static eff_t *build_part(eff_value_t v, eff_value_t env)
{
    const struct side *side = side_of(env);
    const struct wire_run *run = side->run;
    struct eff__mention m = run->mention;
    (void)v;
    m.layer = run->mention.layer->parts[side->i];
    struct eff__needs needs = { .n = m.layer->n_needs, .tags = m.layer->needs };
    m.given = eff_context_incref(m.given);
    for (size_t at = run->wiring.first_wait[side->i]; at < run->wiring.first_wait[side->i + 1]; at++) {
        eff_context_t *base = eff__context_given(run->parts[run->wiring.waits[at]].services, &needs);
        m.given = eff_context_merge(m.given, base);
    }
    m.chain = eff__chain_new(run->mention.chain, run->mention.layer);
    eff_t *e = m.chain ? eff__build(&m) : eff_out_of_memory();
    eff_context_decref(m.given);
    eff__chain_decref(m.chain);
    return eff_flat_map_at(m.site, e, part_done, eff_value_incref(env));
}

static eff_t *side_for(struct wire_run *run, size_t i)
{
    eff_t *e = eff_noop();
    for (size_t at = run->wiring.first_wait[i]; at < run->wiring.first_wait[i + 1]; at++) {
        eff_value_t awaits = side_make((struct side){ wire_run_incref(run), i, run->wiring.waits[at] });
        eff_t *wait = eff__prim_node_plain(run->mention.site, &await_prim, awaits);
        e = eff_then_at(run->mention.site, e, wait);
    }
    eff_value_t env = side_make((struct side){ wire_run_incref(run), i, i });
    return eff_flat_map_at(run->mention.site, e, build_part, env);
}

static const eff_context_t *services_of(const void *parts, size_t i)
{
    return ((const struct built_part *)parts)[i].services;
}
static eff_value_t all_services(eff_value_t v, eff_value_t env)
{
    const struct wire_run *run = wire_run_of(env);
    (void)v;
    return eff_context_value(eff__context_merge_all(run->wiring.n, services_of, run->parts));
}

/* In the order of building, so that those that others wait for begin first. Consumes the run. */
static eff_t *build_all(eff_value_t v)
{
    struct wire_run *run = wire_run_of(v);
    size_t n = run->wiring.n;
    eff_site_t site = run->mention.site;
    eff_t **sides = (eff_t **)eff__alloc(n * sizeof *sides);
    for (size_t i = 0; sides && i < n; i++)
        sides[i] = side_for(run, run->wiring.order[i]);
    eff_t *e = sides ? eff_all_par_at(site, n, sides) : eff_out_of_memory();
    if (sides) eff__free(sides, n * sizeof *sides);
    return eff_map_at(site, e, all_services, v);
}

/* What is wrong with it. */
static eff_t *miswired(const struct eff__mention *m, const eff_buffer_t *problems)
{
    size_t n = problems->size;
    const char *text = eff_buffer_text(problems);
    while (n > 0 && text[n - 1] == '\n')
        n--;
    return eff__mistake_at(m->layer->site, "%.*s", (int)n, text);
}

/* What is known of the parts: none is built; false when out of memory. */
static bool make_parts(struct wire_run *run)
{
    size_t n = run->wiring.n;
    run->parts = (struct built_part *)eff__alloc(n * sizeof *run->parts);
    if (!run->parts) return false;
    for (size_t i = 0; i < n; i++)
        run->parts[i] = (struct built_part){ .services = NULL };
    return true;
}

eff_t *eff__build_wire(const struct eff__mention *m)
{
    if (m->layer->n_parts == 0) return eff_succeed_at(NULL, eff_context_value(eff_context_empty()));
    struct wire_run init = { .mention = eff__mention_copy(m) };
    eff_value_t v = wire_run_make(init);
    if (eff_is_oom(v)) return eff_out_of_memory();
    struct wire_run *run = wire_run_of(v);
    eff_buffer_t problems = EFF_BUFFER_INIT;
    int n_problems = eff__wiring_make(m->layer, &run->wiring, &problems);
    eff_t *e;
    if (n_problems > 0) e = miswired(m, &problems);
    else if (n_problems < 0 || !make_parts(run)) e = eff_out_of_memory();
    else e = build_all(eff_value_incref(v));
    eff_buffer_done(&problems);
    eff_value_decref(v);
    return e;
}
