/** @file
 * Straight-line code: a *gen* is a stackless coroutine over a struct of yours.
 *
 *     struct transfer { int64_t from, to, amount; account_t *src, *dst; };
 *     static void transfer_drop(struct transfer *s) { account_decref(s->src); account_decref(s->dst); }
 *     static eff_t *transfer_step(struct transfer *s, eff_gen_t *g)
 *     {
 *         EFF_GEN_BEGIN(g);
 *         EFF_AWAIT(account_into(load_account(s->from), &s->src));
 *         EFF_AWAIT(account_into(load_account(s->to), &s->dst));
 *         if (s->src->balance < s->amount) EFF_GEN_FAIL(insufficient_funds(s->from));
 *         EFF_AWAIT(eff_zip_par(debit(s->src, s->amount), credit(s->dst, s->amount)));
 *         EFF_GEN_END(eff_unit);
 *     }
 *     EFF_DEFINE_GEN(transfer, struct transfer, transfer_step, .drop = transfer_drop);
 *     ... eff_run(transfer((struct transfer){ .from = 1, .to = 2, .amount = 100 }));
 *
 * The step function is entered anew after every await: what must survive one lives in the struct, not in local
 * variables. Each run has its own frame, a bitwise copy of what the gen was made with.
 *  - Without .copy, that is plain or borrowed data, and .drop runs on run frames only, for what the run put there.
 *  - With .copy, the description owns it: `.copy(T *)` takes a second reference to what the bytes refer to, cannot
 *    fail, and .drop runs on both; a run that holds the last reference to the description moves instead.
 *    So a gen whose init says eff_value_incref(x), eff_string(...) or strdup(...) needs .copy: without one, a second
 *    run (eff_retry, eff_repeat, running it again) uses what the first has dropped.
 *
 * Both must accept zeroed fields; a gen may have neither. Compile with -Wall: it finds a missing EFF_GEN_END, and most
 * locals used across an await (Clang; GCC at -O0 only). A gen is a region: fibers forked in it end with it. Order at its end: children, defers in
 * reverse, frame drop. A failed await ends the gen with that failure. A step function that returns an effect without a
 * macro ends the gen with whatever that effect ends with.
 *
 * In C++ T is plain data (trivially copyable), and there is no compound literal: write `transfer({ 1, 2, 100 })`, or
 * fill in a variable. A local with an initializer stands before EFF_GEN_BEGIN, or in a block of its own without an
 * await: C++ lets no jump pass it.
 */
#ifndef EFFECT_GEN_H
#define EFFECT_GEN_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** What EFF_DEFINE_GEN makes of a step function. Static. */
typedef struct eff_gen_def {
    size_t size;                               /**< bytes of the frame */
    eff_t *(*step)(void *frame, eff_gen_t *g); /**< runs to the next await */
    void (*copy)(void *frame);                 /**< takes a second reference to what init holds */
    void (*drop)(void *frame);                 /**< drops what a frame holds */
    eff_t *(*finalize)(eff_any_fn fn, void *frame, const eff_exit_t *exit); /**< calls a deferred function */
    const char *name;                                                       /**< shown in messages */
} eff_gen_def_t;

/** One run's state, as far as the macros touch it. */
struct eff_gen {
    void *resume;      /**< where to go on, for the labels form */
    int line;          /**< where to go on, for the switch form */
    int wait;          /**< what the return of the step function means; the macros set it */
    eff_value_t value; /**< of the last await */
    eff_exit_t exit;   /**< of the last EFF_AWAIT_EXIT */
    eff_site_t site;   /**< of the last await */
};

/** The effect that runs a gen: what EFF_DEFINE_GEN's function calls.
 *  @param site where it is composed
 *  @param def static
 *  @param init copied: the first def->size bytes; consumes what they hold, if owns
 *  @param owns whether the description owns what the bytes hold: there is a .copy
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_gen_at(eff_site_t site, const eff_gen_def_t *def, const void *init, bool owns);
EFF_API EFF_MUST_USE eff_t *eff__gen_wait(eff_gen_t *g, eff_site_t site, eff_t *e);
EFF_API EFF_MUST_USE eff_t *eff__gen_wait_exit(eff_gen_t *g, eff_site_t site, eff_t *e);
EFF_API EFF_MUST_USE eff_t *eff__gen_return(eff_gen_t *g, eff_value_t v);
EFF_API EFF_MUST_USE eff_t *eff__gen_fail(eff_gen_t *g, eff_site_t site, eff_value_t error);
EFF_API EFF_MUST_USE eff_t *eff__gen_lost(eff_gen_t *g); /**< an await inside a user's switch, in the switch form */
EFF_API bool eff__gen_defer(eff_gen_t *g, eff_site_t site, eff_any_fn fn);
EFF_API EFF_MUST_USE eff_value_t eff__gen_take(eff_gen_t *g);

#if defined(__GNUC__) && !defined(EFF_GEN_SWITCH)
/** The first line of every step function. Declarations of locals may stand before it; what initializes them there does
 *  so anew after each await, of which no compiler warns. With GCC and Clang an await may stand anywhere, also inside a
 *  switch; with other compilers, or -DEFF_GEN_SWITCH, not inside a switch.
 *  @param g the step function's second parameter */
#define EFF_GEN_BEGIN(g)                                                                                               \
    eff_gen_t *const eff__g = (g);                                                                                     \
    void *const eff__to = eff__g->resume ? eff__g->resume : __extension__ && eff__start;                               \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wpedantic\"") goto *eff__to;                     \
    _Pragma("GCC diagnostic pop") eff__start : (void)0
#define EFF_GEN_SAVE_(n) eff__g->resume = __extension__ && EFF_CAT(eff__at_, n) /* of EFF_GEN_BEGIN */
#define EFF_GEN_HERE_(n) EFF_CAT(eff__at_, n) :
#define EFF_GEN_CLOSE_
#define EFF_GEN_ID_ __COUNTER__
#else
#define EFF_GEN_BEGIN(g)                                                                                               \
    eff_gen_t *const eff__g = (g);                                                                                     \
    switch (eff__g->line) {                                                                                            \
    default: return eff__gen_lost(eff__g);                                                                             \
    case 0:
#define EFF_GEN_SAVE_(n) eff__g->line = n
#define EFF_GEN_HERE_(n) case n:
#define EFF_GEN_CLOSE_                                                                                                 \
    }                                                                                                                  \
    return eff__gen_lost(eff__g)
#define EFF_GEN_ID_ (__COUNTER__ + 1)
#endif
#define EFF_AWAIT__(n, wait, ...)                                                                                      \
    do {                                                                                                               \
        EFF_GEN_SAVE_(n);                                                                                              \
        return wait(eff__g, EFF_SITE, (__VA_ARGS__));                                                                  \
        EFF_GEN_HERE_(n);                                                                                              \
    } while (0)
#define EFF_AWAIT_(n, wait, ...) EFF_AWAIT__(n, wait, __VA_ARGS__)

/** Runs an effect; goes on here with its value in EFF_GOT(). Its failure ends the gen with that failure.
 *  @param ... consumes: an effect, evaluated once */
#define EFF_AWAIT(...) EFF_AWAIT_(EFF_GEN_ID_, eff__gen_wait, __VA_ARGS__)
/** Runs an effect; goes on here with its exit in EFF_EXIT(), however it ended, unless this gen itself is interrupted.
 *  @param ... consumes: an effect, evaluated once */
#define EFF_AWAIT_EXIT(...) EFF_AWAIT_(EFF_GEN_ID_, eff__gen_wait_exit, __VA_ARGS__)
/** The last await's value. @return borrowed until the next await */
#define EFF_GOT() (eff__g->value)
/** The last await's value, moved out; EFF_GOT() is then unit. @return new */
#define EFF_TAKE() eff__gen_take(eff__g)
/** The last EFF_AWAIT_EXIT's exit. @return borrowed until the next await */
#define EFF_EXIT() ((const eff_exit_t *)&eff__g->exit)
/** Ends the gen with an expected failure. @param ... consumes: the error, any value */
#define EFF_GEN_FAIL(...) return eff__gen_fail(eff__g, EFF_SITE, (__VA_ARGS__))
/** Ends the gen with a value. @param ... consumes: the value */
#define EFF_GEN_RETURN(...) return eff__gen_return(eff__g, (__VA_ARGS__))
/** Ends the gen as an exit says: EFF_GEN_EXIT(EFF_EXIT()). @param ... borrows: a const eff_exit_t * */
#define EFF_GEN_EXIT(...) return eff_done_at(EFF_SITE, (__VA_ARGS__))
/** Ends the gen with a value; the last line of every step function. @param ... consumes: the value */
#define EFF_GEN_END(...)                                                                                               \
    return eff__gen_return(eff__g, (__VA_ARGS__));                                                                     \
    EFF_GEN_CLOSE_
/** Adds a finalizer, to run masked when the gen ends, in reverse order of adding. If there is no memory for it, the gen
 *  ends here, out of memory, and the finalizer runs all the same.
 *  @param s the frame
 *  @param fn `eff_t *fn(T *frame, const eff_exit_t *exit)`: borrows exit until it returns, the frame until its
 *         effect has ended; returns new */
#define EFF_DEFER(s, fn)                                                                                               \
    do {                                                                                                               \
        (void)sizeof((fn)((s), (const eff_exit_t *)0));                                                                \
        if (!eff__gen_defer(eff__g, EFF_SITE_OF(fn), (eff_any_fn)(fn))) return eff_out_of_memory();                    \
    } while (0)

/** Makes `eff_t *name(T init)`, static, out of a step function.
 *  @param name of the function that builds the effect; it returns new
 *  @param T the frame: a struct, 16-byte aligned at most
 *  @param ... the step function, `eff_t *(*)(T *frame, eff_gen_t *g)`, written with the macros above; then the hooks, if
 *             any, .copy and .drop, each `void (*)(T *)` */
#define EFF_DEFINE_GEN(name, T, ...) EFF_GEN_DEFINE_(EFF_MAYBE_UNUSED static, name, T, __VA_ARGS__, .end = 0)
/** As EFF_DEFINE_GEN, visible to other files: declare `eff_t *name(T init);` in a header.
 *  @param name, T, ... as there */
#define EFF_DEFINE_EXTERN_GEN(name, T, ...) EFF_GEN_DEFINE_(, name, T, __VA_ARGS__, .end = 0)
#define EFF_GEN_DEFINE_(LINKAGE, name, T, stepfn, ...)                                                                 \
    EFF_PLAIN_(T)                                                                                                      \
    struct name##__hooks {                                                                                             \
        void (*drop)(T *);                                                                                             \
        void (*copy)(T *);                                                                                             \
        char end; /* so that there is always something to set */                                                       \
    };                                                                                                                 \
    static const struct name##__hooks name##__hooks = EFF_FIELDS_(struct name##__hooks, __VA_ARGS__);                  \
    EFF_NOINLINE static eff_t *name##__step(void *s, eff_gen_t *g)                                                     \
    {                                                                                                                  \
        return stepfn((T *)s, g);                                                                                      \
    }                                                                                                                  \
    static void name##__copy(void *s)                                                                                  \
    {                                                                                                                  \
        if (name##__hooks.copy) name##__hooks.copy((T *)s);                                                            \
    }                                                                                                                  \
    static void name##__drop(void *s)                                                                                  \
    {                                                                                                                  \
        if (name##__hooks.drop) name##__hooks.drop((T *)s);                                                            \
    }                                                                                                                  \
    static eff_t *name##__finalize(eff_any_fn fn, void *s, const eff_exit_t *exit)                                     \
    {                                                                                                                  \
        return ((eff_t * (*)(T *, const eff_exit_t *)) fn)((T *)s, exit);                                              \
    }                                                                                                                  \
    LINKAGE EFF_MUST_USE eff_t *name(T init)                                                                           \
    {                                                                                                                  \
        static const eff_gen_def_t def = {                                                                             \
            sizeof(T), name##__step, name##__copy, name##__drop, name##__finalize, #name                               \
        };                                                                                                             \
        return eff_gen_at(EFF_GEN_SITE_(#name), &def, &init, name##__hooks.copy != NULL);                              \
    }                                                                                                                  \
    struct name##__end
#if defined(EFF_NO_SITES)
#define EFF_GEN_SITE_(name) ((eff_site_t)0)
#else
#define EFF_GEN_SITE_(name) name " (" EFF_FILE_ ":" EFF_STR(__LINE__) ")"
#endif

EFF_END_DECLS
#endif
