/* What a server says first: at most one line, at most BANNER_MAX bytes, at most 200 ms. What came before the time was
 * up counts, so the bytes are kept in the gen's frame, outside of what the timeout interrupts. */
#include "banner.h"

#include <errno.h>
#include <string.h>

#include <sys/socket.h>

#include "text.h"

enum { BANNER_MAX = 80, BANNER_MS = 200 };

struct banner {
    sock_t *sock; /* owned */
    char line[BANNER_MAX];
    size_t size;
    bool hung_up;
};

static void banner_copy(struct banner *s)
{
    sock_incref(s->sock);
}

static void banner_drop(struct banner *s)
{
    sock_decref(s->sock);
}

/* Whether there is more to wait for. */
static eff_value_t receive(eff_value_t ready, eff_value_t frame)
{
    (void)ready;
    struct banner *s = eff_as_ptr(frame);
    ssize_t n = recv(s->sock->fd, s->line + s->size, sizeof s->line - s->size, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return eff_bool(true);
    if (n <= 0) {
        s->hung_up = true;
        return eff_bool(false);
    }
    char *end = memchr(s->line + s->size, '\n', (size_t)n);
    s->size += (size_t)n;
    if (end) s->size = (size_t)(end - s->line);
    return eff_bool(!end && s->size < sizeof s->line);
}

static bool is_true(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_as_bool(v);
}

static eff_t *banner_step(struct banner *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    eff_t *e = eff_wait_readable(s->sock->fd);
    e = eff_map(e, receive, eff_ptr(s));
    e = eff_loop_while(e, is_true, eff_unit);
    EFF_AWAIT(eff_timeout(e, eff_millis(BANNER_MS)));

    if (s->size > 0 && s->line[s->size - 1] == '\r') s->size--;
    if (s->size == 0 && s->hung_up) EFF_GEN_RETURN(eff_literal("(hung up)"));
    EFF_GEN_END(printable(s->line, s->size));
}
EFF_DEFINE_GEN(banner, struct banner, banner_step, .copy = banner_copy, .drop = banner_drop);

eff_t *read_banner(sock_t *sock)
{
    return banner((struct banner){ .sock = sock });
}
