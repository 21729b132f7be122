/** @file
 * Text on a terminal: how wide it is there, and how to fit it into a column.
 */
#ifndef HEALTHCHECK_TEXT_H
#define HEALTHCHECK_TEXT_H

#include <effect/effect.h>

/** How many columns a UTF-8 text takes up. Needs a UTF-8 locale (setlocale); without one, a column a character. */
size_t text_width(const char *text);
/** Adds text, cut to at most `width` columns: what does not fit is replaced by "...". */
void text_add_clipped(eff_buffer_t *out, const char *text, size_t width);
/** Adds text and blanks up to `width` columns, or blanks and text. */
void text_add_left(eff_buffer_t *out, const char *text, size_t width);
void text_add_right(eff_buffer_t *out, const char *text, size_t width);
/** Adds text with control characters replaced by '?', for messages that quote what somebody else wrote. */
void text_add_printable(eff_buffer_t *out, const char *text);

/** "0.4 ms", "312 ms", "12.3 s". */
void text_add_latency(eff_buffer_t *out, eff_duration_t d);

#endif
