/* The configuration of the demo: a file like any other, but for the ports. The demo is there to fail. */
#include "demo.h"
#include "server.h"

static const char text[] =
    "{ \"parallel\": 3, \"exit-zero\": true, \"services\": [\n"
    "  { \"name\": \"fast\",    \"url\": \"http://127.0.0.1:%d/fast\" },\n"
    "  { \"name\": \"slow\",    \"url\": \"http://127.0.0.1:%d/slow\" },\n"
    "  { \"name\": \"flaky\",   \"url\": \"http://127.0.0.1:%d/flaky\" },\n"
    "  { \"name\": \"wrong\",   \"url\": \"http://127.0.0.1:%d/wrong\" },\n"
    "  { \"name\": \"hanging\", \"url\": \"http://127.0.0.1:%d/hanging\", \"timeout\": 0.5, \"retries\": 1 },\n"
    "  { \"name\": \"closed\",  \"url\": \"http://127.0.0.1:%d/\", \"retries\": 1 }\n"
    "] }\n";

static eff_t *config_at(eff_value_t ports, eff_value_t env)
{
    (void)env;
    const int open = server_ports_of(ports)->open, closed = server_ports_of(ports)->closed;
    eff_value_t filled = eff_printf(text, open, open, open, open, open, closed);
    eff_t *e = eff_config_fixed(eff_config_parse("demo", eff_as_string(filled)));
    eff_value_decref(filled);
    return e;
}

eff_t *demo_config(void)
{
    return eff_flat_map(server_start(), config_at, eff_unit);
}
