/* The programs whose whole output is pinned: what each prints, by name, stands in NAME.txt beside them.
 *
 * Every program is given a file name and line 1 of its own with #line, so its sites stay what they are when another one
 * changes. Calls that fill in a site stand on one line: compilers differ on the line of a longer one. */
#ifndef TESTS_MESSAGES_H
#define TESTS_MESSAGES_H

#include <effect/effect.h>

struct message {
    const char *name;        /* of the golden text; NULL ends a list */
    eff_t *(*program)(void); /* what eff_main runs; or NULL */
    void (*run)(void);       /* what is called instead */
    const char *debug;       /* EFF_DEBUG; NULL: not set */
};

extern const struct message failure_messages[];
extern const struct message mistake_messages[];
extern const struct message service_messages[];
extern const struct message layer_messages[];
extern const struct message wait_messages[];
extern const struct message report_messages[];
extern const struct message hostile_messages[];

#endif
