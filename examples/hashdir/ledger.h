/* The ledger: what became of each file, in the order in which the files were entered. */
#ifndef LEDGER_H
#define LEDGER_H

#include <effect/value.h>

#include <sys/queue.h>

typedef struct entry {
    STAILQ_ENTRY(entry) next;
    eff_value_t path;
    eff_value_t hash;  /* a string, or absent ... */
    eff_value_t error; /* ... an error, or absent; both: it is not done */
} entry_t;
STAILQ_HEAD(entries, entry);

typedef struct ledger {
    struct entries lines;    /* not printed yet, the first file first */
    struct entries problems; /* those with an error, in order too */
    size_t n_hashed, n_problems;
} ledger_t;

void ledger_init(ledger_t *l);
void ledger_done(ledger_t *l); /* takes a zeroed one, too */

/* A line for a file. Consumes path. NULL: no memory. */
entry_t *ledger_enter(ledger_t *l, eff_value_t path);
/* The entry is done. Each consumes its value. */
void ledger_hashed(ledger_t *l, entry_t *e, eff_value_t hash);
void ledger_failed(ledger_t *l, entry_t *e, eff_value_t error);

/* The next line that can be printed; NULL: none now. With skip_unfinished it passes by those that are not done. */
entry_t *ledger_next_line(ledger_t *l, bool skip_unfinished);
/* The line was printed. */
void ledger_remove(ledger_t *l, entry_t *e);

#endif
