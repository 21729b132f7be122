/* What is configured, but by nothing asked for: usually a name that is misspelt. */
#include <string.h>

#include <jansson.h>

#include "layers/config_problem.h"
#include "layers/config_scan.h"
#include "layers/config_schema.h"

struct search {
    struct eff__config_problems *problems;
    const struct eff__config_source *source;
    size_t rank;
    const eff_config_schema_t *schema;
    eff_buffer_t path; /* below the base, as far as the walk through a document is */
    const char *base;
    eff_buffer_t text; /* room for a problem */
    eff_buffer_t room; /* and for a path */
};

/* base.path, in the room. */
static const char *whole_path(struct search *s, const char *path)
{
    eff_buffer_clear(&s->room);
    eff_buffer_add(&s->room, s->base);
    if (*s->base && *path && *path != '[') eff_buffer_add(&s->room, ".");
    eff_buffer_add(&s->room, path);
    if (s->room.truncated) s->problems->out_of_memory = true;
    return eff_buffer_text(&s->room);
}

/* The origin stands in the text already. */
static void unknown(struct search *s, int line, const struct eff__config_match *match, const char *name)
{
    eff_buffer_t near = EFF_BUFFER_INIT;
    const char *what;
    if (eff__config_no_value(match, name, &near, &what)) {
        eff_buffer_add(&s->text, what);
        eff__config_name(s->source, whole_path(s, eff_buffer_text(&near)), &s->text);
    } else {
        eff_buffer_add(&s->text, "unknown");
        if (eff__config_nearest(match, name, &near)) {
            eff_buffer_add(&s->text, "; did you mean ");
            eff__config_name(s->source, whole_path(s, eff_buffer_text(&near)), &s->text);
            eff_buffer_add(&s->text, "?");
        }
    }
    if (near.truncated) s->problems->out_of_memory = true;
    eff_buffer_done(&near);
    eff__config_problems_add(s->problems, s->rank, line, &s->text);
}

/* ---- entries */

/* Whether the value that the text names was told to be no list by who read it. */
static bool was_told(const struct search *s)
{
    const char *begin = eff_buffer_text(&s->text);
    for (size_t i = 0; i < s->problems->n; i++) {
        const struct eff__config_problem *p = &s->problems->items[i];
        if (p->rank == s->rank && strncmp(eff_as_string(p->text), begin, strlen(begin)) == 0) return true;
    }
    return false;
}

static void search_entries(struct search *s)
{
    if (s->source->sort == EFF__CONFIG_ENVIRONMENT && eff_string_size(s->source->name) == 0)
        return; /* the whole environment: most of it is for others */
    for (size_t i = 0; i < s->source->n_entries; i++) {
        const char *given = eff_as_string(s->source->entries[i].name);
        const char *name = eff__config_bare_name(s->source, given);
        if (*s->base && eff__config_relate(s->source->sort, name, s->base, &name) != EFF__BELOW) continue;
        struct eff__config_match match = eff__config_match(s->schema, s->source->sort, name);
        if (match.field && !match.leads_on) continue;
        if (eff__config_problems_full(s->problems)) {
            eff__config_problems_add(s->problems, 0, 0, &s->text);
            continue;
        }
        if (s->source->sort == EFF__CONFIG_ENVIRONMENT) eff_buffer_add(&s->text, "environment ");
        else eff_buffer_add(&s->text, s->source->sort == EFF__CONFIG_ARGUMENTS ? "--" : "memory: ");
        eff__config_add_name(&s->text, given);
        eff_buffer_add(&s->text, ": ");
        if (match.field && was_told(s)) eff_buffer_clear(&s->text);
        else unknown(s, 0, &match, name);
    }
}

const char eff__config_no_operand[] = "unexpected argument; options begin with --";

static void refuse_operands(struct search *s)
{
    for (size_t i = 0; i < eff_array_size(s->source->operands); i++) {
        eff_value_t operand = eff_array_at(s->source->operands, i);
        eff__config_add_name(&s->text, eff_as_string(operand));
        eff_buffer_printf(&s->text, ": %s", eff__config_no_operand);
        eff__config_problems_add(s->problems, s->rank, 0, &s->text);
    }
}

/* ---- documents */

/* A key that no path has in it: of the object at `path`. */
static void strange_key(struct search *s, const char *path, const char *key)
{
    const eff_secret_t *text = eff_as_secret(s->source->text);
    int line = eff__config_scan_line(eff_secret_reveal(text), eff_secret_size(text), whole_path(s, path), key);
    eff__config_add_file(&s->text, eff_as_string(s->source->name));
    eff_buffer_printf(&s->text, ":%d: \"", line);
    eff__config_add_name(&s->text, key);
    eff_buffer_add(&s->text, "\": unknown; a key with a dot or bracket in it names nothing");
    eff__config_problems_add(s->problems, s->rank, line, &s->text);
}

/* Where fields lie below, there is no object. */
static void no_object(struct search *s, const char *path)
{
    int line = eff__config_problem_begin(s->source, whole_path(s, path), &s->text);
    eff_buffer_add(&s->text, "expected an object");
    eff__config_problems_add(s->problems, s->rank, line, &s->text);
}

/* An object or array on the way. */
struct open {
    json_t *json;
    void *member;   /* of an object: the iterator; NULL at its end */
    uint32_t index; /* of an array */
    uint32_t path;  /* bytes of the path around it; a document is smaller than 2 GiB */
};

static struct open open_at(json_t *json, size_t path)
{
    return (struct open){ json, json_object_iter(json), 0, (uint32_t)path };
}

/* The next member, whose step is added to the path; *ret_key: when it is no step. NULL at the end. */
static json_t *next_member(struct search *s, struct open *o, const char **ret_key)
{
    *ret_key = NULL;
    if (s->path.text) s->path.text[s->path.size = o->path] = '\0';
    if (json_is_array(o->json)) {
        json_t *item = json_array_get(o->json, o->index);
        if (item) eff_buffer_printf(&s->path, "[%u]", (unsigned)o->index++);
        return item;
    }
    if (!o->member) return NULL;
    const char *key = json_object_iter_key(o->member);
    json_t *value = json_object_iter_value(o->member);
    o->member = json_object_iter_next(o->json, o->member);
    if (!*key || strpbrk(key, ".[]")) {
        *ret_key = key;
        return value;
    }
    if (s->path.size > 0) eff_buffer_add(&s->path, ".");
    eff_buffer_add(&s->path, key);
    return value;
}

static bool is_container(const json_t *json)
{
    return json_is_object(json) || json_is_array(json);
}

/* A document is no deeper than EFF__CONFIG_MAX_DEPTH, which bounds the stack. */
static void search_document(struct search *s, json_t *root)
{
    struct open stack[EFF__CONFIG_MAX_DEPTH];
    size_t depth = 0;
    if (is_container(root)) stack[depth++] = open_at(root, 0);
    while (depth > 0 && !s->path.truncated) {
        const char *key;
        json_t *json = next_member(s, &stack[depth - 1], &key);
        if (!json) {
            depth--;
            continue;
        }
        const char *path = eff_buffer_text(&s->path);
        struct eff__config_match match = eff__config_match(s->schema, EFF__CONFIG_JSON, path);
        bool enters = !key && match.leads_on && is_container(json);
        if (enters && depth < EFF__CONFIG_MAX_DEPTH) stack[depth++] = open_at(json, s->path.size);
        /* What is no object where a struct should be, or an item of a list, was told by who read it. */
        if (!key && (enters || match.field || (match.leads_on && !*match.rest) || json_is_null(json))) continue;
        if (eff__config_problems_full(s->problems)) eff__config_problems_add(s->problems, 0, 0, &s->text);
        else if (key) strange_key(s, path, key);
        else if (match.leads_on) no_object(s, path);
        else unknown(s, eff__config_problem_begin(s->source, whole_path(s, path), &s->text), &match, path);
    }
    if (s->path.truncated) s->problems->out_of_memory = true;
}

void eff__config_refuse_unknown(struct eff__config_problems *p, eff_value_t snapshot, const char *base,
                                const eff_config_schema_t *schema)
{
    struct search s = { .problems = p, .schema = schema, .base = base };
    for (s.rank = 0; s.rank < eff_array_size(snapshot); s.rank++) {
        s.source = eff__config_source_at(snapshot, s.rank);
        eff_buffer_clear(&s.path);
        struct eff__config_found found;
        if (s.source->sort == EFF__CONFIG_ARGUMENTS && !*base && !schema->operands) refuse_operands(&s);
        if (!s.source->document) search_entries(&s);
        else if (eff__config_find(s.source, base, &found)) search_document(&s, (json_t *)(uintptr_t)found.json);
    }
    eff_buffer_done(&s.path);
    eff_buffer_done(&s.text);
    eff_buffer_done(&s.room);
}
