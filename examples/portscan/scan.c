/* The whole scan, line after line. The board belongs to the frame of the gen; all who use it are fibers of its
 * region. */
#include "scan.h"

#include "board.h"
#include "display.h"
#include "probe.h"
#include "resolve.h"

enum { PATIENCE_MS = 500 };

struct scan {
    const options_t *options; /* borrowed */
    board_t board;
    bool reported; /* the final table was begun */
};

static void scan_drop(struct scan *s)
{
    board_done(&s->board);
}

/* After a Ctrl-C there is a table too, but nobody waits for long until it is read. */
static eff_t *report_interrupted(struct scan *s, const eff_exit_t *exit)
{
    if (exit->ok || s->reported || !eff_cause_is_interrupted_only(exit->cause)) return eff_noop();
    eff_t *e = eff_print_line(eff_literal("Interrupted. Until then:"));
    e = eff_then(e, eff_print(board_report(&s->board)));
    return eff_timeout(eff_ignore(e), eff_millis(PATIENCE_MS));
}

static eff_t *scan_step(struct scan *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    if (!board_init(&s->board, s->options)) return eff_out_of_memory();
    EFF_DEFER(s, report_interrupted);
    EFF_AWAIT(resolve_hosts(&s->board));
    board_close_hosts(&s->board);
    EFF_AWAIT(display(&s->board, probe_all(&s->board)));
    s->reported = true;
    EFF_AWAIT(eff_print(board_report(&s->board)));
    EFF_GEN_END(eff_int(s->board.n_hosts < s->options->n_hosts ? 1 : 0));
}
EFF_DEFINE_GEN(scan, struct scan, scan_step, .drop = scan_drop);

eff_t *scan_ports(const options_t *options)
{
    return scan((struct scan){ .options = options });
}
