/* Logs that a program can read: messages with fields, annotated by whoever knows about what, timed by spans; as JSON
 * lines in a file that is written in the background, and errors for people on stderr besides. */
#include <effect/effect.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static eff_t *charge(const char *user, int cents)
{
    if (cents > 10000) return eff_fail(eff_error(&eff_argument_error, 0, "%s has no %d cents", user, cents));
    return eff_log_info_with("charged", eff_field("cents", cents), eff_field("currency", "EUR"));
}

static eff_t *refused(const eff_cause_t *cause, eff_value_t env)
{
    (void)env;
    return eff_log_cause(EFF_LOG_ERROR, eff_cause_incref(cause), "not charged");
}

/* What happens in here need not be told who it is for. */
static eff_t *request(int id, const char *user, int cents)
{
    eff_t *e = eff_then(eff_log_debug("asking the bank"), charge(user, cents));
    e = eff_catch_cause(e, refused, eff_unit);
    return eff_log_annotate(eff_log_span(e, "request"), eff_field("request", id), eff_field("user", user));
}

static void print_file(const char *path)
{
    char line[1024];
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        fputs(line, stdout);
    if (f) fclose(f);
    unlink(path);
}

int main(void)
{
    char path[] = "/tmp/24_logging.XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);

    eff_logger_file_options_t file = { .path = path, .format = eff_log_format_json, .max_bytes = 10 << 20 };
    eff_layer_t *to_file = eff_logger_batched(eff_logger_file(&file), NULL);
    eff_layer_t *for_people = eff_logger_level(eff_logger_live(), EFF_LOG_ERROR);
    eff_t *e = eff_all_par(request(1, "ada", 950), request(2, "bob\nroot", 20000));
    e = eff_provide(e, eff_logger_tee(to_file, for_people));
    int code = eff_main(eff_map_to(e, eff_unit));
    print_file(path); /* when eff_main returns, every line is in it */
    return code;
}

/* expected output:
{"time":"...","level":"INFO","message":"charged","fiber":...,"fields":{"request":1,"user":"ada","cents":950,"currency":"EUR"},"spans":{"request":...},"site":"24_logging.c:..."}
{"time":"...","level":"ERROR","message":"not charged","fiber":...,"fields":{"request":2,"user":"bob\nroot"},"spans":{"request":...},"site":"24_logging.c:...","cause":{"tag":"fail","type":"error","value":{"kind":"invalid argument","message":"bob\nroot has no 20000 cents"},"trace":[...]}}
stderr:
...Z ERROR fiber ...: not charged request=2 user=bob\nroot [request ...]
    error: invalid argument: bob\nroot has no 20000 cents
      at 24_logging.c:...
      at refused (24_logging.c:...)
*/
