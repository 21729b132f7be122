/* The builders of construct.h: effects that are made of values, causes and plain functions; but for attempt, which is an
 * operation of the runtime. */
#include <effect/construct.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/build.h"
#include "core/cause.h"

eff_t *eff_succeed_at(eff_site_t site, eff_value_t v)
{
    static const struct eff__shape shape = { EFF__OP_SUCCEED, 0, "eff_succeed" };
    eff_t *e = eff__value_at_once(&shape, site, v);
    return e ? e : eff__value_shaped(site, v, &shape);
}

eff_t *eff_fail_at(eff_site_t site, eff_value_t error)
{
    static const struct eff__shape shape = { EFF__OP_FAIL, 0, "eff_fail" };
    eff_t *e = eff__value_at_once(&shape, site, error);
    return e ? e : eff__value_shaped(site, error, &shape);
}

eff_t *eff_fail_cause_at(eff_site_t site, eff_cause_t *cause)
{
    if (!cause) return eff__mistake_at(site, "argument 1 of eff_fail_cause is NULL");
    if (cause == eff__cause_oom) return &eff__oom_node;
    static const struct eff__shape shape = { EFF__OP_FAIL, EFF__CAUSE, "eff_fail_cause" };
    return eff__value_shaped(site, eff_cause_value(cause), &shape);
}

eff_t *eff_die_at(eff_site_t site, eff_value_t defect)
{
    if (!eff__value_usable(defect)) return eff__refuse_call(site, "eff_die", true, defect);
    return eff_fail_cause_at(site, eff_cause_die(defect));
}

eff_t *eff_fail_errno_at(eff_site_t site, const char *fmt, ...)
{
    enum { TEXT_BYTES = 256 };
    int err = errno;
    char small[TEXT_BYTES], *text = small;
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int printed = vsnprintf(small, sizeof small, fmt, args);
    size_t size = printed < 0 ? 1 : (size_t)printed + 1;
    if (printed < 0) small[0] = '\0';
    if (size > sizeof small && (text = eff__malloc(size))) vsnprintf(text, size, fmt, again);
    va_end(again);
    va_end(args);
    if (!text) return &eff__oom_node;
    eff_value_t error = eff_error_errno(err, "%s", text);
    if (text != small) eff__raw_free(text);
    return eff_fail_at(site, error);
}

eff_t *eff_sync_at(eff_site_t site, eff_sync_fn fn, eff_value_t env)
{
    static const struct eff__shape shape = { EFF__OP_SYNC, 0, "eff_sync" };
    eff_t *e = eff__call_at_once(&shape, site, (eff_any_fn)fn, env);
    return e ? e : eff__call_shaped(site, (eff_any_fn)fn, env, &shape);
}

eff_t *eff_suspend_at(eff_site_t site, eff_suspend_fn fn, eff_value_t env)
{
    static const struct eff__shape shape = { EFF__OP_SUSPEND, 0, "eff_suspend" };
    eff_t *e = eff__call_at_once(&shape, site, (eff_any_fn)fn, env);
    return e ? e : eff__call_shaped(site, (eff_any_fn)fn, env, &shape);
}

/* ---- what waits for the outside world (async.h) */

eff_t *eff_async_at(eff_site_t site, eff_async_fn start, eff_value_t env)
{
    return eff__call_node(EFF__OP_ASYNC, site, "eff_async", (eff_any_fn)start, env);
}

eff_t *eff_external_at(eff_site_t site, eff_t *e)
{
    return eff__mask_node(EFF__MASK_EXTERNAL, site, "eff_external", e, NULL, eff_unit);
}

eff_t *eff_done_at(eff_site_t site, const eff_exit_t *exit)
{
    if (!exit) return eff__refuse_null(site, "eff_done", 1, NULL, eff_unit);
    if (exit->ok) return eff_succeed_at(site, eff_value_incref(exit->value));
    return eff_fail_cause_at(site, eff_cause_incref(exit->cause));
}

eff_t *eff_run_effect(eff_value_t effect, eff_value_t env)
{
    (void)env;
    eff_t *e = eff_as_effect(effect);
    return e ? eff_incref(e) : eff_noop();
}
