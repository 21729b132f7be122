/** @file
 * libeffect: effects as values, and the fibers that run them over libevent. This header brings in the whole library;
 * each header it names stands alone. For adapting callback APIs see async.h, for writing services service.h.
 *
 *     #include <effect/effect.h>
 *
 *     static eff_value_t double_it(eff_value_t v, eff_value_t env) { (void)env; return eff_int(eff_as_int(v) * 2); }
 *
 *     int main(void) { return eff_main(eff_map(eff_succeed(eff_int(21)), double_it, eff_unit)); }   // exit code 42
 */
#ifndef EFFECT_EFFECT_H
#define EFFECT_EFFECT_H

#include <effect/base.h>

#include <effect/error.h>
#include <effect/field.h>
#include <effect/type.h>
#include <effect/value.h>

#include <effect/cause.h>
#include <effect/exit.h>

#include <effect/duration.h>
#include <effect/schedule.h>

#include <effect/construct.h>
#include <effect/each_par.h>
#include <effect/finish.h>
#include <effect/gen.h>
#include <effect/interrupt.h>
#include <effect/items.h>
#include <effect/loop.h>
#include <effect/parallel.h>
#include <effect/race.h>
#include <effect/recover.h>
#include <effect/transform.h>

#include <effect/barrier.h>
#include <effect/clock.h>
#include <effect/condition.h>
#include <effect/config.h>
#include <effect/console.h>
#include <effect/context.h>
#include <effect/countdown.h>
#include <effect/deadline.h>
#include <effect/deferred.h>
#include <effect/fd.h>
#include <effect/fiber.h>
#include <effect/fiber_map.h>
#include <effect/fiber_set.h>
#include <effect/fiber_slot.h>
#include <effect/hotswap.h>
#include <effect/latch.h>
#include <effect/layer.h>
#include <effect/layer_describe.h>
#include <effect/layer_recover.h>
#include <effect/layer_share.h>
#include <effect/limit.h>
#include <effect/local.h>
#include <effect/log.h>
#include <effect/logger.h>
#include <effect/memoize.h>
#include <effect/metric.h>
#include <effect/mutex.h>
#include <effect/queue.h>
#include <effect/random.h>
#include <effect/rate_limit.h>
#include <effect/resource.h>
#include <effect/scope.h>
#include <effect/secret.h>
#include <effect/semaphore.h>
#include <effect/stop.h>
#include <effect/task_group.h>
#include <effect/test_clock.h>
#include <effect/tracer.h>

#include <effect/async.h>
#include <effect/describe.h>
#include <effect/dump.h>
#include <effect/managed.h>
#include <effect/remote.h>
#include <effect/runtime.h>
#include <effect/service.h>
#include <effect/supervisor.h>

#endif
