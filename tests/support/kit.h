/* For tests of the test kit: runs as users have them, what goes to stderr, and what is lost on purpose. */
#ifndef TESTS_SUPPORT_KIT_H
#define TESTS_SUPPORT_KIT_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/fibers.h"

/* Our own tests allow everything (case.c); from here on it is as for everybody else. */
static inline void as_for_users(void)
{
    eff_test_set_defaults(NULL);
}

static inline const char *full_text(const eff_exit_t *exit)
{
    static char text[4096];
    eff_buffer_t buffer = EFF_BUFFER_INIT;
    eff_exit_format(exit, &buffer);
    snprintf(text, sizeof text, "%s", eff_buffer_text(&buffer));
    eff_buffer_done(&buffer);
    return text;
}

/* What goes to stderr meanwhile. */
static int real_stderr;
static FILE *captured;
static inline void begin_capture(void)
{
    captured = tmpfile();
    fflush(stderr);
    real_stderr = dup(STDERR_FILENO);
    dup2(fileno(captured), STDERR_FILENO);
}
static inline const char *end_capture(void)
{
    static char text[8192];
    fflush(stderr);
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    rewind(captured);
    text[fread(text, 1, sizeof text - 1, captured)] = 0;
    fclose(captured);
    return text;
}

/* What the kit must not find, but the test can give up: addresses with all bits turned over. */
static uintptr_t hidden[4];
static inline void *found(int i)
{
    void *p = (void *)~hidden[i];
    hidden[i] = 0;
    return p;
}

/* Memory that was given back before may have left its addresses on the stack, in places that a frame of today has and never
 * writes to. What is lost there would seem to be held: it gets memory that nobody had before. */
static inline void use_up_old_memory(void)
{
    enum { N = 64 };
    eff_t *effects[N];
    eff_value_t strings[N];
    for (int i = 0; i < N; i++) {
        effects[i] = eff_succeed(eff_int(i));
        strings[i] = eff_string("as long as the text that will be lost ...");
    }
    for (int i = N; i-- > 0;) { /* so that the newest is the next to be used */
        eff_decref(effects[i]);
        eff_value_decref(strings[i]);
    }
}

static inline eff_value_t lose_a_value(eff_value_t env)
{
    use_up_old_memory();
    hidden[0] = ~(uintptr_t)eff_string("nobody will give this up, whoever it was").ptr;
    return eff_unit;
}

#endif
