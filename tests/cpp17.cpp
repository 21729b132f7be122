// The public headers from C++17: every macro that C writes with a compound literal, a designated initializer or a label
// as a value, used as in C, and run. Prints what is wrong, and how much.
#include <effect/effect.h>

#include <effect/describe.h>
#include <effect/test.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

// ---- what other files may use

struct plain {
    int n;
};
EFF_DECLARE_TYPE(shared, struct plain);
EFF_DEFINE_TYPE(shared, struct plain);
EFF_DECLARE_BOX(shared_text, char);
EFF_DEFINE_BOX(
    shared_text, char, .drop = [](char *s) { std::free(s); });

struct counter {
    int64_t next;
};
EFF_DECLARE_SERVICE(counter, struct counter);
EFF_DEFINE_SERVICE(counter, struct counter);

static counter the_default = { 70 };
EFF_DECLARE_SERVICE(spare, struct counter);
EFF_DEFINE_DEFAULT_SERVICE(spare, struct counter, &the_default);

struct place_config {
    const char *name;
    unsigned char floor;
};
struct app_config {
    const char *host;
    int port;
    double ratio;
    eff_duration_t timeout;
    enum { QUIET, LOUD } level;
    const eff_secret_t *password;
    const char **tags;
    size_t n_tags;
    place_config *places;
    size_t n_places;
    place_config home;
};
EFF_DECLARE_CONFIG(app_config, struct app_config);
static const eff_config_name_t levels[] = { { "quiet", app_config::QUIET }, { "loud", app_config::LOUD }, { NULL, 0 } };
static const eff_config_field_t place_fields[] = {
    EFF_CONFIG_STRING(place_config, name, "name"),
    EFF_CONFIG_INT(place_config, floor, "floor", .otherwise = "1", .max = "9"),
};
static const eff_config_schema_t place_schema = EFF_CONFIG_SCHEMA(place_config, place_fields);
static const eff_config_field_t app_fields[] = {
    EFF_CONFIG_STRING(struct app_config, host, "host", .otherwise = "localhost", .help = "where"),
    EFF_CONFIG_INT(struct app_config, port, "port", .otherwise = "80", .min = "1", .max = "65535", .letter = 'p'),
    EFF_CONFIG_DOUBLE(struct app_config, ratio, "ratio", .optional = true),
    EFF_CONFIG_DURATION(struct app_config, timeout, "timeout", .otherwise = "2", .unit = "s"),
    EFF_CONFIG_ENUM(struct app_config, level, levels, "level", .otherwise = "loud"),
    EFF_CONFIG_SECRET(struct app_config, password, "password"),
    EFF_CONFIG_STRINGS(struct app_config, tags, n_tags, "tags", .otherwise = "a, b"),
    EFF_CONFIG_LIST(struct app_config, places, n_places, place_schema, "places", .optional = true),
    EFF_CONFIG_STRUCT(struct app_config, home, place_schema, "home"),
};
EFF_DEFINE_CONFIG(app_config, struct app_config, app_fields, .strict = true);

enum class colour { red, green };
EFF_DECLARE_DEFAULT(places, int);
EFF_DEFINE_DEFAULT(places, int, 4);
EFF_STATIC_DEFAULT(verbose, bool, true);
EFF_STATIC_DEFAULT(ratio, double, 0.5);
EFF_STATIC_DEFAULT(greeting, const char *, "hello");
EFF_STATIC_DEFAULT(patience, eff_duration_t, eff_millis(250));
EFF_STATIC_DEFAULT(anything, eff_value_t, eff_unit);
EFF_STATIC_DEFAULT(paint, colour, colour::green);

eff_t *ends_as(eff_exit_t *exit);
static eff_t *ends_as_step(eff_exit_t **s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_yield_now());
    EFF_GEN_EXIT(*s);
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_EXTERN_GEN(ends_as, eff_exit_t *, ends_as_step);

namespace
{

int n_wrong;

void check(bool ok, const char *what, int line)
{
    if (ok) return;
    std::fprintf(stderr, "cpp17.cpp:%d: %s\n", line, what);
    n_wrong++;
}
#define CHECK(...) check((__VA_ARGS__), #__VA_ARGS__, __LINE__)

// The exit of e under a TestClock as text, such as "ok [1, 2]" or "fail 7".
std::string ends_with(eff_t *e)
{
    eff_exit_t exit = eff_test_run(e);
    eff_buffer_t text = EFF_BUFFER_INIT;
    if (exit.ok) eff_value_format(exit.value, &text);
    else eff_value_format(eff_cause_squash(exit.cause), &text);
    std::string result = (exit.ok ? "ok " : "fail ") + std::string(eff_buffer_text(&text));
    eff_buffer_done(&text);
    eff_exit_decref(exit);
    return result;
}

eff_t *after(int64_t ms, eff_t *e)
{
    return eff_delay(e, eff_millis(ms));
}
eff_t *one(int64_t n)
{
    return eff_succeed(eff_int(n));
}

// ---- lists

void lists()
{
    CHECK(ends_with(eff_succeed(EFF_ARRAY(eff_int(1), eff_string("two")))) == "ok [1, \"two\"]");
    CHECK(ends_with(eff_all_par(after(2, one(1)), one(2), after(1, one(3)))) == "ok [1, 2, 3]");
    CHECK(ends_with(eff_all_par(one(1))) == "ok [1]");
    CHECK(ends_with(eff_race_all(after(3, one(1)), after(1, one(2)), eff_fail(eff_int(3)))) == "ok 2");
    CHECK(ends_with(eff_race_indexed(after(3, one(1)), after(1, one(2)))) == "ok (1, 2)");
    CHECK(ends_with(eff_race_all(one(1), nullptr)).find("argument 2 of eff_race_all is NULL") != std::string::npos);
}

// ---- types of one's own

int n_cleared;

struct point {
    int64_t x, y;
    char *name;
};
void point_clear(point *p)
{
    std::free(p->name);
    n_cleared++;
}
bool point_equal(const point *a, const point *b)
{
    return a->x == b->x && a->y == b->y;
}
void point_format(const point *p, eff_buffer_t *out)
{
    eff_buffer_printf(out, "(%d %d %s)", static_cast<int>(p->x), static_cast<int>(p->y), p->name ? p->name : "-");
}
EFF_STATIC_TYPE(point, point, .format = point_format, .drop = point_clear, .equal = point_equal);

EFF_STATIC_TYPE(plain, struct plain, .drop = NULL);

struct holder {
    eff_value_t inner;
};
void holder_clear(holder *h)
{
    eff_value_decref(h->inner);
}
EFF_STATIC_TYPE(holder, struct holder, .drop = holder_clear);

EFF_STATIC_BOX(
    text, char, .drop = [](char *s) { std::free(s); });

void types()
{
    int64_t y = 2;
    eff_value_t v = EFF_ENV(point, .x = 1, .y = y, .name = strdup("p")), w = EFF_ENV(point, .y = y, .x = 1);
    CHECK(point_of(v)->x == 1 && point_of(v)->y == 2);
    CHECK(eff_value_equal(v, w));
    eff_value_decref(w);
    CHECK(n_cleared == 1);
    CHECK(ends_with(eff_succeed(v)) == "ok (1 2 p)");
    CHECK(n_cleared == 2);

    point *slot = nullptr;
    CHECK(ends_with(point_into(eff_succeed(point_make(point{ 3, 4, nullptr })), &slot)) == "ok unit");
    CHECK(slot && slot->y == 4);
    point_decref(slot);

    eff_value_t nested = EFF_ENV(holder, .inner = EFF_ENV(plain, .n = 5));
    CHECK(plain_of(holder_of(nested)->inner)->n == 5);
    eff_value_decref(nested);

    eff_value_t boxed = text_box(strdup("boxed"));
    CHECK(std::strcmp(text_of(boxed), "boxed") == 0);
    eff_value_decref(boxed);
}

// ---- services and layers

int n_closed;

eff_t *open_counter()
{
    static counter the_counter;
    the_counter.next = 40;
    return eff_succeed(counter_value(&the_counter));
}
void close_counter(counter *)
{
    n_closed++;
}
EFF_DEFINE_LAYER(counter_live, counter, struct counter, open_counter, close_counter, EFF_NO_NEEDS);

eff_t *use_counter(counter *c, eff_value_t env)
{
    return one(c->next + eff_as_int(env));
}

struct held_counter {
    int64_t first;
    struct counter counter;
};
EFF_STATIC_BOX(held, struct held_counter);

eff_layer_t *choose_counter(eff_value_t, eff_value_t)
{
    return counter_live();
}

void layers()
{
    eff_layer_t *chosen =
        eff_layer_flat_map(eff_noop(), choose_counter, eff_unit, EFF_TAGS(&counter_tag), EFF_NO_NEEDS);
    chosen = eff_layer_named(chosen, "counters");
    eff_layer_describe_options_t options = {};
    options.inside = true;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_layer_describe_with(chosen, &options, &text);
    CHECK(std::strstr(eff_buffer_text(&text), "chosen when built: provides counter") != nullptr);
    eff_buffer_done(&text);
    CHECK(ends_with(eff_provide(counter_with(use_counter, eff_int(2)), chosen)) == "ok 42");
    CHECK(n_closed == 1);
    n_closed = 0;
}

void services()
{
    held_counter whole = { 1, { 2 } };
    struct counter *part = &whole.counter;
    CHECK(EFF_CONTAINER_OF(part, struct held_counter, counter) == &whole);
    eff_value_t box = held_box(&whole);
    CHECK(held_of(box) == &whole);
    eff_value_decref(box);

    counter mine = { 1 };
    CHECK(ends_with(counter_provide(counter_with(use_counter, eff_int(6)), &mine)) == "ok 7");
    CHECK(ends_with(eff_provide(counter_with(use_counter, eff_int(2)), counter_live())) == "ok 42");
    CHECK(n_closed == 1);
    CHECK(ends_with(spare_with(use_counter, eff_int(7))) == "ok 77");
    CHECK(ends_with(spare_provide(spare_with(use_counter, eff_int(7)), &mine)) == "ok 8");
    CHECK(ends_with(eff_locally(spare_with(use_counter, eff_int(1)), &spare_tag, spare_value(&mine))) == "ok 2");
    CHECK(ends_with(eff_provide(app_config_load(), eff_config_memory("password=x", "home.name=h", "places.0.name=p"))) ==
          "ok { host = localhost, port = 80, ratio = 0.0, timeout = 2s, level = loud, password = <secret>, tags = [a, b], "
          "places[0].name = p, places[0].floor = 1, home.name = h, home.floor = 1 }");
    CHECK(ends_with(places_get()) == "ok 4" && ends_with(places_locally(places_get(), 5)) == "ok 5");
    CHECK(ends_with(greeting_locally(eff_tag_get(&greeting_tag), std::string("ahoy").c_str())) == "ok ahoy");
    CHECK(ends_with(anything_locally(anything_get(), eff_int(6))) == "ok 6" && verbose_from(eff_context_empty()));
    CHECK(ratio_from(eff_context_empty()) == 0.5 && patience_from(eff_context_empty()).ns == 250000000);
    CHECK(paint_from(eff_context_empty()) == colour::green &&
          ends_with(paint_locally(paint_get(), colour::red)) == "ok 0");
    CHECK(ends_with(eff_provide_context(one(1), eff_context_empty())) == "ok 1");
    eff_value_t v = shared_make(plain{ 3 }), text = shared_text_box(strdup("s"));
    CHECK(shared_of(v)->n == 3 && *shared_text_of(text) == 's');
    eff_value_decref(v);
    eff_value_decref(text);
}

// ---- gens

struct sum {
    int64_t to, i, total;
    eff_value_t seen;
};
void sum_drop(sum *s)
{
    eff_value_decref(s->seen);
}
int n_deferred;
eff_t *count_defer(sum *, const eff_exit_t *)
{
    n_deferred++;
    return eff_noop();
}
eff_t *sum_step(sum *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_DEFER(s, count_defer);
    for (s->i = 1; s->i <= s->to; s->i++) {
        EFF_AWAIT(after(1, one(s->i)));
        s->total += eff_as_int(EFF_GOT());
    }
    EFF_AWAIT(eff_all_par(one(10), one(20)));
    s->seen = EFF_TAKE();
    EFF_AWAIT_EXIT(eff_fail(eff_int(1)));
    if (EFF_EXIT()->ok) EFF_GEN_RETURN(eff_unit);
    if (s->total > 50) EFF_GEN_FAIL(eff_literal("too much"));
    EFF_GEN_END(eff_pair(eff_int(s->total), eff_value_incref(s->seen)));
}
EFF_DEFINE_GEN(sum_up, sum, sum_step, .drop = sum_drop);

struct greeting {
    eff_value_t name;
};
void greeting_copy(greeting *s)
{
    s->name = eff_value_incref(s->name);
}
void greeting_drop(greeting *s)
{
    eff_value_decref(s->name);
}
eff_t *greeting_step(greeting *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_yield_now());
    EFF_GEN_END(eff_printf("hello %s", eff_as_string(s->name)));
}
EFF_DEFINE_GEN(greet, greeting, greeting_step, .drop = greeting_drop, .copy = greeting_copy);

void gens()
{
    sum init = {};
    init.to = 4;
    CHECK(ends_with(sum_up(init)) == "ok (10, [10, 20])");
    init.to = 10;
    CHECK(ends_with(sum_up(init)) == "fail too much");
    CHECK(n_deferred == 2);
    eff_exit_t exit = eff_exit_succeed(eff_int(9));
    CHECK(ends_with(ends_as(&exit)) == "ok 9");
    eff_t *hello = greet({ eff_string("ada") }), *again = eff_incref(hello);
    CHECK(ends_with(eff_zip(hello, again)) == "ok (\"hello ada\", \"hello ada\")");
}

// ---- every other builder's macro: what it builds runs, and ends as it should

eff_value_t same(eff_value_t v, eff_value_t)
{
    return eff_value_incref(v);
}
eff_t *again(eff_value_t v, eff_value_t)
{
    return eff_succeed(eff_value_incref(v));
}
eff_value_t add(eff_value_t a, eff_value_t b, eff_value_t)
{
    return eff_int(eff_as_int(a) + eff_as_int(b));
}
bool below_3(eff_value_t v, eff_value_t)
{
    return eff_as_int(v) < 3;
}
eff_t *is_2(eff_value_t v, eff_value_t)
{
    return eff_succeed(eff_bool(eff_as_int(v) == 2));
}
eff_t *plus_1(eff_value_t v, eff_value_t)
{
    return one(eff_as_int(v) + 1);
}
eff_t *from_cause(const eff_cause_t *, eff_value_t)
{
    return one(5);
}
eff_t *finally(const eff_exit_t *, eff_value_t)
{
    return eff_noop();
}
void let_go(eff_value_t, const eff_exit_t *, eff_value_t) {}
eff_t *let_go_politely(eff_value_t, const eff_exit_t *, eff_value_t)
{
    return eff_noop();
}
eff_t *with_restore(eff_restore_t restore, eff_value_t)
{
    return eff_restore(restore, one(1));
}
eff_t *on_a_fiber(eff_value_t v, eff_value_t)
{
    eff_fiber_t *fiber = eff_as_fiber(v);
    eff_t *e = eff_then(eff_fiber_await(fiber), eff_fiber_join(fiber));
    return eff_then(e, eff_then(eff_fiber_interrupt(fiber), eff_fiber_interrupt_fork(fiber)));
}
eff_t *fork_there(eff_value_t v, eff_value_t)
{
    eff_scope_t *scope = eff_as_scope(v);
    return eff_then(eff_scope_add(scope, finally, eff_unit), eff_fork_in(scope, one(1)));
}

void building()
{
    CHECK(ends_with(eff_map(one(1), same, eff_unit)) == "ok 1");
    CHECK(ends_with(eff_map_to(one(1), eff_int(2))) == "ok 2");
    CHECK(ends_with(eff_tap(one(1), again, eff_unit)) == "ok 1");
    CHECK(ends_with(eff_zip_with(one(1), one(2), add, eff_unit)) == "ok 3");
    CHECK(ends_with(eff_zip_par(one(1), one(2))) == "ok (1, 2)");
    CHECK(ends_with(eff_zip_par_with(one(1), one(2), add, eff_unit)) == "ok 3");
    CHECK(ends_with(eff_when(eff_succeed(eff_bool(true)), one(1))) == "ok some(1)");
    CHECK(ends_with(eff_unless(eff_succeed(eff_bool(true)), one(1))) == "ok none");
    CHECK(ends_with(eff_race(one(1), one(2))) == "ok 1");
    CHECK(ends_with(eff_race_first(eff_fail(eff_int(1)), one(2))) == "fail 1");
    CHECK(ends_with(eff_timeout(eff_forever(eff_sleep(eff_seconds(1))), eff_seconds(5))) == "ok none");
    eff_value_t slot = eff_unit;
    CHECK(ends_with(eff_into(one(4), &slot)) == "ok unit" && eff_as_int(slot) == 4);

    CHECK(ends_with(eff_suspend([](eff_value_t) { return one(1); }, eff_unit)) == "ok 1");
    CHECK(ends_with(eff_attempt([](eff_value_t, eff_value_t *v, eff_value_t *) { return *v = eff_int(1), 0; },
                                eff_unit)) == "ok 1");
    CHECK(ends_with(eff_async([](eff_async_t *k, eff_value_t) { eff_async_succeed(k, eff_int(1)); }, eff_unit)) ==
          "ok 1");
    CHECK(ends_with(eff_blocking([](eff_value_t) { return one(1); }, eff_unit)) == "ok 1");
    CHECK(ends_with(eff_external(one(1))) == "ok 1");
    CHECK(ends_with(eff_die(eff_string("boom"))) == "fail boom");
    CHECK(ends_with(eff_fail_cause(eff_cause_fail(eff_int(1)))) == "fail 1");
    CHECK(ends_with(eff_fail_errno("open %s", "x")).find("fail ") == 0);
    eff_exit_t exit = eff_exit_succeed(eff_int(1));
    CHECK(ends_with(eff_done(&exit)) == "ok 1");
}

void recovering()
{
    CHECK(ends_with(eff_catch_all(eff_fail(eff_int(1)), again, eff_unit)) == "ok 1");
    CHECK(ends_with(eff_catch_type(eff_fail(eff_int(1)), &eff_int_type, again, eff_unit)) == "ok 1");
    CHECK(ends_with(eff_catch_kind(eff_fail(eff_int(1)), &eff_any_error, again, eff_unit)) == "fail 1");
    CHECK(ends_with(eff_catch_some(eff_fail(eff_int(1)), below_3, again, eff_unit)) == "ok 1");
    CHECK(ends_with(eff_catch_cause(eff_die(eff_int(1)), from_cause, eff_unit)) == "ok 5");
    CHECK(ends_with(eff_catch_defect(eff_die(eff_int(1)), again, eff_unit)) == "ok 1");
    CHECK(ends_with(eff_or_else(eff_fail(eff_int(1)), one(2))) == "ok 2");
    CHECK(ends_with(eff_fold(eff_fail(eff_int(1)), plus_1, again, eff_unit)) == "ok 2");
    CHECK(ends_with(eff_match(one(1), same, same, eff_unit)) == "ok 1");
    CHECK(ends_with(eff_map_to(eff_to_exit(eff_fail(eff_int(1))), eff_int(2))) == "ok 2");
    CHECK(ends_with(eff_option(eff_fail(eff_int(1)))) == "ok none");
    CHECK(ends_with(eff_ignore(eff_fail(eff_int(1)))) == "ok unit");
    CHECK(ends_with(eff_ignore_cause(eff_die(eff_int(1)))) == "ok unit");
    CHECK(ends_with(eff_refine_or_die(eff_fail(eff_int(1)), &eff_int_type)) == "fail 1");
    CHECK(ends_with(eff_or_die(eff_fail(eff_int(1)))) == "fail 1");
    CHECK(ends_with(eff_on_error(eff_fail(eff_int(1)), from_cause, eff_unit)) == "fail 1");
    CHECK(ends_with(eff_tap_error(eff_fail(eff_int(1)), again, eff_unit)) == "fail 1");
    CHECK(ends_with(eff_map_error(eff_fail(eff_int(1)), same, eff_unit)) == "fail 1");
    CHECK(ends_with(eff_map_cause(
              eff_fail(eff_int(1)), [](const eff_cause_t *c, eff_value_t) { return eff_cause_incref(c); }, eff_unit)) ==
          "fail 1");
    CHECK(ends_with(eff_annotate(eff_fail(eff_int(1)), eff_string("note"))) == "fail 1");
}

void finishing()
{
    CHECK(ends_with(eff_ensuring(one(1), eff_noop())) == "ok 1");
    CHECK(ends_with(eff_on_exit(one(1), finally, eff_unit)) == "ok 1");
    CHECK(ends_with(eff_on_interrupt(one(1), finally, eff_unit)) == "ok 1");
    CHECK(ends_with(eff_scoped(eff_acquire_release(one(1), let_go, eff_unit))) == "ok 1");
    CHECK(ends_with(eff_scoped(eff_acquire_release_effect(one(1), let_go_politely, eff_unit))) == "ok 1");
    CHECK(ends_with(eff_acquire_use_release_effect(one(1), again, let_go_politely, eff_unit)) == "ok 1");
    CHECK(ends_with(eff_interruptible(eff_uninterruptible(one(1)))) == "ok 1");
    CHECK(ends_with(eff_uninterruptible_mask(with_restore, eff_unit)) == "ok 1");
    CHECK(ends_with(eff_disconnect(one(1))) == "ok 1");
    CHECK(ends_with(eff_shield(one(1))) == "ok 1");
    CHECK(ends_with(eff_race_first_all(one(1), one(2), one(3))) == "ok 1");
    eff_race_fn join = [](const eff_exit_t *, eff_fiber_t *loser, eff_value_t) { return eff_fiber_join(loser); };
    CHECK(ends_with(eff_race_with(one(1), one(2), join, join, eff_unit)) == "ok 2");
    CHECK(ends_with(eff_flat_map(eff_fork(one(1)), on_a_fiber, eff_unit)).find("ok") == 0);
    CHECK(ends_with(eff_scoped(eff_then(eff_fork_scoped(one(1)), eff_then(eff_fork_daemon(one(1)), one(2))))) ==
          "ok 2");
    CHECK(ends_with(eff_map_to(eff_scoped(eff_flat_map(eff_scope_current(), fork_there, eff_unit)), eff_int(1))) ==
          "ok 1");
}

void looping()
{
    CHECK(ends_with(eff_for_each(eff_range(0, 2), again, eff_unit)) == "ok [0, 1]");
    CHECK(ends_with(eff_for_each_discard(eff_range(0, 2), again, eff_unit)) == "ok unit");
    CHECK(ends_with(eff_for_each_par(eff_range(0, 2), again, eff_unit, 0)) == "ok [0, 1]");
    CHECK(ends_with(eff_for_each_par_discard(eff_range(0, 2), again, eff_unit, 0)) == "ok unit");
    CHECK(ends_with(eff_for_each_par_tolerant(
              eff_range(0, 2), [](eff_value_t v, eff_value_t) { return eff_fail(eff_value_incref(v)); },
              [](const eff_cause_t *, eff_value_t) { return eff_noop(); }, eff_unit, 0)) == "ok unit");
    CHECK(ends_with(eff_for_each_par_exits(eff_range(0, 1), again, eff_unit, 0)) == "ok [success: 0]");
    CHECK(ends_with(eff_all_par_exits(one(1), one(2))) == "ok [success: 1, success: 2]");
    CHECK(ends_with(eff_as_completed(
              eff_range(0, 2), again,
              [](eff_value_t results, eff_value_t) { return eff_for_each(eff_value_incref(results), again, eff_unit); },
              eff_unit, 0)) == "ok [0, 1]");
    eff_limit_t *limit = eff_limit_new(1);
    CHECK(ends_with(eff_for_each_par_limited(eff_range(0, 2), again, eff_unit, limit)) == "ok [0, 1]");
    eff_limit_decref(limit);
    CHECK(ends_with(eff_validate_par(eff_range(0, 2), again, eff_unit, 0)) == "ok [0, 1]");
    CHECK(ends_with(eff_partition_par(eff_range(0, 2), again, eff_unit, 0)) == "ok ([], [0, 1])");
    CHECK(ends_with(eff_reduce_par(eff_range(0, 4), again, eff_int(0), add, eff_unit, 0)) == "ok 6");
    CHECK(ends_with(eff_reduce(
              eff_range(0, 4), eff_int(0),
              [](eff_value_t acc, eff_value_t v, size_t, eff_value_t) { return one(eff_as_int(acc) + eff_as_int(v)); },
              eff_unit)) == "ok 6");
    CHECK(ends_with(eff_find_first(eff_range(0, 4), is_2, eff_unit)) == "ok some(2)");
    CHECK(ends_with(eff_drop_while(eff_range(2, 4), is_2, eff_unit)) == "ok [3]");
    CHECK(ends_with(eff_replicate(one(1), 2)) == "ok [1, 1]");
    CHECK(ends_with(eff_iterate(eff_int(0), below_3, plus_1, eff_unit)) == "ok 3");
    CHECK(ends_with(eff_loop_while(one(4), below_3, eff_unit)) == "ok 4");
    CHECK(ends_with(eff_retry(eff_fail(eff_int(1)), eff_schedule_recurs(2))) == "fail 1");
    CHECK(ends_with(eff_repeat(one(1), eff_schedule_recurs(2))) == "ok 1");
    eff_schedule_t *in_time = eff_schedule_up_to(eff_schedule_fixed(eff_seconds(1)), eff_duration_t{ 0 });
    eff_schedule_t *then = eff_schedule_and_then(in_time, eff_schedule_windowed(eff_duration_t{ 0 }));
    CHECK(ends_with(eff_repeat(one(1), eff_schedule_both(then, eff_schedule_recurs(1)))) == "ok 1");
}

// What would print, or wait for long, is only built.
void built(eff_t *e)
{
    CHECK(e != nullptr);
    eff_decref(e);
}

void built_only()
{
    eff_instant_t soon = { 1 };
    built(eff_deadline(one(1), soon));
    built(eff_within(eff_without_deadline(eff_deadline_left()), eff_seconds(1)));
    built(eff_fiber_set_make(EFF_FIBERS_FAILURES));
    built(eff_fiber_map_make(EFF_FIBERS_FAILURES));
    built(eff_fiber_slot_make(EFF_FIBERS_INTERRUPTIONS_TOO));
    built(eff_test_clock_set(soon));
    built(eff_print(eff_string("x")));
    built(eff_print_line(eff_string("x")));
    built(eff_print_error_line(eff_string("x")));
    built(eff_log(EFF_LOG_INFO, "%d", 1));
    built(eff_log_trace("x"));
    built(eff_log_debug("x"));
    built(eff_log_info("%s", "x"));
    built(eff_log_warn("x"));
    built(eff_log_error("x"));
    built(eff_log_fatal("x"));
    built(eff_log_value(EFF_LOG_INFO, eff_int(1)));
    built(eff_log_level(one(1), EFF_LOG_WARN));
    built(eff_log_info_with("x", eff_field("n", 1), eff_field("s", "text"), eff_field("d", 0.5), eff_field("b", true)));
    built(eff_log_with(EFF_LOG_WARN, "x", eff_field("v", eff_int(1)), eff_field("t", eff_millis(5))));
    built(eff_log_annotate(one(1), eff_field("size", sizeof(int)), eff_field("u", uint64_t(7))));
    built(eff_log_annotate_scoped(eff_field("user", "ada")));
    built(eff_log_span(one(1), "x"));
    built(eff_logger_flush());
    built(eff_logger_reopen());
    eff_logger_batch_options_t batch = {};
    eff_layer_decref(eff_logger_tee(eff_logger_level(eff_logger_live(), EFF_LOG_WARN),
                                    eff_logger_batched(eff_logger_stderr(eff_log_format_json), &batch)));
    eff_layer_decref(eff_logger_lines(eff_log_format_logfmt, eff_print_value, eff_unit));
}

void waiting()
{
    CHECK(ends_with(eff_timeout_fail(eff_never(), eff_seconds(1), eff_int(1))) == "fail 1");
    CHECK(ends_with(eff_timeout_to(eff_never(), eff_seconds(1), one(1))) == "ok 1");
    CHECK(ends_with(eff_map_to(eff_timed(one(1)), eff_int(1))) == "ok 1");
    CHECK(ends_with(eff_provide(eff_zip_par(eff_sleep(eff_seconds(1)), eff_test_clock_adjust(eff_seconds(2))),
                                eff_test_clock())) == "ok (unit, unit)");
    eff_latch_t *l = eff_latch_new(false);
    eff_t *opens = eff_then(eff_latch_open(l), eff_latch_when_open(l, one(3)));
    CHECK(ends_with(eff_then(eff_latch_release(l), opens)) == "ok 3");
    CHECK(ends_with(eff_then(eff_latch_await(l), eff_latch_close(l))) == "ok true");
    eff_latch_decref(l);
    eff_countdown_t *c = eff_countdown_new(1);
    CHECK(ends_with(eff_then(eff_countdown_arrive(c), eff_countdown_await(c))) == "ok unit");
    eff_countdown_decref(c);
    eff_barrier_t *b = eff_barrier_new(1);
    CHECK(ends_with(eff_barrier_await(b)) == "ok 0");
    eff_barrier_decref(b);
    eff_deferred_t *d = eff_deferred_new(), *failed = eff_deferred_new(), *caused = eff_deferred_new();
    CHECK(ends_with(eff_then(eff_deferred_succeed(d, eff_int(1)), eff_deferred_await(d))) == "ok 1");
    CHECK(ends_with(eff_then(eff_deferred_fail(failed, eff_int(1)), eff_deferred_await(failed))) == "fail 1");
    CHECK(ends_with(eff_then(eff_deferred_fail_cause(caused, eff_cause_fail(eff_int(1))),
                             eff_deferred_await(caused))) == "fail 1");
    eff_deferred_decref(d);
    eff_deferred_decref(failed);
    eff_deferred_decref(caused);
    CHECK(ends_with(eff_suspend(
                        [](eff_value_t) {
                            eff_queue_t *q = eff_queue_bounded(2);
                            eff_t *e = eff_then(eff_queue_offer(q, eff_int(1)), eff_queue_take(q));
                            e = eff_tap(
                                e, [](eff_value_t, eff_value_t) { return eff_noop(); }, eff_unit);
                            e = eff_zip(e, eff_then(eff_queue_end(q), eff_queue_shutdown(q)));
                            eff_queue_decref(q);
                            return e;
                        },
                        eff_unit))
              .find("ok (1, ") == 0);
}

// ---- callbacks may be lambdas without captures

void lambdas()
{
    eff_t *e = eff_map(
        one(20), [](eff_value_t v, eff_value_t) { return eff_int(eff_as_int(v) * 2); }, eff_unit);
    e = eff_flat_map(
        e, [](eff_value_t v, eff_value_t env) { return one(eff_as_int(v) + eff_as_int(env)); }, eff_int(2));
    CHECK(ends_with(e) == "ok 42");
    e = eff_merge_all(
        eff_range(0, 5), [](eff_value_t v, eff_value_t) { return one(eff_as_int(v)); }, eff_int(0),
        [](eff_value_t a, eff_value_t b, eff_value_t) { return eff_int(eff_as_int(a) + eff_as_int(b)); }, eff_unit, 2);
    CHECK(ends_with(e) == "ok 10");
    CHECK(ends_with(eff_acquire_use_release(
              eff_sync([](eff_value_t) { return eff_int(3); }, eff_unit),
              [](eff_value_t v, eff_value_t) { return one(eff_as_int(v)); },
              [](eff_value_t, const eff_exit_t *, eff_value_t) { n_closed++; }, eff_unit)) == "ok 3");
    CHECK(n_closed == 2);
}

} // namespace

int main()
{
    lists();
    types();
    layers();
    services();
    gens();
    building();
    recovering();
    finishing();
    looping();
    waiting();
    built_only();
    lambdas();
    if (n_wrong) std::fprintf(stderr, "%d wrong\n", n_wrong);
    return n_wrong != 0;
}
