/*
 * The glue for XDP sockets: opens one on a queue of an interface, with its memory, its rings and its program, and moves
 * a burst both ways in one call. System calls directly: the kernel's headers are all it takes. The other side sees the
 * area of frame-area.h, and calls what xsk.h has.
 *
 * The memory is cut into chunks of a size that is a power of two; a buffer is a chunk, and its index the place of that.
 * A chunk is at one place at a time: in the fill ring or beyond it with the kernel, between the rings for sending, lent
 * to the other side or read there, or on the stack of the spare ones here.
 *
 * One thread uses a socket. It is named by the address of its struct.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "checksum.h"
#include "device-times.h"
#include "frame-area.h"
#include "xdp-program.h"
#include "xsk-rings.h"
#include "xsk.h"

#define EXPORT __attribute__((visibility("default")))

#ifndef AF_XDP
#define AF_XDP 44
#endif
#ifndef SOL_XDP
#define SOL_XDP 283
#endif

/* What failed, as OpenStep in libos/xdp/glue.ts; of the program what xdp_step says. */
enum step { STEP_SOCKET, STEP_MEMORY, STEP_RINGS, STEP_BIND, STEP_PROGRAM };

enum {
	/* Entries of the rings; there are more chunks than this. */
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
	/* Frames that go on their way here may be so long in all. */
	SEND_BUFFER_BYTES = 8 << 20,
	LOOK_EVERY_US = 10000,
	FIRST_LOOK_US = 1000000,
	/* An error and a step in one number. */
	STEP_SHIFT = 12,
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

static struct xsk *xsk_at(double address)
{
	return (struct xsk *)(uintptr_t)address;
}

EXPORT const char *xsk_counter_names(void)
{
	return COUNTERS(COUNTER_NAME);
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void note_link(struct xsk *xsk, int link_up)
{
	struct area *area = xsk->area;

	if (link_up == area->link_up)
		return;
	area->link_up = link_up;
	area->counters[link_up ? COUNT_link_ups : COUNT_link_downs]++;
}

static void look_at_link(struct xsk *xsk)
{
	const int up = IFF_UP | IFF_RUNNING;

	xsk->look_at_us = xsk->area->now_us + LOOK_EVERY_US;
	note_link(xsk, ioctl(xsk->control, SIOCGIFFLAGS, &xsk->interface) == 0 &&
			       (xsk->interface.ifr_flags & up) == up);
}

/* Linux may say up to a second late that an interface runs, but not of its carrier, to which its driver answers. */
static void look_at_carrier(struct xsk *xsk)
{
	struct ethtool_value carrier = {.cmd = ETHTOOL_GLINK};

	xsk->interface.ifr_data = (char *)&carrier;
	if (ioctl(xsk->control, SIOCETHTOOL, &xsk->interface) != 0) {
		look_at_link(xsk);
		return;
	}
	note_link(xsk, carrier.data != 0);
	xsk->look_at_us = xsk->area->now_us + FIRST_LOOK_US;
}

/* Opening and closing */

static int make_area(struct xsk *xsk, int buffers, uint32_t chunk_bytes, int mtu)
{
	struct area *area;

	xsk->area_bytes = area_bytes_for(buffers);
	area = mmap(NULL, xsk->area_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return -errno;
	xsk->area = area;
	xsk->spare = calloc((size_t)buffers, sizeof(int32_t));
	if (xsk->spare == NULL)
		return -ENOMEM;
	xsk->lent = area->base_of + buffers;
	for (int i = 0; i < buffers; i++) {
		area->base_of[i] = i * (int32_t)chunk_bytes;
		xsk->spare[i] = buffers - 1 - i;
	}
	xsk->spare_count = buffers;
	area->mtu = mtu;
	area->buffers = buffers;
	area->buffer_bytes = (int32_t)chunk_bytes;
	area->pool_address = (double)(uintptr_t)xsk->memory;
	area->pool_bytes = (double)buffers * chunk_bytes;
	area->held_by_device = RESERVE;
	return 0;
}

static int register_memory(const struct xsk *xsk, uint32_t chunk_bytes)
{
	const struct xdp_umem_reg memory = {
		.addr = (uintptr_t)xsk->memory,
		.len = (uint64_t)xsk->area->pool_bytes,
		.chunk_size = chunk_bytes,
	};
	const int send_buffer_bytes = SEND_BUFFER_BYTES;

	if (setsockopt(xsk->fd, SOL_XDP, XDP_UMEM_REG, &memory, sizeof(memory)) != 0)
		return -errno;
	/* Of use where frames are copied; the right to it comes with those to the program. */
	setsockopt(xsk->fd, SOL_SOCKET, SO_SNDBUFFORCE, &send_buffer_bytes, sizeof(send_buffer_bytes));
	return 0;
}

static int bind_to(struct xsk *xsk, int queue, int flags)
{
	struct sockaddr_xdp address = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = XDP_USE_NEED_WAKEUP,
		.sxdp_ifindex = if_nametoindex(xsk->interface.ifr_name),
		.sxdp_queue_id = (uint32_t)queue,
	};
	struct xdp_options options = {0};
	socklen_t options_bytes = sizeof(options);

	/* With neither, the kernel tries without a copy first. */
	if (flags & FORCE_COPY)
		address.sxdp_flags |= XDP_COPY;
	if (flags & FORCE_ZERO_COPY)
		address.sxdp_flags |= XDP_ZEROCOPY;
	if (bind(xsk->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return -errno;
	if (getsockopt(xsk->fd, SOL_XDP, XDP_OPTIONS, &options, &options_bytes) != 0)
		return -errno;
	xsk->area->counters[COUNT_zero_copy] = (options.flags & XDP_OPTIONS_ZEROCOPY) != 0;
	return 0;
}

/* Gives the kernel chunks to receive into, as many as may be. */
static void fill(struct xsk *xsk)
{
	struct xsk_ring *ring = &xsk->rings.fill;
	const uint32_t waiting = ring_waiting(ring);
	const int beyond = xsk->spare_count - RESERVE;
	uint32_t count;

	if (waiting < xsk->fill_target / FEW_LEFT && xsk->filled > 0 && xsk->fill_target < ring->size)
		xsk->fill_target *= 2;
	if (waiting + FILL_BATCH > xsk->fill_target || beyond < FILL_BATCH)
		return;
	count = xsk->fill_target - waiting;
	if (count > (uint32_t)beyond)
		count = (uint32_t)beyond;
	for (uint32_t i = 0; i < count; i++)
		*ring_address(ring, ring->own++) = (uint64_t)xsk->spare[--xsk->spare_count] << xsk->chunk_shift;
	xsk->filled += count;
	ring_publish(ring);
}

static double failure(enum step step, int detail, int error)
{
	return -(double)((((int)step + detail) << STEP_SHIFT) | error);
}

EXPORT void xsk_close(double address)
{
	struct xsk *xsk = xsk_at(address);

	/* The program first: what comes then is the kernel's, and not lost on its way to a socket that is gone. */
	if (xsk->link >= 0)
		close(xsk->link);
	rings_unmap(&xsk->rings);
	if (xsk->fd >= 0)
		close(xsk->fd);
	if (xsk->control >= 0)
		close(xsk->control);
	if (xsk->area != NULL)
		munmap(xsk->area, xsk->area_bytes);
	free(xsk->spare);
	free(xsk);
}

static double bring_up(struct xsk *xsk, uint32_t chunk_bytes, int buffers, int mtu, int queue, int attach, int flags)
{
	struct xdp_outcome program;
	int result;

	xsk->control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	xsk->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (xsk->fd < 0 || xsk->control < 0)
		return failure(STEP_SOCKET, 0, errno);
	result = make_area(xsk, buffers, chunk_bytes, mtu);
	if (result == 0)
		result = register_memory(xsk, chunk_bytes);
	if (result < 0)
		return failure(STEP_MEMORY, 0, -result);
	result = rings_map(&xsk->rings, xsk->fd, RECEIVING, SENDING);
	if (result < 0)
		return failure(STEP_RINGS, 0, -result);
	fill(xsk);
	/* Above the driver frames are copies. */
	if (attach == XDP_ATTACH_SKB)
		flags |= FORCE_COPY;
	result = bind_to(xsk, queue, flags);
	if (result < 0)
		return failure(STEP_BIND, 0, -result);
	if (xsk->area->counters[COUNT_zero_copy] != 0)
		attach = XDP_ATTACH_NATIVE;
	program = xdp_program_attach(if_nametoindex(xsk->interface.ifr_name), (uint32_t)queue, xsk->fd,
				     (enum xdp_attach)attach);
	if (program.step != XDP_ATTACHED)
		return failure(STEP_PROGRAM, (int)program.step, program.error);
	xsk->link = program.link;
	xsk->area->counters[COUNT_native] = program.native;
	return 0;
}

static void lend(struct xsk *xsk);

EXPORT double xsk_open(const char *interface, double memory, int chunk_bytes, int buffers, int mtu, int queue,
		       int attach, int flags)
{
	struct xsk *xsk = calloc(1, sizeof(*xsk));
	double result;

	if (xsk == NULL)
		return failure(STEP_MEMORY, 0, ENOMEM);
	xsk->fd = xsk->link = xsk->control = -1;
	xsk->memory = (uint8_t *)(uintptr_t)memory;
	xsk->chunk_shift = (uint32_t)__builtin_ctz((unsigned int)chunk_bytes);
	xsk->frame_limit = (uint32_t)mtu + LONGEST_HEADER;
	xsk->takes_partial = flags & PARTIAL_CHECKSUMS;
	xsk->fill_target = FIRST_FILL;
	strncpy(xsk->interface.ifr_name, interface, IFNAMSIZ - 1);
	result = bring_up(xsk, (uint32_t)chunk_bytes, buffers, mtu, queue, attach, flags);
	if (result < 0) {
		xsk_close((double)(uintptr_t)xsk);
		return result;
	}
	if (ioctl(xsk->control, SIOCGIFHWADDR, &xsk->interface) == 0)
		memcpy(xsk->area->mac, xsk->interface.ifr_hwaddr.sa_data, 6);
	xsk->area->now_us = now_us();
	look_at_carrier(xsk);
	lend(xsk);
	return (double)(uintptr_t)xsk;
}

EXPORT double xsk_area(double address)
{
	return (double)(uintptr_t)xsk_at(address)->area;
}

EXPORT int xsk_area_bytes(double address)
{
	return (int)xsk_at(address)->area_bytes;
}

EXPORT void xsk_set_device_times(double address, double times)
{
	xsk_at(address)->device_times = (struct device_times *)(uintptr_t)times;
}

EXPORT void xsk_read_counters(double address)
{
	struct xsk *xsk = xsk_at(address);
	double *counters = xsk->area->counters;
	struct xdp_statistics statistics = {0};
	socklen_t bytes = sizeof(statistics);

	if (getsockopt(xsk->fd, SOL_XDP, XDP_STATISTICS, &statistics, &bytes) == 0) {
		counters[COUNT_kernel_rx_dropped] = (double)statistics.rx_dropped;
		counters[COUNT_kernel_rx_ring_full] = (double)statistics.rx_ring_full;
		counters[COUNT_kernel_rx_fill_ring_empty] = (double)statistics.rx_fill_ring_empty_descs;
		counters[COUNT_kernel_rx_invalid_descs] = (double)statistics.rx_invalid_descs;
		counters[COUNT_kernel_tx_invalid_descs] = (double)statistics.tx_invalid_descs;
	}
	counters[COUNT_buffers_spare] = xsk->spare_count;
	counters[COUNT_buffers_lent] = xsk->area->free_count;
	counters[COUNT_buffers_to_fill] = xsk->filled;
	counters[COUNT_buffers_to_send] = xsk->sending + (uint32_t)xsk->area->queued;
}

/* Sending */

/* Takes back the chunks of what was sent. */
static void reclaim(struct xsk *xsk)
{
	struct xsk_ring *ring = &xsk->rings.completion;
	const uint32_t count = ring_there(ring);

	if (count == 0)
		return;
	for (uint32_t i = 0; i < count; i++)
		xsk->spare[xsk->spare_count++] = (int32_t)(*ring_address(ring, ring->own++) >> xsk->chunk_shift);
	xsk->sending -= count;
	ring_release(ring);
}

/* Why a frame of this length is not sent. */
static int why_not(const struct xsk *xsk, uint32_t length)
{
	if (length < SHORTEST_FRAME)
		return COUNT_tx_dropped_oversize;
	return xsk->area->link_up ? COUNT_tx_dropped_queue_full : COUNT_tx_dropped_link_down;
}

/* Puts what was queued into the ring, each frame whole and with its checksums. */
static void take_queued(struct xsk *xsk)
{
	struct area *area = xsk->area;
	struct xsk_ring *ring = &xsk->rings.tx;
	const uint32_t room = ring->size - ring_waiting(ring);
	const struct piece *piece = area->pieces;
	double bytes = 0;
	uint32_t count = 0;

	for (int i = 0; i < area->queued; i++) {
		const struct tx_descriptor *frame = &area->tx[i];
		const struct piece *end = area->pieces + frame->pieces_end;
		uint32_t length = frame_gather(xsk->memory, xsk->frame_limit, frame, piece, end);
		struct packet packet;

		piece = end;
		if (length < SHORTEST_FRAME || count == room || !area->link_up) {
			area->counters[why_not(xsk, length)]++;
			xsk->spare[xsk->spare_count++] = frame->buffer;
			continue;
		}
		if (packet_find(xsk->memory + frame->offset, length, &packet))
			packet_fill(&packet);
		*ring_descriptor(ring, ring->own++) =
			(struct xdp_desc){.addr = (uint64_t)frame->offset, .len = length};
		bytes += length;
		count++;
	}
	area->queued = 0;
	if (count == 0)
		return;
	xsk->sending += count;
	area->counters[COUNT_tx_frames] += count;
	area->counters[COUNT_tx_bytes] += bytes;
	ring_publish(ring);
}

/*
 * Has the kernel send what is in the ring. Where it copies frames it takes a few dozen in a call and asks to be called
 * again; where it gets nowhere, as with a full device, that is for the next exchange.
 */
static void kick(struct xsk *xsk)
{
	const struct xsk_ring *ring = &xsk->rings.tx;
	double *counters = xsk->area->counters;

	for (uint32_t waiting = ring_waiting(ring); waiting > 0 && ring_wants_wakeup(ring);) {
		const uint32_t before = waiting;
		int error = 0;

		counters[COUNT_kicks]++;
		if (sendto(xsk->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0)
			error = errno;
		waiting = ring_waiting(ring);
		if (error == EBUSY)
			counters[COUNT_tx_dropped_by_device]++;
		if (waiting == before) {
			counters[COUNT_tx_ring_full] += error != 0;
			break;
		}
	}
}

static void transmit(struct xsk *xsk)
{
	struct device_times *times = xsk->device_times;

	if (wanted(times))
		times->handed_enter = counter_now();
	kick(xsk);
	if (wanted(times))
		times->handed_leave = counter_now();
}

/* Chunks between here and the other side */

static void lend(struct xsk *xsk)
{
	struct area *area = xsk->area;
	int count = FREE_TARGET - area->free_count;

	if (count > xsk->spare_count) {
		count = xsk->spare_count;
		area->counters[COUNT_pool_exhausted] += area->free_count + count == 0;
	}
	for (int i = 0; i < count; i++)
		xsk->lent[area->free_count++] = xsk->spare[--xsk->spare_count];
}

/* Takes back surplus chunks, from the bottom of the stack: its top is in the cache. */
static void take_back(struct xsk *xsk)
{
	const int surplus = xsk->area->free_count - FREE_TARGET;

	memcpy(xsk->spare + xsk->spare_count, xsk->lent, (size_t)surplus * sizeof(int32_t));
	xsk->spare_count += surplus;
	memmove(xsk->lent, xsk->lent + surplus, FREE_TARGET * sizeof(int32_t));
	xsk->area->free_count = FREE_TARGET;
}

/* Receiving */

/* Whether the frame can be handed over; otherwise it is counted and gone. */
static bool acceptable(struct xsk *xsk, uint32_t length)
{
	if (__builtin_expect(length >= SHORTEST_FRAME && length <= xsk->frame_limit, 1))
		return true;
	xsk->area->counters[length < SHORTEST_FRAME ? COUNT_rx_dropped_runt : COUNT_rx_dropped_oversize]++;
	return false;
}

static enum checksum_status verify(struct xsk *xsk, uint8_t *frame, uint32_t length)
{
	struct packet packet;

	if (!packet_find(frame, length, &packet))
		return CHECKSUM_UNCHECKED;
	return packet_status(&packet, xsk->takes_partial, &xsk->area->counters[COUNT_rx_partial_checksum]);
}

static int receive(struct xsk *xsk, uint32_t count)
{
	struct area *area = xsk->area;
	struct xsk_ring *ring = &xsk->rings.rx;
	double bytes = 0;
	int kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct xdp_desc frame = *ring_descriptor(ring, ring->own++);
		const int32_t buffer = (int32_t)(frame.addr >> xsk->chunk_shift);

		if (!acceptable(xsk, frame.len)) {
			xsk->spare[xsk->spare_count++] = buffer;
			continue;
		}
		area->rx_buffer[kept] = buffer;
		area->rx_offset[kept] = (int32_t)frame.addr;
		area->rx_length[kept] = (int32_t)frame.len;
		area->rx_checksum[kept] = verify(xsk, xsk->memory + frame.addr, frame.len);
		area->counters[COUNT_rx_bad_checksum] += area->rx_checksum[kept] == CHECKSUM_BAD;
		bytes += frame.len;
		kept++;
	}
	xsk->filled -= count;
	ring_release(ring);
	area->counters[COUNT_rx_frames] += kept;
	area->counters[COUNT_rx_bytes] += bytes;
	return kept;
}

static uint32_t frames_there(struct xsk *xsk)
{
	struct device_times *times = xsk->device_times;
	const struct xsk_ring *ring = &xsk->rings.rx;
	uint32_t count;
	uint64_t enter;

	if (!wanted(times)) {
		count = ring_there(ring);
	} else {
		enter = counter_now();
		look_at_window(times, enter);
		count = ring_there(ring);
		if (count > 0) {
			times->delivered_enter = enter;
			times->delivered_leave = counter_now();
		}
	}
	return count < MAX_BURST ? count : MAX_BURST;
}

/* Has a driver that waits for it look for free chunks, and for frames. */
static void wake_receiver(struct xsk *xsk)
{
	if (__builtin_expect(!ring_wants_wakeup(&xsk->rings.fill), 1))
		return;
	xsk->area->counters[COUNT_wakeups]++;
	recvfrom(xsk->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

EXPORT int xsk_exchange(double address)
{
	struct xsk *xsk = xsk_at(address);
	struct area *area = xsk->area;
	uint32_t there;
	int count = 0;

	if (area->queued > 0)
		take_queued(xsk);
	if (ring_waiting(&xsk->rings.tx) > 0)
		transmit(xsk);
	if (xsk->sending > 0)
		reclaim(xsk);
	area->pending = (int32_t)ring_waiting(&xsk->rings.tx);
	if (area->free_count < FREE_LOW)
		lend(xsk);
	else if (area->free_count > FREE_HIGH)
		take_back(xsk);
	there = frames_there(xsk);
	area->now_us = now_us();
	if (area->now_us >= xsk->look_at_us)
		look_at_link(xsk);
	if (there > 0)
		count = receive(xsk, there);
	fill(xsk);
	wake_receiver(xsk);
	return count;
}

EXPORT void xsk_flush(double address)
{
	struct xsk *xsk = xsk_at(address);

	take_queued(xsk);
	transmit(xsk);
	reclaim(xsk);
	xsk->area->pending = (int32_t)ring_waiting(&xsk->rings.tx);
}

EXPORT int xsk_wait(double address, double timeout_us)
{
	struct xsk *xsk = xsk_at(address);
	const int64_t timeout_ns = (int64_t)(timeout_us * 1e3);
	const struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
	struct pollfd waited = {.fd = xsk->fd, .events = POLLIN};

	xsk->area->counters[COUNT_waits]++;
	if (ppoll(&waited, 1, &timeout, NULL) <= 0)
		return 0;
	return waited.revents & POLLIN ? 1 : -1;
}
