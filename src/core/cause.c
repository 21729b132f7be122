/* Causes: making them, counting references, and the questions asked of them.
 *
 * Invariant: a node's flags and numbers of leaves are those of its subtree from the moment it is made, so no question
 * here allocates or needs a stack. The leftmost Fail, Die or Interrupt is found by descending where the flags point.
 * Freeing a deep cause takes constant C stack, because a drop hook's decrefs only join the worklist of value.c.
 */
#include "core/cause.h"

#include <effect/error.h>

#include "core/cause_node.h"
#include "core/misuse.h"

static void cause_drop(void *payload)
{
    eff_cause_t *c = payload;
    eff__cause_drop_extras(c);
    switch ((eff_cause_tag_t)c->tag) {
    case EFF_CAUSE_EMPTY: break;
    case EFF_CAUSE_FAIL:
    case EFF_CAUSE_DIE: eff_value_decref(c->value); break;
    case EFF_CAUSE_INTERRUPT: eff_cause_decref(c->interrupt.origin); break;
    case EFF_CAUSE_THEN:
    case EFF_CAUSE_BOTH:
        eff_cause_decref(c->sides.left);
        eff_cause_decref(c->sides.right);
        break;
    }
}

const eff_type_t eff_cause_type = {
    .size = sizeof(struct eff_cause),
    .name = "cause",
    .drop = cause_drop,
    .equal = eff__cause_equal_hook,
    .hash = eff__cause_hash_hook,
    .compare = eff__cause_compare_hook,
    .format = eff__cause_format_hook,
    .to_json = eff__cause_json_hook,
    .flags = EFF_TYPE_COUNTED,
};

/* ---- the immortal ones, for when there is no memory */

static eff__static_cause empty_cause = { EFF__STATIC_HEADER(&eff_cause_type), { .tag = EFF_CAUSE_EMPTY } };
eff__static_cause eff__oom_cause_block = {
    EFF__STATIC_HEADER(&eff_cause_type),
    { .tag = EFF_CAUSE_DIE, .flags = EFF__CAUSE_HAS_DIE, .value = { .type = &eff_oom_type } },
};

/* Who interrupted, and from where, is lost. */
#define STATIC_INTERRUPT(why)                                                                                          \
    [why] = { EFF__STATIC_HEADER(&eff_cause_type),                                                                     \
              { .tag = EFF_CAUSE_INTERRUPT,                                                                            \
                .flags = EFF__CAUSE_HAS_INTERRUPT | EFF__CAUSE_HAS_CUT | EFF__CAUSE_CUT,                               \
                .reason = why } }
static eff__static_cause static_interrupts[] = {
    STATIC_INTERRUPT(EFF_INTERRUPT_EXPLICIT),     STATIC_INTERRUPT(EFF_INTERRUPT_SIBLING_FAILED),
    STATIC_INTERRUPT(EFF_INTERRUPT_RACE_LOST),    STATIC_INTERRUPT(EFF_INTERRUPT_TIMEOUT),
    STATIC_INTERRUPT(EFF_INTERRUPT_REGION_ENDED), STATIC_INTERRUPT(EFF_INTERRUPT_SHUTDOWN),
    STATIC_INTERRUPT(EFF_INTERRUPT_STOP),
};

eff_cause_t *const eff__cause_empty = &empty_cause.payload;
eff_cause_t *const eff__cause_oom = &eff__oom_cause_block.payload;

eff_cause_t *eff__cause_static_interrupt(eff_interrupt_reason_t reason)
{
    size_t n = sizeof static_interrupts / sizeof *static_interrupts;
    return &static_interrupts[(size_t)reason < n ? (size_t)reason : 0].payload;
}

const eff_cause_t *eff__cause_missing(void)
{
    eff__misuse("a cause is NULL");
    return eff__cause_empty;
}

/* ---- construction */

/* A leaf whose arm is still to be filled in; NULL when out of memory. */
static eff_cause_t *leaf_new(eff_cause_tag_t tag, uint8_t flags)
{
    eff_cause_t *c = eff__payload_make(&eff_cause_type, sizeof *c);
    if (!c) return NULL;
    *c = (struct eff_cause){ .tag = (uint8_t)tag, .flags = flags };
    return c;
}

static eff_cause_t *value_leaf(eff_cause_tag_t tag, uint8_t flags, eff_value_t v)
{
    if (v.type->flags & EFF_TYPE_OOM) return eff__cause_oom;
    eff_cause_t *c = leaf_new(tag, flags);
    if (!c) {
        eff_value_decref(v);
        return eff__cause_oom;
    }
    c->value = v;
    return c;
}

/* The defect of whoever passed an argument that is not there. */
static eff_cause_t *mistake(const char *what)
{
    return value_leaf(EFF_CAUSE_DIE, EFF__CAUSE_HAS_DIE, eff_literal(what));
}

eff_cause_t *eff_cause_empty(void)
{
    return eff__cause_empty;
}

eff_cause_t *eff_cause_fail(eff_value_t error)
{
    if (!error.type) return mistake("eff_cause_fail: the error is absent");
    return value_leaf(EFF_CAUSE_FAIL, EFF__CAUSE_HAS_FAIL, error);
}

eff_cause_t *eff_cause_die(eff_value_t defect)
{
    if (!defect.type) return mistake("eff_cause_die: the defect is absent");
    return value_leaf(EFF_CAUSE_DIE, EFF__CAUSE_HAS_DIE, defect);
}

eff_cause_t *eff_cause_interrupt(uint64_t by, eff_interrupt_reason_t reason, eff_site_t site)
{
    eff_cause_t *c = leaf_new(EFF_CAUSE_INTERRUPT, EFF__CAUSE_HAS_INTERRUPT);
    if (!c) return eff__cause_oom;
    c->reason = (uint8_t)reason;
    c->interrupt.by = by;
    c->interrupt.site = site;
    c->interrupt.origin = NULL;
    return c;
}

static size_t saturating_add(size_t a, size_t b)
{
    return a <= SIZE_MAX - b ? a + b : SIZE_MAX;
}

eff_cause_t *eff__cause_join(eff_cause_tag_t tag, eff_cause_t *left, eff_cause_t *right)
{
    eff_cause_t *c = leaf_new(tag, (left->flags | right->flags) & EFF__CAUSE_INHERITED);
    if (!c) return NULL;
    c->sides.left = left;
    c->sides.right = right;
    c->sides.n_fails = saturating_add(eff_cause_count(left, EFF_CAUSE_FAIL), eff_cause_count(right, EFF_CAUSE_FAIL));
    c->sides.n_dies = saturating_add(eff_cause_count(left, EFF_CAUSE_DIE), eff_cause_count(right, EFF_CAUSE_DIE));
    c->sides.n_interrupts =
        saturating_add(eff_cause_count(left, EFF_CAUSE_INTERRUPT), eff_cause_count(right, EFF_CAUSE_INTERRUPT));
    return c;
}

/* Joins two causes of which either may be Empty. Without memory: NULL, and nothing is consumed. */
static eff_cause_t *combine(eff_cause_tag_t tag, eff_cause_t *left, eff_cause_t *right)
{
    if (right->tag == EFF_CAUSE_EMPTY) {
        eff_cause_decref(right);
        return left;
    }
    if (left->tag == EFF_CAUSE_EMPTY) {
        eff_cause_decref(left);
        return right;
    }
    return eff__cause_join(tag, left, right);
}

static eff_cause_t *combine_or_oom(eff_cause_tag_t tag, eff_cause_t *left, eff_cause_t *right)
{
    const char *what = tag == EFF_CAUSE_THEN ? "eff_cause_then: a cause is NULL" : "eff_cause_both: a cause is NULL";
    if (!left) left = mistake(what);
    if (!right) right = mistake(what);
    eff_cause_t *c = combine(tag, left, right);
    if (c) return c;
    eff_cause_decref(left);
    eff_cause_decref(right);
    return eff__cause_oom;
}

static eff_cause_t *combine_or_keep(eff_cause_tag_t tag, eff_cause_t *keep, eff_cause_t *other)
{
    if (!other) return keep ? keep : eff__cause_empty;
    if (!keep) return other;
    eff_cause_t *c = combine(tag, keep, other);
    if (c) return c;
    eff__cause_mark_cut(keep);
    eff_cause_decref(other);
    return keep;
}

eff_cause_t *eff_cause_then(eff_cause_t *first, eff_cause_t *later)
{
    return combine_or_oom(EFF_CAUSE_THEN, first, later);
}

eff_cause_t *eff_cause_both(eff_cause_t *left, eff_cause_t *right)
{
    return combine_or_oom(EFF_CAUSE_BOTH, left, right);
}

eff_cause_t *eff__cause_then_or_keep(eff_cause_t *keep, eff_cause_t *later)
{
    return combine_or_keep(EFF_CAUSE_THEN, keep, later);
}

eff_cause_t *eff__cause_both_or_keep(eff_cause_t *keep, eff_cause_t *right)
{
    return combine_or_keep(EFF_CAUSE_BOTH, keep, right);
}

/* ---- counts */

eff_cause_t *eff_cause_incref(const eff_cause_t *cause)
{
    return eff__payload_retain((void *)(uintptr_t)eff__cause_given(cause));
}

void eff_cause_decref(const eff_cause_t *cause)
{
    if (!cause || !eff__count_dec(&eff__header_of(cause)->count)) return;
    bool bare = cause->tag == EFF_CAUSE_INTERRUPT && !cause->notes && !cause->trace && !cause->interrupt.origin;
    if (__builtin_expect(bare, 1)) eff__payload_dealloc((void *)(uintptr_t)cause); /* of a race that somebody won */
    else eff__payload_died((void *)(uintptr_t)cause);
}

eff_value_t eff_cause_value(eff_cause_t *cause)
{
    return eff__cause_as_value(eff__cause_given(cause));
}

const eff_cause_t *eff_as_cause(eff_value_t v)
{
    if (v.type == &eff_cause_type) return v.ptr;
    (void)eff__wrong_type(v, &eff_cause_type);
    return eff__cause_empty;
}

/* ---- questions */

eff_cause_tag_t eff_cause_tag(const eff_cause_t *cause)
{
    return (eff_cause_tag_t)eff__cause_given(cause)->tag;
}

bool eff_cause_has_fail(const eff_cause_t *cause)
{
    return eff__cause_given(cause)->flags & EFF__CAUSE_HAS_FAIL;
}

bool eff_cause_has_die(const eff_cause_t *cause)
{
    return eff__cause_given(cause)->flags & EFF__CAUSE_HAS_DIE;
}

bool eff_cause_is_interrupted(const eff_cause_t *cause)
{
    return eff__cause_given(cause)->flags & EFF__CAUSE_HAS_INTERRUPT;
}

bool eff_cause_is_interrupted_only(const eff_cause_t *cause)
{
    return (eff__cause_given(cause)->flags & EFF__CAUSE_KINDS) == EFF__CAUSE_HAS_INTERRUPT;
}

bool eff_cause_is_empty(const eff_cause_t *cause)
{
    return eff__cause_given(cause)->tag == EFF_CAUSE_EMPTY;
}

bool eff_cause_is_truncated(const eff_cause_t *cause)
{
    return eff__cause_given(cause)->flags & EFF__CAUSE_HAS_CUT;
}

/* The leftmost leaf that has the flag; NULL when none does. */
static const eff_cause_t *leftmost(const eff_cause_t *c, uint8_t flag)
{
    c = eff__cause_given(c);
    if (!(c->flags & flag)) return NULL;
    while (eff__cause_is_inner(c))
        c = c->sides.left->flags & flag ? c->sides.left : c->sides.right;
    return c;
}

bool eff_cause_failure(const eff_cause_t *cause, eff_value_t *ret_borrowed)
{
    const eff_cause_t *leaf = leftmost(cause, EFF__CAUSE_HAS_FAIL);
    if (leaf && ret_borrowed) *ret_borrowed = leaf->value;
    return leaf;
}

bool eff_cause_defect(const eff_cause_t *cause, eff_value_t *ret_borrowed)
{
    const eff_cause_t *leaf = leftmost(cause, EFF__CAUSE_HAS_DIE);
    if (leaf && ret_borrowed) *ret_borrowed = leaf->value;
    return leaf;
}

bool eff_cause_interruption(const eff_cause_t *cause, uint64_t *ret_by, eff_interrupt_reason_t *ret_reason,
                            eff_site_t *ret_site)
{
    const eff_cause_t *leaf = leftmost(cause, EFF__CAUSE_HAS_INTERRUPT);
    if (!leaf) return false;
    if (ret_by) *ret_by = leaf->interrupt.by;
    if (ret_reason) *ret_reason = (eff_interrupt_reason_t)leaf->reason;
    if (ret_site) *ret_site = leaf->interrupt.site;
    return true;
}

bool eff_cause_sides(const eff_cause_t *cause, const eff_cause_t **ret_left, const eff_cause_t **ret_right)
{
    const eff_cause_t *c = eff__cause_given(cause);
    if (!eff__cause_is_inner(c)) return false;
    if (ret_left) *ret_left = c->sides.left;
    if (ret_right) *ret_right = c->sides.right;
    return true;
}

size_t eff_cause_count(const eff_cause_t *cause, eff_cause_tag_t tag)
{
    const eff_cause_t *c = eff__cause_given(cause);
    bool inner = eff__cause_is_inner(c);
    switch (tag) {
    case EFF_CAUSE_FAIL: return inner ? c->sides.n_fails : c->tag == EFF_CAUSE_FAIL;
    case EFF_CAUSE_DIE: return inner ? c->sides.n_dies : c->tag == EFF_CAUSE_DIE;
    case EFF_CAUSE_INTERRUPT: return inner ? c->sides.n_interrupts : c->tag == EFF_CAUSE_INTERRUPT;
    case EFF_CAUSE_EMPTY:
    case EFF_CAUSE_THEN:
    case EFF_CAUSE_BOTH: break;
    }
    return 0;
}

size_t eff__cause_n_leaves(const eff_cause_t *c)
{
    if (!eff__cause_is_inner(c)) return 1;
    return saturating_add(saturating_add(c->sides.n_fails, c->sides.n_dies), c->sides.n_interrupts);
}

eff_value_t eff_cause_squash(const eff_cause_t *cause)
{
    static EFF__STATIC_PAYLOAD(eff_error_t) nothing = {
        EFF__STATIC_HEADER(&eff_error_type),
        { .kind = &eff_any_error, .message = "empty cause", .inner = { .type = &eff_unit_type } },
    };
    eff_value_t v;
    if (eff_cause_failure(cause, &v) || eff_cause_defect(cause, &v)) return v;
    const eff_cause_t *interrupt = leftmost(cause, EFF__CAUSE_HAS_INTERRUPT);
    if (interrupt) return eff__cause_as_value(interrupt);
    v.type = &eff_error_type;
    v.ptr = &nothing.payload;
    return v;
}
