/* What a program has to say: its results with eff_print_line, to stdout; what happened on the way with eff_log, to
 * stderr, or to a Logger of its own, with as much detail as somebody wants. */
#include <effect/effect.h>

#include <string.h>

static eff_t *measure(const char *city)
{
    eff_t *e = eff_log_debug("asking for %s", city);
    if (strcmp(city, "atlantis") == 0)
        return eff_then(e, eff_fail(eff_error(&eff_not_found_error, 0, "no city is called %s", city)));
    return eff_then(e, eff_print_line(eff_printf("%s: %zu degrees", city, 10 + strlen(city))));
}

static eff_t *skip(const eff_cause_t *cause, eff_value_t city)
{
    return eff_log_cause(EFF_LOG_WARN, eff_cause_incref(cause), "skipping %s", eff_as_string(city));
}

static eff_t *visit(eff_value_t city, eff_value_t env)
{
    (void)env;
    return eff_catch_cause(measure(eff_as_string(city)), skip, eff_value_incref(city));
}

static eff_t *tour(void)
{
    eff_value_t cities = EFF_ARRAY(eff_literal("oslo"), eff_literal("atlantis"), eff_literal("berlin"));
    return eff_for_each_discard(cities, visit, eff_unit);
}

/* A Logger that prints short lines among the results. */
static eff_t *print_short(eff_logger_t *logger, const eff_log_record_t *record)
{
    (void)logger;
    return eff_print_line(eff_printf("  [%s] %s", eff_log_level_name(record->level), eff_as_string(record->message)));
}
static eff_logger_t short_lines = { .size = sizeof(eff_logger_t), .log = print_short };

int main(void)
{
    eff_t *detailed = eff_logger_provide(tour(), &short_lines);
    detailed = eff_log_level(detailed, EFF_LOG_DEBUG);
    eff_t *e = eff_then(tour(), eff_print_line(eff_literal("once more, in detail:")));
    return eff_main(eff_then(e, detailed));
}

/* expected output:
oslo: 14 degrees
berlin: 16 degrees
once more, in detail:
  [DEBUG] asking for oslo
oslo: 14 degrees
  [DEBUG] asking for atlantis
  [WARN] skipping atlantis
  [DEBUG] asking for berlin
berlin: 16 degrees
stderr:
...Z WARN  fiber 1: skipping atlantis
    error: not found: no city is called atlantis
      at 13_log.c:...
      at skip (13_log.c:...)
*/
