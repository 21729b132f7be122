/* attempt: plain C that succeeds or fails. A prim and not suspend(succeed), so that between the function's success and
 * whoever takes the value nothing is allocated: what it acquired, a bare pointer too, always reaches its owner. */
#include <errno.h>
#include <string.h>

#include "core/build.h"
#include "runtime/prim.h"

/* How many bytes of the site are the callback's name: "read_config (main.c:12)". */
static int name_length(eff_site_t site)
{
    const char *space = strchr(site, ' ');
    return space ? (int)(space - site) : (int)strlen(site);
}

static eff_value_t error_of_errno(eff_site_t site, int err)
{
    if (!site) return eff_error_errno(err, "attempt");
    return eff_error_errno(err, "%.*s", name_length(site), site);
}

static int succeeded(eff_fiber_t *f, eff_site_t site, eff_value_t value)
{
    if (eff__value_usable(value)) return eff__prim_value(f, value);
    bool absent = !value.type;
    eff_value_decref(value);
    if (!absent) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    eff_value_t why = site ? eff_printf("callback %s returned the absent value", site)
                           : eff_literal("the callback of eff_attempt returned the absent value");
    return eff__prim_cause(f, eff_cause_die(why));
}

static int failed(eff_fiber_t *f, eff_value_t error)
{
    if (eff__value_usable(error)) return eff__prim_fail(f, error);
    eff_value_decref(error);
    return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
}

static int attempt_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    const struct eff__closure *c = eff__closure_of(e->prim.value);
    eff_value_t value = { .type = NULL, .integer = 0 }, error = value;
    errno = 0;
    int rc = ((eff_attempt_fn)c->fn)(c->env, &value, &error);
    int err = errno;
    if (rc == 0) {
        eff_value_decref(error);
        return succeeded(f, c->site, value);
    }
    eff_value_decref(value);
    return failed(f, error.type ? error : error_of_errno(c->site, err));
}
static const struct eff__prim attempt_prim = { "attempt", attempt_run };

eff_t *eff_attempt_at(eff_site_t site, eff_attempt_fn fn, eff_value_t env)
{
    if (!fn || !eff__value_usable(env)) return eff__refuse_call(site, "eff_attempt", fn != NULL, env);
    return eff__prim_node_plain(site, &attempt_prim,
                                eff__closure_new((struct eff__closure){
                                    .builder = "eff_attempt", .site = site, .fn = (eff_any_fn)fn, .env = env }));
}
