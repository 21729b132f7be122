/* Waiting for file descriptors: one event of libevent's per waiting fiber, for one answer.
 *
 * poll(2) is asked first. It knows a descriptor that is not open, which libevent would report on stderr, and what epoll
 * refuses with EPERM (regular files, /dev/null) is always ready for it. So only what may really take time becomes an
 * event, and that is removed together with the wait, whichever way it ends.
 */
#include <effect/fd.h>

#include <errno.h>
#include <event2/event.h>
#include <poll.h>

#include "runtime/prim.h"
#include "runtime/runtime.h"

/* A wait under way: a block with libevent's event, whose size only libevent knows, behind it. */
struct watch {
    eff_fiber_t *fiber; /* borrowed: it waits */
    int fd;
    bool for_writing;
    max_align_t event[];
};

static size_t watch_size(void)
{
    return sizeof(struct watch) + event_get_struct_event_size();
}

static struct event *event_of(struct watch *w)
{
    return (struct event *)(void *)w->event;
}

static void watch_free(struct watch *w)
{
    event_del(event_of(w));
    event_debug_unassign(event_of(w));
    eff__free(w, watch_size());
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct watch *w = (struct watch *)arg;
    eff_fiber_t *f = w->fiber;
    (void)fd, (void)what;
    eff__timers_due(f->rt);
    if (f->wait.object != w) return; /* a shutdown's grace has just passed, and the fiber was interrupted */
    watch_free(w);
    f->wait.object = NULL;
    f->reg = eff_unit;
    f->status = EFF__OK;
    eff__wake(f);
}

/* ---- waiting */

static bool leave(eff_fiber_t *f)
{
    watch_free((struct watch *)f->wait.object);
    return true;
}

static void describe(const eff_fiber_t *f, eff_buffer_t *out)
{
    const struct watch *w = (const struct watch *)f->wait.object;
    eff_buffer_printf(out, "for fd %d to be %s", w->fd, w->for_writing ? "writable" : "readable");
}

static const struct eff__wait_ops read_ops = {
    .name = "for a descriptor to be readable", .external = true, .leave = leave, .describe = describe
};
static const struct eff__wait_ops write_ops = {
    .name = "for a descriptor to be writable", .external = true, .leave = leave, .describe = describe
};

/* @return whether it is ready; when it cannot be waited for, false, with *ret_err */
static bool is_ready(int fd, bool for_writing, int *ret_err)
{
    struct pollfd p = { .fd = fd, .events = for_writing ? POLLOUT : POLLIN };
    int n;
    while ((n = poll(&p, 1, 0)) < 0 && errno == EINTR)
        continue;
    *ret_err = n < 0 ? errno : fd < 0 || p.revents & POLLNVAL ? EBADF : 0;
    return n > 0 && !*ret_err;
}

/* A watch that is in the loop; NULL with *ret_err, which is 0 when the descriptor counts as ready. */
static struct watch *watch_new(eff_fiber_t *f, int fd, bool for_writing, int *ret_err)
{
    struct watch *w = eff__alloc(watch_size());
    *ret_err = ENOMEM;
    if (!w) return NULL;
    *w = (struct watch){ .fiber = f, .fd = fd, .for_writing = for_writing };
    (void)event_assign(event_of(w), eff__loop_base(f->rt->loop), fd, for_writing ? EV_WRITE : EV_READ, on_ready, w);
    errno = 0;
    if (event_add(event_of(w), NULL) == 0) return w;
    /* EPERM: the loop's method takes no such descriptors. Without an errno there are too many waits for this one. */
    *ret_err = errno == EPERM ? 0 : errno ? errno : EBUSY;
    watch_free(w);
    return NULL;
}

static int wait_run(eff_fiber_t *f, const eff_t *e, bool for_writing)
{
    int fd = (int)eff_as_int(e->prim.value), err;
    if (is_ready(fd, for_writing, &err)) return eff__prim_value(f, eff_unit);
    struct watch *w = err ? NULL : watch_new(f, fd, for_writing, &err);
    if (w) {
        eff__suspend(f, for_writing ? &write_ops : &read_ops, w);
        return EFF__SUSPEND;
    }
    if (!err) return eff__prim_value(f, eff_unit);
    if (err == ENOMEM) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    return eff__prim_fail(f,
                          eff_error_errno(err, "wait for fd %d to be %s", fd, for_writing ? "writable" : "readable"));
}

static int wait_readable_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    return wait_run(f, e, false);
}
static int wait_writable_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    return wait_run(f, e, true);
}
static const struct eff__prim readable_prim = { "wait_readable", wait_readable_run };
static const struct eff__prim writable_prim = { "wait_writable", wait_writable_run };

eff_t *eff_wait_readable_at(eff_site_t site, int fd)
{
    return eff__prim_node_plain(site, &readable_prim, eff_int(fd));
}
eff_t *eff_wait_writable_at(eff_site_t site, int fd)
{
    return eff__prim_node_plain(site, &writable_prim, eff_int(fd));
}
