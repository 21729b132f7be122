/* Wiring: from the parts, in any order, to the order of building (Kahn 1962, "Topological sorting of large networks").
 *
 * A table of all services that the parts provide tells for each need the part it comes from. Parts then leave one after
 * the other, first those that wait for nobody; when none can leave, those that are left wait in circles. One of them is
 * found by walking from a part to one that it waits for, until a part comes up again; it is told, its parts leave, and so
 * on until all have left.
 */
#include "layers/layer_wire.h"

#include <string.h>

#include "core/context.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/sink.h"

bool eff__layer_is_same(const eff_layer_t *a, const eff_layer_t *b)
{
    if (a == b) return true;
    if (!a->def || a->def != b->def || a->kind != b->kind) return false;
    return a->kind == EFF__LAYER_DEF || eff_value_equal(a->value, b->value);
}

/* Whether two parts are, whatever they are called. */
static bool is_one(const eff_layer_t *a, const eff_layer_t *b)
{
    if (a->kind == EFF__LAYER_NAMED) a = a->parts[0];
    if (b->kind == EFF__LAYER_NAMED) b = b->parts[0];
    return eff__layer_is_same(a, b);
}

static void add_escaped(const char *text, eff_buffer_t *out)
{
    struct eff__sink sink = { .buffer = out };
    eff__sink_escaped(&sink, text, strlen(text));
}

void eff__tag_add_name(const eff_tag_t *tag, eff_buffer_t *out)
{
    add_escaped(eff__tag_name(tag), out);
}

void eff__layer_add_name(const eff_layer_t *layer, eff_buffer_t *out)
{
    eff_buffer_t name = EFF_BUFFER_INIT;
    eff__layer_name(layer, &name);
    if (name.truncated) out->truncated = true;
    add_escaped(eff_buffer_text(&name), out);
    eff_buffer_done(&name);
}

/* ---- which part provides which service: a hash table with open addressing */

struct provider {
    const eff_tag_t *tag; /* NULL: free */
    size_t part;
};

struct work {
    const eff_layer_t *wire;
    struct eff__wiring *w;
    eff_buffer_t *problems;
    int n_problems;
    struct provider *providers; /* mask + 1, of which at most half are taken */
    size_t mask;
    size_t *n_left;     /* for each part: how many of those that it waits for have not left */
    size_t *seen;       /* for each part: the last part or walk that came to it, plus 1 */
    size_t *first_user; /* n + 1: where those that wait for a part begin in `users` */
    size_t *users;
    bool *has_left;
};

static struct provider *slot_of(const struct work *k, const eff_tag_t *tag)
{
    size_t at = (size_t)eff__hash_mix((uintptr_t)tag) & k->mask;
    while (k->providers[at].tag && k->providers[at].tag != tag)
        at = (at + 1) & k->mask;
    return &k->providers[at];
}

static const eff_layer_t *part_of(const struct work *k, size_t i)
{
    return k->wire->parts[i];
}

/* Begins a line, and counts it; false: nobody wants to read it. */
static bool begin_problem(struct work *k)
{
    k->n_problems++;
    if (!k->problems) return false;
    eff__layer_add_name(k->wire, k->problems);
    eff_buffer_add(k->problems, ": ");
    return true;
}

static void tell_two_providers(struct work *k, const eff_tag_t *tag, size_t first, size_t second)
{
    if (!begin_problem(k)) return;
    eff__layer_add_name(part_of(k, first), k->problems);
    eff_buffer_add(k->problems, " and ");
    eff__layer_add_name(part_of(k, second), k->problems);
    eff_buffer_add(k->problems, " both provide ");
    eff__tag_add_name(tag, k->problems);
    eff_buffer_add(k->problems, "; leave one of them out\n");
}

static void fill_providers(struct work *k)
{
    for (size_t i = 0; i < k->w->n; i++)
        for (size_t j = 0; j < part_of(k, i)->n_provides; j++) {
            const eff_tag_t *tag = part_of(k, i)->provides[j];
            struct provider *slot = slot_of(k, tag);
            if (!slot->tag) *slot = (struct provider){ tag, i };
            else if (!is_one(part_of(k, slot->part), part_of(k, i))) tell_two_providers(k, tag, slot->part, i);
        }
}

/* ---- who waits for whom */

static void fill_waits(struct work *k)
{
    struct eff__wiring *w = k->w;
    size_t n_needs = 0, n_waits = 0;
    for (size_t i = 0; i < w->n; i++) {
        const eff_layer_t *part = part_of(k, i);
        w->first_need[i] = n_needs;
        w->first_wait[i] = n_waits;
        for (size_t j = 0; j < part->n_needs; j++) {
            const struct provider *slot = slot_of(k, part->needs[j]);
            /* What a part needs and provides itself, it makes of the one that is around. */
            bool around = !slot->tag || is_one(part_of(k, slot->part), part);
            size_t from = around ? EFF__AROUND : slot->part;
            w->from[n_needs++] = from;
            if (around || k->seen[from] == i + 1) continue;
            k->seen[from] = i + 1;
            w->waits[n_waits++] = from;
        }
    }
    w->first_need[w->n] = n_needs;
    w->first_wait[w->n] = n_waits;
}

/* The same the other way round. */
static void fill_users(struct work *k)
{
    struct eff__wiring *w = k->w;
    size_t n = w->n, n_waits = w->first_wait[n];
    memset(k->first_user, 0, (n + 1) * sizeof *k->first_user);
    for (size_t i = 0; i < n_waits; i++)
        k->first_user[w->waits[i] + 1]++;
    for (size_t i = 0; i < n; i++)
        k->first_user[i + 1] += k->first_user[i];
    for (size_t i = 0; i < n; i++)
        k->n_left[i] = k->first_user[i]; /* for now: where the next one of its users goes */
    for (size_t i = 0; i < n; i++)
        for (size_t j = w->first_wait[i]; j < w->first_wait[i + 1]; j++)
            k->users[k->n_left[w->waits[j]]++] = i;
    for (size_t i = 0; i < n; i++)
        k->n_left[i] = w->first_wait[i + 1] - w->first_wait[i];
}

/* ---- the order, and circles */

/* Which of the needs of part i comes from part j. */
static const eff_tag_t *need_from(const struct work *k, size_t i, size_t j)
{
    for (size_t at = k->w->first_need[i]; at < k->w->first_need[i + 1]; at++)
        if (k->w->from[at] == j) return part_of(k, i)->needs[at - k->w->first_need[i]];
    return NULL;
}

static size_t next_in_circle(const struct work *k, size_t i)
{
    const struct eff__wiring *w = k->w;
    for (size_t at = w->first_wait[i]; at < w->first_wait[i + 1]; at++)
        if (!k->has_left[w->waits[at]]) return w->waits[at];
    return i;
}

static void tell_circle(struct work *k, size_t start)
{
    if (!begin_problem(k)) return;
    eff_buffer_add(k->problems, "a circle: ");
    eff__layer_add_name(part_of(k, start), k->problems);
    size_t i = start;
    do {
        size_t next = next_in_circle(k, i);
        eff_buffer_add(k->problems, i == start ? " needs " : ", which needs ");
        eff__tag_add_name(need_from(k, i, next), k->problems);
        eff_buffer_add(k->problems, ", provided by ");
        eff__layer_add_name(part_of(k, next), k->problems);
        i = next;
    } while (i != start);
    eff_buffer_add(k->problems, "; let one of them ask for it when it is used, not when it is built\n");
}

static void leave(struct work *k, size_t i, size_t *n_out)
{
    if (k->has_left[i]) return;
    k->has_left[i] = true;
    k->w->order[(*n_out)++] = i;
}

/* Lets those leave that wait for nobody any more, beginning behind the done-th that has left. Returns how many are done. */
static size_t let_users_leave(struct work *k, size_t done, size_t *n_out)
{
    for (; done < *n_out; done++) {
        size_t i = k->w->order[done];
        for (size_t at = k->first_user[i]; at < k->first_user[i + 1]; at++)
            if (--k->n_left[k->users[at]] == 0) leave(k, k->users[at], n_out);
    }
    return done;
}

/* Lets the parts of a circle leave, which has to be told while all of them are there. */
static void break_circle(struct work *k, size_t start, size_t *n_out)
{
    tell_circle(k, start);
    size_t begin = *n_out, i = start;
    do {
        k->w->order[(*n_out)++] = i;
        i = next_in_circle(k, i);
    } while (i != start);
    for (size_t at = begin; at < *n_out; at++)
        k->has_left[k->w->order[at]] = true;
}

static void fill_order(struct work *k)
{
    size_t n = k->w->n, n_out = 0, done = 0, walk = 0, first = 0;
    memset(k->seen, 0, n * sizeof *k->seen);
    for (size_t i = 0; i < n; i++)
        if (k->n_left[i] == 0) leave(k, i, &n_out);
    done = let_users_leave(k, done, &n_out);
    while (n_out < n) {
        if (k->has_left[first]) {
            first++;
            continue;
        }
        size_t i = first;
        for (walk++; k->seen[i] != walk; i = next_in_circle(k, i))
            k->seen[i] = walk;
        break_circle(k, i, &n_out);
        done = let_users_leave(k, done, &n_out);
    }
}

/* ---- memory: one block for what is kept, one for what is not */

int eff__wiring_make(const eff_layer_t *wire, struct eff__wiring *ret_wiring, eff_buffer_t *problems)
{
    size_t n = wire->n_parts, n_provides = 0, n_needs = 0, n_slots = 2;
    for (size_t i = 0; i < n; i++) {
        n_provides += wire->parts[i]->n_provides;
        n_needs += wire->parts[i]->n_needs;
    }
    while (n_slots < 2 * n_provides)
        n_slots *= 2;

    struct eff__wiring *w = ret_wiring;
    *w = (struct eff__wiring){ .n = n, .size = (3 * n + 2 + 2 * n_needs) * sizeof(size_t) };
    struct work k = { .wire = wire, .w = w, .problems = problems, .mask = n_slots - 1 };
    size_t size = n_slots * sizeof *k.providers + (3 * n + 1 + n_needs) * sizeof(size_t) + n;
    w->order = eff__alloc(w->size);
    k.providers = eff__alloc(size);
    if (!w->order || !k.providers) {
        if (w->order) eff__free(w->order, w->size);
        if (k.providers) eff__free(k.providers, size);
        w->order = NULL;
        return -1;
    }
    w->first_need = w->order + n;
    w->first_wait = w->first_need + n + 1;
    w->from = w->first_wait + n + 1;
    w->waits = w->from + n_needs;
    memset(k.providers, 0, size);
    k.n_left = (size_t *)(void *)(k.providers + n_slots);
    k.seen = k.n_left + n;
    k.first_user = k.seen + n;
    k.users = k.first_user + n + 1;
    k.has_left = (bool *)(void *)(k.users + n_needs);

    fill_providers(&k);
    fill_waits(&k);
    fill_users(&k);
    fill_order(&k);
    eff__free(k.providers, size);
    return k.n_problems;
}

void eff__wiring_done(struct eff__wiring *wiring)
{
    if (wiring->order) eff__free(wiring->order, wiring->size);
    wiring->order = NULL;
}
