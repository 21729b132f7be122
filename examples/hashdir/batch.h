/* A batch: many files hashed side by side, their lines printed in order. The heart of the program. */
#ifndef BATCH_H
#define BATCH_H

#include "journal.h"
#include "ledger.h"
#include "progress.h"

#include <effect/effect.h>

/* What the jobs share. It belongs to the loop's thread, so nothing needs a lock. */
typedef struct batch {
    ledger_t ledger;
    progress_t progress;
    journal_t *journal; /* borrowed; or NULL */
    bool for_people;    /* stdout is a terminal */
    bool is_printing;   /* somebody prints what is ready */
} batch_t;

/* Hashes every found_t of items, at most n_jobs at once, each with the hasher service, and prints a line for each in
 * the order of the items. A file that cannot be read is noted in the ledger, and stops nobody. Fails, and stops the others,
 * if a line or the journal cannot be written. Borrows b until the effect has ended. */
eff_t *batch_run(batch_t *b, eff_value_t items, size_t n_jobs);

/* After the end, whatever it was: prints the lines that still wait for an earlier file, ... */
eff_t *batch_print_rest(batch_t *b);
/* ... and says on stderr which files could not be read, and how many were. note: what to add to it, static, or "". */
eff_t *batch_print_summary(batch_t *b, const char *note);

#endif
