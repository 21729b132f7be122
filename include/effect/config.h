/** @file
 * Configuration: what a program is told from outside, by a JSON file, the environment, its arguments, or a test.
 *
 *     typedef struct server_config { const char *host; int port; const eff_secret_t *password; } server_config_t;
 *     EFF_DECLARE_CONFIG(server_config, server_config_t);
 *
 *     static const eff_config_field_t fields[] = {
 *         EFF_CONFIG_STRING(server_config_t, host, "server.host", .otherwise = "localhost"),
 *         EFF_CONFIG_INT(server_config_t, port, "server.port", .otherwise = "8080", .min = "1", .max = "65535"),
 *         EFF_CONFIG_SECRET(server_config_t, password, "db.password"),
 *     };
 *     EFF_DEFINE_CONFIG(server_config, server_config_t, fields, .strict = true);
 *
 *     e = server_config_with(serve, eff_unit);           // a service of its own: serve(server_config_t *c, env)
 *     e = eff_provide(e, server_config_live());          // reads all of it from the Config, or fails
 *     e = eff_provide(e, eff_config_or_else(eff_config_env("APP"), eff_config_json_file("app.json")));
 *
 * A table of fields describes the struct; everything is read at once, and everything that is wrong is reported at once,
 * with where it stands:
 *
 *     configuration: 3 problems
 *       environment APP_SERVER_PORT: expected an integer from 1 to 65535, got "eighty"
 *       app.json:4: server.hots: unknown; did you mean server.host?
 *       db.password: missing; looked for as environment APP_DB_PASSWORD, in app.json
 *
 * Single values can be read too: eff_config_int("server.port"), eff_config_string_or("server.host", "localhost").
 *
 * **Paths** name values: keys with dots between them, items of arrays by their number: `services[0].url` (or
 * `services.0.url`). Sources hold values for paths:
 *   - JSON: the obvious. A null is a value that is not there
 *   - the environment: `db.pool-size` is APP_DB_POOL_SIZE, for the prefix "APP"; `services[0].url` APP_SERVICES_0_URL
 *   - arguments: `--db.pool-size=8`, `--db.pool-size 8`, and `--verbose` for a truth
 *
 * Texts are converted to what is asked for. Values of a JSON document have types of their own, which must fit: "80" is
 * no integer there. Where several sources have a value the first counts; arrays are taken from one source as a whole.
 *
 * The Config has no default: a program that reads configuration without providing any is a mistake, and dies of it.
 */
#ifndef EFFECT_CONFIG_H
#define EFFECT_CONFIG_H

#include <effect/duration.h>
#include <effect/error.h>
#include <effect/layer.h>
#include <effect/secret.h>
#include <effect/type.h>

EFF_BEGIN_DECLS

/* ---- the service */

/** The Config service. The layers below provide it; to write one of your own, put it in a struct with what it works on
 *  (EFF_CONTAINER_OF). */
typedef struct eff_config eff_config_t;
struct eff_config {
    size_t size; /**< sizeof(eff_config_t): tells the library which operations there are */
    /**
     * Builds the effect that succeeds with all that is configured at this moment, as eff_config_parse makes it: all
     * that is read together is read from one such snapshot.
     * - Failure: becomes that of the reader.
     *
     * @param config borrowed until the effect has ended
     * @returns_new
     */
    eff_t *(*snapshot)(eff_config_t *config);
};

/** What service.h generates: eff_config_tag, eff_config_with, eff_config_from, eff_config_provide,
 *  eff_config_provide_value, eff_config_value; eff_config__use is for these. */
EFF_DECLARE_API_SERVICE(EFF_API, eff_config, eff_config_t);
/** Runs what use makes of the Config.
 *  @param ... use, an `eff_t *(*)(eff_config_t *, eff_value_t env)`, and env, consumed: as NAME_with of service.h
 *  @returns_new */
#define eff_config_with(...) eff_config_with_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
/** Runs an effect with this Config.
 *  @param ... the effect, consumed, and an `eff_config_t *`, borrowed until it has ended @returns_new */
#define eff_config_provide(...) eff_config_provide_at(EFF_SITE, __VA_ARGS__)
/** Runs an effect with this Config. @param ... the effect and the service as a value, both consumed @returns_new */
#define eff_config_provide_value(...) eff_config_provide_value_at(EFF_SITE, __VA_ARGS__)

/* ---- single values */

/**
 * Reads a string.
 *
 * - Success: with the string.
 * - Failure: eff_config_missing_error when no source has it; eff_config_invalid_error when it is something else. The
 *   message says where it stands, or where it was looked for.
 *
 * @param site where it is composed; the macro fills it in
 * @param path of the value, below that of eff_config_nested; copied; NULL is a mistake
 * @returns_new
 * @see EFF_DEFINE_CONFIG, for all of a program's configuration at once
 */
EFF_API EFF_MUST_USE eff_t *eff_config_string_at(eff_site_t site, const char *path);
/** Reads a string, if any source has one; otherwise as eff_config_string.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the value; copied @param otherwise what it is where no source says; copied @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_string_or_at(eff_site_t site, const char *path, const char *otherwise);
/** Reads an integer; otherwise as eff_config_string.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the value; copied @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_int_at(eff_site_t site, const char *path);
/** Reads an integer, if any source has one; otherwise as eff_config_string.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the value; copied @param otherwise what it is where no source says @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_int_or_at(eff_site_t site, const char *path, int64_t otherwise);
/** Reads a truth: true or false; in a text also yes, no, on, off, 1 and 0, in any case. Otherwise as eff_config_string.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the value; copied @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_bool_at(eff_site_t site, const char *path);
/** Reads a truth, if any source has one; otherwise as eff_config_bool.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the value; copied @param otherwise what it is where no source says @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_bool_or_at(eff_site_t site, const char *path, bool otherwise);
/** Reads a number, as JSON writes it, so neither NaN nor an infinity; otherwise as eff_config_string.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the value; copied @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_double_at(eff_site_t site, const char *path);
/** Reads a number, if any source has one; otherwise as eff_config_double.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the value; copied @param otherwise what it is where no source says @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_double_or_at(eff_site_t site, const char *path, double otherwise);
/** Reads a length of time (eff_as_duration): "250ms", "1.5 s", "1h 30m", "for ever". A bare number has no unit, and is
 *  no duration. Otherwise as eff_config_string.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the value; copied @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_duration_at(eff_site_t site, const char *path);
/** Reads a length of time, if any source has one; otherwise as eff_config_duration.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the value; copied @param otherwise what it is where no source says @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_duration_or_at(eff_site_t site, const char *path, eff_duration_t otherwise);
/** Reads a number of bytes (eff_as_int): "64 KiB", "1.5MB", 4096. Otherwise as eff_config_string.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the value; copied @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_size_at(eff_site_t site, const char *path);
/** Reads a number of bytes, if any source has one; otherwise as eff_config_size.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the value; copied @param otherwise what it is where no source says @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_size_or_at(eff_site_t site, const char *path, int64_t otherwise);
/** Reads a secret (eff_as_secret). No message about it shows any of it. Otherwise as eff_config_string.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the value; copied @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_secret_at(eff_site_t site, const char *path);
/** Reads an array of strings (eff_array_at): a JSON array; as a text, "a, b, c", or a value for each of `path[0]`,
 *  `path[1]` ...; an argument may also be repeated. Otherwise as eff_config_string.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the value; copied @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_strings_at(eff_site_t site, const char *path);
/** Reads any JSON (eff_as_json); a text is parsed. Otherwise as eff_config_string.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the value; copied; "" for all that a source has @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_json_at(eff_site_t site, const char *path);
/** The arguments that are no options, as an array of strings, of the first eff_config_args that there is; without one,
 *  no strings. A strict schema says .operands = true, or refuses them. Fails as the Config does, if at all.
 *  @param site where it is composed; the macro fills it in @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_operands_at(eff_site_t site);
/** Runs e, in which all paths are meant below this one, which itself is below that of an eff_config_nested around it.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param path what they are below; copied
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_config_nested_at(eff_site_t site, eff_t *e, const char *path);

#define eff_config_string(...) eff_config_string_at(EFF_SITE, __VA_ARGS__)
#define eff_config_string_or(...) eff_config_string_or_at(EFF_SITE, __VA_ARGS__)
#define eff_config_int(...) eff_config_int_at(EFF_SITE, __VA_ARGS__)
#define eff_config_int_or(...) eff_config_int_or_at(EFF_SITE, __VA_ARGS__)
#define eff_config_bool(...) eff_config_bool_at(EFF_SITE, __VA_ARGS__)
#define eff_config_bool_or(...) eff_config_bool_or_at(EFF_SITE, __VA_ARGS__)
#define eff_config_double(...) eff_config_double_at(EFF_SITE, __VA_ARGS__)
#define eff_config_double_or(...) eff_config_double_or_at(EFF_SITE, __VA_ARGS__)
#define eff_config_duration(...) eff_config_duration_at(EFF_SITE, __VA_ARGS__)
#define eff_config_duration_or(...) eff_config_duration_or_at(EFF_SITE, __VA_ARGS__)
#define eff_config_size(...) eff_config_size_at(EFF_SITE, __VA_ARGS__)
#define eff_config_size_or(...) eff_config_size_or_at(EFF_SITE, __VA_ARGS__)
#define eff_config_secret(...) eff_config_secret_at(EFF_SITE, __VA_ARGS__)
#define eff_config_strings(...) eff_config_strings_at(EFF_SITE, __VA_ARGS__)
#define eff_config_json(...) eff_config_json_at(EFF_SITE, __VA_ARGS__)
#define eff_config_operands() eff_config_operands_at(EFF_SITE)
#define eff_config_nested(...) eff_config_nested_at(EFF_SITE, __VA_ARGS__)

/* ---- describing a struct */

/** What a field is. Set by the macros below. */
typedef enum eff_config_kind {
    EFF_CONFIG_KIND_STRING,   /**< const char * */
    EFF_CONFIG_KIND_BOOL,     /**< bool */
    EFF_CONFIG_KIND_INT,      /**< any integer type */
    EFF_CONFIG_KIND_DOUBLE,   /**< double */
    EFF_CONFIG_KIND_DURATION, /**< eff_duration_t */
    EFF_CONFIG_KIND_SIZE,     /**< any integer type; bytes */
    EFF_CONFIG_KIND_ENUM,     /**< an integer or enum type, by name */
    EFF_CONFIG_KIND_SECRET,   /**< const eff_secret_t * */
    EFF_CONFIG_KIND_STRINGS,  /**< const char **, with a size_t beside it */
    EFF_CONFIG_KIND_JSON,     /**< eff_value_t */
    EFF_CONFIG_KIND_STRUCT,   /**< a struct of its own schema */
    EFF_CONFIG_KIND_LIST      /**< a pointer to such structs, with a size_t beside it */
} eff_config_kind_t;

/** One name of an EFF_CONFIG_ENUM. A table of them ends with { NULL, 0 }. */
typedef struct eff_config_name {
    const char *name; /**< as it is configured */
    int64_t value;    /**< what it means */
} eff_config_name_t;

typedef struct eff_config_schema eff_config_schema_t;

/** One field of a struct: made by the macros below, which set what comes first; the rest is yours, by name. All that it
 *  refers to is static. */
typedef struct eff_config_field {
    const char *path;                  /**< below that of the struct */
    eff_config_kind_t kind;            /**< set by the macro */
    int width;                         /**< set by the macro: bytes of an integer, negative for a signed one */
    size_t offset;                     /**< set by the macro */
    size_t count_offset;               /**< set by the macro: where the number of items is */
    const eff_config_schema_t *schema; /**< set by the macro: of the struct, or of each item */
    const eff_config_name_t *names;    /**< set by the macro: of an enum */
    const char *otherwise;             /**< the default, a text. Without one the field is required, or `optional` */
    const char *min;                   /**< the least, as a text: "1", "1ms", "64 KiB"; of arrays: how many items */
    const char *max;                   /**< the most, likewise */
    const char *unit;                  /**< of a duration that is a bare number: "s"; without it such is refused */
    bool optional;                     /**< may be missing, without a default: what is there is zero then */
    bool secret;                       /**< no message shows the value */
    char letter;                       /**< as an argument it may also be called by this: 'p' for -p; 0: no letter */
    /** Looks at what was read.
     *  @param field borrows: the address of the field @param problem where it says what is wrong, as a phrase; when it
     *  adds nothing, nothing is. It is called only for what is well-formed and within its limits */
    void (*check)(const void *field, eff_buffer_t *problem);
    const char *help; /**< for people: what it is for */
} eff_config_field_t;

/** A struct: its fields. Static. Made by EFF_CONFIG_SCHEMA. */
struct eff_config_schema {
    size_t size;                      /**< of the struct, in bytes */
    const char *name;                 /**< shown in messages about the schema itself */
    const eff_config_field_t *fields; /**< in the order in which problems are reported */
    size_t n_fields;                  /**< how many */
    bool strict;   /**< what no field is for is a problem, operands too. Counts for the outermost struct only */
    bool operands; /**< of a strict one: there may be operands (eff_config_operands) */
    /** Looks at the whole struct. @param record borrows: the struct @param problem as of a field's check. It is called
     *  only when nothing is wrong with its fields */
    void (*check)(const void *record, eff_buffer_t *problem);
};

/** A `const char *`, which lives as long as the struct.
 *  @param T the struct @param field the name of its member @param ... the path; then any of .otherwise .optional .check
 *  .secret .help */
#define EFF_CONFIG_STRING(T, field, ...)                                                                               \
    EFF_CONFIG_FIELD_(T, field, EFF_CONFIG_KIND_STRING, EFF_CONFIG_IS_(T, field, const char *), __VA_ARGS__, .width = 0)
/** A `bool`. @param T the struct @param field its member @param ... the path; then any of .otherwise .optional .help */
#define EFF_CONFIG_BOOL(T, field, ...)                                                                                 \
    EFF_CONFIG_FIELD_(T, field, EFF_CONFIG_KIND_BOOL, EFF_CONFIG_IS_(T, field, bool), __VA_ARGS__, .width = 0)
/** An integer of any type; what does not fit into it is a problem, as is more than INT64_MAX.
 *  @param T the struct @param field its member @param ... the path; then any of .otherwise .optional .min .max .check
 *  .secret .help */
#define EFF_CONFIG_INT(T, field, ...)                                                                                  \
    EFF_CONFIG_FIELD_(T, field, EFF_CONFIG_KIND_INT, 0, __VA_ARGS__, .width = EFF_CONFIG_WIDTH_(T, field))
/** A `double`. @param T the struct @param field its member @param ... the path; then any of .otherwise .optional .min
 *  .max .check .secret .help */
#define EFF_CONFIG_DOUBLE(T, field, ...)                                                                               \
    EFF_CONFIG_FIELD_(T, field, EFF_CONFIG_KIND_DOUBLE, EFF_CONFIG_IS_(T, field, double), __VA_ARGS__, .width = 0)
/** An `eff_duration_t`: "250ms", "1h 30m". @param T the struct @param field its member @param ... the path; then any of
 *  .otherwise .optional .min .max .unit .check .help */
#define EFF_CONFIG_DURATION(T, field, ...)                                                                             \
    EFF_CONFIG_FIELD_(T, field, EFF_CONFIG_KIND_DURATION, EFF_CONFIG_IS_(T, field, eff_duration_t), __VA_ARGS__,       \
                      .width = 0)
/** A number of bytes, in an integer of any type: "64 KiB", 4096. @param T the struct @param field its member
 *  @param ... the path; then any of .otherwise .optional .min .max .check .help */
#define EFF_CONFIG_SIZE(T, field, ...)                                                                                 \
    EFF_CONFIG_FIELD_(T, field, EFF_CONFIG_KIND_SIZE, 0, __VA_ARGS__, .width = EFF_CONFIG_WIDTH_(T, field))
/** One of several names, in an enum or an integer.
 *  @param T the struct @param field its member @param table of the names: an `eff_config_name_t` array that ends with
 *  { NULL, 0 } @param ... the path; then any of .otherwise .optional .check .help */
#define EFF_CONFIG_ENUM(T, field, table, ...)                                                                          \
    EFF_CONFIG_FIELD_(T, field, EFF_CONFIG_KIND_ENUM, 0, __VA_ARGS__, .width = EFF_CONFIG_WIDTH_(T, field),            \
                      .names = table)
/** A `const eff_secret_t *`. @param T the struct @param field its member @param ... the path; then any of .otherwise
 *  .optional .check .help */
#define EFF_CONFIG_SECRET(T, field, ...)                                                                               \
    EFF_CONFIG_FIELD_(T, field, EFF_CONFIG_KIND_SECRET, EFF_CONFIG_IS_(T, field, const eff_secret_t *), __VA_ARGS__,   \
                      .secret = true)
/** Strings: a `const char **` and a `size_t`. @param T the struct @param field its member, the pointer @param n the
 *  member for their number @param ... the path; then any of .otherwise ("a, b") .optional .min .max .help */
#define EFF_CONFIG_STRINGS(T, field, n, ...)                                                                           \
    EFF_CONFIG_FIELD_(T, field, EFF_CONFIG_KIND_STRINGS, EFF_CONFIG_IS_(T, field, const char **), __VA_ARGS__,         \
                      .count_offset = offsetof(T, n) + EFF_CONFIG_IS_(T, n, size_t))
/** Any JSON, as an `eff_value_t` (eff_as_json), borrowed from the struct. @param T the struct @param field its member
 *  @param ... the path; then any of .otherwise (JSON) .optional: {0} when it is missing .check .help */
#define EFF_CONFIG_JSON(T, field, ...)                                                                                 \
    EFF_CONFIG_FIELD_(T, field, EFF_CONFIG_KIND_JSON, EFF_CONFIG_IS_(T, field, eff_value_t), __VA_ARGS__, .width = 0)
/** A struct in the struct. @param T the outer struct @param field its member @param inner the schema of the inner one,
 *  its paths being below this one's @param ... the path */
#define EFF_CONFIG_STRUCT(T, field, inner, ...)                                                                        \
    EFF_CONFIG_FIELD_(T, field, EFF_CONFIG_KIND_STRUCT, 0, __VA_ARGS__, .schema = &(inner))
/** An array of structs: a pointer and a `size_t`. @param T the outer struct @param field its member, the pointer
 *  @param n the member for their number @param inner the schema of an item @param ... the path; then any of .optional:
 *  no items when it is missing .min .max .help */
#define EFF_CONFIG_LIST(T, field, n, inner, ...)                                                                       \
    EFF_CONFIG_FIELD_(T, field, EFF_CONFIG_KIND_LIST, 0, __VA_ARGS__, .schema = &(inner),                              \
                      .count_offset = offsetof(T, n) + EFF_CONFIG_IS_(T, n, size_t))
/** The schema of a struct that is a part of another's:
 *      static const eff_config_schema_t db_schema = EFF_CONFIG_SCHEMA(db_config_t, db_fields);
 *  @param T the struct @param ... its fields, an array; then any of .strict .operands .check */
#define EFF_CONFIG_SCHEMA(T, ...) EFF_CONFIG_SCHEMA_(T, __VA_ARGS__, .size = sizeof(T))

/** @cond */
#define EFF_CONFIG_SCHEMA_(T, list, ...)                                                                               \
    EFF_FIELDS_(eff_config_schema_t, .name = #T, .fields = list, .n_fields = sizeof(list) / sizeof((list)[0]),         \
                __VA_ARGS__)
#define EFF_CONFIG_FIELD_(T, field, sort, check_type, ...)                                                             \
    EFF_FIELDS_(eff_config_field_t, .kind = sort, .offset = offsetof(T, field) + (check_type), .path = __VA_ARGS__)
/* 0, when the member is of that type; else it does not compile. And the bytes of an integer, negative when signed. */
#ifndef __cplusplus
#define EFF_CONFIG_IS_(T, field, type) _Generic(((T *)0)->field, type : (size_t)0) /* the member is no such type */
#define EFF_CONFIG_WIDTH_(T, field) ((int)sizeof(((T *)0)->field) * EFF_CONFIG_SIGN_(((T *)0)->field))
#define EFF_CONFIG_SIGN_(x)                                                                                            \
    _Generic((x), signed char /* the member is no integer */                                                           \
             : -1, short                                                                                               \
             : -1, int                                                                                                 \
             : -1, long                                                                                                \
             : -1, long long                                                                                           \
             : -1, unsigned char : 1, unsigned short : 1, unsigned : 1, unsigned long : 1, unsigned long long : 1)
#else
extern "C++" {
template <typename A, typename B> struct eff__config_is;
template <typename A> struct eff__config_is<A, A> {
    static constexpr size_t zero = 0;
};
template <typename A> constexpr int eff__config_width()
{
    return (A)-1 < (A)0 ? -(int)sizeof(A) : (int)sizeof(A);
}
}
#define EFF_CONFIG_MEMBER_(T, field) decltype(static_cast<T *>(nullptr)->field)
#define EFF_CONFIG_IS_(T, field, type) (eff__config_is<type, EFF_CONFIG_MEMBER_(T, field)>::zero)
#define EFF_CONFIG_WIDTH_(T, field) eff__config_width<EFF_CONFIG_MEMBER_(T, field)>()
#endif

EFF_API void eff__config_record_drop(const eff_config_schema_t *schema, void *record);
EFF_API void eff__config_record_format(const eff_config_schema_t *schema, const void *record, eff_buffer_t *out);
/** @endcond */

/**
 * Reads a struct, all of it at once: what a generated NAME_load is made of.
 *
 * - Success: with a value of this type, whose payload is the struct.
 * - Failure: eff_config_invalid_error, whose message lists everything that is wrong: what stands in a source in the
 *   order of the sources and of their lines, then what is missing. eff_config_missing_error when that is all.
 *   A table with a mistake in it (eff_config_check) is a defect, whatever is configured.
 *
 * @param site where it is composed
 * @param schema static
 * @param type static: of the struct as a value, by EFF_DEFINE_CONFIG
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_config_load_at(eff_site_t site, const eff_config_schema_t *schema,
                                               const eff_type_t *type);

/** Adds what can be configured, for people: a line for each path, with what it takes, its default and its help.
 *  @param schema borrows @param prefix of the environment, to show the names there; NULL for no such names
 *  @param out what the text is added to */
EFF_API void eff_config_describe(const eff_config_schema_t *schema, const char *prefix, eff_buffer_t *out);

/** Looks for mistakes in a table, and in those of the structs and lists in it: a default that is not what its field takes,
 *  or out of its own limits; limits, and units, that are none. Each is told in a line, with the struct and the field.
 *  `name_load()` dies of them, whatever is configured: so this is for a test of the program.
 *
 *      ck_assert_uint_eq(eff_config_check(&server_config_schema, &text), 0);
 *
 *  @borrows{schema}
 *  @param out a line is added for each; NULL: nowhere
 *  @return how many there are; that there was no memory for looking counts as one */
EFF_API size_t eff_config_check(const eff_config_schema_t *schema, eff_buffer_t *out);

/**
 * Adds the options of a command line, for its --help: a row for each path, with what it is for, what it takes, its
 * default, and its name in the environment in a column of their own. What is said around it is the program's.
 *
 *       -p, --server.port=N       where it listens (1 to 65535; default 8080) [APP_SERVER_PORT]
 *           --db.password=SECRET  required [APP_DB_PASSWORD]
 *
 * Of a list the options of one item are told, as `--services[n].url`. The default of a secret is not shown.
 *
 * @param schema borrows
 * @param prefix of the environment; borrows; NULL: without the names there
 * @param columns how wide lines may be; what does not fit goes on below; 0: 80
 * @param out what the text is added to, complete lines
 * @see eff_config_describe, a line for each path
 */
EFF_API void eff_config_help(const eff_config_schema_t *schema, const char *prefix, size_t columns, eff_buffer_t *out);

/** The names of the log levels, for an `eff_log_level_t` (log.h): trace, debug, info, warn, error, fatal, off.
 *
 *      EFF_CONFIG_ENUM(server_config_t, level, eff_config_log_levels, "log.level", .otherwise = "info")
 */
EFF_API extern const eff_config_name_t eff_config_log_levels[];

/** Declares a configuration, which is a service of its own: what EFF_DECLARE_SERVICE declares for (name, T), and
 *    - `name_load()`: the effect that reads it from the Config in effect; see eff_config_load_at. It succeeds with a
 *      value which owns all that the struct refers to, and which is formatted with its secrets left out
 *    - `name_of(value)`: borrows the struct of that value
 *    - `name_live()`: the layer that provides it, which needs the Config
 *    - `name_schema`, `name_type`
 *
 *  @param name what the generated names begin with, and messages call the service
 *  @param T the struct; complete where it is defined */
#define EFF_DECLARE_CONFIG(name, T)                                                                                    \
    EFF_DECLARE_SERVICE(name, T);                                                                                      \
    extern const eff_config_schema_t name##_schema;                                                                    \
    extern const eff_type_t name##_type;                                                                               \
    eff_t *name##_load(void) EFF_MUST_USE;                                                                             \
    T *name##_of(eff_value_t v);                                                                                       \
    eff_layer_t *name##_live(void) EFF_MUST_USE
/** Defines, in one file, what EFF_DECLARE_CONFIG declared.
 *  @param name, T the same
 *  @param ... the fields, an array of eff_config_field_t; then any of .strict .operands .check */
#define EFF_DEFINE_CONFIG(name, T, ...)                                                                                \
    EFF_DEFINE_SERVICE(name, T);                                                                                       \
    const eff_config_schema_t name##_schema = EFF_CONFIG_SCHEMA(T, __VA_ARGS__);                                       \
    static void name##__drop(void *record)                                                                             \
    {                                                                                                                  \
        eff__config_record_drop(&name##_schema, record);                                                               \
    }                                                                                                                  \
    static void name##__format(const void *record, eff_buffer_t *out)                                                  \
    {                                                                                                                  \
        eff__config_record_format(&name##_schema, record, out);                                                        \
    }                                                                                                                  \
    const eff_type_t name##_type = { sizeof(T),      #name, name##__drop,     NULL, NULL, NULL,                        \
                                     name##__format, NULL,  EFF_TYPE_COUNTED, NULL };                                  \
    T *name##_of(eff_value_t v)                                                                                        \
    {                                                                                                                  \
        static EFF_THREAD_LOCAL_ struct {                                                                              \
            struct eff__dummy_header header;                                                                           \
            T payload;                                                                                                 \
        } dummy;                                                                                                       \
        return (T *)(v.type == &name##_type ? v.ptr : eff__payload_wrong(v, &name##_type, &dummy.header));             \
    }                                                                                                                  \
    eff_t *name##_load(void)                                                                                           \
    {                                                                                                                  \
        return eff_config_load_at(EFF_SITE_GENERATED_(#name "_load"), &name##_schema, &name##_type);                   \
    }                                                                                                                  \
    EFF_DEFINE_LAYER(name##_live, name, T, name##_load, NULL, &eff_config_tag)

/* ---- sources */

/**
 * Builds the effect that parses a text as a snapshot: for a Config of your own, whose JSON comes from somewhere else.
 *
 * - Success: with the snapshot, which is what the Config's operation has to succeed with.
 * - Failure: eff_config_invalid_error with the line and the column of what is wrong with the text, and the path it
 *   stands at.
 *
 * @param site where it is composed; the macro fills it in
 * @param name of the text, for messages; copied
 * @param text JSON: an object; copied
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_config_parse_at(eff_site_t site, const char *name, const char *text);
#define eff_config_parse(...) eff_config_parse_at(EFF_SITE, __VA_ARGS__)

/**
 * Builds the effect that takes a snapshot once, and succeeds with a Config that always answers with it: a value for
 * eff_config_provide_value, and for a layer.
 *
 * - Success: with the service as a value.
 * - Failure: as that of snapshot.
 *
 * @param site where it is composed; the macro fills it in
 * @param snapshot consumes; an effect that succeeds with a snapshot, such as eff_config_parse
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_config_fixed_at(eff_site_t site, eff_t *snapshot);
/** Succeeds with all that is configured, as one value: for a Config of your own that adds to the one around it.
 *  @param site where it is composed; the macro fills it in @returns_new @see eff_config_or_else */
EFF_API EFF_MUST_USE eff_t *eff_config_snapshot_at(eff_site_t site);
#define eff_config_fixed(...) eff_config_fixed_at(EFF_SITE, __VA_ARGS__)
#define eff_config_snapshot() eff_config_snapshot_at(EFF_SITE)

/** How a file is read. What is zero is the default. */
typedef struct eff_config_file_options {
    size_t size;      /**< sizeof(eff_config_file_options_t) */
    bool optional;    /**< a file that is not there has no values, instead of being an error; not one that is named by
                           configuration */
    size_t max_bytes; /**< a larger file is an error, and is not read to its end; 0: 1 MiB. At most 2 GiB */
} eff_config_file_options_t;

/** The Config of a JSON file, which is read once, when the layer is built: on the blocking pool, or, when it has to be
 *  waited for (a FIFO, a terminal, a pipe by its /dev/fd), as it comes, without holding the loop.
 *  - Failure: eff_config_invalid_error when it cannot be read (its code is the errno), is too large (EFBIG), or is no
 *    JSON; with the line, the column and the path of what is wrong. Duplicate keys, and more than 64 levels, are
 *    refused.
 *  - Interruption: unwinds at once while it waits for a FIFO and its like, for somebody who writes or for more; a read
 *    from a disk is waited for.
 *
 *  @param site where it is composed; the macro fills it in
 *  @param path of the file; copied
 *  @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_config_json_file_at(eff_site_t site, const char *path);
/** As eff_config_json_file, with options.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the file; copied @param options borrows @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_config_json_file_with_at(eff_site_t site, const char *path,
                                                               const eff_config_file_options_t *options);
/** The Config of a JSON file whose name is configured itself: at a path of what stands in front of it in an
 *  eff_config_or_else, all of it.
 *
 *      eff_config_or_else(eff_config_args(argc, argv, &app_schema), eff_config_json_file_named("config", "app.json"))
 *
 *  Fails as eff_config_json_file.
 *
 *  @param site where it is composed; the macro fills it in
 *  @param path of the file's name in that Config; copied
 *  @param otherwise the name, where that Config has none; copied
 *  @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_config_json_file_named_at(eff_site_t site, const char *path,
                                                                const char *otherwise);
/** As eff_config_json_file_named, with options. One that is .optional may be missing if its name is `otherwise` because
 *  nobody named another; who names a file means one that is there.
 *  @param site where it is composed; the macro fills it in
 *  @param path of the file's name in that Config; copied
 *  @param otherwise the name, where that Config has none; copied
 *  @param options borrows; NULL: as eff_config_json_file_named
 *  @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_config_json_file_named_with_at(eff_site_t site, const char *path,
                                                                     const char *otherwise,
                                                                     const eff_config_file_options_t *options);
/** The Config of a JSON text. Fails as eff_config_parse.
 *  @param site where it is composed; the macro fills it in
 *  @param name of the text, for messages; copied @param text an object; copied @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_config_json_text_at(eff_site_t site, const char *name, const char *text);
/** The Config of the environment, as it is when the layer is built.
 *
 *  The name of a path is the prefix, an underscore, and the path in capitals, its dots, dashes and brackets replaced by
 *  underscores: `db.pool-size` is APP_DB_POOL_SIZE, `services[0].url` APP_SERVICES_0_URL. What is empty counts. An
 *  array of strings is "a, b" in one name, or a name for each item.
 *
 *  @param site where it is composed; the macro fills it in
 *  @param prefix in capitals, without its underscore: "APP"; copied. "": names have none, and no name is unknown
 *  @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_config_env_at(eff_site_t site, const char *prefix);
/** The Config of a program's arguments.
 *
 *  `--path=value` and `--path value` set a value, `--path` alone sets a truth; dashes and underscores are the same. `-p
 *  value`, `-pvalue` and `-v` do so for fields with a letter. An option may be repeated: of scalars the last one
 *  counts, to an array each adds an item. What is no option, and all behind `--`, are operands: eff_config_operands.
 *
 *  A schema tells which options there are, and which of them are truths, so that the argument behind `--verbose` is an
 *  operand. Without one, every option takes the next argument, unless that looks like an option itself.
 *  - Failure: eff_config_invalid_error that names each unknown option, and each that lacks its value; and each operand,
 *    where the schema is .strict, and not .operands.
 *
 *  @param site where it is composed; the macro fills it in
 *  @param argc, argv as main gets them; copied @param schema borrows: static, as NAME_schema is; NULL: any options
 *  @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_config_args_at(eff_site_t site, int argc, char *const *argv,
                                                     const eff_config_schema_t *schema);
/** The Config of values that are given here, for tests. Used as eff_config_memory("server.port=80", "tags=a, b").
 *  @param site where it is composed; the macro fills it in
 *  @param n how many
 *  @param pairs each "path=value"; copied; one without `=` is a mistake
 *  @returns_new @see eff_config_json_text */
EFF_API EFF_MUST_USE eff_layer_t *eff_config_memory_at(eff_site_t site, size_t n, const char *const *pairs);
/** The values of two Configs: of `first`, and what that does not have, of `second`, which is built when `first` is, and
 *  may read it, and all that stands in front of it, however several are nested. The macro takes more than two:
 *
 *      eff_config_or_else(eff_config_args(argc, argv, &app_schema), eff_config_env("APP"),
 *                         eff_config_json_file_named("config", "app.json"))
 *
 *  When one of them fails, those behind it are not built.
 *
 *  @param site where it is composed; the macro fills it in
 *  @consumes{first, second} Layers that provide the Config
 *  @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_config_or_else_at(eff_site_t site, eff_layer_t *first, eff_layer_t *second);
/** @cond */
static inline eff_layer_t *eff__config_or_else_of(eff_site_t site, size_t n, eff_layer_t *const *layers)
{
    eff_layer_t *all = layers[0];
    for (size_t i = 1; i < n; i++)
        all = eff_config_or_else_at(site, all, layers[i]);
    return all;
}
/** @endcond */

#define eff_config_json_file(...) eff_config_json_file_at(EFF_SITE, __VA_ARGS__)
#define eff_config_json_file_with(...) eff_config_json_file_with_at(EFF_SITE, __VA_ARGS__)
#define eff_config_json_file_named(...) eff_config_json_file_named_at(EFF_SITE, __VA_ARGS__)
#define eff_config_json_file_named_with(...) eff_config_json_file_named_with_at(EFF_SITE, __VA_ARGS__)
#define eff_config_json_text(...) eff_config_json_text_at(EFF_SITE, __VA_ARGS__)
#define eff_config_env(...) eff_config_env_at(EFF_SITE, __VA_ARGS__)
#define eff_config_args(...) eff_config_args_at(EFF_SITE, __VA_ARGS__)
/** eff_config_memory_at() of its arguments. @param ... strings, each "path=value"; at least one @returns_new */
#define eff_config_memory(...) EFF_LISTED_(eff_config_memory_at, const char *, __VA_ARGS__)
/** eff_config_or_else_at() of its arguments, one behind the other. @param ... consumes; at least two layers that provide
 *  the Config @returns_new */
#define eff_config_or_else(...) EFF_LISTED_(eff__config_or_else_of, eff_layer_t *, __VA_ARGS__)

EFF_END_DECLS
#endif
