/* A Logger that writes in the background: what its two files share. */
#ifndef EFF_LAYERS_LOG_BATCH_H
#define EFF_LAYERS_LOG_BATCH_H

#include <effect/type.h>

#include "layers/log_line.h"
#include "runtime/fiber.h"
#include "runtime/last_words.h"

/* A message that waits. */
struct eff__log_entry {
    struct eff__log_entry *next;
    eff_value_t what; /* a line, or for Loggers that are not of lines a record; owned */
    size_t bytes;     /* about so many it takes */
    uint64_t number;  /* in order of logging */
    uint64_t n_told;  /* of a notice: how many lost messages it tells of; else 0 */
};

struct eff__log_batch {
    eff_logger_t logger; /* first: what the service is */
    eff_value_t keeps;   /* the inner Logger's */
    eff_logger_t *inner;
    struct eff__line_logger *lines; /* the same when it is one of lines; else NULL */
    eff_logger_batch_options_t options;
    struct eff__log_entry *first, *last;   /* in order of logging; those under way come first */
    struct eff__log_entry *last_under_way; /* NULL: none is */
    size_t n_under_way;
    size_t bytes; /* of all */
    uint64_t n_logged;
    uint64_t n_dropped; /* messages that are lost, since it was told of last */
    const char *why;    /* the latest of those was; static */
    bool told_in_vain;  /* the notice of them was lost itself: there is another when a message comes again */
    bool urgent;        /* what waits is to be written now */
    bool writes_now;    /* the Logger can write from plain C */
    bool closed;        /* nobody writes in the background any more */
    struct eff__waiters waiters;
    eff_fiber_observer_t writer; /* told of its end */
    struct eff__last_words last_words;
};
EFF_DECLARE_TYPE(eff__log_batch, struct eff__log_batch);

/* Whether a notice is due of what was lost. */
static inline bool eff__log_is_to_tell(const struct eff__log_batch *b)
{
    return b->n_dropped > 0 && !b->told_in_vain;
}

/* ---- waiting (log_batch_wait.c) */

enum eff__log_wait {
    EFF__LOG_WORK,   /* for a message to write */
    EFF__LOG_URGENT, /* for a reason to write at once */
    EFF__LOG_ROOM,   /* for less than all that may wait to be waiting */
    EFF__LOG_OUT     /* for the messages up to one to be out */
};
/* The effect that waits; `number` is that of the message of EFF__LOG_OUT. */
eff_t *eff__log_wait(struct eff__log_batch *b, enum eff__log_wait what, uint64_t number);
/* Something that is waited for may have come about. */
void eff__log_wake(struct eff__log_batch *b);

#endif
