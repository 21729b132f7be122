/* The layers of the Config: each opens a source and keeps its snapshot, and has the name of its function.
 * eff_config_or_else is made of layers only: the two Configs are given tags of their own, and a third Config, which sees
 * both, asks one after the other. The second is built when the first is, and reads it, behind all that stands in front of
 * the whole, which is a service of its own (`ahead`): so it does not matter how several are nested. An arrow: is built
 * with.
 *
 *     joined                                  provides config       -> first, second
 *       config renamed to second    of `second`                     -> config, ahead
 *         config renamed to ahead   of front
 *         front                               provides config       -> ahead (of around), first
 *       config renamed to first     of `first`
 */
#include <effect/config.h>
#include <effect/transform.h>

#include "core/build.h"
#include "layers/config_open.h"
#include "layers/config_source.h"
#include "layers/layer.h"

static eff_layer_t *layer_of(eff_site_t site, const char *function, eff_t *snapshot, const eff_tag_t *const *needs)
{
    eff_layer_t *layer = eff_layer_effect_at(site, &eff_config_tag, eff_config_fixed_at(NULL, snapshot), needs);
    return eff__layer_named(site, layer, function);
}

eff_layer_t *eff_config_json_file_with_at(eff_site_t site, const char *path, const eff_config_file_options_t *options)
{
    return layer_of(site, "eff_config_json_file_with", eff__config_open_file(site, path, options), NULL);
}

eff_layer_t *eff_config_json_file_at(eff_site_t site, const char *path)
{
    return layer_of(site, "eff_config_json_file", eff__config_open_file(site, path, NULL), NULL);
}

eff_layer_t *eff_config_json_text_at(eff_site_t site, const char *name, const char *text)
{
    return layer_of(site, "eff_config_json_text", eff_config_parse_at(site, name, text), NULL);
}

eff_layer_t *eff_config_env_at(eff_site_t site, const char *prefix)
{
    return layer_of(site, "eff_config_env", eff__config_open_environment(site, prefix), NULL);
}

eff_layer_t *eff_config_args_at(eff_site_t site, int argc, char *const *argv, const eff_config_schema_t *schema)
{
    return layer_of(site, "eff_config_args", eff__config_open_arguments(site, argc, argv, schema), NULL);
}

eff_layer_t *eff_config_memory_at(eff_site_t site, size_t n, const char *const *pairs)
{
    return layer_of(site, "eff_config_memory", eff__config_open_pairs(site, n, pairs), NULL);
}

/* ---- a file that is named by the Config so far */

eff_layer_t *eff_config_json_file_named_with_at(eff_site_t site, const char *path, const char *otherwise,
                                                const eff_config_file_options_t *options)
{
    eff_t *snapshot = eff__config_open_named(site, path, otherwise, options);
    return layer_of(site, "eff_config_json_file_named", snapshot, EFF_TAGS(&eff_config_tag));
}

eff_layer_t *eff_config_json_file_named_at(eff_site_t site, const char *path, const char *otherwise)
{
    return eff_config_json_file_named_with_at(site, path, otherwise, NULL);
}

/* ---- one Config behind another */

static eff_t *nothing(eff_config_t *config)
{
    (void)config;
    return eff_succeed_at(NULL, eff_array(0, NULL));
}

static eff_value_t nothing_ahead(void)
{
    static const eff_config_t none = { .size = sizeof(eff_config_t), .snapshot = nothing };
    return eff_config_value((eff_config_t *)(uintptr_t)&none);
}

static const eff_tag_t first_tag = { "first eff_config", NULL };
static const eff_tag_t second_tag = { "second eff_config", NULL };
/* What stands in front of both, in an eff_config_or_else around this one. Without a name, since users do not see it. */
static const eff_tag_t ahead_tag = { NULL, nothing_ahead };

struct joined {
    eff_config_t config; /* first, so that the whole, as a value, is the service */
    eff_config_t *first, *second;
};
EFF_STATIC_TYPE(joined_config, struct joined);

static eff_value_t join(eff_value_t first, eff_value_t second, eff_value_t env)
{
    (void)env;
    first = eff_value_incref(first);
    return eff__config_join(first, eff_value_incref(second));
}

static eff_t *joined_snapshot(eff_config_t *config)
{
    struct joined *j = EFF_CONTAINER_OF(config, struct joined, config);
    eff_t *first = eff__config_snapshot(NULL, j->first);
    return eff_zip_with_at(NULL, first, eff__config_snapshot(NULL, j->second), join, eff_unit);
}

static eff_t *make_joined(eff_value_t context, const eff_tag_t *first_of, const eff_tag_t *second_of)
{
    eff_value_t first = eff_context_get(eff_as_context(context), first_of);
    eff_value_t second = eff_context_get(eff_as_context(context), second_of);
    if (eff_is_oom(first) || eff_is_oom(second)) return eff_out_of_memory();
    struct joined joined = {
        { sizeof(eff_config_t), joined_snapshot },
        (eff_config_t *)eff__service_of(first),
        (eff_config_t *)eff__service_of(second),
    };
    return eff_succeed_at(NULL, joined_config_make(joined));
}

static eff_t *make_both(eff_value_t context, eff_value_t env)
{
    (void)env;
    return make_joined(context, &first_tag, &second_tag);
}

static eff_t *make_front(eff_value_t context, eff_value_t env)
{
    (void)env;
    return make_joined(context, &ahead_tag, &first_tag);
}

static eff_t *open_both(void)
{
    return eff_flat_map_at(NULL, eff_context(), make_both, eff_unit);
}

static eff_t *open_front(void)
{
    return eff_flat_map_at(NULL, eff_context(), make_front, eff_unit);
}

static const eff_tag_t *const both_needs[] = { &first_tag, &second_tag, NULL };
static const eff_layer_def_t both_def = {
    .size = sizeof(eff_layer_def_t),
    .name = "eff_config_or_else",
    .tag = &eff_config_tag,
    .open = open_both,
    .needs = both_needs,
};

static const eff_tag_t *const front_needs[] = { &ahead_tag, &first_tag, NULL };
static const eff_layer_def_t front_def = {
    .size = sizeof(eff_layer_def_t),
    .name = "eff_config_or_else",
    .tag = &eff_config_tag,
    .open = open_front,
    .needs = front_needs,
};

eff_layer_t *eff_config_or_else_at(eff_site_t site, eff_layer_t *first, eff_layer_t *second)
{
    if (!first || !second) return eff__layer_of_null(site, "eff_config_or_else", first, second);
    eff_layer_t *front = eff_layer_of(&front_def);
    eff_layer_t *const seen[] = {
        eff_layer_incref(front),
        eff__layer_renamed(front, &eff_config_tag, &ahead_tag),
    };
    second = eff_layer_provide_at(site, second, eff_layer_merge_at(site, 2, seen));
    first = eff__layer_renamed(first, &eff_config_tag, &first_tag);
    second = eff__layer_renamed(second, &eff_config_tag, &second_tag);
    eff_layer_t *both = eff_layer_provide_merge_at(site, second, first);
    return eff__layer_named(site, eff_layer_provide_at(site, eff_layer_of(&both_def), both), "eff_config_or_else");
}
