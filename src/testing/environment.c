/* Making and ending the environment of a test; its watchdog; the lots that are drawn for the order of fibers. */
#include "testing/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <effect/console.h>
#include <effect/dump.h>
#include <effect/logger.h>
#include <effect/random.h>

#include "core/track.h"

#define DEFAULT_PATIENCE (INT64_C(5) * 1000000000)

/* ---- options */

static __thread eff_test_options_t defaults; /* size 0: none were set */

static eff_test_options_t copy_of(const eff_test_options_t *given)
{
    eff_test_options_t o = { 0 };
    size_t size = given && given->size ? given->size : sizeof o;
    if (given) memcpy(&o, given, size < sizeof o ? size : sizeof o);
    return o;
}

void eff_test_set_defaults(const eff_test_options_t *options)
{
    defaults = copy_of(options);
    defaults.console = NULL;
    defaults.logger = NULL;
    defaults.context = NULL;
    defaults.layer = NULL;
}

uint64_t eff__test_seed_given(void)
{
    const char *text = getenv("EFF_TEST_SEED");
    return text ? strtoull(text, NULL, 10) : 0;
}

static bool shuffle_given(void)
{
    const char *text = getenv("EFF_TEST_SHUFFLE");
    return text && *text && strcmp(text, "0") != 0;
}

eff_test_options_t eff__test_options(const eff_test_options_t *given)
{
    eff_test_options_t o = copy_of(given);
    const eff_test_options_t *d = &defaults;
    if (!o.clock.advance) o.clock.advance = d->clock.advance;
    o.clock.ignore_outside |= d->clock.ignore_outside;
    if (!o.clock.max_turns) o.clock.max_turns = d->clock.max_turns;
    if (!o.clock.max_budgets) o.clock.max_budgets = d->clock.max_budgets;
    if (!o.clock.wall.ns) o.clock.wall = d->clock.wall;
    if (o.clock.rate == 0) o.clock.rate = d->clock.rate;
    if (!o.seed) o.seed = d->seed;
    o.shuffle |= d->shuffle || shuffle_given();
    o.allow |= d->allow;
    o.live |= d->live;
    if (!o.budget) o.budget = d->budget;
    if (!o.limit.ns) o.limit = d->limit;
    if (!o.patience.ns) o.patience = d->patience;
    if (!o.patience.ns) o.patience.ns = DEFAULT_PATIENCE;
    if (!o.on_left) {
        o.on_left = d->on_left;
        o.arg = d->arg;
    }
    if (!o.seed) o.seed = eff__test_seed_given();
    if (!o.seed && o.shuffle) o.seed = (uint64_t)eff__now_ns() % 1000000000 + 1;
    if (!o.seed) o.seed = 1;
    return o;
}

/* ---- the order of fibers */

/* SplitMix64. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static size_t pick(void *arg, eff_fiber_t *first, size_t n)
{
    struct eff__test_env *env = (struct eff__test_env *)arg;
    (void)first;
    return (size_t)(draw(&env->drawn) % n);
}

/* ---- the watchdog: a run that waits for the outside for ever says what for */

void eff__test_env_watch(struct eff__test_env *env)
{
    if (env->patience == INT64_MAX) return;
    int64_t now = eff__now_ns();
    env->watchdog.at = env->patience > INT64_MAX - now ? INT64_MAX : now + env->patience;
    env->seen_turns = env->rt->n_turns;
}

static void look(struct eff__alarm *alarm)
{
    struct eff__test_env *env = EFF_CONTAINER_OF(alarm, struct eff__test_env, watchdog);
    eff_runtime_t *rt = env->rt;
    if (env->seen_turns == rt->n_turns && rt->n_fibers > 0) {
        eff_buffer_t fibers = EFF_BUFFER_INIT;
        eff_runtime_dump(rt, &fibers);
        fprintf(stderr, "libeffect: this test has waited for %lld ms of real time for what comes from outside:\n%s",
                (long long)(env->patience / 1000000), eff_buffer_text(&fibers));
        eff_buffer_done(&fibers);
        env->patience = env->patience > INT64_MAX / 2 ? INT64_MAX : env->patience * 2;
    }
    eff__test_env_watch(env);
}

/* ---- opening */

/* The services of a test, and on top of them the caller's. Consumes over. */
static eff_context_t *context_of(const struct eff__test_env *env, eff_context_t *over)
{
    eff_context_t *c = eff_context_add(eff_context_empty(), &eff_clock_tag, eff__test_clock_service(env->clock));
    if (env->console) c = eff_context_add(c, &eff_console_tag, eff_test_console_value(env->console));
    if (env->logger) c = eff_context_add(c, &eff_logger_tag, eff_test_logger_value(env->logger));
    if (!env->options.live) c = eff_context_add(c, &eff_random_tag, eff_random_seeded_value(env->options.seed));
    return over ? eff_context_merge(c, over) : c;
}

static void give_up_services(struct eff__test_env *env)
{
    eff__test_clock_decref(env->clock);
    eff_test_console_decref(env->console);
    eff_test_logger_decref(env->logger);
    env->clock = NULL;
    env->console = NULL;
    env->logger = NULL;
}

bool eff__test_env_open(struct eff__test_env *env, const eff_test_options_t *options, bool jumps)
{
    *env = (struct eff__test_env){ .options = *options, .watchdog = { .due = look } };
    eff_test_options_t *o = &env->options;
    if (!jumps) o->clock.advance = EFF_TEST_CLOCK_BY_HAND;
    else if (o->clock.advance == EFF_TEST_CLOCK_AS_USUAL) o->clock.advance = EFF_TEST_CLOCK_BY_ITSELF;
    o->context = NULL;
    o->layer = NULL;
    if (!(o->allow & EFF_TEST_MEMORY)) env->mark = eff_test_leaks_mark();
    env->clock = eff__test_clock_new(&o->clock);
    env->console = o->console ? eff_test_console_incref(o->console) : o->live ? NULL : eff_test_console_new();
    env->logger = eff_test_logger_incref(o->logger);
    if (!env->clock || (!env->console && !o->live)) {
        give_up_services(env);
        eff_context_decref(options->context);
        return false;
    }
    eff_runtime_options_t made = { .context = context_of(env, options->context), .budget = o->budget };
    env->rt = eff_runtime_new(&made);
    if (!env->rt) {
        give_up_services(env);
        return false;
    }
    eff__test_clock_bind(env->clock, env->rt);
    env->drawn = o->seed;
    if (o->shuffle) env->rt->hooks = (struct eff__hooks){ .pick = pick, .arg = env };
    eff__test_note_seed(o->shuffle ? o->seed : 0);
    eff__test_note_screen("");
    env->patience = o->patience.ns;
    eff__alarm_add(env->rt, &env->watchdog);
    eff__test_env_watch(env);
    eff__track_withhold();
    return true;
}

/* ---- ending */

size_t eff__test_env_end_fibers(struct eff__test_env *env, eff_buffer_t *out)
{
    eff_runtime_t *rt = env->rt;
    size_t n = rt->n_fibers;
    if (n == 0) return 0;
    if (out) {
        eff_buffer_printf(out, n == 1 ? "1 fiber was still alive:\n" : "%zu fibers were still alive:\n", n);
        eff_runtime_dump(rt, out);
    }
    eff__test_clock_auto(env->clock); /* finalizers may sleep */
    eff__test_env_watch(env);
    eff__run_shutdown(rt);
    return n;
}

void eff__test_env_close(struct eff__test_env *env)
{
    eff__alarm_remove(env->rt, &env->watchdog);
    eff__test_clock_unbind(env->clock);
    eff_runtime_free(env->rt);
    env->rt = NULL;
    eff_buffer_t shown = EFF_BUFFER_INIT;
    if (env->console) eff_buffer_add(&shown, eff_test_console_screen(env->console));
    if (env->logger) eff_buffer_add(&shown, eff_test_logger_text(env->logger));
    eff__test_note_screen(eff_buffer_text(&shown));
    eff_buffer_done(&shown);
    give_up_services(env);
    eff__track_release();
}

size_t eff__test_env_leaks(const struct eff__test_env *env, const eff_exit_t *exit, const void *frame,
                           eff_buffer_t *out)
{
    if (env->options.allow & EFF_TEST_MEMORY) return 0;
    struct eff__held held[EFF__TEST_HELD + 2];
    size_t n = eff__test_held(frame, held);
    held[n++] = (struct eff__held){ &out->text, sizeof out->text };
    if (exit) held[n++] = (struct eff__held){ exit, sizeof *exit };
    struct eff__sink s = { .buffer = out };
    n = eff__leaks_tell(&s, "",
                        &(struct eff__leaks_ask){
                            .since = env->mark, .typed = true, .own = true, .n_held = n, .held = held });
    if (n > 0)
        eff_buffer_add(out,
                       "(what the test keeps in memory of malloc, or in what it made before the first run, cannot be "
                       "told from that: then say .allow = EFF_TEST_MEMORY)\n");
    return n;
}

/* ---- leaks, by themselves */

uint64_t eff_test_leaks_mark(void)
{
    return eff__leaks_now();
}

size_t eff_test_leaks(uint64_t mark, eff_buffer_t *out)
{
    struct eff__held held = { &out->text, sizeof out->text };
    struct eff__sink s = { .buffer = out };
    return eff__leaks_tell(&s, "", &(struct eff__leaks_ask){ .since = mark, .n_held = 1, .held = &held });
}
