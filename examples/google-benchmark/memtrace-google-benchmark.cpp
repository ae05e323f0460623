// SPDX-License-Identifier: MIT
/* Benchmarks whose memory is known, with memtrace's figures in Google Benchmark's output. */
#include <benchmark/benchmark.h>
#include <cstring>
#include <memory>
#include <memtrace/benchmark.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace
{

const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));

/* Touches pages that nobody had, and gives them back: a peak and no growth. */
void map_and_unmap(benchmark::State &state)
{
	const size_t size = static_cast<size_t>(state.range(0)) * page;

	for (auto _ : state) {
		void *p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		std::memset(p, 1, size);
		munmap(p, size);
	}
}
BENCHMARK(map_and_unmap)->Arg(10)->Arg(1000);

/* Keeps what it touched. One iteration: the figures are of all iterations of a run. */
void map_and_keep(benchmark::State &state)
{
	const size_t size = static_cast<size_t>(state.range(0)) * page;

	for (auto _ : state)
		std::memset(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0),
			    1, size);
}
BENCHMARK(map_and_keep)->Arg(500)->Iterations(1);

/* Grows by doubling: its peak is more than it comes to. */
void push_back(benchmark::State &state)
{
	for (auto _ : state) {
		std::vector<long> v;

		for (long i = 0; i < state.range(0); i++)
			v.push_back(i);
		benchmark::DoNotOptimize(v.data());
	}
}
BENCHMARK(push_back)->Arg(1 << 20);

} // namespace

int main(int argc, char **argv)
{
	memtrace::BenchmarkMemoryManager manager("memory run");

	benchmark::Initialize(&argc, argv);
	benchmark::RegisterMemoryManager(&manager);
	benchmark::RunSpecifiedBenchmarks();
	benchmark::RegisterMemoryManager(nullptr);
	return 0;
}
