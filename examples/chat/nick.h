/* Nicks: what a user may be called. */
#ifndef CHAT_NICK_H
#define CHAT_NICK_H

#include <stdbool.h>
#include <stddef.h>

enum { NICK_MAX = 16 };

/* Whether the n bytes of s are a nick: 1 to 16 of A-Z a-z 0-9 _ - */
bool is_nick(const char *s, size_t n);

#endif
