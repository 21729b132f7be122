/* How far it is: plain numbers, of the loop's thread, and a bar that shows them. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "found.h"

#include <effect/effect.h>

enum { MAX_CURRENT = 64 }; /* files at once */

typedef struct progress {
    size_t done_files, known_files;
    int64_t done_bytes, known_bytes;
    const found_t *current[MAX_CURRENT]; /* being hashed; borrowed; NULL: free */
    bool bar_is_on;                      /* the terminal's last line is ours */
} progress_t;

void progress_enter(progress_t *p, const found_t *file);
/* is_done: else it was given up in the middle. */
void progress_leave(progress_t *p, const found_t *file, bool is_done);
void progress_add_bytes(progress_t *p, int64_t n);

/* Never ends: redraws the bar on stderr ten times a second. Borrows p. */
eff_t *progress_bar(progress_t *p);
/* Takes the bar away, if there is one; the next redraw brings it back. */
eff_t *progress_hide(progress_t *p);

#endif
