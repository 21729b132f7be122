/* What is said of a field that cannot be read. */
#include <string.h>

#include "layers/config_json.h"
#include "layers/config_reader.h"
#include "layers/config_schema.h"

static void problem_at(struct eff__config_reader *r, const struct eff__config_source *s, size_t *ret_rank,
                       int *ret_line)
{
    for (*ret_rank = 0; eff__config_source_at(r->snapshot, *ret_rank) != s;)
        ++*ret_rank;
    *ret_line = eff__config_problem_begin(s, eff_buffer_text(&r->path), &r->text);
}

/* Ends the text that problem_at began. */
static void problem(struct eff__config_reader *r, size_t rank, int line)
{
    eff__config_problems_add(&r->problems, rank, line, &r->text);
}

/* Whether there is no room for another; then it is only counted. */
static bool only_count(struct eff__config_reader *r)
{
    if (!eff__config_problems_full(&r->problems)) return false;
    eff_buffer_clear(&r->text);
    eff__config_problems_add(&r->problems, 0, 0, &r->text);
    return true;
}

static void add_quoted(eff_buffer_t *out, const char *text, size_t n)
{
    eff_buffer_add(out, "\"");
    eff__config_add_shown(out, text, n, EFF__CONFIG_SHOWN_VALUE);
    eff_buffer_add(out, "\"");
}

static void add_json_glimpse(eff_buffer_t *out, const json_t *json, bool secret)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT: eff_buffer_add(out, "an object"); break;
    case JSON_ARRAY: eff_buffer_printf(out, "an array of %zu", json_array_size(json)); break;
    case JSON_STRING:
        eff_buffer_add(out, secret ? "a string" : "the string ");
        if (!secret) add_quoted(out, json_string_value(json), json_string_length(json));
        break;
    case JSON_INTEGER:
        if (secret) eff_buffer_add(out, "a number");
        else eff_buffer_printf(out, "%lld", (long long)json_integer_value(json));
        break;
    case JSON_REAL:
        if (secret) eff_buffer_add(out, "a number");
        else eff_value_format(eff_double(json_real_value(json)), out);
        break;
    case JSON_TRUE:
    case JSON_FALSE: eff_buffer_add(out, secret ? "a truth" : json_is_true(json) ? "true" : "false"); break;
    case JSON_NULL: eff_buffer_add(out, "null"); break;
    }
}

/* What was found is not what the field takes. */
void eff__config_unfit(struct eff__config_reader *r, const eff_config_field_t *field,
                       const struct eff__config_found *found, enum eff__config_parsed why)
{
    if (only_count(r)) return;
    size_t rank;
    int line;
    problem_at(r, found->source, &rank, &line);
    eff_buffer_add(&r->text, "expected ");
    eff__config_expected_instead(field, why, &r->text);
    if (found->json) {
        eff_buffer_add(&r->text, ", got ");
        add_json_glimpse(&r->text, found->json, field->secret);
    } else if (!field->secret) {
        eff_buffer_add(&r->text, ", got ");
        add_quoted(&r->text, found->text, found->n_text);
    }
    if (field->kind == EFF_CONFIG_KIND_LIST && !found->json) {
        eff_buffer_t inner = EFF_BUFFER_INIT;
        eff_buffer_add(&inner, eff_buffer_text(&r->path));
        eff__config_inner_path(field, &inner);
        eff_buffer_add(&r->text, "; its items are ");
        eff__config_name(found->source, eff_buffer_text(&inner), &r->text);
        if (inner.truncated) r->out_of_memory = true;
        eff_buffer_done(&inner);
    }
    if (why == EFF__WITHOUT_UNIT) eff_buffer_add(&r->text, ", which has no unit");
    problem(r, rank, line);
}

void eff__config_missing(struct eff__config_reader *r, const eff_config_field_t *field, int only)
{
    r->problems.n_missing++;
    if (only_count(r)) return;
    const char *path = eff_buffer_text(&r->path);
    if (only != EFF__CONFIG_ANY_SOURCE) {
        size_t rank;
        int line;
        problem_at(r, eff__config_source_at(r->snapshot, (size_t)only), &rank, &line);
        eff_buffer_add(&r->text, "missing");
        problem(r, rank, line);
        return;
    }
    eff__config_add_name(&r->text, path);
    eff_buffer_add(&r->text, r->n_sources ? ": missing; looked for " : ": missing; this Config has no source");
    eff_buffer_t name = EFF_BUFFER_INIT; /* of a list, or struct, what it is made of has one */
    eff_buffer_add(&name, path);
    if (field) eff__config_inner_path(field, &name);
    for (int i = 0; i < r->n_sources; i++) {
        const struct eff__config_source *s = eff__config_source_at(r->snapshot, (size_t)i);
        if (i > 0) eff_buffer_add(&r->text, ", ");
        switch (s->sort) {
        case EFF__CONFIG_JSON:
            eff_buffer_add(&r->text, "in ");
            eff__config_add_file(&r->text, eff_as_string(s->name));
            if (!s->document) eff_buffer_add(&r->text, " (not there)");
            break;
        case EFF__CONFIG_MEMORY: eff_buffer_add(&r->text, "in memory"); break;
        case EFF__CONFIG_ENVIRONMENT:
        case EFF__CONFIG_ARGUMENTS:
            eff_buffer_add(&r->text, s->sort == EFF__CONFIG_ENVIRONMENT ? "as environment " : "as ");
            eff__config_name(s, eff_buffer_text(&name), &r->text);
            break;
        }
    }
    if (name.truncated) r->out_of_memory = true;
    eff_buffer_done(&name);
    problem(r, (size_t)r->n_sources, 0);
}

/* What a check said, if it did. found NULL: about a default, or a whole struct. */
void eff__config_said(struct eff__config_reader *r, eff_buffer_t *words, const struct eff__config_found *found)
{
    if (words->truncated) r->out_of_memory = true;
    if (words->size > 0 && !only_count(r)) {
        size_t rank = (size_t)r->n_sources;
        int line = 0;
        if (found) {
            problem_at(r, found->source, &rank, &line);
        } else if (r->path.size > 0) {
            eff__config_add_name(&r->text, eff_buffer_text(&r->path));
            eff_buffer_add(&r->text, ": ");
        }
        eff_buffer_add_escaped(&r->text, eff_buffer_text(words), words->size);
        problem(r, rank, line);
    }
    eff_buffer_done(words);
}
