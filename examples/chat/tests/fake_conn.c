/* A connection for tests. A stuck one takes nothing, as a socket whose buffers are full. */
#include "fake_conn.h"

#include <event2/buffer.h>

static eff_value_t append(eff_value_t text, eff_value_t in)
{
    evbuffer_add(eff_as_ptr(in), eff_as_string(text), eff_string_size(text));
    return eff_unit;
}

static eff_t *fake_fill(struct conn *c, struct evbuffer *in)
{
    return eff_map(eff_queue_take(((struct fake *)c)->typed), append, eff_ptr(in));
}

static eff_value_t show(eff_value_t fake, eff_value_t out)
{
    struct evbuffer *bytes = eff_as_ptr(out);
    size_t size = evbuffer_get_length(bytes);
    eff_buffer_add_n(&((struct fake *)eff_as_ptr(fake))->seen, (const char *)evbuffer_pullup(bytes, -1), size);
    evbuffer_drain(bytes, size);
    return eff_unit;
}

static eff_t *fake_flush(struct conn *c, struct evbuffer *out)
{
    if (((struct fake *)c)->stuck) return eff_sleep(eff_hours(1000));
    return eff_map(eff_succeed(eff_ptr(c)), show, eff_ptr(out));
}

struct fake fake_new(void)
{
    return (struct fake){ .conn = { fake_fill, fake_flush }, .typed = eff_queue_bounded(8) };
}

void fake_done(struct fake *f)
{
    eff_queue_decref(f->typed);
    eff_buffer_done(&f->seen);
}
