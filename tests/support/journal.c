/* The building blocks of programs: effects that leave words and counts in a world. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "support/harness.h"

/* What a building block works with: the world, and its own argument. */
struct about {
    struct world *w;
    const char *word;
    int i;
    eff_t *(*with)(eff_fiber_t *fiber);
};
EFF_STATIC_TYPE(about, struct about);

void journal_add(struct world *w, const char *word)
{
    size_t used = strlen(w->journal);
    snprintf(w->journal + used, sizeof w->journal - used, "%s%s", used ? " " : "", word);
}

static eff_value_t say_word(eff_value_t env)
{
    struct about *a = about_of(env);
    journal_add(a->w, a->word);
    return eff_unit;
}

eff_t *say(struct world *w, const char *word)
{
    return eff_sync(say_word, EFF_ENV(about, .w = w, .word = word));
}

static eff_value_t say_word_and_time(eff_value_t env)
{
    struct about *a = about_of(env);
    char word[256];
    snprintf(word, sizeof word, "%s@%" PRId64, a->word, eff_test_now(a->w->test).ns / 1000000);
    journal_add(a->w, word);
    return eff_unit;
}

eff_t *say_time(struct world *w, const char *word)
{
    return eff_sync(say_word_and_time, EFF_ENV(about, .w = w, .word = word));
}

static eff_value_t count_one(eff_value_t env)
{
    struct about *a = about_of(env);
    return eff_int(++a->w->n[a->i]);
}

eff_t *count(struct world *w, int i)
{
    return eff_sync(count_one, EFF_ENV(about, .w = w, .i = i));
}

static eff_value_t acquire_one(eff_value_t env)
{
    struct about *a = about_of(env);
    char word[256];
    snprintf(word, sizeof word, "%s+", a->word);
    journal_add(a->w, word);
    a->w->acquired++;
    return eff_literal(a->word);
}

eff_t *acquire(struct world *w, const char *name)
{
    return eff_sync(acquire_one, EFF_ENV(about, .w = w, .word = name));
}

void release(eff_value_t resource, const eff_exit_t *exit, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    char word[256];
    snprintf(word, sizeof word, "%s-", eff_as_string(resource));
    journal_add(w, word);
    w->released++;
}

static eff_value_t keep_fiber(eff_value_t fiber, eff_value_t env)
{
    struct about *a = about_of(env);
    eff_fiber_decref(a->w->fibers[a->i]);
    a->w->fibers[a->i] = eff_fiber_incref(eff_as_fiber(fiber));
    return eff_unit;
}

eff_t *keep(struct world *w, int i, eff_t *e)
{
    return eff_map(e, keep_fiber, EFF_ENV(about, .w = w, .i = i));
}

static eff_value_t say_shape(eff_value_t exit, eff_value_t env)
{
    journal_add(eff_as_ptr(env), word_of(eff_as_exit(exit)));
    return eff_unit;
}

eff_t *say_exit(struct world *w, eff_t *e)
{
    return eff_map(eff_to_exit(e), say_shape, eff_ptr(w));
}

static eff_t *from_fiber(eff_value_t env)
{
    struct about *a = about_of(env);
    eff_fiber_t *fiber = a->w->fibers[a->i];
    if (!fiber) return eff_die(eff_literal("with_fiber: no fiber was kept"));
    return a->with(fiber);
}

eff_t *with_fiber(struct world *w, int i, eff_t *(*f)(eff_fiber_t *fiber))
{
    return eff_suspend(from_fiber, EFF_ENV(about, .w = w, .i = i, .with = f));
}
