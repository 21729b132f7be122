/* The allocator table, free lists and reference counts. */
#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <effect/effect.h>

#include "core/count.h"
#include "core/depot.h"
#include "core/memory.h"
#include "core/value.h"

/* ---- a counting allocator, installed before anything is allocated */

static atomic_long n_live, n_requests;
static atomic_long fail_from = -1; /* requests with this number and later ones fail */
static atomic_long most_live = -1; /* and those made while so many blocks are live */
static atomic_bool trims;          /* each request for a block gives back first what it can */

static bool refuse(void)
{
    long number = atomic_fetch_add(&n_requests, 1), from = atomic_load(&fail_from);
    long most = atomic_load(&most_live);
    return (from >= 0 && number >= from) || (most >= 0 && atomic_load(&n_live) >= most);
}

static void *counting_malloc(size_t size, void *ctx)
{
    if (ctx != &n_live) abort(); /* not ours: ck_assert works in tests only */
    if (atomic_load(&trims)) eff_trim();
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
    atomic_store(&most_live, -1);
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

START_TEST(allocator_may_trim_the_thread_that_asks_it)
{
    eff__free(eff__alloc(40), 40); /* the thread has lists now */
    atomic_store(&trims, true);
    void *p = eff__alloc(100); /* of which there is no list */
    atomic_store(&trims, false);
    ck_assert_ptr_nonnull(p);
    ck_assert_int_eq(n_live, 1);
    eff__free(p, 100);
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

/* ---- the depot */

enum { KEPT_BYTES = (EFF__KEPT_BATCHES + 1) * EFF__BATCH_BYTES, SPIKE_BYTES = 4 * KEPT_BYTES };

START_TEST(lists_keep_what_their_thread_has_needed)
{
    enum { N = SPIKE_BYTES / 64 };
    free_all(allocate_all(N, 64), 64);
    long live = n_live;
    ck_assert_int_ge(live, N);
    void *again = allocate_all(N, 64);
    ck_assert_int_eq(n_live, live); /* nothing was asked of the allocator */
    free_all(again, 64);
    ck_assert_int_eq(n_live, live);
}
END_TEST

START_TEST(blocks_come_back_in_the_order_of_a_stack)
{
    enum { N = 5 * EFF__BATCH_BYTES / 512 };
    void *blocks[N];
    for (int i = 0; i < N; i++)
        blocks[i] = eff__alloc(512);
    for (int i = 0; i < N; i++)
        eff__free(blocks[i], 512);
    for (int i = N; i-- > 0;)
        ck_assert_ptr_eq(eff__alloc(512), blocks[i]);
    for (int i = 0; i < N; i++)
        eff__free(blocks[i], 512);
}
END_TEST

static void *allocate_spike(void *ret_blocks)
{
    *(void **)ret_blocks = allocate_all(SPIKE_BYTES / 256, 256);
    return NULL;
}

/* One that others leave their blocks to. */
START_TEST(lists_keep_little_of_what_others_have_needed)
{
    void *blocks;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, allocate_spike, &blocks), 0);
    pthread_join(thread, NULL);
    eff__free(eff__alloc(256), 256);
    free_all(blocks, 256);
    ck_assert_int_ge(n_live * 256, KEPT_BYTES);
    ck_assert_int_le(n_live * 256, KEPT_BYTES + 2 * 256); /* the lists themselves and the first block */
    ck_assert(!eff__lists_surplus());
}
END_TEST

/* Has the lists age until `now`, as a loop does that idles. Returns how many pieces were given back. */
static long age(int64_t now)
{
    long n_pieces = 0;
    for (bool more = true; more;) {
        long live = n_live;
        more = eff__lists_age(now) == now;
        ck_assert_int_le(live - n_live, EFF__BATCH_BYTES / 256);
        n_pieces += n_live < live;
    }
    return n_pieces;
}

START_TEST(half_of_what_was_not_needed_for_an_interval_is_given_back)
{
    enum { KEPT = KEPT_BYTES / EFF__BATCH_BYTES, SPIKE = SPIKE_BYTES / EFF__BATCH_BYTES };
    int64_t now = 5000;
    free_all(allocate_all(SPIKE_BYTES / 256, 256), 256);
    ck_assert(eff__lists_surplus());
    ck_assert_int_eq(age(now), 0); /* the first look: everything was needed since the last */
    ck_assert_int_eq(age(now + EFF__DEPOT_INTERVAL - 1), 0);
    now += EFF__DEPOT_INTERVAL;
    long surplus = SPIKE - KEPT;
    for (int i = 0; surplus > 0; i++, now += EFF__DEPOT_INTERVAL) {
        ck_assert_int_lt(i, 10);
        ck_assert_int_eq(age(now), (surplus + 1) / 2);
        surplus -= (surplus + 1) / 2;
    }
    ck_assert(!eff__lists_surplus());
    ck_assert_int_eq(eff__lists_age(now), 0);
    ck_assert_int_ge(n_live * 256, KEPT_BYTES - 256);
    ck_assert_int_le(n_live * 256, KEPT_BYTES + 2 * 256);
}
END_TEST

START_TEST(what_is_needed_once_in_an_interval_stays)
{
    int64_t now = 0;
    for (int i = 0; i < 5; i++, now += EFF__DEPOT_INTERVAL) {
        long live = n_live;
        free_all(allocate_all(SPIKE_BYTES / 256, 256), 256);
        if (i > 0) ck_assert_int_eq(n_live, live);
        ck_assert_int_eq(age(now), 0);
    }
    ck_assert_int_eq(age(now), (SPIKE_BYTES - KEPT_BYTES) / EFF__BATCH_BYTES / 2);
}
END_TEST

START_TEST(what_is_needed_meanwhile_does_not_leave)
{
    free_all(allocate_all(SPIKE_BYTES / 256, 256), 256);
    ck_assert_int_eq(age(1), 0);
    ck_assert_int_eq(eff__lists_age(1 + EFF__DEPOT_INTERVAL), 1 + EFF__DEPOT_INTERVAL);
    long live = n_live;
    void *blocks = allocate_all(SPIKE_BYTES / 256, 256);
    ck_assert_int_eq(n_live, live);
    ck_assert_int_eq(age(1 + EFF__DEPOT_INTERVAL), 0);
    free_all(blocks, 256);
    ck_assert_int_eq(n_live, live);
}
END_TEST

START_TEST(what_need_not_stay_can_be_given_back_without_waiting)
{
    free_all(allocate_all(SPIKE_BYTES / 256, 256), 256);
    while (eff__lists_give_back())
        continue;
    ck_assert(!eff__lists_surplus());
    ck_assert(!eff__lists_give_back());
    ck_assert_int_le(n_live * 256, KEPT_BYTES + 2 * 256);
}
END_TEST

START_TEST(what_lies_in_the_depot_is_not_missing_elsewhere)
{
    free_all(allocate_all(SPIKE_BYTES / 64, 64), 64);
    atomic_store(&most_live, n_live);
    void *p = eff__malloc(10), *q = eff__alloc(300), *r = eff__realloc(NULL, 10);
    atomic_store(&most_live, -1);
    ck_assert(p && q && r);
    ck_assert_int_lt(n_live, SPIKE_BYTES / 64);
    eff__raw_free(p);
    eff__free(q, 300);
    eff__raw_free(r);
}
END_TEST

/* ---- areas */

enum { LAST_SHIFT = 16 };

/* Grows an area to the last size, filling it. Returns in how many steps. */
static int grow_area(void)
{
    unsigned shift = EFF__AREA_SHIFT;
    unsigned char *area = eff__area_new(shift);
    int n_steps = 0;
    for (size_t n = 0; shift < LAST_SHIFT; n_steps++) {
        size_t size = (size_t)1 << shift;
        for (; n < size; n++)
            area[n] = (unsigned char)(n % 251);
        area = eff__area_grow(area, &shift);
        ck_assert_ptr_nonnull(area);
        for (size_t i = 0; i < size; i++)
            ck_assert_int_eq(area[i], i % 251);
    }
    eff__area_free(area, shift);
    return n_steps;
}

START_TEST(areas_keep_their_contents_as_they_grow)
{
    ck_assert_int_eq(grow_area(), LAST_SHIFT - EFF__AREA_SHIFT);
}
END_TEST

START_TEST(areas_are_found_again_and_leave_with_age)
{
    eff__free(eff__alloc(40), 40); /* the thread has lists now */
    (void)grow_area();
    (void)grow_area();
    ck_assert_int_eq(grow_area(), 2);
    long requests = n_requests;
    (void)grow_area();
    ck_assert_int_eq(n_requests, requests);
    ck_assert_int_eq(n_live, 5); /* the first, two steps, the small block, and the lists */
    ck_assert_int_eq(age(0), 0);
    ck_assert_int_eq(age(EFF__DEPOT_INTERVAL), 3);
    ck_assert_int_eq(n_live, 2);
}
END_TEST

/* ---- loops */

static void leave_a_spike(void)
{
    free_all(allocate_all(SPIKE_BYTES / 256, 256), 256);
    ck_assert_int_eq(age(0), 0); /* by the loops' clock that is long ago */
}

START_TEST(loop_that_idles_gives_back_half_of_a_spike_that_has_aged)
{
    enum { BATCH = EFF__BATCH_BYTES / 256, GIVEN_BACK = (SPIKE_BYTES - KEPT_BYTES) / 256 / 2 };
    eff_runtime_t *rt = eff_runtime_new(NULL);
    leave_a_spike();
    long live = n_live;
    while (n_live > live - GIVEN_BACK + BATCH / 2) /* the runtime has a few more blocks meanwhile */
        eff_exit_decref(eff_runtime_run(rt, eff_sleep(eff_millis(1))));
    ck_assert_int_ge(n_live, live - GIVEN_BACK);
    ck_assert(eff__lists_surplus()); /* the rest is not due yet */
    eff_runtime_free(rt);
}
END_TEST

START_TEST(loop_of_the_caller_ends_with_nothing_to_spare)
{
    struct event_base *base = event_base_new();
    eff_runtime_t *rt = eff_runtime_new(&(eff_runtime_options_t){ .base = base });
    leave_a_spike();
    ck_assert_int_eq(eff_runtime_fork(rt, eff_noop(), NULL, NULL, NULL), 0);
    event_base_dispatch(base);
    ck_assert(!eff__lists_surplus());
    eff_runtime_free(rt);
    event_base_free(base);
}
END_TEST

static eff_t *make_a_spike(eff_value_t env)
{
    free_all(allocate_all(SPIKE_BYTES / 256, 256), 256);
    return eff_succeed(env);
}

START_TEST(thread_of_the_pool_keeps_little_after_a_job)
{
    eff_runtime_t *rt = eff_runtime_new(NULL);
    eff_exit_decref(eff_runtime_run(rt, eff_blocking(make_a_spike, eff_unit)));
    while (n_live > KEPT_BYTES / 256 + 100) /* the runtime's own */
        sched_yield();
    ck_assert_int_ge(n_live, KEPT_BYTES / 256);
    eff_runtime_free(rt);
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
    tcase_add_test(tc, allocator_may_trim_the_thread_that_asks_it);
    tcase_add_test(tc, lists_keep_what_their_thread_has_needed);
    tcase_add_test(tc, blocks_come_back_in_the_order_of_a_stack);
    tcase_add_test(tc, lists_keep_little_of_what_others_have_needed);
    tcase_add_test(tc, half_of_what_was_not_needed_for_an_interval_is_given_back);
    tcase_add_test(tc, what_is_needed_once_in_an_interval_stays);
    tcase_add_test(tc, what_is_needed_meanwhile_does_not_leave);
    tcase_add_test(tc, what_need_not_stay_can_be_given_back_without_waiting);
    tcase_add_test(tc, what_lies_in_the_depot_is_not_missing_elsewhere);
    tcase_add_test(tc, areas_keep_their_contents_as_they_grow);
    tcase_add_test(tc, areas_are_found_again_and_leave_with_age);
    tcase_add_test(tc, loop_that_idles_gives_back_half_of_a_spike_that_has_aged);
    tcase_add_test(tc, loop_of_the_caller_ends_with_nothing_to_spare);
    tcase_add_test(tc, thread_of_the_pool_keeps_little_after_a_job);
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
