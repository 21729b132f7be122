/* A program that cannot go on: each part of a server waits until the one that it needs has started, and together they
 * need each other. Instead of hanging, the run ends at once, with a report of who waits for what. */
#include <effect/effect.h>

struct part {
    const char *name;
    const struct part *needs;
    eff_fiber_t *start; /* the fiber that starts it */
};

static eff_t *announce(eff_value_t v, eff_value_t env)
{
    const struct part *part = eff_as_ptr(env);
    (void)v;
    return eff_print_line(eff_printf("%s has started", part->name));
}

static eff_t *start_after_others(eff_value_t env)
{
    const struct part *part = eff_as_ptr(env);
    eff_t *others = eff_fiber_join(part->needs->start);
    return eff_flat_map(others, announce, env);
}

static eff_t *start(struct part *part)
{
    eff_t *e = eff_suspend(start_after_others, eff_ptr(part));
    eff_t *fork = eff_fork_with(e, &(eff_fork_options_t){ .name = part->name });
    return eff_fiber_into(fork, &part->start);
}

/* Waits for a sample, which nobody can send: nobody else has the queue. */
static eff_t *start_metrics(void)
{
    eff_queue_t *samples = eff_queue_bounded(100);
    eff_t *first = eff_queue_take(samples);
    eff_queue_decref(samples);
    return eff_fork_with(first, &(eff_fork_options_t){ .name = "metrics" });
}

struct server {
    struct part config, database, cache;
};

static eff_t *server_step(struct server *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    s->config.needs = &s->cache;    /* it is kept in the cache, */
    s->cache.needs = &s->database;  /* which is filled from the database, */
    s->database.needs = &s->config; /* whose password is in the config */
    EFF_AWAIT(start(&s->config));
    EFF_AWAIT(start(&s->database));
    EFF_AWAIT(start(&s->cache));
    EFF_AWAIT(start_metrics());
    EFF_AWAIT(eff_fiber_join(s->database.start));
    EFF_AWAIT(eff_print_line(eff_literal("ready")));
    EFF_GEN_END(eff_unit);
}

static void server_drop(struct server *s)
{
    eff_fiber_decref(s->config.start);
    eff_fiber_decref(s->database.start);
    eff_fiber_decref(s->cache.start);
}
EFF_DEFINE_GEN(server, struct server, server_step, .drop = server_drop);

int main(void)
{
    struct server parts = { .config.name = "config", .cache.name = "cache", .database.name = "database" };
    return eff_main(server(parts));
}

/* expected output:
stderr:
defect: deadlock: these fibers wait, and nothing that could wake one of them will happen
  at 16_deadlock.c:55
  note: 3 fibers wait in a circle, each for the next, and the last for the first:
  note:   fiber 2 "config" (forked at 16_deadlock.c:28) waits to join fiber 4 "cache" at 16_deadlock.c:21
  note:       within announce (16_deadlock.c:22)
  note:   fiber 4 "cache" (forked at 16_deadlock.c:28) waits to join fiber 3 "database" at 16_deadlock.c:21
  note:       within announce (16_deadlock.c:22)
  note:   fiber 3 "database" (forked at 16_deadlock.c:28) waits to join fiber 2 "config" at 16_deadlock.c:21
  note:       within announce (16_deadlock.c:22)
  note: fiber 1 (main) waits to join fiber 3 "database" at 16_deadlock.c:55
  note: fiber 5 "metrics" (forked at 16_deadlock.c:38) waits for an item of a queue at 16_deadlock.c:36; nobody else holds it
exit: 70
*/
