/* Debug aids, switched by the environment: EFF_DEBUG=slow=10ms,unstarted,nofreelists. */
#ifndef EFF_RUNTIME_DEBUG_H
#define EFF_RUNTIME_DEBUG_H

#include "runtime/fiber.h"

struct eff__debug {
    int64_t slow_ns; /* a turn that holds the loop longer is reported; 0: none is */
    bool unstarted;  /* children that their region ended before their first instruction are reported */
};

/* Reads EFF_DEBUG; names what it does not know on stderr, once. */
struct eff__debug eff__debug_read(void);
/* A turn of the fiber with this id, forked there, took that long. */
void eff__debug_slow(uint64_t id, eff_site_t site, int64_t ns);
void eff__debug_unstarted(const eff_fiber_t *f);

#endif
