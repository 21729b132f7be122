/* The report of leaks: of what track.c has noted, what nobody has given up. */
#ifndef EFF_RUNTIME_LEAKS_H
#define EFF_RUNTIME_LEAKS_H

#include <stddef.h>
#include <stdint.h>

#include "core/sink.h"

/* Looks at the living blocks made after `since` (a serial of track.h) that no report has told of yet, but for `except`.
 * Those that another living block points to are left out: they go with it. Adds a line for each kind of what is left,
 * beginning with `before`; returns how many that are. */
EFF_API size_t eff__leaks_tell(struct eff__sink *s, const char *before, uint64_t since, const void *except);
/* Begins to track blocks, if that has not been begun; the serial of the latest. */
EFF_API uint64_t eff__leaks_now(void);
/* EFF_DEBUG asks for reports on stderr: one is made as the process exits. */
void eff__leaks_asked_for(void);
/* If it did, makes one now. */
void eff__leaks_print(uint64_t since);

#endif
