/* The sweeps over a case: every injection at every point, or at a sample of them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing_allocator.h"
#include "support/harness.h"

enum {
    MAX_INTERRUPTS = 1200,
    MAX_AROUND = 80, /* of each: timeouts, scopes, regions, shutdowns and frees */
    MAX_PAIRS = 150,
    MAX_FAILURES = 400,
    N_SHUFFLES = 20,
    N_BUDGETS = 8,
    MAX_BUDGET = 5, /* instructions */
    N_MIXTURES = 40
};

struct sweeping {
    const char *name;
    eff_t *(*program)(struct world *w);
    const struct expectation *expected;
    struct outcome plain;   /* exit and journal as expected, requests of a run without free lists */
    struct outcome stepped; /* steps and fibers */
    struct outcome put;     /* the same of the program put into something */
    long sample;            /* percent */
    unsigned budget;        /* of all runs but the plain one; 0: as usual */
    uint64_t seed;          /* of samples and shuffles */
};

static bool run_with(struct sweeping *s, struct injection injection)
{
    static struct outcome outcome;
    const struct outcome *plain = injection.kind == INTERRUPT ? &s->stepped : &s->put;
    if (s->budget) injection.budget = s->budget;
    run_once(s->name, s->program, s->expected, &injection, plain, &outcome);
    return outcome.hit;
}

static uint64_t next_random(struct sweeping *s)
{
    s->seed = s->seed * 6364136223846793005u + 1442695040888963407u;
    return s->seed >> 33;
}

long test_scaled(long n)
{
    const char *text = getenv("EFF_TEST_SCALE");
    long percent = text ? strtol(text, NULL, 10) : 100, many = n * percent / 100;
    return many < 1 ? 1 : many;
}

static long sampled(const struct sweeping *s, long n)
{
    return test_scaled((n * s->sample + 99) / 100);
}

/* The seed of a case: the same in every run, unless EFF_TEST_SEED asks for another one. */
static uint64_t seed_of(const char *name)
{
    const char *text = getenv("EFF_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 1469598103934665603u;
    while (*name)
        seed = (seed ^ (unsigned char)*name++) * 1099511628211u;
    return seed;
}

/* How far apart samples are, so that about `limit` of n are taken; *ret_first: the first of them. */
static long stride(struct sweeping *s, const char *what, long n, long limit, long *ret_first)
{
    long by = (n + limit - 1) / limit;
    *ret_first = 0;
    if (by <= 1) return 1;
    if (s->sample == 100)
        fprintf(stderr, "# %s: every %ldth of %ld %s, seed %" PRIu64 "\n", s->name, by, n, what, s->seed);
    *ret_first = (long)(next_random(s) % (uint64_t)by);
    return by;
}

/* How many fibers the births of which are known. */
static uint64_t n_victims(const struct outcome *o)
{
    uint64_t n_born = sizeof o->born / sizeof o->born[0];
    return o->n_ids < n_born ? o->n_ids : n_born - 1;
}

static long n_interrupts(const struct outcome *o)
{
    long n = 0;
    for (uint64_t v = 1; v <= n_victims(o); v++)
        n += o->steps - o->born[v] + 1;
    return n;
}

/* Each fiber, at each instruction of all fibers from its birth on, until it has ended. */
static void sweep_interrupts(struct sweeping *s)
{
    const struct outcome *o = &s->stepped;
    long first, by = stride(s, "interruptions", n_interrupts(o), sampled(s, MAX_INTERRUPTS), &first), skip = first;
    for (uint64_t v = 1; v <= n_victims(o); v++) {
        long at = o->born[v] + skip;
        bool alive = true;
        for (; at <= o->steps; at += by)
            if (alive) alive = run_with(s, (struct injection){ .n_actions = 1, .actions = { { INTERRUPT, v, at } } });
        skip = at - o->steps - 1;
    }
}

/* The n-th thing to interrupt: a fiber, and an instruction from its birth on. */
static struct action nth_interrupt(const struct outcome *o, long n)
{
    uint64_t v = 1;
    for (; v < n_victims(o) && n > o->steps - o->born[v]; v++)
        n -= o->steps - o->born[v] + 1;
    return (struct action){ INTERRUPT, v, o->born[v] + n };
}

/* Two interruptions: of two fibers, or of one and the same again; at one step, or one after the other. */
static void sweep_pairs(struct sweeping *s)
{
    const struct outcome *o = &s->stepped;
    long n = n_interrupts(o), limit = sampled(s, MAX_PAIRS);
    if (n == 0) return;
    if (n > limit || n * n > limit) {
        for (long i = 0; i < limit; i++) {
            struct action a = nth_interrupt(o, (long)(next_random(s) % (uint64_t)n));
            struct action b = nth_interrupt(o, (long)(next_random(s) % (uint64_t)n));
            if (i % 2 && o->born[b.victim] <= a.at) b.at = a.at;
            (void)run_with(s, (struct injection){ .n_actions = 2, .actions = { a, b } });
        }
        return;
    }
    for (long i = 0; i < n * n; i++)
        (void)run_with(s, (struct injection){ .n_actions = 2,
                                              .actions = { nth_interrupt(o, i / n), nth_interrupt(o, i % n) } });
}

/* An action on the whole, at each step. */
static void sweep_steps(struct sweeping *s, enum kind kind, const char *what, const struct outcome *o)
{
    long first, by = stride(s, what, o->steps, sampled(s, MAX_AROUND), &first);
    for (long at = 1 + first; at <= o->steps; at += by) {
        struct injection i = { .kind = kind < QUEUE ? kind : INTERRUPT,
                               .n_actions = 1,
                               .actions = { { kind, 0, at } } };
        (void)run_with(s, i);
    }
}

/* The same with the program put into something that can be ended. Without that it must not matter. */
static void sweep_around(struct sweeping *s, enum kind kind, const char *what)
{
    struct injection nothing = { .kind = kind, .stepped = true, .budget = s->budget };
    run_once(s->name, s->program, s->expected, &nothing, &s->plain, &s->put);
    sweep_steps(s, kind, what, &s->put);
}

static void sweep_allocations(struct sweeping *s)
{
    long first, by = stride(s, "failed allocations", s->plain.requests, sampled(s, MAX_FAILURES), &first);
    for (int sticky = 0; sticky < 2; sticky++) {
        bool hit = true;
        for (long at = first; hit; at += by)
            hit = run_with(s, (struct injection){ .fails = true, .request = at, .sticky = sticky });
    }
}

static void sweep_shuffles(struct sweeping *s)
{
    bool choice = true;
    for (long i = sampled(s, N_SHUFFLES); i > 0 && choice; i--)
        choice = run_with(s, (struct injection){ .shuffled = true, .seed = next_random(s) });
}

/* Fibers lose the loop after a few instructions, and get it again in their order, or in one that is drawn by lot. */
static void sweep_budgets(struct sweeping *s)
{
    for (long i = sampled(s, N_BUDGETS); i > 0; i--) {
        struct injection small = { .budget = 1 + (unsigned)(i % MAX_BUDGET), .shuffled = i % 2 };
        if (small.shuffled) small.seed = next_random(s);
        (void)run_with(s, small);
    }
}

/* Several things at once, drawn by lot: an order, interruptions, a shutdown; and a failed request, if that is asked for.
 * Where orders are not to be shuffled, they are not. */
static void sweep_mixtures(struct sweeping *s, bool failing)
{
    const struct outcome *o = &s->stepped;
    uint64_t n_steps = (uint64_t)n_interrupts(o), n_requests = (uint64_t)s->plain.requests;
    if (n_steps == 0 || n_requests == 0) return;
    for (long i = sampled(s, N_MIXTURES); i > 0; i--) {
        struct injection mixture = { .n_actions = 1 + (int)(next_random(s) % 2), .seed = next_random(s) };
        mixture.shuffled = !(s->expected->without & NO_SHUFFLES) && next_random(s) % 3;
        mixture.fails = failing;
        /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): n_requests was looked at */
        mixture.request = failing ? (long)(next_random(s) % n_requests) : 0;
        for (int n = 0; n < mixture.n_actions; n++)
            mixture.actions[n] = nth_interrupt(o, (long)(next_random(s) % n_steps));
        if (next_random(s) % 4 == 0) mixture.actions[0].kind = SHUTDOWN;
        (void)run_with(s, mixture);
    }
}

/* Off, every allocation is one request, which can be failed. On, as by default: off under AddressSanitizer. */
static void free_lists(bool on)
{
#if defined(UNDER_ASAN)
    on = false;
#endif
    eff__freelist_enable(on);
}

/* Only the run that the line asks for, if it is about this test. */
static void replay(struct sweeping *s, const char *line)
{
    struct injection asked;
    if (!asked_for(s->name, line, &asked)) return;
    struct injection around = { .kind = asked.kind, .stepped = true };
    if (asked.kind != INTERRUPT) run_once(s->name, s->program, s->expected, &around, &s->plain, &s->put);
    if (asked.fails) free_lists(false);
    (void)run_with(s, asked);
    free_lists(true);
}

static void sweep_all_actions(struct sweeping *s)
{
    sweep_interrupts(s);
    sweep_pairs(s);
    sweep_steps(s, SHUTDOWN, "shutdowns", &s->stepped);
    if (s->stepped.queue && !(s->expected->without & NO_QUEUE)) sweep_steps(s, QUEUE, "queues shut down", &s->stepped);
    if (!(s->expected->without & NO_FREE)) sweep_steps(s, FREE, "runtimes freed", &s->stepped);
    if (!(s->expected->without & NO_AROUND)) {
        sweep_around(s, TIMEOUT, "timeouts");
        sweep_around(s, SCOPE, "scopes closed");
        sweep_around(s, REGION, "regions left");
        if (!s->stepped.outside) sweep_around(s, GRACE, "graces begun"); /* else it may never pass */
    }
    sweep_mixtures(s, false);
}

static void sweep_all(struct sweeping *s)
{
    unsigned without = s->expected->without;
    if (!(without & NO_INTERRUPTS)) sweep_all_actions(s);
    if (!(without & NO_SHUFFLES)) sweep_shuffles(s);
    if (!(without & (NO_SHUFFLES | NO_BUDGETS))) sweep_budgets(s);
    if (without & NO_ALLOCATIONS) return;
    free_lists(false);
    run_once(s->name, s->program, s->expected, &(struct injection){ 0 }, NULL, &s->plain);
    sweep_allocations(s);
    if (!(without & NO_INTERRUPTS)) sweep_mixtures(s, true);
    free_lists(true);
}

void sweep(const char *name, eff_t *(*program)(struct world *w), const struct expectation *expected, long sample)
{
    static struct sweeping s;
    struct injection plain = { 0 }, stepped = { .stepped = true }, asked = { .budget = test_budget() };
    const char *line = getenv("EFF_REPLAY");
    memset(&s, 0, sizeof s);
    use_defaults(0); /* each run says what its budget is */
    s.name = name, s.program = program, s.expected = expected, s.seed = seed_of(name), s.sample = sample;
    run_once(name, program, expected, &plain, NULL, &s.plain);
    if (asked.budget && !(expected->without & (NO_SHUFFLES | NO_BUDGETS))) {
        s.budget = stepped.budget = asked.budget;
        run_once(name, program, expected, &asked, &s.plain, &s.put);
        s.plain = s.put;
    }
    run_once(name, program, expected, &stepped, &s.plain, &s.stepped);
    if (line) replay(&s, line);
    else sweep_all(&s);
    end_watching_time();
}
