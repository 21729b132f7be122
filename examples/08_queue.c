/* A producer, a bounded queue, and 50 workers. The producer waits whenever the queue is full; when it ends the queue, the
 * workers drain what is there and stop. A job that fails is reported, and stops nobody. */
#include <effect/effect.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const eff_error_kind_t bad_file = { "bad file", NULL };

typedef struct job {
    int64_t id;
    char *path;
} job_t;
static void job_clear(job_t *j)
{
    free(j->path);
}
EFF_STATIC_TYPE(job, job_t, .drop = job_clear);

/* Borrows job until the effect has ended. */
static eff_t *process(const job_t *job)
{
    if (job->id % 300 == 299) return eff_fail(eff_error(&bad_file, 0, "%s is empty", job->path));
    return eff_sleep(eff_millis(1));
}

/* ---- producer */

struct producer {
    eff_queue_t *queue; /* borrowed */
    int64_t n_jobs, id;
};

static eff_t *producer_step(struct producer *s, eff_gen_t *g)
{
    EFF_GEN_BEGIN(g);
    for (s->id = 0; s->id < s->n_jobs; s->id++) {
        char *path = NULL;
        if (asprintf(&path, "data/%03" PRId64, s->id) < 0) return eff_out_of_memory();
        EFF_AWAIT(eff_queue_offer(s->queue, job_make((job_t){ .id = s->id, .path = path })));
    }
    EFF_AWAIT(eff_queue_end(s->queue));
    EFF_GEN_END(eff_unit);
}
EFF_DEFINE_GEN(producer, struct producer, producer_step);

/* ---- workers */

static eff_t *complain(eff_value_t error, eff_value_t job)
{
    eff_t *e = eff_log_warn("job %" PRId64 ": %s", job_of(job)->id, eff_as_error(error)->message);
    return eff_map_to(e, eff_int(0));
}

/* Succeeds with 1 for a job done. The item lives until this effect has ended. */
static eff_t *handle(eff_value_t job, eff_value_t env)
{
    (void)env;
    eff_t *e = eff_map_to(process(job_of(job)), eff_int(1));
    return eff_catch_all(e, complain, eff_value_incref(job));
}

static eff_value_t add(eff_value_t sum, eff_value_t n, eff_value_t env)
{
    (void)env;
    return eff_int(eff_as_int(sum) + eff_as_int(n));
}

/* ---- all together */

static eff_t *report(eff_value_t unit_and_sum, eff_value_t env)
{
    (void)env;
    return eff_print_line(eff_printf("%" PRId64 " jobs done", eff_as_int(eff_second(unit_and_sum))));
}

int main(void)
{
    eff_queue_t *queue = eff_queue_bounded(64);
    eff_value_t jobs = eff_queue_value(eff_queue_incref(queue));
    eff_t *workers = eff_merge_all(jobs, handle, eff_int(0), add, eff_unit, 50);
    eff_t *e = eff_zip_par(producer((struct producer){ .queue = queue, .n_jobs = 1000 }), workers);
    int code = eff_main(eff_flat_map(e, report, eff_unit));
    eff_queue_decref(queue);
    return code;
}

/* expected output:
997 jobs done
stderr:
... WARN  fiber ...: job 299: data/299 is empty
... WARN  fiber ...: job 599: data/599 is empty
... WARN  fiber ...: job 899: data/899 is empty
*/
