/*
 * Sleeps until frames come over memif.
 *
 * memif's protocol has interrupts: who receives from a ring says in the ring whether it wants them, and who sends then
 * writes to an eventfd, which the two have exchanged. net_memif does so as it sends, but has no call by which to ask
 * for them, so it is done here, in the ring itself:
 *
 *     receiver                               sender (net_memif)
 *     takes MASK_INTERRUPT off               puts a frame into the ring
 *     barrier, of both sides                 MASK_INTERRUPT? -> that is all
 *     receives once more                     writes to the eventfd
 *     sleeps on the eventfd
 *     puts MASK_INTERRUPT there again
 *
 * The sender has no barrier between its two steps: without one the receiver could miss the frame while the sender still
 * sees the mask. membarrier(2) makes one on both sides, where the process at the other end has asked for that, as each
 * of ours does when it opens a port of memif.
 *
 * Peers that come and go are told by the bell of the gate, since the ring comes and goes with them.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_interrupts.h>

#include "port.h"

enum { COOKIE = 0x3E31F20, MASK_INTERRUPT = 1, DESCRIPTOR_BYTES = 16, RETRY_US = 20000 };

/* As memif's protocol has it: what a ring begins with. Behind it are a power of two of descriptors. */
struct memif_ring {
	uint32_t cookie;
	_Atomic(uint16_t) flags;
	uint16_t head_and_tail[61];
};

_Static_assert(sizeof(struct memif_ring) == 128, "descriptors lie behind two cache lines");

static int membarrier(int command)
{
	return (int)syscall(SYS_membarrier, command, 0, 0);
}

bool memif_wakes(void)
{
	int commands = membarrier(MEMBARRIER_CMD_QUERY);

	return commands > 0 && commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED;
}

void memif_take_barriers(void)
{
	membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
}

/*
 * The memory that holds the rings of the only link of this process; NULL where there is none, or another one beside it.
 * The driver maps it, and tells nobody where.
 */
static uint8_t *find_rings(size_t *bytes)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	uint8_t *found = NULL;
	int count = 0;

	if (maps == NULL)
		return NULL;
	while (fgets(line, sizeof(line), maps) != NULL) {
		uintptr_t start, end;

		if (strstr(line, "/memfd:memif_region_0") == NULL ||
		    sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &start, &end) != 2)
			continue;
		found = (uint8_t *)start;
		*bytes = end - start;
		count++;
	}
	fclose(maps);
	return count == 1 ? found : NULL;
}

/*
 * The ring that is received from: of two, one each way, the server's is the first. How long that is its descriptors
 * say, which point to buffers behind both.
 */
static struct memif_ring *find_ring(bool of_client)
{
	size_t bytes = 0;
	uint8_t *rings = find_rings(&bytes);
	struct memif_ring *ring = (struct memif_ring *)rings;

	if (rings == NULL || ring->cookie != COOKIE)
		return NULL;
	if (of_client) {
		size_t ring_bytes;
		uint32_t first_buffer;

		/* The third word of a descriptor is where its buffer lies. */
		memcpy(&first_buffer, rings + sizeof(*ring) + 8, sizeof(first_buffer));
		ring_bytes = first_buffer / 2;
		if (ring_bytes <= sizeof(*ring) || ring_bytes % DESCRIPTOR_BYTES != 0 || ring_bytes >= bytes)
			return NULL;
		ring = (struct memif_ring *)(rings + ring_bytes);
	}
	return ring->cookie == COOKIE ? ring : NULL;
}

void memif_forget_ring(struct port *port)
{
	port->rx_ring = NULL;
	port->ring_passages = -1;
}

/*
 * Finds the ring that there is now, where peers have come or gone. On the inside of the gate, where it stays.
 * Returns whether there is one.
 */
static bool look_for_ring(struct port *port)
{
	int passages = atomic_load(&gate_passages);
	struct rte_eth_link link = {0};

	if (port->started)
		rte_eth_link_get_nowait(port->id, &link);
	if (!link.link_status) {
		memif_forget_ring(port);
	} else if (port->ring_passages != passages) {
		port->rx_ring = find_ring(port->flags & RECONNECTS);
		port->ring_passages = passages;
	}
	return port->rx_ring != NULL;
}

static void enter(int number)
{
	while (!gate_enter(number))
		sched_yield();
}

/* Asks for interrupts, and receives what came before that was seen. Returns the eventfd. */
static int ask(struct port *port)
{
	atomic_fetch_and(&port->rx_ring->flags, (uint16_t)~MASK_INTERRUPT);
	membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
	port->early_count = receive_burst(port, port->early);
	return rte_intr_fd_get(port->rx_handle);
}

static void ask_no_more(struct port *port, int number)
{
	uint64_t count;
	int fd;

	enter(number);
	if (look_for_ring(port)) {
		atomic_fetch_or(&port->rx_ring->flags, MASK_INTERRUPT);
		fd = rte_intr_fd_get(port->rx_handle);
		if (fd >= 0 && read(fd, &count, sizeof(count)) < 0)
			count = 0;
	}
	gate_leave(number);
}

int memif_wait(struct port *port, double timeout_us)
{
	const int number = (int)(port - ports);
	struct pollfd files[2] = {{.fd = port->wake_fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
	bool linked;
	uint64_t count;
	int news;

	enter(number);
	linked = look_for_ring(port);
	if (linked)
		files[1].fd = ask(port);
	gate_leave(number);
	/* A client tries again, now and then, to find its server. */
	if (!linked && port->flags & RECONNECTS)
		timeout_us = RTE_MIN(timeout_us, (double)RETRY_US);
	if (port->early_count > 0)
		news = 1;
	/* There is a link, and its ring is not known: nothing would wake the thread. */
	else if (linked ? files[1].fd < 0 : port->area->link_up)
		news = -1;
	else
		news = sleep_on(files, 2, timeout_us) == WOKEN;
	if (linked)
		ask_no_more(port, number);
	if (files[0].revents & POLLIN && read(port->wake_fd, &count, sizeof(count)) < 0)
		count = 0;
	return news;
}
