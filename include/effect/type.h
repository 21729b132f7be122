/** @file
 * Types of your own: a struct becomes a value with a count, typed functions and typed hooks.
 *
 *     typedef struct user { int64_t id; char *name; } user_t;
 *     static void user_clear(user_t *u) { free(u->name); }
 *     EFF_STATIC_TYPE(user, user_t, .drop = user_clear);
 *
 *     eff_value_t v = user_make((user_t){ .id = 1, .name = strdup("ada") });   // consumes what init owns
 *     printf("%s\n", user_of(v)->name);                                        // borrows
 *     eff_value_decref(v);
 *
 * For `name` and `T` the macros generate
 *   - `name_type`: the descriptor, whose address is the type's identity
 *   - `name_make(T init)`: a new value; consumes what init owns, also when there is no memory (then drop runs on it)
 *   - `name_of(value)`: borrows the payload; never NULL: a cleared dummy on the wrong type, which is reported
 *   - `name_take(value)`: consumes the value, returns an owned payload pointer; NULL on the wrong type
 *   - `name_incref(p)`, `name_decref(p)` (NULL is fine), `name_value(p)`: consumes the pointer's reference
 *   - `name_into(effect, &pointer)`: an effect that stores effect's result there, checked, dropping what was there;
 *     it succeeds with unit. The pointer must outlive the effect: usually a field of a gen's frame.
 *   - `name_into_at(site, effect, &pointer)`: the same with a site. A function does not know who calls it, so messages
 *     about `name_into` say where the type is declared; for your own line, put a macro of the same name below:
 *     `#define user_into(...) user_into_at(EFF_SITE, __VA_ARGS__)`
 * Hooks, all optional and all taking `T *`: .drop .equal .hash .compare .format .to_json; of plain data without any,
 * EFF_STATIC_TYPE(point, point_t) is enough.
 *
 * A drop hook that gives up further values only gives them up: their own drop hooks run after it has returned, depth
 * first and in that order, however deeply they nest. So it must not free what those hooks still need. T must not ask
 * for more than 16-byte alignment.
 *
 * In C++ T is plain data (trivially copyable), and `.field = value`, of hooks and of EFF_ENV, is an assignment: at most
 * 16 fields, none of them an array or a list in braces.
 */
#ifndef EFFECT_TYPE_H
#define EFFECT_TYPE_H

#include <effect/value.h>

EFF_BEGIN_DECLS

/** A cleared payload of `type`, counted once; NULL when out of memory. For the macros below. */
EFF_API void *eff__payload_new(const eff_type_t *type);
EFF_API void *eff__payload_incref(void *payload); /**< NULL is fine */
EFF_API void eff__payload_decref(const eff_type_t *type, void *payload);
#if defined(__cplusplus)
#define EFF_THREAD_LOCAL_ thread_local
#define EFF_ALIGNAS_(n) alignas(n)
#else
#define EFF_THREAD_LOCAL_ _Thread_local
#define EFF_ALIGNAS_(n) _Alignas(n)
#endif
/** What stands in front of a dummy payload, so that it can be counted like a real one. */
struct eff__dummy_header {
    EFF_ALIGNAS_(16) uint32_t count;
    uint32_t unused;
    const eff_type_t *type;
};
/** Reports that v is not a `wanted`, clears the payload behind `dummy`, makes it immortal and returns it. */
EFF_API void *eff__payload_wrong(eff_value_t v, const eff_type_t *wanted, struct eff__dummy_header *dummy);
/** @copydoc eff_into_at */
EFF_API EFF_MUST_USE eff_t *eff__into_at(eff_site_t site, eff_t *effect, const eff_type_t *type, void **slot);

/* What the macros set .end for: a list of hooks is never empty, which C11 would not let pass on. */
#define EFF_TYPE_OPS_(name, T)                                                                                         \
    typedef T name##__payload;                                                                                         \
    struct name##__ops {                                                                                               \
        void (*drop)(T *);                                                                                             \
        bool (*equal)(const T *, const T *);                                                                           \
        uint64_t (*hash)(const T *);                                                                                   \
        int (*compare)(const T *, const T *);                                                                          \
        void (*format)(const T *, eff_buffer_t *);                                                                     \
        struct json_t *(*to_json)(const T *);                                                                          \
        char end;                                                                                                      \
    };
#define EFF_TYPE_THUNKS_(name, T, ...)                                                                                 \
    EFF_PLAIN_(T)                                                                                                      \
    EFF_TYPE_OPS_(name, T)                                                                                             \
    static const struct name##__ops name##__ops = EFF_FIELDS_(struct name##__ops, __VA_ARGS__);                        \
    static void name##__drop(void *p)                                                                                  \
    {                                                                                                                  \
        if (name##__ops.drop) name##__ops.drop((T *)p);                                                                \
    }                                                                                                                  \
    static bool name##__equal(const void *a, const void *b)                                                            \
    {                                                                                                                  \
        return name##__ops.equal ? name##__ops.equal((const T *)a, (const T *)b) : a == b;                             \
    }                                                                                                                  \
    static uint64_t name##__hash(const void *p)                                                                        \
    {                                                                                                                  \
        return name##__ops.hash ? name##__ops.hash((const T *)p) : (uint64_t)(uintptr_t)p;                             \
    }                                                                                                                  \
    static int name##__compare(const void *a, const void *b)                                                           \
    {                                                                                                                  \
        return name##__ops.compare ? name##__ops.compare((const T *)a, (const T *)b)                                   \
                                   : ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);                    \
    }                                                                                                                  \
    static void name##__format(const void *p, eff_buffer_t *out)                                                       \
    {                                                                                                                  \
        if (name##__ops.format) name##__ops.format((const T *)p, out);                                                 \
        else eff_buffer_add(out, #name);                                                                               \
    }                                                                                                                  \
    static struct json_t *name##__to_json(const void *p)                                                               \
    {                                                                                                                  \
        return name##__ops.to_json ? name##__ops.to_json((const T *)p) : NULL;                                         \
    }
#define EFF_TYPE_TABLE_(name, bytes, more)                                                                             \
    {                                                                                                                  \
        bytes, #name, name##__drop, name##__equal, name##__hash, name##__compare, name##__format, name##__to_json,     \
            EFF_TYPE_COUNTED | (more), NULL                                                                            \
    }
#define EFF_TYPE_FUNCTIONS_(LINKAGE, name, T)                                                                          \
    LINKAGE T *name##_of(eff_value_t v)                                                                                \
    {                                                                                                                  \
        static EFF_THREAD_LOCAL_ struct {                                                                              \
            struct eff__dummy_header header;                                                                           \
            T payload;                                                                                                 \
        } dummy;                                                                                                       \
        return (T *)(v.type == &name##_type ? v.ptr : eff__payload_wrong(v, &name##_type, &dummy.header));             \
    }                                                                                                                  \
    LINKAGE EFF_MUST_USE eff_value_t name##_value(T *p)                                                                \
    {                                                                                                                  \
        eff_value_t v;                                                                                                 \
        v.type = p ? &name##_type : NULL;                                                                              \
        v.ptr = p;                                                                                                     \
        return v;                                                                                                      \
    }                                                                                                                  \
    LINKAGE EFF_MUST_USE eff_value_t name##_make(T init)                                                               \
    {                                                                                                                  \
        T *p = (T *)eff__payload_new(&name##_type);                                                                    \
        if (!p) {                                                                                                      \
            name##__drop(&init);                                                                                       \
            return eff_oom_value();                                                                                    \
        }                                                                                                              \
        *p = init;                                                                                                     \
        return name##_value(p);                                                                                        \
    }                                                                                                                  \
    LINKAGE T *name##_incref(T *p)                                                                                     \
    {                                                                                                                  \
        return (T *)eff__payload_incref(p);                                                                            \
    }                                                                                                                  \
    LINKAGE void name##_decref(T *p)                                                                                   \
    {                                                                                                                  \
        eff__payload_decref(&name##_type, p);                                                                          \
    }                                                                                                                  \
    LINKAGE EFF_MUST_USE T *name##_take(eff_value_t v)                                                                 \
    {                                                                                                                  \
        if (v.type == &name##_type) return (T *)v.ptr;                                                                 \
        (void)eff__wrong_type(v, &name##_type);                                                                        \
        eff_value_decref(v);                                                                                           \
        return NULL;                                                                                                   \
    }                                                                                                                  \
    LINKAGE EFF_MUST_USE eff_t *name##_into_at(eff_site_t site, eff_t *effect, T **slot)                               \
    {                                                                                                                  \
        return eff__into_at(site, effect, &name##_type, (void **)slot);                                                \
    }                                                                                                                  \
    LINKAGE EFF_MUST_USE eff_t *(name##_into)(eff_t * effect, T * *slot)                                               \
    {                                                                                                                  \
        return name##_into_at(EFF_SITE_GENERATED_(#name "_into"), effect, slot);                                       \
    }

/** Defines a type used in one file. Put a semicolon after it.
 *  @param name what the generated names begin with, and messages call the type
 *  @param ... the payload's C type T, complete, which asks for no more than 16-byte alignment; then its hooks, if any,
 *             as .drop = f
 *  @see EFF_DECLARE_TYPE, for several files; the top of this file, for what is generated */
#define EFF_STATIC_TYPE(name, ...) EFF_STATIC_TYPE_(name, __VA_ARGS__, .end = 0)
#define EFF_STATIC_TYPE_(name, T, ...)                                                                                 \
    EFF_TYPE_THUNKS_(name, T, __VA_ARGS__)                                                                             \
    static const eff_type_t name##_type = EFF_TYPE_TABLE_(name, sizeof(T), 0);                                         \
    EFF_TYPE_FUNCTIONS_(EFF_MAYBE_UNUSED static, name, T)                                                              \
    struct name##__end
/** Declares, in a header, a type that one file defines with EFF_DEFINE_TYPE.
 *  @param name what the generated names begin with @param T the payload's C type; may be incomplete where it is only
 *  passed on by pointer */
#define EFF_DECLARE_TYPE(name, T) EFF_DECLARE_API_TYPE(, name, T)
/** The same for a type of a shared library.
 *  @param API what marks its exported names @param name, T as above */
#define EFF_DECLARE_API_TYPE(API, name, T)                                                                             \
    API extern const eff_type_t name##_type;                                                                           \
    API T *name##_of(eff_value_t v);                                                                                   \
    API EFF_MUST_USE eff_value_t name##_value(T *p);                                                                   \
    API EFF_MUST_USE eff_value_t name##_make(T init);                                                                  \
    API T *name##_incref(T *p);                                                                                        \
    API void name##_decref(T *p);                                                                                      \
    API EFF_MUST_USE T *name##_take(eff_value_t v);                                                                    \
    API EFF_MUST_USE eff_t *(name##_into)(eff_t * effect, T * *slot);                                                  \
    API EFF_MUST_USE eff_t *name##_into_at(eff_site_t site, eff_t *effect, T **slot)
/** Defines what EFF_DECLARE_TYPE declared.
 *  @param name the same name @param ... the same type, complete, and its hooks, if any, as of EFF_STATIC_TYPE */
#define EFF_DEFINE_TYPE(name, ...) EFF_DEFINE_TYPE_(name, __VA_ARGS__, .end = 0)
#define EFF_DEFINE_TYPE_(name, T, ...)                                                                                 \
    EFF_TYPE_THUNKS_(name, T, __VA_ARGS__)                                                                             \
    const eff_type_t name##_type = EFF_TYPE_TABLE_(name, sizeof(T), 0);                                                \
    EFF_TYPE_FUNCTIONS_(, name, T)                                                                                     \
    struct name##__end

/** A pointer that another library made, with its free function:
 *      EFF_STATIC_BOX(addresses, struct addrinfo, .drop = freeaddrinfo);
 *  generates `name_type`, `name_box(T *)` (consumes the pointer, also when there is no memory) and `name_of(value)`
 *  (borrows; NULL on the wrong type, which is reported).
 *  @param name what the generated names begin with, and messages call the type
 *  @param ... T, what the pointer points at, which may be incomplete; then its hooks, if any, all of which take the
 *             pointer; .drop is not called for NULL */
#define EFF_STATIC_BOX(name, ...) EFF_BOX_(static, EFF_MAYBE_UNUSED static, name, __VA_ARGS__, .end = 0)
/** As EFF_STATIC_BOX, visible to other files through EFF_DECLARE_BOX.
 *  @param name the same name @param ... the same type, and its hooks, if any, as of EFF_STATIC_BOX */
#define EFF_DEFINE_BOX(name, ...) EFF_BOX_(, , name, __VA_ARGS__, .end = 0)
/** Declares, in a header, a box that one file defines with EFF_DEFINE_BOX.
 *  @param name what the generated names begin with @param T what the pointer points at; may be incomplete */
#define EFF_DECLARE_BOX(name, T)                                                                                       \
    extern const eff_type_t name##_type;                                                                               \
    eff_value_t name##_box(T *p) EFF_MUST_USE;                                                                         \
    T *name##_of(eff_value_t v)
#define EFF_BOX_(TABLE_LINKAGE, LINKAGE, name, T, ...)                                                                 \
    EFF_TYPE_OPS_(name, T)                                                                                             \
    static const struct name##__ops name##__ops = EFF_FIELDS_(struct name##__ops, __VA_ARGS__);                        \
    static void name##__drop(void *p)                                                                                  \
    {                                                                                                                  \
        if (name##__ops.drop && *(T **)p) name##__ops.drop(*(T **)p);                                                  \
    }                                                                                                                  \
    static bool name##__equal(const void *a, const void *b)                                                            \
    {                                                                                                                  \
        return name##__ops.equal ? name##__ops.equal(*(T *const *)a, *(T *const *)b)                                   \
                                 : *(T *const *)a == *(T *const *)b;                                                   \
    }                                                                                                                  \
    static uint64_t name##__hash(const void *p)                                                                        \
    {                                                                                                                  \
        return name##__ops.hash ? name##__ops.hash(*(T *const *)p) : (uint64_t)(uintptr_t) * (T *const *)p;            \
    }                                                                                                                  \
    static int name##__compare(const void *a, const void *b)                                                           \
    {                                                                                                                  \
        uintptr_t x = (uintptr_t) * (T *const *)a, y = (uintptr_t) * (T *const *)b;                                    \
        return name##__ops.compare ? name##__ops.compare((const T *)x, (const T *)y) : (x > y) - (x < y);              \
    }                                                                                                                  \
    static void name##__format(const void *p, eff_buffer_t *out)                                                       \
    {                                                                                                                  \
        if (name##__ops.format) name##__ops.format(*(T *const *)p, out);                                               \
        else eff_buffer_add(out, #name);                                                                               \
    }                                                                                                                  \
    static struct json_t *name##__to_json(const void *p)                                                               \
    {                                                                                                                  \
        return name##__ops.to_json ? name##__ops.to_json(*(T *const *)p) : NULL;                                       \
    }                                                                                                                  \
    TABLE_LINKAGE const eff_type_t name##_type = EFF_TYPE_TABLE_(name, sizeof(T *), EFF_TYPE_BOX);                     \
    LINKAGE EFF_MUST_USE eff_value_t name##_box(T *p)                                                                  \
    {                                                                                                                  \
        eff_value_t v;                                                                                                 \
        T **slot = (T **)eff__payload_new(&name##_type);                                                               \
        if (!slot) {                                                                                                   \
            name##__drop(&p);                                                                                          \
            return eff_oom_value();                                                                                    \
        }                                                                                                              \
        *slot = p;                                                                                                     \
        v.type = &name##_type;                                                                                         \
        v.ptr = slot;                                                                                                  \
        return v;                                                                                                      \
    }                                                                                                                  \
    LINKAGE T *name##_of(eff_value_t v)                                                                                \
    {                                                                                                                  \
        if (v.type == &name##_type) return *(T **)v.ptr;                                                               \
        (void)eff__wrong_type(v, &name##_type);                                                                        \
        return NULL;                                                                                                   \
    }                                                                                                                  \
    struct name##__end

/** A counted struct of captures in one line: EFF_ENV(user, .id = 1) is user_make((user_t){ .id = 1 }).
 *  @param name of a type that EFF_STATIC_TYPE or EFF_DEFINE_TYPE defined above @param ... its fields; what they own is
 *  consumed */
#define EFF_ENV(name, ...) name##_make(EFF_STRUCT_(name##__payload, __VA_ARGS__))

EFF_END_DECLS
#endif
