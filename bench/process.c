/* Child processes: each workload starts on a fresh heap, may set the library's allocator, and may crash alone. */
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

/* Runs body in a child. Returns whether it ended with exit code 0. */
bool bench_child(void (*body)(void *arg), void *arg, struct rusage *ret_usage)
{
    struct rusage ignored;
    int status;
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        body(arg);
        exit(EXIT_SUCCESS);
    }
    CHECK(wait4(child, &status, 0, ret_usage ? ret_usage : &ignored) == child);
    if (WIFSIGNALED(status)) fprintf(stderr, "effect-bench: killed by signal %d\n", WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

_Noreturn void bench_check_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: wrong result: %s\n", file, line, what);
    abort();
}
