/* A scripted client of the demonstration. It waits for a line that contains a text, then sends its own, and writes down
 * what it saw. Cues tell it when to enter. */
#ifndef CHAT_ACTOR_H
#define CHAT_ACTOR_H

#include <effect/effect.h>

enum { N_CUES = 2 };

struct act {
    const char *text; /* of HEAR and SAY */
    enum {
        WAIT,        /* for a cue */
        GIVE,        /* a cue */
        ENTER,       /* connects */
        HEAR,        /* reads up to a line that contains the text */
        SAY,         /* sends the text as a line */
        STOP_SERVER, /* as a signal would */
        VANISH,      /* resets the connection: the end */
        END          /* reads until the server hangs up: the end */
    } what;
    int cue; /* of WAIT and GIVE */
};

struct stage {
    int port;            /* where the server is */
    eff_fiber_t *server; /* what STOP_SERVER ends */
    eff_deferred_t *cues[N_CUES];
};

/* Plays a script, to its VANISH or END. Borrows all until it has ended.
 * seen: the transcript: < what came, > what was sent */
eff_t *actor_play(const struct act *script, const struct stage *stage, eff_buffer_t *seen);

#endif
