/* The same for libeffect-test: an hour passes at once. */
#include <effect/effect.h>
#include <effect/test.h>

#include <inttypes.h>
#include <stdio.h>

int main(void)
{
    eff_t *late = eff_delay(eff_succeed(eff_int(42)), eff_minutes(60));
    eff_exit_t exit = eff_test_run(late);
    printf("%s %" PRId64 "\n", exit.ok ? "succeeded with" : "failed", exit.ok ? eff_as_int(exit.value) : 0);
    eff_exit_decref(exit);
    return 0;
}

/* expected output:
succeeded with 42
*/
