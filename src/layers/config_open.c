#include "layers/config_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <effect/async.h>
#include <effect/transform.h>

#include "core/build.h"
#include "core/collection.h"
#include "layers/config_flat.h"

/* ---- a file */

struct file {
    eff_value_t path; /* a string */
    size_t max_bytes;
    bool optional;
};

static void file_drop(struct file *f)
{
    eff_value_decref(f->path);
}
EFF_STATIC_TYPE(file, struct file, .drop = file_drop);

enum { DEFAULT_MAX_BYTES = 1024 * 1024 };

/* A text that may hold secrets: it is overwritten whenever it moves, and in the end. */
struct text {
    char *bytes;
    size_t n, capacity;
};

static void text_done(struct text *t)
{
    if (!t->bytes) return;
    explicit_bzero(t->bytes, t->n);
    eff__raw_free(t->bytes);
}

static bool text_grow(struct text *t)
{
    size_t capacity = t->capacity ? 2 * t->capacity : 4096;
    char *bytes = eff__malloc(capacity);
    if (!bytes) return false;
    if (t->n) memcpy(bytes, t->bytes, t->n);
    text_done(t);
    t->bytes = bytes;
    t->capacity = capacity;
    return true;
}

/* Appends what there is to read, and of what is too much one byte more than there may be. Returns 0 or an errno. */
static int read_all(int fd, size_t max_bytes, struct text *t)
{
    for (;;) {
        if (t->n == t->capacity && !text_grow(t)) return ENOMEM;
        size_t room = t->capacity - t->n, left = max_bytes + 1 - t->n;
        ssize_t n = read(fd, t->bytes + t->n, room < left ? room : left);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        t->n += (size_t)n;
        if (n == 0 || t->n > max_bytes) return 0;
    }
}

static int read_file(const char *path, size_t max_bytes, struct text *t)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    int err = read_all(fd, max_bytes, t);
    close(fd);
    return err;
}

/* "app.json: No such file or directory". The name is escaped, as all is that messages about configuration quote. */
static eff_t *refuse(const char *path, int err, const char *problem)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_buffer_add_escaped(&text, path, strlen(path));
    eff_buffer_printf(&text, ": %s", problem);
    eff_value_t error =
        text.truncated ? eff_oom_value() : eff_error(&eff_config_invalid_error, err, "%s", eff_buffer_text(&text));
    eff_buffer_done(&text);
    return eff_fail_at(NULL, error);
}

static eff_t *cannot_read(const char *path, int err)
{
    if (err == ENOMEM) return eff_out_of_memory();
    eff_value_t why = eff_error_errno(err, "%s", ""); /* knows how to describe an errno on any thread */
    if (eff_is_oom(why)) return eff_out_of_memory();
    eff_t *e = refuse(path, err, eff_as_error(why)->message + strlen(": "));
    eff_value_decref(why);
    return e;
}

static eff_t *too_large(const char *path, size_t max_bytes)
{
    char problem[64];
    snprintf(problem, sizeof problem, "larger than %zu bytes", max_bytes);
    return refuse(path, EFBIG, problem);
}

/* Runs on a thread of the pool. */
static eff_t *load(eff_value_t env)
{
    const struct file *f = file_of(env);
    const char *path = eff_as_string(f->path);
    struct text text = { 0 };
    int err = read_file(path, f->max_bytes, &text);
    eff_t *e;
    if (err == ENOENT && f->optional) e = eff_succeed_at(NULL, eff_array(0, NULL));
    else if (err) e = cannot_read(path, err);
    else if (text.n > f->max_bytes) e = too_large(path, f->max_bytes);
    else e = eff__config_parse(path, text.bytes, text.n);
    text_done(&text);
    return e;
}

eff_t *eff__config_open_file(eff_site_t site, const char *path, const eff_config_file_options_t *options)
{
    static const eff_config_file_options_t none = { sizeof none, false, 0 };
    if (!path) return eff__refuse_null(site, "eff_config_json_file", 1, eff_noop(), eff_unit);
    if (!options) options = &none;
    eff_value_t copy = eff_string(path);
    if (eff_is_oom(copy)) return eff_out_of_memory();
    size_t max_bytes = options->max_bytes ? options->max_bytes : DEFAULT_MAX_BYTES;
    if (max_bytes > INT32_MAX) max_bytes = INT32_MAX;
    return eff_blocking_at(site, load, file_make((struct file){ copy, max_bytes, options->optional }));
}

/* ---- a text */

static eff_t *parse_pair(eff_value_t name_and_text)
{
    eff_value_t text = eff_second(name_and_text);
    return eff__config_parse(eff_as_string(eff_first(name_and_text)), eff_secret_reveal(eff_as_secret(text)),
                             eff_secret_size(eff_as_secret(text)));
}

eff_t *eff_config_parse_at(eff_site_t site, const char *name, const char *text)
{
    if (!name || !text) return eff__refuse_null(site, "eff_config_parse", name ? 2 : 1, eff_noop(), eff_unit);
    return eff_suspend_at(site, parse_pair, eff_pair(eff_string(name), eff_secret(text)));
}

/* ---- the others */

static eff_t *read_environment(eff_value_t prefix)
{
    return eff__config_read_environment(eff_as_string(prefix));
}

eff_t *eff__config_open_environment(eff_site_t site, const char *prefix)
{
    if (!prefix) return eff__refuse_null(site, "eff_config_env", 1, eff_noop(), eff_unit);
    return eff_suspend_at(site, read_environment, eff_string(prefix));
}

/* What secret may be among them is visible to the whole system, as arguments are. */
static eff_value_t copy_all(size_t n, const char *const *strings)
{
    eff_value_t *items, array = eff__array_new(n, &items);
    bool complete = items;
    for (size_t i = 0; i < n && complete; i++) {
        items[i] = eff_string(strings[i]);
        complete = !eff_is_oom(items[i]);
    }
    if (complete) return array;
    eff_value_decref(array);
    return eff_oom_value();
}

static eff_t *read_arguments(eff_value_t arguments_and_schema)
{
    const eff_config_schema_t *schema = eff_as_ptr(eff_second(arguments_and_schema));
    return eff__config_read_arguments(eff_first(arguments_and_schema), schema);
}

eff_t *eff__config_open_arguments(eff_site_t site, int argc, char *const *argv, const eff_config_schema_t *schema)
{
    if (!argv && argc > 0) return eff__refuse_null(site, "eff_config_args", 2, eff_noop(), eff_unit);
    eff_value_t all = copy_all(argc > 0 ? (size_t)argc : 0, (const char *const *)argv);
    return eff_suspend_at(site, read_arguments, eff_pair(all, eff_ptr(schema)));
}

static eff_t *read_pairs(eff_value_t pairs)
{
    return eff__config_read_pairs(pairs, "eff_config_memory");
}

eff_t *eff__config_open_pairs(eff_site_t site, size_t n, const char *const *pairs)
{
    for (size_t i = 0; i < n; i++)
        if (!pairs[i]) return eff__refuse_null(site, "eff_config_memory", (int)i + 1, eff_noop(), eff_unit);
    return eff_suspend_at(site, read_pairs, copy_all(n, pairs));
}

/* ---- several */

eff_value_t eff__config_join(eff_value_t first, eff_value_t second)
{
    size_t n_first = eff_array_size(first), n = n_first + eff_array_size(second);
    eff_value_t *items, both = eff__array_new(n, &items);
    for (size_t i = 0; i < n && items; i++)
        items[i] = eff_value_incref(i < n_first ? eff_array_at(first, i) : eff_array_at(second, i - n_first));
    eff_value_decref(first);
    eff_value_decref(second);
    return both;
}

/* ---- a Config that has its snapshot */

struct fixed {
    eff_config_t config; /* first, so that the whole, as a value, is the service */
    eff_value_t snapshot;
};

static void fixed_drop(struct fixed *f)
{
    eff_value_decref(f->snapshot);
}
EFF_STATIC_TYPE(fixed_config, struct fixed, .drop = fixed_drop);

static eff_t *fixed_snapshot(eff_config_t *config)
{
    return eff_succeed_at(NULL, eff_value_incref(EFF_CONTAINER_OF(config, struct fixed, config)->snapshot));
}

static eff_value_t to_config(eff_value_t snapshot, eff_value_t env)
{
    (void)env;
    return fixed_config_make((struct fixed){ { sizeof(eff_config_t), fixed_snapshot }, eff_value_incref(snapshot) });
}

eff_t *eff_config_fixed_at(eff_site_t site, eff_t *snapshot)
{
    if (!snapshot) return eff__refuse_null(site, "eff_config_fixed", 1, NULL, eff_unit);
    return eff_map_at(site, snapshot, to_config, eff_unit);
}
