/* What is kept of a thread's latest run, for messages: its seed, and the end of what it printed. In no memory of the heap,
 * since nobody would say when to give that up. */
#include <string.h>

#include "testing/environment.h"

enum { SCREEN_BYTES = 4096 };

static __thread uint64_t seed; /* 0: the order was the usual one */
static __thread char screen[SCREEN_BYTES];

void eff__test_note_seed(uint64_t of_order)
{
    seed = of_order;
}

/* Of a long text the end counts, from the beginning of a line on. */
void eff__test_note_screen(const char *text)
{
    static const char cut[] = "[cut]\n";
    size_t n = strlen(text);
    screen[0] = 0;
    if (n >= SCREEN_BYTES) {
        text += n - (SCREEN_BYTES - sizeof cut);
        const char *line = strchr(text, '\n');
        if (line) text = line + 1;
        memcpy(screen, cut, sizeof cut);
        n = strlen(text);
    }
    if (n > 0) memcpy(screen + strlen(screen), text, n + 1);
}

const char *eff_test_latest_screen(void)
{
    return screen;
}

void eff__test_add_latest(eff_buffer_t *out)
{
    if (screen[0]) eff_buffer_add(out, "it printed:\n");
    for (const char *line = screen; *line;) {
        size_t n = strcspn(line, "\n");
        eff_buffer_add(out, "    ");
        eff_buffer_add_escaped(out, line, n);
        eff_buffer_add(out, "\n");
        line += n + (line[n] == '\n');
    }
    if (seed)
        eff_buffer_printf(out, "the order again: EFF_TEST_SHUFFLE=1 EFF_TEST_SEED=%llu\n", (unsigned long long)seed);
}
