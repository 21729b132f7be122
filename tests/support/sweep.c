/* The sweeps over a case: interrupted before every instruction, every allocation failed, ready fibers shuffled. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing_allocator.h"
#include "support/harness.h"

enum { MAX_INTERRUPTS = 1200, MAX_FAILURES = 400, N_SHUFFLES = 20 };

struct sweeping {
    const char *name;
    eff_t *(*program)(struct world *w);
    const struct expectation *expected;
    struct outcome plain;   /* exit and journal as expected, requests of a run without free lists */
    struct outcome stepped; /* steps and fibers */
    uint64_t seed;          /* of samples and shuffles */
};

static bool run_with(struct sweeping *s, struct injection injection)
{
    static struct outcome outcome;
    run_once(s->name, s->program, s->expected, &injection, &s->stepped, &outcome);
    return outcome.hit;
}

static uint64_t next_random(struct sweeping *s)
{
    s->seed = s->seed * 6364136223846793005u + 1442695040888963407u;
    return s->seed >> 33;
}

/* EFF_TEST_SCALE percent of n, at least 1. */
static long scaled(long n)
{
    const char *text = getenv("EFF_TEST_SCALE");
    long percent = text ? strtol(text, NULL, 10) : 100, many = n * percent / 100;
    return many < 1 ? 1 : many;
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
    fprintf(stderr, "# %s: every %ldth of %ld %s, seed %" PRIu64 "\n", s->name, by, n, what, s->seed);
    *ret_first = (long)(next_random(s) % (uint64_t)by);
    return by;
}

/* Each fiber, at each instruction of all fibers from its birth on, until it has ended. */
static void sweep_interrupts(struct sweeping *s)
{
    const struct outcome *o = &s->stepped;
    uint64_t n_victims = o->n_ids, n_born = sizeof o->born / sizeof o->born[0];
    if (n_victims >= n_born) n_victims = n_born - 1;
    long total = 0, first;
    for (uint64_t v = 1; v <= n_victims; v++)
        total += o->steps - o->born[v] + 1;
    long by = stride(s, "interruptions", total, scaled(MAX_INTERRUPTS), &first), skip = first;
    for (uint64_t v = 1; v <= n_victims; v++) {
        long at = o->born[v] + skip;
        bool alive = true;
        for (; at <= o->steps; at += by)
            if (alive) alive = run_with(s, (struct injection){ .kind = INTERRUPT, .victim = v, .at = at });
        skip = at - o->steps - 1;
    }
}

static void sweep_allocations(struct sweeping *s)
{
    long first, by = stride(s, "failed allocations", s->plain.requests, scaled(MAX_FAILURES), &first);
    for (int sticky = 0; sticky < 2; sticky++) {
        bool hit = true;
        for (long at = first; hit; at += by)
            hit = run_with(s, (struct injection){ .kind = OUT_OF_MEMORY, .at = at, .sticky = sticky });
    }
}

static void sweep_shuffles(struct sweeping *s)
{
    bool choice = true;
    for (long i = scaled(N_SHUFFLES); i > 0 && choice; i--)
        choice = run_with(s, (struct injection){ .kind = SHUFFLE, .seed = next_random(s) });
}

/* Off, every allocation is one request, which can be failed. On, as by default: off under AddressSanitizer. */
static void free_lists(bool on)
{
#if defined(UNDER_ASAN)
    on = false;
#endif
    eff__freelist_enable(on);
}

/* What EFF_REPLAY asks for, if it is about this test; false when it names another one. */
static bool asked_for(const char *name, const char *replay, struct injection *ret_injection)
{
    char test[256] = "";
    const char *at;
    *ret_injection = (struct injection){ .kind = STEPPED };
    if (sscanf(replay, "test=%255s", test) != 1 || strcmp(test, name) != 0) return false;
    if ((at = strstr(replay, " victim=")) &&
        sscanf(at, " victim=%" SCNu64 "@%ld", &ret_injection->victim, &ret_injection->at) == 2)
        ret_injection->kind = INTERRUPT;
    if ((at = strstr(replay, " oom=")) && sscanf(at, " oom=%ld", &ret_injection->at) == 1)
        ret_injection->kind = OUT_OF_MEMORY;
    if (strstr(replay, " sticky=1")) ret_injection->sticky = true;
    if ((at = strstr(replay, " seed=")) && sscanf(at, " seed=%" SCNu64, &ret_injection->seed) == 1)
        ret_injection->kind = SHUFFLE;
    return true;
}

void sweep(const char *name, eff_t *(*program)(struct world *w), const struct expectation *expected)
{
    static struct sweeping s;
    struct injection asked, plain = { .kind = PLAIN }, stepped = { .kind = STEPPED };
    const char *replay = getenv("EFF_REPLAY");
    memset(&s, 0, sizeof s);
    s.name = name, s.program = program, s.expected = expected, s.seed = seed_of(name);
    run_once(name, program, expected, &plain, NULL, &s.plain);
    run_once(name, program, expected, &stepped, &s.plain, &s.stepped);
    if (replay) {
        if (!asked_for(name, replay, &asked)) return;
        if (asked.kind == OUT_OF_MEMORY) free_lists(false);
        (void)run_with(&s, asked);
        free_lists(true);
        return;
    }
    if (!(expected->without & NO_INTERRUPTS)) sweep_interrupts(&s);
    if (!(expected->without & NO_SHUFFLES)) sweep_shuffles(&s);
    if (expected->without & NO_ALLOCATIONS) return;
    free_lists(false);
    run_once(name, program, expected, &plain, NULL, &s.plain);
    sweep_allocations(&s);
    free_lists(true);
}
