/* What the recipe for SIGHUP of docs/recipes.md and docs/logging.md show: an effect that runs at each of them. */
#ifndef TESTS_SUPPORT_HANGUP_H
#define TESTS_SUPPORT_HANGUP_H

#include <errno.h>
#include <event2/event.h>
#include <signal.h>

#include <effect/effect.h>

static void on_hangup(evutil_socket_t signal, short what, void *hangups)
{
    if (eff_queue_try_offer(hangups, eff_unit) != 0) return; /* one that came just before is still to be dealt with */
}
static int watch_hangups(eff_value_t hangups, eff_value_t *ret_event, eff_value_t *ret_error)
{
    struct event *event = evsignal_new(eff_event_base(), SIGHUP, on_hangup, eff_as_queue(hangups));
    if (event && event_add(event, NULL) == 0) {
        *ret_event = eff_ptr(event);
        return 0;
    }
    if (event) event_free(event);
    *ret_error = eff_error_errno(ENOMEM, "watch for SIGHUP");
    return -1;
}
static void end_watch(eff_value_t event, const eff_exit_t *exit, eff_value_t hangups)
{
    event_free(eff_as_ptr(event));
}

/* Runs e at each SIGHUP, for as long as the server runs. */
static eff_t *at_each_hangup(eff_t *e, eff_t *server)
{
    eff_queue_t *hangups = eff_queue_bounded(1);
    eff_t *each = eff_forever(eff_then(eff_external(eff_queue_take(hangups)), e));
    eff_value_t env = eff_queue_value(hangups);
    eff_t *watch = eff_acquire_release(eff_attempt(watch_hangups, eff_value_incref(env)), end_watch, env);
    return eff_scoped(eff_then(watch, eff_then(eff_fork_scoped(each), server)));
}

#endif
