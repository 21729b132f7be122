/* What is told on stderr beside causes: reports of the runtime, debug aids, and the end of eff_main. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "messages/messages.h"
#include "support/failing_allocator.h"

#line 1 "work.c"
static eff_t *break_down(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_fail(eff_error(&eff_closed_error, 0, "nobody will know"));
}
static eff_t *unobserved(void)
{
    eff_t *work = eff_fork(eff_flat_map(eff_yield_now(), break_down, eff_unit));
    return eff_then(work, eff_then(eff_yield_now(), eff_yield_now()));
}
static eff_t *unobserved_with_a_name(void)
{
    eff_t *work = eff_fork(eff_named(eff_flat_map(eff_yield_now(), break_down, eff_unit), "resolver"));
    return eff_then(work, eff_then(eff_yield_now(), eff_yield_now()));
}
static eff_t *unstarted(void)
{
    return eff_map_to(eff_fork(eff_noop()), eff_unit);
}
static eff_value_t hold_the_loop(eff_value_t env)
{
    (void)env;
    struct timespec from, now;
    clock_gettime(CLOCK_MONOTONIC, &from);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1000000 < 300);
    return eff_unit;
}
static eff_t *slow(void)
{
    return eff_then(eff_fork(eff_sync(hold_the_loop, eff_unit)), eff_yield_now());
}
static eff_t *close_slowly(const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    return eff_sync(hold_the_loop, eff_unit);
}
static eff_t *slow_finalizer(void)
{
    return eff_on_exit(eff_noop(), close_slowly, eff_unit);
}
static eff_deferred_t *closed;
static void tell_and_close(const eff_slow_t *slow, void *arg)
{
    (void)arg;
    fprintf(stderr, "%s\n", slow->text);
    if (slow->kind == EFF_SLOW_WAITING) (void)eff_deferred_complete(closed, eff_exit_succeed(eff_unit));
}
static eff_t *await_closing(const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    return eff_external(eff_deferred_await(closed));
}
static void stuck_finalizer(void)
{
    closed = eff_deferred_new();
    eff_runtime_options_t options = { .slow_finalizer = eff_millis(1), .on_slow = tell_and_close };
    eff_runtime_t *rt = eff_runtime_new(&options);
    eff_exit_decref(eff_runtime_run(rt, eff_on_exit(eff_noop(), await_closing, eff_unit)));
    eff_runtime_free(rt);
    eff_deferred_decref(closed);
}
static eff_t *nothing(void)
{
    return eff_noop();
}
static eff_t *exit_code(void)
{
    return eff_succeed(eff_int(3));
}

#line 1 "leak.c"
static eff_t *kept[2]; /* found by a sanitizer, which is not to tell of it too */
static eff_value_t kept_text;
static eff_t *log_twice(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    for (int i = 0; i < 2; i++)
        kept[i] = eff_then(eff_sleep(eff_seconds(1)), eff_log_info("is not returned, so it is never run"));
    kept_text = eff_string("forgotten");
    return eff_noop();
}
static eff_t *leaks(void)
{
    return eff_flat_map(eff_noop(), log_twice, eff_unit);
}
static void leaks_at_exit(void)
{
    kept[0] = eff_sync(hold_the_loop, eff_unit);
    (void)eff_main(eff_noop());
    exit(0);
}

#line 1 "signal.c"
static eff_value_t raise_signal(eff_value_t env)
{
    raise((int)eff_as_int(env));
    return eff_unit;
}
static eff_t *wait_for(int signal)
{
    return eff_then(eff_sync(raise_signal, eff_int(signal)), eff_external(eff_never()));
}
static eff_t *stopped(void)
{
    return wait_for(SIGINT);
}
static eff_t *stopped_and_failing(void)
{
    return eff_ensuring(wait_for(SIGTERM), eff_fail(eff_literal("the journal was not written")));
}
static eff_t *stopped_twice(void)
{
    return eff_ensuring(wait_for(SIGINT), wait_for(SIGTERM));
}
static eff_t *lose_host(eff_value_t host, eff_value_t env)
{
    (void)env;
    eff_value_t error = eff_error(&eff_connection_error, 0, "connect to host %d", (int)eff_as_int(host));
    return eff_ensuring(eff_external(eff_never()), eff_fail(error));
}
static eff_t *stopped_with_failures(void)
{
    eff_t *hosts = eff_for_each_par_discard(eff_range(0, 228), lose_host, eff_unit, 0);
    return eff_zip_par(hosts, eff_then(eff_yield_now(), eff_sync(raise_signal, eff_int(SIGINT))));
}
static eff_t *stopped_and_dying(void)
{
    return eff_ensuring(stopped_and_failing(), eff_die(eff_literal("the journal was never opened")));
}

#line 1 "memory.c"
static eff_value_t exhaust(eff_value_t v, eff_value_t env)
{
    (void)env;
    allocations_fail_at(0, true);
    return eff_value_incref(v);
}
static eff_t *out_of_memory(void)
{
    eff_t *e = eff_map(eff_noop(), exhaust, eff_unit);
    return eff_then(e, eff_then(eff_yield_now(), eff_uninterruptible(eff_sleep(eff_millis(1)))));
}
static eff_t *need_more(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_map_to(eff_noop(), eff_string("a string that there is no memory for"));
}
static eff_t *out_of_memory_in_a_callback(void)
{
    return eff_flat_map(eff_map(eff_noop(), exhaust, eff_unit), need_more, eff_unit);
}
static void out_of_memory_at_start(void)
{
    allocations_fail_at(0, true);
    int code = eff_main(eff_noop());
    allocations_fail_at(-1, false);
    fprintf(stderr, "eff_main returned %d\n", code);
}

#line 1 "embed.c"
static void alive_at_free(void)
{
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_t *e = eff_ensuring(eff_never(), eff_yield_now());
    (void)eff_runtime_fork(rt, eff_then(eff_fork(eff_sleep(eff_hours(7))), e), NULL, NULL, NULL);
    eff_exit_decref(eff_runtime_run(rt, eff_sleep(eff_millis(1))));
    eff_runtime_free(rt);
}
static eff_t *start_sleeper(eff_value_t item, eff_value_t env)
{
    (void)item, (void)env;
    return eff_fork(eff_sleep(eff_hours(9)));
}
static void many_alive_at_free(void)
{
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_t *e = eff_then(eff_for_each(eff_range(0, 300), start_sleeper, eff_unit), eff_never());
    (void)eff_runtime_fork(rt, e, NULL, NULL, NULL);
    eff_exit_decref(eff_runtime_run(rt, eff_sleep(eff_millis(1))));
    eff_runtime_free(rt);
}
static void shut_down_twice(void)
{
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_runtime_shutdown(rt, NULL, NULL);
    eff_runtime_shutdown(rt, NULL, NULL);
    eff_runtime_free(rt);
}

#line 1 "process.c"
static eff_t *watch(eff_value_t process, eff_value_t goes_on)
{
    (void)process;
    return eff_as_bool(goes_on) ? eff_never() : eff_noop();
}
static eff_t *give_up(eff_value_t process, const eff_exit_t *exit, eff_value_t goes_on)
{
    (void)process, (void)exit, (void)goes_on;
    return NULL;
}
static eff_t *null_release(void)
{
    return eff_acquire_use_release_effect(eff_noop(), watch, give_up, eff_bool(false));
}
static void release_skipped(void)
{
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_t *e = eff_acquire_use_release_effect(eff_noop(), watch, give_up, eff_bool(true));
    (void)eff_runtime_fork(rt, e, NULL, NULL, NULL);
    eff_exit_decref(eff_runtime_run(rt, eff_sleep(eff_millis(1))));
    eff_runtime_free(rt);
}

const struct message report_messages[] = {
    { "unobserved", .program = unobserved },
    { "unobserved_with_a_name", .program = unobserved_with_a_name },
    { "unstarted", .program = unstarted, .debug = "unstarted" },
    { "slow", .program = slow, .debug = "slow=200ms" },
    { "slow_finalizer", .program = slow_finalizer, .debug = "finalizers=200ms" },
    { "stuck_finalizer", .run = stuck_finalizer },
    { "leaks", .program = leaks, .debug = "leaks" },
    { "leaks_at_exit", .run = leaks_at_exit, .debug = "leaks" },
    { "unknown_debug_word", .program = nothing, .debug = "slow=1s,fast,slow=soon,slow=nans,slow=infs,finalizers=1" },
    { "exit_code", .program = exit_code },
    { "stopped", .program = stopped },
    { "stopped_and_failing", .program = stopped_and_failing },
    { "stopped_twice", .program = stopped_twice },
    { "stopped_with_failures", .program = stopped_with_failures },
    { "stopped_and_dying", .program = stopped_and_dying },
    { "out_of_memory", .program = out_of_memory },
    { "out_of_memory_in_a_callback", .program = out_of_memory_in_a_callback },
    { "out_of_memory_at_start", .run = out_of_memory_at_start },
    { "alive_at_free", .run = alive_at_free },
    { "many_alive_at_free", .run = many_alive_at_free },
    { "null_release", .program = null_release },
    { "release_skipped", .run = release_skipped },
    { "shut_down_twice", .run = shut_down_twice },
    { .name = NULL },
};
