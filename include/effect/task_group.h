/** @file
 * Task groups: any number of fibers, begun as the work comes, that end together. Also known as a nursery (trio), or a
 * TaskGroup (asyncio, Swift).
 *
 *     static eff_t *crawl(eff_task_group_t *group, eff_value_t urls)
 *     {
 *         eff_t *first = eff_task_group_fork(group, fetch(group, eff_first(urls)));
 *         return eff_then(first, eff_task_group_fork(group, fetch(group, eff_second(urls))));
 *     }
 *     e = eff_task_group(crawl, eff_pair(one, other));      // fetch may fork a task for each link that it finds
 *
 * The group ends when its body and all its tasks have ended. The first failure, of the body or a task, interrupts all
 * others; they are awaited, and what failed is reported together. So no task outlives the effect eff_task_group, and a
 * task may borrow whatever lives around it.
 *
 * Tasks are fibers, each with a scope of its own. What a task succeeds with is dropped; a task that is interrupted by
 * itself, by its handle say, is no failure of the group. A group takes memory for the tasks that live, not for those that
 * have ended.
 *
 * The group is handed to its body, and may be given to others: a handle. The effects take NULL, and then die of "out of
 * memory"; a group of another runtime is a defect.
 */
#ifndef EFFECT_TASK_GROUP_H
#define EFFECT_TASK_GROUP_H

#include <effect/construct.h>
#include <effect/duration.h>

EFF_BEGIN_DECLS

EFF_API extern const eff_type_t eff_task_group_type;   /**< of task groups as values */
EFF_API extern const eff_type_t eff_task_started_type; /**< of what a task says with that it has started, as values */

/** The body of a task group.
 *  @param group borrows until the group has ended
 *  @param env borrows until the group has ended: tasks may use what it holds
 *  @return new; NULL is a mistake, and a defect */
typedef eff_t *(*eff_task_group_fn)(eff_task_group_t *group, eff_value_t env);
/** A task that says when it has started.
 *  @param started borrows until the effect that is returned has ended: for eff_task_started
 *  @param env borrows until the effect that is returned has ended
 *  @return new; NULL is a mistake, and a defect */
typedef eff_t *(*eff_task_fn)(eff_task_started_t *started, eff_value_t env);

/**
 * Runs the body that f makes, and the tasks that are forked into the group, until all have ended.
 *
 * - Success: with the body's value.
 * - Failure: of the body or a task interrupts all others, which are awaited. Both of those that failed by themselves in
 *   that turn, in order of forking, the body first, and after them what others failed with as they were interrupted.
 * - Interruption: passed on to the body and all tasks, which are awaited.
 *
 * @param site where it is composed; the macro fills it in
 * @param f called once per run; borrows the group and env; returns new
 * @param env consumes; kept until the group has ended
 * @returns_new
 * @see eff_task_group_within; eff_for_each_par, for items that are there to be taken
 */
EFF_API EFF_MUST_USE eff_t *eff_task_group_at(eff_site_t site, eff_task_group_fn f, eff_value_t env);
/**
 * As eff_task_group, in eff_graceful: when the caller is interrupted, or eff_task_group_stop is run, body and tasks are
 * asked to stop first, and interrupted when `grace` has passed.
 *
 * @param site where it is composed; the macro fills it in
 * @param grace by the Clock; 0 or less: asked and interrupted at once
 * @param f called once per run; borrows the group and env; returns new
 * @param env consumes; kept until the group has ended
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_task_group_within_at(eff_site_t site, eff_duration_t grace, eff_task_group_fn f,
                                                     eff_value_t env);

/**
 * Starts e as a task of the group, from any fiber. It gets its first turn after those already waiting for one.
 *
 * It has the services that were there around eff_task_group, as those of eff_fork_in have their scope's, and the group's
 * stop token; what the forker has set by eff_locally goes along. As long as the group lives, tasks can be forked into
 * it; when it is being interrupted, they end unrun.
 * - Success: with the handle (eff_as_fiber), at once. A failure of the task is the group's.
 * - Failure: into a group that has ended: dies.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{group}
 * @consumes{e}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_task_group_fork_at(eff_site_t site, eff_task_group_t *group, eff_t *e);
/**
 * As eff_task_group_fork, with a name that the task has from its birth on: in dumps, in reports, and for supervisors.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{group}
 * @consumes{e}
 * @param name copied
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_task_group_fork_named_at(eff_site_t site, eff_task_group_t *group, eff_t *e,
                                                         const char *name);
/**
 * Starts a task, and waits until it says that it has started: that a server listens, say.
 *
 * Until then the task's end is this effect's, and no failure of the group. From then on it is a task as others.
 * - Success: with the value given to eff_task_started.
 * - Failure: with that of a task that fails before. When it succeeds without having said so: dies. Into a group that has
 *   ended: dies.
 * - Interruption: interrupts the task, and awaits it. Once the task has started, it goes on.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{group}
 * @param f called once, in the task's fiber; borrows what it is to say so with, and env; returns new
 * @consumes{env}
 * @returns_new
 *
 * Standard name: nursery.start (trio).
 */
EFF_API EFF_MUST_USE eff_t *eff_task_group_start_at(eff_site_t site, eff_task_group_t *group, eff_task_fn f,
                                                    eff_value_t env);
/**
 * Says that the task has started: eff_task_group_start succeeds with v.
 *
 * - Success: with unit. When whoever started it was interrupted meanwhile, and awaits the task's end, v is dropped.
 * - Failure: said a second time, or after the task's end: dies.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{started}
 * @consumes{v}
 * @returns_new
 */
EFF_API EFF_MUST_USE eff_t *eff_task_started_at(eff_site_t site, eff_task_started_t *started, eff_value_t v);
/**
 * Asks the group's body and tasks to stop (stop.h). In eff_task_group_within its grace begins with that. Of a group that
 * has ended: nothing.
 *
 * - Success: with unit, at once.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{group}
 * @returns_new
 *
 * O(tokens below the group's, and those who wait for them).
 */
EFF_API EFF_MUST_USE eff_t *eff_task_group_stop_at(eff_site_t site, eff_task_group_t *group);
/**
 * Interrupts all tasks. The body goes on, and the group ends with its value: those tasks are no failures of it. Of a group
 * that has ended: nothing.
 *
 * - Success: with unit, at once: the tasks are awaited as the group ends. In a task, which is interrupted too, that is
 *   seen afterwards.
 *
 * @param site where it is composed; the macro fills it in
 * @retains{group}
 * @returns_new
 *
 * O(tasks).
 */
EFF_API EFF_MUST_USE eff_t *eff_task_group_cancel_at(eff_site_t site, eff_task_group_t *group);

#define eff_task_group(...) eff_task_group_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
#define eff_task_group_within(grace, ...) eff_task_group_within_at(EFF_SITE_OF(__VA_ARGS__), (grace), __VA_ARGS__)
#define eff_task_group_fork(...) eff_task_group_fork_at(EFF_SITE, __VA_ARGS__)
#define eff_task_group_fork_named(...) eff_task_group_fork_named_at(EFF_SITE, __VA_ARGS__)
#define eff_task_group_start(group, ...) eff_task_group_start_at(EFF_SITE_OF(__VA_ARGS__), (group), __VA_ARGS__)
#define eff_task_started(...) eff_task_started_at(EFF_SITE, __VA_ARGS__)
#define eff_task_group_stop(...) eff_task_group_stop_at(EFF_SITE, __VA_ARGS__)
#define eff_task_group_cancel(...) eff_task_group_cancel_at(EFF_SITE, __VA_ARGS__)

/** How many tasks live, without the body. Its runtime's thread. @param group borrows; NULL is fine @return 0 once it has
 *  ended */
EFF_API size_t eff_task_group_size(const eff_task_group_t *group);

/** One more reference. Any thread. @param group borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_task_group_t *eff_task_group_incref(eff_task_group_t *group);
/** Gives up one reference, which ends nothing. Any thread. @param group consumes; NULL is fine */
EFF_API void eff_task_group_decref(eff_task_group_t *group);
/** A handle as a value. @param group consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_task_group_value(eff_task_group_t *group);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy that has ended */
EFF_API eff_task_group_t *eff_as_task_group(eff_value_t v);

/** One more reference. Any thread. @param started borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_task_started_t *eff_task_started_incref(eff_task_started_t *started);
/** Gives up one reference. Any thread. @param started consumes; NULL is fine */
EFF_API void eff_task_started_decref(eff_task_started_t *started);
/** A handle as a value. @param started consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_task_started_value(eff_task_started_t *started);
/** Reads a handle. @borrows{v} @return borrowed from v; on the wrong type a dummy whose task has ended */
EFF_API eff_task_started_t *eff_as_task_started(eff_value_t v);

EFF_END_DECLS
#endif
