/* Reading EFF_DEBUG, and what the aids print. It is read when a runtime is made, so a test may set it first. */
#include "runtime/debug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sink.h"

/* "10ms", "250us", "1s" in ns; -1 when it is none of these. */
static int64_t duration_of(const char *text, size_t n)
{
    char *unit;
    char copy[32];
    if (n >= sizeof copy) return -1;
    memcpy(copy, text, n);
    copy[n] = 0;
    double d = strtod(copy, &unit);
    if (unit == copy || !(d >= 0)) return -1; /* NaN too */
    double scale = !strcmp(unit, "s") ? 1e9 : !strcmp(unit, "ms") ? 1e6 : !strcmp(unit, "us") ? 1e3 : -1;
    return scale < 0 || !(d * scale <= 9e18) ? -1 : (int64_t)(d * scale);
}

static bool is_word(const char *text, size_t n, const char *word)
{
    return strlen(word) == n && !memcmp(text, word, n);
}

/* One of the comma-separated words. */
static bool read_word(struct eff__debug *d, const char *text, size_t n)
{
    if (is_word(text, n, "unstarted")) return d->unstarted = true;
    if (is_word(text, n, "nofreelists")) return true; /* core/memory.c looks for it */
    if (n > 5 && !memcmp(text, "slow=", 5)) {
        d->slow_ns = duration_of(text + 5, n - 5);
        if (d->slow_ns >= 0) return true;
        d->slow_ns = 0;
    }
    return n == 0;
}

static void complain(const char *text, size_t n)
{
    struct eff__sink err = { .file = stderr };
    eff__sink_add(&err, "libeffect: EFF_DEBUG: \"");
    eff__sink_escaped(&err, text, n < 64 ? n : 64);
    if (!strncmp(text, "slow", 4)) eff__sink_add(&err, "\": slow wants a duration in s, ms or us, as in slow=10ms\n");
    else eff__sink_add(&err, "\" is not known; there are slow=10ms, unstarted, nofreelists\n");
}

struct eff__debug eff__debug_read(void)
{
    struct eff__debug d = { 0 };
    const char *text = getenv("EFF_DEBUG");
    while (text && *text) {
        size_t n = strcspn(text, ",");
        if (!read_word(&d, text, n)) complain(text, n);
        text += n;
        if (*text) text++;
    }
    return d;
}

void eff__debug_slow(uint64_t id, eff_site_t site, int64_t ns)
{
    eff_buffer_t took = EFF_BUFFER_INIT;
    eff_duration_format((eff_duration_t){ ns / 1000 * 1000 }, &took);
    fprintf(stderr, "libeffect: slow: fiber %llu%s%s%s held the loop for %s\n", (unsigned long long)id,
            site ? " (forked at " : "", site ? site : "", site ? ")" : "", eff_buffer_text(&took));
    eff_buffer_done(&took);
}

void eff__debug_unstarted(const eff_fiber_t *f)
{
    fprintf(stderr,
            "libeffect: unstarted: fiber %llu%s%s%s was ended by its region before it ran at all: join or await it, or "
            "fork it into a scope that lives longer\n",
            (unsigned long long)f->id, f->fork_site ? " (forked at " : "", f->fork_site ? f->fork_site : "",
            f->fork_site ? ")" : "");
}
