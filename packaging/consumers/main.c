/* What a stranger compiles to see whether an installed copy works: an effect on the library's own loop, with a type of
 * his own (macros, hooks and the allocator are in use), and a sleep. */
#include <effect/effect.h>

#include <stdio.h>
#include <string.h>

typedef struct point {
    int x, y;
} point_t;

static void point_show(const point_t *p, eff_buffer_t *out)
{
    eff_buffer_printf(out, "(%d, %d)", p->x, p->y);
}
EFF_STATIC_TYPE(point, point_t, .format = point_show);

static eff_value_t print(eff_value_t v, eff_value_t env)
{
    (void)env;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(v, &text);
    puts(eff_buffer_text(&text));
    eff_buffer_done(&text);
    return eff_unit;
}

int main(void)
{
    if (strcmp(eff_version(), EFF_VERSION) != 0) {
        printf("headers of %s, library of %s\n", EFF_VERSION, eff_version());
        return 1;
    }
    eff_t *e = eff_delay(eff_succeed(point_make((point_t){ 3, 4 })), eff_millis(1));
    return eff_main(eff_map(e, print, eff_unit));
}

/* expected output:
(3, 4)
*/
