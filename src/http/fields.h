/* Fields: names and values in order, as one immutable value. Headers, queries and forms are fields. */
#ifndef EFF_HTTP_FIELDS_H
#define EFF_HTTP_FIELDS_H

#include <effect/http.h>

struct eff__http_field {
    const char *name;
    const char *value;
    bool secret; /* no text for people shows the value */
};

struct eff__http_fields {
    size_t n;
    struct eff__http_field *list; /* one block, its strings behind the array; NULL when n is 0 */
    const char *mistake;          /* what is wrong with how it was made: a static phrase; NULL: nothing */
};
EFF_DECLARE_TYPE(eff_http_fields, struct eff__http_fields);

/* The fields of a value; none for the absent one and for other types, about which nothing is said. Borrows. */
const struct eff__http_fields *eff__http_fields_in(eff_value_t fields);
/* A copy of n fields, then of one more unless that is NULL. Borrows all. */
eff_value_t eff__http_fields_copy(size_t n, const struct eff__http_field *list, const struct eff__http_field *more);
/* A copy of those for which keep holds. Consumes fields; an absent value stays one. */
eff_value_t eff__http_fields_filter(eff_value_t fields, bool (*keep)(const struct eff__http_field *field));
/* "a=1&b=2", percent-encoded; what is secret as "..." if shown. Borrows fields. */
void eff__http_fields_encode(eff_value_t fields, bool shown, eff_buffer_t *out);

/* Adds text with all but what is unreserved (RFC 3986, 2.3) as %XX. */
void eff__http_encode(const char *text, eff_buffer_t *out);

#endif
