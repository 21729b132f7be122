/** @file
 * Supervisors: plain C that is told of every fiber's start and end. For metrics, tracing, tests.
 *
 *     static void on_end(const eff_fiber_t *fiber, const eff_exit_t *exit, void *arg)
 *     {
 *         struct stats *s = arg;
 *         exit->ok ? s->ended++ : s->failed++;
 *     }
 *     static const eff_supervisor_t counting = { .on_end = on_end, .arg = &stats };
 *     e = eff_supervised(server(), &counting);
 *
 * To have fibers restarted, see eff_restart (loop.h). The name is that of ZIO's Supervisor.
 */
#ifndef EFFECT_SUPERVISOR_H
#define EFFECT_SUPERVISOR_H

#include <effect/fiber.h>

EFF_BEGIN_DECLS

/** Who is told, and how. Any callback may be NULL. They are called between two instructions of the fibers, so they must
 *  be quick; what they need of a fiber later they take a reference to. */
typedef struct eff_supervisor {
    size_t size; /**< sizeof(eff_supervisor_t), or 0 */
    /** A fiber was forked, and none of its instructions has run; of eff_runtime_fork, before that returns. A side of a
     *  parallel combinator and an item of eff_for_each_par is a fiber. Borrows all; parent: who forked it, NULL for what
     *  eff_run or the host started. */
    void (*on_start)(const eff_fiber_t *fiber, const eff_fiber_t *parent, void *arg);
    /** It has ended: its children and finalizers too, and none of those who wait for it has gone on; eff_fiber_poll has
     *  its exit from the next callback on. Once for each on_start. Borrows all. */
    void (*on_end)(const eff_fiber_t *fiber, const eff_exit_t *exit, void *arg);
    void *arg; /**< passed to the callbacks */
} eff_supervisor_t;

/**
 * Tells a supervisor of every fiber that starts within e, however deep, wherever it is owned; of daemons not. Of nested
 * supervisors the outer one is told first. One that is the runtime's (eff_runtime_options_t) is told of all fibers.
 *
 * Ends as e does. The fiber that runs e is not told of: it started before.
 *
 * @consumes{e}
 * @param supervisor borrowed until all fibers it was told of have ended: mostly static
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_supervised_at(eff_site_t site, eff_t *e, const eff_supervisor_t *supervisor);
#define eff_supervised(...) eff_supervised_at(EFF_SITE, __VA_ARGS__)

EFF_END_DECLS
#endif
