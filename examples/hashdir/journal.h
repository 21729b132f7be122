/* The journal: a file that remembers the hashes that are done, so that a run that was interrupted can go on. A file is
 * known again by its path, size and time of change. */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "found.h"

#include <effect/effect.h>

#include <sys/stat.h>

typedef struct journal journal_t;
EFF_DECLARE_TYPE(journal, journal_t);

/* Succeeds with the journal at path, which is made if there is none; fails with an error if it cannot be read, or is
 * something else. */
eff_t *journal_open(const char *path);
/* Which file it is, so that it can be left out of the walk. */
struct stat journal_file(const journal_t *j);
/* The hash that is known of file; borrowed from j, NULL if there is none. */
const char *journal_find(const journal_t *j, const found_t *file);
/* Appends a line; fails with an error. Borrows all until the effect has ended. */
eff_t *journal_add(journal_t *j, const found_t *file, const char *hash);

#endif
