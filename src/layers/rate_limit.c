/* Rate limits. A limiter is one instant, `full`: when it would have all its tokens again if nobody took any more. A
 * token is there when that is no further away than it takes to make burst - 1 of them.
 *
 * Those who have to wait stand in line (turn.h). Only the first of them looks at the time: it sleeps until there is a
 * token, and takes it in the instruction that it then runs. So whoever is interrupted has taken nothing, and the next
 * in line does the same sum.
 */
#include <effect/rate_limit.h>

#include <effect/clock.h>
#include <effect/transform.h>

#include "core/build.h"
#include "core/misuse.h"
#include "layers/turn.h"
#include "runtime/clock.h"
#include "runtime/home.h"

#define NEVER INT64_MIN

struct eff_rate_limiter {
    struct eff__home home; /* first: of the runtime that used it first */
    int64_t interval;      /* ns from one token to the next; 0: no limit */
    int64_t tolerance;     /* ns that burst - 1 tokens take */
    int64_t full;          /* when it has all tokens, by the Clock; NEVER: it has */
    struct eff__turns turns;
};

static void limiter_drop(void *payload)
{
    eff__home_leave(&((eff_rate_limiter_t *)payload)->home);
}
const eff_type_t eff_rate_limiter_type = {
    .size = sizeof(eff_rate_limiter_t),
    .name = "rate limiter",
    .drop = limiter_drop,
    .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE | EFF__TYPE_AT_HOME,
};

static uint64_t at_least_1(uint64_t n, const char *what)
{
    if (n > 0) return n;
    eff__misuse("eff_rate_limiter_new: the %s must be at least 1", what);
    return 1;
}

eff_rate_limiter_t *eff_rate_limiter_new(uint64_t n, eff_duration_t period, uint64_t burst)
{
    n = at_least_1(n, "number in each period");
    burst = at_least_1(burst, "burst");
    eff_rate_limiter_t *limiter = eff__payload_alloc(&eff_rate_limiter_type, sizeof *limiter);
    if (!limiter) return NULL;
    uint64_t ns = period.ns > 0 ? (uint64_t)period.ns : 0;
    int64_t interval = (int64_t)(ns / n + (ns % n > 0)), tolerance;
    if (burst > INT64_MAX || __builtin_mul_overflow(interval, (int64_t)(burst - 1), &tolerance)) tolerance = INT64_MAX;
    *limiter = (eff_rate_limiter_t){ .interval = interval, .tolerance = tolerance, .full = NEVER };
    return limiter;
}

eff_rate_limiter_t *eff_rate_limiter_incref(eff_rate_limiter_t *limiter)
{
    return limiter ? eff__payload_retain(limiter) : NULL;
}

void eff_rate_limiter_decref(eff_rate_limiter_t *limiter)
{
    if (limiter) eff_value_decref((eff_value_t){ .type = &eff_rate_limiter_type, .ptr = limiter });
}

eff_value_t eff_rate_limiter_value(eff_rate_limiter_t *limiter)
{
    return limiter ? (eff_value_t){ .type = &eff_rate_limiter_type, .ptr = limiter } : eff_oom_value();
}

/* ---- tokens */

/* Whether it is this fiber's runtime's. One that was another's, which is gone, has rested. */
static bool claim(eff_rate_limiter_t *limiter, const eff_fiber_t *f)
{
    if (eff__home_is(&limiter->home, f->rt)) return true;
    if (!eff__home_claim(&limiter->home, f->rt)) return false;
    limiter->full = NEVER;
    return true;
}

static int64_t sum(int64_t a, int64_t b)
{
    int64_t result;
    return __builtin_add_overflow(a, b, &result) ? INT64_MAX : result;
}

/* Takes a token. @return 0, or the ns until there is one */
static int64_t take_at(eff_rate_limiter_t *limiter, int64_t now)
{
    if (limiter->full == NEVER || limiter->full < now) limiter->full = now;
    int64_t missing = eff_instant_since((eff_instant_t){ limiter->full }, (eff_instant_t){ now }).ns;
    if (missing > limiter->tolerance) return missing - limiter->tolerance;
    limiter->full = sum(limiter->full, limiter->interval);
    return 0;
}

/* ---- in line */

struct waiting {
    struct eff__turn turn; /* first */
    eff_rate_limiter_t *limiter;
};
static void waiting_drop(void *payload)
{
    struct waiting *w = payload;
    eff__turn_leave(&w->turn);
    eff_rate_limiter_decref(w->limiter);
}
static const eff_type_t waiting_type = {
    .size = sizeof(struct waiting), .name = "token to come", .drop = waiting_drop, .flags = EFF_TYPE_COUNTED
};

static eff_t *ask_again(eff_value_t v, eff_value_t waiting);

/* The first in line. */
static int ask_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    const struct waiting *w = e->prim.value.ptr;
    eff_clock_t *clock = eff__clock_of(f);
    if (!clock) return EFF__RETURN;
    int64_t ns = take_at(w->limiter, eff__clock_now(clock, f->rt));
    if (ns == 0) return eff__prim_value(f, eff_unit);
    eff_t *sleep = eff_sleep_at(NULL, (eff_duration_t){ ns });
    return eff__prim_effect(f, eff_flat_map_at(NULL, sleep, ask_again, eff__prim_take_value(e, alone)));
}
static const struct eff__prim ask_prim = { "rate_limiter_ask", ask_run };

static eff_t *ask_again(eff_value_t v, eff_value_t waiting)
{
    (void)v;
    return eff__prim_node_plain(NULL, &ask_prim, eff_value_incref(waiting));
}

static int take_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_rate_limiter_t *limiter = e->prim.handle;
    (void)alone;
    if (!claim(limiter, f)) return eff__prim_foreign(f, "rate limiter");
    eff_clock_t *clock = eff__clock_of(f);
    if (!clock) return EFF__RETURN;
    if (!limiter->turns.first && take_at(limiter, eff__clock_now(clock, f->rt)) == 0)
        return eff__prim_value(f, eff_unit);
    struct waiting *w = eff__payload_alloc(&waiting_type, sizeof *w);
    if (!w) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    w->limiter = eff_rate_limiter_incref(limiter);
    eff__turn_join(&w->turn, &limiter->turns, (struct eff__turn_key){ .rt = f->rt });
    eff_value_t waiting = { .type = &waiting_type, .ptr = w };
    eff_value_t in_line = eff_value_incref(waiting);
    return eff__prim_effect(f, eff_flat_map_at(e->site, eff__turn_await(in_line), ask_again, waiting));
}
static const struct eff__prim take_prim = { "rate_limiter_take", take_run };

static int try_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    eff_rate_limiter_t *limiter = e->prim.handle;
    (void)alone;
    if (!claim(limiter, f)) return eff__prim_foreign(f, "rate limiter");
    eff_clock_t *clock = eff__clock_of(f);
    if (!clock) return EFF__RETURN;
    return eff__prim_value(f, eff_bool(!limiter->turns.first && take_at(limiter, eff__clock_now(clock, f->rt)) == 0));
}
static const struct eff__prim try_prim = { "rate_limiter_try_take", try_run };

/* ---- builders */

eff_t *eff_rate_limiter_take_at(eff_site_t site, eff_rate_limiter_t *limiter)
{
    if (!limiter) return eff__without_handle(site, "eff_rate_limiter_take", eff_unit);
    return eff__prim_node(site, &take_prim, limiter, eff_unit);
}

eff_t *eff_rate_limiter_try_take_at(eff_site_t site, eff_rate_limiter_t *limiter)
{
    if (!limiter) return eff__without_handle(site, "eff_rate_limiter_try_take", eff_unit);
    return eff__prim_node(site, &try_prim, limiter, eff_unit);
}

eff_t *eff_rate_limited_at(eff_site_t site, eff_t *e, eff_rate_limiter_t *limiter)
{
    static const char builder[] = "eff_rate_limited";
    if (!eff__effect_usable(e)) return eff__refuse_bind(site, builder, e, true, eff_unit);
    if (!limiter) {
        eff_decref(e);
        return eff__without_handle(site, builder, eff_unit);
    }
    return eff_then_at(site, eff__prim_node(site, &take_prim, limiter, eff_unit), e);
}
