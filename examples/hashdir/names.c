/* File names as text: for programs, and for people. */
#include "names.h"

#include <string.h>

bool name_needs_escapes(const char *name)
{
    return strpbrk(name, "\\\n\r") != NULL;
}

void name_escape(const char *name, eff_buffer_t *out)
{
    while (*name) {
        size_t plain = strcspn(name, "\\\n\r");
        eff_buffer_add_n(out, name, plain);
        name += plain;
        if (*name) eff_buffer_add(out, *name == '\n' ? "\\n" : *name == '\r' ? "\\r" : "\\\\"), name++;
    }
}

bool name_unescape(char *name)
{
    char *to = name;
    for (const char *from = name; *from; from++) {
        if (*from != '\\') *to++ = *from;
        else if (*++from == 'n') *to++ = '\n';
        else if (*from == 'r') *to++ = '\r';
        else if (*from == '\\') *to++ = '\\';
        else return false;
    }
    *to = 0;
    return true;
}

/* The bytes of the character at s, if a terminal may be given it; else 0. */
static size_t showable(const unsigned char *s)
{
    if (s[0] >= 0x20 && s[0] < 0x7f) return 1;
    size_t n = s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if (n == 2 && s[0] == 0xc2 && s[1] < 0xa0) return 0;                    /* control characters again */
    if (n == 3 && s[0] == 0xe2 && (s[1] == 0x80 || s[1] == 0x81)) return 0; /* directions, line separators */
    if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0))) return 0; /* no UTF-8 */
    if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))) return 0;
    return n;
}

void name_show(const char *name, eff_buffer_t *out)
{
    while (*name) {
        size_t n = showable((const unsigned char *)name);
        if (n) eff_buffer_add_n(out, name, n);
        else eff_buffer_add(out, "?");
        name += n ? n : 1;
    }
}
