/* The services of the demo: a file like any other, but for the ports. */
#include "demo.h"
#include "config.h"
#include "server.h"

static const char services[] =
    "{ \"services\": [\n"
    "  { \"name\": \"fast\",    \"url\": \"http://127.0.0.1:%d/fast\" },\n"
    "  { \"name\": \"slow\",    \"url\": \"http://127.0.0.1:%d/slow\" },\n"
    "  { \"name\": \"flaky\",   \"url\": \"http://127.0.0.1:%d/flaky\" },\n"
    "  { \"name\": \"wrong\",   \"url\": \"http://127.0.0.1:%d/wrong\" },\n"
    "  { \"name\": \"hanging\", \"url\": \"http://127.0.0.1:%d/hanging\", \"timeout\": 0.5, \"retries\": 1 },\n"
    "  { \"name\": \"closed\",  \"url\": \"http://127.0.0.1:%d/\", \"retries\": 1 }\n"
    "] }\n";

static eff_t *services_at(eff_value_t ports, eff_value_t env)
{
    (void)env;
    const int open = server_ports_of(ports)->open, closed = server_ports_of(ports)->closed;
    eff_value_t text = eff_printf(services, open, open, open, open, open, closed);
    eff_t *e = config_parse("demo", eff_as_string(text));
    eff_value_decref(text);
    return e;
}

eff_t *demo_services(void)
{
    return eff_flat_map(server_start(), services_at, eff_unit);
}
