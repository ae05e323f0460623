// SPDX-License-Identifier: GPL-2.0-or-later
/* Cgroups by the names that people know, and their paths by id. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/cgroup_name.h"
#include "trace/cgroup.h"
#include "trace/procfs.h"

#define ID	   "3f4e5a6b7c8d9e0f112233445566778899aabbccddeeff00112233445566778a"
#define ID2	   "aaaabbbbccccddddeeeeffff0000111122223333444455556666777788889999"
#define POD	   "0a1b2c3d-4e5f-6789-abcd-ef0123456789"
#define POD_	   "0a1b2c3d_4e5f_6789_abcd_ef0123456789"
#define STATIC_POD "fd1a8cf5e8a5c1f4bb0d8c2f5a7e9b13"

static const struct {
	const char *path, *name;
	int container;
} cases[] = {
	{"/", "/", 0},
	{"", "", 0},
	{"/init.scope", "init.scope", 0},
	{"/system.slice", "system.slice", 0},
	{"/user.slice", "user.slice", 0},
	{"/system.slice/nginx.service", "nginx.service", 0},
	{"/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", 0},
	{"/system.slice/system-postgresql.slice/postgresql@15-main.service",
	 "postgresql@15-main.service", 0},
	{"/system.slice/systemd-udevd.service/udev", "systemd-udevd.service/udev", 0},
	{"/system.slice/dbus-:1.2-org.freedesktop.problems@0.service",
	 "dbus-:1.2-org.freedesktop.problems@0.service", 0},
	{"/system.slice/systemd-fsck@dev-disk-by\\x2duuid-1.service",
	 "systemd-fsck@dev-disk-by\\x2duuid-1.service", 0},
	{"/system.slice/docker.service", "docker.service", 0},
	{"/system.slice/docker.socket", "docker.socket", 0},
	{"/system.slice/run-rc1b2.scope", "run-rc1b2.scope", 0},
	{"/app/worker", "/app/worker", 0},
	{"/process_api/3c5d875489c2527d148b2792b16d73dc",
	 "/process_api/3c5d875489c2527d148b2792b16d73dc", 0},
	{"/../../other", "/../../other", 0},

	{"/user.slice/user-1000.slice", "user:1000", 0},
	{"/user.slice/user-1000.slice/session-3.scope", "user:1000/session-3.scope", 0},
	{"/user.slice/user-1000.slice/user@1000.service/init.scope", "user:1000/init.scope", 0},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/pipewire.service",
	 "user:1000/pipewire.service", 0},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-4711.scope",
	 "user:1000/app-gnome-firefox-4711.scope", 0},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/"
	 "snap.firefox.firefox-7c7a22f1-1f2e-4c2f-a4d4-0e7e5d2c1b11.scope",
	 "user:1000/snap.firefox.firefox-7c7a22f1-1f2e-4c2f-a4d4-0e7e5d2c1b11.scope", 0},

	{"/system.slice/docker-" ID ".scope", "docker:3f4e5a6b7c8d", 1},
	{"/docker/" ID, "docker:3f4e5a6b7c8d", 1},
	{"/docker/" ID "/system.slice/sshd.service", "docker:3f4e5a6b7c8d/sshd.service", 1},
	{"/docker/" ID "/docker/" ID2, "docker:3f4e5a6b7c8d/docker:aaaabbbbcccc", 1},
	{"/docker/" ID "/init", "docker:3f4e5a6b7c8d/init", 1},
	{"/docker/buildkit", "/docker/buildkit", 0},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/docker-" ID ".scope",
	 "user:1000/docker:3f4e5a6b7c8d", 1},
	{"/ecs/e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5b6/" ID, "container:3f4e5a6b7c8d", 1},

	{"/machine.slice/libpod-" ID ".scope", "podman:3f4e5a6b7c8d", 1},
	{"/machine.slice/libpod-" ID ".scope/container", "podman:3f4e5a6b7c8d", 1},
	{"/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-3f4e5a6b7c8d.scope", 0},
	{"/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID ".scope/container",
	 "podman:3f4e5a6b7c8d", 1},
	{"/libpod_parent/libpod-" ID, "podman:3f4e5a6b7c8d", 1},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
	 "user:1000/podman:3f4e5a6b7c8d", 1},

	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD_
	 ".slice/cri-containerd-" ID ".scope",
	 "pod:" POD "/container:3f4e5a6b7c8d", 1},
	{"/kubepods.slice/kubepods-pod" POD_ ".slice/crio-" ID ".scope",
	 "pod:" POD "/container:3f4e5a6b7c8d", 1},
	{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" POD_
	 ".slice/docker-" ID ".scope",
	 "pod:" POD "/container:3f4e5a6b7c8d", 1},
	{"/kubepods/burstable/pod" POD "/" ID, "pod:" POD "/container:3f4e5a6b7c8d", 1},
	{"/kubepods/pod" POD "/" ID, "pod:" POD "/container:3f4e5a6b7c8d", 1},
	{"/kubepods/besteffort/pod" POD, "pod:" POD, 1},
	{"/kubepods/burstable/pod" STATIC_POD "/" ID, "pod:" STATIC_POD "/container:3f4e5a6b7c8d",
	 1},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" STATIC_POD
	 ".slice/cri-containerd-" ID ".scope",
	 "pod:" STATIC_POD "/container:3f4e5a6b7c8d", 1},
	{"/system.slice/containerd.service/kubepods-burstable-pod" POD_ ".slice:cri-containerd:" ID,
	 "pod:" POD "/container:3f4e5a6b7c8d", 1},
	{"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
	 "kubelet-kubepods-burstable-pod" POD_ ".slice/cri-containerd-" ID ".scope",
	 "pod:" POD "/container:3f4e5a6b7c8d", 1},
	{"/docker/" ID2 "/kubelet/kubepods/besteffort/pod" POD "/" ID,
	 "docker:aaaabbbbcccc/pod:" POD "/container:3f4e5a6b7c8d", 1},
	{"/kubepods.slice", "kubepods.slice", 0},
	{"/kubepods", "/kubepods", 0},
	{"/system.slice/kubelet.service", "kubelet.service", 0},

	{"/system.slice/cri-containerd-" ID ".scope", "containerd:3f4e5a6b7c8d", 1},
	{"/default/" ID, "container:3f4e5a6b7c8d", 1},
	{"/system.slice/nerdctl-" ID ".scope", "nerdctl:3f4e5a6b7c8d", 1},
	{"/system.slice/crio-conmon-" ID ".scope", "crio-conmon-3f4e5a6b7c8d.scope", 0},

	{"/lxc/web", "lxc:web", 1},
	{"/lxc/101/ns", "lxc:101", 1},
	{"/lxc/101/ns/system.slice/cron.service", "lxc:101/cron.service", 1},
	{"/lxc.payload.web", "lxc:web", 1},
	{"/lxc.payload.web/system.slice/nginx.service", "lxc:web/nginx.service", 1},
	{"/lxc.payload/web", "lxc:web", 1},
	{"/lxc.monitor.web", "lxc-monitor:web", 0},
	{"/lxc.payload.web/docker/" ID, "lxc:web/docker:3f4e5a6b7c8d", 1},

	{"/machine.slice/machine-qemu\\x2d1\\x2ddebian.scope", "machine:qemu-1-debian", 1},
	{"/machine.slice/machine-qemu\\x2d1\\x2ddebian.scope/libvirt/emulator",
	 "machine:qemu-1-debian/libvirt/emulator", 1},
	{"/machine.slice/systemd-nspawn@web.service/payload/system.slice/ssh.service",
	 "nspawn:web/ssh.service", 1},

	/* Nearly. */
	{"/docker/3f4e5a6b7c8d", "/docker/3f4e5a6b7c8d", 0},
	{"/system.slice/docker-3f4e.scope", "docker-3f4e.scope", 0},
	{"/docker/z" ID, "/docker/z" ID, 0},
	{"/.scope/.slice//x/", "/.scope/.slice//x/", 0},
};

static void names_from_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *name = cgroup_name__of(cases[i].path);
		char *container = cgroup_name__container(cases[i].path);

		if (!name || strcmp(name, cases[i].name))
			fail_msg("%s: %s, not %s", cases[i].path, name, cases[i].name);
		if (!container != !cases[i].container)
			fail_msg("%s: %s", cases[i].path, container ? container : "no container");
		free(name);
		free(container);
	}
}

static void a_path_of_many_parts_ends(void **state)
{
	char path[4096] = "", *name;

	(void)state;
	for (int i = 0; i < 40; i++)
		strcat(path, "/docker/" ID);
	name = cgroup_name__of(path);
	assert_non_null(name);
	assert_true(strlen(name) < sizeof(path));
	free(name);
}

/* As on this machine: needs no privileges, but /proc and perhaps a mount. */
static void own_cgroup(void **state)
{
	char *path = procfs__cgroup(getpid());
	struct cgroups *cgroups;

	(void)state;
	assert_int_equal(cgroups__new(&cgroups), 0);
	assert_null(cgroups__path(cgroups, 0, 0));
	/* There is none of that id. */
	assert_null(cgroups__path(cgroups, ~0ull - 1, ~0ull - 1));
	free(path);
	cgroups__free(cgroups);
	cgroups__free(NULL);
}

static uint64_t id_of(const char *directory)
{
	struct stat st;

	return stat(directory, &st) ? 0 : st.st_ino;
}

/* A directory of the mount, by its inode number; skipped where none can be made. */
static void a_new_cgroup(void **state)
{
	char directory[512] = "", line[512], type[64], point[256], root[256];
	struct cgroups *cgroups;
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	const char *path;
	uint64_t id;

	(void)state;
	while (mounts && fgets(line, sizeof(line), mounts)) {
		const char *dash = strstr(line, " - ");

		if (!dash || sscanf(line, "%*s %*s %*s %255s %255s", root, point) != 2 ||
		    sscanf(dash, " - %63s", type) != 1 || strcmp(type, "cgroup2"))
			continue;
		snprintf(directory, sizeof(directory), "%s/memtrace-unit-%d", point, getpid());
		break;
	}
	if (mounts)
		fclose(mounts);
	if (!*directory || mkdir(directory, 0755))
		skip();
	id = id_of(directory);
	assert_int_equal(cgroups__new(&cgroups), 0);
	path = cgroups__path(cgroups, id, 0);
	assert_non_null(path);
	assert_string_equal(strrchr(path, '/'), strrchr(directory, '/'));
	assert_int_equal(*path, '/');
	rmdir(directory);
	assert_ptr_equal(cgroups__path(cgroups, id, 0), path); /* kept */
	cgroups__free(cgroups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_from_paths),
		cmocka_unit_test(a_path_of_many_parts_ends),
		cmocka_unit_test(own_cgroup),
		cmocka_unit_test(a_new_cgroup),
	};

	return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}
