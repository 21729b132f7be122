/* Cases, and the main function of test programs. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/failing_allocator.h"
#include "support/harness.h"

unsigned test_budget(void)
{
    const char *text = getenv("EFF_TEST_BUDGET");
    return text ? (unsigned)strtoul(text, NULL, 10) : 0;
}

eff_test_options_t options_with_budget(unsigned budget)
{
    enum { MANY = 1000000000 }; /* a turn may be a single instruction */
    return (eff_test_options_t){ .budget = budget, .clock = { .max_turns = budget ? MANY : 0 } };
}

/* Blocks are counted after each test; the free lists, which keeping track of memory turns off, are to be tested too. And so
 * are the services that there are without a test. */
void use_defaults(unsigned budget)
{
    eff_test_options_t defaults = options_with_budget(budget);
    defaults.allow = EFF_TEST_FIBERS | EFF_TEST_MEMORY;
    defaults.live = true;
    eff_test_set_defaults(&defaults);
}

void run_case(const char *name, eff_t *(*program)(struct world *w), const struct expectation *expected)
{
    sweep(name, program, expected, 100);
}

/* The environment as the program got it: what a test before this one set would stay, without Check's fork mode. */
static void restore_environment(void)
{
    enum { MAX = 1024 };
    static char *first[MAX];
    static size_t n;
    if (n == 0) {
        for (; environ && environ[n] && n < MAX; n++)
            first[n] = environ[n];
        return;
    }
    clearenv();
    for (size_t i = 0; i < n; i++)
        putenv(first[i]);
}

static void setup(void)
{
    restore_environment();
    tell_replay(); /* of a test before this one that was aborted, without Check's fork mode */
    eff_set_misuse_handler(NULL, NULL);
    use_defaults(test_budget());
}

/* The name of the suite: its file's, without the folders. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int run_tests(const char *suite, const TTest *const *tests, size_t n)
{
    tell_replay_at_the_end();
    return run_suite(base_name(suite), setup, tests, n);
}
