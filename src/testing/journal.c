/* Journals: words that effects add to a text. */
#include <effect/test_journal.h>

#include <stdarg.h>
#include <stdio.h>

#include <effect/clock.h>
#include <effect/finish.h>
#include <effect/interrupt.h>
#include <effect/transform.h>
#include <effect/type.h>

#include "core/build.h"

enum { WORD_BYTES = 512 };

struct eff_test_journal {
    eff_buffer_t text;
};

static void journal_drop(void *payload)
{
    eff_buffer_done(&((eff_test_journal_t *)payload)->text);
}

const eff_type_t eff_test_journal_type = {
    .size = sizeof(eff_test_journal_t), .name = "journal", .drop = journal_drop, .flags = EFF_TYPE_COUNTED
};

eff_test_journal_t *eff_test_journal_new(void)
{
    return (eff_test_journal_t *)eff__payload_new(&eff_test_journal_type);
}

eff_test_journal_t *eff_test_journal_incref(eff_test_journal_t *j)
{
    return (eff_test_journal_t *)eff__payload_incref(j);
}

void eff_test_journal_decref(eff_test_journal_t *j)
{
    eff__payload_decref(&eff_test_journal_type, j);
}

eff_value_t eff_test_journal_value(eff_test_journal_t *j)
{
    return j ? (eff_value_t){ .type = &eff_test_journal_type, .ptr = j } : eff_oom_value();
}

eff_test_journal_t *eff_as_test_journal(eff_value_t v)
{
    if (eff_value_is(v, &eff_test_journal_type)) return (eff_test_journal_t *)v.ptr;
    (void)eff__wrong_type(v, &eff_test_journal_type);
    return NULL;
}

static void add_word(eff_test_journal_t *j, const char *word)
{
    if (!j) return;
    if (j->text.size > 0) eff_buffer_add(&j->text, " ");
    eff_buffer_add(&j->text, word);
}

void eff_test_journal_add(eff_test_journal_t *j, const char *fmt, ...)
{
    char word[WORD_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(word, sizeof word, fmt, args);
    va_end(args);
    add_word(j, word);
}

const char *eff_test_journal_text(const eff_test_journal_t *j)
{
    return j ? eff_buffer_text(&j->text) : "";
}

void eff_test_journal_clear(eff_test_journal_t *j)
{
    if (j) eff_buffer_clear(&j->text);
}

/* ---- effects */

/* What an effect adds, and where; the journal is retained. */
typedef struct entry {
    eff_test_journal_t *journal;
    eff_value_t word; /* a string */
    eff_t *body;      /* of eff_test_watch; else NULL */
} entry_t;

static void entry_clear(entry_t *e)
{
    eff_test_journal_decref(e->journal);
    eff_value_decref(e->word);
    eff_decref(e->body);
}
EFF_STATIC_TYPE(entry, entry_t, .drop = entry_clear);

static eff_value_t new_entry(eff_test_journal_t *j, const char *fmt, va_list args, eff_t *body)
{
    char word[WORD_BYTES];
    vsnprintf(word, sizeof word, fmt, args);
    return entry_make((entry_t){ eff_test_journal_incref(j), eff_string(word), body });
}

static eff_value_t say_word(eff_value_t env)
{
    entry_t *e = entry_of(env);
    add_word(e->journal, eff_as_string(e->word));
    return eff_unit;
}

eff_t *eff_test_say_at(eff_site_t site, eff_test_journal_t *j, const char *fmt, ...)
{
    if (!j) return eff__without_handle(site, "eff_test_say", eff_unit);
    if (!fmt) return eff__refuse_null(site, "eff_test_say", 2, eff_noop(), eff_unit);
    va_list args;
    va_start(args, fmt);
    eff_value_t entry = new_entry(j, fmt, args, NULL);
    va_end(args);
    return eff_sync_at(site, say_word, entry);
}

/* Milliseconds, with as many digits behind the point as it takes. */
static eff_value_t say_word_and_time(eff_value_t now, eff_value_t env)
{
    enum { NS_PER_MS = 1000000 };
    entry_t *e = entry_of(env);
    int64_t ns = eff_as_instant(now).ns;
    char fraction[16] = "";
    int n = ns % NS_PER_MS ? snprintf(fraction, sizeof fraction, ".%06d", (int)(ns % NS_PER_MS)) : 0;
    while (n > 0 && fraction[n - 1] == '0')
        fraction[--n] = 0;
    eff_test_journal_add(e->journal, "%s@%lld%sms", eff_as_string(e->word), (long long)(ns / NS_PER_MS), fraction);
    return eff_unit;
}

eff_t *eff_test_say_time_at(eff_site_t site, eff_test_journal_t *j, const char *fmt, ...)
{
    if (!j) return eff__without_handle(site, "eff_test_say_time", eff_unit);
    if (!fmt) return eff__refuse_null(site, "eff_test_say_time", 2, eff_noop(), eff_unit);
    va_list args;
    va_start(args, fmt);
    eff_value_t entry = new_entry(j, fmt, args, NULL);
    va_end(args);
    return eff_map_at(site, eff_clock_now_at(site), say_word_and_time, entry);
}

/* ---- watching: masked, so that for each beginning there is an end */

static eff_t *say_end(const eff_exit_t *exit, eff_value_t env)
{
    entry_t *e = entry_of(env);
    const char *how = ".";
    if (!exit->ok) {
        how = "!";
        if (eff_cause_has_die(exit->cause)) how = "#";
        else if (eff_cause_is_interrupted_only(exit->cause)) how = "~";
    }
    eff_test_journal_add(e->journal, "%s%s", eff_as_string(e->word), how);
    return eff_noop();
}

static eff_t *run_watched(eff_restore_t restore, eff_value_t env)
{
    entry_t *e = entry_of(env);
    eff_test_journal_add(e->journal, "%s>", eff_as_string(e->word));
    return eff_on_exit_at(NULL, eff_restore_at(NULL, restore, eff_incref(e->body)), say_end, eff_value_incref(env));
}

static eff_value_t named(eff_test_journal_t *j, eff_t *body, const char *fmt, ...) EFF_PRINTF(3, 4);
static eff_value_t named(eff_test_journal_t *j, eff_t *body, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    eff_value_t entry = new_entry(j, fmt, args, body);
    va_end(args);
    return entry;
}

eff_t *eff_test_watch_at(eff_site_t site, eff_test_journal_t *j, const char *name, eff_t *e)
{
    if (!j || !e || !name) {
        if (j) return eff__refuse_null(site, "eff_test_watch", name ? 3 : 2, e, eff_unit);
        eff_decref(e);
        return eff__without_handle(site, "eff_test_watch", eff_unit);
    }
    return eff_uninterruptible_mask_at(site, run_watched, named(j, e, "%s", name));
}
