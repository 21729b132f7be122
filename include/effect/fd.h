/** @file
 * Waiting for file descriptors: for those who read and write them with calls of their own, and for C libraries that say
 * which descriptor they wait for (libpq, libcurl, libssh2). Reading a pipe to its end:
 *
 *     do {
 *         EFF_AWAIT(eff_wait_readable(s->fd));
 *         s->n = read(s->fd, s->text, sizeof s->text);    // 0 at the end; -1: errno says why
 *         if (s->n > 0) eff_buffer_add_n(&s->all, s->text, (size_t)s->n);
 *     } while (s->n > 0);
 *
 * As with poll, a descriptor is ready when the call would not block, which includes the call's failing: what is wrong
 * with it, and that nobody holds the other end, is what the read or write then says. Between the wait and the call
 * others may have read first; where several do, make the descriptor non-blocking, and wait again on EAGAIN.
 */
#ifndef EFFECT_FD_H
#define EFFECT_FD_H

#include <effect/base.h>

EFF_BEGIN_DECLS

/**
 * Waits until fd can be read without blocking: until there is data, its end, a connection to accept, or an error.
 *
 * A wait for the outside world: never part of a deadlock. What is never waited for, such as a regular file, is ready at
 * once. Several fibers may wait for one fd; when it is ready, all of them go on, in no particular order.
 * - Success: with unit; without losing the loop when fd is ready already.
 * - Failure: with an eff_system_error that has the errno: EBADF when fd is not open, ENOSPC when the system watches no
 *   more.
 * - Interruption: unwinds at once, and leaves nothing in the loop.
 *
 * @param fd borrowed until the effect has ended: to close it meanwhile is a mistake, after which the fiber may wait for
 *           ever, or for another file that got the same number. Interrupt who waits first
 * @returns_new
 * @see eff_async, for libraries that call back
 *
 * Standard name: wait_readable (Trio).
 */
EFF_API EFF_MUST_USE eff_t *eff_wait_readable_at(eff_site_t site, int fd);
/**
 * Waits until fd can be written without blocking: until there is some room, a connection has been made or refused, or
 * nobody reads any more. Otherwise as eff_wait_readable.
 *
 * Some room may be less than what is to be written, and then a write to a blocking fd blocks. A pipe that is ready
 * takes PIPE_BUF bytes.
 *
 * @param fd as of eff_wait_readable
 * @returns_new
 *
 * Standard name: wait_writable (Trio).
 */
EFF_API EFF_MUST_USE eff_t *eff_wait_writable_at(eff_site_t site, int fd);

#define eff_wait_readable(...) eff_wait_readable_at(EFF_SITE, __VA_ARGS__)
#define eff_wait_writable(...) eff_wait_writable_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
