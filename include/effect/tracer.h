/** @file
 * Tracing: what a request did and how long each part of it took, as spans, which nest.
 *
 *     static eff_t *handle(const char *id)
 *     {
 *         eff_t *e = eff_then(eff_with_span(query(id), "query"), eff_with_span(render(), "render"));
 *         e = eff_then(eff_span_set(eff_fields(eff_field("id", id))), e);
 *         return eff_with_span(e, "handle");                 // handle { query, render }, all of one trace
 *     }
 *
 * A span begins and ends with an effect, however that ends. It is the *current span* of the effect and of the fibers
 * that are forked in it, on whatever side; a span that begins there has it as its parent. Log records carry the ids of
 * the current span.
 *
 * When a span has ended, the Tracer service is told. That is a default tag: without anybody providing one nothing is
 * recorded, there are no spans, and eff_with_span costs two instructions. Tracing never fails who is traced: if the
 * Tracer fails, or the Random that ids come from, the span is lost and nothing else. A test provides a TestTracer:
 *
 *     eff_test_tracer_t *t = eff_test_tracer_new();
 *     eff_test_run(eff_provide(e, eff_test_tracer(t)));
 *     ck_assert_str_eq(eff_test_tracer_find(t, "query")->parent_id, eff_test_tracer_find(t, "handle")->span_id);
 *     eff_test_tracer_decref(t);
 *
 * In plain C the current span is reached from a context: `const eff_span_t *span = eff_span_from(context)`, NULL when
 * there is none; span->trace_id and span->span_id are its ids. Across processes a trace goes by a `traceparent` (W3C
 * Trace Context): see eff_span_traceparent, and eff_with_traceparent at the other end.
 *
 * The words are those of OpenTelemetry.
 */
#ifndef EFFECT_TRACER_H
#define EFFECT_TRACER_H

#include <effect/field.h>
#include <effect/layer.h>

EFF_BEGIN_DECLS

/** How a span ended. */
typedef enum eff_span_status {
    EFF_SPAN_RUNNING,    /**< not yet */
    EFF_SPAN_OK,         /**< with a success */
    EFF_SPAN_ERROR,      /**< with a failure or a defect */
    EFF_SPAN_INTERRUPTED /**< with nothing but an interruption */
} eff_span_status_t;

/** What part a span has in a conversation with others. */
typedef enum eff_span_kind {
    EFF_SPAN_INTERNAL, /**< none */
    EFF_SPAN_SERVER,   /**< it serves a request of another process */
    EFF_SPAN_CLIENT,   /**< it waits for the answer to a request */
    EFF_SPAN_PRODUCER, /**< it sends a message that is worked on later */
    EFF_SPAN_CONSUMER  /**< it works on such a message */
} eff_span_kind_t;

/** Something that happened within a span. */
typedef struct eff_span_event {
    const char *name;   /**< NUL-terminated */
    eff_instant_t time; /**< since 1970-01-01 00:00 UTC */
    eff_value_t fields; /**< of eff_fields_type; unit: none */
} eff_span_event_t;

/** A span of another trace, or of this one, that has to do with a span without being its parent. */
typedef struct eff_span_link {
    char trace_id[33]; /**< 32 hexadecimal digits */
    char span_id[17];  /**< 16 hexadecimal digits */
} eff_span_link_t;

/** A span, to be read. Later versions may add members at the end. What it points to lives as long as the span, and,
 *  until that has ended, until something is added to it. */
typedef struct eff_span {
    const char *name;               /**< what is done; "" of a remote one */
    eff_span_kind_t kind;           /**< its part in a conversation */
    char trace_id[33];              /**< 32 hexadecimal digits, the same for all spans of a trace */
    char span_id[17];               /**< 16 hexadecimal digits */
    char parent_id[17];             /**< those of the span around it; "": none */
    bool remote;                    /**< of another process, by eff_with_traceparent: only ids are known */
    bool sampled;                   /**< the Tracer is told; false below a remote span that is not recorded either */
    eff_span_status_t status;       /**< how it ended */
    const char *message;            /**< of EFF_SPAN_ERROR: the failure; else NULL */
    eff_instant_t start;            /**< since 1970-01-01 00:00 UTC */
    eff_duration_t took;            /**< from start to end, by the monotonic Clock; 0 before the end */
    uint64_t fiber;                 /**< the id of the fiber that began it */
    eff_site_t site;                /**< where it was composed; may be NULL */
    eff_value_t attributes;         /**< of eff_fields_type; unit: none */
    size_t n_events;                /**< how many events */
    const eff_span_event_t *events; /**< in order of time */
    size_t n_links;                 /**< how many links */
    const eff_span_link_t *links;   /**< as they were given */
    size_t n_dropped; /**< attributes, events and links beyond EFF_SPAN_LIMIT of each, or without memory */
} eff_span_t;

enum { EFF_SPAN_LIMIT = 128 /**< attributes, events and links that a span keeps, of each */ };

EFF_API extern const eff_type_t eff_span_type; /**< of spans as values */

/** The Tracer service. To write one, put it in a struct with what it works on; see EFF_CONTAINER_OF. */
typedef struct eff_tracer eff_tracer_t;
struct eff_tracer {
    size_t size; /**< sizeof(eff_tracer_t): tells the library which operations there are */
    /**
     * Builds the effect that takes note of a span that has ended. It runs masked, before what was traced goes on, so
     * what takes long should be handed to a queue. Nothing is traced in it. What it ends with is dropped. NULL: nothing
     * is recorded.
     *
     * @param tracer borrowed until the effect has ended
     * @param span borrowed until the effect has ended; to keep it: eff_span_value
     * @returns_new
     */
    eff_t *(*ended)(eff_tracer_t *tracer, const eff_span_t *span);
};

/** What service.h generates: eff_tracer_tag, eff_tracer_with, eff_tracer_from, eff_tracer_provide,
 *  eff_tracer_provide_value, eff_tracer_value; eff_tracer__use is for these. */
EFF_DECLARE_API_SERVICE(EFF_API, eff_tracer, eff_tracer_t);
/** Runs what use makes of the Tracer.
 *  @param ... use, an `eff_t *(*)(eff_tracer_t *, eff_value_t env)`, and env, consumed: as NAME_with of service.h
 *  @returns_new */
#define eff_tracer_with(...) eff_tracer_with_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
/** Runs an effect with this Tracer.
 *  @param ... the effect, consumed, and a `eff_tracer_t *`, borrowed until it has ended @returns_new */
#define eff_tracer_provide(...) eff_tracer_provide_at(EFF_SITE, __VA_ARGS__)
/** Runs an effect with this Tracer. @param ... the effect and the service as a value, both consumed @returns_new */
#define eff_tracer_provide_value(...) eff_tracer_provide_value_at(EFF_SITE, __VA_ARGS__)

/* ---- spans */

/**
 * Runs e in a span.
 *
 * Ends as e does. The span ends exactly once, also when e is interrupted: with the status of e's exit. Fibers that are
 * forked in e and outlive it have it as their current span still, and add nothing to it any more.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @param name copied; says what is done, not to whom: that is for attributes
 * @returns_new
 *
 * Takes one word of the Random (random.h), or three when there is no span around it: under a seeded Random the ids are
 * the same on each run. Standard name: withSpan (Effect), span (OpenTelemetry).
 */
EFF_API EFF_MUST_USE eff_t *eff_with_span_at(eff_site_t site, eff_t *e, const char *name);

/** What else there is to say of a span as it begins. `.size` has to be given, all else may be left out. */
typedef struct eff_span_options {
    size_t size;              /**< sizeof(eff_span_options_t) */
    eff_span_kind_t kind;     /**< its part in a conversation */
    bool root;                /**< begins a trace of its own, whatever is around it */
    eff_value_t attributes;   /**< consumed: of eff_fields(); absent: none */
    const char *const *links; /**< traceparents of the spans it is linked to, ended by NULL; copied. NULL: none */
} eff_span_options_t;
/** As eff_with_span, with options.
 *
 *      eff_span_options_t options = { sizeof options, .kind = EFF_SPAN_SERVER };
 *
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param name copied
 *  @param options borrowed, but for its attributes; NULL is a mistake
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_with_span_of_at(eff_site_t site, eff_t *e, const char *name,
                                                const eff_span_options_t *options);
/**
 * Begins a span that ends when the scope around it closes, with that one's exit: for what is not one effect. It does
 * not become the current span: eff_in_span makes it that.
 * - Success: with the span, of eff_span_type; with unit when nothing is recorded.
 * - Failure: none, but into a scope that is closed it dies.
 *
 * @param site where it is composed; the macro fills it in
 * @param name copied
 * @returns_new
 *
 * Standard name: makeSpanScoped (Effect).
 */
EFF_API EFF_MUST_USE eff_t *eff_span_scoped_at(eff_site_t site, const char *name);
/** Runs e with this as its current span.
 *  @param site where it is composed; the macro fills it in
 *  @consumes{e}
 *  @param span consumes; what eff_span_scoped or eff_span_current succeeded with; anything but a span or unit is a
 *  mistake
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_in_span_at(eff_site_t site, eff_t *e, eff_value_t span);
/** Succeeds with the current span, of eff_span_type; with unit when there is none.
 *  @param site where it is composed; the macro fills it in @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_span_current_at(eff_site_t site);
/** Adds attributes to the current span; of equal keys the new one counts. Without a current span, or when that has
 *  ended, is remote or another runtime's, does nothing. Succeeds with unit.
 *  @param site where it is composed; the macro fills it in
 *  @param attributes consumes; of eff_fields(); anything else is a mistake
 *  @returns_new
 *
 *  O(attributes there are, times the new ones). */
EFF_API EFF_MUST_USE eff_t *eff_span_set_at(eff_site_t site, eff_value_t attributes);
/** Adds an event to the current span, as eff_span_set. Succeeds with unit.
 *  @param site where it is composed; the macro fills it in
 *  @param name copied
 *  @param fields consumes; of eff_fields(), or unit; anything else is a mistake
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_span_add_event_at(eff_site_t site, const char *name, eff_value_t fields);
/**
 * Runs e as a part of a trace that came from another process: the span that the text names becomes its current one.
 * Works without a Tracer too, so that logs carry the ids. If the sender does not record, neither are the spans in e.
 *
 * @param site where it is composed; the macro fills it in
 * @consumes{e}
 * @param traceparent copied; the header's value, from whoever sent it. A text that is no traceparent, and NULL, change
 *                    nothing, as the standard has it: a new trace begins
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_with_traceparent_at(eff_site_t site, eff_t *e, const char *traceparent);

#define eff_with_span(...) eff_with_span_at(EFF_SITE, __VA_ARGS__)
#define eff_with_span_of(...) eff_with_span_of_at(EFF_SITE, __VA_ARGS__)
#define eff_span_scoped(...) eff_span_scoped_at(EFF_SITE, __VA_ARGS__)
#define eff_in_span(...) eff_in_span_at(EFF_SITE, __VA_ARGS__)
#define eff_span_current() eff_span_current_at(EFF_SITE)
#define eff_span_set(...) eff_span_set_at(EFF_SITE, __VA_ARGS__)
#define eff_span_add_event(...) eff_span_add_event_at(EFF_SITE, __VA_ARGS__)
#define eff_with_traceparent(...) eff_with_traceparent_at(EFF_SITE, __VA_ARGS__)

/* ---- reading spans, in plain C */

/** The current span: a default tag, unit by default. */
EFF_API extern const eff_tag_t eff_span_tag;
/** The current span of a context. @borrows{context} @return borrowed from context; NULL when there is none */
EFF_API const eff_span_t *eff_span_from(const eff_context_t *context);
/** Reads a span. @borrows{v} @return borrowed from v; NULL when it is unit, and on the wrong type, which is reported */
EFF_API const eff_span_t *eff_as_span(eff_value_t v);
/** A span as a value, to keep it. @param span borrows: one that the library has handed out; not NULL @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_span_value(const eff_span_t *span);
enum { EFF_TRACEPARENT_SIZE = 56 /**< bytes of a traceparent, with its NUL */ };
/** Writes the traceparent of a span, to be sent along with a request: version 00, its ids, and whether it is recorded.
 *  @borrows{span}
 *  @param ret_text set to "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", or the like; EFF_TRACEPARENT_SIZE
 *                  bytes */
EFF_API void eff_span_traceparent(const eff_span_t *span, char *ret_text);
/** The name of a status, in small letters: "ok". @param status how a span ended @return static; "?" when it is none */
EFF_API const char *eff_span_status_name(eff_span_status_t status);

/* ---- TestTracer: for tests. A handle in plain C, for one thread; its functions take NULL, as of a new that found no
 * memory. */

/** A Tracer that keeps what has ended. */
typedef struct eff_test_tracer eff_test_tracer_t;
/** A TestTracer that has seen nothing. @return new; NULL when out of memory */
EFF_API EFF_MUST_USE eff_test_tracer_t *eff_test_tracer_new(void);
/** One more reference. @param t borrows; NULL is fine @return t, with a reference that is yours */
EFF_API eff_test_tracer_t *eff_test_tracer_incref(eff_test_tracer_t *t);
/** Gives up one reference. @param t consumes; NULL is fine */
EFF_API void eff_test_tracer_decref(eff_test_tracer_t *t);
/** The layer of a TestTracer. @param t borrows, and retains; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_layer_t *eff_test_tracer(eff_test_tracer_t *t);
/** The TestTracer as a Tracer, for eff_tracer_provide_value and eff_context_add.
 *  @param t borrows, and retains; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_test_tracer_value(eff_test_tracer_t *t);
/** How many spans have ended. @borrows{t} @return their number */
EFF_API size_t eff_test_tracer_size(const eff_test_tracer_t *t);
/** A span that has ended. @borrows{t}
 *  @param i from 0, in the order in which they ended
 *  @return borrowed until they are cleared; NULL when there is none */
EFF_API const eff_span_t *eff_test_tracer_at(const eff_test_tracer_t *t, size_t i);
/** The first span of that name to end. @borrows{t, name} @return borrowed until they are cleared; NULL when there is
 *  none */
EFF_API const eff_span_t *eff_test_tracer_find(const eff_test_tracer_t *t, const char *name);
/** The spans as a tree, a line each: "handle 30ms ok" and, two spaces further in, the spans it is the parent of.
 *  Siblings come in order of starting. O(spans cubed): for tests that have a few. @borrows{t}
 *  @param out what the text is added to */
EFF_API void eff_test_tracer_format(const eff_test_tracer_t *t, eff_buffer_t *out);
/** Forgets the spans. @borrows{t} */
EFF_API void eff_test_tracer_clear(eff_test_tracer_t *t);

EFF_END_DECLS
#endif
