/** @file
 * Being told of what takes long: callbacks that hold the loop, and finalizers that others wait for.
 *
 *     static void log_slow(const eff_slow_t *slow, void *arg) { fprintf(arg, "%s\n", slow->text); }
 *
 *     eff_runtime_options_t options = { .base = base, .on_slow = log_slow, .arg = log };
 *     options.slow_callback = eff_millis(50);
 *     options.slow_finalizer = eff_seconds(10);
 *     eff_runtime_t *rt = eff_runtime_new(&options);
 *
 * `EFF_DEBUG=slow=50ms,finalizers=10s` asks the same of a program that is there already, and overrides its options.
 * Watching callbacks costs about 0.1 us for each, for reading the clock; watching finalizers, next to nothing.
 */
#ifndef EFFECT_SLOW_H
#define EFFECT_SLOW_H

#include <effect/duration.h>

EFF_BEGIN_DECLS

/** What took long. */
typedef enum eff_slow_kind {
    EFF_SLOW_CALLBACK, /**< a callback, canceler, release or step of a gen held the loop */
    EFF_SLOW_TURN,     /**< a fiber held the loop with many instructions, none of which was slow */
    EFF_SLOW_WAITING,  /**< a finalizer still runs, or a fiber that was told to end is masked; told again after
                            twice the time, four times, and so on */
    EFF_SLOW_FINALIZER /**< a finalizer ended that ran for long */
} eff_slow_kind_t;

/** One report. Fields may be added at its end. */
typedef struct eff_slow {
    eff_slow_kind_t kind; /**< what took long */
    const char *text;     /**< a sentence of all that is known, without a full stop; borrowed */
    eff_site_t site;      /**< of the callback or finalizer; NULL for a turn, or when built without sites */
    eff_duration_t took;  /**< how long it has been going on */
    uint64_t fiber;       /**< the id of the fiber */
} eff_slow_t;

/** Told of what took long, on the runtime's thread, between two instructions: it may log, and must not run effects.
 *  @borrows{slow}
 *  @param arg as in the options of the runtime */
typedef void (*eff_slow_fn)(const eff_slow_t *slow, void *arg);

EFF_END_DECLS
#endif
