/* portscan: tries TCP ports of hosts, many at once, and tells which are open. */
#include <effect/effect.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/resource.h>

#include "demo.h"
#include "options.h"
#include "scan.h"

static const char help[] = "Usage: portscan HOST[,HOST...] PORTS [--limit N] [--timeout MS]\n"
                           "       portscan --demo\n"
                           "Tries every port of every host, and tells which are open and what is said there first.\n"
                           "  PORTS         as in 22,80,8000-8100\n"
                           "  --limit N     so many at once (64)\n"
                           "  --timeout MS  without an answer for so long a port is filtered (1000)\n"
                           "  --demo        scans servers of its own; also without arguments\n";

/* Sockets must not become stdin, stdout or stderr, where one of those was closed. */
static bool check_standard_files(void)
{
    int fd;
    if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
        fputs("portscan: stdout is closed\n", stderr);
        return false;
    }
    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

/* Each connect takes a descriptor: asks for as many as are allowed, and makes do with them. */
static void fit_limit(options_t *o)
{
    enum { OTHERS = 32 }; /* the loop's, the resolver's ... */
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0) return;
    if (files.rlim_cur < o->limit + OTHERS && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max < o->limit + OTHERS ? files.rlim_max : o->limit + OTHERS;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur >= o->limit + OTHERS) return;
    o->limit = files.rlim_cur > OTHERS ? files.rlim_cur - OTHERS : 1;
    fprintf(stderr, "portscan: only %zu connects at once, for want of descriptors (ulimit -n)\n", o->limit);
}

static eff_t *complain(eff_value_t error, eff_value_t env)
{
    (void)env;
    eff_t *e = eff_print_error_line(eff_printf("portscan: %s", eff_as_error(error)->message));
    return eff_map_to(eff_ignore(e), eff_int(1));
}

int main(int argc, char **argv)
{
    options_t options;
    if (!check_standard_files()) return 1;
    if (!options_parse(&options, argc, argv)) {
        options_done(&options);
        return 2;
    }
    fit_limit(&options);
    eff_t *e = options.help ? eff_print(eff_literal(help)) : options.demo ? demo() : scan_ports(&options);
    e = eff_catch_all(e, complain, eff_unit);
    int code = eff_main(e);
    options_done(&options);
    return code;
}
