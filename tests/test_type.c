/* Types of users' own: the generated functions, hooks, boxes, handles, and how nested ones are dropped. */
#include <check.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <effect/type.h>

#include "core/value.h"

/* ---- a counting allocator */

static long n_live, n_requests;
static long fail_at = -1;

static void *counting_malloc(size_t size, void *ctx)
{
    (void)ctx;
    void *p = n_requests++ == fail_at ? NULL : malloc(size);
    if (p) n_live++;
    return p;
}

static void *counting_realloc(void *p, size_t size, void *ctx)
{
    if (!p) return counting_malloc(size, ctx);
    return n_requests++ == fail_at ? NULL : realloc(p, size);
}

static void counting_free(void *p, void *ctx)
{
    (void)ctx;
    n_live--;
    free(p);
}

/* ---- what every test begins and ends with */

static char last_misuse[600];
static int n_misuses;

static void note_misuse(const char *message, void *arg)
{
    (void)arg;
    n_misuses++;
    snprintf(last_misuse, sizeof last_misuse, "%s", message);
}

static char journal[200]; /* the names of dropped users, in order */

static void setup(void)
{
    n_misuses = 0;
    journal[0] = '\0';
    eff__freelist_enable(0);
    eff_set_misuse_handler(note_misuse, NULL);
}

static void teardown(void)
{
    eff_trim();
    ck_assert_int_eq(n_live, 0);
}

/* ---- the types under test */

typedef struct user {
    int64_t id;
    char *name;
    eff_value_t friends;
} user_t;

static void user_clear(user_t *u)
{
    if (u->name) strncat(journal, u->name, sizeof journal - strlen(journal) - 1);
    free(u->name);
    eff_value_decref(u->friends);
}

static bool user_same(const user_t *a, const user_t *b)
{
    return a->id == b->id;
}

static uint64_t user_digest(const user_t *u)
{
    return (uint64_t)u->id;
}

static int user_order(const user_t *a, const user_t *b)
{
    return (a->id > b->id) - (a->id < b->id);
}

static void user_print(const user_t *u, eff_buffer_t *out)
{
    eff_buffer_printf(out, "user %s", u->name);
}

static json_t *user_json(const user_t *u)
{
    return json_pack("{s:I}", "id", (json_int_t)u->id);
}

EFF_STATIC_TYPE(user, user_t, .drop = user_clear, .equal = user_same, .hash = user_digest, .compare = user_order,
                .format = user_print, .to_json = user_json);

typedef struct point {
    int x, y;
} point_t;

EFF_DECLARE_TYPE(point, point_t);

EFF_DEFINE_TYPE(point, point_t, .format = NULL);

static eff_value_t named(const char *name, int64_t id, eff_value_t friends)
{
    return user_make((user_t){ .id = id, .name = strdup(name), .friends = friends });
}

static eff_value_t nobody(void)
{
    return (eff_value_t){ .type = NULL, .integer = 0 };
}

/* ---- the generated functions */

START_TEST(made_value_reads_back_and_is_dropped_once)
{
    eff_value_t v = named("ada", 1, nobody());
    ck_assert_ptr_eq(eff_type_of(v), &user_type);
    ck_assert_str_eq(user_of(v)->name, "ada");
    eff_value_decref(eff_value_incref(v));
    ck_assert_str_eq(journal, "");
    eff_value_decref(v);
    ck_assert_str_eq(journal, "ada");
}
END_TEST

START_TEST(env_makes_a_struct_of_captures)
{
    eff_value_t v = EFF_ENV(point, .x = 3, .y = 4);
    ck_assert_int_eq(point_of(v)->x + point_of(v)->y, 7);
    eff_value_decref(v);
}
END_TEST

START_TEST(make_without_memory_drops_what_init_owns)
{
    fail_at = n_requests;
    eff_value_t v = named("ada", 1, eff_literal("friends"));
    fail_at = -1;
    ck_assert(eff_value_is(v, &eff_oom_type));
    ck_assert_str_eq(journal, "ada");
}
END_TEST

START_TEST(payload_pointers_count_references)
{
    eff_value_t v = named("ada", 1, nobody());
    user_t *u = user_incref(user_of(v));
    eff_value_decref(v);
    ck_assert_str_eq(u->name, "ada");
    user_t *taken = user_take(user_value(u));
    ck_assert_ptr_eq(taken, u);
    user_decref(taken);
    ck_assert_str_eq(journal, "ada");
    user_decref(user_incref(NULL));
    ck_assert_ptr_null(user_value(NULL).type);
}
END_TEST

START_TEST(take_of_the_wrong_type_gives_null_and_drops_the_value)
{
    ck_assert_ptr_null(user_take(eff_string("x")));
    ck_assert_str_eq(last_misuse, "read a value of type string as user: \"x\"");
}
END_TEST

START_TEST(wrong_type_gives_a_cleared_dummy)
{
    point_t *p = point_of(eff_int(1));
    ck_assert_int_eq(p->x, 0);
    p->x = 9;
    ck_assert_int_eq(point_of(eff_unit)->x, 0);
    ck_assert_int_eq(n_misuses, 2);
    ck_assert_str_eq(last_misuse, "read a value of type unit as point");
}
END_TEST

START_TEST(dummy_is_immortal)
{
    user_t *u = user_of(eff_int(1));
    user_incref(u);
    for (int i = 0; i < 5; i++)
        user_decref(u);
    eff_value_t v = user_value(u);
    eff_value_decref(eff_pair(eff_value_incref(v), v));
    ck_assert_ptr_null(u->name);
    ck_assert_int_eq(n_misuses, 1);
}
END_TEST

/* ---- hooks */

START_TEST(hooks_are_used_inside_other_values_too)
{
    eff_value_t a = EFF_ARRAY(named("ada", 1, nobody())), b = EFF_ARRAY(named("bob", 1, nobody()));
    eff_value_t c = EFF_ARRAY(named("cyd", 2, nobody()));
    ck_assert(eff_value_equal(a, b));
    ck_assert(!eff_value_equal(a, c));
    ck_assert_int_lt(eff_value_compare(a, c), 0);
    ck_assert_uint_eq(eff_value_hash(a), eff_value_hash(b));
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_value_format(c, &text);
    ck_assert_str_eq(eff_buffer_text(&text), "[user cyd]");
    eff_buffer_done(&text);
    json_t *json = eff_value_to_json(c);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(json, 0), "id")), 2);
    json_decref(json);
    eff_value_decref(a);
    eff_value_decref(b);
    eff_value_decref(c);
}
END_TEST

START_TEST(type_without_hooks_goes_by_address_and_name)
{
    eff_value_t a = EFF_ENV(point, .x = 1), b = EFF_ENV(point, .x = 1);
    ck_assert(eff_value_equal(a, a));
    ck_assert(!eff_value_equal(a, b));
    ck_assert_int_eq(eff_value_compare(a, b) < 0, eff_value_compare(b, a) > 0);
    ck_assert_uint_eq(eff_value_hash(a), eff_value_hash(a));
    json_t *json = eff_value_to_json(a);
    ck_assert_str_eq(json_string_value(json), "point");
    json_decref(json);
    eff_value_decref(a);
    eff_value_decref(b);
}
END_TEST

START_TEST(types_of_users_are_ordered_by_name_after_the_others)
{
    eff_value_t p = EFF_ENV(point, .x = 1), u = named("u", 1, nobody());
    ck_assert_int_lt(eff_value_compare(p, u), 0);
    ck_assert_int_gt(eff_value_compare(u, p), 0);
    ck_assert_int_lt(eff_value_compare(eff_oom_value(), p), 0);
    eff_value_decref(p);
    eff_value_decref(u);
}
END_TEST

/* ---- boxes */

static void free_text(char *text)
{
    strncat(journal, text, sizeof journal - strlen(journal) - 1);
    free(text);
}

EFF_STATIC_BOX(text, char, .drop = free_text);

START_TEST(box_frees_the_foreign_pointer)
{
    char *foreign = strdup("foreign");
    eff_value_t v = text_box(foreign);
    ck_assert_ptr_eq(text_of(v), foreign);
    ck_assert_ptr_null(text_of(eff_int(1)));
    ck_assert_int_eq(n_misuses, 1);
    ck_assert(eff_value_equal(v, v));
    eff_value_decref(v);
    ck_assert_str_eq(journal, "foreign");
}
END_TEST

START_TEST(box_without_memory_frees_the_pointer_too)
{
    fail_at = n_requests;
    ck_assert(eff_value_is(text_box(strdup("gone")), &eff_oom_type));
    fail_at = -1;
    ck_assert_str_eq(journal, "gone");
}
END_TEST

typedef struct place place_t;
EFF_STATIC_BOX(place, place_t, .drop = NULL);

START_TEST(boxes_of_one_pointer_are_equal)
{
    static char shared[2];
    eff_value_t a = place_box((place_t *)shared), b = place_box((place_t *)shared);
    eff_value_t c = place_box((place_t *)(shared + 1));
    ck_assert(eff_value_equal(a, b));
    ck_assert_uint_eq(eff_value_hash(a), eff_value_hash(b));
    ck_assert_int_eq(eff_value_compare(a, b), 0);
    ck_assert(!eff_value_equal(a, c));
    ck_assert_int_lt(eff_value_compare(a, c), 0);
    eff_value_decref(a);
    eff_value_decref(b);
    eff_value_decref(c);
}
END_TEST

/* ---- how nested values are dropped */

START_TEST(nested_values_are_dropped_depth_first_in_order)
{
    eff_value_t b = named("b", 1, EFF_ARRAY(named("c", 1, nobody()), named("d", 1, nobody())));
    eff_value_t e = named("e", 1, eff_pair(named("f", 1, nobody()), named("g", 1, nobody())));
    eff_value_decref(named("a", 1, eff_pair(b, e)));
    ck_assert_str_eq(journal, "abcdefg");
}
END_TEST

static void blob_drop(void *payload)
{
    eff_buffer_done(payload);
}

START_TEST(payloads_of_every_size_class_survive_the_worklist)
{
    static const eff_type_t blob = { .name = "blob", .flags = EFF_TYPE_COUNTED, .drop = blob_drop };
    eff__freelist_enable(1);
    eff_value_t v = eff_unit;
    for (size_t size = sizeof(eff_buffer_t); size < 700; size += 16) {
        eff_buffer_t *b = eff__payload_alloc(&blob, size);
        *b = (eff_buffer_t)EFF_BUFFER_INIT;
        eff_buffer_printf(b, "%zu", size);
        v = EFF_ARRAY((eff_value_t){ .type = &blob, .ptr = b }, eff_string_n("", 0), v);
    }
    eff_value_decref(v);
}
END_TEST

enum { DEEP = 1000000 };

static void chain_clear(eff_value_t *next)
{
    eff_value_decref(*next);
}

EFF_STATIC_TYPE(chain, eff_value_t, .drop = chain_clear);

static void *drop_deep(void *arg)
{
    eff_value_t v = eff_unit;
    for (int i = 0; i < DEEP; i++) {
        if (i % 4 == 0) v = chain_make(v);
        else if (i % 4 == 1) v = EFF_ARRAY(eff_int(i), v);
        else if (i % 4 == 2) v = eff_pair(v, eff_some(eff_int(1)));
        else v = eff_some(v);
    }
    eff_value_decref(v);
    eff_trim();
    return arg;
}

#if defined(__SANITIZE_ADDRESS__)
#define SMALL_STACK (1024 * 1024)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SMALL_STACK (1024 * 1024)
#endif
#endif
#ifndef SMALL_STACK
#define SMALL_STACK (64 * 1024)
#endif

START_TEST(million_levels_of_own_types_are_dropped_on_a_small_stack)
{
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    ck_assert_int_eq(pthread_attr_setstacksize(&attr, SMALL_STACK), 0);
    ck_assert_int_eq(pthread_create(&thread, &attr, drop_deep, NULL), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
}
END_TEST

/* ---- handles */

static void handle_drop(void *payload)
{
    strncat(journal, *(const char **)payload, sizeof journal - strlen(journal) - 1);
}

static const eff_type_t handle_type = {
    .size = sizeof(char *), .name = "handle", .drop = handle_drop, .flags = EFF_TYPE_COUNTED | EFF_TYPE_HANDLE
};

static void *posted;

static bool post(const eff_type_t *type, void *payload)
{
    ck_assert_ptr_eq(type, &handle_type);
    posted = payload;
    return true;
}

static bool decline(const eff_type_t *type, void *payload)
{
    (void)type;
    (void)payload;
    return false;
}

static eff_value_t make_handle(const char *name)
{
    const char **payload = eff__payload_new(&handle_type);
    *payload = name;
    return (eff_value_t){ .type = &handle_type, .ptr = payload };
}

START_TEST(last_reference_to_a_handle_goes_to_its_owner)
{
    eff__handle_dispose = post;
    eff_value_decref(eff_some(make_handle("h")));
    eff__handle_dispose = NULL;
    ck_assert_str_eq(journal, "");
    eff__payload_destroy(posted);
    ck_assert_str_eq(journal, "h");
}
END_TEST

START_TEST(handle_that_nobody_takes_is_dropped_here)
{
    eff__handle_dispose = decline;
    eff_value_decref(make_handle("x"));
    eff__handle_dispose = NULL;
    eff_value_decref(make_handle("y"));
    ck_assert_str_eq(journal, "xy");
}
END_TEST

int main(void)
{
    eff_allocator_t table = { counting_malloc, counting_realloc, counting_free, NULL };
    if (eff_set_allocator(&table) != 0) return EXIT_FAILURE;

    Suite *s = suite_create("type");
    TCase *tc = tcase_create("type");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, made_value_reads_back_and_is_dropped_once);
    tcase_add_test(tc, env_makes_a_struct_of_captures);
    tcase_add_test(tc, make_without_memory_drops_what_init_owns);
    tcase_add_test(tc, payload_pointers_count_references);
    tcase_add_test(tc, take_of_the_wrong_type_gives_null_and_drops_the_value);
    tcase_add_test(tc, wrong_type_gives_a_cleared_dummy);
    tcase_add_test(tc, dummy_is_immortal);
    tcase_add_test(tc, hooks_are_used_inside_other_values_too);
    tcase_add_test(tc, type_without_hooks_goes_by_address_and_name);
    tcase_add_test(tc, types_of_users_are_ordered_by_name_after_the_others);
    tcase_add_test(tc, box_frees_the_foreign_pointer);
    tcase_add_test(tc, box_without_memory_frees_the_pointer_too);
    tcase_add_test(tc, boxes_of_one_pointer_are_equal);
    tcase_add_test(tc, nested_values_are_dropped_depth_first_in_order);
    tcase_add_test(tc, payloads_of_every_size_class_survive_the_worklist);
    tcase_add_test(tc, million_levels_of_own_types_are_dropped_on_a_small_stack);
    tcase_add_test(tc, last_reference_to_a_handle_goes_to_its_owner);
    tcase_add_test(tc, handle_that_nobody_takes_is_dropped_here);
    suite_add_tcase(s, tc);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int n = srunner_ntests_failed(sr);
    srunner_free(sr);
    return n ? EXIT_FAILURE : EXIT_SUCCESS;
}
