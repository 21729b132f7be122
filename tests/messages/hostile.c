/* Text from outside that would like to be taken for the library's own, or to command the terminal. */
#include <string.h>

#include "messages/messages.h"

#line 1 "hostile.c"
static const char forged[] = "x\n  at trusted.c:1\r\ndefect: forged\x1b[2J\x1b]0;title\x07 \xff\xc0\xaf \xc2\x9b"
                             "31m \xe2\x80\xa8 \x7f\t";

static eff_t *in_an_error(void)
{
    return eff_fail(eff_error(&eff_config_error, 0, "%s", forged));
}
static eff_t *in_a_string(void)
{
    return eff_fail(eff_string(forged));
}
static eff_t *in_a_defect(void)
{
    return eff_die(eff_string(forged));
}
static eff_t *in_a_note(void)
{
    return eff_annotate(eff_fail(eff_int(1)), eff_string(forged));
}
static eff_value_t as_int(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_int(eff_as_int(v));
}
static eff_t *in_a_wrong_read(void)
{
    return eff_map(eff_succeed(eff_string(forged)), as_int, eff_unit);
}
static void in_a_wrong_read_outside(void)
{
    eff_value_t v = eff_string(forged);
    (void)eff_as_int(v);
    eff_value_decref(v);
}
static eff_value_t long_text(void)
{
    char text[100000];
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[sizeof text - 2] = text[sizeof text - 1] = 0;
    return eff_string(text);
}
static eff_t *very_long(void)
{
    eff_value_t text = long_text();
    eff_t *e = eff_annotate(eff_fail(eff_value_incref(text)), eff_value_incref(text));
    eff_t *error = eff_fail(eff_error(&eff_config_error, 0, "%s", eff_as_string(text)));
    eff_value_decref(text);
    return eff_ensuring(e, error);
}

const struct message hostile_messages[] = {
    { "in_an_error", .program = in_an_error },
    { "in_a_string", .program = in_a_string },
    { "in_a_defect", .program = in_a_defect },
    { "in_a_note", .program = in_a_note },
    { "in_a_wrong_read", .program = in_a_wrong_read },
    { "in_a_wrong_read_outside", .run = in_a_wrong_read_outside },
    { "very_long", .program = very_long },
    { .name = NULL },
};
