/* An effect as JSON: {"op": "flat_map", "site": "print (hello.c:31)", "parts": [...]}, with "detail" where there is
 * one.
 *
 * Every object is put into its parent's array as it is made, so that whatever goes wrong, dropping the root drops
 * all.
 */
#include <effect/describe.h>

#include <jansson.h>
#include <stdlib.h>

#include "core/describe.h"
#include "core/json_object.h"
#include "core/memory.h"

/* Each instruction takes two levels: an object in an array. Deeper trees cannot be read back by jansson. */
enum { JSON_DEPTH = 2048, MAX_LEVEL = JSON_DEPTH / 2 - 1 };

/* An instruction whose object is still to be made. */
struct entry {
    struct entry *next;
    const eff_t *e; /* borrowed from the tree */
    json_t *into;   /* the array it goes to, borrowed from the root */
    size_t level;
};

static bool push(struct entry **stack, const eff_t *e, json_t *into, size_t level)
{
    struct entry *entry = eff__alloc(sizeof *entry);
    if (!entry) return false;
    *entry = (struct entry){ *stack, e, into, level };
    *stack = entry;
    return true;
}

static struct entry pop(struct entry **stack)
{
    struct entry entry = **stack;
    eff__free(*stack, sizeof **stack);
    *stack = entry.next;
    return entry;
}

static bool set_text(json_t *object, const char *key, const char *text)
{
    return !text || eff__json_set(object, key, eff__json_text(text));
}

/* The object of one instruction, without its parts; NULL when out of memory. */
static json_t *object_of(const eff_t *e)
{
    json_t *object = json_object();
    eff_buffer_t detail = EFF_BUFFER_INIT;
    eff__describe_detail(e, &detail);
    bool ok = object && set_text(object, "op", eff__describe_name(e)) && !detail.truncated &&
              set_text(object, "detail", detail.text) && set_text(object, "site", e->site);
    eff_buffer_done(&detail);
    if (ok) return object;
    json_decref(object);
    return NULL;
}

/* Makes the object, puts it into the array, and the parts on the stack. */
static bool render(struct entry at, struct entry **stack)
{
    if (at.level > MAX_LEVEL) return false;
    json_t *object = object_of(at.e);
    if (!object || json_array_append_new(at.into, object) != 0) return false;
    size_t n = 0;
    while (n < EFF__DESCRIBE_LINES && eff__describe_part(at.e, n))
        n++;
    if (n == 0) return true;
    json_t *parts = json_array();
    if (json_object_set_new(object, "parts", parts) != 0) return false;
    while (n-- > 0)
        if (!push(stack, eff__describe_part(at.e, n), parts, at.level + 1)) return false;
    return true;
}

json_t *eff_to_json(const eff_t *e)
{
    json_t *roots = e ? json_array() : NULL, *root = NULL;
    struct entry *stack = NULL;
    size_t n = 0;
    bool ok = roots && push(&stack, e, roots, 0);
    while (stack) {
        struct entry at = pop(&stack);
        if (ok) ok = n++ < EFF__DESCRIBE_LINES && render(at, &stack);
    }
    if (ok) root = json_incref(json_array_get(roots, 0));
    json_decref(roots);
    return root;
}
