#include "core/depot.h"

/* What lies on an area's pile may all leave: who needs large ones needs few. */
static uint32_t n_kept(size_t pile)
{
    return pile < EFF__N_CLASSES ? EFF__KEPT_BATCHES : 0;
}

static void **below(void *batch)
{
    return (void **)batch + 1;
}

bool eff__depot_put(struct eff__depot *d, size_t pile, void *batch, uint32_t n)
{
    struct eff__pile *p = &d->piles[pile];
    if (pile < EFF__N_CLASSES && p->n >= n_kept(pile) && p->credit < n) return false;
    *below(batch) = p->top;
    p->top = batch;
    p->credit -= n;
    if (p->n++ >= n_kept(pile)) d->n_surplus++;
    return true;
}

/* What somebody needs is not to leave. */
static void *take(struct eff__depot *d, struct eff__pile *p, uint32_t kept)
{
    void *batch = p->top;
    p->top = *below(batch);
    if (p->n-- > kept) d->n_surplus--;
    if (p->n < p->n_idle) p->n_idle = p->n;
    if (p->n_leaving > 0) {
        p->n_leaving--;
        d->n_leaving--;
    }
    return batch;
}

void *eff__depot_take(struct eff__depot *d, size_t pile, uint32_t n)
{
    struct eff__pile *p = &d->piles[pile];
    if (!p->top) return NULL;
    p->credit += n;
    return take(d, p, n_kept(pile));
}

static void free_batch(void *batch)
{
    for (void *next; batch; batch = next) {
        next = *(void **)batch;
        eff__raw_free(batch);
    }
}

/* An interval has ended: says what is to leave, and begins the next one. */
static void look(struct eff__depot *d, int64_t now)
{
    for (size_t i = 0; i < EFF__N_PILES; i++) {
        struct eff__pile *p = &d->piles[i];
        uint32_t kept = n_kept(i), surplus = p->n_idle > kept ? p->n_idle - kept : 0;
        p->n_leaving = (surplus + 1) / 2;
        d->n_leaving += p->n_leaving;
        p->n_idle = p->n;
    }
    d->look_at = now + EFF__DEPOT_INTERVAL;
}

static bool give_back(struct eff__depot *d, bool leaving_only)
{
    for (size_t i = EFF__N_PILES; i-- > 0;) {
        struct eff__pile *p = &d->piles[i];
        if (leaving_only ? p->n_leaving == 0 : p->n <= n_kept(i)) continue;
        free_batch(take(d, p, n_kept(i)));
        return true;
    }
    return false;
}

int64_t eff__depot_age(struct eff__depot *d, int64_t now)
{
    if (d->n_leaving > 0) (void)give_back(d, true);
    else if (d->n_surplus > 0 && now >= d->look_at) look(d, now);
    if (d->n_leaving > 0) return now;
    return d->n_surplus > 0 ? d->look_at : 0;
}

bool eff__depot_give_back(struct eff__depot *d)
{
    (void)give_back(d, false);
    return d->n_surplus > 0;
}

bool eff__depot_empty(struct eff__depot *d)
{
    bool any = false;
    for (size_t i = 0; i < EFF__N_PILES; i++) {
        struct eff__pile *p = &d->piles[i];
        while (p->top) {
            free_batch(take(d, p, n_kept(i)));
            any = true;
        }
    }
    return any;
}
