/* Deadlocks, and the dump of the fibers: who waits for what. */
#include <signal.h>

#include "messages/messages.h"

#line 1 "pipe.c"
static eff_t *stuck_taker(eff_queue_t *jobs)
{
    return eff_queue_take(jobs);
}
static eff_t *three_stuck(void)
{
    eff_queue_t *jobs = eff_queue_bounded(1);
    eff_deferred_t *ready = eff_deferred_new();
    eff_t *taker = eff_fork(stuck_taker(jobs));
    eff_t *waiter = eff_fork(eff_deferred_await(ready));
    eff_t *e = eff_then(eff_then(taker, waiter), eff_never());
    eff_queue_decref(jobs);
    eff_deferred_decref(ready);
    return e;
}

#line 1 "pool.c"
static eff_t *work(eff_value_t item, eff_value_t env)
{
    (void)item;
    return eff_queue_take(eff_as_queue(env));
}
static eff_t *many_stuck(void)
{
    eff_queue_t *jobs = eff_queue_bounded(1);
    return eff_for_each_par(eff_range(0, 300), work, eff_queue_value(jobs), 0);
}

#line 1 "workers.c"
static eff_t *start_worker(eff_value_t item, eff_value_t env)
{
    eff_queue_t *jobs = eff_as_queue(env);
    if (eff_as_int(item) % 2) return eff_fork(eff_queue_take(jobs));
    return eff_fork(eff_then(eff_noop(), eff_queue_take(jobs)));
}
static eff_t *many_forked(void)
{
    eff_queue_t *jobs = eff_queue_bounded(1);
    eff_t *workers = eff_for_each(eff_range(0, 300), start_worker, eff_queue_value(jobs));
    return eff_then(workers, eff_never());
}

#line 1 "friends.c"
static eff_fiber_t *friends[2]; /* borrowed: their parent, which waits, holds them */
static eff_t *join_friend(eff_value_t v, eff_value_t env)
{
    (void)v;
    return eff_fiber_join(friends[eff_as_int(env)]);
}
static eff_t *meet(eff_value_t v, eff_value_t env)
{
    friends[eff_as_int(env)] = eff_as_fiber(v);
    return eff_noop();
}
static eff_t *friend(int other)
{
    return eff_flat_map(eff_yield_now(), join_friend, eff_int(other));
}
static eff_t *wait_for_each_other(void)
{
    eff_t *ada = eff_flat_map(eff_fork(friend(1)), meet, eff_int(0));
    eff_t *bob = eff_flat_map(eff_fork(friend(0)), meet, eff_int(1));
    return eff_then(eff_then(ada, bob), eff_flat_map(eff_yield_now(), join_friend, eff_int(0)));
}

#line 1 "sides.c"
static eff_t *join_twice(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_zip_par(eff_fiber_join(friends[0]), eff_never());
}
static eff_t *side_waits_for_its_caller(void)
{
    eff_t *ada = eff_flat_map(eff_fork(eff_flat_map(eff_yield_now(), join_twice, eff_unit)), meet, eff_int(0));
    return eff_then(ada, eff_flat_map(eff_yield_now(), join_friend, eff_int(0)));
}

#line 1 "bank.c"
static eff_t *transfer(const char *name, eff_mutex_t *from, eff_mutex_t *to)
{
    eff_t *both = eff_with_lock(to, eff_noop());
    eff_t *e = eff_with_lock(from, eff_then(eff_sleep(eff_millis(1)), both));
    return eff_fork_with(e, &(eff_fork_options_t){ .name = name });
}
static eff_t *locked_in_a_circle(void)
{
    eff_mutex_t *savings = eff_mutex_new(), *wages = eff_mutex_new();
    eff_t *both = eff_then(transfer("ada", savings, wages), transfer("bob", wages, savings));
    eff_t *third = eff_then(eff_sleep(eff_millis(1)), eff_with_lock(wages, eff_noop()));
    eff_t *e = eff_then(both, third);
    eff_mutex_decref(savings);
    eff_mutex_decref(wages);
    return e;
}

static eff_t *locked_twice(void)
{
    eff_mutex_t *savings = eff_mutex_new();
    eff_t *e = eff_with_lock(savings, eff_then(eff_noop(), eff_with_lock(savings, eff_noop())));
    eff_mutex_decref(savings);
    return e;
}

#line 1 "places.c"
static eff_t *too_many_permits(void)
{
    eff_semaphore_t *places = eff_semaphore_new(4);
    eff_t *e = eff_with_permits(places, 5, eff_noop());
    eff_semaphore_decref(places);
    return e;
}
static eff_t *permits_kept(void)
{
    eff_semaphore_t *places = eff_semaphore_new(4);
    eff_t *e = eff_then(eff_semaphore_acquire(places, 3), eff_with_permits(places, 2, eff_noop()));
    eff_semaphore_decref(places);
    return e;
}

#line 1 "dump.c"
static eff_value_t quit(eff_value_t env)
{
    (void)env;
    raise(SIGQUIT);
    return eff_unit;
}
static eff_t *dump_now(void)
{
    return eff_then(eff_sync(quit, eff_unit), eff_sleep(eff_millis(200))); /* the loop looks at signals meanwhile */
}
static eff_t *dump_and_open(eff_value_t v, eff_value_t env)
{
    (void)v;
    eff_deferred_t *door = eff_as_deferred(env);
    eff_t *sides = eff_zip_par(eff_deferred_await(door), eff_then(eff_yield_now(), dump_now()));
    return eff_race_first(sides, eff_then(eff_sleep(eff_seconds(3600)), eff_noop()));
}
static eff_t *three_dumped(void)
{
    eff_deferred_t *door = eff_deferred_new();
    eff_t *masked = eff_fork(eff_uninterruptible(eff_deferred_await(door)));
    eff_t *forks = eff_then(eff_fork(eff_never()), masked);
    eff_t *dump = eff_then(eff_yield_now(), eff_then(dump_now(), eff_deferred_succeed(door, eff_unit)));
    eff_t *e = eff_flat_map(eff_then(forks, dump), dump_and_open, eff_deferred_value(door));
    return e;
}
static eff_t *start_sleeper(eff_value_t item, eff_value_t env)
{
    (void)item, (void)env;
    return eff_fork(eff_sleep(eff_hours(9)));
}
static eff_t *many_dumped(void)
{
    return eff_then(eff_for_each(eff_range(0, 300), start_sleeper, eff_unit), eff_then(eff_yield_now(), dump_now()));
}

#line 1 "named.c"
static eff_t *serve(eff_value_t item, eff_value_t env)
{
    (void)item;
    eff_t *wait = eff_catch_all(eff_deferred_await(eff_as_deferred(env)), serve, eff_unit);
    return eff_named(eff_scoped(eff_then(wait, eff_noop())), "server");
}
static eff_t *named_dumped(void)
{
    eff_deferred_t *door = eff_deferred_new();
    eff_fork_options_t options = { .name = "ticker" };
    eff_t *ticker = eff_fork_with(eff_forever(eff_sleep(eff_hours(1))), &options);
    eff_t *servers = eff_for_each_par(eff_range(0, 2), serve, eff_deferred_value(door), 0);
    return eff_named(eff_then(ticker, eff_race_first(servers, eff_then(eff_yield_now(), dump_now()))), "main loop");
}

const struct message wait_messages[] = {
    { "three_stuck", .program = three_stuck },
    { "many_stuck", .program = many_stuck },
    { "many_forked", .program = many_forked },
    { "wait_for_each_other", .program = wait_for_each_other },
    { "side_waits_for_its_caller", .program = side_waits_for_its_caller },
    { "locked_in_a_circle", .program = locked_in_a_circle },
    { "locked_twice", .program = locked_twice },
    { "too_many_permits", .program = too_many_permits },
    { "permits_kept", .program = permits_kept },
    { "three_dumped", .program = three_dumped },
    { "many_dumped", .program = many_dumped },
    { "named_dumped", .program = named_dumped },
    { .name = NULL },
};
