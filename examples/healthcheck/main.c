/* healthcheck: asks HTTP services how they are. Run without arguments it shows itself off, on services of its own.
 *
 * Exit code: 0, or 1 when a service is down; 2 when it could not do its work; 130 on Ctrl-C. */
#include "command.h"
#include "wiring.h"

#include <locale.h>

int main(int argc, char **argv)
{
    if (!setlocale(LC_CTYPE, "C.UTF-8")) setlocale(LC_CTYPE, ""); /* for the widths of names, which are UTF-8 */
    eff_t *e = eff_provide(program(), wiring(argc, argv));
    return eff_main(command(argc, argv, e));
}
