/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command will run: its program, for a script its interpreter, and the libraries of it. */
#pragma once

/*
 * Calls visit() for the program that exec will run and each library that its dynamic linker will
 * load with it, which the linker itself is asked for (ld.so --list, as the user that runs the
 * command: nothing of the program is executed). The descriptor is closed afterwards. What cannot
 * be found is left out: it will be looked at when it is mapped.
 */
void executable__each_object(const char *command, const char *user,
			     void (*visit)(void *context, int fd, const char *path, int is_program),
			     void *context);
