/* Callbacks that come on another thread, here those of POSIX AIO. A handle may be answered from any thread; whatever is to
 * be computed from the answer is computed back on the loop's thread, where nothing needs a lock. */
#include <effect/effect.h>

#include <aio.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a read works on. AIO writes into it until it calls back, so it is the answer itself: whoever waits, or else the
 * library, gives it up after that. */
typedef struct block {
    eff_async_t *k; /* whom to answer */
    struct aiocb op;
    char bytes[64];
} block_t;
EFF_STATIC_TYPE(block, block_t);

static void on_read(union sigval arg) /* on AIO's thread */
{
    block_t *b = arg.sival_ptr;
    eff_async_succeed(b->k, block_value(b)); /* gives the block away, too */
}

static eff_cancel_t cancel_read(eff_async_t *k, void *arg)
{
    (void)k;
    block_t *b = arg;
    /* A read that has begun cannot be taken back, but it can be brought to an end. */
    if (aio_cancel(b->op.aio_fildes, &b->op) == AIO_NOTCANCELED) shutdown(b->op.aio_fildes, SHUT_RD);
    return EFF_CANCEL_PENDING; /* on_read is still to come */
}

static void start_read(eff_async_t *k, eff_value_t fd)
{
    eff_value_t block = block_make((block_t){ .k = k });
    if (eff_is_oom(block)) {
        eff_async_fail(k, block);
        return;
    }
    block_t *b = block_of(block);
    b->op.aio_fildes = (int)eff_as_int(fd);
    b->op.aio_buf = b->bytes;
    b->op.aio_nbytes = sizeof b->bytes;
    b->op.aio_sigevent.sigev_notify = SIGEV_THREAD;
    b->op.aio_sigevent.sigev_notify_function = on_read;
    b->op.aio_sigevent.sigev_value.sival_ptr = b;
    eff_async_on_cancel(k, cancel_read, b);
    if (aio_read(&b->op) < 0) {
        eff_async_fail(k, eff_error_errno(errno, "aio_read"));
        eff_value_decref(block);
    }
}

static eff_t *text_of(eff_value_t block, eff_value_t env)
{
    (void)env;
    block_t *b = block_of(block);
    int err = aio_error(&b->op);
    if (err) return eff_fail(eff_error_errno(err, "read"));
    return eff_succeed(eff_string_n(b->bytes, (size_t)aio_return(&b->op)));
}

static eff_t *read_some(int fd)
{
    return eff_flat_map(eff_async(start_read, eff_int(fd)), text_of, eff_unit);
}

/* ---- with something to read, and without */

int main(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || write(ends[1], "ping", 4) != 4) return 2;

    eff_t *e = eff_flat_map(read_some(ends[0]), eff_print_value, eff_literal("first: "));
    eff_t *second = eff_timeout(read_some(ends[0]), eff_millis(10));
    e = eff_then(e, eff_flat_map(second, eff_print_value, eff_literal("second: ")));
    int code = eff_main(e);

    close(ends[0]);
    close(ends[1]);
    return code;
}

/* expected output:
first: ping
second: none
*/
