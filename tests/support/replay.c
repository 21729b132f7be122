/* The line that does a run again: printed when it fails, crashes, or its invariant aborts the test. Its words:
 *
 *     victim=2@17          fiber 2 is interrupted before instruction 17
 *     timeout@17 scope@17 region@17 grace@17 queue@17 shutdown@17 free@17    see enum kind
 *     seed=9               ready fibers are drawn by lot
 *     budget=3             a fiber loses the loop after 3 instructions
 *     oom=12 [sticky=1]    request 12 for memory fails, and all later ones
 *     step                 nothing is done
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/harness.h"

static const char *const words[] = {
    [TIMEOUT] = "timeout", [SCOPE] = "scope",       [REGION] = "region", [GRACE] = "grace",
    [QUEUE] = "queue",     [SHUTDOWN] = "shutdown", [FREE] = "free"
};
enum { N_KINDS = sizeof words / sizeof words[0] };

const char *replay_of(const char *name, const struct injection *i)
{
    static char line[512];
    size_t size = sizeof line, used = (size_t)snprintf(line, size, "EFF_REPLAY=\"test=%.300s", name);
    if (i->kind != INTERRUPT && i->n_actions == 0)
        used += (size_t)snprintf(line + used, size - used, " %s@0", words[i->kind]);
    if (i->stepped) used += (size_t)snprintf(line + used, size - used, " step");
    for (int n = 0; n < i->n_actions; n++) {
        const struct action *a = &i->actions[n];
        if (a->kind == INTERRUPT)
            used += (size_t)snprintf(line + used, size - used, " victim=%" PRIu64 "@%ld", a->victim, a->at);
        else used += (size_t)snprintf(line + used, size - used, " %s@%ld", words[a->kind], a->at);
    }
    if (i->shuffled) used += (size_t)snprintf(line + used, size - used, " seed=%" PRIu64, i->seed);
    if (i->budget) used += (size_t)snprintf(line + used, size - used, " budget=%u", i->budget);
    if (i->fails)
        used += (size_t)snprintf(line + used, size - used, " oom=%ld%s", i->request, i->sticky ? " sticky=1" : "");
    (void)snprintf(line + used, size - used, "\"\n");
    return line;
}

/* One word of a line; false when it is none of those above. */
static bool read_word(const char *word, struct injection *i)
{
    struct action a = { 0 };
    int end = 0;
    if (strcmp(word, "step") == 0) return i->stepped = true;
    if (strcmp(word, "sticky=1") == 0) return i->sticky = true;
    if (sscanf(word, "seed=%" SCNu64, &i->seed) == 1) return i->shuffled = true;
    if (sscanf(word, "budget=%u", &i->budget) == 1) return true;
    if (sscanf(word, "oom=%ld", &i->request) == 1) return i->fails = true;
    bool read = sscanf(word, "victim=%" SCNu64 "@%ld", &a.victim, &a.at) == 2;
    for (int k = INTERRUPT + 1; k < N_KINDS && !read; k++) {
        size_t n = strlen(words[k]);
        read = strncmp(word, words[k], n) == 0 && sscanf(word + n, "@%ld%n", &a.at, &end) == 1;
        if (!read) continue;
        a.kind = (enum kind)k;
        if (k < QUEUE) i->kind = a.kind;
    }
    if (read && i->n_actions < (int)(sizeof i->actions / sizeof i->actions[0])) i->actions[i->n_actions++] = a;
    return read;
}

bool asked_for(const char *name, const char *line, struct injection *ret_injection)
{
    char text[512], *rest = text;
    snprintf(text, sizeof text, "%s", line);
    *ret_injection = (struct injection){ 0 };
    const char *word = strtok_r(rest, " \"\n", &rest);
    if (!word || strncmp(word, "test=", 5) != 0 || strcmp(word + 5, name) != 0) return false;
    while ((word = strtok_r(NULL, " \"\n", &rest)))
        if (!read_word(word, ret_injection)) ck_abort_msg("EFF_REPLAY: what is \"%s\"?", word);
    return true;
}

/* ---- while a run goes on */

static char current[512]; /* the line of the run that goes on; empty between runs */

void note_replay(const char *name, const struct injection *injection)
{
    if (injection) snprintf(current, sizeof current, "%s", replay_of(name, injection));
    else current[0] = 0;
}

void tell_replay(void)
{
    if (current[0] && write(STDERR_FILENO, current, strlen(current)) < 0) return;
    current[0] = 0;
}

static void crashed(int number)
{
    tell_replay();
    (void)sigaction(number, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
    (void)raise(number);
}

void tell_replay_on(int number)
{
    (void)signal(number, crashed);
}

/* Of the sanitizers, when there is one: called before they end the process. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

void tell_replay_at_the_end(void)
{
    atexit(tell_replay);
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(tell_replay);
        return;
    }
    tell_replay_on(SIGSEGV);
    tell_replay_on(SIGABRT);
}
