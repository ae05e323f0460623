/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The renderers themselves, for render.c. */
#pragma once

#include "report/render.h"

extern const struct renderer renderer_csv;
extern const struct renderer renderer_json;
extern const struct renderer renderer_table;
