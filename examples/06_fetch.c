/* A page made of three requests at once, with a deadline for the whole and a fallback for one of them. The results
 * arrive in the typed fields of the gen that asked. */
#include <effect/effect.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const eff_error_kind_t http_error = { "http error", NULL };
static const eff_error_kind_t parse_error = { "parse error", NULL };

typedef struct user {
    int64_t id;
    char *name;
} user_t;
static void user_clear(user_t *u)
{
    free(u->name);
}
EFF_STATIC_TYPE(user, user_t, .drop = user_clear);

typedef struct weather {
    double celsius;
} weather_t;
EFF_STATIC_TYPE(weather, weather_t);

/* In place of a network: succeeds with the body, after a while. Like every builder, it copies what it needs of url. */
static eff_t *http_get(const char *url)
{
    eff_duration_t far = eff_seconds(10), near = eff_millis(5);
    if (strcmp(url, "http://users/1") == 0) return eff_delay(eff_succeed(eff_literal("name: ada")), near);
    if (strcmp(url, "http://users/2") == 0) return eff_delay(eff_succeed(eff_literal("name: bob")), near);
    if (strcmp(url, "http://users/3") == 0) return eff_delay(eff_succeed(eff_literal("???")), near);
    if (strcmp(url, "http://weather/oslo") == 0) return eff_delay(eff_succeed(eff_literal("7.5")), near);
    if (strcmp(url, "http://weather/rome") == 0) return eff_delay(eff_succeed(eff_literal("31.0")), far);
    return eff_fail(eff_error(&http_error, 404, "%s", url));
}

/* ---- a request each: get, then parse */

static eff_t *parse_user(eff_value_t body, eff_value_t id)
{
    const char *text = eff_as_string(body);
    if (strncmp(text, "name: ", 6) != 0)
        return eff_fail(eff_error(&parse_error, 0, "bad user %" PRId64 ": %s", eff_as_int(id), text));
    char *name = strdup(text + 6);
    if (!name) return eff_out_of_memory();
    return eff_succeed(user_make((user_t){ .id = eff_as_int(id), .name = name }));
}

static eff_t *fetch_user(int64_t id)
{
    char url[64];
    snprintf(url, sizeof url, "http://users/%" PRId64, id);
    return eff_flat_map(http_get(url), parse_user, eff_int(id));
}

static eff_value_t parse_weather(eff_value_t body, eff_value_t env)
{
    (void)env;
    return weather_make((weather_t){ .celsius = atof(eff_as_string(body)) });
}

static eff_t *fetch_weather(const char *city)
{
    char url[64];
    snprintf(url, sizeof url, "http://weather/%s", city);
    eff_t *e = eff_map(http_get(url), parse_weather, eff_unit);
    e = eff_timeout_fail(e, eff_millis(20), eff_error(&eff_timeout_error, 0, "weather of %s", city));
    return eff_or_else(e, eff_succeed(weather_make((weather_t){ .celsius = 20 })));
}

/* ---- the page: all three at once */

struct page {
    int64_t id, friend; /* given, as is city */
    const char *city;
    user_t *user, *pal; /* fetched, as is weather */
    weather_t *weather;
};

static void page_drop(struct page *s)
{
    user_decref(s->user);
    user_decref(s->pal);
    weather_decref(s->weather);
}

static eff_t *page_step(struct page *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    eff_t *user = user_into(fetch_user(s->id), &s->user);
    eff_t *pal = user_into(fetch_user(s->friend), &s->pal);
    eff_t *weather = weather_into(fetch_weather(s->city), &s->weather);
    eff_t *all = eff_all_par(user, pal, weather);
    EFF_AWAIT(eff_timeout_fail(all, eff_seconds(2), eff_error(&eff_timeout_error, 0, "page of %" PRId64, s->id)));
    EFF_GEN_END(eff_printf("%s and %s: %.1f C in %s", s->user->name, s->pal->name, s->weather->celsius, s->city));
}
EFF_DEFINE_GEN(page, struct page, page_step, .drop = page_drop);

static eff_t *show(struct page p)
{
    return eff_flat_map(page(p), eff_print_value, eff_unit);
}

int main(void)
{
    eff_t *e = show((struct page){ .id = 1, .friend = 2, .city = "oslo" });
    e = eff_then(e, show((struct page){ .id = 2, .friend = 1, .city = "rome" })); /* too slow: the fallback */
    e = eff_then(e, show((struct page){ .id = 3, .friend = 1, .city = "oslo" })); /* fails, and so does the program */
    return eff_main(e);
}

/* expected output:
ada and bob: 7.5 C in oslo
bob and ada: 20.0 C in rome
stderr:
error: parse error: bad user 3: ???
  at 06_fetch.c:46
  at user_into (declared at 06_fetch.c:21)
  at 06_fetch.c:96
  at 06_fetch.c:97
  at eff_print_value (06_fetch.c:104)
exit: 1
*/
