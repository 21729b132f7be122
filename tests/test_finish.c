/* Finishing: tried. */
#include "support/case.h"

static eff_t *fail7(eff_value_t v, eff_value_t env) { return eff_fail(eff_int(7)); }
static eff_t *program(struct world *w)
{
    eff_t *e = eff_acquire_use_release(acquire(w, "a"), fail7, release, eff_ptr(w));
    return eff_ensuring(e, eff_then(say(w, "end"), eff_sleep(eff_millis(5))));
}
CASE(release_runs_when_use_fails, program, .fails = "7", .journal = "a+ a- end", .timed = true, .ms = 5)

static eff_t *par(struct world *w)
{
    eff_t *a = eff_then(eff_sleep(eff_millis(2)), say(w, "a")), *b = eff_then(eff_yield_now(), say_time(w, "b"));
    return eff_then(eff_zip_par(a, b), say_time(w, "c"));
}
CASE(both_sides_run, par, .succeeds = "unit", .journal = "b@0 a c@2")

TESTS(release_runs_when_use_fails, both_sides_run)
