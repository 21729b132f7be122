/* A gen: code that awaits, line after line, over a struct that holds what has to survive an await. Time is a TestClock's
 * here, so that the minute this takes does not pass. */
#include <effect/effect.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A type of our own: as a value it is counted, and cleared when the last reference goes. */
typedef struct account {
    char *owner;
    int64_t balance;
} account_t;
static void account_clear(account_t *a)
{
    free(a->owner);
}
EFF_STATIC_TYPE(account, account_t, .drop = account_clear);

static const eff_error_kind_t bank_error = { "bank error", NULL };

/* The bank is closed the first two times one asks. */
static eff_t *ask_bank(eff_value_t n_asked)
{
    int *n = eff_as_ptr(n_asked);
    printf("asking, time %d\n", ++*n);
    if (*n < 3) return eff_fail(eff_error(&bank_error, 0, "closed"));
    return eff_succeed(account_make((account_t){ .owner = strdup("ada"), .balance = 100 }));
}

struct visit {
    int64_t amount; /* given; the rest is each run's own */
    int n_asked;
    account_t *account;
};

static void visit_drop(struct visit *s)
{
    account_decref(s->account);
}

static eff_value_t wave(eff_value_t env)
{
    puts("goodbye");
    return eff_value_incref(env);
}

static eff_t *say_goodbye(struct visit *s, const eff_exit_t *exit)
{
    (void)s, (void)exit;
    return eff_sync(wave, eff_unit);
}

static eff_t *visit_step(struct visit *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_DEFER(s, say_goodbye); /* runs when the gen ends, however */

    /* What is awaited may be any effect: this one comes again after 20 s, and after 40 s more. */
    eff_t *e = eff_suspend(ask_bank, eff_ptr(&s->n_asked));
    e = eff_retry(e, eff_schedule_exponential(eff_seconds(20), 2.0));
    EFF_AWAIT(account_into(e, &s->account));

    EFF_AWAIT(eff_clock_now());
    printf("%s has %" PRId64 " after %" PRId64 " s\n", s->account->owner, s->account->balance,
           eff_as_instant(EFF_GOT()).ns / 1000000000);
    if (s->account->balance < s->amount) EFF_GEN_FAIL(eff_error(&bank_error, 0, "%s is poor", s->account->owner));
    EFF_GEN_END(eff_int(s->account->balance - s->amount));
}
EFF_DEFINE_GEN(visit, struct visit, visit_step, .drop = visit_drop);

static eff_value_t print_rest(eff_value_t rest_and_unit, eff_value_t env)
{
    printf("%" PRId64 " are left\n", eff_as_int(eff_first(rest_and_unit)));
    return eff_value_incref(env);
}

int main(void)
{
    eff_t *e = visit((struct visit){ .amount = 70 });
    e = eff_zip_par(e, eff_test_clock_adjust(eff_minutes(1))); /* somebody has to move the time on */
    e = eff_provide(e, eff_test_clock());
    return eff_main(eff_map(e, print_rest, eff_unit));
}

/* expected output:
asking, time 1
asking, time 2
asking, time 3
ada has 100 after 60 s
goodbye
30 are left
*/
