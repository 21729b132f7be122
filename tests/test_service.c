/* Services with a default, and plain values with one: found by a program to which nobody provided any. */
#include <string.h>

#include "support/case.h"

typedef struct dice dice_t;
struct dice {
    eff_t *(*roll)(dice_t *dice);
    int64_t face;
};
EFF_DECLARE_SERVICE(dice, dice_t);

static eff_t *always(dice_t *dice)
{
    return eff_succeed(eff_int(dice->face));
}
static dice_t fair = { always, 4 };
EFF_DEFINE_DEFAULT_SERVICE(dice, dice_t, &fair);

static eff_value_t three(void)
{
    return eff_int(3);
}
static const eff_tag_t attempts_tag = { "attempts", three };

static eff_t *use_roll(dice_t *dice, eff_value_t env)
{
    (void)env;
    return dice->roll(dice);
}
static eff_t *roll(void)
{
    return dice_with(use_roll, eff_unit);
}

/* A service that counts: it is not the first member, so that the way from one to the other has a length. */
struct counting {
    int n_rolls;
    dice_t dice;
};
static eff_value_t count_roll(eff_value_t counting)
{
    return eff_int(++((struct counting *)eff_as_ptr(counting))->n_rolls);
}
static eff_t *roll_and_count(dice_t *dice)
{
    return eff_sync(count_roll, eff_ptr(EFF_CONTAINER_OF(dice, struct counting, dice)));
}
START_TEST(container_of_finds_the_struct_around_a_service)
{
    struct counting mine = { 0, { roll_and_count, 0 } };
    dice_t *dice = &mine.dice;
    ck_assert_ptr_eq(EFF_CONTAINER_OF(dice++, struct counting, dice), &mine);
    ck_assert_ptr_eq(dice, &mine.dice + 1);
    ck_assert_succeeds(dice_provide(roll(), &mine.dice), "1");
    ck_assert_int_eq(mine.n_rolls, 1);
}
END_TEST

/* Says what was rolled. */
static eff_t *say_number(eff_value_t n, eff_value_t env)
{
    struct world *w = eff_as_ptr(env);
    char word[32];
    snprintf(word, sizeof word, "%lld", (long long)eff_as_int(n));
    journal_add(w, word);
    return eff_noop();
}
static eff_t *say_roll(struct world *w)
{
    return eff_flat_map(roll(), say_number, eff_ptr(w));
}

static eff_t *look_up_attempts(eff_value_t context, eff_value_t env)
{
    return say_number(eff_context_get(eff_as_context(context), &attempts_tag), env);
}
static eff_t *say_attempts(struct world *w)
{
    return eff_flat_map(eff_context(), look_up_attempts, eff_ptr(w));
}

static eff_t *bare(struct world *w)
{
    (void)w;
    return roll();
}
CASE(the_default_is_used_where_nothing_was_provided, bare, .succeeds = "4")

static dice_t loaded = { always, 6 }, broken = { always, 1 };

static eff_t *overridden(struct world *w)
{
    eff_t *inner = dice_provide(say_roll(w), &broken);
    eff_t *outer = dice_provide(eff_then(say_roll(w), eff_then(inner, say_roll(w))), &loaded);
    return eff_then(say_roll(w), eff_then(outer, say_roll(w)));
}
CASE(providing_overrides_the_default_and_its_end_restores_it, overridden, .succeeds = "unit", .journal = "4 6 1 6 4")

static eff_t *join(eff_fiber_t *fiber)
{
    return eff_fiber_join(fiber);
}
static eff_t *inherited(struct world *w)
{
    eff_t *e = eff_then(keep(w, 0, eff_fork(say_roll(w))), with_fiber(w, 0, join));
    return dice_provide(e, &loaded);
}
CASE(a_forked_fiber_inherits_what_overrides_the_default, inherited, .succeeds = "unit", .journal = "6")

static eff_t *daemon(struct world *w)
{
    eff_t *e = eff_then(keep(w, 0, eff_fork_daemon(say_roll(w))), with_fiber(w, 0, join));
    return dice_provide(e, &loaded);
}
CASE(a_daemon_starts_with_the_default, daemon, .succeeds = "unit", .journal = "4")

START_TEST(from_finds_the_default_in_any_context)
{
    eff_context_t *c = eff_context_empty();
    ck_assert_ptr_eq(dice_from(c), &fair);
    c = eff_context_add(c, &dice_tag, dice_value(&loaded));
    ck_assert_ptr_eq(dice_from(c), &loaded);
    eff_context_decref(c);
}
END_TEST

static eff_t *values(struct world *w)
{
    eff_t *inner = eff_locally(say_attempts(w), &attempts_tag, eff_int(5));
    return eff_then(say_attempts(w), eff_then(inner, say_attempts(w)));
}
CASE(a_value_with_a_default_is_overridden_locally, values, .succeeds = "unit", .journal = "3 5 3")

/* ---- services that are NULL, which the use function must not see */

typedef struct mail {
    int64_t n;
} mail_t;
EFF_DECLARE_SERVICE(mail, mail_t);
EFF_DEFINE_DEFAULT_SERVICE(mail, mail_t, NULL);
static eff_value_t absent(void)
{
    return (eff_value_t){ .type = NULL };
}
typedef struct news {
    int64_t n;
} news_t;
EFF_DECLARE_SERVICE(news, news_t);
eff_t *news__use(eff_any_fn use, void *service, eff_value_t env)
{
    return ((news_use_fn)use)(service, env);
}
const eff_tag_t news_tag = { "news", absent };
static void drop_post(mail_t *mail)
{
    mail->n = -1;
}
EFF_STATIC_BOX(post, mail_t, .drop = drop_post);

static eff_t *use_mail(mail_t *mail, eff_value_t env)
{
    (void)env;
    mail->n++;
    return eff_noop();
}
static eff_t *use_news(news_t *news, eff_value_t env)
{
    (void)env;
    news->n++;
    return eff_noop();
}
static eff_t *ask_for_mail(void)
{
    return mail_with_at("use_mail (inbox.c:7)", use_mail, eff_unit);
}

static eff_t *null_provided(struct world *w)
{
    return mail_provide_at("inbox.c:9", say(w, "ran"), NULL);
}
CASE(providing_null_is_a_mistake, null_provided, .dies = "argument 2 of mail_provide is NULL (inbox.c:9)",
     .journal = "")

static eff_t *null_in_a_context(struct world *w)
{
    (void)w;
    return eff_provide_context(ask_for_mail(), eff_context_add(eff_context_empty(), &mail_tag, mail_value(NULL)));
}
CASE(a_service_that_is_null_in_a_context_is_a_mistake, null_in_a_context, .dies = "the service \"mail\" is NULL here")

static eff_t *null_in_a_box(struct world *w)
{
    (void)w;
    return mail_provide_value(ask_for_mail(), post_box(NULL));
}
CASE(a_box_of_null_is_a_mistake, null_in_a_box, .dies = "argument 2 of mail_provide is NULL")

static eff_t *null_default(struct world *w)
{
    (void)w;
    return ask_for_mail();
}
CASE(a_default_that_is_null_is_a_mistake, null_default, .dies = "the service \"mail\" is NULL here")

static eff_t *absent_default(struct world *w)
{
    (void)w;
    return news_with(use_news, eff_unit);
}
CASE(a_default_that_is_absent_is_a_missing_service, absent_default, .dies = "no service \"news\" is provided here")

static eff_t *wrong_type(struct world *w)
{
    (void)w;
    return mail_provide_value(ask_for_mail(), eff_int(5));
}
CASE(a_service_of_a_wrong_type_is_a_mistake, wrong_type,
     .dies = "read a value of type int as pointer: 5, in use_mail (inbox.c:7)")

static eff_t *open_null(void)
{
    return eff_succeed(mail_value(NULL));
}
static void close_mail(mail_t *mail)
{
    mail->n--;
}
eff_layer_t *mail_null(void);
EFF_DEFINE_LAYER(mail_null, mail, mail_t, open_null, close_mail, EFF_NO_NEEDS);
static eff_t *null_layer(struct world *w)
{
    return eff_provide(say(w, "ran"), mail_null());
}
CASE(a_layer_that_opens_null_is_a_mistake_and_closes_nothing, null_layer,
     .dies = "the open of layer mail_null succeeded with NULL", .journal = "")

static void names_the_asker(struct world *w, const eff_exit_t *exit)
{
    (void)w;
    eff_buffer_t text = EFF_BUFFER_INIT;
    eff_cause_format(exit->cause, &text);
    ck_assert_ptr_nonnull(strstr(eff_buffer_text(&text), "inbox.c:7"));
    eff_buffer_done(&text);
}
CASE(the_mistake_says_who_asked, null_default, .check = names_the_asker)

TESTS(container_of_finds_the_struct_around_a_service, the_default_is_used_where_nothing_was_provided,
      providing_overrides_the_default_and_its_end_restores_it, a_forked_fiber_inherits_what_overrides_the_default,
      a_daemon_starts_with_the_default, from_finds_the_default_in_any_context,
      a_value_with_a_default_is_overridden_locally, providing_null_is_a_mistake,
      a_service_that_is_null_in_a_context_is_a_mistake, a_box_of_null_is_a_mistake, a_default_that_is_null_is_a_mistake,
      a_default_that_is_absent_is_a_missing_service, a_service_of_a_wrong_type_is_a_mistake,
      a_layer_that_opens_null_is_a_mistake_and_closes_nothing, the_mistake_says_who_asked)
