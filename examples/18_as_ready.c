/* More of what runs at the same time: failures that are put up with, results as they are ready, a limit that changes, a
 * race whose loser gets a second chance. */
#include <effect/effect.h>

#include <inttypes.h>
#include <stdio.h>

/* Mirror 2 is down; of the others, later ones answer sooner. */
static eff_t *ask(eff_value_t mirror, eff_value_t env)
{
    (void)env;
    int64_t n = eff_as_int(mirror);
    eff_t *answer = n == 2 ? eff_fail(eff_error(&eff_connection_error, 0, "mirror 2 is down"))
                           : eff_succeed(eff_printf("mirror %" PRId64, n));
    return eff_delay(answer, eff_millis(20 * (5 - n)));
}

/* Whatever fails is told, and left out. An on_failure that fails would end the loop. */
static eff_t *tell(const eff_cause_t *cause, eff_value_t env)
{
    (void)env;
    eff_value_t error;
    bool expected = eff_cause_failure(cause, &error);
    return eff_print_line(eff_printf("left out: %s", expected ? eff_as_error(error)->message : "a mistake"));
}

/* Beside the mirrors that are still being asked. What is left when this ends is interrupted. */
static eff_t *take_two(eff_value_t answers, eff_value_t env)
{
    (void)env;
    eff_t *first = eff_flat_map(eff_queue_take(eff_as_queue(answers)), eff_print_value, eff_literal("first: "));
    eff_t *second = eff_flat_map(eff_queue_take(eff_as_queue(answers)), eff_print_value, eff_literal("second: "));
    return eff_then(first, second);
}

/* Each job that went well lets one more run at the same time. */
static eff_t *job(eff_value_t number, eff_value_t limit)
{
    size_t n = eff_limit_get(eff_as_limit(limit));
    eff_t *e = eff_print_line(eff_printf("job %" PRId64 " of %zu at once", eff_as_int(number), n));
    return eff_then(e, eff_then(eff_sleep(eff_millis(20)), eff_limit_set(eff_as_limit(limit), n + 1)));
}

static eff_t *or_the_other(const eff_exit_t *exit, eff_fiber_t *loser, eff_value_t env)
{
    (void)env;
    if (exit->ok) return eff_succeed(eff_value_incref(exit->value)); /* the loser is interrupted */
    return eff_then(eff_print_line(eff_literal("the faster one failed")), eff_fiber_join(loser));
}

int main(void)
{
    eff_t *tolerant = eff_for_each_par_tolerant(eff_range(0, 5), ask, tell, eff_unit, 2);
    eff_t *fastest =
        eff_as_completed(EFF_ARRAY(eff_int(0), eff_int(4), eff_int(1), eff_int(3)), ask, take_two, eff_unit, 0);

    eff_limit_t *limit = eff_limit_new(1);
    eff_value_t env = eff_limit_value(eff_limit_incref(limit));
    eff_t *growing = eff_for_each_par_limited_discard(eff_range(1, 7), job, env, limit);
    eff_limit_decref(limit);

    eff_t *hedged =
        eff_race_with(ask(eff_int(1), eff_unit), ask(eff_int(2), eff_unit), or_the_other, or_the_other, eff_unit);
    hedged = eff_flat_map(hedged, eff_print_value, eff_literal("hedged: "));

    return eff_main(eff_then(tolerant, eff_then(fastest, eff_then(growing, hedged))));
}

/* expected output:
left out: mirror 2 is down
first: mirror 4
second: mirror 3
job 1 of 1 at once
job 2 of 2 at once
job 3 of 2 at once
job 4 of 3 at once
job 5 of 3 at once
job 6 of 3 at once
the faster one failed
hedged: mirror 1
*/
