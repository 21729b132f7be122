/* Errors: kinds, text, what caused what, errno and getaddrinfo. */
#include <check.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <effect/error.h>

static char last_misuse[600];
static int n_misuses;

static void note_misuse(const char *message, void *arg)
{
    (void)arg;
    n_misuses++;
    snprintf(last_misuse, sizeof last_misuse, "%s", message);
}

static void setup(void)
{
    n_misuses = 0;
    eff_set_misuse_handler(note_misuse, NULL);
}

/* Consumes v. */
#define ck_assert_formats(v, expected)                                                                                 \
    do {                                                                                                               \
        eff_value_t v_ = (v);                                                                                          \
        eff_buffer_t b_ = EFF_BUFFER_INIT;                                                                             \
        eff_value_format(v_, &b_);                                                                                     \
        ck_assert_str_eq(eff_buffer_text(&b_), (expected));                                                            \
        eff_buffer_done(&b_);                                                                                          \
        eff_value_decref(v_);                                                                                          \
    } while (0)

static const eff_error_kind_t http_error = { "http", NULL };
static const eff_error_kind_t client_error = { "bad request", &http_error };

START_TEST(error_carries_kind_code_and_message)
{
    eff_value_t v = eff_error(&client_error, 404, "GET %s", "/x");
    const eff_error_t *e = eff_as_error(v);
    ck_assert_ptr_eq(e->kind, &client_error);
    ck_assert_int_eq(e->code, 404);
    ck_assert_str_eq(e->message, "GET /x");
    ck_assert(eff_value_is(e->inner, &eff_unit_type));
    ck_assert(eff_value_is(v, &eff_error_type));
    eff_value_decref(v);
}
END_TEST

START_TEST(kind_is_itself_and_each_of_its_parents)
{
    eff_value_t v = eff_error(&client_error, 0, "x");
    ck_assert(eff_error_is(v, &client_error));
    ck_assert(eff_error_is(v, &http_error));
    ck_assert(!eff_error_is(v, &eff_any_error));
    ck_assert(!eff_error_is(v, &eff_timeout_error));
    ck_assert(!eff_error_is(v, NULL));
    ck_assert(!eff_error_is(eff_int(1), &http_error));
    ck_assert(!eff_error_is(eff_oom_value(), &eff_any_error));
    ck_assert_int_eq(n_misuses, 0);
    eff_value_decref(v);
}
END_TEST

START_TEST(kinds_of_the_library_descend_from_any)
{
    const eff_error_kind_t *kinds[] = { &eff_system_error,  &eff_not_found_error,  &eff_permission_error,
                                        &eff_exists_error,  &eff_connection_error, &eff_dns_error,
                                        &eff_timeout_error, &eff_closed_error,     &eff_argument_error,
                                        &eff_config_error,  &eff_any_error };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        eff_value_t v = eff_error(kinds[i], 0, "x");
        ck_assert(eff_error_is(v, &eff_any_error));
        eff_value_decref(v);
    }
}
END_TEST

START_TEST(text_is_kind_message_and_what_caused_it)
{
    ck_assert_formats(eff_error(&eff_timeout_error, 0, "weather of %s", "berlin"), "timed out: weather of berlin");
    ck_assert_formats(eff_error(&eff_closed_error, 0, "%s", ""), "closed");
    ck_assert_formats(eff_error(&http_error, 503, "GET /"), "http: GET / (code 503)");
    eff_value_t inner = eff_error_errno(ENOENT, "open %s", "a.json");
    eff_value_t middle = eff_error_caused(inner, &eff_config_error, 0, "load services");
    ck_assert_formats(eff_error_caused(middle, &http_error, 0, "start"),
                      "http: start, because: configuration: load services, because: "
                      "not found: open a.json: No such file or directory");
    ck_assert_formats(eff_error_caused(eff_string("plain text"), &http_error, 0, "x"), "http: x, because: plain text");
    ck_assert_formats(EFF_ARRAY(eff_error_caused(eff_string("quoted"), &http_error, 0, "x"), eff_int(1)),
                      "[http: x, because: \"quoted\", 1]");
}
END_TEST

START_TEST(long_messages_are_kept_whole)
{
    for (int width = 250; width < 262; width++) {
        eff_value_t v = eff_error(&http_error, 0, "%*d", width, 7);
        ck_assert_uint_eq(strlen(eff_as_error(v)->message), (size_t)width);
        eff_value_decref(v);
        v = eff_error_errno(EIO, "%*d", width, 7);
        ck_assert_uint_eq(strlen(eff_as_error(v)->message), (size_t)width + 2 + strlen("Input/output error"));
        eff_value_decref(v);
    }
}
END_TEST

START_TEST(errno_finds_its_kind)
{
    static const struct {
        int err;
        const eff_error_kind_t *kind;
    } cases[] = { { ENOENT, &eff_not_found_error },
                  { EACCES, &eff_permission_error },
                  { EPERM, &eff_permission_error },
                  { EEXIST, &eff_exists_error },
                  { ECONNREFUSED, &eff_connection_error },
                  { EPIPE, &eff_connection_error },
                  { ETIMEDOUT, &eff_timeout_error },
                  { EIO, &eff_system_error },
                  { 0, &eff_system_error },
                  { 99999, &eff_system_error } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eff_value_t v = eff_error_errno(cases[i].err, "write");
        ck_assert_ptr_eq(eff_as_error(v)->kind, cases[i].kind);
        ck_assert_int_eq(eff_as_error(v)->code, cases[i].err);
        eff_value_decref(v);
    }
    ck_assert_formats(eff_error_errno(EPIPE, "write"), "connection failed: write: Broken pipe");
    ck_assert_formats(eff_error_errno(0, "write"), "system error: write: errno is 0: what failed did not say why");
}
END_TEST

START_TEST(failed_lookup_says_why)
{
    eff_value_t v = eff_error_gai(EAI_NONAME, "look up %s", "nowhere.invalid");
    ck_assert(eff_error_is(v, &eff_dns_error));
    ck_assert_int_eq(eff_as_error(v)->code, EAI_NONAME);
    ck_assert_formats(v, "name lookup failed: look up nowhere.invalid: Name or service not known");
    errno = EMFILE;
    ck_assert_formats(eff_error_gai(EAI_SYSTEM, "x"), "name lookup failed: x: Too many open files");
    ck_assert_formats(eff_error_gai(-90001, "x"), "name lookup failed: x: the lookup was canceled");
}
END_TEST

START_TEST(wrong_type_reads_as_an_empty_error_and_is_reported)
{
    const eff_error_t *e = eff_as_error(eff_int(1));
    ck_assert_ptr_eq(e->kind, &eff_any_error);
    ck_assert_str_eq(e->message, "");
    ck_assert_int_eq(e->code, 0);
    ck_assert(eff_value_is(e->inner, &eff_unit_type));
    ck_assert_int_eq(n_misuses, 1);
    ck_assert_str_eq(last_misuse, "read a value of type int as error: 1");
}
END_TEST

START_TEST(missing_kind_and_absent_cause_are_mistakes)
{
    eff_value_t v = eff_error(NULL, 0, "x");
    ck_assert_ptr_eq(eff_as_error(v)->kind, &eff_any_error);
    ck_assert_str_eq(last_misuse, "eff_error was given no kind");
    eff_value_decref(v);
    v = eff_error_caused((eff_value_t){ .type = NULL, .integer = 0 }, &http_error, 0, "x");
    ck_assert_str_eq(last_misuse, "eff_error was given an absent value");
    ck_assert_formats(v, "http: x");
    ck_assert_int_eq(n_misuses, 2);
}
END_TEST

START_TEST(equal_errors_agree_in_everything)
{
    eff_value_t a = eff_error(&http_error, 1, "x"), b = eff_error(&http_error, 1, "x");
    ck_assert(eff_value_equal(a, b));
    ck_assert_uint_eq(eff_value_hash(a), eff_value_hash(b));
    static const eff_error_kind_t namesake = { "http", NULL };
    eff_value_t others[] = { eff_error(&namesake, 1, "x"), eff_error(&client_error, 1, "x"),
                             eff_error(&http_error, 2, "x"), eff_error(&http_error, 1, "y"),
                             eff_error_caused(eff_int(1), &http_error, 1, "x") };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert(!eff_value_equal(a, others[i]));
        int order = eff_value_compare(a, others[i]);
        ck_assert_int_ne(order, 0);
        ck_assert_int_eq(order > 0, eff_value_compare(others[i], a) < 0);
        eff_value_decref(others[i]);
    }
    eff_value_decref(a);
    eff_value_decref(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("error");
    TCase *tc = tcase_create("error");
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, error_carries_kind_code_and_message);
    tcase_add_test(tc, kind_is_itself_and_each_of_its_parents);
    tcase_add_test(tc, kinds_of_the_library_descend_from_any);
    tcase_add_test(tc, text_is_kind_message_and_what_caused_it);
    tcase_add_test(tc, long_messages_are_kept_whole);
    tcase_add_test(tc, errno_finds_its_kind);
    tcase_add_test(tc, failed_lookup_says_why);
    tcase_add_test(tc, wrong_type_reads_as_an_empty_error_and_is_reported);
    tcase_add_test(tc, missing_kind_and_absent_cause_are_mistakes);
    tcase_add_test(tc, equal_errors_agree_in_everything);
    suite_add_tcase(s, tc);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int n = srunner_ntests_failed(sr);
    srunner_free(sr);
    return n ? EXIT_FAILURE : EXIT_SUCCESS;
}
