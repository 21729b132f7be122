/* Lines for an effect to write: stderr, or what the user has. What it fails to write is counted, and told of by a line
 * in front of what comes next. */
#include <effect/async.h>
#include <effect/console.h>
#include <effect/finish.h>
#include <effect/recover.h>
#include <effect/transform.h>

#include "core/build.h"
#include "layers/console.h"
#include "layers/log_line.h"
#include "layers/log_open.h"

struct lines {
    struct eff__line_logger line; /* first: what the service is */
    eff_bind_fn write;
    eff_value_t env;
    uint64_t n_lost; /* messages, since it was told of last */
};
static void lines_clear(struct lines *l)
{
    eff_value_decref(l->env);
}
EFF_STATIC_TYPE(log_lines, struct lines, .drop = lines_clear);

/* A text on its way. */
struct writing {
    eff_value_t lines; /* keeps the Logger */
    eff_value_t text;
    uint64_t n;      /* messages in it */
    uint64_t n_told; /* of those lost before, how many it tells of */
};
static void writing_clear(struct writing *w)
{
    eff_value_decref(w->lines);
    eff_value_decref(w->text);
}
EFF_STATIC_TYPE(log_writing, struct writing, .drop = writing_clear);

/* The text, with the notice of what was lost before it, if there is any to tell and memory for it. Returns new. */
static eff_value_t with_notice(struct writing *w)
{
    const struct lines *l = log_lines_of(w->lines);
    const eff_log_record_t *notice = l->n_lost ? eff__log_notice(l->n_lost, NULL) : NULL;
    if (!notice) return eff_value_incref(w->text);
    eff_value_t line = eff__log_line(l->line.format, notice);
    eff_log_record_decref(notice);
    if (!eff__value_usable(line)) return eff_value_incref(w->text);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_add_n(&text, eff_as_string(line), eff_string_size(line));
    eff_buffer_add(&text, "\n");
    eff_buffer_add_n(&text, eff_as_string(w->text), eff_string_size(w->text));
    eff_value_t both = text.truncated ? eff_oom_value() : eff_string_n(eff_buffer_text(&text), text.size);
    eff_buffer_done(&text);
    eff_value_decref(line);
    if (!eff__value_usable(both)) return eff_value_incref(w->text);
    w->n_told = l->n_lost;
    return both;
}

static eff_t *use(eff_value_t text, eff_value_t writing)
{
    const struct lines *l = log_lines_of(log_writing_of(writing)->lines);
    return l->write(text, l->env);
}

static void nothing(eff_value_t text, const eff_exit_t *exit, eff_value_t env)
{
    (void)text, (void)exit, (void)env;
}

static eff_t *written(eff_value_t v, eff_value_t writing)
{
    (void)v;
    const struct writing *w = log_writing_of(writing);
    log_lines_of(w->lines)->n_lost -= w->n_told;
    return eff_noop();
}

static eff_t *lost(const eff_cause_t *cause, eff_value_t writing)
{
    const struct writing *w = log_writing_of(writing);
    (void)cause;
    log_lines_of(w->lines)->n_lost += w->n;
    return eff_noop();
}

static eff_t *begin(eff_value_t writing)
{
    eff_value_t text = with_notice(log_writing_of(writing));
    /* A bracket: both arguments of `write` live until its effect has ended. */
    eff_t *e = eff_acquire_use_release_at(NULL, eff_succeed_at(NULL, text), use, nothing, eff_value_incref(writing));
    e = eff_flat_map_at(NULL, e, written, eff_value_incref(writing));
    return eff_catch_cause_at(NULL, e, lost, eff_value_incref(writing));
}

static eff_t *lines_write(struct eff__line_logger *l, eff_value_t text, uint64_t n, bool in_background)
{
    (void)in_background;
    eff_value_t lines = log_lines_value(log_lines_incref((struct lines *)(void *)l));
    return eff_suspend_at(NULL, begin, EFF_ENV(log_writing, .lines = lines, .text = text, .n = n));
}

static const struct eff__line_ops lines_ops = { .write = lines_write };

static eff_value_t lines_of_format(eff_log_format_fn format, const struct eff__line_ops *ops, eff_bind_fn write,
                                   eff_value_t env)
{
    if (!eff__value_usable(env)) return env;
    struct eff__line_logger line = { eff__line_service(), ops, format };
    return EFF_ENV(log_lines, .line = line, .write = write, .env = env);
}

eff_value_t eff__logger_lines(eff_log_format_fn format, eff_bind_fn write, eff_value_t env)
{
    return lines_of_format(format, &lines_ops, write, env);
}

eff_value_t eff__logger_lines_of(eff_value_t plan)
{
    const struct lines *l = log_lines_of(plan);
    eff_value_t env = eff_value_incref(l->env);
    return EFF_ENV(log_lines, .line = l->line, .write = l->write, .env = env);
}

/* ---- stderr */

static eff_t *print(eff_value_t text, eff_value_t env)
{
    (void)env;
    return eff_print_error_line_at(NULL, eff_value_incref(text));
}

static bool print_now(struct eff__line_logger *l, const char *text, size_t n)
{
    (void)l;
    if (n == 0) return true;
    eff_value_t line = eff_printf("%.*s\n", (int)n, text);
    bool ok = eff__value_usable(line) && eff__console_write_now(EFF_CONSOLE_ERROR, line);
    eff_value_decref(line);
    return ok;
}

const struct eff__line_ops eff__stderr_ops = { .write = lines_write, .write_now = print_now };

eff_value_t eff__logger_stderr(eff_log_format_fn format)
{
    return lines_of_format(format, &eff__stderr_ops, print, eff_unit);
}
