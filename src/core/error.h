/* Errors without their inner error, for the walks that do the nesting. */
#ifndef EFF_CORE_ERROR_H
#define EFF_CORE_ERROR_H

#include <effect/error.h>

int eff__error_compare_own(const eff_error_t *a, const eff_error_t *b);
uint64_t eff__error_hash_own(const eff_error_t *e);
void eff__error_format_own(const eff_error_t *e, eff_buffer_t *out);

#endif
