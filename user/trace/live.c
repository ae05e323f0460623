// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/live.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "space.h"
#include "trace/programs.h"
#include "trace/session_private.h"

#define READ_TRIES    4	  /* of a space whose slot changes hands meanwhile */
#define CHECKS_A_READ 256 /* processes whose name and CPUs are looked at each time */

/* What is kept of a space from one time to the next. */
struct slot {
	uint32_t serial; /* 0: none */
	char comm[MT_COMM_SIZE];
};

struct live {
	struct session *session;
	const struct space *spaces; /* spaces_len */
	uint32_t spaces_len;
	struct slot *slots;
	uint32_t next_check; /* slot */
	int64_t bound_pages; /* the highest that was seen */
	struct live_process *processes;
	size_t processes_len, processes_allocated;
	struct live_operation *operations;
	size_t operations_len, operations_allocated;
	char (*names)[MT_NAME_SIZE]; /* by operation */
};

/* Room for one more. */
static int reserve(void **list, size_t *allocated, size_t len, size_t size)
{
	size_t more = *allocated ? 2 * *allocated : 64;
	void *grown;

	if (len < *allocated)
		return 0;
	grown = reallocarray(*list, more, size);
	if (!grown)
		return -ENOMEM;
	*list = grown;
	*allocated = more;
	return 0;
}

/* What is wanted of a space, and all of it of one owner. */
struct space_now {
	uint32_t serial;
	int32_t pid;
	int64_t rss, peak, swap;
	bool concurrent;
	uint32_t threads; /* of split counters */
};

/* False: nobody's, or it changed hands again and again. */
static bool read_space(const struct space *at, struct space_now *out)
{
	for (int i = 0; i < READ_TRIES; i++) {
		uint32_t serial = __atomic_load_n(&at->serial, __ATOMIC_ACQUIRE);
		int64_t run;

		if (__atomic_load_n(&at->state, __ATOMIC_ACQUIRE) != SPACE_COUNTING)
			return false;
		*out = (struct space_now){
			.serial = serial,
			.pid = __atomic_load_n(&at->pid, __ATOMIC_RELAXED),
			.rss = __atomic_load_n(&at->rss, __ATOMIC_RELAXED),
			.peak = __atomic_load_n(&at->peak, __ATOMIC_RELAXED),
			.swap = __atomic_load_n(&at->swap, __ATOMIC_RELAXED),
			.threads = __atomic_load_n(&at->threads, __ATOMIC_RELAXED),
			.concurrent = __atomic_load_n(&at->concurrent, __ATOMIC_RELAXED) ==
				      CONCURRENT_CPUS,
		};
		/* Maxima reach peak at window boundaries, and run before shrinks. */
		run = (int64_t)(__atomic_load_n(&at->run, __ATOMIC_RELAXED) & RUN_MASK);
		if (run > out->peak)
			out->peak = run;
		if (out->rss > out->peak)
			out->peak = out->rss;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&at->serial, __ATOMIC_RELAXED) == serial &&
		    __atomic_load_n(&at->state, __ATOMIC_RELAXED) == SPACE_COUNTING)
			return true;
	}
	return false;
}

/* A program may rename itself. Unlike its command line this can be read without touching it. */
static void read_comm(pid_t pid, char comm[MT_COMM_SIZE])
{
	char path[32];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	len = read(fd, comm, MT_COMM_SIZE); /* a line break is last */
	close(fd);
	if (len > 0)
		comm[len - 1] = '\0';
}

/* As session__error_bound_pages() has it of those that ended. */
static void note_bound(struct live *l, uint32_t key, uint32_t threads)
{
	uint32_t cpus, used = 0;
	int fd = programs__views_fd(l->session->programs, &cpus);
	int64_t max_step = 0;
	int64_t pages;

	for (uint32_t i = 0; i < cpus; i++) {
		uint32_t number = key * cpus + i;
		struct cpu_view view;

		if (bpf_map_lookup_elem(fd, &number, &view) || !view.events)
			continue;
		used++;
		if (view.max_step > max_step)
			max_step = view.max_step;
	}
	if (threads) /* split counters */
		used = threads;
	pages = rows__error_bound_pages(used, max_step);
	if (pages > l->bound_pages)
		l->bound_pages = pages;
}

static void name_process(struct live_process *p, const struct row *row)
{
	if (!row)
		return;
	p->user = row->row.user;
	p->command = row->row.command;
	p->command_len = row->row.command_len;
	if (!*p->comm && row->row.comm)
		p->comm = row->row.comm;
}

static int add_process(struct live *l, const struct live_process *p)
{
	int r = reserve((void **)&l->processes, &l->processes_allocated, l->processes_len,
			sizeof(*l->processes));

	if (!r)
		l->processes[l->processes_len++] = *p;
	return r;
}

static int add_space(struct live *l, uint32_t key, const struct space_now *now, bool check)
{
	int64_t page = l->session->rows.page_bytes;
	struct slot *slot = &l->slots[key];
	struct live_process p = {
		.serial = now->serial,
		.pid = now->pid,
		.comm = slot->comm,
		.rss_bytes = now->rss * page,
		.peak_bytes = now->peak * page,
		.swap_bytes = now->swap * page,
	};

	if (slot->serial != now->serial) {
		*slot = (struct slot){.serial = now->serial};
		check = true;
	}
	if (check) {
		read_comm(now->pid, slot->comm);
		if (now->concurrent)
			note_bound(l, key, now->threads);
	}
	name_process(&p, rows__find(&l->session->rows, now->serial));
	return add_process(l, &p);
}

static int read_spaces(struct live *l)
{
	uint32_t checks = 0, last = l->next_check;
	int r = 0;

	for (uint32_t i = 0; !r && i < l->spaces_len; i++) {
		uint32_t key = (l->next_check + i) % l->spaces_len;
		bool check = checks < CHECKS_A_READ;
		struct space_now now;

		if (!read_space(&l->spaces[key], &now))
			continue;
		r = add_space(l, key, &now, check);
		if (check) {
			checks++;
			last = key + 1;
		}
	}
	l->next_check = checks < CHECKS_A_READ ? 0 : last % l->spaces_len;
	return r;
}

static bool is_living(const struct live *l, int32_t pid)
{
	for (size_t i = 0; i < l->processes_len; i++)
		if (l->processes[i].pid == pid && !l->processes[i].ended)
			return true;
	return false;
}

/* Those that were asked for stay, as they were last. */
static int add_ended(struct live *l)
{
	const struct session *s = l->session;

	for (size_t i = 0; i < s->pids_len; i++) {
		const struct row *row = rows__of_pid(&s->rows, s->pids[i]);
		struct live_process p = {.ended = true, .comm = ""};
		int r;

		if (!row || !row->ended || is_living(l, s->pids[i]))
			continue;
		p.serial = row->space;
		p.pid = row->row.pid;
		p.peak_bytes = row->row.peak_rss_bytes;
		name_process(&p, row);
		r = add_process(l, &p);
		if (r)
			return r;
	}
	return 0;
}

static int read_operations(struct live *l)
{
	int64_t page = l->session->rows.page_bytes;
	struct mt_op m;

	for (uint32_t number = 0; programs__read_op(l->session->programs, number, &m); number++) {
		struct live_operation *o;
		int r;

		if (!m.begun && !m.count)
			continue;
		r = reserve((void **)&l->operations, &l->operations_allocated, l->operations_len,
			    sizeof(*l->operations));
		if (r)
			return r;
		memcpy(l->names[number], m.name, MT_NAME_SIZE);
		l->names[number][MT_NAME_MAX] = '\0';
		o = &l->operations[l->operations_len++];
		*o = (struct live_operation){
			.number = number,
			.name = number == MT_OP_OTHER ? "(other operations)" : l->names[number],
			.tid = m.tid,
			.count = m.count,
			.open = m.begun > m.count ? m.begun - m.count : 0,
			.complete = m.count > m.incomplete ? m.count - m.incomplete : 0,
			.growth_bytes = m.growth_sum * page,
			.duration_ns = m.duration_sum,
		};
		if (o->complete && m.peak_max >= m.peak_min)
			o->peak_growth_bytes = m.peak_max * page;
	}
	return 0;
}

int live__new(struct live **out, struct session *session)
{
	struct live *l = calloc(1, sizeof(*l));
	int r = -ENOMEM, fd;
	void *mapped;

	if (!l)
		goto fail;
	l->session = session;
	fd = programs__spaces_fd(session->programs, &l->spaces_len);
	mapped = mmap(NULL, l->spaces_len * sizeof(*l->spaces), PROT_READ, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED) {
		r = -errno;
		goto fail;
	}
	l->spaces = mapped;
	l->slots = calloc(l->spaces_len, sizeof(*l->slots));
	l->names = calloc(MT_MAX_OPS, sizeof(*l->names));
	if (!l->slots || !l->names)
		goto fail;
	*out = l;
	return 0;
fail:
	log__error("live view: %s", strerror(-r));
	live__free(l);
	return r;
}

int live__read(struct live *l, struct live_snapshot *out)
{
	struct session *s = l->session;
	int64_t ended_bound = session__error_bound_pages(s);
	struct programs_counters counters;
	int r;

	l->processes_len = l->operations_len = 0;
	r = read_spaces(l);
	if (!r)
		r = add_ended(l);
	if (!r)
		r = read_operations(l);
	if (r)
		return r;
	if (ended_bound > l->bound_pages)
		l->bound_pages = ended_bound;
	*out = (struct live_snapshot){
		.at_ns = session__now(),
		.error_bound_bytes = l->bound_pages * s->rows.page_bytes,
		.over = session__is_over(s),
		.processes = l->processes,
		.processes_len = l->processes_len,
		.operations = l->operations,
		.operations_len = l->operations_len,
	};
	session__status(s, &out->status);
	programs__counters(s->programs, &counters);
	session__losses(s, &counters, &out->losses);
	return 0;
}

void live__free(struct live *l)
{
	if (!l)
		return;
	if (l->spaces)
		munmap((void *)l->spaces, l->spaces_len * sizeof(*l->spaces));
	free(l->slots);
	free(l->names);
	free(l->processes);
	free(l->operations);
	free(l);
}
