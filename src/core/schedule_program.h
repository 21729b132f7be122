/* What a schedule is made of; for the files that build, run and print one.
 *
 * A schedule is a postfix program: recurs(3) spaced(1s) both. Each instruction leaves one answer (go on? after which
 * delay?) on a stack: leaves push one, both and either combine the two before them, the others change the one before
 * them. So stepping, printing and freeing are loops over an array. Every instruction knows how far its parent is and
 * how many instructions its part of the program has, which makes two programs into one by laying them end to end, and
 * is all that printing needs.
 *
 * Of a sequence only one half is asked at a time, so marks stand before its halves, and the other half is skipped:
 *
 *     first  ...a...  second  ...b...  and_then        first: when a is done, go to second
 *                                                      second: while a goes on, go to and_then with a's answer
 *
 * A run's state is one block: the words of the instructions that keep any, in their order, then the stack.
 */
#ifndef EFF_CORE_SCHEDULE_PROGRAM_H
#define EFF_CORE_SCHEDULE_PROGRAM_H

#include "core/schedule.h"

enum eff__schedule_op {
    OP_RECURS,
    OP_SPACED,
    OP_EXPONENTIAL,
    OP_FIBONACCI,
    OP_DELAYS,
    OP_FOREVER,
    OP_FIXED,
    OP_WINDOWED,
    OP_BOTH,
    OP_EITHER,
    OP_FIRST,
    OP_SECOND,
    OP_AND_THEN,
    OP_WHILE,
    OP_UNTIL,
    OP_UP_TO,
    OP_JITTERED,
};

struct instruction {
    uint32_t op;        /* an enum eff__schedule_op */
    uint32_t to_parent; /* the parent is so many further on; 0: the last one, which has none */
    size_t n;           /* instructions of the part of the program that ends here */
    union {
        uint64_t times; /* recurs */
        struct {
            eff_duration_t delay; /* spaced, fixed, windowed, up_to; exponential, fibonacci: the first; not negative */
            double factor;        /* exponential: at least 1 */
        };
        struct {
            double least, greatest; /* jittered: what a delay is multiplied with; 0 <= least <= greatest */
        };
        struct {
            eff_predicate_fn holds; /* while, until */
            eff_value_t env;        /* owned; delays: the array of them, as bytes */
        };
        struct {
            size_t n_half;   /* first, second: instructions of the half that follows */
            size_t n_words;  /* and its words of state */
            size_t n_before; /* second: words of the half before it */
        };
    };
};

struct eff_schedule {
    struct instruction *program; /* owned, from eff__malloc; NULL for "out of memory" and "mistaken" */
    size_t n, capacity;
    size_t n_words;    /* of state */
    size_t depth;      /* the most answers there are on the stack */
    bool needs_time;   /* some instruction looks at the time */
    bool needs_random; /* some instruction is given random bits */
};

/* The state of one instruction. */
union word {
    uint64_t times; /* recurs: recurrences left; delays: how many have been given; first: 1 when its half is done */
    double scale;   /* exponential: the next delay as a multiple of the first; may become infinite */
    int64_t ns; /* fibonacci, which has two: the next delay, and the one after it. windowed, up_to: when it was first
                       asked, or NEVER; fixed: that, and when it goes on next */
};

#define NEVER INT64_MIN

struct answer {
    eff_duration_t delay; /* valid when go is set */
    bool go;
};

_Static_assert(sizeof(union word) == 8 && _Alignof(struct answer) <= 8, "the stack follows the words");

/* The list of a `delays`; its bytes need not be aligned. */
size_t eff__schedule_n_delays(const struct instruction *in);
eff_duration_t eff__schedule_delay_at(const struct instruction *in, size_t i);

#endif
