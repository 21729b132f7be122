/* A session: two fibers in a race. One converses (lines in), the other delivers (lines out); the first to end, however,
 * ends the session, and how it ended is why the client left. */
#include "session.h"

#include <string.h>

#include <event2/buffer.h>

#include "lines.h"

static const eff_error_kind_t dropped = { "dropped", NULL };

struct client {
    struct conn *conn; /* borrowed, as is room */
    struct room *room;
    struct lines lines;
    struct line line; /* the last that was read */
    struct outbox out;
    struct member member; /* in the room from a good nick on */
    bool joined, unreachable;
    int n_tries;
};

/* The fibers of a session borrow its client. */
struct part {
    struct client *client;
};

/* ---- lines in */

/* Succeeds with an enum line_kind; the line is in the client. */
static eff_t *next_line_step(struct part *s, eff_gen_t *g)
{
    struct client *c = s->client;
    EFF_GEN_BEGIN(g);
    for (;;) {
        enum line_kind kind = lines_next(&c->lines, &c->line);
        if (kind != LINE_NONE) EFF_GEN_RETURN(eff_int(kind));
        EFF_AWAIT(c->conn->fill(c->conn, c->lines.in));
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(next_line, struct part, next_line_step, .drop = NULL);

/* As next_line, from a client who may be asleep. */
static eff_t *attended_line_step(struct part *s, eff_gen_t *g)
{
    struct client *c = s->client;
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_timeout(next_line(*s), eff_minutes(SESSION_IDLE_MINUTES)));
    if (!eff_is_some(EFF_GOT())) {
        outbox_printf(&c->out, "*** are you still there? Say something within %d s\n", SESSION_ANSWER_SECONDS);
        EFF_AWAIT(eff_timeout(next_line(*s), eff_seconds(SESSION_ANSWER_SECONDS)));
    }
    if (!eff_is_some(EFF_GOT())) EFF_GEN_FAIL(eff_error(&dropped, 0, "idle"));
    EFF_GEN_END(eff_value_incref(eff_some_value(EFF_GOT())));
}
EFF_DEFINE_GEN(attended_line, struct part, attended_line_step, .drop = NULL);

/* ---- what is done about a line */

static void refuse_long_line(struct client *c)
{
    outbox_printf(&c->out, "*** too long: a line has at most %d bytes\n", LINE_MAX_BYTES);
}

static void try_nick(struct client *c, enum line_kind kind)
{
    const char *nick = c->line.text;
    c->n_tries++;
    if (kind == LINE_TOO_LONG) {
        refuse_long_line(c);
    } else if (!is_nick(nick, c->line.size)) {
        outbox_printf(&c->out, "*** a nick is 1 to %d of A-Z a-z 0-9 _ -\n", NICK_MAX);
    } else if (room_find(c->room, nick)) {
        outbox_printf(&c->out, "*** %s is taken\n", nick);
    } else {
        outbox_printf(&c->out, "*** welcome, %s; /who lists who is here, /quit leaves\n", nick);
        memcpy(c->member.nick, nick, c->line.size + 1);
        c->member.out = &c->out;
        c->joined = true;
        room_join(c->room, &c->member);
    }
}

static void hear(struct client *c, enum line_kind kind)
{
    if (kind == LINE_TOO_LONG) refuse_long_line(c);
    else if (strcmp(c->line.text, "/who") == 0) room_who(c->room, &c->out);
    else if (c->line.size > 0) room_say(c->room, &c->member, c->line.text, c->line.size);
}

static bool is_quit(const struct client *c, enum line_kind kind)
{
    return kind == LINE_WHOLE && strcmp(c->line.text, "/quit") == 0;
}

/* ---- the two fibers */

/* Ends when the client leaves: succeeds with "quit", or fails with why. */
static eff_t *converse_step(struct part *s, eff_gen_t *g)
{
    struct client *c = s->client;
    EFF_GEN_BEGIN(g);
    while (!c->joined) {
        if (c->n_tries == SESSION_TRIES) EFF_GEN_FAIL(eff_error(&dropped, 0, "no nick"));
        outbox_printf(&c->out, "*** your nick?\n");
        EFF_AWAIT(attended_line(*s));
        try_nick(c, (enum line_kind)eff_as_int(EFF_GOT()));
    }
    for (;;) {
        EFF_AWAIT(attended_line(*s));
        if (is_quit(c, (enum line_kind)eff_as_int(EFF_GOT()))) break;
        hear(c, (enum line_kind)eff_as_int(EFF_GOT()));
        EFF_AWAIT(eff_sleep(eff_millis(SESSION_PACE_MILLIS)));
    }
    EFF_GEN_END(eff_literal("quit"));
}
EFF_DEFINE_GEN(converse, struct part, converse_step, .drop = NULL);

/* Fails once the outbox has been full for too long; else it never ends. */
static eff_t *lag(struct client *c)
{
    eff_t *e = bell_wait(&c->out.overflowed);
    e = eff_then(e, eff_sleep(eff_seconds(SESSION_LAG_SECONDS)));
    return eff_then(e, eff_fail(eff_error(&dropped, 0, "does not read")));
}

/* Sends what is put into the outbox, for ever: batch after batch, each unless the client lags behind. */
static eff_t *deliver_step(struct part *s, eff_gen_t *g)
{
    struct client *c = s->client;
    EFF_GEN_BEGIN(g);
    for (;;) {
        while (outbox_is_empty(&c->out))
            EFF_AWAIT(bell_wait(&c->out.filled));
        outbox_next_batch(&c->out);
        EFF_AWAIT(eff_race_first(c->conn->flush(c->conn, c->out.sending), lag(c)));
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(deliver, struct part, deliver_step, .drop = NULL);

/* ---- the end */

/* Why the client left, of how its race ended. */
static const char *reason(const eff_exit_t *exit)
{
    eff_value_t error;
    if (exit->ok) return eff_as_string(exit->value);
    if (!eff_cause_failure(exit->cause, &error)) return "an error of the server";
    if (eff_error_is(error, &dropped) || eff_error_is(error, &eff_closed_error)) return eff_as_error(error)->message;
    return "connection lost";
}

static void leave(struct client *c, const eff_exit_t *exit)
{
    const char *why = reason(exit);
    eff_value_t error;
    bool was_dropped = !exit->ok && eff_cause_failure(exit->cause, &error) && eff_error_is(error, &dropped);
    if (c->joined) room_leave(c->room, &c->member, why);
    c->unreachable = !exit->ok && !was_dropped;
    if (was_dropped) outbox_printf(&c->out, "*** you are dropped: %s\n", why);
    else outbox_printf(&c->out, "*** goodbye\n");
}

/* The last words, whose second begins now. Masked, as it is deferred: an interruption does not shorten it. */
static eff_t *farewell(struct client *c, const eff_exit_t *exit)
{
    bool going_down = !exit->ok && eff_cause_is_interrupted(exit->cause);
    if (c->joined) room_leave(c->room, &c->member, NULL); /* silently, if it has not left yet */
    if (going_down) outbox_printf(&c->out, "*** server is going down\n");
    if (c->unreachable) return eff_noop();
    outbox_next_batch(&c->out);
    eff_t *e = c->conn->flush(c->conn, c->out.sending);
    e = eff_timeout(e, eff_seconds(SESSION_FAREWELL_SECONDS));
    return eff_ignore(e);
}

static void client_drop(struct client *c)
{
    lines_done(&c->lines);
    outbox_done(&c->out);
}

static eff_t *session_step(struct client *c, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    if (!lines_init(&c->lines) || !outbox_init(&c->out)) return eff_out_of_memory();
    EFF_DEFER(c, farewell);
    struct part part = { .client = c };
    EFF_AWAIT_EXIT(eff_race_first(converse(part), deliver(part)));
    leave(c, EFF_EXIT());
    if (!EFF_EXIT()->ok && eff_cause_has_die(EFF_EXIT()->cause)) EFF_GEN_EXIT(EFF_EXIT());
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(client_session, struct client, session_step, .drop = client_drop);

eff_t *session(struct conn *conn, struct room *room)
{
    return client_session((struct client){ .conn = conn, .room = room });
}
