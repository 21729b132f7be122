/* A batch: what is done with each file, step by step. */
#include "batch.h"

#include "hasher.h"
#include "names.h"

/* ---- printing what is ready */

static eff_t *print_line(const entry_t *e, bool for_people)
{
    eff_buffer_t line = EFF_BUFFER_INIT;
    const char *path = eff_as_string(e->path), *hash = eff_as_string(e->hash);
    bool escaped = !for_people && name_needs_escapes(path); /* sha256sum -c knows this form */
    eff_buffer_printf(&line, "%s%s  ", escaped ? "\\" : "", hash);
    if (for_people) name_show(path, &line);
    else name_escape(path, &line);
    eff_value_t text = line.truncated ? eff_oom_value() : eff_string(eff_buffer_text(&line));
    eff_buffer_done(&line);
    return eff_print_line(text);
}

struct printing {
    batch_t *batch;
    bool skip_unfinished;
    entry_t *entry;
};

static eff_t *printing_step(struct printing *s, eff_gen_t *g)
{
    batch_t *b = s->batch;
    EFF_GEN_BEGIN(g);
    if (b->is_printing) EFF_GEN_RETURN(eff_unit); /* whoever prints, will print this as well */
    b->is_printing = true;
    while ((s->entry = ledger_next_line(&b->ledger, s->skip_unfinished))) {
        EFF_AWAIT(progress_hide(&b->progress));
        EFF_AWAIT(print_line(s->entry, b->for_people));
        ledger_remove(&b->ledger, s->entry);
    }
    b->is_printing = false;
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(print_ready, struct printing, printing_step, .drop = NULL);

/* ---- one file */

typedef struct job {
    batch_t *batch; /* all borrowed */
    found_t *file;
    entry_t *entry;
} job_t;
EFF_STATIC_TYPE(job, job_t, .drop = NULL);

static eff_t *use_hasher(hasher_t *hasher, eff_value_t job)
{
    return hasher->hash(hasher, job_of(job)->file, &job_of(job)->batch->progress);
}

/* Succeeds with the hash. */
static eff_t *hash_or_find(eff_value_t job)
{
    job_t *j = job_of(job);
    if (!found_is_open(j->file)) return eff_fail(eff_value_incref(j->file->error));
    const char *known = j->batch->journal ? journal_find(j->batch->journal, j->file) : NULL;
    if (!known) return hasher_with(use_hasher, eff_value_incref(job));
    progress_add_bytes(&j->batch->progress, j->file->size);
    return eff_succeed(eff_string(known));
}

static eff_t *note_hash(eff_value_t hash, eff_value_t job)
{
    job_t *j = job_of(job);
    journal_t *journal = j->batch->journal;
    ledger_hashed(&j->batch->ledger, j->entry, eff_value_incref(hash));
    if (!journal || journal_find(journal, j->file)) return eff_noop();
    return journal_add(journal, j->file, eff_as_string(hash));
}

static eff_t *note_problem(eff_value_t error, eff_value_t job)
{
    job_t *j = job_of(job);
    ledger_failed(&j->batch->ledger, j->entry, eff_value_incref(error));
    return eff_noop();
}

static eff_value_t enter(eff_value_t job)
{
    progress_enter(&job_of(job)->batch->progress, job_of(job)->file);
    return eff_value_incref(job);
}

static eff_t *hash_and_note(eff_value_t job, eff_value_t env)
{
    eff_t *e = hash_or_find(job);
    return eff_fold(e, note_problem, note_hash, eff_value_incref(job));
}

static void leave(eff_value_t job, const eff_exit_t *exit, eff_value_t env)
{
    progress_leave(&job_of(job)->batch->progress, job_of(job)->file, exit->ok);
}

/* The file lives until this effect has ended. */
static eff_t *hash_one(eff_value_t file, eff_value_t batch)
{
    batch_t *b = eff_as_ptr(batch);
    found_t *f = found_of(file);
    entry_t *entry = ledger_enter(&b->ledger, eff_value_incref(f->path));
    if (!entry) return eff_out_of_memory();

    eff_value_t job = EFF_ENV(job, .batch = b, .file = f, .entry = entry);
    eff_t *e = eff_acquire_use_release(eff_sync(enter, job), hash_and_note, leave, eff_unit);
    return eff_then(e, print_ready((struct printing){ .batch = b }));
}

/* ---- all files */

eff_t *batch_run(batch_t *b, eff_value_t items, size_t n_jobs)
{
    return eff_for_each_par_discard(items, hash_one, eff_ptr(b), n_jobs);
}

static eff_t *print_rest(eff_value_t batch)
{
    batch_t *b = eff_as_ptr(batch);
    b->is_printing = false; /* it was interrupted */
    return print_ready((struct printing){ .batch = b, .skip_unfinished = true });
}

eff_t *batch_print_rest(batch_t *b)
{
    return eff_suspend(print_rest, eff_ptr(b));
}

static void describe_problem(const entry_t *e, eff_buffer_t *out)
{
    eff_buffer_add(out, "hashdir: ");
    name_show(eff_as_string(e->path), out);
    eff_buffer_add(out, ": ");
    if (eff_value_is(e->error, &eff_error_type)) eff_buffer_add(out, eff_as_error(e->error)->message);
    else eff_value_format(e->error, out);
    eff_buffer_add(out, "\n");
}

static eff_t *print_summary(eff_value_t batch_and_note)
{
    batch_t *b = eff_as_ptr(eff_first(batch_and_note));
    ledger_t *l = &b->ledger;
    eff_buffer_t text = EFF_BUFFER_INIT;
    entry_t *e;
    STAILQ_FOREACH(e, &l->problems, next) describe_problem(e, &text);
    STAILQ_FOREACH(e, &l->lines, next) if (e->error.type) describe_problem(e, &text);
    eff_buffer_printf(&text, "%zu %s, %.1f MB", l->n_hashed, l->n_hashed == 1 ? "file" : "files",
                      (double)b->progress.done_bytes / 1e6);
    if (l->n_problems) eff_buffer_printf(&text, ", %zu could not be read", l->n_problems);
    eff_buffer_add(&text, eff_as_string(eff_second(batch_and_note)));
    eff_value_t value = eff_string(eff_buffer_text(&text));
    eff_buffer_done(&text);
    return eff_print_error_line(value);
}

eff_t *batch_print_summary(batch_t *b, const char *note)
{
    return eff_suspend(print_summary, eff_pair(eff_ptr(b), eff_literal(note)));
}
