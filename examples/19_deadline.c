/* A deadline along a chain of calls: a request has 300 ms in all, and each step has a limit of its own. What is left goes
 * along to another server; the goodbye at the end is free of it. Time is a TestClock's here. */
#include <effect/effect.h>

static eff_t *tell_at(eff_value_t now, eff_value_t text)
{
    return eff_print_line(eff_printf("%3.0f ms: %s", (double)eff_as_instant(now).ns / 1e6, eff_as_string(text)));
}
static eff_t *tell(eff_value_t text)
{
    return eff_flat_map(eff_clock_now(), tell_at, text);
}

/* ---- a client that tells its server how long it will wait */

static eff_t *send_request(eff_value_t left, eff_value_t path)
{
    eff_buffer_t timeout = EFF_BUFFER_INIT;
    if (eff_is_some(left)) eff_duration_format(eff_as_duration(eff_some_value(left)), &timeout);
    else eff_buffer_add(&timeout, "none");
    eff_t *e = tell(eff_printf("GET %s, timeout: %s", eff_as_string(path), eff_buffer_text(&timeout)));
    eff_buffer_done(&timeout);
    return e;
}

static eff_t *get(const char *path, eff_duration_t takes)
{
    eff_t *request = eff_flat_map(eff_deadline_left(), send_request, eff_string(path));
    return eff_then(request, eff_delay(tell(eff_printf("answer of %s", path)), takes));
}

/* ---- a request: three steps, none of which knows of the 300 ms */

static eff_t *try_cache(void)
{
    eff_t *cache = eff_within(get("/cache", eff_millis(100)), eff_millis(50)); /* too slow: goes on without */
    return eff_or_else(cache, tell(eff_literal("no answer of the cache")));
}

static eff_t *handle_request(void)
{
    eff_t *e = try_cache();
    e = eff_then(e, eff_within(get("/user", eff_millis(100)), eff_seconds(1)));
    return eff_then(e, eff_within(get("/orders", eff_millis(400)), eff_seconds(1)));
}

static eff_t *explain(eff_value_t error, eff_value_t env)
{
    (void)env;
    return eff_print_line(eff_value_incref(error));
}

int main(void)
{
    eff_t *goodbye = eff_within(get("/audit", eff_millis(20)), eff_millis(80));
    eff_t *e = eff_within(eff_ensuring(handle_request(), goodbye), eff_millis(300));
    e = eff_catch_all(e, explain, eff_unit);
    e = eff_zip_par(e, eff_test_clock_adjust(eff_minutes(1)));
    return eff_main(eff_provide(e, eff_test_clock()));
}

/* expected output:
  0 ms: GET /cache, timeout: 50ms
 50 ms: no answer of the cache
 50 ms: GET /user, timeout: 250ms
150 ms: answer of /user
150 ms: GET /orders, timeout: 150ms
300 ms: GET /audit, timeout: 80ms
320 ms: answer of /audit
timed out: not done within 300ms (19_deadline.c:56)
*/
