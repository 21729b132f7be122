/* A Logger that writes in the background: who logs leaves a message in a list, and a fiber of its own, the writer,
 * hands those to another Logger, many at a time.
 *
 *     log       formats, appends, and waits only if there is no room; what is appended is not lost by interrupting that
 *     writer    for ever: wait for a message, then for others or until the period is over; write all
 *     release   when the writer has ended, and it finishes the batch it is at: write the rest
 *
 * If finalizers cannot run (the second signal of eff_main, eff_runtime_free, no memory), the rest is written from plain
 * C, as far as it goes without waiting.
 *
 * Formatting is done as the message is logged: later, what its values refer to may be gone.
 */
#include "layers/log_batch.h"

#include <errno.h>
#include <string.h>

#include <effect/async.h>
#include <effect/clock.h>
#include <effect/finish.h>
#include <effect/interrupt.h>
#include <effect/recover.h>
#include <effect/transform.h>

#include "core/build.h"
#include "core/cause.h"
#include "layers/log_open.h"
#include "layers/log_record.h"
#include "runtime/prim.h"

static const eff_logger_batch_options_t defaults = {
    .period = { 100000000 }, .batch_bytes = 64 * 1024, .max_bytes = 4 * 1024 * 1024, .write_level = EFF_LOG_ERROR
};

/* ---- the list */

static const char was_full[] = "the log's buffer was full", no_memory[] = "out of memory",
                  logger_failed[] = "the Logger failed";

static void count_lost(struct eff__log_batch *b, uint64_t n, const char *why)
{
    b->n_dropped += n;
    b->why = why;
}

/* How many messages are lost with it. */
static uint64_t worth(const struct eff__log_entry *e)
{
    return e->n_told ? e->n_told : 1;
}

static void entry_free(struct eff__log_entry *e)
{
    eff_value_decref(e->what);
    eff__free(e, sizeof *e);
}

/* Takes the first out, which exists. */
static void pop(struct eff__log_batch *b)
{
    struct eff__log_entry *e = b->first;
    b->first = e->next;
    if (!b->first) b->last = NULL;
    if (b->last_under_way == e) b->last_under_way = NULL;
    b->bytes -= e->bytes;
    entry_free(e);
}

/* Takes out the oldest that is not under way; false when there is none. */
static bool drop_oldest(struct eff__log_batch *b)
{
    struct eff__log_entry *before = b->last_under_way, *e = before ? before->next : b->first;
    if (!e) return false;
    if (before) before->next = e->next;
    else b->first = e->next;
    if (b->last == e) b->last = before;
    b->bytes -= e->bytes;
    count_lost(b, worth(e), was_full);
    entry_free(e);
    return true;
}

/* Consumes what, which may be out of memory. n_told: of a notice; else 0. */
static void append(struct eff__log_batch *b, eff_value_t what, size_t bytes, uint64_t n_told)
{
    struct eff__log_entry *e = eff__value_usable(what) ? eff__alloc(sizeof *e) : NULL;
    if (!e) {
        eff_value_decref(what);
        count_lost(b, n_told ? n_told : 1, no_memory);
        return;
    }
    *e = (struct eff__log_entry){ .what = what, .bytes = bytes + sizeof *e, .number = ++b->n_logged, .n_told = n_told };
    if (b->last) b->last->next = e;
    else b->first = e;
    b->last = e;
    b->bytes += e->bytes;
}

/* Tells of what was lost, with a message of its own. */
static void tell_dropped(struct eff__log_batch *b)
{
    const eff_log_record_t *notice = eff__log_notice(b->n_dropped, b->why);
    if (!notice) return;
    eff_value_t what =
        b->lines ? eff__log_line(b->lines->format, notice) : eff__log_record_value(eff_log_record_keep(notice));
    eff_log_record_decref(notice);
    uint64_t n_told = b->n_dropped;
    b->n_dropped = 0;
    append(b, what, 0, n_told);
}

/* ---- without fibers */

static void write_now(struct eff__log_batch *b)
{
    if (!b->writes_now) return;
    if (b->n_dropped > 0) tell_dropped(b);
    const struct eff__line_ops *ops = b->lines->ops;
    bool goes = ops->write_now(b->lines, NULL, 0); /* what is under way, as far as that can be had */
    while (b->first && b->last_under_way)
        pop(b);
    for (; goes && b->first; pop(b))
        goes = ops->write_now(b->lines, eff_as_string(b->first->what), eff_string_size(b->first->what));
}

static void say_last_words(struct eff__last_words *self)
{
    write_now((struct eff__log_batch *)(void *)((char *)self - offsetof(struct eff__log_batch, last_words)));
}

static void batch_clear(struct eff__log_batch *b)
{
    eff__last_words_remove(&b->last_words);
    eff_fiber_unobserve(&b->writer);
    if (b->first || b->n_dropped > 0) write_now(b);
    while (b->first)
        pop(b);
    eff_value_decref(b->keeps);
}
EFF_DEFINE_TYPE(eff__log_batch, struct eff__log_batch, .drop = batch_clear);

/* ---- logging */

static bool is_full(const struct eff__log_batch *b)
{
    return b->bytes > b->options.max_bytes;
}

static void note(struct eff__log_batch *b, const eff_log_record_t *r)
{
    eff_value_t what = b->lines ? eff__log_line(b->lines->format, r) : eff__log_record_value(eff_log_record_keep(r));
    size_t bytes = b->lines && eff__value_usable(what) ? eff_string_size(what) : eff__log_record_bytes(r);
    bool had_one = b->first != NULL;
    b->told_in_vain = false;
    if (b->options.when_full == EFF_LOG_FULL_DROP && b->first && b->bytes + bytes > b->options.max_bytes) {
        eff_value_decref(what);
        count_lost(b, 1, was_full);
        return;
    }
    append(b, what, bytes, 0);
    while (b->options.when_full == EFF_LOG_FULL_DROP_OLD && is_full(b) && b->first != b->last && drop_oldest(b))
        continue;
    if (r->level >= b->options.write_level || is_full(b)) b->urgent = true;
    if (!had_one || b->urgent || b->bytes >= b->options.batch_bytes) eff__log_wake(b);
}

/* The env is the pair of both: they live until this has ended. */
static eff_t *take(eff_value_t both)
{
    struct eff__log_batch *b = eff_as_ptr(eff_first(both));
    const eff_log_record_t *r = eff_as_ptr(eff_second(both));
    if (b->closed) return eff__logger_log(b->inner, r);
    note(b, r);
    if (b->options.when_full != EFF_LOG_FULL_WAIT || !is_full(b)) return eff_noop();
    return eff__log_wait(b, EFF__LOG_ROOM, 0);
}

static eff_t *batch_log(eff_logger_t *logger, const eff_log_record_t *record)
{
    return eff_suspend_at(NULL, take, eff_pair(eff_ptr(logger), eff_ptr(record)));
}

/* ---- flushing, opening anew */

static eff_t *wait_until_out(eff_value_t batch)
{
    struct eff__log_batch *b = batch.ptr;
    if (b->closed || !b->first) return eff_noop();
    b->urgent = true;
    eff__log_wake(b);
    return eff__log_wait(b, EFF__LOG_OUT, b->n_logged);
}

static eff_t *flush_inner(eff_value_t v, eff_value_t batch)
{
    (void)v;
    return eff__logger_flush(((struct eff__log_batch *)batch.ptr)->inner);
}

static eff_t *batch_flush(eff_logger_t *logger)
{
    struct eff__log_batch *b = eff__log_batch_incref((struct eff__log_batch *)(void *)logger);
    eff_value_t batch = eff__log_batch_value(b), same = eff_value_incref(batch);
    return eff_flat_map_at(NULL, eff_suspend_at(NULL, wait_until_out, batch), flush_inner, same);
}

static eff_t *reopen_inner(eff_value_t v, eff_value_t batch)
{
    (void)v;
    return eff__logger_reopen(((struct eff__log_batch *)batch.ptr)->inner);
}

static eff_t *batch_reopen(eff_logger_t *logger)
{
    struct eff__log_batch *b = eff__log_batch_incref((struct eff__log_batch *)(void *)logger);
    eff_value_t batch = eff__log_batch_value(b);
    return eff_flat_map_at(NULL, batch_flush(logger), reopen_inner, batch);
}

/* ---- writing */

static eff_t *write_rest(eff_value_t batch);

/* The text of as many entries as make a batch, at least one, which are under way then. */
static eff_value_t next_text(struct eff__log_batch *b)
{
    eff_buffer_t text = EFF_BUFFER_INIT;
    struct eff__log_entry *e = b->first;
    b->n_under_way = 0;
    for (; e && !text.truncated && (text.size == 0 || text.size + e->bytes <= b->options.batch_bytes); e = e->next) {
        if (b->n_under_way > 0) eff_buffer_add(&text, "\n");
        eff_buffer_add_n(&text, eff_as_string(e->what), eff_string_size(e->what));
        b->last_under_way = e;
        b->n_under_way++;
    }
    eff_value_t v = text.truncated ? eff_oom_value() : eff_string_n(eff_buffer_text(&text), text.size);
    eff_buffer_done(&text);
    if (eff__value_usable(v)) return v;
    b->last_under_way = b->first; /* one at a time, then: that needs no memory */
    b->n_under_way = 1;
    return eff_value_incref(b->first->what);
}

/* Nothing of what was under way has been written: what is written in part, a Logger of lines counts itself. */
static eff_t *not_written(const eff_cause_t *cause, eff_value_t batch)
{
    struct eff__log_batch *b = batch.ptr;
    const char *why = cause == eff__cause_oom ? no_memory : logger_failed;
    const struct eff__log_entry *e = b->first;
    for (size_t i = 0; i < b->n_under_way; i++, e = e->next)
        count_lost(b, worth(e), why);
    b->told_in_vain = b->last_under_way->n_told > 0; /* else a Logger that always fails is told so for ever */
    return eff_noop();
}

static eff_t *written(eff_value_t v, eff_value_t batch)
{
    struct eff__log_batch *b = batch.ptr;
    (void)v;
    for (; b->n_under_way > 0; b->n_under_way--)
        pop(b);
    eff__log_wake(b);
    return write_rest(batch);
}

/* Writes until nothing is left: of what is logged meanwhile, too. */
static eff_t *write_rest(eff_value_t batch)
{
    struct eff__log_batch *b = batch.ptr;
    b->urgent = false;
    if (eff__log_is_to_tell(b)) tell_dropped(b);
    if (!b->first) return eff_noop();
    eff_t *e;
    if (b->lines) {
        eff_value_t text = next_text(b);
        e = b->lines->ops->write(b->lines, text, b->n_under_way, true);
    } else {
        b->last_under_way = b->first;
        b->n_under_way = 1;
        e = eff__logger_log(b->inner, eff__log_record_of(b->first->what));
    }
    e = eff_catch_cause_at(NULL, e, not_written, eff_value_incref(batch));
    return eff_flat_map_at(NULL, e, written, eff_value_incref(batch));
}

static eff_t *write_all(eff_value_t v, eff_value_t batch)
{
    (void)v;
    struct eff__log_batch *b = batch.ptr;
    b->last_under_way = NULL; /* of a round that there was no memory for */
    b->n_under_way = 0;
    return eff_uninterruptible_at(NULL, write_rest(batch));
}

static eff_t *linger(eff_value_t v, eff_value_t batch)
{
    struct eff__log_batch *b = batch.ptr;
    (void)v;
    return eff_timeout_at(NULL, eff__log_wait(b, EFF__LOG_URGENT, 0), b->options.period);
}

static eff_t *round_of(eff_value_t batch)
{
    eff_t *e = eff__log_wait(batch.ptr, EFF__LOG_WORK, 0);
    e = eff_flat_map_at(NULL, e, linger, eff_value_incref(batch));
    return eff_flat_map_at(NULL, e, write_all, eff_value_incref(batch));
}

/* ---- opening and closing */

static eff_t *write_the_end(eff_value_t batch, const eff_exit_t *exit, eff_value_t env)
{
    (void)exit, (void)env;
    struct eff__log_batch *b = batch.ptr;
    b->last_under_way = NULL;
    b->n_under_way = 0;
    return write_rest(batch);
}

/* Ended by its scope, or by the lack of memory: who logs from now on does so by itself. */
static void writer_ended(const eff_exit_t *exit, void *batch)
{
    struct eff__log_batch *b = batch;
    const eff_fiber_t *waits = b->waiters.first;
    eff_runtime_t *rt = waits ? waits->rt : NULL;
    (void)exit;
    b->closed = true;
    eff__log_wake(b);
    if (rt) eff__woke_from_plain_c(rt);
}

/* Succeeds with the batch again. */
static eff_t *watch_writer(eff_value_t fiber, eff_value_t batch)
{
    struct eff__log_batch *b = batch.ptr;
    b->writer = (eff_fiber_observer_t){ .on_exit = writer_ended, .arg = b };
    int err = eff_fiber_observe(eff_as_fiber(fiber), &b->writer);
    if (err == -EALREADY) b->closed = true;
    return err == -ENOMEM ? eff_out_of_memory() : eff_succeed_at(NULL, eff_value_incref(batch));
}

static eff_t *start_writer(eff_value_t batch, eff_value_t env)
{
    (void)env;
    eff_t *rounds = eff_suspend_at(NULL, round_of, eff_value_incref(batch));
    eff_t *e = eff_forever_at(NULL, eff_ignore_cause_at(NULL, rounds));
    e = eff_locally_at(NULL, e, &eff__logging_tag, eff_bool(true));
    eff_fork_options_t options = { .name = "log writer", .lifetime = EFF_LIFETIME_SCOPE };
    e = eff_fork_with_at(NULL, e, &options);
    return eff_flat_map_at(NULL, e, watch_writer, eff_value_incref(batch));
}

static eff_t *open_batch(eff_value_t batch)
{
    struct eff__log_batch *b = eff__log_batch_of(batch);
    eff__last_words_add(eff__running, &b->last_words);
    eff_t *e = eff_succeed_at(NULL, eff_value_incref(batch));
    e = eff_acquire_release_effect_at(NULL, e, write_the_end, eff_unit); /* runs when the writer has ended */
    return eff_flat_map_at(NULL, e, start_writer, eff_unit);
}

eff_logger_batch_options_t eff__logger_batch_options(const eff_logger_batch_options_t *given)
{
    eff_logger_batch_options_t o = { 0 };
    if (given) memcpy(&o, given, given->size && given->size < sizeof o ? given->size : sizeof o);
    if (o.period.ns <= 0) o.period = defaults.period;
    if (!o.batch_bytes) o.batch_bytes = defaults.batch_bytes;
    if (!o.max_bytes) o.max_bytes = defaults.max_bytes;
    if (o.write_level == EFF_LOG_TRACE) o.write_level = defaults.write_level;
    return o;
}

/* A Console of somebody's own is nothing but effects. */
static bool can_write_now(const struct eff__line_logger *lines)
{
    if (!lines || !lines->ops->write_now) return false;
    return lines->ops != &eff__stderr_ops || eff__console_is_live();
}

static eff_log_level_t batch_level(const eff_logger_t *logger)
{
    return (eff_log_level_t)eff__logger_level(((const struct eff__log_batch *)(const void *)logger)->inner);
}

eff_t *eff__logger_open_batch(eff_value_t value, const eff_logger_batch_options_t *options)
{
    eff_logger_t *inner = (eff_logger_t *)eff__service_of(value);
    eff_logger_t service = { .size = sizeof service, .log = batch_log, .flush = batch_flush, .reopen = batch_reopen };
    if (eff__logger_level(inner) >= 0) service.level = batch_level;
    eff_value_t batch =
        EFF_ENV(eff__log_batch, .logger = service, .keeps = value, .inner = inner, .lines = eff__line_logger_of(inner),
                .options = *options, .last_words = { .say = say_last_words });
    if (!eff__value_usable(batch)) return eff_out_of_memory();
    eff__log_batch_of(batch)->writes_now = can_write_now(eff__line_logger_of(inner));
    eff_t *e = open_batch(batch);
    eff_value_decref(batch);
    return e;
}
