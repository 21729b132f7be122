/* Loggers as effects that make them: what their layers are built of. Each succeeds with the service as a value; what it
 * needs besides belongs to the scope around it. */
#ifndef EFF_LAYERS_LOG_OPEN_H
#define EFF_LAYERS_LOG_OPEN_H

#include <effect/logger.h>

/* Borrows the options. */
eff_t *eff__logger_open_file(const eff_logger_file_options_t *given);
/* Writes in the background what a Logger, as a value, is to log. Consumes value; the options are complete. */
eff_t *eff__logger_open_batch(eff_value_t value, const eff_logger_batch_options_t *options);
/* With the defaults for what is not given; NULL is fine. */
eff_logger_batch_options_t eff__logger_batch_options(const eff_logger_batch_options_t *given);

/* Plans of Loggers, as values: they count what they lose, so each opening makes one of its own. */
eff_value_t eff__logger_lines(eff_log_format_fn format, eff_bind_fn write, eff_value_t env); /* consumes env */
eff_value_t eff__logger_stderr(eff_log_format_fn format);
/* The Logger of such a plan, which is borrowed. */
eff_value_t eff__logger_lines_of(eff_value_t plan);

#endif
