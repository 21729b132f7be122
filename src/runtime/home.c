#include "runtime/home.h"

#include "core/misuse.h"

bool eff__home_move(struct eff__home *home, const eff_runtime_t *rt)
{
    if (eff__home_is_foreign(home, rt)) return false;
    if (eff__home_is_dummy(home)) return true;
    eff__home_leave(home);
    eff__home_bind(home, rt);
    return true;
}

bool eff__home_is_here(const struct eff__home *home, const char *function, const char *what)
{
    const struct eff__mailbox *m = home->mailbox;
    if (!m || pthread_equal(m->thread, pthread_self()) || eff__mailbox_is_closed(home->mailbox)) return true;
    eff__misuse("%s was called on another thread than that of the %s's runtime", function, what);
    return false;
}

static void come_home(struct eff__post *post, eff_runtime_t *rt)
{
    (void)rt;
    eff__payload_destroy(EFF_CONTAINER_OF(post, struct eff__home, post));
}

void eff__home_post(void *payload)
{
    struct eff__home *home = (struct eff__home *)payload;
    struct eff__mailbox *m = eff__mailbox_incref(home->mailbox); /* it may be dropped meanwhile */
    home->post.run = come_home;
    eff__mailbox_post(m, &home->post);
    eff__mailbox_decref(m);
}
