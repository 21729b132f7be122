/* Mistakes of the program that the library notices: defects in a fiber, the misuse handler outside one. */
#include <string.h>

#include <effect/async.h>

#include "messages/messages.h"

#line 1 "account.c"
typedef struct account {
    int64_t balance;
} account_t;
EFF_STATIC_TYPE(account, account_t);

static eff_value_t add_one(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_int(eff_as_int(v) + 1);
}
static eff_t *string_as_int(void)
{
    return eff_map(eff_succeed(eff_string("forty-one")), add_one, eff_unit);
}
static eff_t *long_string_as_int(void)
{
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    return eff_map(eff_succeed(eff_string(text)), add_one, eff_unit);
}
static eff_t *array_as_int(void)
{
    eff_value_t items[] = { eff_int(1), eff_int(2), eff_int(3) };
    return eff_map(eff_succeed(eff_array(3, items)), add_one, eff_unit);
}
static eff_t *error_as_int(void)
{
    return eff_map(eff_succeed(eff_error(&eff_not_found_error, 0, "no such row")), add_one, eff_unit);
}
static eff_value_t balance_of(eff_value_t v, eff_value_t env)
{
    (void)env;
    return eff_int(account_of(v)->balance);
}
static eff_t *int_as_account(void)
{
    return eff_map(eff_succeed(eff_int(12)), balance_of, eff_unit);
}
static eff_t *account_as_int(void)
{
    return eff_map(eff_succeed(account_make((account_t){ 1 })), add_one, eff_unit);
}

#line 1 "into.c"
struct frame {
    account_t *account;
};
static eff_t *into_step(struct frame *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(account_into(eff_succeed(eff_string("not an account")), &s->account));
    EFF_GEN_END(eff_unit);
}
static void frame_clear(struct frame *s)
{
    account_decref(s->account);
}
EFF_DEFINE_GEN(read_account, struct frame, into_step, .drop = frame_clear);
static eff_t *wrong_into(void)
{
    return read_account((struct frame){ 0 });
}

#define account_into(...) account_into_at(EFF_SITE, __VA_ARGS__)
static account_t *kept;
static eff_t *wrong_into_with_a_site(void)
{
    return account_into(eff_succeed(eff_int(3)), &kept);
}

#line 1 "null.c"
static eff_t *null_effect(void)
{
    return eff_then(eff_noop(), NULL);
}
static eff_value_t read_absent(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return eff_string(eff_as_string((eff_value_t){ 0 }));
}
static eff_t *absent_read(void)
{
    return eff_map(eff_noop(), read_absent, eff_unit);
}
static eff_t *return_null(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return NULL;
}
static eff_t *callback_returns_null(void)
{
    return eff_flat_map(eff_noop(), return_null, eff_unit);
}
static eff_value_t return_absent(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    return (eff_value_t){ 0 };
}
static eff_t *callback_returns_absent(void)
{
    return eff_map(eff_noop(), return_absent, eff_unit);
}
static eff_t *absent_value(void)
{
    return eff_succeed((eff_value_t){ 0 });
}
static eff_t *null_callback(void)
{
    return eff_map(eff_noop(), NULL, eff_unit);
}
static eff_t *null_main(void)
{
    return NULL;
}
static eff_t *null_queue(void)
{
    return eff_queue_take(NULL);
}
static eff_t *null_deferred(void)
{
    return eff_then(eff_noop(), eff_deferred_await(NULL));
}
static eff_t *null_layer(void)
{
    return eff_provide(eff_noop(), NULL);
}

#line 1 "resolve.c"
static void forget(eff_async_t *k, eff_value_t env)
{
    (void)env;
    eff_async_release(k);
}
static eff_t *abandoned(void)
{
    return eff_async(forget, eff_unit);
}
static void answer_absent(eff_async_t *k, eff_value_t env)
{
    (void)env;
    eff_async_succeed(k, (eff_value_t){ 0 });
}
static eff_t *absent_answer(void)
{
    return eff_async(answer_absent, eff_unit);
}
static void answer_null(eff_async_t *k, eff_value_t env)
{
    (void)env;
    eff_async_resume(k, NULL);
}
static eff_t *null_answer(void)
{
    return eff_async(answer_null, eff_unit);
}

#line 1 "plugin.c"
static eff_t *another_runtime(void)
{
    eff_runtime_t *plugin = eff_runtime_new(NULL); /* lives on */
    eff_queue_t *jobs = eff_queue_bounded(2);
    eff_exit_decref(eff_runtime_run(plugin, eff_queue_offer(jobs, eff_int(1))));
    eff_t *e = eff_queue_take(jobs);
    eff_queue_decref(jobs);
    return e;
}
static eff_value_t run_again(eff_value_t v, eff_value_t env)
{
    (void)v, (void)env;
    eff_exit_decref(eff_run(eff_noop()));
    return eff_unit;
}
static eff_t *re_entered(void)
{
    return eff_map(eff_noop(), run_again, eff_unit);
}

#line 1 "outside.c"
static void outside_a_fiber(void)
{
    eff_value_t v = eff_string("seven");
    (void)eff_as_int(v);
    (void)account_of(v);
    eff_value_decref(v);
    (void)eff_event_base();
    (void)eff_as_string((eff_value_t){ 0 });
    eff_value_decref(eff_string(NULL));
}

#line 1 "gen.c"
struct empty {
    char none;
};
static eff_t *lost_step(struct empty *s, eff_gen_t *g)
{
    (void)s;
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_yield_now());
    return NULL;
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(lost, struct empty, lost_step);
static eff_t *gen_returns_null(void)
{
    return lost((struct empty){ 0 });
}

const struct message mistake_messages[] = {
    { "string_as_int", .program = string_as_int },
    { "long_string_as_int", .program = long_string_as_int },
    { "array_as_int", .program = array_as_int },
    { "error_as_int", .program = error_as_int },
    { "int_as_account", .program = int_as_account },
    { "account_as_int", .program = account_as_int },
    { "wrong_into", .program = wrong_into },
    { "wrong_into_with_a_site", .program = wrong_into_with_a_site },
    { "null_effect", .program = null_effect },
    { "absent_read", .program = absent_read },
    { "callback_returns_null", .program = callback_returns_null },
    { "callback_returns_absent", .program = callback_returns_absent },
    { "absent_value", .program = absent_value },
    { "null_callback", .program = null_callback },
    { "null_main", .program = null_main },
    { "null_queue", .program = null_queue },
    { "null_deferred", .program = null_deferred },
    { "null_layer", .program = null_layer },
    { "abandoned", .program = abandoned },
    { "absent_answer", .program = absent_answer },
    { "null_answer", .program = null_answer },
    { "another_runtime", .program = another_runtime },
    { "re_entered", .program = re_entered },
    { "outside_a_fiber", .run = outside_a_fiber },
    { "gen_returns_null", .program = gen_returns_null },
    { .name = NULL },
};
