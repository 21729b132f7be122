/* The allocator table, free lists and reference counts. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <effect/value.h>

#include "core/count.h"
#include "core/memory.h"
#include "core/value.h"

/* ---- a counting allocator, installed before anything is allocated */

static atomic_long n_live, n_requests;
static atomic_long fail_from = -1; /* requests with this number and later ones fail */

static bool refuse(void)
{
    long number = atomic_fetch_add(&n_requests, 1), from = atomic_load(&fail_from);
    return from >= 0 && number >= from;
}

static void *counting_malloc(size_t size, void *ctx)
{
    if (ctx != &n_live) abort(); /* not ours: ck_assert works in tests only */
    void *p = refuse() ? NULL : malloc(size);
    if (p) atomic_fetch_add(&n_live, 1);
    return p;
}

static void *counting_realloc(void *p, size_t size, void *ctx)
{
    (void)ctx;
    if (refuse()) return NULL;
    void *q = realloc(p, size);
    if (q && !p) atomic_fetch_add(&n_live, 1);
    return q;
}

static void counting_free(void *p, void *ctx)
{
    if (ctx != &n_live || !p) abort();
    atomic_fetch_sub(&n_live, 1);
    free(p);
}

static void lists_on(void)
{
    eff__freelist_enable(1);
    eff_trim();
    ck_assert_int_eq(n_live, 0);
}

static void no_block_is_live(void)
{
    atomic_store(&fail_from, -1);
    eff_trim();
    ck_assert_int_eq(n_live, 0);
}

/* ---- the table */

START_TEST(table_with_a_missing_function_is_refused)
{
    eff_allocator_t incomplete = { counting_malloc, NULL, counting_free, NULL };
    ck_assert_int_eq(eff_set_allocator(&incomplete), -EINVAL);
    ck_assert_int_eq(eff_set_allocator(NULL), -EINVAL);
}
END_TEST

START_TEST(table_is_busy_after_the_first_allocation)
{
    eff_value_decref(eff_string("x"));
    eff_allocator_t table = { counting_malloc, counting_realloc, counting_free, &n_live };
    ck_assert_int_eq(eff_set_allocator(&table), -EBUSY);
}
END_TEST

/* ---- blocks and lists */

START_TEST(blocks_of_every_size_are_aligned_and_writable)
{
    enum { N = 1200 };
    static void *blocks[N];
    for (size_t size = 0; size < N; size++) {
        blocks[size] = eff__alloc(size);
        ck_assert_ptr_nonnull(blocks[size]);
        ck_assert_uint_eq((uintptr_t)blocks[size] % 16, 0);
        memset(blocks[size], 0xa5, size);
    }
    for (size_t size = 0; size < N; size++)
        eff__free(blocks[size], size);
}
END_TEST

START_TEST(freed_block_is_handed_out_again)
{
    void *p = eff__alloc(40);
    eff__free(p, 40);
    ck_assert_ptr_eq(eff__alloc(33), p); /* same class: 33 to 48 bytes */
    eff__free(p, 33);
}
END_TEST

START_TEST(trim_returns_every_block_and_the_lists)
{
    void *p = eff__alloc(40), *q = eff__alloc(500);
    eff__free(p, 40);
    eff__free(q, 500);
    ck_assert_int_gt(n_live, 0);
    eff_trim();
    ck_assert_int_eq(n_live, 0);
    eff_trim();
    ck_assert_int_eq(n_live, 0);
}
END_TEST

/* Frees blocks of a size that are linked through their first words. */
static void free_all(void *blocks, size_t size)
{
    for (void *next; blocks; blocks = next) {
        next = *(void **)blocks;
        eff__free(blocks, size);
    }
}

static void *allocate_all(long n, size_t size)
{
    void *blocks = NULL;
    for (long i = 0; i < n; i++) {
        void **block = eff__alloc(size);
        ck_assert_ptr_nonnull(block);
        *block = blocks;
        blocks = block;
    }
    return blocks;
}

START_TEST(list_keeps_what_it_may_need_again)
{
    enum { N = 100000 };
    free_all(allocate_all(N, 64), 64);
    long live = n_live;
    ck_assert_int_ge(live, N);
    void *again = allocate_all(N, 64);
    ck_assert_int_eq(n_live, live); /* nothing was asked of the allocator */
    free_all(again, 64);
}
END_TEST

START_TEST(lists_have_a_bound_together_and_return_the_surplus)
{
    enum { BOUND = 66 << 20 };
    const long n = BOUND / 256;
    void *blocks = allocate_all(n, 256), *others = allocate_all(n / 2, 512);
    long live = n_live;
    free_all(blocks, 256);
    free_all(others, 512);
    ck_assert_int_lt(n_live, live - n / 2 + n / 100);
    ck_assert_int_le(n_live * 256, BOUND);
}
END_TEST

START_TEST(disabled_lists_hold_nothing)
{
    eff__free(eff__alloc(40), 40);
    eff__freelist_enable(0);
    ck_assert_int_eq(n_live, 0);
    eff__free(eff__alloc(40), 40);
    ck_assert_int_eq(n_live, 0);
    eff__freelist_enable(1);
}
END_TEST

START_TEST(without_memory_for_the_lists_blocks_are_plain)
{
    atomic_store(&fail_from, n_requests);
    ck_assert_ptr_null(eff__alloc(40));
    ck_assert_ptr_null(eff__alloc(4000));
    ck_assert_ptr_null(eff__malloc(10));
    ck_assert_ptr_null(eff__realloc(NULL, 10));
    atomic_store(&fail_from, -1);
    void *p = eff__alloc(40);
    ck_assert_ptr_nonnull(p);
    eff__free(p, 40);
}
END_TEST

START_TEST(raw_blocks_grow_and_null_is_freed_in_peace)
{
    char *p = eff__malloc(10);
    memcpy(p, "123456789", 10);
    p = eff__realloc(p, 100000);
    ck_assert_str_eq(p, "123456789");
    eff__raw_free(p);
    eff__raw_free(NULL);
    ck_assert_int_eq(n_live, 0);
}
END_TEST

static const char *program; /* this one's path */

/* What a child process finds that was told to free a block: the number of blocks its lists hold, as exit code. */
static int blocks_held_with(const char *debug)
{
    char command[600];
    snprintf(command, sizeof command, "EFF_DEBUG=%s exec '%s' count-held-blocks", debug, program);
    int status = system(command);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(environment_turns_the_lists_off)
{
    ck_assert_int_eq(blocks_held_with("nofreelists"), 0);
    ck_assert_int_eq(blocks_held_with("slow=10ms,nofreelists,leaks"), 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
    ck_assert_int_eq(blocks_held_with("nofreelistsatall,nofree"), 2); /* the block and the lists */
#endif
}
END_TEST

/* ---- threads */

static void *allocate_and_free(void *arg)
{
    for (int i = 0; i < 100; i++)
        eff__free(eff__alloc(48), 48);
    return arg;
}

START_TEST(thread_exit_returns_its_blocks)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, allocate_and_free, NULL), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(n_live, 0);
}
END_TEST

static pthread_key_t late_key;

static void free_late(void *p)
{
    eff__free(p, 48);
    eff__free(eff__alloc(48), 48);
}

static void *leave_a_block_for_a_key_destructor(void *arg)
{
    allocate_and_free(NULL);
    void *p = eff__alloc(48);
    ck_assert_ptr_nonnull(p);
    ck_assert_int_eq(pthread_setspecific(late_key, p), 0);
    return arg;
}

START_TEST(key_destructors_may_free_after_the_lists_are_gone)
{
    allocate_and_free(NULL); /* our key is older than late_key */
    ck_assert_int_eq(pthread_key_create(&late_key, free_late), 0);
    eff_trim();
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, leave_a_block_for_a_key_destructor, NULL), 0);
    pthread_join(thread, NULL);
    pthread_key_delete(late_key);
    ck_assert_int_eq(n_live, 0);
}
END_TEST

static void *free_foreign(void *blocks)
{
    for (void **p = blocks; *p; p++)
        eff__free(*p, 64);
    return NULL;
}

START_TEST(block_may_be_freed_by_another_thread)
{
    void *blocks[101] = { NULL };
    for (int i = 0; i < 100; i++)
        blocks[i] = eff__alloc(64);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, free_foreign, blocks), 0);
    pthread_join(thread, NULL);
}
END_TEST

/* ---- counts */

START_TEST(count_saturates_and_stays)
{
    eff__count_t count = EFF__IMMORTAL - 1;
    eff__count_inc(&count);
    ck_assert_uint_eq(count, EFF__IMMORTAL);
    eff__count_inc(&count);
    ck_assert(!eff__count_dec(&count));
    ck_assert_uint_eq(count, EFF__IMMORTAL);
    ck_assert(!eff__count_is_one(&count));
}
END_TEST

START_TEST(value_whose_count_saturated_is_never_freed)
{
    eff_value_t v = eff_string("kept");
    struct eff__header *h = eff__header_of(v.ptr);
    atomic_store(&h->count, EFF__IMMORTAL - 1);
    eff_value_incref(v);
    for (int i = 0; i < 10; i++)
        eff_value_decref(v);
    ck_assert_str_eq(eff_as_string(v), "kept");
    atomic_store(&h->count, 1);
    eff_value_decref(v);
}
END_TEST

enum { N_ROUNDS = 20000 };

static void *take_and_give_up(void *shared)
{
    eff_value_t v = *(eff_value_t *)shared;
    for (int i = 0; i < N_ROUNDS; i++) {
        eff_value_t mine = eff_value_incref(v);
        ck_assert_int_eq(eff_as_int(eff_first(mine)), 7);
        eff_value_decref(mine);
    }
    eff_value_decref(v); /* the reference it was started with */
    return NULL;
}

START_TEST(threads_share_a_value_and_the_last_one_drops_it)
{
    enum { N_THREADS = 4 };
    eff_value_t v = eff_pair(eff_int(7), eff_string("shared"));
    pthread_t threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++)
        eff_value_incref(v);
    for (int i = 0; i < N_THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_and_give_up, &v), 0);
    eff_value_decref(v);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
}
END_TEST

int main(int argc, char **argv)
{
    eff_allocator_t table = { counting_malloc, counting_realloc, counting_free, &n_live };
    if (eff_set_allocator(&table) != 0) return EXIT_FAILURE;
    program = argv[0];
    if (argc > 1 && strcmp(argv[1], "count-held-blocks") == 0) {
        eff__free(eff__alloc(40), 40);
        return (int)n_live;
    }

    Suite *s = suite_create("memory");
    TCase *tc = tcase_create("memory");
    tcase_add_checked_fixture(tc, lists_on, no_block_is_live);
    tcase_add_test(tc, table_with_a_missing_function_is_refused);
    tcase_add_test(tc, table_is_busy_after_the_first_allocation);
    tcase_add_test(tc, blocks_of_every_size_are_aligned_and_writable);
    tcase_add_test(tc, freed_block_is_handed_out_again);
    tcase_add_test(tc, trim_returns_every_block_and_the_lists);
    tcase_add_test(tc, list_keeps_what_it_may_need_again);
    tcase_add_test(tc, lists_have_a_bound_together_and_return_the_surplus);
    tcase_add_test(tc, disabled_lists_hold_nothing);
    tcase_add_test(tc, without_memory_for_the_lists_blocks_are_plain);
    tcase_add_test(tc, raw_blocks_grow_and_null_is_freed_in_peace);
    tcase_add_test(tc, environment_turns_the_lists_off);
    tcase_add_test(tc, thread_exit_returns_its_blocks);
    tcase_add_test(tc, key_destructors_may_free_after_the_lists_are_gone);
    tcase_add_test(tc, block_may_be_freed_by_another_thread);
    tcase_add_test(tc, count_saturates_and_stays);
    tcase_add_test(tc, value_whose_count_saturated_is_never_freed);
    tcase_add_test(tc, threads_share_a_value_and_the_last_one_drops_it);
    suite_add_tcase(s, tc);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int n = srunner_ntests_failed(sr);
    srunner_free(sr);
    return n ? EXIT_FAILURE : EXIT_SUCCESS;
}
