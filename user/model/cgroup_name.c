// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/cgroup_name.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_LEN	  64 /* hex digits of a container's id */
#define SHORT_LEN 12 /* of them are shown, as `docker ps` does */
#define PARTS_MAX 16

enum kind { PART_USER, PART_UNIT, PART_POD, PART_CONTAINER, PART_INSIDE };

/* One step of the name: "docker:" and the beginning of an id, or a unit as it is. */
struct part {
	enum kind kind;
	const char *prefix;
	const char *text; /* len bytes of the path */
	size_t len;
	const char *suffix;
};

struct parse {
	struct part parts[PARTS_MAX];
	size_t len;
	bool pods;	      /* inside the kubelet's cgroup */
	const char *previous; /* component before this one; NULL: none */
	size_t previous_len;
};

static bool is(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(text, word, len);
}

static bool starts(const char *text, size_t len, const char *word)
{
	return len > strlen(word) && !memcmp(text, word, strlen(word));
}

static bool ends(const char *text, size_t len, const char *word)
{
	return len > strlen(word) && !memcmp(text + len - strlen(word), word, strlen(word));
}

static const char *find(const char *text, size_t len, const char *word)
{
	return memmem(text, len, word, strlen(word));
}

static bool is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return len > 0;
}

static void add(struct parse *p, enum kind kind, const char *prefix, const char *text, size_t len,
		const char *suffix)
{
	if (p->len < PARTS_MAX)
		p->parts[p->len++] = (struct part){kind, prefix, text, len, suffix};
}

static bool last_is(const struct parse *p, enum kind kind)
{
	return p->len && p->parts[p->len - 1].kind == kind;
}

/* The directories and the service in which a runtime keeps its containers say nothing of them. */
static void add_container(struct parse *p, enum kind kind, const char *prefix, const char *text,
			  size_t len)
{
	while (last_is(p, PART_INSIDE) || last_is(p, PART_UNIT))
		p->len--;
	add(p, kind, prefix, text, len, "");
}

/* What runtimes are called in the names of scopes. */
static const struct runtime {
	const char *scope, *name;
} runtimes[] = {
	{"docker-", "docker:"},
	{"libpod-", "podman:"},
	{"cri-containerd-", "containerd:"},
	{"cri-containerd:", "containerd:"},
	{"crio-", "crio:"},
	{"nerdctl-", "nerdctl:"},
};

/* By the directory around a bare id. */
static const char *bare_runtime(const struct parse *p)
{
	return p->previous && is(p->previous, p->previous_len, "docker") ? "docker:" : "container:";
}

/* [RUNTIME-]ID[.scope] */
static bool parse_container(struct parse *p, const char *text, size_t len)
{
	const char *name = NULL;

	if (ends(text, len, ".scope"))
		len -= strlen(".scope");
	if (len == ID_LEN)
		name = bare_runtime(p);
	for (size_t i = 0; !name && i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
		size_t prefix = strlen(runtimes[i].scope);

		if (!starts(text, len, runtimes[i].scope) || len != prefix + ID_LEN)
			continue;
		text += prefix;
		len -= prefix;
		name = runtimes[i].name;
	}
	if (!name || !is_hex(text, len))
		return false;
	add_container(p, PART_CONTAINER, last_is(p, PART_POD) ? "container:" : name, text,
		      SHORT_LEN);
	return true;
}

/* A process beside a container that looks after it: RUNTIME-conmon-ID.scope */
static bool parse_monitor(struct parse *p, const char *text, size_t len)
{
	const char *id = find(text, len, "-conmon-");

	if (!id || len != (size_t)(id - text) + strlen("-conmon-") + ID_LEN + strlen(".scope"))
		return false;
	add(p, PART_UNIT, "", text, len - strlen(".scope") - ID_LEN + SHORT_LEN, ".scope");
	return true;
}

static bool is_uid(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isxdigit((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
			return false;
	return len >= 32;
}

/*
 * kubepods[-QOS]-podUID.slice, podUID below kubepods/, and what containerd makes of the first
 * without systemd's help: kubepods[-QOS]-podUID.slice:cri-containerd:ID
 */
static bool parse_pod(struct parse *p, const char *text, size_t len)
{
	const char *kubepods = find(text, len, "kubepods"), *colon, *uid;
	size_t slice = len;

	if (!kubepods && !p->pods)
		return false;
	colon = kubepods ? memchr(text, ':', len) : NULL;
	if (colon)
		slice = (size_t)(colon - text);
	if (ends(text, slice, ".slice"))
		slice -= strlen(".slice");
	uid = kubepods ? find(text, slice, "-pod") : NULL;
	if (uid)
		uid += strlen("-pod");
	else if (starts(text, slice, "pod"))
		uid = text + strlen("pod");
	p->pods = true;
	if (!uid || !is_uid(uid, slice - (size_t)(uid - text)))
		return kubepods;
	add_container(p, PART_POD, "pod:", uid, slice - (size_t)(uid - text));
	if (colon)
		parse_container(p, colon + 1, len - (size_t)(colon + 1 - text));
	return true;
}

static bool parse_lxc(struct parse *p, const char *text, size_t len)
{
	const char *above = p->previous;

	if (starts(text, len, "lxc.payload."))
		add_container(p, PART_CONTAINER, "lxc:", text + 12, len - 12);
	else if (starts(text, len, "lxc.monitor."))
		add(p, PART_UNIT, "lxc-monitor:", text + 12, len - 12, "");
	else if (above &&
		 (is(above, p->previous_len, "lxc") || is(above, p->previous_len, "lxc.payload")))
		add_container(p, PART_CONTAINER, "lxc:", text, len);
	else
		return false;
	return true;
}

/* Those that systemd-machined knows: machine-NAME.scope, systemd-nspawn@NAME.service */
static bool parse_machine(struct parse *p, const char *text, size_t len)
{
	static const char machine[] = "machine-", nspawn[] = "systemd-nspawn@";

	if (starts(text, len, machine) && ends(text, len, ".scope"))
		add_container(p, PART_CONTAINER, "machine:", text + strlen(machine),
			      len - strlen(machine) - strlen(".scope"));
	else if (starts(text, len, nspawn) && ends(text, len, ".service"))
		add_container(p, PART_CONTAINER, "nspawn:", text + strlen(nspawn),
			      len - strlen(nspawn) - strlen(".service"));
	else
		return false;
	return true;
}

/* user-UID.slice, user@UID.service: whose all below is. */
static bool parse_user(struct parse *p, const char *text, size_t len)
{
	size_t end = len;

	if (starts(text, len, "user-") && ends(text, len, ".slice"))
		end -= strlen(".slice");
	else if (starts(text, len, "user@") && ends(text, len, ".service"))
		end -= strlen(".service");
	else
		return false;
	if (!last_is(p, PART_USER))
		add(p, PART_USER, "user:", text + strlen("user-"), end - strlen("user-"), "");
	return true;
}

static bool is_slice(const char *text, size_t len)
{
	return ends(text, len, ".slice");
}

/* The innermost counts: a user's manager is a service with services in it. */
static bool parse_unit(struct parse *p, const char *text, size_t len)
{
	static const char *const types[] = {".service", ".scope", ".socket", ".mount", ".swap"};
	bool unit = false;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		unit = unit || ends(text, len, types[i]);
	if (!unit)
		return false;
	if (last_is(p, PART_UNIT))
		p->len--;
	add(p, PART_UNIT, "", text, len, "");
	return true;
}

/* Where runtimes put a container's own processes; says nothing. */
static bool is_boilerplate(const struct parse *p, const char *text, size_t len)
{
	return last_is(p, PART_CONTAINER) &&
	       (is(text, len, "container") || is(text, len, "payload") || is(text, len, "ns") ||
		is(text, len, ".lxc") || is(text, len, "init.scope"));
}

static void parse_component(struct parse *p, const char *text, size_t len)
{
	if (parse_pod(p, text, len) || parse_container(p, text, len) || parse_lxc(p, text, len) ||
	    parse_monitor(p, text, len) || parse_machine(p, text, len) ||
	    is_boilerplate(p, text, len) || parse_user(p, text, len) || is_slice(text, len) ||
	    parse_unit(p, text, len))
		return;
	/* Above any unit or container they only lead there; inside they are its own. */
	if (last_is(p, PART_UNIT) || last_is(p, PART_CONTAINER) || last_is(p, PART_INSIDE))
		add(p, PART_INSIDE, "", text, len, "");
}

static void parse_path(struct parse *p, const char *path)
{
	*p = (struct parse){.len = 0};
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len) {
			parse_component(p, path, len);
			p->previous = path;
			p->previous_len = len;
		}
		path += len + (path[len] == '/');
	}
}

/* systemd writes what its names cannot have as \xNN. */
static void write_unescaped(FILE *stream, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char hex[3] = "";

		if (i + 3 < len && text[i] == '\\' && text[i + 1] == 'x' &&
		    is_hex(text + i + 2, 2)) {
			memcpy(hex, text + i + 2, 2);
			fputc((int)strtoul(hex, NULL, 16), stream);
			i += 3;
		} else {
			fputc(text[i], stream);
		}
	}
}

static void write_part(FILE *stream, const struct part *part)
{
	fputs(part->prefix, stream);
	if (part->kind == PART_POD)
		for (size_t i = 0; i < part->len; i++)
			fputc(part->text[i] == '_' ? '-' : part->text[i], stream);
	else if (part->kind == PART_CONTAINER)
		write_unescaped(stream, part->text, part->len);
	else
		fwrite(part->text, 1, part->len, stream);
	fputs(part->suffix, stream);
}

/* A directory of services itself: its own name. */
static char *name_of_slice(const struct parse *p, const char *path)
{
	if (p->previous && is_slice(p->previous, p->previous_len))
		return strndup(p->previous, p->previous_len);
	return strdup(path);
}

static char *name_of_parts(const struct parse *p)
{
	char *name = NULL;
	size_t size;
	FILE *stream = open_memstream(&name, &size);

	if (!stream)
		return NULL;
	for (size_t i = 0; i < p->len; i++) {
		if (i)
			fputc('/', stream);
		write_part(stream, &p->parts[i]);
	}
	if (!fclose(stream))
		return name;
	free(name);
	return NULL;
}

char *cgroup_name__of(const char *path)
{
	struct parse p;

	parse_path(&p, path);
	return p.len ? name_of_parts(&p) : name_of_slice(&p, path);
}

char *cgroup_name__container(const char *path)
{
	struct parse p;
	bool inside = false;

	parse_path(&p, path);
	for (size_t i = 0; i < p.len; i++)
		inside = inside || p.parts[i].kind == PART_CONTAINER || p.parts[i].kind == PART_POD;
	return inside ? name_of_parts(&p) : NULL;
}
