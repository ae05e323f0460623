// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"
#include "trace/session.h"

#define AMOUNT_SIZE   32
#define LINE_SIZE     256
#define DEFAULT_WIDTH 80

void status__open(struct status *status, bool with_command, bool quiet, bool bytes)
{
	*status = (struct status){
		.enabled =
			!quiet && isatty(STDERR_FILENO) && !(with_command && isatty(STDOUT_FILENO)),
		.bytes = bytes,
	};
}

/* In the background it would write over somebody else's screen, or stop memtrace (SIGTTOU). */
static bool has_terminal(void)
{
	return tcgetpgrp(STDERR_FILENO) == getpgrp();
}

static int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return DEFAULT_WIDTH;
	return size.ws_col;
}

void status__show(struct status *status, const struct session_status *now)
{
	char rss[AMOUNT_SIZE], peak[AMOUNT_SIZE], line[LINE_SIZE];

	if (!status->enabled || !has_terminal())
		return;
	units__bytes(rss, sizeof(rss), now->rss_bytes, status->bytes);
	units__bytes(peak, sizeof(peak), now->peak_bytes, status->bytes);
	snprintf(line, sizeof(line),
		 "%.1f s  RSS %s  peak %s  windows %" PRIu64 "  processes %" PRIu64
		 "  lost %" PRIu64,
		 now->elapsed_ns / 1e9, rss, peak, now->windows, now->processes, now->losses);
	/* One column stays free: a full line would wrap, and could not be taken away. */
	fprintf(stderr, "\r\033[K%.*s", terminal_width() - 1, line);
	fflush(stderr);
	status->shown = true;
	log__set_line_shown(true);
}

void status__clear(struct status *status)
{
	if (!status->shown)
		return;
	if (has_terminal()) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
	status->shown = false;
	log__set_line_shown(false);
}
