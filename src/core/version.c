/* The version of the library in use, which may be another than that of the headers a program was compiled
 * with. */
#include <effect/base.h>

const char *eff_version(void)
{
    return EFF_VERSION;
}
