/* The builders of parallel.h that are more than a loop's node: those over given effects are one group node each; those
 * that put the results of items together are derived from for_each_par (loop.c). */
#include <effect/parallel.h>

#include "core/build.h"
#include "core/cause.h"
#include "core/collection.h"
#include "core/misuse.h"

/* ---- over given effects */

static eff_t *two_sides(enum eff__par_kind kind, uint8_t flags, eff_site_t site, const char *builder, eff_t *a,
                        eff_t *b)
{
    eff_t *e = eff__pair_at_once(kind, flags, site, a, b);
    return e ? e : eff__par_node(kind, flags, site, builder, 2, (eff_t *[]){ a, b });
}

eff_t *eff_zip_par_at(eff_site_t site, eff_t *a, eff_t *b)
{
    return two_sides(EFF__PAR_ALL, EFF__PAR_PAIR, site, "eff_zip_par", a, b);
}

static eff_value_t call_zip(eff_value_t pair, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return ((eff_zip_fn)c->fn)(eff_first(pair), eff_second(pair), c->env);
}

eff_t *eff_zip_par_with_at(eff_site_t site, eff_t *a, eff_t *b, eff_zip_fn f, eff_value_t env)
{
    if (!f) return eff__refuse(site, "eff_zip_par_with", 2, (eff_t *[]){ a, b }, false, env);
    eff_t *pair = two_sides(EFF__PAR_ALL, EFF__PAR_PAIR, site, "eff_zip_par_with", a, b);
    return eff__derived_bind(EFF__OP_MAP, pair, (eff_any_fn)call_zip,
                             (struct eff__closure){
                                 .builder = "eff_zip_par_with", .site = site, .fn = (eff_any_fn)f, .env = env });
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

static eff_t *race_of_many(uint8_t flags, eff_site_t site, const char *builder, size_t n, eff_t *const *effects)
{
    if (n == 0) return eff__mistake_at(site, "%s was given no effect", builder);
    if (!effects) return eff__mistake_at(site, "the list of %s is NULL", builder);
    return eff__par_node(EFF__PAR_RACE, EFF__PAR_MANY | flags, site, builder, n, effects);
}

eff_t *eff_race_all_at(eff_site_t site, size_t n, eff_t *const *effects)
{
    return race_of_many(0, site, "eff_race_all", n, effects);
}

eff_t *eff_race_indexed_at(eff_site_t site, size_t n, eff_t *const *effects)
{
    return race_of_many(EFF__PAR_INDEXED, site, "eff_race_indexed", n, effects);
}

eff_t *eff_race_first_at(eff_site_t site, eff_t *a, eff_t *b)
{
    return two_sides(EFF__PAR_RACE_FIRST, 0, site, "eff_race_first", a, b);
}

/* ---- items to their end, whatever becomes of the others: their failures come among the results */

/* Such a value needs no allocation: its payload is the cause itself, whose header says how it is counted and dropped. */
const eff_type_t eff__failed_type = { .name = "failed item", .flags = EFF_TYPE_COUNTED };

/* What an item failed with, borrowed; NULL when it succeeded. */
static const eff_cause_t *cause_in(eff_value_t result)
{
    return result.type == &eff__failed_type ? result.ptr : NULL;
}

/* Whether an item's failure is an expected one, and *ret_error its error, borrowed. */
static bool is_expected(const eff_cause_t *cause, eff_value_t *ret_error)
{
    return !eff_cause_has_die(cause) && eff_cause_failure(cause, ret_error);
}

/* What became of the items. */
struct tally {
    size_t n_failed, n_errors; /* items that failed, and those of them that did so expectedly */
    bool died;                 /* one of them has a defect */
};

static struct tally count(const struct eff__array *results)
{
    struct tally t = { 0, 0, false };
    for (size_t i = 0; i < results->n; i++) {
        const eff_cause_t *cause = cause_in(results->items[i]);
        eff_value_t error;
        if (!cause) continue;
        t.n_failed++;
        if (is_expected(cause, &error)) t.n_errors++;
        else if (eff_cause_has_die(cause)) t.died = true;
    }
    return t;
}

/* The errors, or with `successes` the values, in input order: n of them. */
static eff_value_t pick(const struct eff__array *results, size_t n, bool successes)
{
    eff_value_t *items, array = eff__array_new(n, &items);
    if (!items) return array;
    for (size_t i = 0, k = 0; i < results->n && k < n; i++) {
        const eff_cause_t *cause = cause_in(results->items[i]);
        eff_value_t error;
        if (!cause && successes) items[k++] = eff_value_incref(results->items[i]);
        else if (cause && !successes && is_expected(cause, &error)) items[k++] = eff_value_incref(error);
    }
    return array;
}

/* `all` with Both of the items' causes after it, in input order; expected failures only if asked for. Consumes `all`,
 * which may be NULL. */
static eff_cause_t *and_causes(eff_cause_t *all, const struct eff__array *results, bool expected_too)
{
    for (size_t i = 0; i < results->n; i++) {
        const eff_cause_t *cause = cause_in(results->items[i]);
        eff_value_t error;
        if (!cause || (!expected_too && is_expected(cause, &error))) continue;
        eff_cause_t *right = eff_cause_incref(cause);
        all = all ? eff_cause_both(all, right) : right;
        if (all == eff__cause_oom) break;
    }
    return all;
}

static eff_t *collect(eff_site_t site, const char *builder, eff_value_t items, eff_bind_fn f, eff_value_t env, size_t n,
                      eff_bind_fn then)
{
    eff_t *each = eff__each_node(EFF__PARALLEL | EFF__COLLECT, site, builder, items, f, env, n);
    return eff__derived_bind(EFF__OP_FLAT_MAP, each, (eff_any_fn)then,
                             (struct eff__closure){ .builder = builder, .site = site, .env = eff_unit });
}

static eff_t *validated(eff_value_t array, eff_value_t env)
{
    eff_site_t site = eff__closure_of(env)->site;
    const struct eff__array *results = array.ptr;
    struct tally t = count(results);
    if (t.n_failed == 0) return eff_succeed_at(site, eff_value_incref(array));
    if (t.died) return eff_fail_cause_at(site, and_causes(NULL, results, true));
    if (t.n_errors == 0) return eff_fail_cause_at(site, and_causes(NULL, results, false));
    eff_value_t errors = pick(results, t.n_errors, false);
    if (t.n_errors == t.n_failed) return eff_fail_at(site, errors);
    return eff_fail_cause_at(site, and_causes(eff_cause_fail(errors), results, false));
}

eff_t *eff_validate_par_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env, size_t n)
{
    return collect(site, "eff_validate_par", items, f, env, n, validated);
}

static eff_t *partitioned(eff_value_t array, eff_value_t env)
{
    eff_site_t site = eff__closure_of(env)->site;
    const struct eff__array *results = array.ptr;
    struct tally t = count(results);
    if (t.n_errors < t.n_failed) return eff_fail_cause_at(site, and_causes(NULL, results, false));
    eff_value_t errors = pick(results, t.n_errors, false);
    eff_value_t values = t.n_failed ? pick(results, results->n - t.n_failed, true) : eff_value_incref(array);
    return eff_succeed_at(site, eff_pair(errors, values));
}

eff_t *eff_partition_par_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t env, size_t n)
{
    return collect(site, "eff_partition_par", items, f, env, n, partitioned);
}

/* ---- one value out of all results */

/* The value of f, which the builder's reader knows by this name, in place of *acc. NULL, or how it went wrong. */
static eff_t *advance(eff_value_t *acc, const struct eff__closure *c, eff_zip_fn f, const char *name, eff_value_t v,
                      eff_value_t env)
{
    eff_value_t next = f(*acc, v, env);
    if (!next.type) return eff__returned_absent(c->site, c->builder, name);
    if (eff_is_oom(next)) return eff_out_of_memory();
    eff_value_decref(*acc);
    *acc = next;
    return NULL;
}

/* env of the closure: pair(initial, the user's). */
static eff_t *reduced(eff_value_t array, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    const struct eff__array *results = array.ptr;
    eff_value_t acc = eff_value_incref(eff_first(c->env));
    eff_t *failed = NULL;
    for (size_t i = 0; i < results->n && !failed; i++)
        failed = advance(&acc, c, (eff_zip_fn)c->fn, "combine", results->items[i], eff_second(c->env));
    if (!failed) return eff_succeed_at(c->site, acc);
    eff_value_decref(acc);
    return failed;
}

eff_t *eff_reduce_par_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t initial, eff_zip_fn combine,
                         eff_value_t env, size_t n)
{
    static const char builder[] = "eff_reduce_par";
    const eff_value_t values[] = { items, initial, env };
    if (!f) return eff__refuse_fn(site, builder, 2, "f", eff_noop(), 3, values);
    if (!combine) return eff__refuse_fn(site, builder, 4, "combine", eff_noop(), 3, values);
    if (!eff__value_usable(items) || !eff__value_usable(initial) || !eff__value_usable(env))
        return eff__refuse_values(site, builder, true, 3, values);
    eff_value_t env_again = eff_value_incref(env);
    eff_t *each = eff__each_node(EFF__PARALLEL, site, builder, items, f, env, n);
    return eff__derived_bind(EFF__OP_FLAT_MAP, each, (eff_any_fn)reduced,
                             (struct eff__closure){ .builder = builder,
                                                    .site = site,
                                                    .fn = (eff_any_fn)combine,
                                                    .env = eff_pair(initial, env_again) });
}

/* One run of merge_all; the environment of its items. */
struct merging {
    eff_value_t plan; /* the builder's closure, shared by all runs */
    eff_value_t env;  /* the user's, borrowed from the plan */
    eff_value_t acc;  /* of the results so far, owned */
    bool broken;      /* a merge has failed: no other is begun */
};

static void merging_drop(void *payload)
{
    struct merging *m = payload;
    eff_value_decref(m->plan);
    eff_value_decref(m->acc);
}
static const eff_type_t merging_type = {
    .size = sizeof(struct merging), .name = "merging", .drop = merging_drop, .flags = EFF_TYPE_COUNTED
};

static eff_t *merge_in(eff_value_t v, eff_value_t env)
{
    struct merging *m = env.ptr;
    const struct eff__closure *c = eff__closure_of(m->plan);
    /* Items that end in the turn of the failure have nothing to be merged into. */
    if (m->broken) return eff_noop();
    eff_t *failed = advance(&m->acc, c, (eff_zip_fn)c->when, "merge", v, m->env);
    m->broken = failed != NULL;
    return failed ? failed : eff_noop();
}

static eff_t *run_merged(eff_value_t item, eff_value_t env)
{
    struct merging *m = env.ptr;
    const struct eff__closure *c = eff__closure_of(m->plan);
    eff_t *e = ((eff_bind_fn)c->fn)(item, m->env);
    return e ? eff_flat_map_at(c->site, e, merge_in, eff_value_incref(env)) : NULL;
}

static eff_value_t take_merged(eff_value_t v, eff_value_t env)
{
    (void)v;
    struct merging *m = env.ptr;
    eff_value_t acc = m->acc;
    m->acc = eff_unit;
    return acc;
}

/* env of the closure: pair(pair(items, initial), the user's). */
static eff_t *start_merging(eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    struct merging *m = eff__payload_alloc(&merging_type, sizeof *m);
    if (!m) return eff_out_of_memory();
    eff_value_t items = eff_first(eff_first(c->env)), initial = eff_second(eff_first(c->env));
    eff_value_t merging = { .type = &merging_type, .ptr = m };
    m->plan = eff_value_incref(env);
    m->env = eff_second(c->env);
    m->acc = eff_value_incref(initial);
    m->broken = false;
    eff_value_t merging_again = eff_value_incref(merging);
    eff_t *each = eff__each_node(EFF__PARALLEL | EFF__DISCARD, c->site, c->builder, eff_value_incref(items), run_merged,
                                 merging, c->limit);
    return eff_map_at(c->site, each, take_merged, merging_again);
}

eff_t *eff_merge_all_at(eff_site_t site, eff_value_t items, eff_bind_fn f, eff_value_t initial, eff_zip_fn merge,
                        eff_value_t env, size_t n)
{
    static const char builder[] = "eff_merge_all";
    const eff_value_t values[] = { items, initial, env };
    if (!f) return eff__refuse_fn(site, builder, 2, "f", eff_noop(), 3, values);
    if (!merge) return eff__refuse_fn(site, builder, 4, "merge", eff_noop(), 3, values);
    if (!eff__value_usable(items) || !eff__value_usable(initial) || !eff__value_usable(env))
        return eff__refuse_values(site, builder, true, 3, values);
    eff_value_t parts = eff_pair(items, initial);
    eff_value_t closure = eff__closure_new((struct eff__closure){ .builder = builder,
                                                                  .site = site,
                                                                  .fn = (eff_any_fn)f,
                                                                  .when = (eff_any_fn)merge,
                                                                  .limit = n,
                                                                  .env = eff_pair(parts, env) });
    return eff__call_node(EFF__OP_SUSPEND, site, builder, (eff_any_fn)start_merging, closure);
}
