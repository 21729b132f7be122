/** @file
 * Managed runtimes: for servers and plugins, whose callbacks start effects that all want the same services.
 *
 *     eff_runtime_t *rt = eff_managed_runtime(&(eff_runtime_options_t){ .base = base }, app_live());
 *     eff_runtime_fork(rt, handle(request), on_exit, request, NULL);         // with the services of app_live()
 *     eff_runtime_shutdown(rt, done, NULL);                                  // releases them, when all has ended
 *
 * The layer is built when the first effect is started, which waits for it; the others share it. When building fails, so
 * do all that wait for it, and the next that is started tries again. Once it is built it stays until shutdown: it is
 * released when the roots and then the daemons have ended, with their finalizers. After Effect's ManagedRuntime.
 */
#ifndef EFFECT_MANAGED_H
#define EFFECT_MANAGED_H

#include <effect/runtime.h>

EFF_BEGIN_DECLS

/** A runtime each of whose root effects (eff_runtime_run, eff_runtime_fork, eff_on_runtime) runs with the services of a
 *  layer. Daemons start with the root context, as ever. When releasing fails, that is a failure which nobody asks for
 *  (fiber.h).
 *  @param options borrows: copied, as by eff_runtime_new; NULL: all defaults
 *  @param layer consumes, on failure too; NULL is a mistake, of which every effect dies
 *  @return new, for eff_runtime_shutdown and then eff_runtime_free; NULL when out of memory, or when the loop cannot be made
 *  @see eff_main_with, for a program that is one effect */
EFF_API EFF_MUST_USE eff_runtime_t *eff_managed_runtime(const eff_runtime_options_t *options, eff_layer_t *layer);

EFF_END_DECLS
#endif
