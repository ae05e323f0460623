/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash table with open addressing, at most half full. The lock is for builds without a GIL. */
#include "open_frames.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 2048u

static struct open_frame *slots;
static size_t slot_count; /* a power of two */
static size_t used;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static size_t home(const PyObject *frame)
{
	return (size_t)((uint64_t)(uintptr_t)frame * UINT64_C(0x9e3779b97f4a7c15) >> 32) &
	       (slot_count - 1);
}

static size_t next(size_t at)
{
	return (at + 1) & (slot_count - 1);
}

/* The slot of a frame, or the empty one where it would go. */
static size_t slot_of(const PyObject *frame)
{
	size_t at = home(frame);

	while (slots[at].frame && slots[at].frame != frame)
		at = next(at);
	return at;
}

/* Touches every page at once, not one by one inside of windows. */
static struct open_frame *new_slots(size_t count)
{
	struct open_frame *fresh = malloc(count * sizeof *fresh);

	if (fresh)
		memset(fresh, 0, count * sizeof *fresh);
	return fresh;
}

static bool grow(void)
{
	struct open_frame *old = slots;
	size_t old_count = slot_count;
	struct open_frame *fresh = new_slots(old_count * 2);

	if (!fresh)
		return false;
	slots = fresh;
	slot_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++)
		if (old[i].frame)
			slots[slot_of(old[i].frame)] = old[i];
	free(old);
	return true;
}

/* Moves up those behind that would not be found over the gap. */
static void empty(size_t gap)
{
	for (size_t at = next(gap); slots[at].frame; at = next(at)) {
		size_t from_home = (at - home(slots[at].frame)) & (slot_count - 1);

		if (from_home >= ((at - gap) & (slot_count - 1))) {
			slots[gap] = slots[at];
			gap = at;
		}
	}
	slots[gap].frame = NULL;
	__atomic_store_n(&used, used - 1, __ATOMIC_RELAXED);
}

bool open_frames_prepare(void)
{
	if (!slots) {
		slots = new_slots(FIRST_SLOTS);
		slot_count = slots ? FIRST_SLOTS : 0;
	}
	return slots;
}

bool open_frames_put(const struct open_frame *entry)
{
	bool there;

	pthread_mutex_lock(&lock);
	there = used < slot_count / 2 || grow();
	if (there) {
		slots[slot_of(entry->frame)] = *entry;
		__atomic_store_n(&used, used + 1, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&lock);
	return there;
}

bool open_frames_any(void)
{
	return __atomic_load_n(&used, __ATOMIC_RELAXED) > 0;
}

static bool get(PyObject *frame, struct open_frame *entry, bool take)
{
	size_t at;

	if (!open_frames_any())
		return false;
	pthread_mutex_lock(&lock);
	at = slot_of(frame);
	*entry = slots[at];
	if (take && entry->frame)
		empty(at);
	pthread_mutex_unlock(&lock);
	return entry->frame;
}

bool open_frames_find(PyObject *frame, struct open_frame *entry)
{
	return get(frame, entry, false);
}

bool open_frames_take(PyObject *frame, struct open_frame *entry)
{
	return get(frame, entry, true);
}

bool open_frames_take_any(struct open_frame *entry)
{
	pthread_mutex_lock(&lock);
	entry->frame = NULL;
	for (size_t at = 0; at < slot_count && !entry->frame; at++)
		if (slots[at].frame) {
			*entry = slots[at];
			empty(at);
		}
	pthread_mutex_unlock(&lock);
	return entry->frame;
}

void open_frames_disown(void)
{
	pthread_mutex_init(&lock, NULL);
	for (size_t at = 0; at < slot_count; at++)
		slots[at].window = 0;
}
