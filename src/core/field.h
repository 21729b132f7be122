/* What the layers need of fields beyond the public header. */
#ifndef EFF_CORE_FIELD_H
#define EFF_CORE_FIELD_H

#include <effect/field.h>

/* The fields of such a value, borrowed from it; NULL and 0 of any other. */
const eff_field_t *eff__fields_list(eff_value_t fields, size_t *ret_n);

#endif
