/* A session: the whole job of hashing one directory, from opening it to the summary. */
#ifndef SESSION_H
#define SESSION_H

#include <effect/effect.h>

enum { DEFAULT_JOBS = 4, MAX_JOBS = 64 };

typedef struct options {
    const char *directory; /* all borrowed until the effect has ended */
    const char *shown_as;  /* what the printed paths begin with */
    const char *resume;    /* the journal, or NULL */
    size_t n_jobs;         /* 1 to MAX_JOBS */
} options_t;

/* Succeeds with 0, or 1 if there were files that could not be read; fails with an error if the directory could not be
 * opened, or output not written. */
eff_t *session(options_t options);

#endif
