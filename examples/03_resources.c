/* What is acquired is released, once, in reverse order, whatever happens in between: here, a failure. */
#include <effect/effect.h>

#include <stdio.h>

static const eff_error_kind_t disk_full = { "disk full", NULL };

/* ---- a resource: something with a name that is opened and closed */

static eff_value_t open_file(eff_value_t name)
{
    printf("open %s\n", eff_as_string(name));
    return eff_value_incref(name);
}

/* A release is plain C: it needs no memory and always completes. It sees how the use of the resource ended. */
static void close_file(eff_value_t file, const eff_exit_t *exit, eff_value_t env)
{
    (void)env;
    printf("close %s after %s\n", eff_as_string(file), exit->ok ? "success" : "failure");
}

static eff_t *with_file(const char *name, eff_bind_fn use)
{
    eff_t *acquire = eff_sync(open_file, eff_string(name));
    return eff_acquire_use_release(acquire, use, close_file, eff_unit);
}

/* ---- two of them, one within the other */

static eff_t *write_output(eff_value_t file, eff_value_t env)
{
    (void)env;
    eff_t *e = eff_print_line(eff_printf("write to %s", eff_as_string(file)));
    e = eff_then(e, eff_fail(eff_error(&disk_full, 0, "no space for %s", eff_as_string(file))));
    return eff_ensuring(e, eff_print_line(eff_literal("flush")));
}

static eff_t *copy_input(eff_value_t file, eff_value_t env)
{
    (void)env;
    eff_t *e = eff_print_line(eff_printf("read from %s", eff_as_string(file)));
    return eff_then(e, with_file("output", write_output));
}

static eff_t *explain(eff_value_t error, eff_value_t env)
{
    (void)env;
    return eff_print_line(eff_printf("failed: %s", eff_as_error(error)->message));
}

int main(void)
{
    eff_t *e = with_file("input", copy_input);
    e = eff_catch_all(e, explain, eff_unit);
    return eff_main(e);
}

/* expected output:
open input
read from input
open output
write to output
flush
close output after failure
close input after failure
failed: no space for output
*/
