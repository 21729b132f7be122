/* Two task groups: the inner one has the workers, and ends with the last of them; the outer one has what serves them,
 * and is cancelled then. */
#include "crew.h"
#include "control.h"
#include "worker.h"

bool crew_init(struct crew *crew, jobs_t *jobs)
{
    *crew = (struct crew){ .jobs = jobs, .orders = eff_queue_bounded(8) };
    return places_init(&crew->places, jobs->limit) && crew->orders;
}

void crew_done(struct crew *crew)
{
    jobs_decref(crew->jobs);
    places_done(&crew->places);
    eff_queue_decref(crew->orders);
}

static eff_t *fork_workers(eff_task_group_t *group, eff_value_t env)
{
    struct crew *crew = eff_as_ptr(env);
    eff_t *e = eff_noop();
    for (size_t i = 0; i < crew->jobs->n; i++)
        e = eff_then(e, eff_task_group_fork(group, worker(&crew->jobs->at[i], &crew->places)));
    return eff_map_to(e, eff_unit);
}

struct body {
    struct crew *crew;
    int input;
};
EFF_STATIC_TYPE(body, struct body);

static eff_t *body_step(struct body *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    EFF_AWAIT(eff_task_group_start(s->crew->group, control_orders, eff_ptr(s->crew)));
    EFF_AWAIT(eff_task_group_start(s->crew->group, control_signals, eff_ptr(s->crew)));
    if (s->input >= 0) EFF_AWAIT(eff_task_group_fork(s->crew->group, control_input(s->crew, s->input)));
    EFF_AWAIT(eff_task_group_fork(s->crew->group, eff_named(places_lend(&s->crew->places), "places")));
    EFF_AWAIT(eff_task_group(fork_workers, eff_ptr(s->crew)));
    EFF_AWAIT(eff_task_group_cancel(s->crew->group));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(body_gen, struct body, body_step);

static eff_t *run_crew(eff_task_group_t *group, eff_value_t env)
{
    struct body *body = body_of(env);
    body->crew->group = group;
    return body_gen(*body);
}

static eff_t *sum_up(const eff_exit_t *exit, eff_value_t env)
{
    (void)exit;
    struct crew *crew = eff_as_ptr(env);
    crew->group = NULL;
    return jobs_print(crew->jobs);
}

static eff_value_t exit_code(eff_value_t v, eff_value_t env)
{
    (void)v;
    const jobs_t *jobs = ((struct crew *)eff_as_ptr(env))->jobs;
    return eff_int(jobs_count(jobs, JOB_FAILED) + jobs_count(jobs, JOB_SKIPPED) > 0);
}

eff_t *crew_run(struct crew *crew, int input, eff_duration_t grace)
{
    eff_t *e = eff_task_group_within(grace, run_crew, EFF_ENV(body, .crew = crew, .input = input));
    e = eff_on_exit(e, sum_up, eff_ptr(crew));
    return eff_map(e, exit_code, eff_ptr(crew));
}
