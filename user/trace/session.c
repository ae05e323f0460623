// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/session.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "marker/protocol.h"
#include "model/groups.h"
#include "trace/cgroup.h"
#include "trace/mappings.h"
#include "trace/privileges.h"
#include "trace/procfs.h"
#include "trace/programs.h"
#include "trace/python_remote.h"
#include "trace/rendezvous.h"
#include "trace/results.h"
#include "trace/session_private.h"
#include "trace/sources.h"

/*
 * How often the rings are emptied when nothing wakes us: records of windows do so only when their
 * ring fills, so that the target does not pay for a wake-up a window.
 */
#define DRAIN_MS 200
/* How often running processes are searched for objects whose library could not announce itself. */
#define RESCAN_TICKS 5
#define RESCAN_MAX   64

uint64_t session__now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t session__elapsed(const struct session *s)
{
	return (int64_t)(session__now() - s->start_ns);
}

bool session__wants(const struct session *s, enum window_kind kind)
{
	return window_spec__has(s->options.specs, s->options.specs_len, kind);
}

static int on_event(void *context, void *data, size_t size)
{
	struct session *s = context;
	const struct mt_record_header *header = data;
	int r = rows__record(&s->rows, data, size);

	if (r) {
		s->dropped++;
		return 0;
	}
	if (header->type == MT_RECORD_PROCESS_EXIT) {
		results__forget(s->results, header->pid);
		rendezvous__forget_pid(s->rendezvous, header->pid);
	} else if (header->type == MT_RECORD_SPACE_BEGIN) {
		results__forget(s->results, header->pid);
		/* A child has no MEMTRACE_SOCKET in its environment. */
		if (s->options.mode == TRACE_ATTACH)
			session__announce(s, header->pid);
	}
	return 0;
}

static int on_window(void *context, void *data, size_t size)
{
	struct session *s = context;

	if (tally__record(s->tally, data, size))
		s->dropped++;
	return 0;
}

/* Whether pid is in the trace and alive, as far as the records tell. */
static bool is_traced(void *context, pid_t pid)
{
	struct session *s = context;

	const struct row *row = rows__of_pid(&s->rows, pid);

	return row && !row->ended;
}

/* A process has loaded a marker library and waits for us to probe it. */
static int on_meet(void *context, pid_t pid, int object_fd, const char *path, int *results_fd)
{
	const struct probed_object object = {
		.fd = object_fd, .path = path, .pid = pid, .late_at_ns = -1};
	struct session *s = context;
	int r;

	ring_buffer__consume(s->rings); /* its exec may be in there */
	if (!is_traced(s, pid))
		return -ESRCH;
	r = probes__add_object(s->probes, &object);
	if (r)
		return r;
	r = results__of(s->results, pid);
	if (r >= 0)
		*results_fd = r;
	return 0;
}

static int watch(struct session *s, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int open_loop(struct session *s)
{
	const struct itimerspec every = {
		.it_interval.tv_nsec = DRAIN_MS * 1000000,
		.it_value.tv_nsec = DRAIN_MS * 1000000,
	};
	int r;

	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->epoll_fd < 0 || s->timer_fd < 0 || timerfd_settime(s->timer_fd, 0, &every, NULL))
		return -errno;
	r = watch(s, s->timer_fd);
	if (!r)
		r = watch(s, ring_buffer__epoll_fd(s->rings));
	if (!r)
		r = watch(s, rendezvous__fd(s->rendezvous));
	return r;
}

/* What a traced process maps is looked at now; it may have run already. */
static void on_mapped(void *context, const struct mappings_record *mapping)
{
	struct session *s = context;
	pid_t pid = mapping->pid;

	if (probes__knows(s->probes, pid, mapping->device, mapping->inode))
		return;
	ring_buffer__consume(s->rings); /* it may be a new process */
	if (is_traced(s, pid))
		probes__scan_process(s->probes, pid, session__elapsed(s));
}

static int open_mappings(struct session *s)
{
	int r;

	if (!sources__any(s->sources) && s->options.mode != TRACE_ALL)
		return 0;
	r = mappings__open(&s->mappings, on_mapped, s);
	return r ? r : watch(s, mappings__fd(s->mappings));
}

static int open_rings(struct session *s)
{
	s->rings = ring_buffer__new(programs__events_fd(s->programs), on_event, s, NULL);
	if (!s->rings)
		return -errno;
	return ring_buffer__add(s->rings, programs__details_fd(s->programs), on_window, s);
}

static struct marker_providers wanted_providers(const struct session *s)
{
	struct marker_providers p = {.len = 0};

	if (session__wants(s, WINDOW_MARKER))
		p.names[p.len++] = MARKER_PROVIDER;
	if (session__wants(s, WINDOW_PYTHON))
		p.names[p.len++] = MARKER_PYTHON_PROVIDER;
	return p;
}

static int open_parts(struct session *s)
{
	const struct marker_providers providers = wanted_providers(s);
	const struct rendezvous_callbacks callbacks = {.meet = on_meet, .context = s};
	int r;

	r = sources__new(&s->sources, s->programs, s->options.specs, s->options.specs_len);
	if (!r)
		r = probes__new(&s->probes, s->programs, !s->options.follow, &providers,
				s->sources);
	if (!r)
		r = tally__new(&s->tally, s->options.keep_windows, s->start_ns, s->rows.page_bytes);
	if (!r)
		r = results__new(&s->results, programs__result_pages_fd(s->programs),
				 programs__result_of_fd(s->programs));
	if (!r)
		r = open_rings(s);
	if (!r)
		r = rendezvous__open(&s->rendezvous, &callbacks);
	if (!r)
		r = open_loop(s);
	if (!r)
		r = open_mappings(s);
	if (r)
		log__error("starting the trace: %s", strerror(-r));
	return r;
}

int session__open(struct session **out, const struct session_options *options)
{
	struct session *s = calloc(1, sizeof(*s));
	const struct programs_options programs = {
		.kernel = options->kernel,
		.follow = options->follow,
		.all = options->mode == TRACE_ALL,
		.by_thread = options->by == BY_THREAD,
		.usdt = window_spec__has(options->specs, options->specs_len, WINDOW_USDT),
		.functions =
			window_spec__has(options->specs, options->specs_len, WINDOW_FUNCTION) ||
			window_spec__has(options->specs, options->specs_len, WINDOW_CALLS),
	};
	int r;

	if (!s)
		return -ENOMEM;
	s->options = *options;
	s->epoll_fd = s->timer_fd = -1;
	s->start_ns = session__now();
	s->started_at_s = (int64_t)time(NULL);
	s->rows.start_ns = s->start_ns;
	s->rows.page_bytes = sysconf(_SC_PAGESIZE);
	r = cgroups__new(&s->rows.cgroups);
	if (!r && report_by__groups(options->by))
		r = groups__new(&s->rows.groups, options->by);
	if (!r)
		r = programs__open(&s->programs, &programs);
	if (!r)
		r = privileges__check(programs__perf_probes(s->programs));
	if (!r)
		r = open_parts(s);
	if (r) {
		session__close(s);
		return r;
	}
	s->attach_ns = session__elapsed(s);
	*out = s;
	return 0;
}

bool session__perf_probes(const struct session *s)
{
	return programs__perf_probes(s->programs);
}

const char *session__socket_name(const struct session *s)
{
	return rendezvous__name(s->rendezvous);
}

int session__fd(const struct session *s)
{
	return s->epoll_fd;
}

/* Objects whose library did not find our socket, for instance in another network namespace. */
static void rescan(struct session *s)
{
	const struct row *row = rows__last(&s->rows);
	unsigned int scanned = 0;

	for (; row && scanned < RESCAN_MAX; row = rows__before(row)) {
		if (row->ended)
			continue;
		probes__scan_process(s->probes, row->pid, session__elapsed(s));
		scanned++;
	}
}

int session__dispatch(struct session *s)
{
	uint64_t ticks;

	ring_buffer__consume(s->rings);
	rendezvous__dispatch(s->rendezvous);
	if (s->mappings)
		mappings__dispatch(s->mappings);
	results__stock_up(s->results);
	if (read(s->timer_fd, &ticks, sizeof(ticks)) == sizeof(ticks) &&
	    (s->ticks += ticks) >= RESCAN_TICKS) {
		s->ticks = 0;
		rescan(s);
	}
	return 0;
}

void session__status(const struct session *s, struct session_status *out)
{
	struct programs_counters c;

	programs__counters(s->programs, &c);
	*out = (struct session_status){
		.elapsed_ns = session__elapsed(s),
		.rss_bytes = c.rss_pages * s->rows.page_bytes,
		.peak_bytes = c.peak_pages * s->rows.page_bytes,
		.windows = c.windows_ended,
		.losses = s->dropped,
		.processes = c.processes,
	};
	for (int i = 0; i < MT_LOSS_MAX; i++)
		out->losses += c.losses[i];
}

bool session__is_over(const struct session *s)
{
	struct programs_counters c;

	programs__counters(s->programs, &c);
	return c.processes == 0;
}

void session__close(struct session *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->remotes_len; i++)
		python_remote__stop(s->remotes[i]);
	free(s->remotes);
	rendezvous__close(s->rendezvous);
	mappings__close(s->mappings);
	probes__free(s->probes);
	sources__free(s->sources);
	results__free(s->results);
	ring_buffer__free(s->rings);
	programs__close(s->programs);
	tally__free(s->tally);
	rows__free(&s->rows);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	if (s->timer_fd >= 0)
		close(s->timer_fd);
	procfs__free_args(s->command, s->command_len);
	free(s->pids);
	free(s);
}
