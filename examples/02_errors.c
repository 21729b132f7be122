/* Expected failures are values with a kind. A handler takes the kinds it knows; the others pass by, and arrive with
 * everything that was noted on the way. */
#include <effect/effect.h>

#include <stdio.h>
#include <string.h>

static const eff_error_kind_t storage_error = { "storage error", NULL };
static const eff_error_kind_t missing_error = { "missing", &storage_error }; /* a kind of storage error */
static const eff_error_kind_t broken_error = { "broken", &storage_error };   /* another */

static eff_t *look_up(const char *key)
{
    if (strcmp(key, "color") == 0) return eff_succeed(eff_literal("blue"));
    if (strcmp(key, "size") == 0) return eff_fail(eff_error(&missing_error, 0, "no entry '%s'", key));
    return eff_fail(eff_error(&broken_error, 5, "block 5 is unreadable"));
}

static eff_t *use_default(eff_value_t error, eff_value_t env)
{
    printf("(%s: %s)\n", eff_as_error(error)->kind->name, eff_as_error(error)->message);
    return eff_succeed(eff_value_incref(env));
}

/* What the caller has to know first is not what the disk says; that stays within it. */
static eff_value_t explain(eff_value_t error, eff_value_t key)
{
    return eff_error_caused(eff_value_incref(error), &storage_error, 0, "cannot read '%s'", eff_as_string(key));
}

static eff_value_t print(eff_value_t v, eff_value_t key)
{
    printf("%s = %s\n", eff_as_string(key), eff_as_string(v));
    return eff_unit;
}

static eff_t *read_setting(const char *key)
{
    eff_t *e = look_up(key);
    e = eff_catch_kind(e, &missing_error, use_default, eff_literal("medium"));
    e = eff_map_error(e, explain, eff_string(key));
    e = eff_annotate(e, eff_literal("while starting up"));
    return eff_map(e, print, eff_string(key));
}

int main(void)
{
    eff_t *e = read_setting("color");
    e = eff_then(e, read_setting("size"));
    e = eff_then(e, read_setting("font"));
    e = eff_then(e, read_setting("never reached"));

    eff_exit_t exit = eff_run(e);
    int code = exit.ok ? 0 : 1;
    if (!exit.ok) eff_cause_print(exit.cause, stdout);
    eff_exit_decref(exit);
    return code;
}

/* expected output:
color = blue
(missing: no entry 'size')
size = medium
error: storage error: cannot read 'font', because: broken: block 5 is unreadable (code 5)
  at 02_errors.c:16
  at use_default (02_errors.c:40)
  at explain (02_errors.c:41)
  at 02_errors.c:42
  at print (02_errors.c:43)
  at 02_errors.c:51
  note: while starting up (02_errors.c:42)
exit: 1
*/
