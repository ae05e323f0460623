/* SPDX-License-Identifier: MIT */
/* Meeting a tracer, and the result page that comes of it. */
#pragma once

#include "protocol.h"

/* Looks for a tracer now, and again in each forked child. Once, when the library is loaded. */
void meet__start(void);

/* The result page of this process, or NULL. */
const struct marker_slot *meet__page(void);

/* Tries again to find a tracer, at most once a second. */
void meet__retry(void);
