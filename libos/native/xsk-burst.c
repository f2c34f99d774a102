#define _GNU_SOURCE
#include "xsk-socket.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "checksum.h"

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

void xsk_lend(struct xsk *xsk)
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

void xsk_fill(struct xsk *xsk)
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
		xsk_lend(xsk);
	else if (area->free_count > FREE_HIGH)
		take_back(xsk);
	there = frames_there(xsk);
	area->now_us = xsk_now_us();
	if (area->now_us >= xsk->look_at_us)
		xsk_look_at_link(xsk);
	if (there > 0)
		count = receive(xsk, there);
	xsk_fill(xsk);
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
