/** @file
 * Places to run in: who has one runs, who has none waits, first come first served. How many there are may change at any
 * time: more are lent at once; when there are too many, those that come back are not lent again.
 */
#ifndef JOBD_PLACES_H
#define JOBD_PLACES_H

#include <effect/effect.h>

struct places {
    eff_limit_t *limit;
    eff_queue_t *asked; /* of loans, by those who wait */
};

/** @return whether there was memory; places_done in any case */
bool places_init(struct places *p, size_t n);
void places_done(struct places *p);
/** Lends places, until it is interrupted: a task of its own. @param p borrowed until the effect has ended */
eff_t *places_lend(struct places *p);
/** Runs e in a place: waits for one, and gives it back, however e ends. @consumes{e}
 *  @param p borrowed until the effect has ended */
eff_t *places_use(struct places *p, eff_t *e);

#endif
