/* Records as text for people, and the pieces that the formats have in common. */
#include <string.h>
#include <time.h>

#include "layers/log_record.h"

enum { NS_PER_MS = 1000000, MS_PER_S = 1000 };
static const int64_t ns_per_s = (int64_t)NS_PER_MS * MS_PER_S;

/* ---- pieces */

void eff__log_add_time(struct eff__sink *s, eff_instant_t t)
{
    int64_t ms = t.ns / NS_PER_MS, in_second = (ms % MS_PER_S + MS_PER_S) % MS_PER_S;
    time_t seconds = (time_t)((ms - in_second) / MS_PER_S);
    struct tm day;
    if (!gmtime_r(&seconds, &day)) return;
    eff__sink_printf(s, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday,
                     day.tm_hour, day.tm_min, day.tm_sec, (int)in_second);
}

void eff__log_raw_text(eff_value_t v, eff_buffer_t *out)
{
    const eff_type_t *type = eff_type_of(v);
    size_t before = out->size;
    if (type == &eff_string_type) eff_buffer_add_n(out, eff_as_string(v), eff_string_size(v));
    else if (!type || type == &eff_unit_type || (type == &eff_option_type && !eff_is_some(v)))
        eff_buffer_add(out, "null");
    else {
        eff_value_format(v, out);
        if (out->size == before && !out->truncated) eff_buffer_add(out, type->name ? type->name : "nameless");
    }
}

static bool is_of_key(uint32_t c)
{
    return c != ' ' && c != '=' && c != '"' && c != '\\' && eff__is_harmless(c);
}

void eff__log_add_key(struct eff__sink *s, const char *key)
{
    size_t n = strlen(key);
    if (n == 0) eff__sink_add(s, "_");
    for (size_t i = 0; i < n;) {
        uint32_t c = 0;
        size_t size = eff__decode(key + i, n - i, &c);
        if (size && is_of_key(c)) eff__sink_add_n(s, key + i, size);
        else eff__sink_add(s, "_");
        i += size ? size : 1;
    }
}

/* What stands for a character that is not added as it is; false when it is. */
static bool add_escape(struct eff__sink *s, uint32_t c, bool is_utf8, bool quoted)
{
    if (!is_utf8) eff__sink_add(s, "\\ufffd");
    else if (quoted && (c == '"' || c == '\\')) eff__sink_printf(s, "\\%c", (int)c);
    else if (quoted && c == '\n') eff__sink_add(s, "\\n");
    else if (quoted && c == '\r') eff__sink_add(s, "\\r");
    else if (quoted && c == '\t') eff__sink_add(s, "\\t");
    else if (!eff__is_harmless(c)) eff__sink_printf(s, "\\u%04x", (unsigned)c);
    else return false;
    return true;
}

void eff__log_add_unicode(struct eff__sink *s, const char *text, size_t n, bool quoted)
{
    size_t plain = 0; /* where the bytes not yet added begin */
    for (size_t i = 0; i < n;) {
        uint32_t c = 0;
        size_t size = eff__decode(text + i, n - i, &c), next = i + (size ? size : 1);
        bool as_it_is = size && eff__is_harmless(c) && !(quoted && (c == '"' || c == '\\'));
        if (!as_it_is) {
            eff__sink_add_n(s, text + plain, i - plain);
            (void)add_escape(s, c, size != 0, quoted);
            plain = next;
        }
        i = next;
    }
    if (n > plain) eff__sink_add_n(s, text + plain, n - plain);
}

/* ---- the line */

/* Of the terminal; only where colour is asked for. */
#define DIM "\x1b[2m"
#define CYAN "\x1b[36m"
#define PLAIN "\x1b[0m"

static const char *const level_colours[] = {
    [EFF_LOG_TRACE] = DIM,       [EFF_LOG_DEBUG] = CYAN,       [EFF_LOG_INFO] = "\x1b[32m",
    [EFF_LOG_WARN] = "\x1b[33m", [EFF_LOG_ERROR] = "\x1b[31m", [EFF_LOG_FATAL] = "\x1b[1;31m",
};

struct line {
    struct eff__sink sink;
    bool colour;
};

static void paint(struct line *l, const char *code)
{
    if (l->colour) eff__sink_add(&l->sink, code);
}

static void add_level(struct line *l, eff_log_level_t level)
{
    bool known = (size_t)level < sizeof level_colours / sizeof *level_colours;
    paint(l, known ? level_colours[level] : PLAIN);
    eff__sink_printf(&l->sink, "%-5s", eff_log_level_name(level));
    paint(l, PLAIN);
}

static void add_name(struct line *l, const char *before, const char *name)
{
    eff__sink_add(&l->sink, before);
    eff__sink_escaped(&l->sink, name, strlen(name));
    eff__sink_add(&l->sink, "\"");
}

static void add_fiber(struct line *l, const eff_log_record_t *r)
{
    paint(l, DIM);
    eff__sink_printf(&l->sink, "fiber %llu", (unsigned long long)r->fiber);
    if (r->fiber_name) add_name(l, " \"", r->fiber_name);
    else if (r->fiber_ancestor) add_name(l, " in \"", r->fiber_ancestor);
    eff__sink_add(&l->sink, ":");
    paint(l, PLAIN);
    eff__sink_add(&l->sink, " ");
}

static void add_quoted(struct eff__sink *s, const char *text)
{
    eff__sink_add(s, "\"");
    for (const char *quote; (quote = strchr(text, '"')); text = quote + 1) {
        eff__sink_add_n(s, text, (size_t)(quote - text));
        eff__sink_add(s, "\\\"");
    }
    eff__sink_add(s, text);
    eff__sink_add(s, "\"");
}

static void add_field(struct line *l, eff_field_t f)
{
    eff_buffer_t raw = EFF_BUFFER_INIT, text = EFF_BUFFER_INIT;
    eff__log_raw_text(f.value, &raw);
    eff__sink_escaped(&(struct eff__sink){ .buffer = &text }, eff_buffer_text(&raw), raw.size);
    const char *shown = eff_buffer_text(&text);

    eff__sink_add(&l->sink, " ");
    paint(l, CYAN);
    eff__log_add_key(&l->sink, f.key);
    eff__sink_add(&l->sink, "=");
    paint(l, PLAIN);
    if (!*shown || strpbrk(shown, " \"=")) add_quoted(&l->sink, shown);
    else eff__sink_add(&l->sink, shown);
    if (raw.truncated || text.truncated) eff__sink_add(&l->sink, " [cut: out of memory]");
    eff_buffer_done(&raw);
    eff_buffer_done(&text);
}

/* Rounded to what a person wants to know: "250us", "12ms", "3s 400ms", "1h 5s". */
static eff_duration_t rounded(eff_duration_t d)
{
    int64_t unit = d.ns < NS_PER_MS                ? 1000
                   : d.ns < ns_per_s               ? NS_PER_MS
                   : d.ns < (int64_t)60 * ns_per_s ? (int64_t)100 * NS_PER_MS
                                                   : ns_per_s;
    return (eff_duration_t){ d.ns - d.ns % unit };
}

static void add_spans(struct line *l, const eff_log_record_t *r)
{
    paint(l, DIM);
    for (size_t i = 0; i < r->n_spans; i++) {
        eff__sink_add(&l->sink, i == 0 ? " [" : ", ");
        eff__sink_escaped(&l->sink, r->spans[i].name, strlen(r->spans[i].name));
        eff__sink_add(&l->sink, " ");
        eff_duration_format(rounded(r->spans[i].elapsed), l->sink.buffer);
    }
    if (r->n_spans) eff__sink_add(&l->sink, "]");
    paint(l, PLAIN);
}

/* The cause on lines of its own, indented. Its text is escaped already: the newlines in it are its own. */
static void add_cause(struct eff__sink *s, const eff_cause_t *cause)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(cause, &text);
    for (const char *line = eff_buffer_text(&text); line;) {
        const char *end = strchr(line, '\n');
        eff__sink_add(s, "\n    ");
        eff__sink_add_n(s, line, end ? (size_t)(end - line) : strlen(line));
        line = end ? end + 1 : NULL;
    }
    if (text.truncated) eff__sink_add(s, " [cut: out of memory]");
    eff_buffer_done(&text);
}

static void add_message(struct line *l, const eff_log_record_t *r)
{
    eff__sink_value(&l->sink, r->message, SIZE_MAX);
    for (size_t i = 0; i < r->n_fields; i++)
        add_field(l, r->fields[i]);
    add_spans(l, r);
}

void eff__log_add_message(const eff_log_record_t *record, eff_buffer_t *out)
{
    add_message(&(struct line){ .sink = { .buffer = out } }, record);
}

static void format(const eff_log_record_t *r, eff_buffer_t *out, bool colour)
{
    struct line l = { .sink = { .buffer = out }, .colour = colour };
    paint(&l, DIM);
    eff__log_add_time(&l.sink, r->time);
    paint(&l, PLAIN);
    eff__sink_add(&l.sink, " ");
    add_level(&l, r->level);
    eff__sink_add(&l.sink, " ");
    add_fiber(&l, r);
    add_message(&l, r);
    if (r->cause) add_cause(&l.sink, r->cause);
}

void eff_log_format_text(const eff_log_record_t *record, eff_buffer_t *out)
{
    format(record, out, false);
}

void eff_log_format_colour(const eff_log_record_t *record, eff_buffer_t *out)
{
    format(record, out, true);
}
