/*
 * The area by which a glue that moves Ethernet frames is seen from the other side: as typed arrays, their layout there
 * in libos/frames/glue-device.ts. Frames lie in one piece of memory, cut into buffers that both sides name by index.
 *
 * A glue lends some free buffers to the other side, which takes them from a stack in the area to write frames into, and
 * puts back there what it has read; the glue keeps that stack neither empty nor long.
 */
#ifndef BYPASSBENCH_FRAME_AREA_H
#define BYPASSBENCH_FRAME_AREA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	MAX_BURST = 64,
	/* Frames and pieces that one exchange takes. */
	MAX_QUEUED = 256,
	MAX_PIECES = 16,
	/* Buffers lent to the other side to write frames into: refilled when few, taken back when many. */
	FREE_FEW = 8,
	FREE_LOW = 32,
	FREE_TARGET = 64,
	FREE_HIGH = 128,
	/* Of Ethernet's header (IEEE 802.3), and of that with a VLAN tag, which a frame may carry beyond the MTU. */
	SHORTEST_FRAME = 14,
	LONGEST_HEADER = SHORTEST_FRAME + 4,
	MAX_COUNTERS = 31,
};

#define COUNTER_NUMBER(name) COUNT_##name,
#define COUNTER_NAME(name) #name " "

struct tx_descriptor {
	int32_t buffer;
	/* Of the headers' first byte in the pool's memory. */
	int32_t offset;
	int32_t length;
	/* Pieces up to this one, from where the frame before ended. */
	int32_t pieces_end;
};

struct piece {
	double address;
	int32_t length;
	int32_t unused;
};

struct area {
	double now_us;
	double counters[MAX_COUNTERS];
	/* Written by the glue. */
	int32_t link_up;
	int32_t pending;
	int32_t mtu;
	int32_t buffers;
	double pool_address;
	double pool_bytes;
	uint8_t mac[8];
	int32_t buffer_bytes;
	/* Buffers that lie in the device's own rings. */
	int32_t held_by_device;
	/* Written by the other side. */
	int32_t queued;
	int32_t free_count;
	int32_t reserved[2];
	int32_t rx_buffer[MAX_BURST];
	int32_t rx_offset[MAX_BURST];
	int32_t rx_length[MAX_BURST];
	uint8_t rx_checksum[MAX_BURST];
	struct tx_descriptor tx[MAX_QUEUED];
	struct piece pieces[MAX_QUEUED * MAX_PIECES];
	/* Where each buffer begins in the pool's memory; behind that the stack of free buffers. */
	int32_t base_of[];
};

_Static_assert(offsetof(struct area, link_up) == 256, "libos/frames/glue-device.ts");
_Static_assert(offsetof(struct area, pool_address) == 272, "libos/frames/glue-device.ts");
_Static_assert(offsetof(struct area, mac) == 288, "libos/frames/glue-device.ts");
_Static_assert(offsetof(struct area, queued) == 304, "libos/frames/glue-device.ts");
_Static_assert(offsetof(struct area, rx_buffer) == 320, "libos/frames/glue-device.ts");
_Static_assert(offsetof(struct area, rx_checksum) == 1088, "libos/frames/glue-device.ts");
_Static_assert(offsetof(struct area, tx) == 1152, "libos/frames/glue-device.ts");
_Static_assert(offsetof(struct area, pieces) == 5248, "libos/frames/glue-device.ts");
_Static_assert(offsetof(struct area, base_of) == 70784, "libos/frames/glue-device.ts");

/* With its stack of free buffers. */
static inline size_t area_bytes_for(int buffers)
{
	return sizeof(struct area) + 2 * (size_t)buffers * sizeof(int32_t);
}

/* Makes a queued frame whole in its buffer. Returns its length, or 0 when that is beyond `limit`. */
static inline uint32_t frame_gather(uint8_t *pool, uint32_t limit, const struct tx_descriptor *frame,
				    const struct piece *piece, const struct piece *end)
{
	uint8_t *bytes = pool + frame->offset;
	uint32_t length = (uint32_t)frame->length;

	for (; piece < end; piece++) {
		if (length + (uint32_t)piece->length > limit)
			return 0;
		memcpy(bytes + length, (const void *)(uintptr_t)piece->address, (size_t)piece->length);
		length += (uint32_t)piece->length;
	}
	return length <= limit ? length : 0;
}

#endif
