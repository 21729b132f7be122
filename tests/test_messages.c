/* Messages as their reader sees them: all that a program of tests/messages prints, and its exit code, is compared with a
 * golden text. EFF_UPDATE_GOLDEN=1 writes the golden texts anew instead, so that a change of a message is read as a diff:
 *
 *     EFF_UPDATE_GOLDEN=1 build/main/tests/test_messages && git diff tests/messages
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "messages/messages.h"
#include "support/case.h"

struct text {
    size_t n;
    char bytes[65536];
};

static void read_all(int fd, struct text *ret_text)
{
    ssize_t got;
    ret_text->n = 0;
    while ((got = read(fd, ret_text->bytes + ret_text->n, sizeof ret_text->bytes - 1 - ret_text->n)) > 0)
        ret_text->n += (size_t)got;
    ret_text->bytes[ret_text->n] = '\0';
}

/* How long something took differs from run to run: what follows `before` up to a comma or colon, or the end of its line,
 * becomes "...". */
static void blot_out(struct text *t, const char *before)
{
    char *from = strstr(t->bytes, before);
    if (!from) return;
    from += strlen(before);
    char *to = from + strcspn(from, ",:\n");
    if (to - from < 3) return;
    memcpy(from, "...", 3);
    memmove(from + 3, to, strlen(to) + 1);
    t->n = strlen(t->bytes);
}

/* How many ms it is still until something is due differs, too: each number becomes "...". */
static void blot_out_ms(struct text *t)
{
    static const char before[] = "due in ", dots[] = "...";
    for (char *at = t->bytes; (at = strstr(at, before)) != NULL;) {
        at += strlen(before);
        size_t n = strspn(at, "0123456789");
        if (strncmp(at + n, " ms", 3) != 0) continue;
        memmove(at + strlen(dots), at + n, strlen(at + n) + 1);
        memcpy(at, dots, strlen(dots));
    }
    t->n = strlen(t->bytes);
}

static void run_in_child(const struct message *m)
{
    if (m->debug) setenv("EFF_DEBUG", m->debug, 1);
    else unsetenv("EFF_DEBUG");
    int code = 0;
    if (m->program) code = eff_main(m->program());
    else m->run();
    fflush(NULL);
    _exit(code);
}

/* stdout and stderr of a child process, and last how it ended. */
static void output_of(const struct message *m, struct text *ret_text)
{
    int fds[2], status;
    ck_assert_int_eq(pipe(fds), 0);
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(fds[1], 1);
        dup2(fds[1], 2);
        close(fds[0]);
        close(fds[1]);
        run_in_child(m);
    }
    close(fds[1]);
    read_all(fds[0], ret_text);
    close(fds[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    blot_out(ret_text, "held the loop for ");
    blot_out(ret_text, "has been running for ");
    blot_out(ret_text, ") took ");
    blot_out_ms(ret_text);
    char *end = ret_text->bytes + ret_text->n;
    size_t room = sizeof ret_text->bytes - ret_text->n;
    if (WIFSIGNALED(status)) ret_text->n += (size_t)snprintf(end, room, "[signal %d]\n", WTERMSIG(status));
    else ret_text->n += (size_t)snprintf(end, room, "[exit %d]\n", WEXITSTATUS(status));
}

static FILE *golden(const char *name, const char *mode)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.txt", MESSAGES_FOLDER, name);
    return fopen(path, mode);
}

static void write_golden(const char *name, const struct text *t)
{
    FILE *file = golden(name, "w");
    ck_assert_msg(file != NULL, "cannot write the golden text of %s: %s", name, strerror(errno));
    fwrite(t->bytes, 1, t->n, file);
    fclose(file);
}

static bool is_golden(const char *name, const struct text *t)
{
    static struct text expected;
    FILE *file = golden(name, "r");
    expected.n = file ? fread(expected.bytes, 1, sizeof expected.bytes, file) : 0;
    if (file) fclose(file);
    return expected.n == t->n && !memcmp(expected.bytes, t->bytes, t->n);
}

static void compare(const struct message *messages)
{
    static struct text printed;
    size_t n_wrong = 0;
    bool update = getenv("EFF_UPDATE_GOLDEN") != NULL;
    for (const struct message *m = messages; m->name; m++) {
        output_of(m, &printed);
        if (update) {
            write_golden(m->name, &printed);
        } else if (!is_golden(m->name, &printed)) {
            fprintf(stderr, "# not as in tests/messages/%s.txt:\n%s", m->name, printed.bytes);
            n_wrong++;
        }
    }
    ck_assert_msg(n_wrong == 0, "%zu messages are not as their golden texts; EFF_UPDATE_GOLDEN=1 accepts them",
                  n_wrong);
}

START_TEST(failures_print_as_pinned)
{
    compare(failure_messages);
}
END_TEST

START_TEST(mistakes_print_as_pinned)
{
    compare(mistake_messages);
}
END_TEST

START_TEST(missing_services_print_as_pinned)
{
    compare(service_messages);
}
END_TEST

START_TEST(layers_that_cannot_be_built_print_as_pinned)
{
    compare(layer_messages);
}
END_TEST

START_TEST(deadlocks_and_dumps_print_as_pinned)
{
    compare(wait_messages);
}
END_TEST

START_TEST(reports_print_as_pinned)
{
    compare(report_messages);
}
END_TEST

START_TEST(hostile_text_prints_as_pinned)
{
    compare(hostile_messages);
}
END_TEST

TESTS(failures_print_as_pinned, mistakes_print_as_pinned, missing_services_print_as_pinned,
      layers_that_cannot_be_built_print_as_pinned, deadlocks_and_dumps_print_as_pinned, reports_print_as_pinned,
      hostile_text_prints_as_pinned)
