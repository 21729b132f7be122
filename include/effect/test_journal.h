/** @file
 * A journal: what fibers did, in the order in which they did it, as one line that a test compares.
 *
 *     eff_test_journal_t *j = eff_test_journal_new();
 *     eff_t *a = eff_test_watch(j, "a", eff_sleep(eff_seconds(2)));
 *     eff_t *b = eff_test_watch(j, "b", eff_sleep(eff_seconds(1)));
 *     eff_t *e = eff_then(eff_race_first(a, b), eff_test_say_time(j, "end"));
 *     ck_assert_succeeds(e, "unit");
 *     ck_assert_journal(j, "a> b> b. a~ end@1000ms");
 *     eff_test_journal_decref(j);
 *
 * Tests of concurrency that assert one readable transcript say what the order is, rather than that some order was kept.
 * The effects built with a journal retain it. It is written to on one thread at a time. The functions of plain C take NULL, as
 * of a new that found no memory, and then do nothing.
 */
#ifndef EFFECT_TEST_JOURNAL_H
#define EFFECT_TEST_JOURNAL_H

#include <effect/construct.h>

EFF_BEGIN_DECLS

/** Words separated by one space each; a handle. */
typedef struct eff_test_journal eff_test_journal_t;

EFF_API extern const eff_type_t eff_test_journal_type; /**< of journals as values */

/** An empty journal. @return new; NULL when out of memory, and then effects built with it die of that */
EFF_API EFF_MUST_USE eff_test_journal_t *eff_test_journal_new(void);
/** One more reference. @param journal borrows; NULL is fine @return it, with a reference that is yours */
EFF_API eff_test_journal_t *eff_test_journal_incref(eff_test_journal_t *journal);
/** Gives up one reference. @param journal consumes; NULL is fine */
EFF_API void eff_test_journal_decref(eff_test_journal_t *journal);
/** A handle as a value. @param journal consumes; NULL gives "out of memory" @returns_new */
EFF_API EFF_MUST_USE eff_value_t eff_test_journal_value(eff_test_journal_t *journal);
/** Reads a handle. @borrows{v} @return borrowed from v; NULL, and a misuse report, on the wrong type */
EFF_API eff_test_journal_t *eff_as_test_journal(eff_value_t v);

/** Adds a word when it runs.
 *  - Success: with unit.
 *
 *  @param site where it is composed; the macro fills it in
 *  @retains{journal}
 *  @param fmt as of printf, formatted when the effect is built; at most 511 bytes
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_test_say_at(eff_site_t site, eff_test_journal_t *journal, const char *fmt, ...)
    EFF_PRINTF(3, 4);
/** The same, with what the Clock shows when it runs: "woke@1500ms", with a fraction if it is not whole.
 *  @param site where it is composed; the macro fills it in
 *  @retains{journal}
 *  @param fmt as of printf, formatted when the effect is built; at most 511 bytes
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_test_say_time_at(eff_site_t site, eff_test_journal_t *journal, const char *fmt, ...)
    EFF_PRINTF(3, 4);
/** Runs e, adding when it begins and how it ends: "name>", then "name." for a success, "name!" for a failure, "name~" when
 *  it was interrupted only, "name#" for a defect. Ends as e does.
 *  @param site where it is composed; the macro fills it in
 *  @retains{journal}
 *  @param name copied
 *  @consumes{e}
 *  @returns_new */
EFF_API EFF_MUST_USE eff_t *eff_test_watch_at(eff_site_t site, eff_test_journal_t *journal, const char *name, eff_t *e);
#define eff_test_say(...) eff_test_say_at(EFF_SITE, __VA_ARGS__)
#define eff_test_say_time(...) eff_test_say_time_at(EFF_SITE, __VA_ARGS__)
#define eff_test_watch(...) eff_test_watch_at(EFF_SITE, __VA_ARGS__)

/** Adds a word at once, from a callback or from outside.
 *  @borrows{journal}
 *  @param fmt as of printf; at most 511 bytes */
EFF_API void eff_test_journal_add(eff_test_journal_t *journal, const char *fmt, ...) EFF_PRINTF(2, 3);
/** What has been written. @borrows{journal} @return borrowed: until something is added */
EFF_API const char *eff_test_journal_text(const eff_test_journal_t *journal);
/** Begins anew. @borrows{journal} */
EFF_API void eff_test_journal_clear(eff_test_journal_t *journal);

EFF_END_DECLS
#endif
