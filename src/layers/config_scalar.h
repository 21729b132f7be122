/* Scalars: what a text or a JSON value comes to, as a field takes it. */
#ifndef EFF_LAYERS_CONFIG_SCALAR_H
#define EFF_LAYERS_CONFIG_SCALAR_H

#include "layers/config_source.h"
#include "layers/config_text.h"

/* What a text or a JSON value comes to; which member counts is the field's kind. */
struct eff__config_scalar {
    bool truth;
    int64_t integer; /* of integers, sizes and enums */
    double real;
    eff_duration_t duration;
    const char *text; /* n_text bytes, borrowed */
    size_t n_text;
    struct json_t *json; /* owned, until it is stored */
};

/* What a text, or a value of a document, comes to. Borrows both, as the result does. */
enum eff__config_parsed eff__config_from_text(const eff_config_field_t *field, const char *text, size_t n,
                                              struct eff__config_scalar *ret);
enum eff__config_parsed eff__config_from_json(const eff_config_field_t *field, const struct json_t *json,
                                              struct eff__config_scalar *ret);
/* Whether v is within the field's limits, and fits into its integer. */
enum eff__config_parsed eff__config_check_limits(const eff_config_field_t *field, const struct eff__config_scalar *v);
/* Whether there are limits for such a value. */
bool eff__config_has_limits(const eff_config_field_t *field);
/* How many strings a text with commas between them is. */
size_t eff__config_count_pieces(const char *text);
/* Whether an array may have n items. */
bool eff__config_count_fits(const eff_config_field_t *field, size_t n);
/* What fits into an integer of this width. */
void eff__config_width_limits(int width, int64_t *ret_least, int64_t *ret_most);

#endif
