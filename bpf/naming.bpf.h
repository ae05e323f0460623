/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operation's name of a window between two probes: fixed, or from an argument of the begin. */
#pragma once

#include "operation.bpf.h"
#include "thread.bpf.h"

#define NO_OP	    NONE /* filtered out */
#define PREFIX_SIZE 32
#define NUMBER_SIZE 24

/* A prefix of any length up to PREFIX_SIZE, and what follows. */
struct long_name {
	char bytes[PREFIX_SIZE + MT_NAME_SIZE + 8] __attribute__((aligned(8)));
};

/* Bytes: of these the verifier does not follow each value that they can have. */
struct glob {
	const char *pattern, *text;
	u8 p, t;       /* where both are */
	u8 star, mark; /* behind the last '*', and where the text was then; star 0: none */
	u8 matches;
	u8 pad[3];
};

/* One step of matching '*' and '?', going back to the last star where it fails. */
static long step_glob(u32 i, struct glob *g)
{
	char want = g->pattern[g->p & (MT_NAME_SIZE - 1)];
	char have = g->text[g->t & (MT_NAME_SIZE - 1)];

	if (want == '*') {
		g->star = ++g->p;
		g->mark = g->t;
	} else if (have && (want == '?' || want == have)) {
		g->p++;
		g->t++;
	} else if (!have && !want) {
		g->matches = 1;
		return 1;
	} else if (g->star && have) {
		g->p = g->star;
		g->t = ++g->mark;
	} else {
		return 1;
	}
	return 0;
}

static __always_inline bool is_wanted(const struct mt_source *source, const char *text)
{
	struct glob g = {.pattern = source->filter, .text = text};

	if (!source->filter[0])
		return true;
	LOOP(4 * MT_NAME_SIZE, 4 * MT_NAME_SIZE, step_glob, &g);
	return g.matches;
}

/*
 * Operation of a window of a source; value is the argument that its name is made of. Makes the
 * thread known. NO_OP when the source's filter is against it.
 */
SHARED_FUNCTION u32 source_op(struct mt_source *source, u64 value, u32 tid)
{
	struct long_name name = {};
	struct op_name *key = (struct op_name *)name.bytes;
	u32 prefix;
	char *text;

	if (!source)
		return MT_OP_OTHER;
	thread__know(tid);
	if (source->naming == MT_NAME_FIXED) {
		if (source->op != MT_OP_OTHER)
			return source->op;
		bpf_probe_read_kernel(name.bytes, MT_NAME_SIZE, source->name);
		key->thread = current_thread();
		if (by_thread)
			return op__get(key);
		source->op = op__get(key);
		return source->op;
	}
	prefix = source->prefix_len & (PREFIX_SIZE - 1);
	text = name.bytes + prefix;
	__builtin_memcpy(name.bytes, source->name, PREFIX_SIZE);
	if (source->naming == MT_NAME_NUMBER) {
		BPF_SNPRINTF(text, NUMBER_SIZE, "%lld", value);
	} else {
		long len = bpf_probe_read_user_str(text, MT_NAME_SIZE + 1, (void *)value);

		if (len < 0)
			__builtin_memcpy(text, "(unreadable name)", 18);
		else if (prefix + len > MT_NAME_SIZE)
			lost(MT_LOSS_NAMES_TRUNCATED);
	}
	if (!is_wanted(source, text))
		return NO_OP;
	name.bytes[MT_NAME_MAX] = 0;
	key->thread = current_thread();
	return op__get(key);
}
