/* A server for tests of the http client, on the loop of the runtime that runs them: it reads requests and answers with
 * bytes from a script, however wrong they are. */
#ifndef TESTS_HTTP_SERVER_H
#define TESTS_HTTP_SERVER_H

#include <effect/effect.h>
#include <effect/http.h>

enum then {
    KEEP,  /* goes on reading on this connection */
    CLOSE, /* closes it behind the bytes */
    RESET  /* closes it so that the other side's writes fail */
};

/* What to do with a request of this path. */
struct reply {
    const char *path; /* NULL ends the script; "*" stands for any */
    const char *bytes;
    enum then then;
    int times;     /* for that many requests; 0: for all */
    size_t filler; /* behind the bytes, that many 'x' */
    bool early;    /* as soon as the head of the request is there, without its body */
    bool drips;    /* byte by byte, each in a turn of its own */
};

struct server {
    const struct reply *script;
    int used[32];
    int port;
    int n_connections; /* that were accepted */
    int n_open;        /* that live */
    int n_requests;
    char requests[8192];          /* the last request, head and body */
    char said[256];               /* for the program's own use */
    const char *certificate_name; /* NULL: no TLS. Else for whom the certificate is: "DNS:localhost" */
    bool old_tls, any_address, talks;
    char ca_file[64]; /* where the certificate is, to be trusted */
    void *tls, *listener, *connections;
};

/* What one test wants of both sides. */
struct setting {
    const struct reply *script;
    eff_t *(*program)(struct server *s);
    eff_http_options_t options;
    const char *certificate_name;
    bool any_address;  /* it listens on 127.0.0.2 too */
    bool virtual_time; /* it runs under a TestClock */
    bool trusts;       /* options.ca_file is that of the server */
    bool talks;        /* the server answers before it is asked */
    bool old_tls;      /* the server speaks TLS 1.1 at most */
};

/* What serves it: zeroed but for the setting. */
struct served {
    const struct setting *setting;
    struct server server;
};

/* Runs the program with a server and the live http service; gives the exit's text, in a static buffer: "ok(...)",
 * "fail(...)". The server's port reads as PORT in it. */
const char *run_setting(const struct setting *setting);
/* As an effect, for other runtimes. served is borrowed until it has ended. */
eff_t *in_setting(struct served *served);

/* The server's URL with a path: a string. */
eff_value_t url_of(const struct server *s, const char *path);
/* GETs a path of it, and succeeds with "<status> <body>". */
eff_t *get_text(const struct server *s, const char *path);
/* Lets the loop take that many turns. */
eff_t *loop_turns(int n);
/* The same of any effect that succeeds with a response. */
eff_t *as_text(eff_t *e);

#endif
