/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Variables that are let go when their scope ends, whichever way. Each starts as NULL (an fd as
 * -1), which is also what one is set to when something else takes it over: steal_pointer(),
 * steal_fd(). errno survives, so that `return -errno` may stand between.
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

static inline void cleanup__free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup__close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

/* For reading: whoever has written must look at what fclose() says. */
static inline void cleanup__fclose(FILE *const *stream)
{
	int saved = errno;

	if (*stream)
		fclose(*stream);
	errno = saved;
}

/* A NULL-terminated list and its strings. */
static inline void cleanup__strv(char **const *list)
{
	for (size_t i = 0; *list && (*list)[i]; i++)
		free((*list)[i]);
	free(*list);
}

#define _cleanup_free_	 _cleanup_(cleanup__free)
#define _cleanup_close_	 _cleanup_(cleanup__close)
#define _cleanup_fclose_ _cleanup_(cleanup__fclose)
#define _cleanup_strv_	 _cleanup_(cleanup__strv)

#define steal_pointer(pointer)                                                                     \
	({                                                                                         \
		__typeof__(pointer) *steal_from = &(pointer), steal_value = *steal_from;           \
		*steal_from = NULL;                                                                \
		steal_value;                                                                       \
	})

static inline int steal_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}
