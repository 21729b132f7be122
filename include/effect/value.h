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
 *  payload; for a type that is not counted, the address of the 8 bytes that the value itself holds. */
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

/* ---- construction: immediate */

/** True or false. */
static inline eff_value_t eff_bool(bool b)
{
    eff_value_t v;
    v.type = &eff_bool_type;
    v.integer = b;
    return v;
}
/** A signed integer. */
static inline eff_value_t eff_int(int64_t i)
{
    eff_value_t v;
    v.type = &eff_int_type;
    v.integer = i;
    return v;
}
/** A floating-point number. */
static inline eff_value_t eff_double(double d)
{
    eff_value_t v;
    v.type = &eff_double_type;
    v.real = d;
    return v;
}
/** A pointer that somebody else owns and keeps alive. It may not cross threads. */
static inline eff_value_t eff_ptr(const void *borrowed)
{
    eff_value_t v;
    v.type = &eff_ptr_type;
    v.ptr = (void *)(uintptr_t)borrowed;
    return v;
}
/** A string of static storage duration, not copied. To readers it is an ordinary string. */
EFF_API eff_value_t eff_literal(const char *static_string);

/* ---- construction: counted; each returns a new value
 * A part that is "out of memory" makes the whole "out of memory", and the other parts are dropped; an absent part is a
 * mistake, reported, and counts as unit. */

EFF_API EFF_MUST_USE eff_value_t eff_string(const char *s);             /**< copies s; NULL is a mistake */
EFF_API EFF_MUST_USE eff_value_t eff_string_n(const char *s, size_t n); /**< copies n bytes and ends them with NUL */
EFF_API EFF_MUST_USE eff_value_t eff_printf(const char *fmt, ...) EFF_PRINTF(1, 2); /**< a string, as of printf */
EFF_API EFF_MUST_USE eff_value_t eff_bytes(const void *data, size_t n); /**< copies; a NUL follows the last byte */
/** Consumes json. NULL, which is how jansson says that it had no memory, gives the out-of-memory value. Give away the
 *  only reference, or change json no more: values are immutable and may cross threads. */
EFF_API EFF_MUST_USE eff_value_t eff_json(struct json_t *json);
EFF_API EFF_MUST_USE eff_value_t eff_pair(eff_value_t first, eff_value_t second); /**< consumes both */
EFF_API EFF_MUST_USE eff_value_t eff_array(size_t n, const eff_value_t *items);   /**< consumes the n items */
/** The integers from `from` up to, not including, `to`, as items for eff_for_each: O(1) memory. */
EFF_API EFF_MUST_USE eff_value_t eff_range(int64_t from, int64_t to);
EFF_API EFF_MUST_USE eff_value_t eff_some(eff_value_t v);         /**< consumes v */
EFF_API EFF_MUST_USE eff_value_t eff_none(void);                  /**< immediate */
EFF_API EFF_MUST_USE eff_value_t eff_effect_value(eff_t *effect); /**< consumes effect; NULL is a mistake */
/** The value that constructors return when there is no memory: for your own constructors whose malloc failed. */
EFF_API EFF_MUST_USE eff_value_t eff_oom_value(void);
/** Whether a constructor ran out of memory: for code that wants to touch what it just made. */
static inline bool eff_is_oom(eff_value_t v)
{
    return v.type && (v.type->flags & EFF_TYPE_OOM) != 0;
}

/** eff_array(...) of its arguments: EFF_ARRAY(eff_int(1), eff_int(2)). */
#define EFF_ARRAY(...)                                                                                                 \
    eff_array(sizeof((eff_value_t[]){ __VA_ARGS__ }) / sizeof(eff_value_t), (const eff_value_t[]){ __VA_ARGS__ })

/* ---- counts */

EFF_API void eff__value_retain(eff_value_t v);
EFF_API void eff__value_release(eff_value_t v);

/** One more reference to v; returns v. Free for immediate values. */
static inline eff_value_t eff_value_incref(eff_value_t v)
{
    if (v.type && v.type->flags & (EFF_TYPE_COUNTED | EFF_TYPE_EFFECT)) eff__value_retain(v);
    return v;
}
/** Gives up one reference. O(1) for the last reference plus what it owns, in constant C stack. */
static inline void eff_value_decref(eff_value_t v)
{
    if (v.type && v.type->flags & (EFF_TYPE_COUNTED | EFF_TYPE_EFFECT)) eff__value_release(v);
}

/* ---- reading: all borrow */

/** The type of v as users see it: eff_string_type for literals too. NULL for the absent value. */
static inline const eff_type_t *eff_type_of(eff_value_t v)
{
    return v.type && v.type->same_as ? v.type->same_as : v.type;
}
/** Whether v is of this type: the test before reading what may be one of several types. */
static inline bool eff_value_is(eff_value_t v, const eff_type_t *type)
{
    return eff_type_of(v) == type;
}

EFF_API int64_t eff__wrong_type(eff_value_t v, const eff_type_t *wanted); /**< reports; returns 0 */

/** False on the wrong type. */
static inline bool eff_as_bool(eff_value_t v)
{
    return v.type == &eff_bool_type ? v.integer != 0 : eff__wrong_type(v, &eff_bool_type) != 0;
}
/** 0 on the wrong type. */
static inline int64_t eff_as_int(eff_value_t v)
{
    return v.type == &eff_int_type ? v.integer : eff__wrong_type(v, &eff_int_type);
}
/** 0 on the wrong type; an integer is a wrong type. */
static inline double eff_as_double(eff_value_t v)
{
    return v.type == &eff_double_type ? v.real : (double)eff__wrong_type(v, &eff_double_type);
}
/** NULL on the wrong type. */
static inline void *eff_as_ptr(eff_value_t v)
{
    return v.type == &eff_ptr_type ? v.ptr : (void *)(intptr_t)eff__wrong_type(v, &eff_ptr_type);
}
EFF_API const char *eff_as_string(eff_value_t v);                  /**< NUL-terminated; "" on the wrong type */
EFF_API size_t eff_string_size(eff_value_t v);                     /**< bytes before the final NUL; O(n) for literals */
EFF_API const void *eff_as_bytes(eff_value_t v, size_t *ret_size); /**< strings count as bytes; ret_size may be NULL */
EFF_API struct json_t *eff_as_json(eff_value_t v);                 /**< JSON null on the wrong type */
EFF_API eff_t *eff_as_effect(eff_value_t v);                       /**< borrowed; NULL on the wrong type */
EFF_API eff_value_t eff_first(eff_value_t pair);                   /**< borrowed; unit on the wrong type */
EFF_API eff_value_t eff_second(eff_value_t pair);                  /**< borrowed; unit on the wrong type */
EFF_API size_t eff_array_size(eff_value_t array);                  /**< 0 on the wrong type */
EFF_API eff_value_t eff_array_at(eff_value_t array, size_t i);     /**< borrowed; out of range is a mistake: unit */
EFF_API bool eff_is_some(eff_value_t option);                      /**< false for none, and on the wrong type */
EFF_API eff_value_t eff_some_value(eff_value_t option);            /**< borrowed; of none a mistake: unit */

/* ---- the hooks, for any value */

/* All walk nested pairs, arrays, options and errors without recursion. Comparing and formatting may take 32 bytes of
 * memory per level while they last; without them two values count as different, are ordered by address, and a text ends
 * in "..." and is marked truncated. */

/** Same type and equal contents. NaN equals itself, and 0.0 equals -0.0. */
EFF_API bool eff_value_equal(eff_value_t a, eff_value_t b);
/** A total order over all values: first by type, then by contents (arrays as words in a dictionary). */
EFF_API int eff_value_compare(eff_value_t a, eff_value_t b);
/** Equal values have equal hashes. The same from run to run, except for what is compared by address. Needs no memory:
 *  items that are the first of the first ... 16 levels deep do not count. */
EFF_API uint64_t eff_value_hash(eff_value_t v);
/** Text for people: a string as it is, `[1, "two", some(3)]`, `timed out: weather of berlin, because: ...`. */
EFF_API void eff_value_format(eff_value_t v, eff_buffer_t *out);
/** Returns new, shared with nobody; NULL when out of memory. Unit, none, NaN and infinities are null, some(x) is x, a
 *  pair is an array, an error an object; what is no UTF-8 is U+FFFD, what is more than 64 levels deep as "...". */
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
    }                                                                       /**< an empty buffer */
EFF_API void eff_buffer_add(eff_buffer_t *b, const char *text);             /**< copies text, NUL-terminated */
EFF_API void eff_buffer_add_n(eff_buffer_t *b, const char *text, size_t n); /**< copies n bytes */
EFF_API void eff_buffer_printf(eff_buffer_t *b, const char *fmt, ...) EFF_PRINTF(2, 3); /**< as printf */
EFF_API const char *eff_buffer_text(const eff_buffer_t *b);                             /**< borrowed; "" when empty */
EFF_API void eff_buffer_clear(eff_buffer_t *b); /**< empty again, keeping its memory */
EFF_API void eff_buffer_done(eff_buffer_t *b);  /**< frees the text; the buffer is empty again */

EFF_END_DECLS
#endif
