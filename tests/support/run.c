/* One run of a program under TestClock, with one injection: an interruption, a failed allocation, another order. */
#include "support/harness.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/check.h"
#include "runtime/runtime.h"
#include "support/failing_allocator.h"
#include "testing/test.h"

enum {
    MAX_SECONDS = 20,     /* a run that takes longer waits for something that does not come */
    MAX_STEPS = 5000000,  /* and one that takes more instructions does not end */
    STEPS_PER_PLAIN = 64, /* an injected run may take that many times the steps of the plain one, and ... */
    STEPS_MORE = 20000,   /* ... so many more */
    CHECKED_FIBERS = 16,  /* runs with more fibers ... */
    CHECKED_STEPS = 2000  /* ... or more steps than this are checked every so many steps only */
};

struct run {
    const char *name;
    const struct expectation *expected;
    const struct injection *injection;
    const struct outcome *plain;
    struct outcome *outcome;
    eff_runtime_t *rt;
    struct world w;
    long max_steps;
    uint64_t seed;
    char misuse[512]; /* the first mistake that was reported outside of fibers */
};

/* ---- the line that does a run again: printed when it fails, crashes, or its invariant aborts the test */

static char replay_line[512]; /* of the run that goes on; empty between runs */

static void note_replay(const struct run *r)
{
    const struct injection *i = r->injection;
    char what[128] = "";
    snprintf(replay_line, sizeof replay_line, "EFF_REPLAY=\"test=%s\"\n", r->name);
    if (i->kind == INTERRUPT) snprintf(what, sizeof what, "victim=%" PRIu64 "@%ld", i->victim, i->at);
    if (i->kind == OUT_OF_MEMORY) snprintf(what, sizeof what, "oom=%ld%s", i->at, i->sticky ? " sticky=1" : "");
    if (i->kind == SHUFFLE) snprintf(what, sizeof what, "seed=%" PRIu64, i->seed);
    if (i->kind == STEPPED) snprintf(what, sizeof what, "step");
    if (what[0]) snprintf(replay_line, sizeof replay_line, "EFF_REPLAY=\"test=%s %s\"\n", r->name, what);
}

void tell_replay(void)
{
    if (replay_line[0] && write(STDERR_FILENO, replay_line, strlen(replay_line)) < 0) return;
    replay_line[0] = 0;
}

static void crashed(int number)
{
    tell_replay();
    (void)sigaction(number, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
    (void)raise(number);
}

/* Of the sanitizers, when there is one: called before they end the process. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

void tell_replay_at_the_end(void)
{
    atexit(tell_replay);
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(tell_replay);
        return;
    }
    (void)signal(SIGSEGV, crashed);
    (void)signal(SIGABRT, crashed);
}

/* Aborts the test. */
static void fail_run(struct run *r, const char *fmt, ...) EFF_PRINTF(2, 3);
static void fail_run(struct run *r, const char *fmt, ...)
{
    char message[9000];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    allocations_fail_at(-1, false);
    char line[sizeof replay_line];
    snprintf(line, sizeof line, "%s", replay_line);
    tell_replay();
    ck_abort_msg("%s\n  journal: %s\n  %s", message, r->w.journal, line);
}

/* ---- hooks */

struct search {
    uint64_t id;
    eff_fiber_t *found;
};

static bool is_it(eff_fiber_t *f, void *arg)
{
    struct search *s = arg;
    if (f->id == s->id && f->state != EFF__DONE) s->found = f;
    return !s->found;
}

static void step(void *arg, eff_fiber_t *f)
{
    struct run *r = arg;
    struct outcome *o = r->outcome;
    const struct injection *i = r->injection;
    o->steps++;
    if (o->steps > r->max_steps)
        fail_run(r, "the run does not end: %ld instructions, the last by fiber %" PRIu64, o->steps, f->id);
    while (o->n_ids < r->rt->next_id) {
        o->n_ids++;
        if (o->n_ids < sizeof o->born / sizeof o->born[0]) o->born[o->n_ids] = o->steps;
    }
    bool small = r->rt->n_fibers <= CHECKED_FIBERS && o->steps <= CHECKED_STEPS;
    if (small || o->steps % CHECKED_STEPS == 0) {
        const char *wrong = eff__debug_check(r->rt);
        if (!wrong) wrong = eff__debug_check_timers(eff__test_timers(r->w.test));
        if (wrong) fail_run(r, "before instruction %ld, by fiber %" PRIu64 ": %s", o->steps, f->id, wrong);
    }
    if (i->kind != INTERRUPT || o->steps != i->at) return;
    struct search s = { .id = i->victim };
    eff__each_fiber(r->rt, is_it, &s);
    o->hit = s.found != NULL;
    if (s.found) eff_runtime_interrupt(r->rt, s.found);
}

static size_t pick(void *arg, eff_fiber_t *first, size_t n)
{
    struct run *r = arg;
    r->seed = r->seed * 6364136223846793005u + 1442695040888963407u;
    r->outcome->hit = true;
    return (size_t)(r->seed >> 33) % n;
}

static void note_misuse(const char *message, void *arg)
{
    struct run *r = arg;
    if (!r->misuse[0]) snprintf(r->misuse, sizeof r->misuse, "%s", message);
}

static void ignore_unobserved(const eff_fiber_t *fiber, const eff_cause_t *cause, void *arg) {}

/* ---- what must hold */

static bool is_about_memory(const eff_cause_t *leaf, void *arg)
{
    eff_value_t defect;
    if (eff_cause_tag(leaf) == EFF_CAUSE_DIE && eff_cause_defect(leaf, &defect)) {
        eff_buffer_t text = EFF_BUFFER_INIT;
        eff_value_format(defect, &text);
        if (strstr(eff_buffer_text(&text), "out of memory") || text.truncated) *(bool *)arg = true;
        eff_buffer_done(&text);
    }
    return !*(bool *)arg;
}

static bool is_deadlock(const eff_exit_t *exit)
{
    return exit_is(exit, "dies", "deadlock:");
}

static void check_expectation(struct run *r, const eff_exit_t *exit)
{
    const struct expectation *e = r->expected;
    const struct {
        const char *how, *text;
    } wanted[] = { { "succeeds", e->succeeds },
                   { "fails", e->fails },
                   { "dies", e->dies },
                   { "is interrupted", e->interrupted ? "" : NULL },
                   { "ends with", e->cause } };
    int n = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (!wanted[i].text) continue;
        n++;
        if (!exit_is(exit, wanted[i].how, wanted[i].text))
            fail_run(r, "expected that it %s %s, but it was %s", wanted[i].how, wanted[i].text, full_text_of(exit));
    }
    if (n > 1 || (n == 0 && !e->check)) fail_run(r, "the case expects no exit, or more than one");
    if (e->journal && strcmp(e->journal, r->w.journal) != 0)
        fail_run(r, "expected the journal \"%s\", but it was \"%s\"; exit %s", e->journal, r->w.journal,
                 full_text_of(exit));
    if (e->timed && e->ms != r->outcome->ms)
        fail_run(r, "expected that it takes %" PRId64 " ms, but it took %" PRId64, e->ms, r->outcome->ms);
    if (e->check) e->check(&r->w, exit);
}

/* The exit agrees with the plain one, as far as the injection leaves it. */
static void check_exit(struct run *r, const eff_exit_t *exit)
{
    const struct injection *i = r->injection;
    bool memory = false;
    if (strcmp(r->outcome->shape, r->plain->shape) == 0) return;
    switch (i->kind) {
    case PLAIN:
    case STEPPED:
    case SHUFFLE: break;
    case INTERRUPT:
        /* Who finds another fiber interrupted may go on as he likes, or wait for it in vain. */
        if (i->victim != 1 && (exit->ok || !eff_cause_has_die(exit->cause) || is_deadlock(exit))) return;
        if (!exit->ok && eff_cause_is_interrupted(exit->cause)) return;
        break;
    case OUT_OF_MEMORY:
        if (exit->ok || eff_cause_is_truncated(exit->cause) || is_deadlock(exit)) return;
        eff_cause_each(exit->cause, is_about_memory, &memory);
        if (memory) return;
        break;
    }
    fail_run(r, "ended with %s, but the plain run with %s", full_text_of(exit), r->plain->shape);
}

/* Nothing is left in the runtime. */
static void check_end(struct run *r)
{
    eff_runtime_t *rt = r->rt;
    if (rt->n_fibers) fail_run(r, "%zu fibers are left", rt->n_fibers);
    if (rt->n_ready || rt->ready_first) fail_run(r, "%zu ready fibers are left", rt->n_ready);
    if (rt->n_external) fail_run(r, "%zu waits for the outside are left", rt->n_external);
    if (rt->n_async || rt->n_blocking) fail_run(r, "%zu answers from outside are owed", rt->n_async);
    if (rt->timers.n || eff__test_n_sleepers(r->w.test)) fail_run(r, "timers are left");
    const char *wrong = eff__debug_check(rt);
    if (wrong) fail_run(r, "at the end: %s", wrong);
}

void drop_handles(struct world *w)
{
    for (size_t i = 0; i < sizeof w->fibers / sizeof w->fibers[0]; i++) {
        eff_fiber_decref(w->fibers[i]);
        w->fibers[i] = NULL;
    }
    for (size_t i = 0; i < sizeof w->deferreds / sizeof w->deferreds[0]; i++) {
        eff_deferred_decref(w->deferreds[i]);
        w->deferreds[i] = NULL;
    }
    eff_queue_decref(w->queue);
    w->queue = NULL;
}

/* ---- a run */

static void execute(struct run *r, eff_t *(*program)(struct world *w))
{
    const struct injection *i = r->injection;
    struct outcome *o = r->outcome;
    eff_runtime_t *rt = r->rt;
    rt->options.on_unobserved = ignore_unobserved;
    rt->hooks.arg = r;
    if (i->kind == STEPPED || i->kind == INTERRUPT) rt->hooks.step = step;
    if (i->kind == SHUFFLE) rt->hooks.pick = pick;

    allocations_fail_at(i->kind == OUT_OF_MEMORY ? i->at : -1, i->sticky);
    eff_exit_t exit = eff_runtime_run(rt, program(&r->w));
    if (rt->n_fibers) eff__run_shutdown(rt);
    o->requests = requests;
    if (i->kind == OUT_OF_MEMORY) o->hit = requests > i->at;
    allocations_fail_at(-1, false);

    rt->hooks = (struct eff__hooks){ 0 };
    o->ms = eff_test_now(r->w.test).ns / 1000000;
    snprintf(o->shape, sizeof o->shape, "%s", shape_of(&exit));
    snprintf(o->journal, sizeof o->journal, "%s", r->w.journal);
    if (r->plain) check_exit(r, &exit);
    else check_expectation(r, &exit);
    if (i->kind == STEPPED && strcmp(o->journal, r->plain->journal) != 0)
        fail_run(r, "with a step hook the journal was \"%s\", without \"%s\"", o->journal, r->plain->journal);
    eff_exit_decref(exit);
}

void run_once(const char *name, eff_t *(*program)(struct world *w), const struct expectation *expected,
              const struct injection *injection, const struct outcome *plain, struct outcome *ret_outcome)
{
    static struct run r;
    memset(&r, 0, sizeof r);
    memset(ret_outcome, 0, sizeof *ret_outcome);
    r.name = name, r.expected = expected, r.injection = injection, r.plain = plain, r.outcome = ret_outcome;
    r.seed = injection->seed;
    r.max_steps = plain && plain->steps ? plain->steps * STEPS_PER_PLAIN + STEPS_MORE : MAX_STEPS;
    note_replay(&r);
    (void)signal(SIGALRM, crashed); /* here, since Check takes it for its own child processes */
    alarm(MAX_SECONDS);
    eff_set_misuse_handler(note_misuse, &r);
    r.w.test = eff_test_new();
    if (!r.w.test) ck_abort_msg("no memory for a test");
    r.rt = eff_test_runtime(r.w.test);
    eff__test_auto(r.w.test);

    execute(&r, program);
    check_end(&r);
    drop_handles(&r.w);
    (void)eff_test_free(r.w.test);
    eff_set_misuse_handler(NULL, NULL);
    if (r.misuse[0]) fail_run(&r, "a mistake was reported: %s", r.misuse);
    if (r.w.acquired != r.w.released) fail_run(&r, "%d acquired, %d released", r.w.acquired, r.w.released);
    if (expected->invariant) expected->invariant(&r.w);
    eff_trim();
    if (blocks_live) fail_run(&r, "%ld blocks are still live", (long)blocks_live);
    replay_line[0] = 0;
    alarm(0);
}
