/** @file
 * The program as a command: its help, its exit codes, and what it says when it cannot do its work.
 */
#ifndef HEALTHCHECK_COMMAND_H
#define HEALTHCHECK_COMMAND_H

#include <effect/effect.h>

enum { EXIT_DOWN = 1, EXIT_TROUBLE = 2 };

/** Checks what the settings say, as they say. Needs settings, terminal and http.
 *  - Success: with the exit code: EXIT_DOWN, or 0.
 *  - Failure, interruption: as check(). */
eff_t *program(void) EFF_MUST_USE;

/** Runs e unless the arguments ask for help, or are wrong. What fails is told.
 *  - Success: with the exit code: that of e, or EXIT_TROUBLE.
 *  - Failure: when nothing can be printed.
 *  @param argc, argv as main gets them; copied  @param e consumes: the program, provided with its services */
eff_t *command(int argc, char *const *argv, eff_t *e) EFF_MUST_USE;

#endif
