// SPDX-License-Identifier: GPL-2.0-or-later
/* unit-made-btf NAME: writes the types to standard output, as /sys/kernel/btf/vmlinux has them. */
#include <bpf/btf.h>
#include <stdio.h>

#include "made_btf.h"

int main(int argc, char **argv)
{
	struct btf *btf = argc == 2 ? made_btf__new(argv[1]) : NULL;
	const void *data;
	__u32 size;
	int status;

	if (!btf) {
		fprintf(stderr, "usage: unit-made-btf NAME\n");
		return 2;
	}
	data = btf__raw_data(btf, &size);
	status = fwrite(data, 1, size, stdout) != size || fflush(stdout);
	btf__free(btf);
	return status;
}
