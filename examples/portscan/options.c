/* The command line: HOST[,HOST...] PORT[-PORT][,...] [--limit N] [--timeout MS] */
#include "options.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 64, LIMIT_MAX = 10000, TIMEOUT_MS = 1000, TIMEOUT_MS_MAX = 600000, HOST_MAX = 253 };

static bool refuse(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("portscan: ", stderr);
    vfprintf(stderr, fmt, args);
    fputs("\nTry 'portscan --help'.\n", stderr);
    va_end(args);
    return false;
}

/* A decimal number from min to max, and nothing else, in the first `size` bytes of text. */
static bool parse_number(const char *text, size_t size, long min, long max, long *ret_n)
{
    long n = 0;
    if (size == 0) return false;
    for (size_t i = 0; i < size; i++) {
        if (!isdigit((unsigned char)text[i])) return false;
        n = n * 10 + (text[i] - '0');
        if (n > max) return false;
    }
    *ret_n = n;
    return n >= min;
}

/* ---- hosts */

bool options_add_host(options_t *o, const char *name, size_t size)
{
    char **hosts = realloc(o->hosts, (o->n_hosts + 1) * sizeof *hosts);
    if (!hosts) return false;
    o->hosts = hosts;
    o->hosts[o->n_hosts] = strndup(name, size);
    return o->hosts[o->n_hosts] && ++o->n_hosts;
}

static bool has_host(const options_t *o, const char *name, size_t size)
{
    for (size_t i = 0; i < o->n_hosts; i++)
        if (strlen(o->hosts[i]) == size && strncasecmp(o->hosts[i], name, size) == 0) return true;
    return false;
}

/* What can stand in a name or an address; a name of other bytes would also spoil the table. */
static bool is_host(const char *name, size_t size)
{
    if (size == 0 || size > HOST_MAX) return false;
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("-._:%", name[i])) return false;
    return true;
}

static bool parse_hosts(options_t *o, const char *list)
{
    for (const char *at = list;; at++) {
        size_t size = strcspn(at, ",");
        if (!is_host(at, size)) return refuse("host %zu of the list is no host name or address", o->n_hosts + 1);
        if (!has_host(o, at, size) && !options_add_host(o, at, size)) return refuse("out of memory");
        at += size;
        if (!*at) return true;
    }
}

/* ---- ports */

bool options_add_port(options_t *o, uint16_t number, const char *label)
{
    port_t *ports = o->ports;
    if ((o->n_ports & (o->n_ports - 1)) == 0) { /* full: its capacity is the next power of two */
        ports = realloc(ports, (o->n_ports ? 2 * o->n_ports : 1) * sizeof *ports);
        if (!ports) return false;
        o->ports = ports;
    }
    port_t *port = &ports[o->n_ports++];
    port->number = number;
    if (label) snprintf(port->label, sizeof port->label, "%s", label);
    else snprintf(port->label, sizeof port->label, "%u", (unsigned)number);
    return true;
}

static bool parse_range(const char *text, size_t size, long *ret_from, long *ret_to)
{
    const char *dash = memchr(text, '-', size);
    size_t first = dash ? (size_t)(dash - text) : size;
    if (!parse_number(text, first, 1, 65535, ret_from)) return false;
    *ret_to = *ret_from;
    return !dash || parse_number(dash + 1, size - first - 1, *ret_from, 65535, ret_to);
}

static bool parse_ports(options_t *o, const char *list)
{
    bool wanted[65536] = { false };
    for (const char *at = list;; at++) {
        long from = 0, to = 0;
        size_t size = strcspn(at, ",");
        if (!parse_range(at, size, &from, &to)) {
            return refuse("'%.*s' is no port, nor a range of ports from 1 to 65535", (int)(size < 40 ? size : 40), at);
        }
        for (long port = from; port <= to; port++)
            wanted[port] = true;
        at += size;
        if (!*at) break;
    }
    for (int port = 1; port < 65536; port++)
        if (wanted[port] && !options_add_port(o, (uint16_t)port, NULL)) return refuse("out of memory");
    return true;
}

/* ---- all of it */

/* The number after an option. */
static bool parse_option(char **arg, long max, long *ret_n)
{
    if (!arg[1]) return refuse("%s needs a number", arg[0]);
    return parse_number(arg[1], strlen(arg[1]), 1, max, ret_n) ||
           refuse("%s needs a number from 1 to %ld", arg[0], max);
}

bool options_parse(options_t *o, int argc, char **argv)
{
    *o = (options_t){ .limit = LIMIT, .timeout_ms = TIMEOUT_MS, .demo = argc <= 1 };
    const char *words[2] = { NULL, NULL };
    size_t n_words = 0;
    long n = 0;
    for (char **arg = argv + (argc > 0); *arg; arg++) {
        if (strcmp(*arg, "--demo") == 0) {
            o->demo = true;
        } else if (strcmp(*arg, "--help") == 0) {
            o->help = true;
        } else if (strcmp(*arg, "--limit") == 0) {
            if (!parse_option(arg++, LIMIT_MAX, &n)) return false;
            o->limit = (size_t)n;
        } else if (strcmp(*arg, "--timeout") == 0) {
            if (!parse_option(arg++, TIMEOUT_MS_MAX, &n)) return false;
            o->timeout_ms = (int)n;
        } else if ((*arg)[0] == '-') {
            return refuse("there is no option '%s'", *arg);
        } else if (n_words == 2) {
            return refuse("hosts and ports are two words, '%s' is one more", *arg);
        } else {
            words[n_words++] = *arg;
        }
    }
    if (o->help) return true;
    if (o->demo) return n_words == 0 || refuse("--demo takes no hosts");
    if (n_words < 2) return refuse("what is missing: %s", n_words ? "PORTS" : "HOST and PORTS");
    return parse_hosts(o, words[0]) && parse_ports(o, words[1]);
}

void options_done(options_t *o)
{
    for (size_t i = 0; i < o->n_hosts; i++)
        free(o->hosts[i]);
    free(o->hosts);
    free(o->ports);
    *o = (options_t){ 0 };
}
