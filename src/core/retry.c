/* Loops by schedule: retry, repeat and restart.
 *
 * The effect is a suspend that makes the state of one run: the effect, the schedule, and the schedule's own state.
 * Each round is one fold or flat_map over the effect, whose callback asks the schedule and returns the next round,
 * after a sleep or at once. A round's frame is gone when its callback is called, so any number of rounds take
 * constant memory.
 *
 *     retry  ->  fold(e, failed, run)     failed: e's cause is not retried, or the schedule is done -> that cause
 *                                                 else -> [sleep, then] fold(e, failed, run)
 *
 * For a schedule that looks at the time or is jittered, the callback keeps the outcome in the run and first asks the
 * Clock, the Random or both.
 */
#include <effect/loop.h>

#include <effect/clock.h>
#include <effect/random.h>
#include <effect/stop.h>
#include <effect/transform.h>

#include "core/build.h"
#include "core/schedule.h"

/* One run of a retry or repeat; the callbacks of its rounds hold it. */
struct run {
    eff_site_t site;                   /* the user's */
    eff_t *effect;                     /* owned */
    eff_schedule_t *schedule;          /* owned */
    eff_t *(*round)(eff_value_t run);  /* the effect of one round; borrows the run */
    eff_t *(*decide)(eff_value_t run); /* what follows a round whose outcome is kept; borrows the run */
    eff_value_t outcome;               /* owned: of the last round, until it is known what follows; else unit */
    struct eff__moment moment;         /* at which that was asked */
    uint64_t n_rounds;                 /* that ended */
    /* of a restart */
    bool always;                        /* after a success too */
    eff_duration_t healthy;             /* a run that takes so long starts the schedule anew; 0: none does */
    eff_instant_t began;                /* the round, when `healthy` is given */
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
static eff_t *next_round(eff_value_t v, eff_value_t input)
{
    struct run *run = v.ptr;
    eff_duration_t delay;
    if (!eff__schedule_next(run->schedule, run->state, run->moment, input, &delay)) return NULL;
    eff_t *round = run->round(v);
    return delay.ns > 0 ? eff_delay_at(run->site, round, delay) : round;
}

static eff_t *drew(eff_value_t bits, eff_value_t v)
{
    struct run *run = v.ptr;
    run->moment.bits = (uint64_t)eff_as_int(bits);
    return run->decide(v);
}

static eff_t *draw(eff_value_t v)
{
    const struct run *run = v.ptr;
    return eff_flat_map_at(run->site, eff_random_bits_at(run->site), drew, eff_value_incref(v));
}

static eff_t *read_clock(eff_value_t now, eff_value_t v)
{
    struct run *run = v.ptr;
    run->moment.now = eff_as_instant(now);
    return eff__schedule_needs_random(run->schedule) ? draw(v) : run->decide(v);
}

/* Has it decided what follows, after a look at the moment if that is asked for. */
static eff_t *decide_at(eff_value_t v, bool needs_time)
{
    struct run *run = v.ptr;
    if (needs_time || eff__schedule_needs_time(run->schedule))
        return eff_flat_map_at(run->site, eff_clock_now_at(run->site), read_clock, eff_value_incref(v));
    return eff__schedule_needs_random(run->schedule) ? draw(v) : run->decide(v);
}

/* After a round that the schedule is to be asked about. */
static eff_t *go_on(eff_value_t v, eff_value_t outcome)
{
    struct run *run = v.ptr;
    run->outcome = eff_value_incref(outcome);
    return decide_at(v, false);
}

static eff_t *decide_retry(eff_value_t v)
{
    struct run *run = v.ptr;
    eff_value_t outcome = run->outcome, error;
    run->outcome = eff_unit;
    const eff_cause_t *cause = eff_as_cause(outcome);
    eff_t *next = eff_cause_failure(cause, &error) ? next_round(v, error) : NULL;
    if (!next) {
        eff_cause_t *last = eff_cause_incref(cause);
        if (run->n_rounds > 1)
            last = eff_cause_note(last, eff_printf("gave up after %llu attempts", (unsigned long long)run->n_rounds),
                                  run->site);
        next = eff_fail_cause_at(NULL, last);
    }
    eff_value_decref(outcome);
    return next;
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

static eff_t *decide_repeat(eff_value_t v)
{
    struct run *run = v.ptr;
    eff_value_t outcome = run->outcome;
    run->outcome = eff_unit;
    eff_t *next = next_round(v, outcome);
    if (!next) return eff_succeed_at(NULL, outcome);
    eff_value_decref(outcome);
    return next;
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

/* ---- restart: the outcome of a round is its exit, which is kept until the next one begins */

/* Ends as the last run did. */
static eff_t *end_of_restart(struct run *run)
{
    const eff_exit_t *exit = eff_as_exit(run->outcome);
    if (exit->ok) return eff_succeed_at(NULL, eff_value_incref(exit->value));
    eff_cause_t *cause = eff_cause_incref(exit->cause);
    if (run->n_rounds > 1)
        cause =
            eff_cause_note(cause, eff_printf("gave up after %llu runs", (unsigned long long)run->n_rounds), run->site);
    return eff_fail_cause_at(NULL, cause);
}

static eff_t *begin_next_run(eff_value_t v)
{
    struct run *run = v.ptr;
    eff_value_decref(run->outcome);
    run->outcome = eff_unit;
    return run->round(v);
}

/* v: an option, none when the pause was ended by being asked to stop: the last run's failure was to be dealt with by
 * another one, so it is not told. */
static eff_t *paused(eff_value_t slept, eff_value_t v)
{
    return eff_is_some(slept) ? begin_next_run(v) : eff_noop();
}

static eff_t *decide_restart(eff_value_t v)
{
    struct run *run = v.ptr;
    eff_duration_t delay, took = eff_instant_since(run->moment.now, run->began);
    if (run->healthy.ns > 0 && eff_duration_compare(took, run->healthy) >= 0) {
        eff__schedule_start(run->schedule, run->state);
        run->n_rounds = 1;
    }
    if (!eff__schedule_next(run->schedule, run->state, run->moment, run->outcome, &delay)) return end_of_restart(run);
    if (delay.ns <= 0) return begin_next_run(v);
    eff_t *pause = eff_unless_stopped_at(run->site, eff_sleep_at(run->site, delay));
    return eff_flat_map_at(run->site, pause, paused, eff_value_incref(v));
}

static eff_t *restart_unless(eff_value_t asked_to_stop, eff_value_t v)
{
    struct run *run = v.ptr;
    if (eff_as_bool(asked_to_stop)) return end_of_restart(run);
    return decide_at(v, run->healthy.ns > 0);
}

/* Consumes exit. */
static eff_t *restart_or_end(eff_value_t v, eff_exit_t exit)
{
    struct run *run = v.ptr;
    run->n_rounds++;
    bool done = exit.ok && !run->always;
    run->outcome = eff_exit_value(exit);
    if (eff_is_oom(run->outcome)) return &eff__oom_node;
    if (done) return end_of_restart(run);
    return eff_flat_map_at(run->site, eff_stop_requested_at(run->site), restart_unless, eff_value_incref(v));
}

static eff_t *restart_failed(const eff_cause_t *cause, eff_value_t v)
{
    return restart_or_end(v, eff_exit_fail_cause(eff_cause_incref(cause)));
}

static eff_t *restart_succeeded(eff_value_t result, eff_value_t v)
{
    return restart_or_end(v, eff_exit_succeed(eff_value_incref(result)));
}

static eff_t *begin_round(eff_value_t now, eff_value_t v)
{
    struct run *run = v.ptr;
    run->began = eff_as_instant(now);
    return eff_scoped_at(run->site, eff_incref(run->effect));
}

static eff_t *restart_round(eff_value_t v)
{
    const struct run *run = v.ptr;
    eff_t *e;
    if (run->healthy.ns <= 0) e = eff_scoped_at(run->site, eff_incref(run->effect));
    else e = eff_flat_map_at(run->site, eff_clock_now_at(run->site), begin_round, eff_value_incref(v));
    return eff__fold_node(EFF__CAUSE, run->site, "eff_restart", e, (eff_any_fn)restart_failed, restart_succeeded,
                          eff_value_incref(v));
}

/* ---- the builders */

/* A run of what the closure describes, in which nothing has run yet; NULL when out of memory. */
static struct run *run_new(const struct eff__closure *c, eff_schedule_t *schedule, eff_t *(*round)(eff_value_t run),
                           eff_t *(*decide)(eff_value_t run))
{
    struct run *run = eff__payload_alloc(&run_type, sizeof *run + eff__schedule_state_size(schedule));
    if (!run) return NULL;
    *run = (struct run){ .site = c->site,
                         .effect = eff_incref(c->effect),
                         .schedule = eff_schedule_incref(schedule),
                         .round = round,
                         .decide = decide,
                         .outcome = eff_unit };
    eff__schedule_start(schedule, run->state);
    return run;
}

/* Consumes run. */
static eff_t *first_round(struct run *run)
{
    if (!run) return &eff__oom_node;
    eff_value_t v = { .type = &run_type, .ptr = run };
    eff_t *e = run->round(v);
    eff_value_decref(v);
    return e;
}

static eff_t *start_retry(eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return first_round(run_new(c, c->env.ptr, retry_round, decide_retry));
}

static eff_t *start_repeat(eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return first_round(run_new(c, c->env.ptr, repeat_round, decide_repeat));
}

/* The closure's env: pair(the schedule, `healthy` in ns); its limit: when. */
static eff_t *start_restart(eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    struct run *run = run_new(c, eff_first(c->env).ptr, restart_round, decide_restart);
    if (run) run->always = c->limit == EFF_RESTART_ALWAYS;
    if (run) run->healthy = (eff_duration_t){ eff_as_int(eff_second(c->env)) };
    return first_round(run);
}

/* NULL when e and the schedule can be built in; else they are consumed, and it is what to return. */
static eff_t *refuse_loop(eff_site_t site, const char *builder, eff_t *e, int number, eff_schedule_t *schedule)
{
    if (!schedule) return eff__refuse_null(site, builder, number, e, eff_unit);
    if (!eff__effect_usable(e) || eff__schedule_is_oom(schedule)) {
        bool oom = eff__schedule_is_oom(schedule);
        eff_schedule_decref(schedule);
        return eff__refuse_bind(site, builder, e, true, oom ? eff_oom_value() : eff_unit);
    }
    if (!eff__schedule_is_mistaken(schedule)) return NULL;
    eff_decref(e);
    return eff__mistake_at(site, "%s was given a schedule with a missing part", builder);
}

static eff_t *loop(eff_site_t site, const char *builder, eff_t *e, eff_schedule_t *schedule, eff_suspend_fn starter)
{
    eff_t *refused = refuse_loop(site, builder, e, 2, schedule);
    if (refused) return refused;
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

eff_t *eff_restart_at(eff_site_t site, eff_t *e, eff_restart_when_t when, eff_schedule_t *schedule,
                      eff_duration_t healthy)
{
    static const char builder[] = "eff_restart";
    eff_t *refused = refuse_loop(site, builder, e, 3, schedule);
    if (refused) return refused;
    eff_value_t env = eff_pair((eff_value_t){ .type = &eff_schedule_type, .ptr = schedule }, eff_int(healthy.ns));
    eff_value_t closure = eff__closure_new(
        (struct eff__closure){ .builder = builder, .site = site, .limit = (size_t)when, .effect = e, .env = env });
    return eff__call_node(EFF__OP_SUSPEND, site, builder, (eff_any_fn)start_restart, closure);
}
