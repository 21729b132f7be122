/* The report of leaks: of what track.c has noted, what nobody has given up. */
#ifndef EFF_RUNTIME_LEAKS_H
#define EFF_RUNTIME_LEAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/sink.h"

/* Memory, of whatever kind, that holds what its words point to. */
struct eff__held {
    const void *start;
    size_t size;
};

/* What a report is asked for. */
struct eff__leaks_ask {
    uint64_t since; /* blocks made after this serial of track.h */
    bool typed;     /* effects and values only, not the bare memory that handles grow by */
    bool own;       /* only what this thread made, or a worker of the blocking pool: others may hold what they make */
    size_t n_held;
    const struct eff__held *held; /* what is held by these pieces of memory is not told of */
};

/* Looks at the living blocks that no report has told of yet. Those that another living block points to are left out: they go
 * with it. Adds a line for each kind of what is left, beginning with `before`; returns how many that are. */
EFF_API size_t eff__leaks_tell(struct eff__sink *s, const char *before, const struct eff__leaks_ask *ask);
/* Begins to track blocks, if that has not been begun; the serial of the latest. */
EFF_API uint64_t eff__leaks_now(void);
/* EFF_DEBUG asks for reports on stderr: one is made as the process exits. */
void eff__leaks_asked_for(void);
/* If it did, makes one now. */
void eff__leaks_print(uint64_t since);

#endif
