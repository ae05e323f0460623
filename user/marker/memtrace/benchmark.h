/* SPDX-License-Identifier: MIT */
/*
 * Google Benchmark's memory figures, from memtrace: resident pages, exact, whoever allocated them.
 * Header only; C++11; Google Benchmark 1.5 and later.
 *
 *	#include <benchmark/benchmark.h>
 *	#include <memtrace/benchmark.h>
 *
 *	BENCHMARK(load_stage);
 *
 *	int main(int argc, char **argv)
 *	{
 *		memtrace::BenchmarkMemoryManager manager;
 *
 *		benchmark::Initialize(&argc, argv);
 *		benchmark::RegisterMemoryManager(&manager);
 *		benchmark::RunSpecifiedBenchmarks();
 *		benchmark::RegisterMemoryManager(nullptr);
 *	}
 *
 *	c++ bench.cpp $(pkg-config --cflags --libs memtrace-marker) -lbenchmark -pthread -o bench
 *	sudo memtrace -- ./bench --benchmark_out=bench.json --benchmark_out_format=json
 *
 * After the timed runs of a benchmark Google Benchmark runs it once more between Start() and
 * Stop(), for at most 16 iterations: that run is a window here. Its result goes into the JSON (the
 * console and CSV reporters print none of it), and into memtrace's own report as an operation:
 *
 *	max_bytes_used         peak_growth_bytes  the highest inside minus at the begin
 *	total_allocated_bytes  gained_bytes       sum of all increases
 *	net_heap_growth        growth_bytes       at the end minus at the begin; may be negative
 *	allocs_per_iter        always negative: not known; memtrace counts pages, not allocations
 *
 * All in bytes, of the whole process and of the whole run: divide total_allocated_bytes by the
 * iterations of that run, min(16, the row's "iterations"), for a mean. Google Benchmark 1.5 has
 * max_bytes_used and allocs_per_iter only.
 *
 * Not traced, nothing is made up: max_bytes_used is -1 (Google Benchmark always prints it),
 * total_allocated_bytes and net_heap_growth are left out, and one line on standard error says how
 * to get them. The program runs as it would, and its exit status stays.
 *
 * To know when reading the numbers:
 * - The timed runs come first. Memory that malloc kept from them is resident already and is not
 *	counted again: a benchmark that allocates from a warm heap shows 0. glibc keeps less with
 *	MALLOC_MMAP_THRESHOLD_=131072 in the environment: larger blocks are then always new pages.
 * - Google Benchmark's own work in that run is inside: setup, teardown, at times a page of its own.
 * - It does not tell a memory manager which benchmark it runs: all are windows of one operation, in
 *	the order they ran (`memtrace --windows`). For operations by name use memtrace_begin() and
 *	memtrace_end() of memtrace/marker.h in the benchmarks; but these mark the timed runs, too.
 */
#ifndef MEMTRACE_BENCHMARK_H
#define MEMTRACE_BENCHMARK_H

#include <benchmark/benchmark.h>
#include <memtrace/marker.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

namespace memtrace
{

class BenchmarkMemoryManager : public benchmark::MemoryManager
{
      public:
	/* `operation`: the name of the windows; the first 127 bytes count. */
	explicit BenchmarkMemoryManager(std::string operation = "benchmark memory run")
	    : operation_(std::move(operation))
	{
	}

	BenchmarkMemoryManager(const BenchmarkMemoryManager &) = delete;
	BenchmarkMemoryManager &operator=(const BenchmarkMemoryManager &) = delete;

	/*
	 * Called by Google Benchmark only. None is marked `override`: which of the two Stop() it
	 * has depends on its version (up to 1.7 the pointer's, since 1.7 the reference's).
	 */
	virtual void Start()
	{
		window_ = memtrace_begin(operation_.c_str());
	}

	virtual void Stop(Result &result)
	{
		memtrace_result measured = {};

		measured.size = sizeof(measured);
		result.num_allocs = UNKNOWN;
		if (memtrace_end_result(window_, &measured) == 0) {
			result.max_bytes_used = measured.peak_growth_bytes;
			set_changes(result, measured, 0);
		} else {
			result.max_bytes_used = UNKNOWN;
			say_how();
		}
	}

	virtual void Stop(Result *result)
	{
		Stop(*result);
	}

      private:
	enum : int64_t { UNKNOWN = -1 };

	/* Chosen where the version has these fields, as the exact match of `int`. */
	template <typename AnyResult>
	static auto set_changes(AnyResult &result, const memtrace_result &measured, int)
		-> decltype(void(result.total_allocated_bytes), void(result.net_heap_growth))
	{
		result.total_allocated_bytes = measured.gained_bytes;
		result.net_heap_growth = measured.growth_bytes;
	}

	template <typename AnyResult>
	static void set_changes(AnyResult &, const memtrace_result &, long)
	{
	}

	void say_how()
	{
		if (said_how_)
			return;
		said_how_ = true;
		std::fputs("memtrace: memory of the benchmarks not known: not traced "
			   "(run with: sudo memtrace -- PROGRAM)\n",
			   stderr);
	}

	std::string operation_;
	memtrace_window window_ = 0;
	bool said_how_ = false;
};

} // namespace memtrace

#endif
