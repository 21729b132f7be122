/* Names as the exposition format of Prometheus has them, and labels that cannot be told apart in it. */
#include "layers/metric_registry.h"

#include <string.h>

char eff__metric_name_char(const char *name, size_t i)
{
    char c = name[i];
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return (char)(is_letter || (i > 0 && c >= '0' && c <= '9') ? c : '_');
}

static bool is_same_name(const char *a, const char *b)
{
    size_t i = 0;
    while (a[i] && b[i] && eff__metric_name_char(a, i) == eff__metric_name_char(b, i))
        i++;
    return a[i] == b[i]; /* both have ended */
}

bool eff__metric_labels_fit(eff_value_t labels, bool has_buckets, struct eff__label_clash *ret_clash)
{
    size_t n = labels.type == &eff_fields_type ? eff_fields_size(labels) : 0;
    for (size_t i = 0; i < n; i++) {
        const char *key = eff_fields_at(labels, i).key;
        *ret_clash = (struct eff__label_clash){ .key = key };
        if (has_buckets && strcmp(key, "le") == 0) return false;
        for (size_t k = 0; k < i; k++) {
            ret_clash->other = eff_fields_at(labels, k).key;
            if (is_same_name(ret_clash->other, key)) return false;
        }
    }
    return true;
}
