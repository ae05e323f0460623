// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads libworkload-plugin.so from beside itself; knows nothing of markers. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	char path[4096] = "";
	void (*run)(void);
	void *plugin;

	if (readlink("/proc/self/exe", path, sizeof(path) - 64) < 0)
		return 1;
	strcpy(strrchr(path, '/') + 1, "libworkload-plugin.so");
	plugin = dlopen(path, RTLD_NOW);
	run = plugin ? (void (*)(void))dlsym(plugin, "plugin__run") : NULL;
	if (!run) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	run();
	return 0;
}
