/* The same for libeffect-http: an answer from a script. */
#include <effect/effect.h>
#include <effect/http.h>

static eff_t *print_body(eff_value_t response, eff_value_t env)
{
    (void)env;
    return eff_print_line(eff_string(eff_http_text(eff_http_response_of(response))));
}

int main(void)
{
    eff_test_http_t *http = eff_test_http_new();
    eff_test_http_on(http, EFF_HTTP_GET, "http://example.org/", .body = eff_literal("hello"));
    eff_t *e = eff_flat_map(eff_http_ok(eff_http_get("http://example.org/")), print_body, eff_unit);
    int code = eff_main_with(e, eff_test_http(http));
    eff_test_http_decref(http);
    return code;
}

/* expected output:
hello
*/
