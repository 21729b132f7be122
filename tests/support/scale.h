/* How much is tested where that is a number: all of it by itself, less under a tool that makes everything slow. */
#ifndef TESTS_SUPPORT_SCALE_H
#define TESTS_SUPPORT_SCALE_H

/* EFF_TEST_SCALE percent of n, at least 1. */
long test_scaled(long n);

#endif
