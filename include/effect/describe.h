/** @file
 * Looking at descriptions: effects are data.
 *
 *     eff_buffer_t text = EFF_BUFFER_INIT;         // "catch_all recover (hello.c:30)
 *     eff_describe(e, &text);                      //    map double_it (hello.c:29)
 *     puts(eff_buffer_text(&text));                //      succeed 21 (hello.c:28)"
 *     eff_buffer_done(&text);
 */
#ifndef EFFECT_DESCRIBE_H
#define EFFECT_DESCRIBE_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** Writes the tree of e as text, one instruction a line; continuations by callback name and site. A shared part is
 *  shown each time; after 10,000 lines the rest is left out ("..."), below 40 levels lines are indented no further.
 *  @borrows{e}
 *  @param out what the text is added to */
EFF_API void eff_describe(const eff_t *e, eff_buffer_t *out);
/** The tree of e as JSON: objects of "op", "site", "detail" (text) and "parts" (an array of the same).
 *  @borrows{e}
 *  @return new; NULL when out of memory, for more than 10,000 instructions, or for more than 1,024 nested ones, whose
 *          JSON (2,048 levels) no library would read back; NULL for NULL */
EFF_API struct json_t *eff_to_json(const eff_t *e);

EFF_END_DECLS
#endif
