/* What tools/check-gdb.py looks at with a debugger: fibers that wait in different ways, and values of every sort. It
 * aborts once all of them wait, so that there is a core dump to look at too. */
#include <effect/effect.h>

#include <stdlib.h>
#include <string.h>

typedef struct account {
    int64_t id;
    const char *owner;
} account_t;
EFF_STATIC_TYPE(account, account_t);

/* A type whose name is one of the library's, too. */
typedef struct pair {
    int left, right;
} pair_t;
EFF_STATIC_TYPE(pair, pair_t);

struct consumer {
    eff_queue_t *queue; /* borrowed */
};

static eff_t *consumer_step(struct consumer *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_queue_take(s->queue));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(consumer, struct consumer, consumer_step);

static eff_value_t double_it(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_int(eff_as_int(v) * 2);
}

static eff_t *nap(eff_value_t item, eff_value_t env)
{
    (void)item, (void)env;
    return eff_sleep(eff_hours(1));
}

/* Everything the debugger prints, in reach of one frame. */
__attribute__((noinline)) static void stop_here(void)
{
    eff_value_t number = eff_int(42), text = eff_string("ada\n"), literal = eff_literal("static");
    eff_value_t pair = eff_pair(eff_int(1), eff_string("one"));
    eff_value_t array = EFF_ARRAY(eff_bool(true), eff_double(1.5), eff_none(), eff_unit);
    eff_value_t some = eff_some(eff_int(7)), absent = { 0 };
    eff_value_t pointer = eff_ptr(&eff_unit_type), like_ours = pair_make((pair_t){ .left = 4, .right = 5 });
    eff_value_t own = account_make((account_t){ .id = 3, .owner = "grace" });
    eff_value_t error = eff_error(&eff_timeout_error, 0, "slow");
    error = eff_error_caused(error, &eff_not_found_error, 2, "no %s", "page");
    eff_t *effect = eff_map(eff_succeed(eff_int(21)), double_it, eff_unit);
    eff_cause_t *cause = eff_cause_both(eff_cause_fail(eff_int(1)), eff_cause_die(eff_string("oops")));
    eff_duration_t duration = eff_seconds(2);
    abort();
    eff_value_decref(pointer), eff_value_decref(like_ours);
    eff_value_decref(number), eff_value_decref(text), eff_value_decref(literal), eff_value_decref(pair);
    eff_value_decref(array), eff_value_decref(some), eff_value_decref(absent), eff_value_decref(own);
    eff_value_decref(error), eff_decref(effect), eff_cause_decref(cause), (void)duration;
}

static eff_value_t stop(eff_value_t env)
{
    (void)env;
    stop_here();
    return eff_unit;
}

int main(void)
{
    eff_queue_t *queue = eff_queue_bounded(1);
    eff_deferred_t *never = eff_deferred_new();
    eff_t *consume = eff_named(consumer((struct consumer){ .queue = queue }), "consumer");
    eff_t *naps = eff_for_each_par(eff_range(0, 2), nap, eff_unit, 0);
    eff_t *wait = eff_uninterruptible(eff_map(eff_deferred_await(never), double_it, eff_unit));
    eff_t *late = eff_delay(eff_sync(stop, eff_unit), eff_millis(1));
    return eff_main(eff_all_par(consume, naps, wait, late));
}
