// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/probes.h"

#include <bpf/libbpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "trace/keeper.h"
#include "trace/maps.h"
#include "trace/programs.h"

#define EVERY_PROCESS (-1)

/* A file that has been looked at; without markers it has no links. */
struct object {
	dev_t device;
	ino_t inode;
	pid_t pid; /* EVERY_PROCESS, or the one that its probes are bound to */
	struct bpf_link **links;
	size_t links_len;
	bool found[MARKER_PROVIDERS_MAX]; /* whose markers are probed */
	int error;			  /* why it could not be probed */
};

struct probes {
	const struct programs *programs;
	bool bound;
	struct marker_providers providers;
	struct object *objects;
	size_t objects_len;
	struct late_attach *late;
	size_t late_len;
};

int probes__new(struct probes **out, const struct programs *programs, bool bound,
		const struct marker_providers *providers)
{
	struct probes *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->programs = programs;
	p->bound = bound;
	p->providers = *providers;
	*out = p;
	return 0;
}

static struct object *find_object(const struct probes *p, dev_t device, ino_t inode, pid_t pid)
{
	for (size_t i = 0; i < p->objects_len; i++) {
		struct object *o = &p->objects[i];

		if (o->inode == inode && o->device == device && o->pid == pid)
			return o;
	}
	return NULL;
}

/* Within keeper__hold() and keeper__release(). */
static void detach(struct object *o)
{
	for (size_t i = 0; i < o->links_len; i++)
		bpf_link__destroy(o->links[i]);
	free(o->links);
	o->links = NULL;
	o->links_len = 0;
}

static int attach_site(struct object *o, const struct bpf_program *program, const char *path,
		       uint64_t offset)
{
	/* Entry probes only: a return probe would break programs that unwind their stack. */
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = false);
	struct bpf_link *link =
		bpf_program__attach_uprobe_opts(program, o->pid, path, offset, &opts);

	if (!link)
		return -errno;
	o->links[o->links_len++] = link;
	return 0;
}

/* Ends first: a window that begins is then sure to have its end seen. */
static int attach_sites(const struct probes *p, struct object *o, int fd,
			const struct marker_sites *sites)
{
	char path[64];
	int r = 0;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	o->links = calloc(sites->begin_len + sites->end_len, sizeof(struct bpf_link *));
	if (!o->links)
		return -ENOMEM;
	for (size_t i = 0; !r && i < sites->end_len; i++)
		r = attach_site(o, programs__marker_end(p->programs), path, sites->end[i]);
	for (size_t i = 0; !r && i < sites->begin_len; i++)
		r = attach_site(o, programs__marker_begin(p->programs), path, sites->begin[i]);
	if (r) {
		struct keeper keeper = keeper__hold();

		detach(o);
		keeper__release(&keeper);
	}
	return r;
}

static void note_late(struct probes *p, const char *path, int64_t at_ns)
{
	struct late_attach *list = reallocarray(p->late, p->late_len + 1, sizeof(*list));

	if (!list)
		return;
	p->late = list;
	list[p->late_len++] = (struct late_attach){strdup(path), at_ns};
}

static struct object *add_object(struct probes *p, dev_t device, ino_t inode, pid_t pid)
{
	struct object *list = reallocarray(p->objects, p->objects_len + 1, sizeof(*list));

	if (!list)
		return NULL;
	p->objects = list;
	list[p->objects_len] = (struct object){.device = device, .inode = inode, .pid = pid};
	return &list[p->objects_len++];
}

int probes__add_object(struct probes *p, int fd, const char *path, pid_t pid, int64_t late_at_ns)
{
	pid_t bound = p->bound ? pid : EVERY_PROCESS;
	struct marker_sites sites = {0};
	struct object *o;
	struct stat st;
	int r;

	if (fstat(fd, &st))
		return -errno;
	o = find_object(p, st.st_dev, st.st_ino, bound);
	if (o)
		return o->links_len ? 0 : o->error;
	o = add_object(p, st.st_dev, st.st_ino, bound);
	if (!o)
		return -ENOMEM;
	r = notes__find_markers(fd, &p->providers, &sites);
	if (!r)
		r = attach_sites(p, o, fd, &sites);
	o->error = r;
	if (!r) {
		memcpy(o->found, sites.found, sizeof(o->found));
		log__debug("markers of %s: %zu begin, %zu end", path, sites.begin_len,
			   sites.end_len);
		if (late_at_ns >= 0)
			note_late(p, path, late_at_ns);
	} else if (r != -ENOENT) {
		log__warn("markers of %s are not counted: %s", path, strerror(-r));
	}
	return r;
}

struct scan {
	struct probes *probes;
	pid_t pid;
	int64_t late_at_ns;
};

static int scan_mapping(void *context, const struct exec_mapping *m)
{
	struct scan *s = context;
	struct probes *p = s->probes;
	int fd;

	/* Cheaper than opening: most mappings have been looked at before. */
	if (find_object(p, m->device, m->inode, p->bound ? s->pid : EVERY_PROCESS))
		return 0;
	fd = maps__open_object(s->pid, m->start, m->end);
	if (fd < 0)
		return 0;
	probes__add_object(p, fd, m->path, s->pid, s->late_at_ns);
	close(fd);
	return 0;
}

int probes__scan_process(struct probes *p, pid_t pid, int64_t late_at_ns)
{
	struct scan scan = {p, pid, late_at_ns};

	return maps__each_exec(pid, scan_mapping, &scan);
}

bool probes__has(const struct probes *p, const char *provider)
{
	for (size_t i = 0; i < p->objects_len; i++)
		for (size_t k = 0; k < p->providers.len; k++)
			if (p->objects[i].found[k] && !strcmp(p->providers.names[k], provider))
				return true;
	return false;
}

static bool any_probed(const struct probes *p)
{
	for (size_t i = 0; i < p->objects_len; i++)
		if (p->objects[i].links_len)
			return true;
	return false;
}

/* 1 when the mapping is of a probed object: the search is over. */
static int match_mapping(void *context, const struct exec_mapping *m)
{
	const struct probes *p = context;
	const struct object *o = find_object(p, m->device, m->inode, EVERY_PROCESS);

	return o && o->links_len;
}

uint64_t probes__outside(const struct probes *p, bool (*is_traced)(void *context, pid_t pid),
			 void *context)
{
	struct dirent *entry;
	uint64_t count = 0;
	DIR *proc;

	if (p->bound || !any_probed(p))
		return 0;
	proc = opendir("/proc");
	while (proc && (entry = readdir(proc))) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;

		if (pid > 0 && !is_traced(context, pid) &&
		    maps__each_exec(pid, match_mapping, (void *)p) == 1)
			count++;
	}
	if (proc)
		closedir(proc);
	return count;
}

void probes__take_late(struct probes *p, struct report *out)
{
	out->trace.late = p->late;
	out->trace.late_len = p->late_len;
	out->losses.late_attach += p->late_len;
	p->late = NULL;
	p->late_len = 0;
}

void probes__free(struct probes *p)
{
	struct keeper keeper;

	if (!p)
		return;
	keeper = keeper__hold();
	for (size_t i = 0; i < p->objects_len; i++)
		detach(&p->objects[i]);
	keeper__release(&keeper);
	for (size_t i = 0; i < p->late_len; i++)
		free(p->late[i].object);
	free(p->late);
	free(p->objects);
	free(p);
}
