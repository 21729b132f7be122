/* A walk over a valid JSON text that counts lines. Keys are compared decoded, since "n\u0061me" is "name". */
#include "json_line.h"

#include <stdbool.h>
#include <string.h>

#include <jansson.h>

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

static const char *skip_string(const char *p)
{
    for (p++; *p && *p != '"'; p++)
        if (*p == '\\') p++;
    return p + 1;
}

/* Not recursive: brackets are counted, and within a valid text nothing else is needed. */
static const char *skip_value(const char *p)
{
    size_t depth = 0;
    do {
        p = skip_space(p);
        if (*p == '"') p = skip_string(p);
        else if (*p == '{' || *p == '[') p++, depth++;
        else if (*p == '}' || *p == ']') p++, depth--;
        else if (*p == ',' || *p == ':') p++;
        else p += strcspn(p, ",]} \t\r\n");
    } while (depth > 0);
    return p;
}

static bool is_key(const char *p, const char *key)
{
    json_t *decoded = json_loadb(p, (size_t)(skip_string(p) - p), JSON_DECODE_ANY, NULL);
    bool same = decoded && strcmp(json_string_value(decoded), key) == 0;
    json_decref(decoded);
    return same;
}

/* The value of a key in the object at p; NULL when it is no object or has no such key. */
static const char *find_member(const char *p, const char *key)
{
    if (*p != '{') return NULL;
    for (p = skip_space(p + 1); *p == '"'; p = skip_space(p + 1)) {
        bool found = is_key(p, key);
        p = skip_space(skip_space(skip_string(p)) + 1); /* past the colon */
        if (found) return p;
        p = skip_space(skip_value(p));
        if (*p != ',') break;
    }
    return NULL;
}

/* The item at an index of the array at p; NULL when it is no array or shorter. */
static const char *find_item(const char *p, size_t index)
{
    if (*p != '[') return NULL;
    for (p = skip_space(p + 1); *p != ']'; p = skip_space(p + 1)) {
        if (index-- == 0) return p;
        p = skip_space(skip_value(p));
        if (*p != ',') break;
    }
    return NULL;
}

int json_line_of(const char *text, const char *key, size_t index, const char *field)
{
    const char *at = skip_space(text);
    const char *member = key ? find_member(at, key) : NULL;
    if (member) at = member;
    const char *item = member ? find_item(at, index) : NULL;
    if (item) at = item;
    const char *value = item && field ? find_member(at, field) : NULL;
    if (value) at = value;

    int line = 1;
    for (const char *p = text; p < at; p++)
        line += *p == '\n';
    return line;
}
