/* For tests: an allocator that counts live blocks and fails on demand, installed in the library and in jansson; the sweep
 * that fails every allocation of a program in turn; and a thread with a small C stack.
 *
 * Call failing_allocator_install() first thing in main; run_tests of case.h does.
 */
#ifndef TESTS_FAILING_ALLOCATOR_H
#define TESTS_FAILING_ALLOCATOR_H

#include <check.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <effect/base.h>

#include "core/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif

extern atomic_long blocks_live;
extern atomic_long requests;        /* since the last allocations_fail_at */
extern atomic_long failing_request; /* the request that fails, counted from 0; -1: none */
extern atomic_bool failing_sticky;  /* all after it fail too */

void failing_allocator_install(void);
/* Frees what jansson's allocator made. */
void failing_json_free(void *p);
/* Lets request number `n` from now fail (0: the next), and if sticky all after it; -1: none. */
void allocations_fail_at(long n, bool sticky);
/* A teardown: nothing may be left. */
void no_block_is_live(void);
/* Counts from now on the blocks that are given back with this text in them: what should have been overwritten. First
 * thing in a test; static. */
void look_into_freed_blocks(const char *text);
extern atomic_long freed_with_text;
/* Runs the program once for every allocation it makes, failing that one, and again failing it and all later ones. The
 * program must give back all it got. */
void fail_every_allocation(void (*program)(void));
/* Runs the program on a thread with 64 KiB of C stack (1 MiB under AddressSanitizer, whose frames are larger). */
void run_on_small_stack(void (*program)(void));
/* The main of a test program of plain tests: one suite of them, each after `setup`, after which nothing may be left. */
int run_suite(const char *name, void (*setup)(void), const TTest *const *tests, size_t n);

#endif
