/* Work in the background that is tracked: a session for each user (a fiber map), a search of which only the latest counts
 * (a fiber slot), and mails that are all sent before the program ends (a fiber set). Time is a TestClock's here. */
#include <effect/effect.h>

static eff_t *tell_at(eff_value_t now, eff_value_t text)
{
    return eff_print_line(eff_printf("%2.0f ms: %s", (double)eff_as_instant(now).ns / 1e6, eff_as_string(text)));
}
static eff_t *tell(eff_value_t text)
{
    return eff_flat_map(eff_clock_now(), tell_at, text);
}

/* Takes a while, and says how it ends. */
static eff_t *say_interrupted(const eff_exit_t *exit, eff_value_t what)
{
    (void)exit;
    return tell(eff_printf("%s is ended", eff_as_string(what)));
}
static eff_t *work(const char *what, int64_t ms)
{
    eff_t *e = eff_then(eff_sleep(eff_millis(ms)), tell(eff_printf("%s is done", what)));
    return eff_on_interrupt(e, say_interrupted, eff_string(what));
}

struct server {
    eff_fiber_map_t *sessions; /* by user */
    eff_fiber_slot_t *search;
    eff_fiber_set_t *mails;
};
static void server_drop(struct server *s)
{
    eff_fiber_map_decref(s->sessions);
    eff_fiber_slot_decref(s->search);
    eff_fiber_set_decref(s->mails);
}

static eff_t *server_step(struct server *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_fiber_map_into(eff_fiber_map_make(EFF_FIBERS_FAILURES), &s->sessions));
    EFF_AWAIT(eff_fiber_slot_into(eff_fiber_slot_make(EFF_FIBERS_FAILURES), &s->search));
    EFF_AWAIT(eff_fiber_set_into(eff_fiber_set_make(EFF_FIBERS_FAILURES), &s->mails));

    EFF_AWAIT(eff_fiber_map_fork(s->sessions, eff_string("ann"), work("ann's session", 100)));
    EFF_AWAIT(eff_fiber_map_fork(s->sessions, eff_string("bob"), work("bob's session", 100)));
    EFF_AWAIT(eff_fiber_slot_fork(s->search, work("search for \"l\"", 10)));
    EFF_AWAIT(eff_fiber_set_fork(s->mails, work("mail 1", 20)));
    EFF_AWAIT(eff_sleep(eff_millis(5)));

    EFF_AWAIT(eff_fiber_slot_fork(s->search, work("search for \"li\"", 10))); /* the next letter */
    EFF_AWAIT(eff_fiber_map_fork(s->sessions, eff_string("ann"), work("ann's second session", 100)));
    EFF_AWAIT(eff_fiber_set_fork(s->mails, work("mail 2", 40)));

    EFF_AWAIT(eff_fiber_set_await_empty(s->mails));
    EFF_AWAIT(tell(eff_literal("all mails are sent")));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(server, struct server, server_step, .drop = server_drop);

int main(void)
{
    eff_t *e = eff_scoped(server((struct server){ 0 })); /* as the scope closes, sessions and search end */
    e = eff_zip_par(eff_then(e, tell(eff_literal("the server has ended"))), eff_test_clock_adjust(eff_minutes(1)));
    return eff_main(eff_provide(e, eff_test_clock()));
}

/* expected output:
 5 ms: search for "l" is ended
 5 ms: ann's session is ended
15 ms: search for "li" is done
20 ms: mail 1 is done
45 ms: mail 2 is done
45 ms: all mails are sent
45 ms: ann's second session is ended
45 ms: bob's session is ended
45 ms: the server has ended
*/
