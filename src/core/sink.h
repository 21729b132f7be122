/* Where text for people goes: a buffer or a FILE. Text goes to a FILE directly, so that a failure can still be printed
 * when there is no memory left. What came from outside is escaped on the way, so that it cannot forge lines or send
 * commands to a terminal. */
#ifndef EFF_CORE_SINK_H
#define EFF_CORE_SINK_H

#include <stdio.h>

#include <effect/value.h>

/* Exactly one of the two is set; both are borrowed. */
struct eff__sink {
    eff_buffer_t *buffer;
    FILE *file;
};

void eff__sink_add(struct eff__sink *s, const char *text);
void eff__sink_add_n(struct eff__sink *s, const char *text, size_t n);
void eff__sink_printf(struct eff__sink *s, const char *fmt, ...) EFF_PRINTF(2, 3); /* at most 127 bytes */
/* Adds text of any origin: control characters, line separators and what is not UTF-8 are escaped as in C. */
void eff__sink_escaped(struct eff__sink *s, const char *text, size_t n);
/* The character that starts at text, of at most n bytes, n > 0. Returns its length; 0 when it is not UTF-8. */
size_t eff__decode(const char *text, size_t n, uint32_t *ret_char);
/* Whether it may reach a terminal or a line of a log: no C0 or C1 control, no line or paragraph separator, and nothing
 * that changes the direction of what follows (Boucher and Anderson 2021, "Trojan Source"). What is not is below 0x10000. */
bool eff__is_harmless(uint32_t c);
/* Adds a value as its type formats it, escaped, or something that stands for it: whatever its format hook does, and
 * without memory, there is some text. Of a text of more than `most` bytes, before escaping, the rest is counted only.
 * Borrows v. */
void eff__sink_value(struct eff__sink *s, eff_value_t v, size_t most);
/* Adds a piece of a value that says which one it is: the start of a string, a number, how many items there are. Nothing
 * for types that have no such thing; no hook of a user's type is called. Borrows v. */
void eff__sink_glimpse(struct eff__sink *s, eff_value_t v);

#endif
