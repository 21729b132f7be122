/* Tests of hashdir: SHA-256 by the vectors of NIST, names, and the batch, which is run under a TestClock with a fake
 * hasher that takes as many milliseconds as a file has bytes, and a Console that remembers. No file is opened. */
#include "batch.h"
#include "hasher.h"
#include "names.h"
#include "sha256.h"

#include <effect/test.h>

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static int n_failed; /* what main returns */

#define CHECK(condition) ((condition) ? (void)0 : check_failed(#condition, __LINE__))
static void check_failed(const char *condition, int line)
{
    printf("test_hashdir.c:%d: not so: %s\n", line, condition);
    n_failed++;
}

static void check_text(const char *is, const char *wanted, int line)
{
    if (strcmp(is, wanted) == 0) return;
    printf("test_hashdir.c:%d: is\n%s\nand not\n%s\n", line, is, wanted);
    n_failed++;
}

/* ---- SHA-256 */

/* Adds the text in pieces of many sizes, which must not matter. */
static void check_sha256(const char *text, const char *wanted)
{
    for (size_t piece = 1; piece < 130; piece += strlen(text) < 1000 ? 1 : 63) {
        sha256_t s;
        char hex[SHA256_HEX_SIZE + 1];
        sha256_begin(&s);
        size_t n = strlen(text), at = 0;
        for (; n - at > piece; at += piece)
            sha256_add(&s, text + at, piece);
        sha256_add(&s, text + at, n - at);
        sha256_end(&s, hex);
        check_text(hex, wanted, __LINE__);
    }
}

static void sha256_is_that_of_the_standard(void)
{
    check_sha256("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha256("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check_sha256("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                 "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
                 "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    static char million[1000001];
    memset(million, 'a', 1000000);
    check_sha256(million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* ---- names */

static void names_cannot_forge_lines(void)
{
    eff_buffer_t b = EFF_BUFFER_INIT;
    name_escape("a\nb\\c\rd", &b);
    check_text(eff_buffer_text(&b), "a\\nb\\\\c\\rd", __LINE__);
    CHECK(name_unescape(b.text));
    check_text(b.text, "a\nb\\c\rd", __LINE__);
    eff_buffer_clear(&b);
    name_show("\x1b[2Jgr\xc3\xbc\xc3\x9f"
              "e\xff\xc2\x9b\xe2\x80\xae",
              &b);
    check_text(eff_buffer_text(&b),
               "?[2Jgr\xc3\xbc\xc3\x9f"
               "e??????",
               __LINE__);
    eff_buffer_done(&b);
    char bad[] = "a\\x";
    CHECK(!name_unescape(bad));
}

/* ---- the world of a batch */

struct world {
    hasher_t hasher;   /* first, so that a pointer to it is one to the whole */
    int n_now, n_most; /* files that are being hashed */
    struct {
        eff_console_t console;
        eff_buffer_t text[2]; /* by eff_console_output_t */
    } out;
    batch_t batch;
};

static eff_value_t fake_begin(eff_value_t world)
{
    struct world *w = eff_as_ptr(world);
    if (++w->n_now > w->n_most) w->n_most = w->n_now;
    return eff_unit;
}

static eff_value_t fake_end(eff_value_t world)
{
    struct world *w = eff_as_ptr(world);
    w->n_now--;
    return eff_unit;
}

static eff_t *fake_hash(hasher_t *hasher, found_t *file, progress_t *progress)
{
    const char *path = eff_as_string(file->path);
    eff_t *result = strcmp(path, "bad") == 0 ? eff_fail(eff_error(&eff_system_error, 0, "cannot read"))
                                             : eff_succeed(eff_printf("hash-of-%s", path));
    eff_t *e = eff_sync(fake_begin, eff_ptr(hasher));
    e = eff_then(e, eff_delay(result, eff_millis(file->size)));
    return eff_ensuring(e, eff_sync(fake_end, eff_ptr(hasher)));
}

static eff_value_t append(eff_value_t text_and_buffer)
{
    eff_buffer_add(eff_as_ptr(eff_second(text_and_buffer)), eff_as_string(eff_first(text_and_buffer)));
    return eff_unit;
}

static eff_t *remember(eff_console_t *console, eff_console_output_t to, eff_value_t text)
{
    struct world *w = (struct world *)((char *)console - offsetof(struct world, out));
    return eff_sync(append, eff_pair(text, eff_ptr(&w->out.text[to])));
}

static eff_t *remember_slowly(eff_console_t *console, eff_console_output_t to, eff_value_t text)
{
    return eff_delay(remember(console, to, text), eff_seconds(1));
}

static eff_t *refuse(eff_console_t *console, eff_console_output_t to, eff_value_t text)
{
    eff_value_decref(text);
    return eff_fail(eff_error(&eff_connection_error, 0, "the reader has gone"));
}

static void world_init(struct world *w)
{
    *w = (struct world){ .hasher.hash = fake_hash };
    w->out.console = (eff_console_t){ .size = sizeof(eff_console_t), .write = remember };
    ledger_init(&w->batch.ledger);
}

static void world_done(struct world *w)
{
    CHECK(w->n_now == 0);
    ledger_done(&w->batch.ledger);
    for (int i = 0; i < 2; i++)
        eff_buffer_done(&w->out.text[i]);
}

static eff_value_t file(const char *path, int64_t ms)
{
    return found_make((found_t){ .path = eff_literal(path), .fd = -1, .size = ms });
}

static eff_value_t files(void)
{
    eff_value_t gone = eff_error(&eff_not_found_error, 0, "cannot open");
    return EFF_ARRAY(file("slow", 100), file("quick", 10), file("bad", 20), file("next", 30),
                     found_make((found_t){ .path = eff_literal("gone"), .error = gone, .fd = -1 }), file("last", 50));
}

static eff_t *batch(struct world *w, size_t n_jobs)
{
    eff_t *e = batch_run(&w->batch, files(), n_jobs);
    e = eff_ensuring(e, batch_print_rest(&w->batch));
    e = eff_ensuring(e, batch_print_summary(&w->batch, ""));
    e = hasher_provide(e, &w->hasher);
    return eff_console_provide(e, &w->out.console);
}

#define PROBLEMS "hashdir: bad: cannot read\nhashdir: gone: cannot open\n"
static const char all_lines[] = "hash-of-slow  slow\nhash-of-quick  quick\nhash-of-next  next\nhash-of-last  last\n";

/* ---- the batch */

static void lines_come_in_the_order_of_the_files(void)
{
    struct world w;
    world_init(&w);
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, batch(&w, 2));
    eff_test_adjust(t, eff_millis(99)); /* all others wait for the first one's line */
    check_text(eff_buffer_text(&w.out.text[EFF_CONSOLE_OUT]), "", __LINE__);
    eff_test_adjust(t, eff_millis(1));
    check_text(eff_buffer_text(&w.out.text[EFF_CONSOLE_OUT]),
               "hash-of-slow  slow\nhash-of-quick  quick\nhash-of-next  next\n", __LINE__);
    CHECK(!eff_fiber_poll(fiber));
    eff_test_adjust(t, eff_millis(10)); /* 10 + 20 + 30 + 50 beside the 100 */
    CHECK(eff_fiber_poll(fiber) && eff_fiber_poll(fiber)->ok);
    CHECK(eff_test_free(t) == 0);
    CHECK(w.n_most == 2);
    CHECK(w.batch.progress.done_files == 6);
    check_text(eff_buffer_text(&w.out.text[EFF_CONSOLE_OUT]), all_lines, __LINE__);
    check_text(eff_buffer_text(&w.out.text[EFF_CONSOLE_ERROR]), PROBLEMS "4 files, 0.0 MB, 2 could not be read\n",
               __LINE__);
    world_done(&w);
}

static void an_interruption_prints_what_is_done(void)
{
    struct world w;
    world_init(&w);
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, batch(&w, 3));
    eff_test_adjust(t, eff_millis(45)); /* quick, bad and next have ended */
    eff_test_interrupt(t, fiber);
    eff_test_adjust(t, eff_millis(0));
    CHECK(eff_fiber_poll(fiber) && eff_cause_is_interrupted_only(eff_fiber_poll(fiber)->cause));
    CHECK(eff_test_free(t) == 0);
    check_text(eff_buffer_text(&w.out.text[EFF_CONSOLE_OUT]), "hash-of-quick  quick\nhash-of-next  next\n", __LINE__);
    check_text(eff_buffer_text(&w.out.text[EFF_CONSOLE_ERROR]), PROBLEMS "2 files, 0.0 MB, 2 could not be read\n",
               __LINE__);
    world_done(&w);
}

static void an_interruption_while_printing_loses_no_line(void)
{
    struct world w;
    world_init(&w);
    w.out.console.write = remember_slowly;
    eff_test_t *t = eff_test_new();
    eff_fiber_t *fiber = eff_test_fork(t, batch(&w, 3));
    eff_test_adjust(t, eff_millis(150)); /* all are done; the first line is on its way */
    eff_test_interrupt(t, fiber);
    eff_test_adjust(t, eff_seconds(4)); /* four lines ... */
    check_text(eff_buffer_text(&w.out.text[EFF_CONSOLE_OUT]), all_lines, __LINE__);
    CHECK(!eff_fiber_poll(fiber));
    eff_test_adjust(t, eff_seconds(1)); /* ... and the summary */
    CHECK(eff_fiber_poll(fiber) && !eff_fiber_poll(fiber)->ok);
    CHECK(eff_test_free(t) == 0);
    world_done(&w);
}

static void an_output_that_fails_stops_all(void)
{
    struct world w;
    world_init(&w);
    w.out.console.write = refuse;
    eff_test_options_t options = { .allow = EFF_TEST_MEMORY }; /* the ledger keeps what there is, in memory of malloc */
    eff_exit_t exit = eff_test_run_with(&options, eff_timed(batch(&w, 3)));
    CHECK(!exit.ok && eff_cause_has_fail(exit.cause) && !eff_cause_has_die(exit.cause));
    eff_exit_decref(exit);
    CHECK(w.n_most == 3);
    world_done(&w);
}

int main(void)
{
    sha256_is_that_of_the_standard();
    names_cannot_forge_lines();
    lines_come_in_the_order_of_the_files();
    an_interruption_prints_what_is_done();
    an_interruption_while_printing_loses_no_line();
    an_output_that_fails_stops_all();
    puts(n_failed ? "failed" : "ok");
    return n_failed ? 1 : 0;
}
