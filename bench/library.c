#include "library.h"

eff_value_t library_run(eff_t *e)
{
    eff_exit_t exit = eff_run(e);
    if (!exit.ok) eff_cause_print(exit.cause, stderr);
    CHECK(exit.ok);
    return exit.value;
}

int64_t library_run_int(eff_t *e)
{
    eff_value_t v = library_run(e);
    CHECK(eff_value_is(v, &eff_int_type));
    return eff_as_int(v);
}
