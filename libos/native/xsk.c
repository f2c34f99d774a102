/*
 * The glue for XDP sockets: opens one on a queue of an interface, with its memory, its rings and its program, and moves
 * a burst both ways in one call. System calls directly: the kernel's headers are all it takes. The other side sees the
 * area of frame-area.h, and calls what xsk.h has; bursts are xsk-burst.c.
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
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xdp-program.h"
#include "xsk-socket.h"

#ifndef AF_XDP
#define AF_XDP 44
#endif
#ifndef SOL_XDP
#define SOL_XDP 283
#endif

/* What failed, as OpenStep in libos/xdp/glue.ts; of the program what xdp_step says. */
enum step { STEP_SOCKET, STEP_MEMORY, STEP_RINGS, STEP_BIND, STEP_PROGRAM };

enum {
	/* Frames that go on their way here may be so long in all. */
	SEND_BUFFER_BYTES = 8 << 20,
	LOOK_EVERY_US = 10000,
	FIRST_LOOK_US = 1000000,
	/* An error and a step in one number. */
	STEP_SHIFT = 12,
};

EXPORT const char *xsk_counter_names(void)
{
	return COUNTERS(COUNTER_NAME);
}

static void note_link(struct xsk *xsk, int link_up)
{
	struct area *area = xsk->area;

	if (link_up == area->link_up)
		return;
	area->link_up = link_up;
	area->counters[link_up ? COUNT_link_ups : COUNT_link_downs]++;
}

void xsk_look_at_link(struct xsk *xsk)
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
		xsk_look_at_link(xsk);
		return;
	}
	note_link(xsk, carrier.data != 0);
	xsk->look_at_us = xsk->area->now_us + FIRST_LOOK_US;
}

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
	xsk_fill(xsk);
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
	xsk->area->now_us = xsk_now_us();
	look_at_carrier(xsk);
	xsk_lend(xsk);
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
