/* Loops by schedule: retry and repeat.
 *
 * The effect is a suspend that makes the state of one run: the effect, the schedule, and the schedule's own state.
 * Each round is one fold or flat_map over the effect, whose callback asks the schedule and returns the next round,
 * after a sleep or at once. A round's frame is gone when its callback is called, so any number of rounds take
 * constant memory.
 *
 *     retry  ->  fold(e, failed, run)     failed: e's cause is not retried, or the schedule is done -> that cause
 *                                                 else -> [sleep, then] fold(e, failed, run)
 *
 * For a schedule that looks at the time, the callback keeps the outcome in the run and reads the Clock first.
 */
#include <effect/loop.h>

#include <effect/clock.h>
#include <effect/transform.h>

#include "core/build.h"
#include "core/schedule.h"

/* One run of a retry or repeat; the callbacks of its rounds hold it. */
struct run {
    eff_site_t site;                  /* the user's */
    eff_t *effect;                    /* owned */
    eff_schedule_t *schedule;         /* owned */
    eff_t *(*round)(eff_value_t run); /* the effect of one round; borrows the run */
    eff_t *(*decide)(eff_value_t run, eff_value_t outcome, eff_instant_t now); /* what follows a round; borrows both */
    eff_value_t outcome;                /* owned: of the last round, while the Clock is read; else unit */
    uint64_t n_rounds;                  /* that ended */
    _Alignas(16) unsigned char state[]; /* the schedule's, which says how much */
};

static void run_drop(void *payload)
{
    struct run *run = payload;
    eff_decref(run->effect);
    eff_schedule_decref(run->schedule);
    eff_value_decref(run->outcome);
}

static const eff_type_t run_type = {
    .size = sizeof(struct run), .name = "run", .drop = run_drop, .flags = EFF_TYPE_COUNTED
};

/* The effect to go on with after a round whose outcome was `input`; NULL when the schedule is done. */
static eff_t *next_round(eff_value_t v, eff_value_t input, eff_instant_t now)
{
    struct run *run = v.ptr;
    eff_duration_t delay;
    if (!eff__schedule_next(run->schedule, run->state, now, input, &delay)) return NULL;
    eff_t *round = run->round(v);
    return delay.ns > 0 ? eff_delay_at(run->site, round, delay) : round;
}

static eff_t *decide_now(eff_value_t now, eff_value_t v)
{
    struct run *run = v.ptr;
    eff_value_t outcome = run->outcome;
    run->outcome = eff_unit;
    eff_t *next = run->decide(v, outcome, eff_as_instant(now));
    eff_value_decref(outcome);
    return next;
}

/* After a round that the schedule is to be asked about. */
static eff_t *go_on(eff_value_t v, eff_value_t outcome)
{
    struct run *run = v.ptr;
    if (!eff__schedule_needs_time(run->schedule)) return run->decide(v, outcome, (eff_instant_t){ 0 });
    run->outcome = eff_value_incref(outcome);
    return eff_flat_map_at(run->site, eff_clock_now_at(run->site), decide_now, eff_value_incref(v));
}

static eff_t *decide_retry(eff_value_t v, eff_value_t outcome, eff_instant_t now)
{
    const eff_cause_t *cause = eff_as_cause(outcome);
    struct run *run = v.ptr;
    eff_value_t error;
    eff_t *next = eff_cause_failure(cause, &error) ? next_round(v, error, now) : NULL;
    if (next) return next;
    eff_cause_t *last = eff_cause_incref(cause);
    if (run->n_rounds > 1)
        last = eff_cause_note(last, eff_printf("gave up after %llu attempts", (unsigned long long)run->n_rounds),
                              run->site);
    return eff_fail_cause_at(NULL, last);
}

static eff_t *retry_failed(const eff_cause_t *cause, eff_value_t v)
{
    struct run *run = v.ptr;
    eff_value_t error;
    run->n_rounds++;
    if (eff_cause_has_die(cause) || !eff_cause_failure(cause, &error))
        return eff_fail_cause_at(NULL, eff_cause_incref(cause));
    return go_on(v, (eff_value_t){ .type = &eff_cause_type, .ptr = (eff_cause_t *)cause });
}

static eff_t *retry_round(eff_value_t v)
{
    const struct run *run = v.ptr;
    return eff__fold_node(EFF__CAUSE, run->site, "eff_retry", eff_incref(run->effect), (eff_any_fn)retry_failed, NULL,
                          eff_value_incref(v));
}

static eff_t *decide_repeat(eff_value_t v, eff_value_t outcome, eff_instant_t now)
{
    eff_t *next = next_round(v, outcome, now);
    return next ? next : eff_succeed_at(NULL, eff_value_incref(outcome));
}

static eff_t *repeat_succeeded(eff_value_t result, eff_value_t v)
{
    return go_on(v, result);
}

static eff_t *repeat_round(eff_value_t v)
{
    const struct run *run = v.ptr;
    return eff_flat_map_at(run->site, eff_incref(run->effect), repeat_succeeded, eff_value_incref(v));
}

/* Starts a run of what the closure describes: its effect, and the schedule as its environment. */
static eff_t *start(eff_value_t env, eff_t *(*round)(eff_value_t run),
                    eff_t *(*decide)(eff_value_t run, eff_value_t outcome, eff_instant_t now))
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_schedule_t *schedule = c->env.ptr;
    struct run *run = eff__payload_alloc(&run_type, sizeof *run + eff__schedule_state_size(schedule));
    if (!run) return &eff__oom_node;
    *run = (struct run){ .site = c->site,
                         .effect = eff_incref(c->effect),
                         .schedule = eff_schedule_incref(schedule),
                         .round = round,
                         .decide = decide,
                         .outcome = eff_unit };
    eff__schedule_start(schedule, run->state);
    eff_value_t v = { .type = &run_type, .ptr = run };
    eff_t *e = round(v);
    eff_value_decref(v);
    return e;
}

static eff_t *start_retry(eff_value_t env)
{
    return start(env, retry_round, decide_retry);
}

static eff_t *start_repeat(eff_value_t env)
{
    return start(env, repeat_round, decide_repeat);
}

static eff_t *loop(eff_site_t site, const char *builder, eff_t *e, eff_schedule_t *schedule, eff_suspend_fn starter)
{
    if (!schedule) return eff__refuse_null(site, builder, 2, e, eff_unit);
    if (!eff__effect_usable(e) || eff__schedule_is_oom(schedule)) {
        bool oom = eff__schedule_is_oom(schedule);
        eff_schedule_decref(schedule);
        return eff__refuse_bind(site, builder, e, true, oom ? eff_oom_value() : eff_unit);
    }
    if (eff__schedule_is_mistaken(schedule)) {
        eff_decref(e);
        return eff__mistake_at(site, "%s was given a schedule with a missing part", builder);
    }
    eff_value_t closure = eff__closure_new((struct eff__closure){
        .builder = builder, .site = site, .effect = e, .env = { .type = &eff_schedule_type, .ptr = schedule } });
    return eff__call_node(EFF__OP_SUSPEND, site, builder, (eff_any_fn)starter, closure);
}

eff_t *eff_retry_at(eff_site_t site, eff_t *e, eff_schedule_t *schedule)
{
    return loop(site, "eff_retry", e, schedule, start_retry);
}

eff_t *eff_repeat_at(eff_site_t site, eff_t *e, eff_schedule_t *schedule)
{
    return loop(site, "eff_repeat", e, schedule, start_repeat);
}
