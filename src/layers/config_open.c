#include "layers/config_open.h"

#include <effect/transform.h>

#include "core/build.h"
#include "core/collection.h"
#include "layers/config_flat.h"

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

/* As secrets, since there may be some among them. */
static eff_value_t copy_all(size_t n, const char *const *strings)
{
    eff_value_t *items, array = eff__array_new(n, &items);
    bool complete = items;
    for (size_t i = 0; i < n && complete; i++) {
        items[i] = eff_secret(strings[i]);
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
