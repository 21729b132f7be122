/* The environment of a test: a runtime with a TestClock, a Random with a seed, and eyes on what is left behind. */
#ifndef EFF_TESTING_ENVIRONMENT_H
#define EFF_TESTING_ENVIRONMENT_H

#include <effect/test.h>

#include "layers/test_clock.h"
#include "runtime/leaks.h"
#include "runtime/runtime.h"

struct eff__test_env {
    eff_runtime_t *rt;
    eff__test_clock_t *clock;
    eff_test_logger_t *logger;   /* owned; NULL: it is the default one */
    eff_test_console_t *console; /* owned; NULL when output is the process's */
    eff_test_options_t options;  /* with the defaults filled in; context and layer NULL */
    uint64_t drawn;              /* the state of the lots that are drawn for the order */
    uint64_t mark;               /* memory that was made since then is looked at */
    struct eff__alarm watchdog;
    uint64_t seen_turns; /* how many there had been when the watchdog last looked */
    int64_t patience;    /* until it looks again, in ns */
};

/* The options as far as the caller's header knew them, over the thread's defaults, over the environment's. `context` and
 * `layer` are still the caller's. */
eff_test_options_t eff__test_options(const eff_test_options_t *given);
/* The seed of EFF_TEST_SEED; 0: none is given. */
uint64_t eff__test_seed_given(void);
/* Makes it: `jumps`: time moves by itself unless the options say otherwise; else it does not at all. Consumes the context of
 * the options. False when out of memory. */
bool eff__test_env_open(struct eff__test_env *env, const eff_test_options_t *options, bool jumps);
/* From now on counts as waiting in silence. */
void eff__test_env_watch(struct eff__test_env *env);
/* Adds a line for each fiber that is alive to out, which may be NULL, then ends them; returns how many there were. */
size_t eff__test_env_end_fibers(struct eff__test_env *env, eff_buffer_t *out);
/* Frees the runtime, fibers or not. */
void eff__test_env_close(struct eff__test_env *env);
/* Adds a line for each kind of memory left that neither `exit` nor the frames from `frame` on hold; returns how many pieces
 * there were. */
size_t eff__test_env_leaks(const struct eff__test_env *env, const eff_exit_t *exit, const void *frame,
                           eff_buffer_t *out);

/* ---- latest.c: what a message adds about the thread's latest run */

/* Its order was drawn from this seed; 0: it was the usual one. */
void eff__test_note_seed(uint64_t of_order);
/* What it printed. */
void eff__test_note_screen(const char *text);
/* Adds what it printed, and the line that does it again if its order was drawn. */
void eff__test_add_latest(eff_buffer_t *out);

/* ---- held.c */

enum { EFF__TEST_HELD = 96 };
/* How many registers a function saves below the address of its frame. Where more is taken than there are, variables of the
 * kit itself are looked at too, which may still hold the address of what a test lost. */
#if defined __x86_64__
#define EFF__TEST_SAVED 5 /* rbx, r12 to r15 */
#elif defined __i386__
#define EFF__TEST_SAVED 3 /* ebx, esi, edi */
#elif defined __aarch64__
#define EFF__TEST_SAVED 0 /* they stand above it */
#else
#define EFF__TEST_SAVED 12
#endif
/* Where what the caller of a function of the kit holds begins: in his frames, and in the registers, which this saves in the
 * frame of the function it stands in. */
#define EFF__TEST_FRAME()                                                                                              \
    (__builtin_unwind_init(), (const void *)((void *const *)__builtin_frame_address(0) - EFF__TEST_SAVED))
/* The memory of this thread's stack from `frame` on, and the variables of the process; returns how many pieces. */
size_t eff__test_held(const void *frame, struct eff__held *ret_held);

#endif
