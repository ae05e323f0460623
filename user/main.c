// SPDX-License-Identifier: GPL-2.0-or-later
/* memtrace: resident memory of each operation of a running program, exact to the page. */
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"

/*
 * A descriptor that is opened in the place of a closed standard one would get what is printed.
 * Closed they stay for COMMAND.
 */
static void occupy_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	/* Character widths of the terminal; numbers stay as in C. */
	setlocale(LC_CTYPE, "");
	occupy_standard_descriptors();
	return commands__find(argc, argv)->run(argc, argv);
}
