/* Looking for mistakes in the tables of a configuration, before anything is read by them: each in a line, with the struct
 * and the field. A struct that several others have, or that has itself in a list, is looked at once. */
#include "layers/config_check.h"

#include <string.h>

#include "core/build.h"
#include "core/memory.h"
#include "layers/config_json.h"
#include "layers/config_scalar.h"
#include "layers/config_schema.h"

struct check {
    eff_buffer_t *out;
    size_t n_problems;
    bool out_of_memory;
    const eff_config_schema_t *schema;   /* the one that is looked at */
    const eff_config_schema_t **schemas; /* that were met: owned */
    size_t n_schemas, n_capacity;
};

/* ---- words */

/* Begins a line, about a text of the field's. */
static void begin(struct check *k, const eff_config_field_t *field, const char *what, const char *text)
{
    k->n_problems++;
    eff_buffer_printf(k->out, "%s: the %s of the configuration field \"%s\"", k->schema->name, what, field->path);
    if (!text || field->secret) return;
    eff_buffer_add(k->out, ", \"");
    eff__config_add_shown(k->out, text, strlen(text), EFF__CONFIG_SHOWN_VALUE);
    eff_buffer_add(k->out, "\",");
}

/* ---- the texts of a field */

static enum eff__config_parsed parse(struct check *k, const eff_config_field_t *field, const char *text,
                                     struct eff__config_scalar *ret)
{
    *ret = (struct eff__config_scalar){ 0 };
    enum eff__config_parsed parsed = eff__config_from_text(field, text, strlen(text), ret);
    if (parsed == EFF__PARSE_NO_MEMORY) k->out_of_memory = true;
    json_decref(ret->json);
    ret->json = NULL;
    return parsed;
}

static bool is_list(const eff_config_field_t *field)
{
    return field->kind == EFF_CONFIG_KIND_STRINGS || field->kind == EFF_CONFIG_KIND_LIST;
}

static void check_default(struct check *k, const eff_config_field_t *field)
{
    struct eff__config_scalar v;
    if (!field->otherwise || field->schema) return;
    enum eff__config_parsed parsed = EFF__PARSED;
    if (field->kind == EFF_CONFIG_KIND_STRINGS) {
        if (!eff__config_count_fits(field, eff__config_count_pieces(field->otherwise))) parsed = EFF__OUT_OF_RANGE;
    } else {
        parsed = parse(k, field, field->otherwise, &v);
        if (parsed == EFF__PARSED) parsed = eff__config_check_limits(field, &v);
    }
    if (parsed == EFF__PARSED || parsed == EFF__PARSE_NO_MEMORY) return;
    begin(k, field, "default", field->otherwise);
    if (parsed != EFF__WITHOUT_UNIT) {
        eff_buffer_add(k->out, " is not what the field takes: ");
        eff__config_expected_instead(field, parsed, k->out);
    }
    eff_buffer_add(k->out, parsed == EFF__WITHOUT_UNIT ? " has no unit\n" : "\n");
}

static bool check_limit(struct check *k, const eff_config_field_t *field, const eff_config_field_t *as,
                        const char *what, const char *text)
{
    struct eff__config_scalar v;
    enum eff__config_parsed parsed = text ? parse(k, as, text, &v) : EFF__PARSED;
    if (parsed == EFF__PARSED || parsed == EFF__PARSE_NO_MEMORY) return parsed == EFF__PARSED;
    begin(k, field, what, text);
    eff_buffer_add(k->out, is_list(field) ? " is no number of items\n" : " is not what the field takes\n");
    return false;
}

/* Whether they are such that a value can be within them. */
static bool check_limits(struct check *k, const eff_config_field_t *field)
{
    const eff_config_field_t count = { .kind = EFF_CONFIG_KIND_INT, .path = field->path, .max = field->max };
    const eff_config_field_t *as = is_list(field) ? &count : field;
    struct eff__config_scalar least;
    if (!is_list(field) && !eff__config_has_limits(field)) return true;
    bool min = check_limit(k, field, as, "min", field->min), max = check_limit(k, field, as, "max", field->max);
    if (!min || !max) return false;
    if (!field->min || parse(k, as, field->min, &least) != EFF__PARSED) return true;
    if (eff__config_check_limits(as, &least) != EFF__OUT_OF_RANGE) return true;
    begin(k, field, "min", field->min);
    eff_buffer_add(k->out, " is more than it may be at most\n");
    return false;
}

static void check_unit(struct check *k, const eff_config_field_t *field)
{
    struct eff__config_scalar v;
    if (field->kind != EFF_CONFIG_KIND_DURATION || !field->unit || parse(k, field, "1", &v) == EFF__PARSED) return;
    begin(k, field, "unit", field->unit);
    eff_buffer_add(k->out, " is none\n");
}

/* ---- all of them */

/* It will be looked at, if it was not met before. */
static void meet(struct check *k, const eff_config_schema_t *schema)
{
    for (size_t i = 0; i < k->n_schemas; i++)
        if (k->schemas[i] == schema) return;
    if (k->n_schemas == k->n_capacity) {
        size_t capacity = k->n_capacity ? 2 * k->n_capacity : 8;
        void *more = eff__realloc(k->schemas, capacity * sizeof *k->schemas);
        if (!more) {
            k->out_of_memory = true;
            return;
        }
        k->schemas = more;
        k->n_capacity = capacity;
    }
    k->schemas[k->n_schemas++] = schema;
}

static void check_all(struct check *k, const eff_config_schema_t *schema)
{
    meet(k, schema);
    for (size_t i = 0; i < k->n_schemas; i++) {
        k->schema = k->schemas[i];
        for (size_t at = 0; at < k->schema->n_fields; at++) {
            const eff_config_field_t *field = &k->schema->fields[at];
            check_unit(k, field);
            if (check_limits(k, field)) check_default(k, field);
            if (field->schema) meet(k, field->schema);
        }
    }
    eff__raw_free(k->schemas);
    k->out_of_memory |= k->out->truncated;
}

size_t eff_config_check(const eff_config_schema_t *schema, eff_buffer_t *out)
{
    eff_buffer_t nowhere = EFF_BUFFER_INIT;
    struct check k = { .out = out ? out : &nowhere };
    if (!schema) {
        k.n_problems = 1;
        eff_buffer_add(k.out, "the schema is NULL\n");
    } else {
        check_all(&k, schema);
    }
    if (k.out_of_memory) {
        k.n_problems++;
        eff_buffer_add(k.out, "out of memory: not everything was looked at\n");
    }
    eff_buffer_done(&nowhere);
    return k.n_problems;
}

eff_t *eff__config_mistake(eff_site_t site, const eff_config_schema_t *schema)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    struct check k = { .out = &text };
    check_all(&k, schema);
    eff_t *e = NULL;
    int first = (int)strcspn(eff_buffer_text(&text), "\n");
    if (k.out_of_memory) e = eff_out_of_memory();
    else if (k.n_problems == 1) e = eff__mistake_at(site, "%.*s", first, eff_buffer_text(&text));
    else if (k.n_problems > 1)
        e = eff__mistake_at(site, "%.*s, and %zu more, which eff_config_check tells", first, eff_buffer_text(&text),
                            k.n_problems - 1);
    eff_buffer_done(&text);
    return e;
}
