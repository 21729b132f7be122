/* For tests of effects that are built and not run: callbacks, which are never called, and parts. */
#ifndef TESTS_SUPPORT_BUILDERS_H
#define TESTS_SUPPORT_BUILDERS_H

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <effect/effect.h>

#include "core/build.h"
#include "core/cause.h"
#include "support/failing_allocator.h"
#include "support/harness.h"

static char misuse[512];

static inline void note_misuse(const char *message, void *arg)
{
    (void)arg;
    snprintf(misuse, sizeof misuse, "%s", message);
}

static inline void setup(void)
{
    misuse[0] = '\0';
    eff_set_misuse_handler(note_misuse, NULL);
}

/* Callbacks, which are never called. */

static inline eff_t *bind_fn(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_noop();
}

static inline eff_value_t map_fn(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_unit;
}

static inline eff_value_t sync_fn(eff_value_t env)
{
    (void)env;
    return eff_unit;
}

/* Parts that a leak would show. */
static inline eff_t *part(void)
{
    return eff_succeed(eff_string("part"));
}

#endif
