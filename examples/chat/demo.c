/* The demonstration: three scripts, and the stage on which they are played. Each actor waits for what the others do, so
 * what each one sees comes in the same order every time. */
#include "demo.h"

#include "actor.h"
#include "server.h"

/* ---- the scripts */

enum { CUE_ADA_IS_IN, CUE_BOB_IS_IN };

#define TEN "xxxxxxxxxx"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct act ada[] = {
    { .what = ENTER },
    { .what = HEAR, .text = "your nick" },
    { .what = SAY, .text = "ada" },
    { .what = HEAR, .text = "welcome" },
    { .what = GIVE, .cue = CUE_ADA_IS_IN },
    { .what = HEAR, .text = "bob joined" },
    { .what = SAY, .text = "hello bob, have you seen carol?" },
    { .what = HEAR, .text = "bob: " },
    { .what = SAY, .text = HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED },
    { .what = HEAR, .text = "too long" },
    { .what = SAY, .text = "then I will be brief" },
    { .what = HEAR, .text = "carol: " },
    { .what = SAY, .text = "/who" },
    { .what = HEAR, .text = "here:" },
    { .what = SAY, .text = "very funny, carol" },
    { .what = HEAR, .text = "bob left" },
    { .what = STOP_SERVER },
    { .what = END },
};

static const struct act bob[] = {
    { .what = WAIT, .cue = CUE_ADA_IS_IN },
    { .what = ENTER },
    { .what = HEAR, .text = "your nick" },
    { .what = SAY, .text = "ada" },
    { .what = HEAR, .text = "your nick" },
    { .what = SAY, .text = "bob" },
    { .what = HEAR, .text = "ada: hello" },
    { .what = SAY, .text = "not yet" },
    { .what = HEAR, .text = "ada: then" },
    { .what = GIVE, .cue = CUE_BOB_IS_IN },
    { .what = HEAR, .text = "carol left" },
    { .what = SAY, .text = "/quit" },
    { .what = END },
};

static const struct act carol[] = {
    { .what = WAIT, .cue = CUE_BOB_IS_IN }, { .what = ENTER },
    { .what = HEAR, .text = "your nick" },  { .what = SAY, .text = "carol" },
    { .what = HEAR, .text = "welcome" },    { .what = SAY, .text = "\x1b[31mred\x1b[0m \a caf\xc3\xa9 \xff" },
    { .what = HEAR, .text = "very funny" }, { .what = VANISH },
};

/* ---- all of them, and the server */

enum { N_ACTORS = 3 };

struct demo {
    struct display *display;
    struct room room;
    sock_t *listener;
    struct stage stage;
    eff_buffer_t seen[N_ACTORS];
};

static void demo_drop(struct demo *s)
{
    for (int i = 0; i < N_ACTORS; i++)
        eff_buffer_done(&s->seen[i]);
    for (int i = 0; i < N_CUES; i++)
        eff_deferred_decref(s->stage.cues[i]);
    eff_fiber_decref(s->stage.server);
    sock_decref(s->listener);
}

static eff_t *play(struct demo *s, const char *name, const struct act *script, eff_buffer_t *seen)
{
    eff_t *e = actor_play(script, &s->stage, seen);
    eff_value_t late = eff_error(&eff_timeout_error, 0, "%s waits for a line that does not come", name);
    return eff_timeout_fail(e, eff_seconds(10), late);
}

static eff_t *play_all(struct demo *s)
{
    eff_t *a = play(s, "ada", ada, &s->seen[0]);
    eff_t *b = play(s, "bob", bob, &s->seen[1]);
    eff_t *c = play(s, "carol", carol, &s->seen[2]);
    return eff_all_par(a, b, c);
}

static eff_t *unless_it_was_stopped(const eff_cause_t *cause, eff_value_t env)
{
    (void)env;
    return eff_cause_is_interrupted_only(cause) ? eff_never() : eff_fail_cause(eff_cause_incref(cause));
}

/* Fails when the server fails; that it is stopped is part of the play. */
static eff_t *watch(eff_fiber_t *server)
{
    return eff_catch_cause(eff_fiber_join(server), unless_it_was_stopped, eff_unit);
}

static eff_t *print_transcript(const char *name, const eff_buffer_t *seen)
{
    return eff_print(eff_printf("%s:\n%s", name, eff_buffer_text(seen)));
}

static eff_t *end_display(struct demo *s, const eff_exit_t *exit)
{
    (void)exit;
    display_end(s->display);
    return eff_noop();
}

static eff_t *demo_step(struct demo *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_DEFER(s, end_display);
    s->room.display = s->display;
    for (int i = 0; i < N_CUES; i++)
        s->stage.cues[i] = eff_deferred_new();
    EFF_AWAIT(sock_into(sock_listen(0), &s->listener));
    s->stage.port = sock_port(s->listener);
    EFF_AWAIT(eff_fiber_into(eff_fork(serve(s->listener, &s->room)), &s->stage.server));
    EFF_AWAIT(eff_race_first(play_all(s), watch(s->stage.server)));
    display_end(s->display);
    EFF_AWAIT(print_transcript("ada", &s->seen[0]));
    EFF_AWAIT(print_transcript("bob", &s->seen[1]));
    EFF_AWAIT(print_transcript("carol", &s->seen[2]));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(run_demo, struct demo, demo_step, .drop = demo_drop);

eff_t *demo(struct display *display)
{
    return run_demo((struct demo){ .display = display });
}
