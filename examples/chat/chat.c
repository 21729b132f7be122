/* chat: a chat server on loopback. Here are the arguments and main; the rest is one concept to a file:
 *
 *     server      a parallel loop over the connections that come
 *     session     one client: nick, lines, silence, lag, goodbye
 *     room        who is here, and what reaches whom: plain data
 *     outbox      what is on its way to one client, bounded; bell: how plain data wakes a fiber
 *     sock, conn  sockets as effects; what of them a session needs
 *     lines, nick bytes into lines; what may be a nick
 *     display     what the operator sees
 *     demo, actor the server with three scripted clients */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demo.h"
#include "server.h"

static const char usage[] = "usage: chat [--demo]    the server with three scripted clients, in one process (default)\n"
                            "       chat --port P    a chat server on 127.0.0.1:P (0: any that is free), for nc\n";

static bool parse_port(const char *text, int *ret)
{
    char *end;
    errno = 0;
    long port = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || port > 65535) return false;
    *ret = (int)port;
    return true;
}

int main(int argc, char **argv)
{
    int port = 0;
    if (argc == 1 || (argc == 2 && strcmp(argv[1], "--demo") == 0)) {
        struct display display = display_on(STDOUT_FILENO, false);
        return eff_main(demo(&display));
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) return fputs(usage, stdout) < 0;
    if (argc == 3 && strcmp(argv[1], "--port") == 0 && parse_port(argv[2], &port)) {
        struct display display = display_on(STDOUT_FILENO, true);
        return eff_main(server(port, &display));
    }
    if (argc == 3 && strcmp(argv[1], "--port") == 0) fprintf(stderr, "chat: not a port: %s\n", argv[2]);
    else fprintf(stderr, "chat: bad arguments\n");
    fputs(usage, stderr);
    return 2;
}
