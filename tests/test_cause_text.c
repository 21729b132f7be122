/* Causes as people and programs read them: text and JSON. */
#include <effect/type.h>

#include "support/causes.h"

/* ---- text */

START_TEST(text_reads_like_a_stack_trace)
{
    struct eff__trace t = trace_of("read_config (config.c:41)", "load (main.c:12)");
    static const eff_site_t forks[] = { "main.c:88" };
    eff_cause_t *c = eff_cause_fail(eff_error_errno(2, "open %s", "services.json"));
    c = eff__cause_add_forks(eff__cause_add_trace(c, &t), 1, forks, NULL);
    c = eff_cause_note(c, eff_literal("while starting the health checker"), "main.c:14");
    c = eff_cause_then(c, eff_cause_die(eff_literal("callback close_db (db.c:33) returned NULL")));
    c = eff_cause_both(c, eff_cause_interrupt(3, EFF_INTERRUPT_RACE_LOST, "main.c:20"));
    check_text(c, "error: not found: open services.json: No such file or directory\n"
                  "  at read_config (config.c:41)\n"
                  "  at load (main.c:12)\n"
                  "  forked at main.c:88\n"
                  "  note: while starting the health checker (main.c:14)\n"
                  "then, while handling it:\n"
                  "  defect: callback close_db (db.c:33) returned NULL\n"
                  "in parallel:\n"
                  "  interrupted by fiber 3 (race lost) at main.c:20");
}
END_TEST

START_TEST(chains_of_one_tag_read_alike_however_they_were_nested)
{
    const char *text = "error (int): 1\nin parallel:\n  error (int): 2\nin parallel:\n  error (int): 3";
    check_text(eff_cause_both(eff_cause_both(fails(1), fails(2)), fails(3)), text);
    check_text(eff_cause_both(fails(1), eff_cause_both(fails(2), fails(3))), text);
}
END_TEST

START_TEST(right_side_of_another_tag_is_an_indented_group)
{
    check_text(eff_cause_then(fails(1), eff_cause_both(eff_cause_then(fails(2), fails(3)), dies(4))),
               "error (int): 1\n"
               "then, while handling it:\n"
               "  error (int): 2\n"
               "  then, while handling it:\n"
               "    error (int): 3\n"
               "  in parallel:\n"
               "    defect (int): 4");
    check_text(eff_cause_both(fails(1), eff_cause_both(eff_cause_then(fails(2), fails(3)), fails(4))),
               "error (int): 1\n"
               "in parallel:\n"
               "  error (int): 2\n"
               "  then, while handling it:\n"
               "    error (int): 3\n"
               "in parallel:\n"
               "  error (int): 4");
}
END_TEST

START_TEST(what_several_causes_share_comes_after_the_last_of_them)
{
    struct eff__trace t = trace_of("gather (main.c:30)", NULL);
    eff_cause_t *both = eff__cause_add_trace(eff_cause_both(fails(1), fails(2)), &t);
    check_text(eff_cause_incref(both), "error (int): 1\n"
                                       "in parallel:\n"
                                       "  error (int): 2\n"
                                       "both, on the way out:\n"
                                       "  at gather (main.c:30)");
    check_text(eff_cause_then(dies(0), eff_cause_incref(both)), "defect (int): 0\n"
                                                                "then, while handling it:\n"
                                                                "  error (int): 1\n"
                                                                "  in parallel:\n"
                                                                "    error (int): 2\n"
                                                                "  the last 2, on the way out:\n"
                                                                "    at gather (main.c:30)");
    check_text(eff_cause_then(eff_cause_incref(both), dies(3)), "error (int): 1\n"
                                                                "in parallel:\n"
                                                                "  error (int): 2\n"
                                                                "both, on the way out:\n"
                                                                "  at gather (main.c:30)\n"
                                                                "then, while handling it:\n"
                                                                "  defect (int): 3");
    eff_cause_t *three = eff_cause_both(dies(0), both);
    check_text(eff_cause_note(three, eff_literal("at night"), "main.c:40"), "defect (int): 0\n"
                                                                            "in parallel:\n"
                                                                            "  error (int): 1\n"
                                                                            "in parallel:\n"
                                                                            "  error (int): 2\n"
                                                                            "  the last 2, on the way out:\n"
                                                                            "    at gather (main.c:30)\n"
                                                                            "all 3, on the way out:\n"
                                                                            "  note: at night (main.c:40)");
}
END_TEST

START_TEST(values_are_shown_with_their_type_and_strings_of_defects_as_they_are)
{
    check_text(eff_cause_fail(eff_literal("boom")), "error (string): boom");
    check_text(eff_cause_die(eff_literal("boom")), "defect: boom");
    check_text(eff_cause_die(eff_int(1)), "defect (int): 1");
    check_text(eff_cause_die(eff_error(&eff_any_error, 0, "broken")), "defect: broken");
    check_text(eff_cause_interrupt(0, EFF_INTERRUPT_SHUTDOWN, NULL), "interrupted (shutdown)");
    check_text(eff_cause_interrupt(1, (eff_interrupt_reason_t)99, NULL), "interrupted by fiber 1 (unknown reason)");
    check_text(eff_cause_empty(), "empty cause");
    for (int i = EFF_INTERRUPT_EXPLICIT; i <= EFF_INTERRUPT_SHUTDOWN; i++) {
        eff_interrupt_reason_t reason;
        eff_cause_t *c = eff__cause_static_interrupt((eff_interrupt_reason_t)i);
        ck_assert(eff_cause_interruption(c, NULL, &reason, NULL) && (int)reason == i);
    }
}
END_TEST

START_TEST(control_characters_are_escaped_and_utf8_is_kept)
{
    check_text(eff_cause_fail(eff_string_n("a\n\x1b[31mred\r\t\0\x7f", 14)),
               "error (string): a\\n\\x1b[31mred\\r\\t\\x00\\x7f");
    check_text(eff_cause_fail(eff_literal("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80")),
               "error (string): gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
    /* a stray byte, overlong, a surrogate, above U+10FFFF, cut short */
    check_text(eff_cause_fail(eff_literal("\x80 \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x82")),
               "error (string): \\x80 \\xc0\\xaf \\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80 \\xe2\\x82");
    /* C1 controls and line separators, which terminals and log readers obey */
    check_text(eff_cause_fail(eff_literal("\xc2\x9b"
                                          "31m \xe2\x80\xa8")),
               "error (string): \\u009b31m \\u2028");
    check_text(eff_cause_note(fails(1), eff_literal("n\nn"), "si\nte"), "error (int): 1\n  note: n\\nn (si\\nte)");
    check_text(eff_cause_fail(eff_error(&eff_any_error, 0, "two\nlines")), "error: two\\nlines");
}
END_TEST

START_TEST(long_traces_and_many_notes_say_how_much_is_left_out)
{
    struct eff__trace t = { 0 };
    for (int i = 0; i < 50; i++)
        eff__trace_add(&t, numbered[i]);
    eff_buffer_t expected = EFF_BUFFER_INIT;
    eff_buffer_add(&expected, "error (int): 1");
    for (int i = 0; i < 50; i++) {
        if (i == 8) eff_buffer_add(&expected, "\n  \xe2\x80\xa6 18 more \xe2\x80\xa6");
        if (i < 8 || i >= 26) eff_buffer_printf(&expected, "\n  at s%d", i);
    }
    for (int i = 0; i < 40; i++) {
        if (i == 8) eff_buffer_add(&expected, "\n  \xe2\x80\xa6 8 more \xe2\x80\xa6");
        if (i < 8 || i >= 16) eff_buffer_printf(&expected, "\n  note: %d", i);
    }
    eff_cause_t *c = eff__cause_add_trace(fails(1), &t);
    for (int i = 0; i < 40; i++)
        c = eff_cause_note(c, eff_int(i), NULL);
    check_text(c, eff_buffer_text(&expected));
    eff_buffer_done(&expected);
}
END_TEST

typedef struct mute {
    int unused;
} mute_t;

static void mute_format(const mute_t *m, eff_buffer_t *out)
{
    (void)m;
    (void)out;
}

static struct json_t *mute_to_json(const mute_t *m)
{
    (void)m;
    return NULL;
}

EFF_STATIC_TYPE(mute, mute_t, .format = mute_format, .to_json = mute_to_json);

/* CAUSE-027 */
START_TEST(CAUSE_027_an_error_whose_own_formatting_fails_is_shown_by_its_type)
{
    check_text(eff_cause_fail(EFF_ENV(mute, 0)), "error (mute): mute");
    eff_cause_t *c = eff_cause_fail(EFF_ENV(mute, 0));
    json_t *json = eff_cause_to_json(c);
    ck_assert_ptr_nonnull(json);
    ck_assert_str_eq(json_string_value(json_object_get(json, "type")), "mute");
    json_decref(json);
    eff_cause_decref(c);
}
END_TEST

START_TEST(print_ends_the_text_with_a_newline)
{
    char text[128] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    eff_cause_t *c = eff_cause_both(fails(1), fails(2));
    eff_cause_print(c, out);
    fclose(out);
    eff_cause_decref(c);
    ck_assert_str_eq(text, "error (int): 1\nin parallel:\n  error (int): 2\n");
}
END_TEST

START_TEST(causes_inside_values_inside_causes_are_cut_off_somewhere)
{
    eff_cause_t *a = fails(1), *b = fails(1);
    for (int i = 0; i < 10000; i++) {
        a = eff_cause_fail(eff_cause_value(a));
        b = eff_cause_fail(eff_cause_value(b));
    }
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(a, &text);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "error (cause): \xe2\x80\xa6"));
    eff_buffer_done(&text);
    json_t *json = eff_cause_to_json(a);
    ck_assert_ptr_nonnull(json);
    json_decref(json);
    ck_assert(!eff_cause_equal(a, b) && eff_cause_equal(a, a));
    eff_value_t va = eff_cause_value(a), vb = eff_cause_value(b);
    ck_assert_uint_eq(eff_value_hash(va), eff_value_hash(vb));
    ck_assert_int_eq(eff_value_compare(va, vb), -eff_value_compare(vb, va));
    eff_value_decref(va);
    eff_value_decref(vb);
}
END_TEST

START_TEST(cause_is_printed_without_memory)
{
    char text[512] = "";
    eff_cause_t *c = eff_cause_then(eff_cause_fail(eff_error(&eff_closed_error, 0, "the queue is gone")),
                                    eff_cause_incref(eff__cause_oom));
    c = eff_cause_both(c, eff_cause_fail(eff_string("boom")));
    c = eff_cause_both(c, interrupts(4));
    FILE *out = fmemopen(text, sizeof text, "w");
    eff__freelist_enable(0);
    allocations_fail_at(0, true);
    eff_cause_print(c, out);
    allocations_fail_at(-1, false);
    fclose(out);
    eff_cause_decref(c);
    ck_assert_str_eq(text, "error: the queue is gone [cut: out of memory]\n"
                           "then, while handling it:\n"
                           "  defect: out of memory\n"
                           "in parallel:\n"
                           "  error (string): boom\n"
                           "in parallel:\n"
                           "  interrupted by fiber 4 (explicit)\n");
}
END_TEST

/* ---- JSON */

START_TEST(json_has_tags_values_traces_and_notes)
{
    struct eff__trace t = trace_of("f (a.c:1)", NULL);
    static const eff_site_t forks[] = { "m.c:8" };
    eff_cause_t *c = eff__cause_add_forks(eff__cause_add_trace(fails(1), &t), 1, forks, NULL);
    c = eff_cause_note(c, eff_literal("why"), "a.c:7");
    c = eff_cause_both(c, eff_cause_then(eff_cause_interrupt(3, EFF_INTERRUPT_TIMEOUT, NULL), dies(2)));
    check_json(c, "{\"tag\":\"both\",\"children\":["
                  "{\"tag\":\"fail\",\"type\":\"int\",\"value\":1,\"trace\":[\"f (a.c:1)\"],\"forks\":[\"m.c:8\"],"
                  "\"notes\":[{\"value\":\"why\",\"site\":\"a.c:7\"}]},"
                  "{\"tag\":\"then\",\"children\":["
                  "{\"tag\":\"interrupt\",\"by\":3,\"reason\":\"timeout\",\"site\":null},"
                  "{\"tag\":\"die\",\"type\":\"int\",\"value\":2}]}]}");
    check_json(eff_cause_empty(), "{\"tag\":\"empty\"}");
    static const eff_site_t two[] = { "m.c:8", "m.c:9" };
    const eff_value_t names[] = { eff_unit, eff_literal("worker") };
    check_json(eff__cause_add_forks(fails(1), 2, two, names),
               "{\"tag\":\"fail\",\"type\":\"int\",\"value\":1,\"forks\":[\"m.c:8\",\"m.c:9\"],"
               "\"fork_names\":[null,\"worker\"]}");
}
END_TEST

START_TEST(json_puts_a_chain_of_one_tag_into_one_object)
{
    const char *text =
        "{\"tag\":\"then\",\"children\":[{\"tag\":\"fail\",\"type\":\"int\",\"value\":1},"
        "{\"tag\":\"fail\",\"type\":\"int\",\"value\":2},{\"tag\":\"fail\",\"type\":\"int\",\"value\":3}]}";
    check_json(eff_cause_then(eff_cause_then(fails(1), fails(2)), fails(3)), text);
    check_json(eff_cause_then(fails(1), eff_cause_then(fails(2), fails(3))), text);
    eff_cause_t *noted = eff_cause_note(eff_cause_then(fails(2), fails(3)), eff_int(9), NULL);
    check_json(eff_cause_then(fails(1), noted),
               "{\"tag\":\"then\",\"children\":[{\"tag\":\"fail\",\"type\":\"int\",\"value\":1},"
               "{\"tag\":\"then\",\"covers\":2,\"notes\":[{\"value\":9,\"site\":null}]},"
               "{\"tag\":\"fail\",\"type\":\"int\",\"value\":2},{\"tag\":\"fail\",\"type\":\"int\",\"value\":3}]}");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        text_reads_like_a_stack_trace,
        chains_of_one_tag_read_alike_however_they_were_nested,
        right_side_of_another_tag_is_an_indented_group,
        what_several_causes_share_comes_after_the_last_of_them,
        values_are_shown_with_their_type_and_strings_of_defects_as_they_are,
        control_characters_are_escaped_and_utf8_is_kept,
        long_traces_and_many_notes_say_how_much_is_left_out,
        CAUSE_027_an_error_whose_own_formatting_fails_is_shown_by_its_type,
        print_ends_the_text_with_a_newline,
        causes_inside_values_inside_causes_are_cut_off_somewhere,
        cause_is_printed_without_memory,
        json_has_tags_values_traces_and_notes,
        json_puts_a_chain_of_one_tag_into_one_object,
    };
    return run_causes_suite("cause_text", tests, sizeof tests / sizeof *tests);
}
