/* A session, line after line. */
#include "session.h"

#include "batch.h"
#include "walk.h"

#include <sys/stat.h>
#include <unistd.h>

struct session {
    options_t options;
    eff_value_t journal; /* or absent */
    eff_value_t walk;
    batch_t batch;
};

static void session_drop(struct session *s)
{
    ledger_done(&s->batch.ledger);
    eff_value_decref(s->walk);
    eff_value_decref(s->journal);
}

/* What to walk; without the files that grow while it does. */
static place_t place_of_session(const struct session *s)
{
    place_t p = { .directory = eff_string(s->options.directory), .shown_as = eff_string(s->options.shown_as) };
    if (s->batch.journal) p.own[p.n_own++] = journal_file(s->batch.journal);
    if (fstat(STDOUT_FILENO, &p.own[p.n_own]) == 0) p.n_own++;
    return p;
}

/* However it ends: whatever is done by then is printed, unless printing is what has failed. */
static eff_t *finish(struct session *s, const eff_exit_t *exit)
{
    bool interrupted = !exit->ok && eff_cause_is_interrupted_only(exit->cause);
    eff_t *e = progress_hide(&s->batch.progress);
    if (exit->ok || interrupted) e = eff_then(e, batch_print_rest(&s->batch));
    return eff_then(e, batch_print_summary(&s->batch, interrupted ? "; interrupted" : ""));
}

static eff_t *session_step(struct session *s, eff_gen_t *g)
{
    batch_t *b = &s->batch;
    EFF_GEN_BEGIN(g);
    ledger_init(&b->ledger);
    b->for_people = isatty(STDOUT_FILENO);
    if (s->options.resume) {
        EFF_AWAIT(eff_into(journal_open(s->options.resume), &s->journal));
        b->journal = journal_of(s->journal);
    }
    EFF_AWAIT(eff_into(walk_open(place_of_session(s)), &s->walk));
    EFF_DEFER(s, finish);
    if (isatty(STDERR_FILENO)) EFF_AWAIT(eff_fork(eff_ignore(progress_bar(&b->progress))));
    EFF_AWAIT(batch_run(b, walk_items(s->walk), s->options.n_jobs));
    EFF_GEN_END(eff_int(b->ledger.n_problems ? 1 : 0));
}
EFF_DEFINE_GEN(start_session, struct session, session_step, .drop = session_drop);

eff_t *session(options_t options)
{
    return start_session((struct session){ .options = options });
}
