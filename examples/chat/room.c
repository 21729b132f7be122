/* The room: a list of members, and lines put into their outboxes. */
#include "room.h"

#include <strings.h>

static void put_to_all(struct room *r, const struct member *but, const eff_buffer_t *line)
{
    for (struct member *m = r->first; m; m = m->next)
        if (m != but) outbox_put(m->out, eff_buffer_text(line), line->size);
}

static void announce(struct room *r, const struct member *but, const char *nick, const char *what)
{
    eff_buffer_t line = EFF_BUFFER_INIT;
    eff_buffer_printf(&line, "*** %s %s\n", nick, what);
    if (!line.truncated) put_to_all(r, but, &line);
    if (r->display) display_event(r->display, eff_buffer_text(&line));
    if (r->display) display_status(r->display, r->n_here, r->n_said);
    eff_buffer_done(&line);
}

const struct member *room_find(const struct room *r, const char *nick)
{
    const struct member *m = r->first;
    while (m && strcasecmp(m->nick, nick) != 0)
        m = m->next;
    return m;
}

void room_join(struct room *r, struct member *m)
{
    struct member **end = &r->first;
    while (*end)
        end = &(*end)->next;
    *end = m;
    r->n_here++;
    announce(r, m, m->nick, "joined");
}

void room_leave(struct room *r, struct member *m, const char *why)
{
    struct member **at = &r->first;
    while (*at && *at != m)
        at = &(*at)->next;
    if (!*at) return;
    *at = m->next;
    m->next = NULL;
    r->n_here--;
    if (!why) return;
    eff_buffer_t left = EFF_BUFFER_INIT;
    eff_buffer_printf(&left, "left (%s)", why);
    announce(r, m, m->nick, eff_buffer_text(&left));
    eff_buffer_done(&left);
}

void room_say(struct room *r, const struct member *from, const char *text, size_t size)
{
    eff_buffer_t line = EFF_BUFFER_INIT;
    eff_buffer_printf(&line, "%s: ", from->nick);
    eff_buffer_add_escaped(&line, text, size);
    eff_buffer_add(&line, "\n");
    if (!line.truncated) put_to_all(r, from, &line);
    eff_buffer_done(&line);
    r->n_said++;
    if (r->display) display_status(r->display, r->n_here, r->n_said);
}

void room_who(const struct room *r, struct outbox *to)
{
    eff_buffer_t line = EFF_BUFFER_INIT;
    eff_buffer_add(&line, "*** here:");
    for (const struct member *m = r->first; m; m = m->next)
        eff_buffer_printf(&line, " %s", m->nick);
    eff_buffer_add(&line, "\n");
    if (!line.truncated) outbox_put(to, eff_buffer_text(&line), line.size);
    eff_buffer_done(&line);
}
