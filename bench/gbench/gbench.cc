// SPDX-License-Identifier: MIT
// The C++ side of gbench.h: the only place that speaks to google-benchmark.
#include "gbench.h"

#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

struct gbench_state {
    benchmark::State &state;
};

namespace
{

bool displays;

class callback_reporter : public benchmark::BenchmarkReporter
{
public:
    callback_reporter(gbench_result_fn *fn, void *arg) : fn_(fn), arg_(arg)
    {
        if (displays)
            display_.reset(benchmark::CreateDefaultDisplayReporter());
    }

    bool ReportContext(const Context &context) override { return display_ ? display_->ReportContext(context) : true; }

    void ReportRuns(const std::vector<Run> &runs) override
    {
        for (const Run &run : runs) {
            if (run.run_type == Run::RT_Iteration)
                hand_over(run);
        }
        if (display_)
            display_->ReportRuns(runs);
    }

    void Finalize() override
    {
        if (display_)
            display_->Finalize();
    }

private:
    void hand_over(const Run &run)
    {
        std::vector<gbench_counter> counters;
        for (const auto &counter : run.counters)
            counters.push_back({counter.first.c_str(), counter.second.value});

        double operations = run.iterations ? static_cast<double>(run.iterations) : 1.0;
        gbench_result result = {};
        result.name = run.run_name.function_name.c_str();
        result.error = run.error_occurred ? run.error_message.c_str() : nullptr;
        result.real_ns = run.real_accumulated_time * 1e9 / operations;
        result.cpu_ns = run.cpu_accumulated_time * 1e9 / operations;
        result.operations = run.iterations;
        result.counters = counters.data();
        result.ncounters = counters.size();
        fn_(&result, arg_);
    }

    gbench_result_fn *fn_;
    void *arg_;
    std::unique_ptr<benchmark::BenchmarkReporter> display_;
};

} // namespace

void gbench_initialize(int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++)
        displays = displays || std::strncmp(argv[i], "--benchmark_format", 18) == 0;
    benchmark::Initialize(argc, argv);
}

bool gbench_displays(void)
{
    return displays;
}

void gbench_context(const char *key, const char *value)
{
    benchmark::AddCustomContext(key, value);
}

void gbench_register(const char *name, gbench_fn *fn, void *arg)
{
    auto body = [fn, arg](benchmark::State &state) {
        gbench_state wrapped = {state};
        fn(&wrapped, arg);
    };
    // Two iterations: one that starts the clocks, and one that finish() stretches to the true number of operations.
    benchmark::RegisterBenchmark(name, body)->Iterations(2)->UseManualTime()->MeasureProcessCPUTime();
}

void gbench_start(gbench_state *state)
{
    state->state.KeepRunning();
}

void gbench_finish(gbench_state *state, double seconds, uint64_t operations)
{
    if (operations < 2) {
        state->state.SkipWithError("fewer than two operations");
        return;
    }
    state->state.SetIterationTime(seconds);
    // A batch may overshoot the planned iterations: so times come out per operation, in the JSON output as well.
    state->state.KeepRunningBatch(static_cast<benchmark::IterationCount>(operations - 1));
    while (state->state.KeepRunning())
        ;
}

void gbench_counter_set(gbench_state *state, const char *name, double value)
{
    state->state.counters[name] = value;
}

void gbench_fail(gbench_state *state, const char *why)
{
    state->state.SkipWithError(why);
}

size_t gbench_run(gbench_result_fn *fn, void *arg)
{
    callback_reporter reporter(fn, arg);
    return benchmark::RunSpecifiedBenchmarks(&reporter);
}
