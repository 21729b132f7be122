/* A service: a struct of operations, found through its tag. The program asks for it; who runs the program decides which
 * one it gets: the live one, built by a layer that needs another service, or a double that counts. */
#include <effect/effect.h>
#include <effect/test.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- two services; in a larger program this part is config.h and db.h */

typedef struct config {
    const char *db_url;
} config_t;
EFF_DECLARE_SERVICE(config, config_t);

typedef struct db db_t;
struct db {
    eff_t *(*query)(db_t *db, const char *sql, int64_t id); /* only builds: it happens when the effect runs */
};
EFF_DECLARE_SERVICE(db, db_t);
eff_layer_t *db_live(void); /* needs config */

EFF_DEFINE_SERVICE(config, config_t);
EFF_DEFINE_SERVICE(db, db_t);

/* ---- the program: knows the services, not who provides them */

static const eff_error_kind_t connection_lost = { "connection lost", NULL };

static eff_t *find_user(db_t *db, eff_value_t id)
{
    eff_t *e = db->query(db, "select name from users where id = $1", eff_as_int(id));
    return eff_retry(e, eff_schedule_recurs(2));
}

static eff_t *program(int64_t id)
{
    return eff_flat_map(db_with(find_user, eff_int(id)), eff_print_value, eff_literal("hello, "));
}

/* ---- live: a value whose drop disconnects, so it may be dropped at any moment, whoever holds it then */

struct live_db {
    db_t db; /* first, so that the whole, as a value, is the service */
    char *url;
};

static void live_db_clear(struct live_db *live)
{
    printf("disconnect from %s\n", live->url);
    free(live->url);
}
EFF_STATIC_TYPE(live_db, struct live_db, .drop = live_db_clear);

static eff_t *live_query(db_t *db, const char *sql, int64_t id)
{
    (void)sql;
    struct live_db *live = EFF_CONTAINER_OF(db, struct live_db, db);
    return eff_delay(eff_succeed(eff_printf("user %" PRId64 " of %s", id, live->url)), eff_millis(1));
}

static eff_t *connect_to(config_t *config, eff_value_t env)
{
    (void)env;
    if (strncmp(config->db_url, "db://", 5) != 0)
        return eff_fail(eff_error(&eff_config_error, 0, "no database url: %s", config->db_url));
    char *url = strdup(config->db_url);
    if (!url) return eff_out_of_memory();
    printf("connect to %s\n", url);
    return eff_succeed(live_db_make((struct live_db){ .db = { .query = live_query }, .url = url }));
}

static eff_t *open_db(void)
{
    return config_with(connect_to, eff_unit);
}
EFF_DEFINE_LAYER(db_live, db, db_t, open_db, NULL, &config_tag);

/* ---- a double, on the caller's stack: counts the queries that are run, not those that are built */

struct fake_db {
    int n_runs;
    db_t db;
};

static eff_t *run_query(eff_value_t env)
{
    struct fake_db *fake = eff_as_ptr(env);
    if (++fake->n_runs == 1) return eff_fail(eff_error(&connection_lost, 0, "at the first query"));
    return eff_succeed(eff_literal("ada"));
}

static eff_t *fake_query(db_t *db, const char *sql, int64_t id)
{
    (void)sql, (void)id;
    return eff_suspend(run_query, eff_ptr(EFF_CONTAINER_OF(db, struct fake_db, db)));
}

static bool test_program(void)
{
    struct fake_db fake = { .db = { .query = fake_query } };
    eff_exit_t exit = eff_test_run(db_provide(program(7), &fake.db));
    bool passed = exit.ok && fake.n_runs == 2; /* one lost, one answered */
    printf("the test %s\n", passed ? "passed" : "failed");
    eff_exit_decref(exit);
    return passed;
}

int main(void)
{
    if (!test_program()) return 1;

    config_t config = { .db_url = "db://localhost" };
    eff_t *e = program(7);
    e = eff_provide(e, db_live());
    e = config_provide(e, &config);
    return eff_main(e);
}

/* expected output:
the test passed
connect to db://localhost
hello, user 7 of db://localhost
disconnect from db://localhost
*/
