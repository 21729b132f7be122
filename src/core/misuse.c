/* Where reported mistakes go: to the running fiber if there is one, else to the handler of
 * eff_set_misuse_handler.
 *
 * The message is built in a fixed buffer, so that reporting needs no memory of the library's; a longer one
 * is cut. The handler is called without the lock held: it may set another.
 */
#include "core/misuse.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE_BYTES = 512 };

bool (*eff__misuse_in_fiber)(const char *message);
void (*eff__oom_in_fiber)(void);

/* The default: print; abort only in the library's own debug builds, where a mistake should stop the test. */
static void print_misuse(const char *message, void *arg)
{
    (void)arg;
    fprintf(stderr, "libeffect: misuse: %s\n", message);
#if defined(EFF_DEBUG_BUILD)
    abort();
#endif
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the two below */
static eff_misuse_fn current_handler = print_misuse;
static void *current_arg;

void eff_set_misuse_handler(eff_misuse_fn handler, void *arg)
{
    pthread_mutex_lock(&lock);
    current_handler = handler ? handler : print_misuse;
    current_arg = handler ? arg : NULL;
    pthread_mutex_unlock(&lock);
}

void eff__misuse(const char *fmt, ...)
{
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    if (n < 0) message[0] = '\0';

    if (eff__misuse_in_fiber && eff__misuse_in_fiber(message)) return;
    pthread_mutex_lock(&lock);
    eff_misuse_fn handler = current_handler;
    void *arg = current_arg;
    pthread_mutex_unlock(&lock);
    handler(message, arg);
}
