/* Random: the service, the system's and the seeded one, and the operations that draw.
 *
 * Everything drawn is made of 64-bit words. An operation is a `struct draw`, which takes word after word until what it
 * makes is made; so one piece of code says what becomes of the words, wherever they come from:
 *
 *     the system's, or a seeded generator:   a loop in plain C, within one instruction
 *     a Random of the user's:                a loop of effects: next, take, next, take ...
 */
#include <effect/random.h>

#include <string.h>

#include "core/build.h"
#include "core/collection.h"
#include "core/misuse.h"
#include "layers/layer.h"
#include "runtime/prim.h"
#include "runtime/runtime.h"

/* ---- the operations */

struct drawing;

/* An operation: an instruction whose value is what it was asked for. */
struct draw {
    struct eff__prim prim;
    /* Makes room for what is made; NULL when that takes none. False when nothing has to be drawn. */
    bool (*begin)(struct drawing *d);
    /* Takes 64 random bits; true when d->made is done. */
    bool (*take)(struct drawing *d, uint64_t bits);
};

/* One run of an operation. */
struct drawing {
    const struct draw *draw;
    eff_value_t asked; /* the instruction's value, borrowed in plain C, else owned */
    eff_value_t made;  /* the result, owned; absent before there is one */
    union {
        unsigned char *bytes; /* of a result under way, that n are left of */
        eff_value_t *items;   /* the same */
        uint64_t high;        /* the first word of two */
    };
    size_t n;
    eff_random_t *random; /* that the words come from, borrowed; NULL in plain C */
};

struct span {
    int64_t min, max;
};

static const eff_type_t span_type = { .size = sizeof(struct span),
                                      .name = "span of integers",
                                      .flags = EFF_TYPE_COUNTED };

/* An integer below n, or any when n is 0. Of the 2^64 products of a word and n, whose upper half is the result, each
 * result has floor(2^64 / n) in any row of products that leaves out the same 2^64 mod n of lower halves. Lemire leaves
 * out the least ones; here it is the greatest, so that words of zeros and of ones are never refused. */
static bool below(uint64_t n, uint64_t bits, uint64_t *ret_result)
{
    __extension__ typedef unsigned __int128 product_t;
    if (n == 0) {
        *ret_result = bits;
        return true;
    }
    product_t product = (product_t)bits * n;
    *ret_result = (uint64_t)(product >> 64);
    uint64_t low = (uint64_t)product, room = UINT64_MAX - low;
    return room >= n || room >= (0 - n) % n; /* the division is hardly ever reached */
}

static bool take_bits(struct drawing *d, uint64_t bits)
{
    d->made = eff_int((int64_t)bits);
    return true;
}

static bool take_int(struct drawing *d, uint64_t bits)
{
    const struct span *s = d->asked.ptr;
    uint64_t n = (uint64_t)s->max - (uint64_t)s->min + 1, result;
    if (!below(n, bits, &result)) return false;
    d->made = eff_int((int64_t)((uint64_t)s->min + result));
    return true;
}

static bool take_double(struct drawing *d, uint64_t bits)
{
    d->made = eff_double((double)(bits >> 11) * 0x1.0p-53);
    return true;
}

static bool take_bool(struct drawing *d, uint64_t bits)
{
    d->made = eff_bool(bits >> 63);
    return true;
}

static bool begin_bytes(struct drawing *d)
{
    d->n = (size_t)d->asked.integer;
    d->made = eff__bytes_new(d->n, &d->bytes);
    return d->bytes && d->n > 0;
}
static bool take_bytes(struct drawing *d, uint64_t bits)
{
    for (int i = 0; i < 8 && d->n > 0; i++, d->n--, bits >>= 8)
        *d->bytes++ = (unsigned char)bits;
    return d->n == 0;
}

/* Version and variant stand in fixed places: RFC 9562, 5.4. */
static bool take_uuid(struct drawing *d, uint64_t bits)
{
    if (d->n++ == 0) {
        d->high = (bits & ~UINT64_C(0xf000)) | 0x4000;
        return false;
    }
    uint64_t low = (bits & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63;
    d->made = eff_printf("%08x-%04x-%04x-%04x-%012llx", (unsigned)(d->high >> 32), (unsigned)(d->high >> 16 & 0xffff),
                         (unsigned)(d->high & 0xffff), (unsigned)(low >> 48),
                         (unsigned long long)(low & UINT64_C(0xffffffffffff)));
    return true;
}

static bool take_pick(struct drawing *d, uint64_t bits)
{
    uint64_t i;
    if (!below(eff_array_size(d->asked), bits, &i)) return false;
    d->made = eff_value_incref(eff_array_at(d->asked, (size_t)i));
    return true;
}

static int64_t weight_of(eff_value_t pairs, size_t i)
{
    return eff_as_int(eff_first(eff_array_at(pairs, i)));
}

static bool take_weighted(struct drawing *d, uint64_t bits)
{
    uint64_t sum = 0, at;
    size_t n = eff_array_size(d->asked), i = 0;
    for (size_t j = 0; j < n; j++)
        sum += (uint64_t)weight_of(d->asked, j);
    if (!below(sum, bits, &at)) return false;
    for (uint64_t weight; at >= (weight = (uint64_t)weight_of(d->asked, i)); i++)
        at -= weight;
    d->made = eff_value_incref(eff_second(eff_array_at(d->asked, i)));
    return true;
}

static bool begin_shuffle(struct drawing *d)
{
    d->n = eff_array_size(d->asked);
    d->made = eff__array_new(d->n, &d->items);
    if (eff_is_oom(d->made)) return false;
    for (size_t i = 0; i < d->n; i++)
        d->items[i] = eff_value_incref(eff_array_at(d->asked, i));
    return d->n > 1;
}
static bool take_shuffle(struct drawing *d, uint64_t bits)
{
    uint64_t i;
    if (!below(d->n, bits, &i)) return false;
    eff_value_t *last = &d->items[--d->n], picked = d->items[i];
    d->items[i] = *last;
    *last = picked;
    return d->n == 1;
}

static int draw_run(eff_fiber_t *f, eff_t *e, bool alone);
static const struct draw bits_draw = { { "random_bits", draw_run }, NULL, take_bits };
static const struct draw int_draw = { { "random_int", draw_run }, NULL, take_int };
static const struct draw double_draw = { { "random_double", draw_run }, NULL, take_double };
static const struct draw bool_draw = { { "random_bool", draw_run }, NULL, take_bool };
static const struct draw bytes_draw = { { "random_bytes", draw_run }, begin_bytes, take_bytes };
static const struct draw uuid_draw = { { "random_uuid", draw_run }, NULL, take_uuid };
static const struct draw pick_draw = { { "random_pick", draw_run }, NULL, take_pick };
static const struct draw weighted_draw = { { "random_pick_weighted", draw_run }, NULL, take_weighted };
static const struct draw shuffle_draw = { { "random_shuffle", draw_run }, begin_shuffle, take_shuffle };

/* ---- the system's */

static int system_run(eff_fiber_t *f, eff_t *e, bool alone);
static const struct eff__prim system_prim = { "random_next", system_run };

static eff_t *system_next(eff_random_t *random)
{
    (void)random;
    return eff__prim_node_plain(NULL, &system_prim, eff_unit);
}

static eff_random_t system_random = { .size = sizeof(eff_random_t), .next = system_next };

EFF_DEFINE_DEFAULT_SERVICE(eff_random, eff_random_t, &system_random);

static int no_entropy(eff_fiber_t *f, int err)
{
    return eff__prim_cause(f, eff_cause_die(eff_error_errno(err, "the system gives no random numbers")));
}

static int system_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    uint64_t bits;
    (void)e, (void)alone;
    int err = eff__entropy_draw(&f->rt->entropy, &bits);
    return err ? no_entropy(f, err) : eff__prim_value(f, eff_int((int64_t)bits));
}

/* ---- a seeded one */

struct seeded {
    eff_random_t random; /* first: the value's payload is the service */
    uint64_t s[4];       /* the state of xoshiro256**; never all 0 */
};

static const eff_type_t seeded_type = { .size = sizeof(struct seeded),
                                        .name = "seeded random",
                                        .flags = EFF_TYPE_COUNTED };

static uint64_t rotated(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static uint64_t seeded_bits(struct seeded *g)
{
    uint64_t *s = g->s, result = rotated(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotated(s[3], 45);
    return result;
}

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static eff_value_t seeded_draw(eff_value_t env)
{
    return eff_int((int64_t)seeded_bits(eff_as_ptr(env)));
}
static eff_t *seeded_next(eff_random_t *random)
{
    return eff_sync_at(NULL, seeded_draw, eff_ptr(random));
}

eff_value_t eff_random_seeded_value(uint64_t seed)
{
    struct seeded *g = eff__payload_alloc(&seeded_type, sizeof *g);
    if (!g) return eff_oom_value();
    g->random = (eff_random_t){ .size = sizeof g->random, .next = seeded_next };
    for (int i = 0; i < 4; i++)
        g->s[i] = splitmix(&seed);
    return (eff_value_t){ .type = &seeded_type, .ptr = g };
}

/* ---- layers */

eff_layer_t *eff_random_live(void)
{
    return eff__layer_named(NULL, eff_layer_succeed(&eff_random_tag, eff_random_value(&system_random)),
                            "eff_random_live");
}

static eff_value_t make_seeded(eff_value_t seed)
{
    return eff_random_seeded_value((uint64_t)eff_as_int(seed));
}

eff_layer_t *eff_random_seeded(uint64_t seed)
{
    return eff__layer_named(NULL, eff_layer_sync_at(NULL, &eff_random_tag, make_seeded, eff_int((int64_t)seed)),
                            "eff_random_seeded");
}

/* ---- drawing from a Random of the user's */

static void drawing_drop(void *payload)
{
    struct drawing *d = payload;
    eff_value_decref(d->asked);
    eff_value_decref(d->made);
}
static const eff_type_t drawing_type = {
    .size = sizeof(struct drawing), .name = "drawing", .drop = drawing_drop, .flags = EFF_TYPE_COUNTED
};

static eff_t *take_next(eff_value_t bits, eff_value_t drawing);

static eff_t *draw_next(eff_value_t drawing)
{
    struct drawing *d = drawing.ptr;
    eff_t *next = d->random->next(d->random);
    if (!next) return eff__mistake(NULL, "the .next of the Random in effect returned NULL");
    return eff_flat_map_at(NULL, next, take_next, eff_value_incref(drawing));
}
static eff_t *take_next(eff_value_t bits, eff_value_t drawing)
{
    struct drawing *d = drawing.ptr;
    if (!d->draw->take(d, (uint64_t)eff_as_int(bits))) return draw_next(drawing);
    return eff_succeed_at(NULL, eff_value_incref(d->made));
}

static eff_t *draw_from(eff_random_t *random, eff_value_t drawing)
{
    struct drawing *d = drawing.ptr;
    if (random->size < offsetof(eff_random_t, next) + sizeof random->next || !random->next) {
        eff__misuse("the Random in effect does not say .size = sizeof(eff_random_t), or has no .next");
        return eff_noop();
    }
    d->random = random;
    if (!d->draw->begin || d->draw->begin(d)) return draw_next(drawing);
    return eff_succeed_at(NULL, eff_value_incref(d->made));
}

/* ---- the instruction */

/* Draws from the system, long rows of bytes past its reserve. @return 0, or an errno */
static int draw_from_system(struct eff__entropy *entropy, struct drawing *d)
{
    uint64_t bits;
    int err;
    if (d->draw == &bytes_draw && d->n > sizeof entropy->words) return eff__entropy_fill(d->bytes, d->n);
    do
        if ((err = eff__entropy_draw(entropy, &bits))) return err;
    while (!d->draw->take(d, bits));
    return 0;
}

static int draw_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct drawing d = { .draw = (const struct draw *)e->prim.prim, .asked = e->prim.value };
    eff_random_t *random = f->context ? eff_random_from(f->context) : &system_random;
    bool is_system = random && random->next == system_next, is_seeded = random && random->next == seeded_next;

    if (!is_system && !is_seeded) {
        struct drawing *kept = eff__payload_alloc(&drawing_type, sizeof *kept);
        if (!kept) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
        *kept = d;
        kept->asked = eff__prim_take_value(e, alone);
        return eff__prim_effect(f, eff_random_with_at(e->site, draw_from,
                                                      (eff_value_t){ .type = &drawing_type, .ptr = kept }));
    }
    int err = 0;
    if (!d.draw->begin || d.draw->begin(&d)) {
        if (is_system) err = draw_from_system(&f->rt->entropy, &d);
        else
            while (!d.draw->take(&d, seeded_bits((struct seeded *)(void *)random)))
                continue;
    }
    if (err) {
        eff_value_decref(d.made);
        return no_entropy(f, err);
    }
    if (eff_is_oom(d.made)) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    return eff__prim_value(f, d.made);
}

/* ---- builders */

static eff_t *draw_node(eff_site_t site, const struct draw *draw, eff_value_t asked)
{
    return eff__prim_node_plain(site, &draw->prim, asked);
}

eff_t *eff_random_bits_at(eff_site_t site)
{
    return draw_node(site, &bits_draw, eff_unit);
}

eff_t *eff_random_int_at(eff_site_t site, int64_t min, int64_t max)
{
    if (min > max)
        return eff__mistake_at(site, "eff_random_int was given %lld to %lld: the least comes first", (long long)min,
                               (long long)max);
    struct span *s = eff__payload_alloc(&span_type, sizeof *s);
    if (!s) return eff_out_of_memory();
    *s = (struct span){ min, max };
    return draw_node(site, &int_draw, (eff_value_t){ .type = &span_type, .ptr = s });
}

eff_t *eff_random_double_at(eff_site_t site)
{
    return draw_node(site, &double_draw, eff_unit);
}

eff_t *eff_random_bool_at(eff_site_t site)
{
    return draw_node(site, &bool_draw, eff_unit);
}

eff_t *eff_random_bytes_at(eff_site_t site, size_t n)
{
    return draw_node(site, &bytes_draw, eff_int((int64_t)n));
}

eff_t *eff_random_uuid_at(eff_site_t site)
{
    return draw_node(site, &uuid_draw, eff_unit);
}

/* What is wrong with an array that something is to be made of by chance; NULL when nothing is. Consumes it then. */
static eff_t *refuse_array(eff_site_t site, const char *builder, eff_value_t array)
{
    if (!eff__value_usable(array)) return eff__refuse_call(site, builder, true, array);
    if (eff_value_is(array, &eff_array_type)) return NULL;
    const char *type = eff_type_of(array)->name;
    eff_value_decref(array);
    return eff__mistake_at(site, "%s wants an array, not %s %s", builder, eff__article(type), type);
}

eff_t *eff_random_pick_at(eff_site_t site, eff_value_t array)
{
    eff_t *refused = refuse_array(site, "eff_random_pick", array);
    if (refused) return refused;
    if (eff_array_size(array) > 0) return draw_node(site, &pick_draw, array);
    eff_value_decref(array);
    return eff__mistake_at(site, "eff_random_pick was given no item to pick");
}

/* What is wrong with the pairs of eff_random_pick_weighted, or NULL. */
static const char *weights_mistake(eff_value_t pairs)
{
    int64_t sum = 0;
    for (size_t i = 0; i < eff_array_size(pairs); i++) {
        eff_value_t pair = eff_array_at(pairs, i);
        if (!eff_value_is(pair, &eff_pair_type) || !eff_value_is(eff_first(pair), &eff_int_type))
            return "an item that is no pair of an eff_int and what is to be picked";
        if (weight_of(pairs, i) < 0) return "a weight below 0";
        if (__builtin_add_overflow(sum, weight_of(pairs, i), &sum)) return "weights whose sum exceeds INT64_MAX";
    }
    return sum == 0 ? "no item of a weight above 0" : NULL;
}

eff_t *eff_random_pick_weighted_at(eff_site_t site, eff_value_t pairs)
{
    static const char builder[] = "eff_random_pick_weighted";
    eff_t *refused = refuse_array(site, builder, pairs);
    if (refused) return refused;
    const char *mistake = weights_mistake(pairs);
    if (!mistake) return draw_node(site, &weighted_draw, pairs);
    eff_value_decref(pairs);
    return eff__mistake_at(site, "%s was given %s", builder, mistake);
}

eff_t *eff_random_shuffle_at(eff_site_t site, eff_value_t array)
{
    eff_t *refused = refuse_array(site, "eff_random_shuffle", array);
    return refused ? refused : draw_node(site, &shuffle_draw, array);
}
