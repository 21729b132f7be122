/* One run of a program under TestClock, with an injection. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/failing_allocator.h"
#include "support/harness.h"
#include "testing/test.h"

enum {
    MAX_SECONDS = 20,     /* a run that takes longer waits for something that does not come */
    MAX_STEPS = 5000000,  /* and one that takes more instructions does not end */
    STEPS_PER_PLAIN = 64, /* an injected run may take that many times the steps of the plain one, and ... */
    STEPS_MORE = 20000    /* ... so many more */
};

/* Of eff_runtime_free, what it says about fibers alive is expected of a run that is stopped. */
static void note_misuse(const char *message, void *arg)
{
    struct run *r = arg;
    if (r->stopped && !r->freed_alive && strstr(message, "still alive; shut the runtime down first")) {
        r->freed_alive = true;
        return;
    }
    if (!r->misuse[0]) snprintf(r->misuse, sizeof r->misuse, "%s", message);
}

static void ignore_unobserved(const eff_fiber_t *fiber, const eff_cause_t *cause, void *arg) {}

/* What is dropped with a handle may look for others in the world. */
void drop_handles(struct world *w)
{
    struct world had = *w;
    w->queue = NULL;
    memset(w->fibers, 0, sizeof w->fibers);
    memset(w->deferreds, 0, sizeof w->deferreds);
    for (size_t i = 0; i < sizeof w->fibers / sizeof w->fibers[0]; i++)
        eff_fiber_decref(had.fibers[i]);
    for (size_t i = 0; i < sizeof w->deferreds / sizeof w->deferreds[0]; i++)
        eff_deferred_decref(had.deferreds[i]);
    eff_queue_decref(had.queue);
}

/* The shutdown's done is called from the loop. */
static void wait_for_done(struct run *r)
{
    for (int i = 0; i < 3 && r->n_done == 0; i++)
        eff__loop_once(r->rt->loop, false);
}

/* As eff_runtime_run and then eff__run_shutdown; but it may be stopped between two instructions, and then everything is
 * left as it is. */
static void run_until_stopped(struct run *r, eff_t *e)
{
    eff_runtime_t *rt = r->rt;
    eff_fiber_t *f = eff_test_fork(r->w.test, e);
    rt->driving = true;
    while (rt->n_fibers > 0 && !r->stopped) {
        if (eff_fiber_poll(f) && !rt->shutting_down) eff_runtime_shutdown(rt, NULL, NULL);
        eff__drain(rt);
        if (r->stopped) break;
        if (rt->shutting_down) eff__turn_ended(rt);
        if (rt->n_external > 0 || rt->ready_first) eff__loop_once(rt->loop, false);
        if (rt->ready_first || (rt->n_blocking == 0 && eff__idle(rt))) continue;
        if (rt->n_external > 0) eff__loop_once(rt->loop, true);
        else eff__deadlock(rt);
    }
    rt->driving = false;
}

static void run_to_the_end(struct run *r, eff_t *e)
{
    struct outcome *o = r->outcome;
    const struct injection *i = r->injection;
    eff_exit_t exit = eff_runtime_run(r->rt, e);
    if (r->rt->n_fibers) eff__run_shutdown(r->rt);
    if (r->n_shutdowns) wait_for_done(r);
    o->requests = requests;
    if (i->fails) o->hit = requests > i->request;
    allocations_fail_at(-1, false);
    end_injecting(r);

    o->ms = eff_test_now(r->w.test).ns / 1000000;
    snprintf(o->shape, sizeof o->shape, "%s", shape_of(&exit));
    if (!r->plain) snprintf(o->text, sizeof o->text, "%s", full_text_of(&exit));
    snprintf(o->journal, sizeof o->journal, "%s", r->w.journal);
    judge_exit(r, &exit);
    if (i->stepped && i->kind == INTERRUPT && strcmp(o->journal, r->plain->journal) != 0)
        fail_run(r, "with a step hook the journal was \"%s\", without \"%s\"", o->journal, r->plain->journal);
    eff_exit_decref(exit);
    judge_end(r);
}

/* Frees the runtime between two instructions. Handles may be given up before that, or outlive it. */
static void run_and_free(struct run *r, eff_t *e)
{
    run_until_stopped(r, e);
    allocations_fail_at(-1, false);
    r->outcome->hit = r->stopped;
    end_injecting(r);
    if (!r->stopped) return;
    if (r->injection->actions[0].at % 2) drop_handles(&r->w);
    eff__test_free_now(r->w.test);
    r->w.test = NULL;
}

static bool alarm_is_set;

/* A run that goes on for too long is ended by SIGALRM. There are so many short ones that the alarm is set anew once a
 * second only. */
static void watch_time(void)
{
    static int64_t since;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (alarm_is_set && now.tv_sec - since < 1) return;
    since = now.tv_sec;
    alarm_is_set = true;
    tell_replay_on(SIGALRM); /* here, since Check takes it for its own child processes */
    alarm(MAX_SECONDS);
}

void end_watching_time(void)
{
    alarm_is_set = false;
    alarm(0);
}

/* What must hold of what the program was given. Without its finalizers, it cannot have given everything back; nor can an
 * acquire of several steps that was given up between two of them. */
static void judge_world(struct run *r)
{
    if (r->misuse[0]) fail_run(r, "a mistake was reported: %s", r->misuse);
    int lost = r->w.acquired - r->w.released;
    if (lost < 0 || (lost > r->n_in_hand && !r->n_skipped))
        fail_run(r, "%d acquired, %d released", r->w.acquired, r->w.released);
    if (r->expected->invariant && !r->n_skipped && !lost) r->expected->invariant(&r->w);
    eff_trim();
    if (blocks_live) fail_run(r, "%ld blocks are still live", (long)blocks_live);
}

void run_once(const char *name, eff_t *(*program)(struct world *w), const struct expectation *expected,
              const struct injection *injection, const struct outcome *plain, struct outcome *ret_outcome)
{
    static struct run r;
    bool frees = injection->n_actions && injection->actions[0].kind == FREE;
    memset(&r, 0, sizeof r);
    memset(ret_outcome, 0, sizeof *ret_outcome);
    r.name = name, r.expected = expected, r.injection = injection, r.plain = plain, r.outcome = ret_outcome;
    r.seed = injection->seed;
    r.max_steps = plain && plain->steps ? plain->steps * STEPS_PER_PLAIN + STEPS_MORE : MAX_STEPS;
    note_replay(name, injection);
    watch_time();
    eff_set_misuse_handler(note_misuse, &r);
    eff_test_options_t options = options_with_budget(injection->budget);
    r.w.test = eff_test_new_with(&options);
    r.gate = eff_deferred_new();
    if (!r.w.test || !r.gate) ck_abort_msg("no memory for a test");
    r.rt = eff_test_runtime(r.w.test);
    r.rt->options.on_unobserved = ignore_unobserved;
    eff__test_auto(r.w.test);

    begin_injecting(&r);
    allocations_fail_at(injection->fails ? injection->request : -1, injection->sticky);
    eff_t *e = put_into(&r, program(&r.w));
    if (frees) run_and_free(&r, e);
    else run_to_the_end(&r, e);
    drop_handles(&r.w);
    eff_deferred_decref(r.gate);
    (void)eff_test_free(r.w.test);
    eff_set_misuse_handler(NULL, NULL);
    judge_world(&r);
    note_replay(NULL, NULL);
}
