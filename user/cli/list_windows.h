/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memtrace --list-windows */
#pragma once

/* Prints every form of window spec, and every preset with what it stands for. Exit status. */
int list_windows__run(void);
