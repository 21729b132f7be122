/* HTTP: ask with a key, try again while the server is busy, read JSON, and say what went wrong. The service is a script
 * here, and time a TestClock's; the same program with eff_http_live() talks to the network. */
#include <effect/effect.h>
#include <effect/http.h>
#include <jansson.h>

static bool is_busy(eff_value_t error, eff_value_t env)
{
    (void)env;
    return eff_error_is(error, &eff_http_status_error) && eff_as_error(error)->code == 503;
}

static eff_t *weather_of(const char *city)
{
    eff_value_t query = EFF_HTTP_FIELDS("city", city, EFF_HTTP_SECRET("key", "hush"));
    eff_t *e = eff_http_request(.url = "https://weather.example/now", .query = query, .timeout = eff_seconds(2));
    return eff_retry(eff_http_json(e), eff_schedule_while(eff_schedule_spaced(eff_millis(500)), is_busy, eff_unit));
}

static eff_t *print_weather(eff_value_t json, eff_value_t city)
{
    double degrees = json_number_value(json_object_get(eff_as_json(json), "degrees"));
    return eff_print_line(eff_printf("%s: %.0f degrees", eff_as_string(city), degrees));
}

static eff_t *report(const char *city)
{
    eff_t *e = eff_flat_map(weather_of(city), print_weather, eff_string(city));
    return eff_catch_all(e, eff_print_value, eff_literal("sorry: "));
}

/* ---- the script, and what was asked in the end */

static eff_test_http_t *scripted_http(void)
{
    eff_test_http_t *http = eff_test_http_new();
    const char *berlin = "https://weather.example/now?city=Berlin&key=hush";
    eff_test_http_on(http, EFF_HTTP_GET, berlin, .status = 503, .times = 2);
    eff_test_http_on(http, EFF_HTTP_GET, berlin, .body = eff_json(json_pack("{s:i}", "degrees", 21)));
    eff_test_http_on(http, EFF_HTTP_GET, "https://weather.example/now?city=Atlantis*", .status = 404);
    eff_test_http_on(http, EFF_HTTP_GET, "https://weather.example/now?city=Hangzhou*", .hangs = true);
    return http;
}

int main(void)
{
    eff_test_http_t *http = scripted_http();
    eff_t *e = eff_then(report("Berlin"), eff_then(report("Atlantis"), report("Hangzhou")));
    e = eff_zip_par(eff_provide(e, eff_test_http(http)), eff_test_clock_adjust(eff_minutes(1)));
    int code = eff_main(eff_map_to(eff_provide(e, eff_test_clock()), eff_unit));

    printf("%zu requests\n", eff_test_http_n_requests(http));
    eff_test_http_decref(http);
    return code;
}

/* expected output:
Berlin: 21 degrees
sorry: HTTP status: GET https://weather.example/now?city=Atlantis&key=...: Not Found (code 404), because: a response with 404, 0 bytes
sorry: timed out: GET https://weather.example/now?city=Hangzhou&key=...: no answer within 2s
5 requests
*/
