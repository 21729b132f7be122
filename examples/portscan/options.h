/* The command line. */
#ifndef PORTSCAN_OPTIONS_H
#define PORTSCAN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct port {
    char label[8]; /* what it is called: its number, but in the demo */
    uint16_t number;
} port_t;

typedef struct options {
    char **hosts; /* as they were given, each once */
    size_t n_hosts;
    port_t *ports; /* in order, each once */
    size_t n_ports;
    size_t limit;    /* connects under way at once */
    int timeout_ms;  /* of each connect */
    bool demo, help; /* instead of hosts and ports */
} options_t;

/* Fills in *o, which options_done gives up in any case.
 * Returns false, having said on stderr what is wrong, for a command line that makes no sense. */
bool options_parse(options_t *o, int argc, char **argv);
void options_done(options_t *o);

bool options_add_host(options_t *o, const char *name, size_t size);
bool options_add_port(options_t *o, uint16_t number, const char *label);

#endif
