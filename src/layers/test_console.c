/* TestConsole: a Console whose outputs are texts in memory, and whose input is a script.
 *
 * Readers are served in order (turn.h). Only the first of them looks at the script: it takes a line that is there,
 * sleeps for the pause before one, or waits for the test to type. A line is taken off the script by the instruction
 * that completes with it; until then the reader has taken nothing.
 */
#include <effect/console.h>

#include <errno.h>

#include <effect/clock.h>

#include "core/build.h"
#include "layers/layer.h"
#include "layers/turn.h"
#include "runtime/runtime.h"

struct typed {
    struct typed *next;
    eff_duration_t pause;
    eff_value_t line; /* owned; a string */
};

struct eff_test_console {
    eff_console_t console; /* first: the value's payload is the service */
    eff_buffer_t output, errors, screen;
    struct typed *first, *last; /* typed, and not read yet; owned */
    bool ended;
    struct eff__turns turns;
    eff_fiber_t *reader; /* that waits for something to be typed, or NULL; borrowed */
};

static void drop_first(eff_test_console_t *t)
{
    struct typed *typed = t->first;
    t->first = typed->next;
    if (!t->first) t->last = NULL;
    eff_value_decref(typed->line);
    eff__free(typed, sizeof *typed);
}

static void console_drop(void *payload)
{
    eff_test_console_t *t = payload;
    while (t->first)
        drop_first(t);
    eff_buffer_done(&t->output);
    eff_buffer_done(&t->errors);
    eff_buffer_done(&t->screen);
}
static const eff_type_t console_type = {
    .size = sizeof(eff_test_console_t), .name = "test console", .drop = console_drop, .flags = EFF_TYPE_COUNTED
};

/* ---- printing */

/* Adds all of the text, or nothing. @return whether there was memory */
static bool add(eff_buffer_t *buffer, const char *text, size_t n)
{
    size_t before = buffer->size;
    eff_buffer_add_n(buffer, text, n);
    if (!buffer->truncated) return true;
    buffer->truncated = false;
    buffer->size = before;
    if (buffer->text) buffer->text[before] = '\0';
    return false;
}

static void forget(eff_buffer_t *buffer, size_t n)
{
    buffer->size -= n;
    buffer->text[buffer->size] = '\0';
}

static int write_run(eff_fiber_t *f, eff_t *e, eff_console_output_t to)
{
    eff_test_console_t *t = eff_as_ptr(eff_first(e->prim.value));
    eff_value_t text = eff_second(e->prim.value);
    eff_buffer_t *buffer = to == EFF_CONSOLE_ERROR ? &t->errors : &t->output;
    size_t n = eff_string_size(text);
    bool added = add(buffer, eff_as_string(text), n);
    if (added && add(&t->screen, eff_as_string(text), n)) return eff__prim_value(f, eff_unit);
    if (added) forget(buffer, n);
    return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
}
static int write_out_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    return write_run(f, e, EFF_CONSOLE_OUT);
}
static int write_error_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    return write_run(f, e, EFF_CONSOLE_ERROR);
}
static const struct eff__prim write_out_prim = { "test_console_write", write_out_run };
static const struct eff__prim write_error_prim = { "test_console_write_error", write_error_run };

static eff_t *test_write(eff_console_t *console, eff_console_output_t to, eff_value_t text)
{
    eff_value_t asked = eff_pair(eff_ptr(console), text);
    if (eff_is_oom(asked)) return eff_out_of_memory();
    return eff__prim_node_plain(NULL, to == EFF_CONSOLE_ERROR ? &write_error_prim : &write_out_prim, asked);
}

/* ---- reading */

struct reading {
    struct eff__turn turn; /* first */
    eff_test_console_t *console;
    size_t limit;
    bool has_paused; /* for the first line of the script */
};

static void reading_drop(void *payload)
{
    eff__turn_leave(payload);
}
static const eff_type_t reading_type = {
    .size = sizeof(struct reading), .name = "line to read", .drop = reading_drop, .flags = EFF_TYPE_COUNTED
};

static bool leave(eff_fiber_t *f)
{
    eff_test_console_t *t = f->wait.object;
    t->reader = NULL;
    return true;
}
static const struct eff__wait_ops type_ops = { .name = "for a line to be typed at the test console", .leave = leave };

static int wait_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    eff_test_console_t *t = e->prim.value.ptr;
    t->reader = f;
    eff__suspend(f, &type_ops, t);
    return EFF__SUSPEND;
}
static const struct eff__prim wait_prim = { "test_console_wait", wait_run };

static void wake_reader(eff_test_console_t *t)
{
    eff_fiber_t *f = t->reader;
    if (!f) return;
    t->reader = NULL;
    f->wait.object = NULL;
    f->reg = eff_unit;
    f->status = EFF__OK;
    eff__wake(f);
    eff__woke_from_plain_c(f->rt);
}

/* Takes the first line of the script, and shows it. */
static int take_typed(eff_fiber_t *f, const struct reading *r)
{
    eff_test_console_t *t = r->console;
    eff_value_t line = t->first->line;
    size_t n = eff_string_size(line);
    if (!add(&t->screen, eff_as_string(line), n)) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    if (!add(&t->screen, "\n", 1)) {
        forget(&t->screen, n);
        return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    }
    line = n > r->limit ? eff_error(&eff_argument_error, 0, "a line is longer than %zu bytes", r->limit)
                        : eff_value_incref(line);
    drop_first(t);
    return n > r->limit ? eff__prim_fail(f, line) : eff__prim_value(f, line);
}

static eff_t *again(eff_value_t v, eff_value_t reading);

static int take_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    struct reading *r = e->prim.value.ptr;
    eff_test_console_t *t = r->console;
    eff_t *wait;
    if (!t->first && t->ended) return eff__prim_fail(f, eff_error(&eff_end_error, 0, "the test console"));
    if (t->first && (r->has_paused || t->first->pause.ns <= 0)) return take_typed(f, r);
    if (t->first) {
        r->has_paused = true;
        wait = eff_sleep_at(NULL, t->first->pause);
    } else wait = eff__prim_node_plain(NULL, &wait_prim, eff_ptr(t));
    return eff__prim_effect(f, eff_flat_map_at(NULL, wait, again, eff__prim_take_value(e, alone)));
}
static const struct eff__prim take_prim = { "test_console_take_line", take_run };

static eff_t *again(eff_value_t v, eff_value_t reading)
{
    (void)v;
    return eff__prim_node_plain(NULL, &take_prim, eff_value_incref(reading));
}

static int read_run(eff_fiber_t *f, eff_t *e, bool alone)
{
    (void)alone;
    struct reading *r = eff__payload_alloc(&reading_type, sizeof *r);
    if (!r) return eff__prim_cause(f, eff_cause_incref(eff__cause_oom));
    eff_test_console_t *t = eff_as_ptr(eff_first(e->prim.value));
    *r = (struct reading){ .console = t, .limit = (size_t)eff_as_int(eff_second(e->prim.value)) };
    eff__turn_join(&r->turn, &t->turns, (struct eff__turn_key){ .rt = f->rt });
    eff_value_t reading = { .type = &reading_type, .ptr = r };
    eff_value_t waiting = eff_value_incref(reading);
    return eff__prim_effect(f, eff_flat_map_at(NULL, eff__turn_await(waiting), again, reading));
}
static const struct eff__prim read_prim = { "test_console_read_line", read_run };

static eff_t *test_read_line(eff_console_t *console, size_t limit)
{
    eff_value_t asked = eff_pair(eff_ptr(console), eff_int((int64_t)limit));
    if (eff_is_oom(asked)) return eff_out_of_memory();
    return eff__prim_node_plain(NULL, &read_prim, asked);
}

/* ---- the handle */

eff_test_console_t *eff_test_console_new(void)
{
    eff_test_console_t *t = eff__payload_alloc(&console_type, sizeof *t);
    if (!t) return NULL;
    *t = (eff_test_console_t){
        .console = { .size = sizeof t->console, .write = test_write, .read_line = test_read_line },
        .output = EFF_BUFFER_INIT,
        .errors = EFF_BUFFER_INIT,
        .screen = EFF_BUFFER_INIT,
    };
    return t;
}

eff_test_console_t *eff_test_console_incref(eff_test_console_t *t)
{
    return t ? eff__payload_retain(t) : NULL;
}

void eff_test_console_decref(eff_test_console_t *t)
{
    if (t) eff_value_decref((eff_value_t){ .type = &console_type, .ptr = t });
}

eff_value_t eff_test_console_value(eff_test_console_t *t)
{
    return t ? eff_value_incref((eff_value_t){ .type = &console_type, .ptr = t }) : eff_oom_value();
}

eff_layer_t *eff_test_console(eff_test_console_t *t)
{
    return eff__layer_named(NULL, eff_layer_succeed(&eff_console_tag, eff_test_console_value(t)), "eff_test_console");
}

int eff_test_console_type(eff_test_console_t *t, const char *line)
{
    return eff_test_console_type_after(t, (eff_duration_t){ 0 }, line);
}

int eff_test_console_type_after(eff_test_console_t *t, eff_duration_t pause, const char *line)
{
    struct typed *typed = t ? eff__alloc(sizeof *typed) : NULL;
    if (!typed) return -ENOMEM;
    *typed = (struct typed){ .pause = pause, .line = eff_string(line) };
    if (eff_is_oom(typed->line)) {
        eff__free(typed, sizeof *typed);
        return -ENOMEM;
    }
    if (t->last) t->last->next = typed;
    else t->first = typed;
    t->last = typed;
    wake_reader(t);
    return 0;
}

void eff_test_console_end(eff_test_console_t *t)
{
    if (!t) return;
    t->ended = true;
    wake_reader(t);
}

const char *eff_test_console_output(const eff_test_console_t *t)
{
    return t ? eff_buffer_text(&t->output) : "";
}

const char *eff_test_console_errors(const eff_test_console_t *t)
{
    return t ? eff_buffer_text(&t->errors) : "";
}

const char *eff_test_console_screen(const eff_test_console_t *t)
{
    return t ? eff_buffer_text(&t->screen) : "";
}

void eff_test_console_clear(eff_test_console_t *t)
{
    if (!t) return;
    eff_buffer_clear(&t->output);
    eff_buffer_clear(&t->errors);
    eff_buffer_clear(&t->screen);
}
