/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Standard error while a screen is drawn on the same terminal: kept, and printed afterwards. */
#pragma once

/* Where it cannot be kept it goes where it always goes. */
void top_messages__hold(void);

/* Prints what was held. Harmless when nothing is. */
void top_messages__release(void);
