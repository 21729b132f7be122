/* The recipes of docs/recipes.md for those who operate a program: what its log says in the end, and what it reads anew when
 * it is told to. What stands before a test is what the page shows. */
#include <stdio.h>
#include <string.h>

#include "support/case.h"
#include "support/hangup.h"

/* ---- the end */

static eff_t *log_end(const eff_exit_t *exit, eff_value_t env)
{
    if (exit->ok) return eff_log_info("done");
    if (eff_cause_is_interrupted_only(exit->cause)) return eff_log_info("stopped");
    return eff_log_cause(EFF_LOG_FATAL, eff_cause_incref(exit->cause), "failed");
}
static eff_t *logged(eff_t *program)
{
    return eff_on_exit(program, log_end, eff_unit);
}

static void ck_assert_log(eff_t *program, const char *text)
{
    eff_test_logger_t *log = eff_test_logger_new();
    eff_exit_decref(eff_test_run(eff_provide(logged(program), eff_test_logger(log))));
    ck_assert_msg(strncmp(eff_test_logger_text(log), text, strlen(text)) == 0, "%s", eff_test_logger_text(log));
    eff_test_logger_decref(log);
}
static eff_layer_t *no_database(void)
{
    eff_t *open = eff_fail(eff_error(&eff_connection_error, 0, "nobody is there"));
    static const eff_tag_t db_tag = { .name = "db" };
    return eff_layer_effect(&db_tag, open, EFF_NO_NEEDS);
}
START_TEST(the_log_says_what_the_program_ended_with)
{
    ck_assert_log(eff_noop(), "INFO done\n");
    ck_assert_log(eff_interrupt_self(), "INFO stopped\n");
    ck_assert_log(eff_fail(eff_error(&eff_timeout_error, 0, "too late")), "FATAL failed\n");
    ck_assert_log(eff_provide(eff_noop(), no_database()), "FATAL failed\n");
}
END_TEST

/* ---- what is read anew: here each reading finds the next number, and the second fails */

static int n_read;
static eff_t *read_settings(void)
{
    if (++n_read == 2) return eff_fail(eff_error(&eff_config_error, 0, "no settings"));
    return eff_succeed(eff_int(n_read));
}
static eff_t *load(eff_value_t env)
{
    return read_settings();
}

static eff_t *keep_old(const eff_cause_t *cause, eff_value_t env)
{
    return eff_log_cause(EFF_LOG_ERROR, eff_cause_incref(cause), "the settings stay as they were");
}
static eff_t *serve_with(eff_hotswap_t *settings, eff_t *server)
{
    eff_t *load_them = eff_suspend(load, eff_unit);
    eff_t *reload = eff_catch_cause(eff_hotswap_swap(settings, eff_incref(load_them)), keep_old, eff_unit);
    return eff_then(eff_hotswap_swap(settings, load_them), at_each_hangup(reload, server));
}

static eff_value_t hang_up(eff_value_t env)
{
    raise(SIGHUP);
    return eff_unit;
}
static eff_t *look_again(eff_value_t env)
{
    if (n_read >= eff_as_int(env)) return eff_noop();
    return eff_then(eff_sleep(eff_millis(1)), eff_suspend(look_again, eff_value_incref(env)));
}
static eff_t *until_read(int64_t n)
{
    return eff_then(eff_sync(hang_up, eff_unit), eff_suspend(look_again, eff_int(n)));
}
static eff_t *run_server(eff_value_t slot, eff_value_t env)
{
    eff_hotswap_t *settings = eff_as_hotswap(slot);
    eff_t *server = eff_then(eff_sleep(eff_millis(1)), until_read(2)); /* fails */
    server = eff_then(eff_then(server, eff_sleep(eff_millis(5))), until_read(3));
    server = eff_then(eff_then(server, eff_sleep(eff_millis(5))), eff_hotswap_get(settings));
    return serve_with(settings, server);
}
START_TEST(each_hangup_reads_the_settings_anew)
{
    n_read = 0;
    eff_test_logger_t *log = eff_test_logger_new();
    eff_t *e = eff_scoped(eff_flat_map(eff_hotswap_make(), run_server, eff_unit));
    eff_exit_t exit = eff_run(eff_provide(e, eff_test_logger(log)));
    ck_assert_str_eq(shape_of(&exit), "ok(some(3))");
    ck_assert_ptr_nonnull(strstr(eff_test_logger_text(log), "ERROR the settings stay as they were\n"));
    eff_exit_decref(exit);
    eff_test_logger_decref(log);
}
END_TEST

TESTS(the_log_says_what_the_program_ended_with, each_hangup_reads_the_settings_anew)
