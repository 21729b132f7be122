/* The limits of W1, W2, W9 and W10. W1 is one node and one indirect call a step. The others are about descriptions, so
 * their limit is the barest interpreter of them: no fibers, checks or budget. */
#include "limit.h"
#include "workloads.h"

static long last; /* the value at which the loops end */

/* ---- W1 */

struct step {
    struct step *(*run)(struct step *self);
    long i;
    void *room[4]; /* as large as a node of the library: 48 bytes */
};

static struct step *count(struct step *self)
{
    long i = self->i + 1;
    pool_free(self, sizeof *self);
    if (i >= last) {
        CHECK(i == last);
        return NULL;
    }
    struct step *next = pool_alloc(sizeof *next);
    next->run = count;
    next->i = i;
    return next;
}

void limit_bind_right(long n)
{
    struct step *s = pool_alloc(sizeof *s);
    *s = (struct step){ .run = count };
    last = n;
    while (s)
        s = s->run(s);
}

/* ---- a bare interpreter: a node is its own frame */

enum op { SUCCEED, FAIL, FLAT_MAP, CATCH, BRACKET, RELEASE };
struct node;
typedef struct node *(*bind_fn)(long v);

struct node {
    uint32_t count;
    uint8_t op;
    union {
        long value;
        struct node *body, *below;
    };
    bind_fn then; /* instructions without a continuation end here */
};
enum { SMALL = offsetof(struct node, then) };

struct bracket {
    struct node node;
    void (*release)(long resource);
    long resource;
};

static inline struct node *leaf(enum op op, long v)
{
    struct node *e = pool_alloc(SMALL);
    e->count = 1;
    e->op = (uint8_t)op;
    e->value = v;
    return e;
}
static inline struct node *bind(enum op op, struct node *body, bind_fn then)
{
    struct node *e = pool_alloc(sizeof *e);
    e->count = 1;
    e->op = (uint8_t)op;
    e->body = body;
    e->then = then;
    return e;
}
static inline struct node *bracket(struct node *acquire, bind_fn use, void (*release)(long resource))
{
    struct bracket *b = pool_alloc(sizeof *b);
    b->node = (struct node){ .count = 1, .op = BRACKET, .body = acquire, .then = use };
    b->release = release;
    return &b->node;
}

static long interpret(struct node *e)
{
    struct node *top = NULL;
    for (;;) {
        while (e->op >= FLAT_MAP) {
            struct node *body = e->body;
            e->below = top;
            top = e;
            e = body;
        }
        long v = e->value;
        bool failed = e->op == FAIL;
        pool_free(e, SMALL);
        for (e = NULL; !e;) {
            struct node *frame = top;
            if (!frame) {
                CHECK(!failed);
                return v;
            }
            top = frame->below;
            bind_fn then = frame->then;
            switch ((enum op)frame->op) {
            case BRACKET: {
                struct bracket *b = (struct bracket *)frame;
                if (failed) {
                    pool_free(b, sizeof *b);
                    break;
                }
                frame->op = RELEASE;
                b->resource = v;
                top = frame;
                e = then(v);
                break;
            }
            case RELEASE: {
                struct bracket *b = (struct bracket *)frame;
                b->release(b->resource);
                pool_free(b, sizeof *b);
                break;
            }
            default: {
                bool applies = failed == (frame->op == CATCH);
                pool_free(frame, sizeof *frame);
                if (applies) e = then(v);
            }
            }
        }
    }
}

/* ---- W2 */

static struct node *increment(long v)
{
    return leaf(SUCCEED, v + 1);
}

static struct node *nest_left(long n)
{
    struct node *e = leaf(SUCCEED, 0);
    for (long i = 0; i < n; i++)
        e = bind(FLAT_MAP, e, increment);
    return e;
}

void limit_left_build(long n)
{
    struct node *e = nest_left(n);
    bench_stop();
    CHECK(interpret(e) == n);
}

void limit_left_run(long n)
{
    struct node *e = nest_left(n);
    bench_start();
    CHECK(interpret(e) == n);
}

/* ---- W9 */

static struct node *fail_and_recover(long i)
{
    return i == last ? leaf(SUCCEED, i) : bind(FLAT_MAP, bind(CATCH, leaf(FAIL, i), increment), fail_and_recover);
}

void limit_catch(long n)
{
    last = n;
    CHECK(interpret(fail_and_recover(0)) == n);
}

/* ---- W10 */

static long n_released;
static void release(long resource)
{
    n_released += resource >= 0;
}

static struct node *acquire_and_release(long i)
{
    return i == last ? leaf(SUCCEED, i)
                     : bind(FLAT_MAP, bracket(leaf(SUCCEED, i), increment, release), acquire_and_release);
}

void limit_bracket(long n)
{
    last = n;
    n_released = 0;
    CHECK(interpret(acquire_and_release(0)) == n && n_released == n);
}
