/* The programs of each workload, as workloads.c lists them: each does n operations and checks the result. */
#ifndef BENCH_WORKLOADS_H
#define BENCH_WORKLOADS_H

void limit_bind_right(long n);
void limit_left_build(long n);
void limit_left_run(long n);
void limit_fork_join(long n);
void limit_fork_all(long n);
void limit_yield_2(long n);
void limit_yield_1000(long n);
void limit_ping_pong(long n);
void limit_queue_64(long n);
void limit_each_par(long n);
void limit_each_par_yield(long n);
void limit_fan_out(long n);
void limit_race(long n);
void limit_catch(long n);
void limit_bracket(long n);
void limit_deferred(long n);
void limit_handoff(long n);

void floor_bind_right(long n);
void floor_gen_await(long n);
void floor_left_build(long n);
void floor_left_run(long n);
void floor_fork_join(long n);
void floor_fork_all(long n);
void floor_yield_2(long n);
void floor_yield_1000(long n);
void floor_ping_pong(long n);
void floor_queue_64(long n);
void floor_each_par(long n);
void floor_each_par_yield(long n);
void floor_fan_out(long n);
void floor_time_out(long n);
void floor_race_sleep(long n);
void floor_catch_all(long n);
void floor_acquire_release(long n);
void floor_deferred_once(long n);
void floor_handoff(long n);

void library_bind_right(long n);
void library_gen_await(long n);
void library_left_build(long n);
void library_left_run(long n);
void library_fork_join(long n);
void library_fork_all(long n);
void library_yield_2(long n);
void library_yield_1000(long n);
void library_ping_pong(long n);
void library_queue_64(long n);
void library_each_par(long n);
void library_each_par_yield(long n);
void library_fan_out(long n);
void library_time_out(long n);
void library_race(long n);
void library_catch(long n);
void library_bracket(long n);
void library_deferred(long n);
void library_handoff(long n);
void library_depth_left(long n);
void library_depth_right(long n);
void library_depth_catch(long n);
void library_depth_bracket(long n);

#endif
