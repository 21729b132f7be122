/* Failures that nobody handles, as eff_main prints them. */
#include <errno.h>

#include "messages/messages.h"

#line 1 "user.c"
static eff_t *simple(void)
{
    return eff_fail(eff_error(&eff_not_found_error, 0, "no user 'ada'"));
}

#line 1 "config.c"
static eff_t *system_error(void)
{
    return eff_fail(eff_error_errno(ENOENT, "open %s", "/etc/demo.conf"));
}

#line 1 "plain.c"
static eff_t *plain_value(void)
{
    return eff_fail(eff_pair(eff_int(7), eff_string("seven")));
}

#line 1 "start.c"
static const eff_error_kind_t start_error = { "start", NULL };

static eff_value_t nested_error(void)
{
    eff_value_t e = eff_error_errno(EACCES, "open %s", "/var/lib/demo/index");
    e = eff_error_caused(e, &eff_config_error, 3, "the index cannot be used");
    return eff_error_caused(e, &start_error, 0, "cannot start");
}
static eff_t *nested(void)
{
    return eff_fail(nested_error());
}

#line 1 "close.c"
static eff_t *write_last(void)
{
    return eff_fail(eff_error_errno(ENOSPC, "write %s", "journal"));
}
static eff_t *close_file(void)
{
    return eff_fail(eff_error_errno(EIO, "close %s", "journal"));
}
static eff_t *failing_finalizer(void)
{
    eff_t *e = write_last();
    return eff_ensuring(e, close_file());
}

#line 1 "fetch.c"
static eff_t *refuse(eff_value_t v, eff_value_t env)
{
    (void)v;
    return eff_fail(eff_error(&eff_connection_error, 0, "connect to %s: refused", eff_as_string(env)));
}
static eff_t *fetch(const char *name)
{
    return eff_flat_map(eff_yield_now(), refuse, eff_literal(name));
}
static eff_t *three_sides(void)
{
    eff_t *c = eff_ensuring(fetch("c"), eff_die(eff_literal("c was not closed")));
    return eff_then(eff_all_par(fetch("a"), fetch("b"), c), eff_noop());
}

#line 1 "import.c"
static eff_t *noted(void)
{
    eff_t *e = eff_fail(eff_error(&eff_argument_error, 0, "line 7: no colon"));
    e = eff_annotate(e, eff_printf("while reading %s", "people.csv"));
    return eff_annotate(e, eff_literal("during the nightly import"));
}

#line 1 "deep.c"
static eff_t *descend(eff_value_t v, eff_value_t env);
static eff_t *below(int64_t n)
{
    return eff_flat_map(eff_succeed(eff_int(n - 1)), descend, eff_unit);
}
static eff_t *descend(eff_value_t v, eff_value_t env)
{
    (void)env;
    int64_t n = eff_as_int(v);
    if (n == 0) return eff_fail(eff_literal("the bottom"));
    eff_t *e = eff_map_to(below(n), eff_unit);
    if (n % 3 == 0) return e;
    if (n % 3 == 1) return eff_then(e, eff_noop());
    return eff_ensuring(e, eff_noop());
}
static eff_t *deep(void)
{
    return eff_flat_map(eff_succeed(eff_int(30)), descend, eff_unit);
}

#line 1 "loop.c"
static eff_t *recurse(eff_value_t v, eff_value_t env)
{
    (void)env;
    int64_t n = eff_as_int(v);
    if (n == 0) return eff_fail(eff_literal("the bottom of one line"));
    return eff_map_to(eff_flat_map(eff_succeed(eff_int(n - 1)), recurse, eff_unit), eff_unit);
}
static eff_t *recursive(void)
{
    return eff_flat_map(eff_succeed(eff_int(100)), recurse, eff_unit);
}

#line 1 "server.c"
static eff_t *handle(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_fail(eff_error(&eff_closed_error, 0, "the peer went away"));
}
static eff_t *session(void)
{
    eff_t *fiber = eff_fork(eff_flat_map(eff_yield_now(), handle, eff_unit));
    return eff_then(eff_yield_now(), fiber);
}
static eff_t *join(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_fiber_join(eff_as_fiber(v));
}
static eff_t *join_session(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_flat_map(session(), join, eff_unit);
}
static eff_t *forked(void)
{
    eff_t *sessions = eff_fork(eff_flat_map(eff_noop(), join_session, eff_unit));
    return eff_flat_map(sessions, join, eff_unit);
}

#line 1 "tasks.c"
static eff_t *accept_and_resolve(eff_task_group_t *group, eff_value_t env)
{
    (void)env;
    eff_t *resolve = eff_named(eff_flat_map(eff_yield_now(), handle, eff_unit), "resolver");
    return eff_then(eff_task_group_fork(group, resolve), eff_never());
}
static eff_t *named_task(void)
{
    return eff_zip_par(eff_noop(), eff_named(eff_task_group(accept_and_resolve, eff_unit), "server"));
}

#line 1 "retry.c"
static eff_value_t explain(eff_value_t error, eff_value_t env)
{
    return eff_error_caused(eff_value_incref(error), &eff_connection_error, 0, "no answer from %s", eff_as_string(env));
}
static eff_t *retried(void)
{
    eff_t *e = eff_fail(eff_error_errno(ECONNREFUSED, "connect"));
    e = eff_retry(e, eff_schedule_recurs(3));
    e = eff_map_error(e, explain, eff_literal("db1"));
    return eff_tap(e, handle, eff_unit);
}

#line 1 "page.c"
struct page {
    int64_t n;
};
static eff_t *page_step(struct page *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_yield_now());
    s->n++;
    EFF_AWAIT(eff_fail(eff_error(&eff_timeout_error, 0, "page %d took too long", (int)s->n)));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(page, struct page, page_step);
static eff_t *in_a_gen(void)
{
    return eff_then(page((struct page){ 0 }), eff_noop());
}

#line 1 "stop.c"
static eff_t *interrupted(void)
{
    eff_t *both = eff_zip_par(eff_interrupt_self(), eff_fail(eff_literal("and this")));
    return eff_then(both, eff_noop());
}

const struct message failure_messages[] = {
    { "simple", .program = simple },
    { "system_error", .program = system_error },
    { "plain_value", .program = plain_value },
    { "nested", .program = nested },
    { "failing_finalizer", .program = failing_finalizer },
    { "three_sides", .program = three_sides },
    { "noted", .program = noted },
    { "deep", .program = deep },
    { "recursive", .program = recursive },
    { "forked", .program = forked },
    { "named_task", .program = named_task },
    { "retried", .program = retried },
    { "in_a_gen", .program = in_a_gen },
    { "interrupted", .program = interrupted },
    { .name = NULL },
};
