/* Scopes by hand: sessions that live from a login to a logout, a race of two mirrors in which the loser is closed at once,
 * and a log file that is swapped while it is in use. */
#include <effect/effect.h>

static eff_t *opened(eff_value_t v, eff_value_t name)
{
    (void)v;
    return eff_map_to(eff_print_line(eff_printf("  open %s", eff_as_string(name))), eff_value_incref(name));
}
static eff_t *closing(eff_value_t name, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    return eff_print_line(eff_printf("  close %s", eff_as_string(name)));
}
/* A resource: it is open until the scope in which it is run closes. */
static eff_t *resource(const char *name, eff_duration_t takes)
{
    eff_t *open = eff_flat_map(eff_sleep(takes), opened, eff_literal(name));
    return eff_acquire_release_effect(eff_acquire_interruptible(open), closing, eff_unit);
}

static eff_t *use(eff_value_t name, eff_value_t env)
{
    (void)env;
    return eff_print_line(eff_printf("use %s", eff_as_string(name)));
}

/* ---- a session: what is opened at the login stays open until the logout, whoever does that */

static eff_t *session(eff_value_t v, eff_value_t env)
{
    (void)env;
    eff_scope_t *scope = eff_as_scope(v);
    eff_t *login = eff_then(resource("connection", eff_millis(1)), resource("cache", eff_millis(1)));
    eff_t *work = eff_print_line(eff_literal("work"));
    eff_t *logout = eff_scope_close(scope, eff_exit_succeed(eff_unit));
    return eff_then(eff_scope_extend(login, scope), eff_then(work, logout));
}
static eff_t *session_demo(void)
{
    return eff_flat_map(eff_scope_make(EFF_SCOPE_SEQUENTIAL), session, eff_unit);
}

/* ---- two mirrors: the first to be open is used, the other is closed, or not even opened */

static eff_t *mirror_demo(void)
{
    eff_t *slow = eff_then(resource("mirror a", eff_millis(1)), eff_sleep(eff_millis(20)));
    eff_t *fast = resource("mirror b", eff_millis(10));
    return eff_scoped(eff_flat_map(eff_race_scoped(slow, fast), use, eff_unit));
}

/* ---- a log file for each day: whoever writes into yesterday's may finish */

static eff_t *write_slowly(eff_value_t log, eff_value_t env)
{
    (void)env;
    return eff_then(eff_sleep(eff_millis(5)), use(eff_some_value(log), eff_unit));
}
static eff_t *rotate(eff_value_t v, eff_value_t env)
{
    (void)env;
    eff_hotswap_t *log = eff_as_hotswap(v);
    eff_t *monday = eff_hotswap_swap(log, resource("monday.log", eff_millis(1)));
    eff_t *tuesday = eff_hotswap_swap(log, resource("tuesday.log", eff_millis(1)));
    eff_t *writing = eff_hotswap_use(log, write_slowly, eff_unit);
    return eff_then(monday, eff_zip_par(writing, tuesday));
}
static eff_t *log_demo(void)
{
    return eff_scoped(eff_flat_map(eff_hotswap_make(), rotate, eff_unit));
}

int main(void)
{
    eff_t *e = eff_then(session_demo(), eff_then(mirror_demo(), log_demo()));
    e = eff_zip_par(e, eff_test_clock_adjust(eff_minutes(1)));
    return eff_main(eff_provide(e, eff_test_clock()));
}

/* expected output:
  open connection
  open cache
work
  close cache
  close connection
  open mirror a
  open mirror b
  close mirror a
use mirror b
  close mirror b
  open monday.log
  open tuesday.log
use monday.log
  close monday.log
  close tuesday.log
*/
