#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

EFF_DEFINE_SERVICE(terminal, terminal_t);
EFF_STATIC_TYPE(terminal_state, terminal_t);

static bool is_terminal(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) && !(term && strcmp(term, "dumb") == 0);
}

static size_t columns_of_stderr(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static eff_value_t look(eff_value_t env)
{
    (void)env;
    const char *no_color = getenv("NO_COLOR");
    return terminal_state_make((terminal_t){ .colour = is_terminal(STDOUT_FILENO) && !(no_color && *no_color),
                                             .live = is_terminal(STDERR_FILENO),
                                             .columns = columns_of_stderr });
}

static eff_t *open_terminal(void)
{
    return eff_sync(look, eff_unit);
}
EFF_DEFINE_LAYER(terminal_live, terminal, terminal_t, open_terminal, NULL, EFF_NO_NEEDS);
