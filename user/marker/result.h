/* SPDX-License-Identifier: MIT */
#pragma once

/* Frees all slots: in a forked child the threads that held them are not there. */
void result__reset(void);
