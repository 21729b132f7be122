/* Services that are asked for and not there. */
#include <unistd.h>

#include "messages/messages.h"

#line 1 "db.c"
typedef struct db {
    const char *name;
} db_t;
typedef struct log {
    const char *name;
} log_t;
typedef struct mail {
    const char *name;
} mail_t;
EFF_DECLARE_SERVICE(db, db_t);
EFF_DECLARE_SERVICE(log, log_t);
EFF_DECLARE_SERVICE(mail, mail_t);
EFF_DEFINE_SERVICE(db, db_t);
EFF_DEFINE_SERVICE(log, log_t);
EFF_DEFINE_SERVICE(mail, mail_t);

static log_t the_log = { "log" };
static mail_t the_mail = { "mail" };

static eff_t *open_mail(void)
{
    return eff_succeed(mail_value(&the_mail));
}
static void close_mail(mail_t *mail)
{
    (void)mail;
}
eff_layer_t *mail_live(void);
EFF_DEFINE_LAYER(mail_live, mail, mail_t, open_mail, close_mail, EFF_NO_NEEDS);
eff_layer_t *mail_over_db(void);
EFF_DEFINE_LAYER(mail_over_db, mail, mail_t, open_mail, close_mail, &db_tag);

#line 1 "greet.c"
static eff_t *greet(db_t *db, eff_value_t env)
{
    (void)db, (void)env;
    return eff_noop();
}
static eff_t *no_service_at_all(void)
{
    return eff_then(db_with(greet, eff_unit), eff_noop());
}
static eff_t *other_services(void)
{
    eff_t *e = eff_then(db_with(greet, eff_unit), eff_noop());
    return log_provide(eff_provide(e, mail_live()), &the_log);
}
static eff_t *layer_needs(void)
{
    return log_provide(eff_provide(eff_noop(), mail_over_db()), &the_log);
}

struct greeting {
    char none;
};
static eff_t *greeting_step(struct greeting *s, eff_gen_t *g)
{
    (void)s;
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(db_with(greet, eff_unit));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(greeting, struct greeting, greeting_step);
static eff_t *asked_in_a_gen(void)
{
    return greeting((struct greeting){ 0 });
}
static eff_t *null_use(void)
{
    return db_with(NULL, eff_unit);
}
static eff_t *failing_use(log_t *log, eff_value_t env)
{
    (void)env;
    return eff_fail(eff_printf("%s is full", log->name));
}
static eff_t *failing_service(void)
{
    return log_provide(log_with(failing_use, eff_unit), &the_log);
}

static eff_t *open_nothing(void)
{
    return eff_succeed(mail_value(NULL));
}
eff_layer_t *mail_of_nothing(void);
EFF_DEFINE_LAYER(mail_of_nothing, mail, mail_t, open_nothing, close_mail, EFF_NO_NEEDS);
static eff_t *layer_opens_null(void)
{
    return eff_provide(eff_noop(), mail_of_nothing());
}
static eff_t *null_service(void)
{
    return log_provide(eff_noop(), NULL);
}

#define db_with(...) db_with_at(EFF_SITE_OF(__VA_ARGS__), __VA_ARGS__)
static eff_t *asked_with_a_site(void)
{
    return eff_then(db_with(greet, eff_unit), eff_noop());
}

static eff_t *open_with_log(void)
{
    return eff_then(log_with(failing_use, eff_unit), open_mail());
}
eff_layer_t *mail_over_log(void);
EFF_DEFINE_LAYER(mail_over_log, mail, mail_t, open_with_log, close_mail, &db_tag);
static eff_t *layer_asks_for_more(void)
{
    static db_t the_db = { "db" };
    return db_provide(log_provide(eff_provide(eff_noop(), mail_over_log()), &the_log), &the_db);
}

typedef struct post post_t;
struct post {
    eff_t *(*send)(post_t *post, const char *to);
};
EFF_DECLARE_SERVICE(post, post_t);
EFF_DEFINE_SERVICE(post, post_t);
static eff_t *send_post(post_t *post, eff_value_t env)
{
    return EFF_CALL(post, send, post, eff_as_string(env));
}
static eff_t *unimplemented(void)
{
    static post_t the_post = { NULL };
    return post_provide(post_with(send_post, eff_literal("ada")), &the_post);
}

#line 1 "main.c"
eff_layer_t *log_live(void);
static eff_t *open_log(void)
{
    return eff_succeed(log_value(&the_log));
}
static void close_log(log_t *log)
{
    (void)log;
}
EFF_DEFINE_LAYER(log_live, log, log_t, open_log, close_log, EFF_NO_NEEDS);
static void wire_needs(void)
{
    _exit(eff_main_with(eff_noop(), eff_layer_wire(mail_over_db(), log_live())));
}

const struct message service_messages[] = {
    { "no_service_at_all", .program = no_service_at_all },
    { "other_services", .program = other_services },
    { "layer_needs", .program = layer_needs },
    { "wire_needs", .run = wire_needs },
    { "asked_in_a_gen", .program = asked_in_a_gen },
    { "null_use", .program = null_use },
    { "layer_opens_null", .program = layer_opens_null },
    { "null_service", .program = null_service },
    { "failing_service", .program = failing_service },
    { "asked_with_a_site", .program = asked_with_a_site },
    { "layer_asks_for_more", .program = layer_asks_for_more },
    { "unimplemented", .program = unimplemented },
    { .name = NULL },
};
