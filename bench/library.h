/* What the library's side of the workloads shares. */
#ifndef BENCH_LIBRARY_H
#define BENCH_LIBRARY_H

#include <effect/effect.h>

#include "bench.h"

/* Runs e and returns its value; a failure is printed and ends the program. */
eff_value_t library_run(eff_t *e);
/* The same for an integer. */
int64_t library_run_int(eff_t *e);

#endif
