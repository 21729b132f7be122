/** @file
 * Log lines as fields: `time=0.250 level=INFO job=db event=started run=1`.
 */
#ifndef JOBD_LOGFMT_H
#define JOBD_LOGFMT_H

#include <effect/effect.h>

/** Runs e with a Logger that prints such lines to stdout. @consumes{e} */
eff_t *logfmt(eff_t *e);

#endif
