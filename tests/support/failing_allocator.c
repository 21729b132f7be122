/* The allocator that counts and fails, and what tests do with it. */
#include "support/failing_allocator.h"

#include <malloc.h>
#include <string.h>

/* Blocks are looked into as they are freed, written to or not. */
#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif
#ifndef VALGRIND_MAKE_MEM_DEFINED
#define VALGRIND_MAKE_MEM_DEFINED(p, n) ((void)(p), (void)(n))
#endif

atomic_long blocks_live;
atomic_long requests;
atomic_long failing_request = -1;
atomic_bool failing_sticky;

static bool request_fails(void)
{
    long number = atomic_fetch_add(&requests, 1), failing = atomic_load(&failing_request);
    return failing >= 0 && (number == failing || (number > failing && failing_sticky));
}

static const char *looked_for; /* in blocks that are freed; NULL: nothing */
atomic_long freed_with_text;

void look_into_freed_blocks(const char *text)
{
    eff__freelist_enable(0);
    looked_for = text;
    freed_with_text = 0;
}

static void look_into(const void *p)
{
    VALGRIND_MAKE_MEM_DEFINED(p, malloc_usable_size((void *)(uintptr_t)p));
    if (memmem(p, malloc_usable_size((void *)(uintptr_t)p), looked_for, strlen(looked_for)))
        atomic_fetch_add(&freed_with_text, 1);
}

static void *failing_malloc(size_t size, void *ctx)
{
    (void)ctx;
    void *p = request_fails() ? NULL : malloc(size);
    if (p) atomic_fetch_add(&blocks_live, 1);
    if (p && looked_for) memset(p, 0, malloc_usable_size(p)); /* what others left there does not count */
    return p;
}

static void *failing_realloc(void *p, size_t size, void *ctx)
{
    (void)ctx;
    if (request_fails()) return NULL;
    if (p && looked_for) look_into(p); /* as if each moved */
    void *q = realloc(p, size);
    if (q && !p) atomic_fetch_add(&blocks_live, 1);
    return q;
}

static void failing_free(void *p, void *ctx)
{
    (void)ctx;
    if (p) atomic_fetch_sub(&blocks_live, 1);
    if (p && looked_for) look_into(p);
    free(p);
}

static void *failing_json_malloc(size_t size)
{
    return failing_malloc(size, NULL);
}

void failing_json_free(void *p)
{
    failing_free(p, NULL);
}

void failing_allocator_install(void)
{
    static const eff_allocator_t table = { failing_malloc, failing_realloc, failing_free, NULL };
    if (eff_set_allocator(&table) != 0) abort();
    json_set_alloc_funcs(failing_json_malloc, failing_json_free);
}

void allocations_fail_at(long n, bool sticky)
{
    requests = 0;
    failing_sticky = sticky;
    failing_request = n;
}

void no_block_is_live(void)
{
    allocations_fail_at(-1, false);
    eff_trim();
    ck_assert_msg(blocks_live == 0, "%ld blocks are still live", (long)blocks_live);
}

void fail_every_allocation(void (*program)(void))
{
    eff__freelist_enable(0);
    for (int sticky = 0; sticky < 2; sticky++) {
        bool failed = true;
        for (long n = 0; failed; n++) {
            allocations_fail_at(n, sticky);
            program();
            failed = requests > n;
            allocations_fail_at(-1, false);
            ck_assert_msg(blocks_live == 0, "%ld blocks are live after failing %ld%s", (long)blocks_live, n,
                          sticky ? " and all later ones" : "");
        }
    }
}

static void *small_stack_main(void *fn)
{
    void (*program)(void);
    *(void **)(&program) = fn;
    program();
    eff_trim();
    return NULL;
}

void run_on_small_stack(void (*program)(void))
{
#if defined(UNDER_ASAN)
    size_t size = 1024 * 1024;
#else
    size_t size = 64 * 1024;
#endif
    pthread_attr_t attr;
    pthread_t thread;
    void *fn = *(void **)(&program);
    ck_assert_int_eq(pthread_attr_init(&attr), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attr, size), 0);
    ck_assert_int_eq(pthread_create(&thread, &attr, small_stack_main, fn), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attr);
}

int run_suite(const char *name, void (*setup)(void), const TTest *const *tests, size_t n)
{
    failing_allocator_install();
    Suite *s = suite_create(name);
    TCase *t = tcase_create(name);
    tcase_add_checked_fixture(t, setup, no_block_is_live);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(t, tests[i]);
    tcase_set_timeout(t, 120);
    suite_add_tcase(s, t);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
