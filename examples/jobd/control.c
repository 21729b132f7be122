/* Where orders come from, and what they do. All of them go through one queue, so that one after the other is obeyed. */
#include "control.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

/* ---- what they do */

static eff_t *show_status(eff_value_t as_json)
{
    if (eff_as_bool(as_json)) return eff_print_line(eff_json(eff_runtime_dump_json(eff_runtime_current())));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_runtime_dump(eff_runtime_current(), &text);
    eff_t *e = eff_print(eff_string(eff_buffer_text(&text)));
    eff_buffer_done(&text);
    return e;
}

static eff_t *set_limit(struct crew *crew, size_t n)
{
    if (n < 1) n = 1; /* 0 would be no limit */
    eff_t *e = eff_limit_set(crew->places.limit, n);
    return eff_then(e, eff_log_info("event=limit n=%zu", n));
}

static eff_t *obey(eff_value_t order, eff_value_t env)
{
    struct crew *crew = eff_as_ptr(env);
    const char *text = eff_as_string(order);
    size_t n = eff_limit_get(crew->places.limit);
    if (strcmp(text, "") == 0) return eff_noop();
    if (strcmp(text, "jobs") == 0) return jobs_print(crew->jobs);
    if (strcmp(text, "status") == 0) return eff_suspend(show_status, eff_bool(false));
    if (strcmp(text, "status json") == 0) return eff_suspend(show_status, eff_bool(true));
    if (strcmp(text, "halve") == 0) return set_limit(crew, n / 2);
    if (strcmp(text, "double") == 0) return set_limit(crew, n * 2);
    if (strncmp(text, "limit ", 6) == 0) return set_limit(crew, (size_t)strtoul(text + 6, NULL, 10));
    if (strcmp(text, "stop") == 0) return eff_task_group_stop(crew->group);
    return eff_log_warn("event=unknown-order text=\"%s\"", text);
}

eff_t *control_orders(eff_task_started_t *started, eff_value_t crew)
{
    eff_queue_t *orders = ((struct crew *)eff_as_ptr(crew))->orders;
    eff_t *e = eff_task_started(started, eff_unit);
    e = eff_then(e, eff_queue_for_each(orders, obey, crew));
    return eff_named(e, "control");
}

/* ---- signals */

struct signals {
    struct crew *crew;
    eff_task_started_t *started;
    struct event *halve, *twice;
};

static void signals_drop(struct signals *s)
{
    if (s->halve) event_free(s->halve);
    if (s->twice) event_free(s->twice);
}

/* Of more signals than the queue has room for, some are lost, as signals are. */
static void on_signal(evutil_socket_t number, short what, void *orders)
{
    (void)what;
    (void)!eff_queue_try_offer(orders, eff_literal(number == SIGHUP ? "halve" : "double"));
}

static eff_t *signals_step(struct signals *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    s->halve = evsignal_new(eff_event_base(), SIGHUP, on_signal, s->crew->orders);
    s->twice = evsignal_new(eff_event_base(), SIGUSR1, on_signal, s->crew->orders);
    if (!s->halve || !s->twice || event_add(s->halve, NULL) < 0 || event_add(s->twice, NULL) < 0)
        EFF_GEN_FAIL(eff_error(&eff_system_error, 0, "cannot watch signals"));
    EFF_AWAIT(eff_task_started(s->started, eff_unit));
    EFF_AWAIT(eff_external(eff_never()));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(signals, struct signals, signals_step, .drop = signals_drop);

eff_t *control_signals(eff_task_started_t *started, eff_value_t crew)
{
    return eff_named(signals((struct signals){ .crew = eff_as_ptr(crew), .started = started }), "signals");
}

/* ---- input */

struct input {
    struct crew *crew;
    int fd;
    char text[256];
    size_t size;
};

/* Takes the first line off; the text has been filled up with n bytes. */
static bool take_line(struct input *s, eff_value_t *ret_line)
{
    char *end = memchr(s->text, '\n', s->size);
    if (!end && s->size < sizeof s->text) return false;
    size_t size = end ? (size_t)(end - s->text) : s->size;
    size_t used = end ? size + 1 : size;
    *ret_line = eff_string_n(s->text, size);
    s->size -= used;
    memmove(s->text, s->text + used, s->size);
    return true;
}

static eff_t *input_step(struct input *s, eff_gen_t *g)
{
    eff_value_t line;
    EFF_GEN_BEGIN(g);
    for (;;) {
        while (take_line(s, &line))
            EFF_AWAIT(eff_queue_offer(s->crew->orders, line));
        EFF_AWAIT(eff_wait_readable(s->fd));
        ssize_t n = read(s->fd, s->text + s->size, sizeof s->text - s->size);
        if (n < 0 && errno != EAGAIN && errno != EINTR) EFF_GEN_FAIL(eff_error_errno(errno, "read orders"));
        if (n == 0) break;
        if (n > 0) s->size += (size_t)n;
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(input_gen, struct input, input_step);

static eff_t *do_without(eff_value_t error, eff_value_t env)
{
    (void)env;
    return eff_log_warn("event=no-orders error=\"%s\"", eff_as_error(error)->message);
}

eff_t *control_input(struct crew *crew, int fd)
{
    eff_t *e = input_gen((struct input){ .crew = crew, .fd = fd });
    return eff_named(eff_catch_all(e, do_without, eff_unit), "input");
}
