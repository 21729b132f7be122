/* The list of workloads and their targets, in the order of TARGETS.
 *
 * Where the targets were given as times, before the floor of that row was written, they were turned into ratios: see
 * "Targets" in README.md. Left out: w12_mutex16 (the library has no mutex yet), w11_echo (a program of its own). */
#include "workloads.h"

#include "bench.h"
#include "sleepers.h"

#define M 1000000
#define PROGRAMS(limit, floor, library) .run = { limit, floor, library }

const struct workload bench_workloads[] = {
    { "w1_bind_right", "w1", "dynamic bind", 10 * M, 1000,
      PROGRAMS(limit_bind_right, floor_bind_right, library_bind_right), BENCH_OVER_FLOOR, 2.2, 1.6 },
    { "w1_gen", "w1", "one await in a gen", 10 * M, 1000, PROGRAMS(NULL, floor_gen_await, library_gen_await),
      BENCH_OVER_FLOOR, 2.2, 1.6 },
    { "w2_bind_left_build", "w2", "building one of N left-nested binds", M, 1000,
      PROGRAMS(limit_left_build, floor_left_build, library_left_build), BENCH_OVER_LIMIT, 3.0, 2.0 },
    { "w2_bind_left_run", "w2", "running one of N left-nested binds", M, 1000,
      PROGRAMS(limit_left_run, floor_left_run, library_left_run), BENCH_OVER_LIMIT, 2.0, 1.5 },
    { "w3_fork_join", "w3", "fork a fiber that succeeds at once, join it", M, 1000,
      PROGRAMS(limit_fork_join, floor_fork_join, library_fork_join), BENCH_OVER_FLOOR, 2.3, 1.8 },
    { "w3_fork_all", "w3", "fork all, then join all", M, 1000,
      PROGRAMS(limit_fork_all, floor_fork_all, library_fork_all), BENCH_OVER_FLOOR, 2.6, 2.0 },
    { "w4_yield_2", "w4", "yield among 2 fibers", 10 * M, 1000, PROGRAMS(limit_yield_2, floor_yield_2, library_yield_2),
      BENCH_OVER_FLOOR, 2.2, 1.7 },
    { "w4_yield_1000", "w4", "yield among 1000 fibers", 10 * M, 10000,
      PROGRAMS(limit_yield_1000, floor_yield_1000, library_yield_1000), BENCH_OVER_FLOOR, 2.2, 1.7 },
    { "w5_pingpong", "w5", "round trip over two queues of capacity 1", M, 1000,
      PROGRAMS(limit_ping_pong, floor_ping_pong, library_ping_pong), BENCH_OVER_FLOOR, 2.4, 1.8 },
    { "w5_queue64", "w5", "one item through a queue of 64", M, 1000,
      PROGRAMS(limit_queue_64, floor_queue_64, library_queue_64), BENCH_OVER_FLOOR, 2.4, 1.7 },
    { "w6_sleepers", "w6", "memory of one of N sleeping fibers", M, 1000, .basis = BENCH_ABSOLUTE, .required = 320,
      .aim = 256, .unit = "B/fiber", .measure = sleepers_measure_bytes },
    { "w6_sleepers_cpu", "w6", "forking, sleeping, joining one of N fibers", M, 1000, .basis = BENCH_OVER_LIMIT,
      .required = 1.6, .aim = 1.13, .unit = "cpu ns/fiber", .measure = sleepers_measure_cpu },
    { "w7_foreach_par16", "w7", "item of for_each_par, 16 at once, done at once", M, 1000,
      PROGRAMS(limit_each_par, floor_each_par, library_each_par), BENCH_OVER_FLOOR, 16.0, 9.6 },
    { "w7_foreach_par16_yield", "w7", "item of for_each_par, 16 at once, suspending", M, 1000,
      PROGRAMS(limit_each_par_yield, floor_each_par_yield, library_each_par_yield), BENCH_OVER_FLOOR, 9.8, 7.6 },
    { "w7_1p50c", "w7", "one item from 1 producer through a queue of 64 to 50", M, 1000,
      PROGRAMS(limit_fan_out, floor_fan_out, library_fan_out), BENCH_OVER_FLOOR, 2.6, 1.95 },
    { "w8_timeout", "w8", "timeout(yield then succeed, 1 s)", M, 1000,
      PROGRAMS(limit_race, floor_time_out, library_time_out), BENCH_OVER_FLOOR, 5.2, 3.7 },
    { "w8_race", "w8", "race(yield then succeed, sleep 1 s)", M, 1000,
      PROGRAMS(limit_race, floor_race_sleep, library_race), BENCH_OVER_FLOOR, 4.9, 3.4 },
    { "w9_catch", "w9", "fail, catch_all, succeed", 10 * M, 1000, PROGRAMS(limit_catch, floor_catch_all, library_catch),
      BENCH_OVER_FLOOR, 2.1, 1.5 },
    { "w10_bracket", "w10", "acquire, use, release", 10 * M, 1000,
      PROGRAMS(limit_bracket, floor_acquire_release, library_bracket), BENCH_OVER_FLOOR, 3.1, 2.3 },
    { "w12_deferred", "w12", "deferred made, completed, awaited", M, 1000,
      PROGRAMS(limit_deferred, floor_deferred_once, library_deferred), BENCH_OVER_FLOOR, 2.0, 1.35 },
    { "w12_def_handoff", "w12", "round trip over two fresh deferreds", M, 1000,
      PROGRAMS(limit_handoff, floor_handoff, library_handoff), BENCH_OVER_FLOOR, 2.0, 1.4 },
    { "depth_bind_left", "depth", "left-nested bind built, run, freed on 64 KiB", 10 * M, 1000,
      PROGRAMS(NULL, NULL, library_depth_left) },
    { "depth_bind_right", "depth", "right-nested bind built, run, freed on 64 KiB", 10 * M, 1000,
      PROGRAMS(NULL, NULL, library_depth_right) },
    { "depth_catch", "depth", "nested catch built, run, freed on 64 KiB", M, 1000,
      PROGRAMS(NULL, NULL, library_depth_catch) },
    { "depth_bracket", "depth", "nested bracket built, run, freed on 64 KiB", M, 1000,
      PROGRAMS(NULL, NULL, library_depth_bracket) },
};
const size_t bench_n_workloads = sizeof bench_workloads / sizeof bench_workloads[0];
