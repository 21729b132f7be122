/** @file
 * Child processes as effects.
 */
#ifndef JOBD_PROCESS_H
#define JOBD_PROCESS_H

#include <effect/effect.h>

/**
 * Runs a command of the shell, in a process group of its own.
 *
 * - Success: when it ends with code 0.
 * - Failure: with a job_error that says how it ended; with a system error when it could not be started.
 * - Asked to stop: it gets SIGTERM, and is waited for.
 * - Interruption: it gets SIGTERM, a second later SIGKILL.
 *
 * @param command copied
 */
eff_t *process_run(const char *command);

#endif
