/* SPDX-License-Identifier: MIT */
/*
 * Memory of Google Benchmark's benchmarks, exact to the page, in its own output (C++11).
 *
 *	#include <benchmark/benchmark.h>
 *	#include <memtrace/benchmark.h>
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
 *	c++ bench.cpp $(pkg-config --cflags --libs memtrace-marker benchmark)
 *	sudo memtrace -- ./a.out --benchmark_format=json
 *
 * Google Benchmark runs each benchmark once more, for up to 16 iterations, between Start() and
 * Stop(): that run is a window, and its JSON gets
 *	max_bytes_used         the window's peak growth, bytes
 *	net_heap_growth        its growth, bytes; less than 0 when memory was given back
 *	total_allocated_bytes  the sum of all increases in it, bytes
 *	allocs_per_iter        page faults of its thread by iteration, not calls of an allocator
 *
 * All but the faults are of the whole process. Start() is not told the benchmark's name, so in
 * memtrace's own table all of them are one operation, whose name the constructor takes.
 *
 * Memory that malloc kept from the timed runs, which come first, is resident already and not
 * counted again: small benchmarks may show 0. With glibc MALLOC_MMAP_THRESHOLD_=131072 in the
 * environment makes larger blocks new pages each time. With --benchmark_repetitions Google
 * Benchmark itself (seen in 1.7.1 and 1.9.1) may print wrong memory figures for all but the last
 * repetitions: it keeps pointers into a vector that grows. memtrace's own report has the right
 * ones (--windows).
 *
 * Without a tracer nothing is made up: net_heap_growth and total_allocated_bytes are left out,
 * max_bytes_used is 0, and one line on standard error says how to get numbers.
 */
#ifndef MEMTRACE_BENCHMARK_H
#define MEMTRACE_BENCHMARK_H

#include <benchmark/benchmark.h>
#include <cstdint>
#include <cstdio>
#include <memtrace/marker.h>

namespace memtrace
{

class BenchmarkMemoryManager : public benchmark::MemoryManager
{
      public:
	/* name: of the operation; has to live as long as this. */
	explicit BenchmarkMemoryManager(const char *name = "benchmark") : name_(name)
	{
	}

	void Start()
	{
		window_ = memtrace_begin(name_);
	}

	/*
	 * Google Benchmark calls the one with the reference; up to 1.7 it also wants the other.
	 * Which of them are virtual differs, so neither says override.
	 */
	void Stop(Result &result)
	{
		struct memtrace_result r = {};

		r.size = sizeof(r);
		if (memtrace_end_result(window_, &r)) {
			say_once();
			return;
		}
		result.num_allocs =
			r.own_minor_faults < 0 ? 0 : r.own_minor_faults + r.own_major_faults;
		result.max_bytes_used = r.peak_growth_bytes;
		set_changes(result, r, 0);
	}

	void Stop(Result *result)
	{
		Stop(*result);
	}

      private:
	/* Chosen where the version has these fields (not in 1.5), as the exact match of int. */
	template <typename AnyResult>
	static auto set_changes(AnyResult &result, const memtrace_result &r, int)
		-> decltype(void(result.total_allocated_bytes), void(result.net_heap_growth))
	{
		result.net_heap_growth = r.growth_bytes;
		result.total_allocated_bytes = r.gained_bytes;
	}

	template <typename AnyResult>
	static void set_changes(AnyResult &, const memtrace_result &, long)
	{
	}

	void say_once()
	{
		if (!said_)
			std::fprintf(stderr, "memtrace: no memory figures: run it under memtrace: "
					     "sudo memtrace -- COMMAND\n");
		said_ = true;
	}

	const char *name_;
	memtrace_window window_ = 0;
	bool said_ = false;
};

} // namespace memtrace

#endif
