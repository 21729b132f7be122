/* Tracing: what a request did, and how long each part of it took. The trace came with the request, and goes on with the
 * one that is made for it elsewhere. A Tracer prints what has ended; the time is virtual. */
#include <effect/effect.h>

#include <string.h>

/* ---- a Tracer that prints a line for each span */

static const char *short_id(const char *id)
{
    return id[0] ? id + strlen(id) - 4 : "none";
}

static eff_t *print_span(eff_tracer_t *tracer, const eff_span_t *span)
{
    (void)tracer;
    eff_buffer_t line = EFF_BUFFER_INIT;
    eff_buffer_printf(&line, "%-7s ", span->name);
    eff_duration_format(span->took, &line);
    eff_buffer_printf(&line, " %s, trace %s, parent %s", eff_span_status_name(span->status), short_id(span->trace_id),
                      short_id(span->parent_id));
    if (eff_value_is(span->attributes, &eff_fields_type)) {
        eff_buffer_add(&line, ", ");
        eff_value_format(span->attributes, &line);
    }
    eff_value_t text = eff_string(eff_buffer_text(&line));
    eff_buffer_done(&line);
    return eff_print_line(text);
}
static eff_tracer_t printing = { .size = sizeof(eff_tracer_t), .ended = print_span };

/* ---- what is traced */

static eff_t *query(const char *table)
{
    eff_t *e = eff_then(eff_span_set(eff_fields(eff_field("table", table))), eff_sleep(eff_millis(12)));
    return eff_with_span(e, "query");
}

/* A server elsewhere gets the traceparent as a header: its spans then are children of "send". */
static eff_t *send_request(eff_value_t span, eff_value_t env)
{
    (void)env;
    char traceparent[EFF_TRACEPARENT_SIZE];
    eff_span_traceparent(eff_as_span(span), traceparent);
    eff_t *e = eff_print_line(eff_printf("traceparent: %.36s...", traceparent)); /* the rest is drawn by lot */
    return eff_then(e, eff_sleep(eff_millis(100)));
}

static eff_t *render(void)
{
    eff_t *remote = eff_with_span(eff_flat_map(eff_span_current(), send_request, eff_unit), "send");
    return eff_timeout_fail(remote, eff_millis(40), eff_error(&eff_timeout_error, 0, "no template"));
}

static eff_t *handle(const char *traceparent)
{
    eff_t *e = eff_then(eff_zip_par(query("users"), query("orders")), render());
    return eff_with_traceparent(eff_with_span(e, "handle"), traceparent);
}

int main(void)
{
    eff_t *e = handle("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    e = eff_tracer_provide(eff_ignore(e), &printing);
    return eff_main(eff_provide(eff_zip_par(e, eff_test_clock_adjust(eff_minutes(1))), eff_test_clock()));
}

/* expected output:
query   12ms ok, trace 319c, parent ..., table=users
query   12ms ok, trace 319c, parent ..., table=orders
traceparent: 00-0af7651916cd43dd8448eb211c80319c-...
send    40ms interrupted, trace 319c, parent ...
handle  52ms error, trace 319c, parent 3331
*/
