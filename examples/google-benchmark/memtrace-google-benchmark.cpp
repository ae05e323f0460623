/* SPDX-License-Identifier: MIT */
/*
 * Google Benchmark with memory figures of memtrace in its JSON:
 *
 *	sudo memtrace -- ./memtrace-google-benchmark --benchmark_format=json
 */
#include <benchmark/benchmark.h>
#include <memtrace/benchmark.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

/*
 * A vector that doubles as it grows. While it moves, the old block and the copied half of the new
 * one are resident: the peak is less than the two blocks' sizes, which allocation counts add up.
 */
static void vector_growth(benchmark::State &state)
{
	for (auto _ : state) {
		std::vector<int> values;

		for (int i = 0; i < state.range(0); i++)
			values.push_back(i);
		benchmark::DoNotOptimize(values.data());
	}
}
BENCHMARK(vector_growth)->Arg(1 << 20)->Arg(1 << 24)->Unit(benchmark::kMillisecond);

/* Gone at the end of each iteration: a peak without growth. */
static void transient_buffer(benchmark::State &state)
{
	const auto size = static_cast<std::size_t>(state.range(0));

	for (auto _ : state) {
		std::unique_ptr<char[]> buffer(new char[size]);

		std::memset(buffer.get(), 1, size);
		benchmark::DoNotOptimize(buffer.get());
		benchmark::ClobberMemory();
	}
}
BENCHMARK(transient_buffer)->Arg(64 << 20)->Unit(benchmark::kMillisecond);

/*
 * Maps twice as many pages as it touches: only touched ones are resident. Never huge ones, so that
 * their number is known.
 */
static char *map_pages(std::size_t touched, std::size_t page)
{
	void *area = mmap(nullptr, 2 * touched * page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		return nullptr;
	madvise(area, 2 * touched * page, MADV_NOHUGEPAGE);
	for (std::size_t i = 0; i < touched; i++)
		static_cast<volatile char *>(area)[i * page] = 1;
	return static_cast<char *>(area);
}

static void mapped_pages(benchmark::State &state)
{
	const auto touched = static_cast<std::size_t>(state.range(0));
	const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));

	for (auto _ : state) {
		char *area = map_pages(touched, page);

		if (!area) {
			state.SkipWithError("mmap failed");
			break;
		}
		munmap(area, 2 * touched * page);
	}
}
BENCHMARK(mapped_pages)->Arg(1000)->Arg(5000)->Unit(benchmark::kMicrosecond);

/* As above, but the pages stay until the benchmark has run: growth, one lot an iteration. */
static void kept_pages(benchmark::State &state)
{
	const auto touched = static_cast<std::size_t>(state.range(0));
	const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));

	for (auto _ : state)
		if (!map_pages(touched, page)) {
			state.SkipWithError("mmap failed");
			break;
		}
}
BENCHMARK(kept_pages)->Arg(500)->Iterations(8)->Unit(benchmark::kMicrosecond);

int main(int argc, char **argv)
{
	memtrace::BenchmarkMemoryManager manager;

	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 1;
	benchmark::RegisterMemoryManager(&manager);
	benchmark::RunSpecifiedBenchmarks();
	benchmark::RegisterMemoryManager(nullptr);
	return 0;
}
