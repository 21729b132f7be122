/* A task group: a server that says when it listens, has a task for each client, and ends in good order. Asked to stop,
 * it accepts nobody any more, and its clients have three seconds to be served. Time is a TestClock's here. */
#include <effect/effect.h>

#include <inttypes.h>

static eff_t *tell_at(eff_value_t now, eff_value_t text)
{
    return eff_print_line(eff_printf("%.1f s: %s", (double)eff_as_instant(now).ns / 1e9, eff_as_string(text)));
}
static eff_t *tell(eff_value_t text)
{
    return eff_flat_map(eff_clock_now(), tell_at, text);
}

/* ---- a client: the nth takes 2 n seconds */

static eff_t *say_cut_off(const eff_exit_t *exit, eff_value_t n)
{
    (void)exit;
    return tell(eff_printf("client %" PRId64 " is cut off", eff_as_int(n)));
}

static eff_t *serve(int64_t n)
{
    eff_t *e = eff_then(eff_sleep(eff_seconds(2.0 * (double)n)), tell(eff_printf("client %" PRId64 " is served", n)));
    return eff_on_interrupt(e, say_cut_off, eff_int(n));
}

/* ---- the listener: a task that says when it has started */

struct listener {
    eff_task_group_t *group; /* borrowed, as is started: both are there until the task has ended */
    eff_task_started_t *started;
    int64_t n_clients;
};

static eff_t *listener_step(struct listener *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_sleep(eff_millis(500))); /* it takes a while to bind the port */
    EFF_AWAIT(eff_task_started(s->started, eff_int(8080)));
    for (;;) {
        EFF_AWAIT(eff_unless_stopped(eff_sleep(eff_seconds(1)))); /* a client comes every second */
        if (!eff_is_some(EFF_GOT())) break;
        EFF_AWAIT(eff_task_group_fork(s->group, serve(++s->n_clients)));
    }
    EFF_AWAIT(tell(eff_literal("nobody is accepted any more")));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(listener, struct listener, listener_step);

static eff_t *listen_in(eff_task_started_t *started, eff_value_t group)
{
    return listener((struct listener){ .group = eff_as_task_group(group), .started = started });
}

/* ---- the server: it ends when it was asked to, and all its clients are gone */

static eff_t *say_port(eff_value_t port, eff_value_t env)
{
    (void)env;
    return tell(eff_printf("listens on port %" PRId64, eff_as_int(port)));
}

static eff_t *run_server(eff_task_group_t *group, eff_value_t env)
{
    (void)env;
    eff_value_t handle = eff_task_group_value(eff_task_group_incref(group));
    return eff_flat_map(eff_task_group_start(group, listen_in, handle), say_port, eff_unit);
}

int main(void)
{
    /* In a program that serves for real, all of main is eff_main(server): SIGTERM does what the timeout does here. */
    eff_t *server = eff_task_group_within(eff_seconds(3), run_server, eff_unit);
    eff_t *e = eff_then(eff_timeout(server, eff_seconds(4)), tell(eff_literal("all have ended")));
    e = eff_zip_par(e, eff_test_clock_adjust(eff_minutes(1)));
    return eff_main(eff_provide(e, eff_test_clock()));
}

/* expected output:
0.5 s: listens on port 8080
3.5 s: client 1 is served
4.0 s: nobody is accepted any more
6.5 s: client 2 is served
7.0 s: client 3 is cut off
7.0 s: all have ended
*/
