/* The table of outputs, by which replies in lent blocks, closes and resumptions come out. */
#include "inside.h"

/* The block of each output. */
static struct rp_block output_block[RP_OUTPUTS];
static uint64_t generation;
static int outputs_seen;

/* Slots whose connections closed, in order, for which no output is written yet. */
static int closed_slots[RP_SLOTS];
static unsigned closed_first, closed_last;

/* Connections that closed, and owe something. */
struct farewell {
	int slot;
	struct last_output last_output;
	sds owed;
};
static list *farewells;

/* The outputs were emptied since the last look: nothing can be appended to them any more. */
static void notice_emptied_outputs(void)
{
	if (shared_area.outputs < outputs_seen)
		generation++;
	outputs_seen = shared_area.outputs;
}

static struct rp_output *new_output(enum rp_output_kind kind, int slot)
{
	if (shared_area.outputs == RP_OUTPUTS)
		return NULL;
	struct rp_output *output = &shared_area.output[shared_area.outputs++];
	*output = (struct rp_output){ .kind = kind, .slot = slot };
	outputs_seen = shared_area.outputs;
	return output;
}

bool put_output(enum rp_output_kind kind, int slot)
{
	notice_emptied_outputs();
	return new_output(kind, slot) != NULL;
}

void close_slot(int slot)
{
	closed_slots[closed_last++ % RP_SLOTS] = slot;
	shared_area.closing++;
}

void report_closed(void)
{
	while (closed_first != closed_last && put_output(RP_CLOSE, closed_slots[closed_first % RP_SLOTS]))
		closed_first++;
	shared_area.closing = (int32_t)(closed_last - closed_first);
}

/* Room in the last output of this connection, or in a new one; NULL when there is none. */
static struct rp_output *output_with_room(int slot, struct last_output *last)
{
	if (last->number > 0 && last->generation == generation) {
		struct rp_output *output = &shared_area.output[last->number - 1];
		if (output->length < output_block[last->number - 1].capacity)
			return output;
	}
	struct rp_output *output = shared_area.blocks == 0 ? NULL : new_output(RP_SEND, slot);
	if (output == NULL)
		return NULL;
	*last = (struct last_output){ .number = shared_area.outputs, .generation = generation };
	output_block[last->number - 1] = shared_area.lent[--shared_area.blocks];
	output->block = output_block[last->number - 1].number;
	return output;
}

size_t append_output(int slot, struct last_output *last, const char *bytes, size_t length)
{
	size_t copied = 0;
	notice_emptied_outputs();
	while (copied < length && shared_area.unsent[slot] < RP_UNSENT_MAX) {
		struct rp_output *output = output_with_room(slot, last);
		if (output == NULL)
			break;
		struct rp_block *block = &output_block[last->number - 1];
		size_t room = (size_t)(block->capacity - output->length);
		size_t part = length - copied < room ? length - copied : room;
		memcpy((char *)(uintptr_t)block->address + output->length, bytes + copied, part);
		output->length += (int32_t)part;
		shared_area.unsent[slot] += (int32_t)part;
		copied += part;
	}
	return copied;
}

bool send_owed(int slot, struct last_output *last, sds *owed)
{
	size_t sent = append_output(slot, last, *owed, sdslen(*owed));
	if (sent < sdslen(*owed)) {
		sdsrange(*owed, (ssize_t)sent, -1);
		return false;
	}
	sdsfree(*owed);
	*owed = NULL;
	return true;
}

void close_slot_when_sent(int slot, const struct last_output *last, sds owed)
{
	struct farewell *farewell = zmalloc(sizeof(*farewell));
	*farewell = (struct farewell){ .slot = slot, .last_output = *last, .owed = owed };
	if (farewells == NULL)
		farewells = listCreate();
	listAddNodeTail(farewells, farewell);
	shared_area.waiting++;
}

void continue_farewells(void)
{
	while (farewells != NULL && listLength(farewells) > 0) {
		struct farewell *farewell = listNodeValue(listFirst(farewells));
		if (!send_owed(farewell->slot, &farewell->last_output, &farewell->owed))
			return;
		close_slot(farewell->slot);
		listDelNode(farewells, listFirst(farewells));
		zfree(farewell);
		shared_area.waiting--;
	}
}
