/* Items that are not there yet: iterators and pulls. Both are descriptions: what one run has got so far is kept by the
 * loop. A pull is nothing but its effect, under a type of its own. */
#include "core/items.h"

#include "core/misuse.h"
#include "core/value.h"

static void iterator_drop(void *payload)
{
    eff_value_decref(((struct eff__iterator *)payload)->env);
}

const eff_type_t eff_iterator_type = {
    .size = sizeof(struct eff__iterator),
    .name = "iterator",
    .drop = iterator_drop,
    .flags = EFF_TYPE_COUNTED | EFF__TYPE_ITEMS,
};

eff_value_t eff_iterator(eff_sync_fn start, eff_next_fn next, eff_value_t env)
{
    env = eff__value_part(env, "eff_iterator");
    if (!start || !next) {
        eff__misuse("eff_iterator was given NULL for its %s function", start ? "next" : "start");
        eff_value_decref(env);
        return (eff_value_t){ .type = NULL, .integer = 0 };
    }
    if (eff_is_oom(env)) return env;
    struct eff__iterator *iterator = eff__payload_alloc(&eff_iterator_type, sizeof *iterator);
    if (!iterator) {
        eff_value_decref(env);
        return eff_oom_value();
    }
    *iterator = (struct eff__iterator){ start, next, env };
    return (eff_value_t){ .type = &eff_iterator_type, .ptr = iterator };
}

const eff_type_t eff_pull_type = { .name = "pull", .flags = EFF_TYPE_EFFECT | EFF__TYPE_ITEMS };

eff_value_t eff_pull(eff_t *next)
{
    if (!next) {
        eff__misuse("eff_pull was given NULL");
        return (eff_value_t){ .type = NULL, .integer = 0 };
    }
    return (eff_value_t){ .type = &eff_pull_type, .ptr = next };
}
