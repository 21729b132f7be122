/* A conversation: a question, an answer that is checked, and asked for again. Run by a test, who types is a script, and
 * how long that takes is virtual time; run by hand (with any argument), it is you. */
#include <effect/effect.h>
#include <effect/test.h>

#include <stdlib.h>

static const eff_error_kind_t no_number = { "no number", NULL };

static eff_t *ask(const char *question)
{
    return eff_then(eff_print(eff_string(question)), eff_read_line());
}

static eff_t *to_age(eff_value_t line, eff_value_t env)
{
    char *end;
    long age = strtol(eff_as_string(line), &end, 10);
    (void)env;
    if (!*end && age >= 0 && age < 150) return eff_succeed(eff_int(age));
    return eff_then(eff_print_error_line(eff_literal("A number, please.")),
                    eff_fail(eff_error(&no_number, 0, "%s", eff_as_string(line))));
}

static bool is_no_number(eff_value_t error, eff_value_t env)
{
    (void)env;
    return eff_error_is(error, &no_number);
}

/* Asks until it gets a number: three times at most, and not when the input has ended. */
static eff_t *ask_age(eff_value_t name, eff_value_t env)
{
    (void)env;
    eff_t *age = eff_flat_map(ask("Your age? "), to_age, eff_unit);
    age = eff_retry(age, eff_schedule_while(eff_schedule_recurs(2), is_no_number, eff_unit));
    return eff_zip(eff_succeed(eff_value_incref(name)), age);
}

static eff_t *greet(eff_value_t name_and_age, eff_value_t env)
{
    (void)env;
    return eff_print_line(eff_printf("Hello %s, %s.", eff_as_string(eff_first(name_and_age)),
                                     eff_as_int(eff_second(name_and_age)) < 18 ? "lucky you" : "nice to meet you"));
}

static eff_t *talk(void)
{
    eff_t *name = eff_timeout_to(ask("Your name? "), eff_seconds(30), eff_succeed(eff_literal("somebody")));
    return eff_flat_map(eff_flat_map(name, ask_age, eff_unit), greet, eff_unit);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) return eff_main(talk());

    eff_test_console_t *console = eff_test_console_new();
    eff_test_console_type_after(console, eff_seconds(10), "Ada");
    eff_test_console_type(console, "thirty-six");
    eff_test_console_type(console, "36");
    eff_exit_t exit = eff_test_run(eff_provide(talk(), eff_test_console(console)));
    printf("%s%s", eff_test_console_screen(console), exit.ok ? "(and that took no time)\n" : "failed\n");
    eff_exit_decref(exit);
    eff_test_console_decref(console);
    return 0;
}

/* expected output:
Your name? Ada
Your age? thirty-six
A number, please.
Your age? 36
Hello Ada, nice to meet you.
(and that took no time)
*/
