/* Where reported mistakes go: to the running fiber if there is one, else to the handler of
 * eff_set_misuse_handler.
 *
 * The message is built in a fixed buffer, so that reporting needs no memory; a longer one gets a buffer of its own if
 * there is memory, and is cut otherwise. The handler is called without the lock held: it may set another.
 */
#include "core/misuse.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/sink.h"

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

static void report(const char *message)
{
    if (eff__misuse_in_fiber && eff__misuse_in_fiber(message)) return;
    pthread_mutex_lock(&lock);
    eff_misuse_fn handler = current_handler;
    void *arg = current_arg;
    pthread_mutex_unlock(&lock);
    handler(message, arg);
}

void eff__misuse(const char *fmt, ...)
{
    static const char cut[] = " ... [cut]";
    char small[MESSAGE_BYTES];
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, fmt, args);
    char *large = NULL;
    if (n < 0) {
        small[0] = '\0';
    } else if ((size_t)n >= sizeof small) {
        large = eff__alloc((size_t)n + 1);
        if (large) vsnprintf(large, (size_t)n + 1, fmt, again);
        else memcpy(small + sizeof small - sizeof cut, cut, sizeof cut);
    }
    va_end(again);
    va_end(args);
    report(large ? large : small);
    if (large) eff__free(large, (size_t)n + 1);
}

void eff__misuse_of(eff_value_t v, const char *fmt, ...)
{
    char message[MESSAGE_BYTES / 2];
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(message, sizeof message, fmt, args) < 0) message[0] = '\0';
    va_end(args);

    eff_buffer_t glimpse = EFF_BUFFER_INIT;
    eff__sink_glimpse(&(struct eff__sink){ .buffer = &glimpse }, v);
    if (glimpse.size) eff__misuse("%s: %s", message, eff_buffer_text(&glimpse));
    else eff__misuse("%s", message);
    eff_buffer_done(&glimpse);
}
