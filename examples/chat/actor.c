/* A scripted client: one fiber, which performs act after act. Each act is an effect. */
#include "actor.h"

#include <string.h>

#include <event2/buffer.h>

#include "lines.h"
#include "nick.h"
#include "sock.h"

struct actor {
    const struct act *act;     /* the next */
    const struct stage *stage; /* borrowed, as is seen */
    eff_buffer_t *seen;
    sock_t *sock;
    struct lines lines;
    struct line line;
    struct evbuffer *out;
};

static void actor_drop(struct actor *s)
{
    sock_decref(s->sock);
    lines_done(&s->lines);
    if (s->out) evbuffer_free(s->out);
}

static void note(struct actor *s, const char *mark, const char *text, size_t size)
{
    size_t shown = size > 80 ? 20 : size;
    eff_buffer_printf(s->seen, "  %s ", mark);
    eff_buffer_add_escaped(s->seen, text, shown);
    if (shown < size) eff_buffer_printf(s->seen, "... (%zu bytes)", size);
    eff_buffer_add(s->seen, "\n");
}

struct hearing {
    struct actor *actor; /* borrowed */
    const char *text;    /* static */
};

/* Reads lines into the transcript up to one that contains the text. */
static eff_t *hear_step(struct hearing *h, eff_gen_t *g)
{
    struct actor *s = h->actor;
    EFF_GEN_BEGIN(g);
    do {
        while (lines_next(&s->lines, &s->line) != LINE_WHOLE)
            EFF_AWAIT(s->sock->conn.fill(&s->sock->conn, s->lines.in));
        note(s, "<", s->line.text, s->line.size);
    } while (!strstr(s->line.text, h->text));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(hear, struct hearing, hear_step, .drop = NULL);

static eff_t *nothing(eff_value_t error, eff_value_t env)
{
    (void)error, (void)env;
    return eff_noop();
}

/* Until the server hangs up, which elsewhere in a script is a failure. */
static eff_t *read_to_the_end(struct actor *s)
{
    eff_t *e = eff_forever(hear((struct hearing){ .actor = s, .text = "" }));
    return eff_catch_kind(e, &eff_closed_error, nothing, eff_unit);
}

static eff_t *send_line(struct actor *s, const char *text)
{
    note(s, ">", text, strlen(text));
    if (evbuffer_add_printf(s->out, "%s\n", text) < 0) return eff_out_of_memory();
    return s->sock->conn.flush(&s->sock->conn, s->out);
}

/* As a process that is killed: the connection is reset, with no goodbye. */
static eff_t *vanish(struct actor *s)
{
    s->sock->abrupt = true;
    note(s, "!", "vanishes", 8);
    return eff_noop();
}

static bool is_last(const struct act *act)
{
    return act->what == VANISH || act->what == END;
}

/* What one act of the script does; called when its turn has come. */
static eff_t *perform(struct actor *s, const struct act *act)
{
    switch (act->what) {
    case WAIT: return eff_deferred_await(s->stage->cues[act->cue]);
    case GIVE: return eff_deferred_succeed(s->stage->cues[act->cue], eff_unit);
    case ENTER: return sock_into(sock_connect(s->stage->port), &s->sock);
    case HEAR: return hear((struct hearing){ .actor = s, .text = act->text });
    case SAY: return send_line(s, act->text);
    case STOP_SERVER: return eff_fiber_interrupt(s->stage->server);
    case VANISH: return vanish(s);
    case END: return read_to_the_end(s);
    }
    return eff_die(eff_literal("no such act"));
}

static eff_t *actor_step(struct actor *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    s->out = evbuffer_new();
    if (!s->out || !lines_init(&s->lines)) return eff_out_of_memory();
    do
        EFF_AWAIT(perform(s, s->act));
    while (!is_last(s->act++));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(actor, struct actor, actor_step, .drop = actor_drop);

eff_t *actor_play(const struct act *script, const struct stage *stage, eff_buffer_t *seen)
{
    return actor((struct actor){ .act = script, .stage = stage, .seen = seen });
}
