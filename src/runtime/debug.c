/* Reading EFF_DEBUG, and what the aids print. It is read when a runtime is made, so a test may set it first. */
#include "runtime/debug.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/track.h"
#include "runtime/leaks.h"
#include "runtime/rare.h"
#include "runtime/runtime.h"

/* ---- EFF_DEBUG */

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

/* Whether the text is `word` (which ends in '=') and a duration. */
static bool read_duration(const char *text, size_t n, const char *word, int64_t *ret_ns)
{
    size_t skip = strlen(word);
    if (n <= skip || memcmp(text, word, skip) != 0) return false;
    int64_t ns = duration_of(text + skip, n - skip);
    if (ns >= 0) *ret_ns = ns;
    return ns >= 0;
}

/* One of the comma-separated words. */
static bool read_word(struct eff__debug *d, const char *text, size_t n)
{
    if (is_word(text, n, "unstarted")) return d->unstarted = true;
    if (is_word(text, n, "leaks")) {
        eff__leaks_asked_for();
        return true;
    }
    if (is_word(text, n, "nofreelists")) return true; /* core/memory.c looks for it */
    return n == 0 || read_duration(text, n, "slow=", &d->slow_ns) ||
           read_duration(text, n, "finalizers=", &d->finalizer_ns);
}

static void complain(const char *text, size_t n)
{
    static const char *const timed[] = { "slow", "finalizers" };
    struct eff__sink err = { .file = stderr };
    eff__sink_add(&err, "libeffect: EFF_DEBUG: \"");
    eff__sink_escaped(&err, text, n < 64 ? n : 64);
    for (size_t i = 0; i < sizeof timed / sizeof timed[0]; i++) {
        if (strncmp(text, timed[i], strlen(timed[i])) != 0) continue;
        eff__sink_printf(&err, "\": %s wants a duration in s, ms or us, as in %s=10ms\n", timed[i], timed[i]);
        return;
    }
    eff__sink_add(&err, "\" is not known; there are slow=10ms, finalizers=5s, leaks, unstarted, nofreelists\n");
}

struct eff__debug eff__debug_read(const eff_runtime_options_t *options)
{
    struct eff__debug d = { .now = eff__now_ns };
    if (options->slow_callback.ns > 0) d.slow_ns = options->slow_callback.ns;
    if (options->slow_finalizer.ns > 0) d.finalizer_ns = options->slow_finalizer.ns;
    const char *text = getenv("EFF_DEBUG");
    while (text && *text) {
        size_t n = strcspn(text, ",");
        if (!read_word(&d, text, n)) complain(text, n);
        text += n;
        if (*text) text++;
    }
    if (atomic_load_explicit(&eff__tracking, memory_order_relaxed)) d.leaks = true;
    return d;
}

/* ---- pieces of text */

struct eff__who eff__who_is(const eff_fiber_t *f)
{
    struct eff__who who = { .id = f->id, .fork_site = f->fork_site };
    who.is_main = f->flags & EFF__MAIN;
    const char *name = eff__fiber_name(f);
    if (name) snprintf(who.name, sizeof who.name, "%s", name);
    return who;
}

void eff__sink_who(struct eff__sink *s, const struct eff__who *who)
{
    eff__sink_printf(s, "fiber %" PRIu64, who->id);
    if (who->name[0]) {
        eff__sink_add(s, " \"");
        eff__sink_escaped(s, who->name, strlen(who->name));
        eff__sink_add(s, "\"");
    }
    if (who->is_main || who->fork_site) eff__sink_add(s, who->is_main ? " (main)" : " (forked at ");
    if (who->is_main || !who->fork_site) return;
    eff__sink_add(s, who->fork_site);
    eff__sink_add(s, ")");
}

void eff__sink_duration(struct eff__sink *s, int64_t ns)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = { { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };
    size_t i = 0;
    while (i < 2 && ns >= units[i + 1].ns)
        i++;
    int64_t whole = ns / units[i].ns, hundredths = ns % units[i].ns / (units[i].ns / 100);
    eff__sink_printf(s, "%" PRId64, whole);
    if (whole < 10 && hundredths % 10) eff__sink_printf(s, ".%02d", (int)hundredths);
    else if (whole < 100 && hundredths >= 10) eff__sink_printf(s, ".%d", (int)(hundredths / 10));
    eff__sink_printf(s, " %s", units[i].name);
}

void eff__sink_called(struct eff__sink *s, const char *noun, eff_site_t site)
{
    bool named = site && strchr(site, '(');
    if (!named) eff__sink_add(s, eff__article(noun)), eff__sink_add(s, " ");
    eff__sink_add(s, noun);
    if (!site) return;
    eff__sink_add(s, named ? " " : " at ");
    eff__sink_add(s, site);
}

void eff__sink_release(struct eff__sink *s, eff_site_t site)
{
    eff__sink_add(s, !site ? "a release" : strchr(site, '(') ? "the release of " : "the release at ");
    if (site) eff__sink_add(s, site);
}

/* ---- reports */

/* A report is not worth holding the loop for: when stderr is a full pipe it is left out. */
static bool stderr_takes_text(void)
{
    struct pollfd p = { .fd = fileno(stderr), .events = POLLOUT };
    return poll(&p, 1, 0) != 0;
}

void eff__tell_slow(const eff_runtime_t *rt, eff_slow_t *slow, void (*write)(struct eff__sink *s, const void *arg),
                    const void *arg)
{
    if (!rt->options.on_slow) {
        struct eff__sink err = { .file = stderr };
        if (!stderr_takes_text()) return;
        eff__sink_add(&err, "libeffect: slow: ");
        write(&err, arg);
        eff__sink_add(&err, "\n");
        return;
    }
    eff_buffer_t text = EFF_BUFFER_INIT;
    struct eff__sink s = { .buffer = &text };
    write(&s, arg);
    slow->text = eff_buffer_text(&text);
    rt->options.on_slow(slow, rt->options.arg);
    eff_buffer_done(&text);
}

void eff__debug_unstarted(const eff_fiber_t *f)
{
    struct eff__sink err = { .file = stderr };
    struct eff__who who = eff__who_is(f);
    eff__sink_add(&err, "libeffect: unstarted: ");
    eff__sink_who(&err, &who);
    eff__sink_add(&err, " was ended by its region before it ran at all: join or await it, or fork it into a scope that "
                        "lives longer\n");
}
