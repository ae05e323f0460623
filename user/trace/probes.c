// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/probes.h"

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
#include "trace/links.h"
#include "trace/maps.h"
#include "trace/programs.h"
#include "trace/sources.h"

/* A file that has been looked at; without anything to probe it has no links. */
struct object {
	dev_t device;
	ino_t inode;
	dev_t mapped_device; /* as its mappings show it */
	ino_t mapped_inode;
	pid_t pid; /* EVERY_PROCESS, or the one that its probes are bound to */
	struct links links;
	bool found[MARKER_PROVIDERS_MAX]; /* whose markers are probed */
	int error;			  /* why it could not be probed */
};

struct probes {
	const struct programs *programs;
	bool bound;
	bool refused; /* some file could not be opened, and that was said */
	struct marker_providers providers;
	struct sources *sources;
	struct object *objects;
	size_t objects_len;
	struct late_attach *late;
	size_t late_len;
};

int probes__new(struct probes **out, const struct programs *programs, bool bound,
		const struct marker_providers *providers, struct sources *sources)
{
	struct probes *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->programs = programs;
	p->bound = bound;
	p->providers = *providers;
	p->sources = sources;
	*out = p;
	return 0;
}

static struct object *find_object(const struct probes *p, dev_t device, ino_t inode, pid_t pid)
{
	for (size_t i = 0; i < p->objects_len; i++) {
		struct object *o = &p->objects[i];

		if (o->pid == pid && ((o->inode == inode && o->device == device) ||
				      (o->mapped_inode == inode && o->mapped_device == device)))
			return o;
	}
	return NULL;
}

/* Ends first: a window that begins is then sure to have its end seen. */
static int attach_sites(const struct probes *p, struct object *o, struct marker_sites *sites,
			const struct place *place)
{
	const struct offsets ends = {.offsets = sites->end, .len = sites->end_len};
	const struct offsets begins = {.offsets = sites->begin, .len = sites->begin_len};
	int r = links__add_uprobes(&o->links, programs__get(p->programs, PROGRAM_MARKER_END), place,
				   &ends);

	return r ? r
		 : links__add_uprobes(&o->links, programs__get(p->programs, PROGRAM_MARKER_BEGIN),
				      place, &begins);
}

/* 0, -ENOENT without markers, or another negative errno, when nothing is left attached. */
static int attach_markers(const struct probes *p, struct object *o, int fd)
{
	struct marker_sites sites = {0};
	struct keeper keeper;
	char path[64];
	const struct place place = {.path = path, .pid = o->pid};
	int r = notes__find_markers(fd, &p->providers, &sites);

	if (r)
		return r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = attach_sites(p, o, &sites, &place);
	if (!r) {
		memcpy(o->found, sites.found, sizeof(o->found));
		return 0;
	}
	keeper = keeper__hold();
	links__cut(&o->links, (struct links_mark){0});
	keeper__release(&keeper);
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

static void note_mapped(struct object *o, const struct probed_object *object)
{
	if (!object->mapped_inode)
		return;
	o->mapped_device = object->mapped_device;
	o->mapped_inode = object->mapped_inode;
}

bool probes__knows(const struct probes *p, pid_t pid, dev_t device, ino_t inode)
{
	return find_object(p, device, inode, p->bound ? pid : EVERY_PROCESS);
}

int probes__add_object(struct probes *p, const struct probed_object *object)
{
	pid_t bound = p->bound ? object->pid : EVERY_PROCESS;
	const struct sources_object for_sources = {object->fd, object->path, object->is_program,
						   bound};
	struct object *o;
	struct stat st;
	int r;

	if (fstat(object->fd, &st))
		return -errno;
	o = find_object(p, st.st_dev, st.st_ino, bound);
	if (o) {
		note_mapped(o, object);
		return links__any(&o->links) ? 0 : o->error;
	}
	o = add_object(p, st.st_dev, st.st_ino, bound);
	if (!o)
		return -ENOMEM;
	note_mapped(o, object);
	r = attach_markers(p, o, object->fd);
	if (r && r != -ENOENT)
		log__warn("markers of %s are not counted: %s", object->path, strerror(-r));
	if (sources__attach(p->sources, &o->links, &for_sources) && (!r || r == -ENOENT))
		r = -EBADMSG;
	o->error = r;
	if (!links__any(&o->links))
		return r;
	log__debug("probed: %s", object->path);
	if (object->late_at_ns >= 0)
		note_late(p, object->path, object->late_at_ns);
	return 0;
}

struct scan {
	struct probes *probes;
	struct probed_object object; /* but for its fd and path */
	dev_t device;		     /* of the program */
	ino_t inode;
};

static int scan_mapping(void *context, const struct exec_mapping *m)
{
	struct scan *s = context;
	struct probed_object object = s->object;
	struct probes *p = s->probes;

	/* Cheaper than opening: most mappings have been looked at before. */
	if (find_object(p, m->device, m->inode, p->bound ? object.pid : EVERY_PROCESS))
		return 0;
	object.fd = maps__open_object(object.pid, m);
	if (object.fd == -EPERM && !p->refused) {
		p->refused = true;
		log__warn("%s, maybe others too, cannot be looked into: it takes "
			  "CAP_CHECKPOINT_RESTORE",
			  m->path);
	}
	if (object.fd < 0)
		return 0;
	object.path = m->path;
	object.mapped_device = m->device;
	object.mapped_inode = m->inode;
	object.is_program = m->inode == s->inode && m->device == s->device;
	probes__add_object(p, &object);
	close(object.fd);
	return 0;
}

int probes__scan_process(struct probes *p, pid_t pid, int64_t late_at_ns)
{
	struct scan scan = {.probes = p, .object = {.pid = pid, .late_at_ns = late_at_ns}};
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (!stat(path, &st)) {
		scan.device = st.st_dev;
		scan.inode = st.st_ino;
	}
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
		if (links__any(&p->objects[i].links))
			return true;
	return false;
}

/* 1 when the mapping is of a probed object: the search is over. */
static int match_mapping(void *context, const struct exec_mapping *m)
{
	const struct probes *p = context;
	const struct object *o = find_object(p, m->device, m->inode, EVERY_PROCESS);

	return o && links__any(&o->links);
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
		links__cut(&p->objects[i].links, (struct links_mark){0});
	keeper__release(&keeper);
	for (size_t i = 0; i < p->late_len; i++)
		free(p->late[i].object);
	free(p->late);
	free(p->objects);
	free(p);
}
