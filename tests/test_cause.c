/* Causes: the tree, the questions, notes and traces, filters, and the way out without memory. */
#include "core/cause_node.h"
#include "support/causes.h"

/* ---- the tree */

START_TEST(every_leaf_answers_for_itself)
{
    eff_cause_t *f = fails(1), *d = dies(2), *e = eff_cause_empty();
    eff_cause_t *i = eff_cause_interrupt(7, EFF_INTERRUPT_RACE_LOST, "main.c:20");
    eff_value_t v;
    ck_assert_int_eq(eff_cause_tag(f), EFF_CAUSE_FAIL);
    ck_assert(eff_cause_has_fail(f) && !eff_cause_has_die(f) && !eff_cause_is_interrupted(f));
    ck_assert(eff_cause_failure(f, &v) && eff_as_int(v) == 1 && !eff_cause_defect(f, &v));
    ck_assert_int_eq(eff_cause_tag(d), EFF_CAUSE_DIE);
    ck_assert(eff_cause_has_die(d) && eff_cause_defect(d, &v) && eff_as_int(v) == 2);
    uint64_t by;
    eff_interrupt_reason_t reason;
    eff_site_t site;
    ck_assert(eff_cause_interruption(i, &by, &reason, &site));
    ck_assert(by == 7 && reason == EFF_INTERRUPT_RACE_LOST && strcmp(site, "main.c:20") == 0);
    ck_assert(eff_cause_interruption(i, NULL, NULL, NULL) && !eff_cause_interruption(f, &by, NULL, NULL));
    ck_assert(eff_cause_is_interrupted_only(i) && !eff_cause_is_interrupted_only(f));
    ck_assert(eff_cause_is_empty(e) && !eff_cause_is_interrupted_only(e) && !eff_cause_is_empty(f));
    ck_assert(!eff_cause_sides(f, NULL, NULL));
    eff_cause_decref(f);
    eff_cause_decref(d);
    eff_cause_decref(i);
    eff_cause_decref(e);
}
END_TEST

START_TEST(empty_disappears_in_then_and_both)
{
    eff_cause_t *f = fails(1);
    ck_assert_ptr_eq(eff_cause_then(eff_cause_empty(), f), f);
    ck_assert_ptr_eq(eff_cause_then(f, eff_cause_empty()), f);
    ck_assert_ptr_eq(eff_cause_both(eff_cause_empty(), f), f);
    ck_assert_ptr_eq(eff_cause_both(f, eff_cause_empty()), f);
    eff_cause_decref(f);
    ck_assert(eff_cause_is_empty(eff_cause_both(eff_cause_empty(), eff_cause_empty())));
}
END_TEST

START_TEST(then_and_both_answer_for_all_below_them)
{
    eff_cause_t *c = eff_cause_both(eff_cause_then(interrupts(1), dies(2)), eff_cause_both(fails(3), fails(4)));
    const eff_cause_t *l, *r;
    eff_value_t v;
    ck_assert(eff_cause_sides(c, &l, &r) && eff_cause_tag(l) == EFF_CAUSE_THEN && eff_cause_tag(r) == EFF_CAUSE_BOTH);
    ck_assert(eff_cause_has_fail(c) && eff_cause_has_die(c) && eff_cause_is_interrupted(c));
    ck_assert(!eff_cause_is_interrupted_only(c));
    ck_assert(eff_cause_failure(c, &v) && eff_as_int(v) == 3);
    ck_assert_uint_eq(eff_cause_count(c, EFF_CAUSE_FAIL), 2);
    ck_assert_uint_eq(eff_cause_count(c, EFF_CAUSE_DIE), 1);
    ck_assert_uint_eq(eff_cause_count(c, EFF_CAUSE_INTERRUPT), 1);
    ck_assert_uint_eq(eff_cause_count(c, EFF_CAUSE_THEN), 0);
    eff_cause_decref(c);
}
END_TEST

START_TEST(parts_that_are_shared_64_times_over_saturate_the_counts)
{
    eff_cause_t *c = fails(1);
    for (int i = 0; i < 70; i++) {
        eff_cause_t *again = eff_cause_incref(c);
        c = eff_cause_both(c, again);
    }
    ck_assert_uint_eq(eff_cause_count(c, EFF_CAUSE_FAIL), SIZE_MAX);
    eff_value_t v;
    ck_assert(eff_cause_failure(c, &v) && eff_as_int(v) == 1);
    eff_cause_decref(c);
}
END_TEST

START_TEST(missing_arguments_become_defects_or_reports)
{
    check_text(eff_cause_fail((eff_value_t){ .type = NULL }), "defect: eff_cause_fail: the error is absent");
    check_text(eff_cause_die((eff_value_t){ .type = NULL }), "defect: eff_cause_die: the defect is absent");
    check_text(eff_cause_then(NULL, fails(1)),
               "defect: eff_cause_then: a cause is NULL\nthen, while handling it:\n  error (int): 1");
    check_text(eff_cause_both(fails(1), NULL),
               "error (int): 1\nin parallel:\n  defect: eff_cause_both: a cause is NULL");
    ck_assert_str_eq(misuse, "");
    ck_assert(!eff_cause_has_fail(NULL));
    ck_assert_str_eq(misuse, "a cause is NULL");
    misuse[0] = '\0';
    check_text(eff_cause_note(fails(1), (eff_value_t){ .type = NULL }, NULL), "error (int): 1");
    ck_assert_str_eq(misuse, "eff_cause_note: the note is absent");
    ck_assert(eff_cause_is_empty(eff_as_cause(eff_int(1))));
    ck_assert(strstr(misuse, "cause"));
    eff_cause_decref(NULL);
}
END_TEST

START_TEST(out_of_memory_as_an_error_is_the_defect_out_of_memory)
{
    ck_assert_ptr_eq(eff_cause_fail(eff_oom_value()), eff__cause_oom);
    ck_assert_ptr_eq(eff_cause_die(eff_oom_value()), eff__cause_oom);
    check_text(eff_cause_incref(eff__cause_oom), "defect: out of memory");
    eff_value_t v;
    ck_assert(eff_cause_defect(eff__cause_oom, &v) && v.type == &eff_oom_type);
}
END_TEST

/* ---- questions over it all */

/* CAUSE-020 */
START_TEST(CAUSE_020_squash_prefers_fail_then_die_then_interrupt_then_a_generic_error)
{
    eff_cause_t *all = eff_cause_both(interrupts(1), eff_cause_then(dies(2), fails(3)));
    ck_assert_int_eq(eff_as_int(eff_cause_squash(all)), 3);
    all = eff_cause_strip_failures(all);
    ck_assert_int_eq(eff_as_int(eff_cause_squash(all)), 2);
    eff_cause_decref(all);
    eff_cause_t *i = interrupts(1);
    eff_value_t v = eff_cause_squash(i);
    ck_assert(eff_value_is(v, &eff_cause_type) && eff_as_cause(v) == i);
    eff_cause_decref(i);
    v = eff_cause_squash(eff__cause_empty);
    ck_assert(eff_error_is(v, &eff_any_error));
    eff_value_decref(eff_value_incref(v));
}
END_TEST

static bool take_value(const eff_cause_t *leaf, void *arg)
{
    char *at = arg;
    eff_value_t v;
    uint64_t by;
    if (eff_cause_failure(leaf, &v)) sprintf(at + strlen(at), "f%d ", (int)eff_as_int(v));
    else if (eff_cause_defect(leaf, &v)) sprintf(at + strlen(at), "d%d ", (int)eff_as_int(v));
    else if (eff_cause_interruption(leaf, &by, NULL, NULL)) sprintf(at + strlen(at), "i%d ", (int)by);
    return strlen(at) < 12;
}

START_TEST(each_visits_leaves_from_left_to_right_until_told_to_stop)
{
    char seen[64] = "";
    eff_cause_t *c = eff_cause_both(eff_cause_then(fails(1), dies(2)), eff_cause_then(interrupts(3), fails(4)));
    eff_cause_each(c, take_value, seen);
    ck_assert_str_eq(seen, "f1 d2 i3 f4 ");
    c = eff_cause_then(c, fails(5));
    seen[0] = '\0';
    eff_cause_each(c, take_value, seen);
    ck_assert_str_eq(seen, "f1 d2 i3 f4 ");
    eff_cause_each(eff__cause_empty, take_value, NULL);
    eff_cause_decref(c);
}
END_TEST

/* CAUSE-022 */
START_TEST(CAUSE_022_strip_failures_leaves_only_the_defect)
{
    check_same(eff_cause_strip_failures(eff_cause_both(fails(1), eff_cause_then(dies(9), fails(2)))), dies(9));
    ck_assert(eff_cause_is_empty(eff_cause_strip_failures(eff_cause_both(fails(1), fails(2)))));
    ck_assert(eff_cause_is_empty(eff_cause_strip_failures(eff_cause_empty())));
    check_same(eff_cause_strip_failures(interrupts(4)), interrupts(4));
}
END_TEST

/* CAUSE-025 */
START_TEST(CAUSE_025_the_leftmost_failure_is_found_when_any_exists)
{
    eff_value_t v;
    eff_cause_t *c = eff_cause_then(dies(1), fails(2));
    ck_assert(eff_cause_failure(c, &v) && eff_as_int(v) == 2);
    eff_cause_decref(c);
    c = dies(1);
    ck_assert(!eff_cause_failure(c, &v) && eff_cause_defect(c, &v) && eff_as_int(v) == 1);
    eff_cause_decref(c);
}
END_TEST

START_TEST(equality_is_structural_and_ignores_notes_and_traces)
{
    eff_cause_t *a = eff_cause_then(eff_cause_fail(eff_string("x")), eff_cause_both(dies(1), interrupts(2)));
    eff_cause_t *b = eff_cause_then(eff_cause_fail(eff_literal("x")), eff_cause_both(dies(1), interrupts(2)));
    struct eff__trace t = trace_of("f (a.c:1)", NULL);
    b = eff__cause_add_trace(eff_cause_note(b, eff_literal("note"), NULL), &t);
    ck_assert(eff_cause_equal(a, b));
    eff_value_t va = eff_cause_value(a), vb = eff_cause_value(b);
    ck_assert(eff_value_equal(va, vb) && eff_value_compare(va, vb) == 0);
    ck_assert_uint_eq(eff_value_hash(va), eff_value_hash(vb));
    eff_value_decref(va);
    eff_value_decref(vb);

    struct {
        eff_cause_t *a, *b;
    } unequal[] = {
        { fails(1), fails(2) },
        { fails(1), dies(1) },
        { interrupts(1), interrupts(2) },
        { fails(1), eff_cause_empty() },
        { eff_cause_then(fails(1), fails(2)), eff_cause_both(fails(1), fails(2)) },
        { eff_cause_then(fails(1), eff_cause_then(fails(2), fails(3))),
          eff_cause_then(eff_cause_then(fails(1), fails(2)), fails(3)) },
        { interrupts(1), eff_cause_interrupt(1, EFF_INTERRUPT_TIMEOUT, NULL) },
    };
    for (size_t i = 0; i < sizeof unequal / sizeof *unequal; i++) {
        va = eff_cause_value(unequal[i].a);
        vb = eff_cause_value(unequal[i].b);
        ck_assert(!eff_value_equal(va, vb));
        ck_assert_int_ne(eff_value_compare(va, vb), 0);
        ck_assert_int_eq(eff_value_compare(va, vb) < 0, eff_value_compare(vb, va) > 0);
        eff_value_decref(va);
        eff_value_decref(vb);
    }
}
END_TEST

/* ---- generated causes, against a recursive reference */

/* Only the leaves of one of these kinds, by building the rest anew; NULL for nothing. Borrows. */
static eff_cause_t *reference_filter(const eff_cause_t *c, unsigned wanted)
{
    const eff_cause_t *l, *r;
    if (!eff_cause_sides(c, &l, &r)) return wanted & 1u << eff_cause_tag(c) ? eff_cause_incref(c) : NULL;
    eff_cause_t *left = reference_filter(l, wanted), *right = reference_filter(r, wanted);
    if (!left || !right) return left ? left : right;
    return eff_cause_tag(c) == EFF_CAUSE_THEN ? eff_cause_then(left, right) : eff_cause_both(left, right);
}

/* CAUSE-021 */
START_TEST(CAUSE_021_keep_defects_keeps_the_shape_and_answers_iff_there_is_a_die)
{
    for (seed = 1; seed < 3000 * 7; seed += 7) {
        uint32_t start = seed;
        eff_cause_t *c = generate(6);
        eff_cause_t *expected = reference_filter(c, 1u << EFF_CAUSE_DIE);
        eff_cause_t *kept = eff_cause_keep_defects(eff_cause_incref(c));
        ck_assert(!kept == !eff_cause_has_die(c));
        ck_assert(!kept == !expected);
        if (kept) check_same(kept, expected);
        expected = reference_filter(c, 1u << EFF_CAUSE_DIE | 1u << EFF_CAUSE_INTERRUPT);
        check_same(eff_cause_strip_failures(c), expected ? expected : eff_cause_empty());
        seed = start;
    }
}
END_TEST

/* ---- notes and traces */

START_TEST(notes_belong_to_the_node_and_keep_their_order_and_sites)
{
    eff_cause_t *c = fails(1);
    eff_site_t site;
    for (int i = 0; i < 20; i++)
        c = eff_cause_note(c, eff_printf("note %d", i), i % 2 ? "a.c:1" : NULL);
    ck_assert_uint_eq(eff_cause_n_notes(c), 20);
    ck_assert_str_eq(eff_as_string(eff_cause_note_at(c, 13, &site)), "note 13");
    ck_assert_str_eq(site, "a.c:1");
    ck_assert_str_eq(eff_as_string(eff_cause_note_at(c, 2, NULL)), "note 2");
    ck_assert(eff_value_is(eff_cause_note_at(c, 20, &site), &eff_unit_type) && !site);
    ck_assert_str_eq(misuse, "eff_cause_note_at: there is no note 20: the cause has 20");
    eff_cause_decref(c);
}
END_TEST

START_TEST(note_on_a_shared_cause_leaves_the_other_holder_alone)
{
    eff_cause_t *c = eff_cause_note(eff_cause_both(fails(1), interrupts(2)), eff_literal("first"), NULL);
    eff_cause_t *same = eff_cause_incref(c);
    eff_cause_t *noted = eff_cause_note(c, eff_literal("second"), NULL);
    ck_assert_ptr_ne(noted, same);
    ck_assert_uint_eq(eff_cause_n_notes(same), 1);
    ck_assert_uint_eq(eff_cause_n_notes(noted), 2);
    ck_assert(eff_cause_equal(noted, same));
    eff_cause_t *again = eff_cause_note(noted, eff_literal("third"), NULL);
    ck_assert_ptr_eq(again, noted);
    eff_cause_decref(again);
    eff_cause_decref(same);
    check_text(eff_cause_note(eff_cause_incref(eff__cause_oom), eff_literal("here"), "a.c:2"),
               "defect: out of memory\n  note: here (a.c:2)");
    check_text(eff_cause_note(eff_cause_empty(), eff_literal("nothing happened"), NULL),
               "empty cause\n  note: nothing happened");
}
END_TEST

START_TEST(trace_keeps_the_first_8_and_the_last_24_however_it_is_added)
{
    /* Sites 0 .. n - 1 in two traces, split anywhere, are what they are in one. */
    for (uint32_t n = 1; n <= 60; n++) {
        for (uint32_t split = 0; split <= n; split++) {
            struct eff__trace a = { 0 }, b = { 0 };
            for (uint32_t i = 0; i < n; i++)
                eff__trace_add(i < split ? &a : &b, numbered[i]);
            eff_cause_t *c = eff__cause_add_trace(eff__cause_add_trace(fails(1), &a), &b);
            uint32_t kept = n < 32 ? n : 32;
            ck_assert_uint_eq(eff_cause_n_sites(c), kept);
            for (uint32_t i = 0; i < kept; i++)
                ck_assert_str_eq(eff_cause_site_at(c, i), numbered[i < 8 ? i : n - kept + i]);
            ck_assert_uint_eq(c->trace->n_seen, n);
            eff_cause_decref(c);
        }
    }
    ck_assert_ptr_null(eff_cause_site_at(eff__cause_oom, 0));
    ck_assert_str_eq(misuse, "eff_cause_site_at: there is no site 0: the trace has 0");
}
END_TEST

START_TEST(forks_are_added_once_and_survive_a_trace)
{
    static const eff_site_t forks[] = { "main.c:88", "main.c:99" }, other[] = { "other.c:1" };
    struct eff__trace t = trace_of("f (a.c:1)", "g (a.c:2)");
    eff_cause_t *c = eff__cause_add_forks(fails(1), 2, forks, NULL);
    c = eff__cause_add_forks(c, 1, other, NULL);
    c = eff__cause_add_trace(c, &t);
    check_text(c, "error (int): 1\n  at f (a.c:1)\n  at g (a.c:2)\n  forked at main.c:88\n  forked at main.c:99");
    c = eff__cause_add_forks(eff__cause_add_trace(fails(1), &t), 1, other, NULL);
    check_text(c, "error (int): 1\n  at f (a.c:1)\n  at g (a.c:2)\n  forked at other.c:1");
}
END_TEST

START_TEST(forks_keep_the_names_of_their_fibers)
{
    static const eff_site_t forks[] = { "main.c:88", NULL, "main.c:99", NULL };
    struct eff__trace t = trace_of("f (a.c:1)", NULL);
    eff_value_t names[] = { eff_printf("worker %d", 7), eff_literal("two\nlines"), eff_unit, eff_unit };
    eff_cause_t *held = eff__cause_add_forks(fails(1), 4, forks, names);
    eff_value_decref(names[0]);
    eff_cause_t *c = eff__cause_add_trace(eff_cause_incref(held), &t); /* of a copy */
    check_text(c, "error (int): 1\n  at f (a.c:1)\n  forked as \"worker 7\" at main.c:88\n"
                  "  forked as \"two\\nlines\"\n  forked at main.c:99");
    check_text(held, "error (int): 1\n  forked as \"worker 7\" at main.c:88\n  forked as \"two\\nlines\"\n"
                     "  forked at main.c:99");
}
END_TEST

/* ---- Interrupts by identity */

START_TEST(interrupt_is_recognised_by_identity_also_after_it_was_copied)
{
    eff_cause_t *mine = interrupts(1), *other = interrupts(1);
    struct eff__trace t = trace_of("f (a.c:1)", NULL);
    eff_cause_t *traced = eff__cause_add_trace(eff_cause_incref(mine), &t);
    traced = eff_cause_note(traced, eff_literal("note"), NULL);
    eff_cause_t *twice = eff__cause_add_trace(eff_cause_incref(traced), &t);
    ck_assert_ptr_ne(traced, mine);
    eff_cause_t *c = eff_cause_both(eff_cause_both(fails(1), twice), eff_cause_incref(other));
    ck_assert(eff__cause_contains(c, mine) && eff__cause_contains(c, other) && eff__cause_contains(c, traced));
    const eff_cause_t *list[] = { mine };
    c = eff__cause_without(c, list, 1);
    ck_assert(!eff__cause_contains(c, mine) && eff__cause_contains(c, other));
    check_same(c, eff_cause_both(fails(1), interrupts(1)));
    eff_cause_decref(traced);
    eff_cause_decref(mine);
    eff_cause_decref(other);
}
END_TEST

START_TEST(without_gives_null_when_nothing_remains_and_the_same_when_nothing_goes)
{
    eff_cause_t *a = interrupts(1), *b = interrupts(2), *stranger = interrupts(3);
    const eff_cause_t *list[] = { a, b }, *none[] = { stranger };
    eff_cause_t *c = eff_cause_both(eff_cause_incref(a), eff_cause_then(eff_cause_incref(b), eff_cause_incref(a)));
    ck_assert_ptr_eq(eff__cause_without(c, none, 1), c);
    ck_assert_ptr_eq(eff__cause_without(c, none, 0), c);
    ck_assert_ptr_null(eff__cause_without(c, list, 2));
    ck_assert_ptr_null(eff__cause_without(eff_cause_incref(a), list, 2));
    eff_cause_decref(a);
    eff_cause_decref(b);
    eff_cause_decref(stranger);
}
END_TEST

START_TEST(node_that_loses_a_side_hands_its_notes_and_trace_to_the_other)
{
    eff_cause_t *mine = interrupts(1);
    struct eff__trace inner = trace_of("f (a.c:1)", NULL), outer = trace_of("g (a.c:2)", NULL);
    eff_cause_t *c = eff_cause_both(eff__cause_add_trace(fails(1), &inner), eff_cause_incref(mine));
    c = eff_cause_note(eff__cause_add_trace(c, &outer), eff_literal("outside"), "a.c:3");
    const eff_cause_t *list[] = { mine };
    check_text(eff__cause_without(c, list, 1),
               "error (int): 1\n  at f (a.c:1)\n  at g (a.c:2)\n  note: outside (a.c:3)");
    eff_cause_decref(mine);
}
END_TEST

START_TEST(common_case_of_without_needs_no_memory)
{
    eff_cause_t *mine = interrupts(1), *f = fails(1);
    eff_cause_t *c = eff_cause_both(eff_cause_both(eff_cause_incref(mine), f), eff_cause_incref(mine));
    const eff_cause_t *list[] = { mine };
    eff__freelist_enable(0);
    allocations_fail_at(0, true);
    eff_cause_t *rest = eff__cause_without(c, list, 1);
    ck_assert_int_eq(requests, 0);
    allocations_fail_at(-1, false);
    ck_assert_ptr_eq(rest, f);
    eff_cause_decref(rest);
    eff_cause_decref(mine);
}
END_TEST

/* ---- out of memory */

START_TEST(constructors_without_memory_give_the_defect_out_of_memory)
{
    eff_value_t text = eff_string("counted");
    eff_cause_t *a = fails(1), *b = fails(2), *c = eff_cause_incref(a), *d = eff_cause_incref(b);
    eff__freelist_enable(0);
    allocations_fail_at(0, true);
    ck_assert_ptr_eq(eff_cause_fail(eff_value_incref(text)), eff__cause_oom);
    ck_assert_ptr_eq(eff_cause_die(text), eff__cause_oom);
    ck_assert_ptr_eq(interrupts(1), eff__cause_oom);
    ck_assert_ptr_eq(eff_cause_then(a, b), eff__cause_oom);
    ck_assert_ptr_eq(eff_cause_both(c, d), eff__cause_oom);
    ck_assert_int_eq(blocks_live, 0);
}
END_TEST

START_TEST(on_the_way_out_the_older_cause_is_kept_and_marked)
{
    eff_cause_t *a = fails(1), *b = fails(2), *shared = eff_cause_incref(b);
    struct eff__trace t = trace_of("f (a.c:1)", NULL);
    eff__freelist_enable(0);
    allocations_fail_at(0, true);
    ck_assert_ptr_eq(eff__cause_then_or_keep(a, fails(3)), a);
    ck_assert_ptr_eq(eff__cause_both_or_keep(b, eff_cause_incref(a)), b);
    ck_assert(eff_cause_is_truncated(a) && !eff_cause_is_truncated(b));
    ck_assert_ptr_eq(eff__cause_add_trace(b, &t), b);
    ck_assert_ptr_eq(eff_cause_note(b, eff_int(1), NULL), b);
    eff_cause_decref(shared);
    ck_assert_ptr_eq(eff_cause_note(b, eff_int(1), NULL), b);
    ck_assert(eff_cause_is_truncated(b));
    allocations_fail_at(-1, false);
    eff_cause_t *c = eff_cause_both(a, b);
    ck_assert(eff_cause_is_truncated(c));
    check_text(c, "error (int): 1\n  [more was lost: out of memory]\nin parallel:\n"
                  "  error (int): 2\n    [more was lost: out of memory]");
    ck_assert_ptr_eq(eff__cause_then_or_keep(eff_cause_empty(), NULL), eff__cause_empty);
}
END_TEST

START_TEST(filters_without_memory_keep_a_leaf_that_counts)
{
    eff_cause_t *a = interrupts(1), *mine = eff_cause_incref(a);
    eff_cause_t *c = eff_cause_both(eff_cause_both(fails(1), a), eff_cause_both(dies(2), dies(3)));
    const eff_cause_t *list[] = { mine };
    eff_cause_t *same = eff_cause_incref(c), *other = eff_cause_incref(c);
    eff__freelist_enable(0);
    allocations_fail_at(0, true);
    ck_assert_ptr_eq(eff__cause_without(c, list, 1), c);
    eff_cause_t *kept = eff_cause_strip_failures(same), *defects = eff_cause_keep_defects(other);
    allocations_fail_at(-1, false);
    ck_assert(eff_cause_has_die(kept) && !eff_cause_has_fail(kept));
    ck_assert(eff_cause_has_die(defects) && !eff_cause_has_fail(defects) && !eff_cause_is_interrupted(defects));
    eff_cause_decref(kept);
    eff_cause_decref(defects);
    eff_cause_decref(c);
    eff_cause_decref(mine);
}
END_TEST

/* All that makes, changes or reads a cause, for the sweep. */
static void everything(void)
{
    struct eff__trace t = trace_of("f (a.c:1)", "g (a.c:2)");
    static const eff_site_t forks[] = { "m.c:8" };
    eff_cause_t *mine = interrupts(1);
    eff_cause_t *a = eff_cause_fail(eff_string("counted")), *b = eff_cause_die(eff_error(&eff_any_error, 1, "error"));
    eff_cause_t *held = eff_cause_incref(a);
    eff_value_t name = eff_string("named");
    a = eff__cause_add_forks(eff__cause_add_trace(a, &t), 1, forks, &name);
    eff_value_decref(name);
    for (int i = 0; i < 3; i++)
        a = eff_cause_note(a, eff_printf("note %d", i), "a.c:3");
    eff_cause_t *c = eff__cause_both_or_keep(eff_cause_both(a, eff_cause_then(b, fails(2))), eff_cause_incref(mine));
    c = eff__cause_add_trace(eff_cause_note(c, eff_string("on it all"), NULL), &t);
    eff_cause_t *shared = eff_cause_incref(c);
    c = eff__cause_add_trace(eff_cause_note(c, eff_string("on a copy"), NULL), &t);
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(c, &text);
    eff_buffer_done(&text);
    json_decref(eff_cause_to_json(c));
    (void)eff_cause_equal(c, shared);
    (void)eff_cause_squash(c);
    const eff_cause_t *list[] = { mine };
    c = eff__cause_without(c, list, 1);
    if (!c) c = eff_cause_empty();
    ck_assert(!eff_cause_is_empty(c));
    eff_cause_t *rest = eff_cause_strip_failures(eff_cause_incref(c));
    ck_assert(!eff_cause_has_fail(rest));
    eff_cause_decref(rest);
    rest = eff_cause_keep_defects(c);
    ck_assert(!rest || (!eff_cause_has_fail(rest) && !eff_cause_is_interrupted(rest)));
    eff_cause_decref(rest);
    eff_value_decref(eff_cause_value(shared));
    eff_cause_decref(held);
    eff_cause_decref(mine);
}

START_TEST(every_allocation_may_fail)
{
    fail_every_allocation(everything);
}
END_TEST

/* Filters that have to rebuild a spine, with notes to hand on. */
static void filter_bushy_causes(void)
{
    eff_cause_t *mine = interrupts(1), *c = eff_cause_empty();
    for (int i = 0; i < 4; i++) {
        eff_cause_t *kept = eff_cause_both(eff_cause_then(fails(i), dies(i)), eff_cause_then(dies(i), interrupts(2)));
        c = eff_cause_then(c, eff_cause_both(kept, eff_cause_then(eff_cause_incref(mine), dies(9))));
        c = eff_cause_note(c, eff_string("counted"), "a.c:1");
    }
    const eff_cause_t *list[] = { mine };
    eff_cause_t *without = eff__cause_without(eff_cause_incref(c), list, 1);
    ck_assert(without && eff_cause_has_die(without));
    eff_cause_decref(without);
    eff_cause_t *stripped = eff_cause_strip_failures(eff_cause_incref(c));
    ck_assert(!eff_cause_has_fail(stripped) && eff_cause_has_die(stripped));
    eff_cause_decref(stripped);
    eff_cause_t *defects = eff_cause_keep_defects(c);
    ck_assert(eff_cause_has_die(defects) && !eff_cause_has_fail(defects) && !eff_cause_is_interrupted(defects));
    eff_cause_decref(defects);
    eff_cause_decref(mine);
}

START_TEST(every_allocation_of_the_filters_may_fail)
{
    fail_every_allocation(filter_bushy_causes);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_leaf_answers_for_itself,
        empty_disappears_in_then_and_both,
        then_and_both_answer_for_all_below_them,
        parts_that_are_shared_64_times_over_saturate_the_counts,
        missing_arguments_become_defects_or_reports,
        out_of_memory_as_an_error_is_the_defect_out_of_memory,
        CAUSE_020_squash_prefers_fail_then_die_then_interrupt_then_a_generic_error,
        each_visits_leaves_from_left_to_right_until_told_to_stop,
        CAUSE_022_strip_failures_leaves_only_the_defect,
        CAUSE_025_the_leftmost_failure_is_found_when_any_exists,
        equality_is_structural_and_ignores_notes_and_traces,
        CAUSE_021_keep_defects_keeps_the_shape_and_answers_iff_there_is_a_die,
        notes_belong_to_the_node_and_keep_their_order_and_sites,
        note_on_a_shared_cause_leaves_the_other_holder_alone,
        trace_keeps_the_first_8_and_the_last_24_however_it_is_added,
        forks_are_added_once_and_survive_a_trace,
        forks_keep_the_names_of_their_fibers,
        interrupt_is_recognised_by_identity_also_after_it_was_copied,
        without_gives_null_when_nothing_remains_and_the_same_when_nothing_goes,
        node_that_loses_a_side_hands_its_notes_and_trace_to_the_other,
        common_case_of_without_needs_no_memory,
        constructors_without_memory_give_the_defect_out_of_memory,
        on_the_way_out_the_older_cause_is_kept_and_marked,
        filters_without_memory_keep_a_leaf_that_counts,
        every_allocation_may_fail,
        every_allocation_of_the_filters_may_fail,
    };
    return run_causes_suite("cause", tests, sizeof tests / sizeof *tests);
}
