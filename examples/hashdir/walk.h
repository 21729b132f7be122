/* Walking a directory tree, one step at a time: nothing is read before somebody wants the next file. */
#ifndef WALK_H
#define WALK_H

#include <effect/effect.h>

#include <sys/stat.h>

enum { MAX_OWN_FILES = 2 };

/* What to walk. All is copied or consumed by walk_open. */
typedef struct place {
    eff_value_t directory; /* a string; consumed. If it is a symbolic link, that is followed, but none below it */
    eff_value_t shown_as;  /* what the paths begin with; consumed */
    size_t n_own;
    struct stat own[MAX_OWN_FILES]; /* files that we write ourselves, to be left out */
} place_t;

/* Succeeds with a walk; fails with an error when the directory cannot be read. */
eff_t *walk_open(place_t place);

/* The regular files below, and what cannot be opened, each a found_t: items for eff_for_each and its kin. The paths are
 * in the order of their bytes. Borrows walk, which is used up by one loop. */
eff_value_t walk_items(eff_value_t walk);

#endif
