/* Side by side, on fibers of one thread: their callbacks never run at the same time, so nothing needs a lock, and the
 * order is specified, so the output below is always the same. */
#include <effect/effect.h>

#include <inttypes.h>
#include <stdio.h>

/* Says when it starts and when it is done, and succeeds with the milliseconds it took. */
static eff_t *job(const char *name, int64_t ms)
{
    eff_t *e = eff_print_line(eff_printf("%s starts", name));
    e = eff_then(e, eff_sleep(eff_millis(ms)));
    e = eff_then(e, eff_print_line(eff_printf("%s is done", name)));
    return eff_map_to(e, eff_int(ms));
}

static eff_t *numbered_job(eff_value_t number, eff_value_t env)
{
    (void)env;
    static const int64_t ms[] = { 60, 20, 300, 10 };
    char name[32];
    snprintf(name, sizeof name, "job %" PRId64, eff_as_int(number));
    return job(name, ms[eff_as_int(number)]);
}

int main(void)
{
    /* Both, at once. */
    eff_t *both = eff_zip_par(job("tea", 20), job("toast", 10));
    both = eff_flat_map(both, eff_print_value, eff_literal("both: "));

    /* The first to succeed; the other one is interrupted, and has ended before the winner is announced. */
    eff_t *first = eff_race(job("hare", 10), job("tortoise", 1000));
    first = eff_flat_map(first, eff_print_value, eff_literal("winner: "));

    /* Many, but never more than two at once; the results come in the order of the items. */
    eff_t *all = eff_for_each_par(eff_range(0, 4), numbered_job, eff_unit, 2);
    all = eff_flat_map(all, eff_print_value, eff_literal("all: "));

    eff_t *e = eff_then(both, first);
    e = eff_then(e, all);
    return eff_main(e);
}

/* expected output:
tea starts
toast starts
toast is done
tea is done
both: (20, 10)
hare starts
tortoise starts
hare is done
winner: 10
job 0 starts
job 1 starts
job 1 is done
job 2 starts
job 0 is done
job 3 starts
job 3 is done
job 2 is done
all: [60, 20, 300, 10]
*/
