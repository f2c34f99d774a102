/*
 * What the files of the glue share: a port. The other side sees the area of frame-area.h.
 *
 *     eal.c          starts EAL, keeps its log
 *     pool.c         packet buffers, and the area
 *     port.c         opens and closes ports, watches the link
 *     burst.c        port_exchange: moves a whole burst both ways in one call
 *     gate.c         between bursts and DPDK's interrupt thread
 *     port-wait.c    port_wait: sleeps until frames come;  memif-wait.c over memif
 *     net-af-xdp.c   the program of an XDP socket goes with the process
 *     checksum.c, xdp-program.c
 *
 * One thread uses a port. Exported functions return 0 or more, or -1 with the reason in glue_error() and what
 * DPDK logged meanwhile in glue_log().
 */
#ifndef BYPASSBENCH_PORT_H
#define BYPASSBENCH_PORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "device-times.h"
#include "frame-area.h"
#include "gate.h"

enum {
	MAX_PORTS = GATE_LANES,
	/* Frames that wait for room in the device's ring. */
	MAX_PENDING = 1024,
	DESCRIPTORS = 1024,
	MAX_NAME = 64,
};

/* As PortFlag in libos/dpdk/glue.ts. */
enum {
	RECONNECTS = 1,
	POOL_IN_EAL = 2,
	HARDWARE = 4,
	SET_MTU = 8,
	PROMISCUOUS = 16,
	HOLDS_BUFFERS = 32,
	PARTIAL_CHECKSUMS = 64,
	WAKES = 128
};

/* How what comes wakes a thread that sleeps, as WakeWay in libos/dpdk/glue.ts. */
enum wake_way {
	/* It does not: whoever sleeps looks again and again. */
	WAKES_NOT,
	/* By an interrupt of the driver's. */
	BY_INTERRUPT,
	/* By the socket through which the driver receives. */
	BY_SOCKET,
	/* By the interrupt of memif's ring. */
	BY_RING
};

/* clang-format off */
#define COUNTERS(X) \
	X(rx_frames) X(rx_bytes) X(rx_dropped_oversize) X(rx_dropped_runt) X(rx_bad_checksum) X(rx_partial_checksum) \
	X(tx_frames) X(tx_bytes) X(tx_dropped_link_down) X(tx_dropped_oversize) X(tx_dropped_queue_full) \
	X(tx_ring_full) X(pool_exhausted) X(link_ups) X(link_downs) \
	X(rx_hardware_checksum) X(tx_hardware_checksum) X(interrupts) X(interrupts_missed) \
	X(device_rx_missed) X(device_rx_no_buffer) X(device_rx_errors) X(device_tx_errors)
/* clang-format on */

enum { COUNTERS(COUNTER_NUMBER) COUNTER_COUNT };

_Static_assert(COUNTER_COUNT <= MAX_COUNTERS, "the area has room for the counters");

struct port {
	struct area *area;
	int32_t *free;
	struct rte_mbuf **mbufs;
	size_t area_bytes;
	uint8_t *pool_base;
	uint32_t frame_limit;
	int index_at;
	uint16_t id;
	bool open, attached, started, promiscuous;
	/* The NIC does so with the checksums of TCP and UDP, and with that of IPv4. */
	bool checks_in_hardware, fills_in_hardware, fills_header_in_hardware;
	int flags;
	/* The link's state as last looked at, and when to look again. */
	int passages;
	double us_per_cycle;
	/* NULL for none. */
	struct device_times *device_times;
	uint64_t look_at, retry_at;
	uint64_t look_every, retry_every, patience;
	int pending_count;
	struct rte_mbuf *pending[MAX_PENDING];
	struct rte_mempool *pool;
	struct rte_eth_conf conf;
	enum wake_way wake_way;
	/* An epoll instance that has the interrupt, or the socket; -1 for none. */
	int wake_fd;
	/* The interrupt is enabled before a sleep, and disabled behind it. */
	bool arms;
	/* Sleeps in a row that it has not ended, though frames had come. */
	int missed;
	/* What net_memif keeps of the ring that it receives from, and where that is; NULL where it is not known. */
	struct rte_intr_handle *rx_handle;
	struct memif_ring *rx_ring;
	/* Callbacks that had run when it was found. */
	int ring_passages;
	/* Received by a thread on its way to sleep: the next exchange hands it over. */
	int early_count;
	struct rte_mbuf *early[MAX_BURST];
	char bus[16], name[MAX_NAME];
};

extern struct port ports[MAX_PORTS];

/* Notes why something failed. Returns -1. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Packet buffers and the area around them. Whoever closes the port frees what was made before a failure. */
int create_area(struct port *port, int buffers);
int create_pool(struct port *port, int buffers, uint32_t data_room);
/* Lends free buffers to the other side, as long as the pool has them. */
void lend_buffers(struct port *port);
/* Looks whether the link is up, and does what follows. `now` in cycles. */
void look_at_link(struct port *port, uint64_t now);
/* Receives up to MAX_BURST frames. On the inside of the gate. */
int receive_burst(struct port *port, struct rte_mbuf **received);
/* Finds out how what comes wakes a thread, of a port that has started. */
void find_wake_way(struct port *port, const struct rte_eth_dev_info *info);
void forget_wake_way(struct port *port);
/* The socket of net_af_xdp on an interface; -1 where it has none. */
int af_xdp_socket(unsigned int interface);
/* Sleeps until one of the files is readable, a signal comes, or the time is over. */
struct pollfd;
enum slept { TO_THE_END, WOKEN, INTERRUPTED };
enum slept sleep_on(struct pollfd *files, int count, double timeout_us);
/* Whether memif's ring can wake a thread here. */
bool memif_wakes(void);
/* The peer of a port of this process may make the barrier that it needs on this side as well. */
void memif_take_barriers(void);
/* Before the link of the port comes up anew. */
void memif_forget_ring(struct port *port);
/* As port_wait. */
int memif_wait(struct port *port, double timeout_us);

#endif
