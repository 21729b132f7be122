/* The room: who is here, and what reaches whom. Plain data, changed by plain calls on the one thread: no effects, no
 * locks, and nothing here ever waits, since outboxes do not. */
#ifndef CHAT_ROOM_H
#define CHAT_ROOM_H

#include "display.h"
#include "nick.h"
#include "outbox.h"

struct member {
    char nick[NICK_MAX + 1];
    struct outbox *out; /* borrowed */
    struct member *next;
};

struct room {
    struct member *first;    /* in order of joining; borrowed, each until it has left */
    struct display *display; /* borrowed; NULL: nobody watches */
    size_t n_here;
    uint64_t n_said;
};

const struct member *room_find(const struct room *r, const char *nick); /* upper and lower case are the same */
void room_join(struct room *r, struct member *m);                       /* announced to all others */
void room_leave(struct room *r, struct member *m, const char *why);     /* announced; why NULL: silently */
void room_say(struct room *r, const struct member *from, const char *text, size_t size);
void room_who(const struct room *r, struct outbox *to);

#endif
