#include "demo.h"
#include "config.h"
#include "crew.h"
#include "logfmt.h"

#include <stdio.h>

#include <effect/test.h>

static const char text[] =
    "{\"limit\": 2, \"jobs\": ["
    "  {\"name\": \"mount\", \"do\": \"sleep 0.3\"},"
    "  {\"name\": \"db\", \"do\": \"serve 0.2\", \"restart\": \"always\", \"grace\": 1},"
    "  {\"name\": \"flaky\", \"do\": \"flaky 2\", \"restart\": \"on-failure\", \"backoff\": 0.1},"
    "  {\"name\": \"broken\", \"do\": \"crash\", \"restart\": \"on-failure\", \"backoff\": 0.1, \"retries\": 1},"
    "  {\"name\": \"slow\", \"do\": \"hang\", \"timeout\": 0.4},"
    "  {\"name\": \"backup\", \"do\": \"sleep 0.5\", \"after\": [\"mount\", \"flaky\"]},"
    "  {\"name\": \"report\", \"do\": \"sleep 0.5\", \"after\": [\"broken\"]},"
    "  {\"name\": \"deaf\", \"do\": \"linger 0.3\", \"grace\": 0.5},"
    "  {\"name\": \"late\", \"do\": \"sleep 9\"}"
    "]}";

/* What happens when; a NULL order is SIGTERM. */
static const struct {
    int ms;
    const char *order;
} script[] = { { 500, "double" }, { 900, "jobs" }, { 1000, "halve" }, { 1200, NULL }, { 9999, "jobs" } };

static int play(struct crew *crew)
{
    eff_test_t *t = eff_test_new_with(&(eff_test_options_t){ .live = true });
    if (!t) return 1;
    eff_fiber_t *fiber = eff_test_fork(t, logfmt(crew_run(crew, -1, eff_seconds(3))));
    for (size_t i = 0; i < sizeof script / sizeof *script && !eff_fiber_poll(fiber); i++) {
        eff_duration_t until = eff_duration_sub(eff_millis(script[i].ms), eff_test_now(t));
        eff_test_adjust(t, until);
        if (eff_fiber_poll(fiber)) break;
        printf("-- %s\n", script[i].order ? script[i].order : "SIGTERM");
        if (!script[i].order) eff_test_interrupt(t, fiber); /* what eff_main does then */
        else if (eff_queue_try_offer(crew->orders, eff_literal(script[i].order)) < 0) return 1;
    }
    return eff_test_free(t) > 0;
}

int demo(void)
{
    eff_exit_t exit = eff_run(config_parse(text));
    struct crew crew;
    if (!exit.ok) {
        eff_cause_print(exit.cause, stderr);
        eff_exit_decref(exit);
        return 1;
    }
    int code = crew_init(&crew, jobs_take(exit.value)) ? play(&crew) : 1;
    crew_done(&crew);
    return code;
}
