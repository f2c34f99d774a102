/*
 * What the two halves of the glue for XDP sockets share: xsk.c opens and closes a socket and watches its link,
 * xsk-burst.c moves bursts.
 */
#ifndef BYPASSBENCH_XSK_SOCKET_H
#define BYPASSBENCH_XSK_SOCKET_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "device-times.h"
#include "frame-area.h"
#include "xsk-rings.h"
#include "xsk.h"

#define EXPORT __attribute__((visibility("default")))

enum {
	/* Entries of the rings. */
	RECEIVING = 4096,
	SENDING = 1024,
	/*
	 * Chunks that the kernel has at first to receive into, and twice as many each time that it has used up most of
	 * them between two polls. The fewer there are the sooner each is used again, while it is in a cache.
	 */
	FIRST_FILL = 512,
	FEW_LEFT = 4,
	/* Chunks that are not received into as long as there are no others: answers are written into them. */
	RESERVE = FREE_HIGH + FREE_TARGET,
	/* Free chunks are handed to the kernel so many at a time. */
	FILL_BATCH = 16,
};

/* clang-format off */
#define COUNTERS(X) \
	X(rx_frames) X(rx_bytes) X(rx_dropped_oversize) X(rx_dropped_runt) X(rx_bad_checksum) X(rx_partial_checksum) \
	X(tx_frames) X(tx_bytes) X(tx_dropped_link_down) X(tx_dropped_oversize) X(tx_dropped_by_device) \
	X(tx_dropped_queue_full) X(tx_ring_full) X(pool_exhausted) X(link_ups) X(link_downs) X(kicks) X(wakeups) X(waits) \
	X(kernel_rx_dropped) X(kernel_rx_ring_full) X(kernel_rx_fill_ring_empty) X(kernel_rx_invalid_descs) \
	X(kernel_tx_invalid_descs) X(native) X(zero_copy) \
	X(buffers_spare) X(buffers_lent) X(buffers_to_fill) X(buffers_to_send)
/* clang-format on */

enum { COUNTERS(COUNTER_NUMBER) COUNTER_COUNT };
_Static_assert(COUNTER_COUNT <= MAX_COUNTERS, "the area has room for the counters");

struct xsk {
	struct area *area;
	size_t area_bytes;
	/* In the area, the stack that is lent; and the one here. */
	int32_t *lent, *spare;
	int spare_count;
	uint8_t *memory;
	uint32_t frame_limit, chunk_shift;
	struct xsk_rings rings;
	/* Frames that were handed to the kernel and have not come back. */
	uint32_t sending;
	/* Chunks in the fill ring, or with the kernel, or in the ring of what came; how many are to be in the first. */
	uint32_t filled, fill_target;
	int fd, link, control;
	struct ifreq interface;
	bool takes_partial;
	double look_at_us;
	/* NULL for none. */
	struct device_times *device_times;
};

static inline struct xsk *xsk_at(double address)
{
	return (struct xsk *)(uintptr_t)address;
}

static inline double xsk_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Looks whether the link is up, and when to look again. */
void xsk_look_at_link(struct xsk *xsk);
/* Gives the kernel chunks to receive into, as many as may be. */
void xsk_fill(struct xsk *xsk);
/* Lends spare chunks to the other side. */
void xsk_lend(struct xsk *xsk);

#endif
