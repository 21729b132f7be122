#include "layers/config_schema.h"

#include <string.h>

#include "layers/config_scan.h"

/* ---- walking */

void eff__config_walk_init(struct eff__config_walk *walk, const eff_config_schema_t *schema, char *record)
{
    memset(walk, 0, sizeof *walk);
    walk->levels[0].schema = schema;
    walk->levels[0].record = record;
    walk->depth = 1;
}

void eff__config_walk_done(struct eff__config_walk *walk)
{
    eff_buffer_done(&walk->path);
}

static void cut_path(eff_buffer_t *path, size_t size)
{
    if (path->truncated || path->size <= size) return;
    path->size = size;
    path->text[size] = '\0';
}

/* The struct, or the items, of a field: what comes next in the walk. */
static void enter(struct eff__config_walk *walk, const eff_config_field_t *field, char *record, size_t around)
{
    size_t n = 1;
    char *inner = record ? record + field->offset : NULL;
    bool is_list = field->kind == EFF_CONFIG_KIND_LIST;
    if (is_list && record) {
        memcpy(&n, record + field->count_offset, sizeof n);
        memcpy(&inner, record + field->offset, sizeof inner);
    }
    if (n == 0 || walk->depth == EFF__CONFIG_MAX_NESTING) {
        cut_path(&walk->path, around);
        return;
    }
    if (is_list) eff_buffer_add(&walk->path, record ? "[0]" : "[n]");
    size_t d = walk->depth++;
    walk->levels[d].schema = field->schema;
    walk->levels[d].next = 0;
    walk->levels[d].path = walk->path.size;
    walk->levels[d].record = inner;
    walk->levels[d].n_left = n - 1;
    walk->levels[d].item = 0;
}

/* To the next item of the list that ends here; false when there is none. */
static bool next_item(struct eff__config_walk *walk)
{
    size_t d = walk->depth - 1;
    if (walk->levels[d].n_left == 0) return false;
    walk->levels[d].n_left--;
    walk->levels[d].item++;
    walk->levels[d].next = 0;
    walk->levels[d].record += walk->levels[d].schema->size;
    size_t open = walk->levels[d].path;
    while (open > 0 && walk->path.text[open - 1] != '[')
        open--;
    cut_path(&walk->path, open);
    eff_buffer_printf(&walk->path, "%zu]", walk->levels[d].item);
    walk->levels[d].path = walk->path.size;
    return true;
}

const eff_config_field_t *eff__config_walk_next(struct eff__config_walk *walk, char **ret_record)
{
    while (walk->depth > 0 && !walk->path.truncated) {
        size_t d = walk->depth - 1;
        cut_path(&walk->path, walk->levels[d].path);
        const eff_config_schema_t *schema = walk->levels[d].schema;
        if (walk->levels[d].next == schema->n_fields) {
            if (!next_item(walk)) walk->depth--;
            continue;
        }
        const eff_config_field_t *field = &schema->fields[walk->levels[d].next++];
        eff__config_path_add(&walk->path, field->path);
        *ret_record = walk->levels[d].record;
        if (!field->schema) return field;
        enter(walk, field, *ret_record, walk->levels[d].path);
    }
    return NULL;
}

/* ---- matching */

/* The step of an index at the start of what is left of a name: behind it; NULL when there is none. */
static const char *behind_index(enum eff__config_sort sort, const char *rest)
{
    if (*rest == '[') rest++;
    size_t n = strspn(rest, "0123456789");
    if (n == 0) return NULL;
    rest += n;
    if (*rest == ']') rest++;
    if (!*rest) return rest;
    if (sort == EFF__CONFIG_ENVIRONMENT) return *rest == '_' ? rest + 1 : NULL;
    return *rest == '.' ? rest + 1 : *rest == '[' ? rest : NULL;
}

struct eff__config_match eff__config_match(const eff_config_schema_t *schema, enum eff__config_sort sort,
                                           const char *name)
{
    struct eff__config_match match = { .last = schema, .rest = name };
    for (;;) {
        const eff_config_field_t *inner = NULL;
        const char *behind = NULL;
        for (size_t i = 0; i < match.last->n_fields; i++) {
            const eff_config_field_t *field = &match.last->fields[i];
            const char *rest = NULL;
            switch (eff__config_relate(sort, match.rest, field->path, &rest)) {
            case EFF__SAME:
                match.field = field;
                match.leads_on = field->schema != NULL;
                return match;
            case EFF__BELOW:
                if (!inner &&
                    (field->schema || field->kind == EFF_CONFIG_KIND_JSON || field->kind == EFF_CONFIG_KIND_STRINGS))
                    inner = field, behind = rest;
                break;
            case EFF__ABOVE: match.leads_on = true; break;
            case EFF__UNRELATED: break;
            }
        }
        if (match.leads_on || !inner) return match;
        if (inner->kind != EFF_CONFIG_KIND_STRUCT && inner->kind != EFF_CONFIG_KIND_JSON) {
            behind = behind_index(sort, behind);
            if (!behind) return match;
        }
        if (inner->kind == EFF_CONFIG_KIND_JSON || (inner->kind == EFF_CONFIG_KIND_STRINGS && !*behind)) {
            match.field = inner;
            return match;
        }
        if (!inner->schema) return match;
        match.last = inner->schema;
        match.rest = behind;
        if (!*behind) {
            match.leads_on = true; /* an item of a list */
            return match;
        }
    }
}

const eff_config_field_t *eff__config_letter(const eff_config_schema_t *schema, char letter, eff_buffer_t *ret_path)
{
    struct eff__config_walk walk;
    char *record;
    const eff_config_field_t *field;
    eff__config_walk_init(&walk, schema, NULL);
    while ((field = eff__config_walk_next(&walk, &record)) && field->letter != letter)
        continue;
    if (field) eff_buffer_add(ret_path, eff_buffer_text(&walk.path));
    if (walk.path.truncated) ret_path->truncated = true;
    eff__config_walk_done(&walk);
    return field;
}

/* ---- what was meant */

enum { LONGEST = 48 }; /* names that are longer are like no other */

/* One character for those that are the same to some source. */
static char plain(char c)
{
    if (c == '.' || c == '-' || c == '[' || c == ']') return '_';
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* How many characters have to be changed, added or left out (Levenshtein 1966), or change places with their
 * neighbour. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    unsigned char rows[3][LONGEST + 1];
    unsigned char *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= n_b; j++)
        above[j] = (unsigned char)j;
    for (size_t i = 1; i <= n_a; i++) {
        row[0] = (unsigned char)i;
        for (size_t j = 1; j <= n_b; j++) {
            bool same = plain(a[i - 1]) == plain(b[j - 1]);
            size_t least = above[j - 1] + (same ? 0u : 1u);
            if (above[j] + 1u < least) least = above[j] + 1u;
            if (row[j - 1] + 1u < least) least = row[j - 1] + 1u;
            bool swapped = i > 1 && j > 1 && plain(a[i - 1]) == plain(b[j - 2]) && plain(a[i - 2]) == plain(b[j - 1]);
            if (swapped && before[j - 2] + 1u < least) least = before[j - 2] + 1u;
            row[j] = (unsigned char)least;
        }
        unsigned char *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[n_b];
}

/* Bytes of the path's first `n` steps. */
static size_t first_steps(const char *path, size_t n)
{
    const char *at = path;
    struct eff__config_step step;
    while (n-- > 0 && eff__config_step(&at, &step))
        continue;
    return (size_t)(at - path);
}

bool eff__config_nearest(const struct eff__config_match *match, const char *name, eff_buffer_t *out)
{
    size_t n = strlen(match->rest), n_steps = 0, best = n / 3 < 3 ? n / 3 : 3;
    if (best == 0) best = 1;
    if (n == 0 || n > LONGEST) return false;
    struct eff__config_step step;
    for (const char *at = match->rest; eff__config_step(&at, &step);)
        n_steps++;
    const char *found = NULL;
    size_t n_found = 0;
    for (size_t i = 0; i < match->last->n_fields; i++) {
        const char *path = match->last->fields[i].path;
        size_t whole = strlen(path), steps = first_steps(path, n_steps);
        size_t lengths[2] = { steps, whole }; /* of the environment it cannot be told how many steps there are */
        for (size_t k = 0; k < 2; k++) {
            if (lengths[k] > LONGEST) continue;
            size_t d = distance(match->rest, n, path, lengths[k]);
            if (d > best || (found && d == best)) continue;
            best = d;
            found = path;
            n_found = d > 0 ? lengths[k] : whole; /* the steps are right, but there are too few of them */
        }
    }
    if (!found) return false;
    eff_buffer_add_n(out, name, (size_t)(match->rest - name));
    eff_buffer_add_n(out, found, n_found);
    return true;
}

/* Of a schema, a field that has to be there, if there is one. */
static const eff_config_field_t *typical_field(const eff_config_schema_t *schema)
{
    for (size_t i = 0; i < schema->n_fields; i++)
        if (!schema->fields[i].otherwise && !schema->fields[i].optional) return &schema->fields[i];
    return schema->fields;
}

void eff__config_inner_path(const eff_config_field_t *field, eff_buffer_t *path)
{
    for (size_t depth = 0; field->schema && field->schema->n_fields > 0 && depth < EFF__CONFIG_MAX_NESTING; depth++) {
        if (field->kind == EFF_CONFIG_KIND_LIST) eff_buffer_add(path, "[0]");
        field = typical_field(field->schema);
        eff__config_path_add(path, field->path);
    }
}

bool eff__config_no_value(const struct eff__config_match *match, const char *name, eff_buffer_t *path,
                          const char **ret_what)
{
    const eff_config_field_t item = { .path = "", .kind = EFF_CONFIG_KIND_STRUCT, .schema = match->last };
    bool is_item = !match->field && match->leads_on && !*match->rest;
    if (!match->field && !is_item) return false;
    eff_buffer_add(path, name);
    eff__config_inner_path(is_item ? &item : match->field, path);
    if (is_item) *ret_what = "is an item of a list, whose values are ";
    else if (match->field->kind == EFF_CONFIG_KIND_LIST) *ret_what = "is a list, whose items are ";
    else *ret_what = "is a struct, whose values are ";
    return true;
}

/* ---- what is expected */

static void add_limits(const eff_config_field_t *field, eff_buffer_t *out)
{
    if (field->min && field->max) eff_buffer_printf(out, " from %s to %s", field->min, field->max);
    else if (field->min) eff_buffer_printf(out, " of at least %s", field->min);
    else if (field->max) eff_buffer_printf(out, " of at most %s", field->max);
}

static void add_items(const eff_config_field_t *field, const char *of, eff_buffer_t *out)
{
    eff_buffer_printf(out, "an array of ");
    if (field->min && field->max) eff_buffer_printf(out, "%s to %s ", field->min, field->max);
    else if (field->min) eff_buffer_printf(out, "at least %s ", field->min);
    else if (field->max) eff_buffer_printf(out, "at most %s ", field->max);
    eff_buffer_add(out, of);
}

void eff__config_expected(const eff_config_field_t *field, eff_buffer_t *out)
{
    switch (field->kind) {
    case EFF_CONFIG_KIND_STRING: eff_buffer_add(out, "a string"); return;
    case EFF_CONFIG_KIND_SECRET: eff_buffer_add(out, "a string, which is secret"); return;
    case EFF_CONFIG_KIND_BOOL: eff_buffer_add(out, "true or false"); return;
    case EFF_CONFIG_KIND_INT: eff_buffer_add(out, "an integer"); break;
    case EFF_CONFIG_KIND_DOUBLE: eff_buffer_add(out, "a number"); break;
    case EFF_CONFIG_KIND_DURATION:
        eff_buffer_add(out, field->min || field->max ? "a duration" : "a duration, such as 250ms or 1m 30s");
        break;
    case EFF_CONFIG_KIND_SIZE:
        eff_buffer_add(out, field->min || field->max ? "a number of bytes" : "a number of bytes, such as 64 KiB");
        break;
    case EFF_CONFIG_KIND_ENUM:
        eff_buffer_add(out, "one of ");
        for (const eff_config_name_t *n = field->names; n->name; n++)
            eff_buffer_printf(out, "%s%s", n == field->names ? "" : ", ", n->name);
        return;
    case EFF_CONFIG_KIND_STRINGS: add_items(field, "strings", out); return;
    case EFF_CONFIG_KIND_JSON: eff_buffer_add(out, "JSON"); return;
    case EFF_CONFIG_KIND_STRUCT: eff_buffer_add(out, "an object"); return;
    case EFF_CONFIG_KIND_LIST: add_items(field, "objects", out); return;
    }
    add_limits(field, out);
}

void eff__config_expected_instead(const eff_config_field_t *field, enum eff__config_parsed why, eff_buffer_t *out)
{
    int64_t least, most;
    if (why == EFF__OUT_OF_RANGE && field->kind == EFF_CONFIG_KIND_INT && !field->min && !field->max) {
        eff__config_width_limits(field->width, &least, &most);
        eff_buffer_printf(out, "an integer from %lld to %lld", (long long)least, (long long)most);
    } else {
        eff__config_expected(field, out);
    }
}

void eff_config_describe(const eff_config_schema_t *schema, const char *prefix, eff_buffer_t *out)
{
    struct eff__config_walk walk;
    char *record;
    const eff_config_field_t *field;
    eff__config_walk_init(&walk, schema, NULL);
    while ((field = eff__config_walk_next(&walk, &record))) {
        const char *path = eff_buffer_text(&walk.path);
        eff_buffer_add(out, path);
        if (field->letter) eff_buffer_printf(out, ", -%c", field->letter);
        if (prefix) {
            eff_buffer_add(out, ", ");
            eff__config_environment_name(prefix, path, out);
        }
        eff_buffer_add(out, ": ");
        eff__config_expected(field, out);
        if (field->otherwise) eff_buffer_printf(out, "; %s by default", field->secret ? "<secret>" : field->otherwise);
        else eff_buffer_add(out, field->optional ? "; optional" : "; required");
        if (field->help) eff_buffer_printf(out, ". %s", field->help);
        eff_buffer_add(out, "\n");
    }
    eff__config_walk_done(&walk);
}
