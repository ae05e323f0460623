// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions that are left in every way: by return, exception, longjmp, pthread_exit, tail jump, and
 * coroutines that are suspended. Prints what each was called and how it was left:
 *	{"function": "left::leaf(int)", "count": 1000, "unwound": 500}
 */
#include <coroutine>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone, noipa))

namespace left
{
static jmp_buf back;

NOINLINE void leaf(int i)
{
	if (i % 2)
		throw std::runtime_error("odd");
}

NOINLINE int middle(int i)
{
	leaf(i);
	return i + 1;
}

NOINLINE void jumper(int i)
{
	if (i % 3 == 0)
		longjmp(back, 1);
}

/* Deep enough for more frames than a kernel keeps of nested returns. */
NOINLINE int deep(int n)
{
	volatile int kept = n;

	return n ? deep(n - 1) + kept : 0;
}

NOINLINE void *leaver(void *)
{
	pthread_exit(nullptr);
}

NOINLINE int last(int i)
{
	return i * 3;
}

/* Leaves by a jump where the compiler can. */
NOINLINE int first(int i)
{
	return last(i + 1);
}

static char *map(long bytes)
{
	return static_cast<char *>(mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

/* The first calls, which bring in pages of libraries, are at the start, in no window. */
static long first_calls()
{
	const long size = sysconf(_SC_PAGESIZE);

	munmap(map(size), static_cast<size_t>(size));
	return size;
}

static const long page_size = first_calls();

/* Of a size that is known, so that growth can be checked, too. */
NOINLINE char *grow(long pages)
{
	char *p = map(pages * page_size);

	for (long i = 0; i < pages; i++)
		p[i * page_size] = 1;
	return p;
}

struct generator {
	struct promise_type {
		int value;
		generator get_return_object()
		{
			return {std::coroutine_handle<promise_type>::from_promise(*this)};
		}
		std::suspend_always initial_suspend()
		{
			return {};
		}
		std::suspend_always final_suspend() noexcept
		{
			return {};
		}
		std::suspend_always yield_value(int v)
		{
			value = v;
			return {};
		}
		void return_void()
		{
		}
		void unhandled_exception()
		{
			throw;
		}
	};
	std::coroutine_handle<promise_type> handle;
};

NOINLINE int helper(int i)
{
	return i + 1;
}

NOINLINE generator count_to(int n)
{
	for (int i = 0; i < n; i++)
		co_yield helper(i);
}
} // namespace left

/* Of its own: what setjmp() comes back to has no variables that it could have lost. */
NOINLINE static void jump(int i)
{
	if (!setjmp(left::back))
		left::jumper(i);
}

static void print(const char *function, long count, long unwound)
{
	printf("{\"function\": \"%s\", \"count\": %ld, \"unwound\": %ld}\n", function, count,
	       unwound);
}

int main(int argc, char **argv)
{
	const int n = argc > 1 ? atoi(argv[1]) : 1000, threads = 20;
	volatile int sum = 0;
	int caught = 0;

	for (int i = 0; i < n; i++) {
		try {
			left::middle(i);
		} catch (const std::exception &) {
			caught++;
		}
	}
	for (int i = 0; i < n; i++)
		jump(i);
	for (int i = 0; i < threads; i++) {
		pthread_t thread;

		pthread_create(&thread, nullptr, left::leaver, nullptr);
		pthread_join(thread, nullptr);
	}
	for (int i = 0; i < n; i++)
		sum = sum + left::first(i);
	for (int i = 1; i <= 5; i++)
		left::grow(100 * i);
	left::deep(300);
	left::generator g = left::count_to(n);
	while (!g.handle.done())
		g.handle.resume();
	g.handle.destroy();

	print("left::middle(int)", n, n / 2);
	print("left::leaf(int)", n, n / 2);
	print("left::jumper(int)", n, (n + 2) / 3);
	print("left::leaver(void*)", threads, 0);
	print("left::first(int)", n, 0);
	print("left::last(int)", n, 0);
	print("left::grow(long)", 5, 0);
	print("left::deep(int)", 301, 0);
	print("left::helper(int)", n, 0);
	return caught == n / 2 ? 0 : 1;
}
