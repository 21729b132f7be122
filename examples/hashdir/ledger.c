/* The ledger: two lists. An entry is in `lines` until it is printed, or found to be a problem. */
#include "ledger.h"

#include <stdlib.h>

void ledger_init(ledger_t *l)
{
    *l = (ledger_t){ .n_hashed = 0 };
    STAILQ_INIT(&l->lines);
    STAILQ_INIT(&l->problems);
}

static void entry_free(entry_t *e)
{
    eff_value_decref(e->path);
    eff_value_decref(e->hash);
    eff_value_decref(e->error);
    free(e);
}

static void free_all(struct entries *list)
{
    for (entry_t *e = STAILQ_FIRST(list), *next; e; e = next) {
        next = STAILQ_NEXT(e, next);
        entry_free(e);
    }
}

void ledger_done(ledger_t *l)
{
    free_all(&l->lines);
    free_all(&l->problems);
}

entry_t *ledger_enter(ledger_t *l, eff_value_t path)
{
    entry_t *e = calloc(1, sizeof *e);
    if (!e) {
        eff_value_decref(path);
        return NULL;
    }
    e->path = path;
    STAILQ_INSERT_TAIL(&l->lines, e, next);
    return e;
}

void ledger_hashed(ledger_t *l, entry_t *e, eff_value_t hash)
{
    e->hash = hash;
    l->n_hashed++;
}

void ledger_failed(ledger_t *l, entry_t *e, eff_value_t error)
{
    e->error = error;
    l->n_problems++;
}

entry_t *ledger_next_line(ledger_t *l, bool skip_unfinished)
{
    entry_t *next;
    for (entry_t *e = STAILQ_FIRST(&l->lines); e; e = next) {
        next = STAILQ_NEXT(e, next);
        if (e->hash.type) return e;
        if (e->error.type) {
            STAILQ_REMOVE(&l->lines, e, entry, next);
            STAILQ_INSERT_TAIL(&l->problems, e, next);
        } else if (!skip_unfinished) {
            return NULL;
        }
    }
    return NULL;
}

void ledger_remove(ledger_t *l, entry_t *e)
{
    STAILQ_REMOVE(&l->lines, e, entry, next);
    entry_free(e);
}
