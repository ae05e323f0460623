// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/executable.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace/files.h"
#include "trace/identity.h"

#define INTERPRETERS_MAX 4 /* of an interpreter of an interpreter; Linux allows as many */
#define HEADERS_MAX	 64
#define LINE_SIZE	 256 /* of a script's first line, as in the kernel */

/* Absolute path of a command, in PATH as execvp(3) searches; false when there is none. */
static int find_in_path(const char *name, char found[PATH_MAX])
{
	const char *dir = getenv("PATH");
	char path[2 * PATH_MAX];

	if (strchr(name, '/'))
		return realpath(name, found) != NULL;
	while (dir) {
		size_t len = strcspn(dir, ":");

		snprintf(path, sizeof(path), "%.*s%s%s", (int)len, dir, len ? "/" : "./", name);
		if (!access(path, X_OK) && realpath(path, found))
			return 1;
		dir = dir[len] ? dir + len + 1 : NULL;
	}
	return 0;
}

/* The interpreter that a script's first line names; NULL: no script. env(1) is looked through. */
static const char *script_interpreter(int fd, char line[LINE_SIZE])
{
	ssize_t n = pread(fd, line, LINE_SIZE - 1, 0);
	char *word, *rest = line + 2;

	if (n < 3 || line[0] != '#' || line[1] != '!')
		return NULL;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	while ((word = strsep(&rest, " \t"))) {
		const char *slash = strrchr(word, '/');

		if (!*word || *word == '-' || strchr(word, '='))
			continue;
		if (strcmp(slash ? slash + 1 : word, "env"))
			return word;
	}
	return NULL;
}

/* A descriptor of the program that exec will run in the end, or -1. */
static int open_program(const char *command, char path[PATH_MAX])
{
	char line[LINE_SIZE];

	for (int i = 0; i < INTERPRETERS_MAX; i++) {
		const char *interpreter;
		int fd;

		if (!find_in_path(command, path))
			return -1;
		fd = files__open_regular(path);
		if (fd < 0)
			return -1;
		interpreter = script_interpreter(fd, line);
		if (!interpreter)
			return fd;
		close(fd);
		command = interpreter;
	}
	return -1;
}

/* The dynamic linker that a program names; 0 when it has none. */
static int find_linker(int fd, char linker[PATH_MAX])
{
	Elf64_Phdr headers[HEADERS_MAX];
	Elf64_Ehdr h;
	ssize_t n;

	if (pread(fd, &h, sizeof(h), 0) != sizeof(h) || memcmp(h.e_ident, ELFMAG, SELFMAG) ||
	    h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_phnum > HEADERS_MAX ||
	    h.e_phentsize != sizeof(headers[0]))
		return 0;
	n = pread(fd, headers, h.e_phnum * sizeof(headers[0]), (off_t)h.e_phoff);
	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(headers[0]); i++) {
		if (headers[i].p_type != PT_INTERP || headers[i].p_filesz >= PATH_MAX)
			continue;
		n = pread(fd, linker, headers[i].p_filesz, (off_t)headers[i].p_offset);
		linker[n > 0 ? n : 0] = '\0';
		return n > 1;
	}
	return 0;
}

static _Noreturn void list(const char *linker, const char *program, const char *user, int out)
{
	struct identity identity = IDENTITY_INIT;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if ((user ? identity__by_name(&identity, user) : identity__invoking(&identity)) ||
	    identity__become(&identity) || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(null, STDIN_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		_exit(127);
	execl(linker, linker, "--list", program, (char *)NULL);
	_exit(127);
}

/* "	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f...)" */
static const char *library_of(char *line)
{
	char *path = strstr(line, "=> /"), *end = path ? strstr(path, " (0x") : NULL;

	if (!end)
		return NULL;
	*end = '\0';
	return path + 3;
}

static FILE *ask_linker(const char *linker, const char *program, const char *user, pid_t *pid)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return NULL;
	*pid = fork();
	if (!*pid)
		list(linker, program, user, fds[1]);
	close(fds[1]);
	if (*pid < 0) {
		close(fds[0]);
		return NULL;
	}
	return fdopen(fds[0], "re");
}

void executable__each_object(const char *command, const char *user,
			     void (*visit)(void *context, int fd, const char *path, int is_program),
			     void *context)
{
	char path[PATH_MAX], linker[PATH_MAX], *line = NULL;
	int fd = open_program(command, path), has_linker;
	size_t size = 0;
	FILE *answer;
	pid_t pid;

	if (fd < 0)
		return;
	visit(context, fd, path, 1);
	has_linker = find_linker(fd, linker);
	close(fd);
	answer = has_linker ? ask_linker(linker, path, user, &pid) : NULL;
	if (!answer)
		return;
	while (getline(&line, &size, answer) > 0) {
		const char *library = library_of(line);
		int object = library ? files__open_regular(library) : -1;

		if (object < 0)
			continue;
		visit(context, object, library, 0);
		close(object);
	}
	free(line);
	fclose(answer);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
