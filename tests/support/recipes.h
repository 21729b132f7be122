/* What the recipes of docs/recipes.md and the programs of docs/concurrency.md work with: services that take their time
 * and write down when they are done. */
#ifndef TESTS_SUPPORT_RECIPES_H
#define TESTS_SUPPORT_RECIPES_H

#include <inttypes.h>
#include <stdio.h>

#include "support/case.h"

/* The world of the run, to which the services write. A case begins with in(w). */
static struct world *here;

static inline struct world *in(struct world *w)
{
    return here = w;
}

static inline eff_t *says_given_up(const eff_exit_t *exit, eff_value_t name)
{
    char word[64];
    snprintf(word, sizeof word, "%s!", eff_as_string(name));
    journal_add(here, word);
    return eff_noop();
}
/* Takes so long, says "name@ms" and succeeds with the name. Says "name!" when it is interrupted. */
static inline eff_t *request(const char *name, int64_t ms)
{
    eff_t *e = eff_then(eff_sleep(eff_millis(ms)), say_time(here, name));
    e = eff_map_to(e, eff_literal(name));
    return eff_on_interrupt(e, says_given_up, eff_literal(name));
}
/* Takes so long, and fails with "name is down". */
static inline eff_t *refused(const char *name, int64_t ms)
{
    eff_t *e = eff_delay(eff_fail(eff_printf("%s is down", name)), eff_millis(ms));
    return eff_on_interrupt(e, says_given_up, eff_literal(name));
}

#endif
