/* The interpreter once more, in the form that says what it is about to do: watch.h. */
#define EFF__WATCHED
#include "runtime/interp.c" /* NOLINT(bugprone-suspicious-include) */
