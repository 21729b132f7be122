/* A child process is a resource that is given back by seeing it end. A pidfd is readable when the process has ended, so
 * nothing here needs SIGCHLD. */
#include "process.h"
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct process {
    pid_t pid; /* 0 once it was waited for */
    int fd;
} process_t;

static void process_clear(process_t *p)
{
    if (p->pid) {
        kill(-p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
    }
    if (p->fd >= 0) close(p->fd);
}
EFF_STATIC_TYPE(process, process_t, .drop = process_clear);

/* ---- starting */

static int spawn(eff_value_t command, eff_value_t *ret_process, eff_value_t *ret_error)
{
    char *argv[] = { "sh", "-c", (char *)eff_as_string(command), NULL };
    posix_spawnattr_t attr;
    posix_spawn_file_actions_t files;
    sigset_t none, all;
    *ret_process = process_make((process_t){ .fd = -1 }); /* first, so that nothing is lost without memory */
    if (eff_is_oom(*ret_process)) return 0;
    process_t *p = process_of(*ret_process);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&files);
    int err = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0); /* orders are not its */
    if (!err) err = posix_spawn(&p->pid, "/bin/sh", &files, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    if (err) {
        p->pid = 0;
        *ret_error = eff_error_errno(err, "start a shell");
    } else {
        p->fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
        if (p->fd < 0) *ret_error = eff_error_errno(errno, "watch process %d", (int)p->pid);
    }
    if (!ret_error->type) return 0;
    eff_value_decref(*ret_process);
    *ret_process = (eff_value_t){ 0 };
    return -1;
}

/* ---- waiting */

static eff_t *reap(eff_value_t v, eff_value_t process)
{
    (void)v;
    process_t *p = process_of(process);
    int status = 0;
    if (waitpid(p->pid, &status, 0) < 0) return eff_fail_errno("wait for process %d", (int)p->pid);
    p->pid = 0;
    if (WIFSIGNALED(status))
        return eff_fail(
            eff_error(&job_error, 0, "ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status))));
    if (WEXITSTATUS(status)) return eff_fail(eff_error(&job_error, 0, "exit code %d", WEXITSTATUS(status)));
    return eff_noop();
}

static eff_t *end_it(eff_value_t ended, eff_value_t process)
{
    process_t *p = process_of(process);
    if (!eff_is_some(ended)) kill(-p->pid, SIGTERM); /* asked to stop */
    return eff_flat_map(eff_wait_readable(p->fd), reap, eff_value_incref(process));
}

static eff_t *watch(eff_value_t process, eff_value_t env)
{
    (void)env;
    eff_t *ended = eff_unless_stopped(eff_wait_readable(process_of(process)->fd));
    return eff_flat_map(ended, end_it, eff_value_incref(process));
}

/* What is left after a second is killed, and waited for, as the value is dropped. */
static eff_t *give_up(eff_value_t process, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    process_t *p = process_of(process);
    if (!p->pid) return eff_noop();
    kill(-p->pid, SIGTERM);
    return eff_timeout(eff_wait_readable(p->fd), eff_seconds(1));
}

eff_t *process_run(const char *command)
{
    return eff_acquire_use_release_effect(eff_attempt(spawn, eff_string(command)), watch, give_up, eff_unit);
}
