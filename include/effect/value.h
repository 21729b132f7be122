/** @file
 * Values: what effects succeed and fail with, and what callbacks capture. 16 bytes, passed by value.
 *
 *     eff_value_t n = eff_int(42);                    // immediate: no count, no allocation
 *     eff_value_t s = eff_printf("n is %d", 42);      // counted: one reference, yours
 *     eff_value_decref(s);
 *
 * A value of your own is made with EFF_DEFINE_TYPE (type.h). A constructor that runs out of memory returns a value of
 * type eff_oom_type; an effect built from it dies of "out of memory" when it runs, so nested expressions need no
 * checks. `{0}` is the absent value: droppable, but a mistake wherever a value is needed.
 *
 * Reading a value as the wrong type gives zero, "" or a cleared dummy, and is reported: in a fiber as a defect that
 * names the mistake, elsewhere through the misuse handler. Never undefined behaviour. (Reading an "out of memory" value
 * gives the same, but is nobody's mistake: in a fiber the defect is "out of memory", elsewhere nothing is reported.)
 */
#ifndef EFFECT_VALUE_H
#define EFFECT_VALUE_H

#include <effect/base.h>

EFF_BEGIN_DECLS

enum {
    EFF_TYPE_COUNTED = 1u << 0, /**< the payload has a count in front of it */
    EFF_TYPE_BOX = 1u << 1,     /**< the payload is one pointer to a foreign object */
    EFF_TYPE_HANDLE = 1u << 2,  /**< a live thing of a runtime: its last reference may be
                                     given up on any thread, and what belongs to the runtime's is posted there */
    EFF_TYPE_EFFECT = 1u << 3,  /**< ptr is an eff_t * */
    EFF_TYPE_OOM = 1u << 4      /**< the type of "out of memory" */
};

/** What a value is. Static and immutable: its address is its identity. Made by the macros of type.h. The hooks get the
 *  payload, borrowed; for a type that is not counted, the address of the 8 bytes that the value itself holds. */
struct eff_type {
    size_t size;                                            /**< bytes of the payload, 0 for immediate types */
    const char *name;                                       /**< shown in messages */
    void (*drop)(void *payload);                            /**< releases what the payload owns, not the payload */
    bool (*equal)(const void *a, const void *b);            /**< NULL: equal when identical */
    uint64_t (*hash)(const void *payload);                  /**< NULL: by address */
    int (*compare)(const void *a, const void *b);           /**< total order, as of strcmp; NULL: by address */
    void (*format)(const void *payload, eff_buffer_t *out); /**< for people; NULL: the type's name */
    struct json_t *(*to_json)(const void *payload);         /**< new json_t; NULL: the formatted text */
    uint32_t flags;                                         /**< EFF_TYPE_... */
    const eff_type_t *same_as;                              /**< the type users see, when it is another (literals) */
};

/** A value. Read `type` with eff_type_of() or eff_value_is(), the rest with the eff_as_... readers. */
struct eff_value {
    const eff_type_t *type; /**< NULL: absent */
    union {
        bool boolean;
        int64_t integer;
        double real;
        const char *string; /**< NUL-terminated */
        void *ptr;          /**< a borrowed pointer, or the payload of a counted type */
    };
};

EFF_API extern const eff_type_t eff_unit_type, /**< of eff_unit */
    eff_bool_type,                             /**< eff_bool, eff_as_bool */
    eff_int_type,                              /**< eff_int, eff_as_int: 64 bits, signed */
    eff_double_type,                           /**< eff_double, eff_as_double */
    eff_string_type,                           /**< eff_string, eff_literal, eff_printf; eff_as_string */
    eff_bytes_type,                            /**< eff_bytes, eff_as_bytes */
    eff_ptr_type,                              /**< eff_ptr, eff_as_ptr */
    eff_pair_type,                             /**< eff_pair; eff_first, eff_second */
    eff_array_type,                            /**< eff_array, eff_array_at */
    eff_range_type,                            /**< eff_range */
    eff_option_type,                           /**< eff_some, eff_none; eff_some_value */
    eff_json_type,                             /**< eff_json, eff_as_json */
    eff_effect_type,                           /**< eff_effect_value, eff_as_effect */
    eff_error_type,                            /**< eff_error, eff_as_error (error.h) */
    eff_oom_type;                              /**< eff_oom_value */

/** The value of an effect that has nothing to say. */
EFF_API extern const eff_value_t eff_unit;

/* ---- construction: immediate. No count, no allocation: nothing to give up. */

/** True or false. @param b the truth @return immediate */
static inline eff_value_t eff_bool(bool b)
{
    eff_value_t v;
    v.type = &eff_bool_type;
    v.integer = b;
    return v;
}
/** A signed integer of 64 bits. @param i the number @return immediate */
static inline eff_value_t eff_int(int64_t i)
{
    eff_value_t v;
    v.type = &eff_int_type;
    v.integer = i;
    return v;
}
/** A floating-point number. @param d the number, NaN and infinities included @return immediate */
static inline eff_value_t eff_double(double d)
{
    eff_value_t v;
    v.type = &eff_double_type;
    v.real = d;
    return v;
}
/** A pointer that somebody else owns. It may not cross threads.
 *  @param borrowed borrows: must live as long as the value and its copies are used; NULL is fine
 *  @return immediate */
static inline eff_value_t eff_ptr(const void *borrowed)
{
    eff_value_t v;
    v.type = &eff_ptr_type;
    v.ptr = (void *)(uintptr_t)borrowed;
    return v;
}
/** A string that is not copied. To readers it is an ordinary string.
 *  @param static_string NUL-terminated, of static storage duration; NULL is a mistake: ""
 *  @return immediate */
EFF_API eff_value_t eff_literal(const char *static_string);

/* ---- construction: counted; each returns a new value
 * A part that is "out of memory" makes the whole "out of memory", and the other parts are dropped; an absent part is a
 * mistake, reported, and counts as unit. */

/** A string. O(bytes). @param s copied; NUL-terminated; NULL is a mistake: "" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_string(const char *s);
/** A string of n bytes, to which a NUL is added. Text with a NUL inside is for eff_bytes.
 *  @param s copied; may be NULL when n is 0
 *  @param n bytes
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_string_n(const char *s, size_t n);
/** A string as printf makes it. @param fmt as of printf, with its arguments; all are copied @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_printf(const char *fmt, ...) EFF_PRINTF(1, 2);
/** Any bytes; a NUL, which does not count, follows the last.
 *  @param data copied; may be NULL when n is 0
 *  @param n bytes
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_bytes(const void *data, size_t n);
/** A json_t as a value. Give away the only reference, or change json no more: values are immutable, and may cross
 *  threads.
 *  @param json consumes; NULL, which is how jansson says that it had no memory, gives the out-of-memory value
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_json(struct json_t *json);
/** Two values as one. @consumes{first, second} @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_pair(eff_value_t first, eff_value_t second);
/** Values in order; EFF_ARRAY() counts them for you. O(n).
 *  @param n how many
 *  @param items consumes the n values, not the list; NULL is fine when n is 0
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_array(size_t n, const eff_value_t *items);
/** The integers from `from` up to, not including, `to`, as items for eff_for_each: O(1) memory.
 *  @param from the first
 *  @param to one after the last; not above `from`: no integers
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_range(int64_t from, int64_t to);
/** An option that holds v. @consumes{v} @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_some(eff_value_t v);
/** An option that holds nothing. @return immediate */
EFF_API EFF_MUST_USE eff_value_t eff_none(void);
/** An effect as a value: data, which is not run.
 *  @param effect consumes; NULL is a mistake: the absent value
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_effect_value(eff_t *effect);
/** The value that constructors return when there is no memory: for your own constructors whose malloc failed.
 *  @return immediate */
EFF_API EFF_MUST_USE eff_value_t eff_oom_value(void);
/** Whether a constructor ran out of memory: for code that wants to touch what it just made.
 *  @borrows{v} @return whether v is of type eff_oom_type */
static inline bool eff_is_oom(eff_value_t v)
{
    return v.type && (v.type->flags & EFF_TYPE_OOM) != 0;
}

/** @cond */
static inline EFF_MUST_USE eff_value_t eff__array_of(eff_site_t site, size_t n, const eff_value_t *items)
{
    (void)site; /* a value has none */
    return eff_array(n, items);
}
/** @endcond */
/** The array of n effects as values: items for the loops, with eff_run_effect (construct.h) as their function.
 *  @param n how many
 *  @param effects consumes the effects, borrows the list; a NULL among them is a mistake: the absent value
 *  @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_effect_array(size_t n, eff_t *const *effects);
/** @cond */
static inline EFF_MUST_USE eff_value_t eff__effects_of(const char *site, size_t n, eff_t *const *effects)
{
    (void)site;
    return eff_effect_array(n, effects);
}
/** @endcond */
/** eff_effect_array(...) of its arguments: EFF_EFFECTS(load_user(), load_orders()). @param ... consumes; at least one */
#define EFF_EFFECTS(...) EFF_LISTED_(eff__effects_of, eff_t *, __VA_ARGS__)
/** eff_array(...) of its arguments: EFF_ARRAY(eff_int(1), eff_int(2)).
 *  @param ... consumes; at least one value */
#define EFF_ARRAY(...) EFF_LISTED_(eff__array_of, eff_value_t, __VA_ARGS__)

/* ---- counts */

EFF_API void eff__value_retain(eff_value_t v);
EFF_API void eff__value_release(eff_value_t v);

/** One more reference to v, to be kept, put into an effect or returned from a callback. Any thread.
 *  Costs nothing for immediate values. @borrows{v} @return v, with a reference that is yours */
static inline eff_value_t eff_value_incref(eff_value_t v)
{
    if (v.type && v.type->flags & (EFF_TYPE_COUNTED | EFF_TYPE_EFFECT)) eff__value_retain(v);
    return v;
}
/** Gives up one reference; with the last, v and what it owns are dropped: O(1) and what the drops do, however deeply
 *  they nest, in constant C stack. Any thread: what must be dropped on its runtime's goes there.
 *  @param v consumes; the absent value is fine */
static inline void eff_value_decref(eff_value_t v)
{
    if (v.type && v.type->flags & (EFF_TYPE_COUNTED | EFF_TYPE_EFFECT)) eff__value_release(v);
}

/* ---- reading: all borrow */

/** The type of v as users see it: eff_string_type for literals too.
 *  @borrows{v} @return static; NULL for the absent value */
static inline const eff_type_t *eff_type_of(eff_value_t v)
{
    return v.type && v.type->same_as ? v.type->same_as : v.type;
}
/** Whether v is of this type: the test before reading what may be one of several types.
 *  @borrows{v}
 *  @param type static, such as &eff_int_type
 *  @return whether it is */
static inline bool eff_value_is(eff_value_t v, const eff_type_t *type)
{
    return eff_type_of(v) == type;
}

EFF_API int64_t eff__wrong_type(eff_value_t v, const eff_type_t *wanted); /**< reports; returns 0 */

/** Reads a truth. @borrows{v} @return false on the wrong type */
static inline bool eff_as_bool(eff_value_t v)
{
    return v.type == &eff_bool_type ? v.integer != 0 : eff__wrong_type(v, &eff_bool_type) != 0;
}
/** Reads an integer. @borrows{v} @return 0 on the wrong type */
static inline int64_t eff_as_int(eff_value_t v)
{
    return v.type == &eff_int_type ? v.integer : eff__wrong_type(v, &eff_int_type);
}
/** Reads a floating-point number. @borrows{v} @return 0 on the wrong type, which an integer is too */
static inline double eff_as_double(eff_value_t v)
{
    return v.type == &eff_double_type ? v.real : (double)eff__wrong_type(v, &eff_double_type);
}
/** Reads a pointer of eff_ptr. @borrows{v} @return borrowed, of whoever owns the object; NULL on the wrong type */
static inline void *eff_as_ptr(eff_value_t v)
{
    return v.type == &eff_ptr_type ? v.ptr : (void *)(intptr_t)eff__wrong_type(v, &eff_ptr_type);
}
/** Reads a string, literal or not. @borrows{v} @return borrowed from v; NUL-terminated; "" on the wrong type */
EFF_API const char *eff_as_string(eff_value_t v);
/** The bytes of a string. O(n) for literals. @borrows{v} @return without the final NUL; 0 on the wrong type */
EFF_API size_t eff_string_size(eff_value_t v);
/** Reads bytes, or a string as bytes. @borrows{v}
 *  @param ret_size bytes; may be NULL
 *  @return borrowed from v, a NUL behind the last byte; no bytes, and never NULL, on the wrong type */
EFF_API const void *eff_as_bytes(eff_value_t v, size_t *ret_size);
/** Reads a json_t, not to be changed. @borrows{v} @return borrowed from v; JSON null on the wrong type */
EFF_API struct json_t *eff_as_json(eff_value_t v);
/** Reads an effect. @borrows{v} @return borrowed from v; NULL on the wrong type */
EFF_API eff_t *eff_as_effect(eff_value_t v);
/** The first of a pair. @borrows{pair} @return borrowed from pair; unit on the wrong type */
EFF_API eff_value_t eff_first(eff_value_t pair);
/** The second of a pair. @borrows{pair} @return borrowed from pair; unit on the wrong type */
EFF_API eff_value_t eff_second(eff_value_t pair);
/** How many items an array has. @borrows{array} @return 0 on the wrong type, which a range is too */
EFF_API size_t eff_array_size(eff_value_t array);
/** An item of an array. O(1). @borrows{array}
 *  @param i from 0; out of range is a mistake
 *  @return borrowed from array; unit when there is none, and on the wrong type */
EFF_API eff_value_t eff_array_at(eff_value_t array, size_t i);
/** Whether an option holds a value. @borrows{option} @return false for none, and on the wrong type */
EFF_API bool eff_is_some(eff_value_t option);
/** What an option holds. @borrows{option}
 *  @return borrowed from option; of none, a mistake, and on the wrong type: unit */
EFF_API eff_value_t eff_some_value(eff_value_t option);

/* ---- the hooks, for any value */

/* All walk nested pairs, arrays, options and errors without recursion. Comparing and formatting may take 32 bytes of
 * memory per level while they last; without them two values count as different, are ordered by address, and a text ends
 * in "..." and is marked truncated. */

/** Same type and equal contents. NaN equals itself, and 0.0 equals -0.0. O(size).
 *  @borrows{a, b} @return whether they are equal */
EFF_API bool eff_value_equal(eff_value_t a, eff_value_t b);
/** A total order over all values: first by type, then by contents (arrays as words in a dictionary). O(size).
 *  @borrows{a, b} @return below, at or above 0, as of strcmp */
EFF_API int eff_value_compare(eff_value_t a, eff_value_t b);
/** A hash: equal values have equal ones. The same from run to run, except for what is compared by address. Needs no
 *  memory: items that are the first of the first ... 16 levels deep do not count. O(size).
 *  @borrows{v} @return 64 bits */
EFF_API uint64_t eff_value_hash(eff_value_t v);
/** Text for people: a string as it is, `[1, "two", some(3)]`, `timed out: weather of berlin, because: ...`. O(size).
 *  @borrows{v}
 *  @param out what the text is added to */
EFF_API void eff_value_format(eff_value_t v, eff_buffer_t *out);
/** A value as JSON. Unit, none, NaN and infinities are null, some(x) is x, a pair is an array, an error an object; what
 *  is no UTF-8 is U+FFFD, what is more than 64 levels deep comes as "...". O(size).
 *  @borrows{v} @return new, shared with nobody; NULL when out of memory */
EFF_API struct json_t *eff_value_to_json(eff_value_t v);

/* ---- text */

/** A growing piece of text that format hooks write to. It never fails: without memory it keeps what it has, is marked
 *  truncated, and takes no more. Start one with `eff_buffer_t b = EFF_BUFFER_INIT;`. */
struct eff_buffer {
    char *text;      /**< NUL-terminated once anything was added; else NULL */
    size_t size;     /**< bytes in use, without the NUL */
    size_t capacity; /**< bytes allocated */
    bool truncated;  /**< something did not fit in memory */
};
#define EFF_BUFFER_INIT                                                                                                \
    {                                                                                                                  \
        NULL, 0, 0, false                                                                                              \
    } /**< an empty buffer: an initializer, not for assignments; eff_buffer_done leaves one, too */
/** Adds text. Amortised O(bytes), as the next two. @borrows{b} @param text copied; NUL-terminated */
EFF_API void eff_buffer_add(eff_buffer_t *b, const char *text);
/** Adds n bytes. @borrows{b} @param text copied @param n bytes */
EFF_API void eff_buffer_add_n(eff_buffer_t *b, const char *text, size_t n);
/** Adds n bytes of any origin: control characters, line separators, changes of direction and what is no UTF-8 come
 *  escaped, as in C, so that they can neither forge a line nor command a terminal.
 *  @borrows{b} @param text copied @param n bytes */
EFF_API void eff_buffer_add_escaped(eff_buffer_t *b, const char *text, size_t n);
/** Adds text as printf makes it. @borrows{b} @param fmt as of printf, with its arguments */
EFF_API void eff_buffer_printf(eff_buffer_t *b, const char *fmt, ...) EFF_PRINTF(2, 3);
/** What it holds. @borrows{b} @return borrowed until b is changed; NUL-terminated; "" when empty */
EFF_API const char *eff_buffer_text(const eff_buffer_t *b);
/** Empties it, keeping its memory. @borrows{b} */
EFF_API void eff_buffer_clear(eff_buffer_t *b);
/** Frees the text; the buffer is empty again, and may be used again. @borrows{b} */
EFF_API void eff_buffer_done(eff_buffer_t *b);

EFF_END_DECLS
#endif
