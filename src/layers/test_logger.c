/* TestLogger: a Logger that keeps the records, and a line of text for each. */
#include <effect/layer.h>
#include <effect/logger.h>

#include "core/build.h"
#include "layers/layer.h"
#include "layers/log_record.h"

struct eff_test_logger {
    eff_logger_t logger; /* first: the value's payload is the service */
    const eff_log_record_t **records;
    size_t n, size; /* how many there are, and how many fit */
    eff_buffer_t text;
};

static void logger_drop(void *payload)
{
    eff_test_logger_t *t = payload;
    eff_test_logger_clear(t);
    eff__raw_free(t->records);
    eff_buffer_done(&t->text);
}
static const eff_type_t logger_type = {
    .size = sizeof(eff_test_logger_t), .name = "test logger", .drop = logger_drop, .flags = EFF_TYPE_COUNTED
};

static bool has_room(eff_test_logger_t *t)
{
    if (t->n < t->size) return true;
    size_t size = t->size ? 2 * t->size : 16;
    const eff_log_record_t **records = eff__realloc(t->records, size * sizeof(const eff_log_record_t *));
    if (!records) return false;
    t->records = records;
    t->size = size;
    return true;
}

/* All of the line, or nothing. */
static bool add_line(eff_test_logger_t *t, const eff_log_record_t *record)
{
    size_t before = t->text.size;
    eff_buffer_printf(&t->text, "%s ", eff_log_level_name(record->level));
    eff__log_add_message(record, &t->text);
    eff_buffer_add(&t->text, "\n");
    if (!t->text.truncated) return true;
    t->text.truncated = false;
    t->text.size = before;
    if (t->text.text) t->text.text[before] = '\0';
    return false;
}

/* The env is the pair of the logger and the record: both live until this has ended. */
static eff_t *keep(eff_value_t both)
{
    eff_test_logger_t *t = eff_as_ptr(eff_first(both));
    const eff_log_record_t *record = has_room(t) ? eff_log_record_keep(eff_as_ptr(eff_second(both))) : NULL;
    if (!record || !add_line(t, record)) {
        eff_log_record_decref(record);
        return eff_out_of_memory();
    }
    t->records[t->n++] = record;
    return eff_noop();
}

static eff_t *test_log(eff_logger_t *logger, const eff_log_record_t *record)
{
    return eff_suspend_at(NULL, keep, eff_pair(eff_ptr(logger), eff_ptr(record)));
}

eff_test_logger_t *eff_test_logger_new(void)
{
    eff_test_logger_t *t = eff__payload_alloc(&logger_type, sizeof *t);
    if (t) *t = (eff_test_logger_t){ .logger = { .size = sizeof(eff_logger_t), .log = test_log } };
    return t;
}

eff_test_logger_t *eff_test_logger_incref(eff_test_logger_t *t)
{
    return t ? eff__payload_retain(t) : NULL;
}

void eff_test_logger_decref(eff_test_logger_t *t)
{
    if (t) eff_value_decref((eff_value_t){ .type = &logger_type, .ptr = t });
}

eff_value_t eff_test_logger_value(eff_test_logger_t *t)
{
    if (!t) return eff_oom_value();
    return (eff_value_t){ .type = &logger_type, .ptr = eff_test_logger_incref(t) };
}

eff_layer_t *eff_test_logger(eff_test_logger_t *t)
{
    return eff__layer_named(NULL, eff_layer_succeed(&eff_logger_tag, eff_test_logger_value(t)), "eff_test_logger");
}

size_t eff_test_logger_size(const eff_test_logger_t *t)
{
    return t ? t->n : 0;
}

const eff_log_record_t *eff_test_logger_at(const eff_test_logger_t *t, size_t i)
{
    return t && i < t->n ? t->records[i] : NULL;
}

const char *eff_test_logger_text(const eff_test_logger_t *t)
{
    return t ? eff_buffer_text(&t->text) : "";
}

void eff_test_logger_clear(eff_test_logger_t *t)
{
    if (!t) return;
    while (t->n > 0)
        eff_log_record_decref(t->records[--t->n]);
    eff_buffer_clear(&t->text);
}
