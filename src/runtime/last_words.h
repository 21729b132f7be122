/* What is done as the process ends at once, without waiting for finalizers: on the second signal of eff_main. Logs that
 * keep lines back write them out. */
#ifndef EFF_RUNTIME_LAST_WORDS_H
#define EFF_RUNTIME_LAST_WORDS_H

#include "runtime/runtime.h"

/* Lies in whatever has last words. */
struct eff__last_words {
    /* Plain C, on the runtime's thread, between two callbacks; does not wait. */
    void (*say)(struct eff__last_words *self);
    struct eff__last_words *next, **link; /* link: the pointer that points at this; NULL: in no list */
};

static inline void eff__last_words_add(eff_runtime_t *rt, struct eff__last_words *w)
{
    w->next = rt->last_words;
    w->link = &rt->last_words;
    if (w->next) w->next->link = &w->next;
    rt->last_words = w;
}

static inline void eff__last_words_remove(struct eff__last_words *w)
{
    if (!w->link) return;
    *w->link = w->next;
    if (w->next) w->next->link = w->link;
    w->link = NULL;
}

static inline void eff__say_last_words(eff_runtime_t *rt)
{
    for (struct eff__last_words *w = rt->last_words; w; w = w->next)
        w->say(w);
}

/* The runtime goes: who had last words has none any more. */
static inline void eff__last_words_forget(eff_runtime_t *rt)
{
    while (rt->last_words)
        eff__last_words_remove(rt->last_words);
}

#endif
