/* Contexts as data: adding, replacing, merging, looking up, defaults, and the way out without memory. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include <effect/service.h>
#include <effect/type.h>

#include "support/failing_allocator.h"

static char misuse[512];

static void note_misuse(const char *message, void *arg)
{
    (void)arg;
    snprintf(misuse, sizeof misuse, "%s", message);
}

static void setup(void)
{
    misuse[0] = '\0';
    eff_set_misuse_handler(note_misuse, NULL);
}

static eff_value_t default_level(void)
{
    return eff_int(3);
}

static const eff_tag_t db_tag = { "db", NULL };
static const eff_tag_t log_tag = { "log", NULL };
static const eff_tag_t level_tag = { "level", default_level };

static const char *text_of(const eff_context_t *c, const eff_tag_t *tag)
{
    return eff_as_string(eff_context_get(c, tag));
}

START_TEST(empty_context_has_only_defaults)
{
    eff_context_t *c = eff_context_empty();
    ck_assert_ptr_null(eff_context_get(c, &db_tag).type);
    ck_assert_int_eq(eff_as_int(eff_context_get(c, &level_tag)), 3);
    eff_context_decref(c);
    eff_context_decref(c); /* immortal */
}
END_TEST

START_TEST(added_service_is_found_and_overrides_the_default)
{
    eff_context_t *c = eff_context_add(eff_context_empty(), &db_tag, eff_string("postgres"));
    c = eff_context_add(c, &level_tag, eff_int(7));
    ck_assert_str_eq(text_of(c, &db_tag), "postgres");
    ck_assert_int_eq(eff_as_int(eff_context_get(c, &level_tag)), 7);
    ck_assert_ptr_null(eff_context_get(c, &log_tag).type);
    eff_context_decref(c);
}
END_TEST

START_TEST(adding_leaves_the_original_as_it_was)
{
    eff_context_t *c = eff_context_add(eff_context_empty(), &db_tag, eff_string("old"));
    eff_context_t *d = eff_context_add(eff_context_incref(c), &db_tag, eff_string("new"));
    ck_assert_str_eq(text_of(c, &db_tag), "old");
    ck_assert_str_eq(text_of(d, &db_tag), "new");
    eff_context_decref(c);
    ck_assert_str_eq(text_of(d, &db_tag), "new");
    eff_context_decref(d);
}
END_TEST

START_TEST(merge_prefers_what_is_over)
{
    eff_context_t *under = eff_context_add(eff_context_empty(), &db_tag, eff_string("under"));
    under = eff_context_add(under, &log_tag, eff_string("log"));
    eff_context_t *over = eff_context_add(eff_context_empty(), &level_tag, eff_int(1));
    over = eff_context_add(over, &db_tag, eff_string("over"));
    eff_context_t *c = eff_context_merge(under, over);
    ck_assert_str_eq(text_of(c, &db_tag), "over");
    ck_assert_str_eq(text_of(c, &log_tag), "log");
    ck_assert_int_eq(eff_as_int(eff_context_get(c, &level_tag)), 1);

    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_value_t v = eff_context_value(c);
    eff_value_format(v, &b);
    ck_assert_str_eq(eff_buffer_text(&b), "context(db, log, level)");
    eff_buffer_done(&b);
    ck_assert_ptr_eq(eff_as_context(v), c);
    eff_value_decref(v);
}
END_TEST

START_TEST(merge_with_the_empty_context_is_the_other_one)
{
    eff_context_t *c = eff_context_add(eff_context_empty(), &db_tag, eff_int(1));
    ck_assert_ptr_eq(eff_context_merge(eff_context_empty(), eff_context_incref(c)), c);
    ck_assert_ptr_eq(eff_context_merge(eff_context_incref(c), eff_context_empty()), c);
    eff_context_decref(c);
    eff_context_decref(c);
    eff_context_decref(c);
}
END_TEST

#define MANY 200
static eff_tag_t many[MANY];

/* A context of the services from-th to to-th, each of which is its number plus `more`. */
static eff_context_t *numbers(int from, int to, int more)
{
    eff_context_t *c = eff_context_empty();
    for (int i = from; i < to; i++)
        c = eff_context_add(c, &many[i], eff_int(i + more));
    return c;
}

START_TEST(many_services_are_found_and_no_others)
{
    for (int n = 0; n < MANY; n += 1 + n / 2) {
        eff_context_t *c = numbers(0, n, 1000);
        for (int i = 0; i < MANY; i++) {
            eff_value_t found = eff_context_get(c, &many[i]);
            ck_assert(i < n ? eff_as_int(found) == i + 1000 : !found.type);
        }
        eff_context_decref(c);
    }
}
END_TEST

START_TEST(contexts_with_many_in_common_are_merged)
{
    eff_context_t *c = eff_context_merge(numbers(0, 150, 0), numbers(50, MANY, 1000));
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(eff_as_int(eff_context_get(c, &many[i])), i < 50 ? i : i + 1000);
    eff_context_decref(c);
}
END_TEST

START_TEST(services_are_listed_as_they_were_added_whatever_replaces_them)
{
    many[0].name = "a", many[1].name = "b", many[2].name = "c", many[3].name = "d";
    eff_context_t *c = eff_context_merge(numbers(1, 4, 0), numbers(0, 3, 1000));
    eff_value_t v = eff_context_value(eff_context_add(c, &many[3], eff_int(1)));
    eff_buffer_t b = EFF_BUFFER_INIT;
    eff_value_format(v, &b);
    ck_assert_str_eq(eff_buffer_text(&b), "context(b, c, d, a)");
    eff_buffer_done(&b);
    eff_value_decref(v);
}
END_TEST

START_TEST(every_lookup_in_a_context_without_memory_is_out_of_memory)
{
    eff_context_t *c = eff_context_add(eff_context_empty(), &db_tag, eff_oom_value());
    ck_assert(eff_value_is(eff_context_get(c, &db_tag), &eff_oom_type));
    ck_assert(eff_value_is(eff_context_get(c, &level_tag), &eff_oom_type));
    c = eff_context_add(c, &log_tag, eff_string("log"));
    ck_assert(eff_value_is(eff_context_get(c, &log_tag), &eff_oom_type));
    eff_context_t *fine = eff_context_add(eff_context_empty(), &db_tag, eff_string("db"));
    c = eff_context_merge(fine, c);
    ck_assert(eff_value_is(eff_context_get(c, &db_tag), &eff_oom_type));
    ck_assert_ptr_eq(eff_provide_context(eff_succeed(eff_string("x")), eff_context_incref(c)), eff_out_of_memory());
    ck_assert(eff_value_is(eff_context_value(c), &eff_oom_type));
    ck_assert_str_eq(misuse, "");
}
END_TEST

static void make_contexts(void)
{
    eff_context_t *c = eff_context_add(eff_context_empty(), &db_tag, eff_string("a"));
    c = eff_context_add(c, &log_tag, eff_string("b"));
    eff_context_t *d = eff_context_add(eff_context_incref(c), &level_tag, eff_string("c"));
    c = eff_context_merge(c, d);
    bool failed = failing_request >= 0 && requests > failing_request;
    ck_assert(failed == eff_value_is(eff_context_get(c, &db_tag), &eff_oom_type));
    eff_context_decref(c);
}

START_TEST(every_allocation_may_fail)
{
    fail_every_allocation(make_contexts);
}
END_TEST

START_TEST(missing_arguments_are_reported)
{
    eff_context_t *c = eff_context_add(eff_context_empty(), &db_tag, (eff_value_t){ .type = NULL });
    ck_assert_str_eq(misuse, "eff_context_add: an argument is missing");
    ck_assert_ptr_eq(c, eff_context_empty());
    misuse[0] = '\0';
    c = eff_context_add(NULL, &db_tag, eff_string("dropped"));
    ck_assert_ptr_eq(c, eff_context_empty());
    ck_assert_str_ne(misuse, "");
    misuse[0] = '\0';
    ck_assert_ptr_eq(eff_context_merge(NULL, c), c);
    ck_assert_str_ne(misuse, "");
    misuse[0] = '\0';
    ck_assert_ptr_null(eff_context_get(NULL, &db_tag).type);
    ck_assert_str_ne(misuse, "");
    misuse[0] = '\0';
    ck_assert_ptr_eq(eff_as_context(eff_int(1)), c);
    ck_assert_str_eq(misuse, "read a value of type int as context: 1");
    ck_assert_ptr_null(eff_context_incref(NULL));
    eff_context_decref(NULL);
}
END_TEST

/* ---- services as values */

typedef struct counter {
    int64_t n;
} counter_t;
EFF_STATIC_TYPE(counter, counter_t, 0);

static void foreign_free(counter_t *c)
{
    (void)c;
}
EFF_STATIC_BOX(foreign, counter_t, .drop = foreign_free);

START_TEST(service_is_a_borrowed_pointer_a_payload_or_what_a_box_holds)
{
    counter_t borrowed = { 1 };
    eff_value_t payload = counter_make((counter_t){ 2 }), box = foreign_box(&borrowed);
    ck_assert_ptr_eq(eff__service_of(eff_ptr(&borrowed)), &borrowed);
    ck_assert_ptr_eq(eff__service_of(payload), counter_of(payload));
    ck_assert_ptr_eq(eff__service_of(box), &borrowed);
    ck_assert_ptr_null(eff__service_of((eff_value_t){ .type = NULL }));
    ck_assert_ptr_null(eff__service_of(eff_oom_value()));
    ck_assert_str_eq(misuse, "");
    ck_assert_ptr_null(eff__service_of(eff_int(5)));
    ck_assert_str_eq(misuse, "read a value of type int as pointer: 5");
    eff_value_decref(payload);
    eff_value_decref(box);
}
END_TEST

int main(void)
{
    failing_allocator_install();
    Suite *s = suite_create("context");
    TCase *t = tcase_create("context");
    tcase_add_checked_fixture(t, setup, no_block_is_live);
    tcase_add_test(t, empty_context_has_only_defaults);
    tcase_add_test(t, added_service_is_found_and_overrides_the_default);
    tcase_add_test(t, adding_leaves_the_original_as_it_was);
    tcase_add_test(t, merge_prefers_what_is_over);
    tcase_add_test(t, merge_with_the_empty_context_is_the_other_one);
    tcase_add_test(t, many_services_are_found_and_no_others);
    tcase_add_test(t, contexts_with_many_in_common_are_merged);
    tcase_add_test(t, services_are_listed_as_they_were_added_whatever_replaces_them);
    tcase_add_test(t, every_lookup_in_a_context_without_memory_is_out_of_memory);
    tcase_add_test(t, every_allocation_may_fail);
    tcase_add_test(t, missing_arguments_are_reported);
    tcase_add_test(t, service_is_a_borrowed_pointer_a_payload_or_what_a_box_holds);
    suite_add_tcase(s, t);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
