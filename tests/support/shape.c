/* Exits and causes as short text: what tests compare. */
#include <stdio.h>
#include <string.h>

#include "support/harness.h"

struct shape {
    char *text;
    size_t size;
    const char *open, *close, *comma; /* "fail(1)" and "then(a, b)", or "fail:1" and "then(a,b)" */
    size_t used;
};

static void add(struct shape *s, const char *text)
{
    size_t n = strlen(text), room = s->size - 1 - s->used;
    if (n > room) n = room;
    memcpy(s->text + s->used, text, n);
    s->used += n;
    s->text[s->used] = 0;
}

static void add_value(struct shape *s, const char *what, eff_value_t v)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(v, &text);
    add(s, what);
    add(s, s->open);
    add(s, eff_buffer_text(&text));
    add(s, s->close);
    eff_buffer_done(&text);
}

static void add_cause(struct shape *s, const eff_cause_t *cause) /* NOLINT: test causes are not deep */
{
    const eff_cause_t *left = NULL, *right = NULL;
    eff_value_t error;
    switch (eff_cause_tag(cause)) {
    case EFF_CAUSE_EMPTY: add(s, "empty"); return;
    case EFF_CAUSE_FAIL:
        (void)eff_cause_failure(cause, &error);
        add_value(s, "fail", error);
        return;
    case EFF_CAUSE_DIE: add(s, "die"); return;
    case EFF_CAUSE_INTERRUPT: add(s, "interrupt"); return;
    case EFF_CAUSE_THEN: add(s, "then("); break;
    case EFF_CAUSE_BOTH: add(s, "both("); break;
    }
    (void)eff_cause_sides(cause, &left, &right);
    add_cause(s, left);
    add(s, s->comma);
    add_cause(s, right);
    add(s, ")");
}

static void add_exit(struct shape *s, const eff_exit_t *exit)
{
    s->text[0] = 0;
    if (exit->ok) add_value(s, "ok", exit->value);
    else add_cause(s, exit->cause);
}

const char *shape_of(const eff_exit_t *exit)
{
    static char text[4096];
    struct shape s = { text, sizeof text, "(", ")", ", ", 0 };
    add_exit(&s, exit);
    return text;
}

const char *word_of(const eff_exit_t *exit)
{
    static char text[1024];
    struct shape s = { text, sizeof text, ":", "", ",", 0 };
    add_exit(&s, exit);
    return text;
}

/* Whether v's text is, or with `piece` contains, this one. */
static bool reads(eff_value_t v, const char *wanted, bool piece)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(v, &text);
    const char *found = eff_buffer_text(&text);
    if (strcmp(found, "()") == 0) found = "unit";
    bool same = piece ? strstr(found, wanted) != NULL : strcmp(found, wanted) == 0;
    eff_buffer_done(&text);
    return same;
}

bool exit_is(const eff_exit_t *exit, const char *how, const char *text)
{
    eff_value_t v;
    if (strcmp(how, "ends with") == 0) return strcmp(shape_of(exit), text) == 0;
    if (strcmp(how, "succeeds") == 0) return exit->ok && reads(exit->value, text, false);
    if (exit->ok) return false;
    if (strcmp(how, "is interrupted") == 0) return eff_cause_is_interrupted_only(exit->cause);
    if (strcmp(how, "dies") == 0) return eff_cause_defect(exit->cause, &v) && reads(v, text, true);
    return !eff_cause_has_die(exit->cause) && eff_cause_failure(exit->cause, &v) && reads(v, text, false);
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
