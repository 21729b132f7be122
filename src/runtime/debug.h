/* Debug aids, switched by the environment (EFF_DEBUG=slow=10ms,finalizers=5s,leaks,unstarted,nofreelists) or by the
 * runtime's options: what is asked for, and how the reports are told. */
#ifndef EFF_RUNTIME_DEBUG_H
#define EFF_RUNTIME_DEBUG_H

#include <effect/runtime.h>

#include "core/sink.h"
#include "runtime/fiber.h"

struct eff__debug {
    int64_t slow_ns;      /* callbacks and turns that hold the loop for longer are reported; 0: none is */
    int64_t finalizer_ns; /* finalizers that run for longer are; 0: none is */
    bool unstarted;       /* children that their region ended before their first instruction are reported */
    bool leaks;           /* effects are marked as they are run, and blocks tracked */
    int64_t (*now)(void); /* what these times are measured by, in ns: tests have their own */
};

/* A fiber, as reports tell of it: it may be gone by then. */
struct eff__who {
    uint64_t id; /* 0: none */
    eff_site_t fork_site;
    bool is_main;  /* nobody forked it */
    char name[32]; /* cut; "" when it has none */
};

/* What is asked for: by the options, and by EFF_DEBUG, of which unknown words are named on stderr. */
struct eff__debug eff__debug_read(const eff_runtime_options_t *options);
struct eff__who eff__who_is(const eff_fiber_t *f);
/* "fiber 7 \"name\" (forked at x.c:3)", "fiber 1 (main)". */
void eff__sink_who(struct eff__sink *s, const struct eff__who *who);
/* "84 ms", "1.25 s": about three digits. */
void eff__sink_duration(struct eff__sink *s, int64_t ns);
/* The n things of this name, of which the site names a callback or only a place: "finalizer close_db (db.c:40)",
 * "a finalizer at db.c:40", or without a site "a finalizer". */
void eff__sink_called(struct eff__sink *s, const char *noun, eff_site_t site);
/* The release of a bracket, whose site names what is done with the resource: "the release of watch (process.c:104)", "the
 * release at process.c:104", or without a site "a release". */
void eff__sink_release(struct eff__sink *s, eff_site_t site);
/* Tells on_slow, or stderr: `write` makes the text. Without memory for it, on_slow gets what there is. */
void eff__tell_slow(const eff_runtime_t *rt, eff_slow_t *slow, void (*write)(struct eff__sink *s, const void *arg),
                    const void *arg);
void eff__debug_unstarted(const eff_fiber_t *f);

#endif
