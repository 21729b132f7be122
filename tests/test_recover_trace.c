/* Where a failure came from: notes and traces through every handler (B3), and the text of printed causes with trace
 * sites. Sites are given explicitly, or taken from single-line calls: compilers differ on calls that span lines. */
#include <stdio.h>

#include "support/fibers.h"

/* ---- handlers */

static eff_value_t plus_one(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_int(eff_as_int(v) + 1);
}
static eff_t *go_on(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_succeed(eff_value_incref(v));
}
static eff_t *rethrow(const eff_cause_t *cause, eff_value_t env)
{
    (void)env;
    return eff_fail_cause_at(NULL, eff_cause_incref(cause));
}
static bool never_holds(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return false;
}

/* ---- texts. The exit's cause, printed. */

static void check_text(const eff_exit_t *exit, const char *expected)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    ck_assert(!exit->ok);
    eff_cause_format(exit->cause, &text);
    ck_assert_str_eq(eff_buffer_text(&text), expected);
    eff_buffer_done(&text);
}

static eff_t *unwound(struct world *w)
{
    (void)w;
    eff_t *e = eff_fail_at("read (a.c:1)", eff_error(&eff_not_found_error, 2, "open a.json"));
    e = eff_map_at("plus_one (a.c:2)", e, plus_one, eff_unit);
    e = eff_flat_map_at("go_on (a.c:3)", e, go_on, eff_unit);
    return eff_ensuring_at("a.c:4", e, eff_noop());
}
static void unwound_text(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    check_text(exit, "error: not found: open a.json\n"
                     "  at read (a.c:1)\n"
                     "  at plus_one (a.c:2)\n"
                     "  at go_on (a.c:3)\n"
                     "  at a.c:4");
}
CASE(a_failure_names_the_frames_it_unwound_through_innermost_first, unwound, .check = unwound_text)

/* What a finalizer fails with, and handles, is not of the failure that it runs after. */
static eff_t *recovered(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_noop();
}
static eff_t *unwound_past_a_handler(struct world *w)
{
    (void)w;
    eff_t *own = eff_catch_all_at("own.c:2", eff_fail_at("own.c:1", eff_int(9)), recovered, eff_unit);
    eff_t *e = eff_ensuring_at("a.c:2", eff_fail_at("read (a.c:1)", eff_int(1)), own);
    return eff_flat_map_at("go_on (a.c:3)", e, go_on, eff_unit);
}
static void unwound_past_a_handler_text(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    check_text(exit, "error (int): 1\n"
                     "  at read (a.c:1)\n"
                     "  at a.c:2\n"
                     "  at go_on (a.c:3)");
}
CASE(the_sites_of_what_a_finalizer_handled_are_not_in_the_trace, unwound_past_a_handler,
     .check = unwound_past_a_handler_text)

static eff_t *with_notes(struct world *w)
{
    (void)w;
    eff_t *e = eff_annotate_at("a.c:2", eff_fail_at("a.c:1", eff_int(7)), eff_literal("reading the header"));
    return eff_annotate_at("a.c:4", eff_map_at("plus_one (a.c:3)", e, plus_one, eff_unit), eff_printf("of file %d", 3));
}
static void notes_text(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    check_text(exit, "error (int): 7\n"
                     "  at a.c:1\n"
                     "  at a.c:2\n"
                     "  at plus_one (a.c:3)\n"
                     "  at a.c:4\n"
                     "  note: reading the header (a.c:2)\n"
                     "  note: of file 3 (a.c:4)");
}
CASE(notes_are_printed_in_order_with_their_sites, with_notes, .check = notes_text)

static eff_t *finalizer_fails(struct world *w)
{
    (void)w;
    return eff_ensuring_at("a.c:3", eff_fail_at("a.c:1", eff_int(1)),
                           eff_die_at("close (a.c:2)", eff_literal("no close")));
}
static void then_text(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    check_text(exit, "error (int): 1\n"
                     "  at a.c:1\n"
                     "  at a.c:3\n"
                     "then, while handling it:\n"
                     "  defect: no close\n"
                     "    at close (a.c:2)");
}
CASE(a_failing_finalizer_is_printed_below_what_it_handled, finalizer_fails, .check = then_text)

static eff_t *both_fail(struct world *w)
{
    (void)w;
    eff_t *left = eff_then(eff_yield_now(), eff_fail_at("a.c:1", eff_int(1)));
    eff_t *right = eff_then(eff_yield_now(), eff_fail_at("a.c:2", eff_int(2)));
    return eff_zip_par_at("a.c:3", left, right);
}
static void both_text(struct world *w, const eff_exit_t *exit)
{
    const eff_cause_t *left, *right;
    (void)w;
    ck_assert(!exit->ok && eff_cause_sides(exit->cause, &left, &right));
    ck_assert_str_eq(eff_cause_site_at(left, 0), "a.c:1");
    ck_assert_str_eq(eff_cause_site_at(right, 0), "a.c:2");
    ck_assert_str_eq(eff_cause_site_at(exit->cause, 0), "a.c:3");
}
CASE(the_sides_of_both_have_their_own_traces_and_the_combinator_is_common, both_fail, .check = both_text,
     .without = NO_SHUFFLES /* both fail in one turn only in the order of starting */)

static eff_t *forked(struct world *w)
{
    return eff_then(keep(w, 0, eff_fork_at("main (a.c:2)", eff_fail_at("work (a.c:1)", eff_int(1)))),
                    with_fiber(w, 0, join));
}
static void forked_text(struct world *w, const eff_exit_t *exit)
{
    char expected[512];
    (void)w;
    ck_assert(!exit->ok);
    ck_assert_str_eq(eff_cause_site_at(exit->cause, 0), "work (a.c:1)");
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit->cause, &text);
    snprintf(expected, sizeof expected, "\n  forked at main (a.c:2)");
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), expected));
    eff_buffer_done(&text);
}
CASE(a_failure_names_where_its_fiber_was_forked, forked, .check = forked_text)

static eff_t *sites_of_macros(struct world *w)
{
    w->n[0] = __LINE__ + 1;
    eff_t *e = eff_fail(eff_int(7));
    w->n[1] = __LINE__ + 1;
    return eff_map(e, plus_one, eff_unit);
}
static void has_file_and_line(struct world *w, const eff_exit_t *exit)
{
    char expected[256];
    snprintf(expected, sizeof expected,
             "error (int): 7\n"
             "  at test_recover_trace.c:%d\n"
             "  at plus_one (test_recover_trace.c:%d)",
             (int)w->n[0], (int)w->n[1]);
    check_text(exit, expected);
}
CASE(the_macros_fill_in_file_line_and_callback, sites_of_macros, .check = has_file_and_line)

static eff_t *loses_itself(struct world *w)
{
    (void)w;
    return eff_map_at("after (a.c:2)", eff_interrupt_self_at("here (a.c:1)"), plus_one, eff_unit);
}
static void interrupt_text(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    check_text(exit, "interrupted by fiber 1 (explicit) at here (a.c:1)\n"
                     "  at here (a.c:1)\n"
                     "  at after (a.c:2)");
}
CASE(an_interruption_names_who_and_where, loses_itself, .check = interrupt_text)

static eff_t *deep(struct world *w)
{
    (void)w;
    eff_t *e = eff_fail_at("origin (a.c:1)", eff_int(1));
    for (int i = 0; i < 100; i++)
        e = eff_map_at(i % 2 ? "outer (a.c:3)" : "inner (a.c:2)", e, plus_one, eff_unit);
    return eff_map_at("last (a.c:4)", e, plus_one, eff_unit);
}
static void first_and_last_kept(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert(!exit->ok);
    ck_assert_uint_eq(eff_cause_n_sites(exit->cause), 32);
    ck_assert_str_eq(eff_cause_site_at(exit->cause, 0), "origin (a.c:1)");
    ck_assert_str_eq(eff_cause_site_at(exit->cause, 7), "inner (a.c:2)");
    ck_assert_str_eq(eff_cause_site_at(exit->cause, 8), "outer (a.c:3)");
    ck_assert_str_eq(eff_cause_site_at(exit->cause, 31), "last (a.c:4)");
}
CASE(of_a_long_trace_the_first_and_the_last_are_kept, deep, .check = first_and_last_kept)

/* ---- B3: kept through handlers. Each makes of a noted failure one that still has its note and first site. */

static eff_t *noted(struct world *w)
{
    (void)w;
    return eff_annotate_at("a.c:2", eff_fail_at("origin (a.c:1)", eff_int(1)), eff_literal("noted"));
}
static void has_note_and_origin(struct world *w, const eff_exit_t *exit)
{
    eff_site_t site;
    (void)w;
    ck_assert(!exit->ok);
    ck_assert_uint_eq(eff_cause_n_notes(exit->cause), 1);
    ck_assert_str_eq(eff_as_string(eff_cause_note_at(exit->cause, 0, &site)), "noted");
    ck_assert_str_eq(site, "a.c:2");
    ck_assert_uint_ge(eff_cause_n_sites(exit->cause), 2);
    ck_assert_str_eq(eff_cause_site_at(exit->cause, 0), "origin (a.c:1)");
    ck_assert_str_eq(eff_cause_site_at(exit->cause, 1), "a.c:2");
}

static eff_t *mapped(struct world *w)
{
    return eff_map_error(noted(w), plus_one, eff_unit);
}
CASE(map_error_keeps_notes_and_trace, mapped, .cause = "fail(2)", .check = has_note_and_origin)

static eff_t *rethrown(struct world *w)
{
    return eff_catch_cause(noted(w), rethrow, eff_unit);
}
CASE(catching_and_rethrowing_keeps_notes_and_trace, rethrown, .cause = "fail(1)", .check = has_note_and_origin)

static eff_t *passed_by(struct world *w)
{
    eff_t *e = eff_catch_type(noted(w), &eff_string_type, go_on, eff_unit);
    e = eff_catch_kind(e, &eff_any_error, go_on, eff_unit);
    return eff_catch_some(e, never_holds, go_on, eff_unit);
}
CASE(handlers_that_do_not_apply_keep_notes_and_trace, passed_by, .cause = "fail(1)", .check = has_note_and_origin)

static eff_t *made_a_defect(struct world *w)
{
    return eff_or_die(noted(w));
}
CASE(or_die_keeps_notes_and_trace, made_a_defect, .cause = "die", .check = has_note_and_origin)

static eff_t *refined(struct world *w)
{
    return eff_refine_or_die(noted(w), &eff_string_type);
}
CASE(refine_or_die_keeps_notes_and_trace, refined, .cause = "die", .check = has_note_and_origin)

static eff_t *tapped(struct world *w)
{
    return eff_tap_error(noted(w), go_on, eff_unit);
}
CASE(tap_error_keeps_notes_and_trace, tapped, .cause = "fail(1)", .check = has_note_and_origin)

static eff_t *say_cause_seen(const eff_cause_t *cause, eff_value_t env)
{
    return eff_cause_n_notes(cause) == 1 ? say(eff_as_ptr(env), "seen") : say(eff_as_ptr(env), "lost");
}
static eff_t *on_error_sees(struct world *w)
{
    return eff_on_error(noted(w), say_cause_seen, eff_ptr(w));
}
CASE(on_error_sees_and_keeps_notes_and_trace, on_error_sees, .cause = "fail(1)", .journal = "seen",
     .check = has_note_and_origin)

static eff_t *finalized(struct world *w)
{
    return eff_scoped(eff_ensuring(noted(w), say(w, "end")));
}
CASE(finalizers_and_scopes_keep_notes_and_trace, finalized, .cause = "fail(1)", .journal = "end",
     .check = has_note_and_origin)

static eff_t *retried(struct world *w)
{
    return eff_retry_at("a.c:4", noted(w), eff_schedule_recurs(2));
}
static void has_note_of_retry_too(struct world *w, const eff_exit_t *exit)
{
    eff_site_t site;
    (void)w;
    ck_assert_uint_eq(eff_cause_n_notes(exit->cause), 2);
    ck_assert_str_eq(eff_as_string(eff_cause_note_at(exit->cause, 0, NULL)), "noted");
    ck_assert_str_eq(eff_as_string(eff_cause_note_at(exit->cause, 1, &site)), "gave up after 3 attempts");
    ck_assert_str_eq(site, "a.c:4");
    ck_assert_str_eq(eff_cause_site_at(exit->cause, 0), "origin (a.c:1)");
}
CASE(retry_keeps_notes_and_trace_of_the_last, retried, .cause = "fail(1)", .check = has_note_of_retry_too)

static eff_t *built_of_several(struct world *w)
{
    eff_t *e = eff_annotate_at("a.c:2", eff_fail_at("origin (a.c:1)", eff_int(1)), eff_literal("noted"));
    return eff_then_at("a.c:2", eff_zip_at("a.c:2", e, say(w, "not")), say(w, "not"));
}
static void site_comes_once(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert_uint_eq(eff_cause_n_sites(exit->cause), 2);
    ck_assert_str_eq(eff_cause_site_at(exit->cause, 1), "a.c:2");
}
CASE(a_site_is_not_repeated_for_each_frame_of_its_combinator, built_of_several, .check = site_comes_once)

static eff_t *joined(struct world *w)
{
    return eff_then(keep(w, 0, eff_fork(noted(w))), with_fiber(w, 0, join));
}
CASE(join_keeps_notes_and_trace, joined, .cause = "fail(1)", .check = has_note_and_origin)

static eff_t *from_exit(eff_value_t exit, eff_value_t env)
{
    (void)env;
    return eff_fail_cause_at(NULL, eff_cause_incref(eff_as_exit(exit)->cause));
}
static eff_t *as_exit(struct world *w)
{
    return eff_flat_map(eff_to_exit(noted(w)), from_exit, eff_unit);
}
CASE(an_exit_as_a_value_keeps_notes_and_trace, as_exit, .cause = "fail(1)", .check = has_note_and_origin)

static eff_t *noted_cause(eff_value_t cause, eff_value_t env)
{
    (void)env;
    return eff_annotate(eff_fail_cause(eff_cause_incref(eff_as_cause(cause))), eff_literal("noted"));
}
static eff_t *every_kind(struct world *w)
{
    (void)w;
    eff_cause_t *kinds[] = {
        eff_cause_fail(eff_int(1)),
        eff_cause_die(eff_int(2)),
        eff_cause_interrupt(9, EFF_INTERRUPT_EXPLICIT, NULL),
        eff_cause_then(eff_cause_fail(eff_int(1)), eff_cause_die(eff_int(2))),
        eff_cause_both(eff_cause_fail(eff_int(1)), eff_cause_fail(eff_int(2))),
        eff_cause_empty(),
    };
    eff_t *all = eff_noop();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        eff_value_t kind = eff_cause_value(kinds[i]);
        eff_t *e = eff_to_exit(noted_cause(kind, eff_unit));
        eff_value_decref(kind);
        all = eff_zip(all, e);
    }
    return all;
}
static void all_have_the_note(struct world *w, const eff_exit_t *exit)
{
    static const char *const shapes[] = { "empty",  "both(fail(1), fail(2))", "then(fail(1), die)", "interrupt", "die",
                                          "fail(1)" };
    (void)w;
    ck_assert(exit->ok);
    eff_value_t all = exit->value;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++, all = eff_first(all)) {
        const eff_exit_t *one_exit = eff_as_exit(eff_second(all));
        ck_assert_str_eq(shape_of(one_exit), shapes[i]);
        ck_assert_uint_eq(eff_cause_n_notes(one_exit->cause), 1);
    }
}
CASE(annotate_applies_to_every_kind_of_cause, every_kind, .check = all_have_the_note)

static eff_t *annotated_success(struct world *w)
{
    (void)w;
    return eff_annotate(one(1), eff_literal("never seen"));
}
CASE(annotate_leaves_a_success_alone, annotated_success, .succeeds = "1")

static eff_cause_t *note_it(const eff_cause_t *cause, eff_value_t env)
{
    return eff_cause_note(eff_cause_incref(cause), eff_value_incref(env), "a.c:2");
}
static eff_t *cause_mapped(struct world *w)
{
    (void)w;
    return eff_map_cause(eff_fail_at("origin (a.c:1)", eff_int(1)), note_it, eff_literal("noted"));
}
static void mapped_has_note(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    ck_assert(!exit->ok);
    ck_assert_uint_eq(eff_cause_n_notes(exit->cause), 1);
    ck_assert_str_eq(eff_cause_site_at(exit->cause, 0), "origin (a.c:1)");
}
CASE(map_cause_fails_with_what_the_function_made, cause_mapped, .cause = "fail(1)", .check = mapped_has_note)

TESTS(a_failure_names_the_frames_it_unwound_through_innermost_first,
      the_sites_of_what_a_finalizer_handled_are_not_in_the_trace, notes_are_printed_in_order_with_their_sites,
      a_failing_finalizer_is_printed_below_what_it_handled,
      the_sides_of_both_have_their_own_traces_and_the_combinator_is_common, a_failure_names_where_its_fiber_was_forked,
      the_macros_fill_in_file_line_and_callback, an_interruption_names_who_and_where,
      of_a_long_trace_the_first_and_the_last_are_kept, map_error_keeps_notes_and_trace,
      catching_and_rethrowing_keeps_notes_and_trace, handlers_that_do_not_apply_keep_notes_and_trace,
      or_die_keeps_notes_and_trace, refine_or_die_keeps_notes_and_trace, tap_error_keeps_notes_and_trace,
      on_error_sees_and_keeps_notes_and_trace, finalizers_and_scopes_keep_notes_and_trace,
      retry_keeps_notes_and_trace_of_the_last, a_site_is_not_repeated_for_each_frame_of_its_combinator,
      join_keeps_notes_and_trace, an_exit_as_a_value_keeps_notes_and_trace, annotate_applies_to_every_kind_of_cause,
      annotate_leaves_a_success_alone, map_cause_fails_with_what_the_function_made)
