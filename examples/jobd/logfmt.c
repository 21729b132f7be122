/* A Logger: one operation, which builds an effect. */
#include "logfmt.h"

#include <inttypes.h>

static eff_t *print_record(eff_logger_t *logger, const eff_log_record_t *record)
{
    (void)logger;
    eff_buffer_t message = EFF_BUFFER_INIT, line = EFF_BUFFER_INIT;
    int64_t ms = record->time.ns / 1000000;
    eff_value_format(record->message, &message);
    eff_buffer_printf(&line, "time=%" PRId64 ".%03d level=%s ", ms / 1000, (int)(ms % 1000),
                      eff_log_level_name(record->level));
    eff_buffer_add_escaped(&line, eff_buffer_text(&message), message.size);
    eff_t *e = eff_print_line(eff_string(eff_buffer_text(&line)));
    eff_buffer_done(&message);
    eff_buffer_done(&line);
    return e;
}

static eff_logger_t logger = { .size = sizeof(eff_logger_t), .log = print_record };

eff_t *logfmt(eff_t *e)
{
    return eff_logger_provide(e, &logger);
}
