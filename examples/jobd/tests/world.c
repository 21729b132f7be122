#include "world.h"
#include "logfmt.h"

static eff_t *capture(eff_console_t *console, eff_console_output_t to, eff_value_t text)
{
    (void)to;
    eff_buffer_add(&EFF_CONTAINER_OF(console, struct world, console)->text, eff_as_string(text));
    eff_value_decref(text);
    return eff_noop();
}

static void count_start(const eff_fiber_t *fiber, const eff_fiber_t *parent, void *world)
{
    (void)fiber, (void)parent;
    ((struct world *)world)->n_fibers++;
}

static void count_end(const eff_fiber_t *fiber, const eff_exit_t *exit, void *world)
{
    (void)fiber, (void)exit;
    ((struct world *)world)->n_fibers--;
}

void world_init(struct world *w, int limit, const char *jobs)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    *w = (struct world){ .console = { .size = sizeof w->console, .write = capture }, .mark = eff_test_leaks_mark() };
    eff_buffer_printf(&text, "{\"limit\": %d, \"jobs\": [%s]}", limit, jobs);
    eff_exit_t parsed = eff_run(config_parse(eff_buffer_text(&text)));
    eff_buffer_done(&text);
    if (!parsed.ok) eff_cause_print(parsed.cause, stderr);
    CHECK(parsed.ok && crew_init(&w->crew, jobs_take(parsed.value)));
    w->supervisor = (eff_supervisor_t){ .on_start = count_start, .on_end = count_end, .arg = w };
    w->t = eff_test_new();
    eff_t *e = logfmt(eff_supervised(crew_run(&w->crew, -1, eff_seconds(3)), &w->supervisor));
    w->fiber = eff_test_fork(w->t, eff_console_provide(e, &w->console));
    pass(w, 0);
}

void world_done(struct world *w)
{
    eff_buffer_t leaks = EFF_BUFFER_INIT;
    CHECK(w->n_fibers == 0 && eff_test_free(w->t) == 0);
    crew_done(&w->crew);
    eff_buffer_done(&w->text);
    if (eff_test_leaks(w->mark, &leaks) > 0) fputs(eff_buffer_text(&leaks), stderr), exit(1);
}

void pass(struct world *w, int ms)
{
    eff_test_adjust(w->t, eff_millis(ms));
}

void order(struct world *w, const char *text)
{
    CHECK(eff_queue_try_offer(w->crew.orders, eff_string(text)) == 0);
    pass(w, 0);
}

bool ended(struct world *w)
{
    return eff_fiber_poll(w->fiber) != NULL;
}

void check_seen(struct world *w, const char *file, int line, const char *expected)
{
    char *table = strstr(w->text.text ? w->text.text : "", "JOB ");
    if (table) *table = '\0';
    if (strcmp(eff_buffer_text(&w->text), expected) != 0) {
        fprintf(stderr, "%s:%d: expected:\n%sseen:\n%s", file, line, expected, eff_buffer_text(&w->text));
        exit(1);
    }
    eff_buffer_clear(&w->text);
}

enum job_state state_of(struct world *w, const char *name)
{
    for (size_t i = 0; i < w->crew.jobs->n; i++)
        if (strcmp(w->crew.jobs->at[i].name, name) == 0) return w->crew.jobs->at[i].state;
    CHECK(!"there is such a job");
    return JOB_WAITS;
}
