/* JSON documents as sources. Jansson parses; what is too deep is refused before it sees it, since it recurses, and what
 * it says about an error is told without the piece of text it quotes, which may be a part of a secret.
 */
#include <stdio.h>
#include <string.h>

#include "core/build.h"
#include "layers/config_json.h"
#include "layers/config_name.h"
#include "layers/config_scan.h"
#include "layers/config_source.h"

/* ---- what is wrong with a text */

struct place {
    eff_buffer_t path;
    int line;
};

/* "app.json:3:14: services[1].tags: unexpected newline"; column 0: not told. Ends the place. */
static eff_t *refuse(const char *name, struct place *at, int column, const char *problem)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff__config_add_file(&text, name);
    eff_buffer_printf(&text, ":%d", at->line);
    if (column > 0) eff_buffer_printf(&text, ":%d", column);
    eff_buffer_add(&text, ": ");
    if (at->path.size > 0) eff_buffer_printf(&text, "%s: ", eff_buffer_text(&at->path));
    eff_buffer_add(&text, problem);
    bool cut = text.truncated || at->path.truncated;
    eff_value_t error = cut ? eff_oom_value() : eff_error(&eff_config_invalid_error, 0, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_buffer_done(&at->path);
    return eff_fail_at(NULL, error);
}

/* What a mistake is in our words; NULL: jansson's do. */
static const char *own_words(const json_error_t *error)
{
    switch ((int)json_error_code(error)) {
    case json_error_null_character:
    case json_error_null_byte_in_key: return "a NUL (\\u0000) in a string";
    case json_error_invalid_utf8: return "this is no UTF-8";
    case json_error_numeric_overflow: return "this number is too big";
    case json_error_premature_end_of_input: return "the text ends too early";
    case json_error_duplicate_key: return "this key is there twice";
    case json_error_end_of_input_expected: return "the text should have ended here";
    default: return strncmp(error->text, "invalid Unicode", 15) == 0 ? "half of a surrogate pair" : NULL;
    }
}

/* What jansson says, without what it quotes. */
static void plain_words(const json_error_t *error, char problem[JSON_ERROR_TEXT_LENGTH])
{
    const char *words = own_words(error);
    snprintf(problem, JSON_ERROR_TEXT_LENGTH, "%s", words ? words : error->text);
    char *quoted = words ? NULL : strstr(problem, " near '");
    if (quoted) *quoted = '\0';
}

static eff_t *refuse_syntax(const char *name, const char *text, size_t n, const json_error_t *error)
{
    char problem[JSON_ERROR_TEXT_LENGTH];
    plain_words(error, problem);
    struct place at = { EFF_BUFFER_INIT, 0 };
    size_t position = error->position > 0 && (size_t)error->position < n ? (size_t)error->position : n;
    eff__config_scan_path(text, position, &at.path, &at.line);
    at.line = error->line > 0 ? error->line : 1;
    return refuse(name, &at, error->column, problem);
}

static const char *type_name(const json_t *json)
{
    return json_is_array(json) ? "expected an object, got an array" : "expected an object";
}

/* ---- parsing */

/* Consumes the document. */
static eff_t *succeed_with(const char *name, const char *text, size_t n, json_t *document)
{
    struct eff__config_source *s = eff__config_source_new(EFF__CONFIG_JSON, eff_string(name));
    if (!s) {
        eff__config_wipe(document);
        json_decref(document);
        return eff_out_of_memory();
    }
    s->document = document;
    s->text = eff_secret_n(text, n);
    bool complete = !eff_is_oom(s->text);
    eff_value_t snapshot = eff__config_snapshot_of(s);
    if (complete) return eff_succeed_at(NULL, snapshot);
    eff_value_decref(snapshot);
    return eff_out_of_memory();
}

eff_t *eff__config_parse(const char *name, const char *text, size_t n)
{
    struct place at = { EFF_BUFFER_INIT, 1 };
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        return refuse(name, &at, 0, "begins with a byte order mark, which JSON has none");
    if (n > INT32_MAX) return refuse(name, &at, 0, "larger than 2 GiB");
    if (eff__config_scan_path(text, n, &at.path, &at.line) > EFF__CONFIG_MAX_DEPTH) {
        eff_buffer_clear(&at.path);
        return refuse(name, &at, 0, "nested more than 64 levels deep");
    }
    eff_buffer_done(&at.path);
    json_error_t error;
    bool no_memory;
    json_t *document = eff__config_load_json(text, n, JSON_REJECT_DUPLICATES, &error, &no_memory);
    if (no_memory) return eff_out_of_memory();
    if (!document) return refuse_syntax(name, text, n, &error);
    if (json_is_object(document)) return succeed_with(name, text, n, document);
    at = (struct place){ EFF_BUFFER_INIT, eff__config_scan_line(text, n, "", NULL) };
    eff_t *e = refuse(name, &at, 0, type_name(document));
    eff__config_wipe(document);
    json_decref(document);
    return e;
}

/* ---- forgetting */

static void wipe_string(json_t *json)
{
    if (!json_is_string(json) || json->refcount != 1) return;
    explicit_bzero((char *)(uintptr_t)json_string_value(json), json_string_length(json));
}

/* An object or array that is being walked. */
struct open {
    json_t *json;
    void *member; /* of an object: the iterator */
    size_t index; /* of an array */
};

static json_t *next_of(struct open *o)
{
    if (json_is_array(o->json)) return json_array_get(o->json, o->index++);
    if (!o->member) return NULL;
    json_t *value = json_object_iter_value(o->member);
    o->member = json_object_iter_next(o->json, o->member);
    return value;
}

/* A document that was parsed here is no deeper than EFF__CONFIG_MAX_DEPTH, so this much stack is enough. */
void eff__config_wipe(struct json_t *document)
{
    struct open stack[EFF__CONFIG_MAX_DEPTH];
    size_t depth = 0;
    if (document->refcount != 1) return;
    wipe_string(document);
    stack[depth++] = (struct open){ document, json_object_iter(document), 0 };
    while (depth > 0) {
        json_t *json = next_of(&stack[depth - 1]);
        if (!json) {
            depth--;
            continue;
        }
        wipe_string(json);
        if ((json_is_object(json) || json_is_array(json)) && json->refcount == 1 && depth < EFF__CONFIG_MAX_DEPTH)
            stack[depth++] = (struct open){ json, json_object_iter(json), 0 };
    }
}
