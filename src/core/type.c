/* What the macros of type.h call: payloads of users' types, and the dummy that a wrong-type read gives.
 *
 * The dummy looks like a payload: an immortal header stands in front of it, so that a reference to it can be
 * taken, given up and made into a value like any other.
 */
#include <effect/type.h>

#include <string.h>

#include "core/value.h"

_Static_assert(sizeof(struct eff__dummy_header) == sizeof(struct eff__header), "a payload's header");
_Static_assert(offsetof(struct eff__dummy_header, count) == offsetof(struct eff__header, count), "count");
_Static_assert(offsetof(struct eff__dummy_header, type) == offsetof(struct eff__header, type), "type");

void *eff__payload_new(const eff_type_t *type)
{
    void *payload = eff__payload_alloc(type, type->size);
    return payload ? memset(payload, 0, type->size) : NULL;
}

void *eff__payload_incref(void *payload)
{
    return payload ? eff__payload_retain(payload) : NULL;
}

void eff__payload_decref(const eff_type_t *type, void *payload)
{
    if (payload && type->flags & EFF_TYPE_COUNTED) eff__payload_release(payload);
}

void *eff__payload_wrong(eff_value_t v, const eff_type_t *wanted, struct eff__dummy_header *dummy)
{
    (void)eff__wrong_type(v, wanted);
    memset(dummy, 0, sizeof *dummy + wanted->size);
    dummy->count = EFF__IMMORTAL;
    dummy->type = wanted;
    return dummy + 1;
}
