/* Loggers as layers. Those around others need the Logger tag themselves: eff_layer_provide gives it to them. */
#include <effect/clock.h>
#include <effect/console.h>
#include <effect/finish.h>
#include <effect/layer.h>
#include <effect/logger.h>
#include <effect/recover.h>
#include <effect/transform.h>

#include "core/build.h"
#include "layers/layer.h"
#include "layers/log_line.h"
#include "layers/log_open.h"
#include "runtime/runtime.h"

/* Each has the name of the function that the user called. */
static eff_layer_t *ready(const char *function, eff_value_t service)
{
    return eff__layer_named(NULL, eff_layer_succeed(&eff_logger_tag, service), function);
}

static eff_layer_t *opened(const char *function, eff_t *open)
{
    return eff__layer_named(NULL, eff_layer_effect_at(NULL, &eff_logger_tag, open, NULL), function);
}

/* ---- those that write */

eff_layer_t *eff_logger_live(void)
{
    return ready("eff_logger_live", eff_logger_tag.get_default());
}

/* Consumes plan. */
static eff_layer_t *of_lines(const char *function, eff_value_t plan)
{
    return eff__layer_named(NULL, eff_layer_sync_at(NULL, &eff_logger_tag, eff__logger_lines_of, plan), function);
}

eff_layer_t *eff_logger_stderr(eff_log_format_fn format)
{
    return of_lines("eff_logger_stderr", eff__logger_stderr(format ? format : eff_log_format_text));
}

eff_layer_t *eff_logger_lines(eff_log_format_fn format, eff_bind_fn write, eff_value_t env)
{
    if (!write)
        return opened("eff_logger_lines", eff__refuse_fn(NULL, "eff_logger_lines", 2, "write", eff_noop(), 1, &env));
    return of_lines("eff_logger_lines", eff__logger_lines(format ? format : eff_log_format_text, write, env));
}

eff_layer_t *eff_logger_file(const eff_logger_file_options_t *options)
{
    return opened("eff_logger_file", eff__logger_open_file(options));
}

static eff_t *log_nothing(eff_logger_t *logger, const eff_log_record_t *record)
{
    (void)logger, (void)record;
    return eff_noop();
}
static eff_logger_t no_logger = { .size = sizeof(eff_logger_t), .log = log_nothing };

eff_layer_t *eff_logger_none(void)
{
    return ready("eff_logger_none", eff_logger_value(&no_logger));
}

/* ---- plain C */

struct called {
    eff_logger_t logger; /* first: what the service is */
    void (*fn)(const eff_log_record_t *record, void *arg);
    void *arg;
};
EFF_STATIC_TYPE(called_logger, struct called);

static eff_value_t call(eff_value_t both)
{
    const struct called *c = eff_as_ptr(eff_first(both));
    c->fn(eff_as_ptr(eff_second(both)), c->arg);
    return eff_unit;
}

static eff_t *called_log(eff_logger_t *logger, const eff_log_record_t *record)
{
    return eff_sync_at(NULL, call, eff_pair(eff_ptr(logger), eff_ptr(record)));
}

eff_layer_t *eff_logger_to(void (*fn)(const eff_log_record_t *record, void *arg), void *arg)
{
    if (!fn) return opened("eff_logger_to", eff__refuse_fn(NULL, "eff_logger_to", 1, "fn", eff_noop(), 0, NULL));
    eff_logger_t logger = { .size = sizeof logger, .log = called_log };
    return ready("eff_logger_to", EFF_ENV(called_logger, .logger = logger, .fn = fn, .arg = arg));
}

/* ---- around one other: what a layer below provides is the Logger in effect as it is opened; a lazy one is built then. The
 * env of `make` is the closure of what the user gave. */

static eff_t *make_around(eff_value_t inner, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    return ((eff_bind_fn)c->fn)(inner, c->env);
}

/* needs: the Logger, and what else is taken from where the layer is provided. Consumes inner and env. */
static eff_layer_t *around(eff_layer_t *inner, const char *builder, const eff_tag_t *const *needs, eff_bind_fn make,
                           eff_value_t env)
{
    if (!inner) {
        eff_value_decref(env);
        return eff__layer_of_null(NULL, builder, NULL, NULL);
    }
    eff_t *open = eff__derived_bind(EFF__OP_FLAT_MAP, eff_tag_get_at(NULL, &eff_logger_tag), (eff_any_fn)make_around,
                                    (struct eff__closure){ .builder = builder, .fn = (eff_any_fn)make, .env = env });
    eff_layer_t *outer = eff_layer_effect_at(NULL, &eff_logger_tag, open, needs);
    return eff__layer_named(NULL, eff_layer_provide_at(NULL, outer, inner), builder);
}

struct around {
    eff_logger_t logger; /* first: what the service is */
    eff_value_t first;   /* a Logger; owned */
    eff_value_t second;  /* of a tee, another */
    eff_log_filter_fn passes;
    eff_value_t env; /* of passes; or the minimum level */
};
static void around_clear(struct around *a)
{
    eff_value_decref(a->first);
    eff_value_decref(a->second);
    eff_value_decref(a->env);
}
EFF_STATIC_TYPE(log_around, struct around, .drop = around_clear);

static eff_logger_t *first_of(eff_logger_t *logger)
{
    return (eff_logger_t *)eff__service_of(((struct around *)(void *)logger)->first);
}
static eff_logger_t *second_of(eff_logger_t *logger)
{
    return (eff_logger_t *)eff__service_of(((struct around *)(void *)logger)->second);
}

static eff_t *around_flush(eff_logger_t *logger)
{
    return eff__logger_flush(first_of(logger));
}
static eff_t *around_reopen(eff_logger_t *logger)
{
    return eff__logger_reopen(first_of(logger));
}

static eff_log_level_t level_of_first(const eff_logger_t *logger)
{
    const struct around *a = (const struct around *)(const void *)logger;
    return (eff_log_level_t)eff__logger_level(eff__service_of(a->first));
}

/* ---- filters */

static bool reaches(const eff_log_record_t *record, eff_value_t minimum)
{
    return (int64_t)record->level >= eff_as_int(minimum);
}

static eff_t *filter_log(eff_logger_t *logger, const eff_log_record_t *record)
{
    const struct around *a = (const struct around *)(const void *)logger;
    return a->passes(record, a->env) ? eff__logger_log(first_of(logger), record) : eff_noop();
}

static eff_log_level_t filter_level(const eff_logger_t *logger)
{
    return (eff_log_level_t)eff_as_int(((const struct around *)(const void *)logger)->env);
}

/* The env is a filter without its Logger. */
static eff_t *make_filter(eff_value_t inner, eff_value_t env)
{
    const struct around *plan = log_around_of(env);
    eff_logger_t logger = { .size = sizeof logger, .log = filter_log, .flush = around_flush, .reopen = around_reopen };
    if (plan->passes == reaches) logger.level = filter_level;
    else if (eff__logger_level(eff__service_of(inner)) >= 0) logger.level = level_of_first;
    eff_value_t first = eff_value_incref(inner), own = eff_value_incref(plan->env);
    return eff_succeed_at(NULL, EFF_ENV(log_around, .logger = logger, .first = first, .second = eff_unit,
                                        .passes = plan->passes, .env = own));
}

static eff_layer_t *filtered(eff_layer_t *inner, const char *builder, eff_log_filter_fn passes, eff_value_t env)
{
    static const eff_tag_t *const needs[] = { &eff_logger_tag, NULL };
    eff_value_t plan = EFF_ENV(log_around, .first = eff_unit, .second = eff_unit, .passes = passes, .env = env);
    return around(inner, builder, needs, make_filter, plan);
}

eff_layer_t *eff_logger_filter(eff_layer_t *inner, eff_log_filter_fn passes, eff_value_t env)
{
    if (!passes) {
        eff_layer_decref(inner);
        return opened("eff_logger_filter", eff__refuse_fn(NULL, "eff_logger_filter", 2, "passes", eff_noop(), 1, &env));
    }
    return filtered(inner, "eff_logger_filter", passes, env);
}

eff_layer_t *eff_logger_level(eff_layer_t *inner, eff_log_level_t minimum)
{
    return filtered(inner, "eff_logger_level", reaches, eff_int(minimum));
}

/* ---- in the background */

EFF_STATIC_TYPE(batch_options, eff_logger_batch_options_t);

static eff_t *make_batch(eff_value_t inner, eff_value_t env)
{
    return eff__logger_open_batch(eff_value_incref(inner), batch_options_of(env));
}

eff_layer_t *eff_logger_batched(eff_layer_t *inner, const eff_logger_batch_options_t *options)
{
    /* its fiber waits by the Clock, and what is below prints to the Console */
    static const eff_tag_t *const needs[] = { &eff_logger_tag, &eff_console_tag, &eff_clock_tag, NULL };
    eff_value_t plan = batch_options_make(eff__logger_batch_options(options));
    return around(inner, "eff_logger_batched", needs, make_batch, plan);
}

/* ---- two of them: each is the Logger of a layer of its own, so each gets another tag */

static const eff_tag_t first_tag = { "first logger", NULL }, second_tag = { "second logger", NULL };

static eff_t *tee_log(eff_logger_t *logger, const eff_log_record_t *record)
{
    eff_t *first = eff_ignore_cause_at(NULL, eff__logger_log(first_of(logger), record));
    return eff_then_at(NULL, first, eff__logger_log(second_of(logger), record));
}
static eff_t *tee_flush(eff_logger_t *logger)
{
    return eff_then_at(NULL, eff__logger_flush(first_of(logger)), eff__logger_flush(second_of(logger)));
}
/* The second too when the first cannot be: each has its own file. */
static eff_t *tee_reopen(eff_logger_t *logger)
{
    return eff_ensuring_at(NULL, eff__logger_reopen(first_of(logger)), eff__logger_reopen(second_of(logger)));
}

static eff_log_level_t tee_level(const eff_logger_t *logger)
{
    const struct around *a = (const struct around *)(const void *)logger;
    int first = eff__logger_level(eff__service_of(a->first)), second = eff__logger_level(eff__service_of(a->second));
    return (eff_log_level_t)(first < second ? first : second);
}

static eff_t *make_tee(eff_value_t context, eff_value_t env)
{
    (void)env;
    eff_logger_t logger = { .size = sizeof logger, .log = tee_log, .flush = tee_flush, .reopen = tee_reopen };
    eff_value_t first = eff_value_incref(eff_context_get(eff_as_context(context), &first_tag));
    eff_value_t second = eff_value_incref(eff_context_get(eff_as_context(context), &second_tag));
    if (!eff__value_usable(first) || !eff__value_usable(second)) return eff_out_of_memory();
    bool levels = eff__logger_level(eff__service_of(first)) >= 0 && eff__logger_level(eff__service_of(second)) >= 0;
    if (levels) logger.level = tee_level;
    return eff_succeed_at(NULL,
                          EFF_ENV(log_around, .logger = logger, .first = first, .second = second, .env = eff_unit));
}

eff_layer_t *eff_logger_tee(eff_layer_t *first, eff_layer_t *second)
{
    static const eff_tag_t *const needs[] = { &first_tag, &second_tag, NULL };
    if (!first || !second) return eff__layer_of_null(NULL, "eff_logger_tee", first, second);
    eff_layer_t *both[] = { eff__layer_renamed(first, &eff_logger_tag, &first_tag),
                            eff__layer_renamed(second, &eff_logger_tag, &second_tag) };
    eff_t *open = eff_flat_map_at(NULL, eff_context(), make_tee, eff_unit);
    eff_layer_t *tee = eff_layer_effect_at(NULL, &eff_logger_tag, open, needs);
    return eff__layer_named(NULL, eff_layer_provide_at(NULL, tee, eff_layer_merge_at(NULL, 2, both)), "eff_logger_tee");
}
