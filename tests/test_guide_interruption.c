/* The code of docs/concurrency.md about interruption, as cases: the page takes its snippets from here. */
#include "support/fibers.h"
#include "support/recipes.h"

/* ---- masks */

static eff_t *give_back(const eff_cause_t *cause, eff_value_t env)
{
    return request("given back", 10);
}
static eff_t *book_seat(eff_restore_t restore, eff_value_t env)
{
    eff_t *answer = eff_restore(restore, request("answer", 60000)); /* the customer may take his time, or leave */
    answer = eff_on_error(answer, give_back, eff_unit);
    eff_t *e = eff_then(request("reserved", 10), answer);
    return eff_then(e, request("confirmed", 10));
}
static eff_t *book(void)
{
    return eff_uninterruptible_mask(book_seat, eff_unit);
}

static eff_t *book_undisturbed(struct world *w)
{
    in(w);
    return book();
}
CASE(a_mask_changes_nothing_when_nobody_interrupts, book_undisturbed, .succeeds = "confirmed",
     .journal = "reserved@10 answer@60010 confirmed@60020")

static eff_t *book_interrupted_at(struct world *w, int64_t n)
{
    in(w);
    return in_order(keep(w, 0, eff_fork(book())), ms(n), say_interrupt(w, 0));
}
static eff_t *leaves_early(struct world *w)
{
    return book_interrupted_at(w, 5);
}
CASE(an_interruption_under_a_mask_is_seen_where_it_is_restored, leaves_early, .succeeds = "unit",
     .journal = "reserved@10 given back@20 interrupt", .ms = 20, .timed = true)

static eff_t *leaves_while_asked(struct world *w)
{
    return book_interrupted_at(w, 100);
}
CASE(what_is_restored_can_be_interrupted, leaves_while_asked, .succeeds = "unit",
     .journal = "reserved@10 answer! given back@110 interrupt", .ms = 110, .timed = true)

/* ---- not waiting for what takes long to end */

static eff_t *slow_goodbye(void)
{
    return eff_ensuring(request("answer", 60000), request("goodbye", 500));
}
static eff_t *patient(void)
{
    return eff_timeout(slow_goodbye(), eff_millis(100)); /* none, after 600 ms */
}
static eff_t *impatient(void)
{
    return eff_timeout(eff_disconnect(slow_goodbye()), eff_millis(100)); /* none, after 100 ms */
}

static eff_t *patient_program(struct world *w)
{
    in(w);
    return eff_scoped(eff_then(patient(), say_time(w, "none")));
}
CASE(a_timeout_awaits_the_end_of_its_body, patient_program, .succeeds = "unit",
     .journal = "answer! goodbye@600 none@600", .ms = 600, .timed = true)

static eff_t *impatient_program(struct world *w)
{
    in(w);
    return in_order(eff_scoped(eff_then(impatient(), say_time(w, "none"))), say_time(w, "end"));
}
CASE(what_is_disconnected_is_awaited_by_the_region, impatient_program, .succeeds = "unit",
     .journal = "answer! none@100 goodbye@600 end@600", .ms = 600, .timed = true)

/* ---- deadlines */

static eff_t *load_profile(void)
{
    return eff_within(request("profile", 800), eff_seconds(1)); /* 1 s, or what is left of the 3 s */
}
static eff_t *handle_login(int64_t ms)
{
    return eff_within(eff_then(request("login", ms), load_profile()), eff_seconds(3));
}

static eff_t *quick_login(struct world *w)
{
    in(w);
    return handle_login(1000);
}
CASE(within_its_time_it_succeeds, quick_login, .succeeds = "profile", .journal = "login@1000 profile@1800", .ms = 1800,
     .timed = true)

static eff_t *slow_login(struct world *w)
{
    in(w);
    return handle_login(2500);
}
static void check_timed_out(struct world *w, const eff_exit_t *exit)
{
    ck_assert(!exit->ok && eff_error_is(eff_cause_squash(exit->cause), &eff_timeout_error));
}
CASE(of_two_deadlines_the_earlier_counts, slow_login, .check = check_timed_out, .journal = "login@2500 profile!",
     .ms = 3000, .timed = true)

/* ---- stopping in good order */

struct consumer {
    eff_queue_t *jobs; /* borrowed */
};

static eff_t *handle_job(eff_value_t job)
{
    return request(eff_as_string(job), 30);
}

static eff_t *consumer_step(struct consumer *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    for (;;) {
        EFF_AWAIT(eff_unless_stopped(eff_queue_take(s->jobs))); /* asked to stop, it takes no more ... */
        if (!eff_is_some(EFF_GOT())) break;
        EFF_AWAIT(handle_job(eff_some_value(EFF_GOT()))); /* ... and finishes what it has taken */
    }
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(consumer, struct consumer, consumer_step);

static eff_t *consume(eff_queue_t *jobs)
{
    return eff_graceful(consumer((struct consumer){ .jobs = jobs }), eff_seconds(10));
}

static eff_t *consume_and_stop(struct world *w)
{
    in(w);
    w->queue = eff_queue_bounded(8);
    eff_t *offers =
        in_order(eff_queue_offer(w->queue, eff_literal("first")), eff_queue_offer(w->queue, eff_literal("second")),
                 eff_queue_offer(w->queue, eff_literal("third")));
    return in_order(offers, keep(w, 0, eff_fork(consume(w->queue))), ms(45), say_interrupt(w, 0),
                    say_time(w, "stopped"));
}
CASE(asked_to_stop_it_finishes_what_it_has_taken, consume_and_stop, .succeeds = "unit",
     .journal = "first@30 second@60 interrupt stopped@60", .ms = 60, .timed = true)

TESTS(a_mask_changes_nothing_when_nobody_interrupts, an_interruption_under_a_mask_is_seen_where_it_is_restored,
      what_is_restored_can_be_interrupted, a_timeout_awaits_the_end_of_its_body,
      what_is_disconnected_is_awaited_by_the_region, within_its_time_it_succeeds, of_two_deadlines_the_earlier_counts,
      asked_to_stop_it_finishes_what_it_has_taken)
