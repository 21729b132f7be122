#include "layers/config_flat.h"

#include <string.h>
#include <unistd.h>

#include "core/build.h"
#include "core/collection.h"
#include "layers/config_problem.h"
#include "layers/config_schema.h"

/* Consumes s. */
static eff_t *succeed_with(struct eff__config_source *s, bool complete)
{
    eff_value_t snapshot = eff__config_snapshot_of(s);
    if (complete) return eff_succeed_at(NULL, snapshot);
    eff_value_decref(snapshot);
    return eff_out_of_memory();
}

/* ---- the environment */

eff_t *eff__config_read_environment(const char *prefix)
{
    struct eff__config_source *s = eff__config_source_new(EFF__CONFIG_ENVIRONMENT, eff_string(prefix));
    if (!s) return eff_out_of_memory();
    size_t n = strlen(prefix);
    bool complete = true;
    for (char **e = environ; e && *e && complete; e++) {
        size_t n_name = strcspn(*e, "=");
        if (!(*e)[n_name] || (n > 0 && (n_name <= n + 1 || strncmp(*e, prefix, n) != 0 || (*e)[n] != '_'))) continue;
        const char *text = *e + n_name + 1;
        complete = eff__config_source_add(s, *e, n_name, text, strlen(text));
    }
    return succeed_with(s, complete);
}

/* ---- memory */

static eff_t *mistaken_pair(const char *builder, const char *pair)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff__config_add_shown(&text, pair, strlen(pair), EFF__CONFIG_SHOWN_VALUE);
    eff_t *e = eff__mistake_at(NULL, "%s was given \"%s\", in which there is no '='", builder, eff_buffer_text(&text));
    eff_buffer_done(&text);
    return e;
}

eff_t *eff__config_read_pairs(eff_value_t pairs, const char *name)
{
    struct eff__config_source *s = eff__config_source_new(EFF__CONFIG_MEMORY, eff_literal(""));
    if (!s) return eff_out_of_memory();
    bool complete = true;
    for (size_t i = 0; i < eff_array_size(pairs) && complete; i++) {
        const char *pair = eff_secret_reveal(eff_as_secret(eff_array_at(pairs, i))), *equals = strchr(pair, '=');
        if (!equals) {
            eff_value_decref(eff__config_snapshot_of(s));
            return mistaken_pair(name, pair);
        }
        complete = eff__config_source_add(s, pair, (size_t)(equals - pair), equals + 1, strlen(equals + 1));
    }
    return succeed_with(s, complete);
}

/* ---- arguments */

struct arguments {
    eff_value_t all;
    size_t at; /* the next to look at */
    const eff_config_schema_t *schema;
    struct eff__config_source *source;
    eff_value_t *operands; /* room for all of them */
    size_t n_operands;
    struct eff__config_problems problems;
    eff_buffer_t text; /* room for a problem, or a path */
    bool complete;
};

static const char *argument(const struct arguments *a, size_t i)
{
    return i < eff_array_size(a->all) ? eff_secret_reveal(eff_as_secret(eff_array_at(a->all, i))) : NULL;
}

/* Whether it is an option, and no number or single dash. */
static bool looks_like_option(const char *argument)
{
    return argument[0] == '-' && argument[1] && !strchr("0123456789.", argument[1]);
}

static void add_value(struct arguments *a, const char *name, size_t n_name, const char *text)
{
    a->complete = a->complete && eff__config_source_add(a->source, name, n_name, text, strlen(text));
}

/* About an argument: its name, as far as that is no value, and what is wrong. */
static void complain(struct arguments *a, const char *argument, size_t n, const char *problem)
{
    eff_buffer_clear(&a->text);
    eff__config_add_shown(&a->text, argument, n, EFF__CONFIG_SHOWN_NAME);
    eff_buffer_printf(&a->text, ": %s", problem);
    eff__config_problems_add(&a->problems, 0, 0, &a->text);
}

static void unknown(struct arguments *a, const char *option, size_t n, const struct eff__config_match *match,
                    const char *name)
{
    eff_buffer_t near = EFF_BUFFER_INIT, problem = EFF_BUFFER_INIT;
    const char *what;
    if (eff__config_no_value(match, name, &near, &what)) {
        eff_buffer_add(&problem, what);
        eff__config_name(a->source, eff_buffer_text(&near), &problem);
        eff_buffer_add(&problem, "=...");
    } else {
        eff_buffer_add(&problem, "unknown option");
        if (eff__config_nearest(match, name, &near)) {
            eff_buffer_add(&problem, "; did you mean ");
            eff__config_name(a->source, eff_buffer_text(&near), &problem);
            eff_buffer_add(&problem, "?");
        }
    }
    if (near.truncated || problem.truncated) a->complete = false;
    complain(a, option, n, eff_buffer_text(&problem));
    eff_buffer_done(&near);
    eff_buffer_done(&problem);
}

/* Behind an option that nobody knows may stand its value, which may be a secret. */
static void skip_value(struct arguments *a)
{
    const char *next = argument(a, a->at);
    if (next && !looks_like_option(next)) a->at++;
}

/* The value of an option that had none with it: the next argument. */
static void take_value(struct arguments *a, const char *option, size_t n_option, const char *name, size_t n_name)
{
    const char *next = argument(a, a->at);
    if (next && !looks_like_option(next)) {
        a->at++;
        add_value(a, name, n_name, next);
    } else if (a->schema) {
        complain(a, option, n_option, "needs a value");
    } else {
        add_value(a, name, n_name, "true");
    }
}

/* "--name", "--name=value" */
static void long_option(struct arguments *a, const char *option)
{
    const char *name = option + 2;
    size_t n = strcspn(name, "=");
    bool has_value = name[n] == '=', is_truth = false;
    if (a->schema) {
        eff_value_t copy = eff_string_n(name, n);
        if (eff_is_oom(copy)) {
            a->complete = false;
            return;
        }
        struct eff__config_match match = eff__config_match(a->schema, EFF__CONFIG_ARGUMENTS, eff_as_string(copy));
        is_truth = match.field && match.field->kind == EFF_CONFIG_KIND_BOOL;
        bool known = match.field && !match.leads_on;
        if (!known) unknown(a, option, n + 2, &match, eff_as_string(copy));
        eff_value_decref(copy);
        if (!known && !has_value) skip_value(a);
        if (!known) return;
    }
    if (has_value) add_value(a, name, n, name + n + 1);
    else if (is_truth) add_value(a, name, n, "true");
    else take_value(a, option, n + 2, name, n);
}

/* "-p", "-p8080", as the schema has letters. */
static void letter_option(struct arguments *a, const char *option)
{
    eff_buffer_t path = EFF_BUFFER_INIT;
    const eff_config_field_t *field = a->schema ? eff__config_letter(a->schema, option[1], &path) : NULL;
    const char *name = eff_buffer_text(&path);
    if (path.truncated) a->complete = false;
    if (!field || (field->kind == EFF_CONFIG_KIND_BOOL && option[2])) {
        complain(a, option, a->schema ? 2 : strcspn(option, "="),
                 a->schema ? "unknown option" : "options begin with --");
        if (!field && !option[2]) skip_value(a);
    } else if (field->kind == EFF_CONFIG_KIND_BOOL) add_value(a, name, path.size, "true");
    else if (option[2]) add_value(a, name, path.size, option + 2 + (option[2] == '='));
    else take_value(a, option, 2, name, path.size);
    eff_buffer_done(&path);
}

static void operand(struct arguments *a, size_t i)
{
    const char *text = argument(a, i);
    if (a->schema && a->schema->strict && !a->schema->operands) complain(a, text, strlen(text), eff__config_no_operand);
    eff_value_t copy = eff_string(text);
    if (eff_is_oom(copy)) a->complete = false;
    a->operands[a->n_operands++] = copy;
}

static void read_all(struct arguments *a)
{
    size_t n = eff_array_size(a->all);
    bool options = true;
    for (a->at = 1; a->at < n && a->complete;) {
        size_t i = a->at++;
        const char *text = argument(a, i);
        if (!options || !looks_like_option(text)) operand(a, i);
        else if (strcmp(text, "--") == 0) options = false;
        else if (text[1] == '-') long_option(a, text);
        else letter_option(a, text);
    }
}

eff_t *eff__config_read_arguments(eff_value_t arguments, const eff_config_schema_t *schema)
{
    struct arguments *a = eff__malloc(sizeof *a);
    if (!a) return eff_out_of_memory();
    memset(a, 0, sizeof *a);
    a->all = arguments;
    a->schema = schema;
    a->source = eff__config_source_new(EFF__CONFIG_ARGUMENTS, eff_literal(""));
    eff_value_t operands = eff__array_new(eff_array_size(arguments), &a->operands);
    a->complete = a->source && a->operands;
    if (a->complete) read_all(a);
    if (a->operands) eff__array_trim(&operands, a->n_operands);
    if (a->source) a->source->operands = operands;
    else eff_value_decref(operands);
    eff_t *e;
    if (a->complete && a->problems.n > 0) {
        e = eff_fail_at(NULL, eff__config_problems_error(&a->problems));
        eff_value_decref(eff__config_snapshot_of(a->source));
    } else {
        e = succeed_with(a->source, a->complete);
    }
    eff__config_problems_done(&a->problems);
    eff_buffer_done(&a->text);
    eff__raw_free(a);
    return e;
}
