/* Exits and causes as short text, by the kit's own words: what cases compare. */
#include <stdio.h>
#include <string.h>

#include "support/harness.h"

const char *shape_of(const eff_exit_t *exit)
{
    static char text[4096];
    eff_buffer_t shape = EFF_BUFFER_INIT;
    eff_test_shape(exit, &shape);
    snprintf(text, sizeof text, "%s", eff_buffer_text(&shape));
    eff_buffer_done(&shape);
    return text;
}

/* The shape without what a journal's word must not have: "fail(7)" is "fail:7", "then(a, b)" is "then(a,b)". */
const char *word_of(const eff_exit_t *exit)
{
    static char text[1024];
    const char *from = shape_of(exit);
    size_t used = 0;
    int leaf = 0; /* parentheses open in the value of a leaf, its own included */
    for (; *from && used < sizeof text - 1; from++) {
        bool opens = *from == '(' && used >= 2;
        if (leaf == 0 && opens &&
            (strncmp(from - 2, "ok", 2) == 0 || (used >= 4 && strncmp(from - 4, "fail", 4) == 0))) {
            leaf = 1;
            text[used++] = ':';
            continue;
        }
        if (leaf && *from == '(') leaf++;
        if (leaf && *from == ')' && --leaf == 0) continue;
        if (!leaf && *from == ' ') continue;
        text[used++] = *from;
    }
    text[used] = 0;
    return text;
}

bool exit_is(const eff_exit_t *exit, const char *how, const char *text)
{
    if (strcmp(how, "ends with") == 0) return eff_test_expect_shape(exit, text, NULL);
    if (strcmp(how, "succeeds") == 0) return eff_test_expect_success(exit, text, NULL);
    if (strcmp(how, "is interrupted") == 0) return eff_test_expect_interruption(exit, NULL);
    if (strcmp(how, "dies") == 0) return eff_test_expect_defect(exit, text, NULL);
    return eff_test_expect_failure(exit, text, NULL);
}

const char *full_text_of(const eff_exit_t *exit)
{
    static char text[4096];
    eff_buffer_t buffer = EFF_BUFFER_INIT;
    eff_exit_format(exit, &buffer);
    snprintf(text, sizeof text, "%s: %s", shape_of(exit), eff_buffer_text(&buffer));
    eff_buffer_done(&buffer);
    return text;
}

void ck_assert_exit_(const char *file, int line, eff_exit_t exit, const char *how, const char *text)
{
    if (!exit_is(&exit, how, text))
        _ck_assert_failed(file, line, "Wrong exit", "expected that it %s%s%s, but it was %s", how, text ? " " : "",
                          text ? text : "", full_text_of(&exit));
    eff_exit_decref(exit);
}
