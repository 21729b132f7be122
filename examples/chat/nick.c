/* What may be a nick. */
#include "nick.h"

#include <string.h>

bool is_nick(const char *s, size_t n)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    for (size_t i = 0; i < n; i++)
        if (!memchr(allowed, s[i], sizeof allowed - 1)) return false;
    return n >= 1 && n <= NICK_MAX;
}
