#include "layers/config_name.h"

#include <string.h>

#include "layers/config_scan.h"

static char capital(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

char eff__config_key_char(enum eff__config_sort sort, char c)
{
    switch (sort) {
    case EFF__CONFIG_ENVIRONMENT: return (char)(c == '.' || c == '-' || c == '[' ? '_' : capital(c));
    case EFF__CONFIG_ARGUMENTS:
        if (c == '-') return '_';
        break;
    case EFF__CONFIG_JSON:
    case EFF__CONFIG_MEMORY: break;
    }
    return (char)(c == '[' ? '.' : c);
}

/* The same of a name: those of the environment are not what a path is translated to, but have to be that already. */
static char name_char(enum eff__config_sort sort, char c)
{
    return (char)(sort == EFF__CONFIG_ENVIRONMENT ? c : eff__config_key_char(sort, c));
}

eff_value_t eff__config_key(enum eff__config_sort sort, const char *name, size_t n)
{
    eff_buffer_t key = EFF_BUFFER_INIT;
    for (size_t i = 0; i < n; i++) {
        char c = name_char(sort, name[i]);
        if (c != ']') eff_buffer_add_n(&key, &c, 1);
    }
    eff_value_t v = key.truncated ? eff_oom_value() : eff_string_n(eff_buffer_text(&key), key.size);
    eff_buffer_done(&key);
    return v;
}

char eff__config_separator(enum eff__config_sort sort)
{
    return sort == EFF__CONFIG_ENVIRONMENT ? '_' : '.';
}

enum eff__config_relation eff__config_relate(enum eff__config_sort sort, const char *name, const char *path,
                                             const char **ret_rest)
{
    while (*name && *path) {
        if (*path == ']' && *name != ']') path++;
        else if (*name == ']' && *path != ']') name++;
        else if (name_char(sort, *name) == eff__config_key_char(sort, *path)) name++, path++;
        else return EFF__UNRELATED;
    }
    while (*path == ']')
        path++;
    while (*name == ']')
        name++;
    if (!*name && !*path) return EFF__SAME;
    if (!*name) return *path == '.' || *path == '[' ? EFF__ABOVE : EFF__UNRELATED;
    if (*path || name_char(sort, *name) != eff__config_separator(sort)) return EFF__UNRELATED;
    *ret_rest = *name == '[' ? name : name + 1;
    return EFF__BELOW;
}

const char *eff__config_bare_name(const struct eff__config_source *s, const char *name)
{
    if (s->sort != EFF__CONFIG_ENVIRONMENT) return name;
    size_t n = eff_string_size(s->name);
    return n ? name + n + 1 : name;
}

void eff__config_environment_name(const char *prefix, const char *path, eff_buffer_t *out)
{
    if (*prefix) eff_buffer_printf(out, "%s_", prefix);
    for (; *path; path++) {
        char c = eff__config_key_char(EFF__CONFIG_ENVIRONMENT, *path);
        if (c != ']') eff_buffer_add_n(out, &c, 1);
    }
}

void eff__config_name(const struct eff__config_source *s, const char *path, eff_buffer_t *out)
{
    if (s->sort == EFF__CONFIG_ARGUMENTS) eff_buffer_add(out, "--");
    if (s->sort != EFF__CONFIG_ENVIRONMENT) {
        eff__config_add_name(out, path);
        return;
    }
    eff_buffer_t name = EFF_BUFFER_INIT;
    eff__config_environment_name(eff_as_string(s->name), path, &name);
    eff__config_add_name(out, eff_buffer_text(&name));
    if (name.truncated) out->truncated = true;
    eff_buffer_done(&name);
}

void eff__config_add_shown(eff_buffer_t *out, const char *text, size_t n, size_t most)
{
    size_t shown = n < most ? n : most;
    while (shown < n && shown > 0 && most - shown < 4 && ((unsigned char)text[shown] & 0xc0) == 0x80)
        shown--;
    eff_buffer_add_escaped(out, text, shown);
    if (shown < n) eff_buffer_add(out, "...");
}

void eff__config_add_name(eff_buffer_t *out, const char *name)
{
    eff__config_add_shown(out, name, strlen(name), EFF__CONFIG_SHOWN_NAME);
}

void eff__config_add_file(eff_buffer_t *out, const char *name)
{
    eff__config_add_shown(out, name, strlen(name), EFF__CONFIG_SHOWN_FILE);
}

void eff__config_origin(const struct eff__config_source *s, const char *path, eff_buffer_t *out, int *ret_line)
{
    int line = 0;
    switch (s->sort) {
    case EFF__CONFIG_JSON: {
        const eff_secret_t *text = eff_as_secret(s->text);
        line = eff__config_scan_line(eff_secret_reveal(text), eff_secret_size(text), path, NULL);
        eff__config_add_file(out, eff_as_string(s->name));
        eff_buffer_printf(out, ":%d%s", line, *path ? ": " : "");
        break;
    }
    case EFF__CONFIG_ENVIRONMENT: eff_buffer_add(out, "environment "); break;
    case EFF__CONFIG_MEMORY: eff_buffer_add(out, "memory: "); break;
    case EFF__CONFIG_ARGUMENTS: break;
    }
    eff__config_name(s, path, out);
    if (ret_line) *ret_line = line;
}
