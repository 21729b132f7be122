/* Tests of a session under a TestClock, over a connection that is a script; and of the plain data below it. Minutes
 * pass here in no time, and to the millisecond. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <effect/test.h>
#include <event2/buffer.h>

#include "fake_conn.h"
#include "lines.h"
#include "session.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s: failed: %s\n", __FILE__, __LINE__, __func__, #condition);                      \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* ---- a world of a room and two clients, ada and bob */

struct world {
    eff_test_t *t;
    struct room room;
    struct fake ada, bob;
    eff_fiber_t *ada_runs, *bob_runs;
};

static void type(struct world *w, struct fake *f, const char *text)
{
    eff_test_fork(w->t, eff_queue_offer(f->typed, eff_string(text)));
    eff_test_adjust(w->t, eff_millis(SESSION_PACE_MILLIS));
}

static bool sees(struct fake *f, const char *text)
{
    bool found = strstr(eff_buffer_text(&f->seen), text) != NULL;
    eff_buffer_clear(&f->seen);
    return found;
}

static void world_init(struct world *w)
{
    *w = (struct world){ .t = eff_test_new(), .ada = fake_new(), .bob = fake_new() };
    w->ada_runs = eff_test_fork(w->t, session(&w->ada.conn, &w->room));
    w->bob_runs = eff_test_fork(w->t, session(&w->bob.conn, &w->room));
    eff_test_adjust(w->t, eff_millis(0));
}

static void world_done(struct world *w, bool somebody_is_left)
{
    CHECK((eff_test_free(w->t) > 0) == somebody_is_left);
    CHECK(w->room.first == NULL && w->room.n_here == 0);
    fake_done(&w->ada);
    fake_done(&w->bob);
}

/* ---- sessions */

static void who_is_silent_is_asked_after_5_minutes_and_dropped_10_s_later(void)
{
    struct world w;
    world_init(&w);
    type(&w, &w.bob, "bob\n");
    type(&w, &w.ada, "ada\n");
    type(&w, &w.bob, "hello\n"); /* heard at 20 ms, attended again from 30 ms on */
    CHECK(sees(&w.ada, "bob: hello\n"));
    eff_test_adjust(w.t, eff_minutes(SESSION_IDLE_MINUTES));
    CHECK(sees(&w.bob, "are you still there?"));
    type(&w, &w.ada, "I am\n"); /* ada was asked 10 ms earlier, and answers */
    eff_test_adjust(w.t, eff_millis(9989));
    CHECK(eff_fiber_poll(w.bob_runs) == NULL);
    eff_test_adjust(w.t, eff_millis(1));
    CHECK(eff_fiber_poll(w.bob_runs) && eff_fiber_poll(w.bob_runs)->ok);
    CHECK(sees(&w.bob, "dropped: idle\n"));
    CHECK(sees(&w.ada, "*** bob left (idle)\n"));
    CHECK(eff_fiber_poll(w.ada_runs) == NULL);
    world_done(&w, true);
}

static void who_does_not_read_is_dropped_and_slows_nobody_down(void)
{
    struct world w;
    char line[LINE_MAX_BYTES + 2];
    world_init(&w);
    memset(line, 'x', LINE_MAX_BYTES);
    memcpy(line + LINE_MAX_BYTES, "\n", 2);
    type(&w, &w.bob, "bob\n");
    type(&w, &w.ada, "ada\n");
    w.bob.stuck = true;
    for (int i = 0; i < OUTBOX_BYTES / LINE_MAX_BYTES + 2; i++)
        type(&w, &w.ada, line);
    CHECK(w.room.n_said == OUTBOX_BYTES / LINE_MAX_BYTES + 2);
    eff_test_adjust(w.t, eff_seconds(SESSION_LAG_SECONDS - 1));
    CHECK(w.room.n_here == 2);
    eff_test_adjust(w.t, eff_seconds(1));
    CHECK(sees(&w.ada, "*** bob left (does not read)\n"));
    CHECK(eff_fiber_poll(w.bob_runs) == NULL); /* its last words have a second */
    eff_test_adjust(w.t, eff_seconds(SESSION_FAREWELL_SECONDS));
    CHECK(eff_fiber_poll(w.bob_runs) != NULL);
    world_done(&w, true);
}

static void who_reads_again_in_time_stays_and_is_told_what_was_missed(void)
{
    struct outbox o;
    char text[OUTBOX_BYTES] = { 0 };
    CHECK(outbox_init(&o));
    outbox_put(&o, text, sizeof text);
    outbox_put(&o, "lost\n", 5);
    CHECK(o.lost == 1 && o.overflowed.rung);
    outbox_next_batch(&o);
    CHECK(o.lost == 0 && !o.overflowed.rung);
    evbuffer_drain(o.sending, sizeof text);
    CHECK(strcmp((const char *)evbuffer_pullup(o.sending, -1), "*** lines you missed: 1\n") == 0);
    outbox_done(&o);
}

static void a_nick_has_three_tries(void)
{
    struct world w;
    world_init(&w);
    type(&w, &w.ada, "ada\n");
    type(&w, &w.bob, "ADA\n");
    CHECK(sees(&w.bob, "ADA is taken"));
    type(&w, &w.bob, "a b\n");
    CHECK(sees(&w.bob, "a nick is"));
    type(&w, &w.bob, "12345678901234567\n");
    CHECK(sees(&w.bob, "dropped: no nick"));
    CHECK(eff_fiber_poll(w.bob_runs) != NULL);
    CHECK(!sees(&w.ada, "left"));
    world_done(&w, true);
}

static void an_interruption_says_goodbye_and_waits_a_second(void)
{
    struct world w;
    world_init(&w);
    type(&w, &w.ada, "ada\n");
    type(&w, &w.bob, "bob\n");
    w.bob.stuck = true;
    eff_test_interrupt(w.t, w.ada_runs);
    eff_test_interrupt(w.t, w.bob_runs);
    eff_test_adjust(w.t, eff_millis(999));
    CHECK(eff_fiber_poll(w.ada_runs) && sees(&w.ada, "server is going down\n"));
    CHECK(eff_fiber_poll(w.bob_runs) == NULL);
    eff_test_adjust(w.t, eff_millis(1));
    CHECK(eff_fiber_poll(w.bob_runs) != NULL);
    world_done(&w, false);
}

/* ---- lines and text */

static void lines_have_a_limit(void)
{
    struct lines l;
    struct line line;
    CHECK(lines_init(&l));
    char text[2 * LINE_MAX_BYTES];
    memset(text, 'x', sizeof text);
    evbuffer_add(l.in, text, LINE_MAX_BYTES);
    evbuffer_add(l.in, "\r\n\r\n", 4);
    CHECK(lines_next(&l, &line) == LINE_WHOLE && line.size == LINE_MAX_BYTES);
    CHECK(lines_next(&l, &line) == LINE_WHOLE && line.size == 0);
    evbuffer_add(l.in, text, LINE_MAX_BYTES + 1);
    CHECK(lines_next(&l, &line) == LINE_NONE); /* it might be a carriage return */
    evbuffer_add(l.in, "\n", 1);
    CHECK(lines_next(&l, &line) == LINE_TOO_LONG);
    evbuffer_add(l.in, text, sizeof text);
    CHECK(lines_next(&l, &line) == LINE_TOO_LONG && evbuffer_get_length(l.in) == 0);
    evbuffer_add(l.in, text, sizeof text);
    CHECK(lines_next(&l, &line) == LINE_NONE && evbuffer_get_length(l.in) == 0);
    evbuffer_add(l.in, "end of it\nshort\n", 16);
    CHECK(lines_next(&l, &line) == LINE_WHOLE && strcmp(line.text, "short") == 0);
    CHECK(lines_next(&l, &line) == LINE_NONE);
    lines_done(&l);
}

static void is_cleaned(const char *from, const char *to)
{
    eff_buffer_t out = EFF_BUFFER_INIT;
    eff_buffer_add_escaped(&out, from, strlen(from));
    CHECK(strcmp(eff_buffer_text(&out), to) == 0);
    eff_buffer_done(&out);
}

static void hostile_text_becomes_harmless(void)
{
    is_cleaned("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    is_cleaned("\x1b[2J\t\x7f", "\\x1b[2J\\t\\x7f");
    is_cleaned("\xc2\x9b"
               "2J",
               "\\u009b2J");                                /* CSI as one character of C1 */
    is_cleaned("\xe2\x80\xae", "\\u202e");                  /* right-to-left override */
    is_cleaned("\xc0\xaf", "\\xc0\\xaf");                   /* longer than needed */
    is_cleaned("\xed\xa0\x80", "\\xed\\xa0\\x80");          /* half of a surrogate pair */
    is_cleaned("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* above U+10FFFF */
    is_cleaned("\xe2\x82", "\\xe2\\x82");                   /* cut off */
}

int main(void)
{
    who_is_silent_is_asked_after_5_minutes_and_dropped_10_s_later();
    who_does_not_read_is_dropped_and_slows_nobody_down();
    who_reads_again_in_time_stays_and_is_told_what_was_missed();
    a_nick_has_three_tries();
    an_interruption_says_goodbye_and_waits_a_second();
    lines_have_a_limit();
    hostile_text_becomes_harmless();
    puts("7 tests passed");
    return 0;
}
