/* The signal that a broken socket raises is for the thread that writes, so blocking it there is enough, and touches
 * nobody else. One that has come by then is taken away before the thread gets its mask back. */
#include "http/sigpipe.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

static __thread unsigned n_blocks; /* of this thread's layers */
static __thread bool ours;         /* the first of them blocked it */

static bool would_end_the_process(void)
{
    struct sigaction now;
    return sigaction(SIGPIPE, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL;
}

static sigset_t sigpipe_only(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return set;
}

void eff__http_sigpipe_block(void)
{
    if (n_blocks++ > 0 || !would_end_the_process()) return;
    sigset_t set = sigpipe_only(), before;
    pthread_sigmask(SIG_BLOCK, &set, &before);
    ours = sigismember(&before, SIGPIPE) == 0;
}

void eff__http_sigpipe_allow(void)
{
    if (--n_blocks > 0 || !ours) return;
    sigset_t set = sigpipe_only();
    struct timespec at_once = { .tv_sec = 0 };
    while (sigtimedwait(&set, NULL, &at_once) < 0 && errno == EINTR)
        continue;
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    ours = false;
}
