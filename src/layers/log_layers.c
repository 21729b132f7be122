/* Loggers as layers. Those around others need the Logger tag themselves: eff_layer_provide gives it to them. */
#include <effect/finish.h>
#include <effect/layer.h>
#include <effect/logger.h>
#include <effect/recover.h>
#include <effect/transform.h>

#include "core/build.h"
#include "layers/log_line.h"
#include "layers/log_open.h"
#include "runtime/runtime.h"

static eff_layer_t *ready(eff_value_t service)
{
    return eff_layer_succeed(&eff_logger_tag, service);
}

/* In descriptions of layers, what stands for the site is the name of the function that the user called. */
static eff_layer_t *opened(const char *function, eff_t *open)
{
    return eff_layer_effect_at(function, &eff_logger_tag, open, NULL);
}

/* ---- those that write */

eff_layer_t *eff_logger_live(void)
{
    return ready(eff_logger_tag.get_default());
}

/* Consumes plan. */
static eff_layer_t *of_lines(const char *function, eff_value_t plan)
{
    return eff_layer_sync_at(function, &eff_logger_tag, eff__logger_lines_of, plan);
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
    return ready(eff_logger_value(&no_logger));
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
    return ready(EFF_ENV(called_logger, .logger = logger, .fn = fn, .arg = arg));
}

/* ---- around one other: what a layer below provides is the Logger in effect as it is opened. The env of `make` is the
 * closure of what the user gave. */

static eff_t *make_around(eff_value_t context, eff_value_t env)
{
    const struct eff__closure *c = eff__closure_of(env);
    eff_value_t inner = eff_context_get(eff_as_context(context), &eff_logger_tag);
    if (!eff__value_usable(inner)) return eff_out_of_memory();
    return ((eff_bind_fn)c->fn)(inner, c->env);
}

/* Consumes inner and env. */
static eff_layer_t *around(eff_layer_t *inner, const char *builder, eff_bind_fn make, eff_value_t env)
{
    static const eff_tag_t *const needs[] = { &eff_logger_tag, NULL };
    eff_t *open = eff__derived_bind(EFF__OP_FLAT_MAP, eff_context(), (eff_any_fn)make_around,
                                    (struct eff__closure){ .builder = builder, .fn = (eff_any_fn)make, .env = env });
    return eff_layer_provide_at(NULL, eff_layer_effect_at(builder, &eff_logger_tag, open, needs), inner);
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

/* The env is a filter without its Logger. */
static eff_t *make_filter(eff_value_t inner, eff_value_t env)
{
    const struct around *plan = log_around_of(env);
    eff_logger_t logger = { .size = sizeof logger, .log = filter_log, .flush = around_flush, .reopen = around_reopen };
    eff_value_t first = eff_value_incref(inner), own = eff_value_incref(plan->env);
    return eff_succeed_at(NULL, EFF_ENV(log_around, .logger = logger, .first = first, .second = eff_unit,
                                        .passes = plan->passes, .env = own));
}

eff_layer_t *eff_logger_filter(eff_layer_t *inner, eff_log_filter_fn passes, eff_value_t env)
{
    if (!passes) {
        eff_layer_decref(inner);
        return opened("eff_logger_filter", eff__refuse_fn(NULL, "eff_logger_filter", 2, "passes", eff_noop(), 1, &env));
    }
    eff_value_t plan = EFF_ENV(log_around, .first = eff_unit, .second = eff_unit, .passes = passes, .env = env);
    return around(inner, "eff_logger_filter", make_filter, plan);
}

eff_layer_t *eff_logger_level(eff_layer_t *inner, eff_log_level_t minimum)
{
    return eff_logger_filter(inner, reaches, eff_int(minimum));
}

/* ---- in the background */

EFF_STATIC_TYPE(batch_options, eff_logger_batch_options_t);

static eff_t *make_batch(eff_value_t inner, eff_value_t env)
{
    return eff__logger_open_batch(eff_value_incref(inner), batch_options_of(env));
}

eff_layer_t *eff_logger_batched(eff_layer_t *inner, const eff_logger_batch_options_t *options)
{
    return around(inner, "eff_logger_batched", make_batch, batch_options_make(eff__logger_batch_options(options)));
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

static eff_t *make_tee(eff_value_t context, eff_value_t env)
{
    (void)env;
    eff_logger_t logger = { .size = sizeof logger, .log = tee_log, .flush = tee_flush, .reopen = tee_reopen };
    eff_value_t first = eff_value_incref(eff_context_get(eff_as_context(context), &first_tag));
    eff_value_t second = eff_value_incref(eff_context_get(eff_as_context(context), &second_tag));
    return eff_succeed_at(NULL,
                          EFF_ENV(log_around, .logger = logger, .first = first, .second = second, .env = eff_unit));
}

static eff_t *same_logger(eff_value_t context, eff_value_t env)
{
    (void)env;
    return eff_succeed_at(NULL, eff_value_incref(eff_context_get(eff_as_context(context), &eff_logger_tag)));
}

/* The Logger of a layer, under another tag. */
static eff_layer_t *under(const eff_tag_t *tag, eff_layer_t *logger)
{
    static const eff_tag_t *const needs[] = { &eff_logger_tag, NULL };
    eff_t *open = eff_flat_map_at(NULL, eff_context(), same_logger, eff_unit);
    return eff_layer_provide_at(NULL, eff_layer_effect_at("eff_logger_tee", tag, open, needs), logger);
}

eff_layer_t *eff_logger_tee(eff_layer_t *first, eff_layer_t *second)
{
    static const eff_tag_t *const needs[] = { &first_tag, &second_tag, NULL };
    eff_layer_t *both[] = { under(&first_tag, first), under(&second_tag, second) };
    eff_t *open = eff_flat_map_at(NULL, eff_context(), make_tee, eff_unit);
    return eff_layer_provide_at(NULL, eff_layer_effect_at("eff_logger_tee", &eff_logger_tag, open, needs),
                                eff_layer_merge_at(NULL, 2, both));
}
