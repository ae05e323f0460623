// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/log.h"
#include "trace/kernel.h"
#include "trace/privileges.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

#define BTF_PATH	"/sys/kernel/btf/vmlinux"
#define UPROBE_PMU_PATH "/sys/bus/event_source/devices/uprobe/type"

#define WITHOUT_PERF_PROBES "no windows of USDT probes where libbpf is older than 1.3"

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static bool has_function(const struct btf *btf, const char *name)
{
	return btf && btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

/* 0, or a negative errno: it has no types. */
static int read_kernel(struct kernel *kernel)
{
	struct btf *btf = btf__load_vmlinux_btf();

	*kernel = (struct kernel){0};
	if (!btf)
		return errno ? -errno : -ENOENT;
	kernel__read(kernel, btf);
	btf__free(btf);
	return 0;
}

int features__check_required(struct kernel *kernel)
{
	libbpf_print_fn_t print = libbpf_set_print(quiet);
	int r = read_kernel(kernel), err = privileges__check(!kernel->uprobe_multi);

	if (!err && !r)
		kernel__try(kernel);
	libbpf_set_print(print);
	if (err)
		return err;
	if (r) {
		log__error("this kernel has no BTF: %s: %s", BTF_PATH, strerror(-r));
		log__hint("it needs CONFIG_DEBUG_INFO_BTF=y, as distributions set it");
	} else if (!kernel->rss_stat) {
		log__error("this kernel has no rss_stat tracepoint (Linux 5.5 and later have it)");
	} else if (kernel->counters == COUNTERS_UNKNOWN) {
		log__error("this kernel keeps its RSS counters in a way that is not known");
		log__hint("Linux 5.10 to 7.2 work; a number that might be wrong is not shown");
	} else {
		return 0;
	}
	return -ENOTSUP;
}

enum need { OPTIONAL, REQUIRED };

static struct feature *add(struct features *features, enum need need, bool present,
			   const char *name, const char *since, const char *consequence)
{
	struct feature *feature = &features->list[features->len];

	/* A table that has grown past its array is a mistake made here. */
	if (features->len < FEATURES_MAX - 1)
		features->len++;
	*feature = (struct feature){
		.name = name,
		.required = need == REQUIRED,
		.present = present,
		.since = since,
		.consequence = consequence,
	};
	return feature;
}

static __attribute__((format(printf, 2, 3))) void detail(struct feature *feature,
							 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(feature->detail, sizeof(feature->detail), format, args);
	va_end(args);
}

/* What a system call said, when it failed. */
static void detail_error(struct feature *feature, int result)
{
	if (result < 0)
		detail(feature, "%s", strerror(-result));
}

static void probe_privileges(struct features *out, const struct kernel *kernel)
{
	add(out, REQUIRED, privileges__in_initial_namespace(), "initial user namespace", NULL,
	    "capabilities of a user namespace do not count for tracing");
	for (size_t i = 0; i < privileges_table_len; i++) {
		const struct privilege *p = &privileges_table[i];
		bool perf_only = p->need == NEEDED_FOR_PERF && kernel->uprobe_multi;
		bool required = p->need != NEEDED_FOR_SOME && !perf_only;

		add(out, required ? REQUIRED : OPTIONAL, privileges__has(p->cap), p->name, NULL,
		    perf_only ? WITHOUT_PERF_PROBES : p->consequence);
	}
}

static void probe_tracepoints(struct features *out, const struct btf *btf)
{
	static const struct tracepoint {
		const char *name, *label, *since, *consequence;
	} tracepoints[] = {
		{"rss_stat", "tracepoint rss_stat", "Linux 5.5",
		 "changes of resident memory cannot be seen"},
		{"sched_process_fork", "tracepoint sched_process_fork", NULL,
		 "children cannot be followed"},
		{"sched_process_exec", "tracepoint sched_process_exec", NULL,
		 "the start of a program cannot be seen"},
		{"sched_process_exit", "tracepoint sched_process_exit", NULL,
		 "the end of a process cannot be seen"},
	};

	for (size_t i = 0; i < LEN(tracepoints); i++) {
		const struct tracepoint *t = &tracepoints[i];

		add(out, REQUIRED, btf && kernel__has_tracepoint(btf, t->name), t->label, t->since,
		    t->consequence);
	}
}

static void probe_btf(struct features *out, const struct btf *btf, int error,
		      const struct kernel *kernel)
{
	bool percpu = kernel->counters == COUNTERS_PERCPU;
	struct feature *f;

	f = add(out, REQUIRED, btf != NULL, "BTF of the running kernel", "Linux 5.4",
		"the kernel's counters cannot be found");
	detail(f, "%s%s%s", BTF_PATH, error ? ": " : "", error ? strerror(error) : "");
	f = add(out, REQUIRED, kernel->counters != COUNTERS_UNKNOWN, "known RSS counters", NULL,
		"no number would be right");
	detail(f, "model: %s", kernel__counters_name(kernel->counters));
	add(out, OPTIONAL, percpu, "RSS counters a CPU", "Linux 6.2",
	    "peaks of several threads have an error bound, and each fault is looked at");
	if (!percpu)
		add(out, OPTIONAL, kernel->fault_end, "programs at the end of functions",
		    "Linux 5.5", "a process' last fault may be missing from the peak of all");
	if (!percpu && !kernel->fault_end)
		add(out, OPTIONAL, kernel->fault_tracepoints, "tracepoints of page faults (x86)",
		    NULL, "a perf event on every CPU does: faults of all programs cost more");
	probe_tracepoints(out, btf);
	if (percpu)
		add(out, REQUIRED, has_function(btf, "bpf_rdonly_cast"),
		    "kernel function bpf_rdonly_cast", "Linux 6.2",
		    "counters cannot be read where they lie");
	if (percpu)
		add(out, OPTIONAL, kernel->hold_cpu, "programs that keep their CPU", "Linux 6.15",
		    "with 6.13 and 6.14, if preemptible, tasks on one CPU may mix up windows");
	add(out, REQUIRED, has_function(btf, "bpf_iter_task"), "task iterator", "Linux 5.8",
	    "running processes cannot be found (-p)");
}

static void probe_maps(struct features *out)
{
	static const struct map {
		const char *label, *since, *consequence;
		enum bpf_map_type type;
	} maps[] = {
		{"ring buffer map", "Linux 5.8", "records cannot reach memtrace",
		 BPF_MAP_TYPE_RINGBUF},
		{"queue map", "Linux 4.20", "no room for windows can be managed",
		 BPF_MAP_TYPE_QUEUE},
		{"map of maps", "Linux 4.12", "results cannot be given to the program",
		 BPF_MAP_TYPE_ARRAY_OF_MAPS},
	};
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int fd;

	for (size_t i = 0; i < LEN(maps); i++) {
		int got = libbpf_probe_bpf_map_type(maps[i].type, NULL);

		detail_error(add(out, REQUIRED, got == 1, maps[i].label, maps[i].since,
				 maps[i].consequence),
			     got);
	}
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "memtrace_probe", 4, 4096, 1, &options);
	detail_error(add(out, REQUIRED, fd >= 0, "arrays that can be mapped", "Linux 5.5",
			 "results cannot be given to the program"),
		     fd);
	if (fd >= 0)
		close(fd);
}

/* The counter program's place, with an empty program: also fails where BPF is locked down. */
static int load_on_rss_stat(void)
{
	int fd = kernel__load_empty("rss_stat", BPF_TRACE_RAW_TP);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static void probe_programs(struct features *out, const struct kernel *kernel)
{
	enum need percpu = kernel->counters == COUNTERS_PERCPU ? REQUIRED : OPTIONAL;
	const struct helper {
		const char *label, *since, *consequence;
		enum bpf_func_id id;
		enum need need;
	} helpers[] = {
		{"reading kernel memory", "Linux 5.5", "forbidden by kernel lockdown, or too old",
		 BPF_FUNC_probe_read_kernel, REQUIRED},
		{"helper bpf_loop", "Linux 5.17",
		 "windows are between markers only, up to 64 at a time in a process, and the CPUs "
		 "take turns",
		 BPF_FUNC_loop, percpu},
		{"helper bpf_map_lookup_percpu_elem", "Linux 5.19",
		 "counters of other CPUs could not be found, if there were such",
		 BPF_FUNC_map_lookup_percpu_elem, percpu},
	};
	int err = load_on_rss_stat();

	detail_error(add(out, REQUIRED, !err, "BPF program on rss_stat", NULL,
			 "changes of resident memory cannot be counted"),
		     err);
	for (size_t i = 0; i < LEN(helpers); i++) {
		int got = err;

		/* Without the right to load programs libbpf would take every helper as there. */
		if (err != -EPERM)
			got = libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, helpers[i].id,
						      NULL);
		detail_error(add(out, helpers[i].need, got == 1, helpers[i].label, helpers[i].since,
				 helpers[i].consequence),
			     got);
	}
}

void features__probe(struct features *out)
{
	libbpf_print_fn_t print = libbpf_set_print(quiet);
	struct btf *btf = btf__load_vmlinux_btf();
	int error = btf ? 0 : errno;
	struct kernel kernel = {0};

	if (btf) {
		kernel__read(&kernel, btf);
		kernel__try(&kernel);
	}
	memset(out, 0, sizeof(*out));
	probe_privileges(out, &kernel);
	probe_btf(out, btf, error, &kernel);
	probe_maps(out);
	probe_programs(out, &kernel);
	add(out, kernel.uprobe_multi ? OPTIONAL : REQUIRED, access(UPROBE_PMU_PATH, R_OK) == 0,
	    "uprobes through perf", "Linux 4.17",
	    kernel.uprobe_multi ? WITHOUT_PERF_PROBES : "probes cannot be placed on markers");
	add(out, OPTIONAL, kernel.uprobe_multi, "one link for many uprobes", "Linux 6.6",
	    "CAP_SYS_ADMIN for each, and hundreds of functions take 0.1 s each to probe");
	add(out, OPTIONAL, kernel.uprobe_multi_pid, "such a link for one process", "Linux 6.10",
	    "the same with --no-follow");
	btf__free(btf);
	libbpf_set_print(print);
}
