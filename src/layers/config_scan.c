#include "layers/config_scan.h"

#include <string.h>

#include "layers/config_name.h"

/* An object or array that is open, and which of its members the text is at. */
struct level {
    uint32_t key;   /* of an object: where its key begins, behind the quote */
    uint32_t n_key; /* bytes; UINT32_MAX before the first */
    uint32_t index; /* of an array */
    bool is_array;
};

struct scan {
    const char *text;
    size_t at, end;
    int line;
    size_t depth, deepest;
    bool wants_key; /* the next string is a key */
    struct level levels[EFF__CONFIG_MAX_DEPTH];
};

#define NO_KEY UINT32_MAX

static void open_level(struct scan *s, bool is_array)
{
    if (s->depth < EFF__CONFIG_MAX_DEPTH) s->levels[s->depth] = (struct level){ .n_key = NO_KEY, .is_array = is_array };
    if (++s->depth > s->deepest) s->deepest = s->depth;
    s->wants_key = !is_array;
}

static void close_level(struct scan *s)
{
    if (s->depth > 0) s->depth--;
    s->wants_key = false;
}

static void next_member(struct scan *s)
{
    if (s->depth == 0) return;
    struct level *l = &s->levels[s->depth - 1];
    if (l->is_array) l->index++;
    s->wants_key = !l->is_array;
}

/* From behind the opening quote to behind the closing one. */
static void skip_string(struct scan *s)
{
    for (; s->at < s->end; s->at++) {
        if (s->text[s->at] == '"') {
            s->at++;
            return;
        }
        if (s->text[s->at] == '\n') s->line++;
        if (s->text[s->at] == '\\' && s->at + 1 < s->end) s->at++;
    }
}

/* Numbers and words. */
static void skip_word(struct scan *s)
{
    while (s->at < s->end && !strchr(" \t\r\n,:\"[]{}", s->text[s->at]))
        s->at++;
    if (s->at < s->end && !s->text[s->at]) s->at++; /* a NUL, which strchr finds */
}

/* Goes on until a value has begun, which for a string or word means: is passed. False at the end, and below
 * EFF__CONFIG_MAX_DEPTH. */
static bool next_value(struct scan *s)
{
    while (s->at < s->end && s->deepest <= EFF__CONFIG_MAX_DEPTH) {
        char c = s->text[s->at];
        switch (c) {
        case '\n': s->line++; break;
        case ' ':
        case '\t':
        case '\r':
        case ':': break;
        case ',': next_member(s); break;
        case '}':
        case ']': close_level(s); break;
        case '{':
        case '[':
            s->at++;
            open_level(s, c == '[');
            return true;
        case '"':
            s->at++;
            if (s->wants_key) {
                struct level *l = &s->levels[s->depth - 1];
                size_t start = s->at;
                skip_string(s);
                bool closed = s->at > start && s->text[s->at - 1] == '"';
                l->key = (uint32_t)start;
                l->n_key = (uint32_t)(s->at - start - closed);
                s->wants_key = false;
                continue;
            }
            skip_string(s);
            return true;
        default: skip_word(s); return true;
        }
        s->at++;
    }
    return false;
}

/* ---- the path of the place */

static void add_key(const struct scan *s, const struct level *l, eff_buffer_t *out)
{
    if (l->n_key == NO_KEY) return;
    if (out->size > 0) eff_buffer_add(out, ".");
    enum { SHOWN = 64 };
    eff__config_add_shown(out, s->text + l->key, l->n_key, SHOWN);
}

size_t eff__config_scan_path(const char *text, size_t n, eff_buffer_t *out, int *ret_line)
{
    struct scan s = { .text = text, .end = n, .line = 1 };
    while (next_value(&s))
        continue;
    size_t depth = s.depth < EFF__CONFIG_MAX_DEPTH ? s.depth : EFF__CONFIG_MAX_DEPTH;
    enum { SHOWN = 128 }; /* of a path of many keys */
    for (size_t i = 0; i < depth; i++)
        if (out->size > SHOWN) {
            eff_buffer_add(out, "...");
            break;
        } else if (s.levels[i].is_array) eff_buffer_printf(out, "[%u]", (unsigned)s.levels[i].index);
        else add_key(&s, &s.levels[i], out);
    *ret_line = s.line;
    return s.deepest;
}

/* ---- the line of a path */

static uint32_t hex4(const char *p)
{
    uint32_t n = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        n = n << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return n;
}

/* What the escape at *p, behind the backslash, stands for, as UTF-8; *p moves behind it. @return how many bytes */
static size_t unescape(const char **p, const char *end, char out[4])
{
    static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
    const char *simple = strchr(from, **p);
    if (**p != 'u' || end - *p < 5) {
        out[0] = **p;
        if (simple && **p) out[0] = to[simple - from];
        ++*p;
        return 1;
    }
    uint32_t c = hex4(*p + 1);
    *p += 5;
    if (c >= 0xd800 && c < 0xdc00 && end - *p >= 6) {
        c = 0x10000 + ((c - 0xd800) << 10) + ((hex4(*p + 2) - 0xdc00) & 0x3ff);
        *p += 6;
    }
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(leads[n] | c);
    return n;
}

/* A key as it stands in a text that jansson has accepted, with its escapes, against one as it is. */
static bool key_is(const char *raw, size_t n_raw, const struct eff__config_step *step)
{
    const char *end = raw + n_raw, *key = step->key;
    size_t left = step->n;
    while (raw < end) {
        char bytes[4] = { *raw };
        size_t n = 1;
        if (*raw++ == '\\' && raw < end) n = unescape(&raw, end, bytes);
        if (n > left || memcmp(bytes, key, n) != 0) return false;
        key += n;
        left -= n;
    }
    return left == 0;
}

/* How many steps of the path the place shares with it, from the outside; SIZE_MAX when it is the path. `open` levels
 * count: that of a container which has just begun does not. */
static size_t shared(const struct scan *s, size_t open, const char *path, const char *key)
{
    struct eff__config_step step;
    size_t n = 0;
    while (eff__config_step(&path, &step)) {
        if (n == open) return n;
        const struct level *l = &s->levels[n];
        if (l->is_array ? !step.is_number || l->index != step.number
                        : l->n_key == NO_KEY || !key_is(s->text + l->key, l->n_key, &step))
            return n;
        n++;
    }
    if (key) {
        struct eff__config_step last = { .key = key, .n = strlen(key) };
        const struct level *l = &s->levels[n];
        if (n + 1 == open && !l->is_array && l->n_key != NO_KEY && key_is(s->text + l->key, l->n_key, &last)) n++;
        else return n;
    }
    return n == open ? SIZE_MAX : n;
}

int eff__config_scan_line(const char *text, size_t n, const char *path, const char *key)
{
    struct scan s = { .text = text, .end = n, .line = 1 };
    int best_line = 1;
    size_t best = 0;
    while (next_value(&s)) {
        char last = s.text[s.at - 1];
        size_t open = last == '{' || last == '[' ? s.depth - 1 : s.depth;
        size_t now = shared(&s, open, path, key);
        if (now == SIZE_MAX) return s.line;
        if (now > best && now == open) {
            best = now;
            best_line = s.line;
        }
    }
    return best_line;
}

/* ---- paths */

static bool all_digits(const char *text, size_t n, size_t *ret_number)
{
    size_t number = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9' || i > 8) return false;
        number = number * 10 + (size_t)(text[i] - '0');
    }
    *ret_number = number;
    return n > 0;
}

bool eff__config_step(const char **path, struct eff__config_step *ret_step)
{
    const char *p = *path;
    while (*p == '.' || *p == ']')
        p++;
    bool bracket = *p == '[';
    if (bracket) p++;
    size_t n = bracket ? strcspn(p, "]") : strcspn(p, ".[");
    if (n == 0) return false;
    *ret_step = (struct eff__config_step){ .key = p, .n = n };
    ret_step->is_number = all_digits(p, n, &ret_step->number);
    *path = p + n;
    return true;
}

void eff__config_path_add(eff_buffer_t *path, const char *more)
{
    struct eff__config_step step;
    while (eff__config_step(&more, &step)) {
        if (step.is_number) eff_buffer_add(path, "[");
        else if (path->size > 0) eff_buffer_add(path, ".");
        eff_buffer_add_n(path, step.key, step.n);
        if (step.is_number) eff_buffer_add(path, "]");
    }
}
