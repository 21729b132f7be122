/* The recipe of docs/recipes.md for what goes along to a child: services, the logger, values of a request; and for what
 * does not come back from it. What stands before a case is what the page shows. */
#include <string.h>

#include "support/fibers.h"
#include "support/recipes.h"

/* ---- a service, a logger */

typedef struct db {
    eff_t *(*find)(struct db *db, int64_t id);
} db_t;
EFF_DECLARE_SERVICE(db, db_t);
EFF_DEFINE_SERVICE(db, db_t);

static eff_t *find_ada(struct db *db, int64_t id)
{
    return eff_succeed(eff_literal("ada"));
}
static db_t test_db = { .find = find_ada };

static eff_t *log_to_journal(eff_logger_t *logger, const eff_log_record_t *record)
{
    char word[256];
    snprintf(word, sizeof word, "log:%s", eff_as_string(record->message));
    journal_add(here, word);
    for (size_t i = 0; i < record->n_fields; i++) {
        snprintf(word, sizeof word, "%s=%" PRId64, record->fields[i].key, eff_as_int(record->fields[i].value));
        journal_add(here, word);
    }
    return eff_noop();
}
static eff_logger_t journal_logger = { .size = sizeof(eff_logger_t), .log = log_to_journal };

/* ---- a tracer, made anew for each run, and what it has seen in the end */

static eff_test_tracer_t *tracer; /* owned by the program that runs */

static eff_t *say_spans(eff_value_t tracer_and_expected)
{
    const char *expected = eff_as_string(eff_second(tracer_and_expected));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_test_tracer_format(tracer, &text);
    journal_add(here, strcmp(eff_buffer_text(&text), expected) == 0 ? "spans" : eff_buffer_text(&text));
    eff_buffer_done(&text);
    return eff_noop();
}
static eff_t *in_test_services(eff_t *e, const char *expected_spans)
{
    tracer = eff_test_tracer_new();
    e = eff_tracer_provide_value(e, eff_test_tracer_value(tracer));
    e = eff_random_provide_value(e, eff_random_seeded_value(42));
    e = db_provide(eff_logger_provide(e, &journal_logger), &test_db);
    eff_value_t seen = eff_pair(eff_test_tracer_value(tracer), eff_literal(expected_spans));
    eff_test_tracer_decref(tracer);
    return eff_then(e, eff_suspend(say_spans, seen));
}

/* ---- a child sees all of it */

static eff_t *find_one(db_t *db, eff_value_t id)
{
    return db->find(db, eff_as_int(id));
}
static eff_t *log_name(eff_value_t name, eff_value_t env)
{
    return eff_log_info("found %s", eff_as_string(name));
}
static eff_t *join_it(eff_value_t fiber, eff_value_t env)
{
    return eff_fiber_join(eff_as_fiber(fiber));
}

static eff_t *find_user(int64_t id)
{
    eff_t *e = eff_flat_map(db_with(find_one, eff_int(id)), log_name, eff_unit);
    return eff_with_span(e, "find");
}
static eff_t *handle_request(void)
{
    eff_t *child = eff_fork(find_user(7)); /* with the services, the annotations and the span of this request */
    eff_t *e = eff_flat_map(child, join_it, eff_unit);
    e = eff_log_annotate(e, eff_field("request", 42));
    return eff_with_span(e, "GET /user/7");
}

static eff_t *log_end(void)
{
    return eff_log_info("served");
}
static eff_t *context_program(struct world *w)
{
    in(w);
    return in_test_services(eff_then(handle_request(), log_end()), "GET /user/7 0s ok\n"
                                                                   "  find 0s ok\n");
}
/* A2 */
CASE(A2_a_child_has_the_services_the_logger_and_the_span_of_its_forker, context_program, .succeeds = "unit",
     .journal = "log:found ada request=42 log:served spans")

static eff_t *find_both(void)
{
    return eff_with_span(eff_zip_par(find_user(7), eff_with_span(find_user(8), "cache")), "GET /users");
}
static eff_t *sides_program(struct world *w)
{
    in(w);
    return in_test_services(find_both(), "GET /users 0s ok\n"
                                         "  find 0s ok\n"
                                         "  cache 0s ok\n"
                                         "    find 0s ok\n");
}
/* A2 */
CASE(A2_sides_of_a_combinator_have_it_too, sides_program, .succeeds = "unit",
     .journal = "log:found ada log:found ada spans")

/* ---- a value of the program's own that holds for a part of it */

EFF_STATIC_DEFAULT(tenant, const char *, "nobody");

static eff_t *tenant_of_child(void)
{
    eff_t *child = eff_fork(tenant_get());
    return tenant_locally(eff_flat_map(child, join_it, eff_unit), "acme");
}
static eff_t *tenant_program(struct world *w)
{
    in(w);
    return eff_zip(tenant_of_child(), tenant_get());
}
/* A2 */
CASE(A2_a_child_has_what_was_set_for_a_part, tenant_program, .succeeds = "(\"acme\", \"nobody\")")

/* ---- a variable of the fiber: a copy goes along, and nothing comes back */

static const eff_local_t request_id = { .name = "request id" };

static eff_t *say_id(eff_value_t id, eff_value_t env)
{
    char word[64];
    snprintf(word, sizeof word, "%s:%" PRId64, eff_as_string(env), eff_as_int(id));
    journal_add(here, word);
    return eff_noop();
}
static eff_t *tell_id(const char *who)
{
    return eff_flat_map(eff_local_get(&request_id), say_id, eff_literal(who));
}

struct request {
    eff_fiber_t *child;
};

static void request_drop(struct request *s)
{
    eff_fiber_decref(s->child);
}

static eff_t *child_of_request(void)
{
    eff_t *e = eff_then(tell_id("child"), eff_local_set(&request_id, eff_int(43)));
    return eff_then(e, tell_id("child"));
}

static eff_t *request_step(struct request *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_local_set(&request_id, eff_int(42)));
    EFF_AWAIT(eff_fiber_into(eff_fork(child_of_request()), &s->child)); /* begins with 42, and makes it 43 */
    EFF_AWAIT(eff_fiber_join(s->child));
    EFF_AWAIT(tell_id("parent")); /* is 42 */
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(with_request, struct request, request_step, .drop = request_drop);

static eff_t *local_program(struct world *w)
{
    in(w);
    return with_request((struct request){ 0 });
}
/* A2 */
CASE(A2_what_a_child_sets_never_reaches_its_parent, local_program, .succeeds = "unit",
     .journal = "child:42 child:43 parent:42")

TESTS(A2_a_child_has_the_services_the_logger_and_the_span_of_its_forker, A2_sides_of_a_combinator_have_it_too,
      A2_a_child_has_what_was_set_for_a_part, A2_what_a_child_sets_never_reaches_its_parent)
