/* jobd: runs the jobs of a file. Here are the arguments and main; the rest is one concept to a file:
 *
 *     crew     all of it: two task groups
 *     worker   one job: a run, a deadline, a grace, a place, restarts
 *     places   at most so many at once, a number that may change
 *     control  orders: from standard input, from signals
 *     action   what a job may do; process: a command of the shell
 *     job      what is known of jobs; config: where they come from
 *     logfmt   the Logger
 *     demo     nine jobs, and a SIGTERM */
#include "config.h"
#include "crew.h"
#include "demo.h"
#include "logfmt.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { GRACE_SECONDS = 10 };

struct daemon {
    const char *path;
    struct crew crew;
};

static void daemon_drop(struct daemon *s)
{
    crew_done(&s->crew);
}

static eff_t *daemon_step(struct daemon *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(config_load(s->path));
    if (!crew_init(&s->crew, jobs_take(EFF_TAKE()))) return eff_out_of_memory();
    EFF_AWAIT(crew_run(&s->crew, STDIN_FILENO, eff_seconds(GRACE_SECONDS)));
    EFF_GEN_END(EFF_TAKE());
}
EFF_DEFINE_GEN(daemon_of, struct daemon, daemon_step, .drop = daemon_drop);

static const char usage[] = "usage: jobd [--demo]   nine jobs in virtual time, and what becomes of them (default)\n"
                            "       jobd FILE       the jobs of a JSON file; orders are read from standard input\n";

int main(int argc, char **argv)
{
    if (argc == 1 || (argc == 2 && strcmp(argv[1], "--demo") == 0)) return demo();
    if (argc == 2 && strcmp(argv[1], "--help") == 0) return fputs(usage, stdout) < 0;
    if (argc == 2 && argv[1][0] != '-') return eff_main(logfmt(daemon_of((struct daemon){ .path = argv[1] })));
    fprintf(stderr, "jobd: bad arguments\n%s", usage);
    return 2;
}
