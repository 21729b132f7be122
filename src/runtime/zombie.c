/* Zombies: fibers that have failed, whom nobody has observed and somebody still has a handle of. They stay in their
 * owner's list, without a reference, until the last handle is given up, or their owner ends: then they are reported.
 *
 * The last handle may be given up on another thread at any time, also while the owner lets go. `listed` decides who goes
 * on, by compare-and-swap:
 *
 *     LISTED ------ the owner lets go ------> LETTING_GO ----- done ------> UNLISTED: freed by the last handle, anywhere
 *        |                                        `---- last handle ------> ORPHAN: freed by the owner, when done
 *        `--------- the last handle --------> GOING_HOME: freed on the runtime's thread, by post
 *
 * The way home leads through the mailbox, which the zombie holds for that. It is in the list until it is there, or
 * until the owner lets go, which comes before the mailbox closes: so who finds it in the list may use it.
 */
#include "runtime/mailbox.h"
#include "runtime/runtime.h"

enum listed { UNLISTED, LISTED, LETTING_GO, ORPHAN, GOING_HOME };

static bool change(eff_fiber_t *f, uint8_t from, uint8_t to)
{
    return atomic_compare_exchange_strong(&f->listed, &from, to);
}

void eff__zombie_begin(eff_fiber_t *f)
{
    f->flags |= EFF__ZOMBIE;
    f->home = eff__mailbox_incref(f->rt->mailbox);
    atomic_store(&f->listed, LISTED);
}

void eff__fiber_let_go(eff_fiber_t *f)
{
    bool was_listed = change(f, LISTED, LETTING_GO);
    eff__fiber_disown(f);
    eff__fiber_report_unobserved(f);
    if (!was_listed) return;
    struct eff__mailbox *home = f->home;
    if (!change(f, LETTING_GO, UNLISTED)) eff__payload_destroy(f);
    eff__mailbox_decref(home);
}

static void come_home(struct eff__post *post, eff_runtime_t *rt)
{
    (void)rt;
    eff__payload_destroy((char *)post - offsetof(eff_fiber_t, post));
}

bool eff__zombie_dispose(eff_fiber_t *f)
{
    if (atomic_load(&f->listed) == UNLISTED) return false;
    if (!change(f, LISTED, GOING_HOME)) return change(f, LETTING_GO, ORPHAN);
    struct eff__mailbox *home = f->home;
    bool here = pthread_equal(home->thread, pthread_self());
    if (!here) {
        f->post.run = come_home;
        eff__mailbox_post(home, &f->post);
    }
    eff__mailbox_decref(home);
    return !here;
}
