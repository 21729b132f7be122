/* The service of docs/writing-a-service.md: what would be mailer.h, mailer.c, mailer_test.c, and their tests. The page takes
 * its snippets from here. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/case.h"

/* ---- mailer.h: the operations, and what generates the rest */

typedef struct mailer mailer_t;
struct mailer {
    /* Builds the effect that sends a mail. Borrows mailer and to until that has ended, consumes text. Fails with an
     * eff_system_error or a kind below it. */
    eff_t *(*send)(mailer_t *mailer, const char *to, eff_value_t text);
};
EFF_DECLARE_SERVICE(mailer, mailer_t);
#define mailer_with(...) mailer_with_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
#define mailer_provide(...) mailer_provide_at(EFF_SITE, __VA_ARGS__)

/* ---- mailer.h: what programs use */

/* Sends a mail. to: copied. Consumes text, a string. Succeeds and fails as the mailer's send does. */
eff_t *mailer_send_at(eff_site_t site, const char *to, eff_value_t text);
#define mailer_send(...) mailer_send_at(EFF_SITE, __VA_ARGS__)

/* ---- mailer.h: the layers */

typedef struct mail_config {
    const char *spool;
} mail_config_t;
EFF_DECLARE_SERVICE(mail_config, mail_config_t);

eff_layer_t *mailer_live(void); /* appends to the spool file; needs mail_config */

typedef struct test_mailer test_mailer_t;
test_mailer_t *test_mailer_new(void);
eff_layer_t *test_mailer(test_mailer_t *t);               /* borrows t */
const char *test_mailer_sent(const test_mailer_t *t);     /* "ada: welcome\n" for each mail */
void test_mailer_fail(test_mailer_t *t, int n, int code); /* the next n mails fail with this errno */

/* ---- mailer.c: using it */

EFF_DEFINE_SERVICE(mailer, mailer_t);
EFF_DEFINE_SERVICE(mail_config, mail_config_t);

struct mail {
    eff_value_t to, text;
};
static void mail_clear(struct mail *mail)
{
    eff_value_decref(mail->to);
    eff_value_decref(mail->text);
}
EFF_STATIC_TYPE(mail, struct mail, .drop = mail_clear);

static eff_t *send_it(mailer_t *mailer, eff_value_t env)
{
    const struct mail *mail = mail_of(env);
    return EFF_CALL(mailer, send, mailer, eff_as_string(mail->to), eff_value_incref(mail->text));
}
eff_t *mailer_send_at(eff_site_t site, const char *to, eff_value_t text)
{
    return mailer_with_at(site, send_it, EFF_ENV(mail, .to = eff_string(to), .text = text));
}

/* ---- mailer.c: the live one */

struct spool {
    mailer_t mailer; /* first, so that the whole, as a value, is the service */
    FILE *file;
};
static void spool_close(struct spool *spool)
{
    fclose(spool->file);
}
EFF_STATIC_TYPE(spool, struct spool, .drop = spool_close);

struct line {
    struct spool *spool; /* outlives the effect: it is that of the service */
    eff_value_t to, text;
};
static void line_clear(struct line *line)
{
    eff_value_decref(line->to);
    eff_value_decref(line->text);
}
EFF_STATIC_TYPE(line, struct line, .drop = line_clear);

static eff_t *append_line(eff_value_t env)
{
    const struct line *line = line_of(env);
    int n = fprintf(line->spool->file, "%s: %s\n", eff_as_string(line->to), eff_as_string(line->text));
    if (n < 0 || fflush(line->spool->file) != 0) return eff_fail_errno("write a mail");
    return eff_noop();
}
static eff_t *spool_send(mailer_t *mailer, const char *to, eff_value_t text)
{
    struct spool *spool = EFF_CONTAINER_OF(mailer, struct spool, mailer);
    return eff_suspend(append_line, EFF_ENV(line, .spool = spool, .to = eff_string(to), .text = text));
}

static eff_t *open_spool(mail_config_t *config, eff_value_t env)
{
    (void)env;
    FILE *file = fopen(config->spool, "a");
    if (!file) return eff_fail_errno("open %s", config->spool);
    return eff_succeed(spool_make((struct spool){ { spool_send }, file }));
}
static eff_t *open_mailer(void)
{
    return mail_config_with(open_spool, eff_unit);
}
EFF_DEFINE_LAYER(mailer_live, mailer, mailer_t, open_mailer, NULL, &mail_config_tag);

/* ---- mailer_test.c */

struct test_mailer {
    mailer_t mailer;
    eff_buffer_t sent;
    int n_failures, code;
};
static void test_mailer_clear(test_mailer_t *t)
{
    eff_buffer_done(&t->sent);
}
EFF_STATIC_TYPE(test_mailer, test_mailer_t, .drop = test_mailer_clear);

struct sending {
    test_mailer_t *mailer;
    eff_value_t to, text;
};
static void sending_clear(struct sending *s)
{
    test_mailer_decref(s->mailer);
    eff_value_decref(s->to);
    eff_value_decref(s->text);
}
EFF_STATIC_TYPE(sending, struct sending, .drop = sending_clear);

static eff_t *record(eff_value_t env)
{
    const struct sending *s = sending_of(env);
    test_mailer_t *t = s->mailer;
    if (t->n_failures > 0) {
        t->n_failures--;
        return eff_fail(eff_error_errno(t->code, "send a mail"));
    }
    size_t before = t->sent.size;
    eff_buffer_printf(&t->sent, "%s: %s\n", eff_as_string(s->to), eff_as_string(s->text));
    if (!t->sent.truncated) return eff_noop();
    t->sent.truncated = false;
    t->sent.size = before;
    return eff_out_of_memory();
}
static eff_t *test_send(mailer_t *mailer, const char *to, eff_value_t text)
{
    test_mailer_t *t = test_mailer_incref(EFF_CONTAINER_OF(mailer, struct test_mailer, mailer));
    return eff_suspend(record, EFF_ENV(sending, .mailer = t, .to = eff_string(to), .text = text));
}

test_mailer_t *test_mailer_new(void)
{
    return test_mailer_take(test_mailer_make((test_mailer_t){ .mailer = { test_send }, .sent = EFF_BUFFER_INIT }));
}
eff_layer_t *test_mailer(test_mailer_t *t)
{
    return eff_layer_succeed(&mailer_tag, t ? test_mailer_value(test_mailer_incref(t)) : eff_oom_value());
}
const char *test_mailer_sent(const test_mailer_t *t)
{
    return eff_buffer_text(&t->sent);
}
void test_mailer_fail(test_mailer_t *t, int n, int code)
{
    t->n_failures = n;
    t->code = code;
}

/* ---- a program that uses it */

static eff_t *welcome(const char *name)
{
    eff_t *e = mailer_send(name, eff_printf("welcome, %s", name));
    return eff_retry(e, eff_schedule_both(eff_schedule_recurs(3), eff_schedule_spaced(eff_seconds(1))));
}

/* ---- tests of the program */

START_TEST(a_mail_is_tried_again)
{
    test_mailer_t *t = test_mailer_new();
    test_mailer_fail(t, 2, EAGAIN);
    ck_assert_succeeds(eff_provide(welcome("ada"), test_mailer(t)), "unit");
    ck_assert_str_eq(test_mailer_sent(t), "ada: welcome, ada\n");
    test_mailer_decref(t);
}
END_TEST

START_TEST(after_the_fourth_time_it_fails)
{
    test_mailer_t *t = test_mailer_new();
    test_mailer_fail(t, 4, ECONNREFUSED);
    ck_assert_fails(eff_provide(welcome("ada"), test_mailer(t)), "connection failed: send a mail: Connection refused");
    ck_assert_str_eq(test_mailer_sent(t), "");
    test_mailer_decref(t);
}
END_TEST

/* ---- tests of the services */

struct told {
    struct world *w;
    test_mailer_t *t;
};
static void told_clear(struct told *told)
{
    test_mailer_decref(told->t);
}
EFF_STATIC_TYPE(told, struct told, .drop = told_clear);

static eff_t *tell_sent(eff_value_t env)
{
    const struct told *told = told_of(env);
    return say(told->w, strcmp(test_mailer_sent(told->t), "ada: 1\nada: 2\n") == 0 ? "both" : "?");
}
static eff_t *two_mails(struct world *w)
{
    test_mailer_t *t = test_mailer_new();
    eff_t *e = eff_then(mailer_send("ada", eff_literal("1")), mailer_send("ada", eff_literal("2")));
    e = eff_provide(e, test_mailer(t));
    return eff_then(e, eff_suspend(tell_sent, EFF_ENV(told, .w = w, .t = t)));
}
CASE(a_test_mailer_keeps_what_was_sent, two_mails, .succeeds = "unit", .journal = "both")

static eff_t *without_mailer(struct world *w)
{
    (void)w;
    return mailer_send("ada", eff_literal("1"));
}
CASE(without_a_mailer_it_dies, without_mailer, .dies = "no service \"mailer\" is provided here")

static mailer_t no_operations = { NULL };
static eff_t *partial(struct world *w)
{
    (void)w;
    return mailer_provide(mailer_send("ada", eff_literal("1")), &no_operations);
}
CASE(a_mailer_that_cannot_send_dies, partial, .dies = "unimplemented: send of mailer")

START_TEST(the_live_one_appends_to_its_spool)
{
    char path[] = "/tmp/spool-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    mail_config_t config = { path };
    eff_layer_t *config_test = eff_layer_succeed(&mail_config_tag, mail_config_value(&config));
    ck_assert_succeeds(eff_provide(welcome("ada"), eff_layer_provide(mailer_live(), config_test)), "unit");
    char text[64] = { 0 };
    ck_assert_int_gt(read(fd, text, sizeof text - 1), 0);
    ck_assert_str_eq(text, "ada: welcome, ada\n");
    close(fd);
    unlink(path);
}
END_TEST

START_TEST(a_spool_that_cannot_be_opened_fails)
{
    mail_config_t config = { "/nowhere/spool" };
    eff_layer_t *config_test = eff_layer_succeed(&mail_config_tag, mail_config_value(&config));
    ck_assert_fails(eff_provide(welcome("ada"), eff_layer_provide(mailer_live(), config_test)),
                    "not found: open /nowhere/spool: No such file or directory");
}
END_TEST

TESTS(a_mail_is_tried_again, after_the_fourth_time_it_fails, a_test_mailer_keeps_what_was_sent,
      without_a_mailer_it_dies, a_mailer_that_cannot_send_dies, the_live_one_appends_to_its_spool,
      a_spool_that_cannot_be_opened_fails)
