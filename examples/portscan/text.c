/* Text from strangers, on its way to a terminal: no byte of it may move the cursor or end a line. */
#include "text.h"

eff_value_t buffer_take(eff_buffer_t *b)
{
    eff_value_t text = b->truncated ? eff_oom_value() : eff_string_n(eff_buffer_text(b), b->size);
    eff_buffer_done(b);
    return text;
}

eff_value_t printable(const char *bytes, size_t n)
{
    eff_buffer_t out = EFF_BUFFER_INIT;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c >= 0x20 && c < 0x7f) eff_buffer_add_n(&out, &bytes[i], 1);
        else eff_buffer_printf(&out, "\\x%02x", c);
    }
    return buffer_take(&out);
}
