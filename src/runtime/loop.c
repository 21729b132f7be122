/* The loop: the only file that knows libevent's.
 *
 * On a loop of our own, eff_runtime_run drains and then runs the loop once, in turn. On the caller's loop everything
 * happens in callbacks: a kick activates the turn event, whose callback drains; what is left after a turn kicks again.
 * One timer stands for all sleepers, armed for the earliest deadline rounded up to a millisecond. A descriptor to wake
 * the loop from other threads is made when the first answer may come from one, and watched only while one may: that is
 * what lets the caller's loop end when no fiber needs it any more.
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "runtime/mailbox.h"
#include "runtime/runtime.h"

enum { TICK_NS = 1000000 };

struct eff__loop {
    eff_runtime_t *rt;
    struct event_base *base;
    bool own;
    struct event *turn;  /* activated by a kick */
    struct event *timer; /* the earliest deadline */
    struct event *wake;  /* reads wake_fd; NULL until the first answer may come from another thread */
    _Atomic int wake_fd; /* -1 until then; others read it under the mailbox's lock */
    bool watching;       /* wake is added */
    bool kicked;         /* turn is active */
    bool for_lists;      /* the timer is set for the free lists, and no turn comes of it */
    int64_t armed;       /* the deadline the timer is set to; 0: not set */
};

int64_t eff__now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* One turn on the caller's loop. */
static void take_turn(struct eff__loop *loop)
{
    eff_runtime_t *rt = loop->rt;
    loop->kicked = false;
    if (rt->draining || rt->driving) return;
    eff__timers_due(rt);
    eff__cancels_due(rt);
    eff__mailbox_look(rt->mailbox);
    eff__drain(rt);
    eff__turn_ended(rt);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    take_turn((struct eff__loop *)arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct eff__loop *loop = (struct eff__loop *)arg;
    (void)fd, (void)what;
    loop->armed = 0;
    if (loop->for_lists) {
        eff__loop_settle(loop);
        return;
    }
    loop->rt->timers_polled = false;
    eff__timers_due(loop->rt);
    eff__finalizers_tell(loop->rt);
    if (!loop->rt->driving) take_turn(loop);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct eff__loop *loop = (struct eff__loop *)arg;
    uint64_t n;
    (void)what;
    while (read(fd, &n, sizeof n) < 0 && errno == EINTR)
        continue;
    eff__timers_due(loop->rt);
    eff__mailbox_empty(loop->rt->mailbox);
    eff__loop_kick(loop); /* it may not be needed any more */
}

struct eff__loop *eff__loop_new(eff_runtime_t *rt, struct event_base *base)
{
    struct eff__loop *loop = eff__alloc(sizeof *loop);
    if (!loop) return NULL;
    *loop = (struct eff__loop){ .rt = rt, .base = base, .own = !base, .wake_fd = -1 };
    if (loop->own) {
        struct event_config *config = event_config_new();
        if (config) {
            event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
            loop->base = event_base_new_with_config(config);
            event_config_free(config);
        }
    }
    if (loop->base) {
        loop->turn = event_new(loop->base, -1, 0, on_turn, loop);
        loop->timer = event_new(loop->base, -1, 0, on_timer, loop);
    }
    if (!loop->turn || !loop->timer) {
        eff__loop_free(loop, false);
        return NULL;
    }
    return loop;
}

void eff__loop_free(struct eff__loop *loop, bool forked)
{
    if (!forked) {
        if (loop->turn) event_free(loop->turn);
        if (loop->timer) event_free(loop->timer);
        if (loop->wake) event_free(loop->wake);
        if (loop->own && loop->base) event_base_free(loop->base);
    }
    if (loop->wake_fd >= 0) close(loop->wake_fd);
    eff__free(loop, sizeof *loop);
}

struct event_base *eff__loop_base(struct eff__loop *loop)
{
    return loop->base;
}

bool eff__loop_is_own(const struct eff__loop *loop)
{
    return loop->own;
}

bool eff__loop_can_run(struct eff__loop *loop)
{
    return event_base_loop(loop->base, EVLOOP_NONBLOCK) >= 0;
}

void eff__loop_kick(struct eff__loop *loop)
{
    if (loop->kicked || loop->rt->driving) return;
    loop->kicked = true;
    event_active(loop->turn, EV_TIMEOUT, 0);
}

/* Through a timeout of zero: what becomes active while active events are handled is handled before the loop looks at the
 * outside again, so turns that activate their next one would starve the host. */
void eff__loop_next_turn(struct eff__loop *loop)
{
    static const struct timeval at_once = { 0, 0 };
    if (loop->kicked || loop->rt->driving) return;
    if (event_add(loop->turn, &at_once) < 0) eff__loop_kick(loop);
    else loop->kicked = true;
}

/* Makes the wake descriptor; without it (no descriptors left, no memory) the loop has to look by itself. */
static bool make_wake(struct eff__loop *loop)
{
    if (loop->wake) return true;
    if (loop->wake_fd < 0) loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake_fd < 0) return false;
    loop->wake = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
    return loop->wake != NULL;
}

/* Whether anything may come from another thread. */
static bool listens(const eff_runtime_t *rt)
{
    return rt->n_async > 0 || (!rt->shutting_down && atomic_load(&rt->mailbox->n_refs) > 0);
}

/* What the free lists do not need any more is given back between turns, a piece in each: when to go on, or 0. When no
 * fiber waits for the outside, waiting for them to age would keep the caller's loop from ending; one of our own has no time
 * for it then. */
static EFF_NOINLINE int64_t age_lists(struct eff__loop *loop)
{
    if (loop->rt->n_external > 0) return eff__lists_age(eff__now_ns());
    return !loop->own && eff__lists_give_back() ? eff__now_ns() : 0;
}

static void arm_timer(struct eff__loop *loop)
{
    const struct eff__timer *first = loop->rt->timers.root;
    int64_t deadline = first ? first->deadline : 0, grace_ends = loop->rt->grace_ends;
    if (grace_ends && (!deadline || grace_ends < deadline)) deadline = grace_ends;
    if (__builtin_expect(loop->rt->alarms != NULL, 0)) {
        int64_t next = eff__alarms_next(loop->rt);
        if (next && (!deadline || next < deadline)) deadline = next;
    }
    const struct eff__finalizers *waiting = &loop->rt->finalizers;
    if (__builtin_expect(eff__finalizers_waited_for(waiting), 0) && loop->rt->n_external > 0 &&
        (!deadline || waiting->next < deadline))
        deadline = waiting->next; /* to tell of those that take too long */
    int64_t age_at = __builtin_expect(eff__lists_surplus(), 0) ? age_lists(loop) : 0;
    loop->for_lists = age_at && (!deadline || age_at < deadline);
    if (loop->for_lists) deadline = age_at;
    if (!loop->watching && listens(loop->rt)) { /* look by itself */
        deadline = eff__now_ns() + TICK_NS;
        loop->for_lists = false;
    }
    if (deadline == loop->armed) return;
    loop->armed = deadline;
    if (!deadline) {
        event_del(loop->timer);
        return;
    }
    int64_t left = deadline - eff__now_ns();
    left = left <= 0 ? 0 : left > INT64_MAX - TICK_NS ? left : (left + TICK_NS - 1) / TICK_NS * TICK_NS;
    struct timeval tv = { .tv_sec = left / 1000000000, .tv_usec = left % 1000000000 / 1000 };
    if (event_add(loop->timer, &tv) < 0) loop->armed = 0;
}

void eff__loop_settle(struct eff__loop *loop)
{
    bool expect = listens(loop->rt);
    if (expect != loop->watching) {
        if (expect) {
            loop->watching = make_wake(loop) && event_add(loop->wake, NULL) == 0;
            if (loop->watching) eff__mailbox_empty(loop->rt->mailbox);
        } else {
            event_del(loop->wake);
            loop->watching = false;
        }
    }
    arm_timer(loop);
}

void eff__loop_once(struct eff__loop *loop, bool block)
{
    eff_runtime_t *rt = loop->rt;
    eff__cancels_due(rt);
    eff__loop_settle(loop);
    if (rt->ready_first) block = false;
    rt->timers_polled = false;
    rt->now_valid = false;
    /* With no event at all it sleeps until a signal comes, instead of asking again and again. */
    (void)event_base_loop(loop->base, EVLOOP_ONCE | (block ? EVLOOP_NO_EXIT_ON_EMPTY : EVLOOP_NONBLOCK));
    rt->timers_polled = false;
    eff__timers_due(rt);
    eff__cancels_due(rt);
    eff__mailbox_look(rt->mailbox);
}

void eff__loop_wake(struct eff__loop *loop)
{
    uint64_t one = 1;
    if (loop->wake_fd >= 0)
        while (write(loop->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
            continue;
}

/* ---- signals, for eff_main */

struct watch {
    struct event *event;
    void (*fn)(int signal, void *arg);
    void *arg;
};

static void on_signal(evutil_socket_t signal, short what, void *arg)
{
    struct watch *w = (struct watch *)arg;
    (void)what;
    w->fn((int)signal, w->arg);
}

void *eff__loop_signal(struct eff__loop *loop, int signal, void (*fn)(int signal, void *arg), void *arg)
{
    struct watch *w = eff__alloc(sizeof *w);
    if (!w) return NULL;
    *w = (struct watch){ evsignal_new(loop->base, signal, on_signal, w), fn, arg };
    if (w->event && event_add(w->event, NULL) == 0) return w;
    eff__loop_signal_free(w);
    return NULL;
}

void eff__loop_signal_free(void *watch)
{
    struct watch *w = (struct watch *)watch;
    if (!w) return;
    if (w->event) event_free(w->event);
    eff__free(w, sizeof *w);
}
