/* The options of a command line, as --help tells them: a row for each path, in two columns.
 *
 *       -p, --server.port=N    where it listens (1 to 65535; default 8080)
 *                              [APP_SERVER_PORT]
 *     ^ option                 ^ about, in lines of its own
 */
#include <string.h>

#include <effect/log.h>

#include "layers/config_schema.h"
#include "layers/config_text.h"

const eff_config_name_t eff_config_log_levels[] = {
    { "trace", EFF_LOG_TRACE }, { "debug", EFF_LOG_DEBUG }, { "info", EFF_LOG_INFO }, { "warn", EFF_LOG_WARN },
    { "error", EFF_LOG_ERROR }, { "fatal", EFF_LOG_FATAL }, { "off", EFF_LOG_OFF },   { NULL, 0 },
};

enum {
    COLUMNS = 80,     /* when nothing is said */
    WIDEST = 36,      /* of the first column; what is wider has a line of its own */
    LEAST_ABOUT = 24, /* of the second, however narrow the whole should be */
};

/* ---- the first column */

static const char *what_it_takes(const eff_config_field_t *field)
{
    if (field->secret) return "=SECRET";
    switch (field->kind) {
    case EFF_CONFIG_KIND_BOOL: return "";
    case EFF_CONFIG_KIND_INT: return "=N";
    case EFF_CONFIG_KIND_DOUBLE: return "=NUMBER";
    case EFF_CONFIG_KIND_DURATION: return "=TIME";
    case EFF_CONFIG_KIND_SIZE: return "=BYTES";
    case EFF_CONFIG_KIND_ENUM: return "=NAME";
    case EFF_CONFIG_KIND_STRINGS: return "=A,B";
    case EFF_CONFIG_KIND_JSON: return "=JSON";
    case EFF_CONFIG_KIND_STRING:
    case EFF_CONFIG_KIND_SECRET:
    case EFF_CONFIG_KIND_STRUCT:
    case EFF_CONFIG_KIND_LIST: break;
    }
    return "=TEXT";
}

static void add_option(const eff_config_field_t *field, const char *path, bool letters, eff_buffer_t *out)
{
    eff_buffer_add(out, "  ");
    if (field->letter) eff_buffer_printf(out, "-%c, ", field->letter);
    else if (letters) eff_buffer_add(out, "    ");
    eff_buffer_printf(out, "--%s%s", path, what_it_takes(field));
}

/* ---- the second column */

/* Facts stand behind one another, with semicolons between them. */
static void next_fact(eff_buffer_t *out)
{
    if (out->size > 0) eff_buffer_add(out, "; ");
}

static void add_range(const eff_config_field_t *field, eff_buffer_t *out)
{
    if (field->min && field->max) eff_buffer_printf(out, "%s to %s", field->min, field->max);
    else if (field->min) eff_buffer_printf(out, "at least %s", field->min);
    else if (field->max) eff_buffer_printf(out, "at most %s", field->max);
    if (field->kind == EFF_CONFIG_KIND_STRINGS && (field->min || field->max)) eff_buffer_add(out, " of them");
}

static void add_names(const eff_config_field_t *field, eff_buffer_t *out)
{
    eff_buffer_add(out, "one of ");
    for (const eff_config_name_t *n = field->names; n->name; n++)
        eff_buffer_printf(out, "%s%s", n == field->names ? "" : ", ", n->name);
}

/* That a flag is not set until it is given goes without saying. */
static bool is_plain_flag(const eff_config_field_t *field)
{
    bool set = true;
    if (field->kind != EFF_CONFIG_KIND_BOOL || !field->otherwise) return false;
    (void)eff__config_parse_bool(field->otherwise, strlen(field->otherwise), &set);
    return !set;
}

static void add_facts(const eff_config_field_t *field, eff_buffer_t *out)
{
    if (field->kind == EFF_CONFIG_KIND_ENUM) add_names(field, out);
    else add_range(field, out);
    if (out->size == 0 && !field->otherwise && field->kind == EFF_CONFIG_KIND_DURATION)
        eff_buffer_add(out, "such as 1m 30s");
    if (out->size == 0 && !field->otherwise && field->kind == EFF_CONFIG_KIND_SIZE)
        eff_buffer_add(out, "such as 64 KiB");
    if (!field->otherwise && !field->optional) {
        next_fact(out);
        eff_buffer_add(out, "required");
    } else if (field->otherwise && !is_plain_flag(field)) {
        next_fact(out);
        const char *text = field->secret ? "<secret>" : *field->otherwise ? field->otherwise : "\"\"";
        eff_buffer_printf(out, "default %s", text);
    }
}

static void add_about(const eff_config_field_t *field, const char *path, const char *prefix, eff_buffer_t *out)
{
    eff_buffer_t facts = EFF_BUFFER_INIT;
    add_facts(field, &facts);
    if (field->help) eff_buffer_add(out, field->help);
    if (facts.size > 0) eff_buffer_printf(out, field->help ? " (%s)" : "%s", eff_buffer_text(&facts));
    if (facts.truncated) out->truncated = true;
    eff_buffer_done(&facts);
    if (!prefix) return;
    eff_buffer_add(out, out->size > 0 ? " [" : "[");
    eff__config_environment_name(prefix, path, out);
    eff_buffer_add(out, "]");
}

/* ---- the columns */

/* Characters of n bytes: of UTF-8, each has one byte that does not continue another. */
static size_t width_of(const char *text, size_t n)
{
    size_t width = 0;
    for (size_t i = 0; i < n; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

static void add_blanks(eff_buffer_t *out, size_t n)
{
    while (n-- > 0)
        eff_buffer_add(out, " ");
}

/* Adds words from column `left` on, to which the line is filled up already; ends the last line. Lines of the text's own
 * are words apart, and no more: they would begin in the first column. */
static void add_wrapped(const char *text, size_t left, size_t columns, eff_buffer_t *out)
{
    static const char blanks[] = " \t\r\n";
    size_t room = columns > left + LEAST_ABOUT ? columns - left : LEAST_ABOUT, used = 0;
    text += strspn(text, blanks);
    while (*text) {
        size_t n = strcspn(text, blanks), width = width_of(text, n);
        if (used > 0 && used + 1 + width > room) {
            eff_buffer_add(out, "\n");
            add_blanks(out, left);
            used = 0;
        } else if (used > 0) {
            eff_buffer_add(out, " ");
            used++;
        }
        eff_buffer_add_n(out, text, n);
        used += width;
        text += n;
        text += strspn(text, blanks);
    }
    eff_buffer_add(out, "\n");
}

/* Where the second column begins, and whether any option has a letter; *ret_cut: it could not be found out. */
static size_t measure(const eff_config_schema_t *schema, bool *ret_letters, bool *ret_cut)
{
    struct eff__config_walk walk;
    char *record;
    const eff_config_field_t *field;
    size_t widest = 0;
    eff__config_walk_init(&walk, schema, NULL);
    while ((field = eff__config_walk_next(&walk, &record))) {
        size_t width = strlen("  --") + width_of(eff_buffer_text(&walk.path), walk.path.size);
        width += strlen(what_it_takes(field));
        if (width > widest && width <= WIDEST) widest = width;
        if (field->letter) *ret_letters = true;
    }
    if (walk.path.truncated) *ret_cut = true;
    eff__config_walk_done(&walk);
    return widest + (*ret_letters ? strlen("-x, ") : 0) + 2;
}

void eff_config_help(const eff_config_schema_t *schema, const char *prefix, size_t columns, eff_buffer_t *out)
{
    bool letters = false;
    size_t left = measure(schema, &letters, &out->truncated);
    struct eff__config_walk walk;
    char *record;
    const eff_config_field_t *field;
    eff_buffer_t about = EFF_BUFFER_INIT;
    eff__config_walk_init(&walk, schema, NULL);
    while (!out->truncated && (field = eff__config_walk_next(&walk, &record))) {
        const char *path = eff_buffer_text(&walk.path);
        size_t begin = out->size;
        add_option(field, path, letters, out);
        eff_buffer_clear(&about);
        add_about(field, path, prefix, &about);
        if (about.truncated) out->truncated = true;
        size_t width = out->truncated ? 0 : width_of(out->text + begin, out->size - begin);
        bool fits = width + 2 <= left;
        if (!fits && about.size > 0) eff_buffer_add(out, "\n");
        if (about.size > 0) add_blanks(out, fits ? left - width : left);
        add_wrapped(eff_buffer_text(&about), left, columns ? columns : COLUMNS, out);
    }
    if (walk.path.truncated) out->truncated = true;
    eff_buffer_done(&about);
    eff__config_walk_done(&walk);
}
